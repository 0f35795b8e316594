//! A plan with everything in it, by hand, and what must hold of its template.

use crate::container::{HealthCheckPlan, LinuxParameters, ResourceLimit};
use indexmap::IndexMap;

use super::{emit, with_parameters};
use crate::ecs::plan::*;
use tranship_app::{NetworkRange, PortRange, PublicProtocol, VolumeOwner};
use tranship_cloudformation::{
    FnSub, LogicalId, ParameterType, ResourceRole, Template, TemplateParameter, TemplateValue, check, iam,
};
use tranship_facts::{DatabaseEngine, ProcessorArchitecture, TransportProtocol};
use tranship_frontend::source::Origin;

fn id(name: &str, role: ResourceRole) -> LogicalId {
    LogicalId::of(name, role)
}

fn container(name: &str) -> EcsContainer {
    let image = FnSub::text("nginx:").reference(&LogicalId::variable("VERSION")).into();
    EcsContainer {
        command: vec!["run".into(), "--all".into()],
        environment: IndexMap::from([("A".to_owned(), TemplateValue::from("${B}"))]),
        secrets: IndexMap::from([(
            "PASSWORD".to_owned(),
            FnSub::new().reference(&id("db", ResourceRole::Credentials)).then(":password::").into(),
        )]),
        user: Some("1000".into()),
        health: Some(HealthCheckPlan {
            command: vec!["CMD-SHELL".into(), "true".into()],
            interval: Some(5),
            timeout: None,
            retries: Some(3),
            start_period: None,
        }),
        mounts: vec![MountPoint { volume: "data".to_owned(), path: "/data".to_owned(), read_only: false }],
        ports: vec![PortMapping {
            container: 8000,
            host: None,
            protocol: TransportProtocol::Tcp,
            name: None,
            app_protocol: None,
        }],
        memory_reservation: Some(256),
        stop_timeout: Some(30),
        linux: LinuxParameters { init: true, ..LinuxParameters::default() },
        ulimits: vec![ResourceLimit { name: "nofile".to_owned(), soft: 1024, hard: 2048 }],
        ..EcsContainer::new(name.to_owned(), image)
    }
}

fn task(name: &str, mode: NetworkMode) -> TaskPlan {
    let mut main = container(name);
    if mode == NetworkMode::Bridge {
        main.ports[0].host = Some(0);
    }
    TaskPlan {
        name: name.into(),
        origin: Origin::NOWHERE,
        from: vec![format!("services.{name}")],
        family: FnSub::new()
            .pseudo(tranship_cloudformation::PseudoParameter::StackName)
            .then("-")
            .then(name)
            .into(),
        mode,
        size: TaskSize { cpu: Some(256), memory: Some(512) },
        architecture: ProcessorArchitecture::X86,
        platform: None,
        containers: vec![main],
        volumes: vec![TaskVolume {
            name: "data".to_owned(),
            storage: VolumeStorage::Efs(EfsVolume {
                file_system: "data".into(),
                access_point: "data".into(),
            }),
        }],
        execution: iam::IamPolicy::new().with(
            iam::PolicyStatement::allow(["logs:PutLogEvents"]).on(id(name, ResourceRole::LogGroup).arn()),
        ),
        permissions: iam::IamPolicy::new(),
        ephemeral_storage: None,
        pid_mode: None,
        ipc_mode: None,
    }
}

fn run(name: &str, mode: NetworkMode) -> TaskRun {
    let network = AwsvpcNetwork {
        subnets: LogicalId::only(ResourceRole::PrivateSubnets).reference(),
        security_group: id(name, ResourceRole::SecurityGroup),
        assign_public_ip: Some(false),
    };
    TaskRun {
        task_definition: id(name, ResourceRole::TaskDefinition),
        network: (mode == NetworkMode::AwsVpc).then_some(network),
        strategy: vec![CapacityStrategyItem { provider: "FARGATE".into(), weight: 1 }],
    }
}

fn service(name: &str, mode: NetworkMode) -> EcsServicePlan {
    EcsServicePlan {
        name: name.into(),
        from: vec![format!("services.{name}")],
        run: run(name, mode),
        daemon: false,
        desired: Some(1),
        replacement: ReplacementPercent::START_FIRST,
        registry: None,
        connect: None,
        targets: Vec::new(),
        grace: None,
        after: Vec::new(),
        scaling: None,
    }
}

