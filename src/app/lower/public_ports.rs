//! Which ports are public.
//!
//! `x-tranship.public` makes ports public. For services without it, [`public_defaults`] looks for the one published port that
//! can be meant: not one of a data store, a debugger, an administration console or a loopback address.

use super::port_protocols::PortProtocols;
use super::public_lines::{self, PublicLine};
use super::{LoweringContext, public_defaults, service_edges};
use crate::rules;
use crate::settings::{
    ContainerPorts, OneOrMore, PortNumber, PublicEndpoint, PublicSetting, WholeNumber, passes_connections_on,
};
use crate::{
    AppService, At, ContainerPort, EndpointExposure, EndpointHealth, ManifestName, PortRange, PortSpec,
    PublicExposure, PublicProtocol, ServiceEdge, ServiceEndpoint,
};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::ecs::TARGET_GROUPS_PER_SERVICE;
use tranship_facts::quotas::load_balancing::{HTTP_PORT, HTTPS_PORT};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// What is known of the load balancer before any target is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrontDoor {
    /// Whether the target has one that passes connections on as they are.
    pub(super) passes_on: bool,
    /// The port of HTTP or HTTPS.
    pub(super) usual_port: u16,
}

impl FrontDoor {
    /// That of a target, with a certificate or without one.
    pub(super) fn of(target: &str, has_certificate: bool) -> Self {
        let usual_port = if has_certificate { HTTPS_PORT } else { HTTP_PORT };
        FrontDoor { passes_on: passes_connections_on(target), usual_port }
    }
}

/// Every endpoint: what is public, then what other services reach.
pub(super) fn endpoints(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    edges: &[ServiceEdge],
    door: FrontDoor,
) -> Vec<ServiceEndpoint> {
    let mut endpoints = Vec::new();
    for service in services.values() {
        match public_setting(cx, service) {
            None => {}
            Some(PublicSetting::Private(at)) => cx.ledger.decided(at, "not public"),
            Some(PublicSetting::Public(at)) => {
                cx.ledger.decided(at, "public");
                endpoints.extend(declared(cx, service, &PublicEndpoint::default(), at.origin));
            }
            Some(PublicSetting::Endpoints(list)) => {
                endpoints.extend(list.iter().flat_map(|one| declared(cx, service, &one.value, one.origin)));
            }
        }
    }
    let published = public_defaults::candidates(cx, services, &endpoints);
    endpoints.extend(public_defaults::endpoint(cx, &published, &endpoints, door));
    let public: BTreeSet<NodeId> = endpoints.iter().map(|endpoint| endpoint.node).collect();
    public_defaults::claim_internal(cx, &published, &public);
    endpoints.extend(internal(services, edges));
    endpoints
}

/// What a service sets as `public`.
pub(super) fn public_setting<'a>(
    cx: &LoweringContext<'a>,
    service: &AppService,
) -> Option<&'a PublicSetting> {
    cx.settings.service(&service.name)?.public.as_ref()
}

/// The endpoints that one entry of `public` declares: one for each port of its range.
fn declared(
    cx: &mut LoweringContext<'_>,
    service: &AppService,
    settings: &PublicEndpoint,
    declared_at: Origin,
) -> Vec<ServiceEndpoint> {
    let speaks = PortProtocols::of(service);
    let wanted = settings.container_port.as_ref();
    let wanted = wanted.map(|ports| {
        let ContainerPorts(range) = cx.ledger.exact(ports, "the public port");
        (*range, ports.origin)
    });
    let protocol = settings.protocol.as_ref().map(At::get);
    let chosen = match wanted {
        Some((range, origin)) if TARGET_GROUPS_PER_SERVICE.is_exceeded_by(range.count()) => {
            cx.diagnostics.push(too_many(service, range, origin));
            return Vec::new();
        }
        Some((range, _)) => {
            (range.first..=range.last).map(|port| the_port(service, port, protocol)).collect()
        }
        None => Vec::from_iter(sole_port(service, &speaks, protocol)),
    };
    if chosen.is_empty() {
        cx.diagnostics.push(ambiguous_port(service, &speaks, declared_at));
    }
    let endpoint = |(place, chosen): (usize, ChosenPort)| {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let spoken = match chosen.transport {
            TransportProtocol::Udp => PublicProtocol::Udp,
            TransportProtocol::Tcp => speaks.spoken(chosen.number).protocol,
        };
        ServiceEndpoint {
            service: service.name.clone(),
            port: chosen.number,
            protocol: chosen.transport,
            exposure: EndpointExposure::Public(PublicExposure {
                place,
                protocol: protocol.unwrap_or(spoken),
                app_protocol: chosen.app_protocol,
                published: chosen.published,
                ..public(settings)
            }),
            node: chosen.node,
            origin: chosen.origin,
        }
    };
    chosen.into_iter().enumerate().map(endpoint).collect()
}

