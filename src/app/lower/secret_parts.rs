//! Where a text holds what is known to be secret.
//!
//! In: a text as the document has it, before anything is wired into it. Out: byte ranges of its [`FlatText`], in
//! order and without overlap: values of secret variables, late-bound or not, and secret values of other origin.

use super::LoweringContext;
use super::address_scan::TextRange;
use super::flat_text::FlatText;
use crate::document::TreeLeaf;
use crate::{At, ManifestName, Text, TextPiece, TextSegment, document};
use std::collections::BTreeSet;
use std::sync::Arc;
use tranship_facts::ImageReference;
use tranship_frontend::compose::PathSegment;
use tranship_frontend::secrets::{secret_spans, secrets_of};
use tranship_frontend::source::VariableSubstitution;

/// The secrets of a text, by how they are known.
#[derive(Debug, Default)]
pub(super) struct SecretParts {
    /// Values of secret variables.
    by_origin: Vec<TextRange>,
    /// By form, and values that are secret elsewhere.
    by_value: Vec<TextRange>,
}

impl SecretParts {
    /// All of them, in order and without overlap.
    pub(super) fn all(&self) -> Vec<TextRange> {
        united(self.by_origin.iter().chain(&self.by_value).cloned().collect())
    }

    /// All of them, and more that are secret by their place.
    pub(super) fn with(&self, more: impl Iterator<Item = TextRange>) -> Vec<TextRange> {
        united(self.by_origin.iter().chain(&self.by_value).cloned().chain(more).collect())
    }

    /// Whether the text is nothing but the value of one secret variable.
    pub(super) fn is_one_variable(&self, whole: &TextRange) -> bool {
        self.by_origin.as_slice() == std::slice::from_ref(whole)
    }
}

impl LoweringContext<'_> {
    /// The secrets of a text.
    pub(super) fn secret_parts(&self, text: &Text, flat: &FlatText) -> SecretParts {
        let mut by_value = secret_spans(&flat.text);
        by_value.extend(self.secrets.parts(&flat.text));
        SecretParts { by_origin: self.parts_by_origin(text, flat), by_value }
    }

    /// Whether a value that every reader of an artifact sees holds a secret.
    pub(super) fn holds_secret(&self, name: &str, value: &At<Arc<str>>) -> bool {
        let text = document::open_text(value, self.sources, self.late);
        let flat = FlatText::of(&text);
        let parts = self.secret_parts(&text, &flat);
        // Without a name, a value is cut by its form alone, as its parts are.
        !parts.all().is_empty() || !name.is_empty() && !secrets_of(name, &flat.text).is_empty()
    }

    fn parts_by_origin(&self, text: &Text, flat: &FlatText) -> Vec<TextRange> {
        let secret = |one: &&VariableSubstitution| self.secrets.is_variable(&one.variable);
        let all = self.sources.substitutions(text.origin);
        let is_late = |one: &VariableSubstitution| text.variables().any(|late| late.name == one.variable);
        let mut parts: Vec<TextRange> = all
            .iter()
            .filter(secret)
            .filter(|one| !is_late(one) && !one.range.is_empty())
            .map(|one| moved(one, all.iter().filter(|other| is_late(other))))
            .collect();
        parts.extend(
            flat.late_parts().filter(|(_, name)| self.secrets.is_variable(name)).map(|(part, _)| part),
        );
        parts.sort_by_key(|part| part.start);
        parts.retain(|part| flat.text.get(part.clone()).is_some());
        parts
    }
}

/// Where a substitution stands in the flat text, in which each late-bound variable is one placeholder.
fn moved<'s>(one: &VariableSubstitution, late: impl Iterator<Item = &'s VariableSubstitution>) -> TextRange {
    let (mut removed, mut added) = (0, 0);
    for before in late.filter(|late| late.range.end <= one.range.start) {
        removed += (before.range.end - before.range.start) as usize;
        added += super::flat_text::OPEN.len();
    }
    let at = |place: u32| (place as usize + added).saturating_sub(removed);
    at(one.range.start)..at(one.range.end)
}

/// Ranges in order; those that overlap are one.
fn united(mut parts: Vec<TextRange>) -> Vec<TextRange> {
    parts.sort_by_key(|part| (part.start, part.end));
    let mut united: Vec<TextRange> = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        match united.last_mut().filter(|last| part.start < last.end) {
            Some(last) => last.end = last.end.max(part.end),
            None => united.push(part),
        }
    }
    united
}

/// Words that name things of the manifest, in lower case: as a password they say nothing.
pub(super) fn ordinary_words(
    document: &document::ComposeDocument,
    leaves: &[TreeLeaf],
    project: &ManifestName,
) -> BTreeSet<String> {
    let mut words = BTreeSet::from([project.to_lowercase()]);
    // Every key is shown, in reports and in messages. A leaf shares the first ones with the leaf before it.
    let mut before: &[PathSegment] = &[];
    for leaf in leaves {
        let path = leaf.path.0.as_slice();
        let shared = path.iter().zip(before).take_while(|(key, known)| key == known).count();
        for segment in path.iter().skip(shared) {
            let PathSegment::Key(key) = segment else { continue };
            for word in key.split(|letter: char| !letter.is_alphanumeric()) {
                // Most keys are known, and in lower case.
                if !words.contains(word) {
                    words.insert(word.to_lowercase());
                }
            }
        }
        before = path;
    }
    let names = document.volumes.keys().chain(document.services.keys());
    words.extend(names.map(|name| name.to_lowercase()));
    for service in document.services.values() {
        words.extend(service.host_names.value.iter().map(|name| name.value.to_lowercase()));
        let container = &service.description.value.container;
        if let crate::ContainerImage::Named(image) = &container.image {
            let shown = super::flat_text::shown(image);
            let reference = ImageReference::parse(&shown);
            words.extend(reference.repository.split('/').chain(reference.tag).map(str::to_lowercase));
        }
        for (name, variable) in &container.environment {
            if names_something(name)
                && let Some(value) = variable.value.as_ref().and_then(Text::literal)
            {
                words.insert(value.to_lowercase());
            }
        }
    }
    words
}

/// Whether a variable holds the name of a user, a database or a host.
fn names_something(variable: &str) -> bool {
    use super::variable_names::{ConnectionField, field};
    field(variable).is_some_and(|(_, field)| field != ConnectionField::Password)
}

/// The variables that stay open in a text.
impl FlatText {
    fn late_parts(&self) -> impl Iterator<Item = (TextRange, ManifestName)> {
        self.open_parts().filter_map(|(part, segment): (&TextRange, &TextSegment)| match &segment.piece {
            TextPiece::LateBound(variable) => Some((part.clone(), variable.name.clone())),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::source::VariableSource;

    #[test]
    fn ranges_that_overlap_are_one() {
        assert_eq!(united(vec![5..7, 1..3, 2..4, 4..4, 7..9]), [1..4, 5..7, 7..9]);
    }

    #[test]
    fn a_late_bound_variable_is_one_placeholder() {
        let substitution = |range: std::ops::Range<u32>| VariableSubstitution {
            range,
            expression: 0..0,
            variable: "V".into(),
            fallback: None,
            source: VariableSource::Unset,
        };
        let late = substitution(2..12);
        let open = super::super::flat_text::OPEN.len();
        assert_eq!(moved(&substitution(14..16), std::iter::once(&late)), 4 + open..6 + open);
        assert_eq!(moved(&substitution(0..2), std::iter::once(&late)), 0..2);
    }
}
