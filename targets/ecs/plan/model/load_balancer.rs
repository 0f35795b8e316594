//! The load balancer: listeners, their rules, target groups.

use tranship_cloudformation::{FnSub, LogicalId, TemplateValue};

/// The load balancer and its listeners.
#[derive(Debug, Clone)]
pub struct LoadBalancerPlan {
    /// In ascending order of their ports.
    pub listeners: Vec<ListenerPlan>,
    /// Ties every target group to the load balancer, on a port that nobody reaches: ECS refuses a target group without
    /// a load balancer, and requests come only when the service is there.
    pub attachment: ListenerPlan,
    /// Whether it is protected against deletion.
    pub protected: bool,
    /// The address of the application, for the output.
    pub url: FnSub,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

impl LoadBalancerPlan {
    /// The rules that tie the target groups to the load balancer.
    pub fn attaches(&self, targets: &[TargetGroupPlan]) -> Vec<LogicalId> {
        let own = |id: &LogicalId| targets.iter().any(|target| target.id == *id);
        let rules = self.attachment.rules.iter();
        rules.filter(|rule| own(&rule.target)).map(|rule| rule.id.clone()).collect()
    }
}

/// A listener.
#[derive(Debug, Clone)]
pub struct ListenerPlan {
    /// Its id.
    pub id: LogicalId,
    /// Its port.
    pub port: u16,
    /// What it speaks.
    pub protocol: ListenerProtocol,
    /// What becomes of requests that no rule takes.
    pub default: DefaultAction,
    /// Rules, by priority.
    pub rules: Vec<ListenerRulePlan>,
}

/// What a listener speaks.
#[derive(Debug, Clone)]
pub enum ListenerProtocol {
    /// HTTP.
    Http,
    /// HTTPS with this certificate's ARN.
    Https(TemplateValue),
}

/// What becomes of requests that no rule takes.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub struct ListenerRulePlan {
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

/// A target group: one public port of one service.
#[derive(Debug, Clone)]
pub struct TargetGroupPlan {
    /// Its id.
    pub id: LogicalId,
    /// What it holds.
    pub target_type: TargetType,
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

/// What a target group holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetType {
    /// The address of a task with a network interface of its own.
    Ip,
    /// A machine and one of its ports.
    Instance,
}

impl TargetType {
    /// As `TargetType` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            TargetType::Ip => "ip",
            TargetType::Instance => "instance",
        }
    }
}
