//! Analyzes a stopped task: whether it failed, why, and which of its containers is at fault.
//!
//! In: tasks as DescribeTasks returns them. Out: text. Pure. The codes and reason prefixes are those of
//! the Amazon ECS Developer Guide, "Stopped tasks error codes".

use super::rollout::is_of_now;
use aws_sdk_ecs::types::{Container, HealthStatus, Task, TaskStopCode};

/// Exit codes of a container that was asked or forced to stop: SIGTERM and SIGKILL.
const SIGNALLED: &[i32] = &[137, 143];

/// The last segment of a task's ARN.
pub(super) fn id(task: &Task) -> &str {
    task.task_arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
}

/// Whether its end is final: ECS keeps a task for a while after its containers have stopped.
pub(super) fn has_ended(task: &Task) -> bool {
    task.last_status() == Some("STOPPED") || task.execution_stopped_at().is_some()
}

/// Whether the task belongs to that service, started since then, and was not stopped by scaling in.
pub(super) fn is_failure(task: &Task, service: &str, since: i64) -> bool {
    let scaled = task.stop_code() == Some(&TaskStopCode::ServiceSchedulerInitiated)
        && task.stopped_reason().is_some_and(|reason| reason.starts_with("Scaling activity initiated by"));
    belongs_to(task, service) && is_of_now(task.created_at(), since) && has_ended(task) && !scaled
}

/// Whether the service started it.
pub(super) fn belongs_to(task: &Task, service: &str) -> bool {
    task.group().and_then(|group| group.strip_prefix("service:")) == Some(service)
}

/// Why it stopped, and how its containers ended, in AWS's words.
pub(super) fn story(task: &Task) -> String {
    let reason = task.stopped_reason().filter(|reason| !reason.is_empty()).unwrap_or("no reason given");
    let containers = task.containers().iter().filter_map(|it| ending(it, reason));
    std::iter::once(reason.to_owned()).chain(containers).collect::<Vec<_>>().join("; ")
}

fn ending(container: &Container, told: &str) -> Option<String> {
    let name = container.name().unwrap_or_default();
    let reason = container.reason().filter(|reason| !reason.is_empty() && !told.contains(reason));
    match (container.exit_code(), reason) {
        (Some(code), Some(reason)) => Some(format!("container {name}: exit code {code}, {reason}")),
        (Some(code), None) => Some(format!("container {name}: exit code {code}")),
        (None, Some(reason)) => Some(format!("container {name}: {reason}")),
        (None, None) => None,
    }
}

/// The task that best explains why a service does not start: a task that ended by itself over one that ECS
/// stopped as unhealthy, and of those the latest.
pub(super) fn explaining(tasks: &[Task]) -> Option<&Task> {
    let rank = |task: &Task| match task.stop_code() {
        Some(TaskStopCode::EssentialContainerExited | TaskStopCode::TaskFailedToStart) => 2,
        Some(TaskStopCode::ServiceSchedulerInitiated) => 1,
        _ => 0,
    };
    tasks.iter().max_by_key(|task| (rank(task), task.stopped_at().map(|time| time.secs())))
}

/// The container that made a task of this service stop. When an essential container ends, ECS stops the others, so
/// a container ended by a signal is not at fault unless something else says so.
pub(super) fn culprit<'a>(task: &'a Task, service: &str) -> Option<&'a Container> {
    let rank = |it: &Container| {
        let own = it.name() == Some(service);
        let said = it.reason().is_some_and(|reason| !reason.is_empty());
        let ill = it.health_status() == Some(&HealthStatus::Unhealthy);
        let bad = it.exit_code().is_some_and(|code| code != 0 && !SIGNALLED.contains(&code));
        (said, ill && !bad, bad, own, it.exit_code().is_some())
    };
    // On a tie, the first in the task definition.
    task.containers().iter().rev().max_by_key(|it| rank(it))
}

