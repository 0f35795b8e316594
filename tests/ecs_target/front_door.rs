//! What is public: protocols, load balancers, who may connect, health checks, addresses.

use super::{Value, compiled, of_type, properties, said, template, template_of};
use serde_json::json;

const CERTIFICATE: &str =
    "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012";
const OTHER: &str = "arn:aws:acm:us-east-1:123456789012:certificate/87654321-1234-1234-1234-123456789012";
const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const TARGETS: [&str; 2] = ["fargate", "ecs-ec2"];

/// One service, and what stands at the top.
fn one(service: &str, top: &str) -> String {
    format!("services:\n  app: {{ {service} }}\n{top}")
}

/// The same with a certificate.
fn secure(service: &str) -> String {
    one(service, &format!("x-tranship: {{ https: {{ certificate: \"{CERTIFICATE}\" }} }}\n"))
}

/// The only resource of a type.
fn only<'t>(template: &'t Value, kind: &str) -> &'t Value {
    let ids = of_type(template, kind);
    let [id] = ids.as_slice() else { panic!("{ids:?}") };
    properties(template, id)
}

/// The open listeners, by port: protocol, and what becomes of requests that no rule takes.
fn listeners(template: &Value) -> Vec<(u64, String, String)> {
    let ids = of_type(template, LISTENER);
    let mut found: Vec<(u64, String, String)> = ids
        .into_iter()
        .filter(|id| !id.contains("Attachment"))
        .map(|id| {
            let it = properties(template, id);
            let action = &it["DefaultActions"][0];
            let to = action["TargetGroupArn"].as_str().or(action["Type"].as_str()).unwrap();
            (it["Port"].as_u64().unwrap(), it["Protocol"].as_str().unwrap().to_owned(), to.to_owned())
        })
        .collect();
    found.sort();
    found
}

/// Attributes as `key=value`.
fn attributes(list: &Value) -> Vec<String> {
    let pairs = list.as_array().unwrap().iter();
    pairs.map(|it| format!("{}={}", it["Key"].as_str().unwrap(), it["Value"].as_str().unwrap())).collect()
}

fn told(target: &str, text: &str) -> Vec<String> {
    said(&compiled(target, text)).into_iter().map(|it| it.split(": ").next().unwrap().to_owned()).collect()
}

/// The protocol, version, health check and codes of a target group.
fn asks(template: &Value) -> (String, String, String, Value) {
    let it = only(template, GROUP);
    let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let asked = format!("{} {}", text("HealthCheckProtocol"), text("HealthCheckPath"));
    (text("Protocol"), text("ProtocolVersion"), asked, it["Matcher"].clone())
}

#[test]
fn a_target_group_speaks_what_the_container_does() {
    let group = |protocol: &str, version: &str, asked: &str, codes: Value| {
        (protocol.to_owned(), version.to_owned(), asked.to_owned(), codes)
    };
    let http = |codes: &str| json!({ "HttpCode": codes });
    let grpc = |codes: &str| json!({ "GrpcCode": codes });
    for target in TARGETS {
        for (service, expected) in [
            ("image: i, ports: ['80:3000']", group("HTTP", "", "HTTP /", http("200-499"))),
            (
                "image: i, ports: ['80:3000'], healthcheck: { test: curl -f localhost:3000/up }",
                group("HTTP", "", "HTTP /up", http("200-399")),
            ),
            (
                "image: i, ports: ['80:3000'], x-tranship: { public: { health_check: { codes: '204' } } }",
                group("HTTP", "", "HTTP /", http("204")),
            ),
            (
                "image: i, ports: ['443:8443'], healthcheck: { test: curl -kf https://localhost:8443/up }",
                group("HTTPS", "", "HTTPS /up", http("200-399")),
            ),
            (
                "image: i, ports: [{ target: 9000, published: '443', app_protocol: http2 }]",
                group("HTTP", "HTTP2", "HTTP /", http("200-499")),
            ),
            (
                "image: i, ports: [{ target: 9000, published: '443', app_protocol: grpc }]",
                group("HTTP", "GRPC", "HTTP /AWS.ALB/healthcheck", grpc("0-99")),
            ),
            (
                "image: i, ports: ['443:50051'], healthcheck: { test: [CMD, grpc_health_probe, '-addr=:50051'] }",
                group("HTTP", "GRPC", "HTTP /grpc.health.v1.Health/Check", grpc("0")),
            ),
            (
                "image: i, ports: ['443:50051'], x-tranship: { public: { health_check: { path: /a.B/C } } }",
                group("HTTP", "GRPC", "HTTP /a.B/C", grpc("0")),
            ),
            (
                "image: i, ports: ['443:8443'], x-tranship: { public: { health_check: { port: 9000, path: /up } } }",
                group("HTTPS", "", "HTTP /up", http("200-399")),
            ),
        ] {
            assert_eq!(asks(&template_of(target, &secure(service))), expected, "{target}: {service}");
        }
    }
}