fn job(name: &str, mode: NetworkMode, trigger: JobTrigger) -> JobPlan {
    JobPlan {
        name: name.into(),
        from: vec![format!("services.{name}")],
        trigger,
        run: run(name, mode),
        family: name.into(),
        roles: [id(name, ResourceRole::ExecutionRole), id(name, ResourceRole::TaskRole)],
        after: Vec::new(),
    }
}

fn group(id: LogicalId, from: &str) -> SecurityGroup {
    SecurityGroup {
        id,
        description: format!("group of {from}"),
        outbound: Vec::new(),
        inbound: Vec::new(),
        from: vec![from.to_owned()],
    }
}

fn rule(
    source: LogicalId,
    destination: LogicalId,
    port: u16,
    protocol: TransportProtocol,
) -> SecurityGroupRule {
    SecurityGroupRule {
        source,
        destination,
        ports: PortRange::of(port),
        protocol,
        awaited_by: Vec::new(),
        description: "an edge".to_owned(),
        from: vec!["services".to_owned()],
    }
}

fn balancer(target: &LogicalId) -> LoadBalancerPlan {
    let rule = ListenerRulePlan {
        id: LogicalId::of_parts(&["app", "443"], ResourceRole::ListenerRule),
        priority: 10,
        hosts: vec!["todo.example.org".to_owned()],
        paths: vec!["/api/*".to_owned()],
        networks: vec![NetworkRange::Ipv4("203.0.113.0/24".to_owned())],
        action: ListenerAction::Forward(target.clone()),
        from: vec!["services.app.x-tranship.public".to_owned()],
    };
    let listener = |id, port, protocol, default, rules| ListenerPlan {
        id,
        port,
        protocol,
        certificates: Vec::new(),
        networks: Vec::new(),
        default,
        rules,
    };
    let certificate = LogicalId::only(ResourceRole::CertificateArn).reference();
    let attached = ListenerRulePlan {
        id: LogicalId::of_parts(&["attachment", "7"], ResourceRole::ListenerRule),
        priority: 7,
        hosts: Vec::new(),
        paths: vec!["/AppTargetGroup".to_owned()],
        networks: Vec::new(),
        ..rule.clone()
    };
    let mut secure = listener(
        LogicalId::only(ResourceRole::HttpsListener),
        443,
        ListenerProtocol::Https(certificate),
        ListenerAction::NotFound,
        vec![rule],
    );
    secure.certificates = vec![ListenerCertificate {
        id: LogicalId::of_parts(&["443", "second"], ResourceRole::ListenerCertificate),
        arn: "arn:aws:acm:eu-central-1:123456789012:certificate/second".to_owned(),
    }];
    LoadBalancerPlan {
        kind: BalancerKind { internal: false, network: false },
        attachments: vec![listener(
            LogicalId::of("attachment", ResourceRole::Listener),
            65_535,
            ListenerProtocol::Http,
            ListenerAction::NotFound,
            vec![attached],
        )],
        listeners: vec![
            listener(
                LogicalId::only(ResourceRole::Listener),
                80,
                ListenerProtocol::Http,
                ListenerAction::Redirect(443),
                vec![],
            ),
            secure,
        ],
        idle_timeout: 60,
        protected: true,
        from: vec!["services.app.ports[0]".to_owned()],
    }
}

fn door(target: &LogicalId) -> FrontDoorPlan {
    let balancer = balancer(target);
    FrontDoorPlan {
        url: Some(FnSub::text("https://todo.example.org")),
        addresses: vec![EndpointAddress {
            service: "app".into(),
            id: id("app", ResourceRole::Url),
            description: "Address of app".to_owned(),
            url: FnSub::text("https://todo.example.org/api/"),
        }],
        records: vec![DnsRecordPlan {
            zone: "Z1".to_owned(),
            name: "todo.example.org".to_owned(),
            balancer: balancer.kind,
            after: vec![LogicalId::only(ResourceRole::HttpsListener)],
            from: vec!["services.app".to_owned()],
        }],
        balancers: vec![balancer],
    }
}

fn parameters() -> Vec<ParameterPlan> {
    let parameter = |role, kind| {
        ParameterPlan::plain(LogicalId::only(role), TemplateParameter::new(kind, "given at deployment"))
    };
    let mut version = parameter(ResourceRole::Image, ParameterType::String);
    version.id = LogicalId::variable("VERSION");
    vec![
        version,
        parameter(ResourceRole::Vpc, ParameterType::Aws("AWS::EC2::VPC::Id")),
        parameter(ResourceRole::PublicSubnets, ParameterType::AwsList("AWS::EC2::Subnet::Id")),
        parameter(ResourceRole::PrivateSubnets, ParameterType::AwsList("AWS::EC2::Subnet::Id")),
        parameter(ResourceRole::CertificateArn, ParameterType::String),
    ]
}

