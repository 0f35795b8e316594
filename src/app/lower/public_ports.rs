//! Which ports are public.
//!
//! `x-tranship.public` makes a port public. Where no service has it, the one published TCP port that
//! could be meant becomes the load balancer's catch-all: not one of a data store, a debugger or a
//! loopback address. Where several could be meant, none is public, and one warning says what to write.

use super::LoweringContext;
use super::host_address::{self, HostAddressReach};
use super::service_edges;
use crate::rules;
use crate::settings::{OneOrMore, PublicEndpoint, PublicSetting, WholeNumber};
use crate::{
    AppService, At, BehaviourEffect, ContainerPort, EndpointExposure, ManifestName, PortSpec, PublicExposure,
    PublishedPort, ServiceEdge, ServiceEndpoint, ServiceRole,
};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_facts::TransportProtocol;
use tranship_facts::ports::{data_store_on, is_debug_port, is_docker_port, is_non_http_port};
use tranship_frontend::diagnostic::{Diagnostic, Severity};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// Unreachable ports that a message names.
const UNREACHABLE_SHOWN: usize = 6;

/// Every endpoint: what is public, then what other services reach.
pub(super) fn endpoints(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    edges: &[ServiceEdge],
) -> Vec<ServiceEndpoint> {
    let mut endpoints = Vec::new();
    let mut explicit = false;
    for service in services.values() {
        match public_setting(cx, service) {
            None => {}
            Some(PublicSetting::Private(at)) => cx.ledger.decided(at, "not public"),
            Some(PublicSetting::Public(at)) => {
                explicit = true;
                cx.ledger.decided(at, "public");
                endpoints.extend(declared(cx, service, &PublicEndpoint::default(), at.origin));
            }
            Some(PublicSetting::Endpoints(list)) => {
                explicit = true;
                endpoints.extend(list.iter().filter_map(|one| declared(cx, service, &one.value, one.origin)));
            }
        }
    }
    let published = candidates(cx, services, &endpoints);
    if !explicit {
        endpoints.extend(inferred(cx, &published));
    }
    let public: BTreeSet<NodeId> = endpoints.iter().map(|endpoint| endpoint.node).collect();
    claim_internal(cx, &published, &public, explicit);
    claim_protocols(cx, services, &public);
    endpoints.extend(internal(services, edges));
    endpoints
}

fn public_setting<'a>(cx: &LoweringContext<'a>, service: &AppService) -> Option<&'a PublicSetting> {
    cx.settings.service(&service.name)?.public.as_ref()
}

/// An endpoint that a service declares.
fn declared(
    cx: &mut LoweringContext<'_>,
    service: &AppService,
    settings: &PublicEndpoint,
    declared_at: Origin,
) -> Option<ServiceEndpoint> {
    let wanted = settings.container_port.as_ref();
    let wanted = wanted.map(|port| cx.ledger.exact(port, "the public port").get());
    let Some(chosen) = the_port(service, wanted) else {
        cx.diagnostics.push(ambiguous_port(service, declared_at));
        return None;
    };
    Some(ServiceEndpoint {
        service: service.name.clone(),
        port: chosen.number,
        protocol: TransportProtocol::Tcp,
        exposure: EndpointExposure::Public(PublicExposure {
            published: chosen.published,
            ..public(settings)
        }),
        node: chosen.node,
        origin: chosen.origin,
    })
}

fn public(settings: &PublicEndpoint) -> PublicExposure {
    let list = |values: &Option<OneOrMore<At<String>>>| {
        values.as_ref().map(|values| values.0.clone()).unwrap_or_default()
    };
    let check = settings.health_check.clone().unwrap_or_default();
    PublicExposure {
        hosts: list(&settings.host),
        paths: list(&settings.path),
        listener: settings.port.clone().map(|port| port.map(|port| port.get())),
        health_path: check.path.map(|path| path.map(|path| path.to_string())),
        health_codes: check.codes,
        sticky: settings.sticky.clone(),
        priority: settings.priority.clone().map(|priority| priority.map(WholeNumber::get)),
        published: None,
    }
}

/// The port that is public, and what says so.
struct ChosenPort {
    number: u16,
    published: Option<At<PublishedPort>>,
    node: NodeId,
    origin: Origin,
}

impl ChosenPort {
    fn of(port: &ContainerPort) -> Self {
        let published = port.published.clone();
        ChosenPort { number: port.container.value, published, node: port.node, origin: port.origin }
    }

