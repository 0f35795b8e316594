//! Load balancers: listeners, their rules, target groups; addresses and DNS records.

use tranship_app::{ManifestName, NetworkRange, PublicProtocol};
use tranship_cloudformation::{FnSub, LogicalId, ResourceRole, TemplateValue};
use tranship_facts::TransportProtocol;

/// Everything that is open to the outside.
#[derive(Debug, Clone, Default)]
pub struct FrontDoorPlan {
    /// Load balancers, in the order of their keys.
    pub balancers: Vec<LoadBalancerPlan>,
    /// The address of the application.
    pub url: Option<FnSub>,
    /// The address of each endpoint.
    pub addresses: Vec<EndpointAddress>,
    /// DNS records that lead to a load balancer.
    pub records: Vec<DnsRecordPlan>,
}

/// The address of an endpoint, for the outputs.
#[derive(Debug, Clone)]
pub struct EndpointAddress {
    /// The output's id.
    pub id: LogicalId,
    /// The service.
    pub service: ManifestName,
    /// What it is, in words.
    pub description: String,
    /// The address.
    pub url: FnSub,
}

/// A record in a hosted zone of Route 53.
#[derive(Debug, Clone)]
pub struct DnsRecordPlan {
    /// The hosted zone's id.
    pub zone: String,
    /// The host.
    pub name: String,
    /// The load balancer that it leads to.
    pub balancer: BalancerKind,
    /// What serves the host.
    pub after: Vec<LogicalId>,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

impl DnsRecordPlan {
    /// Its id: of the host, of which a zone has one record.
    pub fn id(&self) -> LogicalId {
        LogicalId::of_parts(&[&self.name], ResourceRole::DnsRecord)
    }
}

/// Which load balancer: an application has at most one of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BalancerKind {
    /// Whether it is inside of the VPC.
    pub internal: bool,
    /// Whether it passes connections on (Network Load Balancer), or reads requests (Application Load Balancer).
    pub network: bool,
}

impl BalancerKind {
    /// The words that its resources have in their names. The one that most applications have has none.
    pub fn words(self) -> &'static [&'static str] {
        match (self.internal, self.network) {
            (false, false) => &[],
            (false, true) => &["network"],
            (true, false) => &["internal"],
            (true, true) => &["internal", "network"],
        }
    }

    /// The id of what there is once of each load balancer.
    pub fn id(self, role: ResourceRole) -> LogicalId {
        match self.words() {
            [] => LogicalId::only(role),
            words => LogicalId::of(&words.join("-"), role),
        }
    }

    /// `Type`.
    pub fn as_str(self) -> &'static str {
        if self.network { "network" } else { "application" }
    }

    /// `Scheme`.
    pub fn scheme(self) -> &'static str {
        if self.internal { "internal" } else { "internet-facing" }
    }

    /// In words, at the start of a sentence.
    pub fn describe(self) -> &'static str {
        match (self.internal, self.network) {
            (false, false) => "Load balancer",
            (false, true) => "Network load balancer",
            (true, false) => "Internal load balancer",
            (true, true) => "Internal network load balancer",
        }
    }
}

/// A load balancer and its listeners.
#[derive(Debug, Clone)]
pub struct LoadBalancerPlan {
    /// Which one.
    pub kind: BalancerKind,
    /// In ascending order of their ports.
    pub listeners: Vec<ListenerPlan>,
    /// Tie every target group to the load balancer, on ports that nobody reaches: ECS refuses a target group without
    /// a load balancer, and requests come only when the service is there.
    pub attachments: Vec<ListenerPlan>,
    /// Seconds after which an Application Load Balancer closes an idle connection.
    pub idle_timeout: u32,
    /// Whether it is protected against deletion.
    pub protected: bool,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

impl LoadBalancerPlan {
    /// Its id.
    pub fn id(&self) -> LogicalId {
        self.kind.id(ResourceRole::LoadBalancer)
    }

