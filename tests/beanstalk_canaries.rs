//! A secret planted in any place of a manifest is in no file of a bundle, on either platform of Elastic Beanstalk, and in
//! no diagnostic. Where the place can take a secret, the bundle is made.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

/// The secret. It has letters that base64 and URLs write in other ways.
const CANARY: &str = "canary/7Qx+walnut";
const IN_BASE64: &str = "Y2FuYXJ5LzdReCt3YWxudXQ";
const IN_A_URL: &str = "canary%2F7Qx%2Bwalnut";
/// The last of each: however much of the start was cut off, this must not show.
const ENDS: [&str; 3] = ["7Qx", IN_BASE64, "%2F7Qx"];

const PLATFORMS: [&str; 2] = ["docker", "ecs"];

/// Keys of a service that hold the secret, and the platforms on which the bundle is made.
const SERVICE_KEYS: &[(&str, &[&str])] = &[
    ("environment: { DB_PASSWORD: CANARY }", &PLATFORMS),
    ("environment: ['API_TOKEN=CANARY']", &PLATFORMS),
    ("environment: { UP: 'https://me:URLENCODED@h.example.org/x' }", &PLATFORMS),
    ("environment: { DB_PASSWORD: CANARY, TEXT: 'a BASE64== b' }", &PLATFORMS),
    ("environment: { DB_PASSWORD: CANARY, CONF: 'a=1;auth=CANARY;b=2' }", &PLATFORMS),
    ("environment: { DB_PASSWORD: CANARY, SOME: 'https://x/?a=URLENCODED' }", &PLATFORMS),
    (
        "environment: { LOGIN: 'app:${DB_PASSWORD:-CANARY}', DB_PASSWORD: '${DB_PASSWORD:-CANARY}' }",
        &PLATFORMS,
    ),
    ("env_file: app.env", &PLATFORMS),
    ("command: redis-server --requirepass CANARY", &PLATFORMS),
    ("command: [redis-server, --requirepass, CANARY]", &PLATFORMS),
    ("command: [sh, -c, 'exec redis-server --requirepass CANARY']", &PLATFORMS),
    (
        "healthcheck: { test: [CMD, redis-cli, -a, CANARY, ping] }\n    environment: { DB_PASSWORD: CANARY }",
        &PLATFORMS,
    ),
    ("healthcheck: { test: redis-cli -a CANARY ping }\n    environment: { DB_PASSWORD: CANARY }", &PLATFORMS),
    (
        "healthcheck: { test: [CMD-SHELL, redis-cli -a CANARY ping] }\n    environment: { DB_PASSWORD: CANARY }",
        &PLATFORMS,
    ),
    ("secrets: [pw]", &["docker"]),
    ("configs: [{ source: c, target: /run/c }]\n    environment: { DB_PASSWORD: CANARY }", &["docker"]),
    ("volumes: ['./conf:/conf']\n    environment: { DB_PASSWORD: CANARY }", &[]),
    ("labels: { auth: CANARY }\n    environment: { DB_PASSWORD: CANARY }", &[]),
    ("build: { context: ., args: { DB_PASSWORD: CANARY } }\n    environment: { DB_PASSWORD: CANARY }", &[]),
    ("hostname: '${DB_PASSWORD}'\n    environment: { DB_PASSWORD: '${DB_PASSWORD}' }", &[]),
    ("extra_hosts: ['h:10.0.0.1']\n    working_dir: /CANARY\n    environment: { DB_PASSWORD: CANARY }", &[]),
    (
        "logging: { driver: splunk, options: { splunk-token: CANARY } }\n    environment: { DB_PASSWORD: CANARY }",
        &[],
    ),
    (
        "x-tranship: { job: before-deploy }\n    environment: { DB_PASSWORD: CANARY, URL: 'x://a:URLENCODED@h.example.org' }",
        &PLATFORMS,
    ),
    (
        "x-tranship: { job: before-deploy }\n    command: [migrate, --password, CANARY]\n    environment: { DB_PASSWORD: CANARY }",
        &["docker"],
    ),
];

