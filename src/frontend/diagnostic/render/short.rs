//! Warnings in a few lines: one for each rule, and nothing left out without its name.
//!
//! In: the warnings, sorted. Out: at most [`RULE_LINES`] lines and one more that names the remaining rules.
//! Invariant: every rule is named, and within `target/…` every key, each with its place.

use super::ResolvedDiagnostic;
use crate::diagnostic::DiagnosticRule;

/// Rules that get a line of their own.
const RULE_LINES: usize = 3;

/// The warnings of one rule.
pub(super) struct RuleWarnings<'f, 'a> {
    /// The first, which is shown.
    pub(super) first: &'f ResolvedDiagnostic<'a>,
    /// The others, which are counted or named.
    others: Vec<&'f ResolvedDiagnostic<'a>>,
}

/// The warnings as they are shown: in full lines, and by name.
pub(super) struct ShortWarnings<'f, 'a> {
    /// Each gets a line.
    pub(super) lines: Vec<RuleWarnings<'f, 'a>>,
    /// These share one.
    pub(super) named: Vec<RuleWarnings<'f, 'a>>,
}

impl<'f, 'a> ShortWarnings<'f, 'a> {
    /// Groups warnings by rule.
    pub(super) fn of(warnings: impl Iterator<Item = &'f ResolvedDiagnostic<'a>>) -> Self {
        let mut lines: Vec<RuleWarnings<'f, 'a>> = Vec::new();
        for one in warnings {
            match lines.iter_mut().find(|group| group.rule() == one.diagnostic.rule) {
                Some(group) => group.others.push(one),
                None => lines.push(RuleWarnings { first: one, others: Vec::new() }),
            }
        }
        let named = if lines.len() > RULE_LINES + 1 { lines.split_off(RULE_LINES) } else { Vec::new() };
        ShortWarnings { lines, named }
    }

    /// `and app/no-entry (compose.yaml:3:5), project/no-name`; nothing where every rule has a line.
    pub(super) fn rest(&self) -> Option<String> {
        let names: Vec<String> = self.named.iter().map(RuleWarnings::named).collect();
        (!names.is_empty()).then(|| format!("and {}", names.join(", ")))
    }
}

impl RuleWarnings<'_, '_> {
    fn rule(&self) -> &'static DiagnosticRule {
        self.first.diagnostic.rule
    }

    fn named(&self) -> String {
        let place = self.first.primary().map(|shown| format!(" ({})", shown.place()));
        format!("{}{}", self.rule().name, place.unwrap_or_default())
    }

    /// What follows the first: how many are like it, and which other keys there are.
    pub(super) fn more(&self) -> String {
        let mut keys: Vec<String> = Vec::new();
        let mut alike = 0;
        for one in &self.others {
            match one.kind() {
                kind if kind == self.first.kind() => alike += 1,
                Some(kind) if keys.iter().any(|known| known.starts_with(&format!("`{kind}`"))) => {}
                Some(kind) => keys.push(format!("`{kind}`{}", self.at_line(one))),
                None => alike += 1,
            }
        }
        let alike = (alike > 0).then(|| format!("and {alike} more like this"));
        let also = (!keys.is_empty()).then(|| format!("also {}", keys.join(", ")));
        match (alike, also) {
            (None, None) => String::new(),
            (alike, also) => format!(" ({})", alike.into_iter().chain(also).collect::<Vec<_>>().join("; ")),
        }
    }

    /// ` at line 9`; with the file where it is not the first one's.
    fn at_line(&self, one: &ResolvedDiagnostic<'_>) -> String {
        match (self.first.primary(), one.primary()) {
            (_, None) => String::new(),
            (Some(first), Some(shown)) if first.file.path() == shown.file.path() => {
                format!(" at line {}", shown.start.line)
            }
            (_, Some(shown)) => format!(" at {}:{}", shown.file.path(), shown.start.line),
        }
    }
}

impl ResolvedDiagnostic<'_> {
    /// Where one rule speaks of many keys, which of them: `ports.published` of `services.web.ports[0].published`.
    fn kind(&self) -> Option<String> {
        let key = self.diagnostic.key.as_deref().filter(|_| self.diagnostic.rule.family() == "target")?;
        let mut text = String::new();
        let mut in_index = false;
        for letter in key.chars() {
            in_index = (in_index || letter == '[') && letter != ']';
            if !in_index && letter != ']' {
                text.push(letter);
            }
        }
        let below = text.splitn(3, '.').nth(2).filter(|_| text.starts_with("services."));
        Some(below.unwrap_or(&text).to_owned())
    }
}
