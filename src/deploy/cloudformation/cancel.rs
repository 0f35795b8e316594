//! Stops an update of a stack that is in progress.
//!
//! In: a stack. Out: the stack as it was before the update. A creation cannot be cancelled, only deleted.

use super::application::DeployedApplication;
use super::follow::{self, EventBookmark};
use super::services::ServiceWatch;
use super::stack::{DeployedStack, find};
use super::{own, separate};
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, confirm};
use aws_sdk_cloudformation::types::StackStatus;
use tranship_targets::StackDeployment;

/// Cancels the update, and waits until the stack is as it was.
pub(in crate::deploy) async fn cancel(
    session: &AwsSession,
    deployment: &StackDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let (client, name) = (session.cloudformation(), &deployment.stack);
    let Some(application) = DeployedApplication::find(&client, deployment).await? else {
        return Err(session.not_deployed(&format!("stack {name}")));
    };
    let [stack] = application.stacks.as_slice() else {
        return Box::pin(separate::cancel(session, deployment, &application, options, progress)).await;
    };
    own(&client, name, stack, options).await?;
    let failed = is_left(stack);
    if !stack.is_busy() && !failed {
        progress.message(&format!("nothing is in progress: the stack {name} is {}", stack.status.as_str()));
        return Ok(DeployOutcome { changed: false, outputs: Vec::new() });
    }
    if failed {
        confirm(session, options, "roll the failed update back?").await?;
    } else if stack.status == StackStatus::UpdateInProgress {
        confirm(session, options, "cancel this update, and go back to what ran before?").await?;
    } else {
        return Err(not_cancellable(name, &stack.status));
    }
    undo(session, deployment, stack, options, progress).await
}

/// Whether a failed update was left as it was, which `--no-rollback` asks for.
pub(super) fn is_left(stack: &DeployedStack) -> bool {
    stack.status == StackStatus::UpdateFailed
}

/// Cancels the update of one stack, or rolls back what a failed one left, and waits until the stack is as it was.
pub(super) async fn undo(
    session: &AwsSession,
    deployment: &StackDeployment,
    stack: &DeployedStack,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let (client, name) = (session.cloudformation(), &deployment.stack);
    if is_left(stack) {
        let mark = EventBookmark::now(&client, &stack.id).await?;
        let begun = client.rollback_stack().stack_name(&stack.id).send().await;
        begun.map_err(|error| sdk("roll the failed update back", error))?;
        return rolled_back(session, deployment, &stack.id, mark, options, progress).await;
    }
    let mark = EventBookmark::of_current(&client, &stack.id).await?;
    if let Err(error) = client.cancel_update_stack().stack_name(&stack.id).send().await {
        let failure = sdk("cancel the update", error);
        // It may have ended between the two calls, or the call was carried out and its answer lost.
        let now = find(&client, name).await?.ok_or_else(|| failure.clone())?;
        match now.status {
            StackStatus::UpdateComplete => return Ok(too_late(now.outputs, progress)),
            StackStatus::UpdateRollbackInProgress | StackStatus::UpdateRollbackComplete => {}
            _ => return Err(failure),
        }
    }
    rolled_back(session, deployment, &stack.id, mark, options, progress).await
}

/// CloudFormation cancels updates alone.
fn not_cancellable(name: &str, status: &StackStatus) -> DeployFailure {
    let failure =
        DeployFailure::failed(format!("the stack {name} is {}, which cannot be cancelled", status.as_str()));
    match status {
        StackStatus::CreateInProgress => failure.help("`tranship down ENV` deletes what is being created"),
        _ => failure.help("`tranship events ENV` shows what it does; wait for its end"),
    }
}

async fn rolled_back(
    session: &AwsSession,
    deployment: &StackDeployment,
    id: &str,
    mark: EventBookmark,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let name = &deployment.stack;
    session.underway(format!("the rollback of the stack {name}"));
    let watch = ServiceWatch::new(session, &deployment.services);
    let end = follow::follow(session, id, mark, options.timeout, &watch, progress).await?;
    session.settled();
    match end.stack.status {
        StackStatus::UpdateRollbackComplete => {
            Ok(DeployOutcome { changed: true, outputs: end.stack.outputs })
        }
        // It was done before the call came.
        StackStatus::UpdateComplete => Ok(too_late(end.stack.outputs, progress)),
        _ => Err(end.failure(&session.cloudformation(), &format!("the stack {name}"), &watch).await),
    }
}

fn too_late(outputs: Vec<(String, String)>, progress: &mut dyn DeployProgress) -> DeployOutcome {
    progress.warn("the update ended before it could be cancelled: `tranship rollback ENV` goes back");
    DeployOutcome { changed: false, outputs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_cancelled_says_what_can_be_done() {
        let creation = not_cancellable("shop", &StackStatus::CreateInProgress);
        assert_eq!(creation.message, "the stack shop is CREATE_IN_PROGRESS, which cannot be cancelled");
        assert_eq!(creation.help, ["`tranship down ENV` deletes what is being created"]);
        let deletion = not_cancellable("shop", &StackStatus::DeleteInProgress);
        assert_eq!(deletion.message, "the stack shop is DELETE_IN_PROGRESS, which cannot be cancelled");
        assert_eq!(deletion.help, ["`tranship events ENV` shows what it does; wait for its end"]);
    }
}
