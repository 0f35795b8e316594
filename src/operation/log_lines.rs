//! Log lines of several services: which streams, in which order, and how a line looks.
//!
//! In: events of log streams. Out: lines by time, each with the name of its service, as Docker Compose shows them. Pure.

use anstyle::{AnsiColor, Style};
use std::collections::{BTreeMap, BTreeSet};

/// An event of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// The id that CloudWatch Logs gave it.
    pub id: String,
    /// When it was written, in milliseconds since 1970.
    pub time: i64,
    /// The name of its stream: `ecs/web/0f1e2d`.
    pub stream: String,
    /// What was written.
    pub text: String,
}

/// The container and the task of a stream: `PREFIX/CONTAINER/TASK`. Source: Amazon ECS Developer Guide, "Send Amazon ECS logs to
/// CloudWatch".
pub fn container_of(stream: &str) -> Option<(&str, &str)> {
    let mut parts = stream.split('/');
    let (_, container, task) = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && !container.is_empty() && !task.is_empty()).then_some((container, task))
}

/// What the streams of sessions begin with: ECS Exec logs beside the service unless it is told otherwise. Source: Amazon ECS
/// Developer Guide, "Monitor Amazon ECS containers with ECS Exec".
const SESSIONS: &str = "ecs-execute-command-";

/// Which streams are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogSelection {
    /// These services and jobs; all of them if empty.
    pub names: BTreeSet<String>,
    /// Only containers of jobs, of which these are the services.
    pub without: BTreeSet<String>,
    /// Not the tasks with these ids: those that run.
    pub not_of: BTreeSet<String>,
}

impl LogSelection {
    /// Whether a stream is wanted. What was typed in a session is no log of a service.
    pub fn takes(&self, stream: &str) -> bool {
        if stream.starts_with(SESSIONS) {
            return false;
        }
        let Some((container, task)) = container_of(stream) else { return self.names.is_empty() };
        (self.names.is_empty() || self.names.contains(container))
            && !self.without.contains(container)
            && !self.not_of.contains(task)
    }
}

/// Puts events of several groups in order, each once.
#[derive(Debug, Default)]
pub struct LogMerger {
    seen: BTreeSet<String>,
    order: Vec<(i64, String)>,
}

/// Ids to remember: late events come within seconds.
const REMEMBERED: usize = 20_000;

impl LogMerger {
    /// The events that are new, by time; events of the same time stay in their order.
    pub fn fresh(&mut self, mut events: Vec<LogEvent>) -> Vec<LogEvent> {
        events.sort_by_key(|event| event.time);
        events.retain(|event| self.seen.insert(event.id.clone()));
        self.order.extend(events.iter().map(|event| (event.time, event.id.clone())));
        if let Some(more) = self.order.len().checked_sub(REMEMBERED) {
            for (_, id) in self.order.drain(..more) {
                self.seen.remove(&id);
            }
        }
        events
    }
}

/// The last lines of each container of a service, so many of each; they stay in their order.
pub fn tail(mut events: Vec<LogEvent>, most: usize) -> Vec<LogEvent> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let mut keep: Vec<bool> = events
        .iter()
        .rev()
        .map(|event| {
            let count = counted.entry(event.stream.clone()).or_default();
            *count += 1;
            *count <= most
        })
        .collect();
    events.retain(|_| keep.pop().unwrap_or_default());
    events
}

