//! `pre_start`: commands that run in containers of their own before a service starts.

use super::reader::DocumentReader;
use crate::{At, EnvironmentVariable, ManifestName, Text};
use indexmap::IndexMap;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId};

/// One step of `pre_start`.
#[derive(Debug)]
pub(crate) struct StartHook {
    /// `command`.
    pub(crate) command: Option<At<Vec<Text>>>,
    /// `image`: another one than the service's.
    pub(crate) image: Option<Text>,
    /// `user`.
    pub(crate) user: Option<Text>,
    /// `working_dir`.
    pub(crate) working_dir: Option<Text>,
    /// `privileged`.
    pub(crate) privileged: Option<At<bool>>,
    /// `environment`: what is added to the service's own.
    pub(crate) environment: IndexMap<ManifestName, EnvironmentVariable>,
    /// `per_replica`: before each copy, not once before all.
    pub(crate) per_replica: Option<At<bool>>,
    /// The step's mapping.
    pub(crate) node: NodeId,
    /// Where it stands.
    pub(crate) origin: Origin,
}

impl DocumentReader<'_> {
    /// The steps, in order.
    pub(super) fn start_hooks(&mut self, node: &Node) -> Vec<StartHook> {
        let items = node.get("pre_start").and_then(Node::as_sequence).unwrap_or_default();
        items.iter().map(|item| self.start_hook(item)).collect()
    }

    fn start_hook(&mut self, node: &Node) -> StartHook {
        StartHook {
            command: node.get("command").and_then(|command| self.arguments(command)),
            image: node.get("image").and_then(|image| self.text(image)),
            user: node.get("user").and_then(|user| self.text(user)),
            working_dir: node.get("working_dir").and_then(|folder| self.text(folder)),
            privileged: self.truth(node.get("privileged")),
            environment: self.environment(node),
            per_replica: self.truth(node.get("per_replica")),
            node: node.id,
            origin: node.origin,
        }
    }
}
