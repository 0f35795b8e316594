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

    /// Whether new tasks may be due after these changes.
    fn may_be_due(&self, changes: &[PlannedChange]) -> bool {
        !self.forced.is_empty() || self.readers.iter().any(|it| !it.touched(changes).is_empty())
    }

    /// What runs before the stack is changed, where new tasks are due: a service that the change itself starts anew has
    /// them.
    pub(super) async fn before(
        &self,
        session: &AwsSession,
        stack: Option<&str>,
        changes: &[PlannedChange],
    ) -> RunningServices {
        match stack.filter(|_| self.may_be_due(changes)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::failure::FailureKind;

    /// `App` reads a secret, `Worker` none.
    const TEMPLATE: &str = "
Resources:
  TokenSecret: { Type: 'AWS::SecretsManager::Secret' }
  AppTaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties: { ContainerDefinitions: [{ Secrets: [{ Name: API_TOKEN, ValueFrom: !Ref TokenSecret }] }] }
  WorkerTaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties: { ContainerDefinitions: [{ Name: worker }] }
  AppService: { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: !Ref AppTaskDefinition } }
  WorkerService: { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: !Ref WorkerTaskDefinition } }
";

    fn deployment() -> StackDeployment {
        let service = |name: &str, id: &str| StackService { name: name.into(), logical_id: id.into() };
        StackDeployment {
            services: vec![service("app", "AppService"), service("worker", "WorkerService")],
            ..StackDeployment::default()
        }
    }

    fn change(name: &str, action: ResourceAction) -> PlannedChange {
        PlannedChange {
            action,
            name: name.into(),
            kind: String::new(),
            detail: String::new(),
            data_at_risk: false,
        }
    }

    fn told(wanted: impl IntoIterator<Item = NewTasks>) -> Vec<String> {
        let line = |it: NewTasks| format!("{} {} {}: {}", it.id, it.name, it.started, it.why);
        wanted.into_iter().map(line).collect()
    }

    fn renewal<'a>(deployment: &'a StackDeployment, force: &ForcedTasks) -> TaskRenewal<'a> {
        let template = super::super::template::read(TEMPLATE).unwrap();
        TaskRenewal::new(&template, deployment, force).unwrap()
    }

    #[test]
    fn readers_of_a_changed_secret_get_new_tasks() {
        let deployment = deployment();
        let secret = change("TokenSecret", ResourceAction::Modify);
        let renewal = renewal(&deployment, &ForcedTasks::None);
        let app = "AppService app false: API_TOKEN has another value";
        assert_eq!(told(renewal.planned(std::slice::from_ref(&secret))), [app]);
        assert!(renewal.planned(&[]).is_empty());
        assert!(renewal.may_be_due(std::slice::from_ref(&secret)) && !renewal.may_be_due(&[]));
        // A new task definition starts new tasks by itself.
        let definition = change("AppTaskDefinition", ResourceAction::Replace);
        assert!(renewal.planned(&[secret, definition]).is_empty());
        assert_eq!(another_value(&["A", "B"]), "A, B have other values");
    }

    #[test]
    fn force_starts_tasks_that_nothing_else_starts() {
        let deployment = deployment();
        let all = renewal(&deployment, &ForcedTasks::All);
        let app = "AppService app false: as `--force` asks";
        let worker = "WorkerService worker false: as `--force` asks";
        assert_eq!(told(all.planned(&[])), [app, worker]);
        let modified = change("AppService", ResourceAction::Modify);
        assert_eq!(told(all.planned(&[modified])), [app, worker], "a change in place starts no tasks");
        let begun = change("AppService", ResourceAction::Replace);
        assert_eq!(told(all.planned(&[begun])), [worker]);
        let secret = change("TokenSecret", ResourceAction::Modify);
        let by_secret = "AppService app false: API_TOKEN has another value";
        assert_eq!(told(all.planned(&[secret])), [by_secret, worker], "one reason is enough");
        let one = renewal(&deployment, &ForcedTasks::Services(vec!["worker".into()]));
        assert_eq!(told(one.planned(&[])), [worker]);
        assert!(one.may_be_due(&[]));
        let template = super::super::template::read(TEMPLATE).unwrap();
        let unknown = ForcedTasks::Services(vec!["web".into()]);
        let failure = TaskRenewal::new(&template, &deployment, &unknown).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Usage);
        assert_eq!(failure.message, "there is no service `web` to start anew");
        assert_eq!(failure.help, ["the stack has: app, worker"]);
    }

    #[test]
    fn what_runs_decides_whether_new_tasks_are_due() {
        let deployment = deployment();
        let none = renewal(&deployment, &ForcedTasks::None);
        let all = renewal(&deployment, &ForcedTasks::All);
        let run = |deployment: &str, began: f64, in_progress: bool| {
            RunningService::tests_service(deployment, began, in_progress)
        };
        let since = |at: f64| Some(BTreeMap::from([("TokenSecret".to_owned(), at)]));
        let secret = [change("TokenSecret", ResourceAction::Modify)];
        let judge = |renewal: &TaskRenewal<'_>,
                     id: &str,
                     now: &RunningService,
                     since: Option<BTreeMap<String, f64>>,
                     changes: &[PlannedChange],
                     before: Option<&RunningService>| {
            told(renewal.judge(id, now, since.as_ref(), changes, before))
        };
        let old = run("1", 100.0, false);
        let by_secret = ["AppService app false: API_TOKEN has another value"];
        // The secret is newer than the tasks, whatever this run changed.
        assert_eq!(judge(&none, "AppService", &old, since(101.0), &[], None), by_secret);
        assert!(judge(&none, "AppService", &old, since(100.0), &[], None).is_empty());
        assert!(judge(&none, "WorkerService", &old, since(101.0), &[], None).is_empty());
        // Nobody knows since when the secret has its value: this run changed it, unless the tasks are new.
        assert_eq!(judge(&none, "AppService", &old, None, &secret, Some(&old)), by_secret);
        assert_eq!(judge(&none, "AppService", &old, None, &secret, None), by_secret);
        let new = run("2", 200.0, false);
        assert!(judge(&none, "AppService", &new, None, &secret, Some(&old)).is_empty());
        assert!(judge(&none, "AppService", &old, None, &[], Some(&old)).is_empty());
        // By force, unless the tasks are new.
        let by_force = ["WorkerService worker false: as `--force` asks"];
        assert_eq!(judge(&all, "WorkerService", &old, since(1.0), &[], Some(&old)), by_force);
        assert!(judge(&all, "WorkerService", &new, since(1.0), &[], Some(&old)).is_empty());
        // What is under way is followed, where the tasks matter.
        let moving = run("2", 200.0, true);
        let way = |id: &str, name: &str| vec![format!("{id} {name} true: they are on their way")];
        assert_eq!(judge(&none, "AppService", &moving, since(1.0), &[], None), way("AppService", "app"));
        assert!(judge(&none, "WorkerService", &moving, since(1.0), &[], None).is_empty());
        assert_eq!(
            judge(&all, "WorkerService", &moving, since(1.0), &[], Some(&old)),
            way("WorkerService", "worker")
        );
        let due = |started: bool| DueTasks {
            wanted: vec![none.wanted("AppService", String::new(), started)],
            running: RunningServices::new(),
        };
        assert!(due(false).begins() && !due(true).begins());
        assert_eq!(due(true).wanted().len(), 1);
        let shown: Vec<PlannedChange> = shown(due(false).wanted()).collect();
        assert_eq!((shown[0].action, shown[0].name.as_str()), (ResourceAction::Renew, "AppService"));
    }
}
