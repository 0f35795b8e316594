//! Applications of a root stack and nested stacks: what is where, and what never moves.

use super::*;
use std::collections::BTreeMap;
use tranship::operation::stack_templates::StackTemplates;

/// The ids of the resources of each stack; the root has the empty name.
fn stacks(target: &str, text: &str) -> BTreeMap<String, Vec<String>> {
    let outcome = compiled(target, text);
    let made = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(&outcome)));
    let name = |path: &str| match path {
        "template.yaml" => Some(String::new()),
        path => Some(path.strip_prefix("stacks/")?.strip_suffix(".yaml")?.to_owned()),
    };
    let stacks = made.artifacts.iter().filter_map(|(path, it)| Some((name(path)?, &it.bytes)));
    stacks
        .map(|(name, bytes)| {
            let document = plain(&serde_yaml::from_slice(bytes).unwrap());
            (name, document["Resources"].as_object().unwrap().keys().cloned().collect())
        })
        .collect()
}

/// The bytes of the nested templates.
fn nested_bytes(text: &str) -> BTreeMap<String, Vec<u8>> {
    let outcome = compiled("fargate", text);
    let made = outcome.compiled.unwrap_or_else(|| panic!("it does not compile"));
    let nested = made.artifacts.iter().filter(|(path, _)| path.starts_with("stacks/"));
    nested.map(|(path, it)| (path.to_owned(), it.bytes.clone())).collect()
}

/// What holds data, has an address or gates a deployment beside what a service alone has.
const SHOP: &str = r#"
name: shop
services:
  web:
    image: acme/web:1
    ports: ["80:80"]
    depends_on: [api]
    environment: { API: "http://api:8080" }
  api:
    image: acme/api:1
    expose: ["8080"]
    environment: { DB: "postgres://app:${PW:-x}@db:5432/app", WEB: "http://web:80" }
    depends_on: { migrate: { condition: service_completed_successfully } }
    volumes: ["data:/data"]
    x-tranship: { scale: { min: 1, max: 3, cpu: 60 } }
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
x-tranship: { stacks: nested }
"#;

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
fn a_service_leaves_the_root_and_what_keeps_data_or_has_an_address_stays() {
    let stacks = stacks("fargate", SHOP);
    let names: Vec<&str> = stacks.keys().map(String::as_str).collect();
    assert_eq!(names, ["", "ApiStack", "CronStack", "WebStack"]);
    let expected = [
        "ApiCpu638a3213ScalingPolicy",
        "ApiDiscovery",
        "ApiExecutionRole",
        "ApiLogGroup",
        "ApiScalableTarget",
        "ApiService",
        "ApiTaskDefinition",
        "ApiTaskRole",
        "DbFromApi5432Tcpf983122dEgress",
        "DbFromApi5432Tcpf983122dIngress",
        "VolumeData777c914dFromApi2049Tcpb3c75342Egress",
        "VolumeData777c914dFromApi2049Tcpb3c75342Ingress",
        "WebFromApi80Tcpaffa5799Egress",
        "WebFromApi80Tcpaffa5799Ingress",
    ];
    let mut api = stacks["ApiStack"].clone();
    api.sort();
    assert_eq!(api, expected);
    for id in [
        "Cluster",
        "Namespace",
        "LoadBalancer",
        "Listener",
        "AttachmentListener",
        "WebTargetGroup",
        "DbDatabase",
        "DbCredentials",
        "DataFileSystem",
        "DataAccessPoint",
        "Db4f18efbcSecret",
        "ApiSecurityGroup",
        "WebSecurityGroup",
        "CronSecurityGroup",
        "MigrateRun",
        "MigrateTaskDefinition",
        "MigrateTaskRole",
        "TaskRunnerPolicy",
        "DbFromMigrate5432Tcp3000deabIngress",
        "ApiStack",
        "CronStack",
        "WebStack",
    ] {
        assert!(stacks[""].iter().any(|it| it == id), "{id} is not in the root");
    }
    for id in ["WebFromLoadBalancer80Tcpd58f24ffIngress", "PortAttachmentPriority18925f423970bListenerRule"] {
        assert!(stacks["WebStack"].iter().any(|it| it == id), "{id} is not in the stack of web");
    }
    for id in ["CronSchedule", "CronScheduleRole", "CronTaskDefinition"] {
        assert!(stacks["CronStack"].iter().any(|it| it == id), "{id} is not in the stack of cron");
    }
}

/// The templates as one document, without the orders, which stacks have instead of resources.
fn whole(target: &str, text: &str) -> (Value, Value) {
    let outcome = compiled(target, text);
    let made = outcome.compiled.unwrap_or_else(|| panic!("it does not compile"));
    let mut whole = StackTemplates::compiled(&made.artifacts).unwrap().whole().unwrap();
    for (_, resource) in whole["Resources"].as_object_mut().unwrap() {
        resource.as_object_mut().unwrap().remove("DependsOn");
    }
    (whole["Resources"].clone(), whole["Outputs"].clone())
}

