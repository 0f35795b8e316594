//! A value that still knows the leaf it came from.

use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId};

/// A value of the manifest with the number of its node and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// The value, parsed.
    pub value: T,
    /// The node it came from; [`NodeId::UNNUMBERED`] for what was inferred.
    pub node: NodeId,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> At<T> {
    /// The parsed value of a node.
    pub fn of(node: &Node, value: T) -> Self {
        At { value, node: node.id, origin: node.origin }
    }

    /// A value that no single node holds.
    pub fn inferred(value: T, origin: Origin) -> Self {
        At { value, node: NodeId::UNNUMBERED, origin }
    }

    /// Another value of the same leaf.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), node: self.node, origin: self.origin }
    }

    /// The same leaf by reference.
    pub fn as_ref(&self) -> At<&T> {
        At { value: &self.value, node: self.node, origin: self.origin }
    }
}

/// What can be claimed in the ledger: anything with a node.
pub trait Claim {
    /// The node whose leaves are claimed.
    fn node(&self) -> NodeId;
}

impl<T> Claim for At<T> {
    fn node(&self) -> NodeId {
        self.node
    }
}

impl Claim for Node {
    fn node(&self) -> NodeId {
        self.id
    }
}

impl Claim for NodeId {
    fn node(&self) -> NodeId {
        *self
    }
}
