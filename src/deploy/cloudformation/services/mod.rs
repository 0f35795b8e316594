//! Watches the ECS services of a stack while it is followed: rollouts, stopped tasks, last log lines.
//!
//! In: events of the stack. Out: progress, and the root cause behind a failure that CloudFormation attributes to a
//! circuit breaker. Invariants: it polls at its own pace, never delays following the stack, and never fails
//! a deployment.

mod api_calls;
mod new_tasks;
mod report;
mod rollout;
mod service_board;
mod service_status;
mod target_health;
mod tasks;

pub(super) use self::new_tasks::{NewTasks, RunningService, roll, running, since};
pub(super) use self::service_status::standing;

use self::api_calls::ApiTrouble;
use self::service_board::ServiceBoard;
use crate::deploy::clock::jitter;
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::{DeployProgress, ProgressEvent};
use crate::deploy::session::AwsSession;
use aws_sdk_cloudformation::types::StackEvent;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tranship_targets::StackService;

/// Delay that lets several events be handled by one poll.
const BREATH: Duration = Duration::from_secs(1);

/// Delay between polls while something changes, and the maximum.
const SOON: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(15);

/// Additional delay per service: 100 services take 10 calls.
const EACH: Duration = Duration::from_millis(50);

/// Time limit for the last poll of a failed stack.
const LAST: Duration = Duration::from_secs(20);

/// Logs to read per poll.
const LOGS: usize = 5;

/// Services whose targets are looked at per poll.
const TARGETS: usize = 5;

/// Watches the services of one stack.
pub(super) struct ServiceWatch<'a> {
    session: &'a AwsSession,
    board: RefCell<ServiceBoard>,
    news: RefCell<Vec<ProgressEvent>>,
    warnings: RefCell<Vec<String>>,
    /// What permissions deny: the services, the tasks, the logs, the targets.
    denied: [Cell<bool>; 4],
    warned: Cell<bool>,
    /// A task is about to stop.
    restless: Cell<bool>,
    /// How many stack events concerned a service, and how many of them a poll has followed.
    noted: Cell<u64>,
    seen: Cell<u64>,
    wake: Notify,
}

/// The calls that may be denied.
#[derive(Debug, Clone, Copy)]
enum BoardPart {
    Services,
    Tasks,
    Logs,
    Targets,
}

impl<'a> ServiceWatch<'a> {
    /// For the services that a deployment names.
    pub(super) fn new(session: &'a AwsSession, services: &[StackService]) -> Self {
        ServiceWatch {
            session,
            board: RefCell::new(ServiceBoard::new(services)),
            news: RefCell::default(),
            warnings: RefCell::default(),
            denied: Default::default(),
            warned: Cell::new(false),
            restless: Cell::new(false),
            noted: Cell::new(0),
            seen: Cell::new(0),
            wake: Notify::new(),
        }
    }

    /// For no services.
    pub(super) fn nothing(session: &'a AwsSession) -> Self {
        ServiceWatch::new(session, &[])
    }

    /// Records stack events.
    pub(super) fn note(&self, event: &StackEvent) {
        if self.board.borrow_mut().note(event) {
            self.noted.set(self.noted.get() + 1);
            self.wake.notify_one();
        }
    }

    /// Reports what is new.
    pub(super) fn report(&self, progress: &mut dyn DeployProgress) {
        for warning in self.warnings.take() {
            progress.warn(&warning);
        }
        for event in self.news.take() {
            progress.event(&event);
        }
    }

    /// Polls until it is stopped: at once after a stack event, otherwise less and less often.
    pub(super) async fn run(&self) -> Infallible {
        let mut pause = SOON;
        loop {
            let open: usize = self.board.borrow().open().values().map(Vec::len).sum();
            if open == 0 || self.is_denied(BoardPart::Services) {
                self.wake.notified().await;
            } else {
                let each = EACH * u32::try_from(open).unwrap_or(u32::MAX);
                tokio::select! {
                    () = sleep(jitter(pause.max(each))) => {}
                    () = self.wake.notified() => {}
                }
            }
            sleep(BREATH).await;
            pause = if self.look().await { SOON } else { (pause * 3 / 2).min(LONGEST) };
        }
    }

    /// The last poll of a failed stack, if needed.
    pub(super) async fn finish(&self) {
        if self.noted != self.seen {
            // Do not wait for answers that do not arrive in time.
            let _ = timeout(LAST, self.look()).await;
        }
    }

