//! What is public: the load balancer, its listeners, their rules.
//!
//! A rule's priority comes from how much it says and from a hash of itself, so that adding a rule
//! never moves another one: CloudFormation would refuse an update in which two swap.

use super::planner::Planner;
use super::{DefaultAction, Listener, ListenerProtocol, ListenerRule, LoadBalancer, TargetGroup, names};
use crate::ecs::rules;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tranship_app::{Endpoint, Exposure, HttpsSettings, Name, Posture, Public};
use tranship_cloudformation::{LogicalId, Role};
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::ecs::TARGET_GROUPS_PER_SERVICE;
use tranship_facts::quotas::load_balancing::{
    CONDITION_CHARACTERS, CONDITION_VALUES_PER_RULE, HTTP_PORT as HTTP, HTTPS_PORT as HTTPS, RULE_PRIORITIES,
};
use tranship_frontend::diagnostic::Diagnostic;

/// The load balancer, and the target groups by the task that they send to.
pub(super) fn plan(
    planner: &mut Planner<'_, '_>,
) -> (Option<LoadBalancer>, BTreeMap<Name, Vec<TargetGroup>>) {
    let app = planner.app;
    let mut targets: BTreeMap<Name, Vec<TargetGroup>> = BTreeMap::new();
    let mut routes: BTreeMap<u16, Vec<Route>> = BTreeMap::new();
    for endpoint in &app.endpoints {
        match &endpoint.exposure {
            Exposure::Internal => internal(planner, endpoint),
            Exposure::Public(public) => {
                let Some(task) = planner.layout.tasks_of(&endpoint.service).first().cloned() else {
                    continue;
                };
                if endpoint.protocol == TransportProtocol::Udp {
                    udp(planner, endpoint);
                    continue;
                }
                let target = target_group(planner, endpoint, public);
                let listener = listener_port(planner, endpoint, public);
                routes.entry(listener).or_default().push(Route::of(endpoint, public, &target.id));
                let own = targets.entry(task).or_default();
                if !own.iter().any(|known| known.id == target.id) {
                    own.push(target);
                }
            }
        }
    }
    unreached(planner);
    if routes.is_empty() {
        return (None, targets);
    }
    too_many_targets(planner, &targets);
    let from = routes.values().flatten().map(|route| route.from.clone()).collect();
    let listeners = listeners(planner, routes);
    let domain = app.settings.https.as_ref().and_then(|https| https.domain.as_ref());
    if let Some(domain) = domain {
        planner.exact(domain, "output: the URL");
    }
    let balancer = LoadBalancer {
        listeners,
        protected: app.settings.posture() == Posture::Prod,
        domain: domain.map(|domain| domain.peek().clone()),
        from,
    };
    (Some(balancer), targets)
}

fn internal(planner: &mut Planner<'_, '_>, endpoint: &Endpoint) {
    planner.exact(&endpoint.node, "security group: reached by the services that name it");
}

/// Ports that are no endpoint: published for a laptop, and nothing of the application connects to them.
fn unreached(planner: &mut Planner<'_, '_>) {
    let app = planner.app;
    for service in app.services.values() {
        for port in &service.container.ports {
            let same = |endpoint: &&Endpoint| {
                endpoint.service == service.name
                    && endpoint.port == port.container.get()
                    && endpoint.protocol == port.protocol
            };
            match app.endpoints.iter().find(same) {
                None => {
                    planner.cx.ledger.ignored(&port.node, "it is not public, and no service names it", false)
                }
                Some(endpoint) if endpoint.node != port.node => {
                    planner.exact(&port.node, "the same port of the container, published once more");
                }
                Some(_) => {}
            }
        }
    }
}

fn udp(planner: &mut Planner<'_, '_>, endpoint: &Endpoint) {
    let message = format!(
        "port {}/udp of `{}` cannot be public: an application load balancer speaks HTTP only",
        endpoint.port, endpoint.service
    );
    planner.cx.ledger.rejected(&endpoint.node, "an application load balancer speaks HTTP only");
    let told = Diagnostic::new(&rules::PUBLIC_UDP, message)
        .at(endpoint.origin)
        .service(&*endpoint.service)
        .target(planner.compute.target())
        .help("remove `public`, or bind the port to 127.0.0.1 so that it is internal");
    planner.cx.diagnostics.push(told);
}

