//! Two files: what the second does to the first, key by key.

use super::{load_files, root_of, service, shown};
use crate::source::PlaceRole;
use crate::yaml::Node;

#[test]
fn every_rule() {
    for (base, over, key, merged) in [
        ("command: a", "command: [b, c]", "command", "[b, c]"),
        ("command: a", "command: ", "command", ""),
        ("environment: { A: 1, B: 2 }", "environment: [B=3, C=4]", "environment", "{A: '1', B: '3', C: '4'}"),
        ("labels: [a=b]", "labels: { a: c }", "labels", "{a: c}"),
        (
            "ports: [\"80:80\"]",
            "ports: [\"80:80\", \"81:81\"]",
            "ports",
            "[{mode: ingress, target: 80, published: '80', protocol: tcp}, {mode: ingress, target: 81, published: '81', protocol: tcp}]",
        ),
        (
            "volumes: [\"vol:/a\"]",
            "volumes: [\"./x:/a\"]",
            "volumes",
            "[{type: bind, source: /project/x, target: /a, bind: {create_host_path: true}}]",
        ),
        (
            "build: .",
            "build: { target: t }",
            "build",
            "{context: /project, dockerfile: Dockerfile, target: t}",
        ),
        (
            "depends_on: [b]",
            "depends_on: { b: { condition: service_healthy } }",
            "depends_on",
            "{b: {condition: service_healthy, required: true}}",
        ),
        (
            "networks: [default]",
            "networks: { default: { aliases: [x] } }",
            "networks",
            "{default: {aliases: [x]}}",
        ),
        ("logging: { driver: a, options: { x: 1 } }", "logging: { driver: b }", "logging", "{driver: b}"),
        (
            "logging: { driver: a, options: { x: 1 } }",
            "logging: { options: { y: 2 } }",
            "logging",
            "{driver: a, options: {x: '1', y: '2'}}",
        ),
        (
            "healthcheck: { test: [CMD, a], retries: 1 }",
            "healthcheck: { test: b }",
            "healthcheck",
            "{test: [CMD-SHELL, b], retries: 1}",
        ),
        ("ulimits: { nofile: { soft: 1, hard: 2 } }", "ulimits: { nofile: 3 }", "ulimits", "{nofile: 3}"),
        ("tmpfs: /a", "tmpfs: [/b]", "tmpfs", "[/a, /b]"),
        ("dns: [1.1.1.1]", "dns: 1.1.1.1", "dns", "[1.1.1.1]"),
        ("cap_add: [A]", "cap_add: [A, B]", "cap_add", "[A, B]"),
        (
            "extra_hosts: [\"a=1.1.1.1\"]",
            "extra_hosts: { a: 1.1.1.1, b: 2.2.2.2 }",
            "extra_hosts",
            "[a=1.1.1.1, b=2.2.2.2]",
        ),
        ("user: a", "user: b", "user", "b"),
        (
            "deploy: { replicas: 1, labels: { a: b } }",
            "deploy: { labels: [a=c] }",
            "deploy",
            "{replicas: 1, labels: {a: c}}",
        ),
    ] {
        let over = format!("services: {{ a: {{ {over} }} }}\n");
        let root = root_of(&[&service(base), &over]);
        let found = root.at(&["services", "a", key]).map(shown).unwrap_or_default();
        assert_eq!(found, merged, "{base} + {over}");
    }
}

#[test]
fn the_loser_is_shown_beside_the_winner() {
    for (base, over, path) in [
        ("user: a", "user: b", &["user"] as &[&str]),
        ("environment: { A: 1 }", "environment: [A=2]", &["environment", "A"]),
    ] {
        let over = format!("services: {{ a: {{ {over} }} }}\n");
        let loaded = load_files(&[&service(base), &over], |_| {});
        let root = loaded.manifest.map(|manifest| manifest.root).unwrap();
        let value = root.at(&["services", "a"]).and_then(|service| service.at(path)).unwrap();
        let places = loaded.sources.places(value.origin);
        let files: Vec<(&str, PlaceRole)> = places
            .iter()
            .filter_map(|place| Some((loaded.sources.file(place.span.file)?.path().as_str(), place.role)))
            .collect();
        assert_eq!(files.first(), Some(&("1.yaml", PlaceRole::Value)), "{base}");
        assert!(files.contains(&("0.yaml", PlaceRole::Overridden)), "{base}: {files:?}");
    }
}

#[test]
fn a_list_over_a_text_is_refused_where_a_key_has_one_form() {
    let over = "services: { a: { cap_add: SYS_TIME } }\n";
    let loaded = load_files(&[&service("cap_add: [NET_ADMIN]"), over], |_| {});
    let names: Vec<&str> = loaded.diagnostics.iter().map(|found| found.rule.name).collect();
    assert_eq!(names, ["compose/cannot-override"]);
}

#[test]
fn address_pools_are_merged_by_subnet() {
    let file = |pools: &str| {
        format!(
            "services: {{ a: {{ image: i, networks: [n] }} }}\nnetworks: {{ n: {{ ipam: {{ config: [{pools}] }} }} }}\n"
        )
    };
    let root = root_of(&[
        &file("{ subnet: 10.0.0.0/24 }"),
        &file("{ subnet: 10.0.0.0/24, gateway: 10.0.0.1 }, { subnet: 10.1.0.0/24 }"),
    ]);
    let pools = root.at(&["networks", "n", "ipam", "config"]).map(shown);
    let wanted = "[{subnet: 10.0.0.0/24, gateway: 10.0.0.1}, {subnet: 10.1.0.0/24}]";
    assert_eq!(pools.as_deref(), Some(wanted));
    assert!(root.at(&["services", "a", "networks", "n"]).is_some_and(Node::is_null));
}
