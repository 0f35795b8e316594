use super::{lowered, lowered_in};
use crate::SecretSource;
use tranship_frontend::world::MemoryWorld;

#[test]
fn literal_secrets_never_stay() {
    for (variable, value) in [
        ("STRIPE_API_KEY", "abc"),
        ("SESSION_SECRET", "abc def"),
        ("ANYTHING", "ghp_0123456789abcdef0123"),
        ("CERT", "-----BEGIN RSA PRIVATE KEY-----\\nabc\\n-----END RSA PRIVATE KEY-----"),
        ("REMOTE", "mongodb+srv://me:pw@cluster.example.org/x"),
        ("PIN_PASSWORD", "1234"),
    ] {
        let lowered = lowered(&format!(
            "services:\n  app:\n    image: a\n    environment: {{ {variable}: \"{value}\" }}\n"
        ));
        assert_eq!(lowered.value("app", variable), format!("{{secret {variable}}}"));
        assert_eq!(lowered.told(), ["app/literal-secret"], "{variable}");
        assert!(matches!(lowered.app().secrets[variable].source, SecretSource::Given));
        assert_eq!(lowered.app().secrets.len(), 1, "{variable}");
    }
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for (variable, value) in [
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/x"),
        ("DATABASE_PASSWORD", "/run/secrets/x"),
        ("ALLOW_EMPTY_PASSWORD", "yes"),
        ("MAX_TOKENS", "4096"),
        ("RESET_TOKEN", "true"),
        ("API_KEY", ""),
        ("TOKEN_URL", "https://example.org"),
        ("SENTRY_DSN", "https://key@example.org/1"),
        ("SECRET_ARN", "arn:aws:secretsmanager:x"),
        ("KEYBOARD", "sk_live_not"),
    ] {
        let lowered = lowered(&format!(
            "services:\n  app:\n    image: a\n    environment: {{ {variable}: \"{value}\" }}\n"
        ));
        assert_eq!(lowered.value("app", variable), value, "{variable}");
        assert_eq!(lowered.told(), Vec::<&str>::new(), "{variable}");
    }
}

#[test]
fn both_ends_of_a_connection_share_one_secret() {
    let lowered = lowered(
        "services:
  app:
    image: a
    environment:
      BROKER_URL: amqp://shop:rabbit-pw@rabbit:5672//
  worker:
    image: a
    environment:
      BROKER_URL: amqp://shop:rabbit-pw@rabbit:5672//
  rabbit:
    image: rabbitmq:4
    environment: { RABBITMQ_DEFAULT_PASS: rabbit-pw, RABBITMQ_DEFAULT_USER: shop }
",
    );
    assert_eq!(lowered.value("rabbit", "RABBITMQ_DEFAULT_PASS"), "{secret RABBITMQ_DEFAULT_PASS}");
    assert_eq!(lowered.value("app", "BROKER_URL"), "{secret BROKER_URL}");
    assert_eq!(lowered.value("worker", "BROKER_URL"), "{secret BROKER_URL}");
    let derived = lowered.derived("BROKER_URL");
    assert_eq!(derived, "amqp://shop:{secret RABBITMQ_DEFAULT_PASS}@{host rabbit}:5672//");
    assert_eq!(lowered.app().secrets.len(), 2);
}

#[test]
fn a_password_that_stands_in_an_address_alone_has_a_name_of_its_own() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { CACHE_URL: 'redis://:pw@cache:6379' } }
  cache: { image: 'redis:7' }
",
    );
    assert_eq!(lowered.derived("CACHE_URL"), "redis://:{secret CACHE_URL_PASSWORD}@{host cache}:6379");
}

#[test]
fn a_secret_inside_any_text_makes_the_value_one() {
    for (variable, value) in [
        ("CONNECTION", "Server=sql.example.org;User Id=sa;Password=walnut"),
        ("JAVA_OPTS", "-Xmx1g -Ddb.password=walnut"),
        ("SETTINGS", "{ token: walnut-1, level: 3 }"),
    ] {
        let lowered = lowered(&format!(
            "services:\n  app:\n    image: a\n    environment: {{ {variable}: \"{value}\" }}\n"
        ));
        assert_eq!(lowered.value("app", variable), format!("{{secret {variable}}}"));
        assert_eq!(lowered.told(), ["app/literal-secret"], "{variable}");
    }
    let lowered = lowered(
        "services:
  app: { image: a, environment: { CONNECTION: 'Host=sql;Port=1433;Password=walnut' } }
  sql: { image: b, expose: ['1433'] }
",
    );
    assert_eq!(
        lowered.derived("CONNECTION"),
        "Host={host sql};Port=1433;Password={secret CONNECTION_PASSWORD}"
    );
}

