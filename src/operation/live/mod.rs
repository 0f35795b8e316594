//! A deployment while it runs, as a tree in the manifest's terms.
//!
//! In: events with their times. Out: the lines of a screen, within its width and height. Pure: the clock is a number, and a terminal redraws what
//! this makes. One line for each service, job, database and volume and for the load balancer; everything else is one line.

mod json_lines;

pub use self::json_lines::{banner_line, event_line, message_line, result_line, review_line, warning_line};

use crate::operation::side_by_side::wrap;
use std::collections::BTreeMap;

/// Events that matter, to show below the tree: the last ones.
const NOTED: usize = 5;

/// The column of states.
const STATE: usize = 12;

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveEvent {
    /// The logical id, the name of a service, or the environment.
    pub subject: String,
    /// The type; `service` for what ECS says of a service.
    pub kind: String,
    /// The state: `CREATE_IN_PROGRESS`.
    pub status: String,
    /// The reason or the message.
    pub text: String,
    /// Whether it reports a failure.
    pub failed: bool,
}

/// The state of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum LiveState {
    #[default]
    Waiting,
    Working,
    Done,
    Failed,
}

impl LiveState {
    fn word(self) -> &'static str {
        match self {
            LiveState::Waiting => "waiting",
            LiveState::Working => "in progress",
            LiveState::Done => "done",
            LiveState::Failed => "failed",
        }
    }

    /// The mark before a line.
    fn mark(self) -> char {
        match self {
            LiveState::Waiting => '·',
            LiveState::Working => '~',
            LiveState::Done => '✓',
            LiveState::Failed => '✗',
        }
    }
}

/// A line of the tree.
#[derive(Debug, Clone, Default)]
struct LiveLine {
    resources: BTreeMap<String, LiveState>,
    began: Option<u64>,
    ended: Option<u64>,
    note: String,
    /// What the load balancer says.
    targets: String,
}

impl LiveLine {
    fn state(&self) -> LiveState {
        let has = |state| self.resources.values().any(|found| *found == state);
        if has(LiveState::Failed) {
            LiveState::Failed
        } else if has(LiveState::Working) || has(LiveState::Done) && has(LiveState::Waiting) {
            LiveState::Working
        } else if has(LiveState::Done) {
            LiveState::Done
        } else {
            LiveState::Waiting
        }
    }

    fn done(&self) -> usize {
        self.resources.values().filter(|state| **state == LiveState::Done).count()
    }
}

/// What is known of a deployment.
#[derive(Debug, Clone, Default)]
pub struct LiveBoard {
    title: String,
    began: u64,
    /// Who a resource belongs to, by logical id.
    owners: BTreeMap<String, String>,
    lines: BTreeMap<(u8, String), LiveLine>,
    notes: Vec<String>,
}

/// The line of what belongs to no one in particular.
const REST: &str = "the rest";

impl LiveBoard {
    /// A board whose lines are known before anything happens; `owners` has the subject of each resource, by logical id. Only `changing`
    /// resources are waited for. `now` in seconds.
    pub fn new(title: &str, owners: &BTreeMap<String, String>, changing: &[String], now: u64) -> Self {
        let mut board =
            LiveBoard { title: title.to_owned(), began: now, owners: owners.clone(), ..LiveBoard::default() };
        for id in changing {
            board.line(id).resources.insert(id.clone(), LiveState::Waiting);
        }
        board
    }

    fn line(&mut self, id: &str) -> &mut LiveLine {
        let owner = self.owners.get(id).map_or(REST, String::as_str);
        let owner = if owner == "environment" { REST } else { owner };
        let rank = match owner.split(' ').next() {
            Some("service") => 0,
            Some("container") => 1,
            Some("job") => 2,
            Some("database") => 3,
            Some("volume") => 4,
            Some("load") => 5,
            _ => 6,
        };
        self.lines.entry((rank, owner.to_owned())).or_default()
    }

    /// Takes an event in. `now` in seconds.
    pub fn take(&mut self, event: &LiveEvent, now: u64) {
        if event.kind == "service" {
            return self.of_service(event, now);
        }
        if event.kind == "AWS::CloudFormation::Stack" {
            return;
        }
        let state = match event.status.as_str() {
            _ if event.failed && event.status.ends_with("_FAILED") => LiveState::Failed,
            // What an update leaves behind of a replaced resource that is retained is no work left.
            status if status.ends_with("_COMPLETE") || status.ends_with("_SKIPPED") => LiveState::Done,
            _ => LiveState::Working,
        };
        let line = self.line(&event.subject);
        line.resources.insert(event.subject.clone(), state);
        line.began.get_or_insert(now);
        line.ended = (line.state() != LiveState::Working).then_some(now);
        // Elastic Beanstalk says in words what happens.
        if (event.failed || event.kind.is_empty()) && !event.text.is_empty() {
            self.note(&event.subject, &event.text);
        }
    }

