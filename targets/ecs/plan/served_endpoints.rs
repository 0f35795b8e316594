//! What serves a public endpoint: which load balancer, on which port, and what is spoken there.
//!
//! In: a public endpoint. Out: a [`ServedEndpoint`], or nothing where it cannot be served, which was reported. Invariant:
//! Elastic Load Balancing and ECS accept what comes out: requests over HTTP/2 alone have a listener with a certificate,
//! UDP has a port for its health check.

use super::planner::EcsPlanner;
use super::{BalancerKind, TaskPlan};
use crate::ecs::rules;
use tranship_app::{
    AppService, At, BehaviourEffect, ManifestLeaf, PortSpec, PublicExposure, PublicProtocol, ServiceEndpoint,
    ServiceRole,
};
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::load_balancing::{HTTP_PORT, HTTPS_PORT};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};

/// How a public endpoint is served.
pub(super) struct ServedEndpoint<'a> {
    /// The task that serves it.
    pub(super) task: &'a TaskPlan,
    /// What the manifest says of it.
    pub(super) public: &'a PublicExposure,
    /// The service.
    pub(super) service: &'a AppService,
    /// The load balancer.
    pub(super) balancer: BalancerKind,
    /// The listener's port.
    pub(super) listener: u16,
    /// What is spoken: `tcp` for HTTP/2 without a certificate.
    pub(super) protocol: PublicProtocol,
    /// The port of the container that is asked for its health, if it is another one.
    pub(super) health_port: Option<u16>,
}

impl ServedEndpoint<'_> {
    /// What the container speaks: the load balancer ends TLS of a raw connection.
    pub(super) fn target_protocol(&self) -> PublicProtocol {
        match self.protocol {
            PublicProtocol::Tls => PublicProtocol::Tcp,
            other => other,
        }
    }

    /// Says of a setting that it does nothing for this endpoint.
    pub(super) fn lose<T>(&self, planner: &mut EcsPlanner<'_, '_>, at: &At<T>, key: &str, reason: &str) {
        planner.ignore(self.service, at, &format!("public.{key}"), reason, BehaviourEffect::ChangesBehaviour);
    }
}

/// How an endpoint is served, where it can be.
pub(super) fn decide<'a>(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &'a [TaskPlan],
    service: &'a AppService,
    endpoint: &ServiceEndpoint,
    public: &'a PublicExposure,
) -> Option<ServedEndpoint<'a>> {
    let task = serving_task(planner, tasks, service, endpoint)?;
    let internal = public.internal.as_ref().is_some_and(|at| *planner.exact(at, "load balancer: Scheme"));
    let certified = planner.app.settings.https.is_some() || !public.certificates.is_empty();
    let protocol = protocol(planner, service, endpoint, public, certified)?;
    let network = protocol.is_passed_on();
    if network {
        refuse_requests(planner, service, public)?;
    }
    let listener = listener_port(planner, endpoint, public, certified, network);
    let mut served = ServedEndpoint {
        task,
        public,
        service,
        balancer: BalancerKind { internal, network },
        listener,
        protocol,
        health_port: None,
    };
    if protocol == PublicProtocol::Udp {
        served.health_port = Some(udp_health_port(planner, service, endpoint, public)?);
    }
    Some(served)
}

/// The task that serves a public endpoint, where something can: a load balancer needs a container that keeps running.
fn serving_task<'t>(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &'t [TaskPlan],
    service: &AppService,
    endpoint: &ServiceEndpoint,
) -> Option<&'t TaskPlan> {
    let kept = |name: &str| planner.app.services.get(name).is_some_and(|it| it.role == ServiceRole::Service);
    let task = planner.layout.tasks_of(&endpoint.service).iter().find(|task| kept(task));
    if task.is_none() || matches!(service.role, ServiceRole::Init { .. }) {
        planner.cx.ledger.rejected(&endpoint.node, "a job does not serve requests");
        let message =
            format!("`{}` is a job, which exits on its own, so it cannot be public", endpoint.service);
        planner.report(
            Diagnostic::new(&rules::PUBLIC_JOB, message)
                .at(endpoint.origin)
                .key(format!("services.{}", endpoint.service))
                .service(&*endpoint.service)
                .help("remove `public`, or let the service keep running"),
        );
        return None;
    }
    tasks.iter().find(|it| Some(&it.name) == task)
}

