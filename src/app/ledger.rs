//! The account of every leaf of the manifest for one target.
//!
//! Code that uses a leaf claims it. What no one claimed is looked up in the target's support table
//! when the ledger is closed; what is in neither is a fault of Tranship, and said.

use super::at::{Claim, ManifestLeaf};
use super::closed_ledger::{ClosedLedger, SettledBy};
use super::compose_tree::ComposeTree;
use super::disposition::{BehaviourEffect, Disposition, LedgerEntry};
use super::inexact_claims::InexactClaims;
use super::settings::UnclaimedSettings;
use super::support::{KeySupport, SupportIndex, SupportRow, SupportTable};
use super::untold_leaves::UntoldLeaves;
use crate::rules;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tranship_frontend::compose::{KeyPath, Manifest, PathSegment};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics};
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::yaml::{NodeId, NodeValue};

/// What a claimed value is handed out against. Only the ledger makes one, so no value leaves without a claim.
#[derive(Debug)]
pub struct ClaimGrant(());

/// The claims on one manifest for one target.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    claims: BTreeMap<NodeId, StandingClaim>,
    reported: BTreeSet<NodeId>,
}

/// A claim as the ledger holds it: there are tens of thousands, and most are exact.
#[derive(Debug, Clone)]
struct StandingClaim {
    became: Cow<'static, str>,
    /// What it is where it is not exact.
    inexact: Option<Box<Disposition>>,
}

impl StandingClaim {
    fn disposition(&self) -> &Disposition {
        static EXACT: Disposition = Disposition::Exact;
        self.inexact.as_deref().unwrap_or(&EXACT)
    }

    fn entry(self) -> LedgerEntry {
        let disposition = self.inexact.map_or(Disposition::Exact, |inexact| *inexact);
        LedgerEntry { disposition, became: self.became }
    }
}

impl Ledger {
    /// No claim yet.
    pub fn new() -> Self {
        Ledger::default()
    }

