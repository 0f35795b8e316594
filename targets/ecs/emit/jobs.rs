//! Jobs: run before a deployment by the task runner, or on a schedule. A manual one is its task definition.

use super::super::plan::{EcsPlan, Job, NetworkMode, Task, When};
use super::super::task_runner::{self, Network, Run};
use super::{Traced, cluster, cluster_id, container, service};
use tranship_cloudformation::iam::{self, Policy, Statement, arn};
use tranship_cloudformation::{LogicalId, Resource, Role, Template, Value, props};

/// Adds what runs the jobs.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let mut runs = Vec::new();
    for job in &plan.jobs {
        let Some(task) = plan.task(&job.name) else { continue };
        match &job.when {
            When::BeforeDeploy { timeout } => runs.push(run(plan, job, task, *timeout)),
            When::Schedule(expression) => schedule(plan, job, task, expression, template),
            When::Manual => {}
        }
    }
    task_runner::emit(template, &cluster_id(), &runs);
}

/// The roles that a task definition names.
fn roles(task: &Task) -> [LogicalId; 2] {
    [Role::ExecutionRole, Role::TaskRole].map(|role| LogicalId::of(&task.name, role))
}

fn run(plan: &EcsPlan, job: &Job, task: &Task, timeout: u32) -> Run {
    let own = task.containers.iter().find(|it| it.name == *job.name);
    let container = own.or_else(|| task.containers.iter().find(|it| it.essential));
    Run {
        name: job.name.to_string(),
        container: container.map(|it| it.name.clone()).unwrap_or_default(),
        task_definition: task.id(),
        family: task.family.clone(),
        roles: roles(task).to_vec(),
        capacity: plan.capacity.strategy.iter().map(|it| (it.provider.clone(), it.weight)).collect(),
        network: (task.mode == NetworkMode::AwsVpc).then(|| Network {
            subnets: task.subnets.clone(),
            security_groups: vec![task.group.att("GroupId")],
            public_ip: plan.capacity.public_ip.unwrap_or_default(),
        }),
        timeout,
        log: (task.log_group(), container::LOG_PREFIX.to_owned()),
        after: [&plan.capacity.after, &task.after, &job.after].into_iter().flatten().cloned().collect(),
        comments: job.from.clone(),
    }
}

fn schedule(plan: &EcsPlan, job: &Job, task: &Task, expression: &str, template: &mut Template) {
    let role = LogicalId::of(&job.name, Role::ScheduleRole);
    template.add(&role, schedule_role(task).traced(&job.from));
    let parameters = props! {
        "TaskDefinitionArn" => task.id().reference(),
        "CapacityProviderStrategy" => cluster::strategy(&plan.capacity.strategy),
        "NetworkConfiguration" => ?service::network(plan, task),
    };
    let resource = Resource::new(
        "AWS::Scheduler::Schedule",
        props! {
            "ScheduleExpression" => expression,
            "FlexibleTimeWindow" => props! { "Mode" => "OFF" },
            "Target" => props! {
                "Arn" => cluster_id().arn(),
                "RoleArn" => role.arn(),
                "EcsParameters" => parameters,
            },
        },
    );
    let after = [&plan.capacity.after, &task.after, &job.after].into_iter().flatten();
    template.add(&LogicalId::of(&job.name, Role::Schedule), resource.depends_on_all(after).traced(&job.from));
}

fn schedule_role(task: &Task) -> Resource {
    let definition = arn::regional("ecs", "task-definition/").value(&task.family).then(":*");
    let pass = roles(task).map(|role| role.arn());
    let policy = Policy::new()
        .with(Statement::allow(["ecs:RunTask"]).on(definition).when(
            "ArnEquals",
            "ecs:cluster",
            cluster_id().arn(),
        ))
        .with(Statement::allow(["iam:PassRole"]).on_all(pass).when(
            "StringEquals",
            "iam:PassedToService",
            Value::from("ecs-tasks.amazonaws.com"),
        ));
    Resource::new(
        "AWS::IAM::Role",
        props! {
            "AssumeRolePolicyDocument" => iam::trust_own_account("scheduler.amazonaws.com"),
            "Policies" => vec![policy.named("run-task")],
        },
    )
}
