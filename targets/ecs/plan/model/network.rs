//! The network: where tasks run, who may reach whom, under which names.

use tranship_app::Name;
use tranship_cloudformation::{LogicalId, Value};
use tranship_facts::TransportProtocol;

/// The VPC and the subnets, as values for the template.
#[derive(Debug, Clone)]
pub struct Network {
    /// The VPC's id.
    pub vpc: Value,
    /// Subnets of the load balancer: a list.
    pub public: Value,
    /// Subnets of tasks and databases: a list.
    pub private: Value,
    /// How many private subnets there are, where it is known.
    pub private_count: Option<usize>,
    /// The NAT gateways of a network that the stack makes itself; nothing where it uses another.
    pub created: Option<usize>,
    /// What must exist before something in it reaches the internet.
    pub after: Vec<LogicalId>,
}

/// The private DNS namespace.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// `services.example.org`.
    pub name: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// Services that are found by name, in the manifest's order.
    pub services: Vec<Discovered>,
}

/// A discovery service.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The Compose service.
    pub service: Name,
    /// Its label in the namespace.
    pub label: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// A security group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: LogicalId,
    /// `GroupDescription`; a change of it replaces the group.
    pub description: String,
    /// What it may reach outside of the application.
    pub outbound: Vec<Outbound>,
    /// Who outside of the application may reach it.
    pub inbound: Vec<Inbound>,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// Ports that anyone may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inbound {
    /// The port.
    pub port: u16,
    /// What for.
    pub description: String,
}

/// Ports that may be reached anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outbound {
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// What for.
    pub description: String,
}

/// One group may reach another: an ingress and an egress resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The group that connects.
    pub from: LogicalId,
    /// The group connected to.
    pub to: LogicalId,
    /// First and last port.
    pub ports: (u16, u16),
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// What for.
    pub description: String,
    /// Key paths it comes from.
    pub origin: Vec<String>,
}
