//! Errors of a later stage that stand by themselves.
//!
//! In: the errors of the stages before, and what a stage says of a manifest that has them. Out: the errors that are
//! worth a line of their own. What an earlier error broke is seen again by every stage after it; and a warning about a
//! manifest that will change says little. Invariant: an error about another line and another key is kept.

use std::collections::BTreeSet;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, Severity};
use tranship_frontend::source::{FileId, Sources};

/// What the errors so far are about.
#[derive(Debug, Default)]
pub(crate) struct ErrorShadow {
    lines: BTreeSet<(FileId, usize)>,
    keys: BTreeSet<String>,
    /// The paths that those keys lie below.
    around: BTreeSet<String>,
}

impl ErrorShadow {
    /// That of the errors among some diagnostics.
    pub(crate) fn of(diagnostics: &Diagnostics, sources: &Sources) -> Self {
        let mut shadow = ErrorShadow::default();
        for error in diagnostics.iter().filter(|one| one.severity == Severity::Error) {
            shadow.lines.extend(lines(error, sources));
            shadow.around.extend(error.key.iter().flat_map(|key| outer(key)).map(str::to_owned));
            shadow.keys.extend(error.key.clone());
        }
        shadow
    }

    /// Whether no error was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.keys.is_empty()
    }

    /// Leaves of a later stage's diagnostics the errors that do not follow from these.
    pub(crate) fn thin(&self, later: &mut Diagnostics, sources: &Sources) {
        if !self.is_empty() {
            later.retain(|one| self.leaves(one, sources));
        }
    }

    fn leaves(&self, one: &Diagnostic, sources: &Sources) -> bool {
        let places = lines(one, sources);
        let stands = one.severity == Severity::Error && !one.rule.name.starts_with("internal/");
        let key = one.key.as_deref().unwrap_or_default();
        let below = |key: &str| outer(key).chain([key]).any(|around| self.keys.contains(around));
        let related = !key.is_empty() && (below(key) || self.around.contains(key));
        stands && !places.is_empty() && !related && places.iter().all(|line| !self.lines.contains(line))
    }
}

/// The key paths that a key path lies below, by its steps: `services` and `services.web` of `services.web.ports`.
fn outer(key: &str) -> impl Iterator<Item = &str> {
    key.match_indices(['.', '[']).filter_map(|(at, _)| key.get(..at))
}

/// The lines that a diagnostic names in the first place.
fn lines(one: &Diagnostic, sources: &Sources) -> Vec<(FileId, usize)> {
    let spans = one.labels.iter().filter_map(|label| sources.place(label.origin));
    spans.filter_map(|span| Some((span.file, sources.file(span.file)?.location(span.start).line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::diagnostic::rules;
    use tranship_frontend::source::Span;

    #[test]
    fn keys_are_related_by_steps() {
        assert_eq!(
            outer("services.web.ports[0].mode").collect::<Vec<_>>(),
            ["services", "services.web", "services.web.ports", "services.web.ports[0]"]
        );
        assert_eq!(outer("name").count(), 0);
        for (key, earlier, is_related) in [
            ("services.web.ports[0]", "services.web", true),
            ("services.web", "services.web", true),
            ("services.web", "services.web.ports[0]", true),
            ("services.website", "services.web", false),
            ("services.web", "services.website", false),
            ("services.web", "", false),
            ("", "services.web", false),
        ] {
            let (mut sources, mut earlier_errors) = (Sources::new(), Diagnostics::new());
            let file = sources.add_file("compose.yaml".into(), "a\nb\n".to_owned());
            let place = |sources: &mut Sources, at| sources.read_at(Span::new(file, at, at + 1));
            let (first, second) = (place(&mut sources, 0), place(&mut sources, 2));
            let error = |key: &str, at| Diagnostic::new(&rules::compose::WRONG_TYPE, "x").key(key).at(at);
            earlier_errors.push(error(earlier, first));
            let mut later = Diagnostics::new();
            later.push(error(key, second));
            ErrorShadow::of(&earlier_errors, &sources).thin(&mut later, &sources);
            assert_eq!(later.iter().count() == 0, is_related, "{key} after {earlier}");
        }
    }
}
