//! The examples of the guides compile without a warning, and the README leads to every page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileRequest, account, delivery, identify};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::pipeline::{DeliveryRequest, ManifestFlags, deliver};
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
    let outcome = account(&CompileRequest { options, choice }, &world);
    let loud = outcome.diagnostics.iter().filter(|it| it.severity != Severity::Note);
    loud.map(|it| format!("{}: {}", it.rule.name, it.message)).collect()
}

#[test]
fn examples_are_free_of_warnings_on_ecs() {
    for guide in ["docs/exposing.md", "docs/jobs.md", "docs/networking.md"] {
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

/// The targets that the first line of an example names; all of them where it names none.
fn targets_of(manifest: &str) -> Vec<String> {
    let first = manifest.lines().next().unwrap();
    match first.strip_prefix("# ") {
        Some(names) => names.split(", ").map(str::to_owned).collect(),
        None => ["fargate", "ecs-ec2", "beanstalk"].map(str::to_owned).to_vec(),
    }
}

#[test]
fn examples_of_patches_are_made_without_a_warning() {
    let manifests = blocks("docs/patching.md", "yaml");
    assert!(manifests.len() >= 4);
    for manifest in manifests {
        for target in targets_of(&manifest) {
            let said = warned(&target, &manifest);
            assert!(said.is_empty(), "{target}: {said:#?}\n{manifest}");
            let world = MemoryWorld::new().file("compose.yaml", manifest.as_str());
            let choice = EnvironmentChoice::Target(target.clone());
            let outcome = account(&CompileRequest { options: LoadOptions::default(), choice }, &world);
            let made = &outcome.report.unwrap().patches;
            assert!(
                !made.is_empty() && outcome.compiled.is_some(),
                "{target}: nothing is changed\n{manifest}"
            );
        }
    }
}

#[test]
fn examples_of_data_build_without_a_warning() {
    let manifests = blocks("docs/data.md", "yaml");
    assert!(manifests.len() >= 3);
    for manifest in manifests {
        for target in targets_of(&manifest) {
            let said = warned(&target, &manifest);
            assert!(said.is_empty(), "{target}: {said:#?}\n{manifest}");
        }
    }
}

#[test]
fn the_example_of_the_pipeline_guide_has_a_pipeline() {
    let manifest = blocks("docs/pipeline.md", "yaml").remove(0);
    let paths = ["buildspec.yml", "ecr.yaml", "pipeline.yaml", "production.json", "staging.json"];
    assert_eq!(pipeline_files(&manifest), paths);
    let regions =
        format!("services: {{ web: {{ image: nginx }} }}\n{}", blocks("docs/pipeline.md", "yaml").remove(1));
    let paths =
        ["america.json", "artifacts-us-east-1.yaml", "buildspec.yml", "pipeline.yaml", "staging.json"];
    assert_eq!(pipeline_files(&regions), paths);
}

/// The files of the pipeline of a manifest.
fn pipeline_files(manifest: &str) -> Vec<String> {
    let world = MemoryWorld::new().file("compose.yaml", manifest).file("Dockerfile", "FROM scratch\n");
    let options = LoadOptions::default();
    let summary = delivery(&options, &world).0.unwrap();
    let identified = summary.environments.iter().map(|it| {
        let choice = EnvironmentChoice::Environment(it.name.clone());
        identify(&CompileRequest { options: options.clone(), choice }, &world)
    });
    let outcomes: Vec<_> = identified.collect();
    let request = DeliveryRequest {
        summary: &summary,
        outcomes: &outcomes,
        provider: None,
        flags: ManifestFlags::default(),
    };
    let files = deliver(&request).unwrap();
    files.artifacts.iter().map(|(path, _)| path.to_owned()).collect()
}

/// The relative links of a page, resolved from the root of the repository, without their anchors.
fn links(page: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(page)).unwrap();
    let folder = Path::new(page).parent().unwrap().to_owned();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| target.split('#').next().unwrap())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .map(|target| folder.join(target))
        .collect()
}

/// The pages of a folder.
fn pages(folder: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let names = found.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
    names.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn the_readme_links_every_page() {
    let linked = links("README.md");
    let unlinked: Vec<_> = pages("docs").into_iter().filter(|page| !linked.contains(page)).collect();
    assert!(unlinked.is_empty(), "add a link to the list at the end of README.md: {unlinked:?}");
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages =
        ["docs", "", "targets/beanstalk", "targets/ecs", "targets/ecs_ec2", "targets/fargate"].map(pages);
    for page in pages.iter().flatten() {
        for link in links(page.to_str().unwrap()) {
            assert!(root.join(&link).exists(), "{} links {}", page.display(), link.display());
        }
    }
}
