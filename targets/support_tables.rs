//! Support tables as they are written: reading, merging and checking them, for `build.rs` and its tests.
//!
//! In: the text of each `targets/<folder>/support.yaml`. Out: one table a target. Invariant: a key has one
//! row for each target, in the base or in the overlay and never in both, so that no two rows can disagree.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTable {
    /// The folder of the table whose rows hold too.
    base: Option<String>,
    /// What people call the target, in a sentence; a base has none.
    product: Option<String>,
    rows: Vec<MergedRow>,
}

/// The table of one target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MergedTable {
    /// What people call the target, in a sentence.
    pub(crate) product: String,
    /// Its rows with those of its base, ordered by key.
    pub(crate) rows: Vec<MergedRow>,
}

/// One row as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergedRow {
    /// A pattern of key paths.
    pub(crate) key: String,
    /// Why, as a clause.
    pub(crate) reason: String,
    /// What being ignored does to the application.
    pub(crate) ignored: Option<IgnoredEffect>,
    /// What to do instead.
    pub(crate) rejected: Option<String>,
}

/// What being ignored does to the application.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IgnoredEffect {
    Harmless,
    Loses,
}

/// The tables of targets by folder, from the texts of all tables by folder. A base is no target.
///
/// # Errors
/// What is wrong in which table.
pub(crate) fn merge(texts: &BTreeMap<String, String>) -> Result<BTreeMap<String, MergedTable>, String> {
    let mut tables = BTreeMap::new();
    for (folder, text) in texts {
        let table: WrittenTable = serde_yaml::from_str(text).map_err(|error| format!("{folder}: {error}"))?;
        check(&table.rows).map_err(|error| format!("{folder}: {error}"))?;
        tables.insert(folder.as_str(), table);
    }
    for base in bases(&tables) {
        check_overlays(&tables, base)?;
    }
    let targets = tables.iter().filter(|(folder, _)| !bases(&tables).contains(folder));
    let merged = |(folder, table): (&&str, &WrittenTable)| {
        let product =
            table.product.clone().ok_or_else(|| format!("{folder}: the table names no `product`"))?;
        Ok(((*folder).to_owned(), MergedTable { product, rows: merged(&tables, folder, table)? }))
    };
    targets.map(merged).collect()
}

/// Folders that others name as their base.
fn bases<'t>(tables: &'t BTreeMap<&str, WrittenTable>) -> Vec<&'t str> {
    let mut bases: Vec<&str> = tables.values().filter_map(|table| table.base.as_deref()).collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}

/// Rows of the base and of the overlay, ordered by key.
fn merged(
    tables: &BTreeMap<&str, WrittenTable>,
    folder: &str,
    table: &WrittenTable,
) -> Result<Vec<MergedRow>, String> {
    let mut rows = table.rows.clone();
    if let Some(base) = &table.base {
        let base =
            tables.get(base.as_str()).ok_or_else(|| format!("{folder}: there is no table `{base}`"))?;
        rows.extend(base.rows.iter().cloned());
    }
    rows.sort_by(|left, right| left.key.cmp(&right.key));
    check(&rows).map_err(|error| format!("{folder}, with its base: {error}"))?;
    Ok(rows)
}

/// What all overlays of a base say belongs into the base.
fn check_overlays(tables: &BTreeMap<&str, WrittenTable>, base: &str) -> Result<(), String> {
    let overlays: Vec<&WrittenTable> =
        tables.values().filter(|table| table.base.as_deref() == Some(base)).collect();
    let Some((first, others)) = overlays.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Ok(());
    };
    let shared = first.rows.iter().find(|row| others.iter().all(|other| other.rows.contains(row)));
    match shared {
        Some(row) => Err(format!("{base}: every overlay has the same row {}; move it to the base", row.key)),
        None => Ok(()),
    }
}

/// Every row says one thing, why, and what to do where it rejects; keys are ordered and unique.
fn check(rows: &[MergedRow]) -> Result<(), String> {
    for row in rows {
        if row.ignored.is_some() == row.rejected.is_some() {
            return Err(format!("{} must be either `ignored` or `rejected`", row.key));
        }
        if row.reason.trim().is_empty() || row.rejected.as_ref().is_some_and(|help| help.trim().is_empty()) {
            return Err(format!("{} lacks its reason or what to do", row.key));
        }
    }
    for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
        if row.key == next.key {
            return Err(format!("duplicate key {}", row.key));
        }
        if row.key > next.key {
            return Err(format!("{} is out of order", next.key));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::merge;
    use std::collections::BTreeMap;

    const BASE: &str = "rows:\n- { key: a, reason: because, ignored: harmless }\n- { key: c, reason: because, ignored: harmless }\n";

    /// Merges a base with two overlays.
    fn merged(one: &str, two: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
        let texts = [("shared", BASE), ("one", one), ("two", two)];
        let texts = texts.map(|(folder, text)| (folder.to_owned(), text.to_owned()));
        let tables = merge(&BTreeMap::from(texts))?;
        let keys = |table: super::MergedTable| table.rows.into_iter().map(|row| row.key).collect();
        Ok(tables.into_iter().map(|(folder, table)| (folder, keys(table))).collect())
    }

    #[test]
    fn a_target_has_a_name_for_sentences() {
        let refused = merged("base: shared\nrows: []\n", "base: shared\nproduct: T\nrows: []\n").unwrap_err();
        assert_eq!(refused, "one: the table names no `product`");
    }

    #[test]
    fn an_overlay_adds_to_its_base() {
        let one = "base: shared\nproduct: T\nrows:\n- { key: b, reason: because, ignored: loses }\n";
        let two = "base: shared\nproduct: T\nrows: []\n";
        let tables = merged(one, two).unwrap();
        assert_eq!(tables.keys().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(tables["one"], ["a", "b", "c"]);
        assert_eq!(tables["two"], ["a", "c"]);
    }

    #[test]
    fn rows_do_not_repeat_or_contradict_each_other() {
        let empty = "base: shared\nproduct: T\nrows: []\n";
        let other = |ignored: &str| {
            format!("base: shared\nproduct: T\nrows:\n- {{ key: a, reason: because, ignored: {ignored} }}\n")
        };
        for row in ["harmless", "loses"] {
            assert_eq!(merged(&other(row), empty).unwrap_err(), "one, with its base: duplicate key a");
        }
        let same = "base: shared\nproduct: T\nrows:\n- { key: b, reason: because, ignored: loses }\n";
        let refused = merged(same, same).unwrap_err();
        assert_eq!(refused, "shared: every overlay has the same row b; move it to the base");
    }

    #[test]
    fn a_row_is_complete_and_in_its_place() {
        let table = |rows: &str| format!("base: shared\nproduct: T\nrows:\n{rows}");
        for (rows, why) in [
            ("- { key: b, reason: because }", "two: b must be either `ignored` or `rejected`"),
            ("- { key: b, reason: '', ignored: loses }", "two: b lacks its reason or what to do"),
            (
                "- { key: z, reason: because, ignored: loses }\n- { key: b, reason: because, ignored: loses }",
                "two: b is out of order",
            ),
        ] {
            assert_eq!(merged("base: shared\nproduct: T\nrows: []\n", &table(rows)).unwrap_err(), why);
        }
        let lost = merged("base: nowhere\nproduct: T\nrows: []\n", "base: shared\nproduct: T\nrows: []\n")
            .unwrap_err();
        assert_eq!(lost, "one: there is no table `nowhere`");
    }
}
