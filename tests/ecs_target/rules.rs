//! What is said of a manifest, rule by rule.

use super::{compiled, said};

/// A manifest with one service `app` that has these keys besides its image.
fn app(keys: &str) -> String {
    format!("services:\n  app:\n    image: app\n    {}\n", keys.replace('\n', "\n    "))
}

/// The rules that a manifest breaks on Fargate, each once.
fn broken(text: &str) -> Vec<&'static str> {
    let mut rules: Vec<&'static str> =
        compiled("fargate", text).diagnostics.iter().map(|it| it.rule.name).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[test]
fn what_a_service_may_not_ask() {
    let cases = [
        ("deploy: { resources: { limits: { cpus: '64' } } }", "fargate/illegal-size"),
        ("mem_limit: 300g", "fargate/illegal-size"),
        ("privileged: true", "target/rejected-key"),
        ("cap_add: [NET_ADMIN]", "target/rejected-key"),
        ("network_mode: host", "target/rejected-key"),
        ("pid: host", "target/rejected-key"),
        ("ipc: host", "target/rejected-key"),
        ("devices: ['/dev/fuse:/dev/fuse']", "target/rejected-key"),
        ("volumes: ['/var/run/docker.sock:/var/run/docker.sock']", "target/rejected-key"),
        ("volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']", "app/missing-file"),
        ("volumes: ['/proc:/host/proc:ro']", "target/rejected-key"),
        ("volumes: ['/opt/site.conf:/etc/nginx/nginx.conf:ro']", "ecs/outside-path"),
        ("platform: linux/riscv64", "target/rejected-key"),
        ("gpus: all", "target/rejected-key"),
        ("ulimits: { bogus: 1 }", "target/rejected-key"),
        ("x-tranship: { job: { schedule: '0 3 * * *' } }", "tranship/invalid-setting"),
        ("ports: ['80']\nx-tranship: { scale: { min: 5, max: 2 } }", "tranship/invalid-setting"),
    ];
    for (keys, rule) in cases {
        let outcome = compiled("fargate", &app(keys));
        assert!(outcome.compiled.is_none(), "{keys} was compiled");
        assert!(said(&outcome).iter().any(|it| it.starts_with(rule)), "{keys}: {:#?}", said(&outcome));
        let located = outcome.diagnostics.iter().filter(|it| it.rule.name == rule);
        assert!(located.clone().all(|it| !it.labels.is_empty() && !it.help.is_empty()), "{keys}");
    }
}

#[test]
fn what_is_brought_into_range() {
    let cases = [
        ("healthcheck: { test: a, interval: 3s }", "ecs/health-check-range", "`interval` 3s becomes 5s"),
        ("healthcheck: { test: a, retries: 40 }", "ecs/health-check-range", "`retries` 40 becomes 10"),
        ("healthcheck: { test: a, start_period: 1h }", "ecs/health-check-range", "3600s becomes 300s"),
        ("stop_grace_period: 10m", "ecs/stop-timeout", "becomes 120s"),
        ("tmpfs: /run", "ecs/tmpfs-size", "64 MiB"),
        ("cpus: '0.3'\nmem_limit: 700m", "fargate/task-size", "512 CPU units and 1024 MiB"),
        ("network_mode: none", "target/ignored-key", "needs its network"),
    ];
    for (keys, rule, words) in cases {
        let outcome = compiled("fargate", &app(keys));
        assert!(outcome.compiled.is_some(), "{keys}: {:#?}", said(&outcome));
        let found = said(&outcome).iter().any(|it| it.starts_with(rule) && it.contains(words));
        assert!(found, "{keys}: {:#?}", said(&outcome));
    }
}

#[test]
fn databases_are_held_against_what_rds_has() {
    let database = |settings: &str| {
        format!(
            "services:\n  db:\n    image: mysql:8.4\n    x-tranship: {{ database: {{ engine: mysql, {settings} }} }}\n  app: {{ image: app, environment: {{ H: 'db:3306' }} }}\n"
        )
    };
    let cases = [
        ("version: '5.7'", "ecs/database-version"),
        ("version: '8.4.99'", "ecs/database-version"),
        ("class: db.t2.micro", "ecs/database-class"),
    ];
    for (settings, rule) in cases {
        assert!(broken(&database(settings)).contains(&rule), "{settings}: {:?}", broken(&database(settings)));
    }
    // The note is about the image, which says nothing that the settings do not.
    assert_eq!(
        broken(&database("version: '8.4.7', class: db.t4g.small, storage: 30")),
        ["fargate/task-size", "target/ignored-key"]
    );
}

#[test]
fn a_network_needs_subnets() {
    let network = |network: &str| {
        format!(
            "services:\n  app: {{ image: app, ports: ['80:80'] }}\nx-tranship: {{ network: {network} }}\n"
        )
    };
    let cases = [
        ("{ vpc: vpc-1, public_subnets: [subnet-1, subnet-2] }", "ecs/subnets"),
        ("{ vpc: vpc-1, public_subnets: [subnet-1], private_subnets: [subnet-2] }", "ecs/subnets"),
    ];
    for (text, rule) in cases {
        let outcome = compiled("fargate", &network(text));
        let found = said(&outcome);
        assert!(found.iter().any(|it| it.starts_with(rule)), "{text}: {found:#?}");
    }
}

#[test]
fn endpoints_may_not_collide() {
    let two = |a: &str, b: &str| {
        format!(
            "services:\n  a: {{ image: a, ports: ['80'], x-tranship: {{ public: {a} }} }}\n  b: {{ image: b, ports: ['80'], x-tranship: {{ public: {b} }} }}\n"
        )
    };
    assert!(broken(&two("{ path: '/*' }", "{ path: '/*' }")).contains(&"ecs/listener-collision"));
    assert!(broken(&two("{ path: /x }", "{ path: /x }")).contains(&"ecs/listener-collision"));
    let six = "{ path: [/a, /b, /c, /d, /e, /f], priority: 5 }";
    assert!(broken(&two("{ path: '/*' }", six)).contains(&"ecs/listener-rule"));
    assert_eq!(
        broken(&two("{ path: '/*' }", "{ path: '/b/*' }")),
        ["ecs/health-path", "fargate/task-size", "target/approximated-key"]
    );
}

#[test]
fn containers_of_a_task_share_its_ports() {
    let text = "services:\n  a: { image: a, expose: ['80'] }\n  b: { image: b, expose: ['80'], network_mode: 'service:a' }\n";
    assert!(broken(text).contains(&"ecs/port-conflict"), "{:?}", broken(text));
}

#[test]
fn a_file_would_hide_the_folder_it_stands_in() {
    let text = |target: &str| {
        format!(
            "services:\n  a: {{ image: a, configs: [{{ source: c, target: {target} }}] }}\nconfigs: {{ c: {{ content: x }} }}\nx-tranship: {{ mounted_files: helper }}\n"
        )
    };
    assert!(broken(&text("/etc/nginx/nginx.conf")).contains(&"ecs/file-mount"));
    assert!(compiled("fargate", &text("/run/configs/nginx.conf")).compiled.is_some());
}
