//! Text whose value may be known only at deployment.
//!
//! One type carries late binding, host names, database wiring, partitions and secrets. A structural
//! field asks for [`Text::literal`]; each target renders the pieces in its own way.

use super::at::Claim;
use super::model::SecretId;
use std::sync::Arc;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId};

/// Text in pieces, each with its origin. `S` is what a secret is known by: in an application by its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Text<S = SecretId> {
    /// The pieces in order; neighbouring literals are one piece.
    pub segments: Vec<Segment<S>>,
    /// The node it came from; [`NodeId::UNNUMBERED`] for what was inferred.
    pub node: NodeId,
    /// Where the whole came from.
    pub origin: Origin,
}

/// One piece of a [`Text`].
#[derive(Debug, Clone, PartialEq)]
pub struct Segment<S = SecretId> {
    /// What it holds.
    pub piece: Piece<S>,
    /// Where this piece came from.
    pub origin: Origin,
}

/// What a piece of text is.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<S = SecretId> {
    /// Known now.
    Literal(Arc<str>),
    /// The value of a late-bound variable: a parameter of the template.
    LateBound(Variable),
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
pub struct Variable {
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
        let piece = Piece::Literal(text.into());
        Text { segments: vec![Segment { piece, origin }], node, origin }
    }

    /// The text of a string node, all of it known.
    pub fn of(node: &Node, text: impl Into<Arc<str>>) -> Self {
        Text::known(text, node.id, node.origin)
    }

    /// The value, if all of it is known now.
    pub fn literal(&self) -> Option<Arc<str>> {
        match self.segments.as_slice() {
            [] => Some("".into()),
            [Segment { piece: Piece::Literal(text), .. }] => Some(text.clone()),
            _ => None,
        }
    }

    /// The late-bound variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().filter_map(|segment| match &segment.piece {
            Piece::LateBound(variable) => Some(variable),
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
    pub fn push(&mut self, piece: Piece<S>, origin: Origin) {
        if let (Some(Segment { piece: Piece::Literal(last), .. }), Piece::Literal(next)) =
            (self.segments.last_mut(), &piece)
        {
            *last = format!("{last}{next}").into();
            return;
        }
        self.segments.push(Segment { piece, origin });
    }

    /// Whether a piece of it must not appear in an artifact.
    pub fn is_secret(&self) -> bool {
        self.segments.iter().any(|segment| segment.piece.is_secret())
    }

    /// What the secrets in it are known by.
    pub fn secrets(&self) -> impl Iterator<Item = &S> {
        self.segments.iter().filter_map(|segment| match &segment.piece {
            Piece::Secret(secret) => Some(secret),
            _ => None,
        })
    }

    /// The same text with secrets known by something else; nothing where one is unknown.
    pub(crate) fn try_map_secrets<T>(&self, mut known: impl FnMut(&S) -> Option<T>) -> Option<Text<T>> {
        let segments = self.segments.iter().map(|segment| segment.try_map_secret(&mut known));
        Some(Text { segments: segments.collect::<Option<_>>()?, node: self.node, origin: self.origin })
    }
}

impl<S> Segment<S> {
    /// The same piece with a secret known by something else; nothing where that is unknown.
    pub(crate) fn try_map_secret<T>(&self, known: impl FnOnce(&S) -> Option<T>) -> Option<Segment<T>> {
        Some(Segment { piece: self.piece.try_map_secret(known)?, origin: self.origin })
    }
}

impl<S> Default for Text<S> {
    fn default() -> Self {
        Text::empty(NodeId::UNNUMBERED, Origin::NOWHERE)
    }
}

impl<S> Piece<S> {
    fn try_map_secret<T>(&self, known: impl FnOnce(&S) -> Option<T>) -> Option<Piece<T>> {
        Some(match self {
            Piece::Literal(text) => Piece::Literal(text.clone()),
            Piece::LateBound(variable) => Piece::LateBound(variable.clone()),
            Piece::Host(name) => Piece::Host(name.clone()),
            Piece::Database { service, field } => Piece::Database { service: service.clone(), field: *field },
            Piece::Secret(secret) => Piece::Secret(known(secret)?),
            Piece::Region => Piece::Region,
            Piece::Account => Piece::Account,
            Piece::Partition => Piece::Partition,
        })
    }

    /// Whether the piece must not appear in an artifact.
    pub fn is_secret(&self) -> bool {
        matches!(self, Piece::Secret(_) | Piece::Database { field: DatabaseField::Password, .. })
    }
}

impl<S> Claim for Text<S> {
    type Taken<'a>
        = &'a Text<S>
    where
        S: 'a;

    fn node(&self) -> NodeId {
        self.node
    }

    fn taken(&self) -> &Text<S> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_text_is_literal() {
        let mut text: Text = Text::default();
        text.push(Piece::Literal("a".into()), Origin::NOWHERE);
        text.push(Piece::Literal("b".into()), Origin::NOWHERE);
        assert_eq!(text.literal().as_deref(), Some("ab"));
        text.push(Piece::Region, Origin::NOWHERE);
        assert_eq!(text.literal(), None);
        assert_eq!(text.segments.len(), 2);
    }
}
