//! From where an address of the machine can be reached: `host_ip` of a published port.

use std::net::{IpAddr, Ipv6Addr};

/// From where connections can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostAddressReach {
    /// From the machine itself: loopback.
    Machine,
    /// From its own network: a private or link-local address.
    PrivateNetwork,
    /// From anywhere: a public address, all addresses, or none given.
    Anywhere,
}

/// The reach of an address; of a text that is none, anywhere.
pub(super) fn reach(address: &str) -> HostAddressReach {
    match address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => of(address.to_canonical()),
        Err(_) if address == "localhost" => HostAddressReach::Machine,
        Err(_) => HostAddressReach::Anywhere,
    }
}

fn of(address: IpAddr) -> HostAddressReach {
    let private = match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => is_unique_local(address) || is_link_local(address),
    };
    match private {
        _ if address.is_loopback() => HostAddressReach::Machine,
        true => HostAddressReach::PrivateNetwork,
        false => HostAddressReach::Anywhere,
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
