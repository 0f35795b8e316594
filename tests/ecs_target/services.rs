//! How services and jobs run: counts, replacement, grace, capacity, networks, parameters.

use super::*;
use serde_json::json;
use tranship::targets::TargetDeployment;

fn one(target: &str, keys: &str, settings: &str) -> Value {
    let text = format!(
        "services:\n  app: {{ image: app, {keys} }}\nvolumes: {{ vol: }}\nx-tranship: {{ {settings} }}\n"
    );
    template_of(target, &text)
}

#[test]
fn a_task_is_replaced_as_its_data_allows() {
    let cases = [
        ("app", "expose: [80]", (100, 200)),
        ("app", "volumes: ['vol:/data']", (0, 100)),
        ("app", "volumes: ['vol:/data:ro']", (100, 200)),
        ("app", "volumes: ['vol:/data'], deploy: { replicas: 2 }", (100, 200)),
        ("app", "volumes: ['vol:/data'], x-tranship: { scale: { min: 1, max: 2 } }", (100, 200)),
        ("app", "volumes: ['vol:/data'], deploy: { update_config: { order: start-first } }", (100, 200)),
        ("redis", "expose: [6379]", (100, 200)),
        ("redis", "volumes: ['vol:/data']", (0, 100)),
        ("redis", "volumes: ['vol:/data'], deploy: { update_config: { order: start-first } }", (100, 200)),
        ("app", "deploy: { update_config: { order: stop-first } }", (0, 100)),
    ];
    for (image, keys, (min, max)) in cases {
        let text = format!("services:\n  app: {{ image: {image}, {keys} }}\nvolumes: {{ vol: }}\n");
        let template = template(&text);
        let deployment = &properties(&template, "AppService")["DeploymentConfiguration"];
        let found = (&deployment["MinimumHealthyPercent"], &deployment["MaximumPercent"]);
        assert_eq!(found, (&json!(min), &json!(max)), "{text}");
    }
}

/// At least a minute; as long as the container says, and until the load balancer finds it healthy (2 checks in 35 s); at most an
/// hour; nothing without a load balancer.
#[test]
fn a_new_task_has_time_to_start() {
    let cases = [
        ("ports: ['80:80']", Some(60)),
        ("ports: ['80:80'], healthcheck: { test: x, start_period: 61s }", Some(96)),
        ("ports: ['80:80'], healthcheck: { test: x, start_period: 25s }", Some(60)),
        ("ports: ['80:80'], healthcheck: { test: x, start_period: 26s }", Some(61)),
        ("ports: ['80:80'], healthcheck: { test: x, start_period: 2h }", Some(3_600)),
        ("expose: [80], healthcheck: { test: x, start_period: 61s }", None),
    ];
    for (keys, seconds) in cases {
        let template = one("fargate", keys, "posture: dev");
        let grace = properties(&template, "AppService").get("HealthCheckGracePeriodSeconds");
        assert_eq!(grace.and_then(Value::as_u64), seconds, "{keys}");
    }
}

#[test]
fn scaling_has_a_metric() {
    let cases = [
        ("min: 1, max: 3", vec![("cpu", 60)]),
        ("min: 1, max: 3, memory: 70", vec![("memory", 70)]),
        ("min: 1, max: 3, cpu: 1, memory: 100", vec![("cpu", 1), ("memory", 100)]),
    ];
    for (scale, metrics) in cases {
        let keys = format!("deploy: {{ replicas: 2 }}, x-tranship: {{ scale: {{ {scale} }} }}");
        let template = one("fargate", &keys, "posture: dev");
        let policies = of_type(&template, "AWS::ApplicationAutoScaling::ScalingPolicy");
        let found: Vec<(String, i64)> = policies
            .into_iter()
            .map(|id| {
                let policy = properties(&template, id);
                let target = &policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"];
                (policy["PolicyName"].as_str().unwrap().to_owned(), target.as_i64().unwrap())
            })
            .collect();
        let expected: Vec<(String, i64)> =
            metrics.into_iter().map(|(name, percent)| (name.to_owned(), percent)).collect();
        assert_eq!(found, expected, "{scale}");
        assert!(properties(&template, "AppService").get("DesiredCount").is_none());
    }
}

