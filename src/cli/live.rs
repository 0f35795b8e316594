//! How a deployment is shown while it runs: a tree that is redrawn, lines, JSON, or nothing.
//!
//! In: what a deployment reports. Out: text on the shell, and the story of the deployment for its report. What a screen or a line
//! looks like is decided in `crate::operation::live`.

use super::deployment::TerminalProgress;
use super::{ExitStatus, Shell};
use crate::deploy::{
    DeployBanner, DeployFailure, DeployOutcome, DeployProgress, PlannedChange, ProgressEvent, ResourceAction,
    now,
};
use crate::operation::deployment_report::DeploymentStory;
use crate::operation::difference::DeploymentDiff;
use crate::operation::live::{
    LiveBoard, LiveEvent, banner_line, event_line, message_line, result_line, review_line, warning_line,
};
use crate::operation::log_lines::LogEvent;
use clap::ValueEnum;
use std::collections::BTreeMap;
use tranship_targets::TargetDeployment;

/// Seconds without a line after which a heartbeat is due.
const HEARTBEAT: u64 = 60;

/// How progress is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressMode {
    /// A tree on a terminal, else lines.
    #[default]
    Auto,
    /// A tree that is redrawn in place.
    Tty,
    /// Lines with time stamps.
    Plain,
    /// One JSON object a line on standard output, the result last.
    Json,
    /// Nothing but warnings and errors.
    Quiet,
}

/// Shows a deployment and remembers its story.
pub(super) struct DeploymentView<'a> {
    shell: &'a mut Shell,
    mode: ProgressMode,
    board: Option<LiveBoard>,
    /// What is deployed: `stack shop-prod`.
    subject: String,
    /// Who a resource belongs to, by logical id, where no review says it.
    owners: BTreeMap<String, String>,
    /// Lines of the tree on the screen.
    drawn: usize,
    heard: u64,
    /// What the deployment said.
    pub(super) story: DeploymentStory,
}

/// Ends the JSON lines of a command that was refused before it asked AWS: standard error has said why.
pub(super) fn end_refused(mode: ProgressMode, exit: ExitStatus, shell: &mut Shell) -> ExitStatus {
    if mode == ProgressMode::Json {
        let why = "the manifest or the arguments are refused: see standard error";
        shell.data(&format!("{}\n", result_line(false, &[], Some((why, &[])), exit.code())));
    }
    exit
}

/// Seconds since 1970.
pub(super) fn seconds() -> u64 {
    u64::try_from(now() / 1000).unwrap_or_default()
}

/// A time of the day in UTC: `21:04:05`.
pub(super) fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

impl<'a> DeploymentView<'a> {
    /// In a mode; a tree only where one can be drawn.
    pub(super) fn new(mode: ProgressMode, environment: &str, shell: &'a mut Shell) -> Self {
        let mode = match mode {
            ProgressMode::Auto if shell.can_redraw() => ProgressMode::Tty,
            ProgressMode::Auto => ProgressMode::Plain,
            other => other,
        };
        let story = DeploymentStory {
            environment: environment.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..DeploymentStory::default()
        };
        let (subject, owners) = ("deployment".to_owned(), BTreeMap::new());
        DeploymentView { shell, mode, board: None, subject, owners, drawn: 0, heard: seconds(), story }
    }

    /// Names the services of what is deployed, for a tree without a review.
    pub(super) fn know(&mut self, deployment: &TargetDeployment) {
        let TargetDeployment::Stack(stack) = deployment else { return };
        let services = stack.services.iter().chain(&stack.nested);
        self.owners = services.map(|it| (it.logical_id.clone(), format!("service {}", it.name))).collect();
    }

