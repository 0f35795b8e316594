//! The examples of the guides compile without a warning.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::Path;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::world::MemoryWorld;

/// The blocks of a guide in a language.
fn blocks(guide: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(guide)).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// What is said of a manifest, notes left out.
fn warned(target: &str, manifest: &str) -> Vec<String> {
    let world = MemoryWorld::new().file("compose.yaml", manifest);
    let options = LoadOptions { files: vec!["compose.yaml".into()], ..LoadOptions::default() };
    let choice = EnvironmentChoice::Target(target.to_owned());
    let outcome = compile(&CompileRequest { options, choice }, &world);
    let loud = outcome.diagnostics.iter().filter(|it| it.severity != Severity::Note);
    loud.map(|it| format!("{}: {}", it.rule.name, it.message)).collect()
}

#[test]
fn examples_are_free_of_warnings_on_ecs() {
    for guide in ["docs/jobs.md", "docs/networking.md"] {
        let manifests = blocks(guide, "yaml");
        assert!(!manifests.is_empty(), "{guide} has no example");
        for manifest in manifests {
            for target in ["fargate", "ecs-ec2"] {
                let said = warned(target, &manifest);
                // Tasks in bridge mode share a group, as the guide says.
                let shared = target == "ecs-ec2" && guide == "docs/networking.md";
                assert!(said.is_empty() || shared, "{guide} on {target}: {said:#?}\n{manifest}");
            }
        }
    }
}
