//! One container plan: what every target makes of the same container, side by side.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use serde_json::{Value, json};
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

/// Compiles a service `app` that has these keys besides its image.
fn compiled(target: &str, keys: &str) -> CompileOutcome {
    let keys = keys.replace('\n', "\n    ");
    let text = format!("services:\n  app:\n    image: app\n    {keys}\n");
    let world = MemoryWorld::new().file("compose.yaml", pinned(target, &text));
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn said(outcome: &CompileOutcome) -> Vec<String> {
    outcome.diagnostics.iter().map(|it| format!("{}: {}", it.rule.name, it.message)).collect()
}

fn artifact(outcome: &CompileOutcome, path: &str) -> Vec<u8> {
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(outcome)));
    compiled.artifacts.get(path).unwrap_or_else(|| panic!("no {path}")).bytes.clone()
}

/// A field of the container, in the words of the Amazon ECS API: `linuxParameters.tmpfs`.
fn field(target: &str, keys: &str, path: &str) -> Value {
    let outcome = compiled(target, keys);
    let lower = |word: &str| format!("{}{}", word[..1].to_lowercase(), &word[1..]);
    if target == "beanstalk" {
        let file = artifact(&outcome, "bundle/Dockerrun.aws.json");
        let dockerrun: Value = serde_json::from_slice(&file).unwrap();
        let mut value = dockerrun["containerDefinitions"][0].clone();
        path.split('.').for_each(|part| value = value[part].clone());
        return value;
    }
    let template: serde_yaml::Value = serde_yaml::from_slice(&artifact(&outcome, "template.yaml")).unwrap();
    let task = &template["Resources"]["AppTaskDefinition"]["Properties"];
    let mut value = task["ContainerDefinitions"][0].clone();
    for part in path.split('.') {
        let key = format!("{}{}", part[..1].to_uppercase(), &part[1..]);
        value = value[key.as_str()].clone();
    }
    uncapitalized(&serde_json::to_value(value).unwrap(), &lower)
}

/// The keys of a template as the API spells them.
fn uncapitalized(value: &Value, lower: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| uncapitalized(item, lower)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (lower(key), uncapitalized(value, lower))).collect()
        }
        other => other.clone(),
    }
}

const TARGETS: [&str; 3] = ["fargate", "ecs-ec2", "beanstalk"];
const ON_INSTANCES: [&str; 2] = ["ecs-ec2", "beanstalk"];

#[test]
fn what_every_target_writes_alike() {
    let cases = [
        ("cap_add: [sys_ptrace, CAP_SYS_PTRACE]", "linuxParameters.capabilities.add", json!(["SYS_PTRACE"])),
        ("cap_drop: [all]", "linuxParameters.capabilities.drop", json!(["ALL"])),
        ("cap_drop: [cap_net_raw, BPF]", "linuxParameters.capabilities.drop", json!(["NET_RAW"])),
        (
            "ulimits: { nofile: 2000000 }",
            "ulimits",
            json!([{ "name": "nofile", "softLimit": 1_048_576, "hardLimit": 1_048_576 }]),
        ),
        (
            "ulimits: { nofile: { soft: 9, hard: -1 } }",
            "ulimits",
            json!([{ "name": "nofile", "softLimit": 9, "hardLimit": 1_048_576 }]),
        ),
        ("tmpfs: /run", "linuxParameters.tmpfs", json!([{ "containerPath": "/run", "size": 64 }])),
        (
            "volumes: [{ type: tmpfs, target: /run, read_only: true, tmpfs: { size: 1 } }]",
            "linuxParameters.tmpfs",
            json!([{ "containerPath": "/run", "size": 1, "mountOptions": ["ro"] }]),
        ),
        (
            "healthcheck: { test: [CMD, check] }",
            "healthCheck",
            json!({ "command": ["CMD", "check"], "timeout": 30 }),
        ),
        (
            "healthcheck: { test: check, interval: 1s, timeout: 2m, retries: 99, start_period: 1500ms }",
            "healthCheck",
            json!({ "command": ["CMD-SHELL", "check"], "interval": 5, "timeout": 60, "retries": 10, "startPeriod": 2 }),
        ),
        ("mem_limit: 512m\nmem_reservation: 256m", "memoryReservation", json!(256)),
        ("mem_limit: 256m\nmem_reservation: 256m", "memoryReservation", Value::Null),
        ("init: false", "linuxParameters", Value::Null),
    ];
    for (keys, path, expected) in cases {
        for target in TARGETS {
            assert_eq!(field(target, keys, path), expected, "{target}: {keys}");
        }
    }
}

