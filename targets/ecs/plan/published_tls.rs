//! Ports that a browser would ask by HTTPS, where nothing gives a certificate.
//!
//! In: the endpoints and how they are served. Out: one warning. Under Docker Compose such a port is answered by the
//! container, with a certificate of its own; the load balancer on AWS needs one of ACM.

use super::planner::EcsPlanner;
use super::{FrontDoorPlan, ListenerProtocol};
use crate::ecs::rules;
use tranship_app::{
    AppService, ContainerPort, EndpointExposure, PublicExposure, PublicProtocol, ServiceEndpoint,
};
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::load_balancing::HTTPS_PORT;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Reports them once.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>, door: &FrontDoorPlan) {
    let app = planner.app;
    let listeners = || door.balancers.iter().flat_map(|balancer| &balancer.listeners);
    let answered = listeners().any(|listener| {
        let secure = matches!(listener.protocol, ListenerProtocol::Https(_) | ListenerProtocol::Tls(_));
        listener.port == HTTPS_PORT && (secure || matches!(listener.protocol, ListenerProtocol::Tcp(_)))
    });
    if answered {
        return;
    }
    let is_public = |service: &AppService| {
        app.endpoints.iter().find_map(|endpoint| of_service(endpoint, service)).is_some()
    };
    let ports = app.services.values().filter(|service| is_public(service)).flat_map(|service| {
        let own = service.container.ports.iter().filter(|port| is_https(port));
        own.map(move |port| (service, port))
    });
    let ports: Vec<(&AppService, &ContainerPort)> = ports.collect();
    let Some((first, _)) = ports.first() else { return };
    let names: Vec<String> = ports.iter().map(|(service, _)| format!("`{}`", service.name)).collect();
    let mut diagnostic = Diagnostic::new(
        &rules::NO_CERTIFICATE,
        format!(
            "{} publishes port {HTTPS_PORT}, and nothing gives a certificate: the load balancer serves HTTP",
            listed(&names)
        ),
    )
    .service(&*first.name);
    for (_, port) in &ports {
        diagnostic = diagnostic.at(port.origin);
    }
    let own_tls = app
        .endpoints
        .iter()
        .filter_map(|endpoint| of_service(endpoint, first))
        .any(|public| public.protocol == PublicProtocol::Https);
    let asked = if own_tls { ", and asks the container by HTTPS" } else { "" };
    diagnostic = diagnostic.note(format!("requests reach the load balancer in clear on port 80{asked}")).help(
        "for HTTPS, add a certificate of AWS Certificate Manager: `x-tranship: { https: { certificate: arn:aws:acm:... } }`",
    );
    if own_tls {
        diagnostic = diagnostic.help(format!(
            "to let the container end TLS with a certificate of its own, add `x-tranship: {{ public: {{ protocol: tcp, port: {HTTPS_PORT} }} }}` to `{}`",
            first.name
        ));
    }
    planner.report(diagnostic);
}

/// How an endpoint of a service is public.
fn of_service<'e>(endpoint: &'e ServiceEndpoint, service: &AppService) -> Option<&'e PublicExposure> {
    match &endpoint.exposure {
        EndpointExposure::Public(public)
            if endpoint.service == service.name && !public.protocol.is_passed_on() =>
        {
            Some(public)
        }
        _ => None,
    }
}

/// Whether the world finds it on the port of HTTPS.
fn is_https(port: &ContainerPort) -> bool {
    let published = port.published.as_ref().is_some_and(|published| published.peek().is(HTTPS_PORT));
    published && port.protocol == TransportProtocol::Tcp && port.is_open_to_the_world()
}
