//! What is rejected, under which rule, at which key and line.

use super::{load_files, service};
use crate::diagnostic::{Severity, rules};

/// The files of a rule's example: one, or several, each starting with a comment that names it.
fn files(example: &str) -> Vec<&str> {
    let second = "# compose.override.yaml";
    match example.split_once(second) {
        Some((base, over)) => vec![base, over],
        None => vec![example],
    }
}

#[test]
fn every_rule_is_triggered_by_the_example_on_its_page() {
    for rule in rules::compose::ALL {
        let loaded = load_files(&files(rule.example), |_| {});
        let names: Vec<&str> = loaded.diagnostics.iter().map(|found| found.rule.name).collect();
        assert!(names.contains(&rule.name), "{} not in {names:?}", rule.name);
        assert_eq!(loaded.manifest.is_none(), rule.severity == Severity::Error, "{}", rule.name);
    }
}

#[test]
fn what_a_service_may_not_say() {
    for (written, rule, key) in [
        ("imge: x", "compose/unknown-key", "services.a.imge"),
        ("healthcheck: { intervall: 5s }", "compose/unknown-key", "services.a.healthcheck.intervall"),
        ("user: 5", "compose/wrong-type", "services.a.user"),
        ("command: [5]", "compose/wrong-type", "services.a.command[0]"),
        ("environment: { A: 2020-01-01 }", "compose/wrong-type", "services.a.environment.A"),
        ("environment: ", "compose/wrong-type", "services.a.environment"),
        ("cgroup: hosts", "compose/invalid-value", "services.a.cgroup"),
        ("oom_score_adj: 2000", "compose/invalid-value", "services.a.oom_score_adj"),
        ("container_name: x", "compose/invalid-value", "services.a.container_name"),
        ("depends_on: { b: {} }", "compose/missing-key", "services.a.depends_on.b"),
        ("volumes: [{ source: vol, target: /a }]", "compose/missing-key", "services.a.volumes[0]"),
        ("volumes: [{ type: volume }]", "compose/missing-key", "services.a.volumes[0]"),
        ("volumes: [{ type: bind, target: /a }]", "compose/missing-key", "services.a.volumes[0]"),
        ("ports: [{ published: 80 }]", "compose/missing-key", "services.a.ports[0]"),
        ("ports: [80.5]", "compose/bad-port", "services.a.ports[0]"),
        ("ports: [\"80/icmp\"]", "compose/bad-port", "services.a.ports[0]"),
        ("volumes: [\"vol:/a:ro:rw\"]", "compose/bad-volume", "services.a.volumes[0]"),
        ("group_add: [a, a]", "compose/duplicate-item", "services.a.group_add[1]"),
        ("networks: { \"a b\": {} }", "compose/invalid-name", "services.a.networks.a b"),
        ("stop_grace_period: 1y", "compose/bad-duration", "services.a.stop_grace_period"),
        ("shm_size: 5x", "compose/bad-size", "services.a.shm_size"),
        ("command: \"a 'b\"", "compose/bad-command", "services.a.command"),
        ("extra_hosts: [host]", "compose/bad-syntax", "services.a.extra_hosts"),
        ("environment: [\"A =b\"]", "compose/bad-syntax", "services.a.environment"),
        ("build: { no_cache: maybe }", "compose/invalid-value", "services.a.build.no_cache"),
        ("blkio_config: { weight: \"5\" }", "compose/invalid-value", "services.a.blkio_config.weight"),
        ("volumes: [\"gone:/a\"]", "compose/undefined-reference", "services.a.volumes[0]"),
        ("configs: [gone]", "compose/undefined-reference", "services.a.configs[0]"),
        ("network_mode: host, networks: [default]", "compose/conflicting-keys", "services.a"),
        (
            "cpus: 1, deploy: { resources: { limits: { memory: 1g } } }",
            "compose/conflicting-keys",
            "services.a",
        ),
        ("scale: 2, container_name: one", "compose/container-name-twice", "services.a.container_name"),
        ("tmpfs: /a, volumes: [\"vol:/a\"]", "compose/target-twice", "services.a.volumes"),
        ("healthcheck: { test: [curl] }", "compose/invalid-value", "services.a.healthcheck.test"),
        ("gpus: [{ count: 1, device_ids: [x] }]", "compose/conflicting-keys", "services.a.gpus[0]"),
    ] {
        let loaded = load_files(&[&service(written)], |_| {});
        let found: Vec<(&str, &str)> = loaded
            .diagnostics
            .iter()
            .map(|found| (found.rule.name, found.key.as_deref().unwrap_or("")))
            .collect();
        assert!(found.contains(&(rule, key)), "{written}: {found:?}");
        assert!(loaded.manifest.is_none(), "{written}");
        for fault in &loaded.diagnostics {
            let placed = fault.labels.iter().any(|label| loaded.sources.place(label.origin).is_some());
            assert!(placed, "{written}: {} has no place", fault.rule.name);
            assert!(!fault.help.is_empty(), "{written}: {} has no help", fault.rule.name);
        }
    }
}

#[test]
fn one_fault_is_told_once() {
    for written in ["image: 5", "imge: x", "volumes: [\"a::b\"]", "depends_on: { b: {} }", "ports: [80.5]"] {
        let text = format!("services: {{ a: {{ {written} }}, b: {{ image: j }} }}\n");
        let loaded = load_files(&[&text, "services: { b: { tty: true } }\n"], |_| {});
        let names: Vec<&str> = loaded.diagnostics.iter().map(|found| found.rule.name).collect();
        assert_eq!(names.len(), 1, "{written}: {names:?}");
    }
}

#[test]
fn all_faults_of_a_run_are_told() {
    let text = "services:\n  a: { imge: x }\n  b: { image: i, ports: [\"x:80\"], networks: [gone] }\n\
                volumes: { v: { external: true, driver: d } }\n";
    let loaded = load_files(&[text], |_| {});
    let mut names: Vec<&str> = loaded.diagnostics.iter().map(|found| found.rule.name).collect();
    names.sort_unstable();
    let wanted = [
        "compose/bad-port",
        "compose/conflicting-keys",
        "compose/undefined-reference",
        "compose/unknown-key",
        "compose/unused-resource",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn a_cycle_shows_every_step() {
    let text = "services:\n  a: { image: i, depends_on: [b] }\n  b: { image: i, links: [c] }\n  c: { image: i, depends_on: { a: { condition: service_healthy } } }\n";
    let loaded = load_files(&[text], |_| {});
    let [cycle] = loaded.diagnostics.as_slice() else { panic!("{:?}", loaded.diagnostics) };
    assert!(cycle.message.ends_with("a -> b -> c -> a"), "{}", cycle.message);
    let lines: Vec<usize> = cycle
        .labels
        .iter()
        .filter_map(|label| loaded.sources.place(label.origin))
        .filter_map(|span| Some(loaded.sources.file(span.file)?.location(span.start).line))
        .collect();
    assert_eq!(lines, [2, 3, 4]);
}
