//! The state of services while a stack is followed: which are in progress, what was reported, what failed.
//!
//! In: stack events, services and tasks as ECS returns them. Out: new [`ProgressEvent`]s, and a
//! [`ServiceFinding`] for each failed service. Pure: no clock and no calls.

use super::report::{ReportLines, ServiceFinding};
use super::rollout::{self, ServiceRollout};
use super::{target_health, tasks};
use crate::deploy::TargetCounts;
use crate::deploy::progress::ProgressEvent;
use aws_sdk_cloudformation::types::StackEvent;
use aws_sdk_ecs::types::{Service, Task};
use std::collections::{BTreeMap, BTreeSet};
use tranship_targets::StackService;

/// Failed tasks to remember per service: the latest ones.
const REMEMBERED: usize = 20;

/// Polls after a service has failed: a task may still be stopping.
const AFTERWARDS: u8 = 3;

/// Attempts to read the log of one task: its last lines may be delayed.
const ASKED: u8 = 3;

/// The services of a stack.
#[derive(Debug, Default)]
pub(super) struct ServiceBoard {
    /// By logical id.
    services: BTreeMap<String, WatchedService>,
    /// Tasks whose end has been reported.
    ended: BTreeSet<String>,
    /// How often targets were looked at.
    looks: u64,
}

/// A service of the stack.
#[derive(Debug, Default)]
struct WatchedService {
    name: String,
    arn: Option<TaskArn>,
    /// When its resource began to change, in seconds since 1970.
    since: i64,
    phase: ServicePhase,
    /// Whether CloudFormation or ECS gave up on it.
    failed: bool,
    rollout: Option<ServiceRollout>,
    /// Its target groups, when they were looked at last, and what was found.
    groups: Vec<String>,
    looked: u64,
    targets: Option<TargetCounts>,
    newest: Option<String>,
    told: Vec<String>,
    tasks: Vec<Task>,
    log: Option<TaskLog>,
}

/// Whether to poll a service.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ServicePhase {
    /// Do not poll.
    #[default]
    AtRest,
    /// Poll every time.
    InProgress,
    /// Poll a few more times: the service has finished.
    Ending(u8),
}

/// The log lines of a task.
#[derive(Debug)]
struct TaskLog {
    task: String,
    asked: u8,
    lines: Option<ReportLines>,
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskArn {
    /// The cluster's name.
    pub(super) cluster: String,
    /// The complete ARN.
    pub(super) text: String,
}

impl TaskArn {
    /// Parses an ARN; `None` if it contains no cluster, as ARNs from before 2018 did.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (_, path) = text.split_once(":service/")?;
        let (cluster, _) = path.split_once('/')?;
        Some(TaskArn { cluster: cluster.to_owned(), text: text.to_owned() })
    }

    /// The service's name.
    pub(super) fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }
}

/// A task whose log is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedCall {
    /// The service's logical id.
    pub(super) service: String,
    /// The task's ARN.
    pub(super) task: String,
    /// The last segment of the ARN.
    pub(super) id: String,
    /// Its task definition.
    pub(super) definition: String,
    /// The container at fault.
    pub(super) container: String,
}

impl ServiceBoard {
    /// From the services that a deployment names.
    pub(super) fn new(services: &[StackService]) -> Self {
        let watched = |name: &String| WatchedService { name: name.clone(), ..WatchedService::default() };
        let services = services.iter().map(|it| (it.logical_id.clone(), watched(&it.name))).collect();
        ServiceBoard { services, ended: BTreeSet::new(), looks: 0 }
    }

    /// Records a stack event about a service. Returns true if the service should be polled.
    pub(super) fn note(&mut self, event: &StackEvent) -> bool {
        let id = event.logical_resource_id().unwrap_or_default();
        let Some(service) = self.services.get_mut(id) else { return false };
        if event.resource_type() != Some("AWS::ECS::Service") {
            return false;
        }
        if let Some(arn) = event.physical_resource_id().and_then(TaskArn::read) {
            service.arn = Some(arn);
        }
        let status = event.resource_status().map_or("", |status| status.as_str());
        let cancelled = event.resource_status_reason().is_some_and(|reason| reason.contains("cancelled"));
        match status {
            "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" => {
                if service.since == 0 {
                    service.since = event.timestamp().map_or(0, |time| time.secs());
                }
                service.phase = ServicePhase::InProgress;
            }
            "CREATE_FAILED" | "UPDATE_FAILED" => {
                service.failed |= !cancelled;
                service.phase = ServicePhase::Ending(AFTERWARDS);
            }
            _ if service.phase == ServicePhase::InProgress => service.phase = ServicePhase::Ending(1),
            _ => return false,
        }
        service.arn.is_some()
    }