#[test]
fn a_container_that_ends_tls_is_asked_by_https_and_the_user_is_told() {
    let text = one("image: i, ports: ['443:8443']", "");
    for target in TARGETS {
        let made = template_of(target, &text);
        assert_eq!(asks(&made).0, "HTTPS");
        assert_eq!(listeners(&made), [(80, "HTTP".to_owned(), "AppTargetGroup".to_owned())]);
        assert!(told(target, &text).contains(&"ecs/no-certificate".to_owned()));
    }
    for quiet in [
        secure("image: i, ports: ['443:8443']"),
        one("image: i, ports: ['443:8443'], x-tranship: { public: { protocol: tcp } }", ""),
        one("image: i, ports: ['80:80', '127.0.0.1:443:443']", ""),
        one("image: i, ports: ['80:80']", ""),
        one(
            &format!("image: i, ports: ['443:8443'], x-tranship: {{ public: {{ certificate: '{OTHER}' }} }}"),
            "",
        ),
    ] {
        assert!(!told("fargate", &quiet).contains(&"ecs/no-certificate".to_owned()), "{quiet}");
    }
    let both = one("image: nginx, ports: ['80:80', '443:443']", "");
    assert!(told("fargate", &both).contains(&"ecs/no-certificate".to_owned()));
}

#[test]
fn tcp_tls_and_udp_go_through_a_network_load_balancer() {
    for target in TARGETS {
        let made = template_of(
            target,
            &one("image: i, ports: ['11883:1883'], x-tranship: { public: { protocol: tcp } }", ""),
        );
        let balancer = only(&made, BALANCER);
        assert_eq!((&balancer["Type"], &balancer["Scheme"]), (&json!("network"), &json!("internet-facing")));
        assert_eq!(balancer["SecurityGroups"], json!(["NetworkLoadBalancerSecurityGroup.GroupId"]));
        assert_eq!(
            attributes(&balancer["LoadBalancerAttributes"]),
            ["deletion_protection.enabled=false", "load_balancing.cross_zone.enabled=true"]
        );
        let found = listeners(&made);
        assert_eq!((found[0].0, found[0].1.as_str(), found.len()), (11_883, "TCP", 1));
        let group = only(&made, GROUP);
        assert_eq!((&group["Protocol"], &group["HealthCheckProtocol"]), (&json!("TCP"), &json!("TCP")));
        assert!(group.get("Matcher").is_none() && group.get("HealthCheckPath").is_none());
        assert_eq!(
            attributes(&group["TargetGroupAttributes"]),
            [
                "deregistration_delay.timeout_seconds=30",
                "deregistration_delay.connection_termination.enabled=true",
                "preserve_client_ip.enabled=true",
                "stickiness.enabled=false",
                "stickiness.type=source_ip",
            ]
        );
        let inbound = &properties(&made, "NetworkLoadBalancerSecurityGroup")["SecurityGroupIngress"];
        assert_eq!(inbound.as_array().unwrap().len(), 1);
        assert_eq!((&inbound[0]["FromPort"], &inbound[0]["CidrIp"]), (&json!(11_883), &json!("0.0.0.0/0")));
        let url = made["Outputs"]["Url"]["Value"].as_str().unwrap();
        assert_eq!(url, "tcp://${NetworkLoadBalancer.DNSName}:11883");
    }
    let made = template(&secure(
        "image: i, expose: ['1883'], x-tranship: { public: { protocol: tls, port: 8883 } }",
    ));
    assert_eq!(listeners(&made)[0].1, "TLS");
    let ids = of_type(&made, LISTENER);
    let listener = ids.iter().find(|id| !id.contains("Attachment")).unwrap();
    assert_eq!(properties(&made, listener)["Certificates"], json!([{ "CertificateArn": CERTIFICATE }]));
    assert_eq!(only(&made, GROUP)["Protocol"], "TCP", "the load balancer ends TLS");
}

