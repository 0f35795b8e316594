//! The events of what is deployed, the oldest first.
//!
//! In: a [`TargetDeployment`]. Out: [`PastEvent`]s of the stack and its services, or of the environment: what AWS remembers of the
//! last operations.

use super::stack_inside::{LabelledStack, StackInside};
use super::watch::{GLANCE, interrupted, open_all, pause};
use crate::deploy::cloudformation::application::READ;
use crate::deploy::cloudformation::side_by_side;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, run, until_interrupted};
use aws_sdk_cloudformation::primitives::{DateTime, DateTimeFormat};
use aws_sdk_cloudformation::types::StackEvent;
use std::collections::BTreeSet;
use std::time::Duration;
use tranship_targets::{BeanstalkDeployment, StackDeployment, TargetDeployment};

/// Between two looks at the events of an environment that is followed.
const PAUSE: Duration = Duration::from_secs(5);

/// Stacks and nested stacks whose events are read: those that were changed last.
const STACKS: usize = 64;

/// An event of the past.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PastEvent {
    /// When it was, in milliseconds since 1970.
    pub at: i64,
    /// The same for people: `2026-11-27T21:04:05Z`.
    pub time: String,
    /// What it is about.
    pub subject: String,
    /// The state, or the severity.
    pub status: String,
    /// The reason or the message.
    pub text: String,
}

