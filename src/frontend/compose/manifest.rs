//! The resolved manifest: one canonical tree with every node numbered in preorder.

use super::ProjectVariables;
use crate::source::{FileId, Origin};
use crate::yaml::{Node, NodeId, NodeValue};
use camino::Utf8PathBuf;
use indexmap::IndexSet;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The resolved Compose file set.
#[derive(Debug)]
pub struct Manifest {
    /// The project's name, normalized as Compose does.
    pub name: Arc<str>,
    /// Where the name was written, if it was.
    pub name_origin: Origin,
    /// The project directory, absolute.
    pub directory: Utf8PathBuf,
    /// The Compose files, in merge order.
    pub files: Vec<FileId>,
    /// The override file that was found beside the Compose file, without being named.
    pub override_file: Option<FileId>,
    /// The canonical tree, as `config` prints it; node ids index into `nodes`.
    pub root: Node,
    /// The table of all nodes.
    pub nodes: NodeTable,
    /// Variables that interpolation read, with their values.
    pub variables: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// Services left out because none of their profiles is active.
    pub inactive: Vec<Arc<str>>,
    /// Every profile that a service names, active or not.
    pub profiles: BTreeSet<Arc<str>>,
    /// The variables used for interpolation and for environment entries without a value.
    pub environment: ProjectVariables,
}

/// One step of a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment {
    /// A mapping key.
    Key(Arc<str>),
    /// A list index, starting at 0.
    Index(usize),
}

/// A key path, printed as `services.app.ports[0]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPath(pub Vec<PathSegment>);

