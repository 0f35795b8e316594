//! For people: rustc's format for errors, one line each for everything else.
//!
//! In: the diagnostics found. Out: text with ANSI styles. Invariant: an error always shows its snippet, with
//! every position that contributed to the value. Without `--verbose`, everything else takes only a few lines.

use super::mask::mask;
use super::short::ShortWarnings;
use super::{Counts, Found, Shown};
use crate::diagnostic::Severity;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write;
use std::ops::Range;

/// The most secondary positions shown for one value.
const OTHER_PLACES: usize = 6;

/// The most enclosing keys shown above a position.
const ENCLOSING: usize = 3;

/// How to print diagnostics.
#[derive(Debug, Clone, Copy)]
pub struct Human {
    /// Show every diagnostic, each with its snippet.
    pub verbose: bool,
    /// Show errors only.
    pub quiet: bool,
    /// Maximum width in columns.
    pub width: usize,
    /// Whether to name the target: useful only when there are several.
    pub name_targets: bool,
}

impl Human {
    /// Renders the diagnostics for printing.
    pub fn render(&self, found: Vec<Found<'_>>) -> String {
        let found = merge_targets(found);
        let mut text = String::new();
        let (full, short): (Vec<_>, Vec<_>) = found.iter().partition(|one| self.is_full(one));
        for one in full {
            let _ = writeln!(text, "{}\n", self.report(one));
        }
        if !self.quiet && !self.verbose {
            self.short(&short, &mut text);
        }
        text
    }

    /// The line of counts at the end of a run; `subject` says what the run was about.
    pub fn summary(&self, subject: &str, counts: Counts) -> String {
        let hidden = !self.verbose && (counts.warnings > 0 || counts.notes > 0);
        format!("{subject}: {counts}{}", if hidden { "; --verbose shows all" } else { "" })
    }

    fn is_full(&self, found: &Found<'_>) -> bool {
        self.verbose || found.diagnostic.severity == Severity::Error
    }

    /// Warnings, one line per rule; where there are many rules, the last line names the rest.
    fn short(&self, found: &[&Found<'_>], text: &mut String) {
        let warnings = found.iter().filter(|one| one.diagnostic.severity == Severity::Warning);
        let short = ShortWarnings::of(warnings.copied());
        let style = anstyle::AnsiColor::Yellow.on_default().bold();
        for group in &short.lines {
            let one = group.first;
            let place = one.primary().map(|shown| format!("{}: ", shown.place())).unwrap_or_default();
            let (name, title, more) = (one.diagnostic.rule.name, self.title(one), group.more());
            let _ = writeln!(text, "{place}{style}warning[{name}]{style:#}: {title}{}", one_line(&more));
        }
        if let Some(rest) = short.rest() {
            let _ = writeln!(text, "{style}warning{style:#}: {rest}");
        }
    }

    fn title(&self, found: &Found<'_>) -> String {
        let message = one_line(&found.diagnostic.message);
        match (self.name_targets, found.targets.as_slice()) {
            (false, _) | (_, []) => message,
            (true, targets) => format!("{message} ({})", targets.join(", ")),
        }
    }

    /// One diagnostic with its snippets.
    fn report(&self, found: &Found<'_>) -> String {
        let diagnostic = found.diagnostic;
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.clone().primary_title(self.title(found)).id(diagnostic.rule.name);
        let renderer = Renderer::styled().term_width(self.width);
        let windows = windows(&found.spans);
        if windows.is_empty() {
            return renderer.render(&[Group::with_title(title)]) + &self.footers(found);
        }
        let mut group = Group::with_title(title);
        for window in &windows {
            group = group.element(window.snippet());
        }
        for note in &found.notes {
            group = group.element(Level::NOTE.message(plain(note)));
        }
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(plain(help)));
        }
        renderer.render(&[group])
    }

    /// Notes and help texts when there is no snippet to attach them to.
    fn footers(&self, found: &Found<'_>) -> String {
        let bold = anstyle::Style::new().bold();
        let notes = found.notes.iter().map(|note| ("note", note));
        let helps = found.diagnostic.help.iter().map(|help| ("help", help));
        let lines =
            notes.chain(helps).map(|(word, text)| format!("\n  = {bold}{word}{bold:#}: {}", plain(text)));
        lines.collect()
    }
}

/// Replaces control characters in text that quotes the user's input, so that it cannot control the terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter })
        .collect()
}

fn one_line(text: &str) -> String {
    plain(&text.replace(['\n', '\r'], " "))
}

