//! What is public: load balancers and their target groups. An application has at most one of each [`BalancerKind`].
//!
//! In: the endpoints and the tasks. Out: the [`FrontDoorPlan`], and the target groups by task. What one endpoint gets is in
//! [`served_endpoints`](super::served_endpoints); listeners are in [`listeners`](super::listeners) and
//! [`network_listeners`](super::network_listeners).

use super::listeners::{self, BalancerRoutes, EnvironmentCertificates};
use super::network_listeners::{self, NetworkListeners};
use super::planner::EcsPlanner;
use super::routes::PublicRoute;
use super::served_endpoints::{self, ServedEndpoint};
use super::target_groups::{self, TargetGroups};
use super::{
    BalancerKind, FrontDoorPlan, ListenerAction, ListenerPlan, LoadBalancerPlan, TargetGroupPlan, TaskPlan,
    addresses, names,
};
use crate::ecs::rules;
use std::collections::BTreeMap;
use tranship_app::{
    At, BehaviourEffect, DeploymentPosture, EndpointExposure, PublicExposure, ServiceEndpoint, WholeNumber,
};
use tranship_facts::quotas::ecs::TARGET_GROUPS_PER_SERVICE;
use tranship_facts::quotas::load_balancing::{
    IDLE_TIMEOUT, LISTENERS_PER_BALANCER, RULES_PER_BALANCER, USUAL_IDLE_TIMEOUT,
};
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::yaml::NodeId;

/// A load balancer while endpoints are added to it.
#[derive(Default)]
struct GrowingBalancer {
    routes: BalancerRoutes,
    network: NetworkListeners,
    from: Vec<String>,
    /// What each endpoint asks for.
    idle_timeouts: Vec<Option<At<u32>>>,
}

/// What is open to the outside, and the target groups.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>, tasks: &[TaskPlan]) -> (FrontDoorPlan, TargetGroups) {
    let app = planner.app;
    let mut targets = TargetGroups::new();
    let mut growing: BTreeMap<BalancerKind, GrowingBalancer> = BTreeMap::new();
    let mut certificates: Option<EnvironmentCertificates> = None;
    let mut served: Vec<(&ServiceEndpoint, ServedEndpoint<'_>)> = Vec::new();
    for endpoint in &app.endpoints {
        let EndpointExposure::Public(public) = &endpoint.exposure else {
            planner.decided(&endpoint.node, "security group: reached by the services that name it");
            continue;
        };
        let Some(service) = app.services.get(&endpoint.service) else { continue };
        let Some(one) = served_endpoints::decide(planner, tasks, service, endpoint, public) else { continue };
        let environment = certificates.get_or_insert_with(|| environment_certificates(planner));
        let own = targets.entry(one.task.name.clone()).or_default();
        let (id, new) = target_groups::plan(planner, endpoint, &one, own);
        own.extend(new);
        let route = PublicRoute::of(planner, endpoint, public, ListenerAction::Forward(id));
        let balancer = growing.entry(one.balancer).or_default();
        balancer.from.push(route.from.clone());
        match one.balancer.network {
            true => balancer.network.add(planner, &one, route, environment),
            false => {
                balancer.idle_timeouts.push(public.idle_timeout.clone());
                balancer.routes.add(one.listener, route);
            }
        }
        served.push((endpoint, one));
    }
    claim_unreached(planner);
    check_target_groups(planner, &targets);
    let environment = certificates.unwrap_or_default();
    let balancers: Vec<LoadBalancerPlan> = growing
        .into_iter()
        .map(|(kind, growing)| load_balancer(planner, kind, growing, &environment, &targets))
        .collect();
    balancers.iter().for_each(|balancer| check_quotas(planner, balancer));
    report_health_paths(planner, &targets, &served);
    (addresses::plan(planner, balancers, &served), targets)
}

