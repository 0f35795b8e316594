//! Who talks to whom, on which port.
//!
//! Values say it with a port; `depends_on` and links say it without one, and the port is the known
//! image's, else what the service exposes or publishes. Sharing a network permits an edge and does not
//! make one.

use super::LoweringContext;
use super::flat_text;
use super::host_directory::HostDirectory;
use super::host_reaches::HostReach;
use super::service_roles::waits_for_end;
use crate::rules;
use crate::{
    AppService, ContainerImage, ContainerPort, ContainerSpec, ManagedDatabase, ManifestName, PortSpec,
    ServiceEdge, ServiceRole,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::KnownImage;
use tranship_facts::ports::is_debug_port;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// The edges, each once.
pub(super) fn edges(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
    reaches: Vec<HostReach>,
) -> Vec<ServiceEdge> {
    let mut edges = EdgeList::default();
    for reach in reaches {
        let HostReach { from, to, port, origin } = reach;
        let ports = match (databases.get(&to), services.get(&to), port) {
            (Some(database), ..) => vec![PortSpec::tcp(database.engine.value.port())],
            (_, Some(service), Some(port)) => vec![spec_of(&service.container, port)],
            (_, Some(service), None) => listens(&service.container),
            _ => continue,
        };
        add(cx, &mut edges, &from, &to, &ports, origin);
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
                    listens(&other.container)
                }
                _ => continue,
            };
            let origin = cx.manifest.nodes.origin(dependency.node);
            add(cx, &mut edges, from, to, &ports, origin);
        }
    }
    edges.list
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
}

fn add(
    cx: &mut LoweringContext<'_>,
    edges: &mut EdgeList,
    from: &ManifestName,
    to: &ManifestName,
    ports: &[PortSpec],
    origin: Origin,
) {
    let open: Vec<Option<PortSpec>> = match ports {
        [] => vec![None],
        ports => ports.iter().copied().map(Some).collect(),
    };
    for port in open {
        if !edges.known.entry((from.clone(), to.clone())).or_default().insert(port) {
            continue;
        }
        if port.is_none() {
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::app::UNKNOWN_PORT,
                    format!("cannot tell which port `{to}` listens on, so `{from}` cannot reach it"),
                )
                .at(origin)
                .service(&**from)
                .help(format!("if `{from}` connects to `{to}`, add `expose` to `{to}`")),
            );
        }
        edges.list.push(ServiceEdge { from: from.clone(), to: to.clone(), port, origin });
    }
}

/// The ports that a container listens on: its known image's, else those it exposes or publishes.
pub(super) fn listens(container: &ContainerSpec) -> Vec<PortSpec> {
    let known = known(container).map(|known| known.ports).unwrap_or_default();
    if !known.is_empty() {
        return known.iter().map(PortSpec::known).collect();
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
    match &container.image {
        ContainerImage::Named(text) => KnownImage::find(&flat_text::shown(text)),
        ContainerImage::Built { .. } => None,
    }
}
