//! Host names of the Compose network: who is meant by a name, seen from a service.
//!
//! Source: Docker's embedded DNS answers with service names, network aliases, container names and host
//! names of containers that share a network (Compose specification, Networks; Docker, Networking overview).

use super::Lowering;
use super::selection::Selection;
use crate::{Database, Name, Service};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::yaml::{Entry, Node};

/// Names by network, and the networks and links of each service.
#[derive(Debug, Default)]
pub(super) struct Directory {
    names: BTreeMap<Name, BTreeMap<Name, Name>>,
    networks: BTreeMap<Name, BTreeSet<Name>>,
    links: BTreeMap<Name, BTreeMap<Name, Name>>,
    skipped: BTreeSet<Name>,
}

impl Directory {
    /// The directory of all active services, skipped ones included: a name of one is an answer too.
    pub(super) fn new(
        cx: &mut Lowering<'_>,
        services: &IndexMap<Name, Service>,
        databases: &IndexMap<Name, Database>,
        selection: &Selection<'_>,
    ) -> Self {
        let mut directory = Directory { skipped: selection.skipped.clone(), ..Directory::default() };
        let manifest = cx.manifest;
        let entries = || manifest.root.get("services").and_then(Node::as_mapping).into_iter().flatten();
        for entry in entries() {
            let networks = networks(entry, manifest.root.get("services"), 0);
            directory.networks.insert(entry.key.text.clone(), networks);
        }
        for entry in entries() {
            let name = &entry.key.text;
            let known = services.contains_key(name) || databases.contains_key(name);
            let host_names = match services.get(name) {
                Some(service) => service.host_names.iter().map(|name| name.value.clone()).collect(),
                None if known => cx.names_of(entry),
                None => vec![name.clone()],
            };
            directory.register(name, &host_names);
            directory.links.insert(name.clone(), links(&entry.value));
        }
        directory
    }

    fn register(&mut self, service: &Name, host_names: &[Name]) {
        for network in self.networks.get(service).into_iter().flatten() {
            let names = self.names.entry(network.clone()).or_default();
            for (index, name) in host_names.iter().enumerate() {
                // A service's own name wins over another's alias.
                if index == 0 || !names.contains_key(name) {
                    names.insert(name.clone(), service.clone());
                }
            }
        }
    }

    /// The service that a host name means to a service.
    pub(super) fn resolve(&self, from: &Name, host: &str) -> Option<&Name> {
        let linked = self.links.get(from).and_then(|links| links.get(host));
        linked.or_else(|| {
            self.networks.get(from)?.iter().find_map(|network| self.names.get(network)?.get(host))
        })
    }

    /// Whether two services share a network.
    pub(super) fn share(&self, one: &Name, other: &Name) -> bool {
        let (Some(one), Some(other)) = (self.networks.get(one), self.networks.get(other)) else {
            return false;
        };
        !one.is_disjoint(other)
    }

    /// Whether the service is never deployed.
    pub(super) fn is_skipped(&self, service: &Name) -> bool {
        self.skipped.contains(service)
    }
}

impl Lowering<'_> {
    /// The host names of a service that a database replaces.
    fn names_of(&mut self, entry: &Entry) -> Vec<Name> {
        let names = self.host_names(&entry.key.text, entry);
        names.into_iter().map(|name| name.value).collect()
    }
}

/// The networks that a service is in: of another's network mode, that one's.
fn networks(entry: &Entry, services: Option<&Node>, depth: usize) -> BTreeSet<Name> {
    let mode = entry.value.get("network_mode").and_then(Node::as_str);
    match mode {
        Some(mode) => {
            let shared = mode.strip_prefix("service:").filter(|_| depth < 8);
            let other = shared.and_then(|name| services?.as_mapping()?.entry(name));
            other.map(|other| networks(other, services, depth + 1)).unwrap_or_default()
        }
        None => match entry.value.get("networks").and_then(Node::as_mapping) {
            Some(mapping) if !mapping.is_empty() => {
                mapping.iter().map(|entry| entry.key.text.clone()).collect()
            }
            _ => BTreeSet::from([Name::from("default")]),
        },
    }
}

/// `links`: alias to service.
fn links(node: &Node) -> BTreeMap<Name, Name> {
    let items = node.get("links").and_then(Node::as_sequence).unwrap_or_default();
    let pair = |item: &Node| {
        let text = item.as_str()?.to_owned();
        let (service, alias) = text.split_once(':').unwrap_or((&text, &text));
        Some((alias.into(), service.into()))
    };
    items.iter().filter_map(pair).collect()
}
