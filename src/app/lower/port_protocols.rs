//! What a container speaks on a TCP port, and what says so.
//!
//! In: a service and the number of a port. Out: a protocol with its evidence, by the first of these that says any:
//! `app_protocol`; the known image; the container's own health check; the number. Where none does it is HTTP, without
//! evidence.

use super::own_checks::{self, CheckScheme};
use super::service_edges;
use crate::{AppService, PublicProtocol};
use tranship_facts::ports::{is_grpc_port, is_http_port, is_non_http_port, is_tls_port};
use tranship_facts::{PortProtocol, TransportProtocol};

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpokenProtocol {
    /// The protocol.
    pub(super) protocol: PublicProtocol,
    /// What says so.
    pub(super) evidence: ProtocolEvidence,
}

/// What says which protocol is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProtocolEvidence {
    /// `app_protocol`.
    AppProtocol,
    /// The image is known.
    Image,
    /// The container's own health check.
    HealthCheck,
    /// The number of the port.
    Number,
    /// Nothing.
    Nothing,
}

impl ProtocolEvidence {
    /// In words, as the end of "by".
    pub(super) fn text(self) -> &'static str {
        match self {
            ProtocolEvidence::AppProtocol => "`app_protocol`",
            ProtocolEvidence::Image => "its image",
            ProtocolEvidence::HealthCheck => "its health check",
            ProtocolEvidence::Number => "its number",
            ProtocolEvidence::Nothing => "nothing",
        }
    }
}

impl SpokenProtocol {
    /// Whether something says that it is HTTP in one of its forms.
    pub(super) fn is_known_http(self) -> bool {
        !self.protocol.is_passed_on() && self.evidence != ProtocolEvidence::Nothing
    }

    /// Whether something says so that knows more of the port than its number.
    pub(super) fn is_certain_http(self) -> bool {
        self.is_known_http() && self.evidence != ProtocolEvidence::Number
    }
}

/// What a service speaks on a TCP port.
pub(super) fn spoken(service: &AppService, port: u16) -> SpokenProtocol {
    let by = |evidence| move |protocol| SpokenProtocol { protocol, evidence };
    let said = app_protocol(service, port).map(by(ProtocolEvidence::AppProtocol));
    let said = said.or_else(|| of_image(service, port).map(by(ProtocolEvidence::Image)));
    let said = said.or_else(|| of_check(service, port).map(by(ProtocolEvidence::HealthCheck)));
    let said = said.or_else(|| of_number(service, port).map(by(ProtocolEvidence::Number)));
    said.unwrap_or(SpokenProtocol { protocol: PublicProtocol::Http, evidence: ProtocolEvidence::Nothing })
}

/// `app_protocol` of the port, whatever it is: one that is no HTTP is passed on.
fn app_protocol(service: &AppService, port: u16) -> Option<PublicProtocol> {
    let mut ports = service.container.ports.iter();
    let tcp = |one: &&crate::ContainerPort| {
        one.container.value == port && one.protocol == TransportProtocol::Tcp && one.app_protocol.is_some()
    };
    let word = ports.find(tcp)?.app_protocol.as_ref()?.value.to_ascii_lowercase();
    Some(match word.as_str() {
        "http" | "http1" | "http/1.1" | "ws" | "websocket" => PublicProtocol::Http,
        "https" | "tls" | "ssl" | "wss" => PublicProtocol::Https,
        "http2" | "h2c" | "h2" | "http/2" => PublicProtocol::Http2,
        "grpc" => PublicProtocol::Grpc,
        _ => PublicProtocol::Tcp,
    })
}

fn of_image(service: &AppService, port: u16) -> Option<PublicProtocol> {
    Some(match service_edges::known(&service.container)?.speaks(port)? {
        PortProtocol::Http => PublicProtocol::Http,
        PortProtocol::Grpc => PublicProtocol::Grpc,
        PortProtocol::Tls => PublicProtocol::Https,
        PortProtocol::Other => PublicProtocol::Tcp,
    })
}

fn of_check(service: &AppService, port: u16) -> Option<PublicProtocol> {
    Some(match own_checks::on_port(service, port)?.scheme {
        CheckScheme::Http => PublicProtocol::Http,
        CheckScheme::Https => PublicProtocol::Https,
        CheckScheme::Grpc => PublicProtocol::Grpc,
    })
}

/// The number of the container's port, else the one that it is published as: who publishes 80 means HTTP.
fn of_number(service: &AppService, port: u16) -> Option<PublicProtocol> {
    if is_tls_port(port) {
        return Some(PublicProtocol::Https);
    }
    if is_grpc_port(port) {
        return Some(PublicProtocol::Grpc);
    }
    if is_non_http_port(port) {
        return Some(PublicProtocol::Tcp);
    }
    let published = || {
        let own = service.container.ports.iter().filter(|one| one.container.value == port);
        own.filter_map(|one| one.published.as_ref()?.value.first()).any(is_http_port)
    };
    (is_http_port(port) || published()).then_some(PublicProtocol::Http)
}
