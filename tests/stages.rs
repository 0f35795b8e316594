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

/// What a compile says, and the paths of its artifacts.
fn said_and_written(outcome: &CompileOutcome) -> (Vec<String>, Option<BTreeSet<String>>) {
    let said = outcome.diagnostics.iter().map(|one| format!("{} {}", one.rule.name, one.message));
    let artifacts = outcome.compiled.as_ref().map(|it| &it.artifacts);
    (said.collect(), artifacts.map(|it| it.iter().map(|(path, _)| path.to_owned()).collect()))
}

#[test]
fn what_is_only_judged_has_the_same_diagnostics() {
    let clean = "services:\n  web:\n    image: nginx:1.27\n    cap_add: [NET_ADMIN]\n    ports: ['80:80']\n";
    let secret = "services:\n  web:\n    image: nginx:1.27\n    environment: { API_TOKEN: ghp_abcdefghijklmnopqrstuvwxyz0123456789 }\n";
    for (text, has_all) in [(clean, false), (secret, true), (EVERY_STAGE, false)] {
        for target in targets::all() {
            let world = MemoryWorld::new().file("compose.yaml", format!("name: shop\n{text}"));
            let choice = EnvironmentChoice::Target(target.name().to_owned());
            let request = CompileRequest { options: LoadOptions::default(), choice };
            let (said, mut wanted) = said_and_written(&compile(&request, &world));
            // What could not hold a secret is not made to be looked through.
            if let Some(wanted) = wanted.as_mut().filter(|_| !has_all) {
                assert!(wanted.remove(REPORT), "{}", target.name());
                assert_eq!(wanted.remove("template.yaml"), target.name() != "beanstalk", "{}", target.name());
            }
            assert_eq!(said_and_written(&judge(&request, &world)), (said, wanted), "{}", target.name());
        }
    }
}

/// Services that need nested stacks, stacks of their own, or more bytes than a template may have.
#[test]
fn what_is_only_judged_is_measured_where_it_may_be_too_long() {
    let services = |count: usize, rest: &str| -> String {
        let one = |number: usize| {
            format!("  s{number}: {{ image: 'nginx:1.27', ports: ['{}:80']{rest} }}\n", 8000 + number)
        };
        (0..count).map(one).collect()
    };
    let long = format!(", environment: {{ LONG: '{}' }}", "a b ".repeat(8_000));
    let cases = [
        (services(60, ""), "", None),
        (services(230, ""), "", None),
        (
            services(38, &long),
            "x-tranship: { stacks: single }\n",
            Some("bytes in the template; CloudFormation allows 1000000"),
        ),
    ];
    for (services, settings, told) in cases {
        let text = format!("name: shop\nservices:\n{services}{settings}");
        let world = MemoryWorld::new().file("compose.yaml", text);
        let choice = EnvironmentChoice::Target("fargate".to_owned());
        let request = CompileRequest { options: LoadOptions::default(), choice };
        let ((said, written), (judged, left)) =
            (said_and_written(&compile(&request, &world)), said_and_written(&judge(&request, &world)));
        assert_eq!(judged, said);
        let is_told = |told| judged.iter().any(|message| message.contains(told));
        assert!(told.is_none_or(is_told), "{judged:#?}");
        assert_eq!(written.is_some(), told.is_none(), "{judged:#?}");
        let no_template = |paths: BTreeSet<String>| paths.iter().all(|path| !path.ends_with(".yaml"));
        assert!(left.is_none_or(no_template));
    }
}