    /// A port that the manifest does not list.
    fn unlisted(number: u16, service: &AppService) -> Self {
        ChosenPort { number, published: None, node: NodeId::UNNUMBERED, origin: service.origin }
    }
}

/// The one port of a service that can be meant.
fn the_port(service: &AppService, wanted: Option<u16>) -> Option<ChosenPort> {
    let ports = &service.container.ports;
    if let Some(wanted) = wanted {
        let named = ports.iter().find(|port| port.spec() == PortSpec::tcp(wanted));
        return Some(named.map_or_else(|| ChosenPort::unlisted(wanted, service), ChosenPort::of));
    }
    let tcp = || ports.iter().filter(|port| port.protocol == TransportProtocol::Tcp);
    let published: Vec<&ContainerPort> =
        tcp().filter(|port| port.published.is_some() && !is_debugger(port)).collect();
    let exposed: Vec<&ContainerPort> = tcp().filter(|port| port.published.is_none()).collect();
    for list in [published, exposed] {
        if let [one] = plain(list).as_slice() {
            return Some(ChosenPort::of(one));
        }
    }
    let listens = service_edges::listens(&service.container);
    match listens.as_slice() {
        [PortSpec { number, protocol: TransportProtocol::Tcp }] if ports.is_empty() => {
            Some(ChosenPort::unlisted(*number, service))
        }
        _ => None,
    }
}

/// Of a service that serves both 80 and 443 (or 8080 and 8443), the first: the load balancer terminates TLS.
/// Several published ports of one container port are one.
fn plain(mut ports: Vec<&ContainerPort>) -> Vec<&ContainerPort> {
    let has = |ports: &[&ContainerPort], number| ports.iter().any(|port| port.container.value == number);
    for (http, https) in [(80, 443), (8080, 8443), (8000, 8443)] {
        if has(&ports, http) && has(&ports, https) {
            ports.retain(|port| port.container.value != https);
        }
    }
    let mut seen = BTreeSet::new();
    ports.retain(|port| seen.insert(port.container.value));
    ports
}

fn is_debugger(port: &ContainerPort) -> bool {
    is_debug_port(port.container.value)
}

fn ambiguous_port(service: &AppService, origin: Origin) -> Diagnostic {
    let numbers: Vec<String> =
        service_edges::listens(&service.container).iter().map(|port| port.number.to_string()).collect();
    let which = if numbers.is_empty() {
        "it names no port".to_owned()
    } else {
        format!("it has {}", numbers.join(", "))
    };
    Diagnostic::new(
        &rules::app::PUBLIC_PORT,
        format!("service `{}` is public, but it is unclear which port to expose: {which}", service.name),
    )
    .at(origin)
    .service(&*service.name)
    .help("choose one: `public: { container_port: 8000 }`")
}

/// A published port and why it stays inside, if there is a reason.
struct PublishedCandidate<'a> {
    service: &'a AppService,
    port: &'a ContainerPort,
    inside: Option<InsideReason>,
}

/// The published ports that are not public by declaration.
fn candidates<'a>(
    cx: &LoweringContext<'_>,
    services: &'a IndexMap<ManifestName, AppService>,
    declared: &[ServiceEndpoint],
) -> Vec<PublishedCandidate<'a>> {
    let declared: BTreeSet<NodeId> = declared.iter().map(|endpoint| endpoint.node).collect();
    let mut found = Vec::new();
    for service in services.values() {
        let refused = matches!(public_setting(cx, service), Some(PublicSetting::Private(_)));
        let published: Vec<&ContainerPort> =
            service.container.ports.iter().filter(|port| port.published.is_some()).collect();
        let meant: BTreeSet<u16> =
            plain(published.clone()).into_iter().map(|port| port.container.value).collect();
        for port in published {
            if declared.contains(&port.node) {
                continue;
            }
            let tls = !meant.contains(&port.container.value);
            let inside =
                if refused { Some(InsideReason::Declared) } else { InsideReason::of(service, port, tls) };
            found.push(PublishedCandidate { service, port, inside });
        }
    }
    found
}

/// Why a published port stays inside whatever else is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InsideReason {
    Declared,
    Loopback,
    PrivateAddress,
    DataStore,
    Debugger,
    Udp,
    NotHttp,
    EndedTls,
    Job,
}