#[test]
fn what_instances_have_and_fargate_has_not() {
    let cases = [
        ("cap_add: [net_admin]", "linuxParameters.capabilities.add", json!(["NET_ADMIN"])),
        (
            "devices: ['/dev/fuse:/dev/fuse:rm']",
            "linuxParameters.devices",
            json!([{ "hostPath": "/dev/fuse", "containerPath": "/dev/fuse", "permissions": ["read", "mknod"] }]),
        ),
        ("privileged: true", "privileged", json!(true)),
        ("shm_size: 65m", "linuxParameters.sharedMemorySize", json!(65)),
        ("stop_grace_period: 10m", "stopTimeout", json!(600)),
        ("stop_grace_period: 0s", "stopTimeout", json!(1)),
        ("hostname: one", "hostname", json!("one")),
        ("init: false", "memoryReservation", json!(256)),
        ("cpus: 0.5", "cpu", json!(512)),
        ("deploy: { resources: { limits: { cpus: '2' }, reservations: { cpus: '1' } } }", "cpu", json!(1024)),
    ];
    for (keys, path, expected) in cases {
        for target in ON_INSTANCES {
            assert_eq!(field(target, keys, path), expected, "{target}: {keys}");
        }
    }
    for (keys, rule) in [
        ("cap_add: [net_admin]", "target/rejected-key"),
        ("devices: ['/dev/fuse:/dev/fuse:rm']", "target/rejected-key"),
        ("privileged: true", "target/rejected-key"),
        ("shm_size: 65m", "target/ignored-key"),
        ("stop_grace_period: 10m", "ecs/stop-timeout"),
    ] {
        let found = said(&compiled("fargate", keys));
        assert!(found.iter().any(|it| it.starts_with(rule)), "{keys}: {found:#?}");
    }
}

/// Fargate adds SYS_PTRACE alone and drops anything: what is kept of the defaults is written as its complement.
#[test]
fn what_fargate_drops_instead_of_adding() {
    let cases = [
        ("cap_add: [chown, CAP_NET_BIND_SERVICE]", Value::Null, Value::Null),
        ("cap_drop: [NET_RAW]\ncap_add: [NET_RAW]", Value::Null, Value::Null),
        ("cap_drop: [SYS_ADMIN, kill]", Value::Null, json!(["KILL"])),
        ("cap_drop: [ALL]\ncap_add: [SYS_PTRACE]", json!(["SYS_PTRACE"]), json!(["ALL"])),
        (
            "cap_drop: [ALL]\ncap_add: [chown, SETGID, Cap_SetUid, DAC_OVERRIDE, sys_ptrace]",
            json!(["SYS_PTRACE"]),
            json!([
                "AUDIT_WRITE",
                "FOWNER",
                "FSETID",
                "KILL",
                "MKNOD",
                "NET_BIND_SERVICE",
                "NET_RAW",
                "SETFCAP",
                "SETPCAP",
                "SYS_CHROOT"
            ]),
        ),
    ];
    for (keys, added, dropped) in cases {
        assert_eq!(field("fargate", keys, "linuxParameters.capabilities.add"), added, "{keys}");
        assert_eq!(field("fargate", keys, "linuxParameters.capabilities.drop"), dropped, "{keys}");
    }
    for target in ON_INSTANCES {
        let keys = "cap_drop: [ALL]\ncap_add: [chown]";
        assert_eq!(field(target, keys, "linuxParameters.capabilities.add"), json!(["CHOWN"]));
        assert_eq!(field(target, keys, "linuxParameters.capabilities.drop"), json!(["ALL"]));
    }
}

/// Docker names containers, the manifest services: one of the project is meant either way.
#[test]
fn a_container_of_the_project_is_its_service() {
    for (name, reference) in [("container_name: proxy-one", "proxy-one"), ("init: true", "shop-proxy-1")] {
        let text = format!(
            "name: shop\nservices:\n  proxy: {{ image: proxy, {name} }}\n  app: {{ image: app, network_mode: 'container:{reference}' }}\n"
        );
        let world = MemoryWorld::new().file("compose.yaml", text);
        let choice = EnvironmentChoice::Target("fargate".to_owned());
        let outcome = compile(&CompileRequest { options: LoadOptions::default(), choice }, &world);
        let template = String::from_utf8(artifact(&outcome, "template.yaml")).unwrap();
        assert!(
            template.contains("ProxyTaskDefinition") && !template.contains("AppTaskDefinition"),
            "{reference}"
        );
    }
    let found = said(&compiled("fargate", "network_mode: 'container:elsewhere'"));
    assert!(
        found.iter().any(|it| it.contains("`network_mode: container:elsewhere` of `app` is not supported")),
        "{found:?}"
    );
}

