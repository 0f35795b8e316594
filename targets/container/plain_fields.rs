//! Fields of a container whose value every artifact spells alike: a flag, or a list of texts.
//!
//! A writer spells them by the names of [`ContainerField`], so a key of this kind needs no line in a writer.

use super::field::{self, ContainerField};
use std::collections::{BTreeMap, BTreeSet};

/// The plain fields that a container sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlainFields {
    flags: BTreeSet<ContainerField>,
    lists: BTreeMap<ContainerField, Vec<String>>,
}

impl PlainFields {
    /// Sets a flag.
    pub fn set(&mut self, field: ContainerField) {
        self.flags.insert(field);
    }

    /// Adds an item to a list.
    pub fn add(&mut self, field: ContainerField, item: String) {
        self.lists.entry(field).or_default().push(item);
    }

    /// Whether a flag is set.
    pub fn is_set(&self, field: ContainerField) -> bool {
        self.flags.contains(&field)
    }

    /// The flags that are set, in the order of [`field::ALL`].
    pub fn flags(&self) -> impl Iterator<Item = ContainerField> {
        field::ALL.iter().copied().filter(|field| self.flags.contains(field))
    }

    /// The lists with an item, in the order of [`field::ALL`].
    pub fn lists(&self) -> impl Iterator<Item = (ContainerField, &[String])> {
        field::ALL.iter().filter_map(|field| Some((*field, self.lists.get(field)?.as_slice())))
    }
}

impl FromIterator<ContainerField> for PlainFields {
    fn from_iter<I: IntoIterator<Item = ContainerField>>(flags: I) -> Self {
        PlainFields { flags: flags.into_iter().collect(), ..PlainFields::default() }
    }
}
