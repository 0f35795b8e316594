//! The registries: every rule of the front end, the application model and the targets, and the targets' names.

use tranship_app::KnownNames;
use tranship_frontend::diagnostic::{RuleRegistry, rules};

/// Every name that a setting may hold and that the application model does not declare itself.
pub fn known_names() -> KnownNames {
    let targets = tranship_targets::all().iter().map(|target| target.name()).collect();
    KnownNames { rules: rule_registry(), targets }
}

/// Every rule that this program knows.
pub fn rule_registry() -> RuleRegistry {
    let targets = tranship_targets::all().iter().flat_map(|target| target.rules());
    RuleRegistry::new(rules::ALL.iter().chain(tranship_app::rules::ALL).chain(targets).copied())
}
