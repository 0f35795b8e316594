//! Checks the targets' support tables and compiles them in: `targets/*/support.yaml` becomes
//! `support.rs` in the build output, with one static table per target.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One row of a table, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    key: String,
    reason: String,
    ignored: Option<Effect>,
    rejected: Option<String>,
}

/// How ignoring a key affects the application.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Harmless,
    Loses,
}

#[allow(clippy::disallowed_methods, reason = "a build script gets its output directory from the environment")]
fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=.");
    let mut code = String::new();
    for target in targets()? {
        let path = Path::new(&target).join("support.yaml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let rows: Vec<Row> =
            serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        check(&rows).map_err(|error| format!("{}: {error}", path.display()))?;
        write_table(&mut code, &target, &rows);
    }
    let out = std::env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    std::fs::write(PathBuf::from(out).join("support.rs"), code).map_err(|error| error.to_string())
}

/// The directories in `targets` that have a support table, sorted.
fn targets() -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(".").map_err(|error| format!("targets: {error}"))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().join("support.yaml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Checks that every row has one disposition, a reason, and help if it rejects; keys are sorted and unique.
fn check(rows: &[Row]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for row in rows {
        if !seen.insert(&row.key) {
            return Err(format!("duplicate row for {}", row.key));
        }
        if row.ignored.is_some() == row.rejected.is_some() {
            return Err(format!("{} must be either `ignored` or `rejected`", row.key));
        }
        if row.reason.trim().is_empty() || row.rejected.as_ref().is_some_and(|help| help.trim().is_empty()) {
            return Err(format!("{} has no reason, or no help for what it rejects", row.key));
        }
    }
    if !rows.is_sorted_by(|left, right| left.key <= right.key) {
        let wrong = rows.iter().zip(rows.iter().skip(1)).find(|(left, right)| left.key > right.key);
        return Err(format!("{} is out of order", wrong.map_or("a row", |(_, right)| &right.key)));
    }
    Ok(())
}

fn write_table(code: &mut String, target: &str, rows: &[Row]) {
    let name = target.to_uppercase();
    let shown = target.replace('_', "-");
    let _ = writeln!(code, "/// How `{shown}` treats keys that its code does not claim.");
    let _ = writeln!(code, "pub static {name}: tranship_app::SupportTable = tranship_app::SupportTable {{");
    let _ = writeln!(code, "    target: {shown:?},\n    rows: &[");
    for row in rows {
        let support = match (&row.ignored, &row.rejected) {
            (Some(Effect::Harmless), _) => "Ignored { loses: false }".to_owned(),
            (Some(Effect::Loses), _) => "Ignored { loses: true }".to_owned(),
            (None, help) => format!("Rejected {{ help: {:?} }}", help.clone().unwrap_or_default()),
        };
        let _ = writeln!(
            code,
            "        tranship_app::SupportRow {{ key: {:?}, support: tranship_app::Support::{support}, reason: {:?} }},",
            row.key, row.reason
        );
    }
    let _ = writeln!(code, "    ],\n}};");
}
