//! Applications of independent stacks: what is where, in which order, and what never moves.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use tranship::operation::stack_templates::StackTemplates;
use tranship::targets::{GivenParameter, SeparateDeployment, StackDeployment, TargetDeployment};

/// What holds data, has an address, is shared, or gates a deployment beside what a service alone has.
const SHOP: &str = r#"
name: shop
services:
  web:
    image: acme/web:1
    ports: ["80:80"]
    depends_on: [api]
    environment: { API: "http://api:8080" }
    x-tranship: { public: { path: "/*" } }
  admin:
    image: acme/admin:1
    expose: ["8081"]
    environment: { WEB: "http://web:80" }
    x-tranship: { public: { host: admin.example.org, zone: Z123 } }
  api:
    image: acme/api:1
    expose: ["8080"]
    environment: { DB: "postgres://app:${PW:-x}@db:5432/app", WEB: "http://web:80", CACHE: "redis://cache:6379" }
    depends_on: { migrate: { condition: service_completed_successfully } }
    volumes: ["data:/data"]
    x-tranship: { scale: { min: 1, max: 3, cpu: 60 } }
  cache: { image: "redis:7" }
  migrate:
    image: acme/api:1
    command: migrate
    environment: { DB: "postgres://app:${PW:-x}@db:5432/app" }
    restart: "no"
  cron:
    image: acme/api:1
    command: cron
    x-tranship: { job: { schedule: "cron(0 3 * * ? *)" } }
  db:
    image: postgres:16
    environment: { POSTGRES_USER: app, POSTGRES_PASSWORD: "${PW:-x}", POSTGRES_DB: app }
    x-tranship: { database: true }
volumes: { data: {} }
x-tranship: { stacks: independent }
"#;

fn facts(target: &str, text: &str) -> StackDeployment {
    let outcome = compiled(target, text);
    let found = said(&outcome);
    match outcome.compiled.unwrap_or_else(|| panic!("{found:#?}")).deployment {
        TargetDeployment::Stack(stack) => stack,
        other => panic!("{other:?}"),
    }
}

/// The templates by their paths.
fn templates(target: &str, text: &str) -> BTreeMap<String, Value> {
    let made = compiled(target, text).compiled.unwrap_or_else(|| panic!("it does not compile"));
    let yaml = made.artifacts.iter().filter(|(path, _)| path.ends_with(".yaml"));
    yaml.map(|(path, it)| (path.to_owned(), plain(&serde_yaml::from_slice(&it.bytes).unwrap()))).collect()
}

/// The stage of each resource, and its stack where that is of a service.
fn places(target: &str, text: &str) -> BTreeMap<String, String> {
    let (facts, templates) = (facts(target, text), templates(target, text));
    let stages: BTreeMap<&str, &SeparateDeployment> =
        facts.separate.iter().map(|it| (it.template.as_str(), it)).collect();
    let mut places = BTreeMap::new();
    for (path, template) in &templates {
        let place = match stages.get(path.as_str()) {
            None => "first".to_owned(),
            Some(stack) if stack.stage == "service" => stack.service.clone().unwrap(),
            Some(stack) => stack.stage.to_owned(),
        };
        for id in template["Resources"].as_object().unwrap().keys() {
            assert!(places.insert(id.clone(), place.clone()).is_none(), "{id} is in two stacks");
        }
    }
    places
}

