//! A value that still knows the leaf it came from.
//!
//! Outside of this crate the value is had in two ways only: by a claim in the [`Ledger`](super::Ledger), which
//! says what becomes of the leaf, or by [`At::peek`], which decides nothing and is visible as such.

use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId};

/// A value of the manifest with the number of its node and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// The value, parsed.
    pub(crate) value: T,
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

    /// A look at the value that settles nothing: for a rule or a decision. What is emitted comes from a claim.
    pub fn peek(&self) -> &T {
        &self.value
    }

    /// A look at a small value.
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.value
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

/// What can be claimed in the ledger: anything with a node. A claim hands out the value.
pub trait Claim {
    /// What the claim hands out: the value, where the leaf has one.
    type ClaimedValue<'a>
    where
        Self: 'a;

    /// The node whose leaves are claimed.
    fn node(&self) -> NodeId;

    /// The value, for the ledger to hand out.
    fn taken(&self) -> Self::ClaimedValue<'_>;
}

impl<T> Claim for At<T> {
    type ClaimedValue<'a>
        = &'a T
    where
        T: 'a;

    fn node(&self) -> NodeId {
        self.node
    }

    fn taken(&self) -> &T {
        &self.value
    }
}

impl Claim for Node {
    type ClaimedValue<'a> = ();

    fn node(&self) -> NodeId {
        self.id
    }

    fn taken(&self) {}
}

impl Claim for NodeId {
    type ClaimedValue<'a> = ();

    fn node(&self) -> NodeId {
        *self
    }

    fn taken(&self) {}
}