/// `app` behind the load balancer and scaled, `xray` by name, a database, a volume, a job of each kind.
fn plan(mode: NetworkMode) -> EcsPlan {
    let target = id("app", ResourceRole::TargetGroup);
    let mut app = service("app", mode);
    app.desired = None;
    app.scaling = Some(ScalingPlan { min: 2, max: 8, cpu: Some(60), memory: Some(70) });
    app.targets = vec![TargetGroupPlan {
        id: target.clone(),
        target_type: if mode == NetworkMode::Bridge { TargetType::Instance } else { TargetType::Ip },
        container: "app".to_owned(),
        port: 8000,
        balancer: BalancerKind { internal: false, network: false },
        protocol: PublicProtocol::Http,
        health: TargetHealth {
            request: Some(HealthRequest {
                tls: false,
                grpc: false,
                path: "/healthz".to_owned(),
                codes: "200-399".to_owned(),
            }),
            port: None,
            interval: 30,
            timeout: 5,
            healthy: 2,
            unhealthy: 3,
        },
        sticky: true,
        slow_start: 45,
        from: vec!["services.app.ports[0]".to_owned()],
    }];
    app.grace = Some(60);
    app.after = vec![
        LogicalId::of_parts(&["attachment", "7"], ResourceRole::ListenerRule),
        id("migrate", ResourceRole::Run),
    ];
    let mut xray = service("xray", NetworkMode::AwsVpc);
    xray.registry = Some(id("xray", ResourceRole::Discovery));
    let database = DatabasePlan {
        name: "db".into(),
        from: vec!["services.db".to_owned()],
        engine: DatabaseEngine::Mysql,
        version: "8.4.7".to_owned(),
        major_upgrades: true,
        class: "db.t4g.micro".to_owned(),
        storage: 20,
        database: Some("todo".to_owned()),
        snapshot: None,
        username: "todo".to_owned(),
        lifecycle_support: Some("open-source-rds-extended-support-disabled"),
        logs: &["error"],
        multi_az: true,
        protected: true,
        backup_days: 7,
    };
    let system = FileSystemPlan {
        name: "data".into(),
        from: vec!["volumes.data".to_owned()],
        access_points: vec![AccessPointPlan {
            name: "data".into(),
            from: vec!["volumes.data".to_owned()],
            owner: VolumeOwner::parse("1000:1000"),
            path: "/data".to_owned(),
        }],
        mount_targets: 2,
        backup: true,
    };
    let names = ["app", "xray", "migrate", "report"];
    let mut groups: Vec<SecurityGroup> = names
        .iter()
        .map(|name| group(id(name, ResourceRole::SecurityGroup), &format!("services.{name}")))
        .collect();
    groups.extend([
        group(database.security_group(), "services.db"),
        group(system.security_group(), "volumes.data"),
        group(LogicalId::only(ResourceRole::LoadBalancerSecurityGroup), "services.app"),
    ]);
    groups[0].outbound.push(OutboundRule {
        to: OutboundDestination::ANY_IPV4,
        ports: Some(PortRange::of(443)),
        protocol: Some(TransportProtocol::Tcp),
        reason: OutboundReason::plain("AWS"),
    });
    groups[6].inbound.push(InboundPort {
        network: NetworkRange::Ipv4("0.0.0.0/0".to_owned()),
        protocol: TransportProtocol::Tcp,
        port: 443,
        description: "the world".to_owned(),
    });
    let balancer_group = LogicalId::only(ResourceRole::LoadBalancerSecurityGroup);
    EcsPlan {
        outbound_access: Vec::new(),
        stack: StackSettings {
            name: "todo-prod".to_owned(),
            region: None,
            account: None,
            description: "todo".to_owned(),
            log_retention: 7,
            exec: None,
            tags: vec![("team".to_owned(), "todo".into())],
        },
        network: NetworkPlan {
            vpc: LogicalId::only(ResourceRole::Vpc).reference(),
            public: LogicalId::only(ResourceRole::PublicSubnets).reference(),
            private: LogicalId::only(ResourceRole::PrivateSubnets).reference(),
            private_count: None,
            created: None,
            after: Vec::new(),
        },
        capacity: CapacityPlan {
            launch_type: "FARGATE",
            cluster_providers: vec!["FARGATE", "FARGATE_SPOT"],
            strategy: vec![CapacityStrategyItem { provider: "FARGATE".into(), weight: 1 }],
            uninterrupted: vec![CapacityStrategyItem { provider: "FARGATE".into(), weight: 1 }],
            after: Vec::new(),
            assign_public_ip: Some(false),
            platform_version: None,
        },
        machines: None,
        namespace: Some(NamespacePlan {
            name: "todo.internal".to_owned(),
            from: vec!["x-tranship".to_owned()],
            services: vec![DiscoveredService {
                service: "xray".into(),
                label: "xray".to_owned(),
                from: vec!["services.xray".to_owned()],
            }],
        }),
        tasks: vec![
            task("app", mode),
            task("xray", NetworkMode::AwsVpc),
            task("migrate", mode),
            task("report", NetworkMode::AwsVpc),
        ],
        services: vec![app, xray],
        jobs: vec![
            job(
                "migrate",
                mode,
                JobTrigger::BeforeDeploy(DeploymentRun {
                    container: "migrate".to_owned(),
                    log_group: id("migrate", ResourceRole::LogGroup),
                    timeout: 600,
                }),
            ),
            job("report", NetworkMode::AwsVpc, JobTrigger::Schedule("rate(1 day)".to_owned())),
        ],
        front_door: door(&target),
        security_group_rules: vec![
            rule(balancer_group, id("app", ResourceRole::SecurityGroup), 8000, TransportProtocol::Tcp),
            rule(
                id("app", ResourceRole::SecurityGroup),
                id("xray", ResourceRole::SecurityGroup),
                2000,
                TransportProtocol::Udp,
            ),
            rule(
                id("xray", ResourceRole::SecurityGroup),
                id("app", ResourceRole::SecurityGroup),
                8000,
                TransportProtocol::Tcp,
            ),
            rule(
                id("app", ResourceRole::SecurityGroup),
                database.security_group(),
                3306,
                TransportProtocol::Tcp,
            ),
        ],
        outside_rules: vec![OutsideRule {
            source: id("app", ResourceRole::SecurityGroup),
            group: "sg-0a1b".to_owned(),
            port: 5432,
            protocol: TransportProtocol::Tcp,
            to: "orders".to_owned(),
            description: "app to orders".to_owned(),
            from: vec!["services.orders".to_owned()],
        }],
        security_groups: groups,
        databases: vec![database],
        file_systems: vec![system],
        secrets: Vec::new(),
    }
}

