//! What can become of a leaf of the manifest.

/// What became of a leaf. Ordered: where several claims meet, the gravest stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disposition {
    /// It means on the target what it says.
    Exact,
    /// A near equivalent stands in.
    Approximated {
        /// The value that stands in.
        value: String,
        /// Why.
        reason: String,
    },
    /// It has no effect.
    Ignored {
        /// Why.
        reason: String,
        /// Whether the application behaves differently for it.
        loses: bool,
    },
    /// The compile failed because of it.
    Rejected {
        /// Why.
        reason: String,
    },
}

/// One claim: what became of the leaf, and in what it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What became of it.
    pub disposition: Disposition,
    /// In what it ended, in the target's own words: `task definition: image`.
    pub became: String,
}
