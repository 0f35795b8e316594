//! The load balancer: listeners, their rules, target groups, and the output with its address.

use super::super::plan::{
    DefaultAction, EcsPlan, ListenerPlan, ListenerProtocol, ListenerRulePlan, LoadBalancerPlan,
    TargetGroupPlan,
};
use super::TracedResource;
use tranship_cloudformation::{
    LogicalId, PropertyMap, Resource, ResourceRole, Template, TemplateOutput, TemplateValue, list, props,
};
use tranship_facts::quotas::load_balancing::SSL_POLICY;

/// Seconds a target keeps its connections after it was taken out. The default of 300 makes deployments look stuck.
const DRAINING: &str = "30";

/// The port of every target group: ECS registers each task with its own. Another one would be another group.
const GROUP_PORT: u16 = 80;

/// Adds the load balancer, if something is public.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let Some(balancer) = &plan.load_balancer else { return };
    let id = LogicalId::only(ResourceRole::LoadBalancer);
    template.add(&id, load_balancer(plan, balancer).traced(&balancer.from));
    for service in &plan.services {
        for target in &service.targets {
            template.add(&target.id, target_group(plan, target).traced(&target.from));
        }
    }
    let attachment = &balancer.attachment;
    template.add(&attachment.id, self::listener(&id, attachment).traced(&balancer.from));
    for rule in &attachment.rules {
        template.add(&rule.id, listener_rule(&attachment.id, rule).traced(&rule.from));
    }
    for listener in &balancer.listeners {
        let served = listener_after(plan, balancer, listener);
        let resource = self::listener(&id, listener).depends_on_all(&served).traced(&balancer.from);
        template.add(&listener.id, resource);
        for rule in &listener.rules {
            let resource = listener_rule(&listener.id, rule).depends_on_all(&plan.served_by(&rule.target));
            template.add(&rule.id, resource.traced(&rule.from));
        }
    }
    template.add_output(
        &LogicalId::only(ResourceRole::Url),
        TemplateOutput::new("Address of the application", balancer.url.clone()),
    );
}

/// What must be there before requests come: the service that answers them, or the listener that they are sent to.
fn listener_after(plan: &EcsPlan, balancer: &LoadBalancerPlan, listener: &ListenerPlan) -> Option<LogicalId> {
    match &listener.default {
        DefaultAction::Forward(target) => plan.served_by(target),
        DefaultAction::Redirect(port) => {
            balancer.listeners.iter().find(|other| other.port == *port).map(|other| other.id.clone())
        }
        DefaultAction::NotFound => None,
    }
}

fn load_balancer(plan: &EcsPlan, balancer: &LoadBalancerPlan) -> Resource {
    let attribute = |key: &str, value: bool| props! { "Key" => key, "Value" => value.to_string() };
    let resource = Resource::new(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        props! {
            "Type" => "application",
            "Scheme" => "internet-facing",
            "Subnets" => &plan.network.public,
            "SecurityGroups" => list![LogicalId::only(ResourceRole::LoadBalancerSecurityGroup).att("GroupId")],
            "LoadBalancerAttributes" => list![
                attribute("deletion_protection.enabled", balancer.protected),
                attribute("routing.http.drop_invalid_header_fields.enabled", true),
            ],
        },
    );
    resource.depends_on_all(&plan.network.after)
}

fn target_group(plan: &EcsPlan, target: &TargetGroupPlan) -> Resource {
    Resource::new(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        props! {
            "TargetType" => target.target_type.as_str(),
            "VpcId" => &plan.network.vpc,
            "Protocol" => "HTTP",
            "Port" => GROUP_PORT,
            "HealthCheckPort" => "traffic-port",
            "HealthCheckPath" => target.health_path.as_str(),
            "HealthCheckIntervalSeconds" => target.health_interval,
            "Matcher" => props! { "HttpCode" => target.health_codes.as_str() },
            "TargetGroupAttributes" => list![props! {
                "Key" => "deregistration_delay.timeout_seconds",
                "Value" => DRAINING,
            }],
        },
    )
}

fn listener(balancer: &LogicalId, listener: &ListenerPlan) -> Resource {
    let mut properties = props! { "LoadBalancerArn" => balancer.reference(), "Port" => listener.port };
    match &listener.protocol {
        ListenerProtocol::Http => {
            properties.set("Protocol", "HTTP");
        }
        ListenerProtocol::Https(certificate) => {
            properties.set("Protocol", "HTTPS");
            properties.set("SslPolicy", SSL_POLICY);
            properties.set("Certificates", list![props! { "CertificateArn" => certificate }]);
        }
    }
    properties.set("DefaultActions", list![action(&listener.default)]);
    Resource::new("AWS::ElasticLoadBalancingV2::Listener", properties)
}

fn action(action: &DefaultAction) -> PropertyMap {
    match action {
        DefaultAction::Forward(target) => forward(target),
        DefaultAction::Redirect(port) => props! {
            "Type" => "redirect",
            "RedirectConfig" => props! {
                "Protocol" => "HTTPS",
                "Port" => port.to_string(),
                "StatusCode" => "HTTP_301",
            },
        },
        DefaultAction::NotFound => props! {
            "Type" => "fixed-response",
            "FixedResponseConfig" => props! { "StatusCode" => "404", "ContentType" => "text/plain", "MessageBody" => "not found" },
        },
    }
}

fn forward(target: &LogicalId) -> PropertyMap {
    props! { "Type" => "forward", "TargetGroupArn" => target.reference() }
}

fn listener_rule(listener: &LogicalId, rule: &ListenerRulePlan) -> Resource {
    let condition = |field: &str, config: &str, values: &[String]| {
        (!values.is_empty())
            .then(|| props! { "Field" => field, config => props! { "Values" => values.to_vec() } })
    };
    let conditions = [
        condition("host-header", "HostHeaderConfig", &rule.hosts),
        condition("path-pattern", "PathPatternConfig", &rule.paths),
    ];
    Resource::new(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        props! {
            "ListenerArn" => listener.reference(),
            "Priority" => rule.priority,
            "Conditions" => conditions.into_iter().flatten().collect::<TemplateValue>(),
            "Actions" => list![forward(&rule.target)],
        },
    )
}
