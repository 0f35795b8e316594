//! Secrets that were found in values: which of them are one, and what they are called.
//!
//! Two values are one secret when they come from one variable (`${DB_PASSWORD}` at both ends), when
//! variables of one name hold the same text, or when the two ends of a connection do. Equal texts alone
//! say nothing: `changeme` stands in many files for many things. A secret is named after the variable it
//! comes from, else after the one that holds it; where a name would stand for two, after the service too.

use super::names::{Field, field};
use crate::{Name, Piece, Secret, SecretSource, Segment, Service, Text};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A secret text in a value.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// Whose value.
    pub(super) service: Name,
    /// The variable that holds it.
    pub(super) variable: Name,
    /// The service that it is the password of, where it stands in an address; then it is a part only.
    pub(super) part: Option<Option<Name>>,
    /// The variable of interpolation that it is the value of, all of it.
    pub(super) from: Option<Name>,
    /// Whether the text itself stands in the manifest.
    pub(super) literal: bool,
    /// The text.
    pub(super) text: String,
    /// The value's node.
    pub(super) node: NodeId,
    /// Where the value stands.
    pub(super) origin: Origin,
}

/// A text with secrets in it.
#[derive(Debug)]
struct Derived {
    service: Name,
    variable: Name,
    text: Text,
}

/// Secrets so far.
#[derive(Debug, Default)]
pub(super) struct Pool {
    uses: Vec<Use>,
    derived: Vec<Derived>,
}

/// A secret that the user gives, for the message.
#[derive(Debug)]
pub(super) struct Given {
    /// Its name.
    pub(super) name: Name,
    /// Whether its text stands in the manifest.
    pub(super) literal: bool,
    /// Where.
    pub(super) origin: Origin,
}

impl Pool {
    /// The piece that stands for a secret text.
    pub(super) fn given(&mut self, found: Use) -> Piece {
        self.uses.push(found);
        Piece::Secret(format!("\0g{}", self.uses.len() - 1).into())
    }

    /// The piece that stands for a text with secrets in it.
    pub(super) fn derived(&mut self, service: &Name, variable: &Name, text: &Text) -> Piece {
        let (service, variable, text) = (service.clone(), variable.clone(), text.clone());
        self.derived.push(Derived { service, variable, text });
        Piece::Secret(format!("\0d{}", self.derived.len() - 1).into())
    }

    /// Whether a secret piece is the value of a variable of interpolation.
    pub(super) fn is_variable(&self, name: &Name) -> bool {
        let index = name.strip_prefix("\0g").and_then(|index| index.parse::<usize>().ok());
        index.and_then(|index| self.uses.get(index)).is_some_and(|found| found.from.is_some())
    }

    /// Names every secret that some value still holds, and puts the names where the pieces stand.
    pub(super) fn settle(
        self,
        services: &mut IndexMap<Name, Service>,
        declared: &mut IndexMap<Name, Secret>,
        connections: &BTreeSet<(Name, Name)>,
    ) -> Vec<Given> {
        let used = self.used(services);
        let groups = self.groups(&used, connections);
        let mut names = Names::new(declared);
        let mut renames: BTreeMap<Name, Name> = BTreeMap::new();
        let mut given = Vec::new();
        let wanted: Vec<(Name, Name)> = groups.iter().map(|group| self.wanted(group)).collect();
        let mut wanting: BTreeMap<&Name, usize> = BTreeMap::new();
        wanted.iter().for_each(|(own, _)| *wanting.entry(own).or_default() += 1);
        for (group, (own, qualified)) in groups.iter().zip(&wanted) {
            let alone = wanting.get(own) == Some(&1);
            let name = names.take(if alone { own } else { qualified });
            let Some(first) = group.first().and_then(|index| self.uses.get(*index)) else { continue };
            let (node, origin) = (first.node, first.origin);
            let literal = group.iter().any(|index| self.uses.get(*index).is_some_and(|found| found.literal));
            declared.insert(
                name.clone(),
                Secret { name: name.clone(), source: SecretSource::Given, origin, node },
            );
            given.push(Given { name: name.clone(), literal, origin });
            renames.extend(group.iter().map(|index| (format!("\0g{index}").into(), name.clone())));
        }
        self.settle_derived(&used, &mut renames, &mut names, declared);
        for service in services.values_mut() {
            let values = service.container.environment.values_mut();
            values.filter_map(|variant| variant.value.as_mut()).for_each(|text| rename(text, &renames));
        }
        given
    }

    /// The texts with secrets in them; equal ones are one.
    fn settle_derived(
        &self,
        used: &BTreeSet<Name>,
        renames: &mut BTreeMap<Name, Name>,
        names: &mut Names,
        declared: &mut IndexMap<Name, Secret>,
    ) {
        let mut distinct: IndexMap<String, (Name, Text, Vec<usize>)> = IndexMap::new();
        let mut holders: BTreeMap<&Name, BTreeSet<String>> = BTreeMap::new();
        for (index, one) in self.derived.iter().enumerate() {
            if !used.contains(&*format!("\0d{index}")) {
                continue;
            }
            let mut text = one.text.clone();
            rename(&mut text, renames);
            let pieces: Vec<&Piece> = text.segments.iter().map(|segment| &segment.piece).collect();
            let key = format!("{} {pieces:?}", one.variable);
            holders.entry(&one.variable).or_default().insert(key.clone());
            let qualified = format!("{}/{}", one.service, one.variable).into();
            distinct.entry(key).or_insert_with(|| (qualified, text, Vec::new())).2.push(index);
        }
        for (qualified, text, indexes) in distinct.into_values() {
            let own = indexes.first().and_then(|index| self.derived.get(*index)).map(|one| &one.variable);
            let alone = own.filter(|name| holders.get(name).is_some_and(|keys| keys.len() == 1));
            let name = names.take(alone.filter(|name| names.is_free(name)).unwrap_or(&qualified));
            renames.extend(indexes.iter().map(|index| (format!("\0d{index}").into(), name.clone())));
            let (node, origin) = (text.node, text.origin);
            let source = SecretSource::Derived(text);
            declared.insert(name.clone(), Secret { name, source, origin, node });
        }
    }

