//! The registry of diagnostics: every rule of the front end, the application model and the targets.

use tranship_frontend::diagnostic::{RuleRegistry, rules};

/// Every rule that this program knows.
pub fn rule_registry() -> RuleRegistry {
    let targets = tranship_targets::all().iter().flat_map(|target| target.rules());
    RuleRegistry::new(rules::ALL.iter().chain(tranship_app::rules::ALL).chain(targets).copied())
}
