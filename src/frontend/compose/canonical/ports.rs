//! `ports`: `[IP:][HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]` becomes one mapping per port.

use super::{ServiceExpander, entry, part};
use crate::compose::limits::MOST_PORTS;
use crate::compose::value::{is_ip, print_scalar};
use crate::diagnostic::rules::compose as rules;
use crate::source::{Origin, Provenance};
use crate::yaml::{Mapping, Node, NodeValue, word};
use std::ops::Range;

/// Expands every entry of the list; a range becomes several.
pub(super) fn expand(service: &mut ServiceExpander<'_, '_>, list: &mut Node) {
    let NodeValue::Sequence(items) = &mut list.value else { return };
    if service.cx.options.no_interpolate && items.iter().any(|item| !parses(item)) {
        return;
    }
    let mut long = Vec::with_capacity(items.len());
    for (index, item) in std::mem::take(items).into_iter().enumerate() {
        let text = match &item.value {
            NodeValue::String(text) => text.to_string(),
            NodeValue::Integer(_) => print_scalar(&item.value),
            NodeValue::Mapping(_) => {
                long.push(item);
                continue;
            }
            _ => {
                let help = "write the port as an integer or a string";
                service.refuse(&rules::BAD_PORT, &format!("ports[{index}]"), &item, "not a port", help);
                continue;
            }
        };
        match parse(&text) {
            Ok(port) => {
                if service.cx.budget.ports(port.container.count()) {
                    write_out(service, &port, item.origin, &mut long);
                } else if service.cx.budget.is_first_report() {
                    let why = format!("the port ranges add up to more than {MOST_PORTS} ports");
                    let help = "publish only the ports that the service uses";
                    service.refuse(&rules::TOO_MANY_PORTS, &format!("ports[{index}]"), &item, &why, help);
                }
            }
            Err(why) => {
                let help = "write `HOST:CONTAINER`, each a port or a range, with an optional `IP:` before and `/udp` after it";
                service.refuse(&rules::BAD_PORT, &format!("ports[{index}]"), &item, why, help);
            }
        }
    }
    list.value = NodeValue::Sequence(long);
}

fn parses(item: &Node) -> bool {
    item.as_str().is_none_or(|text| parse(text).is_ok())
}

/// A port, or a range of ports, and its bytes in the string.
#[derive(Debug, PartialEq)]
struct WrittenPorts {
    first: u16,
    last: u16,
    place: Range<usize>,
}

impl WrittenPorts {
    fn count(&self) -> usize {
        usize::from(self.last - self.first) + 1
    }
}

/// A parsed port string, with the byte ranges of its parts.
#[derive(Debug, PartialEq)]
struct PortString {
    ip: Option<(String, Range<usize>)>,
    host: Option<WrittenPorts>,
    container: WrittenPorts,
    protocol: String,
    protocol_at: Option<Range<usize>>,
}

fn parse(text: &str) -> Result<PortString, &'static str> {
    let container_at = text.rfind(':').map_or(0, |at| at + 1);
    let before = text.get(..container_at.saturating_sub(1)).filter(|_| container_at > 0);
    let host_at = before.map_or(0, |before| before.rfind(':').map_or(0, |at| at + 1));
    let tail = text.get(container_at..).unwrap_or("");
    let (container, protocol) = tail.split_once('/').unwrap_or((tail, ""));
    if container.is_empty() {
        return Err("the container port is missing");
    }
    let protocol_at = container_at + container.len() + 1..text.len();
    let lower = if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_lowercase() };
    if !["tcp", "udp", "sctp"].contains(&&*lower) {
        return Err("the protocol must be tcp, udp or sctp");
    }
    let ip = before.and_then(|before| before.get(..host_at.checked_sub(1)?)).unwrap_or("");
    let ip = address(ip)?.map(|ip| (ip, 0..host_at.saturating_sub(1)));
    let (first, last) =
        range(container).ok_or("the container port must be a number from 0 to 65535, or a range")?;
    let host_text = before.and_then(|before| before.get(host_at..)).unwrap_or("");
    let host = if host_text.is_empty() {
        None
    } else {
        let (low, high) =
            range(host_text).ok_or("the host port must be a number from 0 to 65535, or a range")?;
        if last - first != high - low && last != first {
            return Err("the two ranges differ in length");
        }
        Some(WrittenPorts { first: low, last: high, place: host_at..host_at + host_text.len() })
    };
    Ok(PortString {
        ip,
        host,
        container: WrittenPorts { first, last, place: container_at..container_at + container.len() },
        protocol: lower,
        protocol_at: (!protocol.is_empty()).then_some(protocol_at),
    })
}

