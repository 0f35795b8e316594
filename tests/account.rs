//! The account as the user sees it: what is lost or approximated is said, once for each kind, at its lines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::world::MemoryWorld;

/// The manifest with the ECS platform where the target has several.
fn pinned(target: &str, manifest: &str) -> String {
    let open = target == "beanstalk" && !manifest.contains("\nx-tranship:");
    let platform = if open { "x-tranship: { platform: ecs }\n" } else { "" };
    format!("{manifest}{platform}")
}

fn compiled(target: &str, manifest: &str) -> CompileOutcome {
    let world = MemoryWorld::new().file("compose.yaml", pinned(target, manifest));
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

/// Lines of the manifest that a diagnostic points at.
fn lines(outcome: &CompileOutcome, labels: &[tranship::diagnostic::DiagnosticLabel]) -> Vec<u32> {
    let places = labels.iter().filter_map(|label| outcome.sources.places(label.origin).first().cloned());
    let at = |place: tranship::source::OriginPlace| {
        outcome.sources.file(place.span.file).unwrap().location(place.span.start).line as u32
    };
    places.map(at).collect()
}

/// Both ECS targets, with the names that messages call them by.
const ECS: [(&str, &str); 2] = [("fargate", "Fargate"), ("ecs-ec2", "ECS on EC2")];

/// Every target, likewise.
const ALL: [(&str, &str); 3] =
    [("fargate", "Fargate"), ("ecs-ec2", "ECS on EC2"), ("beanstalk", "Elastic Beanstalk")];

/// Every diagnostic of a rule: severity, lines, message.
fn of_rule(outcome: &CompileOutcome, rule: &str) -> Vec<(Severity, Vec<u32>, String)> {
    let found = outcome.diagnostics.iter().filter(|one| one.rule.name == rule);
    found.map(|one| (one.severity, lines(outcome, &one.labels), one.message.clone())).collect()
}

#[test]
fn a_restart_policy_that_ends_is_one_warning_for_all_services() {
    let manifest = "services:\n  web: { image: web, ports: [\"80:80\"] }\n  migrate:\n    image: web\n    \
                    restart: \"no\"\n    expose: [\"1\"]\n  seed:\n    image: web\n    restart: \"no\"\n    expose: [\"1\"]\n";
    for (target, product) in ECS {
        let found = of_rule(&compiled(target, manifest), "target/approximated-key");
        let expected = format!(
            "`restart` of `migrate` and `seed` becomes `always` on {product}: an ECS service replaces every task that ends"
        );
        assert_eq!(found, [(Severity::Warning, vec![5, 9], expected)]);
    }
}

#[test]
fn an_equivalent_is_a_note() {
    let outcome = compiled("fargate", "services:\n  web:\n    image: web\n    ports: [\"8080:80\"]\n");
    let found = of_rule(&outcome, "target/approximated-key");
    let message =
        "`ports.published` of `web` becomes port 80 on Fargate: the load balancer listens on the usual port";
    assert_eq!(found, [(Severity::Note, vec![4], message.to_owned())]);
}

#[test]
fn what_a_diagnostic_says_already_is_not_said_twice() {
    let check = "services:\n  app:\n    image: app\n    healthcheck:\n      test: [CMD, \"true\"]\n      interval: 1s\n";
    let outcome = compiled("fargate", check);
    assert_eq!(of_rule(&outcome, "ecs/health-check-range").len(), 1);
    assert_eq!(of_rule(&outcome, "target/approximated-key"), []);
    let volume = "services:\n  app: { image: app, volumes: [\"data:/data\"] }\nvolumes: { data: }\n";
    let outcome = compiled("beanstalk", volume);
    assert_eq!(of_rule(&outcome, "beanstalk/instance-volume").len(), 1);
    assert_eq!(of_rule(&outcome, "target/approximated-key"), []);
}

#[test]
fn ports_that_nobody_outside_can_reach_are_one_warning() {
    let manifest = "services:\n  web: { image: web, ports: [\"80:80\"] }\n  dns:\n    image: dns\n    ports:\n      \
                    - 53:53/udp\n      - 25:25\n";
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let found = of_rule(&compiled(target, manifest), "app/unreachable-port");
        let message = "published ports are not reachable from outside, because they are not HTTP and nothing asks for them: \
                       `dns` (25, 53/udp)";
        assert_eq!(found, [(Severity::Warning, vec![6, 7], message.to_owned())], "{target}");
    }
}

