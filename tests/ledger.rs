//! Nothing is lost in silence: every key of the Compose specification ends, for every target, as claimed by code or
//! explained by a row of the target's support table, and no row of a table is there for nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may fail loudly")]

use std::collections::BTreeSet;
use tranship::app::{EnvironmentChoice, Report, SupportRow};
use tranship::compile::{Outcome, Request, compile};
use tranship::compose::LoadOptions;
use tranship::targets;
use tranship::world::Disk;

/// Compiles the manifest that uses every key.
fn every_key(target: &str) -> Outcome {
    let options = LoadOptions {
        files: vec!["tests/ledger/every-key/compose.yaml".into()],
        profiles: vec!["*".into()],
        ignore_process_environment: true,
        ..LoadOptions::default()
    };
    let request = Request { options, choice: EnvironmentChoice::Target(target.to_owned()) };
    compile(&request, &Disk::new().unwrap())
}

fn said(outcome: &Outcome) -> String {
    let lines: Vec<String> =
        outcome.diagnostics.iter().map(|one| format!("{}: {}", one.rule.name, one.message)).collect();
    lines.join("\n")
}

fn report(outcome: &Outcome) -> &Report {
    outcome.report.as_ref().unwrap_or_else(|| panic!("no account was made:\n{}", said(outcome)))
}

#[test]
fn every_key_is_accounted_for() {
    assert!(!targets::all().is_empty());
    for target in targets::all() {
        let outcome = every_key(target.name());
        let lost: Vec<&str> = outcome
            .diagnostics
            .iter()
            .filter(|one| one.rule.name == "internal/unaccounted-key")
            .map(|one| one.message.as_str())
            .collect();
        assert!(lost.is_empty(), "{}", lost.join("\n"));
        assert!(
            report(&outcome).rows.len() > 300,
            "{}: {} leaves",
            target.name(),
            report(&outcome).rows.len()
        );
    }
}

#[test]
fn every_row_of_a_support_table_is_needed() {
    let mut idle = Vec::new();
    for target in targets::all() {
        let outcome = every_key(target.name());
        let report = report(&outcome);
        let used: BTreeSet<&str> = report.rows.iter().filter_map(|row| row.support).collect();
        let rows: &[SupportRow] = target.support().rows;
        idle.extend(
            rows.iter()
                .filter(|row| !used.contains(row.key))
                .map(|row| format!("{}: {}", target.name(), row.key)),
        );
    }
    assert!(idle.is_empty(), "rows that explain no leaf of the manifest:\n{}", idle.join("\n"));
}

#[test]
fn an_account_has_each_leaf_once_and_says_where_it_stands() {
    for target in targets::all() {
        let outcome = every_key(target.name());
        let mut seen = BTreeSet::new();
        for row in &report(&outcome).rows {
            assert!(seen.insert(&row.key), "{} stands twice", row.key);
            assert!(!row.origin.is_empty(), "{} has no place", row.key);
            if row.disposition == "ignored" || row.disposition == "rejected" {
                assert!(row.reason.is_some(), "{} has no reason", row.key);
            }
        }
    }
}
