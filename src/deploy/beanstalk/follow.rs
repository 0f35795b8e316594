//! Follows an environment until it is stable, one line per event, and checks the result.
//!
//! In: a request, or a busy environment. Out: the environment, Ready with the version and not Red; otherwise
//! the message of the first error event. "Instance deployment completed" concludes one batch, not the deployment.

use super::environment::{EnvironmentRequest, RunningEnvironment, by_id};
use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::progress::{DeployProgress, ProgressEvent};
use crate::deploy::session::AwsSession;
use aws_sdk_elasticbeanstalk::primitives::DateTime;
use aws_sdk_elasticbeanstalk::types::{EnvironmentHealthAttribute, EventDescription, EventSeverity};
use std::time::Duration;

/// How long a Ready environment may take to report its health color.
const COLOUR: Duration = Duration::from_secs(3 * 60);

/// Follows a request until it completes.
pub(super) async fn deployment(
    session: &AwsSession,
    request: &EnvironmentRequest,
    label: &str,
    limit: Duration,
    progress: &mut dyn DeployProgress,
) -> Result<RunningEnvironment, DeployFailure> {
    let mut trail = EventTrail { request: request.id.clone(), ..EventTrail::default() };
    let mut end = rest(session, &request.environment, &mut trail, limit, progress).await?;
    let mut pace = PollingPace::new(COLOUR);
    while end.is_ready() && end.health == "Grey" && trail.errors.is_empty() && pace.wait().await {
        end = by_id(session, &request.environment).await?;
    }
    if succeeded(&end, label, &trail.errors) {
        return Ok(end);
    }
    Err(failure(session, &end, &format!("deploying version {label}"), &trail).await)
}

/// Whether a deployment did what it was to do: the version runs, and nothing was reported as an error.
fn succeeded(end: &RunningEnvironment, label: &str, errors: &[String]) -> bool {
    end.serves(label) && errors.is_empty()
}

/// Follows a settings change until it completes. The running version may itself be failing, so its health is ignored.
pub(super) async fn settings(
    session: &AwsSession,
    request: &EnvironmentRequest,
    limit: Duration,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let mut trail = EventTrail { request: request.id.clone(), ..EventTrail::default() };
    let end = rest(session, &request.environment, &mut trail, limit, progress).await?;
    if end.is_ready() && trail.errors.is_empty() {
        return Ok(());
    }
    Err(failure(session, &end, "applying the new settings", &trail).await)
}

/// Follows the current operation until it completes, successfully or not; with a request if it is ours.
pub(super) async fn to_rest(
    session: &AwsSession,
    environment: &RunningEnvironment,
    request: Option<String>,
    limit: Duration,
    progress: &mut dyn DeployProgress,
) -> Result<RunningEnvironment, DeployFailure> {
    let mut trail = EventTrail { request, ..EventTrail::default() };
    rest(session, &environment.id, &mut trail, limit, progress).await
}

/// The events of an environment seen so far.
#[derive(Debug, Default)]
struct EventTrail {
    request: Option<String>,
    seen: Vec<(Option<DateTime>, String)>,
    errors: Vec<String>,
}

async fn rest(
    session: &AwsSession,
    id: &str,
    trail: &mut EventTrail,
    limit: Duration,
    progress: &mut dyn DeployProgress,
) -> Result<RunningEnvironment, DeployFailure> {
    let mut pace = PollingPace::new(session.time_left(limit));
    loop {
        // Read the state first: events read afterwards are then complete.
        let environment = by_id(session, id).await?;
        for event in fresh(session, &environment, trail).await? {
            let failed = matches!(event.severity(), Some(EventSeverity::Error | EventSeverity::Fatal));
            let text = event.message().unwrap_or_default().to_owned();
            progress.event(&ProgressEvent {
                subject: environment.name.clone(),
                kind: String::new(),
                status: event.severity().map(|it| it.as_str().to_owned()).unwrap_or_default(),
                text: text.clone(),
                failed,
            });
            if failed {
                trail.errors.push(text);
            }
            pace.hurry();
        }
        if environment.is_ready() || environment.status == "Terminated" {
            return Ok(environment);
        }
        progress.tick();
        if !pace.wait().await {
            return Err(session.left(FailureKind::TimedOut));
        }
    }
}

