//! Published ports that stay inside whatever else is published, each with its reason, and what is said of them.

use super::LoweringContext;
use super::host_address::{self, HostAddressReach};
use super::port_protocols::PortProtocols;
use super::public_defaults::PublishedCandidate;
use super::public_lines::{self, PublicLine};
use crate::rules;
use crate::{AppService, BehaviourEffect, ContainerPort, PublicProtocol, ServiceRole};
use tranship_facts::TransportProtocol;
use tranship_facts::ports::{data_store_on, is_docker_port};
use tranship_facts::quotas::ecs::TARGET_GROUPS_PER_SERVICE;
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};

/// Why a published port stays inside whatever else is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InsideReason {
    /// `public: false`, or the service says which of its ports are public.
    Declared,
    /// It is published on a loopback address.
    Loopback,
    /// It is published on a private address.
    PrivateAddress,
    /// It belongs to a data store.
    DataStore,
    /// It belongs to a broker that devices connect to.
    Broker,
    /// A debugger listens there.
    Debugger,
    /// An administration console, or Docker's own API.
    Console,
    /// It is UDP.
    Udp,
    /// It speaks another protocol than HTTP.
    NotHttp,
    /// The load balancer ends TLS for the port beside it.
    EndedTls,
    /// The service is a job.
    Job,
}

impl InsideReason {
    /// The reason of a published port, if there is one. `tls` is for a port beside one without TLS.
    pub(super) fn of(
        service: &AppService,
        port: &ContainerPort,
        speaks: &PortProtocols,
        tls: bool,
    ) -> Option<Self> {
        let address = port.host_ip.as_ref().map_or("", |address| address.value.as_str());
        match host_address::reach(address) {
            HostAddressReach::Machine => return Some(InsideReason::Loopback),
            HostAddressReach::PrivateNetwork => return Some(InsideReason::PrivateAddress),
            HostAddressReach::Anywhere => {}
        }
        let number = port.container.value;
        let udp = port.protocol == TransportProtocol::Udp;
        if service.data_store.is_some() || data_store_on(number).is_some() && !udp {
            let broker = speaks.is_mqtt_broker() && !speaks.is_console(number);
            return Some(if broker { InsideReason::Broker } else { InsideReason::DataStore });
        }
        if udp {
            return Some(InsideReason::Udp);
        }
        if speaks.is_debugger(number) {
            Some(InsideReason::Debugger)
        } else if speaks.is_console(number) || is_docker_port(number) {
            Some(InsideReason::Console)
        } else if speaks.spoken(number).protocol.is_passed_on() {
            Some(InsideReason::NotHttp)
        } else if tls {
            Some(InsideReason::EndedTls)
        } else if !matches!(service.role, ServiceRole::Service | ServiceRole::Sidecar { .. }) {
            Some(InsideReason::Job)
        } else {
            None
        }
    }

    /// For the ledger.
    pub(super) fn text(self) -> &'static str {
        match self {
            InsideReason::Declared => "the service says which of its ports are public",
            InsideReason::Loopback => "published on a loopback address only",
            InsideReason::PrivateAddress => "published on a private address only",
            InsideReason::DataStore => "data stores stay internal",
            InsideReason::Broker => "message brokers stay internal unless `public` asks for them",
            InsideReason::Debugger => "debugger ports stay internal",
            InsideReason::Console => "administration consoles stay internal unless `public` asks for them",
            InsideReason::Udp => "UDP is not public unless `public` asks for it",
            InsideReason::NotHttp => "a port that is not HTTP is not public unless `public` asks for it",
            InsideReason::EndedTls => "the load balancer terminates TLS",
            InsideReason::Job => "a job does not serve requests",
        }
    }

    /// A port that the world could reach and no longer can is a loss.
    pub(super) fn effect(self) -> BehaviourEffect {
        BehaviourEffect::changed_if(self.is_passed_on() || self == InsideReason::Console)
    }

    /// Whether a network load balancer can serve it.
    pub(super) fn is_passed_on(self) -> bool {
        matches!(self, InsideReason::Udp | InsideReason::NotHttp | InsideReason::Broker)
    }

    /// The entry of `public` that serves it all the same.
    pub(super) fn line(self, port: &ContainerPort) -> Option<PublicLine> {
        match self {
            InsideReason::Udp => Some(PublicLine::passed_on(port, PublicProtocol::Udp)),
            InsideReason::Broker if port.protocol == TransportProtocol::Udp => {
                Some(PublicLine::passed_on(port, PublicProtocol::Udp))
            }
            InsideReason::NotHttp | InsideReason::Broker => {
                Some(PublicLine::passed_on(port, PublicProtocol::Tcp))
            }
            InsideReason::Console => Some(PublicLine::http(port)),
            _ => None,
        }
    }
}