#[test]
fn a_private_address_is_not_published_to_the_world() {
    for address in
        ["10.0.0.5", "172.20.1.1", "192.168.1.10", "169.254.7.7", "[::ffff:127.0.0.1]", "[fd00::1]"]
    {
        let manifest = format!("services:\n  web:\n    image: web\n    ports: [\"{address}:8080:80\"]\n");
        let outcome = compiled("fargate", &manifest);
        let template =
            outcome.compiled.as_ref().unwrap().artifacts.get("template.yaml").unwrap().bytes.clone();
        let text = String::from_utf8(template).unwrap();
        assert!(!text.contains("AWS::ElasticLoadBalancingV2::"), "{address}");
    }
    let open = compiled("fargate", "services:\n  web:\n    image: web\n    ports: [\"0.0.0.0:8080:80\"]\n");
    let template = open.compiled.as_ref().unwrap().artifacts.get("template.yaml").unwrap().bytes.clone();
    assert!(String::from_utf8(template).unwrap().contains("AWS::ElasticLoadBalancingV2::Listener"));
}

fn template(outcome: &CompileOutcome) -> String {
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics));
    String::from_utf8(compiled.artifacts.get("template.yaml").unwrap().bytes.clone()).unwrap()
}

#[test]
fn volumes_that_only_docker_has_are_refused_or_said_to_start_empty() {
    let manifest = "services:\n  app: { image: app, volumes: [\"data:/data\", \"share:/share\"] }\nvolumes:\n  data:\n    \
                    external: true\n  share:\n    driver_opts:\n      type: nfs\n      o: addr=10.0.0.1\n";
    for (target, product) in ALL {
        let outcome = compiled(target, manifest);
        let found = of_rule(&outcome, "target/approximated-key");
        let warned: Vec<&str> = found
            .iter()
            .filter(|(severity, ..)| *severity == Severity::Warning)
            .map(|(_, _, message)| message.split(':').next().unwrap())
            .collect();
        let replaced = [
            format!("`external` of `data` becomes a new, empty volume on {product}"),
            format!("`driver_opts` of `share` becomes a new, empty volume on {product}"),
        ];
        let refused = of_rule(&outcome, "app/foreign-volume");
        match target {
            "beanstalk" => assert_eq!((warned, refused.len()), (vec![&*replaced[0], &*replaced[1]], 0)),
            _ => assert_eq!((warned.len(), refused.len()), (0, 2), "{target}"),
        }
    }
    let local =
        "services:\n  app: { image: app, volumes: [\"data:/data\"] }\nvolumes: { data: { driver: local } }\n";
    assert_eq!(of_rule(&compiled("fargate", local), "target/approximated-key"), []);
    assert_eq!(of_rule(&compiled("fargate", local), "app/foreign-volume"), []);
}

#[test]
fn the_load_balancer_speaks_what_the_port_does() {
    let of = |protocol: &str| {
        let ports = format!("ports: [{{ target: 80, published: \"80\", app_protocol: {protocol} }}]");
        let outcome = compiled("fargate", &format!("services:\n  web:\n    image: web\n    {ports}\n"));
        assert_eq!(of_rule(&outcome, "target/approximated-key"), [], "{protocol}");
        let text = template(&outcome);
        let group = text.split("Type: AWS::ElasticLoadBalancingV2::TargetGroup").nth(1).unwrap();
        let text = group.split("\n\n").next().unwrap();
        let line = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)).map(str::to_owned);
        (line("Protocol: "), line("ProtocolVersion: "))
    };
    let is = |protocol: &str, version: Option<&str>| (Some(protocol.to_owned()), version.map(str::to_owned));
    assert_eq!(of("http"), is("HTTP", None));
    assert_eq!(of("https"), is("HTTPS", None));
    // Without a certificate, what needs HTTP/2 from end to end is passed on.
    assert_eq!(of("grpc"), is("TCP", None));
    assert_eq!(of("http2"), is("TCP", None));
}

