//! Where each limit begins: the last legal value compiles, the next one is refused with its numbers and its line.

use super::*;

/// The messages of a rule, with their key and the text that they underline.
fn reported(target: &str, text: &str, rule: &str) -> Vec<(String, Option<String>, String)> {
    let outcome = compiled(target, text);
    let found = outcome.diagnostics.iter().filter(|it| it.rule.name == rule);
    found
        .map(|it| {
            let origin = it.labels.first().map(|label| label.origin).unwrap_or_default();
            (it.message.clone(), it.key.clone(), underlined(&outcome, origin))
        })
        .collect()
}

/// The text of an origin's place.
fn underlined(outcome: &CompileOutcome, origin: tranship::source::Origin) -> String {
    let Some(span) = outcome.sources.place(origin) else { return String::new() };
    let file = outcome.sources.file(span.file).unwrap();
    file.text()[span.start as usize..span.end as usize].to_owned()
}

/// Holds that a manifest breaks a rule with this message, or none at all.
fn expect(text: &str, rule: &str, message: Option<&str>) {
    let found: Vec<String> = reported("fargate", text, rule).into_iter().map(|it| it.0).collect();
    let expected: Vec<String> = message.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(found, expected, "{text}");
    assert_eq!(compiled("fargate", text).compiled.is_some(), message.is_none(), "{text}");
}

fn app(keys: &str) -> String {
    format!("services:\n  app: {{ image: app, {keys} }}\n")
}

#[test]
fn a_task_has_ten_containers() {
    let tasks = |sidecars: usize| {
        let sidecar = |number| format!("  s{number}: {{ image: s, x-tranship: {{ task: app }} }}\n");
        app("expose: [80]") + &(0..sidecars).map(sidecar).collect::<String>()
    };
    expect(&tasks(9), "ecs/too-many-containers", None);
    let message = "the task of `app` has 11 containers; ECS allows 10";
    expect(&tasks(10), "ecs/too-many-containers", Some(message));
}

#[test]
fn a_service_has_five_target_groups() {
    let ports = |count: usize| {
        let numbers: Vec<String> = (0..count).map(|it| format!("'808{it}'")).collect();
        let public: Vec<String> =
            (0..count).map(|it| format!("{{ container_port: 808{it}, path: /{it} }}")).collect();
        app(&format!("ports: [{}], x-tranship: {{ public: [{}] }}", numbers.join(", "), public.join(", ")))
    };
    expect(&ports(5), "ecs/too-many-public-ports", None);
    let message = "`app` has 6 public ports; an ECS service allows 5";
    expect(&ports(6), "ecs/too-many-public-ports", Some(message));
}

#[test]
fn a_listener_rule_has_five_conditions_of_128_characters() {
    let public = |public: &str| app(&format!("ports: ['80'], x-tranship: {{ public: {{ {public} }} }}"));
    let path = |length: usize| format!("/{}", "x".repeat(length - 1));
    expect(&public("host: [a.io, b.io], path: [/a, /b, /c]"), "ecs/listener-rule", None);
    expect(
        &public("host: [a.io, b.io], path: [/a, /b, /c, /d], priority: 5"),
        "ecs/listener-rule",
        Some("`app` has 6 hosts, paths and networks, and a `priority`; a listener rule allows 5"),
    );
    expect(&public("host: [a.io, b.io], path: [/a, /b, /c, /d]"), "ecs/listener-rule", None);
    expect(&public("host: [a.io, b.io], path: [/a, /b, /c], priority: 5"), "ecs/listener-rule", None);
    expect(&public(&format!("path: {}", path(128))), "ecs/listener-rule", None);
    expect(
        &public(&format!("path: {}", path(129))),
        "ecs/listener-rule",
        Some("a host or path of `app` is longer than 128 characters"),
    );
}

