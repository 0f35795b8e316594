//! The lines that make ports public, for a `help`: written out, so that they can be copied, and build as they are.

use crate::{AppService, ContainerPort, PublicProtocol};
use tranship_facts::quotas::load_balancing::{HTTP_PORT, HTTPS_PORT};

/// One entry of `public`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PublicLine {
    /// The container's port.
    container: u16,
    /// What it is published as, if that is one port.
    published: Option<u16>,
    /// `tcp` or `udp`, where it is passed on.
    protocol: Option<PublicProtocol>,
}

impl PublicLine {
    /// A port that serves HTTP: on the port that it is published as, so that all lines of an application build together.
    pub(super) fn http(port: &ContainerPort) -> Self {
        PublicLine { protocol: None, ..PublicLine::passed_on(port, PublicProtocol::Http) }
    }

    /// A port whose connections are passed on.
    pub(super) fn passed_on(port: &ContainerPort, protocol: PublicProtocol) -> Self {
        let published = port.published.as_ref().and_then(|published| published.value.first());
        PublicLine { container: port.container.value, published, protocol: Some(protocol) }
    }

    fn text(self) -> String {
        let mut keys = Vec::new();
        keys.extend(self.protocol.map(|protocol| format!("protocol: {}", protocol.as_str())));
        keys.push(format!("container_port: {}", self.container));
        // Without a protocol, the listener is the usual one of HTTP.
        let usual = |port: &u16| self.protocol.is_none() && matches!(*port, HTTP_PORT | HTTPS_PORT);
        let listener = self.published.unwrap_or(self.container);
        keys.extend((self.protocol.is_none() && !usual(&listener)).then(|| format!("port: {listener}")));
        format!("{{ {} }}", keys.join(", "))
    }
}

/// The line of a service with these entries.
pub(super) fn setting(lines: &[PublicLine]) -> String {
    let texts: Vec<String> = lines.iter().map(|line| line.text()).collect();
    match texts.as_slice() {
        [one] => format!("`x-tranship: {{ public: {one} }}`"),
        several => format!("`x-tranship: {{ public: [{}] }}`", several.join(", ")),
    }
}

/// Numbers as people write them: `80`, `40000-40010`. They are sorted.
pub(super) fn numbers(mut ports: Vec<u16>) -> Vec<String> {
    ports.sort_unstable();
    ports.dedup();
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for port in ports {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(port) => *last = port,
            _ => runs.push((port, port)),
        }
    }
    let run = |(first, last): &(u16, u16)| match last - first {
        0 => vec![first.to_string()],
        1 => vec![first.to_string(), last.to_string()],
        _ => vec![format!("{first}-{last}")],
    };
    runs.iter().flat_map(run).collect()
}

/// A list of services with their ports: `` `web` (80, 81) ``. Of many, the first six.
pub(super) fn services(found: &[(&AppService, String)]) -> String {
    const SHOWN: usize = 6;
    let names = found.iter().take(SHOWN).map(|(service, ports)| format!("`{}` ({ports})", service.name));
    let more = found.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_can_be_copied() {
        let http = |container, published| PublicLine { container, published, protocol: None };
        let line = |lines: &[PublicLine]| setting(lines);
        assert_eq!(line(&[http(8000, Some(80))]), "`x-tranship: { public: { container_port: 8000 } }`");
        assert_eq!(
            line(&[http(8000, Some(443)), http(3000, Some(3001)), http(9000, None)]),
            "`x-tranship: { public: [{ container_port: 8000 }, { container_port: 3000, port: 3001 }, { container_port: 9000, port: 9000 }] }`"
        );
        let udp = PublicLine { container: 53, published: Some(5353), protocol: Some(PublicProtocol::Udp) };
        assert_eq!(line(&[udp]), "`x-tranship: { public: { protocol: udp, container_port: 53 } }`");
    }

    #[test]
    fn neighbours_are_a_range() {
        assert_eq!(numbers(vec![40002, 80, 40000, 40001, 80]), ["80", "40000-40002"]);
        assert_eq!(numbers(vec![5, 4]), ["4", "5"]);
        assert_eq!(numbers(vec![65_535, 65_534, 65_533]), ["65533-65535"]);
    }
}
