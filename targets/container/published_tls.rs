//! Ports that a browser would ask by HTTPS: public services that publish 443.
//!
//! In: the application. Out: the ports, for a target whose load balancer has no certificate.

use std::collections::BTreeSet;
use tranship_app::{
    AppService, Application, ContainerPort, EndpointExposure, ManifestName, PublicExposure, PublicProtocol,
    ServiceEndpoint,
};
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::load_balancing::HTTPS_PORT;

/// The ports of public services that the world finds on the port of HTTPS.
pub(crate) fn published_https(app: &Application) -> Vec<(&AppService, &ContainerPort)> {
    let public = app.endpoints.iter().filter(|endpoint| exposure(endpoint).is_some());
    let public: BTreeSet<&ManifestName> = public.map(|endpoint| &endpoint.service).collect();
    let public = app.services.values().filter(|service| public.contains(&service.name));
    let ports = public.flat_map(|service| {
        let own = service.container.ports.iter().filter(|port| is_https(port));
        own.map(move |port| (service, port))
    });
    ports.collect()
}

/// Whether a service speaks TLS itself at a public port.
pub(crate) fn ends_tls(app: &Application, service: &AppService) -> bool {
    let own = app.endpoints.iter().filter(|endpoint| endpoint.service == service.name);
    own.filter_map(exposure).any(|public| public.protocol == PublicProtocol::Https)
}

/// How an endpoint that load balancers for HTTP serve is public.
fn exposure(endpoint: &ServiceEndpoint) -> Option<&PublicExposure> {
    match &endpoint.exposure {
        EndpointExposure::Public(public) if !public.protocol.is_passed_on() => Some(public),
        _ => None,
    }
}

/// Whether the world finds it on the port of HTTPS.
fn is_https(port: &ContainerPort) -> bool {
    let published = port.published.as_ref().is_some_and(|published| published.peek().is(HTTPS_PORT));
    published && port.protocol == TransportProtocol::Tcp && port.is_open_to_the_world()
}
