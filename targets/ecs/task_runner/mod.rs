//! Runs tasks to their end while a stack is created or updated: a Lambda function and one custom resource a run.
//!
//! In: the jobs, each with what it runs. Out: resources in the template. What waits for a job depends on its
//! custom resource, so it is created or updated only after the task ended well. The function itself is
//! `index.py`; the log group of a job and everything it needs must exist before, hence `after`.

use super::emit::LOG_PREFIX;
use super::plan::{DeploymentRun, JobPlan};
use tranship_cloudformation::iam::{self, IamPolicy, PolicyStatement, arn};
use tranship_cloudformation::{
    DeletionPolicy, FnSub, LogicalId, PseudoParameter, Resource, ResourceRole, Template, TemplateValue, props,
};

/// The function's code. CloudFormation takes up to 4 MB inline (Lambda API, `FunctionCode.ZipFile`).
const CODE: &str = include_str!("index.py");

/// How long a run may take, in seconds. CloudFormation waits 3,600 for a custom resource; the rest is for the answer.
pub(super) const LONGEST: u32 = 3_300;

/// A job that runs to its end before what waits for it is updated.
#[derive(Debug, Clone, Copy)]
pub(super) struct JobRun<'a> {
    /// The job.
    pub(super) job: &'a JobPlan,
    /// How it runs.
    pub(super) run: &'a DeploymentRun,
}