impl KeyPath {
    /// `services.web.ports[0]`, in about as much memory as it needs: a report has one for each leaf.
    pub fn text(&self) -> String {
        let segment = |segment: &PathSegment| match segment {
            PathSegment::Key(key) => key.len() + 1,
            PathSegment::Index(_) => "[0]".len(),
        };
        let mut text = String::with_capacity(self.0.iter().map(segment).sum());
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Key(key) => {
                    text.push_str(if position == 0 { "" } else { "." });
                    text.push_str(key);
                }
                PathSegment::Index(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// One node of the sealed tree. A manifest has hundreds of thousands, so each takes only sixteen bytes.
#[derive(Debug)]
struct NodeInfo {
    parent: NodeId,
    /// One past the last id of its subtree.
    end: NodeId,
    origin: Origin,
    step: PathStep,
}

/// The last step of a node's path: an index into the table's keys, or a list index with the highest bit set.
#[derive(Debug, Clone, Copy)]
struct PathStep(u32);

const IS_INDEX: u32 = 1 << 31;

/// Keys and indexes that few paths have more of: `services.web.deploy.resources.limits.memory`.
const USUAL_DEPTH: usize = 6;

/// All nodes of a sealed tree by id. Ids are in preorder, so a subtree is a range.
#[derive(Debug, Default)]
pub struct NodeTable {
    infos: Vec<NodeInfo>,
    keys: IndexSet<Arc<str>>,
}

impl NodeTable {
    /// Numbers the tree's nodes from 1 and records their paths and origins.
    pub fn seal(root: &mut Node) -> NodeTable {
        let mut table = NodeTable { infos: Vec::with_capacity(count(root)), keys: IndexSet::new() };
        table.number(root, NodeId::UNNUMBERED, PathStep(IS_INDEX));
        table
    }

    fn number(&mut self, node: &mut Node, parent: NodeId, step: PathStep) {
        let id = self.next();
        node.id = id;
        self.infos.push(NodeInfo { parent, end: id, origin: node.origin, step });
        match &mut node.value {
            NodeValue::Sequence(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.number(item, id, PathStep(narrow(index) | IS_INDEX));
                }
            }
            NodeValue::Mapping(mapping) => {
                for (key, value) in mapping.values_mut() {
                    let step = self.key(&key.text);
                    self.number(value, id, step);
                }
            }
            _ => {}
        }
        let end = self.next();
        if let Some(info) = self.infos.get_mut(id.0 as usize - 1) {
            info.end = end;
        }
    }

    fn next(&self) -> NodeId {
        NodeId(narrow(self.infos.len() + 1))
    }

    fn key(&mut self, text: &Arc<str>) -> PathStep {
        let known = self.keys.get_index_of(text);
        PathStep(narrow(known.unwrap_or_else(|| self.keys.insert_full(text.clone()).0)))
    }

    fn segment(&self, step: PathStep) -> PathSegment {
        if step.0 & IS_INDEX != 0 {
            return PathSegment::Index((step.0 & !IS_INDEX) as usize);
        }
        PathSegment::Key(self.keys.get_index(step.0 as usize).cloned().unwrap_or_default())
    }

    /// Whether the node has no children.
    fn is_leaf(&self, id: NodeId) -> bool {
        self.info(id).is_some_and(|info| info.end.0 == id.0 + 1)
    }

    fn info(&self, id: NodeId) -> Option<&NodeInfo> {
        self.infos.get((id.0 as usize).checked_sub(1)?)
    }

    /// The leaves in order: scalars and empty collections.
    pub fn leaves(&self) -> impl Iterator<Item = NodeId> {
        (1..=narrow(self.infos.len())).map(NodeId).filter(|id| self.is_leaf(*id))
    }

    /// The leaves at or below a node.
    pub fn leaves_of(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.info(id).map_or(id, |info| info.end);
        (id.0..end.0).map(NodeId).filter(|id| self.is_leaf(*id))
    }

    /// The origin of the node's value.
    pub fn origin(&self, id: NodeId) -> Origin {
        self.info(id).map_or(Origin::NOWHERE, |info| info.origin)
    }

    /// The node's key path.
    pub fn path(&self, id: NodeId) -> KeyPath {
        let mut segments = Vec::with_capacity(USUAL_DEPTH);
        let mut next = id;
        while let Some(info) = self.info(next) {
            if info.parent == NodeId::UNNUMBERED {
                break;
            }
            segments.push(self.segment(info.step));
            next = info.parent;
        }
        segments.reverse();
        KeyPath(segments)
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        NodeValue::Sequence(items) => items.iter().map(count).sum(),
        NodeValue::Mapping(mapping) => mapping.iter().map(|entry| count(&entry.value)).sum::<usize>(),
        _ => 0,
    }
}

impl Manifest {
    /// The services, in the order of the canonical tree.
    pub fn services(&self) -> impl Iterator<Item = (&Arc<str>, &Node)> {
        let services = self.root.get("services").and_then(Node::as_mapping);
        services.into_iter().flatten().map(|entry| (&entry.key.text, &entry.value))
    }

    /// The node of a key path as [`KeyPath`] prints it: `services.app.ports[0]`. Keys may hold dots.
    pub fn node_at(&self, path: &str) -> Option<&Node> {
        node_below(&self.root, path)
    }
}

fn node_below<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    if path.is_empty() {
        return Some(node);
    }
    match &node.value {
        NodeValue::Sequence(items) => {
            let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
            node_below(items.get(index.parse::<usize>().ok()?)?, rest)
        }
        NodeValue::Mapping(mapping) => {
            let path = path.strip_prefix('.').unwrap_or(path);
            // A key may hold dots and brackets, so that it may end at any of them: the first key that leads somewhere counts.
            let ends = path.match_indices(['.', '[']).map(|(at, _)| at).chain([path.len()]);
            let key = |end: usize| {
                let (key, rest) = path.split_at_checked(end)?;
                let (place, value) = mapping.get_full(key)?;
                Some((place, value, rest))
            };
            let mut keys: Vec<(usize, &Node, &str)> = ends.filter_map(key).collect();
            keys.sort_unstable_by_key(|(place, ..)| *place);
            keys.into_iter().find_map(|(_, value, rest)| node_below(value, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Mapping, MappingKey};

    #[test]
    fn a_path_is_written_with_dots_and_brackets() {
        let key = |text: &str| PathSegment::Key(text.into());
        for (segments, text) in [
            (vec![], ""),
            (vec![key("services")], "services"),
            (
                vec![key("services"), key("my.app"), key("ports"), PathSegment::Index(12), key("target")],
                "services.my.app.ports[12].target",
            ),
            (vec![PathSegment::Index(0), key("a")], "[0].a"),
        ] {
            let path = KeyPath(segments);
            assert_eq!((path.text().as_str(), path.to_string().as_str()), (text, text));
        }
    }

    #[test]
    fn of_two_readings_of_a_path_the_first_that_leads_somewhere_counts() {
        let text = |text: &str| Node::new(NodeValue::String(text.into()), Origin::NOWHERE);
        let mapping = |entries: Vec<(&str, Node)>| {
            let mut mapping = Mapping::new();
            for (key, value) in entries {
                mapping.insert(MappingKey { text: key.into(), origin: Origin::NOWHERE }, value);
            }
            Node::new(NodeValue::Mapping(mapping), Origin::NOWHERE)
        };
        let short = || ("a", mapping(vec![("b", text("short"))]));
        let long = || ("a.b", text("long"));
        let found =
            |root: &Node, path: &str| node_below(root, path).and_then(Node::as_str).map(str::to_owned);
        assert_eq!(found(&mapping(vec![short(), long()]), "a.b").as_deref(), Some("short"));
        assert_eq!(found(&mapping(vec![long(), short()]), "a.b").as_deref(), Some("long"));
        let astray = ("a", mapping(vec![("c", text("c"))]));
        assert_eq!(found(&mapping(vec![astray, long()]), "a.b").as_deref(), Some("long"));
        assert_eq!(found(&mapping(vec![("", text("empty"))]), "a"), None);
        let odd = mapping(vec![("a[0]", text("key")), ("", mapping(vec![("", text("twice"))]))]);
        assert_eq!(found(&odd, "a[0]").as_deref(), Some("key"));
    }

    /// Keys may hold dots and brackets: a path is walked key by key.
    #[test]
    fn a_key_path_leads_to_its_node() {
        let leaf = |number: i64| Node::new(NodeValue::String(format!("{number}").into()), Origin::NOWHERE);
        let key = |text: &str| MappingKey { text: text.into(), origin: Origin::NOWHERE };
        let mut dotted = Mapping::new();
        dotted.insert(key("ports"), Node::new(NodeValue::Sequence(vec![leaf(0), leaf(1)]), Origin::NOWHERE));
        let mut services = Mapping::new();
        services.insert(key("web"), leaf(2));
        services.insert(key("web.app"), Node::new(NodeValue::Mapping(dotted), Origin::NOWHERE));
        let mut root = Mapping::new();
        root.insert(key("services"), Node::new(NodeValue::Mapping(services), Origin::NOWHERE));
        let mut root = Node::new(NodeValue::Mapping(root), Origin::NOWHERE);
        let nodes = NodeTable::seal(&mut root);
        let found = |path: &str| node_below(&root, path).and_then(Node::as_str);
        assert_eq!(found("services.web"), Some("2"));
        assert_eq!(found("services.web.app.ports[1]"), Some("1"));
        for path in ["services.we", "services.web.app.ports[2]", "services.web.x", "services.web[0]"] {
            assert!(node_below(&root, path).is_none(), "{path}");
        }
        for leaf in nodes.leaves() {
            let path = nodes.path(leaf).to_string();
            assert_eq!(node_below(&root, &path).map(|node| node.id), Some(leaf), "{path}");
        }
    }

    #[test]
    fn a_subtree_is_a_range_of_ids() {
        let mut ports =
            Node::new(NodeValue::Sequence(vec![Node::default(), Node::default()]), Origin::NOWHERE);
        ports.tag = None;
        let mut mapping = Mapping::new();
        mapping.insert(MappingKey { text: "a".into(), origin: Origin::NOWHERE }, ports);
        mapping.insert(MappingKey { text: "b".into(), origin: Origin::NOWHERE }, Node::default());
        let mut root = Node::new(NodeValue::Mapping(mapping), Origin::NOWHERE);
        let table = NodeTable::seal(&mut root);
        let a = root.get("a").map(|node| node.id).unwrap();
        let paths: Vec<String> = table.leaves_of(a).map(|id| table.path(id).to_string()).collect();
        assert_eq!(paths, ["a[0]", "a[1]"]);
        assert_eq!(table.leaves().count(), 3);
    }
}
