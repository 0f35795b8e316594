//! Limits for hostile files: size, depth and alias expansion.

/// Largest file to read, in bytes. The largest manifest seen in the wild has less than 1 MB.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Maximum nesting, with aliases expanded.
pub(super) const MAX_DEPTH: usize = 255;

/// Number of nodes that aliases may always add to a document.
const ALWAYS_ALLOWED: usize = 50_000;

/// Number of nodes that aliases may add for each node in the file.
const ALLOWED_FOR_EACH: usize = 20;

/// How many nodes were written, and how many aliases added.
#[derive(Debug, Default)]
pub(super) struct Budget {
    written: usize,
    expanded: usize,
}

impl Budget {
    /// Counts a node of the file.
    pub(super) fn write(&mut self) {
        self.written += 1;
    }

    /// Counts nodes that an alias repeats; returns false if there are too many.
    pub(super) fn expand(&mut self, nodes: usize) -> bool {
        self.expanded = self.expanded.saturating_add(nodes);
        self.expanded <= ALWAYS_ALLOWED + ALLOWED_FOR_EACH * self.written
    }
}
