use super::lowered;

/// A manifest of a client with one variable, and of what it may reach.
fn client(variable: &str, value: &str) -> super::Lowered {
    lowered(&format!(
        "services:
  app:
    image: acme/app
    environment:
      {variable}: {value:?}
  db: {{ image: 'postgres:16' }}
  cache: {{ image: 'redis:7' }}
  api: {{ image: acme/api, expose: ['8000'] }}
  worker: {{ image: acme/worker }}
  xray: {{ image: acme/daemon, expose: ['2000/udp'] }}
"
    ))
}

#[test]
fn values_that_lead_somewhere_make_edges() {
    for (variable, value, edge, wired) in [
        ("DB_HOST", "db", "app>db:5432/tcp", "{host db}"),
        ("DATABASE_URL", "postgres://db/app", "app>db:5432/tcp", "postgres://{host db}/app"),
        ("DATABASE_URL", "postgres://db:5433/app", "app>db:5433/tcp", "postgres://{host db}:5433/app"),
        ("AWS_XRAY_DAEMON_ADDRESS", "xray:2000", "app>xray:2000/udp", "{host xray}:2000"),
        ("API", "http://api:8000/v1", "app>api:8000/tcp", "http://{host api}:8000/v1"),
        ("API_URL", "http://api/v1", "app>api:80/tcp", "http://{host api}/v1"),
        ("REDIS", "cache:6379", "app>cache:6379/tcp", "{host cache}:6379"),
        ("SERVERS", "cache", "app>cache:6379/tcp", "{host cache}"),
        ("DSN", "host=db user=app", "app>db:5432/tcp", "host={host db} user=app"),
    ] {
        let lowered = client(variable, value);
        assert_eq!(lowered.edges(), [edge], "{variable}={value}");
        assert_eq!(lowered.value("app", variable), wired, "{variable}={value}");
    }
}

#[test]
fn words_that_lead_nowhere_make_none() {
    for (variable, value) in [
        ("POSTGRES_DB", "db"),
        ("MYSQL_DATABASE", "db"),
        ("DB_USER", "api"),
        ("SERVER_NAME", "api"),
        ("CACHE_BACKEND", "cache"),
        ("QUEUE_CONNECTION", "worker"),
        ("MOTTO", "the api is the app"),
        ("IMAGE", "db:16"),
        ("OWNER", "api:1000"),
        ("API_URL", "http://api.example.org:8000"),
        ("LOG_FILE", "/var/log/api/db.log"),
        ("DB_HOST", "localhost"),
        ("DB_HOST", ""),
        ("HOST", "0.0.0.0"),
    ] {
        let lowered = client(variable, value);
        assert_eq!(lowered.edges(), Vec::<String>::new(), "{variable}={value}");
        assert_eq!(lowered.value("app", variable), value, "{variable}={value}");
    }
}

#[test]
fn a_port_stands_beside_its_host() {
    let lowered = lowered(
        "services:
  app: { image: a/app, environment: { DB_HOST: db, DB_PORT: '5433' } }
  db: { image: 'postgres:16' }
",
    );
    assert_eq!(lowered.edges(), ["app>db:5433/tcp"]);
}

#[test]
fn dependencies_make_edges_where_a_port_is_known() {
    let lowered = lowered(
        "services:
  app:
    image: a/app
    depends_on: [db, api, worker, hidden]
  db: { image: 'postgres:16' }
  api: { image: a/api, ports: ['8000:8000'] }
  worker: { image: a/worker }
  hidden: { image: 'redis:7', networks: [other] }
networks: { other: {} }
",
    );
    assert_eq!(lowered.edges(), ["app>api:8000/tcp", "app>db:5432/tcp", "app>worker"]);
    assert!(lowered.told().contains(&"app/unknown-port"));
}

#[test]
fn names_are_seen_through_networks_aliases_and_links() {
    let lowered = lowered(
        "services:
  app:
    image: a/app
    networks: [front]
    links: ['db:database']
    environment: { A_HOST: database, B_HOST: alias, C_HOST: box, D_HOST: far, E_HOST: named }
  db: { image: 'postgres:16', networks: [front] }
  other: { image: 'redis:7', container_name: named, hostname: box, networks: { front: { aliases: [alias] } } }
  far: { image: 'mysql:8', networks: [back] }
networks: { front: {}, back: {} }
",
    );
    assert_eq!(lowered.edges(), ["app>db:5432/tcp", "app>other:6379/tcp"]);
    assert_eq!(lowered.value("app", "A_HOST"), "{host db}");
    assert_eq!(lowered.value("app", "D_HOST"), "far");
    assert_eq!(lowered.value("app", "E_HOST"), "{host other}");
}