/// Colours of names, in the order in which services appear.
const COLORS: &[AnsiColor] = &[
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// The shortest start of a task's id that is shown.
const SHORT_TASK: usize = 6;

/// Writes lines with the name of the service before them.
#[derive(Debug, Default)]
pub struct LogPainter {
    colors: BTreeMap<String, Style>,
    width: usize,
    /// Whether each line has its time.
    stamped: bool,
}

impl LogPainter {
    /// For these services, whose names are known before the first line.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut painter = LogPainter::default();
        for name in names {
            painter.color(name);
            painter.width = painter.width.max(name.chars().count() + SHORT_TASK + 1);
        }
        painter
    }

    /// The same with the time before each line.
    pub fn stamped(self, stamped: bool) -> Self {
        LogPainter { stamped, ..self }
    }

    fn color(&mut self, name: &str) -> Style {
        let next = COLORS.get(self.colors.len() % COLORS.len().max(1)).copied().unwrap_or(AnsiColor::Cyan);
        *self.colors.entry(name.to_owned()).or_insert_with(|| next.on_default())
    }

    /// The lines of an event: `web-0f1e2d | text`, coloured. `time` is that of the event for people.
    pub fn lines(&mut self, event: &LogEvent, time: &str) -> Vec<String> {
        let stamp = if self.stamped { format!("{time} ") } else { String::new() };
        let (name, task) = container_of(&event.stream).unwrap_or((event.stream.as_str(), ""));
        let style = self.color(name);
        let short: String = task.chars().take(SHORT_TASK).collect();
        let shown = if short.is_empty() { name.to_owned() } else { format!("{name}-{short}") };
        self.width = self.width.max(shown.chars().count());
        let width = self.width;
        let text = event.text.trim_end_matches(['\n', '\r']);
        text.split('\n')
            .map(|line| format!("{style}{shown:<width$} |{style:#} {stamp}{}", line.trim_end_matches('\r')))
            .collect()
    }
}

