//! Follows a stack operation until it completes, one line per event, and finds the root cause of a failure.
//!
//! In: a stack id and the events before the operation. Out: the stack in its terminal state, and the first
//! resource that failed with its own reason.

use super::changeset;
use super::nested_events::NestedEvents;
use super::services::ServiceWatch;
use super::stack::{DeployedStack, find};
use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::progress::{DeployProgress, ProgressEvent};
use crate::deploy::session::AwsSession;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{StackEvent, StackStatus};
use std::collections::BTreeMap;
use std::time::Duration;
use tranship_cloudformation::NESTED_STACK;

/// Polls of the events for one of the stack's state, while no event says that it has come to rest.
const LOOKS: u32 = 6;

/// A position in a stack's events.
#[derive(Debug, Clone, Default)]
pub(super) struct EventBookmark {
    pub(super) last: Option<String>,
    started: bool,
}

impl EventBookmark {
    /// After the latest event: an operation is about to start.
    pub(super) async fn now(client: &Client, stack: &str) -> Result<Self, DeployFailure> {
        let page = events(client, stack, None).await?;
        let last = page.0.first().and_then(|event| event.event_id()).map(str::to_owned);
        Ok(EventBookmark { last, started: false })
    }

    /// At the start of the current operation.
    pub(super) async fn of_current(client: &Client, stack: &str) -> Result<Self, DeployFailure> {
        let (page, _) = events(client, stack, None).await?;
        let before = page.iter().skip_while(|event| !is_start(event)).nth(1);
        Ok(EventBookmark {
            last: before.and_then(|event| event.event_id()).map(str::to_owned),
            started: true,
        })
    }
}

/// The result of an operation.
pub(super) struct OperationEnd {
    /// The stack's current state.
    pub(super) stack: DeployedStack,
    /// The failures, in order.
    failures: Vec<StackEvent>,
    /// The failures inside nested stacks, by their logical ids.
    nested: BTreeMap<String, Vec<StackEvent>>,
}

/// The first resource that failed, with its own reason.
struct FailureCause {
    /// The logical id, prefixed with the ids of its nested stacks.
    path: String,
    /// The resource's type.
    kind: String,
    reason: String,
}

