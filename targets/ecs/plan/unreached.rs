//! Services that nothing in the manifest connects to, though they may be there for others: their images know each other.
//!
//! In: who talks to whom. Out: one warning. Under Docker Compose every service of a network reaches every other one; on
//! ECS it takes a rule, and a name.

use super::planner::EcsPlanner;
use crate::ecs::rules;
use std::collections::BTreeSet;
use tranship_app::{AppService, Application, EndpointExposure, ServiceRole};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Reports them once. A service without a port that is known may be a worker: one such alone says nothing.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let ends = AppEnds::of(app);
    let candidates = || app.services.values().filter(|service| ends.is_alone(planner, service));
    let (servers, others): (Vec<&AppService>, Vec<&AppService>) =
        candidates().partition(|service| listens(service));
    let others: Vec<&AppService> = others.into_iter().filter(|service| ends.is_idle(service)).collect();
    if app.services.len() < 2 || servers.is_empty() && others.len() < 2 {
        return;
    }
    let all: BTreeSet<&str> = servers.iter().chain(&others).map(|service| &*service.name).collect();
    let told = candidates().filter(|service| all.contains(&*service.name));
    let names: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
    let one = names.len() == 1;
    let message = format!(
        "nothing in the manifest says who connects to {}, so no other service reaches {}",
        listed(&names),
        if one { "it" } else { "them" },
    );
    let placed = told
        .fold(Diagnostic::new(&rules::UNREACHED_SERVICE, message), |told, service| told.at(service.origin));
    planner.report(placed.help(
        "if an image knows the name of such a service, write `depends_on` in the service that connects, and `expose` in the other: the name then works; where nobody connects, accept: `accept: [ecs/unreached-service]`",
    ));
}

/// Who is at an end of an edge, or serves the public.
struct AppEnds<'a> {
    public: BTreeSet<&'a str>,
    reached: BTreeSet<&'a str>,
    connecting: BTreeSet<&'a str>,
}

impl<'a> AppEnds<'a> {
    fn of(app: &'a Application) -> Self {
        let public = app.endpoints.iter().filter(|it| matches!(it.exposure, EndpointExposure::Public(_)));
        AppEnds {
            public: public.map(|endpoint| &*endpoint.service).collect(),
            reached: app.edges.iter().map(|edge| &*edge.to).collect(),
            connecting: app.edges.iter().map(|edge| &*edge.from).collect(),
        }
    }

    /// Whether a service runs in a task of its own, serves nobody outside and no edge leads to it.
    fn is_alone(&self, planner: &EcsPlanner<'_, '_>, service: &AppService) -> bool {
        let is_published = service.container.ports.iter().any(|port| port.published.is_some());
        service.role == ServiceRole::Service
            && planner.layout.members_of(&service.name).len() == 1
            && !is_published
            && !self.public.contains(&*service.name)
            && !self.reached.contains(&*service.name)
    }

    /// Whether it connects to nobody, in the application or outside.
    fn is_idle(&self, service: &AppService) -> bool {
        service.external.is_empty()
            && service.dependencies.is_empty()
            && !self.connecting.contains(&*service.name)
    }
}

/// Whether it is there for somebody: it exposes a port, or its image is known to have one.
fn listens(service: &AppService) -> bool {
    !service.container.ports.is_empty() || !service.container.image_facts().software_ports().is_empty()
}
