//! What a deployment would change, by value, and the plan that it makes.
//!
//! In: a [`TargetDeployment`], its artifacts, the options of a deployment. Out: [`DeploymentReview`]. Invariant: nothing is
//! changed at AWS.

use super::failure::{DeployFailure, FailureKind};
use super::progress::DeployProgress;
use super::{DeployOptions, beanstalk, cloudformation, run};
use crate::operation::difference::DeploymentDiff;
use crate::operation::plan_file::SavedPlan;
use tranship_artifact::ArtifactSet;
use tranship_targets::TargetDeployment;

/// What a deployment would change, and the plan for it.
#[derive(Debug, Clone)]
pub struct DeploymentReview {
    /// `stack shop-prod`.
    pub subject: String,
    /// The changes.
    pub diff: DeploymentDiff,
    /// The plan; its review is empty.
    pub plan: SavedPlan,
}

/// Compares the artifacts with what is deployed.
///
/// # Errors
/// See [`FailureKind`].
pub fn review(
    deployment: &TargetDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentReview, DeployFailure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        TargetDeployment::Stack(stack) => {
            cloudformation::review(session, stack, artifacts, options, progress).await
        }
        TargetDeployment::Beanstalk(environment) => {
            beanstalk::review(session, environment, artifacts, options, progress).await
        }
    })
}

/// Refuses to execute another plan than the one that was reviewed.
pub(super) fn check(options: &DeployOptions, now: &SavedPlan) -> Result<(), DeployFailure> {
    let Some(reason) = options.plan.as_ref().and_then(|plan| plan.objection(now)) else { return Ok(()) };
    Err(DeployFailure::new(FailureKind::Failed, format!("the plan cannot be executed: {reason}"))
        .help("nothing was changed; make and review a new plan with `tranship diff ENV --plan FILE`"))
}
