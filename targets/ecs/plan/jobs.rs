//! Jobs: when they run, and what they wait for.

use super::planner::EcsPlanner;
use super::start_order::StartPrerequisites;
use super::{CapacityPlan, DeploymentRun, JobPlan, JobTrigger, TaskPlan, TaskRun, names};
use crate::ecs::task_runner;
use tranship_app::{BehaviourEffect, JobTime, ServiceRole};

/// The job of a task; nothing for the task of a service.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    prerequisites: &StartPrerequisites<'_>,
    task: &TaskPlan,
    run: TaskRun,
    capacity: &CapacityPlan,
) -> Option<JobPlan> {
    let given = planner.app.services.get(&task.name)?;
    let ServiceRole::Job(job) = &given.role else { return None };
    if let Some(replicas) = &given.replicas {
        let (reason, became) = ("a job runs one task at a time", "job");
        match replicas.get() {
            1 => {
                planner.decided(replicas, became);
            }
            _ => {
                let effect = BehaviourEffect::ChangesBehaviour;
                planner.cx.ledger.approximated(replicas, effect, "1", reason, became);
            }
        }
    }
    let trigger = match &job.when {
        JobTime::BeforeDeploy => JobTrigger::BeforeDeploy(deployment_run(task)),
        JobTime::Manual => JobTrigger::Manual,
        JobTime::Schedule(expression) => {
            JobTrigger::Schedule(planner.exact(expression, "schedule: ScheduleExpression").to_string())
        }
    };
    // Spare capacity may be taken back in the middle of a migration, and nobody starts it again.
    let run = match &trigger {
        JobTrigger::BeforeDeploy(_) => TaskRun { strategy: capacity.uninterrupted.clone(), ..run },
        JobTrigger::Manual | JobTrigger::Schedule(_) => run,
    };
    Some(JobPlan {
        name: task.name.clone(),
        from: task.from.clone(),
        trigger,
        run,
        family: task.family.clone(),
        roles: task.roles(),
        after: prerequisites.of_job(task),
    })
}

/// The job's own container decides whether it succeeded.
fn deployment_run(task: &TaskPlan) -> DeploymentRun {
    DeploymentRun {
        container: names::container(&task.name),
        log_group: task.log_group(),
        timeout: task_runner::LONGEST,
    }
}