/// What is spoken, with the settings that say it claimed.
fn protocol(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    certified: bool,
) -> Option<PublicProtocol> {
    let asked = public.protocol;
    if let Some(setting) = &public.protocol_setting {
        planner.decided(setting, "target group: Protocol and ProtocolVersion");
    }
    let plain = !certified || public.listener.as_ref().is_some_and(|port| port.get() == HTTP_PORT);
    let refuse_uncertified = |planner: &mut EcsPlanner<'_, '_>, message: String, help: &str| {
        let setting = public.protocol_setting.as_ref();
        refuse(planner, &rules::PUBLIC_CERTIFICATE, service, setting, endpoint, message, help);
    };
    let served = match asked {
        PublicProtocol::Tls if !certified => {
            let message = format!("`protocol: tls` of `{}` needs a certificate", service.name);
            let help = "add `certificate: arn:aws:acm:...` to `public`, or `https` to the environment; if the container ends TLS itself, use `protocol: tcp`";
            refuse_uncertified(planner, message, help);
            return None;
        }
        asked if asked.needs_certificate() && plain => {
            let everything = public.takes_everything() && public.hosts.is_empty();
            let name = if asked == PublicProtocol::Grpc { "gRPC" } else { "HTTP/2" };
            if !everything {
                let message = format!(
                    "port {} of `{}` speaks {name}, and a load balancer that reads its requests needs a certificate",
                    endpoint.port, service.name
                );
                let help = "add `certificate: arn:aws:acm:...` to `public`, or `https` to the environment; or remove `host` and `path`: connections are then passed on";
                refuse_uncertified(planner, message, help);
                return None;
            }
            let message = format!(
                "port {} of `{}` speaks {name}, and nothing gives a certificate: a network load balancer passes its connections on, without TLS",
                endpoint.port, service.name
            );
            planner.report(
                Diagnostic::new(&rules::PASSED_ON, message)
                    .at(endpoint.origin)
                    .key(format!("services.{}", service.name))
                    .service(&*service.name)
                    .help("for TLS, and for several services on one port, add `x-tranship: { https: { certificate: arn:aws:acm:... } }`; to keep it as it is, write `public: { protocol: tcp }`"),
            );
            PublicProtocol::Tcp
        }
        asked => asked,
    };
    if let Some(spoken) = &public.app_protocol {
        let as_written = public.protocol_setting.is_none() || served == PublicProtocol::Tcp;
        match as_written {
            true => planner.decided(spoken, "target group: Protocol and ProtocolVersion"),
            false => planner.cx.ledger.approximated(
                spoken,
                BehaviourEffect::Equivalent,
                asked.as_str(),
                "`public` says what is spoken",
                "target group: Protocol and ProtocolVersion",
            ),
        }
    }
    Some(served)
}

/// A load balancer that passes connections on cannot choose by what is in them.
fn refuse_requests(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    public: &PublicExposure,
) -> Option<()> {
    if let Some(path) = public.paths.first() {
        let reason = "a network load balancer passes connections on, and reads no request";
        let help = "remove `path`; with `protocol: http`, requests are chosen by their paths";
        planner.reject(service, path, "public.path", reason, help);
        return None;
    }
    Some(())
}

/// The listener of an endpoint. A published port outside of its range is approximated.
fn listener_port(
    planner: &mut EcsPlanner<'_, '_>,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    certified: bool,
    network: bool,
) -> u16 {
    let published = public.published.as_ref();
    let usual = match (network, certified) {
        (true, _) => published.and_then(|at| at.peek().first()).unwrap_or(endpoint.port),
        (false, true) => HTTPS_PORT,
        (false, false) => HTTP_PORT,
    };
    let listener = match &public.listener {
        Some(port) => planner.exact(port, "load balancer: listener").saturating_add(public.place),
        None => usual,
    };
    planner.decided(&endpoint.node, "load balancer: listener and target group");
    if let Some(published) = published.filter(|at| !at.peek().admits(listener)) {
        let (value, reason) = (format!("port {listener}"), "the load balancer listens on the usual port");
        planner.cx.ledger.approximated(published, BehaviourEffect::Equivalent, value, reason, "listener");
    }
    listener
}

/// The TCP port by which the health of a UDP port is found out.
fn udp_health_port(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
) -> Option<u16> {
    if let Some(port) = &public.health.port {
        return Some(port.get());
    }
    let named = service.container.ports.iter().map(|port| port.spec());
    let known = service.container.image_facts().software_ports();
    let tcp: Vec<PortSpec> =
        named.chain(known).filter(|port| port.protocol == TransportProtocol::Tcp).collect();
    let same = tcp.iter().find(|port| port.number == endpoint.port);
    if let Some(found) = same.or(tcp.first()) {
        return Some(found.number);
    }
    let message = format!(
        "port {}/udp of `{}` cannot be public: a load balancer finds out by TCP whether a container is healthy, and the service has no TCP port",
        endpoint.port, service.name
    );
    planner.cx.ledger.rejected(&endpoint.node, "there is no TCP port for the health check");
    let help = "list a port on which the container answers TCP or HTTP under `expose`, or name it: `public: { protocol: udp, health_check: { port: 8080 } }`";
    refuse(planner, &rules::PUBLIC_UDP, service, public.protocol_setting.as_ref(), endpoint, message, help);
    None
}

/// Reports an endpoint that cannot be served, at the setting that asks for it or at its port.
fn refuse<T>(
    planner: &mut EcsPlanner<'_, '_>,
    rule: &'static DiagnosticRule,
    service: &AppService,
    setting: Option<&At<T>>,
    endpoint: &ServiceEndpoint,
    message: String,
    help: &str,
) {
    let (node, origin) = setting.map_or((endpoint.node, endpoint.origin), |at| (at.node(), at.origin));
    let path = planner.cx.keys.path(&node);
    let key = if path.is_empty() { service.key_path() } else { path };
    planner.report(Diagnostic::new(rule, message).at(origin).key(key).service(&*service.name).help(help));
}