#[test]
fn capacity_is_of_the_target() {
    let strategy = |target: &str, settings: &str| {
        let template = one(target, "expose: [80]", settings);
        let cluster = properties(&template, "Cluster").get("CapacityProviders").cloned();
        let id = if target == "fargate" { "AppService" } else { "AppServiceOnInstance" };
        let service = &properties(&template, id)["CapacityProviderStrategy"];
        let definition = &properties(&template, "AppTaskDefinition")["RequiresCompatibilities"];
        (cluster, service[0]["CapacityProvider"].clone(), definition[0].clone())
    };
    let both = Some(json!(["FARGATE", "FARGATE_SPOT"]));
    assert_eq!(strategy("fargate", "posture: dev"), (both.clone(), json!("FARGATE"), json!("FARGATE")));
    assert_eq!(strategy("fargate", "capacity: spot"), (both, json!("FARGATE_SPOT"), json!("FARGATE")));
    assert_eq!(strategy("ecs-ec2", "posture: dev"), (None, json!("CapacityProvider"), json!("EC2")));
}

/// Only on machines, where ECS needs a number to place a container by.
#[test]
fn a_container_that_asks_for_nothing_has_memory_reserved_on_machines() {
    let memory = |target: &str, keys: &str| {
        let template = one(target, keys, "posture: dev");
        let container = &properties(&template, "AppTaskDefinition")["ContainerDefinitions"][0];
        (container.get("MemoryReservation").cloned(), container.get("Memory").cloned())
    };
    assert_eq!(memory("fargate", "expose: [80]"), (None, None));
    assert_eq!(memory("ecs-ec2", "expose: [80]"), (Some(json!(256)), None));
    assert_eq!(memory("ecs-ec2", "mem_limit: 100m"), (None, Some(json!(100))));
    assert_eq!(memory("ecs-ec2", "mem_reservation: 100m"), (Some(json!(100)), None));
}

/// One NAT gateway serves both zones; under posture prod each zone has its own.
#[test]
fn private_subnets_reach_the_internet_through_the_gateway_of_their_zone() {
    for (posture, gateways) in
        [("dev", ["ANatGateway", "ANatGateway"]), ("prod", ["ANatGateway", "BNatGateway"])]
    {
        let template = one("fargate", "expose: [80]", &format!("network: new, posture: {posture}"));
        let routes = ["PrivateARoute", "PrivateBRoute"];
        assert_eq!(routes.map(|id| properties(&template, id)["NatGatewayId"].as_str().unwrap()), gateways);
        let subnets = ["PublicASubnet", "PublicBSubnet", "PrivateASubnet", "PrivateBSubnet"];
        let blocks = subnets.map(|id| properties(&template, id)["CidrBlock"][0].clone());
        assert_eq!(blocks, [json!(0), json!(1), json!(2), json!(3)]);
        let zones = subnets.map(|id| properties(&template, id)["AvailabilityZone"][0].clone());
        assert_eq!(zones, [json!(0), json!(1), json!(0), json!(1)]);
    }
}

