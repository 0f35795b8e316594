//! Ports that are reachable from outside their task.

use super::{ManifestName, PublishedPort};
use crate::At;
use crate::settings::{CertificateArn, HostedZoneId, NetworkRange};
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
#[allow(clippy::large_enum_variant, reason = "an application has a few dozen of them")]
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
    /// The listener's port where it is not the usual one.
    pub listener: Option<At<u16>>,
    /// How many ports after the first of a range of container ports: its listener comes as many after the first.
    pub place: u16,
    /// What the container speaks, whatever says so.
    pub protocol: PublicProtocol,
    /// The setting that says it.
    pub protocol_setting: Option<At<PublicProtocol>>,
    /// `app_protocol` of the port.
    pub app_protocol: Option<At<String>>,
    /// Whether the load balancer is inside of the VPC.
    pub internal: Option<At<bool>>,
    /// The networks that may connect; none means any.
    pub allow: Vec<At<NetworkRange>>,
    /// Certificates besides those of the environment.
    pub certificates: Vec<At<CertificateArn>>,
    /// Whether HTTP is redirected to HTTPS.
    pub redirect: Option<At<bool>>,
    /// The hosted zone for records of the hosts.
    pub zone: Option<At<HostedZoneId>>,
    /// The path that the health check asks.
    pub health_path: Option<At<String>>,
    /// The status codes that count as healthy, such as `200-399`.
    pub health_codes: Option<At<String>>,
    /// What else there is to say of the health check.
    pub health: EndpointHealth,
    /// Whether a client is led to the same container again.
    pub sticky: Option<At<bool>>,
    /// Seconds after which an idle connection is closed.
    pub idle_timeout: Option<At<u32>>,
    /// Seconds in which a new container gets more and more requests.
    pub slow_start: Option<At<u32>>,
    /// The rule's priority, where two rules would collide.
    pub priority: Option<At<u32>>,
    /// The published port, for the ledger.
    pub published: Option<At<PublishedPort>>,
}

impl PublicExposure {
    /// Whether the load balancer is inside of the VPC.
    pub fn is_internal(&self) -> bool {
        self.internal.as_ref().is_some_and(At::get)
    }

    /// Whether it takes every request that no other endpoint of its listener takes.
    pub fn takes_everything(&self) -> bool {
        let all = |path: &At<String>| matches!(path.value.as_str(), "/*" | "*");
        self.hosts.is_empty() && (self.paths.is_empty() || self.paths.iter().any(all))
    }
}

/// The health check of a load balancer, as far as the manifest says.
#[derive(Debug, Clone, Default)]
pub struct EndpointHealth {
    /// Whether it asks by gRPC's own service for health checks.
    pub grpc_service: bool,
    /// The container's port to ask, if it is another one.
    pub port: Option<At<u16>>,
    /// Seconds between two checks.
    pub interval: Option<At<u32>>,
    /// Seconds in which an answer must come.
    pub timeout: Option<At<u32>>,
    /// Good answers in a row until it is healthy.
    pub healthy: Option<At<u32>>,
    /// Bad answers in a row until it is not.
    pub unhealthy: Option<At<u32>>,
}

/// What a container speaks on a public port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublicProtocol {
    /// HTTP/1.
    #[default]
    Http,
    /// HTTP/1 inside TLS, which the container ends itself.
    Https,
    /// HTTP/2 without TLS.
    Http2,
    /// gRPC without TLS.
    Grpc,
    /// Anything over TCP.
    Tcp,
    /// Anything over TCP, for clients inside TLS, which the load balancer ends.
    Tls,
    /// UDP.
    Udp,
}

impl PublicProtocol {
    /// As `public.protocol` has it.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "http" => PublicProtocol::Http,
            "https" => PublicProtocol::Https,
            "http2" => PublicProtocol::Http2,
            "grpc" => PublicProtocol::Grpc,
            "tcp" => PublicProtocol::Tcp,
            "tls" => PublicProtocol::Tls,
            "udp" => PublicProtocol::Udp,
            _ => return None,
        })
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            PublicProtocol::Http => "http",
            PublicProtocol::Https => "https",
            PublicProtocol::Http2 => "http2",
            PublicProtocol::Grpc => "grpc",
            PublicProtocol::Tcp => "tcp",
            PublicProtocol::Tls => "tls",
            PublicProtocol::Udp => "udp",
        }
    }

    /// Whether connections are passed on as they are, with no request looked at.
    pub fn is_passed_on(self) -> bool {
        matches!(self, PublicProtocol::Tcp | PublicProtocol::Tls | PublicProtocol::Udp)
    }

    /// Whether requests come over HTTP/2 alone, for which Elastic Load Balancing asks a listener with a certificate.
    pub fn needs_certificate(self) -> bool {
        matches!(self, PublicProtocol::Http2 | PublicProtocol::Grpc)
    }

    /// What carries it.
    pub fn transport(self) -> TransportProtocol {
        if self == PublicProtocol::Udp { TransportProtocol::Udp } else { TransportProtocol::Tcp }
    }
}
