//! Readers under faulty input: YAML, variables in it, env files in both formats, label files, files that are
//! included, extended or merged on top, and the settings. Whatever they hold, the compile ends without a panic,
//! and what makes no artifacts is refused with a rule and, where a file is to blame, a place.
//!
//! Everyday a few cases; `TRANSHIP_FUZZ_CASES` sets how many for each reader (`tests/run --all fuzz`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::diagnostic::render::{collect, json};
use tranship::targets;
use tranship::world::MemoryWorld;

/// A project that has one file for each reader; the name of the file is the name of the reader.
const FILES: [(&str, &str); 9] = [
    (
        "compose.yaml",
        "name: site\ninclude: [included.yaml]\nservices:\n  web:\n    extends: { file: base.yaml, service: shared }\n    image: \"web:${TAG:-1}\"\n    ports: [\"80:80\"]\n    env_file: [web.env, { path: raw.env, format: raw }]\n    label_file: web.labels\n    volumes: [\"data:/data\"]\n    healthcheck: { test: [CMD, check], interval: 30s }\n    deploy: { resources: { limits: { cpus: \"0.5\", memory: 512M } } }\nvolumes:\n  data:\n",
    ),
    (
        "x-tranship.yaml",
        "x-tranship:\n  region: eu-central-1\n  instances: { min: 2, max: 6 }\n  tags: { team: web }\n",
    ),
    (".env", "TAG=1.2\nOTHER=${TAG}-x\nQUOTED='a b'\n"),
    ("web.env", "MODE=fast\nexport URL=\"http://${MODE:-slow}\"\nMULTI=\"a\nb\"\n"),
    ("raw.env", "RAW=$no ${thing} \"here\"\n"),
    ("web.labels", "team=web\nowner=ops\n"),
    ("included.yaml", "services:\n  cache:\n    image: redis:7.4\n"),
    ("base.yaml", "services:\n  shared:\n    environment: { SHARED: \"1\" }\n"),
    ("overlay.yaml", "services:\n  web:\n    command: !override [serve]\n    environment: [MODE=slow]\n"),
];

/// Pieces that mean something to one reader or another.
const PIECES: [&str; 36] = [
    ":",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "#",
    " #",
    "&a ",
    "*a",
    "<<: *a",
    "!reset ",
    "!override ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "\\",
    "$",
    "${",
    "${A:-",
    "${A:?b}",
    "$$",
    "=",
    "export ",
    "|",
    ">-",
    "---",
    "~",
    "0x1f",
    "1e309",
    "\u{0}",
    "é",
    "\u{feff}",
];

/// One change of a text, at a place in thousandths of its length.
#[derive(Debug, Clone)]
enum TextChange {
    Insert(usize, &'static str),
    Delete(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = TextChange> {
    let piece = prop::sample::select(&PIECES[..]);
    prop_oneof![
        3 => (0..1000_usize, piece).prop_map(|(at, piece)| TextChange::Insert(at, piece)),
        2 => (0..1000_usize, 1..40_usize).prop_map(|(at, length)| TextChange::Delete(at, length)),
        1 => (0..1000_usize, 1..60_usize).prop_map(|(at, length)| TextChange::Repeat(at, length)),
    ]
}

/// Characters, so that what is left is still text.
fn changed(text: &str, changes: &[TextChange]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for change in changes {
        let place = |at: usize, letters: &[char]| letters.len() * at / 1000;
        match *change {
            TextChange::Insert(at, piece) => {
                let at = place(at, &letters);
                letters.splice(at..at, piece.chars());
            }
            TextChange::Delete(at, length) => {
                let at = place(at, &letters);
                let end = (at + length).min(letters.len());
                letters.drain(at..end);
            }
            TextChange::Repeat(at, length) => {
                let at = place(at, &letters);
                let end = (at + length).min(letters.len());
                let copy: Vec<char> = letters.iter().skip(at).take(end - at).copied().collect();
                letters.splice(at..at, copy);
            }
        }
    }
    letters.into_iter().collect()
}

/// Compiles the project with one file changed, for a target: whether it compiles, or what is wrong with the answer.
fn answer(name: &str, text: &str, target: &str) -> Result<bool, String> {
    let world =
        FILES.iter().fold(MemoryWorld::new(), |world, (file, text)| world.file(file, *text)).file(name, text);
    let overlays = ["x-tranship.yaml", "overlay.yaml"].map(Into::into).to_vec();
    let options = LoadOptions { overlays, ..LoadOptions::default() };
    let choice = EnvironmentChoice::Target(target.to_owned());
    let outcome = compile(&CompileRequest { options, choice }, &world);
    let errors: Vec<_> = outcome.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    if let Some(own) = outcome.diagnostics.iter().find(|one| one.rule.name.starts_with("internal/")) {
        return Err(format!("{}: {}", own.rule.name, own.message));
    }
    if outcome.compiled.is_some() != errors.is_empty() {
        return Err(format!("artifacts: {}, errors: {}", outcome.compiled.is_some(), errors.len()));
    }
    if let Some(lost) = errors.iter().find(|one| one.labels.is_empty()) {
        return Err(format!("no place: {}: {}", lost.rule.name, lost.message));
    }
    let found = collect([(&outcome.diagnostics, &outcome.sources)]);
    let _rendered = json(&found);
    Ok(outcome.compiled.is_some())
}

/// How many cases each reader gets.
fn cases() -> u32 {
    std::env::var("TRANSHIP_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

fn fuzz(name: &str) {
    let (_, text) = FILES.iter().find(|(file, _)| *file == name).unwrap();
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x7261_6e73),
        ..Config::default()
    };
    let names: Vec<&str> = targets::all().iter().map(|target| target.name()).collect();
    let strategy = (prop::collection::vec(change(), 1..6), prop::sample::select(names));
    let result = TestRunner::new(config).run(&strategy, |(changes, target)| {
        answer(name, &changed(text, &changes), target).map(drop).map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{name}: {failure}");
    }
}

/// The unchanged project is good: only then does a change of it reach what lies behind the reader.
#[test]
fn the_project_compiles() {
    for target in targets::all() {
        let (name, text) = FILES[0];
        assert!(answer(name, text, target.name()).unwrap(), "{}", target.name());
    }
}

macro_rules! readers {
    ($($test:ident: $file:literal;)+) => {
        $(#[test] fn $test() { fuzz($file); })+

        /// A file without a test of its own is not fuzzed.
        #[test]
        fn every_file_is_fuzzed() {
            let fuzzed = [$($file),+];
            assert!(FILES.iter().all(|(file, _)| fuzzed.contains(file)));
        }
    };
}

readers! {
    a_compose_file: "compose.yaml";
    the_settings: "x-tranship.yaml";
    the_variables_of_the_project: ".env";
    an_env_file: "web.env";
    a_raw_env_file: "raw.env";
    a_label_file: "web.labels";
    an_included_file: "included.yaml";
    an_extended_file: "base.yaml";
    a_file_on_top: "overlay.yaml";
}