#[test]
fn what_no_target_takes() {
    let cases = [
        ("cap_add: [CAP_BPF]", "`cap_add: BPF` of `app` is not supported on"),
        ("cap_add: [SYS_PTRAC]", "`cap_add: SYS_PTRAC` of `app` is not supported on"),
        ("cap_drop: [cap_nonsense]", "`cap_drop: cap_nonsense` of `app` is not supported on"),
        ("ulimits: { bogus: 1 }", "`ulimits.bogus` of `app` is not supported on"),
        ("ulimits: { nproc: { soft: 9, hard: 8 } }", "`ulimits.nproc` of `app` is not supported on"),
        ("ulimits: { core: -2 }", "`ulimits.core` of `app` is not supported on"),
        (
            "volumes: [{ type: image, source: nginx, target: /image }]",
            "`type: image` of `app` is not supported on",
        ),
    ];
    for (keys, words) in cases {
        for target in TARGETS {
            let outcome = compiled(target, keys);
            assert!(outcome.compiled.is_none(), "{target}: {keys} was compiled");
            assert!(said(&outcome).iter().any(|it| it.contains(words)), "{target}: {:#?}", said(&outcome));
        }
    }
}

#[test]
fn what_is_adjusted_is_reported_once_and_alike() {
    let cases = [
        (
            "healthcheck: { test: a, interval: 3s, retries: 40 }",
            "ecs/health-check-range: the health check of `app` is adjusted to ECS limits: `interval` 3s becomes 5s, `retries` 40 becomes 10",
        ),
        ("tmpfs: /run", "ecs/tmpfs-size: the tmpfs `/run` of `app` has 64 MiB"),
    ];
    for (keys, words) in cases {
        for target in TARGETS {
            let found = said(&compiled(target, keys));
            assert_eq!(found.iter().filter(|it| *it == words).count(), 1, "{target}: {found:#?}");
        }
    }
}

/// What Amazon ECS cannot clear is not silently left in place.
#[test]
fn an_empty_list_does_not_clear_what_the_image_has() {
    for (keys, lost) in [("entrypoint: []", 1), ("command: []", 1), ("entrypoint: [run]\ncommand: []", 0)] {
        for target in TARGETS {
            let found = said(&compiled(target, keys));
            let cleared = found.iter().filter(|it| it.contains("ECS cannot clear the")).count();
            assert_eq!(cleared, lost, "{target}: {keys}: {found:#?}");
        }
    }
}

/// `docker run` has more than a container definition: nothing of a job is lost.
#[test]
fn a_job_has_what_docker_has() {
    let keys = "x-tranship: { job: before-deploy }\nnetwork_mode: host\npid: host\ncap_add: [bpf]\nstop_signal: SIGINT\ntmpfs: /scratch\nentrypoint: []\nconfigs: [{ source: c, target: /run/c }]\nvolumes: ['/anonymous', './seed.sql:/seed.sql:ro']\n";
    let text = format!(
        "services:\n  web: {{ image: web }}\n  app:\n    image: app\n    {}\nconfigs: {{ c: {{ content: x }} }}\n",
        keys.replace('\n', "\n    ")
    );
    let world = MemoryWorld::new().file("compose.yaml", text).file("seed.sql", "select 1;");
    let choice = EnvironmentChoice::Target("beanstalk".to_owned());
    let outcome = compile(&CompileRequest { options: LoadOptions::default(), choice }, &world);
    let settings: Value =
        serde_json::from_slice(&artifact(&outcome, "bundle/.ebextensions/instance.json")).unwrap();
    let options: Vec<&str> = settings["jobs"]["app"]["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(
        options,
        [
            "--entrypoint",
            "",
            "--volume",
            "/anonymous",
            "--volume",
            "/var/app/staging/seed.sql:/seed.sql:ro",
            "--volume",
            "/var/app/staging/configs/c:/run/c:ro",
            "--tmpfs",
            "/scratch",
            "--stop-signal",
            "SIGINT",
            "--cap-add",
            "BPF",
            "--network",
            "host",
            "--pid",
            "host",
        ]
    );
    // The volumes of a job are none of the task's.
    let dockerrun: Value = serde_json::from_slice(&artifact(&outcome, "bundle/Dockerrun.aws.json")).unwrap();
    assert_eq!(dockerrun.get("volumes"), None);
    assert_eq!(artifact(&outcome, "bundle/seed.sql"), b"select 1;");
}

