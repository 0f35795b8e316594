//! Errors of all stages in one run, and none that only repeats an earlier one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::collections::BTreeSet;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, REPORT, compile, judge};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::targets;
use tranship::world::MemoryWorld;

fn compiled(target: &str, text: &str) -> CompileOutcome {
    let world = MemoryWorld::new().file("compose.yaml", format!("name: shop\n{text}"));
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

/// The rules and lines of the errors, in the order of the file; its first line is the name.
fn errors(outcome: &CompileOutcome) -> Vec<(&'static str, usize)> {
    let errors = outcome.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let mut found: Vec<(&'static str, usize)> = errors
        .map(|one| {
            let span = one.labels.first().and_then(|label| outcome.sources.place(label.origin)).unwrap();
            (one.rule.name, outcome.sources.file(span.file).unwrap().location(span.start).line)
        })
        .collect();
    found.sort_by_key(|(_, line)| *line);
    found
}

/// One error in each stage: the schema, a reference, the settings, lowering, planning, the support table.
const EVERY_STAGE: &str = "services:
  web:
    image: nginx:1.27
    enviroment: { A: b }
    ports: ['80:80']
  worker:
    image: acme/worker:1
    networks: [nowhere]
  api:
    image: acme/api:1
    labels: { token: ghp_abcdefghijklmnopqrstuvwxyz0123456789 }
  job:
    image: acme/job:1
    cap_add: [NOT_A_CAPABILITY]
  docker:
    image: acme/docker:1
    use_api_socket: true
networks: { inner: }
x-tranship: { log_retention: 31 }
";

#[test]
fn an_error_in_each_stage_shows_in_one_run() {
    for target in targets::all() {
        let outcome = compiled(target.name(), EVERY_STAGE);
        assert!(outcome.compiled.is_none());
        let wanted = [
            ("compose/unknown-key", 5),
            ("compose/undefined-reference", 9),
            ("app/secret-in-plain-text", 12),
            ("target/rejected-key", 15),
            ("target/rejected-key", 18),
            ("tranship/invalid-setting", 20),
        ];
        assert_eq!(errors(&outcome), wanted, "{}: {:#?}", target.name(), outcome.diagnostics);
        let loud = outcome.diagnostics.iter().filter(|one| one.severity != Severity::Error);
        let after: Vec<&str> =
            loud.map(|one| one.rule.name).filter(|name| !name.starts_with("compose/")).collect();
        assert!(after.is_empty(), "{}: {after:?} speak of a manifest that will change", target.name());
    }
}

/// What an error breaks is seen again by every stage after it.
#[test]
fn an_error_is_not_repeated_by_the_stages_after_it() {
    let mut wrong = Vec::new();
    for (text, rule) in [
        ("services:\n  web: { build: }\n", "compose/wrong-type"),
        ("services:\n  web: { image: '${TAG:?no tag}', ports: ['80:80'] }\n", "interpolation/required"),
        ("services:\n  web: { image: nginx, depends_on: [db] }\n", "compose/undefined-reference"),
        (
            "services:\n  web: { image: nginx, ports: ['80:80'], x-tranship: { public: maybe } }\n",
            "tranship/invalid-setting",
        ),
        ("services:\n  web: { image: '/web:', ports: ['80:80'] }\n", "app/image-reference"),
        ("services: { }\n", "app/nothing-to-deploy"),
        ("x-tranship: { target: heroku }\nservices:\n  web: { image: nginx }\n", "tranship/invalid-setting"),
    ] {
        for target in targets::all() {
            let found: Vec<&str> =
                errors(&compiled(target.name(), text)).into_iter().map(|(rule, _)| rule).collect();
            if found != [rule] {
                wrong.push(format!("{} of {text}: {found:?}", target.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_only_judged_has_the_same_diagnostics() {
    let clean = "services:\n  web:\n    image: nginx:1.27\n    cap_add: [NET_ADMIN]\n    ports: ['80:80']\n";
    let secret = "services:\n  web:\n    image: nginx:1.27\n    environment: { API_TOKEN: ghp_abcdefghijklmnopqrstuvwxyz0123456789 }\n";
    for (text, has_report) in [(clean, false), (secret, true), (EVERY_STAGE, false)] {
        for target in targets::all() {
            let world = MemoryWorld::new().file("compose.yaml", format!("name: shop\n{text}"));
            let choice = EnvironmentChoice::Target(target.name().to_owned());
            let request = CompileRequest { options: LoadOptions::default(), choice };
            let (written, judged) = (compile(&request, &world), judge(&request, &world));
            let said = |outcome: &CompileOutcome| -> Vec<String> {
                outcome.diagnostics.iter().map(|one| format!("{} {}", one.rule.name, one.message)).collect()
            };
            assert_eq!(said(&judged), said(&written), "{}", target.name());
            let paths = |outcome: &CompileOutcome| -> Option<BTreeSet<String>> {
                let artifacts = outcome.compiled.as_ref().map(|it| &it.artifacts);
                artifacts.map(|it| it.iter().map(|(path, _)| path.to_owned()).collect())
            };
            // Only the report of a manifest without secrets is not made: whether it holds one is not asked.
            let mut wanted = paths(&written);
            if let Some(wanted) = wanted.as_mut().filter(|_| !has_report) {
                assert!(wanted.remove(REPORT), "{}", target.name());
            }
            assert_eq!(paths(&judged), wanted, "{}", target.name());
        }
    }
}