    fn of_service(&mut self, event: &LiveEvent, now: u64) {
        if event.status.starts_with("ROLLOUT_") {
            let line = self.lines.entry((0, format!("service {}", event.subject))).or_default();
            line.began.get_or_insert(now);
            line.note.clone_from(&event.text);
            return;
        }
        if event.status == "TARGET_HEALTH" {
            let line = self.lines.entry((0, format!("service {}", event.subject))).or_default();
            line.targets.clone_from(&event.text);
            return;
        }
        self.note(&event.subject, &event.text);
    }

    fn note(&mut self, subject: &str, text: &str) {
        let text = format!("{subject}: {}", text.replace(['\n', '\r'], " "));
        if self.notes.last() != Some(&text) {
            self.notes.push(text);
        }
        let more = self.notes.len().saturating_sub(NOTED);
        self.notes.drain(..more);
    }

    /// The lines of the screen, at most `height`. `now` in seconds, `width` in characters.
    pub fn screen(&self, now: u64, width: usize, height: usize) -> Vec<String> {
        let names = self.lines.keys().map(|(_, name)| name.chars().count());
        let column = names.max().unwrap_or_default().min(width / 3);
        let title = clip(&format!("{}  {}", self.title, elapsed(now.saturating_sub(self.began))), width);
        let mut entries = Vec::new();
        for ((_, name), line) in &self.lines {
            let state = line.state();
            let time = line.began.map(|began| elapsed(line.ended.unwrap_or(now).saturating_sub(began)));
            let counted = line.resources.len() > 1 && state != LiveState::Done;
            let count = counted.then(|| format!("{} of {}", line.done(), line.resources.len()));
            let notes = [count.unwrap_or_default(), line.note.clone(), line.targets.clone()];
            let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
            let name = clip(name, column);
            let text = format!(
                "  {} {name:<column$}  {:<STATE$} {:>6}",
                state.mark(),
                state.word(),
                time.unwrap_or_default(),
            );
            entries.push((state, with_notes(text.trim_end(), &notes.join(", "), width)));
        }
        let room = height.saturating_sub(1 + self.notes.len());
        let mut lines = vec![title];
        lines.extend(folded(entries, room));
        lines.extend(self.notes.iter().map(|note| clip(&format!("  ! {note}"), width)));
        lines
    }
}

/// A line with notes behind it, or below it where they do not fit.
fn with_notes(text: &str, notes: &str, width: usize) -> Vec<String> {
    let whole = if notes.is_empty() { text.to_owned() } else { format!("{text}  {notes}") };
    match whole.chars().count() <= width || notes.is_empty() {
        true => vec![clip(&whole, width)],
        false => [clip(text, width)].into_iter().chain(wrap(&format!("      {notes}"), width)).collect(),
    }
}

/// As many entries as there is room for: what is done gives way first, what failed last.
fn folded(mut entries: Vec<(LiveState, Vec<String>)>, room: usize) -> Vec<String> {
    const GIVE_WAY: [LiveState; 4] =
        [LiveState::Done, LiveState::Waiting, LiveState::Working, LiveState::Failed];
    let lines = |entries: &[(LiveState, Vec<String>)]| entries.iter().map(|(_, it)| it.len()).sum::<usize>();
    let mut hidden: BTreeMap<LiveState, usize> = BTreeMap::new();
    while lines(&entries) + usize::from(!hidden.is_empty()) > room {
        let find = |state: &LiveState| entries.iter().rposition(|(found, _)| found == state);
        let Some(at) = GIVE_WAY.iter().find_map(find) else { break };
        *hidden.entry(entries.remove(at).0).or_default() += 1;
    }
    let mut shown: Vec<String> = entries.into_iter().flat_map(|(_, lines)| lines).collect();
    let more: Vec<String> = hidden.iter().map(|(state, count)| format!("{count} {}", state.word())).collect();
    if !more.is_empty() {
        shown.push(format!("  … and {}", more.join(", ")));
    }
    shown
}

/// A duration: `5s`, `2m05s`, `1h02m`.
fn elapsed(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

/// Text of at most this many characters.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests;
