//! Load balancers: listeners, their rules, target groups, DNS records, and the outputs with their addresses.

use super::super::plan::{
    BalancerKind, DnsRecordPlan, EcsPlan, HealthRequest, ListenerAction, ListenerPlan, ListenerProtocol,
    ListenerRulePlan, LoadBalancerPlan, TargetGroupPlan,
};
use super::TracedResource;
use std::collections::BTreeMap;
use tranship_app::{NetworkRange, PublicProtocol};
use tranship_cloudformation::{
    LogicalId, PropertyMap, Resource, ResourceRole, Template, TemplateOutput, TemplateValue, list, props,
};
use tranship_facts::quotas::load_balancing::SSL_POLICY;

/// Seconds a target keeps its connections after it was taken out. The default of 300 makes deployments look stuck.
const DRAINING: u32 = 30;

/// The port of every target group: ECS registers each task with its own. Another one would be another group.
const GROUP_PORT: u16 = 80;

/// Seconds that the cookie of a client lives: a day, as Elastic Load Balancing has it.
const COOKIE: u32 = 86_400;

/// Adds the load balancers, if something is public.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let door = &plan.front_door;
    for balancer in &door.balancers {
        template.add(&balancer.id(), load_balancer(plan, balancer).traced(&balancer.from));
    }
    for target in plan.services.iter().flat_map(|service| &service.targets) {
        template.add(&target.id, target_group(plan, target).traced(&target.from));
    }
    let serving = plan.serving();
    for balancer in &door.balancers {
        balancer_listeners(&serving, balancer, template);
    }
    for record in &door.records {
        template.add(&record.id(), dns_record(record).traced(&record.from));
    }
    outputs(plan, template);
}

/// The service that serves what a target group gets.
type ServingServices<'p> = BTreeMap<&'p LogicalId, LogicalId>;

fn balancer_listeners(serving: &ServingServices<'_>, balancer: &LoadBalancerPlan, template: &mut Template) {
    for attachment in &balancer.attachments {
        template.add(&attachment.id, listener(balancer, attachment).traced(&balancer.from));
        for rule in &attachment.rules {
            template.add(&rule.id, listener_rule(&attachment.id, rule).traced(&rule.from));
        }
    }
    for one in &balancer.listeners {
        let served = action_after(serving, balancer, &one.default);
        template.add(&one.id, listener(balancer, one).depends_on_all(&served).traced(&balancer.from));
        for certificate in &one.certificates {
            let properties = props! {
                "ListenerArn" => one.id.reference(),
                "Certificates" => list![props! { "CertificateArn" => certificate.arn.as_str() }],
            };
            let resource = Resource::new("AWS::ElasticLoadBalancingV2::ListenerCertificate", properties);
            template.add(&certificate.id, resource.traced(&balancer.from));
        }
        for rule in &one.rules {
            let served = action_after(serving, balancer, &rule.action);
            let resource = listener_rule(&one.id, rule).depends_on_all(&served);
            template.add(&rule.id, resource.traced(&rule.from));
        }
    }
}

/// The addresses of the application, of its endpoints, and of the load balancers.
fn outputs(plan: &EcsPlan, template: &mut Template) {
    let door = &plan.front_door;
    if let Some(url) = &door.url {
        let output = TemplateOutput::new("Address of the application", url.clone());
        template.add_output(&LogicalId::only(ResourceRole::Url), output);
    }
    for address in &door.addresses {
        let output = TemplateOutput::new(address.description.as_str(), address.url.clone());
        template.add_output(&address.id, output);
    }
    for balancer in &door.balancers {
        let name = balancer.kind.describe();
        for (role, attribute, what) in [
            (ResourceRole::LoadBalancerDnsName, "DNSName", "DNS name"),
            (
                ResourceRole::LoadBalancerHostedZoneId,
                "CanonicalHostedZoneID",
                "hosted zone id, for alias records",
            ),
        ] {
            let output = TemplateOutput::new(format!("{name}: {what}"), balancer.id().att(attribute));
            template.add_output(&balancer.kind.id(role), output);
        }
    }
}

