//! Ports that are reachable from outside their task.

use super::{ManifestName, PublishedPort};
use crate::At;
use tranship_facts::TransportProtocol;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A port that is reachable from outside its task.
#[derive(Debug, Clone)]
pub struct ServiceEndpoint {
    /// The service that listens.
    pub service: ManifestName,
    /// The container's port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// Who reaches it.
    pub exposure: EndpointExposure,
    /// The port's node, if the manifest names it.
    pub node: NodeId,
    /// What says so.
    pub origin: Origin,
}

/// Who reaches an endpoint.
#[derive(Debug, Clone)]
pub enum EndpointExposure {
    /// The world, through the load balancer.
    Public(PublicExposure),
    /// Other services of the application.
    Internal,
}

/// How the load balancer serves an endpoint.
#[derive(Debug, Clone, Default)]
pub struct PublicExposure {
    /// Host names; none means any.
    pub hosts: Vec<At<String>>,
    /// Path patterns; none means any.
    pub paths: Vec<At<String>>,
    /// The listener's port where it is not 80 or 443.
    pub listener: Option<At<u16>>,
    /// The target group's health check.
    pub health_path: Option<At<String>>,
    /// The status codes that count as healthy, such as `200-399`.
    pub health_codes: Option<At<String>>,
    /// Whether a client is led to the same instance again.
    pub sticky: Option<At<bool>>,
    /// The rule's priority, where two rules would collide.
    pub priority: Option<At<u32>>,
    /// The published port, for the ledger.
    pub published: Option<At<PublishedPort>>,
}