    /// The provisional names that values still hold; others were parts of what became one secret.
    fn used(&self, services: &IndexMap<Name, Service>) -> BTreeSet<Name> {
        let values = services.values().flat_map(|service| service.container.environment.values());
        let mut open: Vec<Name> =
            values.filter_map(|variant| variant.value.as_ref()).flat_map(held).collect();
        let mut used = BTreeSet::new();
        while let Some(name) = open.pop() {
            let index = name.strip_prefix("\0d").and_then(|index| index.parse::<usize>().ok());
            if let Some(one) = index.and_then(|index| self.derived.get(index)) {
                open.extend(held(&one.text));
            }
            used.insert(name);
        }
        used
    }

    /// The uses that are one secret each, in the order of the first.
    fn groups(&self, used: &BTreeSet<Name>, connections: &BTreeSet<(Name, Name)>) -> Vec<Vec<usize>> {
        let mut union = Union::new(self.uses.iter().map(|found| found.from.clone()).collect());
        let mut same: BTreeMap<(u8, &str, &str), usize> = BTreeMap::new();
        let mut passwords: BTreeMap<(&Name, &str), Vec<usize>> = BTreeMap::new();
        for (index, found) in self.uses.iter().enumerate() {
            if let Some(from) = &found.from {
                union.join(*same.entry((0, from, "")).or_insert(index), index);
            }
            if found.part.is_none() {
                union.join(*same.entry((1, &found.variable, &found.text)).or_insert(index), index);
            }
            if found.part.is_some() || is_password(&found.variable) {
                passwords.entry((&found.service, &found.text)).or_default().push(index);
            }
        }
        for ((service, text), mine) in &passwords {
            let reached = connections.range(((*service).clone(), "".into())..);
            for (_, to) in reached.take_while(|(from, _)| from == *service) {
                for (one, other) in passwords
                    .get(&(to, *text))
                    .into_iter()
                    .flatten()
                    .flat_map(|other| mine.iter().map(move |one| (*one, *other)))
                {
                    let toward = self.uses.get(one).and_then(|found| found.part.clone()).flatten();
                    if toward.is_none_or(|toward| toward == *to) {
                        union.join(one, other);
                    }
                }
            }
        }
        // Parts of one address in several services.
        let mut parts: BTreeMap<(&Option<Name>, &str), usize> = BTreeMap::new();
        for (index, found) in self.uses.iter().enumerate() {
            if let Some(toward) = found.part.as_ref().filter(|toward| toward.is_some()) {
                union.join(*parts.entry((toward, &found.text)).or_insert(index), index);
            }
        }
        let mut groups: IndexMap<usize, Vec<usize>> = IndexMap::new();
        for index in 0..self.uses.len() {
            if used.contains(&*format!("\0g{index}")) {
                groups.entry(union.root(index)).or_default().push(index);
            }
        }
        groups.into_values().collect()
    }

    /// What a group would be called: alone, and where that name is another's too.
    fn wanted(&self, group: &[usize]) -> (Name, Name) {
        let uses: Vec<&Use> = group.iter().filter_map(|index| self.uses.get(*index)).collect();
        let own = |found: &&Use| -> Name {
            match &found.part {
                Some(_) => format!("{}_PASSWORD", found.variable).into(),
                None => found.variable.clone(),
            }
        };
        let from = uses.iter().find_map(|found| found.from.clone());
        let best = uses.iter().min_by_key(|found| (found.part.is_some(), own(found), found.service.clone()));
        let Some(best) = best else { return ("secret".into(), "secret".into()) };
        let qualified = format!("{}/{}", best.service, own(best)).into();
        (from.unwrap_or_else(|| own(best)), qualified)
    }
}

/// Whether a variable holds a password of a connection, rather than a key or a token.
fn is_password(variable: &str) -> bool {
    matches!(field(variable), Some((_, Field::Password)))
}

/// Names that are taken.
struct Names {
    taken: BTreeSet<Name>,
}

impl Names {
    fn new(declared: &IndexMap<Name, Secret>) -> Self {
        Names { taken: declared.keys().cloned().collect() }
    }

    fn is_free(&self, name: &Name) -> bool {
        !self.taken.contains(name)
    }

    /// The name, or one like it that is free.
    fn take(&mut self, wanted: &Name) -> Name {
        let mut name = wanted.clone();
        while !self.taken.insert(name.clone()) {
            name = format!("{name}_").into();
        }
        name
    }
}

/// Sets that grow together. Two values of different variables never become one.
struct Union {
    parents: Vec<usize>,
    from: Vec<Option<Name>>,
}

impl Union {
    fn new(from: Vec<Option<Name>>) -> Self {
        Union { parents: (0..from.len()).collect(), from }
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

/// The provisional names of the secrets in a text.
fn held(text: &Text) -> Vec<Name> {
    let name = |segment: &Segment| match &segment.piece {
        Piece::Secret(name) => Some(name.clone()),
        _ => None,
    };
    text.segments.iter().filter_map(name).collect()
}

fn rename(text: &mut Text, names: &BTreeMap<Name, Name>) {
    for Segment { piece, .. } in &mut text.segments {
        if let Piece::Secret(name) = piece
            && let Some(settled) = names.get(name)
        {
            *name = settled.clone();
        }
    }
}
