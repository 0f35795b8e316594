//! The registry: one file a family, one declaration a rule.

pub mod compose;
pub mod internal;
pub mod target;
pub mod yaml;

use super::Rule;

/// Every rule of every family, by family and in the order of declaration.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [compose::ALL, internal::ALL, target::ALL, yaml::ALL].into_iter().flatten().copied()
}

/// The rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}