/// Says what the load balancer asks where no setting does: one note for all.
fn report_health_paths(
    planner: &mut EcsPlanner<'_, '_>,
    targets: &TargetGroups,
    served: &[(&ServiceEndpoint, ServedEndpoint<'_>)],
) {
    let mut told: Vec<String> = Vec::new();
    let mut diagnostic: Option<Diagnostic> = None;
    for (endpoint, one) in served.iter().filter(|(_, one)| unset_path(one.public)) {
        let container = names::container(&endpoint.service);
        let own = |target: &&TargetGroupPlan| target.container == container && target.port == endpoint.port;
        let Some(group) = targets.values().flatten().find(own) else { continue };
        let Some(request) = &group.health.request else { continue };
        let why = match (&one.public.health_path, one.public.health.grpc_service) {
            (None, false) => "nothing names another path",
            _ => "its own health check asks it",
        };
        let text = format!("`{}` of `{}` ({why})", request.path, endpoint.service);
        if told.contains(&text) {
            continue;
        }
        told.push(text);
        let placed = diagnostic.take().unwrap_or_else(|| Diagnostic::new(&rules::HEALTH_PATH, String::new()));
        let origin = one.public.health_path.as_ref().map_or(one.service.origin, |path| path.origin);
        diagnostic = Some(placed.at(origin));
    }
    if let Some(mut diagnostic) = diagnostic {
        diagnostic.message =
            format!("the load balancer asks {} to find out whether it is healthy", listed(&told));
        planner.report(
            diagnostic.help(
                "to ask another path, add `x-tranship: { public: { health_check: { path: /healthz } } }`",
            ),
        );
    }
}

/// Whether no setting says which path is asked.
fn unset_path(public: &PublicExposure) -> bool {
    public.health_path.as_ref().is_none_or(|path| path.node == NodeId::UNNUMBERED)
}

/// The certificates of the environment.
fn environment_certificates(planner: &mut EcsPlanner<'_, '_>) -> EnvironmentCertificates {
    let Some(https) = &planner.app.settings.https else { return EnvironmentCertificates::default() };
    let all = [&https.certificate].into_iter().chain(&https.certificates);
    EnvironmentCertificates(all.map(|arn| planner.exact(arn, "listener: certificate").to_string()).collect())
}

/// Seconds after which an Application Load Balancer closes an idle connection: the longest that an endpoint asks for, or the
/// environment for those that ask for none.
fn idle_timeout(planner: &mut EcsPlanner<'_, '_>, own: &[Option<At<u32>>]) -> u32 {
    let place = "load balancer: idle_timeout.timeout_seconds";
    let environment = planner.app.settings.idle_timeout.clone().map(|at| at.map(WholeNumber::get));
    let general = environment.filter(|_| own.iter().any(Option::is_none));
    let set: Vec<At<u32>> = own.iter().flatten().cloned().chain(general).collect();
    let longest = set.iter().map(|at| IDLE_TIMEOUT.nearest(at.get())).max();
    let longest = longest.unwrap_or(USUAL_IDLE_TIMEOUT);
    for at in &set {
        if at.get() == longest {
            planner.decided(at, place);
        } else {
            let reason = format!(
                "a load balancer has one time for all that it serves, the longest, and allows {} seconds",
                IDLE_TIMEOUT.most
            );
            let effect = BehaviourEffect::Equivalent;
            planner.cx.ledger.approximated(at, effect, longest.to_string(), reason, place);
        }
    }
    longest
}

fn load_balancer(
    planner: &mut EcsPlanner<'_, '_>,
    kind: BalancerKind,
    growing: GrowingBalancer,
    environment: &EnvironmentCertificates,
    targets: &TargetGroups,
) -> LoadBalancerPlan {
    let own: Vec<&TargetGroupPlan> = targets.values().flatten().filter(|it| it.balancer == kind).collect();
    let (listeners, attachments): (Vec<ListenerPlan>, Vec<ListenerPlan>) = match kind.network {
        true => {
            let listeners = growing.network.into_listeners();
            let attachments = network_listeners::attachments(kind, &listeners, &own);
            (listeners, attachments)
        }
        false => {
            let listeners = growing.routes.listeners(planner, kind, environment);
            let attachments = listeners::attachments(kind, &listeners, &own);
            (listeners, attachments)
        }
    };
    LoadBalancerPlan {
        kind,
        listeners,
        attachments,
        idle_timeout: if kind.network {
            USUAL_IDLE_TIMEOUT
        } else {
            idle_timeout(planner, &growing.idle_timeouts)
        },
        protected: planner.app.settings.posture() == DeploymentPosture::Prod,
        from: growing.from,
    }
}

/// Ports that are no endpoint: published for a laptop, and nothing of the application connects to them.
fn claim_unreached(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let mut endpoints: BTreeMap<_, &ServiceEndpoint> = BTreeMap::new();
    for endpoint in &app.endpoints {
        endpoints.entry((&endpoint.service, endpoint.port, endpoint.protocol)).or_insert(endpoint);
    }
    for service in app.services.values() {
        for port in &service.container.ports {
            match endpoints.get(&(&service.name, port.container.get(), port.protocol)).copied() {
                None if port.published.is_none() => {
                    planner.decided(&port.node, "task definition: PortMappings");
                }
                None => planner.cx.ledger.ignored(
                    &port.node,
                    "it is not public, and no service names it",
                    BehaviourEffect::Equivalent,
                ),
                Some(endpoint) if endpoint.node != port.node => {
                    planner.decided(&port.node, "the same port of the container, published once more");
                }
                Some(_) => {}
            }
        }
    }
}

/// ECS takes five target groups for a service, and one protocol for a port of a container.
fn check_target_groups(planner: &mut EcsPlanner<'_, '_>, targets: &TargetGroups) {
    let quota = TARGET_GROUPS_PER_SERVICE;
    for (name, own) in targets {
        let origin = planner.app.services.get(name).map(|service| service.origin).unwrap_or_default();
        let diagnostic = |rule, message: String, help: &str| {
            Diagnostic::new(rule, message)
                .at(origin)
                .key(format!("services.{name}"))
                .service(&**name)
                .help(help)
        };
        if quota.is_exceeded_by(own.len()) {
            let message =
                format!("`{name}` has {} public ports; an ECS service allows {}", own.len(), quota.most);
            let help = "make fewer of them public, or put a proxy in front of them";
            planner.report(diagnostic(&rules::TOO_MANY_PUBLIC_PORTS, message, help));
        }
        let twice = own.iter().enumerate().find_map(|(at, one)| {
            let other = |two: &&TargetGroupPlan| {
                (&two.container, two.port) == (&one.container, one.port)
                    && two.protocol.transport() != one.protocol.transport()
            };
            own.iter().skip(at + 1).find(other)
        });
        if let Some(twice) = twice {
            let message = format!(
                "port {} of `{}` cannot be public by TCP and by UDP: ECS maps a port of a container once",
                twice.port, twice.container
            );
            let help =
                "make one of the two public, or let the container listen on another port for the other one";
            planner.report(diagnostic(&rules::PUBLIC_TWICE, message, help));
        }
    }
}

/// Elastic Load Balancing takes 50 listeners and 100 rules.
fn check_quotas(planner: &mut EcsPlanner<'_, '_>, balancer: &LoadBalancerPlan) {
    let all = || balancer.listeners.iter().chain(&balancer.attachments);
    let rules = all().map(|listener| listener.rules.len()).sum();
    for (quota, found) in [(LISTENERS_PER_BALANCER, all().count()), (RULES_PER_BALANCER, rules)] {
        if !quota.is_exceeded_by(found) {
            continue;
        }
        let message = format!(
            "the application needs {found} {}; AWS allows {} unless your account has a higher quota",
            quota.what, quota.most
        );
        let key = balancer.from.first().cloned().unwrap_or_default();
        let service = key.strip_prefix("services.").and_then(|name| planner.app.services.get(name));
        let origin = service.map(|service| service.origin).unwrap_or_default();
        planner.report(
            Diagnostic::new(&rules::BALANCER_QUOTA, message)
                .at(origin)
                .key(key)
                .help("use fewer hosts and paths, with `*` for a shared part, or split the application"),
        );
    }
}
