//! Checks the support tables and compiles them in: `targets/*/support.yaml` becomes `support.rs` in the
//! build's output, one static table a target.

mod support_tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use support_tables::{IgnoredEffect, MergedTable, merge};

#[allow(clippy::disallowed_methods, reason = "a build script gets its output directory from the environment")]
fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=.");
    let mut code = String::new();
    for (target, table) in merge(&texts()?)? {
        write_table(&mut code, &target, &table);
    }
    let out = std::env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    std::fs::write(PathBuf::from(out).join("support.rs"), code).map_err(|error| error.to_string())
}

/// The support tables by their folder.
fn texts() -> Result<BTreeMap<String, String>, String> {
    let entries = std::fs::read_dir(".").map_err(|error| format!("targets: {error}"))?;
    let mut texts = BTreeMap::new();
    for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let path = Path::new(&name).join("support.yaml");
        if path.is_file() {
            let text = std::fs::read_to_string(&path);
            texts.insert(name, text.map_err(|error| format!("{}: {error}", path.display()))?);
        }
    }
    Ok(texts)
}

fn write_table(code: &mut String, target: &str, table: &MergedTable) {
    let name = target.to_uppercase();
    let shown = target.replace('_', "-");
    let _ = writeln!(code, "/// How `{shown}` treats keys that its code does not claim.");
    let _ = writeln!(code, "pub static {name}: tranship_app::SupportTable = tranship_app::SupportTable {{");
    let _ = writeln!(code, "    target: {shown:?},\n    product: {:?},\n    rows: &[", table.product);
    let ignored = |effect: &str| format!("Ignored {{ effect: tranship_app::BehaviourEffect::{effect} }}");
    for row in &table.rows {
        let support = match (&row.ignored, &row.rejected) {
            (Some(IgnoredEffect::Harmless), _) => ignored("Equivalent"),
            (Some(IgnoredEffect::Loses), _) => ignored("ChangesBehaviour"),
            (None, help) => format!("Rejected {{ help: {:?} }}", help.clone().unwrap_or_default()),
        };
        let _ = writeln!(
            code,
            "        tranship_app::SupportRow {{ key: {:?}, support: tranship_app::KeySupport::{support}, reason: {:?} }},",
            row.key, row.reason
        );
    }
    let _ = writeln!(code, "    ],\n}};");
}