/// The address before the ports, without IPv6 brackets.
fn address(text: &str) -> Result<Option<String>, &'static str> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or("the address has no closing bracket")?,
        None => text,
    };
    match bare {
        "" => Ok(None),
        ip if is_ip(ip) => Ok(Some(ip.to_owned())),
        _ => Err("the part before the ports is not an IP address"),
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| !text.starts_with('+'));
    let mut ends = text.split('-');
    let first = number(ends.next()?)?;
    let last = match ends.next() {
        Some(last) => number(last)?,
        None => first,
    };
    (last >= first).then_some((first, last))
}

/// One mapping per container port, sorted as strings, as Docker Compose does.
fn write_out(service: &mut ServiceExpander<'_, '_>, spec: &PortString, whole: Origin, long: &mut Vec<Node>) {
    let container = &spec.container;
    let mut ports: Vec<u16> = (container.first..=container.last).collect();
    ports.sort_by_cached_key(|port| format!("{port}/"));
    let cx = &mut *service.cx;
    let default = cx.sources.record(Provenance::Default { of: whole });
    let target_origin = part(whole, container.place.clone(), cx);
    let host_origin = spec.host.as_ref().map_or(default, |host| part(whole, host.place.clone(), cx));
    let ip_origin = spec.ip.as_ref().map_or(default, |(_, at)| part(whole, at.clone(), cx));
    let protocol_origin = spec.protocol_at.clone().map_or(default, |at| part(whole, at, cx));
    for port in ports {
        let mut mapping = Mapping::new();
        entry(&mut mapping, "mode", Node::string(word("ingress"), default));
        if let Some((ip, _)) = &spec.ip {
            entry(&mut mapping, "host_ip", Node::string(ip.as_str(), ip_origin));
        }
        if port != 0 {
            let target = NodeValue::Integer(i128::from(port));
            entry(&mut mapping, "target", Node::new(target, target_origin));
        }
        if let Some(host) = &spec.host {
            let published = published(host, container, port);
            entry(&mut mapping, "published", Node::string(published, host_origin));
        }
        entry(&mut mapping, "protocol", Node::string(word(spec.protocol.as_str()), protocol_origin));
        long.push(Node::new(NodeValue::Mapping(mapping), whole));
    }
}

/// The host port for a container port; a range if one container port has several host ports.
fn published(host: &WrittenPorts, container: &WrittenPorts, port: u16) -> String {
    let own = u32::from(host.first) + u32::from(port - container.first);
    let is_one_to_many = container.first == container.last && host.first != host.last;
    if is_one_to_many { format!("{own}-{}", host.last) } else { own.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Err(why) => format!("refused: {why}"),
            Ok(spec) => {
                let ip = spec.ip.map_or(String::new(), |(ip, _)| ip);
                let host = spec.host.map_or(String::new(), |host| format!("{}-{}", host.first, host.last));
                format!("{ip}|{host}|{}-{}/{}", spec.container.first, spec.container.last, spec.protocol)
            }
        }
    }

    #[test]
    fn every_form() {
        for (given, wanted) in [
            ("80", "||80-80/tcp"),
            ("80/UDP", "||80-80/udp"),
            ("80/", "||80-80/tcp"),
            ("8080:80", "|8080-8080|80-80/tcp"),
            (":80", "||80-80/tcp"),
            ("3000-3005", "||3000-3005/tcp"),
            ("9000-9002:90-92", "|9000-9002|90-92/tcp"),
            ("9000-9002:93", "|9000-9002|93-93/tcp"),
            ("127.0.0.1:8001:8001", "127.0.0.1|8001-8001|8001-8001/tcp"),
            ("127.0.0.1::80", "127.0.0.1||80-80/tcp"),
            ("[::1]:8080:80", "::1|8080-8080|80-80/tcp"),
            ("::1:8080:80", "::1|8080-8080|80-80/tcp"),
        ] {
            assert_eq!(shown(given), wanted, "{given}");
        }
        for given in [
            "",
            "/tcp",
            "80.5",
            "80/icmp",
            "localhost:80:80",
            "90-80",
            "1-3:1-2",
            "99999",
            "a:80",
            "[::1:1:2",
        ] {
            assert!(shown(given).starts_with("refused"), "{given}: {}", shown(given));
        }
    }

    #[test]
    fn pieces_know_their_places() {
        let spec = parse("[::1]:8080:80/udp").unwrap();
        assert_eq!(spec.ip.map(|(_, at)| at), Some(0..5));
        assert_eq!(spec.host.map(|host| host.place), Some(6..10));
        assert_eq!(spec.container.place, 11..13);
        assert_eq!(spec.protocol_at, Some(14..17));
    }
}
