//! `report.json`: every leaf of the manifest with its disposition, claim and origin.

use super::ledger::{Disposition, Entry};
use crate::compose::KeyPath;
use crate::source::{Origin, Sources};
use serde::Serialize;

/// The closed ledger.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// A row for each leaf, in the order of the manifest.
    pub rows: Vec<ReportRow>,
}

/// What became of one leaf.
#[derive(Debug, Clone, Serialize)]
pub struct ReportRow {
    /// Its key path.
    pub key: String,
    /// `exact`, `approximated`, `ignored` or `rejected`.
    pub disposition: &'static str,
    /// In what it ended.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub claim: String,
    /// The value that stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why it is not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the application behaves differently for it; only for ignored leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loses: Option<bool>,
    /// `file:line:column` of the value and of what brought it.
    pub origin: Vec<String>,
    /// The row of the support table that says so, where no code claimed the leaf.
    #[serde(skip)]
    pub support: Option<&'static str>,
}

/// How many leaves ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exact.
    pub exact: usize,
    /// Approximated.
    pub approximated: usize,
    /// Ignored.
    pub ignored: usize,
    /// Rejected.
    pub rejected: usize,
}

impl ReportRow {
    pub(super) fn new(
        key: KeyPath,
        entry: Entry,
        support: Option<&'static str>,
        sources: &Sources,
        origin: Origin,
    ) -> Self {
        let (disposition, value, reason, loses) = match entry.disposition {
            Disposition::Exact => ("exact", None, None, None),
            Disposition::Approximated { value, reason } => ("approximated", Some(value), Some(reason), None),
            Disposition::Ignored { reason, loses } => ("ignored", None, Some(reason), Some(loses)),
            Disposition::Rejected { reason } => ("rejected", None, Some(reason), None),
        };
        let origin = sources.places(origin).iter().filter_map(|place| shown(sources, place.span)).collect();
        ReportRow {
            key: key.to_string(),
            disposition,
            claim: entry.became,
            value,
            reason,
            loses,
            origin,
            support,
        }
    }
}

fn shown(sources: &Sources, span: crate::source::Span) -> Option<String> {
    let file = sources.file(span.file)?;
    let location = file.location(span.start);
    Some(format!("{}:{}:{}", file.path(), location.line, location.column))
}

impl Report {
    /// How many leaves ended how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            match row.disposition {
                "exact" => counts.exact += 1,
                "approximated" => counts.approximated += 1,
                "ignored" => counts.ignored += 1,
                _ => counts.rejected += 1,
            }
        }
        counts
    }
}