#[test]
fn each_resource_is_in_the_stack_of_what_it_belongs_to() {
    let places = places("fargate", SHOP);
    for (id, place) in [
        ("Cluster", "first"),
        ("Namespace", "first"),
        ("LoadBalancer", "first"),
        ("LoadBalancerSecurityGroup", "first"),
        ("Listener", "first"),
        ("AttachmentListener", "first"),
        ("DbDatabase", "first"),
        ("DbCredentials", "first"),
        ("DbSecurityGroup", "first"),
        ("ApiSecurityGroup", "shared"),
        ("MigrateSecurityGroup", "shared"),
        ("Db4f18efbcSecret", "shared"),
        ("DataFileSystem", "shared"),
        ("DataAccessPoint", "shared"),
        ("VolumeData08037d10eMountTarget", "shared"),
        ("VolumeData777c914dSecurityGroup", "shared"),
        ("MigrateRun", "before"),
        ("MigrateTaskDefinition", "before"),
        ("MigrateTaskRole", "before"),
        ("MigrateLogGroup", "before"),
        ("TaskRunner", "before"),
        ("TaskRunnerLogGroup", "before"),
        ("TaskRunnerPolicy", "before"),
        ("TaskRunnerRole", "before"),
        ("DbFromMigrate5432Tcp3000deabIngress", "before"),
        ("ApiService", "api"),
        ("ApiTaskDefinition", "api"),
        ("ApiScalableTarget", "api"),
        ("ApiDiscovery", "api"),
        ("DbFromApi5432Tcpf983122dEgress", "api"),
        ("WebFromApi80Tcpaffa5799Ingress", "api"),
        ("WebTargetGroup", "web"),
        ("WebService", "web"),
        ("WebFromLoadBalancer80Tcpd58f24ffIngress", "web"),
        ("AdminTargetGroup", "admin"),
        ("CronSchedule", "cron"),
        ("CronScheduleRole", "cron"),
        ("CacheService", "cache"),
    ] {
        assert_eq!(places.get(id).map(String::as_str), Some(place), "{id}");
    }
    let of = |end: &str| -> BTreeSet<&str> {
        places.iter().filter(|(id, _)| id.ends_with(end)).map(|(_, place)| place.as_str()).collect()
    };
    // Those that tie a target group to its load balancer, and those that the outside reaches.
    assert_eq!(of("ListenerRule"), ["admin", "listeners", "web"].into());
    assert_eq!(of("DnsRecord"), ["first"].into());
}

#[test]
fn what_no_rule_takes_is_a_rule_of_the_service_that_takes_it() {
    let templates = templates("fargate", SHOP);
    let listener = properties(&templates["template.yaml"], "Listener");
    assert_eq!(listener["DefaultActions"][0]["Type"], "fixed-response");
    let all = templates
        .iter()
        .flat_map(|(path, it)| it["Resources"].as_object().unwrap().values().map(move |it| (path, it)));
    let last = all.filter(|(_, it)| it["Properties"]["Priority"] == 50_000).collect::<Vec<_>>();
    let [(path, last)] = last.as_slice() else { panic!("{last:?}") };
    assert_eq!(last["Properties"]["Conditions"][0]["PathPatternConfig"]["Values"], serde_json::json!(["*"]));
    assert_eq!(last["Properties"]["Actions"][0]["TargetGroupArn"], "WebTargetGroup");
    assert_eq!(last["Properties"]["ListenerArn"], "Listener");
    let facts = facts("fargate", SHOP);
    let stack = facts.separate.iter().find(|it| it.template == **path).unwrap();
    assert_eq!((stack.stage, stack.after.as_slice()), ("listeners", ["shop-WebStack".to_owned()].as_slice()));
    let outputs = |path: &str| -> BTreeSet<String> {
        templates[path]["Outputs"].as_object().into_iter().flatten().map(|(id, _)| id.clone()).collect()
    };
    assert!(outputs("stacks/WebStack.yaml").contains("WebUrl"));
    assert!(!outputs("template.yaml").contains("WebUrl") && outputs("template.yaml").contains("Url"));
    // One that a manifest gives this priority would hide it.
    let taken =
        SHOP.replace("host: admin.example.org, zone: Z123", "host: admin.example.org, priority: 50000");
    let found = said(&compiled("fargate", &taken));
    let message = "ecs/listener-rule: priority 50000 is that of the rule for all other requests";
    assert!(found.iter().any(|it| it == message), "{found:#?}");
}

