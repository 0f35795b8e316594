//! Security groups and the rules between them.

use std::borrow::Cow;
use tranship_app::{EgressTarget, ManifestName, NetworkRange, PortRange};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::TransportProtocol;
use tranship_frontend::yaml::NodeId;

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: LogicalId,
    /// `GroupDescription`; a change of it replaces the group.
    pub description: String,
    /// What it may reach outside of the application.
    pub outbound: Vec<OutboundRule>,
    /// Who may reach it from outside of the application, and on which ports.
    pub inbound: Vec<InboundPort>,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// A port that a network may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundPort {
    /// The network.
    pub network: NetworkRange,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// The port.
    pub port: u16,
    /// What for.
    pub description: String,
}

/// What may be reached outside of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRule {
    /// The addresses.
    pub to: OutboundDestination,
    /// The ports; nothing means all.
    pub ports: Option<PortRange>,
    /// TCP or UDP; nothing means every protocol.
    pub protocol: Option<TransportProtocol>,
    /// What for.
    pub reason: OutboundReason,
}

impl OutboundRule {
    /// What it opens, and to whom: EC2 rejects duplicates.
    pub fn opened(&self) -> (String, Option<(u16, u16)>, Option<TransportProtocol>) {
        (self.to.as_str().to_owned(), self.ports.map(|ports| (ports.first, ports.last)), self.protocol)
    }

    /// The protocol in words.
    pub fn protocol_name(&self) -> &'static str {
        self.protocol.map_or("all", TransportProtocol::as_str)
    }
}

/// Addresses outside of the application, in CIDR notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboundDestination {
    /// IPv4.
    Ipv4(Cow<'static, str>),
    /// IPv6.
    Ipv6(Cow<'static, str>),
}

impl OutboundDestination {
    /// Every IPv4 address.
    pub const ANY_IPV4: OutboundDestination = OutboundDestination::Ipv4(Cow::Borrowed("0.0.0.0/0"));
    /// Every IPv6 address.
    pub const ANY_IPV6: OutboundDestination = OutboundDestination::Ipv6(Cow::Borrowed("::/0"));

    /// The addresses of a setting; a host name has any.
    pub fn of(target: &EgressTarget) -> Self {
        match target {
            EgressTarget::Ipv4(range) => OutboundDestination::Ipv4(range.clone().into()),
            EgressTarget::Ipv6(range) => OutboundDestination::Ipv6(range.clone().into()),
            EgressTarget::Host(_) => OutboundDestination::ANY_IPV4,
        }
    }

    /// The range.
    pub fn as_str(&self) -> &str {
        match self {
            OutboundDestination::Ipv4(range) | OutboundDestination::Ipv6(range) => range,
        }
    }
}

/// Why something is reachable outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundReason {
    /// In words, as a description of the rule.
    pub why: String,
    /// What says so in the manifest.
    pub node: Option<NodeId>,
}

impl OutboundReason {
    /// A reason that does not come from the manifest.
    pub fn plain(why: &str) -> Self {
        OutboundReason { why: why.to_owned(), node: None }
    }
}

/// One group may reach another: an ingress and an egress resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupRule {
    /// The group that connects.
    pub source: LogicalId,
    /// The group connected to.
    pub destination: LogicalId,
    /// The ports that may be reached.
    pub ports: PortRange,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// The tasks that connect by it, or that a load balancer reaches by it. Others that share their group need not wait for it.
    pub awaited_by: Vec<ManifestName>,
    /// What for.
    pub description: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// A rule that lets a group of the stack into a group that exists.
#[derive(Debug, Clone)]
pub struct OutsideRule {
    /// The group that connects.
    pub source: LogicalId,
    /// The id of the group connected to.
    pub group: String,
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// The service in whose place the group stands.
    pub to: String,
    /// What for.
    pub description: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

impl OutsideRule {
    /// The id of the rule.
    pub fn id(&self) -> LogicalId {
        let source = self.source.as_str().trim_end_matches("SecurityGroup");
        LogicalId::of_parts(&[&self.to, "From", source], ResourceRole::Ingress)
    }
}

impl SecurityGroupRule {
    /// The id of the rule that lets the connection in.
    pub fn ingress(&self) -> LogicalId {
        self.id(ResourceRole::Ingress)
    }

    /// The id of the rule that lets the connection out.
    pub fn egress(&self) -> LogicalId {
        self.id(ResourceRole::Egress)
    }

    fn id(&self, role: ResourceRole) -> LogicalId {
        let short = |id: &LogicalId| id.as_str().trim_end_matches("SecurityGroup").to_owned();
        let PortRange { first, last } = self.ports;
        let mut names =
            vec![short(&self.destination), "From".to_owned(), short(&self.source), first.to_string()];
        if first != last {
            names.push(last.to_string());
        }
        names.push(self.protocol.as_str().to_owned());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        LogicalId::of_parts(&names, role)
    }
}
