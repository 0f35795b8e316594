//! What is public: the load balancer and its target groups. Listeners are in [`listeners`](super::listeners).

use super::listeners::{self, PublicRoute};
use super::planner::EcsPlanner;
use super::{DefaultAction, names};
use super::{
    ListenerPlan, ListenerProtocol, LoadBalancerPlan, NetworkMode, TargetGroupPlan, TargetType, TaskPlan,
};
use crate::ecs::rules;
use std::collections::BTreeMap;
use tranship_app::{
    AppService, At, BehaviourEffect, ContainerPort, DeploymentPosture, EndpointExposure, ManifestName,
    PublicExposure, ServiceEndpoint, ServiceRole,
};
use tranship_cloudformation::{FnSub, LogicalId, ResourceRole};
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::ecs::TARGET_GROUPS_PER_SERVICE;
use tranship_facts::quotas::load_balancing::{HTTP_PORT, HTTPS_PORT};
use tranship_frontend::diagnostic::Diagnostic;

/// Seconds between health checks of a target group.
const HEALTH_INTERVAL: u32 = 15;
/// Why a UDP port is not public, for the ledger.
const HTTP_ONLY: &str = "an application load balancer serves HTTP only";

/// The target groups by the task that they send to.
pub(super) type TargetGroups = BTreeMap<ManifestName, Vec<TargetGroupPlan>>;

/// The load balancer, if something is public, and the target groups.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &[TaskPlan],
) -> (Option<LoadBalancerPlan>, TargetGroups) {
    let app = planner.app;
    let mut targets = TargetGroups::new();
    let mut routes: BTreeMap<u16, Vec<PublicRoute>> = BTreeMap::new();
    for endpoint in &app.endpoints {
        let EndpointExposure::Public(public) = &endpoint.exposure else {
            planner.decided(&endpoint.node, "security group: reached by the services that name it");
            continue;
        };
        let Some(task) = serving_task(planner, tasks, endpoint) else { continue };
        let listener = listener_port(planner, endpoint, public);
        let own = targets.entry(task.name.clone()).or_default();
        let container = names::container(&endpoint.service);
        let known = own.iter().find(|known| known.container == container && known.port == endpoint.port);
        let (id, is_new) = match known {
            Some(known) => (known.id.clone(), false),
            None => (target_group_id(own, &container, endpoint, public, listener), true),
        };
        let target = target_group(planner, endpoint, public, task.mode, id);
        let route = PublicRoute::of(planner, endpoint, public, &target.id);
        routes.entry(listener).or_default().push(route);
        own.extend(is_new.then_some(target));
    }
    claim_unreached(planner);
    check_target_groups(planner, &targets);
    (load_balancer(planner, routes, &targets), targets)
}

/// The group of a service's first public port has no other name than the service, so that another port, host or
/// path goes to the same group. A further one is named after its requests.
fn target_group_id(
    own: &[TargetGroupPlan],
    container: &str,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    listener: u16,
) -> LogicalId {
    if own.iter().all(|known| known.container != container) {
        return LogicalId::of(&endpoint.service, ResourceRole::TargetGroup);
    }
    let listener = listener.to_string();
    let requests = public.hosts.iter().chain(&public.paths).map(|value| value.peek().as_str());
    let names: Vec<&str> = [&*endpoint.service, &listener].into_iter().chain(requests).collect();
    LogicalId::of_parts(&names, ResourceRole::TargetGroup)
}

fn load_balancer(
    planner: &mut EcsPlanner<'_, '_>,
    routes: BTreeMap<u16, Vec<PublicRoute>>,
    targets: &TargetGroups,
) -> Option<LoadBalancerPlan> {
    if routes.is_empty() {
        return None;
    }
    let app = planner.app;
    let from = routes.values().flatten().map(|route| route.from.clone()).collect();
    let listeners = listeners::plan(planner, routes);
    let domain = app.settings.https.as_ref().and_then(|https| https.domain.as_ref());
    let domain = domain.map(|domain| planner.exact(domain, "output: the URL").as_str());
    let protected = app.settings.posture() == DeploymentPosture::Prod;
    let attachment = listeners::attachment(&listeners, &targets.values().flatten().collect::<Vec<_>>());
    Some(LoadBalancerPlan { url: url(&listeners, domain), listeners, attachment, protected, from })
}