    /// The leaf, or all leaves below the node, mean on the target what they say. Hands out the value, which is the
    /// one to use: what an artifact contains comes from here.
    ///
    /// ```
    /// use tranship_app::{At, Ledger};
    /// fn cpu(ledger: &mut Ledger, asked: &At<u32>) -> u32 {
    ///     *ledger.exact(asked, "task definition: Cpu")
    /// }
    /// ```
    ///
    /// The compiler refuses a claim whose value is thrown away, to be read elsewhere:
    ///
    /// ```compile_fail
    /// #![deny(unused_must_use)]
    /// use tranship_app::{At, Ledger};
    /// fn cpu(ledger: &mut Ledger, asked: &At<u32>) {
    ///     ledger.exact(asked, "task definition: Cpu");
    /// }
    /// ```
    ///
    /// It refuses a claim of a node alone, and a value that is not obtained from the ledger:
    ///
    /// ```compile_fail
    /// use tranship_app::{At, Ledger};
    /// fn cpu(ledger: &mut Ledger, asked: &At<u32>) -> u32 {
    ///     *ledger.exact(&asked.node, "task definition: Cpu")
    /// }
    /// ```
    ///
    /// ```compile_fail
    /// use tranship_app::At;
    /// fn cpu(asked: At<u32>) -> u32 {
    ///     asked.value
    /// }
    /// ```
    #[must_use = "the value that is claimed is the one to use; what only decides something is `decided`"]
    pub fn exact<'c, C: Claim>(
        &mut self,
        claimed: &'c C,
        became: impl Into<Cow<'static, str>>,
    ) -> C::ClaimedValue<'c> {
        self.claim(claimed.node(), Disposition::Exact, became.into());
        claimed.taken(ClaimGrant(()))
    }

    /// Where the value of a leaf ended, once that is known: other words for a claim as exact.
    pub fn placed(
        &mut self,
        leaf: &impl ManifestLeaf,
        claimed_as: &str,
        became: impl Into<Cow<'static, str>>,
    ) {
        if let Some(StandingClaim { became: words, inexact: None }) = self.claims.get_mut(&leaf.node())
            && words == claimed_as
        {
            *words = became.into();
        }
    }

    /// The leaf, or all leaves below the node, mean on the target what they say, because a decision follows them:
    /// there is no value to write.
    pub fn decided(&mut self, leaf: &impl ManifestLeaf, became: impl Into<Cow<'static, str>>) {
        self.claim(leaf.node(), Disposition::Exact, became.into());
    }

    /// A near equivalent takes its place, which is reported when the ledger is closed.
    pub fn approximated(
        &mut self,
        leaf: &impl ManifestLeaf,
        effect: BehaviourEffect,
        value: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
        became: impl Into<Cow<'static, str>>,
    ) {
        let disposition = Disposition::Approximated { value: value.into(), reason: reason.into(), effect };
        self.claim(leaf.node(), disposition, became.into());
    }

    /// It has no effect, for a reason that the support table cannot know.
    pub fn ignored(
        &mut self,
        leaf: &impl ManifestLeaf,
        reason: impl Into<Cow<'static, str>>,
        effect: BehaviourEffect,
    ) {
        let disposition = Disposition::Ignored { reason: reason.into(), effect };
        self.claim(leaf.node(), disposition, Cow::Borrowed(""));
    }

    /// The compile fails because of it; the caller pushes the diagnostic.
    pub fn rejected(&mut self, leaf: &impl ManifestLeaf, reason: impl Into<Cow<'static, str>>) {
        self.claim(leaf.node(), Disposition::Rejected { reason: reason.into() }, Cow::Borrowed(""));
    }

    /// A diagnostic of the caller says what the claim on the node means: closing the ledger does not.
    pub fn reported(&mut self, leaf: &impl ManifestLeaf) {
        self.reported.insert(leaf.node());
    }

    fn claim(&mut self, node: NodeId, disposition: Disposition, became: Cow<'static, str>) {
        if node == NodeId::UNNUMBERED {
            return;
        }
        if self.claims.get(&node).is_some_and(|standing| *standing.disposition() >= disposition) {
            return;
        }
        let inexact = (disposition != Disposition::Exact).then(|| Box::new(disposition));
        self.claims.insert(node, StandingClaim { became, inexact });
    }

    /// Takes over the claims of another account.
    pub(crate) fn adopt(&mut self, other: &Ledger) {
        for (node, standing) in &other.claims {
            self.claim(*node, standing.disposition().clone(), standing.became.clone());
        }
        self.reported.extend(&other.reported);
    }

    /// Settles every leaf: its own claim first; then a row of the support table, unless code claimed a node
    /// around the leaf that is deeper than what the row speaks of; then that claim.
    /// Pushes one diagnostic for each key pattern that loses behaviour or is rejected by the table, one for each
    /// kind of inexact claim that neither these nor the `earlier` diagnostics name, and one for each kind of ignored
    /// leaf whose line is named by none of them.
    pub fn close(
        self,
        manifest: &Manifest,
        sources: &Sources,
        table: &SupportTable,
        earlier: &Diagnostics,
        diagnostics: &mut Diagnostics,
    ) -> ClosedLedger {
        let mut inexact = InexactClaims::new(self.reported.clone());
        let claims = self.spread(manifest);
        let mut closed = ClosedLedger::with_capacity(manifest.nodes.leaves().count());
        let mut unclaimed = UnclaimedSettings::default();
        let mut untold = UntoldLeaves::default();
        let mut explained: BTreeMap<&'static str, Vec<NodeId>> = BTreeMap::new();
        let rows = table.index();
        for leaf in manifest.nodes.leaves() {
            let origin = manifest.nodes.origin(leaf);
            let written = sources.is_written(origin);
            let claim = claims.get(&leaf);
            if claim.is_none() && !written {
                continue;
            }
            let path = manifest.nodes.path(leaf);
            let row = if written { deciding_row(&rows, &path, leaf, claim) } else { None };
            match (row, claim) {
                (Some(row), _) => explained.entry(row.key).or_default().push(leaf),
                (None, Some(claim)) => inexact.note(claim.node, &claim.entry, manifest),
                (None, None) => {}
            }
            let claimed = || claim.map(|claim| SettledBy::Claim(Rc::clone(&claim.entry)));
            let mut own = || unclaimed.account(&path, origin).or_else(|| empty(&path, manifest));
            let settled = row.map(SettledBy::Row).or_else(claimed).or_else(|| own().map(SettledBy::new));
            let settled = settled.unwrap_or_else(|| {
                diagnostics.push(unaccounted(&path.to_string(), origin, table.target));
                SettledBy::new(LedgerEntry::unaccounted())
            });
            if let SettledBy::Claim(entry) = &settled {
                untold.note(leaf, claim.map_or(leaf, |claim| claim.node), entry, manifest);
            }
            closed.settle(leaf, settled);
        }
        unclaimed.report(table.target, diagnostics);
        for (key, leaves) in explained {
            table.report(key, &leaves, manifest, diagnostics);
        }
        inexact.report(manifest, table, earlier, diagnostics);
        untold.report((manifest, sources), table, earlier, diagnostics);
        closed
    }

    /// The leaves that the target would reject or lose if the account were closed now.
    pub fn lost_leaves(
        &self,
        compose: ComposeTree<'_>,
        sources: &Sources,
        table: &SupportTable,
    ) -> Vec<LostLeaf> {
        let manifest = compose.manifest();
        let claims = self.clone().spread(manifest);
        let rows = table.index();
        let lost = |leaf: NodeId| {
            let origin = manifest.nodes.origin(leaf);
            let claim = claims.get(&leaf);
            let path = manifest.nodes.path(leaf);
            let row = Some(&rows).filter(|_| sources.is_written(origin));
            let row = row.and_then(|rows| deciding_row(rows, &path, leaf, claim)).map(SupportRow::entry);
            let entry = row.or_else(|| claim.map(|claim| LedgerEntry::clone(&claim.entry)))?;
            let reason = match entry.disposition {
                Disposition::Rejected { reason }
                | Disposition::Ignored { reason, effect: BehaviourEffect::ChangesBehaviour } => reason,
                _ => return None,
            };
            Some(LostLeaf { node: leaf, path: path.to_string(), reason: reason.into_owned(), origin })
        };
        manifest.nodes.leaves().filter_map(lost).collect()
    }

    /// Every claim on a collection goes to the leaves below it that have no claim of their own.
    fn spread(self, manifest: &Manifest) -> BTreeMap<NodeId, SpreadClaim> {
        let mut spread: BTreeMap<NodeId, SpreadClaim> = BTreeMap::new();
        // Descending: an inner node has a higher number than the one around it, so it goes first.
        for (node, standing) in self.claims.into_iter().rev() {
            let depth = manifest.nodes.path(node).0.len();
            let entry = Rc::new(standing.entry());
            for leaf in manifest.nodes.leaves_of(node) {
                spread.entry(leaf).or_insert_with(|| SpreadClaim { node, depth, entry: Rc::clone(&entry) });
            }
        }
        spread
    }
}

