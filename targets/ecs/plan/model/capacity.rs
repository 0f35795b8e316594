//! What runs the tasks: capacity providers and how tasks are spread over them.

use tranship_cloudformation::{LogicalId, TemplateValue};

/// What the cluster and its tasks run on.
#[derive(Debug, Clone)]
pub struct CapacityPlan {
    /// `RequiresCompatibilities` of every task definition.
    pub launch_type: &'static str,
    /// Providers that AWS has for everyone and that the cluster names itself. None where the stack makes its own
    /// provider: that one refers to the cluster, so a resource of its own ties the two.
    pub cluster_providers: Vec<&'static str>,
    /// How services and jobs use the providers.
    pub strategy: Vec<CapacityStrategyItem>,
    /// How a task uses them that must not be stopped midway, such as a migration.
    pub uninterrupted: Vec<CapacityStrategyItem>,
    /// What must exist before a task can be placed.
    pub after: Vec<LogicalId>,
    /// `AssignPublicIp` of an `awsvpc` task, where the launch type accepts it.
    pub assign_public_ip: Option<bool>,
    /// `PlatformVersion` of services.
    pub platform_version: Option<&'static str>,
}

/// An item of a capacity provider strategy.
#[derive(Debug, Clone)]
pub struct CapacityStrategyItem {
    /// The capacity provider's name.
    pub provider: TemplateValue,
    /// Its share.
    pub weight: u32,
}