#[test]
fn stacks_come_after_what_they_take() {
    let facts = facts("fargate", SHOP);
    let stages: Vec<&str> = facts.separate.iter().map(|it| it.stage).collect();
    let rank = |stage: &str| ["shared", "before", "service", "listeners"].iter().position(|it| *it == stage);
    assert!(stages.is_sorted_by_key(|stage| rank(stage)), "{stages:?}");
    let names: Vec<&str> = facts.separate.iter().map(|it| it.stack.as_str()).collect();
    let at = |stack: &str| {
        names.iter().position(|it| *it == stack).unwrap_or_else(|| panic!("{stack}: {names:?}"))
    };
    for stack in &facts.separate {
        for other in &stack.after {
            assert!(at(other) < at(&stack.stack), "{other} is after {}", stack.stack);
        }
        for (_, given) in &stack.given {
            let GivenParameter::Output { stack: owner, .. } = given else { continue };
            assert!(owner == "shop" || stack.after.contains(owner), "{owner}");
        }
    }
    let of = |service: &str| facts.separate.iter().find(|it| it.service.as_deref() == Some(service)).unwrap();
    let (api, web) = (of("api"), of("web"));
    assert_eq!((api.stack.as_str(), api.template.as_str()), ("shop-ApiStack", "stacks/ApiStack.yaml"));
    assert!(
        web.after.contains(&"shop-ApiStack".to_owned()) && api.after.contains(&"shop-CacheStack".to_owned())
    );
    let jobs = facts.separate.iter().find(|it| it.stage == "before").unwrap();
    assert!(api.after.contains(&jobs.stack), "{:?}", api.after);
    assert_eq!(jobs.service, None);
    let name = ("RootStackName".to_owned(), GivenParameter::Value("shop".to_owned()));
    assert!(api.given.contains(&name), "{:?}", api.given);
    let cluster = GivenParameter::Output { stack: "shop".to_owned(), output: "ClusterRef".to_owned() };
    assert!(api.given.contains(&("Cluster".to_owned(), cluster)), "{:?}", api.given);
}