fn template(mode: NetworkMode) -> Template {
    with_parameters(emit(&plan(mode)), &parameters())
}

/// Groups that reach each other, a service that waits for a job that waits for the cluster: no cycle, no loose end.
#[test]
fn refers_to_nothing_unknown_and_has_no_cycle() {
    for mode in [NetworkMode::AwsVpc, NetworkMode::Bridge] {
        assert_eq!(check(&template(mode)), []);
    }
}

#[test]
fn a_scaled_service_has_no_count_and_waits_for_its_target_group_to_be_attached() {
    let json = template(NetworkMode::AwsVpc).to_json();
    let service = &json["Resources"]["AppService"];
    assert!(service["Properties"].get("DesiredCount").is_none());
    let waits = service["DependsOn"].to_string();
    let rule = LogicalId::of_parts(&["attachment", "7"], ResourceRole::ListenerRule);
    assert!(waits.contains("MigrateRun") && waits.contains(rule.as_str()), "{waits}");
    assert_eq!(json["Resources"]["XrayService"]["Properties"]["DesiredCount"], 1);
}

/// Whoever switches requests earlier sends them to a group without targets.
#[test]
fn requests_come_when_the_service_is_there() {
    for (mode, service) in
        [(NetworkMode::AwsVpc, "AppService"), (NetworkMode::Bridge, "AppServiceOnInstance")]
    {
        let json = template(mode).to_json();
        let after = |id: &LogicalId| json["Resources"][id.as_str()]["DependsOn"].clone();
        let rule = LogicalId::of_parts(&["app", "443"], ResourceRole::ListenerRule);
        assert_eq!(after(&rule), service);
        let redirect = LogicalId::only(ResourceRole::Listener);
        assert_eq!(after(&redirect), "HttpsListener", "the redirect needs where it leads");
        assert!(after(&LogicalId::only(ResourceRole::HttpsListener)).is_null());
    }
    let mut forwarding = plan(NetworkMode::AwsVpc);
    let target = id("app", ResourceRole::TargetGroup);
    if let Some(balancer) = forwarding.front_door.balancers.first_mut() {
        balancer.listeners[1].default = ListenerAction::Forward(target);
    }
    let json = with_parameters(emit(&forwarding), &parameters()).to_json();
    assert_eq!(json["Resources"]["HttpsListener"]["DependsOn"], "AppService");
}