    /// The services to poll, by cluster.
    pub(super) fn open(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for service in self.services.values().filter(|it| it.phase != ServicePhase::AtRest) {
            if let Some(arn) = &service.arn {
                found.entry(arn.cluster.clone()).or_default().push(arn.text.clone());
            }
        }
        found
    }

    /// Records the ECS state of a service and adds what is new to `news`. Returns true if something changed, so that
    /// a task may have stopped.
    pub(super) fn take_service(&mut self, found: &Service, news: &mut Vec<ProgressEvent>) -> bool {
        let arn = found.service_arn();
        let is_it = |it: &&mut WatchedService| it.arn.as_ref().map(|arn| arn.text.as_str()) == arn;
        let Some(service) = self.services.values_mut().find(is_it) else { return false };
        let newest = found.events().first().and_then(|event| event.id()).map(str::to_owned);
        let mut changed = newest != service.newest;
        service.newest = newest;
        service.groups = target_health::groups(found);
        if let Some(rollout) = ServiceRollout::of(found).filter(|it| service.rollout.as_ref() != Some(it)) {
            changed = true;
            let status = format!("ROLLOUT_{}", rollout.state);
            news.push(service.event(&status, rollout.to_string(), rollout.has_failed()));
            service.failed |= rollout.has_failed();
            service.rollout = Some(rollout);
        }
        for message in rollout::messages(found, service.since, &service.told) {
            news.push(service.event("SERVICE_EVENT", message.clone(), false));
            service.told.push(message);
        }
        changed
    }

    /// The services in progress to ask the load balancer about, by logical id, with their target groups: those first that were not
    /// looked at for longest, at most so many.
    pub(super) fn unreached(&mut self, most: usize) -> Vec<(String, Vec<String>)> {
        self.looks += 1;
        let looks = self.looks;
        let mut open: Vec<_> = self
            .services
            .iter_mut()
            .filter(|(_, it)| it.phase != ServicePhase::AtRest && !it.groups.is_empty())
            .collect();
        open.sort_by_key(|(_, it)| it.looked);
        open.truncate(most);
        open.iter_mut().for_each(|(_, it)| it.looked = looks);
        open.into_iter().map(|(id, it)| (id.clone(), it.groups.clone())).collect()
    }

    /// Records what the load balancer says of a service. Returns true if it says something new.
    pub(super) fn take_targets(
        &mut self,
        id: &str,
        found: Option<TargetCounts>,
        news: &mut Vec<ProgressEvent>,
    ) -> bool {
        let Some(service) = self.services.get_mut(id) else { return false };
        let Some(found) = found.filter(|it| service.targets.as_ref() != Some(it)) else { return false };
        news.push(service.event("TARGET_HEALTH", found.to_string(), found.unhealthy > 0));
        service.targets = Some(found);
        true
    }

    /// A poll is complete.
    pub(super) fn looked(&mut self) {
        for service in self.services.values_mut() {
            if let ServicePhase::Ending(left) = service.phase {
                service.phase = if left > 1 { ServicePhase::Ending(left - 1) } else { ServicePhase::AtRest };
            }
        }
    }

    /// Those of the tasks whose end has not been reported yet.
    pub(super) fn unheard(&self, tasks: Vec<String>) -> Vec<String> {
        tasks.into_iter().filter(|arn| !self.ended.contains(arn)).collect()
    }

    /// Records stopping tasks, in the order in which they stopped. Returns true if one has not quite finished.
    pub(super) fn take_tasks(&mut self, mut found: Vec<Task>, news: &mut Vec<ProgressEvent>) -> bool {
        found.sort_by_key(|task| task.stopped_at().map(|time| (time.secs(), time.subsec_nanos())));
        let mut stopping = false;
        for task in found {
            if !tasks::has_ended(&task) {
                stopping = true;
                continue;
            }
            self.ended.insert(task.task_arn().unwrap_or_default().to_owned());
            let is_its = |it: &&mut WatchedService| {
                it.arn.as_ref().is_some_and(|arn| tasks::is_failure(&task, arn.name(), it.since))
            };
            if let Some(service) = self.services.values_mut().find(is_its) {
                let text = format!("task {}: {}", tasks::id(&task), tasks::story(&task));
                news.push(service.event("TASK_STOPPED", text, true));
                service.tasks.push(task);
                let excess = service.tasks.len().saturating_sub(REMEMBERED);
                service.tasks.drain(..excess);
            }
        }
        stopping
    }

