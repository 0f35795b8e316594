//! What must exist before what, and who may reach whom: the whole lists, in their order.

use super::*;

const STACK: &str = "
services:
  app: { image: app, ports: ['80:80'], volumes: ['files:/f'], depends_on: [api], environment: { A: 'http://api:9000' } }
  api: { image: api, expose: [9000], depends_on: [db], environment: { H: 'db:5432' } }
  migrate: { image: m, x-tranship: { job: before-deploy }, environment: { H: 'db:5432' } }
  nightly: { image: n, x-tranship: { job: { schedule: 'rate(1 day)' } }, depends_on: { migrate: { condition: service_completed_successfully } } }
  db: { image: 'postgres:17', environment: { POSTGRES_PASSWORD: x }, x-tranship: { database: { engine: postgres } } }
volumes: { files: }
";

/// `DependsOn` of a resource.
fn waits(template: &Value, id: &str) -> Vec<String> {
    let list = &template["Resources"][id]["DependsOn"];
    let items = list.as_array().cloned().unwrap_or_else(|| vec![list.clone()]);
    items.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

#[test]
fn everything_waits_for_what_it_needs_on_fargate() {
    let template = template(STACK);
    let app = [
        "ApiFromApp9000Tcpa7d049a5Egress",
        "ApiFromApp9000Tcpa7d049a5Ingress",
        "VolumeFilesad9ca43dFromApp2049Tcp956080f0Egress",
        "VolumeFilesad9ca43dFromApp2049Tcp956080f0Ingress",
        "VolumeFiles06917971dMountTarget",
        "VolumeFiles1904aac43MountTarget",
        "AppFromLoadBalancer80Tcpb4738011Egress",
        "AppFromLoadBalancer80Tcpb4738011Ingress",
        "PortAttachmentPriority6365e5d151b4ListenerRule",
        "ApiService",
    ];
    assert_eq!(waits(&template, "AppService"), app);
    let api = ["DbFromApi5432Tcpf983122dEgress", "DbFromApi5432Tcpf983122dIngress", "DbDatabase"];
    assert_eq!(waits(&template, "ApiService"), api);
    let migrate =
        ["TaskRunnerPolicy", "DbFromMigrate5432Tcp3000deabEgress", "DbFromMigrate5432Tcp3000deabIngress"];
    assert_eq!(waits(&template, "MigrateRun"), migrate);
    assert_eq!(waits(&template, "NightlySchedule"), ["MigrateRun"]);
}

/// Tasks in bridge mode share the rules of their machines, and each waits only for those by which it connects; everything waits for
/// the machines.
#[test]
fn everything_waits_for_what_it_needs_on_machines() {
    let template = template_of("ecs-ec2", STACK);
    assert_eq!(waits(&template, "NightlySchedule"), ["CapacityProviderAssociations", "MigrateRun"]);
    let migrate = [
        "TaskRunnerPolicy",
        "CapacityProviderAssociations",
        "DbFromInstance5432Tcpfeafb2d4Egress",
        "DbFromInstance5432Tcpfeafb2d4Ingress",
    ];
    assert_eq!(waits(&template, "MigrateRun"), migrate);
    let app = [
        "CapacityProviderAssociations",
        "ApiFromInstance9000Tcp0594b6cbEgress",
        "ApiFromInstance9000Tcp0594b6cbIngress",
        "VolumeFilesad9ca43dFromInstance2049Tcp6248c273Egress",
        "VolumeFilesad9ca43dFromInstance2049Tcp6248c273Ingress",
        "VolumeFiles06917971dMountTarget",
        "VolumeFiles1904aac43MountTarget",
        "InstanceFromLoadBalancer3276860999Tcp990cb291Egress",
        "InstanceFromLoadBalancer3276860999Tcp990cb291Ingress",
        "PortAttachmentPriority6365e5d151b4ListenerRule",
        "ApiService",
    ];
    assert_eq!(waits(&template, "AppServiceOnInstance"), app);
    let api = [
        "CapacityProviderAssociations",
        "DbFromApi5432Tcpf983122dEgress",
        "DbFromApi5432Tcpf983122dIngress",
        "DbDatabase",
    ];
    assert_eq!(waits(&template, "ApiService"), api);
}

/// A rule that several tasks share is there once, and each of them waits for it.
#[test]
fn tasks_of_a_machine_wait_for_a_rule_that_they_share() {
    let text = "
services:
  a: { image: a, environment: { H: 'cache:6379' }, volumes: ['files:/f'] }
  b: { image: b, environment: { H: 'cache:6379', I: 'other:80' } }
  c: { image: c, volumes: ['files:/f'] }
  cache: { image: redis, expose: [6379] }
  other: { image: nginx, expose: [80] }
volumes: { files: }
";
    let template = template_of("ecs-ec2", text);
    let rules = |id: &str| -> Vec<String> {
        let waits = waits(&template, id).into_iter().filter(|it| it.ends_with("Ingress"));
        waits.map(|it| it.split("From").next().unwrap().to_owned()).collect()
    };
    assert_eq!(rules("AServiceOnInstance"), ["Cache", "VolumeFilesad9ca43d"]);
    assert_eq!(rules("BServiceOnInstance"), ["Cache", "Other"]);
    assert_eq!(rules("CServiceOnInstance"), ["VolumeFilesad9ca43d"]);
    assert_eq!(of_type(&template, "AWS::EC2::SecurityGroupIngress").len(), 3);
}

/// Each rule once, on the port and the protocol of its edge.
#[test]
fn who_may_reach_whom() {
    let rules = |target: &str| -> Vec<String> {
        let template = template_of(target, STACK);
        let shown = |id: &str| {
            let rule = properties(&template, id);
            let group = |key: &str| {
                let text = rule[key].as_str().unwrap();
                text.trim_end_matches("SecurityGroup.GroupId").to_owned()
            };
            let ports = format!("{}-{}", rule["FromPort"], rule["ToPort"]);
            format!(
                "{} > {} {ports} {}",
                group("SourceSecurityGroupId"),
                group("GroupId"),
                rule["IpProtocol"]
            )
        };
        of_type(&template, "AWS::EC2::SecurityGroupIngress").into_iter().map(shown).collect()
    };
    let fargate = [
        "LoadBalancer > App 80-80 \"tcp\"",
        "Api > Db 5432-5432 \"tcp\"",
        "App > Api 9000-9000 \"tcp\"",
        "Migrate > Db 5432-5432 \"tcp\"",
        "App > VolumeFilesad9ca43d 2049-2049 \"tcp\"",
    ];
    assert_eq!(rules("fargate"), fargate);
    let machines = [
        "LoadBalancer > Instance 32768-60999 \"tcp\"",
        "Api > Db 5432-5432 \"tcp\"",
        "Instance > Api 9000-9000 \"tcp\"",
        "Instance > Db 5432-5432 \"tcp\"",
        "Instance > VolumeFilesad9ca43d 2049-2049 \"tcp\"",
    ];
    assert_eq!(rules("ecs-ec2"), machines);
}

/// Tasks that wait for each other through their sidecars would never come up: the second wait is left out.
#[test]
fn nobody_waits_in_a_circle() {
    let text = "
services:
  a: { image: a }
  a2: { image: a2, network_mode: 'service:a', depends_on: [b] }
  b: { image: b }
  b2: { image: b2, network_mode: 'service:b', depends_on: [a] }
";
    let template = template(text);
    let services = ["AService", "BService"].map(|id| waits(&template, id));
    assert_eq!(services, [vec!["BService".to_owned()], vec![]]);
}

/// A job that runs later, on a schedule or by hand, holds nothing up.
#[test]
fn nothing_waits_for_a_job_that_runs_later() {
    for job in ["manual", "{ schedule: 'rate(1 day)' }", "before-deploy"] {
        let text = format!(
            "services:\n  app: {{ image: a, depends_on: [job] }}\n  job: {{ image: j, x-tranship: {{ job: {job} }} }}\n"
        );
        let expected: &[&str] = if job == "before-deploy" { &["JobRun"] } else { &[] };
        assert_eq!(waits(&template(&text), "AppService"), expected, "{job}");
    }
}
