//! `ports` and `expose` of a service.

use super::reader::DocumentReader;
use crate::{At, ContainerPort, PortRange, PublishedPort};
use std::collections::BTreeSet;
use tranship_facts::TransportProtocol;
use tranship_frontend::yaml::Node;

/// Ports that ranges of `expose` may become altogether: one for each there is. A line would else cost gigabytes.
const MOST_EXPOSED: usize = 65_536;

/// What is said of more.
const FEWER_PORTS: &str = "ranges that add up to at most 65536 ports in the manifest";

/// What a port may be.
const PORT_NUMBERS: &str = "a port from 1 to 65535";

impl DocumentReader<'_> {
    /// `ports`, then `expose`.
    pub(super) fn ports(&mut self, node: &Node) -> Vec<ContainerPort> {
        let published = node.get("ports").and_then(Node::as_sequence).unwrap_or_default();
        let mut ports: Vec<ContainerPort> =
            published.iter().filter_map(|item| self.published(item)).collect();
        let mut named: BTreeSet<(u16, TransportProtocol)> =
            ports.iter().map(|port| (port.container.value, port.protocol)).collect();
        for item in node.get("expose").and_then(Node::as_sequence).unwrap_or_default() {
            let Some(text) = self.fixed(item) else { continue };
            let (range, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
            let protocol = TransportProtocol::of(protocol);
            let Some(range) = port_range(range).filter(|range| range.first <= range.last && range.first > 0)
            else {
                self.out_of_range(item, PORT_NUMBERS);
                continue;
            };
            self.exposed =
                self.exposed.saturating_add(usize::from(range.last.saturating_sub(range.first)) + 1);
            if self.exposed > MOST_EXPOSED {
                self.out_of_range(item, FEWER_PORTS);
                continue;
            }
            for number in range.first..=range.last {
                if !named.insert((number, protocol)) {
                    self.findings.claims.decided(item, "already listed under `ports`");
                    continue;
                }
                let container = At::of(item, number);
                let (node, origin) = (item.id, item.origin);
                ports.push(ContainerPort {
                    container,
                    published: None,
                    host_ip: None,
                    app_protocol: None,
                    protocol,
                    node,
                    origin,
                });
            }
        }
        ports
    }

    fn published(&mut self, node: &Node) -> Option<ContainerPort> {
        let published = node.get("published");
        let target = node.get("target");
        let container = self.parsed(target).filter(|port: &At<u16>| port.value > 0);
        if let (Some(target), None) = (target, &container) {
            self.out_of_range(target, PORT_NUMBERS);
        }
        let range = published.and_then(|node| self.fixed(node)).and_then(|text| port_range(&text));
        Some(ContainerPort {
            container: container?,
            published: Some(At::of(
                published.unwrap_or(node),
                range.map_or(PublishedPort::Chosen, PublishedPort::Within),
            )),
            host_ip: self.string(node.get("host_ip")).filter(|address| !address.value.is_empty()),
            app_protocol: self.string(node.get("app_protocol")),
            protocol: self
                .string(node.get("protocol"))
                .map_or(TransportProtocol::Tcp, |protocol| TransportProtocol::of(&protocol.value)),
            node: node.id,
            origin: node.origin,
        })
    }
}

/// `8000`, or `8000-8010`.
fn port_range(text: &str) -> Option<PortRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(PortRange { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? })
}
