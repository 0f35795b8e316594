//! What a second deployment meets: ids and names that stay, and what follows from a change.

use super::{Value, compiled, of_type, properties, said, template, template_of};
use serde_json::json;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

/// The rules of the open listeners: id, priority, target group.
fn rules(template: &Value) -> Vec<(String, u64, String)> {
    let ids = of_type(template, "AWS::ElasticLoadBalancingV2::ListenerRule").into_iter();
    let shown = |id: &str| {
        let rule = properties(template, id);
        let target = rule["Actions"][0]["TargetGroupArn"].as_str().unwrap().to_owned();
        (id.to_owned(), rule["Priority"].as_u64().unwrap(), target)
    };
    ids.filter(|id| !id.starts_with("PortAttachment")).map(shown).collect()
}

fn public(name: &str, conditions: &str) -> String {
    format!("  {name}: {{ image: i, expose: [80], x-tranship: {{ public: {{ {conditions} }} }} }}\n")
}

#[test]
fn a_rule_is_the_same_whoever_answers_it() {
    let of = |services: &[(&str, &str)]| {
        let all: String = services.iter().map(|(name, conditions)| public(name, conditions)).collect();
        rules(&template(&format!("services:\n{all}")))
    };
    let first = of(&[("web", "host: a.example.org"), ("api", "host: b.example.org")]);
    let swapped = of(&[("web", "host: b.example.org"), ("api", "host: a.example.org")]);
    let renamed = of(&[("site", "host: a.example.org"), ("api", "host: b.example.org")]);
    let ids = |rules: &[(String, u64, String)]| -> Vec<(String, u64)> {
        rules.iter().map(|(id, priority, _)| (id.clone(), *priority)).collect()
    };
    assert_eq!((ids(&first), ids(&first)), (ids(&swapped), ids(&renamed)));
    assert_ne!(first, swapped);
    let target = |rules: &[(String, u64, String)], service: &str| rules.iter().any(|it| it.2 == service);
    assert!(target(&first, "WebTargetGroup") && target(&renamed, "SiteTargetGroup"));
}

/// Two services cannot take the same requests, but any two others get a priority each.
#[test]
fn priorities_never_collide() {
    let hosts: String =
        (0..60).map(|at| public(&format!("s{at}"), &format!("host: h{at}.example.org"))).collect();
    let outcome = compiled("fargate", &format!("services:\n{hosts}"));
    let collisions: Vec<String> =
        said(&outcome).into_iter().filter(|it| it.starts_with("ecs/listener-collision")).collect();
    assert_eq!(collisions, Vec::<String>::new());
    let text = format!("services:\n{}{}", public("a", "path: /x"), public("b", "path: /x"));
    let told = said(&compiled("fargate", &text));
    let expected =
        "ecs/listener-collision: the public endpoints of `a` and `b` collide: both take the same requests";
    assert!(told.iter().any(|it| it == expected), "{told:?}");
    let text = format!(
        "services:\n{}{}",
        public("a", "path: /x, priority: 7"),
        public("b", "path: /y, priority: 7")
    );
    let told = said(&compiled("fargate", &text));
    assert!(told.iter().any(|it| it.ends_with("collide: both have priority 7")), "{told:?}");
}

/// The first public port has the group of the service, a further one a group of its requests; neither knows its port.
#[test]
fn a_target_group_stays_when_its_port_changes() {
    let groups = |one: u16, two: u16| {
        let text = format!(
            "services:\n  web:\n    image: i\n    expose: [{one}, {two}]\n    x-tranship:\n      public: [{{ container_port: {one} }}, {{ container_port: {two}, path: /two }}]\n"
        );
        let template = template(&text);
        let ports: Vec<Value> = of_type(&template, "AWS::ElasticLoadBalancingV2::TargetGroup")
            .iter()
            .map(|id| json!([id, properties(&template, id)["Port"]]))
            .collect();
        let balancers = properties(&template, "WebService")["LoadBalancers"].as_array().unwrap().len();
        (ports, balancers)
    };
    let (first, balancers) = groups(8000, 9000);
    assert_eq!((first.len(), balancers), (2, 2));
    assert_eq!(first[0], json!(["WebTargetGroup", 80]));
    assert_eq!(groups(8001, 9001).0, first);
}

