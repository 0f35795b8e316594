//! Several instances: how many, what runs once, and what of a copy is on each.

use super::{Yaml, compiled, messages, options, yaml};

const SERVICES: &str = "services:
  web: { image: 'web:1', ports: ['80:8080'], deploy: { replicas: 3 } }
  worker: { image: 'worker:1', deploy: { replicas: 5 } }
  db: { image: 'db:1' }
  migrate: { image: 'm:1', x-tranship: { job: before-deploy } }
  next: { image: 'n:1', depends_on: { migrate: { condition: service_completed_successfully } }, x-tranship: { job: before-deploy } }
  seed: { image: 's:1', environment: { DB: 'http://db:5432' }, x-tranship: { job: before-deploy } }
  after: { image: 'a:1', depends_on: [db], x-tranship: { job: before-deploy } }
  first: { image: 'f:1', volumes: ['data:/v'], x-tranship: { job: before-deploy } }
  second: { image: 'f:1', volumes: ['data:/v'] }
volumes: { data: }";

#[test]
fn copies_are_instances_for_what_the_load_balancer_leads_to() {
    let outcome = compiled(SERVICES, "platform: docker");
    let group = options(&outcome)["aws:autoscaling:asg"].clone();
    assert_eq!((&group["MinSize"], &group["MaxSize"]), (&Yaml::from("3"), &Yaml::from("3")));
    let told = messages(&outcome);
    let copies: Vec<&&str> = told.iter().filter(|message| message.contains("copies")).collect();
    assert!(matches!(copies.as_slice(), [one] if one.starts_with("`web` has 3 copies")), "{copies:?}");
    // Docker Compose runs the others.
    let file = yaml(&outcome, "docker-compose.yml");
    assert_eq!(file["services"]["worker"]["deploy"]["replicas"], 5);
    assert_eq!(file["services"]["web"]["deploy"]["replicas"], Yaml::Null);
    let plain = "services:\n  web: { image: 'web:1', ports: ['80:8080'], deploy: { replicas: 3 } }\n  worker: { image: 'worker:1', deploy: { replicas: 5 } }";
    let outcome = compiled(plain, "platform: ecs");
    assert_eq!(
        options(&outcome)["aws:autoscaling:asg"]["MaxSize"],
        "5",
        "each instance runs every container once"
    );
}

#[test]
fn a_job_runs_once_unless_it_needs_another_container_or_a_volume_of_the_instance() {
    let outcome = compiled(SERVICES, "platform: docker");
    let commands = yaml(&outcome, ".ebextensions/40-jobs.config")["container_commands"].clone();
    let names: Vec<&str> = commands.as_mapping().unwrap().keys().filter_map(Yaml::as_str).collect();
    // `seed` talks to `db`, `after` waits for it, and `first` shares a volume; `next` only waits for what ran once.
    assert_eq!(names, ["10_environment", "20_run_01_migrate", "20_run_02_next"]);
    assert!(commands.as_mapping().unwrap().values().all(|command| command["leader_only"] == true));
}
