//! Which services get new tasks although CloudFormation leaves them alone.
//!
//! In: the template, the flags, what runs. Out: [`NewTasks`]. ECS reads a secret once, when a task starts, and
//! CloudFormation sees no change in a service whose secret changed. The answer comes from what AWS says now (when a secret
//! got its value, when the newest deployment of its reader began), so a run after a crash completes it.

use super::secret_readers::{SecretReader, readers};
use super::services::{self, NewTasks, RunningService};
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::{DeployProgress, PlannedChange, ResourceAction};
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, ForcedTasks};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tranship_targets::{StackDeployment, StackService};

/// The services by logical id, as ECS runs them.
pub(super) type RunningServices = BTreeMap<String, RunningService>;

/// What decides about new tasks.
pub(super) struct TaskRenewal<'a> {
    deployment: &'a StackDeployment,
    readers: Vec<SecretReader>,
    /// The logical ids of the services that the flags name.
    forced: BTreeSet<String>,
}

/// The services that get new tasks, and what runs now.
pub(super) struct DueTasks {
    wanted: Vec<NewTasks>,
    running: RunningServices,
}

impl<'a> TaskRenewal<'a> {
    /// Fails if a flag names a service that the stack does not have.
    pub(super) fn new(
        template: &Value,
        deployment: &'a StackDeployment,
        force: &ForcedTasks,
    ) -> Result<Self, DeployFailure> {
        let readers = readers(template);
        let all = || deployment.services.iter().map(|it| it.logical_id.clone());
        let forced = match force {
            ForcedTasks::None => BTreeSet::new(),
            ForcedTasks::All => all().collect(),
            ForcedTasks::Services(names) => {
                names.iter().map(|name| named(deployment, name)).collect::<Result<_, _>>()?
            }
        };
        Ok(TaskRenewal { deployment, readers, forced })
    }

    fn wanted(&self, id: &str, why: String, started: bool) -> NewTasks {
        let is_it = |it: &&StackService| it.logical_id == *id;
        let name = self.deployment.services.iter().find(is_it).map_or(id, |it| &it.name);
        NewTasks { id: id.to_owned(), name: name.to_owned(), why, started }
    }

    /// The services that a change set leaves with old values.
    pub(super) fn planned(&self, changes: &[PlannedChange]) -> Vec<NewTasks> {
        let behind = |reader: &SecretReader| {
            let names = reader.left_behind(changes);
            (!names.is_empty()).then(|| self.wanted(&reader.service, another_value(&names), false))
        };
        let mut planned: Vec<NewTasks> = self.readers.iter().filter_map(behind).collect();
        let begins = |id: &String| {
            changes.iter().any(|it| it.logical_id() == id && it.action != ResourceAction::Modify)
                || planned.iter().any(|it| it.id == *id)
        };
        let forced: Vec<&String> = self.forced.iter().filter(|id| !begins(id)).collect();
        planned.extend(forced.into_iter().map(|id| self.wanted(id, BY_FORCE.to_owned(), false)));
        planned
    }

    /// What runs before the stack is changed, where new tasks are due: a service that the change itself starts anew has
    /// them.
    pub(super) async fn before(
        &self,
        session: &AwsSession,
        stack: Option<&str>,
        changes: &[PlannedChange],
    ) -> RunningServices {
        let due = !self.forced.is_empty() || self.readers.iter().any(|it| !it.touched(changes).is_empty());
        match stack.filter(|_| due) {
            Some(stack) => services::running(session, stack).await.unwrap_or_default(),
            None => RunningServices::new(),
        }
    }

