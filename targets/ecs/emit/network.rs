//! Security groups, and a rule on both ends for every edge.
//!
//! A rule between two groups is a resource of its own: groups that name each other would be a cycle.

use super::super::plan::{EcsPlan, Group, Rule};
use super::Traced;
use tranship_cloudformation::{LogicalId, Map, Resource, Role, Template, list, props};

/// Adds groups and rules.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for group in &plan.groups {
        let resource = security_group(plan, group).traced(&group.from);
        template.add(&group.id, resource);
    }
    for rule in &plan.rules {
        template.add(&rule.ingress(), ingress(rule).traced(&rule.origin));
        template.add(&rule.egress(), egress(rule).traced(&rule.origin));
    }
}

fn security_group(plan: &EcsPlan, group: &Group) -> Resource {
    let outbound = group.outbound.iter().map(|it| anywhere(it.port, it.protocol.as_str(), &it.description));
    let inbound = group.inbound.iter().map(|it| anywhere(it.port, "tcp", &it.description));
    let mut properties = Map::new()
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

fn anywhere(port: u16, protocol: &str, description: &str) -> Map {
    props! {
        "CidrIp" => "0.0.0.0/0",
        "IpProtocol" => protocol,
        "FromPort" => port,
        "ToPort" => port,
        "Description" => description,
    }
}

impl Rule {
    /// The id of the rule that lets the connection in.
    pub fn ingress(&self) -> LogicalId {
        self.id(Role::Ingress)
    }

    /// The id of the rule that lets the connection out.
    pub fn egress(&self) -> LogicalId {
        self.id(Role::Egress)
    }

    fn id(&self, role: Role) -> LogicalId {
        let short = |id: &LogicalId| id.as_str().trim_end_matches("SecurityGroup").to_owned();
        let (first, last) = self.ports;
        let names =
            [short(&self.to), "From".to_owned(), short(&self.from), first.to_string(), last.to_string()];
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        if first == last {
            names.pop();
        }
        names.push(self.protocol.as_str());
        LogicalId::of_parts(&names, role)
    }
}

fn ports(rule: &Rule) -> Map {
    props! {
        "IpProtocol" => rule.protocol.as_str(),
        "FromPort" => rule.ports.0,
        "ToPort" => rule.ports.1,
        "Description" => rule.description.as_str(),
    }
}

fn ingress(rule: &Rule) -> Resource {
    let mut properties =
        props! { "GroupId" => rule.to.att("GroupId"), "SourceSecurityGroupId" => rule.from.att("GroupId") };
    properties.extend(ports(rule));
    Resource::new("AWS::EC2::SecurityGroupIngress", properties)
}

fn egress(rule: &Rule) -> Resource {
    let mut properties = props! { "GroupId" => rule.from.att("GroupId"), "DestinationSecurityGroupId" => rule.to.att("GroupId") };
    properties.extend(ports(rule));
    Resource::new("AWS::EC2::SecurityGroupEgress", properties)
}
