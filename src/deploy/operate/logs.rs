//! Log lines of everything that is deployed, by time.
//!
//! In: a [`LogRequest`]. Out: events to the progress. Source of the groups: `/STACK/ecs/TASK` on ECS,
//! `/aws/elasticbeanstalk/ENVIRONMENT/containers` on Elastic Beanstalk, as the templates of Tranship make them.

use super::stack_inside::StackInside;
use super::watch::{GLANCE, pause};
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, run, time_text};
use crate::operation::log_lines::{LogEvent, LogMerger, LogSelection, container_of, tail};
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use std::collections::BTreeSet;
use std::time::Duration;
use tranship_targets::{StackDeployment, TargetDeployment};

/// Pages of one group to read at a time.
const PAGES: usize = 50;

/// How far back to look again: events of several streams do not arrive in order, in milliseconds.
const OVERLAP: i64 = 10_000;

/// Calls a second, of the five that an account has for FilterLogEvents. Source: "CloudWatch Logs quotas", November 2026.
const CALLS: u64 = 4;

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Services and jobs; everything if empty.
    pub names: Vec<String>,
    /// The services and jobs of the manifest: one of them may not have said anything yet.
    pub known: Vec<String>,
    /// Whether to go on.
    pub follow: bool,
    /// How many of the lines that there are, of each container.
    pub tail: Option<usize>,
    /// The start, in milliseconds since 1970.
    pub since: i64,
    /// Only tasks that no longer run.
    pub previous: bool,
    /// Only jobs.
    pub jobs: bool,
}

/// Reads log lines.
///
/// # Errors
/// See [`FailureKind`](crate::deploy::FailureKind).
pub fn logs(
    deployment: &TargetDeployment,
    request: &LogRequest,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    run(deployment, options, progress, async |session, progress| {
        let (groups, root, selection) = match deployment {
            TargetDeployment::Stack(stack) => of_stack(session, stack, request).await?,
            TargetDeployment::Beanstalk(environment) => {
                let group = format!("/aws/elasticbeanstalk/{}/containers", environment.environment);
                let names = request.names.iter().cloned().collect();
                (vec![group], "containers", LogSelection { names, ..LogSelection::default() })
            }
        };
        let mut reader =
            LogReader { session, groups, root, selection, merger: LogMerger::default(), calls: 0 };
        let (mut from, mut first) = (request.since, true);
        loop {
            let mut fresh = reader.read(from).await?;
            if first {
                unknown(request, &reader.groups, &fresh)?;
                fresh = tail(fresh, request.tail.unwrap_or(usize::MAX));
                first = false;
            }
            fresh.iter().for_each(|event| progress.log(event));
            if !request.follow {
                if fresh.is_empty() {
                    let since = time_text(request.since);
                    progress.message(&format!("no lines since {since}; `--since` looks further back"));
                }
                return Ok(());
            }
            if let Some(last) = fresh.last() {
                from = from.max(last.time.saturating_sub(OVERLAP));
            }
            let length = Duration::from_secs(2 + reader.calls / CALLS);
            if !pause(length, GLANCE, &|| progress.is_read()).await {
                return Ok(());
            }
        }
    })
}

/// Refuses names that neither the manifest nor what is deployed has.
fn unknown(request: &LogRequest, groups: &[String], found: &[LogEvent]) -> Result<(), DeployFailure> {
    let deployed: BTreeSet<&str> = groups.iter().filter_map(|it| Some(it.rsplit_once("/ecs/")?.1)).collect();
    let said =
        |name: &str| found.iter().any(|it| container_of(&it.stream).is_some_and(|(own, _)| own == name));
    let known =
        |name: &String| request.known.contains(name) || deployed.contains(name.as_str()) || said(name);
    let Some(name) = request.names.iter().find(|name| !known(name)) else { return Ok(()) };
    let all: BTreeSet<&str> = deployed.into_iter().chain(request.known.iter().map(String::as_str)).collect();
    let all: Vec<&str> = all.into_iter().collect();
    Err(DeployFailure::usage(format!("there is no service or job `{name}`"))
        .help(format!("services and jobs: {}", all.join(", "))))
}

