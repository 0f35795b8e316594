//! Every short syntax of a service and its long form in the canonical tree.

use super::{root_of, service, shown};

#[test]
fn of_every_key() {
    for (written, key, long) in [
        ("command: npm run dev", "command", "[npm, run, dev]"),
        ("command: []", "command", "[]"),
        ("entrypoint: [\"/x\", \"a b\"]", "entrypoint", "[/x, a b]"),
        ("environment: [A=b=c, D]", "environment", "{A: b=c, D: ~}"),
        (
            "environment: { A: 1, B: true, C: 1.50, D: , E: 0x10 }",
            "environment",
            "{A: '1', B: true, C: '1.5', D: ~, E: '16'}",
        ),
        ("labels: [a=b, c]", "labels", "{a: b, c: }"),
        ("annotations: { a: 1 }", "annotations", "{a: '1'}"),
        ("ports: [\"80\"]", "ports", "[{mode: ingress, target: 80, protocol: tcp}]"),
        (
            "ports: [\"127.0.0.1:8000-8001:80-81/udp\"]",
            "ports",
            "[{mode: ingress, host_ip: 127.0.0.1, target: 80, published: '8000', protocol: udp}, \
             {mode: ingress, host_ip: 127.0.0.1, target: 81, published: '8001', protocol: udp}]",
        ),
        (
            "ports: [\"9000-9002:93\"]",
            "ports",
            "[{mode: ingress, target: 93, published: 9000-9002, protocol: tcp}]",
        ),
        (
            "ports: [{ target: 80, published: 8080 }]",
            "ports",
            "[{mode: ingress, target: 80, published: '8080', protocol: tcp}]",
        ),
        ("expose: [80, \"90\"]", "expose", "['80', '90']"),
        (
            "volumes: [\"vol:/d/../e:ro\"]",
            "volumes",
            "[{type: volume, source: vol, target: /e, read_only: true, volume: {}}]",
        ),
        ("volumes: [/anonymous]", "volumes", "[{type: volume, target: /anonymous, volume: {}}]"),
        (
            "volumes: [\"./src:/src:z,rslave\"]",
            "volumes",
            "[{type: bind, source: /project/src, target: /src, bind: {selinux: z, propagation: rslave, create_host_path: true}}]",
        ),
        (
            "volumes: [\"vol:/x:nocopy\"]",
            "volumes",
            "[{type: volume, source: vol, target: /x, volume: {nocopy: true}}]",
        ),
        ("tmpfs: /run", "tmpfs", "[/run]"),
        ("depends_on: [b]", "depends_on", "{b: {condition: service_started, required: true}}"),
        (
            "links: [\"b:alias\"]",
            "depends_on",
            "{b: {condition: service_started, restart: true, required: true}}",
        ),
        (
            "ipc: \"service:b\"",
            "depends_on",
            "{b: {condition: service_started, restart: true, required: true}}",
        ),
        ("volumes_from: [\"b:ro\"]", "depends_on", "{b: {condition: service_started, required: true}}"),
        ("build: ./app", "build", "{context: /project/app, dockerfile: Dockerfile}"),
        (
            "build: { args: [A=1, GONE], provenance: true }",
            "build",
            "{context: /project, dockerfile: Dockerfile, args: {A: '1'}, provenance: true}",
        ),
        ("devices: [\"/dev/a:/dev/b\"]", "devices", "[{source: /dev/a, target: /dev/b, permissions: rwm}]"),
        ("gpus: all", "gpus", "[{count: -1}]"),
        (
            "healthcheck: { test: curl x, interval: 90s }",
            "healthcheck",
            "{test: [CMD-SHELL, curl x], interval: 1m30s}",
        ),
        ("extra_hosts: [\"h:::1\", \"g=[::2]\"]", "extra_hosts", "[g=::2, h=::1]"),
        ("extra_hosts: { h: [1.1.1.1, 2.2.2.2] }", "extra_hosts", "[h=1.1.1.1, h=2.2.2.2]"),
        ("mem_limit: 1.5gb", "mem_limit", "'1610612736'"),
        ("memswap_limit: -1", "memswap_limit", "'-1'"),
        ("cpus: \"0.50\"", "cpus", "0.5"),
        ("stop_grace_period: 1d", "stop_grace_period", "24h0m0s"),
        (
            "ulimits: { nofile: 5, nproc: { soft: 1, hard: 2 } }",
            "ulimits",
            "{nofile: 5, nproc: {soft: 1, hard: 2}}",
        ),
        ("privileged: \"yes\"", "privileged", "true"),
        ("init: false", "init", "false"),
        ("pull_policy: if_not_present", "pull_policy", "missing"),
        ("dns: 8.8.8.8", "dns", "[8.8.8.8]"),
        (
            "provider: { type: t, options: { a: 1, b: [x, y] } }",
            "provider",
            "{type: t, options: {a: ['1'], b: [x, y]}}",
        ),
        ("storage_opt: { size: 1 }", "storage_opt", "{size: '1'}"),
        ("post_start: [{ command: a b }]", "post_start", "[{command: [a, b]}]"),
        (
            "develop: { watch: [{ path: ./s, action: rebuild, ignore: x }] }",
            "develop",
            "{watch: [{path: /project/s, action: rebuild, ignore: [x]}]}",
        ),
        (
            "deploy: { replicas: 2, resources: { limits: { cpus: 0.5, memory: 1k } } }",
            "deploy",
            "{replicas: 2, resources: {limits: {cpus: 0.5, memory: '1024'}}}",
        ),
        ("scale: 3, deploy: {}", "deploy", "{replicas: 3}"),
    ] {
        let root = root_of(&[&service(written)]);
        let found = root.at(&["services", "a", key]).map(shown);
        assert_eq!(found.as_deref(), Some(long), "{written}");
    }
}

#[test]
fn what_counts_as_unset_is_left_out() {
    for (written, key) in [
        ("privileged: false", "privileged"),
        ("hostname: \"\"", "hostname"),
        ("mem_limit: 1.5", "mem_limit"),
        ("cpu_shares: 0", "cpu_shares"),
        ("command: ", "command"),
        ("healthcheck: { test: [] }", "healthcheck.test"),
        ("cap_add: []", "cap_add"),
        ("labels: {}", "labels"),
        ("pull_refresh_after: 1h", "pull_refresh_after"),
    ] {
        let root = root_of(&[&service(written)]);
        let path: Vec<&str> = ["services", "a"].into_iter().chain(key.split('.')).collect();
        assert_eq!(root.at(&path).map(shown), None, "{written}");
    }
}

#[test]
fn resources_are_named_after_the_project() {
    let text = "name: shop\nservices: { a: { image: i, volumes: [\"own:/a\", \"other:/b\"], secrets: [s] } }\n\
                volumes: { own: , other: { external: { name: theirs } } }\nsecrets: { s: { file: ./s.txt } }\n";
    let root = root_of(&[text]);
    for (path, wanted) in [
        (["volumes", "own"], "{name: shop_own}"),
        (["volumes", "other"], "{name: theirs, external: true}"),
        (["secrets", "s"], "{name: shop_s, file: /project/s.txt}"),
        (["networks", "default"], "{name: shop_default}"),
    ] {
        assert_eq!(root.at(&path).map(shown).as_deref(), Some(wanted));
    }
    let mounts = root.at(&["services", "a", "secrets"]).map(shown);
    assert_eq!(mounts.as_deref(), Some("[{source: s, target: /run/secrets/s}]"));
}
