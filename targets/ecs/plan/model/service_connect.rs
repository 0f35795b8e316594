//! What Service Connect does for a service.

use std::collections::BTreeSet;
use tranship_app::ManifestName;

/// `ServiceConnectConfiguration`.
#[derive(Debug, Clone)]
pub struct ConnectConfiguration {
    /// What its tasks offer to others.
    pub entries: Vec<ConnectEntry>,
    /// What its tasks find, as `name:port`: other names mean a new deployment.
    pub found: BTreeSet<String>,
}

/// A port that others find under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectEntry {
    /// The Compose service whose container listens.
    pub service: ManifestName,
    /// Its port, which is that of the alias too.
    pub port: u16,
    /// What is spoken there.
    pub protocol: ConnectProtocol,
    /// `DnsName` of the client alias.
    pub alias: ManifestName,
    /// `DiscoveryName`, unlike every label of the namespace.
    pub discovery: String,
}

impl ConnectEntry {
    /// The name of the port mapping, which is unique in its task.
    pub fn port_name(&self) -> String {
        format!("tcp-{}", self.port)
    }
}

/// What the proxies understand of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectProtocol {
    /// Bytes.
    #[default]
    Tcp,
    /// HTTP/1.1.
    Http,
    /// HTTP/2.
    Http2,
    /// gRPC.
    Grpc,
}

impl ConnectProtocol {
    /// What `app_protocol` says.
    pub fn of(spoken: &str) -> Self {
        match spoken.to_ascii_lowercase().as_str() {
            "http" | "http1" => ConnectProtocol::Http,
            "http2" | "h2c" => ConnectProtocol::Http2,
            "grpc" => ConnectProtocol::Grpc,
            _ => ConnectProtocol::Tcp,
        }
    }

    /// Whether `app_protocol` says something that the proxies understand.
    pub fn is_known(spoken: &str) -> bool {
        Self::of(spoken) != ConnectProtocol::Tcp
    }

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ConnectProtocol::Tcp => "tcp",
            ConnectProtocol::Http => "http",
            ConnectProtocol::Http2 => "http2",
            ConnectProtocol::Grpc => "grpc",
        }
    }

    /// `AppProtocol`; nothing for plain TCP.
    pub fn app_protocol(self) -> Option<&'static str> {
        (self != ConnectProtocol::Tcp).then(|| self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spoken_is_tcp_unless_it_is_known() {
        for (spoken, protocol) in [
            ("http", Some("http")),
            ("HTTP", Some("http")),
            ("http2", Some("http2")),
            ("h2c", Some("http2")),
            ("grpc", Some("grpc")),
            ("redis", None),
            ("", None),
        ] {
            assert_eq!(ConnectProtocol::of(spoken).app_protocol(), protocol, "{spoken}");
            assert_eq!(ConnectProtocol::is_known(spoken), protocol.is_some());
        }
    }
}
