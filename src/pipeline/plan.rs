//! Decides a pipeline: every environment, parameter, repository and role, and whether AWS would take it.
//!
//! In: the compiled environments, and what the manifest says of the pipeline. Out: a [`DeliveryPlan`], or every reason
//! why there is none.

use super::model::{
    BeanstalkDelivery, DeliveryKind, DeliveryPlan, EnvironmentPlan, ManifestFlags, NotificationPlan,
    ParameterSource, RepositoryPlan, StackDelivery, StackParameter, VariablePlan,
};
use super::{github_roles, github_workflow, id, stack_configuration};
use crate::compile::CompileOutcome;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::rules::pipeline as rules;
use tranship_app::{At, DeliverySummary, EnvironmentSummary, PipelineProvider};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::resource_actions::{ActionGrant, SERVICE_LINKED_ROLES, actions_of};
use tranship_facts::{AwsPartition, ImageReference};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_images::repository_path;
use tranship_targets::{DeployParameter, StackDeployment, TargetDeployment};

/// Letters that a role's name keeps of a project's: IAM takes 64, and the rest of the name needs its room.
const PREFIX: usize = 32;

/// The directory of the pipeline's own files, beside those of the environments.
const OWN_DIRECTORY: &str = "pipeline";

/// Releases of an image that are kept where the manifest says nothing.
const RELEASES: u32 = 50;

/// What a pipeline is made from.
#[derive(Debug)]
pub struct DeliveryRequest<'a> {
    /// What the manifest says.
    pub summary: &'a DeliverySummary,
    /// The environments, compiled, in the same order.
    pub outcomes: &'a [CompileOutcome],
    /// The provider, where the command names one.
    pub provider: Option<PipelineProvider>,
    /// The flags that name the manifest.
    pub flags: ManifestFlags,
}