    fn lines(&mut self) -> TerminalProgress<'_> {
        TerminalProgress(self.shell)
    }

    fn json(&mut self, line: &serde_json::Value) {
        self.shell.data(&format!("{line}\n"));
    }

    /// Removes the tree, so that a line can stand above it.
    fn clear(&mut self) {
        if self.drawn > 0 {
            self.shell.control(&format!("\u{1b}[{}A\u{1b}[J", self.drawn));
            self.drawn = 0;
        }
    }

    fn draw(&mut self) {
        let Some(board) = self.board.as_ref().filter(|_| self.mode == ProgressMode::Tty) else { return };
        let screen = board.screen(seconds(), self.shell.columns(), self.shell.rows() - 1);
        self.clear();
        for line in &screen {
            self.shell.message(line);
        }
        self.drawn = screen.len();
    }

    /// The end, for JSON the result.
    pub(super) fn end(&mut self, done: &Result<DeployOutcome, DeployFailure>, code: u8) {
        self.drawn = 0;
        if self.mode != ProgressMode::Json {
            return;
        }
        let line = match done {
            Ok(outcome) => result_line(outcome.changed, &outcome.outputs, None, code),
            Err(failure) => result_line(false, &[], Some((&failure.message, &failure.help)), code),
        };
        self.json(&line);
    }

    /// Whether standard output belongs to the JSON lines.
    pub(super) fn is_json(&self) -> bool {
        self.mode == ProgressMode::Json
    }
}

impl DeployProgress for DeploymentView<'_> {
    fn banner(&mut self, banner: &DeployBanner) {
        self.subject.clone_from(&banner.subject);
        self.story.banner =
            format!("{} in account {}, region {}", banner.subject, banner.account, banner.region);
        match self.mode {
            ProgressMode::Json => {
                self.json(&banner_line(&banner.subject, &banner.account, &banner.region, &banner.identity));
            }
            ProgressMode::Quiet => {}
            _ => self.lines().banner(banner),
        }
    }

    fn message(&mut self, line: &str) {
        self.heard = seconds();
        match self.mode {
            ProgressMode::Json => self.json(&message_line(line)),
            ProgressMode::Quiet => {}
            ProgressMode::Plain => self.shell.message(&format!("{} {line}", clock(seconds()))),
            _ => {
                self.clear();
                self.lines().message(line);
                self.draw();
            }
        }
    }

    fn warn(&mut self, line: &str) {
        self.clear();
        match self.mode {
            ProgressMode::Json => self.json(&warning_line(line)),
            _ => self.lines().warn(line),
        }
        self.draw();
    }

    fn review(&mut self, subject: &str, diff: &DeploymentDiff) {
        if self.story.review.is_none() {
            self.story.review = Some((subject.to_owned(), diff.clone()));
        }
        if self.mode == ProgressMode::Tty && self.board.is_none() {
            let changing: Vec<String> = diff.changes.iter().flat_map(|it| it.resources.clone()).collect();
            self.board = Some(LiveBoard::new(subject, &diff.owners, &changing, seconds()));
        }
        match self.mode {
            ProgressMode::Json => self.json(&review_line(subject, diff)),
            ProgressMode::Quiet => {}
            _ => self.lines().review(subject, diff),
        }
    }

    fn changes(&mut self, changes: &[PlannedChange]) {
        self.clear();
        match self.mode {
            ProgressMode::Json | ProgressMode::Quiet => {}
            // The review has said it by value, and the tree follows: only what may hurt is named again.
            ProgressMode::Tty => {
                let notable: Vec<PlannedChange> =
                    changes.iter().filter(|it| is_notable(it)).cloned().collect();
                self.lines().changes(&notable);
                let others = changes.len() - notable.len();
                if others > 0 {
                    self.lines().message(&format!(
                        "{others} resources are created or changed; `--verbose` names them"
                    ));
                }
            }
            _ => self.lines().changes(changes),
        }
    }

    fn event(&mut self, event: &ProgressEvent) {
        self.heard = seconds();
        let ProgressEvent { subject, kind, status, text, failed } = event.clone();
        let live = LiveEvent { subject, kind, status, text, failed };
        let line = format!("{} {:<20} {}  {}", clock(self.heard), live.status, live.subject, live.text);
        self.story.note(line.trim_end().to_owned());
        match self.mode {
            ProgressMode::Json => self.json(&event_line(&live, &deploy_time())),
            ProgressMode::Quiet => {}
            ProgressMode::Tty => {
                let at = self.heard;
                let board =
                    self.board.get_or_insert_with(|| LiveBoard::new(&self.subject, &self.owners, &[], at));
                board.take(&live, at);
                self.draw();
            }
            ProgressMode::Plain | ProgressMode::Auto => {
                let stamp = format!("{} ", clock(self.heard));
                self.lines().stamped(event, &stamp);
            }
        }
    }

    fn tick(&mut self) {
        match self.mode {
            ProgressMode::Tty => self.draw(),
            ProgressMode::Plain | ProgressMode::Auto if seconds().saturating_sub(self.heard) >= HEARTBEAT => {
                self.message("still working: no news for a minute");
            }
            _ => {}
        }
    }

    fn log(&mut self, event: &LogEvent) {
        self.lines().log(event);
    }
}

