//! How an Elastic Beanstalk environment is reached, and what of its containers stops, starts and finds the others.

use super::{CompileOutcome, WORKER, Yaml, compiled, messages, options, text, yaml};

fn process(options: &Yaml, name: &str) -> Yaml {
    options[format!("aws:elasticbeanstalk:environment:process:{name}").as_str()].clone()
}

fn told<'o>(outcome: &'o CompileOutcome, rule: &str) -> Vec<&'o str> {
    outcome.diagnostics.iter().filter(|one| one.rule.name == rule).map(|one| one.message.as_str()).collect()
}

/// A container that speaks TLS is asked by HTTPS: by its number, its check, `app_protocol` or the setting.
#[test]
fn a_container_with_tls_is_asked_by_https() {
    let cases = [
        ("ports: ['443:8443']", "HTTPS"),
        ("ports: ['8080:9000'], healthcheck: { test: curl -kf https://localhost:9000/up }", "HTTPS"),
        ("ports: [{ target: 9000, published: '80', app_protocol: https }]", "HTTPS"),
        ("ports: ['80:9000'], x-tranship: { public: { protocol: https } }", "HTTPS"),
        ("ports: ['80:9000']", "HTTP"),
        ("ports: [{ target: 9000, published: '80', app_protocol: ws }]", "HTTP"),
    ];
    for platform in ["ecs", "docker"] {
        for (keys, protocol) in cases {
            let services = format!("services:\n  app: {{ image: acme/app:1, {keys} }}");
            let outcome = compiled(&services, &format!("platform: {platform}"));
            assert_eq!(process(&options(&outcome), "default")["Protocol"], protocol, "{platform} {keys}");
            let lost = messages(&outcome).iter().any(|message| message.contains("app_protocol"));
            assert!(!lost, "{keys}");
        }
    }
}

/// Port 80 of an instance is asked in clear, so a container that speaks TLS there needs a load balancer.
#[test]
fn one_instance_needs_a_load_balancer_in_front_of_tls() {
    for (ports, kind) in [("443:8443", "LoadBalanced"), ("80:8080", "SingleInstance")] {
        let services = format!("services:\n  app: {{ image: acme/app:1, ports: ['{ports}'] }}");
        let outcome = compiled(&services, "instances: 1");
        assert_eq!(options(&outcome)["aws:elasticbeanstalk:environment"]["EnvironmentType"], kind, "{ports}");
    }
}

#[test]
fn a_published_443_without_a_certificate_is_told() {
    const RULE: &str = "beanstalk/no-certificate";
    let https = "https: { certificate: 'arn:aws:acm:eu-central-1:123456789012:certificate/1' }";
    let of = |ports: &str, settings: &str| {
        let services = format!("services:\n  app: {{ image: acme/app:1, ports: [{ports}] }}");
        compiled(&services, settings)
    };
    let both = "'80:80', '443:443'";
    let balanced = "`app` publishes port 443, and nothing gives a certificate: the load balancer serves HTTP";
    let single =
        "`app` publishes port 443, and nothing gives a certificate: the instance opens port 80 alone";
    assert_eq!(told(&of(both, "log_retention: 7"), RULE), [balanced]);
    assert_eq!(told(&of("'443:8443'", "instances: 1"), RULE), [balanced]);
    assert_eq!(told(&of(both, "instances: 1"), RULE), [single]);
    let without: [&str; 0] = [];
    for (ports, settings) in
        [(both, https), ("'80:80'", ""), (both, "tier: worker"), ("'80:80', '127.0.0.1:443:443'", "")]
    {
        assert_eq!(told(&of(ports, settings), RULE), without, "{ports} {settings}");
    }
}

/// Only the load balancer knows the port of the instance, so two endpoints may want the same one.
#[test]
fn endpoints_share_no_port_of_the_instance() {
    let services = "services:\n  a: { image: acme/a, expose: [3000], x-tranship: { public: { path: /* } } }\n  b: { image: acme/b, expose: [3000], x-tranship: { public: { path: /b } } }\n  c: { image: acme/c, expose: [3000], x-tranship: { public: { path: /c } } }\n  d: { image: acme/d, ports: ['80:3000'], x-tranship: { public: { path: /d } } }\n  e: { image: acme/e, ports: ['2375:3000'], x-tranship: { public: { path: /e } } }";
    for (platform, fifth) in [("ecs", "20002"), ("docker", "2375")] {
        let options = options(&compiled(services, &format!("platform: {platform}")));
        let ports = ["default", "b3000", "c3000", "d3000", "e3000"]
            .map(|name| process(&options, name)["Port"].as_str().unwrap().to_owned());
        assert_eq!(ports, ["80", "3000", "20000", "20001", fifth], "{platform}");
    }
}

