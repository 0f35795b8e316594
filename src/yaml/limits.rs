//! What a hostile file may cost: bounds on size, depth and alias expansion.

/// Largest file that is read, in bytes. The largest manifest seen in the wild has under 1 MB.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Deepest nesting, aliases expanded.
pub(super) const MAX_DEPTH: usize = 255;

/// Most values of a file, keys included: each costs some two hundred bytes of memory.
pub(super) const MAX_NODES: usize = 2_000_000;

/// Nodes that aliases may always add to a document.
const ALWAYS_ALLOWED: usize = 50_000;

/// Bytes of text that aliases may always add to a document.
const ALWAYS_BYTES: usize = 16 << 20;

/// Nodes and bytes that aliases may add for each that was written.
const ALLOWED_FOR_EACH: usize = 20;

/// What a value takes: its nodes, and the bytes of their texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
}

impl Size {
    /// One node with a text.
    pub(super) fn one(text: &str) -> Self {
        Size { nodes: 1, bytes: text.len() }
    }

    /// Both together.
    pub(super) fn and(self, other: Size) -> Self {
        Size { nodes: self.nodes.saturating_add(other.nodes), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

/// How much was written, and how much aliases added.
#[derive(Debug, Default)]
pub(super) struct Budget {
    written: Size,
    expanded: Size,
}

impl Budget {
    /// Counts a node that stands in the file; false when there are too many.
    pub(super) fn write(&mut self, text: &str) -> bool {
        self.written = self.written.and(Size::one(text));
        self.written.nodes <= MAX_NODES
    }

    /// Counts what an alias repeats; false when it is too much.
    pub(super) fn expand(&mut self, size: Size) -> bool {
        self.expanded = self.expanded.and(size);
        self.expanded.nodes <= ALWAYS_ALLOWED + ALLOWED_FOR_EACH * self.written.nodes
            && self.expanded.bytes <= ALWAYS_BYTES + ALLOWED_FOR_EACH * self.written.bytes
    }
}
