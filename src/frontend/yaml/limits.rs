//! Limits for hostile files: size, depth and alias expansion.

/// Largest file to read, in bytes. The largest manifest seen in the wild has less than 1 MB.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Maximum nesting, with aliases expanded.
pub(super) const MAX_DEPTH: usize = 255;

/// Maximum number of values in a file, including keys: each takes about two hundred bytes of memory.
pub(super) const MAX_NODES: usize = 2_000_000;

/// Number of nodes that aliases may always add to a document.
const ALWAYS_ALLOWED: usize = 50_000;

/// Number of bytes that aliases may always add to a document.
const ALWAYS_BYTES: usize = 16 << 20;

/// Number of nodes and bytes that aliases may add for each one in the file.
const ALLOWED_FOR_EACH: usize = 20;

/// What a value takes: its nodes, and the bytes of their texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NodeSize {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
}

impl NodeSize {
    /// One node with a text.
    pub(super) fn one(text: &str) -> Self {
        NodeSize { nodes: 1, bytes: text.len() }
    }

    /// Both together.
    pub(super) fn and(self, other: NodeSize) -> Self {
        NodeSize {
            nodes: self.nodes.saturating_add(other.nodes),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// How much was written, and how much aliases added.
#[derive(Debug, Default)]
pub(super) struct AliasBudget {
    written: NodeSize,
    expanded: NodeSize,
}

impl AliasBudget {
    /// Counts a node of the file; returns false if there are too many.
    pub(super) fn write(&mut self, text: &str) -> bool {
        self.written = self.written.and(NodeSize::one(text));
        self.written.nodes <= MAX_NODES
    }

    /// Counts what an alias repeats; returns false if it is too much.
    pub(super) fn expand(&mut self, size: NodeSize) -> bool {
        self.expanded = self.expanded.and(size);
        self.expanded.nodes <= ALWAYS_ALLOWED + ALLOWED_FOR_EACH * self.written.nodes
            && self.expanded.bytes <= ALWAYS_BYTES + ALLOWED_FOR_EACH * self.written.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::yaml::{Node, NodeValue, parse};

    fn size(node: &Node) -> NodeSize {
        let inner = |size: NodeSize, node: &Node| size.and(self::size(node));
        match &node.value {
            NodeValue::Sequence(items) => items.iter().fold(NodeSize::one(""), inner),
            NodeValue::Mapping(mapping) => mapping.iter().fold(NodeSize::one(""), |size, entry| {
                inner(size.and(NodeSize::one(&entry.key.text)), &entry.value)
            }),
            NodeValue::String(text) => NodeSize::one(text),
            _ => NodeSize::one(""),
        }
    }

    /// The size of what a text becomes; the rules that it breaks otherwise.
    fn read(text: &str) -> Result<NodeSize, Vec<&'static str>> {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = sources.add_file("c.yaml".into(), text.to_owned());
        match parse(file, &mut sources, &mut diagnostics) {
            Some(documents) => Ok(documents.iter().map(size).fold(NodeSize::default(), NodeSize::and)),
            None => Err(diagnostics.iter().map(|one| one.rule.name).collect()),
        }
    }

    #[test]
    fn aliases_are_bounded_by_bytes_too() {
        let long = format!("s: &s {}\n", "y".repeat(1_000_000));
        let all = |count: usize| format!("{long}a: [{}]\n", "*s, ".repeat(count));
        assert_eq!(read(&all(30)).unwrap().bytes, 31_000_002);
        assert_eq!(read(&all(1_000)).unwrap_err(), ["yaml/alias-expansion"]);
    }

    #[test]
    fn anchors_in_anchors_are_bounded() {
        let items = "x, ".repeat(20_000);
        let nested = |depth: usize| {
            let open: String = (0..depth).map(|level| format!("&a{level} [")).collect();
            format!("a: {open}{items}{}\n", "]".repeat(depth))
        };
        assert!(read(&nested(10)).is_ok());
        assert_eq!(read(&nested(200)).unwrap_err(), ["yaml/alias-expansion"]);
    }

    #[test]
    fn values_are_counted() {
        let lines = "- a\n".repeat(MAX_NODES);
        assert_eq!(read(&lines).unwrap_err(), ["yaml/too-large"]);
    }

    proptest::proptest! {
        /// Whatever the text: no panic, and what it becomes is bounded by a small multiple of it.
        #[test]
        fn any_text_is_read_within_bounds(
            pieces in proptest::collection::vec(
                "a: |- |\n|  |\\[|\\]|\\{|\\}|, |&a |\\*a|<<: |\"|'|#|\\||!!str |!reset |x{1,9}|é|---\n|\t", 0..60
            )
        ) {
            let text = pieces.concat();
            if let Ok(size) = read(&text) {
                proptest::prop_assert!(size.nodes <= ALWAYS_ALLOWED + (ALLOWED_FOR_EACH + 2) * (text.len() + 2), "{text:?}");
                proptest::prop_assert!(size.bytes <= ALWAYS_BYTES + (ALLOWED_FOR_EACH + 1) * text.len(), "{text:?}");
            }
        }
    }
}