fn public(settings: &PublicEndpoint) -> PublicExposure {
    let check = settings.health_check.clone().unwrap_or_default();
    let port = |port: Option<At<PortNumber>>| port.map(|port| port.map(PortNumber::get));
    PublicExposure {
        hosts: list(&settings.host),
        paths: list(&settings.path),
        listener: port(settings.port.clone()),
        protocol_setting: settings.protocol.clone(),
        internal: settings.internal.clone(),
        allow: list(&settings.allow),
        certificates: list(&settings.certificate),
        redirect: settings.redirect.clone(),
        zone: settings.zone.clone(),
        health_path: check.path.map(|path| path.map(|path| path.to_string())),
        health_codes: check.codes,
        health: EndpointHealth {
            grpc_service: false,
            port: port(check.port),
            interval: number(check.interval),
            timeout: number(check.timeout),
            healthy: number(check.healthy),
            unhealthy: number(check.unhealthy),
        },
        sticky: settings.sticky.clone(),
        idle_timeout: number(settings.idle_timeout.clone()),
        slow_start: number(settings.slow_start.clone()),
        priority: number(settings.priority.clone()),
        ..PublicExposure::default()
    }
}

fn list<T: Clone>(values: &Option<OneOrMore<At<T>>>) -> Vec<At<T>> {
    values.as_ref().map(|values| values.0.clone()).unwrap_or_default()
}

fn number<const LEAST: u32, const MOST: u32>(
    setting: Option<At<WholeNumber<LEAST, MOST>>>,
) -> Option<At<u32>> {
    setting.map(|number| number.map(WholeNumber::get))
}

/// The port that is public, and what says so.
struct ChosenPort {
    number: u16,
    transport: TransportProtocol,
    published: Option<At<crate::PublishedPort>>,
    app_protocol: Option<At<String>>,
    node: NodeId,
    origin: Origin,
}

impl ChosenPort {
    fn of(port: &ContainerPort) -> Self {
        ChosenPort {
            number: port.container.value,
            transport: port.protocol,
            published: port.published.clone(),
            app_protocol: port.app_protocol.clone(),
            node: port.node,
            origin: port.origin,
        }
    }

    /// A port that the manifest does not list.
    fn unlisted(number: u16, transport: TransportProtocol, service: &AppService) -> Self {
        let (published, app_protocol) = (None, None);
        ChosenPort {
            number,
            transport,
            published,
            app_protocol,
            node: NodeId::UNNUMBERED,
            origin: service.origin,
        }
    }
}

/// The port of this number: TCP, unless `protocol` is UDP or the manifest names the number for UDP alone.
fn the_port(service: &AppService, number: u16, protocol: Option<PublicProtocol>) -> ChosenPort {
    let named = |spec: PortSpec| service.container.ports.iter().find(|port| port.spec() == spec);
    let transport = protocol.map(PublicProtocol::transport).or_else(|| {
        let udp_alone = named(PortSpec::tcp(number)).is_none() && named(PortSpec::udp(number)).is_some();
        udp_alone.then_some(TransportProtocol::Udp)
    });
    let transport = transport.unwrap_or(TransportProtocol::Tcp);
    named(PortSpec { number, protocol: transport })
        .map_or_else(|| ChosenPort::unlisted(number, transport, service), ChosenPort::of)
}

/// The one port of a service that can be meant: of several, the one that is known to speak what is asked for.
fn sole_port(
    service: &AppService,
    speaks: &PortProtocols,
    protocol: Option<PublicProtocol>,
) -> Option<ChosenPort> {
    let ports = &service.container.ports;
    let transport = protocol.map_or(TransportProtocol::Tcp, PublicProtocol::transport);
    let of = |transport, published: bool| -> Vec<&ContainerPort> {
        let own = ports.iter().filter(|port| port.protocol == transport);
        let own = own.filter(|port| port.published.is_some() == published);
        plain(own.filter(|port| !published || !speaks.is_debugger(port.container.value)).collect())
    };
    for list in [of(transport, true), of(transport, false)] {
        if let [one] = list.as_slice() {
            return Some(ChosenPort::of(one));
        }
        if let Some(one) = known_to_speak(speaks, &list, protocol) {
            return Some(ChosenPort::of(one));
        }
    }
    // Nothing but UDP is there.
    let udp_alone = protocol.is_none() && ports.iter().all(|port| port.protocol == TransportProtocol::Udp);
    if let ([one], true) = (of(TransportProtocol::Udp, true).as_slice(), udp_alone) {
        return Some(ChosenPort::of(one));
    }
    let listens = service_edges::listens(&service.container);
    match listens.as_slice() {
        [only] if ports.is_empty() && (only.protocol == transport || protocol.is_none()) => {
            Some(ChosenPort::unlisted(only.number, only.protocol, service))
        }
        _ => None,
    }
}