fn filled(text: &str) -> String {
    text.replace("CANARY", CANARY).replace("BASE64", IN_BASE64).replace("URLENCODED", IN_A_URL)
}

fn compiled(manifest: &str) -> CompileOutcome {
    let world = MemoryWorld::new()
        .file("compose.yaml", filled(manifest))
        .file("app.env", filled("A=b\nDB_PASSWORD=CANARY\nLOGIN=me:CANARY\n"))
        .file(".env", filled("DB_PASSWORD=CANARY\n"))
        .file("pw.txt", CANARY)
        .file("conf/app.ini", filled("auth=CANARY\n"))
        .file("Dockerfile", "FROM redis\n");
    let choice = EnvironmentChoice::Target("beanstalk".to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn manifest(keys: &str, platform: &str) -> String {
    format!(
        "name: shop
services:
  web: {{ image: nginx, ports: ['80:80'] }}
  app:
    image: redis:7
    expose: ['6379']
    {keys}
secrets: {{ pw: {{ file: pw.txt }} }}
configs: {{ c: {{ content: 'x CANARY y' }} }}
x-tranship: {{ platform: {platform}, region: us-east-1 }}
"
    )
}

/// Where the secret shows: a file of the artifacts, or what is said.
fn shown(outcome: &CompileOutcome) -> Vec<String> {
    let shows = |text: &str| ENDS.iter().any(|end| text.contains(end));
    let artifacts = outcome.compiled.iter().flat_map(|compiled| compiled.artifacts.iter());
    let mut found: Vec<String> = artifacts
        .filter(|(_, artifact)| shows(&String::from_utf8_lossy(&artifact.bytes)))
        .map(|(path, _)| path.to_owned())
        .collect();
    for one in outcome.diagnostics.iter() {
        let texts = one.notes.iter().map(|note| format!("{note:?}"));
        if shows(&one.message) || texts.into_iter().any(|text| shows(&text)) {
            found.push(format!("{}: {}", one.rule.name, one.message));
        }
    }
    found
}

#[test]
fn a_secret_in_a_service_shows_nowhere() {
    let mut wrong = Vec::new();
    for (keys, built) in SERVICE_KEYS {
        for platform in PLATFORMS {
            let outcome = compiled(&manifest(keys, platform));
            let shown = shown(&outcome);
            if !shown.is_empty() {
                wrong.push(format!("{platform}: {keys}: shows in {shown:?}"));
            }
            if built.contains(&platform) && outcome.compiled.is_none() {
                let said: Vec<&str> = outcome.diagnostics.iter().map(|one| one.message.as_str()).collect();
                wrong.push(format!("{platform}: {keys}: is refused: {said:?}"));
            }
            let leaks = outcome.diagnostics.iter().any(|one| one.rule.name == "internal/leak");
            if leaks {
                wrong.push(format!("{platform}: {keys}: only the last guard keeps it back"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_password_of_a_managed_database_shows_nowhere() {
    for platform in PLATFORMS {
        for settings in ["database: true", "database: { coupled: true }"] {
            let outcome = compiled(&format!(
                "name: shop
services:
  app:
    image: acme/app
    ports: ['80:80']
    environment: {{ PGPASSWORD: CANARY, URL: 'postgres://u:URLENCODED@db:5432/shop', DSN: 'host=db password=CANARY' }}
  db:
    image: postgres:17
    environment: {{ POSTGRES_USER: u, POSTGRES_PASSWORD: CANARY, POSTGRES_DB: shop }}
    x-tranship: {{ {settings} }}
x-tranship: {{ platform: {platform}, region: us-east-1 }}
"
            ));
            assert_eq!(shown(&outcome), Vec::<String>::new(), "{platform}, {settings}");
            let is_built = platform == "docker" || settings == "database: true";
            assert_eq!(outcome.compiled.is_some(), is_built, "{platform}, {settings}");
        }
    }
}