impl InsideReason {
    fn of(service: &AppService, port: &ContainerPort, tls: bool) -> Option<Self> {
        let address = port.host_ip.as_ref().map_or("", |address| address.value.as_str());
        match host_address::reach(address) {
            HostAddressReach::Machine => return Some(InsideReason::Loopback),
            HostAddressReach::PrivateNetwork => return Some(InsideReason::PrivateAddress),
            HostAddressReach::Anywhere => {}
        }
        if service.data_store.is_some() || data_store_on(port.container.value).is_some() {
            Some(InsideReason::DataStore)
        } else if is_debugger(port) {
            Some(InsideReason::Debugger)
        } else if port.protocol == TransportProtocol::Udp {
            Some(InsideReason::Udp)
        } else if is_non_http_port(port.container.value) {
            Some(InsideReason::NotHttp)
        } else if tls {
            Some(InsideReason::EndedTls)
        } else if !matches!(service.role, ServiceRole::Service | ServiceRole::Sidecar { .. }) {
            Some(InsideReason::Job)
        } else {
            None
        }
    }

    fn text(self) -> &'static str {
        match self {
            InsideReason::Declared => "the service sets `public: false`",
            InsideReason::Loopback => "published on a loopback address only",
            InsideReason::PrivateAddress => "published on a private address only",
            InsideReason::DataStore => "data stores stay internal",
            InsideReason::Debugger => "debugger ports stay internal",
            InsideReason::Udp => "the load balancer serves HTTP only, not UDP",
            InsideReason::NotHttp => "the load balancer serves HTTP only",
            InsideReason::EndedTls => "the load balancer terminates TLS",
            InsideReason::Job => "a job does not serve requests",
        }
    }

    /// A port that the world could reach and no longer can is a loss.
    fn effect(self) -> BehaviourEffect {
        BehaviourEffect::changed_if(matches!(self, InsideReason::Udp | InsideReason::NotHttp))
    }
}

/// The one port that can be meant; else a warning that names them all.
fn inferred(cx: &mut LoweringContext<'_>, published: &[PublishedCandidate<'_>]) -> Option<ServiceEndpoint> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&PublishedCandidate<'_>> =
        published.iter().filter(|one| one.inside.is_none()).collect();
    open.retain(|one| seen.insert((&one.service.name, one.port.container.value)));
    match open.as_slice() {
        [] => None,
        [one] => Some(catch_all(cx, one)),
        several => {
            report_ambiguous(cx, several);
            None
        }
    }
}

fn catch_all(cx: &mut LoweringContext<'_>, one: &PublishedCandidate<'_>) -> ServiceEndpoint {
    let (service, port) = (one.service, one.port);
    let number = port.container.value;
    let mut diagnostic = Diagnostic::new(
        &rules::app::PUBLIC_BY_DEFAULT,
        format!("port {number} of `{}` becomes public, because it is the only published port", service.name),
    )
    .at(port.origin)
    .service(&*service.name)
    .help(format!("add `x-tranship: {{ public: false }}` to `{}` to keep it internal", service.name));
    let console = service_edges::known(&service.container).is_some_and(|known| known.is_console(number));
    if console || is_docker_port(number) {
        let what =
            "an administration tool listens on this port, and few of them are safe to expose to the internet";
        diagnostic = diagnostic.severity(Severity::Warning).note(what);
    }
    cx.diagnostics.push(diagnostic);
    ServiceEndpoint {
        service: service.name.clone(),
        port: number,
        protocol: port.protocol,
        exposure: EndpointExposure::Public(PublicExposure {
            published: port.published.clone(),
            ..PublicExposure::default()
        }),
        node: port.node,
        origin: port.origin,
    }
}

fn report_ambiguous(cx: &mut LoweringContext<'_>, several: &[&PublishedCandidate<'_>]) {
    let mut ports: IndexMap<&ManifestName, Vec<String>> = IndexMap::new();
    for one in several {
        ports.entry(&one.service.name).or_default().push(one.port.container.value.to_string());
    }
    let mut names: Vec<String> =
        ports.iter().map(|(name, ports)| format!("`{name}` ({})", ports.join(", "))).collect();
    let more = names.len().saturating_sub(6);
    names.truncate(6);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut diagnostic = Diagnostic::new(
        &rules::app::AMBIGUOUS_PUBLIC,
        format!("several ports are published, so none becomes public: {}{rest}", names.join(", ")),
    );
    for one in several.iter().take(3) {
        diagnostic = diagnostic.at(one.port.origin);
    }
    let first = several.first().map_or("app", |one| &*one.service.name);
    cx.diagnostics.push(diagnostic.help(format!(
        "add `x-tranship: {{ public: true }}` to each service that should be public, such as `{first}`"
    )));
}

