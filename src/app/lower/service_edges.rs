//! Who talks to whom, on which port.
//!
//! Values say it with a port; `depends_on` and links say it without one, and the port is what
//! [`super::listening_ports`] finds. Sharing a network permits an edge and does not make one. A service that names
//! itself has an edge to itself: its copies reach each other there.

use super::LoweringContext;
use super::command_end::works_on_a_queue;
use super::host_directory::HostDirectory;
use super::host_reaches::HostReach;
use super::listening_ports;
use super::service_roles::waits_for_end;
use crate::rules;
use crate::{
    AppService, ContainerPort, ContainerSpec, HostPlace, ManagedDatabase, ManifestName, PortSpec,
    ServiceEdge, ServiceRole, WrittenHost,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::KnownImage;
use tranship_facts::ports::is_debug_port;
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;

/// The edges, each once; and the names that only images can know, since no value names what is depended on.
pub(super) fn edges(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
    reaches: Vec<HostReach>,
) -> (Vec<ServiceEdge>, Vec<WrittenHost>) {
    let mut edges = EdgeList::default();
    let mut in_images = Vec::new();
    let named = named_ports(services, &reaches);
    let ports_of = |service: &AppService| match listening_ports::of_service(service) {
        ports if ports.is_empty() => named.get(&service.name).cloned().unwrap_or_default(),
        ports => ports,
    };
    for reach in reaches {
        let HostReach { from, to, port, origin } = reach;
        let ports = match (databases.get(&to), services.get(&to), port) {
            (Some(database), ..) => vec![PortSpec::tcp(database.engine.value.port())],
            (_, Some(service), Some(port)) => vec![spec_of(&service.container, port)],
            (_, Some(service), None) => ports_of(service),
            _ => continue,
        };
        // Only a service has copies that find each other, and nobody needs a port to name itself.
        let is_service = || services.get(&to).is_some_and(|it| it.role == ServiceRole::Service);
        if from != to || !ports.is_empty() && is_service() {
            edges.add(&from, &to, &ports, origin);
        }
    }
    for service in services.values() {
        for dependency in &service.dependencies {
            let (from, to) = (&service.name, &dependency.on);
            if edges.connect(from, to)
                || waits_for_end(dependency.condition.value)
                || !directory.share(from, to)
            {
                continue;
            }
            let ports = match (databases.get(to), services.get(to)) {
                (Some(database), _) => vec![PortSpec::tcp(database.engine.value.port())],
                (_, Some(other))
                    if matches!(other.role, ServiceRole::Service | ServiceRole::Sidecar { .. }) =>
                {
                    let ports = ports_of(other);
                    if ports.is_empty()
                        && (works_on_a_queue(&other.container) || share_a_task(service, other))
                    {
                        continue;
                    }
                    ports
                }
                _ => continue,
            };
            let origin = cx.manifest.nodes.origin(dependency.node);
            edges.add(from, to, &ports, origin);
            if shares_a_network(service, to) || services.get(to).is_some_and(|to| shares_a_network(to, from))
            {
                continue; // at home, under `localhost` as under any name
            }
            for host in names_in_image(cx, directory, from, to) {
                let (service, to, place) = (from.clone(), to.clone(), HostPlace::Image);
                in_images.push(WrittenHost { service, place, host, to, origin });
            }
        }
    }
    report_unknown(cx, &edges);
    (edges.list, in_images)
}

/// Whether one is a sidecar of the other: they need no rule.
fn share_a_task(one: &AppService, other: &AppService) -> bool {
    let of = |service: &AppService| match &service.role {
        ServiceRole::Sidecar { of, .. } => Some(of.clone()),
        _ => None,
    };
    of(one).is_some_and(|of| of == other.name) || of(other).is_some_and(|of| of == one.name)
}

/// The ports that others name for each service: what is right for one client is right for all.
fn named_ports(
    services: &IndexMap<ManifestName, AppService>,
    reaches: &[HostReach],
) -> BTreeMap<ManifestName, Vec<PortSpec>> {
    let mut named: BTreeMap<ManifestName, Vec<PortSpec>> = BTreeMap::new();
    for HostReach { to, port, .. } in reaches {
        let (Some(service), Some(port)) = (services.get(to), port) else { continue };
        let (spec, known) = (spec_of(&service.container, *port), named.entry(to.clone()).or_default());
        if !known.contains(&spec) {
            known.push(spec);
        }
    }
    named
}

/// What an image may call a service that it depends on: what a link calls it, else its name; and its aliases, which are
/// there for somebody.
fn names_in_image(
    cx: &LoweringContext<'_>,
    directory: &HostDirectory,
    from: &ManifestName,
    to: &ManifestName,
) -> Vec<ManifestName> {
    let attachments = cx.document.services.get(to).into_iter().flat_map(|given| &given.networks);
    let aliases =
        attachments.flat_map(|attachment| &attachment.aliases).map(|alias| alias.value.as_str().into());
    let heard = aliases.filter(|alias: &ManifestName| directory.resolve(from, alias) == Some(to));
    let mut names = vec![directory.link_alias(from, to).unwrap_or(to).clone()];
    for name in heard {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether one has the network of the other (`network_mode: service:x`).
fn shares_a_network(one: &AppService, other: &ManifestName) -> bool {
    let mode = one.container.network_mode.as_ref();
    mode.and_then(|mode| mode.value.strip_prefix("service:")).is_some_and(|name| *name == **other)
}

/// One line for all connections whose port nobody says.
fn report_unknown(cx: &mut LoweringContext<'_>, edges: &EdgeList) {
    let unknown: Vec<&ServiceEdge> = edges.list.iter().filter(|edge| edge.port.is_none()).collect();
    let Some(first) = unknown.first() else { return };
    let mut listeners: Vec<String> = unknown.iter().map(|edge| format!("`{}`", edge.to)).collect();
    listeners.sort();
    listeners.dedup();
    let message = match (unknown.as_slice(), listeners.as_slice()) {
        ([edge], _) => {
            let (from, to) = (&edge.from, &edge.to);
            format!("cannot tell which port `{to}` listens on, so `{from}` cannot reach it")
        }
        (_, [to]) => {
            let mut from: Vec<String> = unknown.iter().map(|edge| format!("`{}`", edge.from)).collect();
            from.dedup();
            format!("cannot tell which port {to} listens on, so {} cannot reach it", listed(&from))
        }
        (edges, _) => {
            let pairs: Vec<String> =
                edges.iter().map(|edge| format!("`{}` cannot reach `{}`", edge.from, edge.to)).collect();
            format!("cannot tell which ports {} listen on: {}", listed(&listeners), listed(&pairs))
        }
    };
    let diagnostic = Diagnostic::new(&rules::app::UNKNOWN_PORT, message).service(&*first.from);
    let placed = unknown.iter().fold(diagnostic, |told, edge| told.at(edge.origin));
    let lock = if cx.lock.images.is_empty() { ", or let `tranship lock` read it from the image" } else { "" };
    cx.diagnostics.push(placed.help(format!(
        "add `expose: [\"PORT\"]` to {}{lock}; if nothing connects to it, accept: `accept: [app/unknown-port]`",
        listed(&listeners)
    )));
}

/// Edges so far, in the order of what says so.
#[derive(Debug, Default)]
struct EdgeList {
    list: Vec<ServiceEdge>,
    known: BTreeMap<(ManifestName, ManifestName), BTreeSet<Option<PortSpec>>>,
}

impl EdgeList {
    /// Whether there is an edge between the two.
    fn connect(&self, from: &ManifestName, to: &ManifestName) -> bool {
        self.known.contains_key(&(from.clone(), to.clone()))
    }

    /// An edge for each port; one without a port where none is known.
    fn add(&mut self, from: &ManifestName, to: &ManifestName, ports: &[PortSpec], origin: Origin) {
        let open: Vec<Option<PortSpec>> = match ports {
            [] => vec![None],
            ports => ports.iter().copied().map(Some).collect(),
        };
        let known = self.known.entry((from.clone(), to.clone())).or_default();
        for port in open {
            if known.insert(port) {
                self.list.push(ServiceEdge { from: from.clone(), to: to.clone(), port, origin });
            }
        }
    }
}

/// The ports that a container listens on: its known image's, else those it exposes or publishes.
pub(super) fn listens(container: &ContainerSpec) -> Vec<PortSpec> {
    let known = container.image_facts().software_ports();
    if !known.is_empty() {
        return known;
    }
    let mut seen = BTreeSet::new();
    let ports = container.ports.iter().filter(|port| !is_debug_port(port.container.value));
    ports.map(ContainerPort::spec).filter(|port| seen.insert(*port)).collect()
}

/// TCP, unless the manifest or the image names the port for UDP alone.
fn spec_of(container: &ContainerSpec, number: u16) -> PortSpec {
    let declared = container.ports.iter().map(ContainerPort::spec);
    let known = known(container).into_iter().flat_map(|known| known.ports.iter().map(PortSpec::known));
    let named: Vec<PortSpec> = declared.chain(known).collect();
    let (tcp, udp) = (PortSpec::tcp(number), PortSpec::udp(number));
    if named.contains(&udp) && !named.contains(&tcp) { udp } else { tcp }
}

/// The row of its image.
pub(super) fn known(container: &ContainerSpec) -> Option<&'static KnownImage> {
    container.image_facts().software()
}
