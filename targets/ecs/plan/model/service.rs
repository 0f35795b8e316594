//! Services: tasks that are kept running, who reaches them, and how they scale.

use super::NetworkMode;
use tranship_app::Name;
use tranship_cloudformation::{LogicalId, Role, Value};

/// An ECS service. Its task has the same name.
#[derive(Debug, Clone)]
pub struct Service {
    /// The Compose service.
    pub name: Name,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// Its task's network mode.
    pub mode: NetworkMode,
    /// `DesiredCount`; nothing where it scales by itself, so that no deploy resets it.
    pub desired: Option<u32>,
    /// `MinimumHealthyPercent`.
    pub min_percent: u32,
    /// `MaximumPercent`.
    pub max_percent: u32,
    /// Whether it registers with the discovery service of its name.
    pub discovered: bool,
    /// What the load balancer sends to it.
    pub targets: Vec<TargetGroup>,
    /// `HealthCheckGracePeriodSeconds`.
    pub grace: Option<u32>,
    /// What must be there before it is created or updated.
    pub after: Vec<LogicalId>,
    /// Automatic scaling.
    pub scaling: Option<Scaling>,
}

impl Service {
    /// The service's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::Service)
    }
}

/// Automatic scaling of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaling {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Average CPU to hold, in percent.
    pub cpu: Option<u32>,
    /// Average memory to hold, in percent.
    pub memory: Option<u32>,
}

/// A target group: one public port of one service.
#[derive(Debug, Clone)]
pub struct TargetGroup {
    /// Its id.
    pub id: LogicalId,
    /// The container's name.
    pub container: String,
    /// The container's port.
    pub port: u16,
    /// The path asked for its health.
    pub health_path: String,
    /// Status codes that count as healthy.
    pub health_codes: String,
    /// Seconds between health checks.
    pub health_interval: u32,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// The load balancer and its listeners.
#[derive(Debug, Clone)]
pub struct LoadBalancer {
    /// In ascending order of their ports.
    pub listeners: Vec<Listener>,
    /// Whether it is protected against deletion.
    pub protected: bool,
    /// The domain of its certificate, for the output.
    pub domain: Option<String>,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// A listener.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its id.
    pub id: LogicalId,
    /// Its port.
    pub port: u16,
    /// What it speaks.
    pub protocol: ListenerProtocol,
    /// What becomes of requests that no rule takes.
    pub default: DefaultAction,
    /// Rules, by priority.
    pub rules: Vec<ListenerRule>,
}

/// What a listener speaks.
#[derive(Debug, Clone)]
pub enum ListenerProtocol {
    /// HTTP.
    Http,
    /// HTTPS with this certificate's ARN.
    Https(Value),
}

/// What becomes of requests that no rule takes.
#[derive(Debug, Clone)]
pub enum DefaultAction {
    /// To a target group.
    Forward(LogicalId),
    /// To the same address on HTTPS, at this port.
    Redirect(u16),
    /// 404.
    NotFound,
}

/// A rule of a listener.
#[derive(Debug, Clone)]
pub struct ListenerRule {
    /// Its id.
    pub id: LogicalId,
    /// 1 to 50,000; the lowest that fits is taken.
    pub priority: u32,
    /// Host names; none for any.
    pub hosts: Vec<String>,
    /// Path patterns; none for any.
    pub paths: Vec<String>,
    /// Where to.
    pub target: LogicalId,
    /// Key paths it comes from.
    pub from: Vec<String>,
}
