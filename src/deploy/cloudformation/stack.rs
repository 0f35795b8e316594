//! The state of a stack in CloudFormation.
//!
//! In: a name or an id. Out: [`DeployedStack`], or `None` if it does not exist.

use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::ownership::ProjectMark;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{Stack as Described, StackStatus};
use std::collections::{BTreeMap, BTreeSet};
use tranship_cloudformation::HANDED_OUT;

/// A stack and its current state.
#[derive(Debug, Clone)]
pub(in crate::deploy) struct DeployedStack {
    /// Its unique id, which survives its deletion.
    pub(in crate::deploy) id: String,
    /// Its state.
    pub(in crate::deploy) status: StackStatus,
    /// The reason of the state.
    pub(in crate::deploy) reason: String,
    /// The values of its outputs.
    pub(in crate::deploy) outputs: Vec<(String, String)>,
    /// The outputs that only hand something to other stacks of the application.
    pub(super) handed_out: BTreeSet<String>,
    /// When it was last changed, as AWS writes it.
    pub(in crate::deploy) changed: String,
    /// The values of its parameters; asterisks for secrets.
    pub(super) parameters: BTreeMap<String, String>,
    /// Its tags.
    pub(super) tags: Vec<(String, String)>,
}

/// Finds a stack by name or id. A deleted stack is only found by its id.
pub(in crate::deploy) async fn find(
    client: &Client,
    name: &str,
) -> Result<Option<DeployedStack>, DeployFailure> {
    match client.describe_stacks().stack_name(name).send().await {
        Ok(answer) => Ok(answer.stacks().first().map(read)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(sdk(&format!("find the stack {name}"), error)),
    }
}

/// CloudFormation has no specific error for a stack that does not exist.
pub(super) fn is_absent<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.code() == Some("ValidationError")
            && error.message().is_some_and(|text| text.contains("does not exist"))
    })
}

pub(super) fn read(stack: &Described) -> DeployedStack {
    let pair = |(name, value): (Option<&str>, Option<&str>)| Some((name?.to_owned(), value?.to_owned()));
    let changed = stack.last_updated_time().or(stack.creation_time());
    DeployedStack {
        id: stack.stack_id().unwrap_or_default().to_owned(),
        status: stack.stack_status().cloned().unwrap_or_else(|| StackStatus::from("UNKNOWN")),
        reason: stack.stack_status_reason().unwrap_or_default().to_owned(),
        outputs: stack.outputs().iter().filter_map(|o| pair((o.output_key(), o.output_value()))).collect(),
        handed_out: stack
            .outputs()
            .iter()
            .filter(|it| it.description().is_some_and(|what| what.starts_with(HANDED_OUT)))
            .filter_map(|it| it.output_key().map(str::to_owned))
            .collect(),
        parameters: stack
            .parameters()
            .iter()
            .filter_map(|p| pair((p.parameter_key(), p.parameter_value())))
            .collect(),
        tags: stack.tags().iter().filter_map(|tag| pair((tag.key(), tag.value()))).collect(),
        changed: changed.map(ToString::to_string).unwrap_or_default(),
    }
}

/// A stack without parameters, for tests.
#[cfg(test)]
pub(super) fn tests_stack() -> DeployedStack {
    read(&Described::builder().build())
}

#[cfg(test)]
impl DeployedStack {
    /// A stack of this name, for tests.
    pub(in crate::deploy) fn sample(name: &str) -> Self {
        let id = format!("arn:aws:cloudformation:eu-west-1:1:stack/{name}/0");
        DeployedStack { id, ..tests_stack() }
    }

    /// Gives it a parameter.
    pub(in crate::deploy) fn set_parameter(&mut self, name: &str, value: &str) {
        self.parameters.insert(name.to_owned(), value.to_owned());
    }
}

impl DeployedStack {
    /// Its name, which its id has: `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UNIQUE`.
    pub(in crate::deploy) fn name(&self) -> &str {
        let name = self.id.split_once(":stack/").map(|(_, rest)| rest.split('/').next());
        name.flatten().unwrap_or(&self.id)
    }

    /// Whether an operation is in progress.
    pub(in crate::deploy) fn is_busy(&self) -> bool {
        self.status.as_str().ends_with("_IN_PROGRESS") && self.status != StackStatus::ReviewInProgress
    }

    /// Whether it is only the place of a change set that was never executed: it has no resources.
    pub(super) fn is_empty(&self) -> bool {
        self.status == StackStatus::ReviewInProgress
    }

