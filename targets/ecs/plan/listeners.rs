//! Listeners of the load balancer, and which requests each of their rules takes.
//!
//! A rule's priority comes from how specific its conditions are and from a hash of them, so that adding a rule
//! never moves another one: CloudFormation would refuse an update in which two swap.

use super::planner::EcsPlanner;
use super::{DefaultAction, ListenerPlan, ListenerProtocol, ListenerRulePlan};
use crate::ecs::rules;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tranship_app::{At, ManifestName, PublicExposure, ServiceEndpoint};
use tranship_cloudformation::{LogicalId, ResourceRole, TemplateValue};
use tranship_facts::quotas::load_balancing::{
    CONDITION_CHARACTERS, CONDITION_VALUES_PER_RULE, HTTP_PORT, HTTPS_PORT, RULE_PRIORITIES,
};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};
use tranship_frontend::source::Origin;

/// What one endpoint asks of a listener.
pub(super) struct PublicRoute {
    service: ManifestName,
    port: u16,
    hosts: Vec<String>,
    paths: Vec<String>,
    target: LogicalId,
    priority: Option<u32>,
    origin: Origin,
    /// The key path it comes from.
    pub(super) from: String,
}

impl PublicRoute {
    /// The route of a public endpoint to its target group. Claims its conditions.
    pub(super) fn of(
        planner: &mut EcsPlanner<'_, '_>,
        endpoint: &ServiceEndpoint,
        public: &PublicExposure,
        target: &LogicalId,
    ) -> PublicRoute {
        let mut values = |list: &[At<String>]| -> Vec<String> {
            let became = "load balancer: which requests reach the target group";
            list.iter().map(|value| planner.exact(value, became).clone()).collect()
        };
        let (hosts, paths) = (values(&public.hosts), values(&public.paths));
        let takes_any = paths.iter().any(|path| matches!(path.as_str(), "/*" | "*"));
        PublicRoute {
            service: endpoint.service.clone(),
            port: endpoint.port,
            hosts,
            paths: if takes_any { Vec::new() } else { paths },
            target: target.clone(),
            priority: public.priority.as_ref().map(|it| *planner.exact(it, "listener rule: Priority")),
            origin: endpoint.origin,
            from: format!("services.{}", endpoint.service),
        }
    }

    fn takes_everything(&self) -> bool {
        self.hosts.is_empty() && self.paths.is_empty()
    }

    /// The lower, the more specific: a host and a long path before a host, a host before a path.
    /// Each length of a path has a band of its own; the hash chooses within it.
    fn priority(&self) -> u32 {
        const LONGEST_PATH: u32 = 32;
        const BANDS: u32 = 100;
        const WIDTH: u32 = RULE_PRIORITIES.most / BANDS;
        if let Some(priority) = self.priority {
            return priority;
        }
        let exact = self.hosts.iter().all(|host| !host.contains(['*', '?']));
        let kind = match (self.hosts.is_empty(), exact) {
            (false, true) => 0,
            (false, false) => 1,
            (true, _) => 2,
        };
        let specific = |path: &String| u32::try_from(path.trim_end_matches('*').len()).unwrap_or(u32::MAX);
        let longest = self.paths.iter().map(specific).max().unwrap_or(0).min(LONGEST_PATH);
        let band = kind * (LONGEST_PATH + 1) + (LONGEST_PATH - longest);
        RULE_PRIORITIES.least + band * WIDTH + self.hash() % WIDTH
    }

    fn hash(&self) -> u32 {
        let mut digest = Sha256::new();
        for text in self.hosts.iter().chain(&self.paths) {
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let bytes = digest.finalize();
        bytes.iter().take(4).fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte))
    }
}

/// The listeners of the routes, in ascending order of their ports.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    routes: BTreeMap<u16, Vec<PublicRoute>>,
) -> Vec<ListenerPlan> {
    let https = planner.app.settings.https.as_ref();
    let certificate: Option<TemplateValue> =
        https.map(|https| planner.exact(&https.certificate, "listener: certificate").as_str().into());
    let redirects =
        certificate.is_some() && routes.contains_key(&HTTPS_PORT) && !routes.contains_key(&HTTP_PORT);
    let served =
        routes.into_iter().map(|(port, routes)| listener(planner, certificate.as_ref(), port, routes));
    redirects.then(redirect).into_iter().chain(served).collect()
}

/// Sends plain requests to HTTPS.
fn redirect() -> ListenerPlan {
    ListenerPlan {
        id: LogicalId::only(ResourceRole::RedirectListener),
        port: HTTP_PORT,
        protocol: ListenerProtocol::Http,
        default: DefaultAction::Redirect(HTTPS_PORT),
        rules: Vec::new(),
    }
}

fn listener(
    planner: &mut EcsPlanner<'_, '_>,
    certificate: Option<&TemplateValue>,
    port: u16,
    routes: Vec<PublicRoute>,
) -> ListenerPlan {
    let id = match port {
        HTTP_PORT => LogicalId::only(ResourceRole::Listener),
        HTTPS_PORT => LogicalId::only(ResourceRole::HttpsListener),
        other => LogicalId::of_parts(&[&other.to_string()], ResourceRole::Listener),
    };
    let protocol = match certificate {
        Some(certificate) if port != HTTP_PORT => ListenerProtocol::Https(certificate.clone()),
        _ => ListenerProtocol::Http,
    };
    let (everything, some): (Vec<_>, Vec<_>) = routes.into_iter().partition(PublicRoute::takes_everything);
    let default = default_action(planner, &everything);
    ListenerPlan { id, port, protocol, default, rules: listener_rules(planner, port, some) }
}

