//! The resolved manifest: one canonical tree, every node numbered in preorder.

use super::Environment;
use crate::source::{FileId, Origin};
use crate::yaml::{Node, NodeId, Value};
use camino::Utf8PathBuf;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The Compose file set, resolved.
#[derive(Debug)]
pub struct Manifest {
    /// The project's name, normalised as Compose does.
    pub name: Arc<str>,
    /// Where the name was written, if it was.
    pub name_origin: Origin,
    /// The project directory, absolute.
    pub directory: Utf8PathBuf,
    /// The Compose files, in the order of merging.
    pub files: Vec<FileId>,
    /// The canonical tree, as `config` prints it; its ids index `nodes`.
    pub root: Node,
    /// The table of its nodes.
    pub nodes: NodeTable,
    /// Variables that interpolation read, and their values.
    pub variables: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// Services left out because no active profile names them.
    pub inactive: Vec<Arc<str>>,
    /// Every profile that a service names, active or not.
    pub profiles: BTreeSet<Arc<str>>,
    /// What variables and environment entries without a value are taken from.
    pub environment: Environment,
}

/// One step of a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment {
    /// A mapping's key.
    Key(Arc<str>),
    /// A list's index, from 0.
    Index(usize),
}

/// A key path, printed as `services.app.ports[0]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPath(pub Vec<PathSegment>);

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Key(key) if position == 0 => write!(f, "{key}")?,
                PathSegment::Key(key) => write!(f, ".{key}")?,
                PathSegment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One node of the sealed tree.
#[derive(Debug)]
struct NodeInfo {
    parent: NodeId,
    segment: PathSegment,
    /// One past the last id of its subtree.
    end: NodeId,
    origin: Origin,
    leaf: bool,
}

/// Every node of a sealed tree by its number. Numbers are preorder, so a subtree is a range.
#[derive(Debug, Default)]
pub struct NodeTable {
    infos: Vec<NodeInfo>,
}

impl NodeTable {
    /// Numbers the tree's nodes from 1 and remembers their paths and origins.
    pub fn seal(root: &mut Node) -> NodeTable {
        let mut table = NodeTable { infos: Vec::with_capacity(count(root)) };
        table.number(root, NodeId::UNNUMBERED, PathSegment::Key("".into()));
        table
    }

    fn number(&mut self, node: &mut Node, parent: NodeId, segment: PathSegment) {
        let id = NodeId(u32::try_from(self.infos.len() + 1).unwrap_or(u32::MAX));
        node.id = id;
        let leaf = match &node.value {
            Value::Sequence(items) => items.is_empty(),
            Value::Mapping(mapping) => mapping.is_empty(),
            _ => true,
        };
        self.infos.push(NodeInfo { parent, segment, end: id, origin: node.origin, leaf });
        match &mut node.value {
            Value::Sequence(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.number(item, id, PathSegment::Index(index));
                }
            }
            Value::Mapping(mapping) => {
                for (key, value) in mapping.values_mut() {
                    let segment = PathSegment::Key(key.text.clone());
                    self.number(value, id, segment);
                }
            }
            _ => {}
        }
        let end = NodeId(u32::try_from(self.infos.len() + 1).unwrap_or(u32::MAX));
        if let Some(info) = self.infos.get_mut(id.0 as usize - 1) {
            info.end = end;
        }
    }

    fn info(&self, id: NodeId) -> Option<&NodeInfo> {
        self.infos.get((id.0 as usize).checked_sub(1)?)
    }

    /// The leaves, in order: scalars and empty collections.
    pub fn leaves(&self) -> impl Iterator<Item = NodeId> {
        (1u32..).zip(&self.infos).filter(|(_, info)| info.leaf).map(|(number, _)| NodeId(number))
    }

    /// The leaves at or below a node.
    pub fn leaves_of(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.info(id).map_or(id, |info| info.end);
        (id.0..end.0).map(NodeId).filter(|id| self.info(*id).is_some_and(|info| info.leaf))
    }

    /// Where the node's value came from.
    pub fn origin(&self, id: NodeId) -> Origin {
        self.info(id).map_or(Origin::NOWHERE, |info| info.origin)
    }

    /// The node's key path.
    pub fn path(&self, id: NodeId) -> KeyPath {
        let mut segments = Vec::new();
        let mut next = id;
        while let Some(info) = self.info(next) {
            if info.parent == NodeId::UNNUMBERED {
                break;
            }
            segments.push(info.segment.clone());
            next = info.parent;
        }
        segments.reverse();
        KeyPath(segments)
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::Sequence(items) => items.iter().map(count).sum(),
        Value::Mapping(mapping) => mapping.iter().map(|entry| count(&entry.value)).sum::<usize>(),
        _ => 0,
    }
}

impl Manifest {
    /// The services in order of the canonical tree.
    pub fn services(&self) -> impl Iterator<Item = (&Arc<str>, &Node)> {
        let services = self.root.get("services").and_then(Node::as_mapping);
        services.into_iter().flatten().map(|entry| (&entry.key.text, &entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Key, Mapping};

    #[test]
    fn a_subtree_is_a_range_of_ids() {
        let mut ports = Node::new(Value::Sequence(vec![Node::default(), Node::default()]), Origin::NOWHERE);
        ports.tag = None;
        let mut mapping = Mapping::new();
        mapping.insert(Key { text: "a".into(), origin: Origin::NOWHERE }, ports);
        mapping.insert(Key { text: "b".into(), origin: Origin::NOWHERE }, Node::default());
        let mut root = Node::new(Value::Mapping(mapping), Origin::NOWHERE);
        let table = NodeTable::seal(&mut root);
        let a = root.get("a").map(|node| node.id).unwrap();
        let paths: Vec<String> = table.leaves_of(a).map(|id| table.path(id).to_string()).collect();
        assert_eq!(paths, ["a[0]", "a[1]"]);
        assert_eq!(table.leaves().count(), 3);
    }
}
