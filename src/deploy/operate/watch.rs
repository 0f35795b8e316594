//! Follows the status of several environments at once.
//!
//! In: deployments with their options. Out: all their statuses, again and again. Invariants: one session for each environment, however
//! long it lasts; nothing is changed at AWS.

use crate::deploy::failure::{DeployFailure, FailureKind};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeploymentStatus, status_of, until_interrupted};
use std::time::Duration;
use tokio::time::sleep;
use tranship_targets::TargetDeployment;

/// Between two looks while something changes, and while nothing does.
const BUSY: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_secs(15);

/// Between two looks at whether someone still reads.
pub(super) const GLANCE: Duration = Duration::from_secs(1);

/// Receives the statuses of all environments, round after round.
pub trait StatusRounds: DeployProgress {
    /// A round, in the order of the environments.
    fn show(&mut self, round: &[DeploymentStatus]);
}

/// Reads the status of all environments until it is interrupted, or nobody reads it any more.
///
/// # Errors
/// See [`FailureKind`]. An interruption is one.
pub fn watch(
    environments: &[(TargetDeployment, DeployOptions)],
    view: &mut dyn StatusRounds,
) -> Result<(), DeployFailure> {
    let work = async {
        let opened = open_all(environments).await?;
        loop {
            let mut round = Vec::new();
            for (session, deployment) in &opened {
                round.push(status_of(session, deployment, view).await?);
            }
            view.show(&round);
            let length = if round.iter().any(is_busy) { BUSY } else { QUIET };
            if !pause(length, GLANCE, &|| view.is_read()).await {
                return Ok(());
            }
        }
    };
    until_interrupted(work, interrupted)
}

/// Waits, and says whether someone still reads: at once, where the reader has left.
pub(super) async fn pause(mut left: Duration, glance: Duration, is_read: &dyn Fn() -> bool) -> bool {
    while is_read() {
        if left.is_zero() {
            return true;
        }
        let step = left.min(glance);
        sleep(step).await;
        left = left.saturating_sub(step);
    }
    false
}

/// A session for each environment, in the right account.
pub(super) async fn open_all(
    environments: &[(TargetDeployment, DeployOptions)],
) -> Result<Vec<(AwsSession, &TargetDeployment)>, DeployFailure> {
    let mut opened = Vec::new();
    for (deployment, options) in environments {
        let session = AwsSession::open(deployment.region(), options.profile.as_deref()).await?;
        session.expect_account(deployment.account())?;
        opened.push((session, deployment));
    }
    Ok(opened)
}

/// What is followed ends like this only.
pub(super) fn interrupted() -> DeployFailure {
    DeployFailure::new(FailureKind::Interrupted, "interrupted; nothing is being changed")
}

/// Whether a deployment is changing: its stack or environment, or the rollout of a service.
fn is_busy(status: &DeploymentStatus) -> bool {
    let state = status.state.as_deref().unwrap_or_default();
    let changing =
        state.ends_with("_IN_PROGRESS") || ["Launching", "Updating", "Terminating"].contains(&state);
    changing || status.services.iter().any(|service| service.rollout == "IN_PROGRESS")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::ServiceStatus;
    use std::cell::Cell;
    use tokio::time::Instant;

    /// How many times a pause looks, how long it takes, and what it says, where the reader leaves at a look.
    fn paused(milliseconds: u64, leaves: usize) -> (usize, Duration, bool) {
        let (looks, start) = (Cell::new(0), Instant::now());
        let is_read = || {
            looks.set(looks.get() + 1);
            looks.get() != leaves
        };
        let (length, glance) = (Duration::from_millis(milliseconds), Duration::from_millis(20));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let goes_on = runtime.block_on(pause(length, glance, &is_read));
        (looks.get(), start.elapsed(), goes_on)
    }

    #[test]
    fn a_pause_ends_when_the_reader_has_left() {
        let (looks, time, goes_on) = paused(50, usize::MAX);
        assert_eq!((looks, goes_on), (4, true), "at the start, after 20, 40 and 50 ms");
        assert!(time >= Duration::from_millis(50), "{time:?}");
        let (looks, time, goes_on) = paused(60_000, 2);
        assert_eq!((looks, goes_on), (2, false));
        assert!(time < Duration::from_secs(30), "{time:?}");
        assert!(!paused(60_000, 1).2);
    }

    #[test]
    fn what_changes_is_looked_at_more_often() {
        let status = |state: Option<&str>, rollout: &str| DeploymentStatus {
            subject: String::new(),
            state: state.map(str::to_owned),
            healthy: true,
            facts: Vec::new(),
            variables: Vec::new(),
            services: vec![ServiceStatus {
                name: String::new(),
                rollout: rollout.to_owned(),
                running: 1,
                desired: 1,
                pending: 0,
                reason: None,
                since: None,
                image: None,
                digest: None,
                targets: None,
            }],
            drift: None,
        };
        for (state, rollout, busy) in [
            (Some("UPDATE_COMPLETE"), "COMPLETED", false),
            (Some("UPDATE_COMPLETE"), "FAILED", false),
            (Some("UPDATE_COMPLETE"), "IN_PROGRESS", true),
            (Some("UPDATE_IN_PROGRESS"), "COMPLETED", true),
            (Some("UPDATE_ROLLBACK_IN_PROGRESS"), "COMPLETED", true),
            (Some("Updating"), "COMPLETED", true),
            (Some("Ready"), "COMPLETED", false),
            (None, "COMPLETED", false),
        ] {
            assert_eq!(is_busy(&status(state, rollout)), busy, "{state:?} {rollout}");
        }
    }
}
