//! For people: rustc's format for errors, one line each for everything else.
//!
//! In: the diagnostics found. Out: text with ANSI styles. Invariant: an error always shows its snippet, with
//! every position that contributed to the value. Without `--verbose`, everything else takes only a few lines.

use super::short::ShortWarnings;
use super::view::FileView;
use super::{ResolvedDiagnostic, ResolvedSpan, SeverityCounts, one_line, printable};
use crate::diagnostic::Severity;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt::Write;
use std::ops::Range;

/// The most secondary positions shown for one value.
const OTHER_PLACES: usize = 6;

/// The most enclosing keys shown above a position.
const ENCLOSING: usize = 3;

/// How to print diagnostics.
#[derive(Debug, Clone, Copy)]
pub struct HumanOptions {
    /// Show every diagnostic, each with its snippet.
    pub verbose: bool,
    /// Show errors only.
    pub quiet: bool,
    /// Maximum width in columns.
    pub width: usize,
    /// Whether to name the target: useful only when there are several.
    pub name_targets: bool,
}

impl HumanOptions {
    /// Renders the diagnostics for printing.
    pub fn render(&self, found: Vec<ResolvedDiagnostic<'_>>) -> String {
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
    pub fn summary(&self, subject: &str, counts: SeverityCounts) -> String {
        let hidden = !self.verbose && (counts.warnings > 0 || counts.notes > 0);
        format!("{subject}: {counts}{}", if hidden { "; --verbose shows all" } else { "" })
    }

    fn is_full(&self, found: &ResolvedDiagnostic<'_>) -> bool {
        self.verbose || found.diagnostic.severity == Severity::Error
    }

    /// Warnings, one line per rule; where there are many rules, the last line names the rest.
    fn short(&self, found: &[&ResolvedDiagnostic<'_>], text: &mut String) {
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

    fn title(&self, found: &ResolvedDiagnostic<'_>) -> String {
        let message = one_line(&found.message);
        match (self.name_targets, found.targets.as_slice()) {
            (false, _) | (_, []) => message,
            (true, targets) => format!("{message} ({})", targets.join(", ")),
        }
    }

    /// One diagnostic with its snippets.
    fn report(&self, found: &ResolvedDiagnostic<'_>) -> String {
        let diagnostic = found.diagnostic;
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.clone().primary_title(self.title(found)).id(diagnostic.rule.name);
        let renderer = Renderer::styled().term_width(self.width);
        let windows = windows(&found.spans);
        if windows.iter().all(|window| window.text.is_empty()) {
            // A file of which nothing was read has a place, and nothing to show there.
            let place = found.primary().map(|shown| format!("\n --> {}", shown.place())).unwrap_or_default();
            return renderer.render(&[Group::with_title(title)]) + &place + &self.footers(found);
        }
        let mut group = Group::with_title(title);
        for window in &windows {
            if let Some(place) = window.origin() {
                group = group.element(place);
            }
            if !window.text.is_empty() {
                group = group.element(window.snippet());
            }
        }
        for note in &found.notes {
            group = group.element(Level::NOTE.message(printable(note)));
        }
        for help in &found.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        renderer.render(&[group])
    }

    /// Notes and help texts when there is no snippet to attach them to.
    fn footers(&self, found: &ResolvedDiagnostic<'_>) -> String {
        let bold = anstyle::Style::new().bold();
        let notes = found.notes.iter().map(|note| ("note", note));
        let helps = found.help.iter().map(|help| ("help", help));
        let lines =
            notes.chain(helps).map(|(word, text)| format!("\n  = {bold}{word}{bold:#}: {}", printable(text)));
        lines.collect()
    }
}

/// Merges diagnostics that are identical for several targets.
fn merge_targets(found: Vec<ResolvedDiagnostic<'_>>) -> Vec<ResolvedDiagnostic<'_>> {
    let mut merged: Vec<ResolvedDiagnostic<'_>> = Vec::new();
    for one in found {
        let alike = |other: &&mut ResolvedDiagnostic<'_>| {
            other.diagnostic.rule == one.diagnostic.rule
                && other.diagnostic.message == one.diagnostic.message
                && other.diagnostic.severity == one.diagnostic.severity
                && other.primary().map(ResolvedSpan::place) == one.primary().map(ResolvedSpan::place)
        };
        // Equal diagnostics are adjacent: the list is sorted by position before target.
        match merged.last_mut().filter(alike) {
            Some(other) => other.targets.extend(one.targets),
            None => merged.push(one),
        }
    }
    merged
}

/// Lines that are further apart than this are shown in separate snippets.
const FAR: usize = 250;

/// Longer lines are cut to the part around the position.
const LONGEST: usize = 4096;

/// Number of bytes shown around a position in a long line.
const AROUND: usize = 160;

/// Neighboring lines of one file that contain what is to be shown.
struct SnippetWindow<'a> {
    path: String,
    text: String,
    line: usize,
    /// With ranges in the text.
    marks: Vec<SnippetMark<'a>>,
    /// Line and column of the position, if the text does not show them.
    place: Option<(usize, usize)>,
}

impl SnippetWindow<'_> {
    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let annotations = self.marks.iter().map(|mark| {
            let label = (!mark.label.is_empty()).then_some(mark.label);
            mark.kind.span(mark.range.clone()).label(label)
        });
        let snippet = Snippet::source(self.text.as_str()).line_start(self.line).annotations(annotations);
        if self.place.is_some() { snippet } else { snippet.path(self.path.as_str()) }
    }

