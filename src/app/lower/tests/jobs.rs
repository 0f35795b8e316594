use super::{Lowered, lowered};
use crate::{JobTime, ServiceRole, VolumeLifetime, VolumeOwner};

/// A service's role in words.
fn role(lowered: &Lowered, service: &str) -> String {
    match &lowered.app().services[service].role {
        ServiceRole::Service => "service".to_owned(),
        ServiceRole::Sidecar { .. } => {
            format!("sidecar of {}", lowered.app().tasks.tasks_of(service).join(" "))
        }
        ServiceRole::Init { .. } => format!("init of {}", lowered.app().tasks.tasks_of(service).join(" ")),
        ServiceRole::Job(job) => {
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
    assert_eq!(volumes["static"].scope, VolumeLifetime::Task("app".into()));
    assert_eq!(
        volumes["static"].owner.as_ref().map(|owner| owner.value),
        Some(VolumeOwner { user: 1000, group: 1000 })
    );
    assert_eq!(volumes["uploads"].scope, VolumeLifetime::Persistent);
    assert_eq!(volumes["data"].scope, VolumeLifetime::Persistent);
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
    assert_eq!(lowered.app().volumes["shared"].scope, VolumeLifetime::Persistent);
    assert_eq!(
        lowered.app().volumes["shared"].owner.as_ref().map(|owner| owner.value),
        Some(VolumeOwner { user: 10, group: 20 })
    );
    assert_eq!(lowered.app().volumes["cache"].scope, VolumeLifetime::Task("app".into()));
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

/// What one service becomes beside a web server that does not name it: its role, and what is told.
fn inferred(service: &str) -> (String, Vec<String>) {
    let text = format!("services:\n  web: {{ image: a, ports: ['80:80'] }}\n  one: {service}\n");
    let lowered = lowered(&text);
    let told = lowered.diagnostics.iter().filter(|it| {
        it.rule.name.starts_with("app/")
            && !["app/public-by-default", "app/usual-size"].contains(&it.rule.name)
    });
    let told = told.map(|it| format!("{:?} {}", it.severity, it.rule.name)).collect();
    (role(&lowered, "one"), told)
}

#[test]
fn what_ends_is_a_job_that_gates_nothing() {
    let (job, service) = ("before gates ", "service");
    for (one, expected, told) in [
        ("{ image: b, restart: 'no' }", job, "Warning app/inferred-job"),
        ("{ image: b, restart: 'no', command: python manage.py migrate }", job, "Note app/inferred-job"),
        ("{ image: b, deploy: { restart_policy: { condition: none } } }", job, "Warning app/inferred-job"),
        ("{ image: b, deploy: { mode: replicated-job } }", job, "Note app/inferred-job"),
        ("{ image: b, deploy: { mode: global-job } }", job, "Note app/inferred-job"),
        ("{ image: b, command: [alembic, upgrade, head] }", job, "Note app/inferred-job"),
        (
            "{ image: b, restart: on-failure, command: bin/rails db:migrate, ports: ['3000:3000'] }",
            job,
            "Note app/inferred-job",
        ),
        ("{ image: 'flyway/flyway:11', command: migrate }", job, "Note app/inferred-job"),
        ("{ image: minio/mc, entrypoint: \"sh -c 'mc mb s/x; exit 0'\" }", job, "Note app/inferred-job"),
        ("{ image: b, restart: on-failure }", service, "Warning app/uncertain-end"),
        ("{ image: b, restart: 'on-failure:3', command: ./import }", service, "Warning app/uncertain-end"),
        ("{ image: b, restart: always, command: ./manage.py migrate }", service, "Warning app/uncertain-end"),
        ("{ image: b, restart: on-failure, expose: [8080] }", service, ""),
        (
            "{ image: b, restart: on-failure }\n  two: { image: c, depends_on: [one] }",
            service,
            "Warning app/unknown-port",
        ),
        (
            "{ image: b, restart: 'no' }\n  two: { image: c, depends_on: [one] }",
            job,
            "Warning app/inferred-job",
        ),
        ("{ image: b, restart: 'no', expose: [8080] }", service, ""),
        ("{ image: b, restart: 'no', healthcheck: { test: curl localhost } }", service, ""),
        ("{ image: rabbitmq, restart: 'no', tmpfs: /var/lib/rabbitmq }", service, ""),
        ("{ image: b, restart: always }", service, ""),
        ("{ image: b }", service, ""),
        ("{ image: b, command: celery worker }", service, ""),
    ] {
        let told: Vec<String> = Some(told.to_owned()).filter(|told| !told.is_empty()).into_iter().collect();
        assert_eq!(inferred(one), (expected.to_owned(), told), "{one}");
    }
}

#[test]
fn who_is_reached_by_name_is_no_job() {
    let lowered = lowered(
        "services:
  web: { image: a, ports: ['80:80'], environment: { API: 'http://api:9000', FILES: 'http://files:80' } }
  api: { image: b, restart: 'no' }
  files: { image: b, command: psql --serve }
  seed: { image: c, restart: on-failure, environment: { API: 'http://api:9000' } }
  load: { image: c, restart: on-failure }
",
    );
    assert_eq!(role(&lowered, "api"), "service");
    assert_eq!(role(&lowered, "files"), "service");
    let told: Vec<&str> = lowered
        .diagnostics
        .iter()
        .filter(|one| one.rule.name == "app/uncertain-end")
        .map(|one| one.message.as_str())
        .collect();
    let expected = "cannot tell whether `files`, `load` and `seed` exit: they run as services, and AWS restarts them each time";
    assert_eq!(told, [expected]);
}

/// A service that says only that others start after it is a job, and holds up who says so by the order of the stack.
#[test]
fn a_name_that_says_it_ends_is_told_where_nothing_else_does() {
    assert_eq!(inferred("{ image: b }\n  seed: { image: c }").1, ["Warning app/uncertain-end"],);
}

#[test]
fn services_that_share_a_task_in_a_cycle_are_refused_with_every_step() {
    for (services, expected, labels) in [
        (
            "  a: { image: x, x-tranship: { task: b } }\n  b: { image: y, x-tranship: { task: a } }\n  c: { image: z }\n",
            "services share a task in a cycle: a -> b -> a",
            vec!["`a` shares the task of `b`", "`b` shares the task of `a`"],
        ),
        (
            "  a: { image: x, x-tranship: { task: a } }\n  c: { image: z }\n",
            "services share a task in a cycle: a -> a",
            vec!["`a` shares the task of `a`"],
        ),
        (
            "  fill: { image: x, volumes: ['data:/v'], x-tranship: { task: app } }\n  app:\n    image: y\n    volumes: ['data:/v']\n    x-tranship: { task: side }\n    depends_on: { side: { condition: service_completed_successfully } }\n  side: { image: z, volumes: ['data:/v'] }\n",
            "services share a task in a cycle: app -> side -> app",
            vec!["`app` shares the task of `side`", "`side` starts in the task of `app`"],
        ),
    ] {
        let lowered = lowered(&format!("services:\n{services}volumes: {{ data: {{}} }}\n"));
        assert!(lowered.application.is_none());
        let found: Vec<_> =
            lowered.diagnostics.iter().filter(|one| one.rule.name == "app/task-cycle").collect();
        let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, [expected]);
        let told: Vec<&str> = found[0].labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(told, labels);
    }
}

#[test]
fn every_service_is_in_the_tasks_of_all_that_it_moves_in_with() {
    let lowered = lowered(
        "services:
  one: { image: a, volumes: ['data:/v'], depends_on: { fill: { condition: service_completed_successfully } } }
  two: { image: a, volumes: ['data:/v'], depends_on: { fill: { condition: service_completed_successfully } } }
  fill: { image: a, volumes: ['data:/v'] }
  watch: { image: a, x-tranship: { task: fill } }
  watcher: { image: a, x-tranship: { task: watch } }
volumes: { data: {} }
",
    );
    let app = lowered.app();
    let groups: Vec<String> =
        app.tasks.iter().map(|group| format!("{}: {}", group.leader, group.members.join(" "))).collect();
    assert_eq!(groups, ["one: fill one watch watcher", "two: fill two watch watcher"]);
    assert!(app.services.keys().all(|service| !app.tasks.tasks_of(service).is_empty()));
}
