//! What only instances have: their network, their GPUs, a task on each of them, their disk.

use super::*;
use serde_json::json;

fn on_machines(text: &str) -> Value {
    template_of("ecs-ec2", text)
}

/// The container of `app`.
fn container(template: &Value) -> &Value {
    &properties(template, "AppTaskDefinition")["ContainerDefinitions"][0]
}

fn app(keys: &str) -> String {
    format!("services:\n  app:\n    image: app\n    {}\n", keys.replace('\n', "\n    "))
}

const HOST: &str = "
services:
  sip:
    image: sip
    network_mode: host
    expose: [5060]
    x-tranship: { public: { container_port: 5060 } }
    environment: { DB: 'postgres://db:5432/x' }
  db:
    image: postgres:17
  web:
    image: web
    environment: { SIP: 'http://sip:5060' }
    depends_on: [sip]
";

#[test]
fn a_task_may_have_the_network_of_its_machine() {
    let template = on_machines(HOST);
    let task = properties(&template, "SipTaskDefinition");
    assert_eq!(task["NetworkMode"], "host");
    let ports = &task["ContainerDefinitions"][0]["PortMappings"];
    assert_eq!(*ports, json!([{ "ContainerPort": 5060, "Protocol": "tcp" }]));
    let service = properties(&template, "SipServiceOnInstance");
    assert!(service.get("NetworkConfiguration").is_none() && service["ServiceRegistries"] == json!([]));
    let percents = &service["DeploymentConfiguration"];
    assert_eq!((&percents["MinimumHealthyPercent"], &percents["MaximumPercent"]), (&json!(0), &json!(100)));
    let target = of_type(&template, "AWS::ElasticLoadBalancingV2::TargetGroup");
    assert_eq!(properties(&template, target[0])["TargetType"], "instance");
    let rules = of_type(&template, "AWS::EC2::SecurityGroupIngress").into_iter();
    let own: Vec<(&Value, &Value)> = rules
        .map(|id| properties(&template, id))
        .filter(|rule| rule["GroupId"] == "InstanceSecurityGroup.GroupId")
        .map(|rule| (&rule["SourceSecurityGroupId"], &rule["FromPort"]))
        .collect();
    assert!(own.contains(&(&json!("NetworkLoadBalancerSecurityGroup.GroupId"), &json!(5060))), "{own:?}");
    // Docker's DNS does not know the name of such a container either.
    let web = &properties(&template, "WebTaskDefinition")["ContainerDefinitions"][0]["Environment"];
    assert_eq!(*web, json!([{ "Name": "SIP", "Value": "http://sip:5060" }]));
}

#[test]
fn what_the_network_of_the_machine_costs_is_said() {
    let outcome = compiled("ecs-ec2", HOST);
    let found = said(&outcome);
    let message = "ecs/host-network: `sip` uses the network of its instance: each container port is a port of the instance, so an instance runs one task of a service";
    assert!(found.contains(&message.to_owned()), "{found:#?}");
    for (keys, words) in [
        ("network_mode: host\nexpose: [22]", "`port 22` of `app` is not supported"),
        (
            "network_mode: host\nsysctls: { net.core.somaxconn: 1024 }",
            "the network namespace of its instance",
        ),
        ("ipc: host\nsysctls: { kernel.shmmax: 1 }", "the IPC namespace of its instance"),
    ] {
        let found = said(&compiled("ecs-ec2", &app(keys)));
        assert!(found.iter().any(|it| it.contains(words)), "{keys}: {found:#?}");
    }
    let pinned = app("network_mode: host") + "x-tranship: { platform: ecs }\n";
    for target in ["fargate", "beanstalk"] {
        let outcome = compiled(target, &pinned);
        let refused = outcome.diagnostics.iter().find(|one| one.message.contains("network_mode: host"));
        assert!(refused.unwrap().help[0].contains("`ecs-ec2`"), "{target}");
    }
}

#[test]
fn a_global_service_has_a_task_on_each_machine() {
    let template = on_machines(&app("deploy: { mode: global }"));
    let service = properties(&template, "AppServiceOnInstance");
    assert_eq!((&service["SchedulingStrategy"], &service["LaunchType"]), (&json!("DAEMON"), &json!("EC2")));
    assert!(service.get("DesiredCount").is_none() && service.get("CapacityProviderStrategy").is_none());
    assert_eq!(service["DeploymentConfiguration"]["MaximumPercent"], 100);
    let replicated = on_machines(&app("deploy: { mode: replicated }"));
    assert!(properties(&replicated, "AppServiceOnInstance").get("SchedulingStrategy").is_none());
    let scaled = said(&compiled(
        "ecs-ec2",
        &app("deploy: { mode: global }\nx-tranship: { scale: { min: 1, max: 2 } }"),
    ));
    assert!(
        scaled.iter().any(|it| it.contains("`x-tranship.scale` of `app` is not supported")),
        "{scaled:?}"
    );
    let fargate = compiled("fargate", &app("deploy: { mode: global }"));
    let message = "target/approximated-key: `deploy.mode` of `app` becomes `replicated` on Fargate: there are no instances to run one task on each";
    assert!(said(&fargate).contains(&message.to_owned()) && fargate.compiled.is_some());
}

