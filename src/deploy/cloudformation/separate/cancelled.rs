//! Stops the updates of independent stacks that are in progress.
//!
//! In: the stacks of an application. Out: each of them as it was before its own update. Invariant: a stack whose update has
//! ended keeps it, and that is said: no operation of CloudFormation covers several stacks.

use super::super::application::DeployedApplication;
use super::super::cancel::{is_left, undo};
use super::super::own;
use super::super::stack::DeployedStack;
use super::stack_progress::StackProgress;
use super::{SharedProgress, TOGETHER, side_by_side};
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, confirm};
use aws_sdk_cloudformation::types::StackStatus;
use std::cell::{Cell, RefCell};
use tranship_targets::StackDeployment;

/// Cancels the updates, and waits until the stacks are as they were.
pub(in crate::deploy::cloudformation) async fn cancel(
    session: &AwsSession,
    deployment: &StackDeployment,
    application: &DeployedApplication,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let client = session.cloudformation();
    for stack in &application.stacks {
        own(&client, stack.name(), stack, options).await?;
    }
    let (open, other) = split(application);
    if open.is_empty() && other.is_empty() {
        progress
            .message(&format!("nothing is in progress: no stack of {} is being changed", deployment.stack));
        return Ok(DeployOutcome { changed: false, outputs: Vec::new() });
    }
    if open.is_empty() {
        return Err(impossible(&other));
    }
    for stack in &other {
        progress.warn(&format!("{} is {}, which cannot be cancelled", stack.name(), stack.status.as_str()));
    }
    for stack in &open {
        progress.message(&format!("{} is {}", stack.name(), stack.status.as_str()));
    }
    confirm(session, options, "take these stacks back to what they were?").await?;
    let shared: SharedProgress<'_> = RefCell::new(progress);
    let changed = Cell::new(false);
    session.several(Some(format!("what has begun of the rollback of {}", deployment.stack)));
    let work = open.iter().map(async |stack| {
        let mut own = StackProgress::new(&shared, stack.name(), &deployment.stack);
        let one = StackDeployment {
            stack: stack.name().to_owned(),
            services: deployment.services.clone(),
            ..StackDeployment::default()
        };
        let outcome = undo(session, &one, stack, options, &mut own).await?;
        changed.set(changed.get() || outcome.changed);
        Ok::<(), DeployFailure>(())
    });
    let done = side_by_side::run(TOGETHER, work).await;
    session.several(None);
    done?;
    shared.borrow_mut().message(
        "stacks whose update had ended keep it: `tranship deploy ENV`, of what ran before, takes them back",
    );
    Ok(DeployOutcome { changed: changed.get(), outputs: Vec::new() })
}

/// The stacks that can be taken back, and those that are being changed otherwise.
fn split(application: &DeployedApplication) -> (Vec<&DeployedStack>, Vec<&DeployedStack>) {
    let undone = |it: &&DeployedStack| is_left(it) || it.status == StackStatus::UpdateInProgress;
    let open = application.stacks.iter().filter(|it| it.is_busy() || is_left(it));
    open.partition(undone)
}

fn impossible(stacks: &[&DeployedStack]) -> DeployFailure {
    let failure = DeployFailure::failed("no update of a stack is in progress that could be cancelled");
    let line = |it: &&DeployedStack| format!("{} is {}", it.name(), it.status.as_str());
    let failure = stacks.iter().take(TOGETHER).map(line).fold(failure, DeployFailure::help);
    let failure = failure.help("`tranship events ENV` shows what they do; wait for their end");
    match stacks.iter().any(|it| it.status == StackStatus::CreateInProgress) {
        true => failure.help("`tranship down ENV` deletes what is being created"),
        false => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::StackStatus::{
        CreateComplete, CreateInProgress, UpdateComplete, UpdateFailed, UpdateInProgress,
        UpdateRollbackInProgress,
    };

    #[test]
    fn only_updates_are_taken_back() {
        let stack = |name: &str, status: StackStatus| DeployedStack { status, ..DeployedStack::sample(name) };
        let application = DeployedApplication {
            stacks: vec![
                stack("shop", UpdateComplete),
                stack("shop-A", UpdateInProgress),
                stack("shop-B", UpdateFailed),
                stack("shop-C", CreateInProgress),
                stack("shop-D", UpdateRollbackInProgress),
                stack("shop-E", CreateComplete),
            ],
        };
        let names = |all: &[&DeployedStack]| all.iter().map(|it| it.name().to_owned()).collect::<Vec<_>>();
        let (open, other) = split(&application);
        assert_eq!(
            (names(&open), names(&other)),
            (vec!["shop-A".to_owned(), "shop-B".to_owned()], vec!["shop-C".to_owned(), "shop-D".to_owned()])
        );
        assert_eq!(
            impossible(&other).help,
            [
                "shop-C is CREATE_IN_PROGRESS",
                "shop-D is UPDATE_ROLLBACK_IN_PROGRESS",
                "`tranship events ENV` shows what they do; wait for their end",
                "`tranship down ENV` deletes what is being created",
            ]
        );
        assert_eq!(impossible(&other[1..]).help.len(), 2);
    }
}
