//! `pre_start`, `post_start`, `pre_stop`.

use super::*;
use tranship::diagnostic::Severity;

const SHOP: &str = "name: shop
services:
  app:
    build: .
    ports: ['80:8000']
    environment: { DATABASE_URL: 'postgres://db:5432/shop', API_TOKEN: not-for-everyone }
    depends_on: [db]
    pre_start:
      - { command: ./manage migrate }
      - { command: [warm], per_replica: true, user: root }
  db: { image: 'postgres:17', expose: ['5432'] }
";

#[test]
fn steps_run_before_the_service_and_before_each_task() {
    let template = template(SHOP);
    let waits = template["Resources"]["AppService"]["DependsOn"].as_array().unwrap().clone();
    let run = "AppPreStart11f3a6edRun";
    let runs = of_type(&template, "Custom::TaskRun");
    assert_eq!(runs.len(), 1, "{runs:?}");
    let run = runs.first().copied().unwrap_or(run);
    assert!(waits.iter().any(|it| it == run), "{waits:?}");
    let definition = properties(&template, run)["TaskDefinition"].as_str().unwrap();
    let job = &properties(&template, definition)["ContainerDefinitions"][0];
    assert_eq!(job["Command"], serde_json::json!(["./manage", "migrate"]));
    assert_eq!(job["Image"], "AppImage", "the same image as the service");
    let app = properties(&template, "AppTaskDefinition")["ContainerDefinitions"].as_array().unwrap().clone();
    let names: Vec<&str> = app.iter().map(|it| it["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["app", "app-pre-start-2"]);
    assert_eq!(app[0]["DependsOn"][0]["Condition"], "SUCCESS");
    assert_eq!((&app[1]["Essential"], &app[1]["User"]), (&false.into(), &"root".into()));
    let secrets = of_type(&template, "AWS::SecretsManager::Secret");
    assert_eq!(secrets.len(), 1, "a step has the secret of its service: {secrets:?}");
}

#[test]
fn hooks_that_ecs_lacks_are_warnings() {
    let text = "services:
  app: { image: a, post_start: [{ command: warm }], pre_stop: [{ command: drain }] }
";
    for target in ["fargate", "ecs-ec2"] {
        let outcome = compiled(target, text);
        assert!(outcome.compiled.is_some(), "{target}");
        let warned = outcome.diagnostics.iter().filter(|it| it.severity == Severity::Warning);
        let rules: Vec<&str> = warned.map(|it| it.rule.name).collect();
        assert_eq!(rules, ["target/ignored-key", "target/ignored-key"], "{target}");
    }
}