#[test]
fn a_health_check_without_a_test_is_lost() {
    let keys = "healthcheck: { interval: 10s, retries: 3 }";
    for (target, product) in ALL {
        let outcome = compiled(target, &format!("services:\n  web:\n    image: web\n    {keys}\n"));
        let message = format!(
            "`healthcheck` of `web` has no effect on {product}: it has no `test`, and Amazon ECS ignores health checks defined in the image"
        );
        assert_eq!(of_rule(&outcome, "target/ignored-key"), [(Severity::Warning, vec![4], message)]);
    }
}

#[test]
fn adjusted_health_checks_name_the_line_of_each_value() {
    let check = "services:\n  app:\n    image: app\n    healthcheck:\n      test: [CMD, \"true\"]\n      interval: 1s\n      \
                 timeout: 1s\n      retries: 30\n";
    let found = of_rule(&compiled("fargate", check), "ecs/health-check-range");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, [6, 7, 8]);
}

#[test]
fn a_task_far_larger_than_asked_for_is_a_warning() {
    let of = |cpus: &str, memory: &str| {
        let keys = format!("deploy: {{ resources: {{ limits: {{ cpus: \"{cpus}\", memory: {memory} }} }} }}");
        let outcome = compiled("fargate", &format!("services:\n  web:\n    image: web\n    {keys}\n"));
        of_rule(&outcome, "fargate/task-size").first().map(|(severity, ..)| *severity)
    };
    assert_eq!(of("0.3", "200g"), Some(Severity::Warning));
    assert_eq!(of("0.3", "1g"), Some(Severity::Note));
    assert_eq!(of("0.25", "512m"), None);
}

#[test]
fn variables_that_are_not_set_are_one_warning() {
    let manifest = "services:\n  app:\n    image: app\n    environment:\n      - TOKEN\n      - SET=1\n  other:\n    image: app\n    \
                    environment:\n      TOKEN:\n      NAME:\n";
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let outcome = compiled(target, manifest);
        let message =
            "`TOKEN` of `app` and `other`, `NAME` of `other` are not set, so no container gets them";
        assert_eq!(
            of_rule(&outcome, "app/unset-variable"),
            [(Severity::Warning, vec![5, 10, 11], message.to_owned())]
        );
        assert_eq!(of_rule(&outcome, "target/ignored-key"), []);
    }
}

#[test]
fn an_image_that_cannot_exist_is_an_error_at_its_line() {
    for image in ["${REGISTRY}/web:${TAG}", "${NAME}.example.io/site:v1", "web:${TAG}"] {
        let outcome = compiled("fargate", &format!("services:\n  web:\n    image: {image}\n"));
        let message = "the image of service `web` is not a valid image reference".to_owned();
        assert_eq!(of_rule(&outcome, "app/image-reference"), [(Severity::Error, vec![3], message)]);
        assert!(outcome.compiled.is_none());
    }
}

#[test]
fn logs_that_go_elsewhere_are_said_and_awslogs_options_are_passed_on() {
    let of = |logging: &str| {
        compiled("fargate", &format!("services:\n  app:\n    image: app\n    logging: {logging}\n"))
    };
    let awslogs =
        of("{ driver: awslogs, options: { mode: non-blocking, max-buffer-size: 4m, awslogs-group: /mine } }");
    let text = template(&awslogs);
    assert!(text.contains("mode: non-blocking") && text.contains("max-buffer-size: \"4m\""), "{text}");
    let lost = of_rule(&awslogs, "target/ignored-key");
    let message = "`logging.options.awslogs-group` of `app` has no effect on Fargate: Tranship names the log group and its streams";
    assert_eq!(lost, [(Severity::Warning, vec![4], message.to_owned())]);
    for (driver, severity) in [("fluentd", Severity::Warning), ("json-file", Severity::Note)] {
        let found = of_rule(&of(&format!("{{ driver: {driver} }}")), "target/approximated-key");
        assert_eq!(found.first().map(|(severity, ..)| *severity), Some(severity), "{driver}");
    }
}

#[test]
fn beanstalk_says_what_it_makes_of_the_only_public_endpoint_and_of_no_replicas() {
    let public = "services:\n  web:\n    image: web\n    ports: [\"80:80\"]\n    x-tranship:\n      public:\n        path: /api/*\n        \
                  host: a.example.org\n";
    let found = of_rule(&compiled("beanstalk", public), "target/approximated-key");
    let lines: Vec<&Vec<u32>> =
        found.iter().filter(|it| it.0 == Severity::Warning).map(|(_, lines, _)| lines).collect();
    assert_eq!(lines, [&vec![7], &vec![8]]);
    let none = compiled("beanstalk", "services:\n  web:\n    image: web\n    deploy:\n      replicas: 0\n");
    assert_eq!(of_rule(&none, "target/rejected-key")[0].1, [5]);
    assert!(none.compiled.is_none());
}

