//! A value that still knows the leaf it came from.
//!
//! Outside of this crate there are two ways to the value: a claim in the [`Ledger`](super::Ledger), which says what
//! becomes of the leaf and hands the value out, and [`At::peek`], for a rule or a decision.

use super::ledger::ClaimGrant;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId, NodeValue};

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

/// What has a node in the manifest: the ledger settles it, and a diagnostic points at it.
pub trait ManifestLeaf {
    /// The node whose leaves are meant.
    fn node(&self) -> NodeId;
}

/// A leaf with a value. A claim as exact hands the value out, so that what is used is claimed.
pub trait Claim: ManifestLeaf {
    /// What the claim hands out.
    type ClaimedValue<'a>
    where
        Self: 'a;

    /// The value, for the ledger alone to hand out: it has the grant.
    fn taken(&self, grant: ClaimGrant) -> Self::ClaimedValue<'_>;
}

impl<T> ManifestLeaf for At<T> {
    fn node(&self) -> NodeId {
        self.node
    }
}

impl<T> Claim for At<T> {
    type ClaimedValue<'a>
        = &'a T
    where
        T: 'a;

    fn taken(&self, _: ClaimGrant) -> &T {
        &self.value
    }
}

impl ManifestLeaf for Node {
    fn node(&self) -> NodeId {
        self.id
    }
}

impl Claim for Node {
    type ClaimedValue<'a> = &'a NodeValue;

    fn taken(&self, _: ClaimGrant) -> &NodeValue {
        &self.value
    }
}

impl ManifestLeaf for NodeId {
    fn node(&self) -> NodeId {
        *self
    }
}
