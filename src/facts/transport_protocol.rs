//! The transport protocols of Compose ports and AWS port mappings.

/// The transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl TransportProtocol {
    /// As Compose and AWS write it.
    pub fn as_str(self) -> &'static str {
        match self {
            TransportProtocol::Tcp => "tcp",
            TransportProtocol::Udp => "udp",
        }
    }

    /// The protocol of a Compose port; any other word means TCP, as in Docker.
    pub fn of(text: &str) -> TransportProtocol {
        if text.eq_ignore_ascii_case("udp") { TransportProtocol::Udp } else { TransportProtocol::Tcp }
    }
}
