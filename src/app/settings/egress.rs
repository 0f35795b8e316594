//! `egress`: what containers may reach outside of the application, in an environment and in a service.

use super::ECS;
use super::declaration::{SettingForm, setting_group};
use super::reader::SettingReader;
use super::value::{SettingValue, is_collection};
use crate::{At, PortRange};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tranship_facts::TransportProtocol;
use tranship_frontend::yaml::Node;

/// `egress`.
#[derive(Debug, Clone)]
pub enum EgressSetting {
    /// `open`: everything, as under Docker Compose.
    Open(At<()>),
    /// `declared`, or a mapping with what is reachable besides: what the manifest names.
    Declared(At<EgressSettings>),
}

impl EgressSetting {
    /// Where it stands.
    pub fn at(&self) -> At<()> {
        match self {
            EgressSetting::Open(at) => at.clone(),
            EgressSetting::Declared(at) => At { value: (), node: at.node, origin: at.origin },
        }
    }

    /// Whether it opens everything.
    pub fn is_open(&self) -> bool {
        matches!(self, EgressSetting::Open(_))
    }
}

impl SettingValue for EgressSetting {
    const FORM: &'static SettingForm =
        &SettingForm::Either(&[&SettingForm::Words(&["open", "declared"]), EgressSettings::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            return At::read(node, reader).map(EgressSetting::Declared);
        }
        reader.scalar(node, Self::FORM, |text| match text {
            "open" => Some(EgressSetting::Open(At::of(node, ()))),
            "declared" => Some(EgressSetting::Declared(At::of(node, EgressSettings::default()))),
            _ => None,
        })
    }
}

setting_group! {
    /// `egress` as a mapping.
    #[derive(Default)]
    pub EgressSettings {
        /// What is reachable besides HTTPS, HTTP, DNS, the application itself and the addresses in its values.
        /// A service adds to the list of its environment.
        allow: Vec<At<EgressDestination>> {
            default: "none",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      egress:\n        allow: [{ to: 10.20.0.0/16, port: 5432 }]\n",
            targets: Only(ECS),
        }
    }
}

setting_group! {
    /// One entry of `allow`.
    #[derive(Default)]
    pub EgressDestination check = EgressDestination::check {
        /// A CIDR range, an IP address, or a host name. Security groups do not know host names: a host name
        /// opens the port to every address.
        to: Option<At<EgressTarget>> {
            default: "every address",
            example: "x-tranship:\n  egress:\n    allow: [{ to: 192.0.2.10, port: 1521 }]\n",
            targets: Only(ECS),
        }
        /// The port, or a range of ports.
        port: Option<At<EgressPorts>> {
            default: "every port",
            example: "x-tranship:\n  egress:\n    allow: [{ to: 10.20.0.0/16, port: 9000-9010 }]\n",
            targets: Only(ECS),
        }
        /// The protocol.
        protocol: Option<At<EgressProtocol>> {
            default: "`tcp` with a port, else every protocol",
            example: "x-tranship:\n  egress:\n    allow: [{ to: 192.0.2.10, port: 514, protocol: udp }]\n",
            targets: Only(ECS),
        }
    }
}

impl EgressDestination {
    /// An entry without a key would open everything; a range of ports is one of TCP or UDP.
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        if self.to.is_some() || self.port.is_some() {
            return Some(());
        }
        reader.report(
            node,
            "an entry of `egress.allow` needs `to` or `port`".to_owned(),
            "add a range such as `to: 10.0.0.0/8`, or a `port`; `egress: open` allows everything".to_owned(),
        );
        None
    }

    /// Its protocol: nothing means every one.
    pub fn transport(&self) -> Option<TransportProtocol> {
        let default = self.port.as_ref().map(|_| TransportProtocol::Tcp);
        self.protocol.as_ref().map(|protocol| protocol.value.0).or(default)
    }
}

