//! The roles with which an environment is deployed: CloudFormation's with the least rights for the template, and in
//! another account the one that the pipeline assumes there.
//!
//! Sources: CloudFormation User Guide, "AWS CloudFormation service role"; CodePipeline User Guide, "CloudFormation deploy
//! action reference", "Elastic Beanstalk deployment action reference"; 2026-11.

use super::artifact_store;
use super::described;
use super::model::{BeanstalkDelivery, DeliveryKind, DeliveryPlan, EnvironmentPlan, StackDelivery};
use tranship_cloudformation::iam::{IamPolicy, PolicyStatement, arn, trust_own_account};
use tranship_cloudformation::{
    FnSub, LogicalId, PropertyMap, PseudoParameter, Resource, Template, TemplateParameter, TemplateValue,
    list, props,
};
use tranship_facts::resource_actions::{ActionGrant, GrantScope, STACK_PREFIX};

/// What the action of an environment without approval calls.
pub(super) const CREATE_OR_UPDATE: &[&str] = &[
    "cloudformation:CreateStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:UpdateStack",
];

/// What the actions of a protected environment call on its one change set.
pub(super) const CHANGE_SETS: &[&str] = &[
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet",
];

/// The role of CloudFormation for an environment, in the pipeline's account.
pub(super) fn role_id(environment: &EnvironmentPlan) -> LogicalId {
    environment.id("DeployRole")
}

/// The ARN of the role that deploys: CloudFormation's, or the one of Elastic Beanstalk's action.
pub(super) fn deploy_role(plan: &DeliveryPlan, environment: &EnvironmentPlan) -> TemplateValue {
    match &environment.account {
        Some(account) => role_in(account, &name(plan, environment, "deploy")).into(),
        None => role_id(environment).arn(),
    }
}

/// The ARN of the role that an action runs with, where that is not the pipeline's own.
pub(super) fn action_role(plan: &DeliveryPlan, environment: &EnvironmentPlan) -> Option<TemplateValue> {
    match (&environment.account, &environment.delivery) {
        (Some(account), _) => Some(role_in(account, &name(plan, environment, "action")).into()),
        (None, DeliveryKind::Beanstalk(_)) => Some(role_id(environment).arn()),
        (None, DeliveryKind::Stack(_)) => None,
    }
}

fn role_in(account: &str, name: &str) -> FnSub {
    FnSub::text("arn:").pseudo(PseudoParameter::Partition).then(format!(":iam::{account}:role/{name}"))
}

/// The name of a role in another account.
fn name(plan: &DeliveryPlan, environment: &EnvironmentPlan, what: &str) -> String {
    plan.role_name(&format!("{}-{what}", environment.stem.to_ascii_lowercase()))
}

/// Adds the role of an environment in the pipeline's account.
pub(super) fn add(plan: &DeliveryPlan, environment: &EnvironmentPlan, template: &mut Template) {
    if environment.account.is_some() {
        return;
    }
    let (trust, policy) = match &environment.delivery {
        DeliveryKind::Stack(stack) => {
            (trust_own_account("cloudformation.amazonaws.com"), stack_policy(environment, stack))
        }
        DeliveryKind::Beanstalk(it) => {
            let mut policy = beanstalk_policy(environment, it);
            artifact_store::access(plan, plan.elsewhere(environment), &mut policy, false);
            (trust_of(super::pipeline_roles::pipeline().arn(), None), policy)
        }
    };
    let properties = role(trust, &policy, None);
    let comment = format!("x-tranship.environments.{}", environment.name);
    template.add(&role_id(environment), Resource::new("AWS::IAM::Role", properties).comment(comment));
}

fn role(trust: PropertyMap, policy: &IamPolicy, name: Option<String>) -> PropertyMap {
    props! {
        "RoleName" => ?name,
        "AssumeRolePolicyDocument" => trust,
        "Policies" => list![policy.named("deploy")],
    }
}

/// Trust in a principal of IAM.
fn trust_of(principal: TemplateValue, condition: Option<PropertyMap>) -> PropertyMap {
    let statement = props! {
        "Effect" => "Allow",
        "Principal" => props! { "AWS" => principal },
        "Action" => "sts:AssumeRole",
        "Condition" => ?condition,
    };
    props! { "Version" => "2012-10-17", "Statement" => list![statement] }
}