/// The mapping of a port, and its network mode.
fn mapping(template: &Value) -> (Value, Value) {
    let task = only(template, "AWS::ECS::TaskDefinition");
    (task["ContainerDefinitions"][0]["PortMappings"].clone(), task["NetworkMode"].clone())
}

#[test]
fn udp_is_asked_by_tcp() {
    let udp = |ports: &str, more: &str| {
        one(&format!("image: i, ports: {ports}, x-tranship: {{ public: {{ protocol: udp{more} }} }}"), "")
    };
    for target in TARGETS {
        // The same number by TCP.
        let made = template_of(target, &udp("['53:53/udp', '53:53/tcp']", ""));
        let group = only(&made, GROUP);
        assert_eq!((&group["Protocol"], &group["HealthCheckPort"]), (&json!("UDP"), &json!("traffic-port")));
        assert_eq!(group["TargetType"], "ip");
        let (ports, mode) = mapping(&made);
        assert_eq!(
            (ports.as_array().unwrap().len(), &ports[0]["Protocol"], &mode),
            (1, &json!("udp"), &json!("awsvpc"))
        );
        let rules = of_type(&made, "AWS::EC2::SecurityGroupIngress");
        let mut open: Vec<String> = rules
            .iter()
            .map(|id| properties(&made, id))
            .map(|it| format!("{}/{}", it["FromPort"], it["IpProtocol"].as_str().unwrap()))
            .collect();
        open.sort();
        assert_eq!(open, ["53/tcp", "53/udp"]);
        // Another one.
        let made = template_of(target, &udp("['34197:34197/udp', '8080:8080']", ""));
        assert_eq!(only(&made, GROUP)["HealthCheckPort"], "8080");
        let made =
            template_of(target, &udp("['34197:34197/udp']", ", health_check: { port: 9000, path: /up }"));
        let group = only(&made, GROUP);
        assert_eq!(
            (&group["HealthCheckPort"], &group["HealthCheckProtocol"]),
            (&json!("9000"), &json!("HTTP"))
        );
        assert_eq!(group["HealthCheckPath"], "/up");
        assert!(told(target, &udp("['34197:34197/udp']", "")).contains(&"ecs/public-udp".to_owned()));
    }
}

#[test]
fn a_range_has_a_listener_for_each_port() {
    let made = template(&one(
        "image: i, ports: ['7000-7002:8000-8002/udp', '9000:9000'], x-tranship: { public: { protocol: udp, container_port: 8000-8002 } }",
        "",
    ));
    let ports: Vec<u64> = listeners(&made).iter().map(|it| it.0).collect();
    assert_eq!(ports, [7000, 7001, 7002]);
    let made = template(&one(
        "image: i, expose: ['8000-8002'], x-tranship: { public: { protocol: tcp, container_port: 8000-8002, port: 100 } }",
        "",
    ));
    let ports: Vec<u64> = listeners(&made).iter().map(|it| it.0).collect();
    assert_eq!(ports, [100, 101, 102]);
}

#[test]
fn what_a_network_load_balancer_cannot_do_is_said() {
    let tcp = |more: &str| {
        one(
            &format!("image: i, ports: ['1883:1883'], x-tranship: {{ public: {{ protocol: tcp, {more} }} }}"),
            "",
        )
    };
    for (more, rule) in [("path: /a", "target/rejected-key"), ("slow_start: 60", "target/ignored-key")] {
        assert!(told("fargate", &tcp(more)).contains(&rule.to_owned()), "{more}");
    }
    let tls = "image: i, ports: ['1883:1883'], x-tranship: { public: { protocol: tls, sticky: true, idle_timeout: 90 } }";
    let ignored: Vec<String> = said(&compiled("fargate", &secure(tls)))
        .into_iter()
        .filter(|it| it.starts_with("target/ignored-key"))
        .collect();
    assert!(
        ignored.iter().any(|it| it.contains("public.sticky"))
            && ignored.iter().any(|it| it.contains("public.idle_timeout")),
        "{ignored:?}"
    );
    let plain = one("image: i, ports: ['1883:1883'], x-tranship: { public: { protocol: tls } }", "");
    assert!(told("fargate", &plain).contains(&"ecs/public-certificate".to_owned()));
    let twice = "services:\n  a: { image: i, expose: ['1883'], x-tranship: { public: { protocol: tcp } } }\n  b: { image: i, expose: ['1884'], x-tranship: { public: { protocol: tcp, port: 1883 } } }\n";
    assert!(told("fargate", twice).contains(&"ecs/listener-collision".to_owned()));
}