    /// The services that need new tasks now, after these changes; `before` is what ran before them.
    pub(super) async fn due(
        &self,
        session: &AwsSession,
        stack: &str,
        changes: &[PlannedChange],
        before: &RunningServices,
        progress: &mut dyn DeployProgress,
    ) -> Result<DueTasks, DeployFailure> {
        let secrets: BTreeSet<&str> =
            self.readers.iter().flat_map(|it| it.secrets.keys()).map(String::as_str).collect();
        if secrets.is_empty() && self.forced.is_empty() {
            return Ok(DueTasks { wanted: Vec::new(), running: RunningServices::new() });
        }
        let touched: Vec<&SecretReader> =
            self.readers.iter().filter(|it| !it.touched(changes).is_empty()).collect();
        let (running, since) =
            tokio::join!(services::running(session, stack), services::since(session, stack, &secrets),);
        let running = match running {
            Ok(running) => running,
            Err(trouble) if touched.is_empty() && self.forced.is_empty() => {
                progress.warn(&unknown(&trouble.to_string()));
                return Ok(DueTasks { wanted: Vec::new(), running: RunningServices::new() });
            }
            Err(trouble) => {
                return Err(trouble
                    .failure("start new tasks")
                    .help("services may still run with the values of before"));
            }
        };
        let since = match since {
            Ok(since) => Some(since),
            Err(trouble) => {
                progress.warn(&unknown(&trouble.to_string()));
                None
            }
        };
        let wanted = running
            .iter()
            .filter_map(|(id, now)| self.judge(id, now, since.as_ref(), changes, before.get(id)));
        Ok(DueTasks { wanted: wanted.collect(), running: running.clone() })
    }

    fn judge(
        &self,
        id: &str,
        now: &RunningService,
        since: Option<&BTreeMap<String, f64>>,
        changes: &[PlannedChange],
        before: Option<&RunningService>,
    ) -> Option<NewTasks> {
        let reader = self.readers.iter().find(|reader| reader.service == id);
        let newer = |secret: &&String| {
            since.and_then(|since| since.get(*secret)).is_some_and(|since| *since > now.began)
        };
        let stale: Vec<&str> = reader
            .into_iter()
            .flat_map(|reader| reader.secrets.iter())
            .filter(|(secret, _)| newer(secret))
            .map(|(_, name)| name.as_str())
            .collect();
        let touched = reader.map(|reader| reader.touched(changes)).unwrap_or_default();
        let begun = before.is_some_and(|before| before.deployment != now.deployment);
        if !stale.is_empty() {
            Some(self.wanted(id, another_value(&stale), false))
        } else if since.is_none() && !touched.is_empty() && !begun {
            Some(self.wanted(id, another_value(&touched), false))
        } else if self.forced.contains(id) && !begun {
            Some(self.wanted(id, BY_FORCE.to_owned(), false))
        } else {
            let reads = reader.is_some_and(|reader| !reader.secrets.is_empty());
            (now.in_progress && (reads || self.forced.contains(id)))
                .then(|| self.wanted(id, "they are on their way".to_owned(), true))
        }
    }
}

const BY_FORCE: &str = "as `--force` asks";

fn another_value(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "has another value" } else { "have other values" };
    format!("{} {verb}", names.join(", "))
}

fn unknown(trouble: &str) -> String {
    format!("cannot tell whether each service runs with the newest secrets: {trouble}")
}

fn named(deployment: &StackDeployment, name: &str) -> Result<String, DeployFailure> {
    match deployment.services.iter().find(|it| it.name == *name) {
        Some(it) => Ok(it.logical_id.clone()),
        None => {
            let known: Vec<&str> = deployment.services.iter().map(|it| it.name.as_str()).collect();
            Err(DeployFailure::usage(format!("there is no service `{name}` to start anew"))
                .help(format!("the stack has: {}", known.join(", "))))
        }
    }
}

/// As changes, to show them.
pub(super) fn shown(wanted: &[NewTasks]) -> impl Iterator<Item = PlannedChange> {
    wanted.iter().map(|it| PlannedChange {
        action: ResourceAction::Renew,
        name: it.id.clone(),
        kind: "AWS::ECS::Service".to_owned(),
        detail: it.why.clone(),
        data_at_risk: false,
    })
}

impl DueTasks {
    /// The services.
    pub(super) fn wanted(&self) -> &[NewTasks] {
        &self.wanted
    }

    /// Whether any of them is yet to begin.
    pub(super) fn begins(&self) -> bool {
        self.wanted.iter().any(|it| !it.started)
    }

    /// Starts the new tasks, and follows them.
    pub(super) async fn roll(
        self,
        session: &AwsSession,
        deployment: &StackDeployment,
        options: &DeployOptions,
        outcome: DeployOutcome,
        progress: &mut dyn DeployProgress,
    ) -> Result<DeployOutcome, DeployFailure> {
        if self.wanted.is_empty() {
            return Ok(outcome);
        }
        let limit = options.timeout;
        services::roll(session, &self.wanted, &self.running, &deployment.services, limit, progress).await?;
        Ok(DeployOutcome { changed: true, ..outcome })
    }
}