/// What CloudFormation may do for the template of a stack, and no more than the template's own types need.
pub(super) fn stack_policy(environment: &EnvironmentPlan, stack: &StackDelivery) -> IamPolicy {
    let region = environment.region.as_deref();
    let mut policy = IamPolicy::new();
    for grant in &stack.grants {
        policy.add(statement(grant, &stack.stack, region));
    }
    if stack.has_secrets() {
        let secret = arn::in_region("secretsmanager", region, &format!("secret:{}-*", stack.secret()));
        policy.add(PolicyStatement::allow(["secretsmanager:GetSecretValue"]).on(secret));
    }
    policy
}

/// A grant for a stack: what CloudFormation names itself begins with the stack's name, in capitals or not.
fn statement(grant: &ActionGrant, stack: &str, region: Option<&str>) -> PolicyStatement {
    let start: String = stack.chars().take(STACK_PREFIX).collect();
    let allow = |resource: TemplateValue| {
        let statement = PolicyStatement::allow(grant.actions.iter().copied()).on(resource);
        match grant.passed_to {
            [] => statement,
            services => statement.when("StringEquals", "iam:PassedToService", services.to_vec()),
        }
    };
    let at = |rest: &str| rest.replace("{stack}", &start);
    match grant.scope {
        GrantScope::Everything => allow("*".into()),
        GrantScope::Regional(service, rest) if rest.starts_with("subgrp:") => {
            // Amazon RDS writes names in small letters.
            allow(arn::in_region(service, region, &at(rest).to_ascii_lowercase()).into())
        }
        GrantScope::Regional(service, rest) => allow(arn::in_region(service, region, &at(rest)).into()),
        GrantScope::Global(service, rest) => allow(arn::global(service, &at(rest)).into()),
    }
}

/// The actions of an Elastic Beanstalk deployment.
pub(super) const BEANSTALK: &[&str] = &[
    "elasticbeanstalk:CreateApplicationVersion",
    "elasticbeanstalk:DescribeApplicationVersions",
    "elasticbeanstalk:DescribeEnvironments",
    "elasticbeanstalk:DescribeEvents",
    "elasticbeanstalk:UpdateEnvironment",
];

