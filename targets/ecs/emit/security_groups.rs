//! Security groups, and a rule on both ends for every edge.
//!
//! A rule between two groups is a resource of its own: groups that name each other would be a cycle.

use super::super::plan::{
    EcsPlan, InboundPort, OutboundDestination, OutboundRule, OutsideRule, SecurityGroup, SecurityGroupRule,
};
use super::TracedResource;
use tranship_app::{NetworkRange, PortRange};
use tranship_cloudformation::{PropertyMap, Resource, Template, list, props};
use tranship_facts::TransportProtocol;

/// Adds groups and rules.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for group in &plan.security_groups {
        let resource = security_group(plan, group).traced(&group.from);
        template.add(&group.id, resource);
    }
    for rule in &plan.security_group_rules {
        template.add(&rule.ingress(), ingress(rule).traced(&rule.from));
        template.add(&rule.egress(), egress(rule).traced(&rule.from));
    }
    for rule in &plan.outside_rules {
        template.add(&rule.id(), outside(rule).traced(&rule.from));
    }
}

fn outside(rule: &OutsideRule) -> Resource {
    let properties = props! {
        "GroupId" => rule.group.as_str(),
        "SourceSecurityGroupId" => rule.source.att("GroupId"),
        "IpProtocol" => rule.protocol.as_str(),
        "FromPort" => rule.port,
        "ToPort" => rule.port,
        "Description" => rule.description.as_str(),
    };
    Resource::new("AWS::EC2::SecurityGroupIngress", properties)
}

fn security_group(plan: &EcsPlan, group: &SecurityGroup) -> Resource {
    let outbound = group.outbound.iter().map(outward);
    let inbound = group.inbound.iter().map(inward);
    let mut properties = PropertyMap::new()
        .with("GroupDescription", group.description.as_str())
        .with("VpcId", &plan.network.vpc)
        .with_list("SecurityGroupIngress", inbound)
        .with_list("SecurityGroupEgress", outbound);
    if group.outbound.is_empty() {
        // A group without an egress rule of its own is given one that allows everything.
        let nothing = props! {
            "CidrIp" => "127.0.0.1/32",
            "IpProtocol" => "-1",
            "Description" => "Nothing but what the rules of this stack allow",
        };
        properties.set("SecurityGroupEgress", list![nothing]);
    }
    Resource::new("AWS::EC2::SecurityGroup", properties)
}

fn outward(rule: &OutboundRule) -> PropertyMap {
    let key = match rule.to {
        OutboundDestination::Ipv4(_) => "CidrIp",
        OutboundDestination::Ipv6(_) => "CidrIpv6",
    };
    // A protocol without ports is written with all of them; every protocol is `-1`, without ports.
    let whole = PortRange { first: 0, last: u16::MAX };
    let ports = rule.ports.or(rule.protocol.map(|_| whole));
    PropertyMap::new()
        .with(key, rule.to.as_str())
        .with("IpProtocol", rule.protocol.map_or("-1", TransportProtocol::as_str))
        .with_some("FromPort", ports.map(|ports| ports.first))
        .with_some("ToPort", ports.map(|ports| ports.last))
        .with("Description", rule.reason.why.as_str())
}

fn inward(rule: &InboundPort) -> PropertyMap {
    let key = match rule.network {
        NetworkRange::Ipv4(_) => "CidrIp",
        NetworkRange::Ipv6(_) => "CidrIpv6",
    };
    props! {
        key => rule.network.as_str(),
        "IpProtocol" => rule.protocol.as_str(),
        "FromPort" => rule.port,
        "ToPort" => rule.port,
        "Description" => rule.description.as_str(),
    }
}

fn ports(rule: &SecurityGroupRule) -> PropertyMap {
    props! {
        "IpProtocol" => rule.protocol.as_str(),
        "FromPort" => rule.ports.first,
        "ToPort" => rule.ports.last,
        "Description" => rule.description.as_str(),
    }
}

fn ingress(rule: &SecurityGroupRule) -> Resource {
    let mut properties = props! { "GroupId" => rule.destination.att("GroupId"), "SourceSecurityGroupId" => rule.source.att("GroupId") };
    properties.extend(ports(rule));
    Resource::new("AWS::EC2::SecurityGroupIngress", properties)
}

fn egress(rule: &SecurityGroupRule) -> Resource {
    let mut properties = props! { "GroupId" => rule.source.att("GroupId"), "DestinationSecurityGroupId" => rule.destination.att("GroupId") };
    properties.extend(ports(rule));
    Resource::new("AWS::EC2::SecurityGroupEgress", properties)
}