/// Where requests go that no rule takes.
fn default_action(planner: &mut EcsPlanner<'_, '_>, routes: &[PublicRoute]) -> DefaultAction {
    let Some(first) = routes.first() else { return DefaultAction::NotFound };
    for other in routes.iter().filter(|other| other.target != first.target) {
        collision(planner, other, first, "both take every request");
    }
    DefaultAction::Forward(first.target.clone())
}

fn listener_rules(
    planner: &mut EcsPlanner<'_, '_>,
    listener: u16,
    routes: Vec<PublicRoute>,
) -> Vec<ListenerRulePlan> {
    let mut by_priority: BTreeMap<u32, PublicRoute> = BTreeMap::new();
    for route in routes {
        check_conditions(planner, &route);
        let priority = route.priority();
        match by_priority.get(&priority) {
            Some(other) => collision(planner, &route, other, &format!("both have priority {priority}")),
            None => {
                by_priority.insert(priority, route);
            }
        }
    }
    by_priority.into_iter().map(|(priority, route)| listener_rule(listener, route, priority)).collect()
}

fn listener_rule(listener: u16, route: PublicRoute, priority: u32) -> ListenerRulePlan {
    let (port, listener) = (route.port.to_string(), listener.to_string());
    ListenerRulePlan {
        id: LogicalId::of_parts(&[&route.service, &port, &listener], ResourceRole::ListenerRule),
        priority,
        hosts: route.hosts,
        paths: route.paths,
        target: route.target,
        from: vec![route.from],
    }
}

fn check_conditions(planner: &mut EcsPlanner<'_, '_>, route: &PublicRoute) {
    let values = route.hosts.len() + route.paths.len();
    let mut conditions = route.hosts.iter().chain(&route.paths);
    let too_long = conditions.any(|value| CONDITION_CHARACTERS.is_exceeded_by(value.len()));
    let service = &route.service;
    let message = if too_long {
        let most = CONDITION_CHARACTERS.most;
        format!("a host or path of `{service}` is longer than {most} characters")
    } else if CONDITION_VALUES_PER_RULE.is_exceeded_by(values) {
        let most = CONDITION_VALUES_PER_RULE.most;
        format!("`{service}` has {values} hosts and paths; a listener rule allows {most}")
    } else {
        return;
    };
    report(
        planner,
        &rules::LISTENER_RULE,
        route,
        message,
        "use fewer or shorter ones, with `*` for a shared prefix",
    );
}

fn collision(planner: &mut EcsPlanner<'_, '_>, route: &PublicRoute, other: &PublicRoute, why: &str) {
    let message =
        format!("the public endpoints of `{}` and `{}` collide: {why}", other.service, route.service);
    let help = "give one of them a `host`, a `path` or a `priority` of its own";
    report(planner, &rules::LISTENER_COLLISION, route, message, help);
}

fn report(
    planner: &mut EcsPlanner<'_, '_>,
    rule: &'static DiagnosticRule,
    route: &PublicRoute,
    message: String,
    help: &str,
) {
    planner.report(
        Diagnostic::new(rule, message)
            .at(route.origin)
            .key(route.from.clone())
            .service(&*route.service)
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(hosts: &[&str], paths: &[&str]) -> PublicRoute {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        PublicRoute {
            service: "app".into(),
            port: 80,
            hosts: owned(hosts),
            paths: owned(paths),
            target: LogicalId::of("app", ResourceRole::TargetGroup),
            priority: None,
            origin: Origin::NOWHERE,
            from: "services.app".to_owned(),
        }
    }

    /// The more specific rule comes first, whatever the hash.
    #[test]
    fn priorities_go_from_specific_to_general() {
        let routes = [
            route(&["a.example.org"], &["/v1/users/*"]),
            route(&["a.example.org"], &["/v1/*"]),
            route(&["a.example.org"], &[]),
            route(&["*.example.org"], &["/v1/*"]),
            route(&["*.example.org"], &[]),
            route(&[], &["/v1/users"]),
            route(&[], &["/v1/*"]),
            route(&[], &["/*", "/x"]),
        ];
        let priorities: Vec<u32> = routes.iter().map(PublicRoute::priority).collect();
        assert!(
            priorities.is_sorted() && priorities.windows(2).all(|pair| pair[0] != pair[1]),
            "{priorities:?}"
        );
        assert!(priorities.iter().all(|priority| RULE_PRIORITIES.contains(*priority)));
    }

    /// Each kind has 33 bands of 500, and the hash stays in its band.
    #[test]
    fn a_priority_is_in_the_band_of_its_conditions() {
        let cases = [
            (route(&["a.example.org"], &["/12345678901234567890123456789012345"]), 0),
            (route(&["a.example.org"], &["/v1/*"]), 32 - 4),
            (route(&["a.example.org"], &[]), 32),
            (route(&["*.example.org"], &[]), 33 + 32),
            (route(&[], &["/v1/*"]), 66 + 28),
        ];
        for (route, band) in cases {
            assert_eq!((route.priority() - 1) / 500, band, "{:?} {:?}", route.hosts, route.paths);
        }
    }

    #[test]
    fn a_priority_given_is_taken() {
        let given = PublicRoute { priority: Some(7), ..route(&[], &["/x"]) };
        assert_eq!(given.priority(), 7);
    }
}
