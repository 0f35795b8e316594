//! The IAM policy for deploying an environment, and the trust policy of a role for continuous integration.
//!
//! In: a compile. Out: JSON documents. Pure: nothing is asked of AWS. Invariant: what this module lists as our own calls is
//! what the program calls; the tests of deployments record every call and compare.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tranship_artifact::ArtifactSet;
use tranship_cloudformation::{NESTED_FOLDER, NESTED_STACK};
use tranship_facts::AwsPartition;
use tranship_facts::resource_actions::{LINKED_SERVICES, actions_of, resource_types};
use tranship_targets::{BeanstalkDeployment, CompiledTarget, StackDeployment, TargetDeployment};

/// CloudFormation names a role after the stack, of which it may leave out the end.
const ROLE_PREFIX: usize = 20;

const STACK: &[&str] = &[
    "cloudformation:CancelUpdateStack",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:DetectStackDrift",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
    "cloudformation:RollbackStack",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateStack",
];

const BUCKET: &[&str] = &[
    "s3:AbortMultipartUpload",
    "s3:CreateBucket",
    "s3:GetBucketTagging",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
];

const SERVICES: &[&str] = &[
    "cloudformation:DescribeStackDriftDetectionStatus",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:ExecuteCommand",
    "ecs:ListTasks",
    "ecs:RunTask",
    "ecs:UpdateService",
    "elasticloadbalancing:DescribeTargetHealth",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "secretsmanager:ListSecretVersionIds",
];

const INSTANCES: &[&str] = &["autoscaling:DescribeAutoScalingGroups", "autoscaling:SetInstanceProtection"];

const ENVIRONMENT: &[&str] = &[
    "elasticbeanstalk:AbortEnvironmentUpdate",
    "elasticbeanstalk:AddTags",
    "elasticbeanstalk:CreateApplication",
    "elasticbeanstalk:CreateApplicationVersion",
    "elasticbeanstalk:CreateEnvironment",
    "elasticbeanstalk:DeleteApplicationVersion",
    "elasticbeanstalk:DescribeApplicationVersions",
    "elasticbeanstalk:DescribeApplications",
    "elasticbeanstalk:DescribeConfigurationSettings",
    "elasticbeanstalk:DescribeEnvironmentHealth",
    "elasticbeanstalk:DescribeEnvironments",
    "elasticbeanstalk:DescribeEvents",
    "elasticbeanstalk:ListAvailableSolutionStacks",
    "elasticbeanstalk:ListTagsForResource",
    "elasticbeanstalk:TerminateEnvironment",
    "elasticbeanstalk:UpdateEnvironment",
];

const ENVIRONMENT_LOGS: &[&str] = &["logs:FilterLogEvents"];

const ENVIRONMENT_SECRETS: &[&str] = &[
    "secretsmanager:CreateSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
];

const REPOSITORIES: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:CreateRepository",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:PutLifecyclePolicy",
    "ecr:TagResource",
    "ecr:UploadLayerPart",
];

/// What Elastic Beanstalk makes for an environment, with the rights of its caller. Source: AWS Elastic Beanstalk Developer
/// Guide, "Managing Elastic Beanstalk user policies".
const OF_ENVIRONMENTS: &[&str] = &[
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EC2::EIP",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Logs::LogGroup",
];

/// Services that roles are handed to.
const PASSED_TO: &[&str] = &[
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "elasticbeanstalk.amazonaws.com",
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
];

/// Where the ARNs of a policy are.
struct PolicyPlace<'a> {
    partition: &'static str,
    region: &'a str,
    account: &'a str,
}

impl PolicyPlace<'_> {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    fn global(&self, service: &str, account: &str, resource: &str) -> String {
        format!("arn:{}:{service}::{account}:{resource}", self.partition)
    }
}

