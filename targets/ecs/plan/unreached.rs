//! Services that nothing in the manifest connects to, though they may be there for others: their images know each other.
//!
//! In: who talks to whom. Out: one warning. Under Docker Compose every service of a network reaches every other one; on
//! ECS it takes a rule, and a name.

use super::planner::EcsPlanner;
use crate::ecs::rules;
use std::collections::BTreeSet;
use tranship_app::{AppService, EndpointExposure, ServiceRole};
use tranship_frontend::diagnostic::Diagnostic;

/// Reports them once. A service without a port that is known may be a worker: one such alone says nothing.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let candidates = || app.services.values().filter(|service| is_alone(planner, service));
    let (servers, others): (Vec<&AppService>, Vec<&AppService>) =
        candidates().partition(|service| listens(service));
    let others: Vec<&AppService> = others.into_iter().filter(|service| is_idle(planner, service)).collect();
    if app.services.len() < 2 || servers.is_empty() && others.len() < 2 {
        return;
    }
    let all: BTreeSet<&str> = servers.iter().chain(&others).map(|service| &*service.name).collect();
    let told = candidates().filter(|service| all.contains(&*service.name));
    let names: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
    let one = names.len() == 1;
    let message = format!(
        "nothing in the manifest says who connects to {}, so no other service reaches {}",
        names.join(", "),
        if one { "it" } else { "them" },
    );
    let placed = told
        .fold(Diagnostic::new(&rules::UNREACHED_SERVICE, message), |told, service| told.at(service.origin));
    planner.report(placed.help(
        "if an image knows the name of such a service, write `depends_on` in the service that connects, and `expose` in the other: the name then works; where nobody connects, accept: `accept: [ecs/unreached-service]`",
    ));
}

/// Whether a service runs in a task of its own, serves nobody outside and no edge leads to it.
fn is_alone(planner: &EcsPlanner<'_, '_>, service: &AppService) -> bool {
    let app = planner.app;
    let is_public = app.endpoints.iter().any(|endpoint| {
        endpoint.service == service.name && matches!(endpoint.exposure, EndpointExposure::Public(_))
    });
    let is_published = service.container.ports.iter().any(|port| port.published.is_some());
    service.role == ServiceRole::Service
        && planner.layout.members_of(&service.name).len() == 1
        && !is_public
        && !is_published
        && !app.edges.iter().any(|edge| edge.to == service.name)
}

/// Whether it is there for somebody: it exposes a port, or its image is known to have one.
fn listens(service: &AppService) -> bool {
    !service.container.ports.is_empty() || !service.container.image_facts().software_ports().is_empty()
}

/// Whether it connects to nobody, in the application or outside.
fn is_idle(planner: &EcsPlanner<'_, '_>, service: &AppService) -> bool {
    service.external.is_empty()
        && service.dependencies.is_empty()
        && !planner.app.edges.iter().any(|edge| edge.from == service.name)
}