    /// The tasks whose logs explain a failure, those of failed services first. The log of a service's first failure
    /// is requested at once: the log group of a stack's first create disappears with the rollback.
    pub(super) fn wanted(&self) -> Vec<WantedCall> {
        let mut services: Vec<_> = self.services.iter().collect();
        services.sort_by_key(|(_, service)| !service.failed);
        services.into_iter().filter_map(|(id, service)| service.wanted(id)).collect()
    }

    /// Records the last lines of a task's log, if there are any.
    pub(super) fn take_lines(&mut self, wanted: &WantedCall, found: Option<ReportLines>) {
        let Some(service) = self.services.get_mut(&wanted.service) else { return };
        let (asked, before) = match service.log.take() {
            Some(log) if log.task == wanted.task => (log.asked, log.lines),
            Some(log) => (0, log.lines),
            None => (0, None),
        };
        service.log = Some(TaskLog { task: wanted.task.clone(), asked: asked + 1, lines: found.or(before) });
    }

    /// The findings about each failed service.
    pub(super) fn failed(&self) -> Vec<ServiceFinding> {
        self.services.iter().filter(|(_, it)| it.failed).map(|(id, it)| it.finding(id)).collect()
    }

    /// The findings about each service with a failed task.
    pub(super) fn troubled(&self) -> Vec<ServiceFinding> {
        let troubled = |it: &&WatchedService| it.failed || !it.tasks.is_empty();
        self.services.iter().filter(|(_, it)| troubled(it)).map(|(id, it)| it.finding(id)).collect()
    }
}

impl WatchedService {
    fn event(&self, status: &str, text: String, failed: bool) -> ProgressEvent {
        let (subject, kind) = (self.name.clone(), "service".to_owned());
        ProgressEvent { subject, kind, status: status.to_owned(), text, failed }
    }

    fn wanted(&self, id: &str) -> Option<WantedCall> {
        let task = tasks::explaining(&self.tasks)?;
        let container = tasks::culprit(task, &self.name)?;
        // A container that never ran has no log.
        container.exit_code()?;
        let arn = task.task_arn()?;
        let enough = self.log.as_ref().is_some_and(|log| match log.task == arn {
            true => {
                log.asked >= ASKED || log.lines.as_ref().is_some_and(|lines| lines.task == tasks::id(task))
            }
            false => log.lines.is_some() && !self.failed,
        });
        (!enough).then(|| WantedCall {
            service: id.to_owned(),
            task: arn.to_owned(),
            id: tasks::id(task).to_owned(),
            definition: task.task_definition_arn().unwrap_or_default().to_owned(),
            container: container.name().unwrap_or_default().to_owned(),
        })
    }