/// Whether a change replaces or removes something, or starts tasks that nothing else would.
fn is_notable(change: &PlannedChange) -> bool {
    change.data_at_risk
        || matches!(change.action, ResourceAction::Replace | ResourceAction::Remove | ResourceAction::Renew)
}

/// Now, as events carry it.
fn deploy_time() -> String {
    crate::deploy::time_text(now())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::Verbosity;
    use crate::operation::difference::{ChangeAction, ChangeConsequence, ValueDifference};
    use std::cell::RefCell;
    use std::io::{self, Write};
    use std::rc::Rc;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    pub(in crate::cli) struct KeptText(Rc<RefCell<Vec<u8>>>);

    impl KeptText {
        /// What was written so far.
        pub(in crate::cli) fn text(&self) -> String {
            String::from_utf8(self.0.borrow().clone()).unwrap()
        }
    }

    impl Write for KeptText {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written to both streams in a mode.
    fn said(mode: ProgressMode) -> (String, String) {
        let (out, err) = (KeptText::default(), KeptText::default());
        let mut shell = Shell::to(Box::new(out.clone()), Box::new(err.clone()), Verbosity::Normal);
        let mut view = DeploymentView::new(mode, "prod", &mut shell);
        view.message("creating a change set");
        view.event(&ProgressEvent {
            subject: "Web".into(),
            kind: "AWS::ECS::Service".into(),
            status: "CREATE_COMPLETE".into(),
            text: String::new(),
            failed: false,
        });
        view.warn("careful");
        view.end(&Ok(DeployOutcome { changed: true, outputs: Vec::new() }), 0);
        (out.text(), err.text())
    }

    #[test]
    fn each_mode_says_it_in_its_own_way() {
        let (out, err) = said(ProgressMode::Auto);
        assert_eq!((out.as_str(), err.lines().count()), ("", 3));
        assert!(err.contains(" CREATE_COMPLETE      Web (AWS::ECS::Service)\n"), "{err}");
        let (out, err) = said(ProgressMode::Plain);
        assert_eq!(out, "");
        let stamped = err.lines().filter(|line| line.get(2..3) == Some(":") && line.get(5..6) == Some(":"));
        assert_eq!(stamped.count(), 2, "{err}");
        let (out, err) = said(ProgressMode::Json);
        let kinds: Vec<String> = out
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(kinds, ["message", "event", "warning", "result"]);
        assert_eq!(err, "");
        let (out, err) = said(ProgressMode::Quiet);
        assert_eq!((out.as_str(), err.lines().count()), ("", 1));
        let (_, err) = said(ProgressMode::Tty);
        assert!(err.contains("\u{1b}[2A\u{1b}[J"), "{err:?}");
    }

    #[test]
    fn on_a_terminal_a_review_begins_the_tree_with_what_it_waits_for() {
        let diff = DeploymentDiff {
            owners: BTreeMap::from([("WebService".to_owned(), "service web".to_owned())]),
            changes: vec![ValueDifference {
                action: ChangeAction::Change,
                label: "image".into(),
                subjects: vec!["service web".into()],
                old: None,
                new: None,
                secret: false,
                cause: None,
                consequence: ChangeConsequence::NewTasks,
                detail: String::new(),
                resources: vec!["WebService".into()],
            }],
            ..DeploymentDiff::default()
        };
        let shown = |mode| {
            let (out, err) = (KeptText::default(), KeptText::default());
            let mut shell = Shell::to(Box::new(out.clone()), Box::new(err.clone()), Verbosity::Normal);
            let mut view = DeploymentView::new(mode, "prod", &mut shell);
            view.review("stack shop-prod", &diff);
            view.review("stack shop-other", &diff);
            view.tick();
            let story = view.story.review.clone().map(|(subject, _)| subject);
            assert_eq!(story.as_deref(), Some("stack shop-prod"), "the first one is the deployment's");
            (out.text(), err.text())
        };
        let (out, err) = shown(ProgressMode::Tty);
        assert_eq!(out, "");
        let tree: Vec<&str> = err.lines().rev().take(2).collect();
        assert!(tree[0].contains("service web") && tree[0].contains("waiting"), "{err}");
        assert!(tree[1].starts_with("stack shop-prod  "), "{err}");
        let (_, err) = shown(ProgressMode::Plain);
        assert!(!err.contains("waiting"), "{err}");
        let (out, err) = shown(ProgressMode::Json);
        assert!(out.starts_with("{\"type\":\"review\"") && err.is_empty(), "{out}{err}");
        assert_eq!(shown(ProgressMode::Quiet), (String::new(), String::new()));
    }

    #[test]
    fn what_is_refused_at_once_ends_in_a_result_too() {
        let said = |mode| {
            let (out, err) = (KeptText::default(), KeptText::default());
            let mut shell = Shell::to(Box::new(out.clone()), Box::new(err.clone()), Verbosity::Normal);
            assert_eq!(end_refused(mode, ExitStatus::Refused, &mut shell), ExitStatus::Refused);
            (out.text(), err.text())
        };
        let (out, err) = said(ProgressMode::Json);
        let result: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&result["type"], &result["status"]), (&"result".into(), &"failed".into()));
        assert_eq!((&result["exit_code"], &result["changed"]), (&2.into(), &false.into()));
        assert_eq!(
            result["error"]["message"],
            "the manifest or the arguments are refused: see standard error"
        );
        assert_eq!(err, "");
        assert_eq!(said(ProgressMode::Plain), (String::new(), String::new()));
    }

    #[test]
    fn plain_lines_of_a_deployment_that_fails_are_the_transcript() {
        let (out, err) = (KeptText::default(), KeptText::default());
        let mut shell = Shell::to(Box::new(out.clone()), Box::new(err.clone()), Verbosity::Normal);
        let mut view = DeploymentView::new(ProgressMode::Plain, "prod", &mut shell);
        view.banner(&DeployBanner {
            subject: "stack shop-prod".into(),
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            source: "profile ops (--aws-profile)".into(),
            names_profile: true,
            identity: "arn:aws:iam::123456789012:user/ops".into(),
        });
        view.message("creating a change set");
        let event = |subject: &str, kind: &str, status: &str, text: &str, failed| ProgressEvent {
            subject: subject.into(),
            kind: kind.into(),
            status: status.into(),
            text: text.into(),
            failed,
        };
        view.event(&event("WebService", "AWS::ECS::Service", "UPDATE_IN_PROGRESS", "", false));
        view.event(&event("web", "service", "ROLLOUT_IN_PROGRESS", "1/2 running, 1 pending", false));
        let ill = "0/1 targets healthy: Health checks failed with these codes: [404]";
        view.event(&event("web", "service", "TARGET_HEALTH", ill, true));
        view.warn("cannot read container logs: AccessDenied");
        view.event(&event("shop-prod", "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_COMPLETE", "", true));
        let text = err.text();
        // The time of day is that of the test.
        let timeless = |line: &str| match line.as_bytes().get(2) {
            Some(b':') => format!("21:04:05{}\n", line.get(8..).unwrap_or_default()),
            _ => format!("{line}\n"),
        };
        let text: String = text.lines().map(timeless).collect();
        crate::operation::transcripts::golden("deploy-plain.txt", &text);
        assert_eq!(out.text(), "");
    }

    #[test]
    fn only_what_may_hurt_is_named_above_the_tree() {
        let change = |action, data_at_risk| PlannedChange {
            action,
            name: "X".into(),
            kind: "AWS::X".into(),
            detail: String::new(),
            data_at_risk,
        };
        for (action, notable) in [
            (ResourceAction::Add, false),
            (ResourceAction::Modify, false),
            (ResourceAction::Revise, false),
            (ResourceAction::Renew, true),
            (ResourceAction::Replace, true),
            (ResourceAction::Remove, true),
        ] {
            assert_eq!(is_notable(&change(action, false)), notable);
            assert!(is_notable(&change(action, true)));
        }
    }

    #[test]
    fn the_time_of_day_has_two_digits() {
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(86_400 + 3_600 + 2 * 60 + 3), "01:02:03");
    }
}