/// What must be there before requests come: the service that answers them, or the listener that they are sent to.
fn action_after(
    serving: &ServingServices<'_>,
    balancer: &LoadBalancerPlan,
    action: &ListenerAction,
) -> Option<LogicalId> {
    match action {
        ListenerAction::Forward(target) => serving.get(target).cloned(),
        ListenerAction::Redirect(port) => {
            balancer.listeners.iter().find(|other| other.port == *port).map(|other| other.id.clone())
        }
        ListenerAction::NotFound => None,
    }
}

fn attribute(key: &str, value: impl ToString) -> PropertyMap {
    props! { "Key" => key, "Value" => value.to_string() }
}

/// Elastic Load Balancing keeps an attribute that an update does not name, so each is written out.
fn load_balancer(plan: &EcsPlan, balancer: &LoadBalancerPlan) -> Resource {
    let kind = balancer.kind;
    let protection = attribute("deletion_protection.enabled", balancer.protected);
    let attributes = match kind.network {
        false => list![
            protection,
            attribute("idle_timeout.timeout_seconds", balancer.idle_timeout),
            attribute("routing.http.drop_invalid_header_fields.enabled", true),
        ],
        true => list![protection, attribute("load_balancing.cross_zone.enabled", true)],
    };
    let resource = Resource::new(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        props! {
            "Type" => kind.as_str(),
            "Scheme" => kind.scheme(),
            "Subnets" => if kind.internal { &plan.network.private } else { &plan.network.public },
            "SecurityGroups" => list![security_group(kind).att("GroupId")],
            "LoadBalancerAttributes" => attributes,
        },
    );
    resource.depends_on_all(&plan.network.after)
}

fn security_group(kind: BalancerKind) -> LogicalId {
    kind.id(ResourceRole::LoadBalancerSecurityGroup)
}

fn target_group(plan: &EcsPlan, target: &TargetGroupPlan) -> Resource {
    // `HTTP1` goes without saying, and a version that is written out would be another group for a stack that runs.
    let (protocol, version) = match target.protocol {
        PublicProtocol::Http => ("HTTP", None),
        PublicProtocol::Https => ("HTTPS", None),
        PublicProtocol::Http2 => ("HTTP", Some("HTTP2")),
        PublicProtocol::Grpc => ("HTTP", Some("GRPC")),
        PublicProtocol::Tcp | PublicProtocol::Tls => ("TCP", None),
        PublicProtocol::Udp => ("UDP", None),
    };
    let health = &target.health;
    let port = health.port.map_or_else(|| "traffic-port".to_owned(), |port| port.to_string());
    let asked = match &health.request {
        None => "TCP",
        Some(HealthRequest { tls: true, .. }) => "HTTPS",
        Some(_) => "HTTP",
    };
    let mut properties = PropertyMap::new()
        .with("TargetType", target.target_type.as_str())
        .with("VpcId", &plan.network.vpc)
        .with("Protocol", protocol)
        .with_some("ProtocolVersion", version)
        .with("Port", GROUP_PORT)
        .with("HealthCheckProtocol", asked)
        .with("HealthCheckPort", port);
    if let Some(request) = &health.request {
        properties.set("HealthCheckPath", request.path.as_str());
        let codes = if request.grpc { "GrpcCode" } else { "HttpCode" };
        properties.set("Matcher", props! { codes => request.codes.as_str() });
    }
    properties.set("HealthCheckIntervalSeconds", health.interval);
    properties.set("HealthCheckTimeoutSeconds", health.timeout);
    properties.set("HealthyThresholdCount", health.healthy);
    properties.set("UnhealthyThresholdCount", health.unhealthy);
    properties.set("TargetGroupAttributes", target_attributes(target));
    Resource::new("AWS::ElasticLoadBalancingV2::TargetGroup", properties)
}

