//! `github.yaml`: the roles that a workflow assumes with its own identity, so that no key is stored.
//!
//! Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services"; IAM User Guide, "Create a role for OpenID
//! Connect federation"; 2026-11. Invariant: a role trusts one repository, and there one branch or one environment.

use super::described;
use super::environment_roles::{BEANSTALK, beanstalk_policy, stack_policy};
use super::image_repositories;
use super::model::{DeliveryKind, DeliveryPlan, EnvironmentPlan, StackDelivery};
use super::pipeline_roles::PUSH;
use std::collections::BTreeSet;
use tranship_cloudformation::iam::{IamPolicy, PolicyStatement, arn};
use tranship_cloudformation::{
    FnSub, If, LogicalId, PropertyMap, PseudoParameter, Resource, Template, TemplateCondition,
    TemplateOutput, TemplateParameter, TemplateValue, list, props,
};
use tranship_facts::AwsPartition;

/// What a workflow assumes.
#[derive(Debug, Clone, Copy)]
pub(super) enum GithubRole<'a> {
    /// Creates and reads change sets.
    Plan,
    /// Pushes images.
    Publish,
    /// Deploys an environment.
    Deploy(&'a EnvironmentPlan),
}

/// Who signs the tokens.
const ISSUER: &str = "token.actions.githubusercontent.com";

/// The name of a role.
fn name(plan: &DeliveryPlan, role: GithubRole<'_>) -> String {
    let what = match role {
        GithubRole::Plan => "github-plan".to_owned(),
        GithubRole::Publish => "github-publish".to_owned(),
        GithubRole::Deploy(environment) => format!("github-{}", environment.stem.to_ascii_lowercase()),
    };
    plan.role_name(&what)
}

/// The ARN of a role, as a workflow names it.
pub(super) fn address(
    plan: &DeliveryPlan,
    environment: Option<&EnvironmentPlan>,
    role: GithubRole<'_>,
) -> String {
    let account = environment.and_then(|it| it.account.clone()).or_else(|| plan.account.clone());
    let account = account.unwrap_or_else(|| "${{ vars.AWS_ACCOUNT_ID }}".to_owned());
    let region = region(plan, environment);
    let partition = AwsPartition::of_region(region.unwrap_or_default()).name();
    format!("arn:{partition}:iam::{account}:role/{}", name(plan, role))
}

/// The region that a job works in: the environment's, otherwise the pipeline's.
pub(super) fn region<'a>(
    plan: &'a DeliveryPlan,
    environment: Option<&'a EnvironmentPlan>,
) -> Option<&'a str> {
    let first = || plan.environments.first().and_then(|it| it.region.as_deref());
    match environment {
        Some(environment) => environment.region.as_deref(),
        None => plan.region.as_deref().or_else(first),
    }
}

/// A template for each account: the pipeline's without a number, and those of other environments.
pub(super) fn templates(plan: &DeliveryPlan) -> Vec<(Option<String>, Template)> {
    let others = plan.other_accounts().into_iter().map(|account| Some(account.to_owned()));
    std::iter::once(None)
        .chain(others)
        .map(|account| (account.clone(), template(plan, account.as_deref())))
        .collect()
}

fn provider() -> LogicalId {
    super::id("IdentityProvider")
}

fn template(plan: &DeliveryPlan, account: Option<&str>) -> Template {
    let mut template = described(plan, "the roles that its workflow on GitHub assumes");
    let given = super::id("IdentityProviderArn");
    let text = "The ARN of the account's identity provider for GitHub. An account has one: leave this empty to create it.";
    template.add_parameter(&given, TemplateParameter::string(text).default(""));
    if plan.repository.is_none() {
        let text = "The repository of the sources: OWNER/NAME.";
        let parameter = TemplateParameter::string(text).pattern("[^/ *]+/[^/ *]+", "OWNER/NAME");
        template.add_parameter(&super::id("SourceRepository"), parameter);
    }
    let creates = super::id("CreatesIdentityProvider");
    template.add_condition(&creates, TemplateCondition::equals(given.reference(), ""));
    let properties =
        props! { "Url" => format!("https://{ISSUER}"), "ClientIdList" => list!["sts.amazonaws.com"] };
    template
        .add(&provider(), Resource::new("AWS::IAM::OIDCProvider", properties).condition(&creates).retain());
    let principal = If(&creates, provider().arn(), given.reference());
    let environments: Vec<&EnvironmentPlan> =
        plan.environments.iter().filter(|it| it.account.as_deref() == account).collect();
    let mut branch = vec![subject(plan, &format!("ref:refs/heads/{}", plan.branch))];
    branch.extend(plan.tags.iter().map(|tag| subject(plan, &format!("ref:refs/tags/{tag}"))));
    let mut add = |id: &str, role: GithubRole<'_>, subjects: Vec<TemplateValue>, policy: IamPolicy| {
        let properties = props! {
            "RoleName" => name(plan, role),
            "AssumeRolePolicyDocument" => trust(&principal, subjects),
            "Policies" => list![policy.named("workflow")],
        };
        let id = super::id(id);
        template.add(&id, Resource::new("AWS::IAM::Role", properties));
        template.add_output(
            &super::id(&format!("{id}Arn")),
            TemplateOutput::new("A role of the workflow", id.arn()),
        );
    };
    if environments.iter().any(|it| it.stack().is_some()) {
        let mut subjects = vec![subject(plan, "pull_request")];
        subjects.extend(branch.iter().cloned());
        add("PlanRole", GithubRole::Plan, subjects, plan_policy(&environments));
    }
    if account.is_none() && !plan.repositories.is_empty() {
        let policy = IamPolicy::new()
            .with(PolicyStatement::allow(["ecr:GetAuthorizationToken"]).on("*"))
            .with(PolicyStatement::allow(PUSH.iter().copied()).on_all(image_repositories::arns(plan)));
        add("PublishRole", GithubRole::Publish, branch, policy);
    }
    for environment in environments {
        let subjects = vec![subject(plan, &format!("environment:{}", environment.name))];
        let id = environment.id("DeployRole").to_string();
        add(&id, GithubRole::Deploy(environment), subjects, deploy_policy(environment));
    }
    template
}

