//! The stages of the pipeline: source, build, and one for each environment.
//!
//! Source: CodePipeline User Guide, "Action structure reference", "Pipeline structure reference", 2026-11.

use super::model::{BeanstalkDelivery, DeliveryPlan, EnvironmentPlan, StackDelivery};
use super::stack_configuration::{self, BUILD};
use super::{approval, buildspec, codepipeline, environment_roles};
use tranship_cloudformation::{FnSub, PropertyMap, TemplateValue, list, props};
use tranship_facts::AwsPartition;

/// The artifact of the source.
const SOURCE: &str = "Source";

/// The name of the change set that a protected environment approves.
pub(super) const CHANGE_SET: &str = "tranship-pipeline";

/// All stages, in order.
pub(super) fn all(plan: &DeliveryPlan) -> Vec<PropertyMap> {
    let mut stages = vec![stage(SOURCE, vec![source(plan)]), stage(BUILD, vec![build(plan)])];
    stages.extend(plan.environments.iter().map(|it| environment(plan, it)));
    stages
}

fn stage(name: &str, actions: Vec<PropertyMap>) -> PropertyMap {
    props! { "Name" => name, "Actions" => actions }
}

/// What an action is, before what it takes and gives.
struct ActionSketch {
    name: &'static str,
    category: &'static str,
    provider: &'static str,
    order: u32,
    configuration: PropertyMap,
}

impl ActionSketch {
    fn properties(self) -> PropertyMap {
        props! {
            "Name" => self.name,
            "ActionTypeId" => props! {
                "Category" => self.category,
                "Owner" => "AWS",
                "Provider" => self.provider,
                "Version" => "1",
            },
            "RunOrder" => self.order,
            "Configuration" => self.configuration,
        }
    }
}

fn artifacts<'a>(names: impl IntoIterator<Item = &'a str>) -> TemplateValue {
    names.into_iter().map(|name| props! { "Name" => name }).collect()
}

fn source(plan: &DeliveryPlan) -> PropertyMap {
    let configuration = props! {
        "ConnectionArn" => codepipeline::connection(plan),
        "FullRepositoryId" => codepipeline::repository(plan),
        "BranchName" => plan.branch.as_str(),
        // The triggers of the pipeline say what starts a run.
        "DetectChanges" => "false",
    };
    ActionSketch {
        name: SOURCE,
        category: "Source",
        provider: "CodeStarSourceConnection",
        order: 1,
        configuration,
    }
    .properties()
    .with("Namespace", SOURCE)
    .with("OutputArtifacts", artifacts([SOURCE]))
}

fn build(plan: &DeliveryPlan) -> PropertyMap {
    let configuration = props! { "ProjectName" => buildspec::project().reference() };
    let bundles = buildspec::bundles(plan);
    let outputs = std::iter::once(BUILD).chain(bundles.iter().map(|(name, _)| name.as_str()));
    ActionSketch { name: BUILD, category: "Build", provider: "CodeBuild", order: 1, configuration }
        .properties()
        .with("Namespace", BUILD)
        .with("InputArtifacts", artifacts([SOURCE]))
        .with("OutputArtifacts", artifacts(outputs))
}

fn environment(plan: &DeliveryPlan, environment: &EnvironmentPlan) -> PropertyMap {
    let actions = match (environment.stack(), environment.beanstalk()) {
        (Some(stack), _) if environment.protected => protected(plan, environment, stack),
        (Some(stack), _) => vec![unprotected(plan, environment, stack)],
        (None, Some(beanstalk)) => version(plan, environment, beanstalk),
        (None, None) => Vec::new(),
    };
    stage(&environment.stem, actions)
}

/// An action of CloudFormation on a stack.
fn on_stack(
    plan: &DeliveryPlan,
    environment: &EnvironmentPlan,
    name: &'static str,
    order: u32,
    configuration: PropertyMap,
) -> PropertyMap {
    ActionSketch { name, category: "Deploy", provider: "CloudFormation", order, configuration }
        .properties()
        .with_some("Region", environment.region.as_deref())
        .with_some("RoleArn", environment_roles::action_role(plan, environment))
}

/// What says which template and values.
fn templated(
    plan: &DeliveryPlan,
    environment: &EnvironmentPlan,
    stack: &StackDelivery,
    mode: &str,
) -> PropertyMap {
    let change_set = environment.protected.then_some(CHANGE_SET);
    props! {
        "ActionMode" => mode,
        "StackName" => stack.stack.as_str(),
        "ChangeSetName" => ?change_set,
        "TemplatePath" => format!("{BUILD}::{}/template.yaml", environment.name),
        "TemplateConfiguration" => format!("{BUILD}::pipeline/{}.json", environment.name),
        "ParameterOverrides" => ?stack_configuration::overrides(environment, stack),
        "Capabilities" => stack.capabilities.join(","),
        "RoleArn" => environment_roles::deploy_role(plan, environment),
    }
}

fn unprotected(plan: &DeliveryPlan, environment: &EnvironmentPlan, stack: &StackDelivery) -> PropertyMap {
    let configuration = templated(plan, environment, stack, "CREATE_UPDATE");
    on_stack(plan, environment, "Deploy", 1, configuration).with("InputArtifacts", artifacts([BUILD]))
}

