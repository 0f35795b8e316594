//! The resolved manifest as a tree, for a target whose platform runs Docker Compose itself.
//!
//! In: a sealed [`Manifest`]. Out: nodes that a writer looks at, and copies of them for another Compose file.
//! Invariant: a value is had by [`ComposeNode::copy`], which claims every leaf that it copies, so that what is
//! exact is what was written; the other methods decide and settle nothing.

use crate::at::{At, ManifestLeaf};
use crate::ledger::Ledger;
use crate::settings::late_bound_names;
use camino::Utf8Path;
use std::sync::Arc;
use tranship_frontend::compose::Manifest;
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::yaml::{Mapping, MappingEntry, MappingKey, Node, NodeId, NodeValue};

/// The resolved manifest.
#[derive(Debug, Clone, Copy)]
pub struct ComposeTree<'a> {
    manifest: &'a Manifest,
}

/// A value of the resolved manifest.
#[derive(Debug, Clone, Copy)]
pub struct ComposeNode<'a> {
    node: &'a Node,
}

impl<'a> ComposeTree<'a> {
    /// That of a manifest.
    pub fn of(manifest: &'a Manifest) -> Self {
        ComposeTree { manifest }
    }

    pub(crate) fn manifest(self) -> &'a Manifest {
        self.manifest
    }

    /// The project's directory, from which relative paths lead.
    pub fn directory(self) -> &'a Utf8Path {
        &self.manifest.directory
    }

    /// A section: `services`, `networks`.
    pub fn section(self, key: &str) -> Option<ComposeNode<'a>> {
        self.manifest.root.get(key).map(|node| ComposeNode { node })
    }

    /// An entry of a section: a service, a network.
    pub fn entry(self, section: &str, name: &str) -> Option<ComposeNode<'a>> {
        self.section(section)?.get(name)
    }

    /// Late-bound variables without a value that leave a hole in the texts at or below a node, with the place of each.
    pub fn holes(self, node: ComposeNode<'a>, sources: &Sources) -> Vec<At<Arc<str>>> {
        let late = late_bound_names(&self.manifest.root);
        let mut holes = Vec::new();
        if !late.is_empty() {
            self.collect_holes(node.node, sources, &mut holes);
        }
        holes.retain(|hole: &At<Arc<str>>| late.contains(&**hole.peek()));
        holes
    }

    fn collect_holes(self, node: &Node, sources: &Sources, holes: &mut Vec<At<Arc<str>>>) {
        match &node.value {
            NodeValue::Sequence(items) => {
                items.iter().for_each(|item| self.collect_holes(item, sources, holes))
            }
            NodeValue::Mapping(mapping) => {
                mapping.iter().for_each(|entry| self.collect_holes(&entry.value, sources, holes));
            }
            _ => {
                for one in sources.substitutions(node.origin) {
                    let is_set = matches!(self.manifest.variables.get(&one.variable), Some(Some(_)));
                    if one.range.is_empty() && !is_set {
                        holes.push(At::of(node, one.variable));
                    }
                }
            }
        }
    }
}

impl<'a> ComposeNode<'a> {
    /// Its number in the manifest.
    pub fn id(self) -> NodeId {
        self.node.id
    }

    /// Where it came from.
    pub fn origin(self) -> Origin {
        self.node.origin
    }

    /// The value of a mapping's key.
    pub fn get(self, key: &str) -> Option<ComposeNode<'a>> {
        self.node.get(key).map(|node| ComposeNode { node })
    }

    /// The entries of a mapping, in order.
    pub fn entries(self) -> impl Iterator<Item = (&'a Arc<str>, ComposeNode<'a>)> {
        let mapping = self.node.as_mapping();
        mapping.into_iter().flatten().map(|entry| (&entry.key.text, ComposeNode { node: &entry.value }))
    }

    /// The items of a list.
    pub fn items(self) -> impl Iterator<Item = ComposeNode<'a>> {
        self.node.as_sequence().into_iter().flatten().map(|node| ComposeNode { node })
    }

    /// A look at a string.
    pub fn text(self) -> Option<&'a str> {
        self.node.as_str()
    }

    /// A look at a whole number.
    pub fn integer(self) -> Option<i128> {
        match self.node.value {
            NodeValue::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(self) -> bool {
        self.node.as_bool() == Some(true)
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.node.is_null()
    }

    /// Visits each leaf at or below it.
    pub fn each_leaf(self, mut visit: impl FnMut(ComposeNode<'a>)) {
        self.visit(&mut visit);
    }

    fn visit(self, visit: &mut impl FnMut(ComposeNode<'a>)) {
        match &self.node.value {
            NodeValue::Sequence(items) if !items.is_empty() => {
                items.iter().for_each(|node| ComposeNode { node }.visit(visit));
            }
            NodeValue::Mapping(mapping) if !mapping.is_empty() => {
                mapping.iter().for_each(|entry| ComposeNode { node: &entry.value }.visit(visit));
            }
            _ => visit(self),
        }
    }

    /// The value as another Compose file has it, every `$` doubled. Each leaf is claimed as exact: it is in the
    /// file that `became` names.
    pub fn copy(self, ledger: &mut Ledger, became: &'static str) -> Node {
        copy(self.node, ledger, became)
    }
}

fn copy(node: &Node, ledger: &mut Ledger, became: &'static str) -> Node {
    let value = match &node.value {
        NodeValue::Sequence(items) if !items.is_empty() => {
            NodeValue::Sequence(items.iter().map(|item| copy(item, ledger, became)).collect())
        }
        NodeValue::Mapping(mapping) if !mapping.is_empty() => {
            let entry = |entry: &MappingEntry| MappingEntry {
                key: MappingKey { text: entry.key.text.clone(), origin: Origin::NOWHERE },
                value: copy(&entry.value, ledger, became),
            };
            NodeValue::Mapping(mapping.iter().map(entry).collect::<Mapping>())
        }
        _ => match ledger.exact(node, became) {
            NodeValue::String(text) => NodeValue::String(text.replace('$', "$$").into()),
            other => other.clone(),
        },
    };
    Node { value, origin: Origin::NOWHERE, id: NodeId::UNNUMBERED, tag: node.tag.clone() }
}

impl ManifestLeaf for ComposeNode<'_> {
    fn node(&self) -> NodeId {
        self.node.id
    }
}