/// A plug-in of Compose makes no container: the rest is deployed, and what its dependents lack is said.
#[test]
fn what_a_plugin_provides_is_left_out_with_the_variables_that_are_missing() {
    let of = |dependent: &str| {
        format!(
            "services:\n  app:\n    image: app\n    depends_on: [chat, db]\n{dependent}  chat:\n    provider:\n      type: model\n      options: {{ model: ai/smollm2 }}\n  db:\n    image: ignored\n    provider:\n      type: cloud\n"
        )
    };
    let set = "    environment: { CHAT_URL: a, CHAT_MODEL: b, DB_HOST: c }\n";
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let outcome = compiled(target, &of(""));
        let found = of_rule(&outcome, "app/provided-service");
        let message = "`chat`, `db` are provided by a Docker Compose plug-in, which does not run on AWS: they make no container";
        assert_eq!(found, [(Severity::Warning, vec![7, 12], message.to_owned())], "{target}");
        let one = outcome.diagnostics.iter().find(|one| one.rule.name == "app/provided-service").unwrap();
        assert_eq!(
            one.notes,
            [
                "under Compose, the plug-in `model` sets variables for `chat`; here `app` gets no `CHAT_URL` and no `CHAT_MODEL`",
                "under Compose, the plug-in `cloud` sets variables for `db`; here `app` gets no variable that begins with `DB_`"
            ]
        );
        assert!(
            one.help[0].contains("`services: { app: { environment: { CHAT_URL: ..., CHAT_MODEL: ... } } }`")
        );
        assert!(outcome.compiled.is_some(), "{target}");
        assert_eq!(of_rule(&outcome, "internal/unaccounted-key"), []);
        let given = compiled(target, &of(set));
        assert_eq!(of_rule(&given, "app/provided-service")[0].0, Severity::Note, "{target}");
    }
}

#[test]
fn a_platform_that_aws_does_not_have_is_refused_by_name() {
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        for (platform, words) in [
            ("windows/amd64", "Windows containers need Windows"),
            ("wasi/wasm", "no runtime for WebAssembly"),
            ("linux/s390x", "`s390x` is not one of the processors of AWS"),
        ] {
            let text = format!("services:\n  app:\n    image: app\n    platform: {platform}\n");
            let outcome = compiled(target, &text);
            let found = of_rule(&outcome, "target/rejected-key");
            assert_eq!((found.len(), found[0].1.as_slice()), (1, [4].as_slice()), "{target} {platform}");
            assert!(found[0].2.starts_with(&format!("`platform: {platform}` of `app`")), "{}", found[0].2);
            assert!(found[0].2.contains(words), "{}", found[0].2);
        }
    }
    let arm = compiled("beanstalk", "services:\n  app:\n    image: app\n    platform: linux/arm64\n");
    let bundle = &arm.compiled.as_ref().unwrap().artifacts;
    let options = bundle.iter().map(|(_, one)| String::from_utf8_lossy(&one.bytes)).collect::<String>();
    assert!(options.contains("\"t4g.small\"") && options.contains("\"arm64\""));
    let mixed = "services:\n  app:\n    image: app\n    platform: linux/arm64\nx-tranship: { instance_type: t3.small }\n";
    assert!(
        of_rule(&compiled("beanstalk", mixed), "target/rejected-key")[0].2.contains("`t3.small` has X86_64")
    );
}