    /// The position on a line of its own, if the snippet does not show it.
    fn origin(&self) -> Option<Origin<'_>> {
        let (line, column) = self.place?;
        Some(Origin::path(self.path.as_str()).line(line).char_column(column))
    }
}

/// The windows of each file, the primary position's first.
fn windows<'a>(spans: &'a [ResolvedSpan<'a>]) -> Vec<SnippetWindow<'a>> {
    let mut files: Vec<Vec<&ResolvedSpan<'_>>> = Vec::new();
    for shown in spans.iter().take(1 + OTHER_PLACES) {
        match files.iter_mut().find(|list| list.iter().any(|other| other.span.file == shown.span.file)) {
            Some(list) => list.push(shown),
            None => files.push(vec![shown]),
        }
    }
    files.iter().flat_map(|list| of_file(list)).collect()
}

/// A place in a file: its line from 0, its bytes, and what to say there.
struct SnippetMark<'a> {
    line: usize,
    range: Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
}

fn of_file<'a>(list: &[&'a ResolvedSpan<'a>]) -> Vec<SnippetWindow<'a>> {
    let Some(first) = list.first() else { return Vec::new() };
    let view = &*first.view;
    let mut marks: Vec<SnippetMark<'a>> = list.iter().map(|shown| mark(shown)).collect();
    if let Some(primary) = list.iter().find(|shown| shown.primary) {
        marks.extend(enclosing(view, view.file.line_of(primary.span.start as usize)));
    }
    marks.sort_by_key(|mark| (mark.line, mark.range.start));
    let mut groups: Vec<Vec<SnippetMark<'a>>> = Vec::new();
    for mark in marks {
        match groups.last_mut().filter(|group| group.last().is_some_and(|last| mark.line - last.line <= FAR))
        {
            Some(group) => group.push(mark),
            None => groups.push(vec![mark]),
        }
    }
    // Keys alone, far from what they enclose, say nothing.
    groups.retain(|group| group.iter().any(|mark| !matches!(mark.kind, AnnotationKind::Visible)));
    groups.sort_by_key(|group| !group.iter().any(|mark| matches!(mark.kind, AnnotationKind::Primary)));
    groups.into_iter().filter_map(|group| window(view, group)).collect()
}

fn mark<'a>(shown: &'a ResolvedSpan<'a>) -> SnippetMark<'a> {
    let kind = if shown.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let range = first_line(shown.file.text(), shown.span.start as usize, shown.span.end as usize);
    SnippetMark { line: shown.file.line_of(range.start), range, kind, label: &shown.label }
}

fn window<'a>(view: &FileView<'_>, mut marks: Vec<SnippetMark<'a>>) -> Option<SnippetWindow<'a>> {
    let file = view.file;
    let is_long = |mark: &SnippetMark<'_>| file.line_range(mark.line).len() > LONGEST;
    let cut = file.text().is_empty() || marks.iter().any(is_long);
    let (mut start, mut end) =
        (file.line_range(marks.first()?.line).start, file.line_range(marks.last()?.line).end);
    let mut place = None;
    if cut || end - start > LONGEST * FAR / 8 {
        // One place has to do: the first that the message is about.
        let main = marks.iter().position(|mark| matches!(mark.kind, AnnotationKind::Primary)).unwrap_or(0);
        let mark = marks.swap_remove(main);
        let line = file.line_range(mark.line);
        start = border(file.text(), mark.range.start.saturating_sub(AROUND).max(line.start));
        end = border(file.text(), (mark.range.start + AROUND).min(line.end));
        let at = file.location(u32::try_from(mark.range.start).ok()?);
        place = Some((at.line, at.column));
        marks = vec![mark];
    }
    let line = file.line_of(start) + 1;
    let within = |range: Range<usize>| range.start.max(start) - start..range.end.min(end).max(start) - start;
    let marks = marks.into_iter().map(|mark| SnippetMark { range: within(mark.range), ..mark }).collect();
    let text = view.shown(start..end)?;
    let text = text.trim_end_matches('\r').to_owned();
    Some(SnippetWindow { path: one_line(file.path().as_str()), text, line, marks, place })
}

/// The character boundary at or before an offset.
fn border(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A span cut to its first line, clamped to the text and to character boundaries.
fn first_line(text: &str, start: usize, end: usize) -> Range<usize> {
    let (start, end) = (border(text, start), border(text, end));
    let covered = text.get(start..end).unwrap_or_default();
    let line = covered.split('\n').next().unwrap_or_default().trim_end();
    start..start + line.len()
}

/// The lines of the keys that enclose a line, innermost first.
fn enclosing<'a>(view: &FileView<'_>, line: usize) -> impl Iterator<Item = SnippetMark<'a>> {
    let lines = std::iter::successors(view.parent(line), |line| view.parent(*line)).take(ENCLOSING);
    lines.map(|line| {
        let range = view.file.line_range(line);
        let text = view.file.text().get(range.clone()).unwrap_or_default();
        let start = range.start + text.len() - text.trim_start_matches(' ').len();
        SnippetMark {
            line,
            range: start..range.start + text.trim_end().len(),
            kind: AnnotationKind::Visible,
            label: "",
        }
    })
}
