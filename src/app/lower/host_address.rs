//! From where an address of the machine can be reached: `host_ip` of a published port.

use std::net::{IpAddr, Ipv6Addr};

/// From where connections can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostAddressReach {
    /// From the machine itself: loopback.
    Machine,
    /// From its own network: a private or link-local address.
    PrivateNetwork,
    /// From anywhere: a public address, all addresses, or none given.
    Anywhere,
}

/// The reach of an address; of a text that is none, anywhere.
pub(crate) fn reach(address: &str) -> HostAddressReach {
    match address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => of(address.to_canonical()),
        Err(_) if address == "localhost" => HostAddressReach::Machine,
        Err(_) => HostAddressReach::Anywhere,
    }
}

fn of(address: IpAddr) -> HostAddressReach {
    let private = match address {
        IpAddr::V4(address) => {
            address.is_private() || address.is_link_local() || is_not_routed(address.octets())
        }
        IpAddr::V6(address) => is_unique_local(address) || is_link_local(address),
    };
    match private {
        _ if address.is_loopback() => HostAddressReach::Machine,
        true => HostAddressReach::PrivateNetwork,
        false => HostAddressReach::Anywhere,
    }
}

/// Addresses that no router of the internet carries: shared ones (RFC 6598), which VPNs hand out too, and those for
/// tests of devices (RFC 2544).
fn is_not_routed(octets: [u8; 4]) -> bool {
    let [first, second, ..] = octets;
    match first {
        100 => second & 0xc0 == 64,
        198 => second & 0xfe == 18,
        _ => false,
    }
}

/// `fc00::/7` (RFC 4193).
fn is_unique_local(address: Ipv6Addr) -> bool {
    address.octets().first().is_some_and(|byte| byte & 0xfe == 0xfc)
}

/// `fe80::/10` (RFC 4291).
fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments().first().is_some_and(|word| word & 0xffc0 == 0xfe80)
}

#[cfg(test)]
mod tests {
    use super::{HostAddressReach, reach};

    #[test]
    fn loopback_and_private_addresses_are_not_reached_from_anywhere() {
        use HostAddressReach::{Anywhere, Machine, PrivateNetwork};
        for (address, expected) in [
            ("127.0.0.1", Machine),
            ("127.8.8.8", Machine),
            ("::1", Machine),
            ("[::1]", Machine),
            ("::ffff:127.0.0.1", Machine),
            ("100.64.0.1", PrivateNetwork),
            ("100.127.255.254", PrivateNetwork),
            ("198.19.0.1", PrivateNetwork),
            ("100.128.0.1", Anywhere),
            ("198.20.0.1", Anywhere),
            ("10.1.2.3", PrivateNetwork),
            ("172.16.0.1", PrivateNetwork),
            ("172.31.255.255", PrivateNetwork),
            ("192.168.1.10", PrivateNetwork),
            ("169.254.1.1", PrivateNetwork),
            ("::ffff:10.0.0.1", PrivateNetwork),
            ("fd12:3456::1", PrivateNetwork),
            ("fe80::1", PrivateNetwork),
            ("172.32.0.1", Anywhere),
            ("11.0.0.1", Anywhere),
            ("0.0.0.0", Anywhere),
            ("::", Anywhere),
            ("203.0.113.9", Anywhere),
            ("2001:db8::1", Anywhere),
            ("", Anywhere),
        ] {
            assert_eq!(reach(address), expected, "{address}");
        }
    }
}