/// A change set, what it says, an approval of it, and its execution.
fn protected(plan: &DeliveryPlan, environment: &EnvironmentPlan, stack: &StackDelivery) -> Vec<PropertyMap> {
    let configuration = templated(plan, environment, stack, "CHANGE_SET_REPLACE");
    let create = on_stack(plan, environment, "CreateChangeSet", 1, configuration)
        .with("InputArtifacts", artifacts([BUILD]));
    let namespace = format!("{}Plan", environment.stem);
    let variable = |name: &str, value: FnSub| {
        FnSub::text(format!("{{\"name\":\"{name}\",\"value\":\""))
            .append(value)
            .then("\",\"type\":\"PLAINTEXT\"}")
    };
    let role = environment_roles::action_role(plan, environment)
        .map_or_else(FnSub::new, |role| FnSub::new().value(role));
    let variables = FnSub::text("[")
        .append(variable("STACK", FnSub::text(&stack.stack)))
        .then(",")
        .append(variable("CHANGE_SET", FnSub::text(CHANGE_SET)))
        .then(",")
        .append(variable("REGION", super::region_name(environment.region.as_deref())))
        .then(",")
        .append(variable("ROLE", role))
        .then("]");
    let configuration = props! {
        "ProjectName" => approval::project().reference(),
        "EnvironmentVariables" => variables,
    };
    let read =
        ActionSketch { name: "Plan", category: "Build", provider: "CodeBuild", order: 2, configuration }
            .properties()
            .with("Namespace", namespace.as_str())
            .with("InputArtifacts", artifacts([BUILD]));
    let link = console(environment, "cloudformation").then(format!(
        "#/stacks/changesets/changes?stackId=#{{{namespace}.{}}}&changeSetId=#{{{namespace}.{}}}",
        approval::STACK_ID,
        approval::CHANGE_SET_ID
    ));
    let text =
        format!("{}, version #{{{BUILD}.VERSION}}: #{{{namespace}.{}}}", environment.name, approval::SUMMARY);
    let configuration = props! {
        "ActionMode" => "CHANGE_SET_EXECUTE",
        "StackName" => stack.stack.as_str(),
        "ChangeSetName" => CHANGE_SET,
    };
    let execute = on_stack(plan, environment, "ExecuteChangeSet", 4, configuration);
    vec![create, read, approve(3, text, link), execute]
}

/// The deployment of a version of an Elastic Beanstalk application.
fn version(plan: &DeliveryPlan, environment: &EnvironmentPlan, it: &BeanstalkDelivery) -> Vec<PropertyMap> {
    let mut actions = Vec::new();
    if environment.protected {
        let text =
            format!("{}: version #{{{BUILD}.VERSION}} of commit #{{{SOURCE}.CommitId}}", environment.name);
        let link = console(environment, "elasticbeanstalk")
            .then(format!("#/environment/dashboard?environmentName={}", it.environment));
        actions.push(approve(1, text, link));
    }
    let configuration = props! {
        "ApplicationName" => it.application.as_str(),
        "EnvironmentName" => it.environment.as_str(),
    };
    let order = if environment.protected { 2 } else { 1 };
    let deploy = ActionSketch {
        name: "Deploy",
        category: "Deploy",
        provider: "ElasticBeanstalk",
        order,
        configuration,
    }
    .properties()
    .with_some("Region", environment.region.as_deref())
    .with_some("RoleArn", environment_roles::action_role(plan, environment))
    .with("InputArtifacts", artifacts([buildspec::bundle(environment).as_str()]));
    actions.push(deploy);
    actions
}

fn approve(order: u32, text: String, link: FnSub) -> PropertyMap {
    let configuration = props! { "CustomData" => text, "ExternalEntityLink" => link };
    ActionSketch { name: "Approve", category: "Approval", provider: "Manual", order, configuration }
        .properties()
}

/// A page of the console of an environment's region.
fn console(environment: &EnvironmentPlan, service: &str) -> FnSub {
    let region = || super::region_name(environment.region.as_deref());
    let partition = environment.region.as_deref().map(AwsPartition::of_region);
    let host = partition.map_or("console.aws.amazon.com", AwsPartition::console);
    FnSub::text("https://").append(region()).then(format!(".{host}/{service}/home?region=")).append(region())
}

/// What starts a run: a push to the branch, of the files that count, and a tag.
pub(super) fn triggers(plan: &DeliveryPlan) -> TemplateValue {
    let includes = |patterns: &[String]| props! { "Includes" => patterns.to_vec() };
    let paths = (!plan.paths.is_empty()).then(|| includes(&plan.paths));
    let mut push =
        vec![props! { "Branches" => includes(std::slice::from_ref(&plan.branch)), "FilePaths" => ?paths }];
    if !plan.tags.is_empty() {
        push.push(props! { "Tags" => includes(&plan.tags) });
    }
    list![props! {
        "ProviderType" => "CodeStarSourceConnection",
        "GitConfiguration" => props! { "SourceActionName" => SOURCE, "Push" => push },
    }]
}