/// Each is written out, since one that is missing stays as it is.
fn target_attributes(target: &TargetGroupPlan) -> TemplateValue {
    let draining = attribute("deregistration_delay.timeout_seconds", DRAINING);
    match target.balancer.network {
        false => list![
            draining,
            attribute("slow_start.duration_seconds", target.slow_start),
            attribute("stickiness.enabled", target.sticky),
            attribute("stickiness.type", "lb_cookie"),
            attribute("stickiness.lb_cookie.duration_seconds", COOKIE),
        ],
        // A connection that outlives its container would hang: the client is told, and connects anew.
        true => list![
            draining,
            attribute("deregistration_delay.connection_termination.enabled", true),
            attribute("preserve_client_ip.enabled", true),
            attribute("stickiness.enabled", target.sticky),
            attribute("stickiness.type", "source_ip"),
        ],
    }
}

fn listener(balancer: &LoadBalancerPlan, listener: &ListenerPlan) -> Resource {
    let mut properties = props! { "LoadBalancerArn" => balancer.id().reference(), "Port" => listener.port };
    properties.set("Protocol", listener.protocol.as_str());
    match &listener.protocol {
        ListenerProtocol::Http | ListenerProtocol::Udp => {}
        ListenerProtocol::Https(certificate) | ListenerProtocol::Tls(certificate) => {
            properties.set("SslPolicy", SSL_POLICY);
            properties.set("Certificates", list![props! { "CertificateArn" => certificate }]);
        }
        ListenerProtocol::Tcp(idle) => {
            properties.set("ListenerAttributes", list![attribute("tcp.idle_timeout.seconds", idle)]);
        }
    }
    properties.set("DefaultActions", list![action(&listener.default)]);
    Resource::new("AWS::ElasticLoadBalancingV2::Listener", properties)
}

fn action(action: &ListenerAction) -> PropertyMap {
    match action {
        ListenerAction::Forward(target) => {
            props! { "Type" => "forward", "TargetGroupArn" => target.reference() }
        }
        ListenerAction::Redirect(port) => props! {
            "Type" => "redirect",
            "RedirectConfig" => props! {
                "Protocol" => "HTTPS",
                "Port" => port.to_string(),
                "StatusCode" => "HTTP_301",
            },
        },
        ListenerAction::NotFound => props! {
            "Type" => "fixed-response",
            "FixedResponseConfig" => props! { "StatusCode" => "404", "ContentType" => "text/plain", "MessageBody" => "not found" },
        },
    }
}

fn listener_rule(listener: &LogicalId, rule: &ListenerRulePlan) -> Resource {
    let condition = |field: &str, config: &'static str, values: Vec<String>| {
        (!values.is_empty()).then(|| props! { "Field" => field, config => props! { "Values" => values } })
    };
    let networks = rule.networks.iter().map(NetworkRange::as_str).map(str::to_owned).collect();
    let conditions = [
        condition("host-header", "HostHeaderConfig", rule.hosts.clone()),
        condition("path-pattern", "PathPatternConfig", rule.paths.clone()),
        condition("source-ip", "SourceIpConfig", networks),
    ];
    Resource::new(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        props! {
            "ListenerArn" => listener.reference(),
            "Priority" => rule.priority,
            "Conditions" => conditions.into_iter().flatten().collect::<TemplateValue>(),
            "Actions" => list![action(&rule.action)],
        },
    )
}

/// An alias, which costs nothing and follows the addresses of the load balancer.
fn dns_record(record: &DnsRecordPlan) -> Resource {
    let balancer = record.balancer.id(ResourceRole::LoadBalancer);
    let resource = Resource::new(
        "AWS::Route53::RecordSet",
        props! {
            "HostedZoneId" => record.zone.as_str(),
            "Name" => record.name.as_str(),
            "Type" => "A",
            "AliasTarget" => props! {
                "DNSName" => balancer.att("DNSName"),
                "HostedZoneId" => balancer.att("CanonicalHostedZoneID"),
                "EvaluateTargetHealth" => false,
            },
        },
    );
    resource.depends_on_all(&record.after)
}
