//! Secrets that were found in values: which of them are one, and what they are called.
//!
//! In: the texts that wiring found to be secret, each known by a [`ProvisionalSecret`]. Out: the secrets of the
//! application, and every value with [`SecretId`]s in it. A secret is named after the variable it comes from,
//! else after the one that holds it; where a name would stand for two, after the service too.

use super::secret_groups::{self, SecretExtent, SecretUse};
use crate::{AppService, ApplicationSecret, ManifestName, SecretId, SecretSource, Text, TextPiece};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::source::Origin;

/// What a secret is known by until all are found and named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProvisionalSecret {
    /// The use of this number, counted over the application.
    Given(usize),
    /// The text with secrets in it of this number.
    Derived(usize),
    /// One that has its name already.
    Settled(SecretId),
}

impl From<SecretId> for ProvisionalSecret {
    fn from(id: SecretId) -> Self {
        ProvisionalSecret::Settled(id)
    }
}

/// A text whose secrets have no names yet.
pub(super) type DraftText = Text<ProvisionalSecret>;

/// A text with secrets in it.
#[derive(Debug)]
struct DerivedText {
    service: ManifestName,
    variable: ManifestName,
    text: DraftText,
}

/// The value that a variable or a file is to have once its secrets have names.
#[derive(Debug)]
struct DraftValue {
    place: DraftPlace,
    text: DraftText,
}

/// Whose value.
#[derive(Debug)]
enum DraftPlace {
    /// A variable of a service.
    Variable { service: ManifestName, variable: ManifestName },
    /// A config whose content has secrets in it.
    Config(SecretId),
}

/// Secrets so far.
#[derive(Debug, Default)]
pub(super) struct SecretPool {
    uses: Vec<SecretUse>,
    derived: Vec<DerivedText>,
    drafts: Vec<DraftValue>,
}

/// A secret that the user gives, for the message.
#[derive(Debug)]
pub(super) struct GivenSecret {
    /// Its name.
    pub(super) name: SecretId,
    /// Whether its text stands in the manifest.
    pub(super) literal: bool,
    /// Where.
    pub(super) origin: Origin,
}

/// The names of secrets so far.
type SettledNames = BTreeMap<ProvisionalSecret, SecretId>;

impl SecretPool {
    /// The piece that stands for a secret text.
    pub(super) fn given(&mut self, found: SecretUse) -> TextPiece<ProvisionalSecret> {
        self.uses.push(found);
        TextPiece::Secret(ProvisionalSecret::Given(self.uses.len() - 1))
    }

    /// The piece that stands for a text with secrets in it.
    pub(super) fn derived(
        &mut self,
        service: &ManifestName,
        variable: &ManifestName,
        text: DraftText,
    ) -> TextPiece<ProvisionalSecret> {
        let (service, variable) = (service.clone(), variable.clone());
        self.derived.push(DerivedText { service, variable, text });
        TextPiece::Secret(ProvisionalSecret::Derived(self.derived.len() - 1))
    }

    /// Keeps the value of a variable until its secrets have names.
    pub(super) fn keep(&mut self, service: &ManifestName, variable: &ManifestName, text: DraftText) {
        let place = DraftPlace::Variable { service: service.clone(), variable: variable.clone() };
        self.drafts.push(DraftValue { place, text });
    }

    /// Keeps the content of a config until its secrets have names.
    pub(super) fn keep_config(&mut self, config: &SecretId, text: DraftText) {
        self.drafts.push(DraftValue { place: DraftPlace::Config(config.clone()), text });
    }

    /// Whether a secret is the value of a variable of interpolation.
    pub(super) fn is_variable(&self, secret: &ProvisionalSecret) -> bool {
        let ProvisionalSecret::Given(index) = secret else { return false };
        self.uses.get(*index).is_some_and(|found| found.from.is_some())
    }

    /// Names every secret that some value still holds, and gives the variables their values.
    pub(super) fn settle(
        self,
        services: &mut IndexMap<ManifestName, AppService>,
        declared: &mut IndexMap<SecretId, ApplicationSecret>,
        connections: &BTreeSet<(ManifestName, ManifestName)>,
    ) -> Vec<GivenSecret> {
        let used = self.used();
        let mut names = TakenNames::new(declared);
        let mut settled = SettledNames::new();
        let given = self.settle_given(&used, connections, &mut settled, &mut names, declared);
        self.settle_derived(&used, &mut settled, &mut names, declared);
        for DraftValue { place, text } in &self.drafts {
            place.fill(named(text, &settled), services, declared);
        }
        given
    }

    /// The texts that are secrets by themselves; uses of one secret share its name.
    fn settle_given(
        &self,
        used: &BTreeSet<ProvisionalSecret>,
        connections: &BTreeSet<(ManifestName, ManifestName)>,
        settled: &mut SettledNames,
        names: &mut TakenNames,
        declared: &mut IndexMap<SecretId, ApplicationSecret>,
    ) -> Vec<GivenSecret> {
        let groups = secret_groups::groups(&self.uses, connections, |index| {
            used.contains(&ProvisionalSecret::Given(index))
        });
        let wanted: Vec<WantedName> = groups.iter().map(|group| self.wanted(group)).collect();
        let mut wanting: BTreeMap<&ManifestName, usize> = BTreeMap::new();
        wanted.iter().for_each(|name| *wanting.entry(&name.own).or_default() += 1);
        let mut given = Vec::new();
        for (group, wanted) in groups.iter().zip(&wanted) {
            let alone = wanting.get(&wanted.own) == Some(&1);
            let name = names.take(if alone { &wanted.own } else { &wanted.qualified });
            let Some(first) = group.first().and_then(|index| self.uses.get(*index)) else { continue };
            let (node, origin) = (first.node, first.origin);
            let literal = group.iter().any(|index| self.uses.get(*index).is_some_and(|found| found.literal));
            let source = SecretSource::Given;
            declared.insert(name.clone(), ApplicationSecret { name: name.clone(), source, origin, node });
            settled.extend(group.iter().map(|index| (ProvisionalSecret::Given(*index), name.clone())));
            given.push(GivenSecret { name, literal, origin });
        }
        given
    }

