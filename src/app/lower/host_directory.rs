//! Host names of the Compose network: who is meant by a name, seen from a service.
//!
//! Source: Docker's embedded DNS answers with service names, network aliases, container names and host
//! names of containers that share a network (Compose specification, Networks; Docker, Networking overview).

use super::service_selection::ServiceSelection;
use crate::document::{ComposeDocument, ComposeService};
use crate::{AppService, ManagedDatabase, ManifestName};
use indexmap::{IndexMap, IndexSet};
use std::collections::{BTreeMap, BTreeSet};

/// Names by network, and the networks and links of each service.
#[derive(Debug, Default)]
pub(super) struct HostDirectory {
    /// Every name that answers to some service.
    known: IndexSet<ManifestName>,
    names: BTreeMap<ManifestName, IndexMap<ManifestName, ManifestName>>,
    networks: IndexMap<ManifestName, BTreeSet<ManifestName>>,
    links: IndexMap<ManifestName, BTreeMap<ManifestName, ManifestName>>,
    skipped: BTreeSet<ManifestName>,
    /// Services whose profiles are not active: names that answer under Compose only with their profile.
    inactive: BTreeSet<ManifestName>,
}

impl HostDirectory {
    /// The directory of all active services, skipped ones included: a name of one is an answer too.
    pub(super) fn new(
        document: &ComposeDocument,
        services: &IndexMap<ManifestName, AppService>,
        databases: &IndexMap<ManifestName, ManagedDatabase>,
        selection: &ServiceSelection<'_>,
        inactive: &[ManifestName],
    ) -> Self {
        let mut directory = HostDirectory {
            skipped: selection.skipped.clone(),
            inactive: inactive.iter().cloned().collect(),
            known: inactive.iter().cloned().collect(),
            ..HostDirectory::default()
        };
        for (name, given) in &document.services {
            directory.networks.insert(name.clone(), networks(given, document, 0));
        }
        for (name, given) in &document.services {
            let deployed = services.contains_key(name) || databases.contains_key(name);
            let host_names = given.host_names.value.iter().map(|name| name.value.clone());
            // One that is never deployed answers to its own name alone.
            let answering = if deployed { usize::MAX } else { 1 };
            directory.register(name, &host_names.take(answering).collect::<Vec<_>>());
            directory.known.extend(given.links.iter().map(|link| link.alias.clone()));
            let links = given.links.iter().map(|link| (link.alias.clone(), link.service.clone()));
            directory.links.insert(name.clone(), links.collect());
        }
        directory
    }

    /// Lets the steps of `pre_start` find what their services find.
    pub(super) fn add_steps(&mut self, services: &IndexMap<ManifestName, AppService>) {
        for step in services.values().filter(|service| service.hook.is_some()) {
            let of = step.declared_as();
            let (networks, links) = (self.networks.get(of).cloned(), self.links.get(of).cloned());
            self.networks.insert(step.name.clone(), networks.unwrap_or_default());
            self.links.insert(step.name.clone(), links.unwrap_or_default());
        }
    }

    fn register(&mut self, service: &ManifestName, host_names: &[ManifestName]) {
        self.known.extend(host_names.iter().cloned());
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
    pub(super) fn resolve(&self, from: &ManifestName, host: &str) -> Option<&ManifestName> {
        // Most words of a text are no host to anyone.
        if !self.known.contains(host) {
            return None;
        }
        let linked = self.links.get(from).and_then(|links| links.get(host));
        let named = linked.or_else(|| {
            self.networks.get(from)?.iter().find_map(|network| self.names.get(network)?.get(host))
        });
        named.or_else(|| self.inactive.get(host))
    }

    /// What a service calls another one that it links to by another name.
    pub(super) fn link_alias(&self, from: &ManifestName, to: &ManifestName) -> Option<&ManifestName> {
        let links = self.links.get(from)?.iter();
        links.filter(|(alias, service)| *service == to && *alias != to).map(|(alias, _)| alias).next()
    }

    /// Whether two services share a network.
    pub(super) fn share(&self, one: &ManifestName, other: &ManifestName) -> bool {
        let (Some(one), Some(other)) = (self.networks.get(one), self.networks.get(other)) else {
            return false;
        };
        !one.is_disjoint(other)
    }

    /// Whether the service is not deployed: it is skipped, or its profile is not active.
    pub(super) fn is_absent(&self, service: &ManifestName) -> bool {
        self.skipped.contains(service) || self.is_inactive(service)
    }

    /// Whether the service's profile is not active.
    pub(super) fn is_inactive(&self, service: &ManifestName) -> bool {
        self.inactive.contains(service)
    }
}

/// The networks that a service is in: of another's network mode, that one's.
fn networks(service: &ComposeService, document: &ComposeDocument, depth: usize) -> BTreeSet<ManifestName> {
    match &service.description.value.container.network_mode {
        Some(mode) => {
            let shared = mode.value.strip_prefix("service:").filter(|_| depth < 8);
            let other = shared.and_then(|name| document.services.get(name));
            other.map(|other| networks(other, document, depth + 1)).unwrap_or_default()
        }
        None if service.networks.is_empty() => BTreeSet::from([ManifestName::from("default")]),
        None => service.networks.iter().map(|attachment| attachment.network.clone()).collect(),
    }
}
