//! Listeners of the load balancer, and which requests each of their rules takes.
//!
//! AWS allows one listener a port and one rule a priority, so these are what their ids are made of: whatever a
//! listener or a rule does next, it is the same resource. A rule's priority comes from how specific its conditions are
//! and from a hash of them, so that adding a rule hardly ever moves another one.

use super::planner::EcsPlanner;
use super::{DefaultAction, ListenerPlan, ListenerProtocol, ListenerRulePlan, TargetGroupPlan};
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

/// Paths that are longer are as specific.
const LONGEST_PATH: u32 = 32;

/// Priorities of one kind of rule.
struct PriorityBand {
    first: u32,
    /// Priorities for each length of a path.
    path: u32,
    /// Priorities without a path.
    bare: u32,
}

/// Names of hosts without a wildcard: most rules have one, and no path.
const EXACT_HOST: PriorityBand = PriorityBand { first: RULE_PRIORITIES.least, path: 250, bare: 14_000 };
const ANY_HOST_OF: PriorityBand = PriorityBand { first: 22_001, path: 125, bare: 4_000 };
/// A rule without any condition is the listener's default.
const NO_HOST: PriorityBand = PriorityBand { first: 30_001, path: 600, bare: 600 };

/// What one endpoint asks of a listener.
pub(super) struct PublicRoute {
    service: ManifestName,
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

    /// Where its priority is looked for. The lower, the more specific: a host and a long path before a host, a host
    /// before a path. Each length of a path has a band of its own; the hash chooses within it.
    fn first_choice(&self) -> u32 {
        let exact = self.hosts.iter().all(|host| !host.contains(['*', '?']));
        let kind = match (self.hosts.is_empty(), exact) {
            (false, true) => &EXACT_HOST,
            (false, false) => &ANY_HOST_OF,
            (true, _) => &NO_HOST,
        };
        let specific = |path: &String| u32::try_from(path.trim_end_matches('*').len()).unwrap_or(u32::MAX);
        let longest = self.paths.iter().map(specific).max().unwrap_or(0).min(LONGEST_PATH);
        let (start, width) = match longest {
            0 => (kind.first + LONGEST_PATH * kind.path, kind.bare),
            length => (kind.first + (LONGEST_PATH - length) * kind.path, kind.path),
        };
        start + self.hash() % width
    }

    fn hash(&self) -> u32 {
        hash(self.hosts.iter().chain(&self.paths).map(String::as_str))
    }

    /// What makes it another rule than the others.
    fn sorted_by(&self) -> (&[String], &[String]) {
        (&self.hosts, &self.paths)
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
        id: listener_id(HTTP_PORT),
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
    let protocol = match certificate {
        Some(certificate) if port != HTTP_PORT => ListenerProtocol::Https(certificate.clone()),
        _ => ListenerProtocol::Http,
    };
    let (everything, some): (Vec<_>, Vec<_>) = routes.into_iter().partition(PublicRoute::takes_everything);
    let default = default_action(planner, &everything);
    ListenerPlan {
        id: listener_id(port),
        port,
        protocol,
        default,
        rules: listener_rules(planner, port, some),
    }
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
    let (set, mut free): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.priority.is_some());
    for route in set {
        check_conditions(planner, &route);
        let priority = route.priority.unwrap_or_default();
        match by_priority.get(&priority) {
            Some(other) => collision(planner, &route, other, &format!("both have priority {priority}")),
            None => {
                by_priority.insert(priority, route);
            }
        }
    }
    // Sorted, so that the order of the services in the manifest does not matter.
    free.sort_by(|one, two| one.sorted_by().cmp(&two.sorted_by()));
    for route in free {
        check_conditions(planner, &route);
        match by_priority.values().find(|other| other.sorted_by() == route.sorted_by()) {
            Some(other) => collision(planner, &route, other, "both take the same requests"),
            None => {
                by_priority.insert(free_priority(&by_priority, route.first_choice()), route);
            }
        }
    }
    by_priority.into_iter().map(|(priority, route)| listener_rule(listener, route, priority)).collect()
}

/// The first priority from here on that no rule has.
fn free_priority<T>(taken: &BTreeMap<u32, T>, first: u32) -> u32 {
    let mut later = (first..=RULE_PRIORITIES.most).chain(RULE_PRIORITIES.least..first);
    later.find(|priority| !taken.contains_key(priority)).unwrap_or(first)
}

/// The one listener of a port, whatever it does.
fn listener_id(port: u16) -> LogicalId {
    match port {
        HTTP_PORT => LogicalId::only(ResourceRole::Listener),
        HTTPS_PORT => LogicalId::only(ResourceRole::HttpsListener),
        other => LogicalId::of_parts(&[&other.to_string()], ResourceRole::Listener),
    }
}

/// The one rule of a listener that has a priority, whatever it does.
fn rule_id(listener: &str, priority: u32) -> LogicalId {
    LogicalId::of_parts(&["port", listener, "priority", &priority.to_string()], ResourceRole::ListenerRule)
}

fn listener_rule(listener: u16, route: PublicRoute, priority: u32) -> ListenerRulePlan {
    ListenerRulePlan {
        id: rule_id(&listener.to_string(), priority),
        priority,
        hosts: route.hosts,
        paths: route.paths,
        target: route.target,
        from: vec![route.from],
    }
}