fn essential(outcome: &CompileOutcome) -> Vec<(String, bool)> {
    let file: serde_json::Value =
        serde_json::from_str(&text(outcome, "Dockerrun.aws.json").unwrap()).unwrap();
    let containers = file["containerDefinitions"].as_array().unwrap();
    containers
        .iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one["essential"].as_bool().unwrap()))
        .collect()
}

/// As under Docker Compose: what has no restart policy stays stopped and stops nobody, unless the site needs it.
#[test]
fn the_end_of_an_agent_stops_no_site() {
    const RULE: &str = "beanstalk/stops-others";
    let of = |worker: &str| {
        let services = format!(
            "services:\n  web: {{ image: acme/web, ports: ['80:80'], depends_on: [db] }}\n  db: {{ image: 'postgres:17', environment: {{ POSTGRES_HOST_AUTH_METHOD: trust }} }}\n  worker: {{ image: acme/worker, {worker} }}"
        );
        compiled(&services, "platform: ecs")
    };
    let ends = |outcome: &CompileOutcome| {
        let found = essential(outcome);
        found.into_iter().map(|(name, essential)| format!("{name} {essential}")).collect::<Vec<_>>()
    };
    for worker in ["command: work", "restart: 'no', expose: ['9']", "x-tranship: { essential: false }"] {
        let outcome = of(worker);
        let mut found = ends(&outcome);
        found.sort();
        assert_eq!(found, ["db true", "web true", "worker false"], "{worker}");
        assert_eq!(told(&outcome, RULE).len(), 0, "{worker}");
    }
    for worker in ["restart: always", "deploy: { restart_policy: { condition: on-failure } }, expose: ['9']"]
    {
        let outcome = of(worker);
        assert!(ends(&outcome).contains(&"worker true".to_owned()), "{worker}");
        let message = "when `worker` ends, Amazon ECS stops the other containers and starts them all again";
        assert_eq!(told(&outcome, RULE), [message], "{worker}");
    }
    let asked = of("restart: always, x-tranship: { essential: true }");
    assert_eq!(told(&asked, RULE).len(), 0);
    // Amazon ECS wants one that is essential, and two workers need nobody.
    let two = compiled(
        "services:\n  a: { image: acme/a }\n  b: { image: acme/b, restart: always }",
        "platform: ecs",
    );
    assert_eq!(essential(&two), [("a".to_owned(), false), ("b".to_owned(), true)]);
    assert_eq!(told(&two, RULE).len(), 0);
    assert_eq!(essential(&compiled(WORKER, "platform: ecs")), [("work".to_owned(), true)]);
}

#[test]
fn a_container_that_nothing_links_to_is_told() {
    let services = "services:\n  web: { image: acme/web, ports: ['80:80'] }\n  store: { image: 'redis:7' }\n  extra: { image: acme/extra, expose: ['9000'] }";
    let told_of = |services: &str, platform: &str| {
        let outcome = compiled(services, &format!("platform: {platform}"));
        told(&outcome, "beanstalk/unlinked-service").join("; ")
    };
    let message = "nothing in the manifest says who connects to `extra`, `store`, so no other container finds them by name";
    assert_eq!(told_of(services, "ecs"), message);
    assert_eq!(told_of(services, "docker"), "");
    let linked = services.replace("'80:80']", "'80:80'], depends_on: [store], links: [extra]");
    assert_eq!(told_of(&linked, "ecs"), "");
}

/// Docker on the instances cannot limit the layer of a container, but the disk can have the room.
#[test]
fn the_disk_has_room_for_what_containers_may_write() {
    for platform in ["ecs", "docker"] {
        let services = "services:\n  a: { image: acme/a, storage_opt: { size: 50G } }\n  b: { image: acme/b, storage_opt: { size: 1500m } }";
        let outcome = compiled(services, &format!("platform: {platform}"));
        assert_eq!(
            options(&outcome)["aws:autoscaling:launchconfiguration"]["RootVolumeSize"],
            "82",
            "{platform}"
        );
        let compose = text(&outcome, "docker-compose.yml").unwrap_or_default();
        assert!(!compose.contains("storage_opt"), "{compose}");
        let one = compiled("services:\n  a: { image: acme/a, storage_opt: { size: 30000G } }", "");
        assert_eq!(options(&one)["aws:autoscaling:launchconfiguration"]["RootVolumeSize"], "16384");
    }
    let none = options(&compiled(WORKER, ""));
    assert_eq!(none["aws:autoscaling:launchconfiguration"]["RootVolumeSize"], Yaml::Null);
}

