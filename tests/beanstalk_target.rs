//! The way of a manifest through the target `beanstalk`: what it says, what is in the bundle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use serde_yaml::Value as Yaml;
use std::collections::BTreeSet;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::targets::EnvironmentTag;
use tranship::world::MemoryWorld;

/// Compiles a manifest, with more files beside it.
fn compiled(manifest: &str, files: &[(&str, &str)]) -> CompileOutcome {
    let world = MemoryWorld::new().file("compose.yaml", format!("name: shop\n{manifest}"));
    let world = files.iter().fold(world, |world, (path, text)| world.file(path, *text));
    let choice = EnvironmentChoice::Target("beanstalk".to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

/// A text file of the bundle.
fn bundled(outcome: &CompileOutcome, path: &str) -> String {
    let found: Vec<&str> = outcome.diagnostics.iter().map(|one| one.message.as_str()).collect();
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("refused: {found:#?}"));
    let artifact = compiled.artifacts.get(&format!("bundle/{path}"));
    String::from_utf8(artifact.unwrap_or_else(|| panic!("no {path}")).bytes.clone()).unwrap()
}

fn container(outcome: &CompileOutcome, name: &str) -> serde_json::Value {
    let dockerrun: serde_json::Value = serde_json::from_str(&bundled(outcome, "Dockerrun.aws.json")).unwrap();
    let list = dockerrun["containerDefinitions"].as_array().unwrap().clone();
    list.into_iter().find(|container| container["name"] == name).unwrap()
}

fn options(outcome: &CompileOutcome) -> Yaml {
    let text = bundled(outcome, ".ebextensions/10-options.config");
    serde_yaml::from_str::<Yaml>(&text).unwrap()["option_settings"].clone()
}

#[test]
fn further_public_endpoints_are_processes_with_rules() {
    let outcome = compiled(
        "services:
  web: { image: nginx, ports: ['80:8080'], x-tranship: { public: true } }
  api:
    image: api
    ports: ['3000:3000']
    x-tranship: { public: { host: api.example.org, path: '/v1/*', health_check: { path: /health } } }
",
        &[],
    );
    let ports = |name: &str| container(&outcome, name)["portMappings"][0]["hostPort"].as_u64();
    assert_eq!((ports("web"), ports("api")), (Some(80), Some(3000)));
    let options = options(&outcome);
    assert_eq!(options["aws:elbv2:listener:default"]["Rules"], "api3000");
    assert_eq!(options["aws:elbv2:listenerrule:api3000"]["HostHeaders"], "api.example.org");
    assert_eq!(options["aws:elbv2:listenerrule:api3000"]["PathPatterns"], "/v1/*");
    assert_eq!(options["aws:elasticbeanstalk:environment:process:api3000"]["Port"], "3000");
    assert_eq!(options["aws:elasticbeanstalk:environment:process:api3000"]["HealthCheckPath"], "/health");
}

#[test]
fn a_port_that_docker_would_choose_is_the_containers_own() {
    let outcome = compiled(
        "services:
  web: { image: nginx, ports: ['80:8080'], x-tranship: { public: true } }
  api: { image: api, ports: ['3000'], x-tranship: { public: { path: '/api' } } }
  admin: { image: admin, ports: ['4000'], x-tranship: { public: { path: '/admin' } } }
",
        &[],
    );
    let ports = |name: &str| container(&outcome, name)["portMappings"][0]["hostPort"].as_u64();
    assert_eq!((ports("api"), ports("admin")), (Some(3000), Some(4000)));
}

#[test]
fn one_default_of_a_late_bound_variable_serves_all_its_uses() {
    for (first, second) in [("${TAG:-3}", "${TAG}"), ("${TAG}", "${TAG:-3}")] {
        let outcome = compiled(
            &format!(
                "services:\n  a: {{ image: 'a:{first}' }}\n  b: {{ image: 'b:{second}' }}\nx-tranship: {{ late_bound: [TAG] }}\n"
            ),
            &[],
        );
        let image = |name: &str| container(&outcome, name)["image"].as_str().unwrap().to_owned();
        assert_eq!((image("a"), image("b")), ("a:3".to_owned(), "b:3".to_owned()));
    }
}

#[test]
fn a_certificate_makes_a_secure_listener() {
    let outcome = compiled(
        "services:
  web: { image: nginx, ports: ['80:80'] }
x-tranship:
  https: { certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/abc' }
",
        &[],
    );
    let listener = &options(&outcome)["aws:elbv2:listener:443"];
    assert_eq!(listener["Protocol"], "HTTPS");
    assert_eq!(listener["SSLCertificateArns"], "arn:aws:acm:us-east-1:123456789012:certificate/abc");
    assert_eq!(listener["DefaultProcess"], "default");
}

#[test]
fn files_of_the_project_are_bundled_and_data_is_not() {
    let outcome = compiled(
        "services:
  web:
    image: nginx
    ports: ['80:80']
    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro', './site:/site', './uploads:/uploads']
  store:
    image: redis
    volumes: ['./redis:/data']
",
        &[
            ("nginx.conf", "events {}"),
            ("site/a/index.html", "hello"),
            ("site/.env", "A=1"),
            ("redis/dump.rdb", "data"),
        ],
    );
    assert_eq!(bundled(&outcome, "nginx.conf"), "events {}");
    assert_eq!(bundled(&outcome, "site/a/index.html"), "hello");
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    assert!(artifacts.get("bundle/site/.env").is_none() && artifacts.get("bundle/redis/dump.rdb").is_none());
    let dockerrun: serde_json::Value =
        serde_json::from_str(&bundled(&outcome, "Dockerrun.aws.json")).unwrap();
    let paths: Vec<&str> = dockerrun["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["host"]["sourcePath"].as_str())
        .collect();
    assert_eq!(
        paths,
        ["/data/redis", "/data/uploads", "/var/app/current/nginx.conf", "/var/app/current/site"]
    );
    assert!(
        bundled(&outcome, ".ebextensions/20-host.config")
            .contains("[\"mkdir\", \"--parents\", \"/data/redis\"]")
    );
}

/// A manifest whose values need a database that RDS runs.
fn database_manifest(settings: &str) -> String {
    format!(
        "services:
  app:
    image: acme/app:1
    ports: ['80:8000']
    command: [serve, --workers, '4']
    environment:
      DB_HOST: db
      DB_NAME: shop
      DB_USER: shop
      DB_PASSWORD: walnut-77
      DATABASE_URL: 'postgres://shop:walnut-77@db:5432/shop'
      JDBC_URL: 'jdbc:postgresql://db:5432/shop'
  migrate:
    image: acme/app:1
    command: [migrate]
    environment:
      DATABASE_URL: 'postgres://shop:walnut-77@db:5432/shop'
      DB_HOST: 'db:5432'
    x-tranship: {{ job: before-deploy }}
  db:
    image: postgres:17
    environment: {{ POSTGRES_USER: shop, POSTGRES_PASSWORD: walnut-77, POSTGRES_DB: shop }}
    x-tranship: {{ database: {{ engine: postgres{settings} }} }}
"
    )
}

const PROPERTIES: &str = "aws:elasticbeanstalk:application:environment";
const SECRET_PROPERTIES: &str = "aws:elasticbeanstalk:application:environmentsecrets";

#[test]
fn values_of_a_database_are_properties_before_the_instance_works() {
    let outcome = compiled(&format!("{}x-tranship: {{ platform: ecs }}\n", database_manifest("")), &[]);
    let variables = container(&outcome, "app")["environment"].clone();
    let known = serde_json::json!([
        { "name": "DB_NAME", "value": "shop" }, { "name": "DB_USER", "value": "shop" },
    ]);
    assert_eq!(variables, known);
    let options = options(&outcome);
    let (texts, secrets) = (&options[PROPERTIES], &options[SECRET_PROPERTIES]);
    let host = r#"{"Fn::GetAtt":["DbDatabase","Endpoint.Address"]}"#;
    let port = r#"{"Fn::GetAtt":["DbDatabase","Endpoint.Port"]}"#;
    let both = format!(r#"`{{"Fn::Join":["",[{host},":",{port}]]}}`"#);
    // The service and its job have different values under one name.
    let hosts = BTreeSet::from([format!("`{host}`"), both]);
    let shown = |name: &str| texts[name].as_str().unwrap().to_owned();
    assert_eq!(BTreeSet::from([shown("DB_HOST"), shown("MIGRATE_DB_HOST")]), hosts);
    assert_eq!(shown("DB_HOST"), format!("`{host}`"), "a container has no other name for it");
    let jdbc = format!(r#"`{{"Fn::Join":["",["jdbc:postgresql://",{host},":",{port},"/shop"]]}}`"#);
    assert_eq!(texts["JDBC_URL"], jdbc.as_str());
    let password = r#"`{"Fn::Join":["",[{"Ref":"DbCredentials"},":password::"]]}`"#;
    assert_eq!(secrets["DB_PASSWORD"], password);
    let url = secrets["DATABASE_URL"].as_str().unwrap();
    let id = url.trim_start_matches(r#"`{"Ref":""#).trim_end_matches(r#""}`"#);
    let derived: Yaml = serde_yaml::from_str(&bundled(&outcome, ".ebextensions/26-secrets.config")).unwrap();
    let value = &derived["Resources"][id]["Properties"]["SecretString"]["Fn::Join"][1];
    let found: Vec<Option<&str>> = value.as_sequence().unwrap().iter().map(Yaml::as_str).collect();
    let start = Some("postgres://shop:{{resolve:secretsmanager:");
    let end = Some("/shop");
    assert_eq!(found, [start, None, Some(":SecretString:password}}@"), None, Some(":"), None, end]);
    assert_eq!(derived["Resources"].as_mapping().unwrap().len(), 1, "one secret for one value");
    let jobs: serde_json::Value =
        serde_json::from_str(&bundled(&outcome, ".ebextensions/instance.json")).unwrap();
    let variables = &jobs["jobs"]["migrate"]["environment"];
    assert_eq!(variables["DATABASE_URL"], serde_json::json!([{ "property": "DATABASE_URL" }]));
    assert_eq!(variables["DB_HOST"], serde_json::json!([{ "property": "MIGRATE_DB_HOST" }]));
}

#[test]
fn the_role_of_a_task_is_named_before_the_environment_exists() {
    let settings = "x-tranship: { platform: ecs, region: eu-west-1, account: '123456789012' }\n";
    let outcome = compiled(&format!("{}{settings}", database_manifest("")), &[]);
    let text = bundled(&outcome, "Dockerrun.aws.json");
    let dockerrun: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dockerrun["executionRoleArn"], "arn:aws:iam::123456789012:role/shop-execution");
    assert!(said(&outcome, "beanstalk/placeholder").is_empty());
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    let role = String::from_utf8_lossy(&artifacts.get("execution-role.yaml").unwrap().bytes);
    assert!(role.contains("RoleName: shop-execution"), "{role}");
    let identity = bundled(&outcome, ".ebextensions/30-identity.config");
    let identity: Yaml = serde_yaml::from_str(&identity).unwrap();
    let resources = &identity["Resources"];
    assert_eq!(resources["ExecutionPolicy"]["Properties"]["Roles"][0], "shop-execution");
    let allowed = &resources["ExecutionPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    let instance = &resources["ApplicationPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    assert_eq!(instance[0]["Resource"], allowed["Resource"], "the instance reads the secrets, too");
    let ids: BTreeSet<&str> =
        allowed["Resource"].as_sequence().unwrap().iter().filter_map(|one| one["Ref"].as_str()).collect();
    assert!(ids.contains("DbCredentials") && ids.len() == 2, "{ids:?}");
    let actions: Vec<&str> =
        instance.as_sequence().unwrap().iter().filter_map(|one| one["Action"][0].as_str()).collect();
    assert_eq!(actions, ["secretsmanager:GetSecretValue", "logs:CreateLogGroup", "iam:PassRole"]);
    let settings = "x-tranship: { platform: ecs, region: cn-north-1 }\n";
    let without = compiled(&format!("{}{settings}", database_manifest("")), &[]);
    let text = bundled(&without, "Dockerrun.aws.json");
    let dockerrun: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dockerrun["executionRoleArn"], "arn:aws-cn:iam::${AccountId}:role/shop-execution");
    assert_eq!(said(&without, "beanstalk/placeholder").len(), 1);
}

#[test]
fn the_docker_platform_puts_values_together_from_properties() {
    let outcome = compiled(&format!("{}x-tranship: {{ platform: docker }}\n", database_manifest("")), &[]);
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    let variables = &compose["services"]["app"]["environment"];
    assert_eq!(variables["DB_HOST"], "${DB_DATABASE_HOST}");
    let url = "postgres://shop:${DB_DATABASE_PASSWORD}@${DB_DATABASE_HOST}:${DB_DATABASE_PORT}/shop";
    assert_eq!(variables["DATABASE_URL"], url);
    let options = options(&outcome);
    let password = r#"`{"Fn::Join":["",[{"Ref":"DbCredentials"},":password"]]}`"#;
    assert_eq!(options[SECRET_PROPERTIES]["DB_DATABASE_PASSWORD"], password);
    let port = r#"`{"Fn::GetAtt":["DbDatabase","Endpoint.Port"]}`"#;
    assert_eq!(options[PROPERTIES]["DB_DATABASE_PORT"], port);
}

#[test]
fn a_coupled_database_is_for_development_on_the_docker_platform() {
    let coupled = database_manifest(", coupled: true");
    let outcome = compiled(&format!("{coupled}x-tranship: {{ platform: docker }}\n"), &[]);
    assert_eq!(options(&outcome)["aws:rds:dbinstance"]["HasCoupledDatabase"], "true");
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    assert_eq!(compose["services"]["app"]["environment"]["DB_HOST"], "${RDS_HOSTNAME}");
    for settings in ["platform: docker, posture: prod", "platform: ecs"] {
        let outcome = compiled(&format!("{coupled}x-tranship: {{ {settings} }}\n"), &[]);
        assert_eq!(said(&outcome, "beanstalk/coupled-database").len(), 1, "{settings}");
        assert!(outcome.compiled.is_none());
    }
}

#[test]
fn words_of_a_command_that_come_late_decide_for_the_docker_platform() {
    let manifest = |settings: &str| {
        format!(
            "services:
  app:
    image: acme/app:1
    ports: ['80:8000']
    command: [wait-for, 'db:5432', --, serve]
  db:
    image: postgres:17
    x-tranship: {{ database: {{ engine: postgres }} }}
{settings}"
        )
    };
    let outcome = compiled(&manifest(""), &[]);
    assert_eq!(said(&outcome, "beanstalk/platform-chosen").len(), 1);
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    let command = &compose["services"]["app"]["command"];
    assert_eq!(command[1], "${DB_DATABASE_HOST}:${DB_DATABASE_PORT}");
    let pinned = compiled(&manifest("x-tranship: { platform: ecs }\n"), &[]);
    assert_eq!(said(&pinned, "beanstalk/late-value").len(), 1);
    assert!(pinned.compiled.is_none());
}

#[test]
fn a_property_belongs_to_the_whole_environment() {
    let manifest = |settings: &str| {
        format!(
            "services:
  app:
    image: acme/app:1
    ports: ['80:8000']
    environment: {{ DB_HOST: db }}
  report:
    image: acme/report:1
    environment: {{ DB_HOST: reports.example.com }}
  db:
    image: postgres:17
    x-tranship: {{ database: {{ engine: postgres }} }}
{settings}"
        )
    };
    let pinned = compiled(&manifest("x-tranship: { platform: ecs }\n"), &[]);
    let message = "`DB_HOST` of `report` is a property of the whole environment, and another container has another value under that name";
    assert_eq!(said(&pinned, "beanstalk/secret-clash"), [message]);
    let outcome = compiled(&manifest(""), &[]);
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    assert_eq!(compose["services"]["report"]["environment"]["DB_HOST"], "reports.example.com");
    assert_eq!(compose["services"]["app"]["environment"]["DB_HOST"], "${DB_DATABASE_HOST}");
}

#[test]
fn secrets_reach_containers_by_name_and_jobs_by_the_instance() {
    let outcome = compiled(
        "services:
  app:
    image: app
    environment: { API_TOKEN: 9f8a7b6c5d4e3f2a1b0c }
  migrate:
    image: app
    environment: { API_TOKEN: 9f8a7b6c5d4e3f2a1b0c }
    x-tranship: { job: before-deploy }
",
        &[],
    );
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    let leaks = |(_, artifact): (&str, &tranship::artifact::Artifact)| {
        String::from_utf8_lossy(&artifact.bytes).contains("9f8a7b6c5d4e3f2a1b0c")
    };
    assert!(!artifacts.iter().any(leaks));
    assert!(!options(&outcome)["aws:elasticbeanstalk:application:environmentsecrets"]["API_TOKEN"].is_null());
    let settings: serde_json::Value =
        serde_json::from_str(&bundled(&outcome, ".ebextensions/instance.json")).unwrap();
    assert!(settings["jobs"]["migrate"]["environment"]["API_TOKEN"][0]["secret"].is_string());
    let Some(tranship::targets::TargetDeployment::Beanstalk(deployment)) =
        outcome.compiled.as_ref().map(|compiled| compiled.deployment.clone())
    else {
        panic!("no deployment")
    };
    assert!(!deployment.secrets.is_empty());
}

#[test]
fn the_instance_type_holds_what_the_containers_reserve() {
    let outcome = compiled("services:\n  app: { image: app, mem_limit: 3g }\n", &[]);
    assert_eq!(options(&outcome)["aws:ec2:instances"]["InstanceTypes"], "t3.medium");
}

/// What was said under a rule.
fn said<'o>(outcome: &'o CompileOutcome, rule: &str) -> Vec<&'o str> {
    let found = outcome.diagnostics.iter().filter(|one| one.rule.name == rule);
    found.map(|one| one.message.as_str()).collect()
}

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n";

#[test]
fn a_mounted_credential_is_refused_by_name_and_by_content() {
    for (mount, path, text, reason) in [
        (".:/app", "id_rsa", "x", "an SSH private key"),
        ("./conf:/conf", "conf/any.txt", PEM, "a private key"),
        ("./conf:/conf", "conf/app.ini", "auth=walnut-77\n", "a file with the value of a secret"),
        ("./.env.local:/app/.env", ".env.local", "A=b\n", "an environment file"),
        ("./.git/config:/x", ".git/config", "x", "the history of the project"),
    ] {
        let manifest = format!(
            "services:\n  app:\n    image: app\n    environment: {{ API_TOKEN: walnut-77 }}\n    volumes: ['{mount}']\n"
        );
        let outcome = compiled(&manifest, &[(path, text)]);
        let expected =
            format!("the bundle would contain credentials that service `app` mounts: `{path}` is {reason}");
        assert_eq!(said(&outcome, "beanstalk/credential-file"), [expected.as_str()], "{path}");
        assert!(outcome.compiled.is_none());
    }
}

#[test]
fn ignore_files_and_inputs_stay_out_of_folders_alone() {
    let manifest = "services:
  app:
    image: app
    env_file: conf/app.env
    volumes: ['./conf:/conf', './conf/b.log:/b.log']
";
    let files = [
        (".gitignore", "*.log\n"),
        (".dockerignore", "conf/cache\n"),
        ("conf/.gitignore", "local\n"),
        ("conf/app.env", "A=b\n"),
        ("conf/a.log", "a"),
        ("conf/b.log", "b"),
        ("conf/cache/x", "x"),
        ("conf/local", "l"),
        ("conf/kept", "k"),
    ];
    let outcome = compiled(manifest, &files);
    assert_eq!(bundled(&outcome, "conf/kept"), "k");
    assert_eq!(bundled(&outcome, "conf/b.log"), "b");
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    for path in ["conf/app.env", "conf/a.log", "conf/cache/x", "conf/local"] {
        assert!(artifacts.get(&format!("bundle/{path}")).is_none(), "{path}");
    }
    assert_eq!(
        said(&outcome, "beanstalk/left-out"),
        [
            "the bundle leaves out parts of folders: `conf/a.log`, `conf/app.env`, `conf/b.log`, `conf/cache`, `conf/local`"
        ]
    );
}

#[test]
fn an_ebignore_file_takes_the_place_of_the_others() {
    let manifest = "services:\n  app: { image: app, volumes: ['./conf:/conf'] }\n";
    let files = [(".gitignore", "a\n"), (".ebignore", "b\n"), ("conf/a", "a"), ("conf/b", "b")];
    let outcome = compiled(manifest, &files);
    assert_eq!(bundled(&outcome, "conf/a"), "a");
    assert!(outcome.compiled.unwrap().artifacts.get("bundle/conf/b").is_none());
}

#[test]
fn a_config_with_a_secret_in_its_file_is_refused() {
    let manifest = "services:
  app: { image: app, environment: { API_TOKEN: walnut-77 }, configs: [{ source: c, target: /c }] }
configs: { c: { file: c.ini } }
";
    let outcome = compiled(manifest, &[("c.ini", "auth=walnut-77\n")]);
    assert_eq!(said(&outcome, "beanstalk/credential-file").len(), 1);
}

#[test]
fn secrets_that_exist_are_properties_of_the_environment_and_values_of_jobs() {
    let outcome = compiled(
        "services:
  web:
    image: nginx
    ports: ['80:80']
    environment: { DB_PASSWORD: walnut-local }
    x-tranship:
      secrets:
        DB_PASSWORD: { from: prod/db, key: password }
        JWT_KEY: { parameter: /prod/jwt }
  migrate:
    image: acme/migrate:1
    x-tranship:
      job: before-deploy
      secrets: { PGPASSWORD: { from: prod/db, key: password, stage: AWSPREVIOUS } }
",
        &[],
    );
    let secrets = &options(&outcome)["aws:elasticbeanstalk:application:environmentsecrets"];
    let arn = |rest: &str| {
        let join = format!(r#"`{{"Fn::Join":[":",["arn",{{"Ref":"AWS::Partition"}},{rest}]]}}`"#);
        join
    };
    let place = r#"{"Ref":"AWS::Region"},{"Ref":"AWS::AccountId"}"#;
    assert_eq!(
        secrets["DB_PASSWORD"],
        arn(&format!(r#""secretsmanager",{place},"secret","prod/db:password::""#))
    );
    assert_eq!(secrets["JWT_KEY"], arn(&format!(r#""ssm",{place},"parameter/prod/jwt""#)));
    let identity = bundled(&outcome, ".ebextensions/30-identity.config");
    let identity: Yaml = serde_yaml::from_str(&identity).unwrap();
    let statements = &identity["Resources"]["ApplicationPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    assert_eq!(statements[0]["Action"][0], "secretsmanager:GetSecretValue");
    assert_eq!(statements[0]["Resource"].as_sequence().map(Vec::len), Some(1), "{statements:?}");
    assert_eq!(statements[0]["Resource"][0]["Fn::Join"][1][6], "prod/db-??????");
    assert_eq!(statements[1]["Action"][0], "ssm:GetParameter");
    assert_eq!(statements[1]["Resource"][0]["Fn::Join"][1][5], "parameter/prod/jwt");
    let containers: serde_json::Value =
        serde_json::from_str(&bundled(&outcome, ".ebextensions/instance.json")).unwrap();
    let value = &containers["jobs"]["migrate"]["environment"]["PGPASSWORD"];
    let wanted = serde_json::json!([{ "secret": "prod/db", "key": "password", "stage": "AWSPREVIOUS" }]);
    assert_eq!(*value, wanted);
}

/// The ECS platform pulls what is built from the project: the bundle has a placeholder, the deployment its value.
#[test]
fn an_image_that_is_built_is_named_at_deployment() {
    let outcome = compiled(
        "services:
  web-app: { build: { context: ./web, target: run, args: { A: b } }, ports: ['80:80'] }
  cache: { image: redis }
",
        &[],
    );
    assert_eq!(container(&outcome, "web-app")["image"], "${WebAppImage}");
    assert_eq!(said(&outcome, "beanstalk/platform-chosen"), Vec::<&str>::new());
    let made = outcome.compiled.as_ref().unwrap();
    let recipe = &made.images[0];
    assert_eq!((recipe.name.as_str(), recipe.parameter.as_deref()), ("web-app", Some("WebAppImage")));
    assert_eq!(recipe.platform, "linux/amd64");
    let tranship::targets::TargetDeployment::Beanstalk(deployment) = &made.deployment else { panic!() };
    assert_eq!(deployment.images[0].name, "WebAppImage");
    let rights = bundled(&outcome, ".ebextensions/30-identity.config");
    assert!(rights.contains("arn:aws:ecr:*:*:repository/shop/*"), "{rights}");
}

/// What the ECS platform does not support decides, and a warning says which lines.
#[test]
fn the_docker_platform_is_taken_where_the_other_does_not_fit() {
    let manifest = "services:
  web:
    image: nginx
    ports: ['8080:80', '127.0.0.1:9000:9000']
    group_add: [staff]
";
    let outcome = compiled(manifest, &[]);
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    let web = &compose["services"]["web"];
    assert_eq!(web["group_add"][0], "staff");
    assert_eq!(web["ports"][0]["published"], "80");
    assert_eq!(
        (&web["ports"][1]["published"], &web["ports"][1]["host_ip"]),
        (&"9000".into(), &"127.0.0.1".into())
    );
    let chosen = "the environment gets the Docker platform, because the ECS platform does not support one line of the manifest";
    assert_eq!(said(&outcome, "beanstalk/platform-chosen"), [chosen]);
    let tranship::targets::TargetDeployment::Beanstalk(deployment) =
        &outcome.compiled.as_ref().unwrap().deployment
    else {
        panic!()
    };
    assert_eq!(deployment.platform_branch, "Docker running on 64bit Amazon Linux 2023");
    let pinned = compiled(&format!("{manifest}x-tranship: {{ platform: ecs }}\n"), &[]);
    assert_eq!(said(&pinned, "beanstalk/platform-chosen"), Vec::<&str>::new());
    assert!(bundled(&pinned, "Dockerrun.aws.json").contains("nginx"));
}

/// What Docker on an instance would refuse is refused before, and the last value that it takes is not.
#[test]
fn the_docker_platform_refuses_what_docker_refuses() {
    let outcome = compiled(
        "services:
  a: { image: a, cap_add: [net_admin, FLY], cap_drop: [WALK, ALL] }
  b: { image: b, pids_limit: 4194304 }
  c: { image: c, pids_limit: 4194305 }
  d: { image: d, deploy: { resources: { limits: { pids: 4194305 } } } }
  e: { image: e, pids_limit: -1 }
  f: { image: f, ulimits: { nofile: 1024, height: 3 } }
  g: { image: g, devices: ['/dev/ttyUSB0:/dev/ttyUSB0'] }
  h: { image: h, devices: ['/dev/fuse:/dev/fuse'] }
  i: { image: i, security_opt: ['seccomp:profile.json'] }
  j: { image: j, security_opt: ['seccomp=unconfined', 'no-new-privileges:true'] }
  k: { image: k, volumes: [{ type: npipe, source: a, target: /a }] }
x-tranship: { platform: docker }
",
        &[],
    );
    let refused = |key: &str, service: &str, reason: &str| {
        format!("`{key}` of `{service}` is not supported on Elastic Beanstalk: {reason}")
    };
    let processes = "the kernel has no such number of processes";
    let profile = "the profile is a file of your machine, which is not in the bundle";
    assert_eq!(
        said(&outcome, "target/rejected-key"),
        [
            refused("cap_add: FLY", "a", "the capability is unknown"),
            refused("cap_drop: WALK", "a", "the capability is unknown"),
            refused("pids_limit", "c", processes),
            refused("pids_limit", "d", processes),
            refused("ulimits.height", "f", "unknown limit"),
            refused("devices", "g", "an instance has no such device, so the container could not start"),
            refused("security_opt", "i", profile),
            refused("type: npipe", "k", "Docker on the instances has no such mounts"),
        ]
    );
}

/// The instance has one port 80 and one port 22; a container in its network has both anyway.
#[test]
fn the_docker_platform_publishes_each_port_of_the_instance_once() {
    let outcome = compiled(
        "services:
  web: { image: shop/web, expose: [8080], x-tranship: { public: true } }
  ssh: { image: shop/ssh, ports: ['22:22', '2222:22', '80:90'] }
  probe: { image: shop/probe, network_mode: host, ports: ['22:22'] }
x-tranship: { platform: docker }
",
        &[],
    );
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    let published = |service: &str| {
        let ports = compose["services"][service]["ports"].as_sequence().unwrap().iter();
        let port = |port: &Yaml| {
            let text = |key: &str| port[key].as_str().unwrap().to_owned();
            format!(
                "{}:{} {} {}",
                text("published"),
                port["target"].as_u64().unwrap(),
                text("protocol"),
                text("mode")
            )
        };
        ports.map(port).collect::<Vec<_>>()
    };
    assert_eq!(published("web"), ["80:8080 tcp ingress"]);
    assert_eq!(published("ssh"), ["2222:22 tcp ingress"]);
    assert_eq!(published("probe"), ["22:22 tcp ingress"]);
}

/// A load balancer would wait for an answer that nobody gives; one instance needs none.
#[test]
fn an_environment_of_one_instance_has_no_load_balancer() {
    let kind = |manifest: &str| {
        let options = options(&compiled(manifest, &[]));
        let environment = &options["aws:elasticbeanstalk:environment"];
        let most = options["aws:autoscaling:asg"]["MaxSize"].as_str().unwrap().to_owned();
        (environment["EnvironmentType"].as_str().unwrap().to_owned(), most)
    };
    let web = "services:\n  web: { image: nginx, ports: ['80:80'] }\n";
    for (manifest, expected, most) in [
        ("services:\n  worker: { image: worker }\n".to_owned(), "SingleInstance", "1"),
        (format!("{web}x-tranship: {{ instances: 1 }}\n"), "SingleInstance", "1"),
        (web.to_owned(), "LoadBalanced", "2"),
        (format!("{web}x-tranship: {{ instances: 2 }}\n"), "LoadBalanced", "2"),
    ] {
        assert_eq!(kind(&manifest), (expected.to_owned(), most.to_owned()), "{manifest}");
    }
}

#[test]
fn a_certificate_redirects_and_names_a_policy() {
    let web =
        "services:\n  web: { image: nginx, ports: ['80:80'], x-tranship: { public: { sticky: true } } }\n";
    let https = "https: { certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/1' }";
    let outcome = compiled(&format!("{web}x-tranship: {{ idle_timeout: 3600, {https} }}\n"), &[]);
    let found = options(&outcome);
    assert_eq!(found["aws:elbv2:listener:443"]["SSLPolicy"], "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09");
    assert_eq!(found["aws:elbv2:loadbalancer"]["IdleTimeout"], "3600");
    assert_eq!(found["aws:elasticbeanstalk:environment:process:default"]["StickinessEnabled"], "true");
    let redirect: Yaml =
        serde_yaml::from_str(&bundled(&outcome, ".ebextensions/28-redirect.config")).unwrap();
    let action = &redirect["Resources"]["AWSEBV2LoadBalancerListener"]["Properties"]["DefaultActions"][0];
    assert_eq!((&action["Type"], &action["RedirectConfig"]["Port"]), (&"redirect".into(), &"443".into()));
    // Port 80 is asked for, so it stays.
    let both = "services:
  web: { image: nginx, ports: ['80:80'], x-tranship: { public: [{ port: 443 }, { port: 80, path: '/plain' }] } }
";
    let outcome = compiled(&format!("{both}x-tranship: {{ {https} }}\n"), &[]);
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    assert!(artifacts.get("bundle/.ebextensions/28-redirect.config").is_none());
    let without = compiled(web, &[]);
    assert!(without.compiled.unwrap().artifacts.get("bundle/.ebextensions/28-redirect.config").is_none());
}

#[test]
fn a_rollout_is_a_deployment_policy_and_needs_a_load_balancer() {
    let web = "services:\n  web: { image: nginx, ports: ['80:80'] }\n";
    for (settings, policy) in [
        ("posture: dev", "AllAtOnce"),
        ("posture: prod", "RollingWithAdditionalBatch"),
        ("rollout: all-at-once, posture: prod", "AllAtOnce"),
        ("rollout: rolling", "Rolling"),
        ("rollout: rolling-with-additional-batch", "RollingWithAdditionalBatch"),
        ("rollout: immutable, instances: 1", "Immutable"),
        ("rollout: traffic-splitting", "TrafficSplitting"),
    ] {
        let outcome = compiled(&format!("{web}x-tranship: {{ {settings} }}\n"), &[]);
        assert_eq!(
            options(&outcome)["aws:elasticbeanstalk:command"]["DeploymentPolicy"],
            policy,
            "{settings}"
        );
    }
    let single = compiled(&format!("{web}x-tranship: {{ rollout: rolling, instances: 1 }}\n"), &[]);
    assert_eq!(said(&single, "target/rejected-key").len(), 1);
    let found = options(&compiled(&format!("{web}x-tranship: {{ posture: prod }}\n"), &[]));
    assert_eq!(found["aws:elasticbeanstalk:managedactions"]["ManagedActionsEnabled"], "true");
    assert_eq!(found["aws:autoscaling:updatepolicy:rollingupdate"]["RollingUpdateType"], "Health");
}

#[test]
fn a_data_store_in_a_container_is_on_one_instance() {
    let manifest = |settings: &str| {
        format!(
            "services:
  web: {{ image: nginx, ports: ['80:80'] }}
  mongo: {{ image: 'mongo:7', volumes: ['data:/data/db'] }}
  cache: {{ image: 'redis:7', volumes: ['cache:/data'] }}
volumes: {{ data: , cache: }}
x-tranship: {{ {settings} }}
"
        )
    };
    let outcome = compiled(&manifest("region: us-east-1"), &[]);
    assert_eq!(options(&outcome)["aws:autoscaling:asg"]["MaxSize"], "1");
    let outcome = compiled(&manifest("instances: { min: 1, max: 3 }"), &[]);
    let message = "the environment may have 3 instances, and each has a `mongo` of its own with other data";
    assert_eq!(said(&outcome, "beanstalk/stateful-copies"), [message]);
    let accepted = "instances: { min: 1, max: 3 }, accept: [beanstalk/stateful-copies]";
    assert_eq!(options(&compiled(&manifest(accepted), &[]))["aws:autoscaling:asg"]["MaxSize"], "3");
}

#[test]
fn the_output_of_containers_goes_to_a_log_group() {
    let manifest = "services:
  web: { image: nginx, ports: ['80:80'] }
  api: { image: api, logging: { driver: awslogs, options: { awslogs-group: /acme/api } } }
  sys: { image: sys, logging: { driver: syslog, options: { syslog-address: 'tcp://10.0.0.9:514' } } }
x-tranship: { platform: ecs, log_retention: 30";
    let outcome = compiled(&format!("{manifest}, region: eu-west-1 }}\n"), &[]);
    let logs = |name: &str| container(&outcome, name)["logConfiguration"].clone();
    assert_eq!(
        logs("web"),
        serde_json::json!({ "logDriver": "awslogs", "options": {
            "awslogs-group": "/aws/elasticbeanstalk/shop/containers", "awslogs-region": "eu-west-1",
            "awslogs-stream-prefix": "containers", "awslogs-create-group": "true",
        } })
    );
    assert_eq!(logs("api"), logs("web"), "the group is the environment's");
    assert_eq!(logs("sys")["logDriver"], "syslog");
    let host: Yaml = serde_yaml::from_str(&bundled(&outcome, ".ebextensions/20-host.config")).unwrap();
    let retention = &host["commands"]["51_log_retention"]["command"];
    assert_eq!(
        (&retention[4], &retention[6]),
        (&"/aws/elasticbeanstalk/shop/containers".into(), &"30".into())
    );
    let without = compiled(&format!("{manifest} }}\n"), &[]);
    let options = &container(&without, "web")["logConfiguration"]["options"];
    assert_eq!(options["awslogs-region"], "${Region}");
    assert_eq!(said(&without, "beanstalk/placeholder").len(), 1);
    let Some(tranship::targets::TargetDeployment::Beanstalk(deployment)) =
        without.compiled.as_ref().map(|compiled| compiled.deployment.clone())
    else {
        panic!("no deployment")
    };
    assert_eq!(deployment.region_placeholder.as_deref(), Some("${Region}"));
}

#[test]
fn an_instance_lets_containers_use_rights_where_one_has_some() {
    let manifest = |settings: &str| {
        format!(
            "services:\n  web: {{ image: nginx, ports: ['80:80']{settings} }}\nx-tranship: {{ platform: ecs }}\n"
        )
    };
    let rights = ", x-tranship: { permissions: [{ actions: s3:GetObject, resources: '*' }] }";
    let outcome = compiled(&manifest(rights), &[]);
    let host: Yaml = serde_yaml::from_str(&bundled(&outcome, ".ebextensions/20-host.config")).unwrap();
    let command = host["commands"]["40_metadata"]["command"].as_str().unwrap();
    assert!(command.contains("--http-put-response-hop-limit 2"), "{command}");
    let without = compiled(&manifest(""), &[]);
    let host: Yaml = serde_yaml::from_str(&bundled(&without, ".ebextensions/20-host.config")).unwrap();
    assert!(host["commands"]["40_metadata"].is_null());
}

#[test]
fn volumes_are_filled_from_images_and_log_volumes_are_the_platforms() {
    let outcome = compiled(
        "services:
  web:
    image: 'nginx:1.27'
    ports: ['80:80']
    volumes: ['site:/usr/share/nginx/html', 'awseb-logs-web:/var/log/nginx', './data:/data']
volumes: { site: , awseb-logs-web: }
x-tranship: { platform: ecs }
",
        &[],
    );
    let text = bundled(&outcome, ".ebextensions/instance.json");
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        settings["volumes"],
        serde_json::json!([{ "directory": "/data/site", "image": "nginx:1.27", "path": "/usr/share/nginx/html" }])
    );
    assert!(bundled(&outcome, ".platform/hooks/prebuild/10_volumes.sh").starts_with("#!/bin/sh\n"));
    let web = container(&outcome, "web");
    let mounts: Vec<&str> =
        web["mountPoints"].as_array().unwrap().iter().filter_map(|it| it["sourceVolume"].as_str()).collect();
    assert!(mounts.contains(&"awseb-logs-web"), "{mounts:?}");
    let dockerrun: serde_json::Value =
        serde_json::from_str(&bundled(&outcome, "Dockerrun.aws.json")).unwrap();
    let names: Vec<&str> =
        dockerrun["volumes"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(!names.contains(&"awseb-logs-web") && names.contains(&"site"), "{names:?}");
    let told = said(&outcome, "beanstalk/instance-volume");
    assert!(!told.iter().any(|message| message.contains("awseb")), "{told:?}");
}

#[test]
fn tags_are_given_by_the_deployment() {
    let outcome = compiled(
        "services:\n  web: { image: nginx, ports: ['80:80'] }\nx-tranship: { tags: { team: storefront } }\n",
        &[],
    );
    let Some(tranship::targets::TargetDeployment::Beanstalk(deployment)) =
        outcome.compiled.as_ref().map(|compiled| compiled.deployment.clone())
    else {
        panic!("no deployment")
    };
    assert_eq!(deployment.tags, [EnvironmentTag { key: "team".to_owned(), value: "storefront".to_owned() }]);
}

#[test]
fn endpoints_of_one_port_share_the_port_of_the_instance() {
    let outcome = compiled(
        "services:
  web:
    image: nginx
    ports: ['80:8080']
    x-tranship: { public: [{ path: '/*' }, { port: 8443 }, { host: a.example.org }, { host: b.example.org }] }
",
        &[],
    );
    assert_eq!(container(&outcome, "web")["portMappings"].as_array().unwrap().len(), 1);
    let found = options(&outcome);
    for process in ["default", "web8080", "web8080b", "web8080c"] {
        let namespace = format!("aws:elasticbeanstalk:environment:process:{process}");
        assert_eq!(found[namespace.as_str()]["Port"], "80", "{process}");
    }
    assert_eq!(found["aws:elbv2:listener:8443"]["DefaultProcess"], "web8080");
    assert_eq!(found["aws:elbv2:listener:default"]["Rules"], "web8080b,web8080c");
    assert_eq!(found["aws:elbv2:listenerrule:web8080c"]["HostHeaders"], "b.example.org");
}

#[test]
fn a_secret_in_a_command_is_a_variable_of_the_docker_platform() {
    let outcome = compiled(
        "services:
  cache:
    image: 'redis:7-alpine'
    command: redis-server --requirepass walnut-77
    healthcheck: { test: [CMD, redis-cli, -a, walnut-77, ping], interval: 5s }
x-tranship: { platform: docker }
",
        &[],
    );
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    let cache = &compose["services"]["cache"];
    let line = "exec docker-entrypoint.sh redis-server --requirepass \"$$TRANSHIP_SECRET_CACHE_1\"";
    assert_eq!(cache["command"][0], line);
    assert_eq!((&cache["entrypoint"][0], &cache["entrypoint"][1]), (&"sh".into(), &"-c".into()));
    let test = "redis-cli -a \"$$TRANSHIP_SECRET_CACHE_1\" ping";
    assert_eq!(
        (&cache["healthcheck"]["test"][0], &cache["healthcheck"]["test"][1]),
        (&"CMD-SHELL".into(), &test.into())
    );
}

#[test]
fn a_file_that_contains_secrets_is_a_property_of_the_docker_platform() {
    let outcome = compiled(
        "services:
  app:
    image: acme/app
    ports: ['80:80']
    environment: { DB_PASSWORD: walnut-77 }
    configs: [{ source: ini, target: /run/app.ini }]
configs: { ini: { content: 'user = app, auth = walnut-77, end' } }
x-tranship: { platform: docker }
",
        &[],
    );
    let compose: Yaml = serde_yaml::from_str(&bundled(&outcome, "docker-compose.yml")).unwrap();
    assert_eq!(compose["configs"]["ini"]["environment"], "FILE_INI");
    let derived: Yaml = serde_yaml::from_str(&bundled(&outcome, ".ebextensions/26-secrets.config")).unwrap();
    let (id, secret) = derived["Resources"].as_mapping().unwrap().iter().next().unwrap();
    let text = secret["Properties"]["SecretString"].as_str().unwrap();
    assert!(text.starts_with("user = app, auth = {{resolve:secretsmanager:shop/"), "{text}");
    assert!(text.ends_with(":SecretString}}, end"), "{text}");
    let taken = &options(&outcome)[SECRET_PROPERTIES]["FILE_INI"];
    assert_eq!(*taken, format!("`{{\"Ref\":\"{}\"}}`", id.as_str().unwrap()).as_str());
    let Some(tranship::targets::TargetDeployment::Beanstalk(deployment)) =
        outcome.compiled.as_ref().map(|compiled| compiled.deployment.clone())
    else {
        panic!("no deployment")
    };
    assert_eq!(deployment.secrets.len(), 2, "{:?}", deployment.secrets);
}

#[test]
fn the_default_endpoint_is_the_one_on_the_usual_port() {
    let outcome = compiled(
        "services:
  web: { image: nginx, ports: ['80:80'], x-tranship: { public: { path: '/*' } } }
  admin: { image: acme/admin, ports: ['8080:8080'], x-tranship: { public: { port: 8080, path: '/*' } } }
",
        &[],
    );
    let ports = |name: &str| container(&outcome, name)["portMappings"][0]["hostPort"].as_u64();
    assert_eq!((ports("web"), ports("admin")), (Some(80), Some(8080)));
    let found = options(&outcome);
    assert_eq!(found["aws:elbv2:listener:default"]["DefaultProcess"], "default");
    assert_eq!(found["aws:elbv2:listener:8080"]["DefaultProcess"], "admin8080");
}

#[test]
fn a_task_definition_has_a_largest_size() {
    let manifest = |count: usize, platform: &str| {
        let variables: String =
            (0..count).map(|number| format!("      SETTING_{number:03}: {}\n", "x".repeat(400))).collect();
        format!(
            "services:\n  app:\n    image: app\n    ports: ['80:80']\n    environment:\n{variables}{platform}"
        )
    };
    let pinned = "x-tranship: { platform: ecs }\n";
    assert!(compiled(&manifest(120, pinned), &[]).compiled.is_some());
    let outcome = compiled(&manifest(160, pinned), &[]);
    assert_eq!(said(&outcome, "beanstalk/task-definition-size").len(), 1);
    let unset = compiled(&manifest(160, ""), &[]);
    assert_eq!(said(&unset, "beanstalk/platform-chosen").len(), 1);
    assert!(unset.compiled.is_some());
}

#[test]
fn an_agent_need_not_be_essential() {
    let outcome = compiled(
        "services:
  web: { image: nginx, ports: ['80:80'] }
  agent: { image: acme/agent, x-tranship: { essential: false } }
",
        &[],
    );
    let essential = |name: &str| container(&outcome, name)["essential"].as_bool();
    assert_eq!((essential("web"), essential("agent")), (Some(true), Some(false)));
    let none = "services:\n  web: { image: nginx, ports: ['80:80'], x-tranship: { essential: false } }\n";
    let refused = compiled(&format!("{none}x-tranship: {{ platform: ecs }}\n"), &[]);
    assert_eq!(said(&refused, "target/rejected-key").len(), 1);
    let docker = compiled(&format!("{none}x-tranship: {{ platform: docker }}\n"), &[]);
    assert!(docker.compiled.is_some());
}
