//! Jobs: when they run, and what they wait for.

use super::planner::Planner;
use super::start_order::Prerequisites;
use super::{DeploymentRun, JobPlan, JobTrigger, TaskPlan, TaskRun, names};
use crate::ecs::rules;
use crate::ecs::task_runner;
use tranship_app::{At, JobTime, Role, Service};

/// The job of a task; nothing for the task of a service.
pub(super) fn plan(
    planner: &mut Planner<'_, '_>,
    prerequisites: &Prerequisites<'_>,
    task: &TaskPlan,
    run: TaskRun,
) -> Option<JobPlan> {
    let given = planner.app.services.get(&task.name)?;
    let Role::Job(job) = &given.role else { return None };
    let trigger = match &job.when {
        JobTime::BeforeDeploy => JobTrigger::BeforeDeploy(deployment_run(task)),
        JobTime::Manual => JobTrigger::Manual,
        JobTime::Schedule(expression) => JobTrigger::Schedule(schedule(planner, given, expression)),
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

fn schedule(planner: &mut Planner<'_, '_>, given: &Service, expression: &At<String>) -> String {
    let text = planner.exact(expression, "schedule: ScheduleExpression").clone();
    if !is_schedule(&text) {
        let message = format!("`{text}` of `{}` is not a schedule", given.name);
        let diagnostic = planner
            .about(&rules::SCHEDULE, given, expression, message)
            .help("write `rate(1 hour)`, or six fields such as `cron(0 3 * * ? *)`");
        planner.cx.diagnostics.push(diagnostic);
    }
    text
}

/// `rate(1 hour)`, `cron(0 3 * * ? *)`, `at(2027-01-01T00:00:00)` (EventBridge Scheduler User Guide, "Schedule types").
fn is_schedule(text: &str) -> bool {
    let Some((kind, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return false;
    };
    let words: Vec<&str> = inner.split_whitespace().collect();
    match (kind, words.as_slice()) {
        ("rate", [count, unit]) => {
            let units = ["minute", "minutes", "hour", "hours", "day", "days"];
            count.parse::<u32>().is_ok_and(|count| count > 0) && units.contains(unit)
        }
        // One of day of month and day of week must be `?`.
        ("cron", [_, _, day_of_month, _, day_of_week, _]) => *day_of_month == "?" || *day_of_week == "?",
        ("at", [_]) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_as_eventbridge_has_them() {
        let cases = [
            ("rate(1 hour)", true),
            ("rate(15 minutes)", true),
            ("rate(0 hours)", false),
            ("rate(1 week)", false),
            ("rate(1)", false),
            ("cron(0 3 * * ? *)", true),
            ("cron(0 3 ? * MON *)", true),
            ("cron(0 3 * * * *)", false),
            ("cron(0 3 * * ?)", false),
            ("0 3 * * *", false),
            ("at(2027-01-01T00:00:00)", true),
            ("at(2027-01-01 00:00)", false),
            ("rate(1 hour", false),
        ];
        for (text, legal) in cases {
            assert_eq!(is_schedule(text), legal, "{text}");
        }
    }
}
