//! The tree that all stages of the front end work on: values with origins, mappings in source order.

use crate::source::Origin;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value of the manifest and its origin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// The value.
    pub value: NodeValue,
    /// Its origin.
    pub origin: Origin,
    /// Its number in the resolved manifest; [`NodeId::UNNUMBERED`] before it is sealed.
    pub id: NodeId,
    /// Its tag, unless it is one of YAML's own.
    pub tag: Option<Box<NodeTag>>,
}

/// A node's number in a sealed manifest, in preorder, so that a subtree is a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The id of nodes in a tree that is not sealed yet.
    pub const UNNUMBERED: NodeId = NodeId(0);
}

/// A tag, such as `!reset`, and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeTag {
    /// The tag including its exclamation mark: `!reset`.
    pub name: Arc<str>,
    /// The tag's origin.
    pub origin: Origin,
}

/// The content of a node, typed as Compose's parser types plain scalars.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum NodeValue {
    /// `null`, `~` or nothing.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer; wide enough for Go's `int64` and `uint64`.
    Integer(i128),
    /// A floating point number, `.inf` and `.nan` among them.
    Float(f64),
    /// A plain scalar that YAML 1.1 reads as a date: rejected in most places.
    Timestamp(Arc<str>),
    /// A string.
    String(Arc<str>),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping with unique string keys.
    Mapping(Mapping),
}

impl NodeValue {
    /// The kind of value, as messages name it.
    pub fn kind(&self) -> &'static str {
        match self {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Integer(_) => "an integer",
            NodeValue::Float(_) => "a number",
            NodeValue::Timestamp(_) => "a date",
            NodeValue::String(_) => "a string",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Mapping(_) => "a mapping",
        }
    }
}

impl Node {
    /// A value with an origin.
    pub fn new(value: NodeValue, origin: Origin) -> Self {
        Node { value, origin, id: NodeId::UNNUMBERED, tag: None }
    }

    /// A string with an origin.
    pub fn string(text: impl Into<Arc<str>>, origin: Origin) -> Self {
        Node::new(NodeValue::String(text.into()), origin)
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i128> {
        match &self.value {
            NodeValue::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            NodeValue::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            NodeValue::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The mapping, mutably, if it is one.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            NodeValue::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The origins of the leaves below it, or its own if it is one.
    pub fn leaf_origins(&self) -> Vec<Origin> {
        match &self.value {
            NodeValue::Sequence(items) if !items.is_empty() => {
                items.iter().flat_map(Node::leaf_origins).collect()
            }
            NodeValue::Mapping(mapping) if !mapping.is_empty() => {
                mapping.iter().flat_map(|entry| entry.value.leaf_origins()).collect()
            }
            _ => vec![self.origin],
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// The value of a mapping's key; `None` if the node is not a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping().and_then(|mapping| mapping.get(key))
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}

/// A key with its own origin.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingKey {
    /// The key's text.
    pub text: Arc<str>,
    /// The key's origin.
    pub origin: Origin,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingEntry {
    /// The key.
    pub key: MappingKey,
    /// The value.
    pub value: Node,
}

/// A mapping in source order. Look-up is linear in small mappings and indexed in large ones.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    entries: Vec<MappingEntry>,
    index: Option<Box<KeyIndex>>,
}

/// The index of each key. Boxed, because there are many mappings and few of them have one.
#[derive(Debug, Clone)]
struct KeyIndex(BTreeMap<Arc<str>, usize>);

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

/// Mappings with more entries than this have an index.
const INDEXED_ABOVE: usize = 16;

impl Mapping {
    /// An empty mapping.
    pub fn new() -> Self {
        Mapping::default()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, MappingEntry> {
        self.entries.iter()
    }

    /// The values in order, mutably. Keys stay unchanged.
    pub fn values_mut(&mut self) -> impl Iterator<Item = (&MappingKey, &mut Node)> {
        self.entries.iter_mut().map(|entry| (&entry.key, &mut entry.value))
    }

    /// Whether the key exists.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key, mutably.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let position = self.position(key)?;
        self.entries.get_mut(position).map(|entry| &mut entry.value)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&MappingEntry> {
        self.position(key).and_then(|position| self.entries.get(position))
    }

    /// Sets a key: in place if it exists, at the end otherwise. Returns the previous value.
    pub fn insert(&mut self, key: MappingKey, value: Node) -> Option<Node> {
        if let Some(position) = self.position(&key.text) {
            let entry = self.entries.get_mut(position)?;
            return Some(std::mem::replace(entry, MappingEntry { key, value }).value);
        }
        if let Some(index) = &mut self.index {
            index.0.insert(key.text.clone(), self.entries.len());
        }
        self.entries.push(MappingEntry { key, value });
        if self.index.is_none() && self.entries.len() > INDEXED_ABOVE {
            self.reindex();
        }
        None
    }

    /// Removes a key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<MappingEntry> {
        let position = self.position(key)?;
        let entry = self.entries.remove(position);
        self.reindex();
        Some(entry)
    }

    /// Keeps the entries for which `keep` returns true.
    pub fn retain(&mut self, keep: impl FnMut(&mut MappingEntry) -> bool) {
        self.entries.retain_mut(keep);
        self.reindex();
    }

    /// Sorts the entries by key, as Go prints maps.
    pub fn sort_keys(&mut self) {
        self.entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
        self.reindex();
    }

    /// Releases unused capacity.
    pub fn shrink_to_fit(&mut self) {
        self.entries.shrink_to_fit();
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() > INDEXED_ABOVE).then(|| {
            let places = self.entries.iter().enumerate();
            Box::new(KeyIndex(places.map(|(at, entry)| (entry.key.text.clone(), at)).collect()))
        });
    }

    /// The place of a key among the others, and its value.
    pub(crate) fn get_full(&self, key: &str) -> Option<(usize, &Node)> {
        let place = self.position(key)?;
        Some((place, &self.entries.get(place)?.value))
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.0.get(key).copied(),
            None => self.entries.iter().position(|entry| &*entry.key.text == key),
        }
    }
}

impl FromIterator<MappingEntry> for Mapping {
    /// A mapping of entries with unique keys.
    fn from_iter<I: IntoIterator<Item = MappingEntry>>(entries: I) -> Self {
        let mut mapping = Mapping { entries: entries.into_iter().collect(), index: None };
        mapping.reindex();
        mapping
    }
}

impl IntoIterator for Mapping {
    type Item = MappingEntry;
    type IntoIter = std::vec::IntoIter<MappingEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = &'a MappingEntry;
    type IntoIter = std::slice::Iter<'a, MappingEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_small() {
        assert!(size_of::<Node>() <= 48, "{}", size_of::<Node>());
        assert!(size_of::<MappingEntry>() <= 80, "{}", size_of::<MappingEntry>());
    }

    #[test]
    fn small_and_large_mappings_behave_alike() {
        for size in [3, 40] {
            let mut mapping = Mapping::new();
            for number in 0..size {
                let key = MappingKey { text: format!("k{number}").into(), origin: Origin::NOWHERE };
                mapping.insert(key, Node::new(NodeValue::Integer(number), Origin::NOWHERE));
            }
            assert_eq!(mapping.get("k2").and_then(Node::as_integer), Some(2));
            assert!(mapping.remove("k1").is_some());
            assert_eq!(mapping.get("k2").and_then(Node::as_integer), Some(2));
            assert!(!mapping.contains_key("k1"));
            assert_eq!(mapping.iter().next().map(|entry| entry.key.text.to_string()), Some("k0".to_owned()));
        }
    }
}
