//! Key paths of leaves, for comments and diagnostics: all that a target sees of the manifest itself.

use super::at::{At, ManifestLeaf};
use tranship_frontend::compose::Manifest;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeValue};

/// Where the leaves of a manifest stand.
#[derive(Debug, Clone, Copy)]
pub struct KeyPaths<'a> {
    manifest: &'a Manifest,
}

impl<'a> KeyPaths<'a> {
    /// Those of a manifest.
    pub fn of(manifest: &'a Manifest) -> Self {
        KeyPaths { manifest }
    }

    /// The key path of a value, such as `services.app.ports[0]`; empty for what no node holds.
    pub fn path(&self, of: &impl ManifestLeaf) -> String {
        self.manifest.nodes.path(of.node()).to_string()
    }

    /// Where a value came from.
    pub fn origin(&self, of: &impl ManifestLeaf) -> Origin {
        self.manifest.nodes.origin(of.node())
    }

    /// Where the values below a mapping came from; nothing for what is no mapping.
    pub fn origins_below(&self, of: &impl ManifestLeaf) -> Vec<Origin> {
        let nodes = &self.manifest.nodes;
        let is_mapping = self
            .manifest
            .node_at(&self.path(of))
            .is_some_and(|node| matches!(node.value, NodeValue::Mapping(_)));
        if is_mapping {
            nodes.leaves_of(of.node()).map(|leaf| nodes.origin(leaf)).collect()
        } else {
            Vec::new()
        }
    }

    /// Where the value of a key path came from.
    pub fn origin_of(&self, key: &str) -> Option<Origin> {
        self.manifest.node_at(key).map(|node| node.origin)
    }

    /// The first leaf at or below a key path whose value contains a text.
    pub fn leaf_with(&self, key: &str, text: &str) -> Option<At<()>> {
        leaf_with(self.manifest.node_at(key)?, text).map(|leaf| At::of(leaf, ()))
    }
}

fn leaf_with<'n>(node: &'n Node, text: &str) -> Option<&'n Node> {
    match &node.value {
        NodeValue::Sequence(items) => items.iter().find_map(|item| leaf_with(item, text)),
        NodeValue::Mapping(mapping) => mapping.iter().find_map(|entry| leaf_with(&entry.value, text)),
        _ => node.as_str().is_some_and(|own| own.contains(text)).then_some(node),
    }
}
