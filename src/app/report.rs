//! `report.json`: every leaf of the manifest with its disposition, claim and origin.

use super::disposition::{BehaviourEffect, Disposition, LedgerEntry};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tranship_frontend::compose::KeyPath;
use tranship_frontend::source::{FileId, Origin, Sources, Span};

/// The whole account, for who looks into it.
#[derive(Debug, Default)]
pub struct DispositionReport {
    /// A row for each leaf, in the order of the manifest.
    pub rows: Vec<ReportRow>,
    /// What the containers may reach outside of the application.
    pub outbound: Vec<OutboundAccess>,
    /// What `x-tranship.patch` changed, in the order in which it was changed.
    pub patches: Vec<PatchReport>,
}

/// The file, with a row for each leaf, what the containers may reach outside of the application, and what `x-tranship.patch`
/// changed, in the order in which it was changed.
///
/// # Errors
/// There are none that a report could have.
pub fn report_json(
    rows: impl ExactSizeIterator<Item = ReportRow>,
    outbound: &[OutboundAccess],
    patches: &[PatchReport],
) -> serde_json::Result<String> {
    // It is as long as a template: grown step by step, it would be in memory twice.
    let mut text = Vec::with_capacity(rows.len() * ROW_LENGTH);
    let rows = WrittenRows(Cell::new(Some(rows)));
    serde_json::to_writer_pretty(&mut text, &ReportFile { rows, outbound, patches })?;
    text.push(b'\n');
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// More bytes than a row has on average, with its place in the list.
const ROW_LENGTH: usize = 320;

#[derive(Serialize)]
#[serde(bound = "")]
struct ReportFile<'r, R: Iterator<Item = ReportRow>> {
    rows: WrittenRows<R>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    outbound: &'r [OutboundAccess],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    patches: &'r [PatchReport],
}

/// Rows that are made as they are written.
struct WrittenRows<R>(Cell<Option<R>>);

impl<R: Iterator<Item = ReportRow>> Serialize for WrittenRows<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}

/// What one change of `x-tranship.patch` did to one entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchReport {
    /// The key path of the change.
    pub key: String,
    /// What it changed: `Resources.WebService`, `aws:autoscaling:asg`.
    pub entry: String,
    /// The values, by their places in the entry.
    pub changes: Vec<PatchedValue>,
}

/// A value before and after a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchedValue {
    /// Its place in the entry; empty for the entry itself.
    pub path: String,
    /// The value that was emitted without the change, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// The value that takes its place; none where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}

/// Addresses outside of the application that the containers of a task may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboundAccess {
    /// The service or job that the task is named after; `*` for all.
    pub task: String,
    /// A range of addresses, in CIDR notation.
    pub to: String,
    /// `tcp`, `udp` or `all`.
    pub protocol: &'static str,
    /// A port, a range of ports, or `all`.
    pub ports: String,
    /// Why it is open.
    pub why: String,
    /// The key that says so, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl OutboundAccess {
    /// Every address, port and protocol.
    pub fn everything(task: &str, why: &str) -> Self {
        let (to, ports) = ("0.0.0.0/0".to_owned(), "all".to_owned());
        OutboundAccess { task: task.to_owned(), to, protocol: "all", ports, why: why.to_owned(), key: None }
    }
}

/// What became of one leaf.
#[derive(Debug, Clone, Serialize)]
pub struct ReportRow {
    /// Its key path.
    pub key: String,
    /// `exact`, `approximated`, `ignored` or `rejected`.
    pub disposition: &'static str,
    /// In what it ended.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub claim: Cow<'static, str>,
    /// The value that stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Cow<'static, str>>,
    /// Why it is not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
    /// Whether the application behaves differently for it; for approximated and ignored leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loses: Option<bool>,
    /// `file:line:column` of the value and of what brought it, the file as seen from the first Compose file's
    /// directory: where the compile was started changes nothing.
    pub origin: Vec<ReportPlace>,
    /// The row of the support table that says so, where no code claimed the leaf.
    #[serde(skip)]
    pub support: Option<&'static str>,
}

/// How many leaves ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DispositionCounts {
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
        entry: LedgerEntry,
        support: Option<&'static str>,
        places: &mut ReportPlaces<'_>,
        origin: Origin,
    ) -> Self {
        let (disposition, value, reason, effect) = match entry.disposition {
            Disposition::Exact => ("exact", None, None, None),
            Disposition::Approximated { value, reason, effect } => {
                ("approximated", Some(value), Some(reason), Some(effect))
            }
            Disposition::Ignored { reason, effect } => ("ignored", None, Some(reason), Some(effect)),
            Disposition::Rejected { reason } => ("rejected", None, Some(reason), None),
        };
        ReportRow {
            key: key.text(),
            disposition,
            claim: entry.became,
            value,
            reason,
            loses: effect.map(|effect| effect == BehaviourEffect::ChangesBehaviour),
            origin: places.of(origin),
            support,
        }
    }
}