/// Merges diagnostics that are identical for several targets.
fn merge_targets(found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let mut merged: Vec<Found<'_>> = Vec::new();
    for one in found {
        let alike = |other: &&mut Found<'_>| {
            other.diagnostic.rule == one.diagnostic.rule
                && other.diagnostic.message == one.diagnostic.message
                && other.diagnostic.severity == one.diagnostic.severity
                && other.primary().map(Shown::place) == one.primary().map(Shown::place)
        };
        // Equal diagnostics are adjacent: the list is sorted by position before target.
        match merged.last_mut().filter(alike) {
            Some(other) => other.targets.extend(one.targets),
            None => merged.push(one),
        }
    }
    merged
}

/// The lines of one file that contain what is to be shown.
struct Window<'a> {
    path: &'a str,
    text: String,
    line: usize,
    marks: Vec<(Range<usize>, AnnotationKind, &'a str)>,
}

impl Window<'_> {
    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let annotations = self.marks.iter().map(|(range, kind, label)| {
            let label = (!label.is_empty()).then_some(*label);
            kind.span(range.clone()).label(label)
        });
        Snippet::source(self.text.as_str()).path(self.path).line_start(self.line).annotations(annotations)
    }
}

/// One window per file, the primary position's first.
fn windows<'a>(spans: &'a [Shown<'a>]) -> Vec<Window<'a>> {
    let mut files: Vec<Vec<&Shown<'_>>> = Vec::new();
    for shown in spans.iter().take(1 + OTHER_PLACES) {
        match files.iter_mut().find(|list| list.iter().any(|other| other.span.file == shown.span.file)) {
            Some(list) => list.push(shown),
            None => files.push(vec![shown]),
        }
    }
    files.iter().filter_map(|list| window(list)).collect()
}

fn window<'a>(list: &[&'a Shown<'a>]) -> Option<Window<'a>> {
    let file = list.first()?.file;
    let text = file.text();
    let mut marks: Vec<(Range<usize>, AnnotationKind, &'a str)> = Vec::new();
    for shown in list {
        let kind = if shown.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        marks.push((
            first_line(text, shown.span.start as usize, shown.span.end as usize),
            kind,
            &shown.label,
        ));
    }
    let primary = list.iter().find(|shown| shown.primary);
    let enclosing = primary.map(|shown| enclosing(text, shown.span.start as usize)).unwrap_or_default();
    marks.extend(enclosing.into_iter().map(|range| (range, AnnotationKind::Visible, "")));
    let first = marks.iter().map(|(range, ..)| range.start).min()?;
    let last = marks.iter().map(|(range, ..)| range.end).max()?;
    let start = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(last..)?.find('\n').map_or(text.len(), |at| last + at);
    for (range, ..) in &mut marks {
        *range = range.start - start..range.end - start;
    }
    Some(Window {
        path: file.path().as_str(),
        text: mask(text.get(start..end)?.trim_end_matches('\r')).into_owned(),
        line: file.location(u32::try_from(start).ok()?).line,
        marks,
    })
}

/// A span cut to its first line, clamped to the text and to character boundaries.
fn first_line(text: &str, start: usize, end: usize) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(start), floor(end));
    let covered = text.get(start..end).unwrap_or_default();
    let line = covered.split('\n').next().unwrap_or_default().trim_end();
    start..start + line.len()
}

/// The lines of the keys that enclose a position, found by indentation, innermost first.
fn enclosing(text: &str, at: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let before = text.get(..at).unwrap_or_default();
    let mut line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let Some(mut depth) = text.get(line_start..).and_then(indentation) else { return found };
    while depth.0 > 0 || depth.1 {
        let Some(above) = text.get(..line_start.saturating_sub(1)) else { break };
        if line_start == 0 || found.len() == ENCLOSING {
            break;
        }
        line_start = above.rfind('\n').map_or(0, |at| at + 1);
        let line = above.get(line_start..).unwrap_or_default();
        let Some(outer) = indentation(line) else { continue };
        let item_of_key = depth.1 && outer.0 == depth.0 && !outer.1;
        if (outer.0 < depth.0 || item_of_key) && is_key_line(line) {
            let start = line_start + outer.0;
            found.push(start..line_start + line.trim_end().len());
            depth = outer;
        }
    }
    found
}

/// Whether the line opens a mapping or a list: `key:` followed by nothing but a tag, an anchor or a comment.
fn is_key_line(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let line = line.trim_start().trim_start_matches("- ");
    match line.split_once(':') {
        Some((_, rest)) => rest.trim().is_empty() || rest.trim_start().starts_with(['&', '!']),
        None => false,
    }
}

/// The indentation of a line, and whether it is a list item; `None` for an empty line or a comment.
fn indentation(line: &str) -> Option<(usize, bool)> {
    let line = line.split('\n').next().unwrap_or_default();
    let content = line.trim_start_matches(' ');
    let counts = !content.trim_end().is_empty() && !content.starts_with('#');
    counts.then(|| (line.len() - content.len(), content.starts_with("- ")))
}