/// Adds the function, once, and every run. Nothing without runs.
pub(super) fn emit(template: &mut Template, cluster: &LogicalId, runs: &[JobRun<'_>]) {
    if runs.is_empty() {
        return;
    }
    let comments: Vec<&String> = runs.iter().flat_map(|run| &run.job.from).collect();
    for (id, resource) in function(cluster, runs) {
        template.add(&id, resource.comments(comments.iter().copied()));
    }
    for run in runs {
        template.add(&run.job.run_id(), custom_resource(cluster, *run));
    }
}

fn custom_resource(cluster: &LogicalId, JobRun { job, run }: JobRun<'_>) -> Resource {
    let capacity =
        job.run.strategy.iter().map(|it| props! { "Provider" => &it.provider, "Weight" => it.weight });
    let mut properties = props! {
        "ServiceToken" => LogicalId::only(ResourceRole::TaskRunner).arn(),
        "ServiceTimeout" => 3_600,
        "Timeout" => run.timeout.min(LONGEST),
        "Cluster" => cluster.reference(),
        "TaskDefinition" => job.run.task_definition.reference(),
        "Container" => run.container.as_str(),
        "Capacity" => capacity.collect::<TemplateValue>(),
        "LogGroup" => run.log_group.reference(),
        "LogPrefix" => LOG_PREFIX,
    };
    if let Some(network) = &job.run.network {
        properties.extend(props! {
            "Subnets" => &network.subnets,
            "SecurityGroups" => vec![network.security_group.att("GroupId")],
            "PublicIp" => if network.assign_public_ip == Some(true) { "ENABLED" } else { "DISABLED" },
        });
    }
    Resource::new("Custom::TaskRun", properties)
        .depends_on(&LogicalId::only(ResourceRole::TaskRunnerPolicy))
        .depends_on_all(&job.after)
        .comments(job.from.iter().cloned())
}

/// The function with its role, its log group, and the policy that names the function itself.
fn function(cluster: &LogicalId, runs: &[JobRun<'_>]) -> [(LogicalId, Resource); 4] {
    let [id, role] = [ResourceRole::TaskRunner, ResourceRole::TaskRunnerRole].map(LogicalId::only);
    let [log_group, policy] =
        [ResourceRole::TaskRunnerLogGroup, ResourceRole::TaskRunnerPolicy].map(LogicalId::only);
    let own_log = IamPolicy::new()
        .with(PolicyStatement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(log_group.arn()));
    let code = props! { "ZipFile" => CODE };
    [
        (
            log_group.clone(),
            Resource::new(
                "AWS::Logs::LogGroup",
                props! {
                    "LogGroupName" => FnSub::text("/").pseudo(PseudoParameter::StackName).then("/task-runner"),
                    "RetentionInDays" => 7,
                },
            )
            .policy(DeletionPolicy::Delete),
        ),
        (
            role.clone(),
            Resource::new(
                "AWS::IAM::Role",
                props! {
                    "AssumeRolePolicyDocument" => iam::trust("lambda.amazonaws.com"),
                    "Policies" => vec![own_log.named("logs")],
                },
            ),
        ),
        (
            id.clone(),
            Resource::new(
                "AWS::Lambda::Function",
                props! {
                    "Description" => "Runs a task to its end while the stack is updated.",
                    "Runtime" => "python3.13",
                    "Handler" => "index.handler",
                    "Timeout" => 900,
                    "MemorySize" => 256,
                    "Role" => role.arn(),
                    "LoggingConfig" => props! { "LogGroup" => log_group.reference() },
                    "Code" => code,
                },
            ),
        ),
        (
            policy,
            Resource::new(
                "AWS::IAM::Policy",
                props! {
                    "PolicyName" => "run-tasks",
                    "PolicyDocument" => permissions(cluster, &id, runs).document(),
                    "Roles" => vec![role.reference()],
                },
            ),
        ),
    ]
}

/// What `index.py` calls, and nothing else.
fn permissions(cluster: &LogicalId, function: &LogicalId, runs: &[JobRun<'_>]) -> IamPolicy {
    let families =
        runs.iter().map(|run| arn::regional("ecs", "task-definition/").value(&run.job.family).then(":*"));
    let roles = runs.iter().flat_map(|run| &run.job.roles).map(LogicalId::arn);
    let logs = runs.iter().map(|run| run.run.log_group.arn());
    let tasks = arn::regional("ecs", "task/").reference(cluster).then("/*");
    IamPolicy::new()
        .with(PolicyStatement::allow(["ecs:RunTask"]).on_all(families).when(
            "ArnEquals",
            "ecs:cluster",
            cluster.arn(),
        ))
        .with(PolicyStatement::allow(["ecs:DescribeTasks", "ecs:StopTask"]).on(tasks))
        .with(PolicyStatement::allow(["iam:PassRole"]).on_all(roles).when(
            "StringEquals",
            "iam:PassedToService",
            "ecs-tasks.amazonaws.com",
        ))
        .with(PolicyStatement::allow(["logs:GetLogEvents"]).on_all(logs))
        .with(PolicyStatement::allow(["cloudformation:DescribeStacks"]).on(PseudoParameter::StackId))
        .with(PolicyStatement::allow(["lambda:InvokeFunction"]).on(function.arn()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ecs::plan::{AwsvpcNetwork, CapacityStrategyItem, JobTrigger, TaskRun};
    use tranship_cloudformation::check;

    fn job(name: &str, network: Option<AwsvpcNetwork>) -> (JobPlan, DeploymentRun) {
        let run = DeploymentRun {
            container: name.to_owned(),
            log_group: LogicalId::of(name, ResourceRole::LogGroup),
            timeout: 3_600,
        };
        let job = JobPlan {
            name: name.into(),
            from: vec![format!("services.{name}")],
            trigger: JobTrigger::BeforeDeploy(run.clone()),
            run: TaskRun {
                task_definition: LogicalId::of(name, ResourceRole::TaskDefinition),
                network,
                strategy: vec![CapacityStrategyItem { provider: "FARGATE".into(), weight: 1 }],
            },
            family: name.into(),
            roles: [
                LogicalId::of("all", ResourceRole::ExecutionRole),
                LogicalId::of(name, ResourceRole::TaskRole),
            ],
            after: vec![LogicalId::of(name, ResourceRole::Ingress)],
        };
        (job, run)
    }

    /// A template that has what the jobs refer to, and the jobs.
    fn template(jobs: &[(JobPlan, DeploymentRun)]) -> Template {
        let cluster = LogicalId::only(ResourceRole::Cluster);
        let mut template = Template::new("");
        template.add(&cluster, Resource::new("AWS::ECS::Cluster", props! {}));
        template.add(
            &LogicalId::of("all", ResourceRole::ExecutionRole),
            Resource::new("AWS::IAM::Role", props! {}),
        );
        for (job, _) in jobs {
            for role in [
                ResourceRole::TaskDefinition,
                ResourceRole::TaskRole,
                ResourceRole::LogGroup,
                ResourceRole::Ingress,
            ] {
                template.add(&LogicalId::of(&job.name, role), Resource::new("AWS::Any::Thing", props! {}));
            }
        }
        let runs: Vec<JobRun<'_>> = jobs.iter().map(|(job, run)| JobRun { job, run }).collect();
        emit(&mut template, &cluster, &runs);
        template
    }

    #[test]
    fn one_function_whatever_the_number_of_runs() {
        for (jobs, added) in
            [(vec![], 0), (vec![job("a", None)], 5), (vec![job("a", None), job("b", None)], 6)]
        {
            let template = template(&jobs);
            assert_eq!(check(&template), []);
            assert_eq!(template.resources.len(), 2 + 4 * jobs.len() + added);
        }
    }

    #[test]
    fn a_run_waits_for_what_it_needs() {
        let security_group = LogicalId::of("migrate", ResourceRole::TaskRole);
        let network = AwsvpcNetwork { subnets: "s".into(), security_group, assign_public_ip: Some(false) };
        let with = template(&[job("migrate", Some(network))]).to_json();
        let run_of = |template: &serde_json::Value| {
            template.pointer("/Resources/MigrateRun").cloned().unwrap_or_default()
        };
        assert_eq!(run_of(&with)["DependsOn"], json!(["TaskRunnerPolicy", "MigrateIngress"]));
        assert_eq!(run_of(&with)["Properties"]["PublicIp"], json!("DISABLED"));
        let without = template(&[job("migrate", None)]).to_json();
        assert!(run_of(&without)["Properties"].get("Subnets").is_none());
    }

    /// A statement on `*` would let the function run, stop or pass anything of the account.
    #[test]
    fn permissions_name_what_they_are_for() {
        let template = template(&[job("a", None), job("b", None)]).to_json();
        let policy =
            template.pointer("/Resources/TaskRunnerPolicy/Properties/PolicyDocument/Statement").unwrap();
        let statements = policy.as_array().unwrap();
        let mut called: Vec<&str> = Vec::new();
        for statement in statements {
            called
                .extend(statement["Action"].as_array().unwrap().iter().filter_map(|action| action.as_str()));
            let resources = match &statement["Resource"] {
                serde_json::Value::Array(several) => several.clone(),
                one => vec![one.clone()],
            };
            assert!(!resources.is_empty() && !resources.contains(&json!("*")), "{statement}");
        }
        called.sort_unstable();
        let expected = [
            "cloudformation:DescribeStacks",
            "ecs:DescribeTasks",
            "ecs:RunTask",
            "ecs:StopTask",
            "iam:PassRole",
            "lambda:InvokeFunction",
            "logs:GetLogEvents",
        ];
        assert_eq!(called, expected);
    }
}
