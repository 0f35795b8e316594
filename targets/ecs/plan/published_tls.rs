//! Ports that a browser would ask by HTTPS, where nothing gives a certificate.
//!
//! In: the endpoints and how they are served. Out: one warning. Under Docker Compose such a port is answered by the
//! container, with a certificate of its own; the load balancer on AWS needs one of ACM.

use super::planner::EcsPlanner;
use super::{FrontDoorPlan, ListenerProtocol};
use crate::container::{ends_tls, published_https};
use crate::ecs::rules;
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
    let ports = published_https(app);
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
    let own_tls = ends_tls(app, first);
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
