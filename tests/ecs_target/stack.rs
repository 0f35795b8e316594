//! What a manifest makes: the template's resources.

use super::{compiled, of_type, properties, said, template};
use serde_json::{Value, json};
use tranship::targets::TargetDeployment;

const SHOP: &str = r#"
name: shop
services:
  app:
    image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/team/shop:1
    user: "1000"
    ports: ["8080:80"]
    environment: { API: "http://api:9000", SMTP: "smtp://mail.example.com:587" }
    volumes: ["static:/static"]
    depends_on:
      collect: { condition: service_completed_successfully }
      migrate: { condition: service_completed_successfully }
  collect: { image: shop, user: "1000", volumes: ["static:/static"] }
  migrate: { image: shop, environment: { DATABASE_URL: "mysql://shop:pw@db:3306/shop" }, depends_on: [db] }
  api: { image: api, expose: ["9000"], volumes: ["files:/files"], deploy: { replicas: 3 } }
  db:
    image: mysql:8.4
    environment: { MYSQL_USER: shop, MYSQL_PASSWORD: pw, MYSQL_DATABASE: shop }
    x-tranship: { database: { engine: mysql, version: "8.4" } }
volumes: { static: , files: }
"#;

fn names(list: &Value, key: &str) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_task_starts_in_order_and_writes_to_its_volume() {
    let template = template(SHOP);
    let task = properties(&template, "AppTaskDefinition");
    let containers = &task["ContainerDefinitions"];
    assert_eq!(names(containers, "Name"), ["app", "collect", "volume-owner"]);
    assert_eq!(containers[0]["Essential"], true);
    let waits = |index: usize| names(&containers[index]["DependsOn"], "ContainerName");
    assert_eq!(waits(0), ["collect", "volume-owner"]);
    assert_eq!(waits(1), ["volume-owner"]);
    assert_eq!(containers[2]["Command"], json!(["chown 1000:1000 /volumes/static"]));
    assert_eq!((&containers[1]["Essential"], &containers[2]["User"]), (&json!(false), &json!("0")));
    assert_eq!(task["Volumes"], json!([{ "Name": "static" }]));
    assert!(containers.as_array().unwrap().iter().all(|it| it["LogConfiguration"]["LogDriver"] == "awslogs"));
}

#[test]
fn a_service_waits_for_what_it_needs() {
    let template = template(SHOP);
    let waits = &template["Resources"]["AppService"]["DependsOn"];
    let waits: Vec<&str> = waits.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(waits.contains(&"MigrateRun"), "MigrateRun is not among {waits:?}");
    assert!(
        !waits.contains(&"Listener") && waits.iter().any(|id| id.starts_with("PortAttachment")),
        "{waits:?}"
    );
    assert_eq!(
        template["Resources"]["Listener"]["DependsOn"], "AppService",
        "requests come after the service"
    );
    assert!(waits.iter().any(|id| id.starts_with("ApiFromApp9000Tcp") && id.ends_with("Ingress")));
    let run = &template["Resources"]["MigrateRun"]["DependsOn"];
    let run: Vec<&str> = run.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        run.contains(&"DbDatabase") && run.iter().any(|id| id.starts_with("DbFromMigrate3306")),
        "{run:?}"
    );
    assert_eq!(properties(&template, "ApiService")["DesiredCount"], 3);
}

/// A rule an edge, on both ends, and nothing that is open to all but the listener.
#[test]
fn only_edges_are_open() {
    let template = template(SHOP);
    let ingress = of_type(&template, "AWS::EC2::SecurityGroupIngress");
    let described = |id: &&str| properties(&template, id)["Description"].as_str().unwrap().to_owned();
    let mut found: Vec<String> = ingress.iter().map(described).collect();
    found.sort();
    assert_eq!(found, ["Load balancer to app", "api to the volume files", "app to api", "migrate to db"]);
    assert_eq!(of_type(&template, "AWS::EC2::SecurityGroupEgress").len(), ingress.len());
    for id in of_type(&template, "AWS::EC2::SecurityGroup") {
        let open = names(&properties(&template, id)["SecurityGroupIngress"], "CidrIp");
        assert_eq!(open.is_empty(), id != "LoadBalancerSecurityGroup", "{id}");
    }
}

#[test]
fn roles_name_what_they_are_for() {
    let template = template(SHOP);
    let policy = &properties(&template, "AppExecutionRole")["Policies"][0]["PolicyDocument"]["Statement"];
    let text = policy.to_string();
    assert!(text.contains("ecr:us-east-1:123456789012:repository/team/shop\""), "{text}");
    for statement in policy.as_array().unwrap() {
        let only = json!(["ecr:GetAuthorizationToken"]);
        assert!(statement["Resource"] != "*" || statement["Action"] == only, "{statement}");
    }
    assert!(properties(&template, "AppTaskRole").get("Policies").is_none());
}

/// A literal password is wired to the generated secret; neither it nor its URL is in the template.
#[test]
fn no_literal_secret_is_emitted() {
    let outcome = compiled("fargate", SHOP);
    let compiled = outcome.compiled.unwrap();
    for (path, artifact) in compiled.artifacts.iter() {
        let text = String::from_utf8_lossy(&artifact.bytes);
        assert!(!text.contains("shop:pw@"), "{path}");
        assert!(!text.contains("/project"), "{path} names a folder of this machine");
    }
    let template = template(SHOP);
    let container = &properties(&template, "MigrateTaskDefinition")["ContainerDefinitions"][0];
    assert_eq!(names(&container["Secrets"], "Name"), ["DATABASE_URL"]);
}