    /// What ties the target groups to the load balancer.
    pub fn attaches(&self, targets: &[TargetGroupPlan]) -> Vec<LogicalId> {
        let own = |id: &LogicalId| targets.iter().any(|target| target.id == *id);
        let mut found = Vec::new();
        for listener in &self.attachments {
            found
                .extend(listener.rules.iter().filter(|rule| rule.leads_to(&own)).map(|rule| rule.id.clone()));
            found.extend(listener.default.leads_to(&own).then(|| listener.id.clone()));
        }
        found
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
    /// Certificates besides that of the protocol.
    pub certificates: Vec<ListenerCertificate>,
    /// The networks that may connect; none where nobody may.
    pub networks: Vec<NetworkRange>,
    /// What becomes of requests that no rule takes.
    pub default: ListenerAction,
    /// Rules, by priority.
    pub rules: Vec<ListenerRulePlan>,
}

/// A further certificate of a listener, which is chosen by the name that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerCertificate {
    /// Its id.
    pub id: LogicalId,
    /// The certificate's ARN.
    pub arn: String,
}

/// What a listener speaks.
#[derive(Debug, Clone)]
pub enum ListenerProtocol {
    /// HTTP.
    Http,
    /// HTTPS with this certificate's ARN.
    Https(TemplateValue),
    /// TCP, with the seconds after which an idle connection is closed.
    Tcp(u32),
    /// TLS with this certificate's ARN.
    Tls(TemplateValue),
    /// UDP.
    Udp,
}

impl ListenerProtocol {
    /// `Protocol`.
    pub fn as_str(&self) -> &'static str {
        match self {
            ListenerProtocol::Http => "HTTP",
            ListenerProtocol::Https(_) => "HTTPS",
            ListenerProtocol::Tcp(_) => "TCP",
            ListenerProtocol::Tls(_) => "TLS",
            ListenerProtocol::Udp => "UDP",
        }
    }

    /// The scheme of its addresses, and the port that goes without saying.
    pub fn scheme(&self) -> (&'static str, Option<u16>) {
        match self {
            ListenerProtocol::Http => ("http", Some(80)),
            ListenerProtocol::Https(_) => ("https", Some(443)),
            ListenerProtocol::Tcp(_) => ("tcp", None),
            ListenerProtocol::Tls(_) => ("tls", None),
            ListenerProtocol::Udp => ("udp", None),
        }
    }

    /// What carries it.
    pub fn transport(&self) -> TransportProtocol {
        if matches!(self, ListenerProtocol::Udp) { TransportProtocol::Udp } else { TransportProtocol::Tcp }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenerAction {
    /// To a target group.
    Forward(LogicalId),
    /// To the same address on HTTPS, at this port.
    Redirect(u16),
    /// 404.
    NotFound,
}

impl ListenerAction {
    /// Whether it leads to one of some target groups.
    fn leads_to(&self, own: &impl Fn(&LogicalId) -> bool) -> bool {
        matches!(self, ListenerAction::Forward(target) if own(target))
    }
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
    /// Networks of clients; none for any.
    pub networks: Vec<NetworkRange>,
    /// What becomes of the request.
    pub action: ListenerAction,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

impl ListenerRulePlan {
    fn leads_to(&self, own: &impl Fn(&LogicalId) -> bool) -> bool {
        self.action.leads_to(own)
    }
}

/// A target group: one public port of one service.
#[derive(Debug, Clone)]
pub struct TargetGroupPlan {
    /// Its id.
    pub id: LogicalId,
    /// The load balancer that it belongs to.
    pub balancer: BalancerKind,
    /// What it holds.
    pub target_type: TargetType,
    /// The container's name.
    pub container: String,
    /// The container's port.
    pub port: u16,
    /// What the container speaks. That of TLS is TCP, since the load balancer ends TLS.
    pub protocol: PublicProtocol,
    /// The health check.
    pub health: TargetHealth,
    /// Whether a client is led to the same target again.
    pub sticky: bool,
    /// Seconds in which a new target gets more and more requests; 0 for none.
    pub slow_start: u32,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

impl TargetGroupPlan {
    /// The ports that the load balancer connects to: to serve, and to ask.
    pub fn connections(&self) -> Vec<(u16, TransportProtocol)> {
        let serves = (self.port, self.protocol.transport());
        let asks = (self.health.port.unwrap_or(self.port), TransportProtocol::Tcp);
        if serves == asks { vec![serves] } else { vec![serves, asks] }
    }
}

/// How a target group finds out whether its targets are healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetHealth {
    /// What it asks; nothing for a connection alone.
    pub request: Option<HealthRequest>,
    /// The container's port that it asks, if it is not the one that serves.
    pub port: Option<u16>,
    /// Seconds between two checks.
    pub interval: u32,
    /// Seconds in which an answer must come.
    pub timeout: u32,
    /// Good answers in a row until a target is healthy.
    pub healthy: u32,
    /// Bad answers in a row until it is not.
    pub unhealthy: u32,
}

impl TargetHealth {
    /// Seconds until a target that answers is healthy.
    pub fn patience(&self) -> u32 {
        self.interval.saturating_mul(self.healthy).saturating_add(self.timeout)
    }
}

/// A request for the health of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthRequest {
    /// Whether it is made inside TLS.
    pub tls: bool,
    /// Whether the codes are those of gRPC.
    pub grpc: bool,
    /// The path.
    pub path: String,
    /// Codes that count as healthy.
    pub codes: String,
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