/// What the deployment of a version calls: Elastic Beanstalk works on the resources of the environment with the rights
/// of the caller.
pub(super) fn beanstalk_policy(environment: &EnvironmentPlan, it: &BeanstalkDelivery) -> IamPolicy {
    let region = environment.region.as_deref();
    let own = |rest: String| arn::in_region("elasticbeanstalk", region, &rest);
    let (application, environment) = (&it.application, &it.environment);
    let bucket = arn::bare("s3", "elasticbeanstalk-")
        .append(super::region_name(region))
        .then("-")
        .pseudo(PseudoParameter::AccountId);
    IamPolicy::new()
        .with(
            PolicyStatement::allow(BEANSTALK.iter().copied())
                .on(own(format!("application/{application}")))
                .on(own(format!("applicationversion/{application}/*")))
                .on(own(format!("environment/{application}/{environment}"))),
        )
        .with(PolicyStatement::allow(["s3:GetBucketLocation", "s3:ListBucket"]).on(bucket.clone()))
        .with(
            PolicyStatement::allow([
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:PutObject",
            ])
            .on(bucket.then("/*")),
        )
        .with(
            PolicyStatement::allow([
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStackResource",
                "cloudformation:DescribeStackResources",
                "cloudformation:DescribeStacks",
                "cloudformation:GetTemplate",
                "cloudformation:ListStackResources",
                "cloudformation:UpdateStack",
            ])
            .on(arn::in_region("cloudformation", region, "stack/awseb-e-*")),
        )
        .with(
            PolicyStatement::allow([
                "autoscaling:ResumeProcesses",
                "autoscaling:SuspendProcesses",
                "autoscaling:UpdateAutoScalingGroup",
            ])
            .on(arn::in_region(
                "autoscaling",
                region,
                "autoScalingGroup:*:autoScalingGroupName/awseb-e-*",
            )),
        )
        .with(
            PolicyStatement::allow([
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeInstances",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ])
            .on("*"),
        )
}

/// The rights that the pipeline's own role, or the action role of another account, needs for an environment.
pub(super) fn action_statements(
    environment: &EnvironmentPlan,
    deploy_role: TemplateValue,
) -> Vec<PolicyStatement> {
    let Some(stack) = environment.stack() else { return Vec::new() };
    let region = environment.region.as_deref();
    let arn = arn::in_region("cloudformation", region, &format!("stack/{}/*", stack.stack));
    let calls = match environment.protected {
        false => vec![PolicyStatement::allow(CREATE_OR_UPDATE.iter().copied()).on(arn)],
        true => vec![
            PolicyStatement::allow(CHANGE_SETS.iter().copied()).on(arn.clone()).when(
                "StringEquals",
                "cloudformation:ChangeSetName",
                super::stages::CHANGE_SET,
            ),
            PolicyStatement::allow(["cloudformation:DescribeStacks"]).on(arn),
        ],
    };
    let passing = vec![PolicyStatement::allow(["iam:PassRole"]).on(deploy_role).when(
        "StringEquals",
        "iam:PassedToService",
        "cloudformation.amazonaws.com",
    )];
    calls.into_iter().chain(passing).collect()
}

/// `roles-ENV.yaml`: what an environment in another account needs there.
pub(super) fn foreign_template(plan: &DeliveryPlan, environment: &EnvironmentPlan) -> Template {
    let mut template =
        described(plan, &format!("the roles with which the pipeline deploys {}", environment.name));
    let (account, bucket, key) =
        (super::id("PipelineAccount"), super::id("ArtifactBucket"), super::id("ArtifactKey"));
    let number = TemplateParameter::string("The account of the pipeline.").pattern("[0-9]{12}", "12 digits");
    let number = match &plan.account {
        Some(own) => number.default(own),
        None => number,
    };
    let of = match plan.elsewhere(environment) {
        None => "its stack".to_owned(),
        Some(region) => format!("the stack of artifacts-{region}.yaml"),
    };
    template.add_parameter(&account, number);
    template.add_parameter(
        &bucket,
        TemplateParameter::string(format!("The bucket of the pipeline's artifacts: an output of {of}."))
            .min_length(3),
    );
    template.add_parameter(
        &key,
        TemplateParameter::string(format!(
            "The ARN of the key of the pipeline's artifacts: an output of {of}."
        ))
        .min_length(20),
    );
    let mut action = IamPolicy::new();
    let objects = FnSub::text("arn:").pseudo(PseudoParameter::Partition).then(":s3:::").reference(&bucket);
    action
        .add(PolicyStatement::allow(["s3:GetObject", "s3:GetObjectVersion"]).on(objects.clone().then("/*")));
    action.add(PolicyStatement::allow(["s3:GetBucketLocation", "s3:GetBucketVersioning"]).on(objects));
    action.add(PolicyStatement::allow(["kms:Decrypt", "kms:DescribeKey"]).on(key.reference()));
    let deploy = super::id("DeployRole");
    match &environment.delivery {
        DeliveryKind::Stack(stack) => {
            let properties = role(
                trust_own_account("cloudformation.amazonaws.com"),
                &stack_policy(environment, stack),
                Some(name(plan, environment, "deploy")),
            );
            template.add(&deploy, Resource::new("AWS::IAM::Role", properties));
            action_statements(environment, deploy.arn()).into_iter().for_each(|it| action.add(it));
        }
        DeliveryKind::Beanstalk(it) => action.extend(&beanstalk_policy(environment, it)),
    }
    // The pipeline's role is named, since a role cannot trust one that may not exist yet.
    let root = FnSub::text("arn:")
        .pseudo(PseudoParameter::Partition)
        .then(":iam::")
        .reference(&account)
        .then(":root");
    let roles = [super::pipeline_roles::PIPELINE, super::pipeline_roles::PLAN].map(|what| {
        FnSub::text("arn:")
            .pseudo(PseudoParameter::Partition)
            .then(":iam::")
            .reference(&account)
            .then(format!(":role/{}", plan.named(what)))
    });
    let condition = props! { "ArnEquals" => props! { "aws:PrincipalArn" => roles.to_vec() } };
    let properties = props! {
        "RoleName" => name(plan, environment, "action"),
        "AssumeRolePolicyDocument" => trust_of(root.into(), Some(condition)),
        "Policies" => list![action.named("action")],
    };
    template.add(&super::id("ActionRole"), Resource::new("AWS::IAM::Role", properties));
    template
}