#[test]
fn a_range_has_its_smaller_end_first() {
    let scale = |scale: &str| app(&format!("x-tranship: {{ scale: {{ {scale} }} }}"));
    expect(&scale("min: 2, max: 2"), "tranship/invalid-setting", None);
    let message = "`services.app.x-tranship.scale`: `min` (3) is greater than `max` (2)";
    expect(&scale("min: 3, max: 2"), "tranship/invalid-setting", Some(message));
}

#[test]
fn names_of_stacks_and_namespaces() {
    let settings = |settings: &str| format!("{}x-tranship: {{ {settings} }}\n", app("expose: [80]"));
    expect(&settings(&format!("stack: a{}", "b".repeat(127))), "ecs/stack-name", None);
    let long = format!("a{}", "b".repeat(128));
    let message = format!("`{long}` is not a valid stack name");
    expect(&settings(&format!("stack: {long}")), "ecs/stack-name", Some(&message));
    expect(&settings("stack: 1a"), "ecs/stack-name", Some("`1a` is not a valid stack name"));

    // The others are called NAME-AppStack and NAME-Shared41b4f35a33Stack; CloudFormation adds 16 characters or more by itself.
    for (layout, most) in [("independent", 106), ("nested", 112), ("single", 128)] {
        let of = |length: usize| format!("stacks: {layout}, stack: {}", "a".repeat(length));
        expect(&settings(&of(most)), "ecs/stack-name", None);
        if most < 128 {
            let long = "a".repeat(most + 1);
            let message = format!(
                "the stack name `{long}` has {} characters, and the names of the other stacks begin with it",
                most + 1
            );
            expect(&settings(&of(most + 1)), "ecs/stack-name", Some(&message));
            let named = format!("name: {long}\n{}", settings(&format!("stacks: {layout}")));
            expect(&named, "ecs/stack-name", Some(&message));
        }
    }

    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    let namespace = |name: &str| settings(&format!("discovery: {{ namespace: {name} }}"));
    expect(&namespace(&longest), "ecs/namespace", None);
    let message = format!("`{longest}a` is not a domain name");
    expect(&namespace(&format!("{longest}a")), "ecs/namespace", Some(&message));
    expect(&namespace("a..b"), "ecs/namespace", Some("`a..b` is not a domain name"));
}

#[test]
fn logs_are_kept_for_certain_periods() {
    for (days, next) in [(30, None), (8, Some("14")), (366, Some("400")), (3653, None)] {
        let text = format!("{}x-tranship: {{ log_retention: {days} }}\n", app("expose: [80]"));
        let outcome = compiled("fargate", &text);
        let help: Vec<String> = outcome
            .diagnostics
            .iter()
            .filter(|it| it.rule.name == "tranship/invalid-setting")
            .flat_map(|it| it.help.clone())
            .collect();
        let expected: Vec<String> =
            next.iter().map(|days| format!("the next supported number is {days}")).collect();
        assert_eq!(help, expected, "{days}");
    }
}

#[test]
fn how_many_subnets_a_network_needs() {
    let network = |network: &str, database: bool| {
        let database = if database {
            "  db: { image: 'mysql:8.4', x-tranship: { database: { engine: mysql } } }\n"
        } else {
            ""
        };
        let app = app(if network.contains("public") { "ports: ['80:80']" } else { "expose: [80]" });
        format!("{app}{database}x-tranship: {{ network: {{ vpc: vpc-1, {network} }} }}\n")
    };
    let cases = [
        ("private_subnets: [subnet-1]", false, None),
        ("private_subnets: []", false, Some("the network has no private subnets for the tasks")),
        ("private_subnets: [subnet-1]", true, Some("a database needs 2 private subnets in different zones")),
        ("private_subnets: [subnet-1, subnet-2]", true, None),
        (
            "private_subnets: [subnet-1], public_subnets: [subnet-3]",
            false,
            Some("the load balancer needs 2 public subnets in different zones"),
        ),
        ("private_subnets: [subnet-1], public_subnets: [subnet-3, subnet-4]", false, None),
    ];
    for (subnets, database, message) in cases {
        expect(&network(subnets, database), "ecs/subnets", message);
    }
}

