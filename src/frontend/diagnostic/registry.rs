//! The rules of a program: those of the front end, and those that the rooms above it declare.

use super::DiagnosticRule;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Every rule that a program knows, by family and in the order of declaration.
#[derive(Debug, Clone)]
pub struct RuleRegistry {
    lists: Vec<&'static [&'static DiagnosticRule]>,
    /// Sorted when first asked for: most runs name no rule.
    rules: OnceLock<Vec<&'static DiagnosticRule>>,
}

impl RuleRegistry {
    /// The rules of some lists; a rule that two lists share is registered once.
    pub fn new(lists: impl IntoIterator<Item = &'static [&'static DiagnosticRule]>) -> Self {
        RuleRegistry { lists: lists.into_iter().collect(), rules: OnceLock::new() }
    }

    /// Every rule.
    pub fn iter(&self) -> impl Iterator<Item = &'static DiagnosticRule> {
        self.rules.get_or_init(|| sorted(&self.lists)).iter().copied()
    }

    /// The rule of a name.
    pub fn find(&self, name: &str) -> Option<&'static DiagnosticRule> {
        self.iter().find(|rule| rule.name == name)
    }
}

fn sorted(lists: &[&'static [&'static DiagnosticRule]]) -> Vec<&'static DiagnosticRule> {
    let mut names = BTreeSet::new();
    let all = lists.iter().copied().flatten().copied();
    let mut rules: Vec<&'static DiagnosticRule> = all.filter(|rule| names.insert(rule.name)).collect();
    rules.sort_by_cached_key(|rule| rule.family());
    rules
}
