//! What is spoken on ports that the load balancer does not serve.
//!
//! In: the application. Out: the ports, and the claim where a target makes nothing of them.

use crate::Compilation;
use std::collections::BTreeSet;
use tranship_app::{AppService, Application, At, BehaviourEffect, ContainerPort, EndpointExposure};

/// Every `app_protocol` of a port that is not public.
pub(crate) fn internal_protocols(app: &Application) -> Vec<(&AppService, &ContainerPort, &At<String>)> {
    let public =
        app.endpoints.iter().filter(|endpoint| matches!(endpoint.exposure, EndpointExposure::Public(_)));
    let public: BTreeSet<_> = public.map(|endpoint| endpoint.node).collect();
    let ports = app
        .services
        .values()
        .flat_map(|service| service.container.ports.iter().map(move |port| (service, port)));
    let inside = ports.filter(|(_, port)| !public.contains(&port.node));
    inside.filter_map(|(service, port)| Some((service, port, port.app_protocol.as_ref()?))).collect()
}

/// Claims an `app_protocol` that nobody needs to know.
pub(crate) fn ignore_internal_protocol(cx: &mut Compilation<'_>, spoken: &At<String>) {
    let reason = "nothing stands between the services that use the port";
    cx.ledger.ignored(spoken, reason, BehaviourEffect::Equivalent);
}
