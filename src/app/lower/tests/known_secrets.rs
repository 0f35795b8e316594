//! A value that is known to be secret is one wherever it stands.

use super::{lowered, lowered_in, print};
use tranship_frontend::world::Memory;

/// A manifest beside an `.env` in which `DB_PASSWORD` has a value.
fn with_variable(text: &str) -> super::Lowered {
    lowered_in(&Memory::new().file("compose.yaml", text).file(".env", "DB_PASSWORD=walnut-1\nWORD=abc\n"))
}

#[test]
fn the_value_of_a_secret_variable_is_one_under_any_name() {
    for (value, shown, derived) in [
        ("${DB_PASSWORD}", "{secret DB_PASSWORD}", ""),
        ("app:${DB_PASSWORD}", "{secret LOGIN}", "app:{secret DB_PASSWORD}"),
        ("app:${DB_PASSWORD:-walnut-2}@${WORD}", "{secret LOGIN}", "app:{secret DB_PASSWORD}@abc"),
        ("a=1;auth=${DB_PASSWORD};b=2", "{secret LOGIN}", "a=1;auth={secret DB_PASSWORD};b=2"),
        ("${WORD}", "abc", ""),
    ] {
        let text = format!("services:\n  app: {{ image: a, environment: {{ LOGIN: '{value}' }} }}\n");
        let lowered = with_variable(&text);
        assert_eq!(lowered.value("app", "LOGIN"), shown, "{value}");
        if !derived.is_empty() {
            assert_eq!(lowered.derived("LOGIN"), derived, "{value}");
        }
    }
}

#[test]
fn a_late_bound_secret_variable_is_no_parameter() {
    for value in ["${DB_PASSWORD}", "${DB_PASSWORD:-walnut-2}"] {
        let lowered = lowered(&format!(
            "services:\n  app: {{ image: a, environment: {{ LOGIN: '{value}', OTHER: 'x-{value}' }} }}\n\
             x-tranship: {{ late_bound: [DB_PASSWORD] }}\n"
        ));
        assert_eq!(lowered.value("app", "LOGIN"), "{secret DB_PASSWORD}", "{value}");
        assert_eq!(lowered.derived("OTHER"), "x-{secret DB_PASSWORD}", "{value}");
        assert!(lowered.app().late_bound.is_empty(), "{value}");
    }
}

#[test]
fn equal_bytes_are_a_secret_unless_they_are_a_common_word() {
    let value = |password: &str| {
        let text = format!(
            "services:\n  app: {{ image: a, environment: {{ TEXT: 'x {password} y' }} }}\n  \
             storefront: {{ image: b, environment: {{ API_TOKEN: {password} }} }}\n"
        );
        lowered(&text).value("app", "TEXT")
    };
    assert_eq!(value("walnut-1"), "{secret TEXT}");
    assert_eq!(value("wal"), "x wal y");
    assert_eq!(value("storefront"), "x storefront y");
    assert_eq!(value("postgres"), "x postgres y");
}

#[test]
fn a_secret_in_a_readable_value_is_refused_at_its_key() {
    for (keys, key) in [
        ("labels: { a: 'x ${DB_PASSWORD}' }", "services.app.labels.a"),
        ("labels: { api-token: ghp_0123456789abcdef0123456789abcdef0123 }", "services.app.labels.api-token"),
        (
            "logging: { driver: splunk, options: { splunk-token: walnut-3 } }",
            "services.app.logging.options.splunk-token",
        ),
        ("hostname: '${DB_PASSWORD}'", "services.app.hostname"),
        ("working_dir: '/${DB_PASSWORD}'", "services.app.working_dir"),
        ("healthcheck: { test: [CMD, a], interval: 5s, start_period: 5s }", ""),
        (
            "x-tranship: { permissions: [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::${DB_PASSWORD}/*'] }] }",
            "services.app.x-tranship.permissions[0].resources[0]",
        ),
    ] {
        let lowered = with_variable(&format!("services:\n  app:\n    image: a\n    {keys}\n"));
        let refused = lowered.diagnostics.iter().find(|one| one.rule.name == "app/secret-in-plain-text");
        assert_eq!(refused.and_then(|one| one.key.as_deref()).unwrap_or_default(), key, "{keys}");
    }
}

#[test]
fn tags_hold_no_secret() {
    let text = "services:\n  app: { image: a }\nx-tranship: { tags: { owner: '${DB_PASSWORD}' } }\n";
    assert_eq!(with_variable(text).told(), ["app/secret-in-plain-text"]);
}

#[test]
fn a_build_argument_is_a_warning() {
    let text =
        "services:\n  app: { image: a, build: { context: ., args: { NPM_TOKEN: walnut-4, TAG: x } } }\n";
    assert_eq!(lowered(text).told(), ["app/secret-in-build"]);
}

#[test]
fn a_config_with_a_secret_inside_becomes_one() {
    let lowered = with_variable(
        "services:
  app: { image: a, configs: [{ source: conf, target: /run/conf }] }
configs:
  conf: { content: 'user=a;auth=${DB_PASSWORD}' }
",
    );
    assert_eq!(lowered.derived("conf"), "user=a;auth={secret DB_PASSWORD}");
}

#[test]
fn a_command_with_the_value_of_a_secret_variable_holds_a_secret() {
    let lowered = with_variable(
        "services:\n  app: { image: a, command: [run, 'x ${DB_PASSWORD}'], healthcheck: { test: [CMD, a, '${DB_PASSWORD}'] } }\n",
    );
    let shown = lowered.application.is_none() || {
        let container = &lowered.app().services["app"].container;
        let words = container.command.iter().flat_map(|list| &list.value);
        words.map(print).all(|word| !word.contains("walnut"))
    };
    assert!(shown);
}