/// What Docker Compose reads and does not heed does not count as kept.
#[test]
fn keys_for_docker_swarm_are_not_kept() {
    let services = "services:\n  a:\n    image: acme/a\n    deploy:\n      mode: replicated\n      endpoint_mode: vip\n      labels: { team: a }\n      placement: { constraints: [node.role == manager], preferences: [{ spread: node.labels.zone }] }\n      update_config: { parallelism: 2 }\n      rollback_config: { order: stop-first }\n      resources: { limits: { memory: 64m } }";
    let outcome = compiled(services, "platform: docker");
    let deploy = yaml(&outcome, "docker-compose.yml")["services"]["a"]["deploy"].clone();
    let keys: Vec<&str> = deploy.as_mapping().unwrap().keys().filter_map(Yaml::as_str).collect();
    assert_eq!(keys, ["resources"]);
    let warned = told(&outcome, "target/ignored-key").join("; ");
    for key in ["deploy.placement", "deploy.update_config", "deploy.rollback_config"] {
        assert!(warned.contains(key), "{key}: {warned}");
    }
}

/// Subnets are those in which the environment is reached; a network without them is refused.
#[test]
fn an_environment_is_reached_in_public_subnets() {
    let site = "services:\n  web: { image: acme/web, ports: ['80:80'] }";
    let of = |services: &str, subnets: &str, settings: &str| {
        compiled(services, &format!("network: {{ vpc: vpc-1, {subnets} }}, {settings}"))
    };
    let (public, private) =
        ("public_subnets: [subnet-0a, subnet-1a]", "private_subnets: [subnet-2a, subnet-3a]");
    let two = "the load balancer needs 2 public subnets in different zones";
    let one = "the instance needs a public subnet, in which it is reached";
    for (services, subnets, settings, message) in [
        (site, private, "", Some(two)),
        (site, "public_subnets: [subnet-0a]", "", Some(two)),
        (site, private, "instances: 1", Some(one)),
        (site, "public_subnets: [subnet-0a]", "instances: 1", None),
        (WORKER, private, "", None),
        (WORKER, "public_subnets: []", "", Some("the instances need a subnet")),
        (WORKER, private, "tier: worker", None),
        (site, public, "", None),
    ] {
        let found = of(services, subnets, settings);
        let expected: Vec<&str> = message.into_iter().collect();
        assert_eq!(told(&found, "beanstalk/subnets"), expected, "{subnets} {settings}");
        assert_eq!(found.compiled.is_some(), message.is_none(), "{subnets} {settings}");
    }
    let both = format!("{public}, {private}");
    let own = |settings: &str| {
        let vpc = options(&of(site, &both, settings))["aws:ec2:vpc"].clone();
        ["Subnets", "AssociatePublicIpAddress"].map(|name| vpc[name].as_str().unwrap().to_owned())
    };
    assert_eq!(own("log_retention: 7"), ["subnet-2a,subnet-3a", "false"]);
    assert_eq!(own("instances: 1"), ["subnet-0a,subnet-1a", "true"]);
}

/// What an instance in a VPC cannot have is not copied into the Compose file of the bundle.
#[test]
fn the_docker_platform_has_no_network_of_a_lan_and_no_files_of_a_machine() {
    let services = "services:\n  a: { image: acme/a, networks: [lan] }\nnetworks: { lan: { driver: macvlan, driver_opts: { parent: eth0 }, ipam: { config: [{ subnet: 192.168.1.0/24 }] }, internal: true } }";
    let outcome = compiled(services, "platform: docker");
    let network = yaml(&outcome, "docker-compose.yml")["networks"]["lan"].clone();
    let keys: Vec<&str> = network.as_mapping().unwrap().keys().filter_map(Yaml::as_str).collect();
    // A fixed address of a container needs the subnet.
    assert_eq!(keys, ["name", "ipam", "internal"]);
    let told_of = told(&outcome, "target/approximated-key").join("; ");
    assert!(told_of.contains("`driver` of `lan` becomes a bridge network"), "{told_of}");
    let refused = |keys: &str| {
        let outcome = compiled(&format!("services:\n  a: {{ image: acme/a, {keys} }}"), "platform: docker");
        told(&outcome, "target/rejected-key").join("; ")
    };
    assert!(refused("security_opt: ['seccomp:./profile.json']").contains("not in the bundle"));
    assert!(refused("security_opt: ['seccomp=profile.json']").contains("not in the bundle"));
    assert!(refused("devices: [/dev/snd]").contains("no such device"));
    assert_eq!(refused("security_opt: ['seccomp:unconfined', 'label:disable'], devices: [/dev/fuse]"), "");
}
