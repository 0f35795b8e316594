//! Services that nothing in the manifest connects to, though they may be there for others: their images know each other.
//!
//! In: who talks to whom. Out: the services. Under Docker Compose every service of a network reaches every other one; where a
//! connection needs a rule or a link, it takes a line of the manifest.

use std::collections::BTreeSet;
use tranship_app::{AppService, Application, EndpointExposure, ServiceRole};

/// Such services, in the manifest's order. `shares` says whether one shares its task with others, which reach it.
/// A service without a port that is known may be a worker: one such alone says nothing.
pub(crate) fn unreached(app: &Application, shares: impl Fn(&AppService) -> bool) -> Vec<&AppService> {
    let ends = AppEnds::of(app);
    let candidates = || app.services.values().filter(|service| ends.is_alone(service) && !shares(service));
    let (servers, others): (Vec<&AppService>, Vec<&AppService>) =
        candidates().partition(|service| listens(service));
    let others: Vec<&AppService> = others.into_iter().filter(|service| ends.is_idle(service)).collect();
    if app.services.len() < 2 || servers.is_empty() && others.len() < 2 {
        return Vec::new();
    }
    let all: BTreeSet<&str> = servers.iter().chain(&others).map(|service| &*service.name).collect();
    candidates().filter(|service| all.contains(&*service.name)).collect()
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

    /// Whether a service serves nobody outside and no edge leads to it.
    fn is_alone(&self, service: &AppService) -> bool {
        let is_published = service.container.ports.iter().any(|port| port.published.is_some());
        service.role == ServiceRole::Service
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
