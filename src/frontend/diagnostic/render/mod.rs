//! Turns diagnostics into text: for people, and as JSON, SARIF and GitHub workflow commands.
//!
//! In: the [`Diagnostics`] of one or several compiles with their [`Sources`]. Out: text.
//! Invariant: every format shows the same list, sorted by severity and then by position, without duplicates;
//! only the format for people is shortened. Secret values never show.

mod github;
mod human;
mod json;
mod mask;
mod printable;
mod sarif;
mod short;
mod unsaid;
mod view;

pub use github::github;
pub use human::HumanOptions;
pub use json::json;
pub use printable::{one_line, printable};
pub use sarif::sarif;

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::{LineColumn, Origin, PlaceRole, SourceFile, Sources, Span, VariableSource};
use camino::Utf8Path;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use unsaid::RunRedactor;
use view::FileView;

/// A diagnostic with its positions resolved.
#[derive(Debug)]
pub struct ResolvedDiagnostic<'a> {
    /// The diagnostic.
    pub diagnostic: &'a Diagnostic,
    /// Its message, as it may be shown.
    pub message: String,
    /// The key that it is about, as it may be shown.
    pub key: Option<String>,
    /// The service that it is about, as it may be shown.
    pub service: Option<String>,
    /// The positions, the primary one first.
    pub spans: Vec<ResolvedSpan<'a>>,
    /// Its notes, and where the variables in its value came from.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// The targets it was found for.
    pub targets: Vec<&'a str>,
}

/// A position to show.
#[derive(Debug, Clone)]
pub struct ResolvedSpan<'a> {
    /// The file.
    pub file: &'a SourceFile,
    /// The byte range.
    pub span: Span,
    /// First character.
    pub start: LineColumn,
    /// One past the last character.
    pub end: LineColumn,
    /// The text to show there; may be empty.
    pub label: String,
    /// Whether the message is about this position.
    pub primary: bool,
    /// The file's text, as it may be shown.
    view: Rc<FileView<'a>>,
}

impl ResolvedSpan<'_> {
    /// `compose.yaml:7:9`.
    pub fn place(&self) -> String {
        format!("{}:{}:{}", one_line(self.file.path().as_str()), self.start.line, self.start.column)
    }
}

/// Resolves the positions of all diagnostics, sorts them and removes duplicates.
pub fn collect<'a>(
    runs: impl IntoIterator<Item = (&'a Diagnostics, &'a Sources)>,
) -> Vec<ResolvedDiagnostic<'a>> {
    let mut found: Vec<ResolvedDiagnostic<'a>> = Vec::new();
    // What must not be shown is searched for only where something is shown.
    for (list, sources) in runs.into_iter().filter(|(list, _)| !list.is_empty()) {
        let mut unsaid = RunRedactor::new(list, sources);
        found.extend(list.iter().map(|diagnostic| look_up(diagnostic, sources, &mut unsaid)));
    }
    found.sort_by(|left, right| left.order().cmp(&right.order()));
    found.dedup_by(|next, kept| next.order() == kept.order());
    found
}

impl ResolvedDiagnostic<'_> {
    /// The primary position, if there is one.
    pub fn primary(&self) -> Option<&ResolvedSpan<'_>> {
        self.spans.first()
    }

    fn order(&self) -> impl Ord + '_ {
        let place = self.primary().map(|shown| (ShownPath(shown.file.path()), shown.start, shown.end));
        let diagnostic = self.diagnostic;
        (
            Reverse(diagnostic.severity),
            place.is_none(),
            place,
            diagnostic.rule.name,
            &diagnostic.message,
            &diagnostic.target,
        )
    }
}

/// A path in the order of paths. Two diagnostics are mostly of one file, whose path need not be taken apart to see that.
struct ShownPath<'a>(&'a Utf8Path);

impl Ord for ShownPath<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0.as_str() == other.0.as_str() { Ordering::Equal } else { self.0.cmp(other.0) }
    }
}

impl PartialOrd for ShownPath<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ShownPath<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ShownPath<'_> {}

fn look_up<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
    unsaid: &mut RunRedactor<'a>,
) -> ResolvedDiagnostic<'a> {
    let mut spans: Vec<ResolvedSpan<'a>> = Vec::new();
    // One diagnostic may stand for thousands of lines.
    let mut shown_at: BTreeMap<Span, usize> = BTreeMap::new();
    for label in &diagnostic.labels {
        for (index, place) in sources.places(label.origin).into_iter().enumerate() {
            let Some(file) = sources.file(place.span.file) else { continue };
            let text = if index == 0 { label.text.as_str() } else { role_text(place.role) };
            let at = *shown_at.entry(place.span).or_insert(spans.len());
            match spans.get_mut(at) {
                Some(shown) if shown.label.is_empty() => text.clone_into(&mut shown.label),
                Some(_) => {}
                None => spans.push(ResolvedSpan {
                    file,
                    span: place.span,
                    start: file.location(place.span.start),
                    end: file.location(place.span.end),
                    label: text.to_owned(),
                    primary: spans.is_empty(),
                    view: unsaid.view(place.span.file, file),
                }),
            }
        }
    }
    let mut notes = diagnostic.notes.clone();
    if let Some(label) = diagnostic.labels.first() {
        notes.extend(variable_notes(sources, label.origin));
    }
    let mut found = ResolvedDiagnostic {
        diagnostic,
        message: diagnostic.message.clone(),
        key: diagnostic.key.clone(),
        service: diagnostic.service.clone(),
        spans,
        notes,
        help: diagnostic.help.clone(),
        targets: diagnostic.target.as_deref().into_iter().collect(),
    };
    unsaid.leave_out(&mut found);
    found
}

/// The text for a position other than the value itself.
fn role_text(role: PlaceRole) -> &'static str {
    match role {
        PlaceRole::Value => "",
        PlaceRole::Alias => "through this alias",
        PlaceRole::Extends => "inherited through this `extends`",
        PlaceRole::Include => "included here",
        PlaceRole::Overridden => "overridden",
        PlaceRole::Variable => "the variable gets its value here",
        PlaceRole::Premise => "because of this",
    }
}

/// Number of variables of one value that are listed.
const MOST_NOTES: usize = 16;

/// Where the variables in a value came from, for sources that are not files.
fn variable_notes(sources: &Sources, origin: Origin) -> Vec<String> {
    let (mut notes, mut named): (Vec<String>, BTreeSet<String>) = Default::default();
    for found in sources.substitutions(origin) {
        let name = &found.variable;
        let note = match &found.source {
            VariableSource::Environment(_) => format!("`{name}` comes from the process environment"),
            VariableSource::Flag(_) => format!("`{name}` is set on the command line"),
            VariableSource::Fallback => format!("`{name}` is not set, so its default is used"),
            VariableSource::Unset => format!("`{name}` is not set, so it is empty"),
            VariableSource::File(_) | VariableSource::Computed(_) => continue,
        };
        if notes.len() < MOST_NOTES && named.insert(note.clone()) {
            notes.push(note);
        }
    }
    notes
}

/// Number of diagnostics by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeverityCounts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl SeverityCounts {
    /// Counts a list.
    pub fn of(found: &[ResolvedDiagnostic<'_>]) -> Self {
        let count = |severity| found.iter().filter(|one| one.diagnostic.severity == severity).count();
        SeverityCounts {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
        }
    }
}

impl fmt::Display for SeverityCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let said: Vec<String> = words
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
            .collect();
        match said.as_slice() {
            [] => f.write_str("no problems found"),
            said => f.write_str(&said.join(", ")),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
