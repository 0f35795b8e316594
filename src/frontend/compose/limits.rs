//! What a hostile manifest may cost: bounds on the bytes and the nodes that variables, env files, `extends` and
//! ports make of it.
//!
//! In: what was read, and what is about to be made of it. Out: whether there is room. Invariant: what a load makes is
//! bounded by a constant and a small multiple of what it reads. Aliases have their own bounds, in `yaml`.

/// Bytes that a load may parse altogether: an env file counts for every service that names it.
const MOST_PARSED: usize = 256 << 20;

/// Bytes of values that may always be made.
const ALWAYS_BYTES: usize = 64 << 20;

/// Bytes of values that may be made for each byte that was read.
const BYTES_FOR_EACH: usize = 8;

/// Nodes that `extends` may always copy. For each byte that was read it may copy one more.
const ALWAYS_NODES: usize = 500_000;

/// Ports that ranges may become altogether: one for each there is.
pub(super) const MOST_PORTS: usize = 65_536;

/// What one load has cost so far.
#[derive(Debug, Default)]
pub(super) struct LoadBudget {
    read: usize,
    parsed: usize,
    bytes: usize,
    nodes: usize,
    ports: usize,
    reported: bool,
}

impl LoadBudget {
    /// Counts bytes of a file, once: it gives room for what is made of it.
    pub(super) fn read(&mut self, bytes: usize) {
        self.read = self.read.saturating_add(bytes).min(MOST_PARSED);
    }

    /// Counts bytes that are parsed; false when they are too many.
    pub(super) fn parse(&mut self, bytes: usize) -> bool {
        self.parsed = self.parsed.saturating_add(bytes);
        self.parsed <= MOST_PARSED
    }

    /// Bytes of values that may still be made.
    pub(super) fn bytes_left(&self) -> usize {
        (ALWAYS_BYTES + BYTES_FOR_EACH * self.read).saturating_sub(self.bytes)
    }

    /// Counts bytes of a value; false when they are too many.
    pub(super) fn bytes(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.bytes_left();
        self.bytes = self.bytes.saturating_add(bytes);
        fits
    }

    /// Counts nodes that are copied; false when they are too many.
    pub(super) fn nodes(&mut self, nodes: usize) -> bool {
        self.nodes = self.nodes.saturating_add(nodes);
        self.nodes <= ALWAYS_NODES + self.read
    }

    /// Counts ports of a range; false when they are too many.
    pub(super) fn ports(&mut self, ports: usize) -> bool {
        self.ports = self.ports.saturating_add(ports);
        self.ports <= MOST_PORTS
    }

    /// Whether this is the first time that a bound is reported: one is enough, as each value after it is refused too.
    pub(super) fn is_first_report(&mut self) -> bool {
        !std::mem::replace(&mut self.reported, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_grows_with_what_was_read() {
        let mut budget = LoadBudget::default();
        assert!(budget.bytes(ALWAYS_BYTES) && !budget.bytes(1));
        budget.read(1_000);
        assert!(budget.bytes(BYTES_FOR_EACH * 1_000 - 1) && !budget.bytes(1));
        assert!(budget.nodes(ALWAYS_NODES + 1_000) && !budget.nodes(1));
        assert!(budget.ports(MOST_PORTS) && !budget.ports(1));
        assert!(budget.parse(MOST_PARSED) && !budget.parse(1));
        assert!(budget.is_first_report() && !budget.is_first_report());
    }
}
