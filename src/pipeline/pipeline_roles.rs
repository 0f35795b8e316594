//! The roles of the pipeline itself, of its build, and of what reads change sets.
//!
//! Sources: CodePipeline User Guide, "Manage the CodePipeline service role"; CodeBuild User Guide, "Create a CodeBuild
//! service role"; Service Authorization Reference; 2026-11.

use super::model::{DeliveryKind, DeliveryPlan};
use super::{approval, artifact_store, buildspec, codepipeline, environment_roles, image_repositories};
use tranship_cloudformation::iam::{IamPolicy, PolicyStatement, arn, trust_own_account};
use tranship_cloudformation::{DeletionPolicy, LogicalId, PropertyMap, Resource, Template, list, props};

/// How the name of the pipeline's role ends, where other accounts trust it.
pub(super) const PIPELINE: &str = "pipeline";

/// How the name of the role that reads change sets ends, where other accounts trust it.
pub(super) const PLAN: &str = "plan";

/// What pushing an image calls.
pub(super) const PUSH: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];

/// The role of the pipeline.
pub(super) fn pipeline() -> LogicalId {
    super::id("PipelineRole")
}

/// The role of the build.
pub(super) fn build() -> LogicalId {
    super::id("BuildRole")
}

/// The role of what reads change sets.
pub(super) fn reader() -> LogicalId {
    super::id("PlanRole")
}

/// Adds the three.
pub(super) fn add(plan: &DeliveryPlan, template: &mut Template) {
    let named = !plan.other_accounts().is_empty();
    let role = |service: &str, policy: &IamPolicy, what: &str| {
        let properties = props! {
            "RoleName" => ?named.then(|| plan.named(what)),
            "AssumeRolePolicyDocument" => trust_own_account(service),
            "Policies" => list![policy.named(what)],
        };
        Resource::new("AWS::IAM::Role", properties)
    };
    template.add(&pipeline(), role("codepipeline.amazonaws.com", &pipeline_policy(plan), PIPELINE));
    template.add(&build(), role("codebuild.amazonaws.com", &build_policy(plan), "build"));
    if approval::is_needed(plan) {
        template.add(&reader(), role("codebuild.amazonaws.com", &reader_policy(plan), PLAN));
    }
}

/// Each action of the pipeline, and no more.
fn pipeline_policy(plan: &DeliveryPlan) -> IamPolicy {
    let mut policy = IamPolicy::new();
    artifact_store::access(plan, None, &mut policy, true);
    // CodePipeline copies what an action in another region takes to the bucket there.
    for region in plan.other_regions() {
        artifact_store::access(plan, Some(region), &mut policy, true);
    }
    policy.add(PolicyStatement::allow(connection_actions(plan)).on(codepipeline::connection(plan)));
    let projects = approval::is_needed(plan).then(approval::project);
    let projects = std::iter::once(buildspec::project()).chain(projects).map(|id| id.arn());
    policy.add(PolicyStatement::allow(["codebuild:BatchGetBuilds", "codebuild:StartBuild"]).on_all(projects));
    for environment in &plan.environments {
        match environment_roles::action_role(plan, environment) {
            // The roles of this account trust the pipeline's by its ARN, so the name of theirs stands for them here.
            Some(_) if environment.account.is_none() => {}
            Some(role) => policy.add(PolicyStatement::allow(["sts:AssumeRole"]).on(role)),
            None => {
                let role = environment_roles::deploy_role(plan, environment);
                let statements = environment_roles::action_statements(environment, role);
                statements.into_iter().for_each(|statement| policy.add(statement));
            }
        }
    }
    policy
}

/// A connection has the name that its service had when it was made, and the action goes by it.
fn connection_actions(plan: &DeliveryPlan) -> Vec<&'static str> {
    let both = ["codeconnections:UseConnection", "codestar-connections:UseConnection"];
    let known = plan.connection.as_deref().and_then(|arn| arn.split(':').nth(2));
    let fits = |action: &&str| known.is_none_or(|service| action.split(':').next() == Some(service));
    both.into_iter().filter(fits).collect()
}

/// Whether an environment of this account is deployed with a role that the pipeline assumes.
pub(super) fn assumes_here(plan: &DeliveryPlan) -> Vec<LogicalId> {
    let here = plan.environments.iter().filter(|it| it.account.is_none());
    let assumed = here.filter(|it| matches!(it.delivery, DeliveryKind::Beanstalk(_)));
    assumed.map(environment_roles::role_id).collect()
}

/// A policy of its own: the roles that it names trust the pipeline's role, so that one must be there first.
pub(super) fn add_assuming(plan: &DeliveryPlan, template: &mut Template) {
    let assumed = assumes_here(plan);
    if assumed.is_empty() {
        return;
    }
    let statement = PolicyStatement::allow(["sts:AssumeRole"]).on_all(assumed.iter().map(LogicalId::arn));
    let properties = props! {
        "PolicyName" => "environments",
        "PolicyDocument" => IamPolicy::new().with(statement).document(),
        "Roles" => list![pipeline().reference()],
    };
    template.add(&super::id("PipelineRolePolicy"), Resource::new("AWS::IAM::Policy", properties));
}

fn logs(policy: &mut IamPolicy, group: &LogicalId) {
    policy.add(PolicyStatement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(group.arn()));
}

/// Reading the sources, writing artifacts, pushing images.
fn build_policy(plan: &DeliveryPlan) -> IamPolicy {
    let mut policy = IamPolicy::new();
    logs(&mut policy, &buildspec::log_group());
    artifact_store::access(plan, None, &mut policy, true);
    let repositories = image_repositories::arns(plan);
    if !repositories.is_empty() {
        policy.add(PolicyStatement::allow(["ecr:GetAuthorizationToken"]).on("*"));
        policy.add(PolicyStatement::allow(PUSH.iter().copied()).on_all(repositories));
    }
    policy
}

/// Reading change sets, in other accounts by the role of the environment.
fn reader_policy(plan: &DeliveryPlan) -> IamPolicy {
    let mut policy = IamPolicy::new();
    logs(&mut policy, &approval::log_group());
    artifact_store::access(plan, None, &mut policy, false);
    for environment in plan.environments.iter().filter(|it| it.protected) {
        let Some(stack) = environment.stack() else { continue };
        match environment_roles::action_role(plan, environment) {
            Some(role) => policy.add(PolicyStatement::allow(["sts:AssumeRole"]).on(role)),
            None => {
                policy.add(PolicyStatement::allow(["cloudformation:DescribeChangeSet"]).on(arn::in_region(
                    "cloudformation",
                    environment.region.as_deref(),
                    &format!("stack/{}/*", stack.stack),
                )))
            }
        }
    }
    policy
}

/// `LogsConfig` of a project.
pub(super) fn logs_config(group: &LogicalId) -> PropertyMap {
    props! { "CloudWatchLogs" => props! { "Status" => "ENABLED", "GroupName" => group.reference() } }
}

/// A log group of a project. Its name is generated: nothing else reads it.
pub(super) fn log_resource() -> Resource {
    Resource::new("AWS::Logs::LogGroup", props! { "RetentionInDays" => 30 }).policy(DeletionPolicy::Delete)
}