/// Tasks read a secret when they start: an address or a path in it makes another task definition.
#[test]
fn a_secret_that_is_put_together_names_its_version() {
    let label = |url: &str, database: &str| {
        let text = format!(
            "services:\n  app: {{ image: a, environment: {{ DATABASE_URL: '{url}' }} }}\n  db:\n    image: postgres:17\n    environment: {{ POSTGRES_USER: u, POSTGRES_PASSWORD: hunter2hunter2, POSTGRES_DB: {database} }}\n    x-tranship: {{ database: {{ engine: postgres, version: '17' }} }}\n"
        );
        let template = template(&text);
        let labels = &properties(&template, "AppTaskDefinition")["ContainerDefinitions"][0]["DockerLabels"];
        labels["tranship.secret.DATABASE_URL"].as_str().unwrap_or_default().to_owned()
    };
    let first = label("postgres://u:hunter2hunter2@db:5432/shop", "shop");
    assert!(first.ends_with(" ${DbDatabase.Endpoint.Address} ${DbDatabase.Endpoint.Port}"), "{first}");
    assert!(!first.contains("hunter2") && !first.contains("Password"), "{first}");
    assert_eq!(first.split(' ').next().unwrap().len(), 8);
    assert_ne!(first, label("postgres://u:hunter2hunter2@db:5432/shop?sslmode=require", "shop"));
    assert_ne!(first, label("postgres://u:hunter2hunter2@db:5432/other", "other"));
    let text = "services:\n  app: { image: a, environment: { API_PASSWORD: hunter2hunter2 } }\n";
    let given = template(text);
    let container = &properties(&given, "AppTaskDefinition")["ContainerDefinitions"][0];
    assert!(container.get("DockerLabels").is_none(), "a secret that is given has no address in it");
}

#[test]
fn a_migration_never_runs_on_spot() {
    let text = "services:\n  app: { image: a, depends_on: { migrate: { condition: service_completed_successfully } } }\n  migrate: { image: m }\n  report: { image: r, x-tranship: { job: { schedule: rate(1 day) } } }\nx-tranship: { capacity: spot }\n";
    let template = template(text);
    assert_eq!(properties(&template, "MigrateRun")["Capacity"][0]["Provider"], "FARGATE");
    let spot = json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }]);
    assert_eq!(properties(&template, "AppService")["CapacityProviderStrategy"], spot);
    let schedule = &properties(&template, "ReportSchedule")["Target"]["EcsParameters"];
    assert_eq!(schedule["CapacityProviderStrategy"], spot);
}

/// Who names another service waits for it; the manifest's own order wins where both cannot be.
#[test]
fn clients_start_after_the_servers_that_they_name() {
    let waits = |template: &Value, id: &str| template["Resources"][id]["DependsOn"].to_string();
    let text = "services:\n  web: { image: w, environment: { API: 'http://api:9000' } }\n  api: { image: a, expose: [9000] }\n";
    let one = template(text);
    assert!(waits(&one, "WebService").contains("ApiService"));
    assert!(!waits(&one, "ApiService").contains("WebService"));
    let text = "services:\n  web: { image: w, expose: [80], environment: { API: 'http://api:9000' } }\n  api: { image: a, expose: [9000], depends_on: [web], environment: { WEB: 'http://web:80' } }\n";
    let both = template(text);
    assert!(waits(&both, "ApiService").contains("WebService"));
    assert!(!waits(&both, "WebService").contains("ApiService"));
    let text = "services:\n  web: { image: w, environment: { J: 'http://job:1' } }\n  job: { image: j, expose: [1], x-tranship: { job: manual } }\n";
    let waits = waits(&template(text), "WebService");
    assert!(!waits.contains("JobService") && !waits.contains("JobRun"), "{waits}");
}

/// ECS refuses a capacity provider whose name begins with its own words, and CloudFormation names it after the stack.
#[test]
fn capacity_providers_have_names_that_ecs_accepts() {
    let name = |stack: &str| {
        let text = format!("services:\n  app: {{ image: a }}\nx-tranship: {{ stack: {stack} }}\n");
        properties(&template_of("ecs-ec2", &text), "CapacityProvider").get("Name").cloned()
    };
    for stack in ["ecs-demo", "AWS-shop", "fargate"] {
        assert_eq!(name(stack), Some(json!("capacity-of-${AWS::StackName}")), "{stack}");
    }
    for stack in ["shop", "my-ecs"] {
        assert_eq!(name(stack), None, "{stack}");
    }
}