/// ECS and RDS keep what an update does not name.
#[test]
fn lists_whose_absence_means_keep_are_written_out() {
    let mut bare = plan(NetworkMode::AwsVpc);
    bare.databases[0].logs = &[];
    let json = with_parameters(emit(&bare), &parameters()).to_json();
    let xray = &json["Resources"]["XrayService"]["Properties"];
    assert_eq!(xray["LoadBalancers"], serde_json::json!([]));
    assert_eq!(xray["ServiceRegistries"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["Resources"]["AppService"]["Properties"]["ServiceRegistries"], serde_json::json!([]));
    let database = &json["Resources"]["DbDatabase"]["Properties"];
    assert_eq!(database["EnableCloudwatchLogsExports"], serde_json::json!([]));
    assert_eq!(database["AutoMinorVersionUpgrade"], false);
    assert_eq!(database["AllowMajorVersionUpgrade"], true);
}

/// A file system outlives its stack, whoever deploys it; one that a failed creation made is empty and goes.
#[test]
fn file_systems_are_kept() {
    let json = template(NetworkMode::AwsVpc).to_json();
    let system = &json["Resources"]["DataFileSystem"];
    assert_eq!(system["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(system["UpdateReplacePolicy"], "Retain");
    let root = &json["Resources"]["DataAccessPoint"]["Properties"]["RootDirectory"];
    assert_eq!(root["CreationInfo"]["Permissions"], "0777", "another owner finds the folder open");
}

#[test]
fn bridge_mode_has_no_interface_and_targets_instances() {
    let json = template(NetworkMode::Bridge).to_json();
    let resource = |name: &str| json["Resources"][name]["Properties"].clone();
    assert!(resource("AppServiceOnInstance").get("NetworkConfiguration").is_none());
    assert_eq!(resource("AppTargetGroup")["TargetType"], "instance");
    assert_eq!(resource("AppTaskDefinition")["ContainerDefinitions"][0]["PortMappings"][0]["HostPort"], 0);
    assert!(resource("XrayService").get("NetworkConfiguration").is_some());
}

#[test]
fn user_text_is_no_reference_and_secrets_are_injected() {
    let text = template(NetworkMode::AwsVpc).to_yaml();
    assert!(text.contains("Value: ${B}\n"), "plain text, not a substitution");
    assert!(text.contains("ValueFrom: !Sub \"${DbCredentials}:password::\"\n"));
}

/// A group without egress rules of its own would be given one that allows everything.
#[test]
fn a_group_that_exists_lets_the_stack_in() {
    let json = template(NetworkMode::AwsVpc).to_json();
    let expected = serde_json::json!({
        "GroupId": "sg-0a1b",
        "SourceSecurityGroupId": { "Fn::GetAtt": ["AppSecurityGroup", "GroupId"] },
        "IpProtocol": "tcp",
        "FromPort": 5432,
        "ToPort": 5432,
        "Description": "app to orders",
    });
    let rules = json["Resources"].as_object().unwrap().values();
    let mut found = rules.filter(|it| it["Properties"]["GroupId"] == "sg-0a1b");
    let rule = found.next().unwrap();
    assert_eq!(rule["Type"], "AWS::EC2::SecurityGroupIngress");
    assert_eq!(rule["Properties"], expected);
    assert!(found.next().is_none());
}

#[test]
fn every_group_says_what_it_may_reach() {
    let json = template(NetworkMode::AwsVpc).to_json();
    let resources = json["Resources"].as_object().unwrap();
    let groups = resources.values().filter(|it| it["Type"] == "AWS::EC2::SecurityGroup");
    for group in groups {
        assert!(
            group["Properties"]["SecurityGroupEgress"].as_array().is_some_and(|it| !it.is_empty()),
            "{group}"
        );
    }
}

#[test]
fn tags_are_where_a_type_has_them() {
    let json = template(NetworkMode::AwsVpc).to_json();
    let expected = serde_json::json!([{ "Key": "team", "Value": "todo" }]);
    assert_eq!(json["Resources"]["AppService"]["Properties"]["Tags"], expected);
    assert_eq!(json["Resources"]["DataFileSystem"]["Properties"]["FileSystemTags"], expected);
    assert!(json["Resources"]["MigrateRun"]["Properties"].get("Tags").is_none());
}
