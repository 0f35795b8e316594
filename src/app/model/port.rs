//! Ports: of containers, as the host publishes them, and what is spoken on them.

use crate::At;
use crate::lower::host_address::{self, HostAddressReach};
use std::fmt;
use tranship_facts::{KnownPort, TransportProtocol};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A port of a container.
#[derive(Debug, Clone)]
pub struct ContainerPort {
    /// The container's port.
    pub container: At<u16>,
    /// What it is published as; nothing for `expose`.
    pub published: Option<At<PublishedPort>>,
    /// The address it is published on.
    pub host_ip: Option<At<String>>,
    /// What is spoken on it, where the manifest says so: `http`, `grpc`.
    pub app_protocol: Option<At<String>>,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// The port's node.
    pub node: NodeId,
    /// Where the port stands.
    pub origin: Origin,
}

impl ContainerPort {
    /// Whether it is published on an address that others than its machine and its network reach.
    pub fn is_open_to_the_world(&self) -> bool {
        let address = self.host_ip.as_ref().map_or("", |address| address.value.as_str());
        self.published.is_some() && host_address::reach(address) == HostAddressReach::Anywhere
    }

    /// Its number and protocol.
    pub fn spec(&self) -> PortSpec {
        PortSpec { number: self.container.get(), protocol: self.protocol }
    }
}

/// What the host publishes a port as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedPort {
    /// A port of the host's own choice: `ports: [\"80\"]`.
    Chosen,
    /// One port, or one of a range.
    Within(PortRange),
}

impl PublishedPort {
    /// Whether the host may publish it as this port.
    pub fn admits(self, number: u16) -> bool {
        matches!(self, PublishedPort::Within(range) if range.contains(number))
    }

    /// Whether the host publishes it as this port and no other.
    pub fn is(self, number: u16) -> bool {
        self == PublishedPort::Within(PortRange::of(number))
    }

    /// The first port that the manifest names.
    pub fn first(self) -> Option<u16> {
        match self {
            PublishedPort::Chosen => None,
            PublishedPort::Within(range) => Some(range.first),
        }
    }
}

/// Ports from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last, which belongs to it.
    pub last: u16,
}

impl PortRange {
    /// One port.
    pub const fn of(number: u16) -> Self {
        PortRange { first: number, last: number }
    }

    /// `9000` or `9000-9010`.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (first.parse::<u16>().ok()?, last.parse::<u16>().ok()?);
        (first > 0 && first <= last).then_some(PortRange { first, last })
    }

    /// How many ports there are.
    pub fn count(self) -> usize {
        usize::from(self.last.saturating_sub(self.first)) + 1
    }

    /// Whether a port lies within.
    pub fn contains(self, number: u16) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => self.first.fmt(f),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// A port and what is spoken on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortSpec {
    /// Its number.
    pub number: u16,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
}

impl PortSpec {
    /// A TCP port.
    pub const fn tcp(number: u16) -> Self {
        PortSpec { number, protocol: TransportProtocol::Tcp }
    }

    /// A port that an image is known to listen on.
    pub fn known(port: &KnownPort) -> Self {
        PortSpec { number: port.number, protocol: port.transport }
    }

    /// A UDP port.
    pub const fn udp(number: u16) -> Self {
        PortSpec { number, protocol: TransportProtocol::Udp }
    }
}
