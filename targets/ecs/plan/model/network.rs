//! Where tasks run.

use tranship_cloudformation::{LogicalId, ResourceRole, TemplateValue};

/// The VPC and the subnets, as values for the template.
#[derive(Debug, Clone)]
pub struct NetworkPlan {
    /// The VPC's id.
    pub vpc: TemplateValue,
    /// Subnets of the load balancer: a list.
    pub public: TemplateValue,
    /// Subnets of tasks and databases: a list.
    pub private: TemplateValue,
    /// How many private subnets there are, where it is known.
    pub private_count: Option<u32>,
    /// The network that the stack makes itself; nothing where it uses another.
    pub created: Option<CreatedNetwork>,
    /// What must exist before something in it reaches the internet.
    pub after: Vec<LogicalId>,
}

/// A network that the stack makes itself: a public and a private subnet in each zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedNetwork {
    /// The zones, in order.
    pub zones: Vec<NetworkZone>,
}

/// An availability zone of a network that the stack makes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkZone {
    /// Its letter, which names what is in it.
    pub name: &'static str,
    /// Whether it has a NAT gateway of its own.
    pub nat_gateway: bool,
    /// The zone through whose NAT gateway its private subnet reaches the internet.
    pub routes_through: &'static str,
}

impl NetworkZone {
    /// The id of its public subnet.
    pub fn public_subnet(&self) -> LogicalId {
        self.subnet("public")
    }

    /// The id of its private subnet.
    pub fn private_subnet(&self) -> LogicalId {
        self.subnet("private")
    }

    fn subnet(&self, kind: &str) -> LogicalId {
        LogicalId::of(&format!("{kind}-{}", self.name), ResourceRole::Subnet)
    }
}