    fn finding(&self, id: &str) -> ServiceFinding {
        let mut stories: Vec<(usize, String)> = Vec::new();
        for story in self.tasks.iter().map(tasks::story) {
            match stories.iter_mut().find(|(_, told)| *told == story) {
                Some((count, _)) => *count += 1,
                None => stories.push((1, story)),
            }
        }
        let cause = tasks::explaining(&self.tasks).map(|task| tasks::cause(task, &self.name));
        let ill = self.targets.as_ref().filter(|targets| targets.unhealthy > 0);
        ServiceFinding {
            service: self.name.clone(),
            logical_id: id.to_owned(),
            cause: cause.or_else(|| self.told.last().cloned()),
            stories,
            targets: ill.map(TargetCounts::to_string),
            lines: self.log.as_ref().and_then(|log| log.lines.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::primitives::DateTime as StackTime;
    use aws_sdk_cloudformation::types::ResourceStatus;
    use aws_sdk_ecs::primitives::DateTime;
    use aws_sdk_ecs::types::{Container, Deployment, DeploymentRolloutState, ServiceEvent, TaskStopCode};

    const ARN: &str = "arn:aws:ecs:us-east-1:1:service/shop-Cluster-1/shop-App-1";

    fn board() -> ServiceBoard {
        let service = |name: &str, id: &str| StackService { name: name.into(), logical_id: id.into() };
        ServiceBoard::new(&[service("app", "AppService"), service("worker", "WorkerService")])
    }

    fn event(status: &str, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id("AppService")
            .resource_type("AWS::ECS::Service")
            .physical_resource_id(ARN)
            .resource_status(ResourceStatus::from(status))
            .resource_status_reason(reason)
            .timestamp(StackTime::from_secs(100))
            .build()
    }

    fn service(state: DeploymentRolloutState, running: i32, event: &str) -> Service {
        let primary = Deployment::builder().status("PRIMARY").rollout_state(state);
        let primary = primary.running_count(running).desired_count(1).build();
        let event = ServiceEvent::builder().id(event).message(event).created_at(DateTime::from_secs(110));
        Service::builder()
            .service_arn(ARN)
            .status("ACTIVE")
            .deployments(primary)
            .events(event.build())
            .build()
    }

    fn task(id: &str, at: i64, exit_code: Option<i32>) -> Task {
        Task::builder()
            .task_arn(format!("arn:aws:ecs:us-east-1:1:task/shop-Cluster-1/{id}"))
            .task_definition_arn("shop-app:1")
            .group("service:shop-App-1")
            .last_status("STOPPED")
            .stop_code(TaskStopCode::EssentialContainerExited)
            .stopped_reason("Essential container in task exited")
            .created_at(DateTime::from_secs(at))
            .stopped_at(DateTime::from_secs(at + 5))
            .containers(Container::builder().name("app").set_exit_code(exit_code).build())
            .build()
    }

    fn lines(task: &str) -> ReportLines {
        let (container, group, stream) = ("app".to_owned(), String::new(), String::new());
        ReportLines { task: task.into(), container, group, stream, lines: vec!["no database".into()] }
    }

    #[test]
    fn a_service_is_asked_about_while_its_resource_changes_and_a_little_longer() {
        for (status, reason, looks, failed) in [
            ("CREATE_COMPLETE", "", 1, false),
            ("UPDATE_COMPLETE", "", 1, false),
            ("CREATE_FAILED", "circuit breaker", 3, true),
            ("CREATE_FAILED", "Resource creation cancelled", 3, false),
            ("DELETE_IN_PROGRESS", "", 1, false),
        ] {
            let mut board = board();
            assert!(!board.note(&event("DELETE_COMPLETE", "")), "what never began is left alone");
            assert!(board.note(&event("CREATE_IN_PROGRESS", "")));
            let cluster = BTreeMap::from([("shop-Cluster-1".to_owned(), vec![ARN.to_owned()])]);
            assert_eq!(board.open(), cluster);
            board.note(&event(status, reason));
            for _ in 0..looks {
                assert_eq!(board.open(), cluster, "{status}");
                board.looked();
            }
            assert!(board.open().is_empty(), "{status}");
            assert_eq!(!board.failed().is_empty(), failed, "{status} {reason}");
        }
    }

    #[test]
    fn what_has_not_changed_is_not_told_again() {
        use DeploymentRolloutState::{Failed, InProgress};
        let mut board = board();
        board.note(&event("CREATE_IN_PROGRESS", ""));
        for (found, changed, told) in [
            (service(InProgress, 0, "has started 1 tasks"), true, vec!["ROLLOUT_IN_PROGRESS"]),
            (service(InProgress, 0, "has started 1 tasks"), false, vec![]),
            (service(InProgress, 0, "has started 2 tasks"), true, vec![]),
            (service(InProgress, 1, "is unlucky"), true, vec!["ROLLOUT_IN_PROGRESS", "SERVICE_EVENT"]),
            (service(Failed, 1, "is unlucky"), true, vec!["ROLLOUT_FAILED"]),
        ] {
            let mut news = Vec::new();
            assert_eq!(board.take_service(&found, &mut news), changed);
            assert_eq!(news.iter().map(|it| it.status.as_str()).collect::<Vec<_>>(), told);
            assert!(news.iter().all(|it| it.subject == "app"));
        }
        let cause = board.failed().into_iter().map(|it| it.cause).next().flatten();
        assert_eq!(cause.as_deref(), Some("is unlucky"), "with no task to blame, what ECS said last");
    }

    #[test]
    fn targets_are_told_when_they_change_and_explain_a_failure() {
        use DeploymentRolloutState::InProgress;
        let (mut board, mut news) = (board(), Vec::new());
        board.note(&event("CREATE_IN_PROGRESS", ""));
        assert_eq!(board.unreached(5), [], "its target groups are not known yet");
        let mut found = service(InProgress, 1, "has started 1 tasks");
        let behind = aws_sdk_ecs::types::LoadBalancer::builder().target_group_arn("arn:group").build();
        found.load_balancers = Some(vec![behind]);
        board.take_service(&found, &mut Vec::new());
        assert_eq!(board.unreached(5), [("AppService".to_owned(), vec!["arn:group".to_owned()])]);
        let health = |healthy, unhealthy, cause: Option<&str>| {
            Some(TargetCounts { healthy, unhealthy, total: 1, cause: cause.map(str::to_owned) })
        };
        for (found, new) in [
            (None, false),
            (health(0, 0, None), true),
            (health(0, 0, None), false),
            (health(0, 1, Some("Request timed out")), true),
            (None, false),
        ] {
            assert_eq!(board.take_targets("AppService", found, &mut news), new);
        }
        let told: Vec<_> = news.iter().map(|it| (it.status.as_str(), it.text.as_str(), it.failed)).collect();
        let ill = "0/1 targets healthy: Request timed out";
        assert_eq!(told, [("TARGET_HEALTH", "0/1 targets healthy", false), ("TARGET_HEALTH", ill, true)]);
        board.note(&event("CREATE_FAILED", "circuit breaker"));
        assert_eq!(board.failed()[0].targets.as_deref(), Some(ill));
        board.take_targets("AppService", health(1, 0, None), &mut news);
        assert_eq!(board.failed()[0].targets, None);
        assert!(!board.take_targets("NoService", health(1, 0, None), &mut news));
    }

    #[test]
    fn of_many_services_those_are_asked_about_that_waited_longest() {
        let named = |n: i32| StackService { name: format!("s{n}"), logical_id: format!("S{n}Service") };
        let mut board = ServiceBoard::new(&(0..5).map(named).collect::<Vec<_>>());
        for service in board.services.values_mut() {
            (service.phase, service.groups) = (ServicePhase::InProgress, vec!["arn".to_owned()]);
        }
        let asked =
            |board: &mut ServiceBoard| board.unreached(2).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(asked(&mut board), ["S0Service", "S1Service"]);
        assert_eq!(asked(&mut board), ["S2Service", "S3Service"]);
        assert_eq!(asked(&mut board), ["S4Service", "S0Service"]);
    }

    #[test]
    fn a_task_is_told_once_and_the_latest_explains() {
        let mut board = board();
        board.note(&event("CREATE_IN_PROGRESS", ""));
        let mut news = Vec::new();
        let stopping = Task::builder().task_arn("x").last_status("STOPPING").build();
        let both = vec![task("b", 120, Some(2)), task("a", 110, Some(1)), task("old", 50, Some(9)), stopping];
        assert!(board.take_tasks(both, &mut news));
        let texts: Vec<&str> = news.iter().map(|it| it.text.as_str()).collect();
        let end = "Essential container in task exited; container app: exit code";
        assert_eq!(texts, [format!("task a: {end} 1"), format!("task b: {end} 2")]);
        let arns = ["old", "a", "c"].map(|id| format!("arn:aws:ecs:us-east-1:1:task/shop-Cluster-1/{id}"));
        assert_eq!(board.unheard([&arns[..], &["x".to_owned()]].concat()), [&arns[2], "x"]);
        let finding = board.troubled().remove(0);
        assert_eq!(finding.cause.as_deref(), Some("container app exited with code 2"));
        assert_eq!(finding.stories.len(), 2);
    }

    #[test]
    fn a_log_is_asked_for_at_once_and_again_when_the_service_fails() {
        let mut board = board();
        board.note(&event("CREATE_IN_PROGRESS", ""));
        assert_eq!(board.wanted(), []);
        board.take_tasks(vec![task("a", 110, Some(1))], &mut Vec::new());
        for asked in 0..ASKED {
            let wanted = board.wanted();
            assert_eq!(wanted.len(), 1, "asked {asked} times");
            board.take_lines(&wanted[0], None);
        }
        assert_eq!(board.wanted(), [], "it logged nothing");
        board.take_tasks(vec![task("b", 120, Some(1))], &mut Vec::new());
        let wanted = board.wanted();
        assert_eq!(wanted[0].id, "b");
        board.take_lines(&wanted[0], Some(lines("b")));
        board.take_tasks(vec![task("c", 130, Some(1))], &mut Vec::new());
        assert_eq!(board.wanted(), [], "one log is enough while it goes on");
        board.note(&event("CREATE_FAILED", "circuit breaker"));
        let wanted = board.wanted();
        assert_eq!(wanted[0].id, "c");
        board.take_lines(&wanted[0], None);
        assert_eq!(board.failed()[0].lines, Some(lines("b")), "older lines are better than none");
    }

    #[test]
    fn what_never_ran_has_no_log() {
        let mut board = board();
        board.note(&event("CREATE_IN_PROGRESS", ""));
        board.take_tasks(vec![task("a", 110, None)], &mut Vec::new());
        assert_eq!(board.wanted(), []);
    }
}
