//! The rules of a program: those of the front end, and those that the rooms above it declare.

use super::DiagnosticRule;
use std::collections::BTreeSet;

/// Every rule that a program knows, by family and in the order of declaration.
#[derive(Debug, Clone)]
pub struct RuleRegistry {
    rules: Vec<&'static DiagnosticRule>,
}

impl RuleRegistry {
    /// The rules of some lists; a rule that two lists share is registered once.
    pub fn new<'a>(lists: impl IntoIterator<Item = &'a [&'static DiagnosticRule]>) -> Self {
        let mut names = BTreeSet::new();
        let all = lists.into_iter().flatten().copied();
        let mut rules: Vec<&'static DiagnosticRule> = all.filter(|rule| names.insert(rule.name)).collect();
        rules.sort_by_cached_key(|rule| rule.family());
        RuleRegistry { rules }
    }

    /// Every rule.
    pub fn iter(&self) -> impl Iterator<Item = &'static DiagnosticRule> {
        self.rules.iter().copied()
    }

    /// The rule of a name.
    pub fn find(&self, name: &str) -> Option<&'static DiagnosticRule> {
        self.iter().find(|rule| rule.name == name)
    }
}