/// Follows an operation until the stack is stable, watching its services meanwhile.
pub(super) async fn follow(
    session: &AwsSession,
    stack_id: &str,
    mark: EventBookmark,
    limit: Duration,
    watch: &ServiceWatch<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<OperationEnd, DeployFailure> {
    let end = tokio::select! {
        end = to_the_end(session, stack_id, mark, limit, watch, progress) => end,
        never = watch.run() => match never {},
    };
    if !matches!(&end, Ok(end) if end.stack.succeeded()) {
        watch.finish().await;
    }
    watch.report(progress);
    end.map_err(|failure| watch.add_trouble(failure))
}

async fn to_the_end(
    session: &AwsSession,
    stack_id: &str,
    mut mark: EventBookmark,
    limit: Duration,
    watch: &ServiceWatch<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<OperationEnd, DeployFailure> {
    let client = session.cloudformation();
    let (mut pace, mut failures) = (PollingPace::new(session.time_left(limit)), Vec::new());
    let mut inner = NestedEvents::default();
    let (mut ending, mut polls) = (false, 0);
    loop {
        let fresh = since(&client, stack_id, &mut mark).await?;
        take(&fresh, &mut mark, watch, progress);
        inner.open(&fresh);
        let news = inner.look(&client, watch, progress).await;
        if news || !fresh.is_empty() {
            pace.hurry();
        }
        ending |= fresh.iter().any(is_end);
        failures.extend(fresh.into_iter().filter(is_failure));
        // The events say when the operation ends: until then its state is looked up now and then only.
        if ending || polls % LOOKS == 0 {
            let stack = find(&client, stack_id)
                .await?
                .ok_or_else(|| DeployFailure::failed("the stack no longer exists"))?;
            // Deleting a stack that was never created may leave no event.
            let gone = stack.status == StackStatus::DeleteComplete;
            if gone || mark.started && !stack.is_busy() {
                // Events that came between the two calls.
                let late = since(&client, stack_id, &mut mark).await?;
                let (before, end) = at_end(&late);
                take(before, &mut mark, watch, progress);
                inner.open(&late);
                inner.finish(&client, watch, progress).await;
                take(end, &mut mark, watch, progress);
                failures.extend(late.into_iter().filter(is_failure));
                return Ok(OperationEnd { stack, failures, nested: inner.failures });
            }
        }
        polls += 1;
        progress.tick();
        if !pace.wait().await {
            return Err(session.left(FailureKind::TimedOut));
        }
    }
}

/// Reports events.
fn take(
    events: &[StackEvent],
    mark: &mut EventBookmark,
    watch: &ServiceWatch<'_>,
    progress: &mut dyn DeployProgress,
) {
    for event in events {
        mark.started |= is_of_stack(event);
        watch.note(event);
        progress.event(&describe(event));
    }
    watch.report(progress);
}

/// The events after the bookmark, oldest first; advances the bookmark.
pub(super) async fn since(
    client: &Client,
    stack: &str,
    mark: &mut EventBookmark,
) -> Result<Vec<StackEvent>, DeployFailure> {
    let (mut fresh, mut token) = (Vec::new(), None);
    'pages: loop {
        let (page, next) = events(client, stack, token).await?;
        for event in page {
            if event.event_id().is_some() && event.event_id() == mark.last.as_deref() {
                break 'pages;
            }
            fresh.push(event);
        }
        token = next;
        if token.is_none() {
            break;
        }
    }
    if let Some(newest) = fresh.first().and_then(|event| event.event_id()) {
        mark.last = Some(newest.to_owned());
    }
    fresh.reverse();
    Ok(fresh)
}

async fn events(
    client: &Client,
    stack: &str,
    token: Option<String>,
) -> Result<(Vec<StackEvent>, Option<String>), DeployFailure> {
    let page = client.describe_stack_events().stack_name(stack).set_next_token(token).send().await;
    let page = page.map_err(|error| sdk("read the stack's events", error))?;
    let next = page.next_token().map(str::to_owned);
    Ok((page.stack_events.unwrap_or_default(), next))
}

/// Who began the current operation, as far as its token says.
pub(super) async fn begun_by(client: &Client, stack: &str) -> Option<String> {
    changeset::author(&token_of_last(client, stack).await?)
}

/// The token of the stack's current or last operation.
pub(super) async fn token_of_last(client: &Client, stack: &str) -> Option<String> {
    let (page, _) = events(client, stack, None).await.ok()?;
    let start = page.iter().find(|event| is_start(event))?;
    start.client_request_token().map(str::to_owned)
}

fn status(event: &StackEvent) -> &str {
    event.resource_status().map_or("", |status| status.as_str())
}

pub(super) fn is_of_stack(event: &StackEvent) -> bool {
    event.resource_type() == Some("AWS::CloudFormation::Stack")
        && event.physical_resource_id() == event.stack_id()
}

fn is_start(event: &StackEvent) -> bool {
    is_of_stack(event)
        && matches!(
            status(event),
            "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS" | "IMPORT_IN_PROGRESS"
        )
}

/// Whether the stack has come to rest.
fn is_end(event: &StackEvent) -> bool {
    is_of_stack(event) && !status(event).is_empty() && !status(event).ends_with("_IN_PROGRESS")
}

/// The events before the stack comes to rest, and the rest: what happened in nested stacks belongs between them.
fn at_end(events: &[StackEvent]) -> (&[StackEvent], &[StackEvent]) {
    let end = events.iter().position(is_end).unwrap_or(events.len());
    events.split_at_checked(end).unwrap_or((events, &[]))
}

pub(super) fn is_failure(event: &StackEvent) -> bool {
    status(event).ends_with("_FAILED")
}

/// Whether a service lacks the role that it makes for itself at its first use in an account.
fn lacks_linked_role(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("service linked role") || reason.contains("service-linked role")
}

/// A resource that was cancelled because another failed says so.
fn is_consequence(event: &StackEvent) -> bool {
    event.resource_status_reason().is_some_and(|reason| reason.contains("cancelled"))
}

pub(super) fn describe(event: &StackEvent) -> ProgressEvent {
    ProgressEvent {
        subject: event.logical_resource_id().unwrap_or_default().to_owned(),
        kind: event.resource_type().unwrap_or_default().to_owned(),
        status: status(event).to_owned(),
        text: event.resource_status_reason().unwrap_or_default().to_owned(),
        failed: is_failure(event) || status(event).contains("ROLLBACK"),
    }
}

impl OperationEnd {
    /// Why `what` failed: the first failed resource, or the service behind it.
    pub(super) async fn failure(
        &self,
        client: &Client,
        what: &str,
        watch: &ServiceWatch<'_>,
    ) -> DeployFailure {
        let (status, cause) = (self.stack.status.as_str(), self.cause(client).await);
        let failure = match &cause {
            Some(FailureCause { path, kind, reason }) => {
                DeployFailure::failed(format!("{path} ({kind}) failed: {reason}"))
                    .help(format!("{what} ended as {status}"))
            }
            None => {
                let reason = Some(self.stack.reason.as_str()).filter(|reason| !reason.is_empty());
                let reason = reason.unwrap_or("no reason given");
                DeployFailure::failed(format!("{what} ended as {status}: {reason}"))
            }
        };
        let failure = match cause.as_ref().is_some_and(|cause| lacks_linked_role(&cause.reason)) {
            true => failure.help(
                "this account never used the service, which makes the role just now: run the same command again",
            ),
            false => failure,
        };
        watch.explain(failure, cause.as_ref().map(|cause| cause.path.as_str()))
    }

    /// The first failed resource, descending into nested stacks.
    async fn cause(&self, client: &Client) -> Option<FailureCause> {
        let root = |events: &[StackEvent]| {
            events.iter().find(|event| !is_of_stack(event) && !is_consequence(event)).cloned()
        };
        let mut cause = root(&self.failures)?;
        let mut path = cause.logical_resource_id().unwrap_or_default().to_owned();
        while let Some(inner) = self.inner(client, &cause).await.as_deref().and_then(root) {
            path = format!("{path}/{}", inner.logical_resource_id().unwrap_or_default());
            cause = inner;
        }
        let reason = cause.resource_status_reason().unwrap_or("no reason given").to_owned();
        Some(FailureCause { path, kind: cause.resource_type().unwrap_or_default().to_owned(), reason })
    }

    /// The failures of the nested stack that an event is about.
    async fn inner(&self, client: &Client, event: &StackEvent) -> Option<Vec<StackEvent>> {
        let seen = event.logical_resource_id().and_then(|name| self.nested.get(name));
        let of_root = event.stack_id() == Some(self.stack.id.as_str());
        if let Some(seen) = seen.filter(|_| of_root && event.resource_type() == Some(NESTED_STACK)) {
            return Some(seen.clone());
        }
        let id = event.physical_resource_id().filter(|id| id.contains(":stack/"))?;
        if event.resource_type() != Some("AWS::CloudFormation::Stack") || event.stack_id() == Some(id) {
            return None;
        }
        // Best effort: use the outer reason if the inner one cannot be read.
        let mut mark = EventBookmark::of_current(client, id).await.ok()?;
        let mut found = since(client, id, &mut mark).await.ok()?;
        found.retain(is_failure);
        Some(found)
    }

    /// The logical ids of the failed resources.
    pub(super) fn failed(&self) -> Vec<&str> {
        self.failures.iter().filter_map(|event| event.logical_resource_id()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::ResourceStatus;

    const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1";

    /// An event of a resource; of the stack itself where its name is empty.
    fn event(name: &str, status: &str, reason: &str) -> StackEvent {
        let (kind, id) = if name.is_empty() {
            ("AWS::CloudFormation::Stack", STACK)
        } else {
            ("AWS::ECS::Service", "arn:aws:ecs:eu-west-1:123456789012:service/shop/web")
        };
        StackEvent::builder()
            .stack_id(STACK)
            .logical_resource_id(if name.is_empty() { "shop" } else { name })
            .physical_resource_id(id)
            .resource_type(kind)
            .resource_status(ResourceStatus::from(status))
            .resource_status_reason(reason)
            .build()
    }

    #[test]
    fn an_operation_begins_and_ends_with_events_of_the_stack() {
        for (status, start, end) in [
            ("CREATE_IN_PROGRESS", true, false),
            ("UPDATE_IN_PROGRESS", true, false),
            ("DELETE_IN_PROGRESS", true, false),
            ("IMPORT_IN_PROGRESS", true, false),
            ("REVIEW_IN_PROGRESS", false, false),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false, false),
            ("UPDATE_ROLLBACK_IN_PROGRESS", false, false),
            ("UPDATE_COMPLETE", false, true),
            ("UPDATE_ROLLBACK_COMPLETE", false, true),
            ("CREATE_FAILED", false, true),
        ] {
            let own = event("", status, "");
            assert_eq!((is_start(&own), is_end(&own)), (start, end), "{status}");
            let inside = event("Web", status, "");
            assert_eq!((is_start(&inside), is_end(&inside)), (false, false), "{status} of a resource");
        }
        let silent = StackEvent::builder()
            .stack_id(STACK)
            .physical_resource_id(STACK)
            .resource_type("AWS::CloudFormation::Stack")
            .build();
        assert!(is_of_stack(&silent) && !is_end(&silent), "an event without a state ends nothing");
        let nested = StackEvent::builder()
            .stack_id(STACK)
            .physical_resource_id("arn:aws:cloudformation:eu-west-1:123456789012:stack/shop-Web/2")
            .resource_type("AWS::CloudFormation::Stack")
            .resource_status(ResourceStatus::UpdateComplete)
            .build();
        assert!(!is_of_stack(&nested) && !is_end(&nested), "a nested stack is a resource");
    }

    #[test]
    fn nested_stacks_are_told_before_the_end_of_their_root() {
        let names = |events: &[StackEvent]| -> Vec<String> {
            events.iter().map(|event| event.resource_status().unwrap().as_str().to_owned()).collect()
        };
        let all = [
            event("", "UPDATE_IN_PROGRESS", ""),
            event("Web", "UPDATE_COMPLETE", ""),
            event("", "UPDATE_COMPLETE", ""),
            event("Old", "DELETE_SKIPPED", ""),
        ];
        let (before, end) = at_end(&all);
        assert_eq!(names(before), ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]);
        assert_eq!(names(end), ["UPDATE_COMPLETE", "DELETE_SKIPPED"]);
        let (before, end) = at_end(&all[..2]);
        assert_eq!((before.len(), end.len()), (2, 0));
    }

    #[test]
    fn an_event_is_told_as_cloudformation_has_it() {
        let told = describe(&event("Web", "CREATE_FAILED", "no room"));
        assert_eq!(
            told,
            ProgressEvent {
                subject: "Web".into(),
                kind: "AWS::ECS::Service".into(),
                status: "CREATE_FAILED".into(),
                text: "no room".into(),
                failed: true,
            }
        );
        for (status, failed) in [
            ("UPDATE_ROLLBACK_COMPLETE", true),
            ("UPDATE_COMPLETE", false),
            ("CREATE_IN_PROGRESS", false),
            ("DELETE_FAILED", true),
        ] {
            assert_eq!(describe(&event("", status, "")).failed, failed, "{status}");
            assert_eq!(is_failure(&event("", status, "")), status.ends_with("_FAILED"), "{status}");
        }
    }

    #[test]
    fn what_was_cancelled_is_no_cause() {
        assert!(is_consequence(&event("Web", "CREATE_FAILED", "Resource creation cancelled")));
        assert!(!is_consequence(&event("Web", "CREATE_FAILED", "no room")));
        assert!(!is_consequence(&StackEvent::builder().build()));
    }

    #[test]
    fn a_role_that_a_service_makes_at_its_first_use_is_known_by_what_it_says() {
        for (reason, lacks) in [
            (
                "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
                true,
            ),
            ("The caller has no Service-Linked Role", true),
            ("ECS was unable to assume the role", false),
        ] {
            assert_eq!(lacks_linked_role(reason), lacks, "{reason}");
        }
    }

    #[test]
    fn the_failures_of_an_operation_are_named_in_their_order() {
        let failures =
            vec![event("Db", "CREATE_FAILED", "no room"), event("Web", "CREATE_FAILED", "cancelled")];
        let stack = super::super::stack::tests_stack();
        let end = OperationEnd { stack, failures, nested: BTreeMap::new() };
        assert_eq!(end.failed(), ["Db", "Web"]);
    }
}