#[test]
fn grpc_without_a_certificate_is_passed_on() {
    for target in TARGETS {
        let text = one("image: i, ports: ['50051:50051']", "");
        let made = template_of(target, &text);
        assert_eq!(only(&made, BALANCER)["Type"], "network");
        assert_eq!((listeners(&made)[0].0, listeners(&made)[0].1.as_str()), (50_051, "TCP"));
        assert!(told(target, &text).contains(&"ecs/passed-on".to_owned()));
    }
    let host = one("image: i, ports: ['50051:50051'], x-tranship: { public: { host: a.example.org } }", "");
    assert!(told("fargate", &host).contains(&"ecs/public-certificate".to_owned()));
    let clear = secure("image: i, ports: ['50051:50051'], x-tranship: { public: { port: 80 } }");
    assert_eq!(only(&template(&clear), BALANCER)["Type"], "network", "port 80 has no certificate");
    let made = template(&secure("image: i, ports: ['50051:50051']"));
    let attached = properties(&made, "SecureAttachmentListener");
    assert_eq!((&attached["Protocol"], &attached["Port"]), (&json!("HTTPS"), &json!(65_534)));
}

#[test]
fn an_internal_load_balancer_is_in_the_private_subnets() {
    for target in TARGETS {
        let text = one("image: i, ports: ['80:3000'], x-tranship: { public: { internal: true } }", "");
        let made = template_of(target, &text);
        let balancer = only(&made, BALANCER);
        assert_eq!(
            (&balancer["Scheme"], &balancer["Subnets"]),
            (&json!("internal"), &json!("PrivateSubnets"))
        );
        assert!(made["Parameters"].get("PublicSubnets").is_none());
        let inbound = &properties(&made, "InternalLoadBalancerSecurityGroup")["SecurityGroupIngress"];
        let from: Vec<&str> =
            inbound.as_array().unwrap().iter().map(|it| it["CidrIp"].as_str().unwrap()).collect();
        assert_eq!(from, ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
        assert_eq!(made["Outputs"]["Url"]["Value"], "http://${InternalLoadBalancer.DNSName}");
        assert_eq!(made["Outputs"]["InternalLoadBalancerDnsName"]["Value"], "InternalLoadBalancer.DNSName");
    }
    let both = one(
        "image: i, ports: ['80:3000'], x-tranship: { public: [{ path: /* }, { internal: true, port: 8080 }] }",
        "",
    );
    let made = template(&both);
    assert_eq!(of_type(&made, BALANCER), ["LoadBalancer", "InternalLoadBalancer"]);
    assert_eq!(of_type(&made, GROUP).len(), 2, "a group belongs to one load balancer");
    assert_eq!(properties(&made, "AppService")["LoadBalancers"].as_array().unwrap().len(), 2);
    let few = "services:\n  app: { image: i, ports: ['80:80'], x-tranship: { public: { internal: true } } }\nx-tranship: { network: { vpc: vpc-1, private_subnets: [subnet-1] } }\n";
    assert!(told("fargate", few).contains(&"ecs/subnets".to_owned()));
    let enough = few.replace("[subnet-1]", "[subnet-1, subnet-2]");
    assert!(!told("fargate", &enough).contains(&"ecs/subnets".to_owned()));
}

#[test]
fn networks_are_allowed_by_the_security_group_and_where_they_differ_by_the_rule() {
    let made = template(&one(
        "image: i, ports: ['80:3000'], x-tranship: { public: { allow: [203.0.113.7, '2001:db8::/32'] } }",
        "",
    ));
    let inbound = &properties(&made, "LoadBalancerSecurityGroup")["SecurityGroupIngress"];
    assert_eq!(
        (&inbound[0]["CidrIp"], &inbound[1]["CidrIpv6"]),
        (&json!("203.0.113.7/32"), &json!("2001:db8::/32"))
    );
    assert_eq!(listeners(&made)[0].2, "AppTargetGroup", "one rule for all is no condition");
    let two = "services:\n  web: { image: i, expose: ['80'], x-tranship: { public: true } }\n  admin: { image: i, expose: ['80'], x-tranship: { public: { path: /admin/*, allow: 203.0.113.0/24 } } }\n";
    let made = template(two);
    let inbound = &properties(&made, "LoadBalancerSecurityGroup")["SecurityGroupIngress"];
    assert_eq!((&inbound[0]["CidrIp"], inbound.as_array().unwrap().len()), (&json!("0.0.0.0/0"), 1));
    let rules = of_type(&made, RULE);
    let rule = rules.iter().find(|id| !id.starts_with("PortAttachment")).unwrap();
    let conditions = &properties(&made, rule)["Conditions"];
    assert_eq!(conditions[0]["Field"], "path-pattern");
    assert_eq!(
        conditions[1],
        json!({ "Field": "source-ip", "SourceIpConfig": { "Values": ["203.0.113.0/24"] } })
    );
}

#[test]
fn many_hosts_take_several_rules() {
    let hosts: Vec<String> = (0..7).map(|at| format!("h{at}.example.org")).collect();
    let text = one(
        &format!("image: i, expose: ['80'], x-tranship: {{ public: {{ host: [{}] }} }}", hosts.join(", ")),
        "",
    );
    let made = template(&text);
    let own = of_type(&made, RULE).into_iter().filter(|id| !id.starts_with("PortAttachment"));
    let mut found: Vec<usize> = own
        .map(|id| {
            properties(&made, id)["Conditions"][0]["HostHeaderConfig"]["Values"].as_array().unwrap().len()
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [2, 5]);
    let fixed = text.replace("public: {", "public: { priority: 5,");
    assert!(told("fargate", &fixed).contains(&"ecs/listener-rule".to_owned()));
}

#[test]
fn certificates_of_an_endpoint_make_it_one_of_https() {
    let text = format!(
        "services:\n  shop: {{ image: i, expose: ['80'], x-tranship: {{ public: {{ host: shop.example.org, certificate: ['{CERTIFICATE}', '{OTHER}'] }} }} }}\n  web: {{ image: i, expose: ['80'], x-tranship: {{ public: true }} }}\n"
    );
    let made = template(&text);
    let found: Vec<(u64, String, String)> = listeners(&made);
    assert_eq!(found[0], (80, "HTTP".to_owned(), "WebTargetGroup".to_owned()));
    assert_eq!(found[1], (443, "HTTPS".to_owned(), "fixed-response".to_owned()));
    assert_eq!(
        properties(&made, "HttpsListener")["Certificates"],
        json!([{ "CertificateArn": CERTIFICATE }])
    );
    let further = only(&made, "AWS::ElasticLoadBalancingV2::ListenerCertificate");
    assert_eq!(
        (&further["ListenerArn"], &further["Certificates"]),
        (&json!("HttpsListener"), &json!([{ "CertificateArn": OTHER }]))
    );
    // Its host is redirected, and no other.
    let rules = of_type(&made, RULE).into_iter().map(|id| properties(&made, id));
    let redirect: Vec<&Value> = rules.filter(|it| it["Actions"][0]["Type"] == "redirect").collect();
    assert_eq!(redirect.len(), 1);
    assert_eq!(redirect[0]["Conditions"][0]["HostHeaderConfig"]["Values"], json!(["shop.example.org"]));
    let all = secure("image: i, expose: ['80'], x-tranship: { public: { redirect: false } }");
    assert_eq!(listeners(&template(&all)).len(), 1);
    let two = one(
        "image: i, ports: ['80:80']",
        &format!("x-tranship: {{ https: {{ certificate: '{CERTIFICATE}', certificates: ['{OTHER}'] }} }}\n"),
    );
    assert_eq!(
        only(&template(&two), "AWS::ElasticLoadBalancingV2::ListenerCertificate")["Certificates"],
        json!([{ "CertificateArn": OTHER }])
    );
}

#[test]
fn hosts_have_records_in_a_zone() {
    let text = one(
        "image: i, expose: ['80'], x-tranship: { public: { host: [a.example.org, '*.b.example.org'], zone: Z1 } }",
        &format!(
            "x-tranship: {{ https: {{ certificate: '{CERTIFICATE}', domain: example.org, zone: Z2 }} }}\n"
        ),
    );
    let made = template(&text);
    let mut found: Vec<(String, String)> = of_type(&made, "AWS::Route53::RecordSet")
        .into_iter()
        .map(|id| properties(&made, id))
        .map(|it| (it["Name"].as_str().unwrap().to_owned(), it["HostedZoneId"].as_str().unwrap().to_owned()))
        .collect();
    found.sort();
    let pair = |name: &str, zone: &str| (name.to_owned(), zone.to_owned());
    assert_eq!(
        found,
        [pair("*.b.example.org", "Z1"), pair("a.example.org", "Z1"), pair("example.org", "Z2")]
    );
    let ids = of_type(&made, "AWS::Route53::RecordSet");
    let alias = &properties(&made, ids[0])["AliasTarget"];
    assert_eq!(
        alias,
        &json!({ "DNSName": "LoadBalancer.DNSName", "HostedZoneId": "LoadBalancer.CanonicalHostedZoneID", "EvaluateTargetHealth": false })
    );
    assert_eq!(made["Outputs"]["Url"]["Value"], "https://example.org");
    assert_eq!(made["Outputs"]["AppUrl"]["Value"], "https://a.example.org");
    // One host with two paths has one record; one with two load balancers cannot have any.
    let paths = "services:\n  a: { image: i, expose: ['80'], x-tranship: { public: { host: a.example.org, zone: Z1 } } }\n  b: { image: i, expose: ['80'], x-tranship: { public: { host: a.example.org, path: /b/*, zone: Z1 } } }\n";
    assert_eq!(of_type(&template(paths), "AWS::Route53::RecordSet").len(), 1);
    let differ = paths.replace("path: /b/*", "internal: true");
    assert!(told("fargate", &differ).contains(&"ecs/dns-record".to_owned()));
    let zones = paths.replace("path: /b/*, zone: Z1", "path: /b/*, zone: Z2");
    assert!(told("fargate", &zones).contains(&"ecs/dns-record".to_owned()));
    let nameless = one(
        "image: i, ports: ['80:80']",
        &format!("x-tranship: {{ https: {{ certificate: '{CERTIFICATE}', zone: Z2 }} }}\n"),
    );
    assert!(told("fargate", &nameless).contains(&"ecs/dns-record".to_owned()));
}

#[test]
fn every_address_is_an_output() {
    let text = "services:\n  web: { image: i, expose: ['80'], x-tranship: { public: [{ path: /* }, { path: [/v1/*, /v2/*] }, { port: 8080 }] } }\n  mqtt: { image: i, expose: ['1883'], x-tranship: { public: { protocol: tcp } } }\n";
    let made = template(text);
    let outputs = made["Outputs"].as_object().unwrap();
    let mut urls: Vec<&str> = outputs
        .iter()
        .filter(|(id, _)| id.ends_with("Url"))
        .map(|(_, output)| output["Value"].as_str().unwrap())
        .collect();
    urls.sort_unstable();
    assert_eq!(
        urls,
        [
            "http://${LoadBalancer.DNSName}",
            "http://${LoadBalancer.DNSName}",
            "http://${LoadBalancer.DNSName}/v1/",
            "http://${LoadBalancer.DNSName}:8080",
            "tcp://${NetworkLoadBalancer.DNSName}:1883",
        ]
    );
    for (id, value) in [
        ("LoadBalancerDnsName", "LoadBalancer.DNSName"),
        ("LoadBalancerHostedZoneId", "LoadBalancer.CanonicalHostedZoneID"),
        ("NetworkLoadBalancerDnsName", "NetworkLoadBalancer.DNSName"),
        ("NetworkLoadBalancerHostedZoneId", "NetworkLoadBalancer.CanonicalHostedZoneID"),
    ] {
        assert_eq!(outputs[id]["Value"], value, "{id}");
    }
}

#[test]
fn settings_of_a_target_group_are_written_out() {
    let made = template(&one(
        "image: i, ports: ['80:80'], x-tranship: { public: { sticky: true, slow_start: 60, idle_timeout: 5000, health_check: { interval: 20, timeout: 7, healthy: 4, unhealthy: 6 } } }",
        "",
    ));
    let group = only(&made, GROUP);
    assert_eq!(
        attributes(&group["TargetGroupAttributes"]),
        [
            "deregistration_delay.timeout_seconds=30",
            "slow_start.duration_seconds=60",
            "stickiness.enabled=true",
            "stickiness.type=lb_cookie",
            "stickiness.lb_cookie.duration_seconds=86400",
        ]
    );
    for (key, value) in [
        ("HealthCheckIntervalSeconds", 20),
        ("HealthCheckTimeoutSeconds", 7),
        ("HealthyThresholdCount", 4),
        ("UnhealthyThresholdCount", 6),
    ] {
        assert_eq!(group[key], value, "{key}");
    }
    let balancer = attributes(&only(&made, BALANCER)["LoadBalancerAttributes"]);
    assert!(balancer.contains(&"idle_timeout.timeout_seconds=4000".to_owned()), "{balancer:?}");
    assert_eq!(properties(&made, "AppService")["HealthCheckGracePeriodSeconds"], 87);
    let two = "services:\n  a: { image: i, expose: ['80'], x-tranship: { public: { path: /a, idle_timeout: 90 } } }\n  b: { image: i, expose: ['80'], x-tranship: { public: { path: /b, idle_timeout: 120 } } }\n";
    assert!(
        attributes(&only(&template(two), BALANCER)["LoadBalancerAttributes"])
            .contains(&"idle_timeout.timeout_seconds=120".to_owned())
    );
    let general = |app: &str| {
        let made = template(&one(app, "x-tranship: { idle_timeout: 240 }\n"));
        attributes(&only(&made, BALANCER)["LoadBalancerAttributes"])[1].clone()
    };
    assert_eq!(general("image: i, ports: ['80:80']"), "idle_timeout.timeout_seconds=240");
    let own = "image: i, ports: ['80:80'], x-tranship: { public: { idle_timeout: 90 } }";
    assert_eq!(general(own), "idle_timeout.timeout_seconds=90", "an endpoint has the last word");
    let tcp = |seconds: u32| {
        let made = template(&one(
            &format!(
                "image: i, expose: ['1883'], x-tranship: {{ public: {{ protocol: tcp, idle_timeout: {seconds} }} }}"
            ),
            "",
        ));
        let ids = of_type(&made, LISTENER);
        let own = ids.into_iter().find(|id| !id.contains("Attachment")).unwrap();
        attributes(&properties(&made, own)["ListenerAttributes"])
    };
    assert_eq!(tcp(600), ["tcp.idle_timeout.seconds=600"]);
    assert_eq!(tcp(5), ["tcp.idle_timeout.seconds=60"]);
}

/// A container gets its start period, and then the checks that it takes to be found healthy.
#[test]
fn a_slow_start_is_waited_for() {
    let grace = |service: &str| {
        let made = template(&one(&format!("image: i, ports: ['80:80'], {service}"), ""));
        properties(&made, "AppService")["HealthCheckGracePeriodSeconds"].as_u64().unwrap()
    };
    assert_eq!(grace("restart: always"), 60);
    assert_eq!(grace("healthcheck: { test: 'true', start_period: 120s }"), 155);
    assert_eq!(grace("x-tranship: { public: { health_check: { healthy: 10, interval: 30 } } }"), 305);
    assert_eq!(grace("healthcheck: { test: 'true', start_period: 3h }"), 3_600);
}

/// ECS tells the load balancer of a container by a mapping of the port.
#[test]
fn a_public_port_is_mapped_whether_the_manifest_lists_it_or_not() {
    for (service, port) in [
        ("image: nginx, x-tranship: { public: true }", 80),
        ("image: i, x-tranship: { public: { container_port: 9000 } }", 9000),
    ] {
        let (ports, _) = mapping(&template(&one(service, "")));
        assert_eq!((ports.as_array().unwrap().len(), &ports[0]["ContainerPort"]), (1, &json!(port)));
    }
}

/// Old and new requests never go to a group without targets: what is open waits for the service, which waits for the
/// listener that ties its group to the load balancer.
#[test]
fn what_is_open_waits_for_its_service() {
    let made =
        template(&one("image: i, ports: ['1883:1883'], x-tranship: { public: { protocol: tcp } }", ""));
    let ids = of_type(&made, LISTENER);
    let attachment = ids.iter().find(|id| id.contains("Attachment")).unwrap();
    let open = ids.iter().find(|id| !id.contains("Attachment")).unwrap();
    assert_eq!(made["Resources"][*open]["DependsOn"], "AppService");
    let waits = made["Resources"]["AppService"]["DependsOn"].as_array().unwrap();
    assert!(waits.contains(&json!(attachment)), "{waits:?}");
    let port = properties(&made, attachment)["Port"].as_u64().unwrap();
    assert!((49_152..=65_535).contains(&port));
}