fn target_group(planner: &mut Planner<'_, '_>, endpoint: &Endpoint, public: &Public) -> TargetGroup {
    for setting in [&public.health_path, &public.health_codes].into_iter().flatten() {
        planner.exact(setting, "target group: health check");
    }
    for condition in public.hosts.iter().chain(&public.paths) {
        planner.exact(condition, "load balancer: which requests reach the target group");
    }
    if let Some(priority) = &public.priority {
        planner.exact(priority, "listener rule: Priority");
    }
    let text = |setting: &Option<tranship_app::At<String>>, default: &str| {
        setting.as_ref().map_or_else(|| default.to_owned(), |it| it.peek().clone())
    };
    TargetGroup {
        id: LogicalId::of_parts(&[&endpoint.service, &endpoint.port.to_string()], Role::TargetGroup),
        container: names::container(&endpoint.service),
        port: endpoint.port,
        health_path: text(&public.health_path, "/"),
        health_codes: text(&public.health_codes, "200-399"),
        health_interval: 15,
        from: vec![planner.cx.keys.path(&endpoint.node)]
            .into_iter()
            .map(|path| if path.is_empty() { format!("services.{}", endpoint.service) } else { path })
            .collect(),
    }
}

/// The listener of an endpoint; a published port other than its own is said.
fn listener_port(planner: &mut Planner<'_, '_>, endpoint: &Endpoint, public: &Public) -> u16 {
    if let Some(port) = &public.listener {
        planner.exact(port, "load balancer: listener");
    }
    let usual = if planner.app.settings.https.is_some() { HTTPS } else { HTTP };
    let listener = public.listener.as_ref().map_or(usual, |port| port.get());
    match &public.published {
        Some(published) if !published.get().admits(listener) => {
            let reason = "the load balancer listens on the usual port";
            planner.cx.ledger.approximated(&endpoint.node, listener.to_string(), reason, "listener");
            planner.cx.ledger.approximated(published, listener.to_string(), reason, "listener");
        }
        _ => planner.exact(&endpoint.node, "load balancer: listener and target group"),
    }
    listener
}

fn too_many_targets(planner: &mut Planner<'_, '_>, targets: &BTreeMap<Name, Vec<TargetGroup>>) {
    let quota = TARGET_GROUPS_PER_SERVICE;
    for (name, own) in targets.iter().filter(|(_, own)| quota.is_exceeded_by(own.len())) {
        let message =
            format!("`{name}` has {} public ports, and an ECS service may have {}", own.len(), quota.most);
        let told = Diagnostic::new(&rules::TOO_MANY_PUBLIC_PORTS, message)
            .at(planner.app.services.get(name).map(|service| service.origin).unwrap_or_default())
            .service(&**name)
            .target(planner.compute.target())
            .help("make fewer of them public");
        planner.cx.diagnostics.push(told);
    }
}

/// What one endpoint asks of a listener.
struct Route {
    service: Name,
    port: u16,
    hosts: Vec<String>,
    paths: Vec<String>,
    target: LogicalId,
    priority: Option<u32>,
    origin: tranship_frontend::source::Origin,
    from: String,
}

impl Route {
    fn of(endpoint: &Endpoint, public: &Public, target: &LogicalId) -> Route {
        let values = |list: &[tranship_app::At<String>]| -> Vec<String> {
            list.iter().map(|it| it.peek().clone()).collect()
        };
        let any = |paths: &[String]| paths.iter().any(|path| matches!(path.as_str(), "/*" | "*"));
        let paths = values(&public.paths);
        Route {
            service: endpoint.service.clone(),
            port: endpoint.port,
            hosts: values(&public.hosts),
            paths: if any(&paths) { Vec::new() } else { paths },
            target: target.clone(),
            priority: public.priority.as_ref().map(|priority| priority.get()),
            origin: endpoint.origin,
            from: format!("services.{}", endpoint.service),
        }
    }

    fn takes_everything(&self) -> bool {
        self.hosts.is_empty() && self.paths.is_empty()
    }