#[test]
fn machines_are_replaced_and_reached() {
    let text = "services:\n  app: { image: a }\n";
    let made = template_of("ecs-ec2", text);
    assert_eq!(properties(&made, "AutoScalingGroup")["MaxInstanceLifetime"], 604_800);
    let policy = "arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore";
    assert_eq!(properties(&made, "InstanceRole")["ManagedPolicyArns"], json!([policy]));
    let image = |instance_type: &str| {
        let text = format!("{text}x-tranship: {{ instance_type: {instance_type} }}\n");
        properties(&template_of("ecs-ec2", &text), "LaunchTemplate")["LaunchTemplateData"]["ImageId"].clone()
    };
    assert_eq!((image("m5.large"), image("m6g.large")), (json!("InstanceImage"), json!("InstanceImageArm")));
}

/// A machine that ran before a volume came has made its folder as root's.
#[test]
fn folders_of_machines_are_given_to_their_owner_at_each_start() {
    let text = "services:\n  app: { image: a, user: '1000:1000', volumes: ['static:/s'] }\n  fill: { image: f, user: '1000:1000', network_mode: 'service:app', volumes: ['static:/s'] }\nvolumes: { static: {} }\n";
    let made = template_of("ecs-ec2", text);
    let task = properties(&made, "AppTaskDefinition");
    assert_eq!(task["Volumes"][0]["Host"]["SourcePath"], "/data/static");
    let containers = task["ContainerDefinitions"].as_array().unwrap();
    let helper = containers.iter().find(|it| it["Name"] == "volume-owner").unwrap();
    assert_eq!(helper["Command"], json!(["chown 1000:1000 /volumes/static"]));
}

#[test]
fn a_data_store_has_an_address_even_without_clients() {
    let text = "services:\n  cache: { image: 'redis:7' }\n  app: { image: a }\n";
    let made = template_of("ecs-ec2", text);
    assert_eq!(properties(&made, "CacheTaskDefinition")["NetworkMode"], "awsvpc");
    assert_eq!(properties(&made, "AppTaskDefinition")["NetworkMode"], "bridge");
    assert!(
        made["Resources"].get("CacheService").is_some()
            && made["Resources"].get("AppServiceOnInstance").is_some()
    );
}

#[test]
fn only_a_version_that_is_written_may_be_a_major_upgrade() {
    let allowed = |image: &str, version: &str| {
        let text = format!(
            "services:\n  app: {{ image: a }}\n  db: {{ image: '{image}', x-tranship: {{ database: {{ engine: mysql{version} }} }} }}\n"
        );
        let database = properties(&template(&text), "DbDatabase").clone();
        (database["AllowMajorVersionUpgrade"].clone(), database["AutoMinorVersionUpgrade"].clone())
    };
    assert_eq!(allowed("mysql", ", version: '8.4'"), (json!(true), json!(false)));
    assert_eq!(allowed("mysql:8.4", ""), (json!(true), json!(false)), "the tag of the image is the version");
    assert_eq!(allowed("mysql", ""), (json!(false), json!(false)));
}

/// Which environments are said to share a namespace, for each of them.
#[test]
fn environments_that_share_a_namespace_are_told() {
    let text = "services:
  web: { image: w, environment: { API: 'http://api:9000' } }
  api: { image: a, expose: [9000] }
x-tranship:
  target: fargate
  discovery: { namespace: services.example.org }
  environments:
    staging: {}
    prod: {}
    new: { network: new }
    one: { network: { vpc: vpc-1, private_subnets: [subnet-1, subnet-2] } }
    same: { network: { vpc: vpc-1, private_subnets: [subnet-3, subnet-4] } }
    two: { network: { vpc: vpc-2, private_subnets: [subnet-5, subnet-6] } }
    other: { discovery: { namespace: other.example.org } }
    elsewhere: { target: beanstalk }
";
    let told = |name: &str| {
        let world = MemoryWorld::new().file("compose.yaml", text);
        let options = LoadOptions { files: vec!["compose.yaml".into()], ..LoadOptions::default() };
        let choice = EnvironmentChoice::Environment(name.to_owned());
        let outcome = compile(&CompileRequest { options, choice }, &world);
        let mut found = said(&outcome).into_iter().filter(|it| it.starts_with("ecs/shared-namespace"));
        let message = found.next()?;
        let (_, names) = message.split_once("environments ")?;
        Some(names.split(" use ").next()?.to_owned())
    };
    assert_eq!(told("staging").as_deref(), Some("`staging` and `prod`, `one`, `same`, `two`"));
    assert_eq!(told("one").as_deref(), Some("`one` and `staging`, `prod`, `same`"));
    assert_eq!(told("two").as_deref(), Some("`two` and `staging`, `prod`"));
    for alone in ["new", "other"] {
        assert_eq!(told(alone), None, "{alone}");
    }
}
