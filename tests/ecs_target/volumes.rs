//! What a volume holds, who may write it, and what is said of data.

use super::*;
use serde_json::{Value, json};
use tranship::diagnostic::Severity;

/// What is said of a rule.
fn told(target: &str, text: &str, rule: &str) -> Vec<String> {
    said(&compiled(target, text)).into_iter().filter(|line| line.starts_with(rule)).collect()
}

fn containers<'t>(template: &'t Value, id: &str) -> Vec<&'t Value> {
    properties(template, id)["ContainerDefinitions"].as_array().unwrap().iter().collect()
}

fn container<'t>(template: &'t Value, id: &str, name: &str) -> &'t Value {
    containers(template, id)
        .into_iter()
        .find(|one| one["Name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// The last line of what a helper does.
fn fills(helper: &Value) -> Vec<&str> {
    let script = helper["Command"][0].as_str().unwrap();
    script.lines().filter(|line| line.starts_with("fill '")).collect()
}

#[test]
fn an_empty_volume_is_filled_by_the_same_image_before_anything_mounts_it() {
    let text = "services:
  php:
    image: php:8.3-fpm
    volumes: ['code:/var/www/html', 'own:/srv/own']
    expose: [9000]
    user: www-data
  web:
    image: nginx:1.27
    network_mode: service:php
    volumes: ['code:/var/www/html:ro']
volumes: { code: , own: }
";
    for target in ["fargate", "ecs-ec2"] {
        let template = template_of(target, text);
        let (first, second) = (
            container(&template, "PhpTaskDefinition", "php-volumes"),
            container(&template, "PhpTaskDefinition", "web-volumes"),
        );
        assert_eq!(
            (&first["Image"], &first["User"], &first["Essential"]),
            (&json!("php:8.3-fpm"), &json!("0"), &json!(false))
        );
        assert_eq!(
            fills(first),
            [
                "fill '/.tranship/code' '/var/www/html' 'www-data'",
                "fill '/.tranship/own' '/srv/own' 'www-data'"
            ]
        );
        assert_eq!(first["EntryPoint"], json!(["sh", "-c"]));
        assert_eq!(
            first["MountPoints"][0],
            json!({ "SourceVolume": "code", "ContainerPath": "/.tranship/code", "ReadOnly": false })
        );
        assert_eq!(fills(second), ["fill '/.tranship/code' '/var/www/html' ''"]);
        let after = |one: &Value| one["DependsOn"].clone();
        let success = |name: &str| json!({ "ContainerName": name, "Condition": "SUCCESS" });
        assert_eq!(
            after(second),
            json!([success("php-volumes")]),
            "the first image fills, the second finds it full"
        );
        assert_eq!(
            after(container(&template, "PhpTaskDefinition", "php")),
            json!([success("php-volumes"), success("web-volumes")])
        );
        assert!(after(first).is_null());
    }
}

#[test]
fn whom_a_volume_is_given_to() {
    let owner = |services: &str| {
        let template = template(&format!("services:\n{services}volumes: {{ data: }}\n"));
        let helper = container(&template, "ATaskDefinition", "a-volumes");
        fills(helper)[0].rsplit(' ').next().unwrap().to_owned()
    };
    let a = |keys: &str| format!("  a: {{ image: 'node:22', volumes: ['data:/data'], {keys} }}\n");
    assert_eq!(owner(&a("")), "''");
    assert_eq!(owner(&a("user: '1000'")), "'1000:1000'");
    assert_eq!(owner(&a("user: '0:0'")), "'0:0'");
    assert_eq!(owner(&a("user: node")), "'node'");
    assert_eq!(owner(&a("user: 'node:node'")), "'node'");
    let b = |user: &str| format!("  b: {{ image: 'node:22', volumes: ['data:/data'], user: '{user}' }}\n");
    assert_eq!(owner(&(a("user: '1000'") + &b("1001"))), "'everyone'");
    assert_eq!(owner(&(a("") + &b("node"))), "''", "only its own image knows the number of a name");
}

#[test]
fn who_has_no_shell_prepares_its_data_or_asks_for_no_copy_has_no_helper() {
    let helpers = |keys: &str| {
        let text = format!("services:\n  a: {{ {keys} }}\nvolumes: {{ data: }}\n");
        let found = template(&text);
        let count = containers(&found, "ATaskDefinition").len() - 1;
        (count, told("fargate", &text, "ecs/volume-content").len())
    };
    assert_eq!(helpers("image: 'nginx:1.27', volumes: ['data:/srv']"), (1, 0));
    assert_eq!(helpers("image: acme/app, volumes: ['data:/srv']"), (0, 1));
    assert_eq!(helpers("image: acme/app, volumes: ['data:/srv'], healthcheck: { test: 'true' }"), (1, 0));
    assert_eq!(helpers("image: acme/app, volumes: ['data:/srv'], command: [/bin/bash, -c, x]"), (1, 0));
    assert_eq!(helpers("image: acme/app, volumes: ['data:/srv'], command: [run, sh]"), (0, 1));
    assert_eq!(
        helpers(
            "image: acme/app, volumes: [{ type: volume, source: data, target: /srv, volume: { nocopy: true } }]"
        ),
        (0, 0)
    );
    assert_eq!(
        helpers(
            "image: 'nginx:1.27', volumes: [{ type: volume, source: data, target: /srv, volume: { nocopy: true } }]"
        ),
        (0, 0)
    );
    assert_eq!(
        helpers("image: 'postgres:17', volumes: ['data:/var/lib/postgresql/data']"),
        (0, 0),
        "it gives its data to its user itself"
    );
    assert_eq!(helpers("image: 'jenkins/jenkins', volumes: ['data:/var/jenkins_home']"), (1, 0));
}

#[test]
fn an_access_point_makes_nobody_another_user() {
    let text = "services:\n  a: { image: 'node:22', volumes: ['data:/data'], user: '1000:1000' }\nvolumes: { data: }\n";
    let template = template(text);
    let point = properties(&template, of_type(&template, "AWS::EFS::AccessPoint")[0]);
    assert!(point.get("PosixUser").is_none());
    let created = json!({ "OwnerUid": "1000", "OwnerGid": "1000", "Permissions": "0777" });
    assert_eq!(point["RootDirectory"], json!({ "Path": "/data", "CreationInfo": created }));
    let statement = &properties(&template, "ATaskRole")["Policies"][0]["PolicyDocument"]["Statement"][0];
    assert_eq!(
        statement["Action"],
        json!([
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientRootAccess",
            "elasticfilesystem:ClientWrite"
        ])
    );
}

#[test]
fn a_file_system_that_exists_is_mounted() {
    let volume = |keys: &str| {
        let text = format!(
            "services:\n  a: {{ image: 'nginx:1.27', ports: ['80:80'], volumes: ['media:/srv:ro'] }}\nvolumes:\n  media: {{ {keys} }}\n"
        );
        (template(&text), text)
    };
    let id = "fs-0123456789abcdef0";
    let plain = json!({ "FilesystemId": id, "RootDirectory": "/", "TransitEncryption": "ENABLED", "AuthorizationConfig": { "IAM": "ENABLED" } });
    for keys in [format!("external: true, name: {id}"), format!("x-tranship: {{ file_system: {id} }}")] {
        let (template, text) = volume(&keys);
        assert_eq!(
            properties(&template, "ATaskDefinition")["Volumes"][0]["EFSVolumeConfiguration"],
            plain,
            "{keys}"
        );
        assert_eq!(of_type(&template, "AWS::EFS::FileSystem"), Vec::<&str>::new());
        assert_eq!(containers(&template, "ATaskDefinition").len(), 1, "it is not filled");
        assert_eq!(told("fargate", &text, "ecs/existing-file-system").len(), 1);
        let statement = &properties(&template, "ATaskRole")["Policies"][0]["PolicyDocument"]["Statement"][0];
        let arn = format!(
            "arn:${{AWS::Partition}}:elasticfilesystem:${{AWS::Region}}:${{AWS::AccountId}}:file-system/{id}"
        );
        assert_eq!(statement["Resource"], arn);
        assert!(statement.get("Condition").is_none());
    }
    let (template, _) = volume(&format!(
        "driver_opts: {{ type: nfs, o: 'addr={id}.efs.eu-west-1.amazonaws.com,rw', device: ':/media' }}"
    ));
    assert_eq!(
        properties(&template, "ATaskDefinition")["Volumes"][0]["EFSVolumeConfiguration"]["RootDirectory"],
        "/media"
    );
    let (template, _) = volume(&format!("x-tranship: {{ file_system: {id}, access_point: fsap-01 }}"));
    let volume = &properties(&template, "ATaskDefinition")["Volumes"][0]["EFSVolumeConfiguration"];
    assert_eq!(volume["AuthorizationConfig"], json!({ "AccessPointId": "fsap-01", "IAM": "ENABLED" }));
    assert!(volume.get("RootDirectory").is_none(), "ECS refuses it beside an access point");
    let statement = &properties(&template, "ATaskRole")["Policies"][0]["PolicyDocument"]["Statement"][0];
    assert!(
        statement["Condition"]["StringEquals"]["elasticfilesystem:AccessPointArn"]
            .as_str()
            .unwrap()
            .ends_with(":access-point/fsap-01")
    );
}

#[test]
fn any_other_volume_of_docker_is_refused_where_it_is_used() {
    for keys in [
        "external: true",
        "driver: rexray/ebs",
        "driver_opts: { type: nfs, o: addr=10.0.0.1, device: ':/x' }",
    ] {
        let text = format!(
            "services:\n  a: {{ image: app, volumes: ['data:/data'] }}\nvolumes:\n  data: {{ {keys} }}\n"
        );
        assert_eq!(told("fargate", &text, "app/foreign-volume").len(), 1, "{keys}");
        assert!(compiled("fargate", &text).compiled.is_none());
        assert!(compiled("beanstalk", &text).compiled.is_some(), "an instance has volumes of Docker");
        let unused = format!("services:\n  a: {{ image: app }}\nvolumes:\n  data: {{ {keys} }}\n");
        assert_eq!(told("fargate", &unused, "app/foreign-volume").len(), 0, "nothing mounts it");
    }
}

#[test]
fn data_that_a_deployment_loses_is_told_with_the_lines_that_keep_it() {
    let lost = |image: &str, keys: &str, volumes: &str| {
        let text = format!("services:\n  db: {{ image: '{image}', {keys} }}\nvolumes: {{ {volumes} }}\n");
        let outcome = compiled("fargate", &text);
        let found = outcome.diagnostics.iter().find(|one| one.rule.name == "app/unkept-data");
        found.map(|one| (one.message.clone(), format!("{:?}", one.help)))
    };
    let (message, help) = lost("mysql:8.4", "volumes: [/var/lib/mysql]", "").unwrap();
    assert_eq!(message, "`db` keeps its data in an anonymous volume: each deployment starts without it");
    assert!(help.contains("db-data:/var/lib/mysql"), "{help}");
    let (message, help) = lost("postgres:18", "expose: [5432]", "").unwrap();
    assert_eq!(message, "`db` keeps its data in its container: each deployment starts without it");
    assert!(
        help.contains("db-data:/var/lib/postgresql\\\\\\\"")
            || help.contains("db-data:/var/lib/postgresql\\\""),
        "{help}"
    );
    assert!(
        lost("postgres:17", "expose: [5432]", "").unwrap().1.contains("db-data:/var/lib/postgresql/data")
    );
    assert_eq!(lost("mysql:8.4", "volumes: ['data:/var/lib/mysql']", "data: "), None);
    // The image declares a volume at `/var/lib/mysql`, which gets one of its own.
    assert!(lost("mysql:8.4", "volumes: ['data:/var/lib']", "data: ").is_some());
    assert!(lost("mysql:8.4", "volumes: ['data:/etc/mysql']", "data: ").is_some());
    assert_eq!(lost("mysql:8.4", "tmpfs: /var/lib/mysql", ""), None, "memory is asked for");
    assert_eq!(lost("redis:7", "expose: [6379]", ""), None, "a cache may start empty");
    assert!(lost("redis:7", "volumes: [/data]", "").is_some());
    assert_eq!(lost("acme/app", "expose: [5432]", ""), None, "nothing is known of the image");
    assert_eq!(lost("mysql:8.4", "x-tranship: { database: true }", ""), None);
}

#[test]
fn a_database_in_a_container_is_loud_in_production() {
    let severity = |keys: &str, posture: &str| {
        let text = format!(
            "services:\n  db: {{ image: 'mysql:8.4', volumes: ['data:/var/lib/mysql'], {keys} }}\nvolumes: {{ data: }}\nx-tranship: {{ posture: {posture} }}\n"
        );
        let outcome = compiled("fargate", &text);
        outcome
            .diagnostics
            .iter()
            .find(|one| one.rule.name == "app/database-container")
            .map(|one| one.severity)
    };
    assert_eq!(severity("", "prod"), Some(Severity::Warning));
    assert_eq!(severity("", "dev"), Some(Severity::Note));
    assert_eq!(severity("x-tranship: { database: false }", "prod"), None);
}

#[test]
fn who_stops_first_and_who_writes_together_is_told() {
    let app = |image: &str, keys: &str| {
        format!(
            "services:\n  app: {{ image: '{image}', volumes: ['data:/data'], {keys} }}\nvolumes: {{ data: }}\n"
        )
    };
    let rules = |text: &str| {
        (told("fargate", text, "ecs/stop-first").len(), told("fargate", text, "ecs/shared-writers").len())
    };
    assert_eq!(rules(&app("acme/app", "")), (1, 0));
    assert_eq!(rules(&app("acme/app", "deploy: { replicas: 2 }")), (0, 1));
    assert_eq!(rules(&app("acme/app", "x-tranship: { scale: { min: 1, max: 3 } }")), (0, 1));
    assert_eq!(rules(&app("wordpress:6", "deploy: { replicas: 2 }")), (0, 0));
    assert_eq!(rules(&app("acme/app", "deploy: { update_config: { order: start-first } }")), (0, 0));
    assert_eq!(rules(&app("acme/app", "").replace("data:/data", "data:/data:ro")), (0, 0));
    let one = |name: &str, replicas: u32| {
        format!("  {name}: {{ image: x, volumes: ['data:/data'], deploy: {{ replicas: {replicas} }} }}\n")
    };
    let warned = |services: &str| {
        told("fargate", &format!("services:\n{services}volumes: {{ data: }}\n"), "ecs/shared-writers")
    };
    let text = "ecs/shared-writers: `app` runs in up to 2 copies, and all of them write to the volume `data`";
    assert_eq!(warned(&one("app", 2)), [text]);
    let text =
        "ecs/shared-writers: `app`, `job` run in up to 5 copies, and all of them write to the volume `data`";
    assert_eq!(warned(&(one("app", 2) + &one("job", 5))), [text]);
}

#[test]
fn tls_that_is_switched_off_is_told_where_rds_requires_it() {
    let warned = |image: &str, variables: &str| {
        let text = format!(
            "services:\n  app:\n    image: acme/app\n    environment: {{ {variables} }}\n  db:\n    image: {image}\n    environment: {{ POSTGRES_USER: shop, POSTGRES_PASSWORD: walnut77, POSTGRES_DB: shop }}\n    x-tranship: {{ database: true }}\n"
        );
        told("fargate", &text, "app/database-tls").len()
    };
    let url = |options: &str| format!("DATABASE_URL: 'postgres://shop:walnut77@db:5432/shop{options}'");
    assert_eq!(warned("postgres:17", &url("?sslmode=disable")), 1);
    assert_eq!(warned("postgres:14", &url("?sslmode=disable")), 0);
    assert_eq!(warned("postgres:17", &url("?sslmode=require")), 0);
    assert_eq!(warned("postgres:17", &(url("") + ", PGSSLMODE: disable")), 1);
    assert_eq!(warned("postgres:17", "DB_HOST: db, DB_SSL: 'false'"), 1);
    assert_eq!(warned("postgres:17", "DB_HOST: elsewhere.example.com, DB_SSL: 'false'"), 0);
    assert_eq!(warned("postgres:17", "DB_HOST: db, DB_SSL: 'true'"), 0);
}

#[test]
fn versions_past_their_support_are_a_choice() {
    let engine = |settings: &str| {
        let text = format!(
            "services:\n  db: {{ image: 'mysql:8.4', x-tranship: {{ database: {{ {settings} }} }} }}\n"
        );
        let outcome = compiled("fargate", &text);
        outcome.compiled.is_some().then(|| {
            let template = template(&text);
            let instance = properties(&template, "DbDatabase");
            (instance["EngineVersion"].clone(), instance["EngineLifecycleSupport"].clone())
        })
    };
    let disabled = json!("open-source-rds-extended-support-disabled");
    assert_eq!(engine("class: db.t4g.micro"), Some((json!("8.4.11"), disabled)));
    let wanted = json!("open-source-rds-extended-support");
    assert_eq!(
        engine("version: 5.7.44-rds.20250103, extended_support: true"),
        Some((json!("5.7.44-rds.20250103"), wanted))
    );
    assert_eq!(engine("version: '5.7', extended_support: true"), None);
    assert_eq!(engine("version: 5.7.44-rds.20250103"), None);
}

/// Compiles a project with a Dockerfile.
fn built(dockerfile: &str, service: &str) -> CompileOutcome {
    let text = format!("services:\n  app:\n    {service}\nvolumes: {{ kept: {{}} }}\n");
    let world = MemoryWorld::new()
        .file("compose.yaml", text)
        .file("app/Dockerfile", dockerfile)
        .file("Own", "FROM node:20\n");
    let options = LoadOptions { files: vec!["compose.yaml".into()], ..LoadOptions::default() };
    account(&CompileRequest { options, choice: EnvironmentChoice::Target("fargate".to_owned()) }, &world)
}

/// A Dockerfile shows the shell of an image that is built: it ran in the last stage, or in the image that this comes from.
#[test]
fn a_dockerfile_shows_the_shell_that_copies_the_content() {
    let volumes = "volumes: ['kept:/srv', '/cache']";
    let told = |dockerfile: &str, build: &str| {
        let outcome = built(dockerfile, &format!("build: {build}\n    {volumes}"));
        said(&outcome).iter().filter(|line| line.starts_with("ecs/volume-content")).count()
    };
    for (dockerfile, build, warnings) in [
        ("FROM acme/base\nRUN make\n", "app", 0),
        ("FROM acme/base\nCMD [\"x\"]\n", "app", 1),
        ("FROM golang:1.22 AS build\nRUN make\nFROM scratch\nCOPY --from=build /a /a\n", "app", 1),
        ("FROM golang:1.22 AS build\nRUN make\nFROM scratch\n", "{ context: app, target: build }", 0),
        ("ARG TAG=none\nFROM python:${TAG}\n", "{ context: app, args: { TAG: 3.12-slim } }", 0),
        ("FROM acme/base\n", "{ context: ., dockerfile: Own }", 0),
        ("", "{ context: ., dockerfile_inline: \"FROM acme/base\\nRUN make\\n\" }", 0),
        ("FROM acme/base\nRUN make\n", "{ context: ., dockerfile: Missing }", 1),
        ("FROM acme/base\nRUN make\n", "https://example.com/app.git", 1),
    ] {
        assert_eq!(told(dockerfile, build), warnings, "{build} {dockerfile}");
    }
}

/// An anonymous volume takes the content of the image as a named one does, and belongs to the user of its container.
#[test]
fn an_anonymous_volume_takes_the_content_of_the_image() {
    let filled = |service: &str| {
        let template = template(&format!("services:\n  app: {{ {service} }}\n"));
        let found = containers(&template, "AppTaskDefinition");
        let helper = found.iter().find(|one| one["Name"] == "app-volumes");
        let lines = helper.map(|helper| fills(helper).join("; ")).unwrap_or_default();
        (lines, found.len())
    };
    let expected = "fill '/.tranship/app-code-node_modules-4d41e7c6' '/code/node_modules' ''";
    assert_eq!(filled("image: 'node:20', volumes: [/code/node_modules]"), (expected.to_owned(), 2));
    for (user, owner) in
        [("1000:1000", "1000:1000"), ("1000", "1000:1000"), ("node", "node"), ("node:node", "node")]
    {
        let (line, _) = filled(&format!("image: 'node:20', user: '{user}', volumes: [/data]"));
        assert!(line.ends_with(&format!("'/data' '{owner}'")), "{line}");
    }
    let none = (String::new(), 1);
    let asked = "image: 'node:20', volumes: [{ type: volume, target: /data, volume: { nocopy: true } }]";
    assert_eq!(filled(asked), none);
    assert_eq!(filled("image: acme/app, volumes: [/data]"), none);
    let message = "ecs/volume-content: volume `/data` starts empty: nothing shows that the image of `app` has the shell that copies its content";
    let text = "services:\n  app: { image: acme/app, volumes: [/data] }\n";
    assert_eq!(told("fargate", text, "ecs/volume-content"), [message]);
}