    /// Polls everything in progress once. Returns true if something changed.
    async fn look(&self) -> bool {
        if self.is_denied(BoardPart::Services) {
            return false;
        }
        let noted = self.noted.get();
        let (open, mut changed) = (self.board.borrow().open(), false);
        for (cluster, arns) in &open {
            let ecs = self.session.ecs();
            match api_calls::services(&ecs, cluster, arns).await {
                Ok(found) => {
                    let (mut board, mut news) = (self.board.borrow_mut(), self.news.borrow_mut());
                    for service in &found {
                        changed |= board.take_service(service, &mut news);
                    }
                }
                Err(trouble) => self.complain(BoardPart::Services, trouble),
            }
            if changed || self.restless.get() {
                self.look_at_tasks(&ecs, cluster).await;
            }
        }
        changed |= self.look_at_targets().await;
        self.look_at_logs().await;
        self.board.borrow_mut().looked();
        self.seen.set(noted);
        changed
    }

    async fn look_at_tasks(&self, ecs: &aws_sdk_ecs::Client, cluster: &str) {
        if self.is_denied(BoardPart::Tasks) {
            return;
        }
        let found = async {
            let stopped = api_calls::stopped(ecs, cluster).await?;
            let unheard = self.board.borrow().unheard(stopped);
            api_calls::tasks(ecs, cluster, &unheard).await
        };
        match found.await {
            Ok(found) => {
                let stopping = self.board.borrow_mut().take_tasks(found, &mut self.news.borrow_mut());
                self.restless.set(stopping);
            }
            Err(trouble) => self.complain(BoardPart::Tasks, trouble),
        }
    }

    /// Asks the load balancers about a few services at a time. Returns true if something changed.
    async fn look_at_targets(&self) -> bool {
        let (wanted, mut changed) = (self.board.borrow_mut().unreached(TARGETS), false);
        for (service, groups) in wanted {
            if self.is_denied(BoardPart::Targets) {
                return changed;
            }
            match target_health::health(self.session, &groups).await {
                Ok(found) => {
                    let mut board = self.board.borrow_mut();
                    changed |= board.take_targets(&service, found, &mut self.news.borrow_mut());
                }
                Err(trouble) => self.complain(BoardPart::Targets, trouble),
            }
        }
        changed
    }

    async fn look_at_logs(&self) {
        let wanted = self.board.borrow().wanted();
        for wanted in wanted.iter().take(LOGS) {
            if self.is_denied(BoardPart::Logs) {
                return;
            }
            match api_calls::lines(self.session, wanted).await {
                Ok(mut found) => {
                    if let Some(found) = &mut found {
                        // Mask before truncating: part of a value could not be recognized.
                        let mask = self.session.mask().borrow();
                        found.lines = api_calls::last(found.lines.iter().map(|message| mask.clean(message)));
                    }
                    self.board.borrow_mut().take_lines(wanted, found);
                }
                Err(trouble) => self.complain(BoardPart::Logs, trouble),
            }
        }
    }

    fn is_denied(&self, part: BoardPart) -> bool {
        self.denied.get(part as usize).is_some_and(Cell::get)
    }

    /// Warns once about what cannot be read, and never retries a denied call.
    fn complain(&self, part: BoardPart, trouble: ApiTrouble) {
        let what = match part {
            BoardPart::Services => "service rollouts",
            BoardPart::Tasks => "stopped tasks",
            BoardPart::Logs => "container logs",
            BoardPart::Targets => "the health of targets",
        };
        if trouble.denied {
            if let Some(denied) = self.denied.get(part as usize) {
                denied.set(true);
            }
        } else if self.warned.replace(true) {
            return;
        }
        self.warnings.borrow_mut().push(format!("cannot read {what}: {}", trouble.reason));
    }

    /// Explains why the stack failed if its services are the cause; `root` is the first failed resource.
    pub(super) fn explain(&self, failure: DeployFailure, root: Option<&str>) -> DeployFailure {
        report::explain(failure, root, self.board.borrow().failed())
    }

    /// Adds what is known of services with failed tasks to another failure, such as a timeout.
    pub(super) fn add_trouble(&self, failure: DeployFailure) -> DeployFailure {
        report::explain(failure, None, self.board.borrow().troubled())
    }
}
