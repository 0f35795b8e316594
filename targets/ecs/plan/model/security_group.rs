//! Security groups and the rules between them.

use tranship_app::PortRange;
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::TransportProtocol;

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: LogicalId,
    /// `GroupDescription`; a change of it replaces the group.
    pub description: String,
    /// What it may reach outside of the application.
    pub outbound: Vec<OutboundPort>,
    /// The ports on which anyone may reach it.
    pub inbound: Vec<InboundPort>,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// A port that anyone may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboundPort {
    /// The port.
    pub port: u16,
    /// What for.
    pub description: String,
}

/// A port that may be reached anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutboundPort {
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// What for.
    pub description: String,
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
    /// What for.
    pub description: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
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
