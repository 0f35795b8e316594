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
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileRequest, compile, environments};
use tranship::compose::LoadOptions;
use tranship::diagnostic::{DiagnosticRule, Severity, page};
use tranship::rule_registry;
use tranship::targets;
use tranship::world::MemoryWorld;

/// Faults of Tranship itself: no input may trigger them.
const OWN_FAULTS: &str = "internal/";

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

fn folder(rule: &DiagnosticRule) -> PathBuf {
    root().join("tests/diagnostics").join(rule.name)
}

/// What `tranship` says of a folder's manifest, on standard error.
fn said(rule: &DiagnosticRule, folder: &Path) -> String {
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
fn target(rule: &DiagnosticRule) -> &'static str {
    let family = rule.name.split('/').next().unwrap_or_default();
    let family = if family == "ecs" { "fargate" } else { family };
    targets::find(family).map_or("beanstalk", |target| target.name())
}

#[test]
fn manifests_are_answered_as_committed() {
    let mut failures = Vec::new();
    for rule in rule_registry().iter().filter(|rule| folder(rule).is_dir()) {
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
    let known: BTreeSet<String> = rule_registry().iter().map(|rule| rule.name.to_owned()).collect();
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

/// Inputs that no one wants to read or to keep: too large, too deep, no text.
fn made(rule: &DiagnosticRule) -> Option<MemoryWorld> {
    let one = |bytes: Vec<u8>| Some(MemoryWorld::new().file("compose.yaml", bytes));
    let service = "services:\n  app: { image: nginx }\n";
    match rule.name {
        "app/late-bound-structure" => {
            Some(MemoryWorld::new().file("compose.yaml", rule.example).file(".env", "PORT=8080\n"))
        }
        "file/empty" => one(Vec::new()),
        "yaml/not-text" => one(b"services:\n  app: { image: caf\xe9 }\n".to_vec()),
        "yaml/forbidden-character" => one(b"services:\n  app: { image: a\0b }\n".to_vec()),
        "yaml/too-deep" => {
            one(format!("{service}x-deep: {}{}\n", "[".repeat(300), "]".repeat(300)).into_bytes())
        }
        "yaml/too-large" => one([service.as_bytes(), &vec![b'#'; 65 << 20]].concat()),
        "env-file/too-large" => {
            let level = |number: usize| format!("V{number}=${{V{0}}}${{V{0}}}\n", number - 1);
            let levels: String = (1..40).map(level).collect();
            Some(
                MemoryWorld::new()
                    .file("compose.yaml", service)
                    .file(".env", format!("V0=xxxxxxxxxx\n{levels}")),
            )
        }
        "interpolation/too-large" => {
            let value = "${B}".repeat(10_000);
            let text = format!("services:\n  app: {{ image: nginx, environment: {{ A: \"{value}\" }} }}\n");
            Some(
                MemoryWorld::new()
                    .file("compose.yaml", text)
                    .file(".env", format!("B={}\n", "z".repeat(1_000))),
            )
        }
        "extends/too-deep" => {
            let link = |number: usize| format!("  s{number}: {{ extends: s{} }}\n", number + 1);
            let chain: String = (0..300).map(link).collect();
            one(format!("services:\n{chain}  s300: {{ image: nginx }}\n").into_bytes())
        }
        "extends/too-large" => {
            let variables: String = (0..2_000).map(|number| format!("V{number}: x, ")).collect();
            let base = format!("  base: {{ image: nginx, environment: {{ {variables} }} }}\n");
            let copies: String =
                (0..400).map(|number| format!("  s{number}: {{ extends: base }}\n")).collect();
            one(format!("services:\n{base}{copies}").into_bytes())
        }
        "yaml/alias-expansion" => {
            let level = |number: usize| {
                format!("  l{number}: &l{number} [{}]\n", format!("*l{}, ", number - 1).repeat(9))
            };
            let levels: String = (1..9).map(level).collect();
            one(format!("{service}x-bomb:\n  l0: &l0 [x, x]\n{levels}").into_bytes())
        }
        "include/too-deep" => {
            let chain = |world: MemoryWorld, number: usize| {
                world.file(&format!("{number}.yaml"), format!("include: [{}.yaml]\n", number + 1))
            };
            let world = MemoryWorld::new().file("compose.yaml", format!("include: [0.yaml]\n{service}"));
            Some((0..100).fold(world, chain).file("100.yaml", service))
        }
        "beanstalk/properties-too-large" => {
            let secret = |number: usize| format!("      SERVICE_PASSWORD_{number}: walnut-{number}-hazel\n");
            let secrets: String = (0..60).map(secret).collect();
            one(format!("services:\n  app:\n    image: nginx\n    environment:\n{secrets}").into_bytes())
        }
        "beanstalk/task-definition-size" => {
            let long = "x".repeat(700);
            let variables: String =
                (0..100).map(|number| format!("      SETTING_{number}: {long}\n")).collect();
            let pin = "x-tranship: { platform: ecs }\n";
            one(format!("services:\n  app:\n    image: nginx\n    environment:\n{variables}{pin}")
                .into_bytes())
        }
        "ecs/task-definition-size" => {
            let long = "x".repeat(700);
            let variables: String =
                (0..100).map(|number| format!("      SETTING_{number}: {long}\n")).collect();
            one(format!("services:\n  app:\n    image: nginx\n    environment:\n{variables}").into_bytes())
        }
        "beanstalk/too-many-containers" => {
            let services: String =
                (0..11).map(|number| format!("  s{number}: {{ image: nginx }}\n")).collect();
            one(format!("services:\n{services}x-tranship: {{ platform: ecs }}\n").into_bytes())
        }
        "ecs/too-many-containers" => {
            let sidecar =
                |number: usize| format!("  s{number}: {{ image: nginx, x-tranship: {{ task: app }} }}\n");
            let sidecars: String = (0..10).map(sidecar).collect();
            one(format!("{service}{sidecars}").into_bytes())
        }
        "ecs/too-many-public-ports" => {
            let port = |number: usize| format!("{{ container_port: 80{number}, path: /{number} }}");
            let ports: Vec<String> = (10..16).map(port).collect();
            let numbers: Vec<String> = (10..16).map(|number| format!("'80{number}:80{number}'")).collect();
            let (ports, numbers) = (ports.join(", "), numbers.join(", "));
            one(format!("services:\n  app:\n    image: nginx\n    ports: [{numbers}]\n    x-tranship: {{ public: [{ports}] }}\n").into_bytes())
        }
        "ecs/balancer-quota" => {
            let one_of_many = |number: usize| {
                format!(
                    "  s{number}: {{ image: nginx, expose: ['80'], x-tranship: {{ public: {{ host: h{number}.example.org }} }} }}\n"
                )
            };
            let services: String = (0..60).map(one_of_many).collect();
            one(format!("services:\n{services}").into_bytes())
        }
        "ecs/account-quota" => {
            let one_of_many = |number: usize| format!("  s{number}: {{ image: nginx }}\n");
            let services: String = (0..501).map(one_of_many).collect();
            one(format!("services:\n{services}").into_bytes())
        }
        "ecs/fixed-quota" => {
            let one_of_many = |number: usize| {
                format!(
                    "  s{number}: {{ image: nginx, expose: ['80'], x-tranship: {{ public: {{ host: h{number}.example.org }} }} }}\n"
                )
            };
            let services: String = (0..101).map(one_of_many).collect();
            one(format!("services:\n{services}").into_bytes())
        }
        "ecs/template-quota" => {
            let one_of_many =
                |number: usize| format!("  s{number}: {{ image: nginx, ports: ['{number}:80'] }}\n");
            let services: String = (1000..1150).map(one_of_many).collect();
            one(format!("x-tranship: {{ stacks: single }}\nservices:\n{services}").into_bytes())
        }
        _ => None,
    }
}

/// The rules that a manifest triggers, compiled for all its environments and for every target, up to the wanted one.
fn triggered(world: &MemoryWorld, wanted: &str) -> BTreeSet<&'static str> {
    let (options, world) = (LoadOptions::default(), world.clone());
    let (declared, _, found) = environments(&options, &world);
    let mut names: BTreeSet<&'static str> = found.iter().map(|one| one.rule.name).collect();
    let declared =
        declared.unwrap_or_default().into_iter().map(|one| EnvironmentChoice::Environment(one.name));
    let every = targets::all().iter().map(|target| EnvironmentChoice::Target(target.name().to_owned()));
    for choice in declared.chain(every) {
        if names.contains(wanted) {
            break;
        }
        let outcome = compile(&CompileRequest { options: options.clone(), choice }, &world);
        names.extend(outcome.diagnostics.iter().map(|one| one.rule.name));
    }
    names
}

#[test]
fn every_rule_is_triggered_by_its_folder_or_its_own_example() {
    let mut missing = Vec::new();
    for rule in
        rule_registry().iter().filter(|rule| !rule.name.starts_with(OWN_FAULTS) && !folder(rule).is_dir())
    {
        let example = || MemoryWorld::new().file("compose.yaml", rule.example);
        let triggered = triggered(&made(rule).unwrap_or_else(example), rule.name);
        if !triggered.contains(rule.name) {
            missing.push(format!("{}: its example triggers {triggered:?}", rule.name));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_reference_is_up_to_date() {
    let mut failures = Vec::new();
    hold(&root().join("docs/diagnostics.md"), &page::reference(&rule_registry()), &mut failures);
    assert!(failures.is_empty(), "run TRANSHIP_BLESS=1 cargo test --test diagnostics");
}
