//! The nodes that the writer adds to what it copies.

use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Mapping, MappingKey, Node, NodeValue};

/// A key.
pub(super) fn key(text: &str) -> MappingKey {
    MappingKey { text: text.into(), origin: Origin::NOWHERE }
}

/// A text that Docker Compose takes as it is: every `$` is doubled.
pub(super) fn text(text: &str) -> Node {
    prepared(escaped(text))
}

/// A text with references to properties in it.
pub(super) fn prepared(text: String) -> Node {
    Node::string(text, Origin::NOWHERE)
}

/// A text in which nothing is a reference.
pub(super) fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// A number.
pub(super) fn integer(number: i128) -> Node {
    Node::new(NodeValue::Integer(number), Origin::NOWHERE)
}

/// A mapping.
pub(super) fn mapping(entries: Mapping) -> Node {
    Node::new(NodeValue::Mapping(entries), Origin::NOWHERE)
}

/// A list.
pub(super) fn list(items: Vec<Node>) -> Node {
    Node::new(NodeValue::Sequence(items), Origin::NOWHERE)
}

/// A mapping of a few keys.
pub(super) fn record(entries: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    let mut made = Mapping::new();
    for (name, value) in entries {
        made.insert(key(name), value);
    }
    mapping(made)
}