/// Says which published ports cannot be reached from outside any more: one warning for ports that are not HTTP, one for
/// administration consoles.
pub(super) fn report(
    cx: &mut LoweringContext<'_>,
    inside: &[&PublishedCandidate<'_>],
    open: &[&PublishedCandidate<'_>],
    passes_on: bool,
) {
    let of = |wanted: fn(InsideReason) -> bool| -> Vec<&PublishedCandidate<'_>> {
        inside.iter().copied().filter(|one| one.inside.is_some_and(wanted)).collect()
    };
    let passed_on = of(InsideReason::is_passed_on);
    if !passed_on.is_empty() {
        let what = "published ports are not reachable from outside, because they are not HTTP and nothing asks for them";
        let diagnostic = placed(&rules::app::UNREACHABLE_PORT, what, &passed_on);
        let diagnostic = match passes_on {
            true => network_lines(diagnostic, &passed_on, open),
            false => diagnostic
                .help("use them within the application only, or add a network load balancer of your own"),
        };
        cx.diagnostics.push(diagnostic);
    }
    let consoles = of(|reason| reason == InsideReason::Console);
    if !consoles.is_empty() {
        let what = "administration consoles are published, and stay internal";
        let mut diagnostic = placed(&rules::app::CONSOLE_INSIDE, what, &consoles);
        for (service, ports) in by_service(&consoles) {
            let lines: Vec<PublicLine> = ports
                .iter()
                .filter_map(|one| one.inside?.line(one.port))
                .chain(open_lines(open, service))
                .collect();
            diagnostic = diagnostic.help(format!(
                "to expose it to the internet, add {} to `{}`",
                public_lines::setting(&lines),
                service.name
            ));
        }
        cx.diagnostics.push(diagnostic);
    }
}

/// The lines that ask for a network load balancer.
fn network_lines(
    mut diagnostic: Diagnostic,
    lost: &[&PublishedCandidate<'_>],
    open: &[&PublishedCandidate<'_>],
) -> Diagnostic {
    for (service, ports) in by_service(lost) {
        let most = TARGET_GROUPS_PER_SERVICE.most;
        let own: Vec<PublicLine> = open_lines(open, service).collect();
        let wanted: Vec<PublicLine> = ports.iter().filter_map(|one| one.inside?.line(one.port)).collect();
        let help = match own.len() + wanted.len() <= most {
            true => format!(
                "to serve them with a network load balancer, add {} to `{}`",
                public_lines::setting(&[own, wanted].concat()),
                service.name
            ),
            false => format!(
                "`{}` has more of them than the {most} ports of a service that a load balancer can serve",
                service.name
            ),
        };
        diagnostic = diagnostic.help(help);
    }
    diagnostic
}

/// The entries of what is public of a service without being asked for: an explicit list takes the place of that.
fn open_lines<'a>(
    open: &'a [&PublishedCandidate<'_>],
    service: &'a AppService,
) -> impl Iterator<Item = PublicLine> + 'a {
    open.iter().filter(|one| one.service.name == service.name).map(|one| PublicLine::http(one.port))
}

/// The ports of each service, in the order of the manifest.
fn by_service<'a, 'c>(
    ports: &[&'c PublishedCandidate<'a>],
) -> Vec<(&'a AppService, Vec<&'c PublishedCandidate<'a>>)> {
    let mut found: Vec<(&AppService, Vec<&PublishedCandidate<'_>>)> = Vec::new();
    for one in ports {
        match found.iter_mut().find(|(service, _)| service.name == one.service.name) {
            Some((_, own)) => own.push(one),
            None => found.push((one.service, vec![one])),
        }
    }
    found
}

/// A diagnostic about ports, at each of their lines.
pub(super) fn placed(
    rule: &'static DiagnosticRule,
    what: &str,
    ports: &[&PublishedCandidate<'_>],
) -> Diagnostic {
    let listed: Vec<(&AppService, String)> =
        by_service(ports).into_iter().map(|(service, own)| (service, listed(&own))).collect();
    let mut diagnostic = Diagnostic::new(rule, format!("{what}: {}", public_lines::services(&listed)));
    if let [(only, _)] = listed.as_slice() {
        diagnostic = diagnostic.service(&*only.name);
    }
    let mut told = std::collections::BTreeSet::new();
    for one in ports {
        let origin = one.port.published.as_ref().map_or(one.port.origin, |at| at.origin);
        if told.insert(origin) {
            diagnostic = diagnostic.at(origin);
        }
    }
    diagnostic
}

/// `80, 3478/udp, 40000-40010/udp`.
fn listed(ports: &[&PublishedCandidate<'_>]) -> String {
    let of = |protocol, suffix: &str| -> Vec<String> {
        let own = ports.iter().filter(|one| one.port.protocol == protocol);
        let runs = public_lines::numbers(own.map(|one| one.port.container.value).collect());
        runs.into_iter().map(|run| format!("{run}{suffix}")).collect()
    };
    [of(TransportProtocol::Tcp, ""), of(TransportProtocol::Udp, "/udp")].concat().join(", ")
}
