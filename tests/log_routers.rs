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
    let examples = || page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let own = examples().nth(1).unwrap();
    assert!(template(&compiled("fargate", own)).contains("config-file-value: /outputs.conf"));
    let example = examples().next().unwrap();
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

/// Amazon ECS writes the configuration of the router and gives it a socket, so some of what Docker takes is refused there.
#[test]
fn a_log_router_has_a_user_by_number_and_a_configuration_of_its_own() {
    let of = |image: &str, keys: &str| {
        let manifest = format!(
            "services:\n  app:\n    image: web\n    ports: ['80:80']\n    logging: {{ driver: awsfirelens, options: {{ Name: http }} }}\n  router:\n    image: '{image}'\n    x-tranship: {{ task: app }}\n    {keys}\nconfigs: {{ extra: {{ content: '[OUTPUT]' }} }}\n"
        );
        let outcome = compiled("fargate", &manifest);
        let found = outcome.diagnostics.iter().filter(|one| one.rule.name == "target/rejected-key");
        found.map(|one| (one.message.clone(), one.help.join(" "))).collect::<Vec<_>>()
    };
    let (bit, fluentd) = ("fluent/fluent-bit:3", "fluent/fluentd:v1.17");
    for user in ["fluent", "1000:fluent", "'fluent:1000'"] {
        let found = of(bit, &format!("user: {user}"));
        assert_eq!(found.len(), 1, "{user}");
        assert!(found[0].0.starts_with("`user` of `router` is not supported on Fargate"), "{}", found[0].0);
    }
    for keys in ["user: '0'", "user: '1000:1000'", "configs: [{ source: extra, target: /extra.conf }]"] {
        assert_eq!(of(bit, keys), [], "{keys}");
    }
    for (image, path) in [(bit, "/fluent-bit/etc/fluent-bit.conf"), (fluentd, "/fluentd/etc/./fluent.conf")] {
        let found = of(image, &format!("configs: [{{ source: extra, target: {path} }}]"));
        assert_eq!(found.len(), 1, "{path}");
        assert!(found[0].0.contains("hides what is mounted") && found[0].1.contains("config-file-value"));
        assert!(found[0].1.contains("ContainerDefinitions[Name=router].FirelensConfiguration"));
    }
    // The other router's path is none of its own.
    assert_eq!(of(fluentd, "configs: [{ source: extra, target: /fluent-bit/etc/fluent-bit.conf }]"), []);
}

/// What the refusal of a configuration says to write is a template that includes the file.
#[test]
fn a_configuration_of_ones_own_is_included_by_a_patch() {
    let manifest = "services:
  app:
    image: web
    ports: ['80:80']
    logging: { driver: awsfirelens, options: { Name: http } }
  router:
    image: fluent/fluent-bit:3
    configs: [{ source: extra, target: /extra.conf }]
    x-tranship:
      task: app
      patch:
        - resource: AWS::ECS::TaskDefinition
          at: Properties.ContainerDefinitions[Name=router].FirelensConfiguration
          merge: { Options: { config-file-type: file, config-file-value: /extra.conf } }
configs: { extra: { content: '[OUTPUT]' } }
";
    let text = template(&compiled("fargate", manifest));
    assert!(
        text.contains("config-file-type: file") && text.contains("config-file-value: /extra.conf"),
        "{text}"
    );
}
