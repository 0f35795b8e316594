//! The proof: no leaf of a manifest is lost, and the account of it is true.
//!
//! Over applications that between them use every key, each leaf is changed in place, one at a time. Then the
//! artifacts (comments and the report left out) change, or a diagnostic names the leaf's line, and the leaf's
//! row in the report agrees with which of the two it was: what is *exact* shows in the artifacts, what is
//! *approximated* shows or is said, what is *ignored* or *rejected* is said.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

mod leaves;
mod mutators;
mod project;
mod verdict;
mod words;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tranship::app::listed_settings;
use tranship::compose::schema::key_paths;
use verdict::Fault;

/// Part of `target application`, to run no others while one works on them.
fn only() -> String {
    std::env::var("TRANSHIP_PROOF").unwrap_or_default()
}

/// Every project for every target, on as many threads as there are processors.
fn faults() -> (usize, Vec<Fault>) {
    let mut projects = project::all();
    // The longest first, so that the threads end together.
    projects.sort_by_key(|project| std::cmp::Reverse(project.text.len()));
    let work: Vec<(&project::ProofProject, &str)> = projects
        .iter()
        .flat_map(|project| project::PLATFORMS.iter().map(move |target| (project, *target)))
        .filter(|(project, target)| format!("{target} {}", project.name).contains(&only()))
        .collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new((0, Vec::new())));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((project, target)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (count, faults) = verdict::judge(project, target);
                    let mut found = found.lock().unwrap();
                    found.0 += count;
                    found.1.extend(faults);
                }
            });
        }
    });
    let (count, mut faults) = found.into_inner().unwrap();
    faults.sort();
    (count, faults)
}

#[test]
fn every_leaf_shows_in_the_artifacts_or_is_spoken_of_and_its_row_says_which() {
    let (count, faults) = faults();
    let known: BTreeSet<String> = project::known()
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#') && line.contains(&only()))
        .map(|line| line.split(": ").next().unwrap().to_owned())
        .collect();
    let failing: BTreeSet<&str> = faults.iter().map(|fault| fault.leaf.as_str()).collect();
    let new: Vec<String> = faults
        .iter()
        .filter(|fault| !known.contains(&fault.leaf))
        .map(|fault| format!("{}: {}", fault.leaf, fault.why))
        .collect();
    let gone: Vec<&String> = known.iter().filter(|leaf| !failing.contains(leaf.as_str())).collect();
    assert!(new.is_empty(), "{} of {count} leaves fail:\n{}", new.len(), new.join("\n"));
    assert!(gone.is_empty(), "these no longer fail, so known.txt must not name them: {gone:#?}");
}

/// The paths of every node of every project.
fn used() -> Vec<Vec<leaves::Step>> {
    project::all().iter().flat_map(|project| leaves::read(&project.text).1).collect()
}

#[test]
fn the_projects_use_every_key_of_the_specification() {
    let used = used();
    let missing: Vec<String> =
        key_paths().into_iter().filter(|key| !used.iter().any(|path| leaves::is(key, path))).collect();
    assert!(missing.is_empty(), "no project uses {missing:#?}");
}

#[test]
fn the_projects_use_every_setting() {
    let used: BTreeSet<String> = used()
        .iter()
        .filter_map(|path| {
            let at = path.iter().position(|step| *step == leaves::Step::Key("x-tranship".to_owned()))?;
            Some(leaves::shown(&path[at + 1..]).replace(|letter: char| "[]0123456789".contains(letter), ""))
        })
        .collect();
    let unused = |name: &String| {
        !used.iter().any(|path| {
            path == name
                || ["environments.", "secrets."]
                    .iter()
                    .find_map(|named| path.strip_prefix(named))
                    .is_some_and(|rest| rest.split_once('.').is_some_and(|(_, key)| key == name))
        })
    };
    let missing: Vec<String> = listed_settings().iter().map(|one| one.name()).filter(unused).collect();
    assert!(missing.is_empty(), "no project uses {missing:#?}");
}
