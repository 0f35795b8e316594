//! What is spoken on ports: on those that the load balancer does not serve, and on those of a load balancer that speaks HTTP/1
//! to every container.
//!
//! In: the application. Out: the ports, and the claim where a target makes nothing of them.

use crate::Compilation;
use std::collections::BTreeSet;
use tranship_app::rules::target;
use tranship_app::{
    AppService, Application, At, BehaviourEffect, ContainerPort, EndpointExposure, PublicProtocol,
};
use tranship_frontend::diagnostic::Diagnostic;

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

/// Claims what is said of the protocol of public ports, for a load balancer that speaks HTTP/1 to every container,
/// with TLS where the container ends it.
pub(crate) fn approximate_public_protocols(app: &Application, cx: &mut Compilation<'_>) {
    let public = app.endpoints.iter().filter_map(|endpoint| match &endpoint.exposure {
        EndpointExposure::Public(public) => Some((public.protocol, public.app_protocol.as_ref()?)),
        EndpointExposure::Internal => None,
    });
    for (protocol, spoken) in public {
        if matches!(protocol, PublicProtocol::Http | PublicProtocol::Https) {
            cx.ledger.decided(spoken, "load balancer: target group");
        } else {
            let reason = "the load balancer uses HTTP/1 to reach the container";
            let effect = BehaviourEffect::ChangesBehaviour;
            cx.ledger.approximated(spoken, effect, "http", reason, "load balancer: target group");
        }
    }
}

/// Refuses what only the load balancers of ECS stacks can do: what is ignored here would serve a service in another way, or
/// to others than it is meant for.
pub(crate) fn refuse_stack_balancers(app: &Application, product: &str, cx: &mut Compilation<'_>) {
    for endpoint in &app.endpoints {
        let EndpointExposure::Public(public) = &endpoint.exposure else { continue };
        let (internal, outside) = public.internal.iter().partition::<Vec<_>, _>(|internal| internal.get());
        let (other, http) = public.protocol_setting.iter().partition::<Vec<_>, _>(|protocol| {
            !matches!(protocol.get(), PublicProtocol::Http | PublicProtocol::Https)
        });
        outside.iter().for_each(|kept| cx.ledger.decided(*kept, "the load balancer is public"));
        http.iter().for_each(|kept| cx.ledger.decided(*kept, "load balancer: target group"));
        let set = [
            other.first().map(|at| ("protocol", at.node, at.origin)),
            internal.first().map(|at| ("internal", at.node, at.origin)),
            public.allow.first().map(|at| ("allow", at.node, at.origin)),
            public.certificates.first().map(|at| ("certificate", at.node, at.origin)),
        ];
        for (key, node, origin) in set.into_iter().flatten() {
            let reason = "its load balancer is public and speaks HTTP or HTTPS";
            cx.ledger.rejected(&node, reason);
            let message =
                format!("`public.{key}` of `{}` is not supported on {product}: {reason}", endpoint.service);
            let diagnostic = Diagnostic::new(&target::REJECTED_KEY, message)
                .at(origin)
                .key(cx.keys.path(&node))
                .service(&*endpoint.service);
            cx.diagnostics.push(diagnostic.help("use the target `fargate` or `ecs-ec2`, or remove the key"));
        }
    }
}