/// A leaf that a target rejects or loses.
#[derive(Debug, Clone)]
pub struct LostLeaf {
    /// Its node.
    pub node: NodeId,
    /// Its key path.
    pub path: String,
    /// Why, as a clause.
    pub reason: String,
    /// Where it stands.
    pub origin: Origin,
}

/// The row of the support table that settles a leaf, unless the claim that reaches it knows better.
fn deciding_row(
    table: &SupportIndex,
    path: &KeyPath,
    leaf: NodeId,
    claim: Option<&SpreadClaim>,
) -> Option<&'static SupportRow> {
    let row = table.find(path).filter(|_| claim.is_none_or(|claim| claim.may_yield(leaf)));
    row.filter(|row| claim.is_none_or(|claim| row.depth() > claim.depth))
}

/// The claim that reaches a leaf.
struct SpreadClaim {
    /// The node that was claimed: the leaf, or one around it.
    node: NodeId,
    /// Steps from the root to that node.
    depth: usize,
    entry: Rc<LedgerEntry>,
}

impl SpreadClaim {
    /// Whether a row that speaks of something deeper than the claimed node knows better: claiming a mount
    /// says nothing of an option of it that the target does not have.
    fn may_yield(&self, leaf: NodeId) -> bool {
        let honoured =
            matches!(self.entry.disposition, Disposition::Exact | Disposition::Approximated { .. });
        self.node != leaf && honoured
    }
}

/// An empty mapping, list or value asks for nothing.
fn empty(path: &KeyPath, manifest: &Manifest) -> Option<LedgerEntry> {
    let mut node = &manifest.root;
    for step in &path.0 {
        node = match (step, &node.value) {
            (PathSegment::Key(key), _) => node.get(key)?,
            (PathSegment::Index(index), NodeValue::Sequence(items)) => items.get(*index)?,
            (PathSegment::Index(_), _) => return None,
        };
    }
    let is_empty = match &node.value {
        NodeValue::Mapping(mapping) => mapping.is_empty(),
        NodeValue::Sequence(items) => items.is_empty(),
        value => *value == NodeValue::Null,
    };
    let disposition =
        Disposition::Ignored { effect: BehaviourEffect::Equivalent, reason: "it is empty".into() };
    is_empty.then_some(LedgerEntry { disposition, became: Cow::Borrowed("") })
}