/// The root cause, to follow `service app: `.
pub(super) fn cause(task: &Task, service: &str) -> String {
    let culprit = culprit(task, service);
    let name = culprit.and_then(|it| it.name()).unwrap_or(service);
    let own = culprit.and_then(|it| it.reason()).filter(|reason| !reason.is_empty());
    let reason = own.or(task.stopped_reason()).filter(|it| !it.is_empty()).unwrap_or("no reason given");
    let code = culprit.and_then(|it| it.exit_code());
    match (task.stop_code(), code) {
        // If only the task has the reason, any of its images may be the cause.
        _ if reason.starts_with("CannotPull") && (own.is_some() || task.containers().len() == 1) => {
            format!("cannot pull the image of container {name}: {reason}")
        }
        _ if reason.starts_with("CannotPull") => format!("cannot pull an image: {reason}"),
        _ if reason.starts_with("ResourceInitializationError") => {
            format!("cannot set up a task: {reason}")
        }
        _ if reason.starts_with("OutOfMemory") => format!("container {name} ran out of memory: {reason}"),
        (Some(TaskStopCode::EssentialContainerExited), Some(code)) => ended(name, code, own),
        (Some(TaskStopCode::TaskFailedToStart), Some(code)) if code != 0 => ended(name, code, own),
        (Some(TaskStopCode::TaskFailedToStart), _) => format!("a task did not start: {reason}"),
        _ => format!("a task was stopped: {}", task.stopped_reason().unwrap_or(reason)),
    }
}