    /// The texts with secrets in them; equal ones are one.
    fn settle_derived(
        &self,
        used: &BTreeSet<ProvisionalSecret>,
        settled: &mut SettledNames,
        names: &mut TakenNames,
        declared: &mut IndexMap<SecretId, ApplicationSecret>,
    ) {
        let mut distinct: IndexMap<String, DistinctText<'_>> = IndexMap::new();
        let mut holders: BTreeMap<&ManifestName, BTreeSet<String>> = BTreeMap::new();
        for (index, one) in self.derived.iter().enumerate() {
            let secret = ProvisionalSecret::Derived(index);
            let Some(text) = named(&one.text, settled).filter(|_| used.contains(&secret)) else { continue };
            let pieces: Vec<&TextPiece> = text.segments.iter().map(|segment| &segment.piece).collect();
            let key = format!("{} {pieces:?}", one.variable);
            holders.entry(&one.variable).or_default().insert(key.clone());
            let same = distinct.entry(key);
            same.or_insert_with(|| DistinctText { first: one, text, secrets: Vec::new() })
                .secrets
                .push(secret);
        }
        for DistinctText { first, text, secrets } in distinct.into_values() {
            let qualified = format!("{}/{}", first.service, first.variable).into();
            let alone = holders.get(&first.variable).is_some_and(|keys| keys.len() == 1);
            let own = Some(&first.variable).filter(|name| alone && names.is_free(name));
            let name = names.take(own.unwrap_or(&qualified));
            settled.extend(secrets.into_iter().map(|secret| (secret, name.clone())));
            let (node, origin) = (text.node, text.origin);
            let source = SecretSource::Derived(text);
            declared.insert(name.clone(), ApplicationSecret { name, source, origin, node });
        }
    }

    /// The secrets that values still hold; others were parts of what became one secret.
    fn used(&self) -> BTreeSet<ProvisionalSecret> {
        let mut open: Vec<&ProvisionalSecret> =
            self.drafts.iter().flat_map(|draft| draft.text.secrets()).collect();
        let mut used = BTreeSet::new();
        while let Some(secret) = open.pop() {
            if let ProvisionalSecret::Derived(index) = secret {
                open.extend(self.derived.get(*index).into_iter().flat_map(|one| one.text.secrets()));
            }
            used.insert(secret.clone());
        }
        used
    }

    /// What a group would be called.
    fn wanted(&self, group: &[usize]) -> WantedName {
        let uses: Vec<&SecretUse> = group.iter().filter_map(|index| self.uses.get(*index)).collect();
        let own = |found: &&SecretUse| -> ManifestName {
            match found.extent {
                SecretExtent::Whole => found.variable.clone(),
                SecretExtent::Password { .. } => format!("{}_PASSWORD", found.variable).into(),
            }
        };
        let from = uses.iter().find_map(|found| found.from.clone());
        let best = uses
            .iter()
            .min_by_key(|found| (found.extent != SecretExtent::Whole, own(found), found.service.clone()));
        let Some(best) = best else {
            return WantedName { own: "secret".into(), qualified: "secret".into() };
        };
        let qualified = format!("{}/{}", best.service, own(best)).into();
        WantedName { own: from.unwrap_or_else(|| own(best)), qualified }
    }
}

impl DraftPlace {
    fn fill(
        &self,
        text: Option<Text>,
        services: &mut IndexMap<ManifestName, AppService>,
        declared: &mut IndexMap<SecretId, ApplicationSecret>,
    ) {
        match self {
            DraftPlace::Variable { service, variable } => {
                let service = services.get_mut(service);
                let variable = service.and_then(|service| service.container.environment.get_mut(variable));
                variable.into_iter().for_each(|variant| variant.value = text.clone());
            }
            DraftPlace::Config(config) => {
                if let (Some(config), Some(text)) = (declared.get_mut(config), text) {
                    config.source = SecretSource::Derived(text);
                }
            }
        }
    }
}

/// What a secret would be called.
struct WantedName {
    /// Where no other secret wants the name.
    own: ManifestName,
    /// Where one does.
    qualified: ManifestName,
}

/// Texts that are equal once their secrets have names.
struct DistinctText<'a> {
    first: &'a DerivedText,
    text: Text,
    secrets: Vec<ProvisionalSecret>,
}

/// Names that are taken.
struct TakenNames {
    taken: BTreeSet<ManifestName>,
}

impl TakenNames {
    fn new(declared: &IndexMap<SecretId, ApplicationSecret>) -> Self {
        TakenNames { taken: declared.keys().map(|id| ManifestName::from(id.as_str())).collect() }
    }

    fn is_free(&self, name: &ManifestName) -> bool {
        !self.taken.contains(name)
    }

    /// The name, or one like it that is free.
    fn take(&mut self, wanted: &ManifestName) -> SecretId {
        let mut name = wanted.clone();
        while !self.taken.insert(name.clone()) {
            name = format!("{name}_").into();
        }
        SecretId::new(name)
    }
}

/// The text with the names of its secrets; all of them have one, since [`SecretPool::used`] found them.
fn named(text: &DraftText, names: &SettledNames) -> Option<Text> {
    text.try_map_secrets(|secret| match secret {
        ProvisionalSecret::Settled(id) => Some(id.clone()),
        other => names.get(other).cloned(),
    })
}
