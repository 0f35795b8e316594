//! The API calls: services, stopped tasks, and the last lines of a container's log.
//!
//! In: names. Out: what ECS and CloudWatch Logs know, in as few calls as their batch sizes allow. A deployment can
//! do without all of this, so calls are retried less often than others.

use super::report::ReportLines;
use super::service_board::WantedCall;
use crate::deploy::cloudformation::application::READ;
use crate::deploy::cloudformation::{nested, side_by_side};
use crate::deploy::failure::{DeployFailure, credentials, is_denied, is_of_credentials, reason};
use crate::deploy::session::AwsSession;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::types::{DesiredStatus, LogDriver, Service, Task, TaskDefinition};
use aws_sdk_secretsmanager::types::SecretVersionsListEntry;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// DescribeServices takes at most 10 services.
const SERVICES: usize = 10;

/// DescribeTasks takes at most 100 tasks.
const TASKS: usize = 100;

/// Pages of a hundred stopped tasks to read: ECS forgets them within hours.
const PAGES: usize = 10;

/// The number of last log lines to show.
const LINES: usize = 10;

/// The maximum length of a log line, in characters.
const WIDTH: usize = 400;

/// Why something is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deploy::cloudformation) struct ApiTrouble {
    /// Whether retrying is pointless: a permission is missing.
    pub(super) denied: bool,
    /// Whether the credentials are the problem: they have expired, say.
    pub(super) credentials: bool,
    /// The message from AWS.
    pub(super) reason: String,
}

impl ApiTrouble {
    /// As the failure of a deployment; `doing` completes "cannot ...".
    pub(in crate::deploy::cloudformation) fn failure(&self, doing: &str) -> DeployFailure {
        let message = format!("cannot {doing}: {}", self.reason);
        match self.credentials {
            true => credentials(&message, None),
            false => DeployFailure::failed(message),
        }
    }
}

impl fmt::Display for ApiTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Why a call failed.
pub(super) fn trouble<E, R>(error: SdkError<E, R>) -> ApiTrouble
where
    E: Error + ProvideErrorMetadata + 'static,
    R: fmt::Debug + 'static,
{
    let code = error.code().unwrap_or_default();
    ApiTrouble { denied: is_denied(code), credentials: is_of_credentials(code), reason: reason(&error) }
}

/// Whether the cluster was deleted in the meantime, with everything in it, as a rollback does.
fn is_gone<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ClusterNotFoundException")
}

/// The physical ids of resources of one type that stacks have, by logical id; nested stacks included.
pub(super) async fn resources(
    session: &AwsSession,
    stacks: &[&str],
    kind: &str,
) -> Result<BTreeMap<String, String>, ApiTrouble> {
    let client = session.cloudformation();
    let all = side_by_side::gather(READ, stacks.iter().map(|stack| nested::resources(&client, stack)));
    let all = all.await.map_err(trouble)?;
    let those = all.iter().flatten().filter(|it| it.resource_type() == Some(kind));
    let those = those
        .filter_map(|it| Some((it.logical_resource_id()?.to_owned(), it.physical_resource_id()?.to_owned())));
    Ok(those.collect())
}

/// When a secret got its current value, in seconds since 1970. The time of its last change is another: that counts
/// tags too.
pub(super) async fn current_since(
    secrets: &aws_sdk_secretsmanager::Client,
    arn: &str,
) -> Result<Option<f64>, ApiTrouble> {
    let mut token = None;
    loop {
        let page = secrets.list_secret_version_ids().secret_id(arn).set_next_token(token).send().await;
        let page = page.map_err(trouble)?;
        let current = |version: &&SecretVersionsListEntry| {
            version.version_stages().iter().any(|stage| stage == "AWSCURRENT")
        };
        if let Some(version) = page.versions().iter().find(current) {
            return Ok(version.created_date().map(|time| time.as_secs_f64()));
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(None);
        }
    }
}

