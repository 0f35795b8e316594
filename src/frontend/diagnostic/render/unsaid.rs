//! What the diagnostics of a run must not say: the values of its secrets.
//!
//! In: what the run hides, and the diagnostics that are about secrets. Out: messages without such values, and views of
//! files with them starred out. Invariant: a value that stands behind a diagnostic never shows in its text, however
//! short it is; one that cannot be a common word shows in none.

use super::ResolvedDiagnostic;
use super::view::FileView;
use crate::diagnostic::Diagnostics;
use crate::secrets::{secret_encodings, secret_spans};
use crate::source::{FileId, PlaceRole, SourceFile, Sources, Span, is_reference};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

/// Stands for a value in a message.
const MASK: &str = "***";

/// A value is left out of every text from this length on, if it has letters and something else.
const SHORTEST_UNIQUE: usize = 6;

/// Longer ones are left out whatever they are made of.
const LONG: usize = 16;

/// A value is left out of the messages that are about it from this length on: shorter ones are in every number.
const SHORTEST_OWN: usize = 3;

/// What one run must not say.
pub(super) struct RunRedactor<'a> {
    sources: &'a Sources,
    known: BTreeMap<FileId, Vec<Range<usize>>>,
    names: BTreeMap<FileId, Vec<Range<usize>>>,
    faulty: BTreeMap<FileId, Vec<Range<usize>>>,
    values: Option<Rc<AhoCorasick>>,
    views: BTreeMap<FileId, Rc<FileView<'a>>>,
}

impl<'a> RunRedactor<'a> {
    pub(super) fn new(list: &Diagnostics, sources: &'a Sources) -> Self {
        let mut known = by_file(sources.hidden().spans());
        let names = by_file(sources.hidden().names());
        let faulty = by_file(sources.hidden().faulty());
        let secret = list.iter().filter(|diagnostic| diagnostic.rule.points_at_secrets);
        for label in secret.flat_map(|diagnostic| &diagnostic.labels) {
            for place in sources.places(label.origin).iter().filter(|place| place.role != PlaceRole::Extends)
            {
                let range = place.span.start as usize..place.span.end as usize;
                known.entry(place.span.file).or_default().extend(value_in(
                    sources,
                    place.span.file,
                    range,
                    place.role,
                ));
            }
        }
        let values = matcher(sources.hidden().values().flat_map(|value| value.lines()));
        RunRedactor { sources, known, names, faulty, values, views: BTreeMap::new() }
    }

