//! Every format of one list that contains the difficult cases.

use super::*;
use crate::diagnostic::rules::compose::UNKNOWN_KEY;
use crate::source::{Provenance, VariableSubstitution};

const COMPOSE: &str = "\
services:
  web:
    <<: *base
    # a comment
    environment:
      DB_PASSWORD: hunter2
    ports:
    - \"80:80\"
    - \"80:8080\"   # übergröße, second
";
const BASE: &str = "restart: always\r\n";

/// Sources and diagnostics: two files, two labels, a variable, a duplicate.
fn example() -> (Sources, Diagnostics) {
    let mut sources = Sources::new();
    let compose = sources.add_file("compose.yaml".into(), COMPOSE.to_owned());
    let base = sources.add_file("base.yaml".into(), BASE.to_owned());
    let mut at = |file, text: &str, needle: &str| {
        let start = text.find(needle).unwrap();
        sources.read_at(Span::new(file, start, start + needle.len()))
    };
    let first = at(compose, COMPOSE, "\"80:80\"");
    let second = at(compose, COMPOSE, "\"80:8080\"");
    let restart = at(base, BASE, "restart: always");
    let password = at(compose, COMPOSE, "hunter2");
    let mapping = at(compose, COMPOSE, "environment:\n      DB_PASSWORD: hunter2");
    let substitution = VariableSubstitution {
        range: 0..2,
        expression: 0..2,
        variable: "PORT".into(),
        fallback: None,
        source: VariableSource::Environment("PORT".into()),
    };
    let second =
        sources.record(Provenance::Interpolated { template: second, substitutions: vec![substitution] });
    let inherited = sources.record(Provenance::Extends { by: first, of: restart });
    let mut list = Diagnostics::new();
    let warning = |message: &str| Diagnostic::new(&UNKNOWN_KEY, message).severity(Severity::Warning);
    list.push(warning("a note of\nno use").severity(Severity::Note).at(first));
    list.push(warning("the mapping is odd").at(mapping).target("fargate"));
    list.push(warning("the mapping is odd").at(mapping).target("ecs-ec2"));
    list.push(warning("the mapping is odd").at(mapping).target("ecs-ec2"));
    list.push(warning("the password, 100% a secret").at(password));
    list.push(
        Diagnostic::new(&UNKNOWN_KEY, "host port 80 is published twice by service `web`")
            .label(second, "published again here")
            .label(first, "first published here")
            .label(inherited, "inherited")
            .service("web")
            .key("services.web.ports[1]")
            .note("every container shares one network namespace")
            .help("choose another host port"),
    );
    list.push(Diagnostic::new(&UNKNOWN_KEY, "there is no place for this"));
    (sources, list)
}

fn human(verbose: bool) -> String {
    let (sources, list) = example();
    let found = collect([(&list, &sources)]);
    let form = HumanOptions { verbose, quiet: false, width: 100, name_targets: true };
    let summary = form.summary("check", SeverityCounts::of(&found));
    let text = form.render(found) + &summary;
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn people_see_errors_in_full_and_warnings_in_a_line() {
    let expected = r#"error[compose/unknown-key]: host port 80 is published twice by service `web`
 --> compose.yaml:9:7
  |
1 | services:
2 |   web:
...
7 |     ports:
8 |     - "80:80"
  |       ------- first published here
9 |     - "80:8080"   # übergröße, second
  |       ^^^^^^^^^ published again here
  |
 ::: base.yaml:1:1
  |
1 | restart: always
  | --------------- inherited
  |
  = note: every container shares one network namespace
  = note: `PORT` comes from the process environment
  = help: choose another host port

error[compose/unknown-key]: there is no place for this

compose.yaml:5:5: warning[compose/unknown-key]: the mapping is odd (ecs-ec2, fargate) (and 1 more like this)
check: 2 errors, 3 warnings, 1 note; --verbose shows all"#;
    assert_eq!(human(false), expected);
}

#[test]
fn the_long_form_hides_secrets_and_cuts_spans_to_a_line() {
    let text = human(true);
    assert!(text.contains("6 |       DB_PASSWORD: *******\n"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("5 |     environment:\n  |     ^^^^^^^^^^^^\n"), "{text}");
    assert!(text.contains("note[compose/unknown-key]: a note of no use"), "{text}");
    assert!(text.ends_with("check: 2 errors, 3 warnings, 1 note"), "{text}");
}

#[test]
fn json_has_the_promised_fields() {
    let (sources, list) = example();
    let text = json(&collect([(&list, &sources)]));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let first = &value["diagnostics"][0];
    assert_eq!(
        first.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["code", "severity", "message", "service", "key", "target", "spans", "notes", "help"]
    );
    assert_eq!(
        first["spans"][0],
        serde_json::json!({
            "file": "compose.yaml", "line": 9, "column": 7, "end_line": 9, "end_column": 16,
            "label": "published again here", "primary": true,
        })
    );
    assert_eq!(first["spans"][1]["primary"], false);
    assert_eq!(value["diagnostics"].as_array().unwrap().len(), 6, "one of the two alike is gone");
}

#[test]
fn sarif_names_its_rules_and_places() {
    let (sources, list) = example();
    let log: serde_json::Value = serde_json::from_str(&sarif(&collect([(&list, &sources)]))).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "compose/unknown-key");
    assert_eq!(run["results"][0]["ruleIndex"], 0);
    assert_eq!(
        run["results"][0]["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({ "startLine": 9, "startColumn": 7, "endLine": 9, "endColumn": 16 })
    );
    assert_eq!(run["results"][0]["relatedLocations"].as_array().unwrap().len(), 2);
    assert_eq!(run["results"][1]["locations"], serde_json::json!([]));
}

#[test]
fn github_commands_are_escaped() {
    let (sources, list) = example();
    let text = github(&collect([(&list, &sources)]));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        lines[0],
        "::error title=compose/unknown-key,file=compose.yaml,line=9,endLine=9,col=7,endColumn=16::host port 80 is \
         published twice by service `web`%0Anote: every container shares one network namespace%0Anote: `PORT` comes \
         from the process environment%0Ahelp: choose another host port"
    );
    assert!(text.contains("the password, 100%25 a secret"), "{text}");
    assert!(text.contains("::notice title=compose/unknown-key,file=compose.yaml,"), "{text}");
}

#[test]
fn paths_are_in_the_order_of_their_parts() {
    let sorted = |mut paths: Vec<&'static str>| {
        paths.sort_by(|left, right| ShownPath(Utf8Path::new(left)).cmp(&ShownPath(Utf8Path::new(right))));
        paths
    };
    // By their bytes, `-` is before `/`.
    assert_eq!(sorted(vec!["a-b/x", "a/y", "a/b", "A"]), ["A", "a/b", "a/y", "a-b/x"]);
    assert!(ShownPath(Utf8Path::new("a//b")) == ShownPath(Utf8Path::new("a/b")));
    assert!(ShownPath(Utf8Path::new("a")) != ShownPath(Utf8Path::new("b")));
    assert_eq!(
        ShownPath(Utf8Path::new("a")).partial_cmp(&ShownPath(Utf8Path::new("b"))),
        Some(Ordering::Less)
    );
}