#[test]
fn a_file_system_is_in_every_subnet_that_is_known() {
    let settings = "network: { vpc: vpc-1, private_subnets: [subnet-1, subnet-2, subnet-3] }";
    let template = one("fargate", "volumes: ['vol:/v'], user: '1:2'", settings);
    assert_eq!(of_type(&template, "AWS::EFS::MountTarget").len(), 3);
    let network = &properties(&template, "AppService")["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(network["Subnets"], json!(["subnet-1", "subnet-2", "subnet-3"]));
    let root = &properties(&template, "VolAccessPoint")["RootDirectory"];
    let created = json!({ "OwnerUid": "1", "OwnerGid": "2", "Permissions": "0777" });
    assert_eq!(*root, json!({ "Path": "/data", "CreationInfo": created }));
}

/// File systems are kept whatever the posture, and the folder is the same whoever owns it.
#[test]
fn what_a_posture_keeps() {
    for (posture, backup) in [("dev", "DISABLED"), ("prod", "ENABLED")] {
        let template = one("fargate", "volumes: ['vol:/v']", &format!("posture: {posture}"));
        let system = &template["Resources"]["VolFileSystem"];
        assert_eq!(system["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(system["UpdateReplacePolicy"], "Retain");
        assert_eq!(system["Properties"]["BackupPolicy"]["Status"], backup);
        let point = properties(&template, "VolAccessPoint");
        assert_eq!(point["RootDirectory"]["Path"], "/data");
        assert!(point.get("PosixUser").is_none());
    }
    for (posture, days, multi_az, logs) in
        [("dev", 1, false, json!([])), ("prod", 7, true, json!(["postgresql"]))]
    {
        let text = format!(
            "services:\n  app: {{ image: app }}\n  db: {{ image: 'postgres:17', x-tranship: {{ database: {{ engine: postgres, version: '17' }} }} }}\nx-tranship: {{ posture: {posture} }}\n"
        );
        let template = template(&text);
        let database = properties(&template, "DbDatabase");
        assert_eq!(database["BackupRetentionPeriod"], days);
        assert_eq!(
            (&database["MultiAZ"], &database["DeletionProtection"]),
            (&json!(multi_az), &json!(multi_az))
        );
        assert_eq!(database["EnableCloudwatchLogsExports"], logs);
    }
}

/// The exit code of the job's own container decides, also where its name is not one that ECS accepts.
#[test]
fn a_job_before_the_deployment_is_run_by_its_own_container() {
    let text = "services:\n  app: { image: a, depends_on: { db.up: { condition: service_completed_successfully } } }\n  db.up: { image: m, x-tranship: { job: before-deploy } }\n  proxy: { image: p, x-tranship: { task: db.up } }\n";
    let template = template(text);
    let run = of_type(&template, "Custom::TaskRun");
    let [run] = run.as_slice() else { panic!("{run:?}") };
    let container = properties(&template, run)["Container"].as_str().unwrap().to_owned();
    assert!(container.starts_with("db-up-"), "{container}");
    let definition = properties(&template, run)["TaskDefinition"].as_str().unwrap();
    let containers = properties(&template, definition)["ContainerDefinitions"].as_array().unwrap();
    let own = containers.iter().find(|it| it["Image"] == "m").unwrap();
    assert_eq!(own["Name"], container.as_str());
}

/// A parameter that nothing refers to would ask a deployment for a value in vain.
#[test]
fn parameters_are_those_that_something_refers_to() {
    let text = "services:\n  app: { build: ., environment: { A: '${USED:-x}' }, x-tranship: { job: manual } }\nx-tranship: { late_bound: [USED, UNUSED] }\n";
    for (target, expected) in [
        ("fargate", vec!["VpcId", "PrivateSubnets", "Used", "AppImage"]),
        ("ecs-ec2", vec!["VpcId", "PrivateSubnets", "Used", "AppImage", "InstanceImage"]),
    ] {
        let outcome = compiled(target, text);
        let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(&outcome)));
        let TargetDeployment::Stack(stack) = &compiled.deployment else { panic!("not a stack") };
        let found: Vec<&str> = stack.parameters.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(found, expected, "{target}");
        let template = template_of(target, text);
        let mut names: Vec<&str> =
            template["Parameters"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut sorted = expected.clone();
        names.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(names, sorted, "{target}");
    }
}

/// A sidecar with `restart` is started again alone; any other container takes its task with it.
#[test]
fn a_sidecar_that_restarts_is_not_essential() {
    let sidecar = |restart: &str| {
        let text = format!(
            "services:\n  app: {{ image: a, restart: always }}\n  side: {{ image: s, network_mode: 'service:app', {restart} }}\n"
        );
        let template = template(&text);
        let containers = &properties(&template, "AppTaskDefinition")["ContainerDefinitions"];
        let of = |name: &str| {
            let container = containers.as_array().unwrap().iter().find(|it| it["Name"] == name).unwrap();
            (container["Essential"].as_bool().unwrap(), container.get("RestartPolicy").is_some())
        };
        (of("app"), of("side"))
    };
    assert_eq!(sidecar("restart: always"), ((true, false), (false, true)));
    assert_eq!(sidecar("labels: { a: b }"), ((true, false), (true, false)));
}

/// The account says which CPU stands in for the one asked for; one that Fargate has stays exact.
#[test]
fn the_account_has_the_cpu_that_was_chosen() {
    for (cpus, expected) in [("'0.3'", Some("512 CPU units")), ("'0.5'", None)] {
        let text = format!("services:\n  app: {{ image: a, cpus: {cpus}, mem_limit: 900m }}\n");
        let outcome = compiled("fargate", &text);
        let report = outcome.report.unwrap();
        let row = report.rows.iter().find(|row| row.key == "services.app.cpus").unwrap();
        let disposition = if expected.is_some() { "approximated" } else { "exact" };
        assert_eq!((row.value.as_deref(), row.disposition), (expected, disposition), "{cpus}");
    }
}

/// With a certificate every listener but that on port 80 serves HTTPS, and port 80 redirects if it is free.
#[test]
fn which_listeners_serve_https() {
    let certificate = "https: { certificate: 'arn:aws:acm:us-east-1:1:certificate/x' }";
    let listeners = |public: &str, settings: &str| -> Vec<(u64, String, String)> {
        let keys = format!("ports: ['80:80'], x-tranship: {{ public: {public} }}");
        let template = one("fargate", &keys, settings);
        let shown = |id: &str| {
            let listener = properties(&template, id);
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let action = text(&listener["DefaultActions"][0]["Type"]);
            (listener["Port"].as_u64().unwrap(), text(&listener["Protocol"]), action)
        };
        let all = of_type(&template, "AWS::ElasticLoadBalancingV2::Listener").into_iter();
        all.filter(|id| *id != "AttachmentListener").map(shown).collect()
    };
    let of = |port: u64, protocol: &str, action: &str| (port, protocol.to_owned(), action.to_owned());
    assert_eq!(listeners("true", "posture: dev"), [of(80, "HTTP", "forward")]);
    assert_eq!(listeners("true", certificate), [of(80, "HTTP", "redirect"), of(443, "HTTPS", "forward")]);
    assert_eq!(listeners("{ port: 8443 }", certificate), [of(8443, "HTTPS", "forward")]);
    assert_eq!(listeners("{ port: 80 }", certificate), [of(80, "HTTP", "forward")]);
}

/// A manual job is started by a person: the stack says how.
#[test]
fn a_manual_job_has_a_command_that_runs_it() {
    let text = "services:\n  app: { image: a }\n  admin: { image: b, x-tranship: { job: manual } }\n";
    let command = |target: &str| {
        let template = template_of(target, text);
        let output = template["Outputs"]["AdminRunCommand"].clone();
        assert_eq!(output["Description"], "Runs the job admin");
        let value = &output["Value"];
        value.as_str().or(value[0].as_str()).unwrap().to_owned()
    };
    assert_eq!(
        command("ecs-ec2"),
        "aws ecs run-task --cluster ${Cluster} --task-definition ${AdminTaskDefinition} \
         --capacity-provider-strategy capacityProvider=${CapacityProvider},weight=1"
    );
    let fargate = command("fargate");
    assert!(fargate.contains("capacityProvider=FARGATE,weight=1 --network-configuration"), "{fargate}");
    assert!(fargate.ends_with("securityGroups=[${AdminSecurityGroup.GroupId}]}'"), "{fargate}");
}

/// What exists is read where it is: as a whole, in part, by name with the letters that Secrets Manager adds.
#[test]
fn secrets_that_exist_are_read_by_reference_with_the_rights_to_just_them() {
    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf";
    // The template is read without its tags, so a substitution is its text.
    let named = |rest: &str| json!(format!("arn:${{AWS::Partition}}:{rest}"));
    let region = "${AWS::Region}:${AWS::AccountId}";
    let cases = [
        (
            "from: prod/db",
            named(&format!("secretsmanager:{region}:secret:prod/db")),
            named(&format!("secretsmanager:{region}:secret:prod/db-??????")),
        ),
        (
            "from: prod/db, key: password",
            named(&format!("secretsmanager:{region}:secret:prod/db:password::")),
            named(&format!("secretsmanager:{region}:secret:prod/db-??????")),
        ),
        (
            "from: prod/db, stage: AWSPREVIOUS, version: v1",
            named(&format!("secretsmanager:{region}:secret:prod/db::AWSPREVIOUS:v1")),
            named(&format!("secretsmanager:{region}:secret:prod/db-??????")),
        ),
        (&format!("from: '{ARN}', key: password"), json!(format!("{ARN}:password::")), json!(ARN)),
        (&format!("from: '{ARN}:password::'"), json!(format!("{ARN}:password::")), json!(ARN)),
        (
            "parameter: /prod/jwt",
            named(&format!("ssm:{region}:parameter/prod/jwt")),
            named(&format!("ssm:{region}:parameter/prod/jwt")),
        ),
        (
            "parameter: jwt",
            named(&format!("ssm:{region}:parameter/jwt")),
            named(&format!("ssm:{region}:parameter/jwt")),
        ),
    ];
    for target in ["fargate", "ecs-ec2"] {
        for (setting, value_from, resource) in &cases {
            let keys = format!(
                "environment: {{ DB_PASSWORD: walnut-local }}, x-tranship: {{ secrets: {{ DB_PASSWORD: {{ {setting} }} }} }}"
            );
            let template = one(target, &keys, "posture: dev");
            let container = &properties(&template, "AppTaskDefinition")["ContainerDefinitions"][0];
            assert_eq!(
                container["Secrets"],
                json!([{ "Name": "DB_PASSWORD", "ValueFrom": value_from }]),
                "{setting}"
            );
            assert!(
                container.get("Environment").is_none_or(|list| !list.to_string().contains("DB_PASSWORD"))
            );
            let role = properties(&template, "AppExecutionRole").to_string();
            assert!(role.contains(&resource.to_string()), "{setting}: {role}");
            let action = if setting.starts_with("parameter") {
                "ssm:GetParameters"
            } else {
                "secretsmanager:GetSecretValue"
            };
            assert!(role.contains(action), "{setting}: {role}");
            assert!(template["Parameters"].to_string().find("walnut").is_none());
            assert!(of_type(&template, "AWS::SecretsManager::Secret").is_empty(), "{setting}");
        }
    }
}