/// Published ports that the world could reach under Compose and cannot on AWS: one warning for all.
fn report_unreachable(cx: &mut LoweringContext<'_>, inside: &[&PublishedCandidate<'_>]) {
    let lost = |one: &&&PublishedCandidate<'_>| {
        one.inside.is_some_and(|reason| reason.effect() == BehaviourEffect::ChangesBehaviour)
    };
    let lost: Vec<&&PublishedCandidate<'_>> = inside.iter().filter(lost).collect();
    let Some(first) = lost.first() else { return };
    let shown = |one: &&&PublishedCandidate<'_>| {
        let protocol = if one.port.protocol == TransportProtocol::Udp { "/udp" } else { "" };
        format!("{}{protocol} of `{}`", one.port.container.value, one.service.name)
    };
    let names: Vec<String> = lost.iter().take(UNREACHABLE_SHOWN).map(shown).collect();
    let more = lost.len().saturating_sub(names.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "published ports are not reachable from outside, because the load balancer serves HTTP only: {}{rest}",
        names.join(", ")
    );
    let mut diagnostic =
        Diagnostic::new(&rules::app::UNREACHABLE_PORT, message).service(&*first.service.name);
    for one in &lost {
        diagnostic = diagnostic.at(one.port.published.as_ref().map_or(one.port.origin, |at| at.origin));
    }
    cx.diagnostics.push(
        diagnostic.help("use them within the application only, or add a network load balancer of your own"),
    );
}

/// The host's side of a port that stays inside means nothing on any target.
fn claim_internal(
    cx: &mut LoweringContext<'_>,
    published: &[PublishedCandidate<'_>],
    public: &BTreeSet<NodeId>,
    explicit: bool,
) {
    let inside: Vec<&PublishedCandidate<'_>> =
        published.iter().filter(|one| !public.contains(&one.port.node)).collect();
    report_unreachable(cx, &inside);
    for one in inside {
        let (reason, effect) = match one.inside {
            Some(inside) => (inside.text(), inside.effect()),
            None if explicit => ("another service sets `x-tranship.public`", BehaviourEffect::Equivalent),
            None => ("several ports are published, so none becomes public", BehaviourEffect::Equivalent),
        };
        for side in
            [one.port.published.as_ref().map(|at| at.node), one.port.host_ip.as_ref().map(|at| at.node)]
        {
            if let Some(node) = side.filter(|node| *node != one.port.node) {
                cx.ledger.ignored(&node, reason, effect);
            }
        }
    }
}

/// What is spoken on a port matters to the load balancer alone, which speaks HTTP/1 to every container.
fn claim_protocols(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    public: &BTreeSet<NodeId>,
) {
    let ports = services.values().flat_map(|service| &service.container.ports);
    for (port, spoken) in ports.filter_map(|port| Some((port, port.app_protocol.as_ref()?))) {
        if !public.contains(&port.node) {
            continue; // for the target: what stands between services is its own
        }
        if matches!(spoken.value.as_str(), "http" | "http1" | "HTTP") {
            cx.ledger.decided(spoken, "load balancer: target group");
        } else {
            let reason = "the load balancer uses HTTP/1 to reach the container";
            let effect = BehaviourEffect::ChangesBehaviour;
            cx.ledger.approximated(spoken, effect, "http", reason, "load balancer: target group");
        }
    }
}

/// The ports that edges lead to.
fn internal(services: &IndexMap<ManifestName, AppService>, edges: &[ServiceEdge]) -> Vec<ServiceEndpoint> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<ServiceEndpoint> = Vec::new();
    for edge in edges {
        let (Some(service), Some(port)) = (services.get(&edge.to), edge.port) else { continue };
        if !seen.insert((&edge.to, port)) {
            continue;
        }
        let declared = service.container.ports.iter().find(|one| one.spec() == port);
        found.push(ServiceEndpoint {
            service: service.name.clone(),
            port: port.number,
            protocol: port.protocol,
            exposure: EndpointExposure::Internal,
            node: declared.map_or(NodeId::UNNUMBERED, |port| port.node),
            origin: declared.map_or(edge.origin, |port| port.origin),
        });
    }
    found
}
