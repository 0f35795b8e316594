//! Jobs: run before a deployment by the task runner, or on a schedule. A manual one is its task definition, and an
//! output with the command that runs it.

use super::super::plan::{EcsPlan, JobPlan, JobTrigger};
use super::super::task_runner::{self, JobRun};
use super::{TracedResource, cluster, cluster_id, service};
use tranship_cloudformation::iam::{self, IamPolicy, PolicyStatement, arn};
use tranship_cloudformation::{
    FnSub, Join, LogicalId, Resource, ResourceRole, Template, TemplateOutput, TemplateValue, props,
};

/// Adds what runs the jobs.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let mut runs = Vec::new();
    for job in &plan.jobs {
        match &job.trigger {
            JobTrigger::BeforeDeploy(run) => runs.push(JobRun { job, run }),
            JobTrigger::Schedule(expression) => schedule(job, expression, template),
            JobTrigger::Manual => manual(job, template),
        }
    }
    task_runner::emit(template, &cluster_id(), &runs);
}

/// An output that a person can paste into a shell.
fn manual(job: &JobPlan, template: &mut Template) {
    let strategy = job.run.strategy.iter().fold(FnSub::new(), |sub, item| {
        sub.then(" capacityProvider=").value(&item.provider).then(format!(",weight={}", item.weight))
    });
    let mut command = FnSub::text("aws ecs run-task --cluster ")
        .reference(&cluster_id())
        .then(" --task-definition ")
        .reference(&job.run.task_definition)
        .then(" --capacity-provider-strategy")
        .append(strategy);
    if let Some(network) = &job.run.network {
        command = command
            .then(" --network-configuration 'awsvpcConfiguration={subnets=[")
            .value(Join(",", &network.subnets))
            .then("],securityGroups=[")
            .att(&network.security_group, "GroupId")
            .then("]}'");
    }
    let output = TemplateOutput::new(format!("Runs the job {}", job.name), command);
    template.add_output(&LogicalId::of(&job.name, ResourceRole::RunCommand), output);
}

fn schedule(job: &JobPlan, expression: &str, template: &mut Template) {
    let role = LogicalId::of(&job.name, ResourceRole::ScheduleRole);
    template.add(&role, schedule_role(job).traced(&job.from));
    let parameters = props! {
        "TaskDefinitionArn" => job.run.task_definition.reference(),
        "CapacityProviderStrategy" => cluster::strategy(&job.run.strategy),
        "NetworkConfiguration" => ?service::network(&job.run),
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
    let resource = resource.depends_on_all(&job.after).traced(&job.from);
    template.add(&LogicalId::of(&job.name, ResourceRole::Schedule), resource);
}

fn schedule_role(job: &JobPlan) -> Resource {
    let definition = arn::regional("ecs", "task-definition/").value(&job.family).then(":*");
    let pass = job.roles.iter().map(LogicalId::arn);
    let policy = IamPolicy::new()
        .with(PolicyStatement::allow(["ecs:RunTask"]).on(definition).when(
            "ArnEquals",
            "ecs:cluster",
            cluster_id().arn(),
        ))
        .with(PolicyStatement::allow(["iam:PassRole"]).on_all(pass).when(
            "StringEquals",
            "iam:PassedToService",
            TemplateValue::from("ecs-tasks.amazonaws.com"),
        ));
    Resource::new(
        "AWS::IAM::Role",
        props! {
            "AssumeRolePolicyDocument" => iam::trust_own_account("scheduler.amazonaws.com"),
            "Policies" => vec![policy.named("run-task")],
        },
    )
}