/// Compiles an environment of a project of several files.
fn environment(name: &str, files: &[(&str, &str)]) -> CompileOutcome {
    let world =
        files.iter().fold(MemoryWorld::new(), |world, (path, text)| world.file(path, (*text).to_owned()));
    let choice = EnvironmentChoice::Environment(name.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

#[test]
fn an_override_that_no_one_named_is_a_warning_in_production_alone() {
    let base = "services:\n  api: { image: api }\nx-tranship:\n  environments:\n    dev: { target: fargate }\n    \
                prod: { target: fargate, posture: prod }\n    named: { target: fargate, posture: prod, files: [prod.yaml] }\n";
    let over = "services: { api: { environment: { MODE: developer } } }\n";
    let files = [
        ("compose.yaml", base),
        ("compose.override.yaml", over),
        ("prod.yaml", "services: { api: { image: api } }\n"),
    ];
    let rule = "tranship/override-in-production";
    let dev = environment("dev", &files);
    assert_eq!(of_rule(&dev, rule), []);
    assert!(dev.override_file.is_some() && template(&dev).contains("developer"));
    let prod = environment("prod", &files);
    let found = of_rule(&prod, rule);
    assert_eq!((found[0].0, found[0].1.as_slice()), (Severity::Warning, [1].as_slice()));
    let named = environment("named", &files);
    assert_eq!(of_rule(&named, rule), []);
    assert!(named.override_file.is_none() && !template(&named).contains("developer"));
}

#[test]
fn keys_and_labels_of_other_tools_are_named_with_what_does_the_same() {
    let keys = "x-aws-vpc: vpc-0abc\nservices:\n  web:\n    image: web\n    x-aws-policies: [a]\n    labels:\n      traefik.enable: \"true\"\n";
    let outcome = compiled("fargate", keys);
    let message = "other tools read `x-aws-policies` (use `x-tranship.permissions`), `x-aws-vpc` (use `x-tranship.network`), `traefik.*`; Tranship does not";
    assert_eq!(
        of_rule(&outcome, "app/foreign-tool"),
        [(Severity::Warning, vec![5, 1, 7], message.to_owned())]
    );
    let one = outcome.diagnostics.iter().find(|one| one.rule.name == "app/foreign-tool").unwrap();
    assert!(one.notes.contains(&"instead of `x-aws-vpc`: `x-tranship.network`".to_owned()));
    let labels =
        compiled("fargate", "services:\n  web:\n    image: web\n    labels: { ofelia.enabled: \"true\" }\n");
    assert_eq!(of_rule(&labels, "app/foreign-tool")[0].0, Severity::Note);
    let other = compiled("fargate", "x-team: web\nservices:\n  web: { image: web, labels: { team: web } }\n");
    assert_eq!(of_rule(&other, "app/foreign-tool"), []);
}

#[test]
fn legal_input_is_never_a_fault_of_ours() {
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        for keys in [
            "cpus: -1",
            "mem_limit: -1",
            "mem_reservation: -1",
            "shm_size: -1",
            "ports: [{ target: 2147483648 }]",
            "expose: [x]",
        ] {
            let outcome = compiled(target, &format!("services:\n  app:\n    image: app\n    {keys}\n"));
            let found = of_rule(&outcome, "app/out-of-range");
            assert_eq!(
                found.iter().map(|(_, lines, _)| lines.as_slice()).collect::<Vec<_>>(),
                [[4]],
                "{keys} {target}"
            );
            assert_eq!(of_rule(&outcome, "internal/unaccounted-key"), [], "{keys}");
        }
        for keys in [
            "deploy: {}",
            "healthcheck: {}",
            "networks: {}",
            "sysctls: {}",
            "expose: []",
            "cpus: 0",
            "mem_limit: 0",
            "logging: {}",
        ] {
            let outcome = compiled(target, &format!("services:\n  app:\n    image: app\n    {keys}\n"));
            assert_eq!(of_rule(&outcome, "internal/unaccounted-key"), [], "{keys} {target}");
            assert!(outcome.compiled.is_some(), "{keys} {target}");
        }
    }
}

/// Splunk everywhere, the daemons of others where there is a machine; what is secret by reference.
#[test]
fn log_drivers_that_ecs_has_are_used_with_their_options() {
    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:splunk-AbCdEf";
    let splunk = format!(
        "{{ driver: splunk, options: {{ splunk-url: https://splunk.example.com:8088, splunk-token: '{ARN}' }} }}"
    );
    let gelf = "{ driver: gelf, options: { gelf-address: udp://logs.example.com:12201 } }".to_owned();
    let near = "{ driver: fluentd, options: { fluentd-address: 'collector:24224' } }".to_owned();
    let of = |target: &str, logging: &str| {
        compiled(
            target,
            &format!(
                "services:\n  app:\n    image: app\n    logging: {logging}\n  collector: {{ image: fluentd }}\n"
            ),
        )
    };
    for target in ["fargate", "ecs-ec2"] {
        let text = template(&of(target, &splunk));
        for line in ["LogDriver: splunk", "splunk-url: https://splunk.example.com:8088", "Name: splunk-token"]
        {
            assert!(text.contains(line), "{target} {line}: {text}");
        }
        assert!(
            text.contains(&format!("ValueFrom: {ARN}")) && text.contains(&format!("Resource: {ARN}")),
            "{text}"
        );
    }
    let text = template(&of("ecs-ec2", &gelf));
    assert!(
        text.contains("LogDriver: gelf") && text.contains("gelf-address: udp://logs.example.com:12201"),
        "{text}"
    );
    assert!(
        text.contains(r#"ECS_AVAILABLE_LOGGING_DRIVERS=["json-file","awslogs","gelf","none"]"#),
        "{text}"
    );
    for (target, logging) in [("fargate", &gelf), ("ecs-ec2", &near), ("beanstalk", &splunk)] {
        let found = of_rule(&of(target, logging), "target/approximated-key");
        let lost = found.iter().any(|(severity, _, message)| {
            *severity == Severity::Warning && message.contains("logging.driver")
        });
        assert!(lost, "{target}: {found:?}");
    }
}

/// A config that a late-bound variable without a value leaves empty, or that is empty anyway, is refused where it is
/// mounted; and what an error stops is never called a fault of Tranship.
#[test]
fn nothing_is_called_unaccounted_where_an_error_stands() {
    let start = "services:\n  app:\n    image: web\n    ports: [\"80:80\"]\n";
    for (keys, message) in [
        (
            "    configs: [c]\nconfigs: { c: { content: \"${LATE}\" } }\nx-tranship: { late_bound: [LATE] }\n",
            "service `app` mounts the config `c`, which has no content",
        ),
        (
            "    configs: [c]\nconfigs: { c: { content: \"\" } }\n",
            "service `app` mounts the config `c`, which has no content",
        ),
        (
            "    secrets: [s]\nsecrets: { s: { external: true, name: \"${LATE}\" } }\nx-tranship: { late_bound: [LATE] }\n",
            "service `app` mounts the secret `s`, which has no content",
        ),
    ] {
        for (target, _) in ALL {
            let outcome = compiled(target, &format!("{start}{keys}"));
            let found = of_rule(&outcome, "app/missing-file");
            assert_eq!(found, [(Severity::Error, vec![5], message.to_owned())], "{target} {keys}");
            assert_eq!(of_rule(&outcome, "internal/unaccounted-key"), [], "{target} {keys}");
        }
    }
    let late = "    environment: { A: \"${LATE}\" }\n    command: [\"${LATE}\"]\nx-tranship: { late_bound: [LATE], platform: docker }\n";
    let outcome = compiled("beanstalk", &format!("{start}{late}"));
    assert!(!of_rule(&outcome, "beanstalk/late-bound-value").is_empty());
    assert_eq!(of_rule(&outcome, "internal/unaccounted-key"), []);
}

#[test]
fn logs_without_their_router_are_refused() {
    let manifest = "services:\n  app:\n    image: web\n    ports: [\"80:80\"]\n    logging:\n      driver: awsfirelens\n      options: { Name: http }\n";
    for (target, product) in ALL {
        let found = of_rule(&compiled(target, manifest), "target/rejected-key");
        let why = match target {
            "beanstalk" => "which only a task of Amazon ECS has",
            _ => "and no container of the task is one",
        };
        let message = format!(
            "`logging.driver: awsfirelens` of `app` is not supported on {product}: its options are for a log router, {why}"
        );
        assert_eq!(found, [(Severity::Error, vec![6], message)], "{target}");
    }
}

#[test]
fn more_copies_than_a_service_may_have_are_out_of_range() {
    for (count, refused) in [("5000", false), ("5001", true), ("99999999999", true)] {
        let manifest = format!(
            "services:\n  app:\n    image: web\n    ports: [\"80:80\"]\n    deploy: {{ replicas: {count} }}\n"
        );
        let found = of_rule(&compiled("fargate", &manifest), "app/out-of-range");
        let message = "`services.app.deploy.replicas` is out of range".to_owned();
        let expected = if refused { vec![(Severity::Error, vec![5], message)] } else { Vec::new() };
        assert_eq!(found, expected, "{count}");
    }
}

/// A path of the machine stands in artifacts as what it leads to.
#[test]
fn a_path_with_dots_is_written_as_what_it_leads_to() {
    let mount = |source: &str| {
        format!(
            "services:\n  app:\n    image: web\n    ports: [\"80:80\"]\n    volumes: [\"{source}:/s\"]\nx-tranship: {{ platform: docker }}\n"
        )
    };
    let text = |source: &str| {
        let outcome = compiled("beanstalk", &mount(source));
        let artifacts = outcome.compiled.unwrap().artifacts;
        let file = artifacts.iter().find(|(path, _)| *path == "bundle/docker-compose.yml").unwrap();
        String::from_utf8(file.1.bytes.clone()).unwrap()
    };
    let direct = text("/srv/data");
    assert!(direct.contains("source: /srv/data"), "{direct}");
    assert_eq!(text("/dev/../srv/./data"), direct);
}

/// Secrets reach a command and a health check on the Docker platform through the shell that lowering gives them.
#[test]
fn a_secret_reaches_a_command_on_the_docker_platform() {
    let manifest = "services:\n  cache:\n    image: redis:7\n    expose: [\"6379\"]\n    environment: { CACHE_PASSWORD: walnut-77 }\n    \
                    command: redis-server --requirepass walnut-77\n    healthcheck: { test: [CMD, redis-cli, -a, walnut-77, ping] }\n\
                    x-tranship: { platform: docker }\n";
    let outcome = compiled("beanstalk", manifest);
    assert_eq!(of_rule(&outcome, "internal/leak"), []);
    let artifacts = outcome.compiled.unwrap().artifacts;
    let file = artifacts.iter().find(|(path, _)| *path == "bundle/docker-compose.yml").unwrap();
    let text = String::from_utf8(file.1.bytes.clone()).unwrap();
    for line in [
        "    entrypoint:\n      - sh\n      - -c\n",
        "    command:\n      - exec docker-entrypoint.sh redis-server --requirepass \"$$CACHE_PASSWORD\"\n",
        "        - CMD-SHELL\n        - redis-cli -a \"$$CACHE_PASSWORD\" ping\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("walnut"), "{text}");
}

/// A file that only looks as if it held a password goes where it is mounted, and is said with its line.
#[test]
fn a_password_in_a_mounted_file_is_said_with_its_line_and_carried() {
    let manifest = "services:\n  app:\n    image: web\n    ports: [\"80:80\"]\n    volumes: [\"./conf:/etc/app:ro\", \"./run:/run.cfg:ro\"]\n    \
                    configs: [{ source: users, target: /etc/users.xml }]\nconfigs: { users: { file: users.xml } }\n";
    for (target, place) in [("fargate", "the image"), ("ecs-ec2", "the image"), ("beanstalk", "the bundle")] {
        let world = MemoryWorld::new()
            .file("compose.yaml", pinned(target, manifest))
            .file("conf/app.ini", "[database]\nuser = app\npassword = walnut7\n")
            .file("conf/safe.ini", "password = ${DB_PASSWORD}\n")
            .file("conf/main.py", "password = \"walnut7\"\n")
            .file("run", "requirepass walnut7\n")
            .file("users.xml", "<users>\n  <password>walnut7</password>\n</users>\n");
        let choice = EnvironmentChoice::Target(target.to_owned());
        let outcome = compile(&CompileRequest { options: LoadOptions::default(), choice }, &world);
        let found = of_rule(&outcome, "app/password-in-file");
        let said = |place: &str, what: &str| {
            format!("service `app` brings what looks like a password into {place}: {what}")
        };
        let config = if place == "the image" { "the task definition or the image" } else { place };
        let mut expected = vec![
            (Severity::Warning, vec![5], said(place, "`conf/app.ini` line 3")),
            (Severity::Warning, vec![5], said(place, "`run` line 1")),
            (Severity::Warning, vec![6], said(config, "`users` line 2")),
        ];
        let mut found = found;
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{target}");
        let carried = outcome.compiled.unwrap().artifacts;
        assert!(carried.iter().any(|(path, _)| path.ends_with("app.ini")), "{target}");
    }
}