    /// The lower, the more it says: a host and a long path before a host, a host before a path.
    /// Each length of a path has a band of its own; the hash chooses within it.
    fn priority(&self) -> u32 {
        if let Some(priority) = self.priority {
            return priority;
        }
        const BANDS: u32 = 100;
        const WIDTH: u32 = RULE_PRIORITIES.most / BANDS;
        let exact = self.hosts.iter().all(|host| !host.contains(['*', '?']));
        let kind = match (self.hosts.is_empty(), exact) {
            (false, true) => 0,
            (false, false) => 1,
            (true, _) => 2,
        };
        let said = |path: &String| path.trim_end_matches('*').len();
        let longest = self.paths.iter().map(said).max().unwrap_or(0).min(32);
        let band = kind * 33 + (32 - u32::try_from(longest).unwrap_or(32));
        let mut digest = Sha256::new();
        for text in self.hosts.iter().chain(&self.paths) {
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let bytes = digest.finalize();
        let number = bytes.iter().take(4).fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
        RULE_PRIORITIES.least + band * WIDTH + number % WIDTH
    }
}

fn listeners(planner: &mut Planner<'_, '_>, routes: BTreeMap<u16, Vec<Route>>) -> Vec<Listener> {
    let https = planner.app.settings.https.clone();
    if let Some(https) = &https {
        planner.exact(&https.certificate, "listener: certificate");
    }
    let mut listeners: Vec<Listener> = Vec::new();
    let redirect = https.is_some() && routes.contains_key(&HTTPS) && !routes.contains_key(&HTTP);
    if redirect {
        listeners.push(Listener {
            id: LogicalId::only(Role::RedirectListener),
            port: HTTP,
            protocol: ListenerProtocol::Http,
            default: DefaultAction::Redirect(HTTPS),
            rules: Vec::new(),
        });
    }
    for (port, routes) in routes {
        listeners.push(listener(planner, https.as_ref(), port, routes));
    }
    listeners
}

fn listener(
    planner: &mut Planner<'_, '_>,
    https: Option<&HttpsSettings>,
    port: u16,
    routes: Vec<Route>,
) -> Listener {
    let protocol = match https {
        Some(https) if port != HTTP => ListenerProtocol::Https(https.certificate.peek().as_str().into()),
        _ => ListenerProtocol::Http,
    };
    let id = match port {
        HTTP => LogicalId::only(Role::Listener),
        HTTPS => LogicalId::only(Role::HttpsListener),
        other => LogicalId::of_parts(&[&other.to_string()], Role::Listener),
    };
    let mut default = DefaultAction::NotFound;
    let mut rules: Vec<(ListenerRule, tranship_frontend::source::Origin)> = Vec::new();
    for route in routes {
        if route.takes_everything() {
            match &default {
                DefaultAction::Forward(other) if *other != route.target => {
                    collision(planner, &route, "both take every request");
                }
                _ => default = DefaultAction::Forward(route.target.clone()),
            }
            continue;
        }
        let priority = route.priority();
        condition_rules(planner, &route);
        if rules.iter().any(|(rule, _)| rule.priority == priority) {
            collision(planner, &route, &format!("their priority is {priority}"));
        }
        let origin = route.origin;
        rules.push((rule(port, route, priority), origin));
    }
    rules.sort_by_key(|(rule, _)| rule.priority);
    Listener { id, port, protocol, default, rules: rules.into_iter().map(|(rule, _)| rule).collect() }
}

fn rule(listener: u16, route: Route, priority: u32) -> ListenerRule {
    let (port, listener) = (route.port.to_string(), listener.to_string());
    ListenerRule {
        id: LogicalId::of_parts(&[&route.service, &port, &listener], Role::ListenerRule),
        priority,
        hosts: route.hosts,
        paths: route.paths,
        target: route.target,
        from: vec![route.from],
    }
}

fn condition_rules(planner: &mut Planner<'_, '_>, route: &Route) {
    let values = route.hosts.len() + route.paths.len();
    let too_long =
        route.hosts.iter().chain(&route.paths).any(|value| CONDITION_CHARACTERS.is_exceeded_by(value.len()));
    if CONDITION_VALUES_PER_RULE.is_exceeded_by(values) || too_long {
        let message = if too_long {
            let most = CONDITION_CHARACTERS.most;
            format!("a host or path of `{}` is longer than {most} characters", route.service)
        } else {
            let most = CONDITION_VALUES_PER_RULE.most;
            format!(
                "`{}` is public under {values} hosts and paths, and a rule may hold {most}",
                route.service
            )
        };
        push(planner, &rules::LISTENER_RULE, route, message, "use fewer, with `*` where they share a start");
    }
}

fn collision(planner: &mut Planner<'_, '_>, route: &Route, why: &str) {
    let message = format!("the public endpoint of `{}` collides with another one: {why}", route.service);
    let help = "give one of them a host or a path of its own, or a `priority`";
    push(planner, &rules::LISTENER_COLLISION, route, message, help);
}

fn push(
    planner: &mut Planner<'_, '_>,
    rule: &'static tranship_frontend::diagnostic::Rule,
    route: &Route,
    message: String,
    help: &str,
) {
    let told = Diagnostic::new(rule, message)
        .at(route.origin)
        .service(&*route.service)
        .target(planner.compute.target())
        .help(help);
    planner.cx.diagnostics.push(told);
}
