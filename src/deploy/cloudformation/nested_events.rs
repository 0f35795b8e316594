//! The events of nested stacks while their root is followed.
//!
//! In: the events of the root. Out: progress, one line per event, with the path of the resource. Invariant: it never fails
//! a deployment, and it asks for a few stacks at a time, because CloudFormation limits such calls for an account.

use super::follow::{EventBookmark, describe, is_failure, is_of_stack, since};
use super::services::ServiceWatch;
use crate::deploy::progress::{DeployProgress, ProgressEvent};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackEvent;
use std::collections::{BTreeMap, VecDeque};
use tranship_cloudformation::NESTED_STACK;

/// Nested stacks to ask for in one round.
const ROUND: usize = 6;

/// Seconds that an event of a nested stack may be older than the event of the root that names the operation.
const BEFORE: i64 = 5;

/// A nested stack that is being changed.
#[derive(Debug, Clone, Default)]
struct OpenStack {
    /// Its logical id.
    name: String,
    mark: EventBookmark,
    /// When the operation began, in seconds since 1970.
    began: i64,
    /// Whether the root says that it is done: then it is read once more.
    done: bool,
}

/// The nested stacks that are being changed.
#[derive(Debug, Default)]
pub(super) struct NestedEvents {
    stacks: BTreeMap<String, OpenStack>,
    turns: VecDeque<String>,
    /// What failed in each of them, by logical id, in order: a rollback that follows may hide it.
    pub(super) failures: BTreeMap<String, Vec<StackEvent>>,
}

impl NestedEvents {
    /// Notes the nested stacks that events of the root are about.
    pub(super) fn open(&mut self, events: &[StackEvent]) {
        for event in events.iter().filter(|it| it.resource_type() == Some(NESTED_STACK) && !is_of_stack(it)) {
            let Some(id) = event.physical_resource_id().filter(|id| id.contains(":stack/")) else { continue };
            let known = self.stacks.contains_key(id);
            let stack = self.stacks.entry(id.to_owned()).or_default();
            let status = event.resource_status().map_or("", |it| it.as_str());
            stack.done = !status.ends_with("_IN_PROGRESS");
            if known {
                continue;
            }
            stack.name = event.logical_resource_id().unwrap_or_default().to_owned();
            stack.began = event.timestamp().map_or(0, |time| time.secs());
            self.turns.push_back(id.to_owned());
        }
    }

    /// Reports what is new in some of them. Returns whether something is.
    pub(super) async fn look(
        &mut self,
        client: &Client,
        watch: &ServiceWatch<'_>,
        progress: &mut dyn DeployProgress,
    ) -> bool {
        let mut news = false;
        for _ in 0..ROUND.min(self.turns.len()) {
            news |= self.next(client, watch, progress).await;
        }
        news
    }

    /// Reports what is left to report.
    pub(super) async fn finish(
        &mut self,
        client: &Client,
        watch: &ServiceWatch<'_>,
        progress: &mut dyn DeployProgress,
    ) {
        for _ in 0..self.turns.len() {
            self.next(client, watch, progress).await;
        }
    }

    async fn next(
        &mut self,
        client: &Client,
        watch: &ServiceWatch<'_>,
        progress: &mut dyn DeployProgress,
    ) -> bool {
        let Some(id) = self.turns.pop_front() else { return false };
        let Some(stack) = self.stacks.get_mut(&id) else { return false };
        let done = stack.done;
        let fresh = since(client, &id, &mut stack.mark).await.unwrap_or_default();
        let fresh = fresh.into_iter().filter(|event| is_current(event, stack.began));
        let mut news = false;
        for event in fresh.filter(|event| !is_of_stack(event)) {
            news = true;
            watch.note(&event);
            progress.event(&below(&stack.name, &event));
            if is_failure(&event) {
                self.failures.entry(stack.name.clone()).or_default().push(event);
            }
        }
        if done {
            self.stacks.remove(&id);
        } else {
            self.turns.push_back(id);
        }
        news
    }
}

/// Whether an event belongs to the operation that began then.
fn is_current(event: &StackEvent, began: i64) -> bool {
    event.timestamp().is_none_or(|time| time.secs() >= began - BEFORE)
}

/// An event with the path of its resource.
fn below(stack: &str, event: &StackEvent) -> ProgressEvent {
    let shown = describe(event);
    ProgressEvent { subject: format!("{stack}/{}", shown.subject), ..shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::primitives::DateTime;
    use aws_sdk_cloudformation::types::ResourceStatus;

    const ID: &str = "arn:aws:cloudformation:eu-west-1:1:stack/shop-WebStack-1/x";

    fn event(id: &str, status: ResourceStatus, secs: i64) -> StackEvent {
        StackEvent::builder()
            .stack_id("arn:aws:cloudformation:eu-west-1:1:stack/shop/r")
            .logical_resource_id("WebStack")
            .physical_resource_id(id)
            .resource_type(NESTED_STACK)
            .resource_status(status)
            .timestamp(DateTime::from_secs(secs))
            .build()
    }

    #[test]
    fn a_nested_stack_is_open_from_its_first_event_to_its_last() {
        let mut events = NestedEvents::default();
        events.open(&[
            event("", ResourceStatus::CreateInProgress, 99),
            event(ID, ResourceStatus::CreateInProgress, 100),
        ]);
        assert_eq!(events.turns, [ID]);
        let stack = &events.stacks[ID];
        assert_eq!((stack.name.as_str(), stack.began, stack.done), ("WebStack", 100, false));
        events.open(&[event(ID, ResourceStatus::CreateComplete, 200)]);
        assert_eq!((events.turns.len(), events.stacks[ID].began, events.stacks[ID].done), (1, 100, true));
        // The root itself is no nested stack.
        let root = "arn:aws:cloudformation:eu-west-1:1:stack/shop/r";
        events.open(&[event(root, ResourceStatus::CreateComplete, 200)]);
        assert_eq!(events.turns.len(), 1);
    }

    #[test]
    fn events_of_earlier_operations_are_old() {
        let at = |secs| event(ID, ResourceStatus::CreateComplete, secs);
        assert!(is_current(&at(95), 100) && is_current(&at(200), 100));
        assert!(!is_current(&at(94), 100));
        assert_eq!(below("WebStack", &at(1)).subject, "WebStack/WebStack");
    }
}
