//! The lines of the manifest, by key: from `report.json`, the account of every leaf.
//!
//! In: the bytes of `report.json`. Out: [`ManifestLines`], which finds the line that causes a change.

use serde_json::Value as Json;

/// A place in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestLine {
    /// The key: `services.web.image`.
    pub key: String,
    /// The file and the line: `compose.yaml:12`.
    pub place: String,
}

/// The lines of the manifest, by key.
#[derive(Debug, Clone, Default)]
pub struct ManifestLines {
    rows: Vec<ManifestRow>,
}

#[derive(Debug, Clone)]
struct ManifestRow {
    line: ManifestLine,
    /// What became of the key: `task definition: User`.
    claim: String,
}

impl ManifestLines {
    /// Reads `report.json`; without one, no line is known.
    pub fn read(report: Option<&[u8]>) -> Self {
        let parsed = report.and_then(|bytes| serde_json::from_slice::<Json>(bytes).ok()).unwrap_or_default();
        let rows = parsed.get("rows").and_then(Json::as_array).into_iter().flatten();
        ManifestLines { rows: rows.filter_map(row).collect() }
    }

    /// The line of this key, or the first one below it.
    pub(super) fn of(&self, key: &str) -> Option<ManifestLine> {
        let exact = self.rows.iter().find(|row| row.line.key == key);
        let below =
            || self.rows.iter().filter(|row| is_below(&row.line.key, key)).min_by_key(|row| row.number());
        exact.or_else(below).map(|row| row.line.clone())
    }

    /// The line below one of these keys whose claim names this property, or whose own name is in the name of the property.
    pub(super) fn about(&self, keys: &[String], property: &str) -> Option<ManifestLine> {
        let under = |row: &&ManifestRow| keys.iter().any(|key| is_below(&row.line.key, key));
        let claims = |row: &&ManifestRow| {
            let named = row.claim.rsplit(": ").next().unwrap_or_default();
            named.split('.').next() == Some(property) && row.claim.contains(": ")
        };
        let claimed = self.rows.iter().filter(under).find(claims);
        let word = simple(property);
        let spelled = |row: &&ManifestRow| {
            let last = row.line.key.rsplit('.').next().unwrap_or_default();
            let last = simple(last);
            last.len() > 3 && word.contains(&last)
        };
        let found = claimed.or_else(|| self.rows.iter().filter(under).find(spelled));
        found.map(|row| row.line.clone())
    }
}

impl ManifestRow {
    fn number(&self) -> u64 {
        self.line.place.rsplit(':').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
    }
}

fn simple(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

fn is_below(key: &str, parent: &str) -> bool {
    key.strip_prefix(parent).is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn row(row: &Json) -> Option<ManifestRow> {
    let key = row.get("key")?.as_str()?.to_owned();
    let origin = row.get("origin")?.get(0)?.as_str()?;
    // The column says nothing that a reader of a line needs.
    let place = origin.rsplit_once(':').map_or(origin, |(line, _)| line).to_owned();
    let claim = row.get("claim").and_then(Json::as_str).unwrap_or_default().to_owned();
    Some(ManifestRow { line: ManifestLine { key, place }, claim })
}
