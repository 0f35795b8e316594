//! The ECS services of a stack, watched while the stack is followed: rollouts, stopped tasks, last log lines.
//!
//! In: events of the stack. Out: progress, and the root of a failure that CloudFormation calls a circuit
//! breaker. Invariants: it never holds up the following of the stack nor fails a deployment, it asks at its own
//! pace.

mod ask;
mod board;
mod report;
mod rollout;
mod standing;
mod tasks;

pub(super) use self::standing::standing;

use self::ask::Trouble;
use self::board::Board;
use crate::deploy::clock::jitter;
use crate::deploy::failure::Failure;
use crate::deploy::progress::{Event, Progress};
use crate::deploy::session::Session;
use aws_sdk_cloudformation::types::StackEvent;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// What comes together is asked for together.
const BREATH: Duration = Duration::from_secs(1);

/// Between two looks while something changes, and at most.
const SOON: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(15);

/// For each service more between two looks: 100 services are 10 calls.
const EACH: Duration = Duration::from_millis(50);

/// The last look at a stack that failed.
const LAST: Duration = Duration::from_secs(20);

/// Logs that are read in one look.
const LOGS: usize = 5;

/// Watches the services of one stack.
pub(super) struct Watch<'a> {
    session: &'a Session,
    board: RefCell<Board>,
    news: RefCell<Vec<Event>>,
    warnings: RefCell<Vec<String>>,
    /// What may not be asked: the services, the tasks, the logs.
    denied: [Cell<bool>; 3],
    warned: Cell<bool>,
    /// A task is about to stop.
    restless: Cell<bool>,
    /// How often the stack said something of a service, and how much of that a look has followed.
    noted: Cell<u64>,
    seen: Cell<u64>,
    wake: Notify,
}

/// What may be denied.
#[derive(Debug, Clone, Copy)]
enum Part {
    Services,
    Tasks,
    Logs,
}

impl<'a> Watch<'a> {
    /// Over the services that a deployment names.
    pub(super) fn new(session: &'a Session, services: &[(String, String)]) -> Self {
        Watch {
            session,
            board: RefCell::new(Board::new(services)),
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

    /// Over nothing.
    pub(super) fn nothing(session: &'a Session) -> Self {
        Watch::new(session, &[])
    }

    /// Takes note of what the stack says.
    pub(super) fn note(&self, event: &StackEvent) {
        if self.board.borrow_mut().note(event) {
            self.noted.set(self.noted.get() + 1);
            self.wake.notify_one();
        }
    }

    /// Tells what is new.
    pub(super) fn tell(&self, progress: &mut dyn Progress) {
        for warning in self.warnings.take() {
            progress.warn(&warning);
        }
        for event in self.news.take() {
            progress.event(&event);
        }
    }

    /// Looks, as long as it is let: at once when the stack says something, else more and more seldom.
    pub(super) async fn run(&self) -> Infallible {
        let mut pause = SOON;
        loop {
            let open: usize = self.board.borrow().open().values().map(Vec::len).sum();
            if open == 0 || self.is_denied(Part::Services) {
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

    /// The last look at a stack that failed, where one is due.
    pub(super) async fn finish(&self) {
        if self.noted != self.seen {
            // What cannot be had in time is not waited for.
            let _ = timeout(LAST, self.look()).await;
        }
    }

    /// One look at all that is in progress. True where something has changed.
    async fn look(&self) -> bool {
        if self.is_denied(Part::Services) {
            return false;
        }
        let noted = self.noted.get();
        let (open, mut changed) = (self.board.borrow().open(), false);
        for (cluster, arns) in &open {
            let ecs = self.session.ecs();
            match ask::services(&ecs, cluster, arns).await {
                Ok(found) => {
                    let (mut board, mut news) = (self.board.borrow_mut(), self.news.borrow_mut());
                    for service in &found {
                        changed |= board.take_service(service, &mut news);
                    }
                }
                Err(trouble) => self.complain(Part::Services, trouble),
            }
            if changed || self.restless.get() {
                self.look_at_tasks(&ecs, cluster).await;
            }
        }
        self.look_at_logs().await;
        self.board.borrow_mut().looked();
        self.seen.set(noted);
        changed
    }

    async fn look_at_tasks(&self, ecs: &aws_sdk_ecs::Client, cluster: &str) {
        if self.is_denied(Part::Tasks) {
            return;
        }
        let found = async {
            let stopped = ask::stopped(ecs, cluster).await?;
            let unheard = self.board.borrow().unheard(stopped);
            ask::tasks(ecs, cluster, &unheard).await
        };
        match found.await {
            Ok(found) => {
                let stopping = self.board.borrow_mut().take_tasks(found, &mut self.news.borrow_mut());
                self.restless.set(stopping);
            }
            Err(trouble) => self.complain(Part::Tasks, trouble),
        }
    }

    async fn look_at_logs(&self) {
        let wanted = self.board.borrow().wanted();
        for wanted in wanted.iter().take(LOGS) {
            if self.is_denied(Part::Logs) {
                return;
            }
            match ask::lines(self.session, wanted).await {
                Ok(mut found) => {
                    if let Some(found) = &mut found {
                        // Before they are cut: a part of a value could not be recognised.
                        let mask = self.session.mask().borrow();
                        found.lines = ask::last(found.lines.iter().map(|message| mask.clean(message)));
                    }
                    self.board.borrow_mut().take_lines(wanted, found);
                }
                Err(trouble) => self.complain(Part::Logs, trouble),
            }
        }
    }

    fn is_denied(&self, part: Part) -> bool {
        self.denied.get(part as usize).is_some_and(Cell::get)
    }

    /// Says once what cannot be known, and never asks again for what is denied.
    fn complain(&self, part: Part, trouble: Trouble) {
        let what = match part {
            Part::Services => "how the services start",
            Part::Tasks => "why tasks stop",
            Part::Logs => "what the containers logged",
        };
        if trouble.denied {
            if let Some(denied) = self.denied.get(part as usize) {
                denied.set(true);
            }
        } else if self.warned.replace(true) {
            return;
        }
        self.warnings.borrow_mut().push(format!("cannot tell {what}: {}", trouble.reason));
    }

    /// Explains why the stack failed, where its services do; `root` is the first resource that failed.
    pub(super) fn explain(&self, failure: Failure, root: Option<&str>) -> Failure {
        report::explain(failure, root, self.board.borrow().failed())
    }

    /// Adds what is known of services whose tasks failed to a failure of another kind: the time is up.
    pub(super) fn add_trouble(&self, failure: Failure) -> Failure {
        report::explain(failure, None, self.board.borrow().troubled())
    }
}