fn ended(name: &str, code: i32, reason: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("container {name} exited with code {code}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::primitives::DateTime;
    use aws_sdk_ecs::types::builders::TaskBuilder;

    fn stopped(code: TaskStopCode, reason: &str, containers: &[(&str, Option<i32>, &str)]) -> TaskBuilder {
        let containers = containers.iter().map(|(name, code, reason)| {
            let reason = (!reason.is_empty()).then(|| (*reason).to_owned());
            Container::builder().name(*name).set_exit_code(*code).set_reason(reason).build()
        });
        Task::builder()
            .last_status("STOPPED")
            .group("service:shop-App-1")
            .stop_code(code)
            .stopped_reason(reason)
            .created_at(DateTime::from_secs(100))
            .set_containers(Some(containers.collect()))
    }

    const EXITED: &str = "Essential container in task exited";

    #[test]
    fn the_root_of_each_end_is_named() {
        use TaskStopCode::{EssentialContainerExited, ServiceSchedulerInitiated, TaskFailedToStart};
        let pull = "CannotPullContainerError: pull access denied for shop";
        let secret = "ResourceInitializationError: unable to pull secrets or registry auth";
        let health = "Task failed ELB health checks in (target-group x)";
        let memory = "OutOfMemoryError: Container killed due to memory usage";
        let dependency = "Dependency container init did not complete successfully";
        for (code, reason, containers, expected) in [
            (
                EssentialContainerExited,
                EXITED,
                vec![("app", Some(1), ""), ("log", Some(143), "")],
                "container app exited with code 1",
            ),
            (
                EssentialContainerExited,
                EXITED,
                vec![("log", Some(137), ""), ("app", Some(0), "")],
                "container app exited with code 0",
            ),
            (
                EssentialContainerExited,
                EXITED,
                vec![("app", Some(143), ""), ("proxy", Some(2), "")],
                "container proxy exited with code 2",
            ),
            (
                EssentialContainerExited,
                EXITED,
                vec![("app", Some(137), memory), ("proxy", Some(143), "")],
                "container app ran out of memory: OutOfMemoryError: Container killed due to memory usage",
            ),
            (
                EssentialContainerExited,
                EXITED,
                vec![("app", Some(128), "CannotStartContainerError: no such file")],
                "container app exited with code 128: CannotStartContainerError: no such file",
            ),
            (
                TaskFailedToStart,
                pull,
                vec![("proxy", None, ""), ("app", None, "")],
                "cannot pull an image: CannotPullContainerError: pull access denied for shop",
            ),
            (
                TaskFailedToStart,
                pull,
                vec![("app", None, "")],
                "cannot pull the image of container app: \
                 CannotPullContainerError: pull access denied for shop",
            ),
            (
                TaskFailedToStart,
                pull,
                vec![("proxy", None, pull), ("app", None, "")],
                "cannot pull the image of container proxy: \
                 CannotPullContainerError: pull access denied for shop",
            ),
            (
                TaskFailedToStart,
                secret,
                vec![("app", None, "")],
                "cannot set up a task: \
                 ResourceInitializationError: unable to pull secrets or registry auth",
            ),
            (
                TaskFailedToStart,
                dependency,
                vec![("init", Some(3), ""), ("app", None, "")],
                "container init exited with code 3",
            ),
            (
                ServiceSchedulerInitiated,
                health,
                vec![("app", Some(137), "")],
                "a task was stopped: Task failed ELB health checks in (target-group x)",
            ),
        ] {
            assert_eq!(cause(&stopped(code, reason, &containers).build(), "app"), expected);
        }
    }

    #[test]
    fn the_task_that_ended_by_itself_explains_more_than_the_one_that_was_stopped() {
        let at = |builder: TaskBuilder, id: &str, seconds| {
            builder.task_arn(format!("task/shop/{id}")).stopped_at(DateTime::from_secs(seconds)).build()
        };
        let ended = |seconds: i64| {
            at(stopped(TaskStopCode::EssentialContainerExited, EXITED, &[]), &seconds.to_string(), seconds)
        };
        let ill = at(stopped(TaskStopCode::ServiceSchedulerInitiated, "Task failed", &[]), "ill", 900);
        let by_hand = at(stopped(TaskStopCode::UserInitiated, "by hand", &[]), "hand", 950);
        let pick = |tasks: &[Task]| explaining(tasks).map(|task| id(task).to_owned());
        assert_eq!(pick(&[ended(100), ended(300), ended(200), ill.clone()]).as_deref(), Some("300"));
        assert_eq!(pick(&[by_hand, ill]).as_deref(), Some("ill"));
        assert_eq!(pick(&[]), None);
    }

    #[test]
    fn only_what_failed_now_counts() {
        use TaskStopCode::{EssentialContainerExited, ServiceSchedulerInitiated};
        let failed = |builder: TaskBuilder| is_failure(&builder.build(), "shop-App-1", 100);
        let exited = || stopped(EssentialContainerExited, EXITED, &[]);
        let scaled = "Scaling activity initiated by (deployment ecs-svc/1)";
        assert!(failed(exited()));
        assert!(failed(stopped(ServiceSchedulerInitiated, "Task failed container health checks", &[])));
        assert!(!failed(stopped(ServiceSchedulerInitiated, scaled, &[])), "there are to be fewer");
        assert!(!failed(exited().group("service:shop-Worker-1")), "of another service");
        assert!(!failed(exited().created_at(DateTime::from_secs(50))), "of an earlier deployment");
        assert!(!failed(exited().last_status("STOPPING")), "its exit codes are not known yet");
        let gone = exited().last_status("DEPROVISIONING").execution_stopped_at(DateTime::from_secs(120));
        assert!(failed(gone));
    }

    #[test]
    fn a_story_says_each_thing_once() {
        let pull = "CannotPullContainerError: denied";
        let task = stopped(TaskStopCode::TaskFailedToStart, pull, &[("app", None, pull)]).build();
        assert_eq!(story(&task), pull);
        let task = stopped(
            TaskStopCode::EssentialContainerExited,
            EXITED,
            &[("app", Some(1), ""), ("log", Some(137), "killed")],
        );
        assert_eq!(
            story(&task.build()),
            "Essential container in task exited; container app: exit code 1; container log: exit code 137, killed"
        );
    }
}
