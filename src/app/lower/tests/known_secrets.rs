//! A value that is known to be secret is one wherever it stands.

use super::{lowered, lowered_in, print};
use tranship_frontend::world::MemoryWorld;

/// A manifest beside an `.env` in which `DB_PASSWORD` has a value.
fn with_variable(text: &str) -> super::Lowered {
    lowered_in(
        &MemoryWorld::new().file("compose.yaml", text).file(".env", "DB_PASSWORD=walnut-1\nWORD=abc\n"),
    )
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

/// The process and the health check of a service, each as one line.
fn lines(lowered: &super::Lowered, service: &str) -> [String; 3] {
    let container = &lowered.app().services[service].container;
    let joined = |list: &Option<crate::At<Vec<crate::Text>>>| {
        let words = list.iter().flat_map(|list| &list.value).map(print);
        words.collect::<Vec<_>>().join("|")
    };
    let health = match container.health_check.as_ref().map(|check| &check.test.value) {
        Some(crate::HealthTest::Shell(line)) => format!("shell: {}", print(line)),
        Some(crate::HealthTest::Exec(list)) => list.iter().map(print).collect::<Vec<_>>().join("|"),
        None => String::new(),
    };
    [joined(&container.entrypoint), joined(&container.command), health]
}

#[test]
fn a_known_image_takes_the_secret_of_its_command_from_a_shell() {
    for (keys, expected) in [
        (
            "image: 'redis:7', command: 'redis-server --requirepass ${DB_PASSWORD}'",
            [
                "sh|-c",
                "exec docker-entrypoint.sh redis-server --requirepass \"$TRANSHIP_SECRET_DB_PASSWORD\"",
                "",
            ],
        ),
        (
            "image: 'redis:7', command: 'redis-server --requirepass walnut-5 --save \"60 1\"'",
            [
                "sh|-c",
                "exec docker-entrypoint.sh redis-server --requirepass \"$TRANSHIP_SECRET_APP_1\" --save '60 1'",
                "",
            ],
        ),
        (
            "image: 'redis:7', environment: { PW: '${DB_PASSWORD}' }, command: [redis-server, --requirepass, '${DB_PASSWORD}']",
            ["sh|-c", "exec docker-entrypoint.sh redis-server --requirepass \"$PW\"", ""],
        ),
        (
            "image: other, command: [sh, -c, 'exec run --password ${DB_PASSWORD} x']",
            ["", "sh|-c|exec run --password \"${TRANSHIP_SECRET_DB_PASSWORD}\" x", ""],
        ),
        (
            "image: 'mysql:8', healthcheck: { test: [CMD, mysqladmin, ping, '-p${DB_PASSWORD}'] }",
            ["", "", "shell: mysqladmin ping -p\"$TRANSHIP_SECRET_DB_PASSWORD\""],
        ),
        (
            "image: 'redis:7', healthcheck: { test: 'redis-cli -a ${DB_PASSWORD} ping' }",
            ["", "", "shell: redis-cli -a \"${TRANSHIP_SECRET_DB_PASSWORD}\" ping"],
        ),
    ] {
        let lowered = with_variable(&format!("services:\n  app: {{ {keys} }}\n"));
        assert_eq!(lines(&lowered, "app"), expected, "{keys}");
        assert!(lowered.notes().contains(&"app/secret-by-shell"), "{keys}");
        let secret = lowered.app().secrets.keys().next().map(|name| name.to_string());
        assert!(matches!(secret.as_deref(), Some("DB_PASSWORD" | "TRANSHIP_SECRET_APP_1")), "{secret:?}");
    }
}

#[test]
fn an_unknown_entry_point_is_refused_with_the_line_to_write() {
    let text = "services:\n  app: { image: other, command: [run, 'x ${DB_PASSWORD}'] }\n";
    let lowered = with_variable(text);
    let refused = lowered.diagnostics.iter().find(|one| one.rule.name == "app/secret-in-command").unwrap();
    let help = format!("{refused:?}");
    assert!(help.contains("exec ENTRYPOINT COMMAND"), "{help}");
    assert!(!help.contains("walnut"), "{help}");
}

#[test]
fn a_shell_does_not_read_what_is_late_bound() {
    let lowered = with_variable(
        "services:\n  app: { image: 'redis:7', command: 'redis-server --requirepass ${DB_PASSWORD} --name x-${LATE}' }\n\
         x-tranship: { late_bound: [LATE] }\n",
    );
    let line = "exec docker-entrypoint.sh redis-server --requirepass \"$TRANSHIP_SECRET_DB_PASSWORD\" --name \
                x-\"$TRANSHIP_VALUE_LATE\"";
    assert_eq!(lines(&lowered, "app"), ["sh|-c", line, ""]);
    let value =
        lowered.app().services["app"].container.environment["TRANSHIP_VALUE_LATE"].value.as_ref().unwrap();
    assert!(matches!(&value.segments[..], [one] if matches!(one.piece, crate::TextPiece::LateBound(_))));
}