/// Services of one cluster, by ARN.
pub(super) async fn services(
    ecs: &aws_sdk_ecs::Client,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Service>, ApiTrouble> {
    let mut found = Vec::new();
    for batch in arns.chunks(SERVICES) {
        let call = ecs.describe_services().cluster(cluster).set_services(Some(batch.to_vec()));
        match call.send().await {
            Ok(answer) => found.extend(answer.services.unwrap_or_default()),
            Err(error) if is_gone(&error) => break,
            Err(error) => return Err(trouble(error)),
        }
    }
    Ok(found)
}

/// The ARNs of a cluster's stopped and stopping tasks: one call for any number of services.
pub(super) async fn stopped(ecs: &aws_sdk_ecs::Client, cluster: &str) -> Result<Vec<String>, ApiTrouble> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let call = ecs.list_tasks().cluster(cluster).desired_status(DesiredStatus::Stopped);
        let page = match call.set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) if is_gone(&error) => break,
            Err(error) => return Err(trouble(error)),
        };
        found.extend(page.task_arns.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The ARNs of a cluster's tasks that run or are to run.
pub(super) async fn running(ecs: &aws_sdk_ecs::Client, cluster: &str) -> Result<Vec<String>, ApiTrouble> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = match ecs.list_tasks().cluster(cluster).set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) if is_gone(&error) => break,
            Err(error) => return Err(trouble(error)),
        };
        found.extend(page.task_arns.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Tasks of one cluster, by ARN.
pub(super) async fn tasks(
    ecs: &aws_sdk_ecs::Client,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Task>, ApiTrouble> {
    let mut found = Vec::new();
    for batch in arns.chunks(TASKS) {
        let call = ecs.describe_tasks().cluster(cluster).set_tasks(Some(batch.to_vec()));
        match call.send().await {
            Ok(answer) => found.extend(answer.tasks.unwrap_or_default()),
            Err(error) if is_gone(&error) => break,
            Err(error) => return Err(trouble(error)),
        }
    }
    Ok(found)
}

/// The last lines that a task's container logged; empty if its log is not in CloudWatch Logs, was deleted or
/// is empty.
pub(super) async fn lines(
    session: &AwsSession,
    wanted: &WantedCall,
) -> Result<Option<ReportLines>, ApiTrouble> {
    let call = session.ecs().describe_task_definition().task_definition(&wanted.definition);
    let definition = call.send().await.map_err(trouble)?.task_definition;
    let Some((group, stream)) = definition.and_then(|it| stream(&it, wanted)) else { return Ok(None) };
    let call = session.logs().get_log_events().log_group_name(&group).log_stream_name(&stream);
    let limit = i32::try_from(LINES).unwrap_or(i32::MAX);
    let events = match call.limit(limit).start_from_head(false).send().await {
        Ok(page) => page.events.unwrap_or_default(),
        Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
        Err(error) => return Err(trouble(error)),
    };
    let lines: Vec<String> = events.iter().filter_map(|event| event.message()).map(str::to_owned).collect();
    let found =
        ReportLines { task: wanted.id.clone(), container: wanted.container.clone(), group, stream, lines };
    Ok((!found.lines.is_empty()).then_some(found))
}

/// The log group and stream of a container: `PREFIX/CONTAINER/TASK`. Source: Amazon ECS Developer Guide, "Send
/// Amazon ECS logs to CloudWatch".
fn stream(definition: &TaskDefinition, wanted: &WantedCall) -> Option<(String, String)> {
    let is_it = |name: Option<&str>| name == Some(wanted.container.as_str());
    let container = definition.container_definitions().iter().find(|it| is_it(it.name()))?;
    let log = container.log_configuration().filter(|log| *log.log_driver() == LogDriver::Awslogs)?;
    let options = log.options()?;
    let prefix = options.get("awslogs-stream-prefix")?;
    let stream = format!("{prefix}/{}/{}", wanted.container, wanted.id);
    Some((options.get("awslogs-group")?.clone(), stream))
}

/// The last lines of messages, each of which may span several lines.
pub(super) fn last(messages: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> =
        messages.flat_map(|text| text.lines().map(shortened).collect::<Vec<_>>()).collect();
    lines.drain(..lines.len().saturating_sub(LINES));
    lines
}

/// Limits a line to a few rows.
fn shortened(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((end, _)) = line.char_indices().nth(WIDTH) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::{ContainerDefinition, LogConfiguration};

    #[test]
    fn the_stream_is_read_off_the_task_definition() {
        let wanted = WantedCall {
            service: "AppService".into(),
            task: "arn:aws:ecs:us-east-1:1:task/shop/abc".into(),
            id: "abc".into(),
            definition: "shop-app:1".into(),
            container: "app".into(),
        };
        let definition = |driver: LogDriver, prefix: Option<&str>| {
            let log =
                LogConfiguration::builder().log_driver(driver).options("awslogs-group", "/shop/ecs/app");
            let log = prefix.into_iter().fold(log, |log, it| log.options("awslogs-stream-prefix", it));
            let log = log.build().unwrap();
            let container = ContainerDefinition::builder().name("app").log_configuration(log).build();
            let other = ContainerDefinition::builder().name("proxy").build();
            TaskDefinition::builder().container_definitions(other).container_definitions(container).build()
        };
        let expected = Some(("/shop/ecs/app".to_owned(), "ecs/app/abc".to_owned()));
        assert_eq!(stream(&definition(LogDriver::Awslogs, Some("ecs")), &wanted), expected);
        assert_eq!(stream(&definition(LogDriver::Awslogs, None), &wanted), None);
        assert_eq!(stream(&definition(LogDriver::Splunk, Some("ecs")), &wanted), None);
    }

    #[test]
    fn the_last_lines_are_kept_and_long_ones_cut() {
        let trace = ["starting", "Traceback:\n  in main\n  in run", "done"].map(str::to_owned);
        assert_eq!(last(trace.into_iter()), ["starting", "Traceback:", "  in main", "  in run", "done"]);
        let many = (0..8).map(|number| format!("{number}a\n{number}b"));
        assert_eq!(last(many).first().map(String::as_str), Some("3a"));
        let long = last(std::iter::once("x".repeat(500)));
        assert_eq!(long.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [WIDTH + 1]);
    }
}
