//! Key paths of leaves, for comments and diagnostics: all that a target sees of the manifest itself.

use super::at::Claim;
use tranship_frontend::compose::{Manifest, NodeTable};
use tranship_frontend::source::Origin;

/// Where the leaves of a manifest stand.
#[derive(Debug, Clone, Copy)]
pub struct KeyPaths<'a> {
    nodes: &'a NodeTable,
}

impl<'a> KeyPaths<'a> {
    /// Those of a manifest.
    pub fn of(manifest: &'a Manifest) -> Self {
        KeyPaths { nodes: &manifest.nodes }
    }

    /// The key path of a value, such as `services.app.ports[0]`; empty for what no node holds.
    pub fn path(&self, of: &impl Claim) -> String {
        self.nodes.path(of.node()).to_string()
    }

    /// Where a value came from.
    pub fn origin(&self, of: &impl Claim) -> Origin {
        self.nodes.origin(of.node())
    }
}
