//! What `ecs-ec2` does that `fargate` does not: machines, bridge mode, folders, namespaces.

use super::*;
use serde_json::json;

fn on_machines(text: &str) -> Value {
    template_of("ecs-ec2", text)
}

const APPLICATION: &str = "
services:
  app:
    image: app
    user: '1000'
    environment: { TRACES: 'xray:2000' }
    ports: ['8000:8000']
    volumes: ['public:/public']
    depends_on:
      files: { condition: service_completed_successfully }
  files:
    image: app
    user: '1000'
    volumes: ['public:/public']
  xray:
    image: xray
    expose: ['2000/udp']
volumes:
  public: {}
";

#[test]
fn what_is_looked_up_has_an_address_and_the_rest_shares_the_machines() {
    let template = on_machines(APPLICATION);
    assert_eq!(properties(&template, "AppTaskDefinition")["NetworkMode"], "bridge");
    assert_eq!(properties(&template, "XrayTaskDefinition")["NetworkMode"], "awsvpc");
    assert!(properties(&template, "AppServiceOnInstance").get("NetworkConfiguration").is_none());
    assert_eq!(properties(&template, "XrayService")["ServiceRegistries"].as_array().map(Vec::len), Some(1));
    let port = &properties(&template, "AppTaskDefinition")["ContainerDefinitions"][0]["PortMappings"][0];
    assert_eq!(*port, json!({ "ContainerPort": 8000, "HostPort": 0, "Protocol": "tcp" }));
}

/// The machine's group is open to the load balancer on the ports Docker chooses, and to nobody else.
#[test]
fn only_the_load_balancer_reaches_the_machines() {
    let template = on_machines(APPLICATION);
    assert!(properties(&template, "InstanceSecurityGroup").get("SecurityGroupIngress").is_none());
    let rules = of_type(&template, "AWS::EC2::SecurityGroupIngress").into_iter();
    let own: Vec<&Value> = rules
        .map(|id| properties(&template, id))
        .filter(|rule| rule["GroupId"] == "InstanceSecurityGroup.GroupId")
        .collect();
    assert_eq!(own.len(), 1);
    assert_eq!((&own[0]["FromPort"], &own[0]["ToPort"]), (&json!(32768), &json!(60999)));
    assert_eq!(own[0]["SourceSecurityGroupId"], "LoadBalancerSecurityGroup.GroupId");
}

#[test]
fn a_folder_of_the_machine_belongs_to_the_user_of_its_containers() {
    let template = on_machines(APPLICATION);
    let volume = &properties(&template, "AppTaskDefinition")["Volumes"][0];
    assert_eq!(*volume, json!({ "Name": "public", "Host": { "SourcePath": "/data/public" } }));
    let data = &properties(&template, "LaunchTemplate")["LaunchTemplateData"];
    let script = data["UserData"]["Fn::Base64"].as_str().unwrap();
    assert!(script.contains("install -d -o 1000 -g 1000 -m 0755 /data/public\n"), "{script}");
    assert!(script.contains("ECS_CLUSTER=${Cluster}\n"), "{script}");
}

/// Bridge mode has no loopback that containers share.
#[test]
fn sidecars_need_an_address_of_their_own() {
    let text = "services:\n  app: { image: app, ports: ['80:80'] }\n  proxy: { image: proxy, network_mode: 'service:app' }\n";
    assert_eq!(properties(&on_machines(text), "AppTaskDefinition")["NetworkMode"], "awsvpc");
}

#[test]
fn machines_are_as_large_as_the_largest_task() {
    let service = |memory: &str| format!("services:\n  app: {{ image: app, mem_limit: {memory} }}\n");
    for (memory, kind) in [("512m", "t3.small"), ("3g", "t3.medium"), ("100g", "m7i.8xlarge")] {
        let template = on_machines(&service(memory));
        assert_eq!(properties(&template, "LaunchTemplate")["LaunchTemplateData"]["InstanceType"], kind);
    }
    let refused = said(&compiled("ecs-ec2", &service("1000g")));
    assert!(refused.iter().any(|it| it.starts_with("ecs-ec2/task-too-large")), "{refused:?}");
}

#[test]
fn as_many_machines_as_addresses_need() {
    let caller = "  app: { image: app, environment: { A: 'http://cache:80' } }\n";
    let text =
        format!("services:\n{caller}  cache: {{ image: cache, expose: [80], deploy: {{ replicas: 5 }} }}\n");
    assert_eq!(properties(&on_machines(&text), "AutoScalingGroup")["MaxSize"], "3");
    let few = format!("{text}x-tranship: {{ instance_type: t3.small, instances: {{ min: 1, max: 2 }} }}\n");
    let refused = said(&compiled("ecs-ec2", &few));
    assert!(refused.iter().any(|it| it.starts_with("ecs-ec2/too-few-interfaces")), "{refused:?}");
}

#[test]
fn under_posture_prod_machines_that_work_are_protected() {
    let template = on_machines("services:\n  app: { image: app }\nx-tranship: { posture: prod }\n");
    let group = properties(&template, "AutoScalingGroup");
    assert_eq!((&group["MinSize"], &group["NewInstancesProtectedFromScaleIn"]), (&json!("2"), &json!(true)));
    let provider = &properties(&template, "CapacityProvider")["AutoScalingGroupProvider"];
    assert_eq!(provider["ManagedTerminationProtection"], "ENABLED");
}

/// What watches other containers: the socket, the machine's processes. Fargate has neither.
#[test]
fn agents_see_the_machine() {
    let text = "
services:
  agent:
    image: agent
    pid: host
    ipc: host
    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro', '/proc:/host/proc:ro']
";
    let template = on_machines(text);
    let task = properties(&template, "AgentTaskDefinition");
    assert_eq!((&task["PidMode"], &task["IpcMode"]), (&json!("host"), &json!("host")));
    let paths: Vec<&Value> =
        task["Volumes"].as_array().unwrap().iter().map(|volume| &volume["Host"]["SourcePath"]).collect();
    assert_eq!(paths, ["/var/run/docker.sock", "/proc"]);
    let refused = said(&compiled("fargate", text));
    assert_eq!(refused.iter().filter(|it| it.starts_with("target/rejected-key")).count(), 4, "{refused:?}");
}
