//! Which secret texts are one secret.
//!
//! Two values are one secret when they come from one variable (`${DB_PASSWORD}` at both ends), when
//! variables of one name hold the same text, or when the two ends of a connection do. Equal texts alone
//! say nothing: `changeme` stands in many files for many things.

use super::variable_names::{ConnectionField, field};
use crate::ManifestName;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A secret text in a value.
#[derive(Debug, Clone)]
pub(super) struct SecretUse {
    /// Whose value.
    pub(super) service: ManifestName,
    /// The variable that holds it.
    pub(super) variable: ManifestName,
    /// How much of the value it is.
    pub(super) extent: SecretExtent,
    /// The variable of interpolation that it is the value of, all of it.
    pub(super) from: Option<ManifestName>,
    /// Whether the text itself stands in the manifest.
    pub(super) literal: bool,
    /// The text.
    pub(super) text: String,
    /// The value's node.
    pub(super) node: NodeId,
    /// Where the value stands.
    pub(super) origin: Origin,
}

/// How much of a value a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretExtent {
    /// All of it.
    Whole,
    /// A part of it, such as the password in an address.
    Password {
        /// The service that the address leads to, where it is one of the application.
        toward: Option<ManifestName>,
    },
}

/// The uses that are one secret each, in the order of the first; of those alone that are still used.
pub(super) fn groups(
    uses: &[SecretUse],
    connections: &BTreeSet<(ManifestName, ManifestName)>,
    is_used: impl Fn(usize) -> bool,
) -> Vec<Vec<usize>> {
    let mut union = SecretUnion::new(uses.iter().map(|found| found.from.clone()).collect());
    join_variables(uses, &mut union);
    join_connections(uses, connections, &mut union);
    join_addresses(uses, &mut union);
    let mut groups: IndexMap<usize, Vec<usize>> = IndexMap::new();
    for index in (0..uses.len()).filter(|index| is_used(*index)) {
        groups.entry(union.root(index)).or_default().push(index);
    }
    groups.into_values().collect()
}

/// Values of one variable of interpolation, and equal texts in variables of one name.
fn join_variables(uses: &[SecretUse], union: &mut SecretUnion) {
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    let mut texts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (index, found) in uses.iter().enumerate() {
        if let Some(from) = &found.from {
            union.join(*sources.entry(from).or_insert(index), index);
        }
        if found.extent == SecretExtent::Whole {
            union.join(*texts.entry((&found.variable, &found.text)).or_insert(index), index);
        }
    }
}

/// The two ends of a connection that hold the same password.
fn join_connections(
    uses: &[SecretUse],
    connections: &BTreeSet<(ManifestName, ManifestName)>,
    union: &mut SecretUnion,
) {
    let mut passwords: BTreeMap<(&ManifestName, &str), Vec<usize>> = BTreeMap::new();
    for (index, found) in uses.iter().enumerate() {
        if found.extent != SecretExtent::Whole || is_password(&found.variable) {
            passwords.entry((&found.service, &found.text)).or_default().push(index);
        }
    }
    for ((service, text), mine) in &passwords {
        let reached = connections.range(((*service).clone(), "".into())..);
        for (_, to) in reached.take_while(|(from, _)| from == *service) {
            let others = passwords.get(&(to, *text)).into_iter().flatten();
            for (one, other) in others.flat_map(|other| mine.iter().map(move |one| (*one, *other))) {
                if uses.get(one).is_some_and(|found| found.may_belong_to(to)) {
                    union.join(one, other);
                }
            }
        }
    }
}

/// Passwords of one service, in addresses of several others.
fn join_addresses(uses: &[SecretUse], union: &mut SecretUnion) {
    let mut parts: BTreeMap<(&ManifestName, &str), usize> = BTreeMap::new();
    for (index, found) in uses.iter().enumerate() {
        if let SecretExtent::Password { toward: Some(toward) } = &found.extent {
            union.join(*parts.entry((toward, &found.text)).or_insert(index), index);
        }
    }
}

impl SecretUse {
    /// Whether nothing says that it is the password of another service.
    fn may_belong_to(&self, service: &ManifestName) -> bool {
        match &self.extent {
            SecretExtent::Whole | SecretExtent::Password { toward: None } => true,
            SecretExtent::Password { toward: Some(toward) } => toward == service,
        }
    }
}

/// Whether a variable holds a password of a connection, rather than a key or a token.
fn is_password(variable: &str) -> bool {
    matches!(field(variable), Some((_, ConnectionField::Password)))
}

/// Sets that grow together. Two values of different variables never become one.
struct SecretUnion {
    parents: Vec<usize>,
    from: Vec<Option<ManifestName>>,
}

impl SecretUnion {
    fn new(from: Vec<Option<ManifestName>>) -> Self {
        SecretUnion { parents: (0..from.len()).collect(), from }
    }

    fn root(&self, mut index: usize) -> usize {
        while let Some(parent) = self.parents.get(index).copied().filter(|parent| *parent != index) {
            index = parent;
        }
        index
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (first, second) = (one.min(other), one.max(other));
        let variables = (self.from.get(first).cloned().flatten(), self.from.get(second).cloned().flatten());
        if first == second || matches!(&variables, (Some(one), Some(other)) if one != other) {
            return;
        }
        if let Some(parent) = self.parents.get_mut(second) {
            *parent = first;
        }
        if let Some(from) = self.from.get_mut(first) {
            *from = variables.0.or(variables.1);
        }
    }
}
