//! Which published port is public where its service does not say so.
//!
//! In: the services, and what they declare. Out: at most one endpoint: the one published port that can be meant, or of
//! several the one that is known to be HTTP, if it is the only one. Everything else stays inside, and is told with the lines
//! that make it public. Invariant: a service that sets `public` is not looked at, and does not close another one in silence.

use super::LoweringContext;
use super::inside_ports::{self, InsideReason};
use super::port_protocols::{PortProtocols, ProtocolEvidence, SpokenProtocol};
use super::public_lines::{self, PublicLine};
use super::public_ports::{FrontDoor, plain, public_setting};
use crate::rules;
use crate::{
    AppService, BehaviourEffect, ContainerPort, EndpointExposure, ManifestName, PublicExposure,
    PublicProtocol, ServiceEndpoint,
};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::NodeId;

/// A published port and why it stays inside, if there is a reason.
pub(super) struct PublishedCandidate<'a> {
    /// Whose it is.
    pub(super) service: &'a AppService,
    /// The port.
    pub(super) port: &'a ContainerPort,
    /// Why it stays inside.
    pub(super) inside: Option<InsideReason>,
    /// What is spoken there, if it is TCP.
    spoken: SpokenProtocol,
}

/// Ports of which a note says why they stay inside.
const INSIDE_SHOWN: usize = 6;

impl PublishedCandidate<'_> {
    /// Whether something says that it is HTTP.
    fn is_known_http(&self) -> bool {
        self.spoken.is_known_http()
    }
}

/// The published ports that are not public by declaration.
pub(super) fn candidates<'a>(
    cx: &LoweringContext<'_>,
    services: &'a IndexMap<ManifestName, AppService>,
    declared: &[ServiceEndpoint],
) -> Vec<PublishedCandidate<'a>> {
    let declared: BTreeSet<NodeId> = declared.iter().map(|endpoint| endpoint.node).collect();
    let mut found = Vec::new();
    for service in services.values() {
        let says = public_setting(cx, service).is_some();
        let speaks = PortProtocols::of(service);
        let published: Vec<&ContainerPort> =
            service.container.ports.iter().filter(|port| port.published.is_some()).collect();
        let meant: BTreeSet<NodeId> = plain(published.clone()).into_iter().map(|port| port.node).collect();
        let numbers: BTreeSet<u16> = published
            .iter()
            .filter(|port| meant.contains(&port.node))
            .map(|port| port.container.value)
            .collect();
        for port in published.into_iter().filter(|port| !declared.contains(&port.node)) {
            let tls = !numbers.contains(&port.container.value);
            let inside = if says {
                Some(InsideReason::Declared)
            } else {
                InsideReason::of(service, port, &speaks, tls)
            };
            let spoken = speaks.spoken(port.container.value);
            found.push(PublishedCandidate { service, port, inside, spoken });
        }
    }
    found
}

/// What becomes public without a word, if anything does. Everything else is told.
pub(super) fn endpoint(
    cx: &mut LoweringContext<'_>,
    published: &[PublishedCandidate<'_>],
    declared: &[ServiceEndpoint],
    door: FrontDoor,
) -> Option<ServiceEndpoint> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&PublishedCandidate<'_>> =
        published.iter().filter(|one| one.inside.is_none()).collect();
    open.retain(|one| seen.insert((&one.service.name, one.port.container.value)));
    let known: Vec<&PublishedCandidate<'_>> =
        open.iter().copied().filter(|one| one.is_known_http()).collect();
    let chosen = match (open.as_slice(), known.as_slice()) {
        ([one], _) | (_, [one]) => Some(*one),
        _ => None,
    };
    let taker = declared.iter().find(|endpoint| takes_everything(endpoint, door));
    let chosen = chosen.filter(|_| taker.is_none());
    let inside: Vec<&PublishedCandidate<'_>> = published.iter().filter(|one| one.inside.is_some()).collect();
    inside_ports::report(cx, &inside, chosen.as_slice(), door.passes_on);
    let rest: Vec<&PublishedCandidate<'_>> =
        open.iter().copied().filter(|one| chosen.is_none_or(|chosen| !std::ptr::eq(chosen, *one))).collect();
    match (chosen, taker, rest.as_slice()) {
        (_, _, []) => {}
        (None, None, several) => report_ambiguous(cx, several),
        (Some(chosen), ..) => {
            let number = chosen.port.container.value;
            let why = format!(
                "port {number} of `{}` is the only one that is known to be HTTP",
                chosen.service.name
            );
            report_left(cx, &rest, &why, Some(chosen));
        }
        (None, Some(taker), _) => {
            report_left(cx, &rest, &format!("`{}` takes every request", taker.service), None);
        }
    }
    chosen.map(|one| catch_all(cx, one, (open.len() > 1, door.passes_on), &inside))
}

/// Whether an endpoint takes every request of the usual listener of the public load balancer.
fn takes_everything(endpoint: &ServiceEndpoint, door: FrontDoor) -> bool {
    let EndpointExposure::Public(public) = &endpoint.exposure else { return false };
    public.takes_everything()
        && public.listener.as_ref().is_none_or(|port| port.value == door.usual_port)
        && !public.is_internal()
        && !public.protocol.is_passed_on()
}

