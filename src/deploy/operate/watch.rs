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

/// Receives the statuses of all environments, round after round.
pub trait StatusRounds: DeployProgress {
    /// A round, in the order of the environments.
    fn show(&mut self, round: &[DeploymentStatus]);
}

/// Reads the status of all environments until it is interrupted.
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
            sleep(if round.iter().any(is_busy) { BUSY } else { QUIET }).await;
        }
    };
    until_interrupted(work, interrupted)
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