/// The policy for deploying this, and for taking it down. `ecr` says whether its images are pushed to Amazon ECR.
pub fn policy(compiled: &CompiledTarget, ecr: bool) -> Value {
    let deployment = &compiled.deployment;
    let region = deployment.region();
    let place = PolicyPlace {
        partition: region.map_or("aws", |region| AwsPartition::of_region(region).name()),
        region: region.unwrap_or("*"),
        account: deployment.account().unwrap_or("*"),
    };
    let mut statements = vec![
        statement("Identity", &["cloudformation:ListStacks", "sts:GetCallerIdentity"], &["*".into()]),
        bucket(&place),
    ];
    match deployment {
        TargetDeployment::Stack(stack) => of_stack(stack, compiled, &place, &mut statements),
        TargetDeployment::Beanstalk(environment) => {
            of_environment(environment, compiled, &place, &mut statements);
        }
    }
    if ecr && !compiled.images.is_empty() {
        statements.push(statement("RegistryLogin", &["ecr:GetAuthorizationToken"], &["*".into()]));
        statements.push(statement("Repositories", REPOSITORIES, &[place.arn("ecr", "repository/*")]));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(sid: &str, actions: &[&str], resources: &[String]) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn bucket(place: &PolicyPlace<'_>) -> Value {
    let name = format!("tranship-{}-{}", place.account, place.region);
    let arn = place.global("s3", "", &name);
    statement("ArtifactBucket", BUCKET, &[arn.clone(), format!("{arn}/*")])
}

/// Records that nobody goes back to are deleted.
fn history(place: &PolicyPlace<'_>) -> Value {
    let name = format!("tranship-{}-{}", place.account, place.region);
    statement("History", &["s3:DeleteObject"], &[place.global("s3", "", &format!("{name}/history/*"))])
}

fn of_stack(
    stack: &StackDeployment,
    compiled: &CompiledTarget,
    place: &PolicyPlace<'_>,
    statements: &mut Vec<Value>,
) {
    let types = types(&compiled.artifacts);
    let arn = |name: &str| place.arn("cloudformation", &format!("stack/{name}/*"));
    let mut arns = vec![arn(&stack.stack)];
    if types.contains(NESTED_STACK) || !stack.separate.is_empty() {
        // CloudFormation names a nested stack after its root, and Tranship an independent one after the first.
        arns.push(arn(&format!("{}-*", stack.stack)));
    }
    statements.push(statement("Stack", STACK, &arns));
    if !stack.separate.is_empty() {
        // To list the stacks of the application, also those that it no longer has.
        statements.push(statement("Stacks", &["cloudformation:DescribeStacks"], &["*".into()]));
    }
    statements.push(history(place));
    statements.push(statement("Services", SERVICES, &["*".into()]));
    // Source: Amazon ECS Developer Guide, "ECS Exec logging": whoever opens a session makes a data key.
    let session_key = stack.session_key.as_ref();
    statements.extend(
        session_key.map(|key| statement("Sessions", &["kms:GenerateDataKey"], std::slice::from_ref(key))),
    );
    if types.contains("AWS::AutoScaling::AutoScalingGroup") {
        statements.push(statement("Instances", INSTANCES, &["*".into()]));
    }
    resources(&types, &stack.stack, &[], place, statements);
}

fn of_environment(
    environment: &BeanstalkDeployment,
    compiled: &CompiledTarget,
    place: &PolicyPlace<'_>,
    statements: &mut Vec<Value>,
) {
    statements.push(statement("Environment", ENVIRONMENT, &["*".into()]));
    statements.push(statement("Logs", ENVIRONMENT_LOGS, &["*".into()]));
    if environment.secrets.iter().any(|secret| secret.option.is_none()) {
        let arn = place.arn("secretsmanager", &format!("secret:{}/*", environment.environment));
        statements.push(statement("Secrets", ENVIRONMENT_SECRETS, &[arn]));
    }
    if environment.secrets.iter().any(|secret| secret.generated) {
        statements.push(statement("Passwords", &["secretsmanager:GetRandomPassword"], &["*".into()]));
    }
    let mut stacks = vec![place.arn("cloudformation", "stack/awseb-*/*")];
    let of_roles = environment.role_stacks.iter().map(|role| format!("stack/{}/*", role.stack));
    stacks.extend(of_roles.map(|stack| place.arn("cloudformation", &stack)));
    statements.push(statement("Stack", STACK, &stacks));
    let storage = place.global("s3", "", &format!("elasticbeanstalk-{}-{}", place.region, place.account));
    let actions = [
        "s3:CreateBucket",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetBucketPolicy",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutObject",
        "s3:PutObjectAcl",
    ];
    statements.push(statement("ResourcesStorage", &actions, &[storage.clone(), format!("{storage}/*")]));
    let mut types = types(&compiled.artifacts);
    types.extend(OF_ENVIRONMENTS.iter().map(|kind| (*kind).to_owned()));
    types.insert("AWS::ElasticBeanstalk::Environment".to_owned());
    resources(&types, &environment.environment, &environment.passed_roles, place, statements);
}

/// The types of the resources that the artifacts declare.
fn types(artifacts: &ArtifactSet) -> BTreeSet<String> {
    let declares = |path: &str| {
        let ends = ["template.yaml", "-role.yaml", "-roles.yaml", ".config"];
        ends.iter().any(|end| path.ends_with(end)) || path.starts_with(&format!("{NESTED_FOLDER}/"))
    };
    let known: Vec<&str> = resource_types().collect();
    let mut found = BTreeSet::new();
    for (_, artifact) in artifacts.iter().filter(|(path, _)| declares(path)) {
        let text = String::from_utf8_lossy(&artifact.bytes);
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != ':');
        found.extend(words.filter(|word| known.contains(word)).map(str::to_owned));
    }
    found
}

/// Has a statement of its own, which says to whom.
const PASS_ROLE: &str = "iam:PassRole";

/// What CloudFormation and Elastic Beanstalk do for the caller, roles by the stack's name and others that they pass on.
fn resources(
    types: &BTreeSet<String>,
    stack: &str,
    others_passed: &[String],
    place: &PolicyPlace<'_>,
    statements: &mut Vec<Value>,
) {
    let all: BTreeSet<&str> = types
        .iter()
        .filter_map(|kind| actions_of(kind))
        .flatten()
        .flat_map(|grant| grant.actions)
        .copied()
        .collect();
    let (roles, others): (Vec<&str>, Vec<&str>) =
        all.into_iter().partition(|action| action.starts_with("iam:"));
    statements.push(statement("Resources", &others, &["*".into()]));
    let prefix: String = stack.chars().take(ROLE_PREFIX).collect();
    let own = [format!("role/{prefix}*"), format!("instance-profile/{prefix}*")];
    let own = own.map(|resource| place.global("iam", place.account, &resource));
    if !roles.is_empty() {
        statements.push(statement("ResourcesRoles", &roles, &own));
    }
    let foreign = others_passed.iter().filter(|role| !role.starts_with(&prefix));
    let foreign = foreign.map(|role| place.global("iam", place.account, &format!("role/{role}")));
    let passed: Vec<String> = own.iter().take(1).cloned().chain(foreign).collect();
    let mut passed = statement("ResourcesPassRole", &[PASS_ROLE], &passed);
    condition(&mut passed, "iam:PassedToService", PASSED_TO);
    statements.push(passed);
    let linked = LINKED_SERVICES.iter().filter(|(kind, _)| types.contains(*kind));
    let linked: Vec<&str> = linked.map(|(_, service)| *service).collect();
    if !linked.is_empty() {
        let roles = place.global("iam", place.account, "role/aws-service-role/*");
        let mut once = statement("ResourcesServiceLinkedRoles", &["iam:CreateServiceLinkedRole"], &[roles]);
        condition(&mut once, "iam:AWSServiceName", &linked);
        statements.push(once);
    }
}

fn condition(statement: &mut Value, key: &str, values: &[&str]) {
    let mut is = Map::new();
    is.insert(key.to_owned(), values.into());
    if let Some(statement) = statement.as_object_mut() {
        statement.insert("Condition".to_owned(), json!({ "StringEquals": is }));
    }
}

/// A kind of continuous integration that proves who it is with OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedRunner {
    /// GitHub Actions, of this repository: `OWNER/REPO`.
    GitHub(String),
    /// GitLab, of this project: `GROUP/PROJECT`.
    GitLab(String),
}