/// The quota of the whole template names the service that most of it comes from.
#[test]
fn a_template_has_five_hundred_resources() {
    let many = |count: usize| {
        let service = |number: usize| format!("  s{number}: {{ image: nginx }}\n");
        format!(
            "x-tranship: {{ stacks: single }}\nservices:\n{}",
            (1000..1000 + count).map(service).collect::<String>()
        )
    };
    // The cluster, and six resources for each service.
    expect(&many(83), "ecs/template-quota", None);
    let found = reported("fargate", &many(84), "ecs/template-quota");
    let expected = (
        "the template has 505 resources; CloudFormation allows 500".to_owned(),
        Some("services.s1000".to_owned()),
        "s1000".to_owned(),
    );
    assert_eq!(found, [expected]);
}

#[test]
fn a_dynamic_reference_is_refused_where_it_is_written() {
    let text = app("environment: { A: ok, B: 'see {{resolve:ssm:/a/b}} there' }");
    for target in ["fargate", "ecs-ec2"] {
        let found = reported(target, &text, "ecs/dynamic-reference");
        let expected = (
            "CloudFormation would replace `{{resolve:ssm:/a/b}}`, which Compose passes on unchanged"
                .to_owned(),
            Some("services.app.environment.B".to_owned()),
            "'see {{resolve:ssm:/a/b}} there'".to_owned(),
        );
        assert_eq!(found, [expected], "{target}");
        assert!(compiled(target, &text).compiled.is_none());
    }
}

/// What ends by itself, and what nobody can ask for its health, is no target of a load balancer.
#[test]
fn what_cannot_be_public() {
    expect(
        &app("ports: ['53:53/udp'], x-tranship: { public: { container_port: 53 } }"),
        "ecs/public-udp",
        Some(
            "port 53/udp of `app` cannot be public: a load balancer finds out by TCP whether a container is healthy, and the service has no TCP port",
        ),
    );
    expect(
        &app("ports: ['53:53/udp', '53:53'], x-tranship: { public: { container_port: 53 } }"),
        "ecs/public-udp",
        None,
    );
    let job = "`app` is a job, which exits on its own, so it cannot be public";
    expect(&app("ports: ['80:80'], x-tranship: { public: true, job: manual }"), "ecs/public-job", Some(job));
    let init = "
services:
  app: { image: app, ports: ['80:80'], volumes: ['vol:/v'], x-tranship: { public: true } }
  web: { image: web, volumes: ['vol:/v'], depends_on: { app: { condition: service_completed_successfully } } }
volumes: { vol: }
";
    expect(init, "ecs/public-job", Some(job));
}

/// The size is that of a task, and the line that of its service with the longest variables.
#[test]
fn a_task_definition_has_sixty_four_kibibytes() {
    let of = |letters: usize| {
        let long = "x".repeat(letters);
        format!(
            "services:\n  web: {{ image: web, environment: {{ A: y }} }}\n  side:\n    image: side\n    x-tranship: {{ task: web }}\n    environment: {{ LONG: {long} }}\n"
        )
    };
    let rule = "ecs/task-definition-size";
    let size = |letters: usize| reported("fargate", &of(letters), rule);
    let (message, key, line) = size(65_536).remove(0);
    let bytes: usize = message
        .strip_prefix("the task definition of `side` has ")
        .and_then(|rest| rest.strip_suffix(" bytes, which Amazon ECS limits to 65536"))
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{message}"));
    assert_eq!((key.as_deref(), line.as_str()), (Some("services.side"), "side"));
    // One letter of the variable is one byte, so the limit is reached by what is over it now.
    let room = 65_536 - (bytes - 65_536);
    assert_eq!(size(room), []);
    assert_eq!(size(room + 1).len(), 1);
    assert_eq!(reported("ecs-ec2", &of(65_536), rule).len(), 1);
}
