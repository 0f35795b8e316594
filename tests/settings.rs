//! The declarations of `x-tranship` against what the program does: every example compiles for the targets that
//! its declaration names and is used there, and has no effect on the others; the reference page and the JSON
//! Schema are up to date. `TRANSHIP_BLESS=1 cargo test --test settings` writes the two anew.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tranship::app::{
    EnvironmentChoice, ListedSetting, SettingTargets, listed_settings, published_schema, settings_reference,
};
use tranship::compile::{CompileOutcome, CompileRequest, account, environments};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;
use tranship::{known_names, targets};

/// The project of an example: the manifest, and the file that `files` merges on top.
fn project(one: &ListedSetting) -> MemoryWorld {
    let overlay = "services:\n  web:\n    environment: { LOG_LEVEL: warn }\n";
    MemoryWorld::new()
        .file("compose.yaml", one.declaration.manifest())
        .file("compose.production.yaml", overlay)
}

/// What an example is compiled for: its environments, else every target.
fn choices(world: &MemoryWorld) -> Vec<EnvironmentChoice> {
    let (declared, _, _) = environments(&LoadOptions::default(), world);
    let declared: Vec<_> =
        declared.unwrap().into_iter().map(|one| EnvironmentChoice::Environment(one.name)).collect();
    let every = targets::all().iter().map(|target| EnvironmentChoice::Target(target.name().to_owned()));
    if declared.is_empty() { every.collect() } else { declared }
}

fn said(outcome: &CompileOutcome) -> Vec<String> {
    outcome.diagnostics.iter().map(|one| format!("{}: {}", one.rule.name, one.message)).collect()
}

/// Whether a row of the report is of the setting: `services.web.x-tranship.public[0].host` of `public.host`.
fn is_of(row: &str, one: &ListedSetting) -> bool {
    let Some((_, below)) = row.split_once("x-tranship.") else { return false };
    let steps: Vec<&str> = below.split('.').map(|step| step.split('[').next().unwrap_or(step)).collect();
    let steps = match steps.as_slice() {
        ["environments", _, rest @ ..] if one.keys != ["environments"] => rest,
        ["secrets", _, rest @ ..] if one.section.places.iter().any(|place| place.contains(".secrets.")) => {
            rest
        }
        all => all,
    };
    steps.starts_with(&one.keys)
}

/// What the report says of the setting itself.
fn dispositions(outcome: &CompileOutcome, one: &ListedSetting) -> BTreeSet<&'static str> {
    let rows = outcome.report.iter().flat_map(|report| &report.rows);
    rows.filter(|row| is_of(&row.key, one)).map(|row| row.disposition).collect()
}

#[test]
fn every_example_is_used_by_the_targets_that_its_declaration_names_and_by_no_other() {
    let mut wrong = Vec::new();
    for one in listed_settings() {
        let world = project(&one);
        for choice in choices(&world) {
            let outcome = account(&CompileRequest { options: LoadOptions::default(), choice }, &world);
            let target = outcome.target.unwrap_or("no target");
            let place = format!("{} on {target}", one.path());
            let (found, said) = (dispositions(&outcome, &one), said(&outcome));
            if said.iter().any(|line| line.starts_with("internal/")) {
                wrong.push(format!("{place}: a fault of Tranship: {said:#?}"));
            }
            let uses = one.declaration.targets.uses(target);
            // Of the environments one is used at a time, and of the targets of a change.
            let used = found.contains("exact") || found.contains("approximated");
            let chooses = one.keys == ["environments"] || one.keys.ends_with(&["patch", "targets"]);
            let used = used && (chooses || !found.contains("ignored"));
            if uses && (outcome.compiled.is_none() || !used) {
                wrong.push(format!("{place} is declared as used, and is {found:?}: {said:#?}"));
            }
            if one.declaration.targets.ignores(target) && found != BTreeSet::from(["ignored"]) {
                wrong.push(format!("{place} is declared as not used, and is {found:?}: {said:#?}"));
            }
            let refused = matches!(one.declaration.targets, SettingTargets::RefusedElsewhere(_)) && !uses;
            if refused && outcome.compiled.is_some() {
                wrong.push(format!("{place} is declared as refused, and compiles"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_declaration_names_targets_that_there_are() {
    for one in listed_settings() {
        for name in one.declaration.targets.names().unwrap_or_default() {
            assert!(targets::find(name).is_some(), "{}: no target is named `{name}`", one.path());
        }
    }
}

#[test]
fn the_reference_and_the_schema_are_up_to_date() {
    let known = known_names();
    let made = [
        ("docs/x-tranship.md", settings_reference(&known.targets)),
        ("docs/x-tranship.schema.json", format!("{:#}\n", published_schema(&known.targets))),
    ];
    let bless = std::env::var("TRANSHIP_BLESS").is_ok_and(|value| value == "1");
    for (path, text) in made {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if bless {
            fs::write(&file, &text).unwrap();
        }
        let published = fs::read_to_string(&file).unwrap_or_default();
        assert!(published == text, "{path} is behind: run TRANSHIP_BLESS=1 cargo test --test settings");
    }
}