/// Of several ports, the only one that is known to be HTTP, or where connections are passed on, the only one that is not.
fn known_to_speak<'p>(
    speaks: &PortProtocols,
    ports: &[&'p ContainerPort],
    protocol: Option<PublicProtocol>,
) -> Option<&'p ContainerPort> {
    let passed_on = protocol.is_some_and(PublicProtocol::is_passed_on);
    let fits = |port: &&&ContainerPort| {
        let number = port.container.value;
        let spoken = speaks.spoken(number);
        if passed_on {
            spoken.protocol.is_passed_on()
        } else {
            spoken.is_known_http() && !speaks.is_console(number)
        }
    };
    let fitting: Vec<&&ContainerPort> = ports.iter().filter(fits).collect();
    match fitting.as_slice() {
        [one] => Some(**one),
        _ => None,
    }
}

/// Of a service that serves both 80 and 443 (or 8080 and 8443), the first: the load balancer terminates TLS.
/// Several published ports of one container port are one.
pub(super) fn plain(mut ports: Vec<&ContainerPort>) -> Vec<&ContainerPort> {
    let has = |ports: &[&ContainerPort], number| ports.iter().any(|port| port.container.value == number);
    for (http, https) in [(80, 443), (8080, 8443), (8000, 8443)] {
        if has(&ports, http) && has(&ports, https) {
            ports.retain(|port| port.container.value != https);
        }
    }
    let published =
        |port: &ContainerPort| port.published.as_ref().and_then(|published| published.value.first());
    let is_published =
        |ports: &[&ContainerPort], number| ports.iter().any(|port| published(port) == Some(number));
    if is_published(&ports, HTTP_PORT) && is_published(&ports, HTTPS_PORT) {
        ports.retain(|port| published(port) != Some(HTTPS_PORT));
    }
    let mut seen = BTreeSet::new();
    ports.retain(|port| seen.insert(port.container.value));
    ports
}

fn too_many(service: &AppService, range: PortRange, origin: Origin) -> Diagnostic {
    let most = TARGET_GROUPS_PER_SERVICE.most;
    let message = format!(
        "`container_port: {range}` of `{}` is {} ports; a load balancer serves {most} ports of an ECS service at most",
        service.name,
        range.count()
    );
    Diagnostic::new(&rules::app::PUBLIC_RANGE, message)
        .at(origin)
        .service(&*service.name)
        .key(format!("services.{}.x-tranship.public", service.name))
        .help("let the container use fewer ports, or run it on an instance of its own, outside of ECS")
}

fn ambiguous_port(service: &AppService, speaks: &PortProtocols, origin: Origin) -> Diagnostic {
    let ports = &service.container.ports;
    let shown = |port: &ContainerPort| match port.protocol {
        TransportProtocol::Tcp => port.container.value.to_string(),
        TransportProtocol::Udp => format!("{}/udp", port.container.value),
    };
    let mut numbers: Vec<String> = ports.iter().map(shown).collect();
    if numbers.is_empty() {
        let listens = service_edges::listens(&service.container);
        numbers = listens.iter().map(|port| port.number.to_string()).collect();
    }
    let which = if numbers.is_empty() {
        "it names no port".to_owned()
    } else {
        format!("it has {}", numbers.join(", "))
    };
    let line = |port: &ContainerPort| match port.protocol {
        TransportProtocol::Udp => PublicLine::passed_on(port, PublicProtocol::Udp),
        TransportProtocol::Tcp => match speaks.spoken(port.container.value).protocol {
            protocol if protocol.is_passed_on() => PublicLine::passed_on(port, PublicProtocol::Tcp),
            _ => PublicLine::http(port),
        },
    };
    let lines: Vec<PublicLine> = ports.iter().take(TARGET_GROUPS_PER_SERVICE.most).map(line).collect();
    let help = match lines.as_slice() {
        [] => "name the port: `public: { container_port: 8000 }`".to_owned(),
        lines => format!("keep of {} what should be public", public_lines::setting(lines)),
    };
    Diagnostic::new(
        &rules::app::PUBLIC_PORT,
        format!("service `{}` is public, but it is unclear which port to expose: {which}", service.name),
    )
    .at(origin)
    .service(&*service.name)
    .help(help)
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
