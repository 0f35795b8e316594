//! What a deployment would change, by value, in the manifest's terms.
//!
//! In: what is deployed and what would be, each a [`StackContent`] or the files of a bundle, and the lines of the manifest. Out:
//! a [`DeploymentDiff`]. Invariants: the same change in several places is one [`ValueDifference`]; a secret is "changed" and
//! never a value; what stands in the manifest has its line.

mod bundle;
mod consequence;
mod content;
mod labels;
mod manifest_lines;
mod masked_values;
mod overridden;
mod render;
mod stacks;

pub use self::bundle::compare_bundles;
pub use self::consequence::ChangeConsequence;
pub use self::content::{ParameterValue, StackContent};
pub use self::manifest_lines::{ManifestLine, ManifestLines};
pub use self::masked_values::DocumentSecrets;
pub use self::overridden::{OptionName, OverriddenOption, overridden};
pub use self::render::{document, fitted, lines, summary};
pub use self::stacks::compare_stacks;

use std::collections::BTreeMap;

/// What happens to a value or to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeAction {
    /// It is new.
    Add,
    /// It gets another value.
    Change,
    /// It goes.
    Remove,
}

/// One change: a value, or resources that come or go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueDifference {
    /// What happens.
    pub action: ChangeAction,
    /// What changes: `image`, `environment DEBUG`, `APP_VERSION`; `resources` where whole resources come or go.
    pub label: String,
    /// Whom it concerns: `service web`, `database db`.
    pub subjects: Vec<String>,
    /// The old value; `None` if there was none, or if it is a secret.
    pub old: Option<String>,
    /// The new value; `None` if there is none, or if it is a secret.
    pub new: Option<String>,
    /// Whether the value is a secret, of which only the change is known.
    pub secret: bool,
    /// Where the manifest says so.
    pub cause: Option<ManifestLine>,
    /// What the change does to what runs.
    pub consequence: ChangeConsequence,
    /// What is to be known besides.
    pub detail: String,
    /// The logical ids of the resources that follow.
    pub resources: Vec<String>,
}

/// Everything that a deployment would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentDiff {
    /// Whether nothing is deployed yet.
    pub is_first: bool,
    /// The changes: what is lost first, then what interrupts, then the others.
    pub changes: Vec<ValueDifference>,
    /// The jobs that run, before the services that wait for them.
    pub jobs: Vec<String>,
    /// Whom each resource concerns, by logical id.
    pub owners: BTreeMap<String, String>,
    /// What else differs and changes nothing that runs: outputs, descriptions, the order of creation.
    pub others: Vec<String>,
    /// Options that the deployment does not change although it says so: they were set outside of it.
    pub overridden: Vec<OverriddenOption>,
}

impl DeploymentDiff {
    /// Whether a deployment would change nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.others.is_empty()
    }

    /// Adds a change, or adds its subjects to the same change. A secret in a value is masked: parameters were filled in.
    fn push(&mut self, mut change: ValueDifference) {
        let name = change.label.rsplit(' ').next().unwrap_or_default();
        for shown in [&mut change.old, &mut change.new].into_iter().flatten() {
            *shown = masked_values::masked_text(name, shown);
        }
        let whole = change.label == RESOURCES;
        let same = |it: &&mut ValueDifference| {
            it.action == change.action
                && it.label == change.label
                && (it.old == change.old && it.new == change.new)
                && it.secret == change.secret
                && (!whole || it.subjects == change.subjects)
        };
        let Some(known) = self.changes.iter_mut().find(same) else {
            self.changes.push(change);
            return;
        };
        add_missing(&mut known.subjects, change.subjects);
        add_missing(&mut known.resources, change.resources);
        known.cause = known.cause.take().or(change.cause);
        if change.consequence > known.consequence {
            known.consequence = change.consequence;
            known.detail = change.detail;
        } else if known.detail.is_empty() && change.consequence == known.consequence {
            known.detail = change.detail;
        }
    }

    /// What hurts most first.
    fn sort(&mut self) {
        let rank =
            |it: &ValueDifference| (std::cmp::Reverse(it.consequence), it.label == RESOURCES, it.action);
        self.changes.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then_with(|| (&a.subjects, &a.label).cmp(&(&b.subjects, &b.label)))
        });
        self.jobs.sort();
        self.jobs.dedup();
        self.others.sort();
        self.others.dedup();
    }
}

/// The label of resources that come or go.
const RESOURCES: &str = "resources";

fn add_missing(known: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

#[cfg(test)]
mod tests;
