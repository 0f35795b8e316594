use super::{lowered, print};
use crate::{ContainerImage, DependencyCondition, JobReason, ServiceRole};

const SHOP: &str = "services:
  app:
    image: acme/app
    entrypoint: [/entry]
    command: serve
    user: '1000'
    environment: { DATABASE_URL: 'postgres://db:5432/shop', LEVEL: info }
    ports: ['80:8000']
    restart: always
    healthcheck: { test: 'curl localhost' }
    depends_on: [db]
    pre_start:
      - command: ./manage migrate
        environment: { LEVEL: debug, ONLY: '${WHAT}' }
      - { command: [./seed, --all], user: root, working_dir: /srv }
      - { image: acme/tools, command: warm, per_replica: true }
  db: { image: 'postgres:17' }
x-tranship: { late_bound: [WHAT], egress: declared }
";

#[test]
fn each_step_is_a_job_or_an_init_container() {
    let lowered = lowered(SHOP);
    let app = lowered.app();
    let names: Vec<&str> = app.services.keys().map(|name| &**name).collect();
    assert_eq!(names, ["app", "db", "app-pre-start", "app-pre-start-2", "app-pre-start-3"]);
    for step in ["app-pre-start", "app-pre-start-2"] {
        let ServiceRole::Job(job) = &app.services[step].role else { panic!("{step} is no job") };
        assert_eq!((job.reason, &*job.gates), (JobReason::Awaited, &["app".into()][..]));
    }
    assert_eq!(
        app.tasks.members_of("app").iter().map(|it| &**it).collect::<Vec<_>>(),
        ["app", "app-pre-start-3"]
    );
    let waits = |service: &str| {
        let found = app.services[service].dependencies.iter();
        found
            .map(|it| (it.on.to_string(), it.condition.value == DependencyCondition::Completed))
            .collect::<Vec<_>>()
    };
    let (db, end) = (("db".to_owned(), false), |step: &str| (step.to_owned(), true));
    assert_eq!(waits("app-pre-start"), std::slice::from_ref(&db));
    assert_eq!(waits("app-pre-start-2"), [db.clone(), end("app-pre-start")]);
    assert_eq!(waits("app"), [db, end("app-pre-start-3")]);
}

#[test]
fn a_step_runs_what_its_service_runs_with_what_it_sets() {
    let lowered = lowered(SHOP);
    let container = |step: &str| &lowered.app().services[step].container;
    let words = |list: &Option<crate::At<Vec<crate::Text>>>| {
        list.iter().flat_map(|list| &list.value).map(print).collect::<Vec<_>>().join(" ")
    };
    let first = container("app-pre-start");
    assert_eq!(
        (words(&first.entrypoint), words(&first.command)),
        ("/entry".into(), "./manage migrate".into())
    );
    assert_eq!(first.user.as_ref().map(print).as_deref(), Some("1000"));
    assert_eq!(lowered.value("app-pre-start", "LEVEL"), "debug");
    assert_eq!(lowered.value("app-pre-start", "ONLY"), "{$WHAT}");
    assert_eq!(lowered.value("app-pre-start", "DATABASE_URL"), "postgres://{host db}:5432/shop");
    assert!(first.ports.is_empty() && first.health_check.is_none() && first.restart.is_none());
    let second = container("app-pre-start-2");
    assert_eq!(second.user.as_ref().map(print).as_deref(), Some("root"));
    let third = container("app-pre-start-3");
    assert!(matches!(&third.image, ContainerImage::Named(image) if print(image) == "acme/tools"));
    assert_eq!(words(&third.entrypoint), "", "another image has an entry point of its own");
    let edges = lowered.edges();
    assert!(edges.contains(&"app-pre-start>db:5432/tcp".to_owned()), "{edges:?}");
    assert!(!lowered.app().services["app-pre-start"].egress.is_open());
    assert_eq!(lowered.app().services["app-pre-start-2"].key_path(), "services.app.pre_start[1]");
    assert_eq!(lowered.disposition("services.app.pre_start[2].per_replica").0, "exact");
}