/// A place in a file, as a report shows it: `compose.yaml:12:7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPlace {
    /// The file as seen from the report's directory.
    path: Arc<str>,
    line: usize,
    column: usize,
}

impl fmt::Display for ReportPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

impl Serialize for ReportPlace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Shows origins as a report does: the files as seen from a directory.
pub(super) struct ReportPlaces<'s> {
    sources: &'s Sources,
    base: &'s Utf8Path,
    /// The files that were shown, as they are seen from there.
    seen: BTreeMap<FileId, Arc<str>>,
}

impl<'s> ReportPlaces<'s> {
    pub(super) fn new(sources: &'s Sources, base: &'s Utf8Path) -> Self {
        ReportPlaces { sources, base, seen: BTreeMap::new() }
    }

    fn of(&mut self, origin: Origin) -> Vec<ReportPlace> {
        let places = self.sources.places(origin);
        places.iter().filter_map(|place| self.shown(place.span)).collect()
    }

    fn shown(&mut self, span: Span) -> Option<ReportPlace> {
        let file = self.sources.file(span.file)?;
        let location = file.location(span.start);
        let seen = || seen_from(self.base, file.path()).as_str().into();
        let path = Arc::clone(self.seen.entry(span.file).or_insert_with(seen));
        Some(ReportPlace { path, line: location.line, column: location.column })
    }
}

/// `path` as seen from `base`; both are absolute, or both relative to the working directory.
fn seen_from(base: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    if base.is_absolute() != path.is_absolute() {
        return path.to_owned();
    }
    let shared = path.components().zip(base.components()).take_while(|(left, right)| left == right).count();
    let up = base.components().skip(shared).map(|_| "..");
    up.chain(path.components().skip(shared).map(|component| component.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_what_there_is() {
        let place = ReportPlace { path: "compose.yaml".into(), line: 117, column: 7 };
        let row = |number: usize| ReportRow {
            key: format!("services.service-{number}.init"),
            disposition: "approximated",
            claim: "task definition: Cpu".into(),
            value: (number == 0).then(|| "1024".into()),
            reason: None,
            loses: (number == 0).then_some(false),
            origin: vec![place.clone(); number],
            support: None,
        };
        let outbound = [OutboundAccess::everything("web", "nobody says less")];
        let text = report_json((0..2).map(row), &outbound, &[]).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let claim = "task definition: Cpu";
        let expected = serde_json::json!({
            "rows": [
                {
                    "key": "services.service-0.init", "disposition": "approximated", "claim": claim, "value": "1024",
                    "loses": false, "origin": []
                },
                {
                    "key": "services.service-1.init", "disposition": "approximated", "claim": claim,
                    "origin": ["compose.yaml:117:7"]
                },
            ],
            "outbound": [
                { "task": "web", "to": "0.0.0.0/0", "protocol": "all", "ports": "all", "why": "nobody says less" }
            ],
        });
        assert_eq!((&value, text.as_str()), (&expected, format!("{value:#}\n").as_str()));
        let text = report_json((0..0).map(row), &[], &[]).unwrap();
        assert_eq!(text, "{\n  \"rows\": []\n}\n");
    }

    #[test]
    fn places_are_shown_as_the_directory_sees_their_files() {
        let mut sources = Sources::new();
        let files = ["shop/compose.yaml", "shop/a/b.env"]
            .map(|path| sources.add_file(path.into(), "a: é\nb: c\n".into()));
        let [first, second, again] = [(0, 3), (1, 6), (0, 9)]
            .map(|(file, start)| sources.read_at(Span::new(files[file], start, start + 1)));
        let mut places = ReportPlaces::new(&sources, "shop".into());
        let mut of = |origin| places.of(origin).iter().map(ReportPlace::to_string).collect::<Vec<_>>();
        assert_eq!(of(first), ["compose.yaml:1:4"]);
        assert_eq!(of(second), ["a/b.env:2:1"]);
        assert_eq!(of(again), ["compose.yaml:2:4"]);
        assert_eq!(of(Origin::NOWHERE), [""; 0]);
    }

    #[test]
    fn a_path_does_not_depend_on_the_working_directory() {
        for (base, path, seen) in [
            ("", "compose.yaml", "compose.yaml"),
            ("shop", "shop/.env", ".env"),
            ("/work/shop", "/work/shop/common/base.yaml", "common/base.yaml"),
            ("../shop", "../library/base.yaml", "../library/base.yaml"),
            ("shop/deploy", "shop/compose.yaml", "../compose.yaml"),
            ("shop", "/elsewhere/x.env", "/elsewhere/x.env"),
        ] {
            assert_eq!(seen_from(base.into(), path.into()), seen, "{path} from {base}");
        }
    }
}