#[test]
fn gpus_are_reserved_on_machines_that_have_them() {
    let devices = |request: &str| {
        app(&format!("deploy: {{ resources: {{ reservations: {{ devices: [{request}] }} }} }}"))
    };
    let gpu = |number: &str| json!([{ "Type": "GPU", "Value": number }]);
    let on = |kind: &str| format!("x-tranship: {{ instance_type: {kind} }}\n");
    for (text, kind, requirements) in [
        (devices("{ capabilities: [gpu], count: 1 }"), "g4dn.xlarge", gpu("1")),
        (devices("{ capabilities: [gpu], count: 2, driver: nvidia }"), "g4dn.12xlarge", gpu("2")),
        (devices("{ capabilities: [gpu], device_ids: ['0', '3'] }"), "g4dn.12xlarge", gpu("2")),
        (app("gpus: all"), "g4dn.xlarge", gpu("1")),
        (app("gpus: [{ count: 8 }]"), "g5.48xlarge", gpu("8")),
        (app("gpus: all") + &on("g5.12xlarge"), "g5.12xlarge", gpu("4")),
    ] {
        let template = on_machines(&text);
        let machine = &properties(&template, "LaunchTemplate")["LaunchTemplateData"];
        assert_eq!(
            (&machine["InstanceType"], &container(&template)["ResourceRequirements"]),
            (&json!(kind), &requirements),
            "{text}"
        );
        assert_eq!(
            template["Parameters"]["InstanceImageGpu"]["Default"],
            "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
        );
        assert!(
            machine["UserData"]["Fn::Base64"].as_str().unwrap().contains("ECS_ENABLE_GPU_SUPPORT=true\n")
        );
        assert_eq!(machine["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"], 100);
    }
    let wanted = on_machines(&devices("{ capabilities: [gpu, compute, utility] }"));
    let variable = json!([{ "Name": "NVIDIA_DRIVER_CAPABILITIES", "Value": "compute,utility" }]);
    assert_eq!(container(&wanted)["Environment"], variable);
}

#[test]
fn gpus_that_there_are_not_are_refused() {
    for (keys, words) in [
        ("gpus: [{ driver: amd }]", "target/rejected-key: `driver: amd` of `app`"),
        (
            "gpus: [{ count: 9 }]",
            "ecs-ec2/too-few-gpus: the task of `app` reserves 9 GPUs; `g5.48xlarge` has 8",
        ),
        (
            "deploy: { resources: { reservations: { devices: [{ capabilities: [tpu] }] } } }",
            "Amazon ECS can reserve GPUs, but no other devices",
        ),
    ] {
        let found = said(&compiled("ecs-ec2", &app(keys)));
        assert!(found.iter().any(|it| it.contains(words)), "{keys}: {found:#?}");
    }
    let small = app("gpus: all") + "x-tranship: { instance_type: m7i.large }\n";
    let found = said(&compiled("ecs-ec2", &small));
    assert!(
        found.contains(
            &"ecs-ec2/too-few-gpus: the task of `app` reserves a GPU; `m7i.large` has none".to_owned()
        ),
        "{found:#?}"
    );
    for target in ["fargate", "beanstalk"] {
        let outcome = compiled(target, &app("gpus: all"));
        assert!(
            outcome.compiled.is_none()
                && outcome.diagnostics.iter().any(|one| one.help.iter().any(|it| it.contains("`ecs-ec2`"))),
            "{target}"
        );
    }
}

/// The machines have the processor that images name; images that name none follow.
#[test]
fn machines_have_the_processor_that_images_name() {
    let text = "services:\n  app: { image: app }\n  cache: { image: cache, platform: linux/arm64 }\n";
    let template = on_machines(text);
    assert_eq!(properties(&template, "LaunchTemplate")["LaunchTemplateData"]["InstanceType"], "t4g.small");
    assert_eq!(properties(&template, "AppTaskDefinition")["RuntimePlatform"]["CpuArchitecture"], "ARM64");
    let given = "services:\n  app: { image: app }\nx-tranship: { instance_type: t4g.small }\n";
    assert_eq!(
        properties(&on_machines(given), "AppTaskDefinition")["RuntimePlatform"]["CpuArchitecture"],
        "ARM64"
    );
    let fargate = template_of("fargate", text);
    assert_eq!(properties(&fargate, "AppTaskDefinition")["RuntimePlatform"]["CpuArchitecture"], "X86_64");
}

#[test]
fn the_room_that_containers_ask_for_is_there() {
    let two = |size: &str| {
        format!(
            "services:\n  app: {{ image: app, storage_opt: {{ size: {size} }} }}\n  side: {{ image: side, network_mode: 'service:app', storage_opt: {{ size: 20G }} }}\n"
        )
    };
    let fargate = |text: &str| {
        properties(&template_of("fargate", text), "AppTaskDefinition").get("EphemeralStorage").cloned()
    };
    assert_eq!(fargate(&two("30G")), Some(json!({ "SizeInGiB": 50 })));
    assert_eq!(fargate(&two("500m")), Some(json!({ "SizeInGiB": 21 })));
    assert_eq!(fargate(&app("storage_opt: { size: 10G }")), None);
    let found = said(&compiled("fargate", &two("190G")));
    assert_eq!(
        found.iter().filter(|it| it.contains("the containers of a task share at most 200 GiB")).count(),
        2
    );
    let machine = on_machines(&two("30G"));
    let disk = &properties(&machine, "LaunchTemplate")["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"];
    assert_eq!(disk["VolumeSize"], 80);
}