    /// A file as it may be shown.
    pub(super) fn view(&mut self, id: FileId, file: &'a SourceFile) -> Rc<FileView<'a>> {
        let own = |places: &mut BTreeMap<FileId, Vec<Range<usize>>>| places.remove(&id).unwrap_or_default();
        let (known, names, faulty) = (&mut self.known, &mut self.names, &mut self.faulty);
        let values = &self.values;
        let made = || Rc::new(FileView::new(file, own(known), values.clone()).with(own(names), own(faulty)));
        self.views.entry(id).or_insert_with(made).clone()
    }

    /// Takes the values out of everything that a diagnostic says.
    pub(super) fn leave_out(&self, found: &mut ResolvedDiagnostic<'_>) {
        let own = self.own(found);
        let service = found.diagnostic.service.as_deref();
        let known = |text: &mut String| {
            if let Some(values) = self.values.as_ref().filter(|values| values.is_match(text.as_str())) {
                let mut shown = String::new();
                values.replace_all_with(text, &mut shown, |_, _, shown| {
                    shown.push_str(MASK);
                    true
                });
                *text = shown;
            }
        };
        let clean = |text: &mut String| {
            for value in own.iter().filter(|value| Some(value.as_str()) != service) {
                without_word(text, value);
            }
            known(text);
        };
        clean(&mut found.message);
        found.service.iter_mut().for_each(known);
        found.key.iter_mut().for_each(clean);
        found.notes.iter_mut().chain(found.help.iter_mut()).for_each(clean);
        found.spans.iter_mut().map(|shown| &mut shown.label).for_each(clean);
    }

    /// The secret values behind a diagnostic, longest first.
    fn own(&self, found: &ResolvedDiagnostic<'_>) -> Vec<String> {
        let hidden = self.sources.hidden();
        let mut own: BTreeSet<String> = BTreeSet::new();
        for label in &found.diagnostic.labels {
            let variables = self.sources.substitutions(label.origin);
            own.extend(
                variables.iter().filter_map(|one| hidden.of_variable(&one.variable)).map(|it| it.to_string()),
            );
        }
        let places =
            found.spans.iter().map(|shown| (shown, shown.span.start as usize..shown.span.end as usize));
        own.extend(places.filter_map(|(shown, place)| shown.view.secret_at(&place)).map(str::to_owned));
        let mut own: Vec<String> = own.into_iter().filter(|value| value.len() >= SHORTEST_OWN).collect();
        own.sort_by_key(|value| std::cmp::Reverse(value.len()));
        own
    }
}

/// Places, by the file that they are in.
fn by_file(spans: &[Span]) -> BTreeMap<FileId, Vec<Range<usize>>> {
    let mut places: BTreeMap<FileId, Vec<Range<usize>>> = BTreeMap::new();
    for span in spans {
        places.entry(span.file).or_default().push(span.start as usize..span.end as usize);
    }
    places
}

/// The bytes of a place that hold the secret a diagnostic is about.
fn value_in(sources: &Sources, file: FileId, place: Range<usize>, role: PlaceRole) -> Option<Range<usize>> {
    let text = sources.file(file)?.text().get(place.clone())?;
    let start = match role {
        PlaceRole::Variable => text.find(['=', ':']).map_or(0, |at| at + 1),
        _ => 0,
    };
    // If part of the text has the form of a secret, only that part is hidden.
    let shown = is_reference(text) || !secret_spans(text).is_empty();
    (!shown).then_some(place.start + start..place.end)
}

/// Finds values that cannot be a common word; nothing where there is none.
fn matcher<'v>(values: impl Iterator<Item = &'v str>) -> Option<Rc<AhoCorasick>> {
    let unique = values.map(str::trim).filter(|value| is_unique(value));
    let unique: BTreeSet<String> = unique.flat_map(secret_encodings).collect();
    if unique.is_empty() {
        return None;
    }
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
    builder.build(unique).ok().map(Rc::new)
}

fn is_unique(value: &str) -> bool {
    let letters = value.chars().any(char::is_alphabetic);
    let others = value.chars().any(|letter| !letter.is_alphabetic());
    value.len() >= LONG || value.len() >= SHORTEST_UNIQUE && letters && others
}

/// Takes a value out of a text where it stands as a word of its own.
fn without_word(text: &mut String, value: &str) {
    if !text.contains(value) {
        return;
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in text.match_indices(value) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + value.len()..).and_then(|after| after.chars().next());
        let inside = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        if !inside(before) && !inside(after) {
            shown.push_str(text.get(end..at).unwrap_or_default());
            shown.push_str(MASK);
            end = at + value.len();
        }
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    *text = shown;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_and_parts_of_words_stay() {
        for (text, shown) in [
            ("must be a size, not `root`", "must be a size, not `***`"),
            ("`rootless` is not root", "`rootless` is not ***"),
            ("root:root", "***:***"),
        ] {
            let mut text = text.to_owned();
            without_word(&mut text, "root");
            assert_eq!(text, shown);
        }
    }

    #[test]
    fn common_words_are_not_unique() {
        for (value, unique) in [
            ("postgres", false),
            ("hunter2", true),
            ("changeme", false),
            ("12345678", false),
            ("abcdefghijklmnop", true),
        ] {
            assert_eq!(is_unique(value), unique, "{value}");
        }
    }
}