    /// Whether no project has marked it: an import sets no tags, so a stack that was made by one has none until its first
    /// update has ended.
    pub(super) fn is_unmarked(&self) -> bool {
        ProjectMark::is_missing(&self.tags)
    }

    /// Whether it has nothing but what was attached to it.
    pub(super) fn is_unfinished(&self) -> bool {
        self.status == StackStatus::ImportComplete && self.is_unmarked()
    }

    /// Whether it can be updated.
    pub(super) fn is_updatable(&self) -> bool {
        use StackStatus::{
            CreateComplete, ImportComplete, ImportRollbackComplete, UpdateComplete, UpdateFailed,
            UpdateRollbackComplete,
        };
        matches!(
            self.status,
            CreateComplete
                | UpdateComplete
                | UpdateRollbackComplete
                | UpdateFailed
                | ImportComplete
                | ImportRollbackComplete
        )
    }

    /// Whether it is left over from a failed first create: it can only be deleted.
    pub(super) fn is_remains(&self) -> bool {
        use StackStatus::{CreateFailed, RollbackComplete, RollbackFailed};
        matches!(self.status, RollbackComplete | RollbackFailed | CreateFailed)
    }

    /// Whether the last operation succeeded.
    pub(in crate::deploy) fn succeeded(&self) -> bool {
        use StackStatus::{CreateComplete, DeleteComplete, ImportComplete, UpdateComplete};
        matches!(self.status, CreateComplete | UpdateComplete | DeleteComplete | ImportComplete)
    }

    /// Whether it is as it was to be.
    pub(in crate::deploy) fn is_done(&self) -> bool {
        self.succeeded() && !self.is_unfinished()
    }

    /// The values of its parameters.
    pub(in crate::deploy) fn parameters(&self) -> &BTreeMap<String, String> {
        &self.parameters
    }

    /// The names of its parameters.
    pub(super) fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// The names of the parameters that were set when it was deployed, as opposed to those left to the template's
    /// default at the time.
    pub(super) async fn given_parameters(&self, client: &Client) -> Result<Vec<String>, DeployFailure> {
        let summary = client.get_template_summary().stack_name(&self.id).send().await;
        let summary = summary.map_err(|error| sdk("read the stack's parameters", error))?;
        let declared = |name: &str| summary.parameters().iter().find(|p| p.parameter_key() == Some(name));
        let given = |name: &str, value: &str| {
            declared(name)
                .and_then(|parameter| parameter.default_value())
                .is_none_or(|default| default != value)
        };
        Ok(self
            .parameters
            .iter()
            .filter(|(name, value)| given(name, value))
            .map(|(name, _)| name.clone())
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_what_can_be_done() {
        // Busy, empty, unfinished, updatable, remains, succeeded.
        for (status, is) in [
            ("REVIEW_IN_PROGRESS", [false, true, false, false, false, false]),
            ("CREATE_IN_PROGRESS", [true, false, false, false, false, false]),
            ("CREATE_COMPLETE", [false, false, false, true, false, true]),
            ("CREATE_FAILED", [false, false, false, false, true, false]),
            ("ROLLBACK_COMPLETE", [false, false, false, false, true, false]),
            ("ROLLBACK_FAILED", [false, false, false, false, true, false]),
            ("UPDATE_IN_PROGRESS", [true, false, false, false, false, false]),
            ("UPDATE_COMPLETE", [false, false, false, true, false, true]),
            ("UPDATE_FAILED", [false, false, false, true, false, false]),
            ("UPDATE_ROLLBACK_COMPLETE", [false, false, false, true, false, false]),
            ("UPDATE_ROLLBACK_FAILED", [false, false, false, false, false, false]),
            ("IMPORT_COMPLETE", [false, false, true, true, false, true]),
            ("IMPORT_ROLLBACK_COMPLETE", [false, false, false, true, false, false]),
            ("DELETE_COMPLETE", [false, false, false, false, false, true]),
        ] {
            let stack = DeployedStack { status: StackStatus::from(status), ..tests_stack() };
            let found = [
                stack.is_busy(),
                stack.is_empty(),
                stack.is_unfinished(),
                stack.is_updatable(),
                stack.is_remains(),
                stack.succeeded(),
            ];
            assert_eq!(found, is, "{status}");
            let tags = vec![("tranship:project".to_owned(), "shop".to_owned())];
            let marked = DeployedStack { tags, ..stack.clone() };
            assert_eq!((stack.is_done(), marked.is_done()), (is[5] && !is[2], is[5]), "{status}");
            assert!(stack.is_unmarked() && !marked.is_unmarked() && !marked.is_unfinished(), "{status}");
        }
    }
}