#[test]
fn callers_keep_their_names_without_an_edge() {
    let lowered = lowered(
        "services:
  api:
    image: a/api
    environment:
      CORS_ORIGINS: http://web:3000
      ADVERTISED_LISTENERS: PLAINTEXT://api:9092
      SELF_URL: http://api:8000
      API_HOST: api
  web: { image: a/web, expose: ['3000'] }
",
    );
    assert_eq!(lowered.edges(), ["api>api:8000/tcp", "api>api:9092/tcp"]);
    assert_eq!(lowered.value("api", "CORS_ORIGINS"), "http://{host web}:3000");
    assert_eq!(lowered.value("api", "API_HOST"), "api");
    assert_eq!(lowered.value("api", "ADVERTISED_LISTENERS"), "PLAINTEXT://{host api}:9092");
}

#[test]
fn commands_and_health_checks_are_read_too() {
    let lowered = lowered(
        "services:
  app:
    image: a/app
    command: [wait-for-it, 'db:5432', --, run, --api-host, api]
    entrypoint: sh -c 'until nc -z cache 6379; do sleep 1; done'
    healthcheck: { test: curl -f http://app:8080/ }
    expose: ['8080']
  db: { image: 'postgres:16' }
  cache: { image: 'redis:7' }
  api: { image: a/api, expose: ['8000'] }
",
    );
    assert_eq!(lowered.edges(), ["app>api:8000/tcp", "app>cache:6379/tcp", "app>db:5432/tcp"]);
    let container = &lowered.app().services["app"].container;
    let command: Vec<String> = container.command.as_ref().unwrap().value.iter().map(super::print).collect();
    assert_eq!(command, ["wait-for-it", "{host db}:5432", "--", "run", "--api-host", "{host api}"]);
    match &container.health_check.as_ref().unwrap().test.value {
        crate::HealthTest::Shell(line) => {
            assert_eq!(super::print(line), "curl -f http://localhost:8080/");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn late_bound_variables_stay_open_inside_a_value() {
    let lowered = lowered(
        "services:
  app:
    image: 'acme/app:${TAG:-latest}'
    environment: { API_URL: 'http://api:${API_PORT}/${TAG}', PASSED: }
  api: { image: acme/api, expose: ['8000'] }
x-tranship: { late_bound: [TAG, API_PORT, PASSED] }
",
    );
    assert_eq!(lowered.value("app", "API_URL"), "http://{host api}:{$API_PORT}/{$TAG}");
    assert_eq!(lowered.value("app", "PASSED"), "{$PASSED}");
    let late: Vec<(&str, Option<&str>)> = lowered
        .app()
        .late_bound
        .values()
        .map(|late| (&*late.variable.name, late.variable.fallback.as_deref()))
        .collect();
    assert_eq!(late, [("TAG", Some("latest")), ("API_PORT", None), ("PASSED", None)]);
}

#[test]
fn a_late_bound_variable_cannot_decide_the_shape() {
    let lowered = lowered(
        "services:
  app: { image: a/app, ports: ['${PORT:-1}:80'] }
x-tranship: { late_bound: [PORT] }
",
    );
    assert!(lowered.application.is_none());
    assert_eq!(lowered.told(), ["app/late-bound-structure"]);
}

#[test]
fn a_host_that_is_never_deployed_is_told() {
    let lowered = lowered(
        "services:
  app: { image: a/app, environment: { MAIL_HOST: mail }, depends_on: [mail] }
  mail: { image: axllent/mailpit }
x-tranship: { skip: [mail] }
",
    );
    assert_eq!(lowered.told(), ["app/skipped-host"]);
    assert_eq!(lowered.edges(), Vec::<String>::new());
    assert_eq!(lowered.disposition("services.mail.image"), ("ignored", "the service is skipped"));
    assert_eq!(lowered.disposition("services.app.depends_on.mail.condition").0, "ignored");
}

/// The port that a dependency opens to a service.
fn port_of(service: &str) -> String {
    let text = format!("services:\n  app: {{ image: a, depends_on: [api] }}\n  api: {service}\n");
    lowered(&text).edges().join(" ")
}

#[test]
fn what_a_service_says_of_its_port_is_opened() {
    for (service, edge) in [
        ("{ image: b, expose: [8000], environment: { PORT: 9000 } }", "app>api:8000/tcp"),
        ("{ image: b, environment: { PORT: 9000 } }", "app>api:9000/tcp"),
        ("{ image: b, environment: { ASPNETCORE_URLS: 'http://+:8080' } }", "app>api:8080/tcp"),
        ("{ image: b, environment: { LISTEN: ':7000' } }", "app>api:7000/tcp"),
        ("{ image: b, command: server --port 9000 }", "app>api:9000/tcp"),
        ("{ image: b, command: server --port=9000 }", "app>api:9000/tcp"),
        ("{ image: b, command: server -p 9000 }", "app>api:9000/tcp"),
        ("{ image: b, command: [java, '-Dserver.port=8081', -jar, a.jar] }", "app>api:8081/tcp"),
        ("{ image: b, command: 'gunicorn a --bind 0.0.0.0:8000' }", "app>api:8000/tcp"),
        ("{ image: b, command: 'sh -c \"gunicorn a -b :8001\"' }", "app>api:8001/tcp"),
        ("{ image: b, command: python manage.py runserver 8002 }", "app>api:8002/tcp"),
        ("{ image: b, healthcheck: { test: 'curl -f http://localhost:8080/up' } }", "app>api:8080/tcp"),
        ("{ image: b, healthcheck: { test: [CMD, curl, 'http://api:8085/'] } }", "app>api:8085/tcp"),
        ("{ image: b, healthcheck: { test: 'nc -z 127.0.0.1 5000' } }", "app>api:5000/tcp"),
        ("{ image: b, healthcheck: { test: 'curl -f http://localhost/' } }", "app>api:80/tcp"),
        ("{ image: b, command: client --host db.example.com --port 5432 }", "app>api"),
        ("{ image: b, command: server --debug 9000 }", "app>api"),
        ("{ image: b, environment: { DB_PORT: 5432 } }", "app>api"),
        ("{ image: b, command: celery -A shop worker }", ""),
    ] {
        assert_eq!(port_of(service), edge, "{service}");
    }
}

#[test]
fn connections_without_a_port_are_told_in_one_line() {
    let lowered = lowered(
        "services:
  app: { image: a, depends_on: [api, jobs] }
  web: { image: a, depends_on: [api] }
  api: { image: b }
  jobs: { image: c }
",
    );
    let told: Vec<&str> = lowered
        .diagnostics
        .iter()
        .filter(|one| one.rule.name == "app/unknown-port")
        .map(|one| one.message.as_str())
        .collect();
    let expected = "cannot tell which ports `api`, `jobs` listen on: `app` cannot reach `api`, `app` cannot reach `jobs`, `web` cannot reach `api`";
    assert_eq!(told, [expected]);
}

#[test]
fn a_service_that_tells_its_own_name_reaches_itself_there() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { BROKER: 'kafka:9092', ALLOWED_HOSTS: app, SELF: 'http://app:8000' } }
  kafka:
    image: 'apache/kafka:3'
    environment: { KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092,OUT://localhost:29092' }
  quiet: { image: c, environment: { VIRTUAL_HOST: quiet } }
",
    );
    assert_eq!(lowered.edges(), ["app>app:8000/tcp", "app>kafka:9092/tcp", "kafka>kafka:9092/tcp"]);
    assert_eq!(
        lowered.value("kafka", "KAFKA_ADVERTISED_LISTENERS"),
        "PLAINTEXT://{host kafka}:9092,OUT://localhost:29092"
    );
    let tasks = &lowered.app().tasks;
    assert_eq!(["app", "kafka", "quiet"].map(|task| tasks.is_looked_up(task)), [true, true, false]);
}

#[test]
fn a_name_of_an_inactive_profile_is_told() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { SMTP_HOST: mail, SMTP_PORT: '1025' } }
  mail: { image: axllent/mailpit, profiles: [dev] }
",
    );
    let told: Vec<&str> = lowered
        .diagnostics
        .iter()
        .filter(|one| one.rule.name == "app/skipped-host")
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(told, ["service `app` refers to host `mail`, which is in no active profile"]);
    assert_eq!(lowered.value("app", "SMTP_HOST"), "mail");
}

