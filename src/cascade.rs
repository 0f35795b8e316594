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
    keys: Vec<String>,
}

impl ErrorShadow {
    /// That of the errors among some diagnostics.
    pub(crate) fn of(diagnostics: &Diagnostics, sources: &Sources) -> Self {
        let mut shadow = ErrorShadow::default();
        for error in diagnostics.iter().filter(|one| one.severity == Severity::Error) {
            shadow.lines.extend(lines(error, sources));
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
        let related = self.keys.iter().any(|earlier| is_within(key, earlier) || is_within(earlier, key));
        stands && !places.is_empty() && !related && places.iter().all(|line| !self.lines.contains(line))
    }
}

/// Whether a key path is another one, or below it.
fn is_within(key: &str, outer: &str) -> bool {
    !outer.is_empty()
        && key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The lines that a diagnostic names in the first place.
fn lines(one: &Diagnostic, sources: &Sources) -> Vec<(FileId, usize)> {
    let spans = one.labels.iter().filter_map(|label| sources.place(label.origin));
    spans.filter_map(|span| Some((span.file, sources.file(span.file)?.location(span.start).line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_related_by_steps() {
        for (key, outer, within) in [
            ("services.web.ports[0]", "services.web", true),
            ("services.web", "services.web", true),
            ("services.website", "services.web", false),
            ("services.web", "", false),
        ] {
            assert_eq!(is_within(key, outer), within, "{key} in {outer}");
        }
    }
}