/// The address of the first listener that does not redirect.
fn url(listeners: &[ListenerPlan], domain: Option<&str>) -> FnSub {
    let serves = |listener: &&ListenerPlan| !matches!(listener.default, DefaultAction::Redirect(_));
    let Some(listener) = listeners.iter().find(serves) else { return FnSub::new() };
    let (scheme, usual) = match listener.protocol {
        ListenerProtocol::Http => ("http", HTTP_PORT),
        ListenerProtocol::Https(_) => ("https", HTTPS_PORT),
    };
    let url = FnSub::text(format!("{scheme}://"));
    let url = match domain {
        Some(domain) => url.then(domain),
        None => url.att(&LogicalId::only(ResourceRole::LoadBalancer), "DNSName"),
    };
    if listener.port == usual { url } else { url.then(format!(":{}", listener.port)) }
}

/// The task that serves a public endpoint, where something can: a load balancer needs a container that keeps
/// running and speaks TCP.
fn serving_task<'t>(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &'t [TaskPlan],
    endpoint: &ServiceEndpoint,
) -> Option<&'t TaskPlan> {
    let service = planner.app.services.get(&endpoint.service)?;
    if let Some(port) = udp_only(service, endpoint) {
        planner.cx.ledger.rejected(&port.node, HTTP_ONLY);
        let message =
            format!("port {}/udp of `{}` cannot be public: {HTTP_ONLY}", endpoint.port, endpoint.service);
        let diagnostic = planner
            .about(&rules::PUBLIC_UDP, service, &port.node, message)
            .help("remove `public` to keep the port internal, or publish a TCP port");
        planner.cx.diagnostics.push(diagnostic);
        return None;
    }
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

/// The port of an endpoint, if the manifest names it as UDP and not as TCP.
fn udp_only<'s>(service: &'s AppService, endpoint: &ServiceEndpoint) -> Option<&'s ContainerPort> {
    let named = |protocol| {
        let mut ports = service.container.ports.iter();
        ports.find(|port| port.container.get() == endpoint.port && port.protocol == protocol)
    };
    named(TransportProtocol::Udp).filter(|_| named(TransportProtocol::Tcp).is_none())
}

/// Ports that are no endpoint: published for a laptop, and nothing of the application connects to them.
fn claim_unreached(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    for service in app.services.values() {
        for port in &service.container.ports {
            let same = |endpoint: &&ServiceEndpoint| {
                endpoint.service == service.name
                    && endpoint.port == port.container.get()
                    && endpoint.protocol == port.protocol
            };
            match app.endpoints.iter().find(same) {
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

fn target_group(
    planner: &mut EcsPlanner<'_, '_>,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    mode: NetworkMode,
    id: LogicalId,
) -> TargetGroupPlan {
    let mut health = |setting: &Option<At<String>>, default: &str| match setting {
        Some(setting) => planner.exact(setting, "target group: health check").clone(),
        None => default.to_owned(),
    };
    let (health_path, health_codes) =
        (health(&public.health_path, "/"), health(&public.health_codes, "200-399"));
    let path = planner.cx.keys.path(&endpoint.node);
    let from = if path.is_empty() { format!("services.{}", endpoint.service) } else { path };
    TargetGroupPlan {
        id,
        target_type: match mode {
            NetworkMode::AwsVpc => TargetType::Ip,
            NetworkMode::Bridge | NetworkMode::Host => TargetType::Instance,
        },
        container: names::container(&endpoint.service),
        port: endpoint.port,
        health_path,
        health_codes,
        health_interval: HEALTH_INTERVAL,
        from: vec![from],
    }
}

/// The listener of an endpoint. A published port outside of its range is approximated.
fn listener_port(
    planner: &mut EcsPlanner<'_, '_>,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
) -> u16 {
    let usual = if planner.app.settings.https.is_some() { HTTPS_PORT } else { HTTP_PORT };
    let listener = match &public.listener {
        Some(port) => *planner.exact(port, "load balancer: listener"),
        None => usual,
    };
    planner.decided(&endpoint.node, "load balancer: listener and target group");
    if let Some(published) = public.published.as_ref().filter(|at| !at.peek().admits(listener)) {
        let (value, reason) = (format!("port {listener}"), "the load balancer listens on the usual port");
        planner.cx.ledger.approximated(published, BehaviourEffect::Equivalent, value, reason, "listener");
    }
    listener
}

fn check_target_groups(planner: &mut EcsPlanner<'_, '_>, targets: &TargetGroups) {
    let quota = TARGET_GROUPS_PER_SERVICE;
    for (name, own) in targets.iter().filter(|(_, own)| quota.is_exceeded_by(own.len())) {
        let message =
            format!("`{name}` has {} public ports; an ECS service allows {}", own.len(), quota.most);
        let origin = planner.app.services.get(name).map(|service| service.origin).unwrap_or_default();
        planner.report(
            Diagnostic::new(&rules::TOO_MANY_PUBLIC_PORTS, message)
                .at(origin)
                .key(format!("services.{name}"))
                .service(&**name)
                .help("make fewer of them public, or put a proxy in front of them"),
        );
    }
}