#[test]
fn a_file_says_the_same_to_a_person() {
    let made = compiled("fargate", SHOP).compiled.unwrap();
    let file: Value = serde_json::from_slice(&made.artifacts.get("stacks.json").unwrap().bytes).unwrap();
    let stacks = file["stacks"].as_array().unwrap();
    assert_eq!(stacks[0], serde_json::json!({ "stack": "shop", "template": "template.yaml" }));
    let TargetDeployment::Stack(facts) = made.deployment else { panic!() };
    assert_eq!(stacks.len(), 1 + facts.separate.len());
    let api = stacks.iter().find(|it| it["stack"] == "shop-ApiStack").unwrap();
    assert_eq!((&api["template"], &api["stage"]), (&"stacks/ApiStack.yaml".into(), &"service".into()));
    let after: Vec<&str> = api["after"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let typed = facts.separate.iter().find(|it| it.stack == "shop-ApiStack").unwrap();
    assert_eq!(after, typed.after.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(api["parameters"]["Cluster"], serde_json::json!({ "stack": "shop", "output": "ClusterRef" }));
    assert_eq!(api["parameters"]["RootStackName"], serde_json::json!({ "value": "shop" }));
}

/// The resources and outputs of all stacks as one template, without the orders.
fn whole(target: &str, text: &str) -> (Value, Value, Value) {
    let made = compiled(target, text).compiled.unwrap_or_else(|| panic!("it does not compile"));
    let mut whole = StackTemplates::compiled(&made.artifacts).unwrap().whole().unwrap();
    for (_, resource) in whole["Resources"].as_object_mut().unwrap() {
        resource.as_object_mut().unwrap().remove("DependsOn");
    }
    (whole["Resources"].clone(), whole["Outputs"].clone(), whole["Parameters"].clone())
}

/// Stacks lose nothing, add nothing and change nothing, but for what requests without a rule get.
#[test]
fn the_stacks_together_are_the_one_stack() {
    for target in ["fargate", "ecs-ec2"] {
        let (mut separate, outputs, parameters) = whole(target, SHOP);
        let (mut single, expected, known) = whole(target, &SHOP.replace("independent", "single"));
        assert_eq!((outputs, parameters), (expected, known), "{target}");
        for (one, two) in [
            (&mut separate, "AWS::ElasticLoadBalancingV2::Listener"),
            (&mut single, "AWS::ElasticLoadBalancingV2::Listener"),
        ] {
            let all = one.as_object_mut().unwrap();
            all.retain(|_, it| it["Type"] != two && it["Properties"]["Priority"] != 50_000);
        }
        assert_eq!(separate, single, "{target}");
    }
}

/// A gateway and services that call the one before them.
fn many(services: usize, settings: &str) -> String {
    let mut text = format!(
        "name: shop\nx-tranship: {{ {settings} }}\nservices:\n  s0: {{ image: g, ports: ['80:80'] }}\n"
    );
    for n in 1..services {
        let before = if n % 10 == 0 { 0 } else { n - 1 };
        text.push_str(&format!(
            "  s{n}: {{ image: s, expose: ['80'], environment: {{ UP: 'http://s{before}:80' }} }}\n"
        ));
    }
    text
}

#[test]
fn the_size_decides_unless_a_setting_does() {
    assert!(facts("fargate", &many(200, "posture: dev")).separate.is_empty());
    let more = facts("fargate", &many(300, "posture: dev"));
    let services = more.separate.iter().filter(|it| it.stage == "service").count();
    let shared = more.separate.iter().filter(|it| it.stage == "shared").count();
    assert_eq!((services, more.services.len(), more.nested.len()), (300, 300, 0));
    assert!((50..=64).contains(&shared), "{shared}");
    assert_eq!(facts("fargate", &many(2, "stacks: independent")).separate.len(), 5);
    let found = said(&compiled("fargate", &many(300, "stacks: nested")));
    let quota: Vec<&String> = found.iter().filter(|it| it.starts_with("ecs/template-quota")).collect();
    assert_eq!(quota.len(), 2, "{found:#?}");
}

/// A root stack holds what keeps data: each volume is a file system, an access point, a group and two mount targets.
#[test]
fn a_root_stack_that_is_full_is_enough_to_separate() {
    let with = |volumes: usize| {
        let mounts: Vec<String> = (0..volumes).map(|it| format!("\"v{it}:/v{it}\"")).collect();
        let names: String = (0..volumes).map(|it| format!("  v{it}: {}\n", "{}")).collect();
        let services: String = mounts
            .chunks(10)
            .enumerate()
            .map(|(at, some)| format!("  s{at}: {{ image: x, volumes: [{}] }}\n", some.join(", ")))
            .collect();
        let text = format!("name: shop\nservices:\n{services}volumes:\n{names}");
        let facts = facts("fargate", &text);
        let templates = templates("fargate", &text);
        let resources = templates.values().map(|it| it["Resources"].as_object().unwrap().len());
        (facts.separate.is_empty(), resources.sum::<usize>() < 2_500)
    };
    assert_eq!(with(80), (true, true), "nested stacks hold it");
    assert_eq!(with(120), (false, true));
}

#[test]
fn no_service_moves_or_changes_with_another() {
    let bytes = |text: &str| -> BTreeMap<String, Vec<u8>> {
        let made = compiled("fargate", text).compiled.unwrap();
        made.artifacts.iter().map(|(path, it)| (path.to_owned(), it.bytes.clone())).collect()
    };
    let (less, more) = (many(10, "stacks: independent"), many(11, "stacks: independent"));
    let (old, new) = (bytes(&less), bytes(&more));
    let changed = old.iter().filter(|(path, it)| path.starts_with("stacks/S") && new.get(*path) != Some(it));
    // `s10` calls `s0`, which others call too, and nobody calls it. Its group is in one of the stacks of what services share.
    let changed: Vec<&String> = changed.map(|it| it.0).filter(|path| !path.contains("Shared")).collect();
    assert_eq!(changed, Vec::<&String>::new());
    assert_eq!(old["template.yaml"], new["template.yaml"]);
    let (before, after) = (places("fargate", &less), places("fargate", &more));
    assert!(before.iter().all(|(id, place)| after.get(id) == Some(place)));
}

#[test]
fn jobs_before_the_deployment_wait_only_for_what_is_deployed_with_them() {
    let text = SHOP.replace("    command: migrate\n", "    command: migrate\n    depends_on: [cache]\n");
    let found = said(&compiled("fargate", &text));
    let message =
        "ecs/stack-order: jobs before the deployment wait for `cache`, which would be deployed after them";
    assert!(found.iter().any(|it| it == message), "{found:#?}");
    let help = compiled("fargate", &text)
        .diagnostics
        .iter()
        .find(|it| it.rule.name == "ecs/stack-order")
        .map(|it| (it.help.clone(), it.service.clone()))
        .unwrap();
    assert_eq!(help.0, ["deploy them together with the jobs: `x-tranship: { root_services: [cache] }`"]);
    assert_eq!(help.1.as_deref(), Some("cache"));
    // What is listed already stays.
    let listed = text.replace("stacks: independent", "stacks: independent, root_services: [cron]");
    let outcome = compiled("fargate", &listed);
    let found = outcome.diagnostics.iter().find(|it| it.rule.name == "ecs/stack-order").unwrap();
    assert_eq!(
        found.help,
        ["deploy them together with the jobs: `x-tranship: { root_services: [cron, cache] }`"]
    );
    let text = text.replace("stacks: independent", "stacks: independent, root_services: [cache]");
    let places = places("fargate", &text);
    assert_eq!(
        (places["CacheService"].as_str(), places["CacheSecurityGroup"].as_str()),
        ("before", "shared")
    );
}

#[test]
fn a_change_that_refers_to_a_later_stack_is_refused() {
    let patch = "{ resource: ApiLogGroup, merge: { DependsOn: [WebLogGroup] } }";
    let text = SHOP.replace("stacks: independent", &format!("stacks: independent, patch: [{patch}]"));
    let found = said(&compiled("fargate", &text));
    let found: Vec<&String> = found.iter().filter(|it| it.starts_with("ecs/stack-order")).collect();
    let message = "ecs/stack-order: the stack of `api` would wait for that of `web`, which is deployed after it: `ApiLogGroup` refers to `WebLogGroup`";
    assert_eq!(found, [message]);
    // One that refers to what is there before goes where it belongs.
    let patch = "{ resource: Alarm, add: { Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmName: { Ref: WebService } } } }";
    let text = SHOP.replace("stacks: independent", &format!("stacks: independent, patch: [{patch}]"));
    assert_eq!(places("fargate", &text)["Alarm"], "web");
}

/// AWS allows one listener a port and one rule a priority, whichever service it leads to.
#[test]
fn what_changes_hands_between_services_stays_where_it_is() {
    let other = |text: &str| {
        text.replace("web", "shop").replace("admin", "manage").replace("manage.example", "admin.example")
    };
    let network = "name: shop\nx-tranship: { stacks: independent }\nservices:\n  web: { image: a, ports: ['81:81'], x-tranship: { public: { port: 81, protocol: tcp, host: a.example.org, zone: Z1 } } }\n";
    for text in [SHOP, network] {
        let (before, after) = (places("fargate", text), places("fargate", &other(text)));
        let moved: Vec<_> =
            before.iter().filter(|(id, place)| after.get(*id).is_some_and(|it| it != *place)).collect();
        assert!(moved.is_empty(), "{moved:?}");
        let kept: Vec<&String> = before
            .keys()
            .filter(|id| id.ends_with("ListenerRule") || id.ends_with("Listener"))
            .filter(|id| after.contains_key(*id))
            .collect();
        assert!(!kept.is_empty());
    }
    let places = places("fargate", network);
    assert_eq!(
        (places["Network81268c69deListener"].as_str(), places["NetworkWeb81a070edb1TargetGroup"].as_str()),
        ("listeners", "web"),
    );
    let records: Vec<&str> =
        places.iter().filter(|it| it.0.ends_with("DnsRecord")).map(|it| it.1.as_str()).collect();
    assert_eq!(records, ["first"]);
}
