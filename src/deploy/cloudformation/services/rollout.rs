//! What ECS says of a service -> what there is to tell of its rollout.
//!
//! In: a service as DescribeServices gives it. Out: [`Rollout`], and the messages that say more than it does.
//! Pure: what was told before is an argument.

use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service, ServiceEvent};
use std::fmt;

/// Two services of AWS do not have one clock: what ECS dates this many seconds before counts as after.
const CLOCKS: i64 = 2;

/// Messages of ECS that the counts of the rollout tell as well, or that merely lead to it. In: Amazon ECS
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

/// How far the newest deployment of a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rollout {
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub(super) state: String,
    /// Tasks that run.
    pub(super) running: i32,
    /// Tasks that are to run.
    pub(super) desired: i32,
    /// Tasks on their way.
    pub(super) pending: i32,
    /// Tasks that failed, one after another, as the circuit breaker counts them.
    pub(super) failed: i32,
    /// What the circuit breaker has to say.
    pub(super) reason: Option<String>,
}

impl Rollout {
    /// Of a service's PRIMARY deployment; nothing where the service is being deleted.
    pub(super) fn of(service: &Service) -> Option<Self> {
        if service.status() != Some("ACTIVE") {
            return None;
        }
        let primary = service.deployments().iter().find(|it| it.status() == Some("PRIMARY"))?;
        Some(Rollout {
            state: primary.rollout_state().map_or("IN_PROGRESS", |state| state.as_str()).to_owned(),
            running: primary.running_count(),
            desired: primary.desired_count(),
            pending: primary.pending_count(),
            failed: primary.failed_tasks(),
            reason: breaker(primary),
        })
    }

    /// Whether ECS has given it up.
    pub(super) fn has_failed(&self) -> bool {
        self.state == DeploymentRolloutState::Failed.as_str()
    }
}

/// Of a deployment that goes well the reason says nothing but that it does.
fn breaker(deployment: &Deployment) -> Option<String> {
    let reason = deployment.rollout_state_reason()?;
    let failed = deployment.rollout_state() == Some(&DeploymentRolloutState::Failed);
    (failed || reason.contains("circuit breaker")).then(|| reason.to_owned())
}

impl fmt::Display for Rollout {
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

/// Whether something of this time happened in an operation that began at `since`, in seconds since 1970.
pub(super) fn is_of_now(time: Option<&aws_sdk_ecs::primitives::DateTime>, since: i64) -> bool {
    time.is_some_and(|time| time.secs() + CLOCKS >= since)
}

/// What ECS says since then that was not told and that the counts do not say, oldest first, each text once.
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

/// A message without `(service shop-prod-AppService-1a2b)`: who it is about is said by its Compose name.
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
            let found =
                Rollout::of(&service(vec![old, deployment("PRIMARY", state, counts, reason)])).unwrap();
            assert_eq!(found.to_string(), text);
        }
    }

    #[test]
    fn a_service_that_is_deleted_has_no_rollout() {
        let primary = deployment("PRIMARY", DeploymentRolloutState::InProgress, [0, 0, 0, 0], "");
        let draining = Service::builder().status("DRAINING").deployments(primary).build();
        assert_eq!(Rollout::of(&draining), None);
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
