//! Every registered diagnostic is triggered by an input, and the reference page is up to date.
//!
//! `tests/diagnostics/<family>/<name>/` holds a manifest, perhaps `arguments` for the command, and
//! `expected.txt`: what `tranship` says of it on standard error. A rule without a folder is triggered by the
//! example of its own page. `TRANSHIP_BLESS=1 cargo test --test diagnostics` takes the present output as right.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]
#![allow(clippy::disallowed_methods, reason = "the test itself may ask whether to bless")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tranship::diagnostic::{Rule, Severity, page, rules};
use tranship::targets;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn bless() -> bool {
    std::env::var("TRANSHIP_BLESS").is_ok_and(|value| value == "1")
}

/// Compares a text with a committed file, or writes it.
fn hold(path: &Path, text: &str, failures: &mut Vec<String>) {
    let committed = fs::read_to_string(path).unwrap_or_default();
    if committed == text {
        return;
    }
    if bless() {
        fs::write(path, text).unwrap();
    } else {
        failures.push(format!("{} differs; it should be:\n{text}\nand is:\n{committed}", path.display()));
    }
}

fn folder(rule: &Rule) -> PathBuf {
    root().join("tests/diagnostics").join(rule.name)
}

/// What `tranship` says of a folder's manifest, on standard error.
fn said(rule: &Rule, folder: &Path) -> String {
    let given = fs::read_to_string(folder.join("arguments")).ok();
    let arguments = given.unwrap_or_else(|| format!("check --target {}", target(rule)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_tranship"));
    command.current_dir(folder).env_clear().args(arguments.split_whitespace());
    if rule.severity == Severity::Note {
        command.arg("--verbose");
    }
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

/// The target that a rule's family is about; any for those that hold for all.
fn target(rule: &Rule) -> &'static str {
    let family = rule.name.split('/').next().unwrap_or_default();
    targets::find(family).map_or("beanstalk", |target| target.name())
}

#[test]
fn manifests_are_answered_as_committed() {
    let mut failures = Vec::new();
    for rule in rules::all().filter(|rule| folder(rule).is_dir()) {
        let folder = folder(rule);
        let said = said(rule, &folder);
        if !said.contains(&format!("[{}]", rule.name)) {
            failures.push(format!("{} is not triggered:\n{said}", rule.name));
        }
        hold(&folder.join("expected.txt"), &said, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_folder_is_a_rule() {
    let known: BTreeSet<String> = rules::all().map(|rule| rule.name.to_owned()).collect();
    let names = |path: &Path| -> Vec<String> {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
        entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    };
    let cases = root().join("tests/diagnostics");
    for family in names(&cases) {
        for name in names(&cases.join(&family)) {
            assert!(known.contains(&format!("{family}/{name}")), "{family}/{name} is no rule");
        }
    }
}

#[test]
fn the_reference_is_up_to_date() {
    let mut failures = Vec::new();
    hold(&root().join("docs/diagnostics.md"), &page::reference(), &mut failures);
    assert!(failures.is_empty(), "run TRANSHIP_BLESS=1 cargo test --test diagnostics");
}
