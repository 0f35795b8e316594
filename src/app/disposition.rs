//! What can become of a leaf of the manifest.

use std::borrow::Cow;
use tranship_frontend::diagnostic::Severity;

/// What a leaf that is not exact does to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BehaviourEffect {
    /// The application behaves as the manifest says.
    Equivalent,
    /// The application behaves differently from what the manifest says.
    ChangesBehaviour,
}

impl BehaviourEffect {
    /// The effect of a difference that may or may not change behaviour.
    pub fn changed_if(changes: bool) -> Self {
        if changes { BehaviourEffect::ChangesBehaviour } else { BehaviourEffect::Equivalent }
    }

    /// What happens to a key that is ignored.
    pub fn verb(self) -> &'static str {
        match self {
            BehaviourEffect::Equivalent => "is not needed",
            BehaviourEffect::ChangesBehaviour => "has no effect",
        }
    }

    /// How loudly it is said: a warning where behaviour changes, else a note.
    pub fn severity(self) -> Severity {
        match self {
            BehaviourEffect::Equivalent => Severity::Note,
            BehaviourEffect::ChangesBehaviour => Severity::Warning,
        }
    }
}

/// What became of a leaf. Ordered: where several claims meet, the gravest stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disposition {
    /// It means on the target what it says.
    Exact,
    /// A near equivalent stands in.
    Approximated {
        /// What that does to the application.
        effect: BehaviourEffect,
        /// The value that stands in.
        value: Cow<'static, str>,
        /// Why.
        reason: Cow<'static, str>,
    },
    /// It has no effect.
    Ignored {
        /// What that does to the application.
        effect: BehaviourEffect,
        /// Why.
        reason: Cow<'static, str>,
    },
    /// The compile failed because of it.
    Rejected {
        /// Why.
        reason: Cow<'static, str>,
    },
}

/// One claim: what became of the leaf, and in what it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What became of it.
    pub disposition: Disposition,
    /// In what it ended, in the target's own words: `task definition: image`.
    pub became: Cow<'static, str>,
}