impl TrustedRunner {
    /// Parses `github:OWNER/REPO` and `gitlab:GROUP/PROJECT`.
    ///
    /// # Errors
    /// It is neither.
    pub fn read(text: &str) -> Result<Self, String> {
        let legal = |path: &str| {
            path.contains('/')
                && path.split('/').all(|part| !part.is_empty())
                && path.chars().all(|it| it.is_ascii_alphanumeric() || "-_./".contains(it))
        };
        match text.split_once(':').filter(|(_, path)| legal(path)) {
            Some(("github", path)) => Ok(TrustedRunner::GitHub(path.to_owned())),
            Some(("gitlab", path)) => Ok(TrustedRunner::GitLab(path.to_owned())),
            _ => Err("expected github:OWNER/REPO or gitlab:GROUP/PROJECT".to_owned()),
        }
    }

    /// The trust policy of a role that this runner takes on to deploy an environment.
    pub fn trust_policy(&self, deployment: &TargetDeployment, environment: &str) -> Value {
        let partition = deployment.region().map_or("aws", |region| AwsPartition::of_region(region).name());
        let account = deployment.account().unwrap_or("ACCOUNT");
        let (host, audience, subject) = match self {
            TrustedRunner::GitHub(repository) => (
                "token.actions.githubusercontent.com",
                "sts.amazonaws.com",
                format!("repo:{repository}:environment:{environment}"),
            ),
            TrustedRunner::GitLab(project) => (
                "gitlab.com",
                "https://gitlab.com",
                format!("project_path:{project}:ref_type:branch:ref:main"),
            ),
        };
        let mut claims = Map::new();
        claims.insert(format!("{host}:aud"), audience.into());
        claims.insert(format!("{host}:sub"), subject.into());
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{host}") },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": { "StringEquals": claims },
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(template: &str) -> CompiledTarget {
        let mut artifacts = ArtifactSet::new();
        artifacts.text("template.yaml", template.to_owned()).unwrap();
        let stack = StackDeployment {
            stack: "a-stack-with-a-long-name-prod".into(),
            region: Some("cn-north-1".into()),
            account: Some("123456789012".into()),
            ..StackDeployment::default()
        };
        let deployment = TargetDeployment::Stack(stack);
        CompiledTarget {
            artifacts,
            deployment,
            images: Vec::new(),
            outbound: Vec::new(),
            patches: Vec::new(),
        }
    }

    fn find<'a>(policy: &'a Value, sid: &str) -> Option<&'a Value> {
        policy["Statement"].as_array().unwrap().iter().find(|it| it["Sid"] == sid)
    }

    #[test]
    fn a_policy_names_the_stack_its_roles_and_what_its_resources_need() {
        let template = "Resources:\n  A: { Type: 'AWS::IAM::Role' }\n  B:\n    Type: AWS::RDS::DBInstance\n  C: { Type: AWS::SSM::ParameterX }\n";
        let policy = policy(&compiled(template), true);
        let stack = find(&policy, "Stack").unwrap();
        assert_eq!(
            stack["Resource"][0],
            "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/a-stack-with-a-long-name-prod/*"
        );
        let actions = |sid: &str| find(&policy, sid).unwrap()["Action"].as_array().unwrap().clone();
        assert!(actions("Resources").contains(&"rds:CreateDBInstance".into()));
        assert!(!actions("Resources").iter().any(|it| it.as_str().unwrap().starts_with("ssm:")));
        assert!(actions("ResourcesRoles").contains(&"iam:CreateRole".into()));
        let roles = "arn:aws-cn:iam::123456789012:role/a-stack-with-a-long-*";
        assert_eq!(find(&policy, "ResourcesRoles").unwrap()["Resource"][0], roles);
        assert_eq!(find(&policy, "ResourcesPassRole").unwrap()["Resource"], json!([roles]));
        let linked = find(&policy, "ResourcesServiceLinkedRoles").unwrap();
        assert_eq!(linked["Condition"]["StringEquals"]["iam:AWSServiceName"], json!(["rds.amazonaws.com"]));
        assert!(find(&policy, "Instances").is_none() && find(&policy, "Repositories").is_none());
    }

    #[test]
    fn a_session_with_a_key_needs_a_data_key() {
        let mut one = compiled("Resources: {}\n");
        assert_eq!(find(&policy(&one, false), "Sessions"), None);
        let TargetDeployment::Stack(stack) = &mut one.deployment else { unreachable!() };
        let key = "arn:aws-cn:kms:cn-north-1:123456789012:key/1";
        stack.session_key = Some(key.to_owned());
        let policy = policy(&one, false);
        let statement = find(&policy, "Sessions").unwrap();
        assert_eq!(
            (&statement["Action"], &statement["Resource"]),
            (&json!(["kms:GenerateDataKey"]), &json!([key]))
        );
    }

    #[test]
    fn nested_stacks_are_stacks_of_the_application() {
        let mut one = compiled("Resources:\n  A: { Type: 'AWS::CloudFormation::Stack' }\n");
        one.artifacts
            .text("stacks/A.yaml", "Resources:\n  R: { Type: 'AWS::ECS::Service' }\n".to_owned())
            .unwrap();
        let policy = policy(&one, true);
        let arn = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/a-stack-with-a-long-name-prod";
        assert_eq!(
            find(&policy, "Stack").unwrap()["Resource"],
            json!([format!("{arn}/*"), format!("{arn}-*/*")])
        );
        let actions = find(&policy, "Resources").unwrap()["Action"].as_array().unwrap().clone();
        for action in ["cloudformation:CreateStack", "ecs:CreateService"] {
            assert!(actions.contains(&action.into()), "{action}");
        }
    }

    #[test]
    fn a_runner_is_trusted_for_one_environment() {
        let runner = TrustedRunner::read("github:acme/shop").unwrap();
        let policy = runner.trust_policy(&compiled("").deployment, "prod");
        let statement = &policy["Statement"][0];
        let claims = &statement["Condition"]["StringEquals"];
        assert_eq!(claims["token.actions.githubusercontent.com:sub"], "repo:acme/shop:environment:prod");
        assert_eq!(claims["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
        assert_eq!(
            statement["Principal"]["Federated"],
            "arn:aws-cn:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
        );
        assert!(matches!(TrustedRunner::read("gitlab:a/b/c"), Ok(TrustedRunner::GitLab(_))));
        for text in ["github:acme", "acme/shop", "github:acme/*", "github:/shop", "svn:a/b"] {
            assert!(TrustedRunner::read(text).is_err(), "{text}");
        }
    }
}