/// New events, oldest first: those of the request, or those since the last change.
async fn fresh(
    session: &AwsSession,
    environment: &RunningEnvironment,
    trail: &mut EventTrail,
) -> Result<Vec<EventDescription>, DeployFailure> {
    let mut found = events(session, environment, trail.request.as_ref()).await?;
    let first = trail.request.is_none() && trail.seen.is_empty();
    // Of the events before we started, only the start of the current operation is worth showing.
    let begins =
        |event: &EventDescription| event.message().is_some_and(|text| text.ends_with("is starting."));
    let shown = found.iter().position(begins).filter(|_| first).map_or(found.len(), |start| start + 1);
    let key = |event: &EventDescription| {
        (event.event_date().copied(), event.message().unwrap_or_default().to_owned())
    };
    found.retain(|event| !trail.seen.contains(&key(event)));
    trail.seen.extend(found.iter().map(key));
    found.truncate(shown);
    found.reverse();
    Ok(found)
}

/// The newest events first: all events of a request, or one page of the environment's.
async fn events(
    session: &AwsSession,
    environment: &RunningEnvironment,
    request: Option<&String>,
) -> Result<Vec<EventDescription>, DeployFailure> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let call =
            session.beanstalk().describe_events().environment_id(&environment.id).set_next_token(token);
        let page = call.set_request_id(request.cloned()).send().await;
        let page = page.map_err(|error| sdk("read the environment's events", error))?;
        token = page.next_token().map(str::to_owned);
        found.extend(page.events.unwrap_or_default());
        if token.is_none() || request.is_none() {
            return Ok(found);
        }
    }
}

async fn failure(
    session: &AwsSession,
    end: &RunningEnvironment,
    what: &str,
    trail: &EventTrail,
) -> DeployFailure {
    session.settled();
    let name = &end.name;
    let message = first_cause(end, &trail.errors);
    let mut failure = DeployFailure::failed(format!("environment {name}: {what} failed: {message}"));
    for error in trail.errors.iter().skip(1).filter(|error| **error != message) {
        failure = failure.help(error.clone());
    }
    for cause in causes(session, end).await.iter().filter(|cause| !message.contains(*cause)) {
        failure = failure.help(format!("health: {cause}"));
    }
    failure.help(format!("`eb logs {name}` or the console shows the instances' logs"))
}

/// The first error, or else what is wrong with the environment.
fn first_cause(end: &RunningEnvironment, errors: &[String]) -> String {
    errors.first().cloned().unwrap_or_else(|| match end.is_ready() {
        true if end.health == "Red" => "its health is Red".to_owned(),
        true => format!("it runs version {}", end.version.as_deref().unwrap_or("none")),
        false => format!("it is {}", end.status),
    })
}

/// The causes reported by enhanced health; empty if it is off or unreadable.
pub(super) async fn causes(session: &AwsSession, environment: &RunningEnvironment) -> Vec<String> {
    let call = session.beanstalk().describe_environment_health().environment_id(&environment.id);
    let answer = call.attribute_names(EnvironmentHealthAttribute::All).send().await;
    answer.map(|answer| answer.causes().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::beanstalk::environment::tests_environment;

    fn ended(status: &str, health: &str, version: Option<&str>) -> RunningEnvironment {
        let mut found = tests_environment(version);
        (found.status, found.health) = (status.into(), health.into());
        found
    }

    #[test]
    fn a_deployment_succeeds_with_its_version_and_without_an_error() {
        let good = ended("Ready", "Green", Some("v2"));
        let error = ["the command failed".to_owned()];
        assert!(succeeded(&good, "v2", &[]));
        assert!(!succeeded(&good, "v2", &error));
        assert!(!succeeded(&good, "v3", &[]));
        assert!(!succeeded(&ended("Ready", "Red", Some("v2")), "v2", &[]));
    }

    #[test]
    fn the_first_error_is_the_cause() {
        let errors = ["first".to_owned(), "second".to_owned()];
        assert_eq!(first_cause(&ended("Ready", "Red", Some("v1")), &errors), "first");
        assert_eq!(first_cause(&ended("Ready", "Red", Some("v1")), &[]), "its health is Red");
        assert_eq!(first_cause(&ended("Ready", "Green", Some("v1")), &[]), "it runs version v1");
        assert_eq!(first_cause(&ended("Ready", "Green", None), &[]), "it runs version none");
        assert_eq!(first_cause(&ended("Terminated", "Grey", None), &[]), "it is Terminated");
    }
}