#[test]
fn a_deployment_knows_its_data_and_its_services() {
    let outcome = compiled("fargate", SHOP);
    let TargetDeployment::Stack(stack) = outcome.compiled.unwrap().deployment else { panic!("not a stack") };
    assert_eq!(stack.stack, "shop");
    let stores: Vec<&str> = stack.data_stores.iter().map(|it| it.logical_id.as_str()).collect();
    assert_eq!(stores, ["DbDatabase", "FilesFileSystem"]);
    let services: Vec<&str> = stack.services.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(services, ["api", "app"]);
    let parameters: Vec<&str> = stack.parameters.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(parameters, ["VpcId", "PublicSubnets", "PrivateSubnets"]);
}

/// Adding a service changes nothing of the others.
#[test]
fn names_are_local() {
    let before = template(SHOP);
    let after =
        template(&SHOP.replace("  api: {", "  App: { image: other }\n  a_p_p: { image: other }\n  api: {"));
    for (id, resource) in before["Resources"].as_object().unwrap() {
        assert_eq!(after["Resources"].get(id), Some(resource), "{id}");
    }
}

#[test]
fn with_scaling_no_deploy_resets_the_count() {
    let text = "services:\n  app: { image: a, ports: ['80:80'], x-tranship: { scale: { min: 2, max: 8, cpu: 60 } } }\n";
    let template = template(text);
    assert!(properties(&template, "AppService").get("DesiredCount").is_none());
    let target = properties(&template, "AppScalableTarget");
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(2), &json!(8)));
}

#[test]
fn a_certificate_redirects_to_https() {
    let text = "services:\n  app: { image: a, ports: ['80:80'] }\nx-tranship: { https: { certificate: 'arn:aws:acm:us-east-1:1:certificate/x', domain: a.example.org } }\n";
    let template = template(text);
    let redirect = properties(&template, "Listener");
    assert_eq!(redirect["DefaultActions"][0]["RedirectConfig"]["StatusCode"], "HTTP_301");
    let https = properties(&template, "HttpsListener");
    assert!(https["SslPolicy"].as_str().unwrap().contains("TLS13"));
    assert_eq!(template["Outputs"]["Url"]["Value"], "https://a.example.org");
}

#[test]
fn a_network_of_its_own_reaches_the_internet() {
    for (posture, gateways) in [("dev", 1), ("prod", 2)] {
        let text = format!(
            "services:\n  app: {{ image: a, ports: ['80:80'] }}\nx-tranship: {{ network: new, posture: {posture} }}\n"
        );
        let template = template(&text);
        assert_eq!(of_type(&template, "AWS::EC2::NatGateway").len(), gateways);
        assert_eq!(of_type(&template, "AWS::EC2::Subnet").len(), 4);
        let waits = template["Resources"]["AppService"]["DependsOn"].to_string();
        assert!(waits.contains("PrivateARoute"), "{waits}");
        assert!(template.get("Parameters").is_none());
    }
}

/// Where the length of the list of subnets is not known, tasks stay where the mount targets are.
#[test]
fn tasks_with_a_file_system_stay_near_it() {
    let template = template(SHOP);
    let subnets =
        &properties(&template, "ApiService")["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"];
    assert_eq!(subnets, &json!([[0, "PrivateSubnets"], [1, "PrivateSubnets"]]));
    assert_eq!(of_type(&template, "AWS::EFS::MountTarget").len(), 2);
}

#[test]
fn folders_for_data_are_file_systems_that_services_share() {
    let text = "services:
  db: { image: 'postgres:17', volumes: ['./data:/var/lib/postgresql/data'] }
  backup: { image: acme/backup, user: '1000:1000', volumes: ['./data:/data:ro', './data/in/dumps:/dumps'] }
";
    let outcome = compiled("fargate", text);
    let told: Vec<String> =
        said(&outcome).into_iter().filter(|it| it.starts_with("ecs/data-folder")).collect();
    assert_eq!(
        told,
        ["ecs/data-folder: `./data`, `./data/in/dumps` become persistent volumes that start empty"]
    );
    let template = template(text);
    assert_eq!(of_type(&template, "AWS::EFS::FileSystem").len(), 1);
    let points = of_type(&template, "AWS::EFS::AccessPoint");
    let roots: Vec<&Value> =
        points.iter().map(|id| &properties(&template, id)["RootDirectory"]["Path"]).collect();
    assert_eq!(roots, ["/data", "/data/in/dumps"]);
}

/// On a network that exists elsewhere are containers of others, which the application on AWS does not have.
#[test]
fn an_external_network_is_told() {
    let of = |networks: &str, joined: &str| {
        let text =
            format!("services:\n  app: {{ image: app, networks: [{joined}] }}\nnetworks: {{ {networks} }}\n");
        let outcome = compiled("fargate", &text);
        said(&outcome).into_iter().filter(|one| one.contains("external")).collect::<Vec<_>>()
    };
    let message = "target/approximated-key: `external` of `back` becomes security groups of the application's own on Fargate: what else is on that network neither reaches the application by name nor is reached by it";
    assert_eq!(of("back: { external: true, name: sg-0123456789abcdef0 }", "back"), [message]);
    let none: [&str; 0] = [];
    for (networks, joined) in [
        ("back: { external: true, name: bridge }", "back"),
        ("back: { external: true }, own: {}", "own"),
        ("back: { external: false }", "back"),
    ] {
        assert_eq!(of(networks, joined), none, "{networks}");
    }
}