/// The listener that ties target groups to the load balancer. Its port is not open to anyone.
pub(super) fn attachment(listeners: &[ListenerPlan], targets: &[&TargetGroupPlan]) -> ListenerPlan {
    let unused = |port: &u16| listeners.iter().all(|listener| listener.port != *port);
    let mut rules: BTreeMap<u32, ListenerRulePlan> = BTreeMap::new();
    let mut targets: Vec<&TargetGroupPlan> = targets.to_vec();
    targets.sort_by(|one, two| one.id.cmp(&two.id));
    for target in targets {
        let first = RULE_PRIORITIES.least + hash([target.id.as_str()].into_iter()) % RULE_PRIORITIES.most;
        let priority = free_priority(&rules, first);
        let rule = ListenerRulePlan {
            id: rule_id(ATTACHMENT, priority),
            priority,
            hosts: Vec::new(),
            paths: vec![format!("/{}", target.id)],
            target: target.id.clone(),
            from: target.from.clone(),
        };
        rules.insert(priority, rule);
    }
    ListenerPlan {
        id: LogicalId::of(ATTACHMENT, ResourceRole::Listener),
        port: (1..=u16::MAX).rev().find(unused).unwrap_or(u16::MAX),
        protocol: ListenerProtocol::Http,
        default: DefaultAction::NotFound,
        rules: rules.into_values().collect(),
    }
}

/// The name of the listener that ties target groups to the load balancer.
const ATTACHMENT: &str = "attachment";

fn hash<'t>(texts: impl Iterator<Item = &'t str>) -> u32 {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    let bytes = digest.finalize();
    bytes.iter().take(4).fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte))
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
        let priorities: Vec<u32> = routes.iter().map(PublicRoute::first_choice).collect();
        assert!(
            priorities.is_sorted() && priorities.windows(2).all(|pair| pair[0] != pair[1]),
            "{priorities:?}"
        );
        assert!(priorities.iter().all(|priority| RULE_PRIORITIES.contains(*priority)));
    }

    /// Each length of a path has its band, and the hash stays in it.
    #[test]
    fn a_priority_is_in_the_band_of_its_conditions() {
        let cases = [
            (route(&["a.example.org"], &["/12345678901234567890123456789012345"]), 1, 250),
            (route(&["a.example.org"], &["/v1/*"]), 1 + 28 * 250, 250),
            (route(&["a.example.org"], &[]), 8_001, 14_000),
            (route(&["*.example.org"], &["/v1/*"]), 22_001 + 28 * 125, 125),
            (route(&["*.example.org"], &[]), 26_001, 4_000),
            (route(&[], &["/v1/*"]), 30_001 + 28 * 600, 600),
            (route(&[], &["*.png"]), 30_001 + 27 * 600, 600),
        ];
        for (route, first, width) in cases {
            let found = route.first_choice();
            assert!((first..first + width).contains(&found), "{found} {:?} {:?}", route.hosts, route.paths);
        }
    }

    #[test]
    fn a_priority_that_is_taken_goes_to_the_next_one() {
        let taken = |numbers: &[u32]| numbers.iter().map(|number| (*number, ())).collect::<BTreeMap<_, _>>();
        assert_eq!(free_priority(&taken(&[]), 7), 7);
        assert_eq!(free_priority(&taken(&[7, 8]), 7), 9);
        assert_eq!(free_priority(&taken(&[50_000]), 50_000), 1);
    }

    fn group(name: &str) -> TargetGroupPlan {
        TargetGroupPlan {
            id: LogicalId::of(name, ResourceRole::TargetGroup),
            target_type: super::super::TargetType::Ip,
            container: name.to_owned(),
            port: 80,
            health_path: "/".to_owned(),
            health_codes: "200".to_owned(),
            health_interval: 15,
            from: vec![format!("services.{name}")],
        }
    }

    #[test]
    fn every_target_group_is_attached_where_nobody_comes_in() {
        let listener = |port| ListenerPlan {
            id: listener_id(port),
            port,
            protocol: ListenerProtocol::Http,
            default: DefaultAction::NotFound,
            rules: Vec::new(),
        };
        let (web, api) = (group("web"), group("api"));
        let made = attachment(&[listener(80), listener(u16::MAX)], &[&web, &api]);
        assert_eq!((made.id.as_str(), made.port), ("AttachmentListener", u16::MAX - 1));
        assert_eq!(made.default, DefaultAction::NotFound);
        let mut targets: Vec<&str> = made.rules.iter().map(|rule| rule.target.as_str()).collect();
        targets.sort_unstable();
        assert_eq!(targets, ["ApiTargetGroup", "WebTargetGroup"]);
        let alone = attachment(&[listener(80)], &[&web]);
        let kept = made.rules.iter().find(|rule| rule.id == alone.rules[0].id);
        assert_eq!(kept.map(|rule| &rule.target), Some(&web.id), "another group moves no rule");
        assert!(made.rules.iter().all(|rule| RULE_PRIORITIES.contains(rule.priority)));
    }

    /// What AWS allows once has one id.
    #[test]
    fn ids_are_of_ports_and_priorities() {
        assert_eq!(listener_id(80).as_str(), "Listener");
        assert_eq!(listener_id(443).as_str(), "HttpsListener");
        assert_ne!(listener_id(8080), listener_id(8081));
        let rule = |service: &str, port| {
            let route = PublicRoute { service: service.into(), ..route(&["a.example.org"], &[]) };
            listener_rule(port, route, 5).id
        };
        assert_eq!(rule("web", 80), rule("site", 80), "a renamed service keeps its rule");
        assert_ne!(rule("web", 80), rule("web", 443));
    }
}