#[test]
fn a_flag_in_the_command_belongs_to_the_program_of_the_entrypoint() {
    let command = |entrypoint: &str| {
        lowered(&format!(
            "services:\n  app: {{ image: a, entrypoint: {entrypoint}, command: [-a, walnut, ping] }}\n"
        ))
    };
    assert_eq!(command("[redis-cli]").told(), ["app/secret-in-command"]);
    assert_eq!(command("[archive]").told(), Vec::<&str>::new());
}

#[test]
fn the_same_text_for_different_things_stays_apart() {
    let lowered = lowered(
        "services:
  app:
    image: a
    depends_on: [db]
    environment:
      SECRET_KEY: changethis
      FIRST_SUPERUSER_PASSWORD: changethis
      DATABASE_URL: postgresql://shop:changethis@db/shop
  db: { image: 'postgres:16', environment: { POSTGRES_PASSWORD: changethis } }
  other: { image: a, environment: { OTHER_PASSWORD: changethis } }
",
    );
    assert_eq!(lowered.value("app", "SECRET_KEY"), "{secret SECRET_KEY}");
    assert_eq!(lowered.value("other", "OTHER_PASSWORD"), "{secret OTHER_PASSWORD}");
    assert_eq!(lowered.value("app", "DATABASE_URL"), "{secret DATABASE_URL}");
    let database = lowered.value("db", "POSTGRES_PASSWORD");
    assert!(lowered.derived("DATABASE_URL").contains(&database), "{database}");
}

#[test]
fn values_of_one_variable_are_one_secret_and_those_of_two_are_not() {
    let text = "services:
  app: { image: a, environment: { TOKEN: '${KNOWN}', API_TOKEN: '${OTHER:-walnut}', LATE_TOKEN: '${LATE}' } }
  api: { image: a, environment: { SESSION_SECRET: '${KNOWN}' } }
x-tranship: { late_bound: [LATE] }
";
    let lowered = lowered_in(&MemoryWorld::new().file("compose.yaml", text).file(".env", "KNOWN=walnut\n"));
    assert_eq!(lowered.value("app", "TOKEN"), "{secret KNOWN}");
    assert_eq!(lowered.value("api", "SESSION_SECRET"), "{secret KNOWN}");
    assert_eq!(lowered.value("app", "API_TOKEN"), "{secret OTHER}");
    assert_eq!(lowered.value("app", "LATE_TOKEN"), "{secret LATE}");
    assert!(lowered.app().late_bound.is_empty());
    let told: Vec<&str> = lowered.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "the manifest contains a literal secret: `OTHER`; its value is set at deployment",
            "secrets to set at deployment: `KNOWN`, `LATE`",
        ]
    );
}

#[test]
fn one_name_with_two_values_is_two_secrets() {
    let lowered = lowered(
        "services:
  a: { image: a, environment: { TOKEN: first } }
  b: { image: a, environment: { TOKEN: second } }
  c: { image: a, environment: { TOKEN: second } }
",
    );
    let names: Vec<&str> = lowered.app().secrets.keys().map(|name| &**name).collect();
    assert_eq!(names, ["a/TOKEN", "b/TOKEN"]);
    assert_eq!(lowered.value("c", "TOKEN"), "{secret b/TOKEN}");
}

#[test]
fn a_command_cannot_hide_a_secret() {
    for (command, refused) in [
        ("redis-server --requirepass hunter2", true),
        ("server --db-password=hunter2", true),
        ("psql postgres://me:hunter2@example.org/x", true),
        ("redis-server --requirepass $$REDIS_PASSWORD", false),
        ("server --password-file /run/secrets/x", false),
        ("server --token --verbose", false),
    ] {
        let lowered = lowered(&format!("services:\n  app: {{ image: a, command: '{command}' }}\n"));
        assert_eq!(lowered.told() == ["app/secret-in-command"], refused, "{command}: {:?}", lowered.told());
    }
}

