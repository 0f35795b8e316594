//! What a container speaks on a TCP port, and what says so.
//!
//! In: a service and the number of a port. Out: a protocol with its evidence, by the first of these that says any:
//! `app_protocol`; the known image; the container's own health check; the number. Where none does it is HTTP, without
//! evidence.

use super::own_checks::{self, CheckScheme, OwnCheck};
use super::service_edges;
use crate::{AppService, PublicProtocol};
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::ports::{is_debug_port, is_grpc_port, is_http_port, is_non_http_port, is_tls_port};
use tranship_facts::{KnownImage, PortProtocol, TransportProtocol};

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

/// What a service speaks, looked up once for all of its ports.
pub(super) struct PortProtocols {
    app_protocols: BTreeMap<u16, PublicProtocol>,
    known: Option<&'static KnownImage>,
    checks: Vec<OwnCheck>,
    /// Ports that are published as one of web servers.
    published: BTreeSet<u16>,
}

impl PortProtocols {
    /// What is known of a service.
    pub(super) fn of(service: &AppService) -> Self {
        let ports = || service.container.ports.iter().filter(|one| one.protocol == TransportProtocol::Tcp);
        let mut app_protocols = BTreeMap::new();
        for (port, word) in ports().filter_map(|one| Some((one.container.value, one.app_protocol.as_ref()?)))
        {
            app_protocols.entry(port).or_insert_with(|| of_app_protocol(&word.value));
        }
        let published = ports().filter(|one| {
            let published = one.published.as_ref().and_then(|published| published.value.first());
            published.is_some_and(is_http_port)
        });
        PortProtocols {
            app_protocols,
            known: service_edges::known(&service.container),
            checks: own_checks::of_service(service),
            published: published.map(|one| one.container.value).collect(),
        }
    }

    /// What is spoken on a TCP port.
    pub(super) fn spoken(&self, port: u16) -> SpokenProtocol {
        let by = |evidence| move |protocol| SpokenProtocol { protocol, evidence };
        let said = self.app_protocols.get(&port).copied().map(by(ProtocolEvidence::AppProtocol));
        let said = said.or_else(|| self.of_image(port).map(by(ProtocolEvidence::Image)));
        let said = said.or_else(|| self.of_check(port).map(by(ProtocolEvidence::HealthCheck)));
        let said = said.or_else(|| self.of_number(port).map(by(ProtocolEvidence::Number)));
        said.unwrap_or(SpokenProtocol { protocol: PublicProtocol::Http, evidence: ProtocolEvidence::Nothing })
    }

    /// Whether people administer something at this port.
    pub(super) fn is_console(&self, port: u16) -> bool {
        self.known.is_some_and(|known| known.is_console(port))
    }

    /// Whether devices outside connect to the service.
    pub(super) fn is_mqtt_broker(&self) -> bool {
        self.known.is_some_and(KnownImage::is_mqtt_broker)
    }

    /// Whether a debugger listens at this port, as far as anybody can tell.
    pub(super) fn is_debugger(&self, port: u16) -> bool {
        is_debug_port(port) && !self.spoken(port).is_certain_http()
    }

    fn of_image(&self, port: u16) -> Option<PublicProtocol> {
        Some(match self.known?.speaks(port)? {
            PortProtocol::Http => PublicProtocol::Http,
            PortProtocol::Grpc => PublicProtocol::Grpc,
            PortProtocol::Tls => PublicProtocol::Https,
            PortProtocol::Other => PublicProtocol::Tcp,
        })
    }

    fn of_check(&self, port: u16) -> Option<PublicProtocol> {
        Some(match self.checks.iter().find(|check| check.port == port)?.scheme {
            CheckScheme::Http => PublicProtocol::Http,
            CheckScheme::Https => PublicProtocol::Https,
            CheckScheme::Grpc => PublicProtocol::Grpc,
        })
    }

    /// By the number of the container's port, else by the one that it is published as: who publishes 80 means HTTP.
    fn of_number(&self, port: u16) -> Option<PublicProtocol> {
        if is_tls_port(port) {
            return Some(PublicProtocol::Https);
        }
        if is_grpc_port(port) {
            return Some(PublicProtocol::Grpc);
        }
        if is_non_http_port(port) {
            return Some(PublicProtocol::Tcp);
        }
        (is_http_port(port) || self.published.contains(&port)).then_some(PublicProtocol::Http)
    }
}

/// A word of `app_protocol`, whatever it is: one that is no HTTP is passed on.
fn of_app_protocol(word: &str) -> PublicProtocol {
    match word.to_ascii_lowercase().as_str() {
        "http" | "http1" | "http/1.1" | "ws" | "websocket" => PublicProtocol::Http,
        "https" | "tls" | "ssl" | "wss" => PublicProtocol::Https,
        "http2" | "h2c" | "h2" | "http/2" => PublicProtocol::Http2,
        "grpc" => PublicProtocol::Grpc,
        _ => PublicProtocol::Tcp,
    }
}
