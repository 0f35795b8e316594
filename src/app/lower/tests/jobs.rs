use super::{Lowered, lowered};
use crate::{JobTime, Role, Scope};

/// A service's role in words.
fn role(lowered: &Lowered, service: &str) -> String {
    match &lowered.app().services[service].role {
        Role::Service => "service".to_owned(),
        Role::Sidecar { of, .. } => format!("sidecar of {of}"),
        Role::Init { tasks, .. } => format!("init of {}", tasks.join(" ")),
        Role::Job(job) => {
            let when = match &job.when {
                JobTime::BeforeDeploy => "before",
                JobTime::Manual => "manual",
                JobTime::Schedule(schedule) => schedule.value.as_str(),
            };
            format!("{when} gates {}", job.gates.join(" "))
        }
    }
}

const SHOP: &str = "services:
  app:
    image: a
    volumes: ['static:/static', 'uploads:/uploads']
    depends_on:
      migrate: { condition: service_completed_successfully }
      collect: { condition: service_completed_successfully }
      db: { condition: service_healthy }
  worker:
    image: a
    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate: { image: a, depends_on: [db] }
  collect:
    image: a
    user: '1000'
    volumes: ['static:/static']
    depends_on: { chown: { condition: service_completed_successfully } }
  chown: { image: a, volumes: ['static:/static'] }
  agent: { image: a, network_mode: 'service:app' }
  seed: { image: a, x-tranship: { job: before-deploy }, depends_on: [migrate] }
  nightly: { image: a, x-tranship: { job: { schedule: 'rate(1 day)' } } }
  admin: { image: a, x-tranship: { job: manual } }
  proxy: { image: a, x-tranship: { task: app } }
  db: { image: 'postgres:16', volumes: ['data:/var/lib/postgresql/data'] }
volumes: { static: {}, uploads: {}, data: {}, unused: {} }
";

#[test]
fn roles_follow_from_who_waits_and_what_is_shared() {
    let lowered = lowered(SHOP);
    for (service, expected) in [
        ("app", "service"),
        ("db", "service"),
        ("migrate", "before gates app worker"),
        ("collect", "init of app"),
        ("chown", "init of app"),
        ("agent", "sidecar of app"),
        ("proxy", "sidecar of app"),
        ("nightly", "rate(1 day) gates "),
        ("admin", "manual gates "),
        ("seed", "before gates admin agent app chown collect nightly proxy worker"),
    ] {
        let mut found: Vec<String> = role(&lowered, service).split(' ').map(str::to_owned).collect();
        let mut wanted: Vec<String> = expected.split(' ').map(str::to_owned).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{service}");
    }
}

#[test]
fn a_volume_of_several_containers_of_one_task_lives_as_long_as_the_task() {
    let lowered = lowered(SHOP);
    let volumes = &lowered.app().volumes;
    assert_eq!(volumes["static"].scope, Scope::Task("app".into()));
    assert_eq!(
        volumes["static"].owner.as_ref().map(|owner| owner.value.to_string()).as_deref(),
        Some("1000:1000")
    );
    assert_eq!(volumes["uploads"].scope, Scope::Persistent);
    assert_eq!(volumes["data"].scope, Scope::Persistent);
    assert!(!volumes.contains_key("unused"));
}

#[test]
fn a_declaration_wins_over_inference() {
    let lowered = lowered(
        "services:
  app:
    image: a
    volumes: ['shared:/x', 'cache:/cache']
    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate: { image: a, volumes: ['shared:/x'], x-tranship: { job: before-deploy } }
volumes:
  shared: { x-tranship: { owner: '10:20' } }
  cache: { x-tranship: { scope: task } }
",
    );
    assert_eq!(role(&lowered, "migrate"), "before gates app");
    assert_eq!(lowered.app().volumes["shared"].scope, Scope::Persistent);
    assert_eq!(
        lowered.app().volumes["shared"].owner.as_ref().map(|owner| owner.value.to_string()).as_deref(),
        Some("10:20")
    );
    assert_eq!(lowered.app().volumes["cache"].scope, Scope::Task("app".into()));
    assert_eq!(
        lowered.disposition("services.app.depends_on.migrate.condition"),
        ("exact", "a job before the deployment")
    );
}

#[test]
fn one_that_only_a_skipped_service_waits_for_runs_to_completion_too() {
    let lowered = lowered(
        "services:
  app: { image: a }
  prepare: { image: a }
  test:
    image: a
    depends_on: { prepare: { condition: service_completed_successfully } }
x-tranship: { skip: [test] }
",
    );
    assert_eq!(role(&lowered, "prepare"), "before gates app");
}
