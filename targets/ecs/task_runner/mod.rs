//! Runs tasks to their end while a stack is created or updated: a Lambda function and one custom resource a run.
//!
//! In: the runs, each a task definition with where it runs. Out: resources in the template. What waits for a
//! run depends on its custom resource, so it is created or updated only after the task ended well. The function
//! itself is `index.py`; the log group of a run and everything it needs must exist before, hence `after`.

use tranship_cloudformation::iam::{self, Policy, Statement, arn};
use tranship_cloudformation::{
    DeletionPolicy, LogicalId, Pseudo, Resource, Role, Sub, Template, Value, props,
};

/// The function's code. CloudFormation takes up to 4 MB inline (Lambda API, `FunctionCode.ZipFile`).
const CODE: &str = include_str!("index.py");

/// How long a run may take, in seconds. CloudFormation waits 3,600 for a custom resource; the rest is for the answer.
pub const LONGEST: u32 = 3_300;

/// One task to run to its end.
#[derive(Debug, Clone)]
pub struct Run {
    /// The job's name.
    pub name: String,
    /// The container whose exit code decides.
    pub container: String,
    /// The task definition.
    pub task_definition: LogicalId,
    /// The family of the task definition, as IAM needs it: `todo-migrate`.
    pub family: Value,
    /// The roles that the task definition names.
    pub roles: Vec<LogicalId>,
    /// Capacity providers and their weights: those of the service that waits.
    pub capacity: Vec<(Value, u32)>,
    /// Where it runs; none in bridge mode.
    pub network: Option<Network>,
    /// Seconds after which it is stopped and has failed; at most [`LONGEST`] count.
    pub timeout: u32,
    /// The log group of the container and the prefix of its streams.
    pub log: (LogicalId, String),
    /// What must be there before it starts: policies, ingress rules, instances, mount targets.
    pub after: Vec<LogicalId>,
    /// Where it comes from, for the comment.
    pub comments: Vec<String>,
}

/// Where a task with a network interface of its own runs.
#[derive(Debug, Clone)]
pub struct Network {
    /// Subnets: one value that is a list.
    pub subnets: Value,
    /// Its security groups.
    pub security_groups: Vec<Value>,
    /// Whether it gets a public address.
    pub public_ip: bool,
}

impl Run {
    /// What a service that waits for this run depends on.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::Run)
    }
}

/// Adds the function, once, and every run. Nothing without runs.
pub fn emit(template: &mut Template, cluster: &LogicalId, runs: &[Run]) {
    if runs.is_empty() {
        return;
    }
    let comments: Vec<&String> = runs.iter().flat_map(|run| &run.comments).collect();
    for (id, resource) in function(cluster, runs) {
        template.add(&id, resource.comments(comments.iter().copied()));
    }
    for run in runs {
        template.add(&run.id(), custom_resource(cluster, run));
    }
}

fn custom_resource(cluster: &LogicalId, run: &Run) -> Resource {
    let (log_group, log_prefix) = &run.log;
    let capacity =
        run.capacity.iter().map(|(provider, weight)| props! { "Provider" => provider, "Weight" => *weight });
    let mut properties = props! {
        "ServiceToken" => LogicalId::only(Role::TaskRunner).arn(),
        "ServiceTimeout" => 3_600,
        "Timeout" => run.timeout.min(LONGEST),
        "Cluster" => cluster.reference(),
        "TaskDefinition" => run.task_definition.reference(),
        "Container" => run.container.as_str(),
        "Capacity" => capacity.collect::<Value>(),
        "LogGroup" => log_group.reference(),
        "LogPrefix" => log_prefix.as_str(),
    };
    if let Some(network) = &run.network {
        properties.extend(props! {
            "Subnets" => &network.subnets,
            "SecurityGroups" => network.security_groups.clone(),
            "PublicIp" => if network.public_ip { "ENABLED" } else { "DISABLED" },
        });
    }
    Resource::new("Custom::TaskRun", properties)
        .depends_on(&LogicalId::only(Role::TaskRunnerPolicy))
        .depends_on_all(&run.after)
        .comments(run.comments.iter().cloned())
}

