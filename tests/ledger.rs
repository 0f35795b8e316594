//! Nothing is lost in silence: every key of the Compose specification ends, for every target, as claimed by code or
//! explained by a row of the target's support table, and no row of a table is there for nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use tranship::app::{DispositionReport, EnvironmentChoice, SupportRow};
use tranship::compile::{CompileOutcome, CompileRequest, account};
use tranship::compose::LoadOptions;
use tranship::targets;
use tranship::world::DiskWorld;

/// A column of the published matrix: what it is called, the target, and the setting that chooses its platform.
type Column = (&'static str, &'static str, Option<&'static str>);

/// Every target, with each of its platforms.
const COLUMNS: &[Column] = &[
    ("beanstalk, `ecs`", "beanstalk", Some("ecs")),
    ("beanstalk, `docker`", "beanstalk", Some("docker")),
    ("ecs-ec2", "ecs-ec2", None),
    ("fargate", "fargate", None),
];

/// Compiles the manifest that uses every key.
fn every_key(column: &Column) -> CompileOutcome {
    compiled("every-key", column)
}

fn compiled(case: &str, (_, target, platform): &Column) -> CompileOutcome {
    let platform = platform.map(|platform| format!("tests/ledger/platform/{platform}.yaml").into());
    let own = format!("tests/ledger/{case}/compose.yaml").into();
    let options = LoadOptions {
        files: std::iter::once(own).chain(platform).collect(),
        profiles: vec!["*".into()],
        ignore_process_environment: true,
        ..LoadOptions::default()
    };
    let request = CompileRequest { options, choice: EnvironmentChoice::Target((*target).to_owned()) };
    account(&request, &DiskWorld::new().unwrap())
}

fn said(outcome: &CompileOutcome) -> String {
    let lines: Vec<String> =
        outcome.diagnostics.iter().map(|one| format!("{}: {}", one.rule.name, one.message)).collect();
    lines.join("\n")
}

fn report(outcome: &CompileOutcome) -> &DispositionReport {
    outcome.report.as_ref().unwrap_or_else(|| panic!("no account was made:\n{}", said(outcome)))
}

/// What is neither claimed nor explained.
fn unaccounted(outcome: &CompileOutcome) -> Vec<&str> {
    let own_fault = outcome.diagnostics.iter().filter(|one| one.rule.name == "internal/unaccounted-key");
    own_fault.map(|one| one.message.as_str()).collect()
}

/// A job runs in other ways than a service, which must lose nothing either.
#[test]
fn every_key_of_a_job_is_accounted_for() {
    for column in COLUMNS {
        let outcome = compiled("every-key-of-a-job", column);
        let lost = unaccounted(&outcome);
        assert!(lost.is_empty(), "{}: {}", column.0, lost.join("\n"));
        assert!(report(&outcome).rows.len() > 80, "{}: {}", column.0, report(&outcome).rows.len());
    }
}

#[test]
fn every_key_is_accounted_for() {
    let targets: BTreeSet<&str> = COLUMNS.iter().map(|(_, target, _)| *target).collect();
    assert_eq!(targets, targets::all().iter().map(|target| target.name()).collect());
    for column in COLUMNS {
        let outcome = every_key(column);
        let lost = unaccounted(&outcome);
        assert!(lost.is_empty(), "{}", lost.join("\n"));
        assert!(report(&outcome).rows.len() > 300, "{}: {} leaves", column.0, report(&outcome).rows.len());
    }
}

#[test]
fn every_row_of_a_support_table_is_needed() {
    let mut idle = Vec::new();
    for column in COLUMNS.iter().filter(|(_, _, platform)| *platform != Some("docker")) {
        let target = targets::find(column.1).unwrap();
        let outcome = every_key(column);
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
    for column in COLUMNS {
        let outcome = every_key(column);
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

/// `services.web.ports[0].target` as the matrix names it: `services.*.ports[].target`.
fn pattern(key: &str) -> String {
    let mut parts: Vec<String> = key.split('.').map(str::to_owned).collect();
    let named = ["services", "volumes", "networks", "secrets", "configs", "models"];
    if let [room, name, ..] = parts.as_mut_slice()
        && named.contains(&room.as_str())
    {
        "*".clone_into(name);
    }
    let open = [
        "environment",
        "labels",
        "options",
        "driver_opts",
        "sysctls",
        "extra_hosts",
        "depends_on",
        "annotations",
        "args",
        "additional_contexts",
        "aux_addresses",
        "ssh",
    ];
    let at = parts.iter().skip(2).position(|part| open.contains(&part.as_str())).map(|at| at + 3);
    if let Some(free) = at {
        // A key of the user's own may hold dots; all of it is one name.
        let last =
            (parts.get(free - 1).map(String::as_str) == Some("depends_on")).then(|| parts.last().cloned());
        parts.truncate(free);
        parts.push("*".to_owned());
        parts.extend(last.flatten());
    }
    let digits = |part: &String| {
        part.split('[')
            .map(|piece| piece.trim_start_matches(|c: char| c.is_ascii_digit()))
            .collect::<Vec<_>>()
            .join("[")
    };
    parts.iter().map(digits).collect::<Vec<_>>().join(".")
}

/// The matrix in Markdown: a line for each key, a column for each target.
fn matrix() -> String {
    let mut cells: BTreeMap<String, BTreeMap<&str, BTreeSet<&'static str>>> = BTreeMap::new();
    for column in COLUMNS {
        for row in &report(&every_key(column)).rows {
            let said = match (row.disposition, row.loses) {
                ("ignored", Some(true)) => "**ignored**",
                (disposition, _) => disposition,
            };
            cells.entry(pattern(&row.key)).or_default().entry(column.0).or_default().insert(said);
        }
    }
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _, _)| *name).collect();
    let mut text = String::from(
        "# Support for each Compose key\n\nGenerated by the ledger test from one manifest that uses every key of the \
         Compose specification. *exact*: it means the same. *approximated*: the closest equivalent is used, and reported. \
         *ignored*: it is not needed on AWS. **ignored**: the application behaves differently without it, and a warning \
         says so. *rejected*: an error says what to do. Several words: it depends on the value. Keys that Docker Compose \
         itself resolves (`extends`, `include`, `env_file`, `profiles`, ...) never reach a target.\n\n",
    );
    text += &format!("| key | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (key, by_target) in &cells {
        let column = |name: &&str| {
            by_target
                .get(*name)
                .map_or(String::new(), |said| said.iter().copied().collect::<Vec<_>>().join(", "))
        };
        text += &format!("| `{key}` | {} |\n", names.iter().map(column).collect::<Vec<_>>().join(" | "));
    }
    text
}

#[test]
fn the_published_matrix_is_what_happens() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/support.md");
    let made = matrix();
    if std::env::var_os("TRANSHIP_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap();
    let differing = made.lines().zip(published.lines()).find(|(made, published)| made != published);
    assert!(
        made == published,
        "docs/support.md is out of date: {differing:?}; regenerate it with TRANSHIP_BLESS=1"
    );
}