/// A division loses nothing, adds nothing and changes nothing.
#[test]
fn the_stacks_together_are_the_one_stack() {
    for target in ["fargate", "ecs-ec2"] {
        for text in [SHOP.to_owned(), many(12, "stacks: nested")] {
            let single = text.replace("stacks: nested", "stacks: single");
            assert!(whole(target, &text) == whole(target, &single), "{target}: {text}");
        }
    }
}

#[test]
fn stacks_wait_for_each_other_as_their_services_do() {
    let root = template(SHOP);
    let depends = |id: &str| root["Resources"][id]["DependsOn"].clone();
    assert_eq!(depends("WebStack"), serde_json::json!("ApiStack"));
    assert_eq!(
        depends("ApiStack"),
        serde_json::json!(["VolumeData08037d10eMountTarget", "VolumeData14171e4daMountTarget", "MigrateRun"])
    );
    assert_eq!(depends("Listener"), serde_json::json!("WebStack"));
    let api = properties(&root, "ApiStack");
    assert_eq!(api["TemplateURL"], "stacks/ApiStack.yaml");
    assert_eq!(api["Parameters"]["RootStackName"], "AWS::StackName");
    assert_eq!(api["Parameters"]["WebSecurityGroupGroupId"], "WebSecurityGroup.GroupId");
}

#[test]
fn what_a_deployment_knows_is_the_same() {
    let facts = |text: &str| {
        let outcome = compiled("fargate", text);
        match outcome.compiled.unwrap().deployment {
            tranship::targets::TargetDeployment::Stack(stack) => stack,
            other => panic!("{other:?}"),
        }
    };
    let (nested, one) = (facts(SHOP), facts(&SHOP.replace("stacks: nested", "stacks: single")));
    assert_eq!((&nested.services, &nested.data_stores), (&one.services, &one.data_stores));
    assert_eq!((nested.parameters.len(), &nested.capabilities), (one.parameters.len(), &one.capabilities));
    let stacks: Vec<(&str, &str)> =
        nested.nested.iter().map(|it| (it.name.as_str(), it.logical_id.as_str())).collect();
    assert_eq!(stacks, [("api", "ApiStack"), ("cron", "CronStack"), ("web", "WebStack")]);
    assert!(one.nested.is_empty());
    let stack = "AWS::CloudFormation::Stack".to_owned();
    assert!(nested.resource_types.contains(&stack) && !one.resource_types.contains(&stack));
    assert!(nested.resource_types.contains(&"AWS::ECS::TaskDefinition".to_owned()));
}

#[test]
fn the_size_decides_unless_a_setting_does() {
    let names = |text: &str| stacks("fargate", text).len();
    assert_eq!(names(&many(40, "posture: dev")), 1);
    assert_eq!(names(&many(60, "posture: dev")), 61);
    assert_eq!(names(&many(2, "stacks: nested")), 3);
    assert_eq!(stacks("ecs-ec2", &many(60, "posture: dev")).len(), 61);
    let outcome = compiled("fargate", &many(60, "stacks: single"));
    let found = said(&outcome);
    let quota: Vec<&String> = found.iter().filter(|it| it.starts_with("ecs/template-quota")).collect();
    assert_eq!(quota, ["ecs/template-quota: the template has 542 resources; CloudFormation allows 500"]);
    assert!(outcome.compiled.is_none());
}

#[test]
fn no_service_moves_with_another() {
    let (sixty, more) = (nested_bytes(&many(60, "posture: dev")), nested_bytes(&many(61, "posture: dev")));
    let new: Vec<&String> = more.keys().filter(|path| !sixty.contains_key(*path)).collect();
    assert_eq!(new, ["stacks/S60Stack.yaml"]);
    // `s60` calls `s0`: nothing of any other service changes.
    let changed: Vec<&String> =
        sixty.iter().filter(|(path, it)| more.get(*path) != Some(it)).map(|it| it.0).collect();
    assert_eq!(changed, Vec::<&String>::new());
}

#[test]
fn services_that_were_deployed_in_the_root_may_stay_there() {
    let text = SHOP.replace("stacks: nested", "stacks: nested, root_services: [api]");
    let stacks = stacks("fargate", &text);
    let names: Vec<&str> = stacks.keys().map(String::as_str).collect();
    assert_eq!(names, ["", "CronStack", "WebStack"]);
    for id in [
        "ApiService",
        "ApiTaskDefinition",
        "WebFromApi80Tcpaffa5799Egress",
        "DbFromApi5432Tcpf983122dIngress",
    ] {
        assert!(stacks[""].iter().any(|it| it == id), "{id} is not in the root");
    }
    // Nothing is left to divide.
    let all = SHOP.replace("stacks: nested", "stacks: nested, root_services: [api, web, cron]");
    assert_eq!(super::nested::stacks("fargate", &all).len(), 1);
    let unknown = compiled("fargate", &SHOP.replace("stacks: nested", "root_services: [appi]"));
    let found = said(&unknown);
    let message = "tranship/unknown-service: `root_services` names an unknown service, `appi`";
    assert!(found.iter().any(|it| it == message), "{found:#?}");
}