async fn of_stack(
    session: &AwsSession,
    deployment: &StackDeployment,
    request: &LogRequest,
) -> Result<(Vec<String>, &'static str, LogSelection), DeployFailure> {
    let inside = StackInside::open(session, deployment).await?;
    let prefix = format!("/{}/ecs/", deployment.stack);
    let groups: Vec<String> = inside
        .of_kind("AWS::Logs::LogGroup")
        .map(|(_, name)| name.to_owned())
        .filter(|name| name.starts_with(&prefix))
        .collect();
    let mut selection =
        LogSelection { names: request.names.iter().cloned().collect(), ..LogSelection::default() };
    if request.jobs {
        selection.without = inside.services().map(|(name, _)| name.to_owned()).collect();
    }
    if request.previous {
        selection.not_of = running(session, &inside.cluster()?).await?;
    }
    Ok((groups, "ecs", selection))
}

/// The ids of the tasks that run.
async fn running(session: &AwsSession, cluster: &str) -> Result<BTreeSet<String>, DeployFailure> {
    let (mut found, mut token) = (BTreeSet::new(), None);
    loop {
        let page = session.ecs().list_tasks().cluster(cluster).set_next_token(token).send().await;
        let page = page.map_err(|error| sdk("list the tasks that run", error))?;
        found.extend(page.task_arns().iter().filter_map(|arn| arn.rsplit('/').next()).map(str::to_owned));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Reads the events of several groups.
pub(super) struct LogReader<'a> {
    pub(super) session: &'a AwsSession,
    pub(super) groups: Vec<String>,
    /// What the names of streams begin with.
    pub(super) root: &'static str,
    pub(super) selection: LogSelection,
    pub(super) merger: LogMerger,
    /// Calls of the last reading.
    pub(super) calls: u64,
}

impl LogReader<'_> {
    /// The new events since then, in milliseconds since 1970, by time.
    pub(super) async fn read(&mut self, from: i64) -> Result<Vec<LogEvent>, DeployFailure> {
        self.calls = 0;
        let prefixes: Vec<Option<String>> = match self.selection.names.is_empty() {
            true => vec![None],
            false => self.selection.names.iter().map(|name| Some(format!("{}/{name}/", self.root))).collect(),
        };
        let mut found = Vec::new();
        for group in self.groups.clone() {
            for prefix in &prefixes {
                self.page(&group, prefix.as_deref(), from, &mut found).await?;
            }
        }
        found.retain(|event| self.selection.takes(&event.stream));
        Ok(self.merger.fresh(found))
    }

    async fn page(
        &mut self,
        group: &str,
        prefix: Option<&str>,
        from: i64,
        found: &mut Vec<LogEvent>,
    ) -> Result<(), DeployFailure> {
        let mut token = None;
        for _ in 0..PAGES {
            let call = self.session.logs().filter_log_events().log_group_name(group).start_time(from);
            let call = call.set_log_stream_name_prefix(prefix.map(str::to_owned)).set_next_token(token);
            self.calls += 1;
            let page = match call.send().await {
                Ok(page) => page,
                // It has not logged anything yet.
                Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(()),
                Err(error) => return Err(sdk(&format!("read the logs in {group}"), error)),
            };
            let mask = self.session.mask().borrow();
            found.extend(page.events().iter().map(|event| LogEvent {
                id: event.event_id().unwrap_or_default().to_owned(),
                time: event.timestamp().unwrap_or_default(),
                stream: event.log_stream_name().unwrap_or_default().to_owned(),
                text: mask.clean(event.message().unwrap_or_default()),
            }));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_the_manifest_or_of_what_is_deployed() {
        let event =
            |stream: &str| LogEvent { id: "1".into(), time: 1, stream: stream.into(), text: String::new() };
        let asked = |name: &str| LogRequest {
            names: vec!["web".into(), name.into()],
            known: vec!["web".into(), "proxy".into()],
            ..LogRequest::default()
        };
        let groups = ["/shop-prod/ecs/old".to_owned(), "/shop-prod/ecs/web".to_owned()];
        let found = [event("ecs/sidecar/0123")];
        for name in ["proxy", "old", "sidecar"] {
            assert_eq!(unknown(&asked(name), &groups, &found), Ok(()), "{name}");
        }
        let failure = unknown(&asked("wep"), &groups, &found).unwrap_err();
        assert_eq!(failure.message, "there is no service or job `wep`");
        assert_eq!(failure.help, ["services and jobs: old, proxy, web"]);
        assert_eq!(unknown(&LogRequest::default(), &[], &[]), Ok(()));
    }
}
