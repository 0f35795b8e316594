//! Logs through a router of the task, and limits of processes: what Docker and Amazon ECS say with different words.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

fn compiled(target: &str, manifest: &str) -> CompileOutcome {
    let world = MemoryWorld::new().file("compose.yaml", manifest.to_owned());
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn template(outcome: &CompileOutcome) -> String {
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics));
    String::from_utf8(compiled.artifacts.get("template.yaml").unwrap().bytes.clone()).unwrap()
}

/// The lines at which a rule finds something.
fn lines(outcome: &CompileOutcome, rule: &str) -> Vec<u32> {
    let found = outcome.diagnostics.iter().filter(|one| one.rule.name == rule);
    let origins = found.flat_map(|one| one.labels.iter().map(|label| label.origin));
    let places = origins.filter_map(|origin| outcome.sources.places(origin).first().cloned());
    let line = |place: tranship::source::OriginPlace| {
        outcome.sources.file(place.span.file).unwrap().location(place.span.start).line as u32
    };
    places.map(line).collect()
}

/// FireLens: the container that is a router, by its image, and the others that hand it their logs.
#[test]
fn a_log_router_of_the_task_takes_the_logs() {
    const ARN: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/logs/key";
    let manifest = |image: &str, driver: &str, task: &str| {
        format!(
            "services:
  app:
    image: web
    ports: ['80:80']
    logging: {{ driver: {driver}, options: {{ Name: http, Host: logs.example.com, Header: '{ARN}' }} }}
  router: {{ image: '{image}'{task} }}
"
        )
    };
    let beside = ", x-tranship: { task: app }";
    for (image, kind) in
        [("amazon/aws-for-fluent-bit:stable", "fluentbit"), ("fluent/fluentd:v1.17", "fluentd")]
    {
        for target in ["fargate", "ecs-ec2"] {
            let text = template(&compiled(target, &manifest(image, "awsfirelens", beside)));
            assert_eq!(text.matches("FirelensConfiguration:").count(), 1, "{target}: {text}");
            for line in [
                &*format!("Type: {kind}"),
                "LogDriver: awsfirelens",
                "Host: logs.example.com",
                "Name: Header",
            ] {
                assert!(text.contains(line), "{target} {line}: {text}");
            }
            assert!(text.contains(&format!("ValueFrom: {ARN}")), "{text}");
        }
    }
    // A task of its own routes nothing of another task, and no router is one where nobody asks.
    let apart = compiled("fargate", &manifest("amazon/aws-for-fluent-bit:stable", "awsfirelens", ""));
    assert!(apart.compiled.is_none());
    let idle = template(&compiled("fargate", &manifest("amazon/aws-for-fluent-bit:stable", "local", beside)));
    assert!(!idle.contains("FirelensConfiguration"), "{idle}");
    let machine = template(&compiled("ecs-ec2", &manifest("fluent/fluent-bit", "awsfirelens", beside)));
    // The agent offers this driver by itself.
    assert!(!machine.contains("ECS_AVAILABLE_LOGGING_DRIVERS"), "{machine}");
}

/// The example of the guide is built as it stands.
#[test]
fn the_page_on_logs_shows_a_router() {
    let page = include_str!("../docs/logs.md");
    let example = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    for target in ["fargate", "ecs-ec2"] {
        let text = template(&compiled(target, example));
        assert!(
            text.contains("Type: fluentbit") && text.contains("delivery_stream: app-logs"),
            "{target}: {text}"
        );
        assert!(text.contains("firehose:PutRecordBatch"), "{target}: {text}");
    }
}

/// `pids_limit: -1` is no limit, and one that the kernel does not have stops no instance.
#[test]
fn limits_of_processes() {
    let manifest = |limit: &str| {
        format!(
            "services:\n  app:\n    image: web\n    ports: [\"80:80\"]\n    pids_limit: {limit}\nx-tranship: {{ platform: docker }}\n"
        )
    };
    for (limit, lost) in [("-1", 0), ("100", 1)] {
        for target in ["fargate", "ecs-ec2"] {
            let outcome = compiled(target, &manifest(limit));
            assert_eq!(lines(&outcome, "target/ignored-key").len(), lost, "{limit} {target}");
            assert!(outcome.compiled.is_some(), "{limit} {target}");
        }
    }
    for (limit, refused) in [("-1", vec![]), ("4194304", vec![]), ("4194305", vec![5])] {
        let found = lines(&compiled("beanstalk", &manifest(limit)), "target/rejected-key");
        assert_eq!(found, refused, "{limit}");
    }
}