/// The start of a time: `10m`, `2h`, `1d`, `90s`, or seconds since 1970 as milliseconds. `now` in milliseconds.
///
/// # Errors
/// It is neither.
pub fn since(text: &str, now: i64) -> Result<i64, String> {
    let unit = text.chars().last().unwrap_or_default();
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => 0,
    };
    let number = text.strip_suffix(unit).unwrap_or(text);
    let count = number.parse::<i64>().ok().filter(|count| *count >= 0 && seconds > 0);
    let ago = count.and_then(|count| count.checked_mul(seconds)?.checked_mul(1000));
    ago.map(|ago| now.saturating_sub(ago).max(0))
        .ok_or_else(|| format!("expected a duration such as `90s`, `10m`, `2h` or `1d`, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, time: i64, stream: &str, text: &str) -> LogEvent {
        LogEvent { id: id.into(), time, stream: stream.into(), text: text.into() }
    }

    fn names(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_stream_has_a_container_and_a_task() {
        assert_eq!(container_of("ecs/web/0f1e"), Some(("web", "0f1e")));
        for other in ["ecs/web", "ecs/web/0f/1e", "ecs//0f", "i-0123", ""] {
            assert_eq!(container_of(other), None, "{other}");
        }
    }

    #[test]
    fn only_the_streams_that_are_asked_for_are_taken() {
        let all = LogSelection::default();
        assert!(all.takes("ecs/web/1") && all.takes("i-0123"));
        assert!(
            !all.takes("ecs-execute-command-0e86561fddf625dc1") && all.takes("ecs/ecs-execute-command-1/1")
        );
        let web = LogSelection { names: names(&["web"]), ..LogSelection::default() };
        assert!(web.takes("ecs/web/1") && !web.takes("ecs/worker/1") && !web.takes("i-0123"));
        let jobs = LogSelection { without: names(&["web"]), ..LogSelection::default() };
        assert!(jobs.takes("ecs/migrate/1") && !jobs.takes("ecs/web/1"));
        let previous = LogSelection { not_of: names(&["2"]), ..LogSelection::default() };
        assert!(previous.takes("ecs/web/1") && !previous.takes("ecs/web/2"));
    }

    #[test]
    fn events_of_many_streams_are_in_order_and_each_comes_once() {
        let mut merger = LogMerger::default();
        let first =
            merger.fresh(vec![event("b", 20, "x", "2"), event("a", 10, "y", "1"), event("c", 20, "y", "3")]);
        assert_eq!(first.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        let late = merger.fresh(vec![
            event("c", 20, "y", "3"),
            event("d", 15, "x", "late"),
            event("d", 15, "x", "late"),
        ]);
        assert_eq!(late.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["d"]);
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut merger = LogMerger::default();
        let many = |from: usize, to: usize| (from..to).map(|id| event(&id.to_string(), 1, "s", "")).collect();
        assert_eq!(merger.fresh(many(0, REMEMBERED + 1)).len(), REMEMBERED + 1);
        assert_eq!((merger.seen.len(), merger.order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(merger.fresh(many(1, 2)).len(), 0);
        assert_eq!(merger.fresh(many(0, 1)).len(), 1, "the oldest is forgotten");
    }

    #[test]
    fn lines_have_the_coloured_name_of_their_service_in_one_column() {
        let mut painter = LogPainter::new(["web", "worker"]);
        assert_eq!(
            painter.lines(&event("1", 1, "ecs/web/0123456789", "a\r\nb\n"), ""),
            ["\u{1b}[36mweb-012345    |\u{1b}[0m a", "\u{1b}[36mweb-012345    |\u{1b}[0m b",]
        );
        assert_eq!(
            painter.lines(&event("2", 1, "ecs/worker/abcdefgh", "x"), ""),
            ["\u{1b}[33mworker-abcdef |\u{1b}[0m x"]
        );
        assert_eq!(painter.lines(&event("3", 1, "i-01", "y"), ""), ["\u{1b}[32mi-01          |\u{1b}[0m y"]);
        assert_eq!(
            painter.lines(&event("4", 1, "ecs/web/9", ""), ""),
            ["\u{1b}[36mweb-9         |\u{1b}[0m "]
        );
    }

    #[test]
    fn a_line_has_its_time_if_that_is_asked_for() {
        let mut painter = LogPainter::new(["web"]).stamped(true);
        assert_eq!(
            painter.lines(&event("1", 1, "ecs/web/0123456789", "a\nb"), "2026-11-27T21:04:05Z"),
            [
                "\u{1b}[36mweb-012345 |\u{1b}[0m 2026-11-27T21:04:05Z a",
                "\u{1b}[36mweb-012345 |\u{1b}[0m 2026-11-27T21:04:05Z b",
            ]
        );
    }

    #[test]
    fn the_last_lines_of_each_container_are_kept_in_their_order() {
        let all = vec![
            event("1", 1, "ecs/web/1", "a"),
            event("2", 2, "ecs/worker/2", "b"),
            event("3", 3, "ecs/web/1", "c"),
            event("4", 4, "ecs/web/1", "d"),
            event("5", 5, "ecs/web/9", "e"),
        ];
        let texts = |most| tail(all.clone(), most).into_iter().map(|it| it.text).collect::<String>();
        assert_eq!(texts(2), "bcde");
        assert_eq!(texts(1), "bde");
        assert_eq!(texts(0), "");
        assert_eq!(texts(9), "abcde");
    }

    #[test]
    fn the_lines_without_colours_are_the_transcript() {
        let mut painter = LogPainter::new(["web", "worker"]);
        let events = [
            event("1", 1, "ecs/web/3f9c1a2b4d5e6f70", "GET /todos 200"),
            event("2", 2, "ecs/worker/b07e42aa11223344", "took order 4711\nsent it"),
            event("3", 3, "ecs/web/91d0c7ff00112233", "GET /todos 200"),
            event("4", 4, "ecs/a-job-with-a-long-name/cccccccc11112222", "\u{1b}[31mdone\u{1b}[0m"),
        ];
        let lines: Vec<String> = events.iter().flat_map(|event| painter.lines(event, "")).collect();
        let plain = |line: &String| format!("{}\n", anstream::adapter::strip_str(line));
        let text: String = lines.iter().map(plain).collect();
        crate::operation::transcripts::golden("logs.txt", &text);
    }

    #[test]
    fn a_start_is_a_duration_before_now() {
        for (text, start) in [("90s", 910_000), ("10m", 400_000), ("0s", 1_000_000), ("2h", 0), ("1d", 0)] {
            assert_eq!(since(text, 1_000_000), Ok(start), "{text}");
        }
        let now = 1_000_000_000;
        for (text, seconds) in [("1s", 1), ("1m", 60), ("1h", 3_600), ("1d", 86_400), ("3d", 259_200)] {
            assert_eq!(since(text, now), Ok(now - seconds * 1000), "{text}");
        }
        for text in ["", "10", "m", "-1m", "1w", "1.5h", "99999999999999999999d", "9223372036854775807d"] {
            assert!(since(text, 1_000_000).is_err(), "{text}");
        }
    }
}
