//! What became of every leaf of the manifest, once the ledger is closed.
//!
//! In: what settles each leaf. Out: counts, and the rows of the report. Invariant: a row is made when it is asked for, since all of
//! them take as much memory as the file that they are written to.

use super::disposition::{Disposition, LedgerEntry};
use super::report::{DispositionCounts, ReportPlaces, ReportRow};
use super::support::SupportRow;
use camino::Utf8Path;
use std::rc::Rc;
use tranship_frontend::compose::Manifest;
use tranship_frontend::source::Sources;
use tranship_frontend::yaml::NodeId;

/// What settles a leaf.
#[derive(Debug)]
pub(super) enum SettledBy {
    /// A claim on it, or on a node around it.
    Claim(Rc<LedgerEntry>),
    /// A row of the support table.
    Row(&'static SupportRow),
}

impl SettledBy {
    pub(super) fn new(entry: LedgerEntry) -> Self {
        SettledBy::Claim(Rc::new(entry))
    }
}

/// The account of a manifest for one target.
#[derive(Debug)]
pub struct ClosedLedger {
    /// In the order of the manifest.
    leaves: Vec<(NodeId, SettledBy)>,
    counts: DispositionCounts,
}

impl ClosedLedger {
    pub(super) fn with_capacity(leaves: usize) -> Self {
        ClosedLedger { leaves: Vec::with_capacity(leaves), counts: DispositionCounts::default() }
    }

    pub(super) fn settle(&mut self, leaf: NodeId, settled: SettledBy) {
        let count = match &settled {
            SettledBy::Claim(entry) => self.counts.of(&entry.disposition),
            SettledBy::Row(row) => self.counts.of(&row.entry().disposition),
        };
        *count += 1;
        self.leaves.push((leaf, settled));
    }

    /// How many leaves ended how.
    pub fn counts(&self) -> DispositionCounts {
        self.counts
    }

    /// A row for each leaf, in the order of the manifest: the one that was closed, with the files that it was read from.
    pub fn rows<'l>(
        &'l self,
        manifest: &'l Manifest,
        sources: &'l Sources,
    ) -> impl ExactSizeIterator<Item = ReportRow> + 'l {
        let first = manifest.files.first().and_then(|file| sources.file(*file));
        let base = first.and_then(|file| file.path().parent()).unwrap_or(Utf8Path::new(""));
        let mut places = ReportPlaces::new(sources, base);
        self.leaves.iter().map(move |(leaf, settled)| {
            let (entry, support) = match settled {
                SettledBy::Claim(entry) => (LedgerEntry::clone(entry), None),
                SettledBy::Row(row) => (row.entry(), Some(row.key)),
            };
            let path = manifest.nodes.path(*leaf);
            ReportRow::new(path, entry, support, &mut places, manifest.nodes.origin(*leaf))
        })
    }
}

impl DispositionCounts {
    fn of(&mut self, disposition: &Disposition) -> &mut usize {
        match disposition {
            Disposition::Exact => &mut self.exact,
            Disposition::Approximated { .. } => &mut self.approximated,
            Disposition::Ignored { .. } => &mut self.ignored,
            Disposition::Rejected { .. } => &mut self.rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disposition::BehaviourEffect;
    use crate::support::KeySupport;

    #[test]
    fn every_leaf_counts_once_as_what_it_ended_as() {
        static ROW: SupportRow = SupportRow {
            key: "*",
            support: KeySupport::Ignored { effect: BehaviourEffect::Equivalent },
            reason: "r",
        };
        let effect = BehaviourEffect::ChangesBehaviour;
        let near = Disposition::Approximated { effect, value: "v".into(), reason: "r".into() };
        let claims = [Disposition::Exact, near, Disposition::Rejected { reason: "r".into() }];
        let mut closed = ClosedLedger::with_capacity(9);
        for (disposition, times) in claims.into_iter().zip([3, 2, 1]) {
            for _ in 0..times {
                let entry = LedgerEntry { disposition: disposition.clone(), became: "x".into() };
                closed.settle(NodeId(1), SettledBy::new(entry));
            }
        }
        closed.settle(NodeId(1), SettledBy::Row(&ROW));
        let DispositionCounts { exact, approximated, ignored, rejected } = closed.counts();
        assert_eq!([exact, approximated, ignored, rejected], [3, 2, 1, 1]);
        assert_eq!(closed.leaves.len(), 7);
    }
}
