//! Text whose value may be known only at deployment.
//!
//! One type carries late binding, host names, database wiring, partitions and secrets. A structural
//! field asks for [`Text::literal`]; each target renders the pieces in its own way.

use super::at::Claim;
use std::sync::Arc;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeId};

/// Text in pieces, each with its origin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text {
    /// The pieces in order; neighbouring literals are one piece.
    pub segments: Vec<Segment>,
    /// The node it came from; [`NodeId::UNNUMBERED`] for what was inferred.
    pub node: NodeId,
    /// Where the whole came from.
    pub origin: Origin,
}

/// One piece of a [`Text`].
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// What it holds.
    pub piece: Piece,
    /// Where this piece came from.
    pub origin: Origin,
}

/// What a piece of text is.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
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
    /// The whole value of a secret of the application, by its name in [`super::Application::secrets`].
    Secret(Arc<str>),
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

    /// Adds a piece at the end; joins neighbouring literals.
    pub fn push(&mut self, piece: Piece, origin: Origin) {
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

    /// The late-bound variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().filter_map(|segment| match &segment.piece {
            Piece::LateBound(variable) => Some(variable),
            _ => None,
        })
    }
}

impl Piece {
    /// Whether the piece must not appear in an artifact.
    pub fn is_secret(&self) -> bool {
        matches!(self, Piece::Secret(_) | Piece::Database { field: DatabaseField::Password, .. })
    }
}

impl Claim for Text {
    type Taken<'a> = &'a Text;

    fn node(&self) -> NodeId {
        self.node
    }

    fn taken(&self) -> &Text {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_text_is_literal() {
        let mut text = Text::default();
        text.push(Piece::Literal("a".into()), Origin::NOWHERE);
        text.push(Piece::Literal("b".into()), Origin::NOWHERE);
        assert_eq!(text.literal().as_deref(), Some("ab"));
        text.push(Piece::Region, Origin::NOWHERE);
        assert_eq!(text.literal(), None);
        assert_eq!(text.segments.len(), 2);
    }
}