/// The function with its role, its log group, and the policy that names the function itself.
fn function(cluster: &LogicalId, runs: &[Run]) -> [(LogicalId, Resource); 4] {
    let [id, role] = [Role::TaskRunner, Role::TaskRunnerRole].map(LogicalId::only);
    let [log_group, policy] = [Role::TaskRunnerLogGroup, Role::TaskRunnerPolicy].map(LogicalId::only);
    let own_log = Policy::new()
        .with(Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(log_group.arn()));
    let code = props! { "ZipFile" => CODE };
    [
        (
            log_group.clone(),
            Resource::new(
                "AWS::Logs::LogGroup",
                props! {
                    "LogGroupName" => Sub::text("/").pseudo(Pseudo::StackName).then("/task-runner"),
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
fn permissions(cluster: &LogicalId, function: &LogicalId, runs: &[Run]) -> Policy {
    let families =
        runs.iter().map(|run| arn::regional("ecs", "task-definition/").value(&run.family).then(":*"));
    let roles = runs.iter().flat_map(|run| &run.roles).map(LogicalId::arn);
    let logs = runs.iter().map(|run| run.log.0.arn());
    let tasks = arn::regional("ecs", "task/").reference(cluster).then("/*");
    Policy::new()
        .with(Statement::allow(["ecs:RunTask"]).on_all(families).when(
            "ArnEquals",
            "ecs:cluster",
            cluster.arn(),
        ))
        .with(Statement::allow(["ecs:DescribeTasks", "ecs:StopTask"]).on(tasks))
        .with(Statement::allow(["iam:PassRole"]).on_all(roles).when(
            "StringEquals",
            "iam:PassedToService",
            "ecs-tasks.amazonaws.com",
        ))
        .with(Statement::allow(["logs:GetLogEvents"]).on_all(logs))
        .with(Statement::allow(["cloudformation:DescribeStacks"]).on(Pseudo::StackId))
        .with(Statement::allow(["lambda:InvokeFunction"]).on(function.arn()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use tranship_cloudformation::check;

    fn run(name: &str, network: Option<Network>) -> Run {
        Run {
            name: name.to_owned(),
            container: name.to_owned(),
            task_definition: LogicalId::of(name, Role::TaskDefinition),
            family: name.into(),
            roles: vec![LogicalId::of(name, Role::TaskRole), LogicalId::of("all", Role::ExecutionRole)],
            capacity: vec![("FARGATE".into(), 1)],
            network,
            timeout: 3_600,
            log: (LogicalId::of(name, Role::LogGroup), "ecs".to_owned()),
            after: vec![LogicalId::of(name, Role::Ingress)],
            comments: vec![format!("services.{name}")],
        }
    }

    /// A template that has what the runs refer to, and the runs.
    fn template(runs: &[Run]) -> Template {
        let cluster = LogicalId::only(Role::Cluster);
        let mut template = Template::new("");
        template.add(&cluster, Resource::new("AWS::ECS::Cluster", props! {}));
        template.add(&LogicalId::of("all", Role::ExecutionRole), Resource::new("AWS::IAM::Role", props! {}));
        for run in runs {
            for role in [Role::TaskDefinition, Role::TaskRole, Role::LogGroup, Role::Ingress] {
                template.add(&LogicalId::of(&run.name, role), Resource::new("AWS::Any::Thing", props! {}));
            }
        }
        emit(&mut template, &cluster, runs);
        template
    }

    #[test]
    fn one_function_whatever_the_number_of_runs() {
        for (runs, added) in
            [(vec![], 0), (vec![run("a", None)], 5), (vec![run("a", None), run("b", None)], 6)]
        {
            let template = template(&runs);
            assert_eq!(check(&template), []);
            assert_eq!(template.resources.len(), 2 + 4 * runs.len() + added);
        }
    }

    #[test]
    fn a_run_waits_for_what_it_needs() {
        let network = Network { subnets: "s".into(), security_groups: vec!["g".into()], public_ip: false };
        let with = template(&[run("migrate", Some(network))]).to_json();
        let run_of = |template: &serde_json::Value| {
            template.pointer("/Resources/MigrateRun").cloned().unwrap_or_default()
        };
        assert_eq!(run_of(&with)["DependsOn"], json!(["TaskRunnerPolicy", "MigrateIngress"]));
        assert_eq!(run_of(&with)["Properties"]["PublicIp"], json!("DISABLED"));
        let without = template(&[run("migrate", None)]).to_json();
        assert!(run_of(&without)["Properties"].get("Subnets").is_none());
    }

    /// A statement on `*` would let the function run, stop or pass anything of the account.
    #[test]
    fn permissions_name_what_they_are_for() {
        let template = template(&[run("a", None), run("b", None)]).to_json();
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