fn unaccounted(path: &str, origin: Origin, target: &str) -> Diagnostic {
    let message = format!("`{path}` is neither used nor explained by {target}");
    Diagnostic::new(&rules::internal::UNACCOUNTED_KEY, message).at(origin).key(path).target(target)
}

impl LedgerEntry {
    fn unaccounted() -> Self {
        let disposition =
            Disposition::Ignored { reason: "unaccounted".into(), effect: BehaviourEffect::ChangesBehaviour };
        LedgerEntry { disposition, became: Cow::Borrowed("") }
    }
}

impl SupportRow {
    /// What the row makes of a leaf that no code claimed.
    pub(super) fn entry(&self) -> LedgerEntry {
        let reason = Cow::Borrowed(self.reason);
        let disposition = match self.support {
            KeySupport::Ignored { effect } => Disposition::Ignored { reason, effect },
            KeySupport::Rejected { .. } => Disposition::Rejected { reason },
        };
        LedgerEntry { disposition, became: Cow::Borrowed("") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: NodeId = NodeId(1);

    fn standing(ledger: &Ledger, node: NodeId) -> Option<(Disposition, &str)> {
        let standing = ledger.claims.get(&node)?;
        let entry = standing.clone().entry();
        assert_eq!((&entry.disposition, &entry.became), (standing.disposition(), &standing.became));
        Some((entry.disposition, &*standing.became))
    }

    #[test]
    fn the_gravest_claim_stands() {
        let mut ledger = Ledger::new();
        ledger.decided(&LEAF, "first");
        ledger.decided(&LEAF, "second");
        assert_eq!(standing(&ledger, LEAF), Some((Disposition::Exact, "first")), "of two alike the first");
        ledger.approximated(&LEAF, BehaviourEffect::Equivalent, "v", "r", "third");
        let near = Disposition::Approximated {
            effect: BehaviourEffect::Equivalent,
            value: "v".into(),
            reason: "r".into(),
        };
        assert_eq!(standing(&ledger, LEAF), Some((near.clone(), "third")));
        ledger.decided(&LEAF, "fourth");
        assert_eq!(standing(&ledger, LEAF), Some((near, "third")));
        ledger.rejected(&LEAF, "no");
        assert_eq!(standing(&ledger, LEAF), Some((Disposition::Rejected { reason: "no".into() }, "")));
        ledger.decided(&NodeId::UNNUMBERED, "nobody");
        assert_eq!(ledger.claims.len(), 1);
    }

    #[test]
    fn other_words_take_the_place_of_those_of_an_exact_claim() {
        let mut ledger = Ledger::new();
        ledger.placed(&LEAF, "volume", "a file system");
        assert_eq!(standing(&ledger, LEAF), None);
        ledger.decided(&LEAF, "volume");
        ledger.placed(&LEAF, "mount", "a file system");
        assert_eq!(standing(&ledger, LEAF), Some((Disposition::Exact, "volume")));
        ledger.placed(&LEAF, "volume", "a file system");
        assert_eq!(standing(&ledger, LEAF), Some((Disposition::Exact, "a file system")));
        ledger.ignored(&LEAF, "why", BehaviourEffect::ChangesBehaviour);
        ledger.placed(&LEAF, "", "x");
        assert_eq!(standing(&ledger, LEAF).map(|(_, words)| words), Some(""));
    }

    #[test]
    fn the_claims_of_another_account_count_as_if_they_were_made_here() {
        let (mut ledger, mut other) = (Ledger::new(), Ledger::new());
        ledger.rejected(&LEAF, "no");
        other.decided(&LEAF, "kept back");
        other.decided(&NodeId(2), "new");
        other.reported(&NodeId(3));
        ledger.adopt(&other);
        assert_eq!(standing(&ledger, LEAF), Some((Disposition::Rejected { reason: "no".into() }, "")));
        assert_eq!(standing(&ledger, NodeId(2)), Some((Disposition::Exact, "new")));
        assert!(ledger.reported.contains(&NodeId(3)));
    }
}