/// Reads the newest events, at most so many.
///
/// # Errors
/// See [`FailureKind`](crate::deploy::FailureKind).
pub fn events(
    deployment: &TargetDeployment,
    most: usize,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Vec<PastEvent>, DeployFailure> {
    run(deployment, options, progress, async |session, _| {
        let found = all(session, deployment).await?;
        Ok(newest(found.ok_or_else(|| session.not_deployed(&deployment.subject()))?, most))
    })
}

/// Receives the events of several environments as they come.
pub trait EventReader {
    /// An event; `place` is that of its environment in the list.
    fn tell(&mut self, place: usize, event: &PastEvent);
    /// Whether someone still reads them.
    fn is_read(&self) -> bool;
}

/// Reads the newest events of several environments and then those that come, until it is interrupted, or nobody reads them any more.
///
/// # Errors
/// See [`FailureKind`](crate::deploy::FailureKind). An interruption is one.
pub fn follow_events(
    environments: &[(TargetDeployment, DeployOptions)],
    most: usize,
    reader: &mut dyn EventReader,
) -> Result<(), DeployFailure> {
    let work = async {
        let opened = open_all(environments).await?;
        let (mut told, mut first) = (vec![BTreeSet::new(); opened.len()], true);
        loop {
            let mut fresh = Vec::new();
            for (place, (session, deployment)) in opened.iter().enumerate() {
                // What is not deployed yet may be soon.
                let found = all(session, deployment).await?.unwrap_or_default();
                let Some(told) = told.get_mut(place) else { continue };
                fresh.extend(unheard(found, told).into_iter().map(|event| (place, event)));
            }
            fresh.sort_by_key(|(_, event)| event.at);
            let skipped = if first { fresh.len().saturating_sub(most) } else { 0 };
            fresh.iter().skip(skipped).for_each(|(place, event)| reader.tell(*place, event));
            first = false;
            if !pause(PAUSE, GLANCE, &|| reader.is_read()).await {
                return Ok(());
            }
        }
    };
    until_interrupted(work, interrupted)
}

/// The events that were not told before, the oldest first.
fn unheard(found: Vec<PastEvent>, told: &mut BTreeSet<PastEvent>) -> Vec<PastEvent> {
    newest(found, usize::MAX).into_iter().filter(|event| told.insert(event.clone())).collect()
}

/// What AWS remembers of an environment, in no order; `None` if its stack is not deployed.
async fn all(
    session: &AwsSession,
    deployment: &TargetDeployment,
) -> Result<Option<Vec<PastEvent>>, DeployFailure> {
    let mut found = match deployment {
        TargetDeployment::Stack(stack) => match of_stack(session, stack).await? {
            Some(found) => found,
            None => return Ok(None),
        },
        TargetDeployment::Beanstalk(environment) => of_environment(session, environment).await?,
    };
    let mask = session.mask().borrow();
    for event in &mut found {
        event.text = mask.clean(&event.text).replace('\n', " ");
    }
    Ok(Some(found))
}

/// The newest ones, the oldest of them first. AWS tells the newest first, also of those of one moment.
fn newest(mut all: Vec<PastEvent>, most: usize) -> Vec<PastEvent> {
    all.reverse();
    all.sort_by_key(|event| event.at);
    let skipped = all.len().saturating_sub(most);
    all.split_off(skipped)
}

fn milliseconds(time: Option<&DateTime>) -> i64 {
    time.and_then(|time| time.to_millis().ok()).unwrap_or_default()
}

fn text(time: Option<&DateTime>) -> String {
    time.and_then(|time| DateTime::from_secs(time.secs()).fmt(DateTimeFormat::DateTime).ok())
        .unwrap_or_default()
}

async fn of_stack(
    session: &AwsSession,
    deployment: &StackDeployment,
) -> Result<Option<Vec<PastEvent>>, DeployFailure> {
    let Some(inside) = StackInside::find(session, deployment).await? else { return Ok(None) };
    let client = session.cloudformation();
    let mut places = inside.places(&deployment.stack);
    places.truncate(STACKS);
    let pages = places.iter().map(async |place| {
        let page = client.describe_stack_events().stack_name(place.id).send().await;
        let page = page.map_err(|error| sdk("read the stack's events", error))?;
        let told = page.stack_events().iter().filter_map(|event| of_resource(place, event));
        Ok::<_, DeployFailure>(told.collect::<Vec<_>>())
    });
    let mut found: Vec<PastEvent> = side_by_side::gather(READ, pages).await?.into_iter().flatten().collect();
    for (name, service) in inside.all_services(session).await? {
        found.extend(service.events().iter().map(|event| PastEvent {
            at: milliseconds(event.created_at()),
            time: text(event.created_at()),
            subject: name.clone(),
            status: "SERVICE_EVENT".to_owned(),
            text: event.message().unwrap_or_default().to_owned(),
        }));
    }
    Ok(Some(found))
}

/// An event of a stack; `None` where its root tells the same.
fn of_resource(place: &LabelledStack<'_>, event: &StackEvent) -> Option<PastEvent> {
    let name = event.logical_resource_id().unwrap_or_default();
    let is_own = event.physical_resource_id() == event.stack_id();
    let subject = match place.label {
        Some(_) if is_own && place.nested => return None,
        Some(label) if is_own => label.to_owned(),
        Some(label) => format!("{label}/{name}"),
        None => name.to_owned(),
    };
    Some(PastEvent {
        at: milliseconds(event.timestamp()),
        time: text(event.timestamp()),
        subject,
        status: event.resource_status().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        text: event.resource_status_reason().unwrap_or_default().to_owned(),
    })
}

async fn of_environment(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
) -> Result<Vec<PastEvent>, DeployFailure> {
    let call = session.beanstalk().describe_events().application_name(&deployment.application);
    let page = call.environment_name(&deployment.environment).send().await;
    let page = page.map_err(|error| sdk("read the environment's events", error))?;
    let event = |event: &aws_sdk_elasticbeanstalk::types::EventDescription| PastEvent {
        at: milliseconds(event.event_date()),
        time: text(event.event_date()),
        subject: deployment.environment.clone(),
        status: event.severity().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        text: event.message().unwrap_or_default().to_owned(),
    };
    Ok(page.events().iter().map(event).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, subject: &str) -> PastEvent {
        let time = text(Some(&DateTime::from_millis(at)));
        PastEvent { at, time, subject: subject.into(), status: String::new(), text: String::new() }
    }

    fn subjects(events: &[PastEvent]) -> Vec<&str> {
        events.iter().map(|event| event.subject.as_str()).collect()
    }

    #[test]
    fn an_event_has_the_name_of_its_stack_in_front() {
        let subject = |label: Option<&'static str>, nested: bool, physical: &str| {
            let place = LabelledStack::sample(label, nested);
            let event = StackEvent::builder().stack_id("S").event_id("1").stack_name("shop-prod-ApiStack");
            let event = event.logical_resource_id("Api").physical_resource_id(physical).build();
            of_resource(&place, &event).map(|it| it.subject)
        };
        assert_eq!(subject(None, false, "S").as_deref(), Some("Api"));
        assert_eq!(subject(None, false, "R").as_deref(), Some("Api"));
        assert_eq!(subject(Some("ApiStack"), false, "R").as_deref(), Some("ApiStack/Api"));
        assert_eq!(subject(Some("ApiStack"), false, "S").as_deref(), Some("ApiStack"));
        assert_eq!(subject(Some("ApiStack"), true, "R").as_deref(), Some("ApiStack/Api"));
        assert_eq!(subject(Some("ApiStack"), true, "S"), None, "the root tells it");
    }

    /// Within a second, too: CloudFormation tells the newest first.
    #[test]
    fn the_newest_events_are_told_in_their_order() {
        let told = vec![event(2_900, "d"), event(2_100, "c"), event(2_100, "b"), event(1_000, "a")];
        assert_eq!(subjects(&newest(told.clone(), 2)), ["c", "d"]);
        assert_eq!(subjects(&newest(told.clone(), 9)), ["a", "b", "c", "d"]);
        let mut heard = BTreeSet::new();
        assert_eq!(subjects(&unheard(told[2..].to_vec(), &mut heard)), ["a", "b"]);
        assert_eq!(subjects(&unheard(told, &mut heard)), ["c", "d"]);
        assert_eq!(event(1_500, "").time, "1970-01-01T00:00:01Z");
        assert_eq!(milliseconds(Some(&DateTime::from_millis(1_500))), 1_500);
    }
}
