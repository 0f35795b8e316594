//! Text whose value may be known only at deployment.
//!
//! One type carries late binding, host names, database wiring, partitions and secrets. A structural
//! field asks for [`Text::literal`]; each target renders the pieces in its own way.

use super::at::{Claim, ManifestLeaf};
use super::ledger::ClaimGrant;
use super::model::SecretId;
use std::sync::Arc;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId};

/// Text in pieces, each with its origin. `S` is what a secret is known by: in an application by its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Text<S = SecretId> {
    /// The pieces in order; neighbouring literals are one piece.
    pub segments: Vec<TextSegment<S>>,
    /// The node it came from; [`NodeId::UNNUMBERED`] for what was inferred.
    pub node: NodeId,
    /// Where the whole came from.
    pub origin: Origin,
}

/// One piece of a [`Text`].
#[derive(Debug, Clone, PartialEq)]
pub struct TextSegment<S = SecretId> {
    /// What it holds.
    pub piece: TextPiece<S>,
    /// Where this piece came from.
    pub origin: Origin,
}

/// What a piece of text is.
#[derive(Debug, Clone, PartialEq)]
pub enum TextPiece<S = SecretId> {
    /// Known now.
    Literal(Arc<str>),
    /// The value of a late-bound variable: a parameter of the template.
    LateBound(LateBoundVariable),
    /// The name under which a service is reached.
    Host(Arc<str>),
    /// A property of a managed database.
    Database {
        /// The Compose service that the database replaces.
        service: Arc<str>,
        /// Which property.
        field: DatabaseField,
    },
    /// The whole value of a secret of the application.
    Secret(S),
    /// The AWS region.
    Region,
    /// The AWS account.
    Account,
    /// The AWS partition: `aws`, `aws-cn`, `aws-us-gov`.
    Partition,
}

/// A variable that becomes a deploy-time parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LateBoundVariable {
    /// Its name in the manifest.
    pub name: Arc<str>,
    /// The manifest's own default: `latest` in `${TAG:-latest}`.
    pub fallback: Option<Arc<str>>,
}

/// A property of a managed database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseField {
    /// The endpoint's host name.
    Host,
    /// The port.
    Port,
    /// The name of the database inside the instance.
    Name,
    /// The master user's name.
    Username,
    /// The generated password: a secret.
    Password,
}

impl Text {
    /// Text that is known now.
    pub fn known(text: impl Into<Arc<str>>, node: NodeId, origin: Origin) -> Self {
        let piece = TextPiece::Literal(text.into());
        Text { segments: vec![TextSegment { piece, origin }], node, origin }
    }

    /// The text of a string node, all of it known.
    pub fn of(node: &Node, text: impl Into<Arc<str>>) -> Self {
        Text::known(text, node.id, node.origin)
    }

    /// Makes one literal of those that follow each other.
    pub fn join_literals(&mut self) {
        let mut joined: Vec<TextSegment> = Vec::new();
        for segment in std::mem::take(&mut self.segments) {
            match (joined.last_mut().map(|last| &mut last.piece), &segment.piece) {
                (Some(TextPiece::Literal(before)), TextPiece::Literal(after)) => {
                    *before = format!("{before}{after}").into();
                }
                _ => joined.push(segment),
            }
        }
        self.segments = joined;
    }

    /// The value, if all of it is known now.
    pub fn literal(&self) -> Option<Arc<str>> {
        match self.segments.as_slice() {
            [] => Some("".into()),
            [TextSegment { piece: TextPiece::Literal(text), .. }] => Some(text.clone()),
            _ => None,
        }
    }

    /// The late-bound variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &LateBoundVariable> {
        self.segments.iter().filter_map(|segment| match &segment.piece {
            TextPiece::LateBound(variable) => Some(variable),
            _ => None,
        })
    }
}

impl<S> Text<S> {
    /// Text without a piece yet.
    pub fn empty(node: NodeId, origin: Origin) -> Self {
        Text { segments: Vec::new(), node, origin }
    }

    /// Adds a piece at the end; joins neighbouring literals.
    pub fn push(&mut self, piece: TextPiece<S>, origin: Origin) {
        if let (Some(TextSegment { piece: TextPiece::Literal(last), .. }), TextPiece::Literal(next)) =
            (self.segments.last_mut(), &piece)
        {
            *last = format!("{last}{next}").into();
            return;
        }
        self.segments.push(TextSegment { piece, origin });
    }

    /// Whether a piece of it must not appear in an artifact.
    pub fn is_secret(&self) -> bool {
        self.segments.iter().any(|segment| segment.piece.is_secret())
    }

    /// What the secrets in it are known by.
    pub fn secrets(&self) -> impl Iterator<Item = &S> {
        self.segments.iter().filter_map(|segment| match &segment.piece {
            TextPiece::Secret(secret) => Some(secret),
            _ => None,
        })
    }

    /// The same text with secrets known by something else; nothing where one is unknown.
    pub(crate) fn try_map_secrets<T>(&self, mut known: impl FnMut(&S) -> Option<T>) -> Option<Text<T>> {
        let segments = self.segments.iter().map(|segment| segment.try_map_secret(&mut known));
        Some(Text { segments: segments.collect::<Option<_>>()?, node: self.node, origin: self.origin })
    }
}

impl<S> TextSegment<S> {
    /// The same piece with a secret known by something else; nothing where that is unknown.
    pub(crate) fn try_map_secret<T>(&self, known: impl FnOnce(&S) -> Option<T>) -> Option<TextSegment<T>> {
        Some(TextSegment { piece: self.piece.try_map_secret(known)?, origin: self.origin })
    }
}

impl<S> Default for Text<S> {
    fn default() -> Self {
        Text::empty(NodeId::UNNUMBERED, Origin::NOWHERE)
    }
}

impl<S> TextPiece<S> {
    fn try_map_secret<T>(&self, known: impl FnOnce(&S) -> Option<T>) -> Option<TextPiece<T>> {
        Some(match self {
            TextPiece::Literal(text) => TextPiece::Literal(text.clone()),
            TextPiece::LateBound(variable) => TextPiece::LateBound(variable.clone()),
            TextPiece::Host(name) => TextPiece::Host(name.clone()),
            TextPiece::Database { service, field } => {
                TextPiece::Database { service: service.clone(), field: *field }
            }
            TextPiece::Secret(secret) => TextPiece::Secret(known(secret)?),
            TextPiece::Region => TextPiece::Region,
            TextPiece::Account => TextPiece::Account,
            TextPiece::Partition => TextPiece::Partition,
        })
    }

    /// Whether the piece must not appear in an artifact.
    pub fn is_secret(&self) -> bool {
        matches!(self, TextPiece::Secret(_) | TextPiece::Database { field: DatabaseField::Password, .. })
    }
}

impl<S> ManifestLeaf for Text<S> {
    fn node(&self) -> NodeId {
        self.node
    }
}

impl<S> Claim for Text<S> {
    type ClaimedValue<'a>
        = &'a Text<S>
    where
        S: 'a;

    fn taken(&self, _: ClaimGrant) -> &Text<S> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_text_is_literal() {
        let mut text: Text = Text::default();
        text.push(TextPiece::Literal("a".into()), Origin::NOWHERE);
        text.push(TextPiece::Literal("b".into()), Origin::NOWHERE);
        assert_eq!(text.literal().as_deref(), Some("ab"));
        text.push(TextPiece::Region, Origin::NOWHERE);
        assert_eq!(text.literal(), None);
        assert_eq!(text.segments.len(), 2);
    }
}
