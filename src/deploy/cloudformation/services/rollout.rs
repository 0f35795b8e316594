//! Turns the ECS state of a service into what to report about its rollout.
//!
//! In: a service as DescribeServices returns it. Out: [`ServiceRollout`], and the messages that add information.
//! Pure: what was reported before is an argument.

use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service, ServiceEvent};
use std::fmt;

/// Clock skew between AWS services: ECS timestamps up to this many seconds earlier still count as after.
const CLOCKS: i64 = 2;

/// ECS messages that the rollout counts already cover, or that are only steps toward it. Source: Amazon ECS
/// Developer Guide, "Amazon ECS service event messages".
const ROUTINE: &[&str] = &[
    "deployment completed",
    "deregistered ",
    "has begun draining connections",
    "has reached a steady state",
    "has started ",
    "has stopped ",
    "registered ",
];

/// The progress of a service's newest deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServiceRollout {
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub(super) state: String,
    /// Running tasks.
    pub(super) running: i32,
    /// Desired tasks.
    pub(super) desired: i32,
    /// Pending tasks.
    pub(super) pending: i32,
    /// Consecutive failed tasks, as the circuit breaker counts them.
    pub(super) failed: i32,
    /// The circuit breaker's message.
    pub(super) reason: Option<String>,
}

impl ServiceRollout {
    /// From a service's PRIMARY deployment; `None` if the service is being deleted.
    pub(super) fn of(service: &Service) -> Option<Self> {
        if service.status() != Some("ACTIVE") {
            return None;
        }
        let primary = service.deployments().iter().find(|it| it.status() == Some("PRIMARY"))?;
        Some(ServiceRollout {
            state: primary.rollout_state().map_or("IN_PROGRESS", |state| state.as_str()).to_owned(),
            running: primary.running_count(),
            desired: primary.desired_count(),
            pending: primary.pending_count(),
            failed: primary.failed_tasks(),
            reason: breaker(primary),
        })
    }

    /// Whether ECS has given up on it.
    pub(super) fn has_failed(&self) -> bool {
        self.state == DeploymentRolloutState::Failed.as_str()
    }
}

/// For a successful deployment, the reason adds nothing.
fn breaker(deployment: &Deployment) -> Option<String> {
    let reason = deployment.rollout_state_reason()?;
    let failed = deployment.rollout_state() == Some(&DeploymentRolloutState::Failed);
    (failed || reason.contains("circuit breaker")).then(|| reason.to_owned())
}

impl fmt::Display for ServiceRollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} running", self.running, self.desired)?;
        for (count, word) in [(self.pending, "pending"), (self.failed, "failed")] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        match &self.reason {
            Some(reason) => write!(f, "; {reason}"),
            None => Ok(()),
        }
    }
}

/// Whether something happened during an operation that began at `since`; both in seconds since 1970.
pub(super) fn is_of_now(time: Option<&aws_sdk_ecs::primitives::DateTime>, since: i64) -> bool {
    time.is_some_and(|time| time.secs() + CLOCKS >= since)
}

/// New messages since then that the counts do not cover, oldest first, without duplicates.
pub(super) fn messages(service: &Service, since: i64, told: &[String]) -> Vec<String> {
    let mut fresh: Vec<&ServiceEvent> =
        service.events().iter().filter(|event| is_of_now(event.created_at(), since)).collect();
    fresh.reverse();
    let mut found: Vec<String> = Vec::new();
    for text in fresh.into_iter().filter_map(|event| event.message()).map(without_name) {
        let routine = ROUTINE.iter().any(|part| text.contains(part));
        if !routine && !told.iter().chain(&found).any(|it| it == text) {
            found.push(text.to_owned());
        }
    }
    found
}

/// Strips `(service shop-prod-AppService-1a2b)` from a message: the Compose name is shown instead.
fn without_name(message: &str) -> &str {
    let message = message.trim();
    match message.strip_prefix("(service ").and_then(|rest| rest.split_once(") ")) {
        Some((_, text)) => text,
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::primitives::DateTime;

    fn deployment(status: &str, state: DeploymentRolloutState, counts: [i32; 4], reason: &str) -> Deployment {
        let [running, desired, pending, failed] = counts;
        let counted = Deployment::builder().running_count(running).desired_count(desired);
        let counted = counted.pending_count(pending).failed_tasks(failed);
        counted.status(status).rollout_state(state).rollout_state_reason(reason).build()
    }

    fn service(deployments: Vec<Deployment>) -> Service {
        Service::builder().status("ACTIVE").set_deployments(Some(deployments)).build()
    }

    #[test]
    fn a_rollout_is_that_of_the_primary_deployment() {
        use DeploymentRolloutState::{Completed, Failed, InProgress};
        let usual = "ECS deployment ecs-svc/1 in progress.";
        let breaker = "ECS deployment circuit breaker: tasks failed to start.";
        for (state, counts, reason, text) in [
            (InProgress, [0, 2, 1, 0], usual, "0/2 running, 1 pending"),
            (Completed, [2, 2, 0, 0], "ECS deployment ecs-svc/1 completed.", "2/2 running"),
            (InProgress, [0, 1, 0, 3], usual, "0/1 running, 3 failed"),
            (
                Failed,
                [0, 1, 0, 3],
                breaker,
                "0/1 running, 3 failed; ECS deployment circuit breaker: tasks failed to start.",
            ),
        ] {
            let old = deployment("ACTIVE", Completed, [9, 9, 9, 9], "");
            let found = ServiceRollout::of(&service(vec![old, deployment("PRIMARY", state, counts, reason)]))
                .unwrap();
            assert_eq!(found.to_string(), text);
        }
    }

    #[test]
    fn a_service_that_is_deleted_has_no_rollout() {
        let primary = deployment("PRIMARY", DeploymentRolloutState::InProgress, [0, 0, 0, 0], "");
        let draining = Service::builder().status("DRAINING").deployments(primary).build();
        assert_eq!(ServiceRollout::of(&draining), None);
    }

    #[test]
    fn a_message_is_told_once_and_only_if_it_says_more_than_the_counts() {
        let event = |at: i64, text: &str| {
            ServiceEvent::builder().created_at(DateTime::from_secs(at)).message(text).build()
        };
        let place = "was unable to place a task because no container instance met all of its requirements.";
        let heard = service(Vec::new());
        let heard = Service::builder().set_status(heard.status).set_events(Some(vec![
            event(140, &format!("(service shop-App-1) {place}")),
            event(130, &format!("(service shop-App-1) {place}")),
            event(120, "(service shop-App-1) (port 80) is unhealthy in (target-group x) due to (reason y)."),
            event(110, "(service shop-App-1) has started 2 tasks: (task a) (task b)."),
            event(110, "(service shop-App-1) registered 1 targets in (target-group x)"),
            event(110, "(service shop-App-1) (deployment ecs-svc/1) deployment completed."),
            event(90, "(service shop-App-1) was unable to do something long ago"),
        ]));
        let heard = heard.build();
        let unhealthy = "(port 80) is unhealthy in (target-group x) due to (reason y).";
        assert_eq!(messages(&heard, 100, &[]), [unhealthy, place]);
        assert_eq!(messages(&heard, 100, &[place.to_owned()]), [unhealthy]);
        assert!(messages(&heard, 200, &[]).is_empty());
    }
}