fn catch_all(
    cx: &mut LoweringContext<'_>,
    one: &PublishedCandidate<'_>,
    (among_several, passes_on): (bool, bool),
    inside: &[&PublishedCandidate<'_>],
) -> ServiceEndpoint {
    let (service, port) = (one.service, one.port);
    let number = port.container.value;
    let spoken = one.spoken;
    let why = match among_several {
        true => {
            format!("it is the only published port that is known to be HTTP, by {}", spoken.evidence.text())
        }
        false => "it is the only published port".to_owned(),
    };
    let by_default = match spoken.evidence {
        ProtocolEvidence::Nothing => Diagnostic::new(
            &rules::app::ASSUMED_HTTP,
            format!("port {number} of `{}` becomes public over HTTP: {why}, and nothing says what it speaks", service.name),
        )
        .help(if_not_http(service, port, passes_on))
        .help(format!("if it speaks HTTP, add `app_protocol: http` to the port, or `x-tranship: {{ public: true }}` to `{}`", service.name)),
        _ => Diagnostic::new(
            &rules::app::PUBLIC_BY_DEFAULT,
            format!("port {number} of `{}` becomes public, because {why}", service.name),
        ),
    };
    let mut diagnostic = by_default
        .at(port.origin)
        .service(&*service.name)
        .help(format!("add `x-tranship: {{ public: false }}` to `{}` to keep it internal", service.name));
    for one in inside.iter().take(INSIDE_SHOWN) {
        let reason = one.inside.map_or("", InsideReason::text);
        diagnostic = diagnostic.note(format!(
            "port {} of `{}` stays internal: {reason}",
            one.port.container.value, one.service.name
        ));
    }
    cx.diagnostics.push(diagnostic);
    ServiceEndpoint {
        service: service.name.clone(),
        port: number,
        protocol: port.protocol,
        exposure: EndpointExposure::Public(PublicExposure {
            published: port.published.clone(),
            protocol: spoken.protocol,
            app_protocol: port.app_protocol.clone(),
            ..PublicExposure::default()
        }),
        node: port.node,
        origin: port.origin,
    }
}

/// What to write for a port that speaks something else.
fn if_not_http(service: &AppService, port: &ContainerPort, passes_on: bool) -> String {
    match passes_on {
        true => format!(
            "if it does not speak HTTP, add {} to `{}`",
            public_lines::setting(&[PublicLine::passed_on(port, PublicProtocol::Tcp)]),
            service.name
        ),
        false => {
            "if it does not speak HTTP, choose the target `fargate` or `ecs-ec2`, which pass connections on"
                .to_owned()
        }
    }
}

fn report_ambiguous(cx: &mut LoweringContext<'_>, several: &[&PublishedCandidate<'_>]) {
    let what = "several ports are published, so none of them becomes public";
    let diagnostic = inside_ports::placed(&rules::app::AMBIGUOUS_PUBLIC, what, several);
    cx.diagnostics.push(with_lines(diagnostic, several, None));
}

/// Ports that could be public, beside one that is.
fn report_left(
    cx: &mut LoweringContext<'_>,
    left: &[&PublishedCandidate<'_>],
    why: &str,
    chosen: Option<&PublishedCandidate<'_>>,
) {
    let what = format!("published ports stay internal, because {why}");
    let diagnostic = inside_ports::placed(&rules::app::INSIDE_PORT, &what, left);
    cx.diagnostics.push(with_lines(diagnostic, left, chosen));
}

/// The lines to add for each service, and how to keep silent about it.
fn with_lines(
    mut diagnostic: Diagnostic,
    ports: &[&PublishedCandidate<'_>],
    chosen: Option<&PublishedCandidate<'_>>,
) -> Diagnostic {
    let mut services: IndexMap<&ManifestName, Vec<PublicLine>> = IndexMap::new();
    for one in ports {
        let name = &one.service.name;
        // A list takes the place of what is public without one.
        let own =
            || chosen.filter(|chosen| chosen.service.name == *name).map(|one| PublicLine::http(one.port));
        let lines = services.entry(name).or_insert_with(|| own().into_iter().collect());
        lines.push(PublicLine::http(one.port));
    }
    for (name, lines) in services.iter().take(6) {
        let setting = public_lines::setting(lines);
        diagnostic = diagnostic.help(format!("add {setting} to `{name}` for what should be public"));
    }
    diagnostic.help("add `x-tranship: { public: false }` to a service that should stay internal")
}

/// The host's side of a port that stays inside means nothing on any target.
pub(super) fn claim_internal(
    cx: &mut LoweringContext<'_>,
    published: &[PublishedCandidate<'_>],
    public: &BTreeSet<NodeId>,
) {
    let inside = published.iter().filter(|one| !public.contains(&one.port.node));
    for one in inside {
        let (reason, effect) = match one.inside {
            Some(inside) => (inside.text(), inside.effect()),
            None => (
                "other ports are public, or none is, because several are published",
                BehaviourEffect::ChangesBehaviour,
            ),
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