#[test]
fn options_of_a_tmpfs_reach_the_container() {
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let made = field(
            target,
            "tmpfs: [\"/tmp:rw,noexec,nosuid,size=64m,uid=1000,mode=1777\"]",
            "linuxParameters.tmpfs",
        );
        assert_eq!(
            made[0]["mountOptions"],
            json!(["rw", "noexec", "nosuid", "uid=1000", "mode=1777"]),
            "{target}"
        );
        let long = "volumes: [{ type: tmpfs, target: /run, tmpfs: { size: 1048576, mode: 1777 } }]";
        assert_eq!(
            field(target, long, "linuxParameters.tmpfs")[0]["mountOptions"],
            json!(["mode=3361"]),
            "{target}"
        );
        let outcome = compiled(target, "tmpfs: [\"/tmp:size=1m,huge=always\"]");
        let lost = "`tmpfs: huge=always` of `app` has no effect on";
        assert!(said(&outcome).iter().any(|line| line.contains(lost)), "{:#?}", said(&outcome));
    }
}

/// Amazon ECS takes one option of security; what is switched off on instances that do not have it is no loss.
#[test]
fn security_options_of_amazon_ecs() {
    for target in ["ecs-ec2", "beanstalk"] {
        let of = |option: &str| {
            let keys = format!("security_opt: ['{option}']");
            let outcome = compiled(target, &keys);
            let told =
                outcome.diagnostics.iter().find(|one| one.message.starts_with("`security_opt` of `app`"));
            (field(target, &keys, "dockerSecurityOptions"), told.map(|one| one.severity))
        };
        for option in ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"] {
            assert_eq!(of(option), (json!(["no-new-privileges"]), None), "{target} {option}");
        }
        for (options, severity) in [
            (["no-new-privileges:false", "apparmor=unconfined", "label:disable"], Severity::Note),
            (["seccomp:unconfined", "seccomp=./profile.json", "apparmor:own"], Severity::Warning),
        ] {
            for option in options {
                assert_eq!(of(option), (Value::Null, Some(severity)), "{target} {option}");
            }
        }
    }
}

/// A container with a device that no instance has could not start.
#[test]
fn devices_of_a_desk_are_refused() {
    for target in ["ecs-ec2", "beanstalk"] {
        let found = said(&compiled(target, "devices: ['/dev/ttyUSB0:/dev/ttyUSB0', /dev/net/tun]"));
        let refused: Vec<&String> =
            found.iter().filter(|one| one.starts_with("target/rejected-key")).collect();
        assert_eq!(refused.len(), 1, "{found:#?}");
        assert!(refused[0].contains("no such device"), "{}", refused[0]);
        assert!(compiled(target, "devices: [/dev/net/tun]").compiled.is_some());
    }
}

/// A port that a browser asks by HTTPS, without a certificate: what is said of how the container is asked.
#[test]
fn without_a_certificate_it_is_told_whether_the_container_ends_tls() {
    let own_tls = "ports: ['443:8443']\nhealthcheck: { test: curl -kf https://localhost:8443/up }";
    let plain = "ports: ['443:8443']\nhealthcheck: { test: curl -f http://localhost:8443/up }";
    let by_tcp = "ports: ['443:8443']\nx-tranship: { public: { protocol: tcp, port: 8443 } }";
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let told = |keys: &str| -> Option<(Vec<String>, usize)> {
            let outcome = compiled(target, keys);
            let found = outcome.diagnostics.iter().find(|it| it.rule.name.ends_with("/no-certificate"))?;
            Some((found.notes.clone(), found.help.len()))
        };
        let (notes, helps) = told(own_tls).unwrap_or_else(|| panic!("{target}"));
        assert!(notes.iter().any(|note| note.contains("container by HTTPS")), "{target}: {notes:?}");
        let (others, fewer) = told(plain).unwrap_or_else(|| panic!("{target}"));
        assert!(others.iter().all(|note| !note.contains("container by HTTPS")), "{target}: {others:?}");
        // ECS has a load balancer that passes TLS on, which is offered to a container that ends it.
        assert_eq!(helps - fewer, usize::from(target != "beanstalk"), "{target}");
        assert_eq!(told(by_tcp), None, "{target}: the load balancer passes it on");
    }
}