#[test]
fn more_than_one_operation_may_change_is_refused_with_the_quota() {
    let outcome = compiled("fargate", &many(300, "stacks: nested"));
    let found: Vec<String> =
        said(&outcome).into_iter().filter(|it| it.starts_with("ecs/template-quota")).collect();
    assert_eq!(
        found,
        [
            "ecs/template-quota: the root stack has 607 resources; CloudFormation allows 500",
            "ecs/template-quota: the application has 2978 resources in a root stack and its nested stacks; CloudFormation allows 2500",
        ]
    );
}

#[test]
fn a_change_of_the_template_may_cross_the_limit_too() {
    let add = |count: usize| {
        let one = |n: usize| {
            format!(
                "{{ resource: Topic{n}, add: {{ Type: 'AWS::SNS::Topic', Properties: {{ DisplayName: a }} }} }}"
            )
        };
        let all: Vec<String> = (0..count).map(one).collect();
        many(50, &format!("patch: [{}]", all.join(", ")))
    };
    assert_eq!(stacks("fargate", &add(1)).len(), 1);
    let over = stacks("fargate", &add(60));
    assert_eq!(over.len(), 51);
    assert!(over[""].iter().any(|it| it == "Topic59"));
}

/// A nested stack is a resource of the root, and a patch cannot take its name.
#[test]
fn a_patch_does_not_take_the_place_of_a_nested_stack() {
    let text = |layout: &str, id: &str| {
        format!(
            "name: shop\nservices:\n  web: {{ image: w, ports: ['80:80'] }}\n  api: {{ image: a }}\nx-tranship:\n  stacks: {layout}\n  \
             patch:\n    - resource: {id}\n      add: {{ Type: 'AWS::SNS::Topic', Properties: {{ DisplayName: x }} }}\n"
        )
    };
    let outcome = compiled("fargate", &text("nested", "WebStack"));
    let found: Vec<_> =
        outcome.diagnostics.iter().filter(|it| it.rule.name == "tranship/patch-breaks").collect();
    let [one] = found.as_slice() else { panic!("{:#?}", said(&outcome)) };
    assert_eq!(one.message, "`WebStack` is the name of a nested stack of the application");
    assert_eq!(one.key.as_deref(), Some("x-tranship.patch[0]"));
    assert!(outcome.compiled.is_none());
    for (layout, id) in [("single", "WebStack"), ("nested", "MyStack")] {
        let outcome = compiled("fargate", &text(layout, id));
        assert!(outcome.compiled.is_some(), "{layout}: {:#?}", said(&outcome));
    }
}

/// What all services share names some of them and counts the rest, so that it does not grow with them.
#[test]
fn what_all_services_share_does_not_list_them_all() {
    let listed = |services: usize| -> Vec<String> {
        let mut text = "name: shop\nservices:\n".to_owned();
        for n in 0..services {
            text += &format!(
                "  s{n}: {{ image: a, expose: [80], x-tranship: {{ public: {{ path: '/s{n}' }} }} }}\n"
            );
        }
        let outcome = compiled("fargate", &(text + "x-tranship: { stacks: single }\n"));
        let made = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(&outcome)));
        let template = String::from_utf8(made.artifacts.get("template.yaml").unwrap().bytes.clone()).unwrap();
        let above = template.split("\n  AttachmentListener:").next().unwrap().lines().rev();
        above.map_while(|line| line.trim().strip_prefix("# ").map(str::to_owned)).collect()
    };
    assert_eq!(listed(3), ["services.s2", "services.s1", "services.s0"]);
    let all = listed(30);
    assert_eq!((all.len(), &all[..2]), (25, &["and 6 more".to_owned(), "services.s3".to_owned()][..]));
}

/// Parameters, outputs and secrets are those of the root, so that nested stacks do not help, and one message says so.
#[test]
fn what_nested_stacks_have_no_room_for_is_told_once() {
    let mut text = "name: shop\nx-tranship: { stacks: nested }\nservices:\n".to_owned();
    for n in 0..201 {
        text += &format!("  s{n}: {{ image: a, environment: {{ V: '${{V{n}}}' }} }}\n");
    }
    text += "  web: { image: w, ports: ['80:80'] }\n";
    let late: Vec<String> = (0..201).map(|n| format!("V{n}")).collect();
    let text = text.replace("stacks: nested", &format!("stacks: nested, late_bound: [{}]", late.join(", ")));
    let found = said(&compiled("fargate", &text));
    let quotas: Vec<&String> = found.iter().filter(|it| it.starts_with("ecs/template-quota")).collect();
    let [one] = quotas.as_slice() else { panic!("{quotas:#?}") };
    assert!(
        one.contains("the template has 2") && one.contains("parameters; CloudFormation allows 200"),
        "{one}"
    );
}