/// The subject of a token: the repository, and what in it may ask.
fn subject(plan: &DeliveryPlan, what: &str) -> TemplateValue {
    let start = FnSub::text("repo:");
    let named = match &plan.repository {
        Some(repository) => start.then(repository),
        None => start.reference(&super::id("SourceRepository")),
    };
    named.then(format!(":{what}")).into()
}

fn trust(provider: &TemplateValue, subjects: Vec<TemplateValue>) -> PropertyMap {
    let conditions = props! {
        "StringEquals" => PropertyMap::new().with(format!("{ISSUER}:aud"), "sts.amazonaws.com"),
        "StringLike" => PropertyMap::new().with(format!("{ISSUER}:sub"), subjects),
    };
    let statement = props! {
        "Effect" => "Allow",
        "Principal" => props! { "Federated" => provider },
        "Action" => "sts:AssumeRoleWithWebIdentity",
        "Condition" => conditions,
    };
    props! { "Version" => "2012-10-17", "Statement" => list![statement] }
}

/// The stack, and its nested stacks, which CloudFormation names after it.
fn stack_arns(environment: &EnvironmentPlan, stack: &StackDelivery) -> Vec<FnSub> {
    let region = environment.region.as_deref();
    let arn = |name: &str| arn::in_region("cloudformation", region, &format!("stack/{name}/*"));
    let nested = stack.nested.then(|| arn(&format!("{}-*", stack.stack)));
    std::iter::once(arn(&stack.stack)).chain(nested).collect()
}

/// The bucket that templates over the limit of a request go through: the one that `deploy` makes.
fn template_bucket() -> FnSub {
    FnSub::text("arn:")
        .pseudo(PseudoParameter::Partition)
        .then(":s3:::tranship-")
        .pseudo(PseudoParameter::AccountId)
        .then("-*")
}

/// The parameters that AWS publishes, such as those that name the images of instances.
fn public_parameters(region: Option<&str>) -> FnSub {
    FnSub::text("arn:")
        .pseudo(PseudoParameter::Partition)
        .then(":ssm:")
        .append(super::region_name(region))
        .then("::parameter/aws/service/*")
}

/// Creating, reading and deleting change sets: none can be executed.
fn plan_policy(environments: &[&EnvironmentPlan]) -> IamPolicy {
    let stacks = environments.iter().filter_map(|it| Some(stack_arns(it, it.stack()?))).flatten();
    let regions: BTreeSet<Option<&str>> = environments.iter().map(|it| it.region.as_deref()).collect();
    let actions = [
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplateSummary",
    ];
    IamPolicy::new()
        .with(PolicyStatement::allow(actions).on_all(stacks))
        .with(PolicyStatement::allow(["cloudformation:GetTemplateSummary"]).on("*"))
        .with(
            PolicyStatement::allow(["ssm:GetParameters"]).on_all(regions.into_iter().map(public_parameters)),
        )
        .with(PolicyStatement::allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject"]).on(template_bucket()))
}

/// What the deployment of an environment calls.
fn deploy_policy(environment: &EnvironmentPlan) -> IamPolicy {
    match &environment.delivery {
        DeliveryKind::Stack(stack) => {
            let mut policy = stack_policy(environment, stack);
            let executes = [
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeStacks",
                "cloudformation:ExecuteChangeSet",
            ];
            policy.add(PolicyStatement::allow(executes).on_all(stack_arns(environment, stack)));
            if !environment.protected {
                let plans = [
                    "cloudformation:CreateChangeSet",
                    "cloudformation:DeleteChangeSet",
                    "cloudformation:DeleteStack",
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStackResources",
                    "cloudformation:GetTemplate",
                    "cloudformation:ListChangeSets",
                    "cloudformation:ListStackResources",
                ];
                policy.add(PolicyStatement::allow(plans).on_all(stack_arns(environment, stack)));
                let reads = [
                    "cloudformation:GetTemplateSummary",
                    "ecs:DescribeServices",
                    "ecs:DescribeTasks",
                    "ecs:ListTasks",
                    "logs:GetLogEvents",
                ];
                policy.add(PolicyStatement::allow(reads).on("*"));
                policy.add(artifacts());
            }
            policy
        }
        DeliveryKind::Beanstalk(it) => {
            let mut policy = beanstalk_policy(environment, it);
            policy.add(PolicyStatement::allow(BEANSTALK.iter().copied()).on("*"));
            policy.add(artifacts());
            policy
        }
    }
}

/// The bucket of `deploy`.
fn artifacts() -> PolicyStatement {
    PolicyStatement::allow([
        "s3:CreateBucket",
        "s3:GetBucketTagging",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutObject",
    ])
    .on(template_bucket())
}