/// An address that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EgressTarget {
    /// A range of IPv4 addresses, in CIDR notation.
    Ipv4(String),
    /// A range of IPv6 addresses, in CIDR notation.
    Ipv6(String),
    /// A host name.
    Host(String),
}

impl EgressTarget {
    /// A CIDR range, with the bits of the host cleared as EC2 stores it; an address; or a host name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                let length = length.unwrap_or(32);
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
                Some(EgressTarget::Ipv4(format!(
                    "{}/{length}",
                    Ipv4Addr::from_bits(address.to_bits() & mask)
                )))
            }
            Ok(IpAddr::V6(address)) => {
                let length = length.unwrap_or(128);
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
                Some(EgressTarget::Ipv6(format!(
                    "{}/{length}",
                    Ipv6Addr::from_bits(address.to_bits() & mask)
                )))
            }
            Err(_) => (length.is_none() && is_host_name(text)).then(|| EgressTarget::Host(text.to_owned())),
        }
    }
}

/// Labels of letters, digits, hyphens and underscores; the last is no number, which would be an address.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        let inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        !label.is_empty() && label.len() <= 63 && label.chars().all(inner)
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(label) && !last.bytes().all(|letter| letter.is_ascii_digit())
}

impl SettingValue for EgressTarget {
    const FORM: &'static SettingForm = &SettingForm::Text {
        words: "a range such as `10.0.0.0/8`, an address or a host name",
        pattern: "^[0-9A-Za-z._:-]+(/[0-9]{1,3})?$",
    };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, EgressTarget::parse)
    }
}

/// One port, or those from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EgressPorts(pub PortRange);

impl EgressPorts {
    fn parse(text: &str) -> Option<Self> {
        PortRange::parse(text).map(EgressPorts)
    }
}

impl SettingValue for EgressPorts {
    const FORM: &'static SettingForm = &SettingForm::Either(&[
        &SettingForm::WholeNumber(1, 65_535),
        &SettingForm::Text { words: "a range such as `9000-9010`", pattern: "^[0-9]+(-[0-9]+)?$" },
    ]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, EgressPorts::parse)
    }
}

/// TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EgressProtocol(TransportProtocol);

impl SettingValue for EgressProtocol {
    const FORM: &'static SettingForm = &SettingForm::Words(&["tcp", "udp"]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, |text| match text {
            "tcp" => Some(EgressProtocol(TransportProtocol::Tcp)),
            "udp" => Some(EgressProtocol(TransportProtocol::Udp)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_addresses_and_names() {
        let v4 = |text: &str| Some(EgressTarget::Ipv4(text.to_owned()));
        let v6 = |text: &str| Some(EgressTarget::Ipv6(text.to_owned()));
        for (text, expected) in [
            ("10.0.0.0/8", v4("10.0.0.0/8")),
            ("10.1.2.3/16", v4("10.1.0.0/16")),
            ("192.0.2.10", v4("192.0.2.10/32")),
            ("0.0.0.0/0", v4("0.0.0.0/0")),
            ("2001:db8::1", v6("2001:db8::1/128")),
            ("2001:db8:ffff::/32", v6("2001:db8::/32")),
            ("::/0", v6("::/0")),
            ("db.example.com", Some(EgressTarget::Host("db.example.com".to_owned()))),
            ("10.0.0.0/33", None),
            ("10.0.0", None),
            ("db.example.com/24", None),
            ("https://db.example.com", None),
            ("", None),
        ] {
            assert_eq!(EgressTarget::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn one_port_or_a_range() {
        let ports = |text| EgressPorts::parse(text).map(|ports| (ports.0.first, ports.0.last));
        assert_eq!(ports("5432"), Some((5432, 5432)));
        assert_eq!(ports("9000-9010"), Some((9000, 9010)));
        for text in ["0", "9010-9000", "x", "1-", "65536"] {
            assert_eq!(ports(text), None, "{text}");
        }
    }
}