#[test]
fn a_port_that_one_client_names_is_that_of_all() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { API_URL: 'http://api:8000' } }
  page: { image: p, depends_on: [api] }
  word: { image: w, environment: { BACKEND: api } }
  api: { image: b }
",
    );
    assert_eq!(lowered.edges(), ["app>api:8000/tcp", "page>api:8000/tcp", "word>api:8000/tcp"]);
    assert!(!lowered.told().contains(&"app/unknown-port"));
}

#[test]
fn one_warning_names_all_who_refer_to_a_skipped_service() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { SMTP_HOST: mail } }
  web: { image: a, environment: { SMTP_HOST: mail, RELAY: mail } }
  mail: { image: m, profiles: [dev] }
",
    );
    let told = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/skipped-host");
    let told: Vec<&str> = told.map(|one| one.message.as_str()).collect();
    assert_eq!(told, ["services `app`, `web` refer to host `mail`, which is in no active profile"]);
}

#[test]
fn the_machine_of_docker_is_told_once() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { A: 'http://host.docker.internal:1', B: 'host.docker.internal' } }
  web: { image: a, command: 'run --to host.docker.internal' }
",
    );
    let told = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/machine-host");
    let told: Vec<&str> = told.map(|one| one.message.as_str()).collect();
    assert_eq!(told, ["`app`, `web` refer to `host.docker.internal`, the machine that Docker runs on"]);
}
