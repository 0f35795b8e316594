//! Who talks to whom, on which port.
//!
//! Values say it with a port; `depends_on` and links say it without one, and the port is the known
//! image's, else what the service exposes or publishes. Sharing a network permits an edge and does not
//! make one.

use super::Lowering;
use super::directory::Directory;
use super::flat;
use super::jobs::waits_for_end;
use super::wiring::Reach;
use crate::rules;
use crate::{Container, Database, Edge, Image, Name, Role, Service};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::ports::is_debug_port;
use tranship_facts::{KnownImage, TransportProtocol};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// The edges, each once.
pub(super) fn edges(
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    databases: &IndexMap<Name, Database>,
    directory: &Directory,
    reaches: Vec<Reach>,
) -> Vec<Edge> {
    let mut edges = Edges::default();
    for reach in reaches {
        let Reach { from, to, port, origin } = reach;
        let ports = match (databases.get(&to), services.get(&to), port) {
            (Some(database), ..) => vec![(database.engine.value.port(), TransportProtocol::Tcp)],
            (_, Some(service), Some(port)) => vec![(port, protocol(&service.container, port))],
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
                (Some(database), _) => vec![(database.engine.value.port(), TransportProtocol::Tcp)],
                (_, Some(other)) if matches!(other.role, Role::Service | Role::Sidecar { .. }) => {
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
struct Edges {
    list: Vec<Edge>,
    known: BTreeMap<(Name, Name), BTreeSet<Doorway>>,
}

/// Port and protocol, where an edge has them.
type Doorway = Option<(u16, TransportProtocol)>;

impl Edges {
    /// Whether there is an edge between the two.
    fn connect(&self, from: &Name, to: &Name) -> bool {
        self.known.contains_key(&(from.clone(), to.clone()))
    }
}

fn add(
    cx: &mut Lowering<'_>,
    edges: &mut Edges,
    from: &Name,
    to: &Name,
    ports: &[(u16, TransportProtocol)],
    origin: Origin,
) {
    let open: Vec<Option<(u16, TransportProtocol)>> = match ports {
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
                    format!("`{from}` depends on `{to}`, and nothing says on which port `{to}` listens: no connection is opened"),
                )
                .at(origin)
                .service(&**from)
                .help(format!("add `expose` to `{to}` if `{from}` connects to it")),
            );
        }
        edges.list.push(Edge { from: from.clone(), to: to.clone(), port, origin });
    }
}

/// The ports that a container listens on: its known image's, else those it exposes or publishes.
pub(super) fn listens(container: &Container) -> Vec<(u16, TransportProtocol)> {
    let known = known(container).map(|known| known.ports).unwrap_or_default();
    if !known.is_empty() {
        return known.iter().map(|port| (port.number, port.transport)).collect();
    }
    let mut ports: Vec<(u16, TransportProtocol)> = Vec::new();
    for port in container.ports.iter().filter(|port| !is_debug_port(port.container.value)) {
        let pair = (port.container.value, port.protocol);
        if !ports.contains(&pair) {
            ports.push(pair);
        }
    }
    ports
}

/// TCP, unless the manifest or the image names the port for UDP alone.
fn protocol(container: &Container, port: u16) -> TransportProtocol {
    let declared = container.ports.iter().filter(|one| one.container.value == port).map(|one| one.protocol);
    let known = known(container).into_iter().flat_map(|known| known.ports);
    let known = known.filter(|one| one.number == port).map(|one| one.transport);
    let protocols: Vec<TransportProtocol> = declared.chain(known).collect();
    match protocols.contains(&TransportProtocol::Udp) && !protocols.contains(&TransportProtocol::Tcp) {
        true => TransportProtocol::Udp,
        false => TransportProtocol::Tcp,
    }
}

fn known(container: &Container) -> Option<&'static KnownImage> {
    match &container.image {
        Image::Named(text) => KnownImage::find(&flat::shown(text)),
        Image::Built { .. } => None,
    }
}