/// Decides everything.
pub(super) fn plan(request: &DeliveryRequest<'_>) -> Result<DeliveryPlan, Vec<Diagnostic>> {
    let summary = request.summary;
    let pipeline = &summary.pipeline;
    let provider = request.provider.or(pipeline.provider.as_ref().map(At::get)).unwrap_or_default();
    let mut problems = Vec::new();
    refuse_names(summary, &mut problems);
    refuse_tests(summary, &mut problems);
    let account = account(summary, &mut problems);
    let region = region(request, provider, &mut problems);
    let composed_versions =
        summary.composed.iter().flat_map(|image| variables_in(&image.name, &summary.late_bound));
    let versions: Vec<String> = composed_versions.collect::<BTreeSet<_>>().into_iter().collect();
    let mut wanted = BTreeSet::new();
    let mut environments = Vec::new();
    for (one, outcome) in summary.environments.iter().zip(request.outcomes) {
        environments.extend(environment(one, outcome, account.as_deref(), &versions, &mut wanted));
    }
    refuse_separate(&environments, &mut problems);
    if provider == PipelineProvider::CodePipeline {
        refuse_overrides(&environments, &mut problems);
        refuse_nested(&environments, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let variable = |name: String| VariablePlan {
        parameter: id(&format!("{}Variable", LogicalId::variable(&name))),
        name,
    };
    Ok(DeliveryPlan {
        provider,
        project: summary.project.clone(),
        prefix: prefix(&summary.project),
        repository: pipeline.repository.as_ref().map(|it| it.peek().to_string()),
        branch: pipeline
            .branch
            .as_ref()
            .map_or_else(|| "main".to_owned(), |branch| branch.peek().to_string()),
        paths: pipeline.paths.iter().map(|path| path.peek().clone()).collect(),
        tags: pipeline.tags.iter().map(|tag| tag.peek().to_string()).collect(),
        connection: pipeline.connection.as_ref().map(|it| it.peek().to_string()),
        account,
        region,
        releases: pipeline.releases.as_ref().map_or(RELEASES, |releases| releases.peek().get()),
        notify: pipeline.notify.as_ref().map(|whom| match whom.peek().is_topic() {
            true => NotificationPlan::Topic(whom.peek().to_string()),
            false => NotificationPlan::Mail(whom.peek().to_string()),
        }),
        archive: pipeline.tranship.as_ref().map(|it| it.peek().to_string()),
        flags: request.flags.clone(),
        repositories: repositories(request),
        tests: summary.tests.iter().map(|test| test.name.clone()).collect(),
        composed: summary.composed.iter().map(|image| image.service.clone()).collect(),
        versions,
        variables: wanted.into_iter().map(variable).collect(),
        registries: registries(summary),
        other_registries: other_registries(request),
        environments,
    })
}

/// What ids of something begin with: injective, as every logical id.
pub(super) fn stem(name: &str) -> String {
    let id = LogicalId::of(name, ResourceRole::Service).to_string();
    id.strip_suffix("Service").unwrap_or(&id).to_owned()
}

/// A project's name as IAM, CodePipeline and CodeBuild take it.
fn prefix(project: &str) -> String {
    project.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(PREFIX).collect()
}

fn refuse_names(summary: &DeliverySummary, problems: &mut Vec<Diagnostic>) {
    if summary.environments.is_empty() {
        let message = "the manifest declares no environment, so there is nothing to deliver to";
        let help = "declare one: `x-tranship: { environments: { staging: { target: fargate } } }`";
        problems.push(Diagnostic::new(&rules::NO_ENVIRONMENT, message).help(help));
    }
    for (place, one) in summary.environments.iter().enumerate() {
        let key = format!("x-tranship.environments.{}", one.name);
        let refused = |message: String| Diagnostic::new(&rules::ENVIRONMENT_NAME, message).key(key.as_str());
        if one.name.eq_ignore_ascii_case(OWN_DIRECTORY) {
            let message = format!(
                "environment `{}` has the name of the directory of the pipeline's own files",
                one.name
            );
            problems.push(refused(message).at(one.origin).help("rename the environment"));
        }
        let before = summary.environments.iter().take(place);
        if let Some(other) = before.into_iter().find(|it| it.name.eq_ignore_ascii_case(&one.name)) {
            let message = format!(
                "the names of environments `{}` and `{}` differ by capitals alone",
                other.name, one.name
            );
            problems.push(
                refused(message)
                    .at(one.origin)
                    .label(other.origin, "the other")
                    .help("rename one of the two"),
            );
        }
    }
}

fn refuse_tests(summary: &DeliverySummary, problems: &mut Vec<Diagnostic>) {
    for test in summary.tests.iter().filter(|test| !test.deployed_in.is_empty()) {
        let environments = test.deployed_in.join(", ");
        problems.push(
            Diagnostic::new(
                &rules::DEPLOYED_TEST,
                format!("service `{}` is a test, and is deployed to {environments}", test.name),
            )
            .at(test.origin)
            .service(test.name.as_str())
            .key(format!("services.{}.x-tranship.test", test.name))
            .help(format!("add `{}` to `x-tranship.skip`", test.name)),
        );
    }
}

/// The account of the pipeline. It must be named where the environments are in several.
fn account(summary: &DeliverySummary, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let own = summary.pipeline.account.as_ref().map(|account| account.peek().to_string());
    let named: BTreeSet<Option<&str>> = summary.environments.iter().map(|it| it.account.as_deref()).collect();
    match own {
        Some(own) => Some(own),
        None if named.len() < 2 => named.into_iter().next().flatten().map(str::to_owned),
        None => {
            let message =
                "the environments are in several accounts, and nothing says which of them the pipeline is in";
            let mut problem = Diagnostic::new(&rules::UNKNOWN_ACCOUNT, message)
                .key("x-tranship.pipeline.account")
                .help("set `x-tranship.pipeline.account` to the account that builds and holds the images");
            for one in &summary.environments {
                let account = one.account.as_deref().unwrap_or("that of whoever deploys it");
                problem = problem.label(one.origin, format!("account: {account}"));
            }
            problems.push(problem);
            None
        }
    }
}

/// The region of the pipeline. CodePipeline must know which it is where the environments are in several, and reaches no other
/// partition.
fn region(
    request: &DeliveryRequest<'_>,
    provider: PipelineProvider,
    problems: &mut Vec<Diagnostic>,
) -> Option<String> {
    let regions: BTreeSet<&str> = request.outcomes.iter().filter_map(region_of).collect();
    let own = request.summary.pipeline.region.as_ref().map(|region| region.peek().to_string());
    let own = match own {
        None if regions.len() < 2 => regions.first().map(|region| (*region).to_owned()),
        own => own,
    };
    if provider != PipelineProvider::CodePipeline {
        return own;
    }
    match &own {
        None if regions.len() > 1 => {
            let named: Vec<String> = regions.iter().map(|region| format!("`{region}`")).collect();
            let message = format!(
                "the environments are in several regions, and nothing says which of them the pipeline is in: {}",
                named.join(", ")
            );
            let problem = Diagnostic::new(&rules::UNKNOWN_REGION, message)
                .key("x-tranship.pipeline.region")
                .help(format!("set `x-tranship.pipeline.region`, such as to {}", named.join(" or ")));
            problems.push(environments_in(request).fold(problem, |problem, (one, region)| {
                problem.label(one.origin, format!("region: {region}"))
            }));
        }
        None => {}
        Some(own) => {
            let partition = AwsPartition::of_region(own);
            let there = environments_in(request).filter(|(_, it)| AwsPartition::of_region(it) != partition);
            for (one, other) in there {
                problems.push(
                    Diagnostic::new(
                        &rules::OTHER_PARTITION,
                        format!("a pipeline in `{own}` cannot deploy `{}` to `{other}`, which is in another partition of AWS", one.name),
                    )
                    .at(one.origin)
                    .key(format!("x-tranship.environments.{}.region", one.name))
                    .help("write a pipeline for each partition, from a file with its environments"),
                );
            }
        }
    }
    own
}

/// The environments that have a region, each with it.
fn environments_in<'a>(
    request: &DeliveryRequest<'a>,
) -> impl Iterator<Item = (&'a EnvironmentSummary, &'a str)> {
    let all = request.summary.environments.iter().zip(request.outcomes);
    all.filter_map(|(one, outcome)| Some((one, region_of(outcome)?)))
}

fn region_of(outcome: &CompileOutcome) -> Option<&str> {
    outcome.compiled.as_ref().and_then(|it| it.deployment.region())
}

/// The late-bound variables in a text.
fn variables_in(text: &str, late_bound: &[String]) -> Vec<String> {
    late_bound.iter().filter(|name| text.contains(&format!("${{{name}}}"))).cloned().collect()
}

/// An environment, as far as it compiled.
fn environment(
    one: &EnvironmentSummary,
    outcome: &CompileOutcome,
    own: Option<&str>,
    versions: &[String],
    wanted: &mut BTreeSet<String>,
) -> Option<EnvironmentPlan> {
    let compiled = outcome.compiled.as_ref()?;
    let stem = stem(&one.name);
    let delivery = match &compiled.deployment {
        TargetDeployment::Stack(stack) => {
            let images: BTreeSet<&str> =
                compiled.images.iter().filter_map(|it| it.parameter.as_deref()).collect();
            DeliveryKind::Stack(stack_delivery(stack, &stem, &images, versions, wanted))
        }
        TargetDeployment::Beanstalk(it) => DeliveryKind::Beanstalk(BeanstalkDelivery {
            application: it.application.clone(),
            environment: it.environment.clone(),
        }),
    };
    Some(EnvironmentPlan {
        name: one.name.clone(),
        protected: one.protected,
        account: one.account.clone().filter(|account| Some(account.as_str()) != own),
        region: compiled.deployment.region().map(str::to_owned),
        publishes: publishes(outcome),
        origin: one.origin,
        stem,
        delivery,
    })
}

/// Whether something of an environment names an image that `tranship publish` makes.
fn publishes(outcome: &CompileOutcome) -> bool {
    outcome.compiled.as_ref().is_some_and(|compiled| compiled.taken_images().next().is_some())
}

fn stack_delivery(
    stack: &StackDeployment,
    stem: &str,
    images: &BTreeSet<&str>,
    versions: &[String],
    wanted: &mut BTreeSet<String>,
) -> StackDelivery {
    let parameter = |it: &DeployParameter| {
        let source = match images.contains(it.name.as_str()) {
            true => ParameterSource::Build,
            false => source(it, stem, versions, wanted)?,
        };
        Some(StackParameter { name: it.name.clone(), description: it.description.clone(), source })
    };
    StackDelivery {
        stack: stack.stack.clone(),
        capabilities: stack.capabilities.clone(),
        parameters: stack.parameters.iter().filter_map(parameter).collect(),
        grants: grants(&stack.resource_types),
        nested: !stack.nested.is_empty(),
        separate: !stack.separate.is_empty(),
    }
}

/// Where the value of a parameter comes from; none where the template's default is to hold.
fn source(
    it: &DeployParameter,
    stem: &str,
    versions: &[String],
    wanted: &mut BTreeSet<String>,
) -> Option<ParameterSource> {
    if it.secret {
        return Some(ParameterSource::Secret);
    }
    if let Some(variable) = &it.variable {
        // What is known now was read from `.env`, which the build reads too.
        let is_open = it.value.as_deref().is_none_or(|value| value == variable);
        if versions.contains(variable) {
            return Some(ParameterSource::Build);
        }
        if is_open && it.has_default {
            return None;
        }
        if is_open {
            wanted.insert(variable.clone());
        }
        return Some(ParameterSource::Build);
    }
    match &it.value {
        Some(value) => Some(ParameterSource::Known(value.clone())),
        None if it.has_default => None,
        None => Some(ParameterSource::Pipeline(id(&format!("{stem}{}", it.name)))),
    }
}

/// What CloudFormation must be allowed for these types, each grant once.
pub(super) fn grants(types: &[String]) -> Vec<ActionGrant> {
    let mut grants: Vec<ActionGrant> = Vec::new();
    for grant in
        types.iter().flat_map(|name| actions_of(name).unwrap_or_default()).chain([&SERVICE_LINKED_ROLES])
    {
        if !grants.contains(grant) {
            grants.push(*grant);
        }
    }
    grants
}

/// The repositories of what is built or derived. `tranship publish` pushes an image to the region of each environment.
fn repositories(request: &DeliveryRequest<'_>) -> Vec<RepositoryPlan> {
    let mut found: BTreeMap<String, (Vec<String>, BTreeSet<Option<String>>)> = BTreeMap::new();
    let mut add = |name: String, service: &str, region: Option<&str>| {
        let (services, regions) = found.entry(name).or_default();
        if !services.iter().any(|known| known == service) {
            services.push(service.to_owned());
        }
        regions.insert(region.map(str::to_owned));
    };
    for image in &request.summary.composed {
        let reference = ImageReference::parse(&image.name);
        if let Some(repository) = reference.ecr() {
            add(repository.name.to_owned(), &image.service, Some(repository.region));
        }
    }
    for outcome in request.outcomes.iter().filter(|it| publishes(it)) {
        let registry = outcome.project.as_ref().and_then(|project| project.registry.as_deref());
        let Some(compiled) = outcome.compiled.as_ref().filter(|_| registry.is_none()) else { continue };
        for recipe in compiled.taken_images() {
            for service in &recipe.services {
                add(repository_path(&request.summary.project, &recipe.name), service, region_of(outcome));
            }
        }
    }
    found.into_iter().map(|(name, (services, regions))| RepositoryPlan { name, services, regions }).collect()
}

/// The hosts of Amazon ECR that images name by their account and region.
fn registries(summary: &DeliverySummary) -> Vec<(String, String)> {
    let host = |name: &str| {
        let reference = ImageReference::parse(name);
        Some((reference.registry?.to_owned(), reference.ecr()?.region.to_owned()))
    };
    let hosts: BTreeSet<(String, String)> =
        summary.composed.iter().filter_map(|image| host(&image.name)).collect();
    hosts.into_iter().collect()
}

/// The hosts of other registries that images are pushed to.
fn other_registries(request: &DeliveryRequest<'_>) -> Vec<String> {
    let host = |name: &str| {
        let reference = ImageReference::parse(name);
        let is_other = reference.ecr().is_none();
        is_other.then(|| reference.registry.unwrap_or("docker.io").to_owned())
    };
    let composed = request.summary.composed.iter().filter_map(|image| host(&image.name));
    let published = request.outcomes.iter().filter(|it| publishes(it)).filter_map(|outcome| {
        let registry = outcome.project.as_ref()?.registry.as_deref()?;
        host(&format!("{}/image", registry.trim_end_matches('/')))
    });
    composed.chain(published).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The word for a provider.
pub(super) fn word(provider: PipelineProvider) -> &'static str {
    match provider {
        PipelineProvider::CodePipeline => "codepipeline",
        PipelineProvider::GitHub => "github",
    }
}

/// CodePipeline takes at most 1,000 characters of overrides (CodePipeline User Guide, "CloudFormation deploy action
/// reference", 2026-11).
pub(super) const OVERRIDES: usize = 1000;

pub(super) fn refuse_overrides(environments: &[EnvironmentPlan], problems: &mut Vec<Diagnostic>) {
    for one in environments {
        if one.stack().is_some_and(|stack| stack_configuration::given(stack).len() > OVERRIDES) {
            let name = &one.name;
            problems.push(
                one.refused(
                    &rules::TOO_MANY_VALUES,
                    format!("environment `{name}` needs more values than CodePipeline can pass to it"),
                )
                .help(format!("set them under `x-tranship.environments.{name}`, such as `network`")),
            );
        }
    }
}

/// A pipeline hands templates to CloudFormation, and does not know what one stack takes from another.
fn refuse_separate(environments: &[EnvironmentPlan], problems: &mut Vec<Diagnostic>) {
    let separate = environments.iter().filter(|it| it.stack().is_some_and(|stack| stack.separate));
    problems.extend(separate.map(|it| {
        it.refused(
            &rules::INDEPENDENT_STACKS,
            format!(
                "environment `{}` is deployed as independent stacks, which a pipeline does not support",
                it.name
            ),
        )
        .help(format!("run `tranship deploy {}` in a job of your own", it.name))
    }));
}

/// CodePipeline hands one template to CloudFormation, and its change sets leave out what changes inside nested stacks: a person
/// would approve what nobody showed (CodePipeline User Guide, "CloudFormation deploy action reference", 2026-11).
fn refuse_nested(environments: &[EnvironmentPlan], problems: &mut Vec<Diagnostic>) {
    let nested = environments.iter().filter(|it| it.stack().is_some_and(|stack| stack.nested));
    problems.extend(nested.map(|it| {
        it.refused(
            &rules::NESTED_STACKS,
            format!(
                "environment `{}` has nested stacks, whose changes CodePipeline does not show for approval",
                it.name
            ),
        )
        .help(
            "use `x-tranship.pipeline: { provider: github }`, or run `tranship deploy` in a job of your own",
        )
    }));
}

/// What is yet to be done by hand.
pub(super) fn notes(plan: &DeliveryPlan) -> Vec<String> {
    let mut notes = Vec::new();
    let images = plan.image_regions();
    if images.len() > 1 {
        let names: Vec<&str> =
            images.into_iter().map(|region| region.unwrap_or("the region of the pipeline")).collect();
        notes.push(format!(
            "deploy ecr.yaml in each of {}: images are pushed to the regions that run them",
            names.join(", ")
        ));
    }
    if plan.provider == PipelineProvider::CodePipeline {
        notes.extend(plan.other_regions().into_iter().map(|region| {
            format!("deploy artifacts-{region}.yaml in {region} before pipeline.yaml, which takes its outputs as parameters")
        }));
        let open = open_parameters(plan);
        if !open.is_empty() {
            notes.push(format!("pipeline.yaml needs values of {}", open.join(", ")));
        }
    }
    if plan.provider == PipelineProvider::GitHub {
        notes.extend(repository_variables(plan));
    }
    notes.extend(plan.other_registries.iter().map(|host| {
        format!("the build logs in to Amazon ECR alone: add a `docker login {host}` before it pushes there")
    }));
    for environment in &plan.environments {
        let Some(stack) = environment.stack().filter(|stack| stack.has_secrets()) else { continue };
        if plan.provider == PipelineProvider::CodePipeline {
            let names = stack.parameters.iter().filter(|it| it.source == ParameterSource::Secret);
            let names: Vec<&str> = names.map(|it| it.name.as_str()).collect();
            notes.push(format!(
                "{}: keep {} as fields of the secret `{}` in Secrets Manager{} before its first run",
                environment.name,
                names.join(", "),
                stack.secret(),
                plan.elsewhere(environment).map(|region| format!(" in {region}")).unwrap_or_default()
            ));
        }
    }
    for environment in plan.environments.iter().filter(|it| it.beanstalk().is_some()) {
        if plan.provider == PipelineProvider::CodePipeline {
            notes.push(format!(
                "{}: create the environment with `tranship deploy {}` before its first run",
                environment.name, environment.name
            ));
        }
    }
    notes
}

/// The parameters of `pipeline.yaml` that only a person knows.
fn open_parameters(plan: &DeliveryPlan) -> Vec<String> {
    let own = [
        (plan.connection.is_none(), "ConnectionArn"),
        (plan.repository.is_none(), "SourceRepository"),
        (plan.archive.is_none(), "TranshipArchive"),
    ];
    let own = own.into_iter().filter(|(is_open, _)| *is_open).map(|(_, name)| name.to_owned());
    let variables = plan.variables.iter().map(|it| it.parameter.to_string());
    let stacks = plan.environments.iter().filter_map(EnvironmentPlan::stack);
    let given = stacks.flat_map(|stack| &stack.parameters).filter_map(|it| match &it.source {
        ParameterSource::Pipeline(id) => Some(id.to_string()),
        _ => None,
    });
    own.chain(variables).chain(given).collect()
}

/// The variables of the repository on GitHub that the workflow reads, as sentences.
fn repository_variables(plan: &DeliveryPlan) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if plan.account.is_none() {
        names.push("AWS_ACCOUNT_ID".to_owned());
    }
    let is_open = |environment: &EnvironmentPlan| environment.region.is_none();
    if plan.environments.iter().any(is_open) || github_roles::region(plan, None).is_none() {
        names.push("AWS_REGION".to_owned());
    }
    if plan.archive.is_none() {
        names.push("TRANSHIP_ARCHIVE".to_owned());
    }
    names.extend(plan.variables.iter().map(|it| it.name.clone()));
    let mut notes = Vec::new();
    if !names.is_empty() {
        notes.push(format!(
            "set variables of the repository on GitHub before the first run: {}",
            names.join(", ")
        ));
    }
    for environment in &plan.environments {
        let Some(stack) = environment.stack() else { continue };
        let open: Vec<String> = stack
            .parameters
            .iter()
            .filter(|it| matches!(it.source, ParameterSource::Pipeline(_)))
            .map(|it| github_workflow::variable(environment, &it.name))
            .collect();
        if !open.is_empty() {
            notes.push(format!(
                "{0}: set {1} there too, or make the first deployment with `tranship deploy {0}`, whose values stay",
                environment.name,
                open.join(", ")
            ));
        }
    }
    notes
}