#[test]
fn declared_secrets_and_configs_keep_their_source() {
    let lowered = lowered(
        "services:
  app:
    image: a
    secrets: [key, { source: far, target: /etc/far }]
    configs: [{ source: conf, target: /etc/conf, mode: 0440 }]
secrets:
  key: { environment: KEY }
  far: { external: true, name: prod/far }
  unused: { environment: KEY }
configs:
  conf: { content: 'a=${KNOWN}' }
",
    );
    let secrets = &lowered.app().secrets;
    assert!(matches!(secrets["key"].source, SecretSource::Environment(_)));
    assert!(matches!(secrets["far"].source, SecretSource::External(_)));
    assert!(matches!(secrets["conf"].source, SecretSource::Content(_)));
    assert!(!secrets.contains_key("unused"));
    let files = &lowered.app().services["app"].container.files;
    let targets: Vec<&str> = files.iter().map(|file| file.target.value.as_str()).collect();
    assert_eq!(targets, ["/run/secrets/key", "/etc/far", "/etc/conf"]);
    assert_eq!(files[2].mode.as_ref().map(|mode| mode.value), Some(0o440));
}

#[test]
fn the_arn_of_a_secret_gives_the_variable_what_the_secret_holds() {
    let lowered = lowered(
        "services:
  app:
    image: a
    environment:
      DB_PASSWORD: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf:password::'
      JWT_KEY: 'arn:aws:ssm:us-east-1:123456789012:parameter/app/jwt'
      DB_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf'
",
    );
    assert_eq!(lowered.value("app", "DB_PASSWORD"), "{secret DB_PASSWORD}");
    assert_eq!(lowered.value("app", "JWT_KEY"), "{secret JWT_KEY}");
    assert!(lowered.value("app", "DB_SECRET_ARN").starts_with("arn:"));
    assert!(matches!(lowered.app().secrets["JWT_KEY"].source, SecretSource::External(_)));
    assert_eq!(lowered.app().secrets.len(), 2);
}

#[test]
fn a_setting_says_that_a_variable_is_kept_on_aws() {
    let lowered = lowered(
        "services:
  app:
    image: a
    environment: { DB_PASSWORD: walnut-local }
    x-tranship:
      secrets:
        DB_PASSWORD: { from: prod/db, key: password }
        JWT_KEY: { parameter: /prod/jwt }
  worker:
    image: w
    x-tranship: { secrets: { PASSWORD: { from: prod/db, key: password }, DB_PASSWORD: { from: prod/other } } }
",
    );
    assert_eq!(lowered.value("app", "DB_PASSWORD"), "{secret DB_PASSWORD}");
    assert_eq!(lowered.value("app", "JWT_KEY"), "{secret JWT_KEY}");
    assert_eq!(lowered.value("worker", "PASSWORD"), "{secret DB_PASSWORD}");
    assert_eq!(lowered.value("worker", "DB_PASSWORD"), "{secret worker/DB_PASSWORD}");
    let secrets = &lowered.app().secrets;
    let SecretSource::External(found) = &secrets["DB_PASSWORD"].source else { panic!("{secrets:?}") };
    assert_eq!(found.part.suffix(), ":password::");
    let SecretSource::External(found) = &secrets["JWT_KEY"].source else { panic!("{secrets:?}") };
    assert_eq!(found.store, crate::SecretStore::ParameterStore);
    assert_eq!(secrets.len(), 3, "the local value is no secret to give");
}

#[test]
fn a_place_of_a_secret_is_one_place() {
    for (setting, said) in [
        ("{ }", "neither `from` nor `parameter`"),
        ("{ from: a, parameter: b }", "two places"),
        ("{ parameter: b, key: k }", "a parameter has none"),
        ("{ from: a, key: 'k:l' }", "separates"),
        (
            "{ from: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf:k::', key: l }",
            "already names a part",
        ),
    ] {
        let lowered = lowered(&format!(
            "services:\n  app: {{ image: a, x-tranship: {{ secrets: {{ K: {setting} }} }} }}\n"
        ));
        let said_all: Vec<&str> = lowered.diagnostics.iter().map(|one| one.message.as_str()).collect();
        assert!(said_all.iter().any(|one| one.contains(said)), "{setting}: {said_all:?}");
    }
}
