//! Listeners of an application load balancer, and which requests each of their rules takes.
//!
//! AWS allows one listener a port and one rule a priority, so these are what their ids are made of: whatever a
//! listener or a rule does next, it is the same resource.

use super::planner::EcsPlanner;
use super::routes::{PublicRoute, hash};
use super::{
    BalancerKind, ListenerAction, ListenerCertificate, ListenerPlan, ListenerProtocol, ListenerRulePlan,
    TargetGroupPlan,
};
use crate::ecs::rules;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::NetworkRange;
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::quotas::load_balancing::{
    CONDITION_CHARACTERS, CONDITION_VALUES_PER_RULE, HTTP_PORT, HTTPS_PORT, RULE_PRIORITIES,
};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};

/// The addresses of private networks (RFC 1918): who reaches a load balancer inside of a VPC, where nothing else is said.
const PRIVATE_NETWORKS: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/// The certificates of the environment: the first is the one that clients get which ask for none of the others.
#[derive(Debug, Clone, Default)]
pub(super) struct EnvironmentCertificates(pub(super) Vec<String>);

/// The routes of a load balancer by the port of their listener.
#[derive(Debug, Default)]
pub(super) struct BalancerRoutes(BTreeMap<u16, Vec<PublicRoute>>);

impl BalancerRoutes {
    /// Adds a route.
    pub(super) fn add(&mut self, port: u16, route: PublicRoute) {
        self.0.entry(port).or_default().push(route);
    }

    /// The listeners, in ascending order of their ports.
    pub(super) fn listeners(
        self,
        planner: &mut EcsPlanner<'_, '_>,
        kind: BalancerKind,
        environment: &EnvironmentCertificates,
    ) -> Vec<ListenerPlan> {
        let routes = with_redirects(self.0, environment);
        routes.into_iter().map(|(port, routes)| listener(planner, kind, environment, port, routes)).collect()
    }
}

/// Sends plain requests to HTTPS, for every endpoint of the usual HTTPS listener that does not refuse it. A listener on the
/// port of HTTP that nothing else uses redirects whatever comes.
fn with_redirects(
    mut routes: BTreeMap<u16, Vec<PublicRoute>>,
    environment: &EnvironmentCertificates,
) -> BTreeMap<u16, Vec<PublicRoute>> {
    let Some(secure) = routes.get(&HTTPS_PORT) else { return routes };
    if environment.0.is_empty() && secure.iter().all(|route| route.certificates.is_empty()) {
        return routes; // HTTP on the port of HTTPS
    }
    let redirect = |route: &PublicRoute| PublicRoute {
        action: ListenerAction::Redirect(HTTPS_PORT),
        priority: None,
        certificates: Vec::new(),
        ..route.clone()
    };
    let wanted: Vec<PublicRoute> = secure.iter().filter(|route| route.redirects).map(redirect).collect();
    let Some(first) = wanted.first() else { return routes };
    let plain = routes.get(&HTTP_PORT);
    let everything = plain.is_none() && wanted.len() == secure.len();
    let added = match everything {
        true => {
            let networks = union(&wanted);
            let (hosts, paths) = (Vec::new(), Vec::new());
            vec![PublicRoute { hosts, paths, networks, ..first.clone() }]
        }
        false => {
            let taken = |route: &PublicRoute| {
                let same = |other: &PublicRoute| (&other.hosts, &other.paths) == (&route.hosts, &route.paths);
                plain.is_some_and(|plain| plain.iter().any(same))
            };
            let mut added: Vec<PublicRoute> = Vec::new();
            for route in wanted.into_iter().filter(|route| !taken(route)) {
                let same = |other: &PublicRoute| (&other.hosts, &other.paths) == (&route.hosts, &route.paths);
                if !added.iter().any(same) {
                    added.push(route);
                }
            }
            added
        }
    };
    routes.entry(HTTP_PORT).or_default().extend(added);
    routes
}

/// The networks of some routes together; none if one of them is open to all.
fn union(routes: &[PublicRoute]) -> Vec<NetworkRange> {
    if routes.iter().any(|route| route.networks.is_empty()) {
        return Vec::new();
    }
    let all: BTreeSet<NetworkRange> =
        routes.iter().flat_map(|route| route.networks.iter().cloned()).collect();
    all.into_iter().collect()
}

fn listener(
    planner: &mut EcsPlanner<'_, '_>,
    kind: BalancerKind,
    environment: &EnvironmentCertificates,
    port: u16,
    mut routes: Vec<PublicRoute>,
) -> ListenerPlan {
    let own: BTreeSet<&String> = routes.iter().flat_map(|route| &route.certificates).collect();
    let all: Vec<String> = environment.0.iter().chain(own).cloned().collect();
    let (protocol, certificates) = match all.as_slice() {
        [first, rest @ ..] if port != HTTP_PORT => {
            (ListenerProtocol::Https(first.as_str().into()), further(kind, port, first, rest))
        }
        _ => (ListenerProtocol::Http, Vec::new()),
    };
    let networks = open_to(kind, &union(&routes));
    let differ = routes.iter().any(|route| Some(&route.networks) != routes.first().map(|it| &it.networks));
    routes.iter_mut().for_each(|route| route.looks_at_networks = differ);
    let (everything, some): (Vec<_>, Vec<_>) = routes.into_iter().partition(PublicRoute::takes_everything);
    let default = default_action(planner, &everything);
    ListenerPlan {
        id: listener_id(kind, port),
        port,
        protocol,
        certificates,
        networks,
        default,
        rules: listener_rules(planner, kind, port, some),
    }
}

/// The certificates of a listener besides its first one.
pub(super) fn further(
    kind: BalancerKind,
    port: u16,
    first: &str,
    rest: &[String],
) -> Vec<ListenerCertificate> {
    let arns: BTreeSet<&String> = rest.iter().filter(|arn| *arn != first).collect();
    let id = |arn: &str| {
        let port = port.to_string();
        let own = arn.rsplit('/').next().unwrap_or(arn);
        let names: Vec<&str> = kind.words().iter().copied().chain([port.as_str(), own]).collect();
        LogicalId::of_parts(&names, ResourceRole::ListenerCertificate)
    };
    arns.into_iter().map(|arn| ListenerCertificate { id: id(arn), arn: arn.clone() }).collect()
}

/// Who may connect: the networks that are named, else everybody who can reach the load balancer.
pub(super) fn open_to(kind: BalancerKind, named: &[NetworkRange]) -> Vec<NetworkRange> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let ranges: &[&str] = if kind.internal { &PRIVATE_NETWORKS } else { &["0.0.0.0/0"] };
    ranges.iter().map(|range| NetworkRange::Ipv4((*range).to_owned())).collect()
}

/// Where requests go that no rule takes.
fn default_action(planner: &mut EcsPlanner<'_, '_>, routes: &[PublicRoute]) -> ListenerAction {
    let Some(first) = routes.first() else { return ListenerAction::NotFound };
    for other in routes.iter().filter(|other| other.action != first.action) {
        collision(planner, other, first, "both take every request");
    }
    first.action.clone()
}

fn listener_rules(
    planner: &mut EcsPlanner<'_, '_>,
    kind: BalancerKind,
    listener: u16,
    routes: Vec<PublicRoute>,
) -> Vec<ListenerRulePlan> {
    let mut by_priority: BTreeMap<u32, PublicRoute> = BTreeMap::new();
    let (set, free): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.priority.is_some());
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
    let mut free: Vec<PublicRoute> = free.into_iter().flat_map(PublicRoute::split).collect();
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
    by_priority.into_iter().map(|(priority, route)| listener_rule(kind, listener, route, priority)).collect()
}

/// The first priority from here on that no rule has.
fn free_priority<T>(taken: &BTreeMap<u32, T>, first: u32) -> u32 {
    let mut later = (first..=RULE_PRIORITIES.most).chain(RULE_PRIORITIES.least..first);
    later.find(|priority| !taken.contains_key(priority)).unwrap_or(first)
}

/// The one listener of a port, whatever it does.
pub(super) fn listener_id(kind: BalancerKind, port: u16) -> LogicalId {
    match (kind.words(), port) {
        ([], HTTP_PORT) => LogicalId::only(ResourceRole::Listener),
        ([], HTTPS_PORT) => LogicalId::only(ResourceRole::HttpsListener),
        (words, other) => {
            let port = other.to_string();
            let names: Vec<&str> = words.iter().copied().chain([port.as_str()]).collect();
            LogicalId::of_parts(&names, ResourceRole::Listener)
        }
    }
}

/// The one rule of a listener that has a priority, whatever it does.
pub(super) fn rule_id(kind: BalancerKind, listener: &str, priority: u32) -> LogicalId {
    let priority = priority.to_string();
    let words = kind.words().iter().copied();
    let names: Vec<&str> = words.chain(["port", listener, "priority", &priority]).collect();
    LogicalId::of_parts(&names, ResourceRole::ListenerRule)
}

fn listener_rule(kind: BalancerKind, listener: u16, route: PublicRoute, priority: u32) -> ListenerRulePlan {
    ListenerRulePlan {
        id: rule_id(kind, &listener.to_string(), priority),
        priority,
        networks: route.condition_networks().to_vec(),
        hosts: route.hosts,
        paths: route.paths,
        action: route.action,
        from: vec![route.from],
    }
}

/// The listeners that tie target groups to the load balancer. Their ports are not open to anyone. Elastic Load Balancing
/// takes groups of HTTP/2 and gRPC at listeners of HTTPS alone, so those have one of their own.
pub(super) fn attachments(
    kind: BalancerKind,
    listeners: &[ListenerPlan],
    targets: &[&TargetGroupPlan],
) -> Vec<ListenerPlan> {
    let (secure, plain): (Vec<_>, Vec<_>) =
        targets.iter().copied().partition(|target| target.protocol.needs_certificate());
    let mut unused = (1..=u16::MAX).rev().filter(|port| listeners.iter().all(|it| it.port != *port));
    let (first, second) = (unused.next().unwrap_or(u16::MAX), unused.next().unwrap_or(u16::MAX));
    let mut protocols = listeners.iter().map(|listener| &listener.protocol);
    let protocol = protocols.rfind(|it| matches!(it, ListenerProtocol::Https(_)));
    let made = attachment(kind, ATTACHMENT, (first, ListenerProtocol::Http), plain);
    let secure = protocol
        .filter(|_| !secure.is_empty())
        .map(|protocol| attachment(kind, SECURE_ATTACHMENT, (second, protocol.clone()), secure));
    [made].into_iter().chain(secure).collect()
}

/// One of them.
fn attachment(
    kind: BalancerKind,
    name: &str,
    (port, protocol): (u16, ListenerProtocol),
    mut targets: Vec<&TargetGroupPlan>,
) -> ListenerPlan {
    let mut rules: BTreeMap<u32, ListenerRulePlan> = BTreeMap::new();
    targets.sort_by(|one, two| one.id.cmp(&two.id));
    for target in targets {
        let first = RULE_PRIORITIES.least + hash([target.id.as_str()].into_iter()) % RULE_PRIORITIES.most;
        let priority = free_priority(&rules, first);
        let rule = ListenerRulePlan {
            id: rule_id(kind, name, priority),
            priority,
            hosts: Vec::new(),
            paths: vec![format!("/{}", target.id)],
            networks: Vec::new(),
            action: ListenerAction::Forward(target.id.clone()),
            from: target.from.clone(),
        };
        rules.insert(priority, rule);
    }
    let words: Vec<&str> = kind.words().iter().copied().chain([name]).collect();
    ListenerPlan {
        id: LogicalId::of(&words.join("-"), ResourceRole::Listener),
        port,
        protocol,
        certificates: Vec::new(),
        networks: Vec::new(),
        default: ListenerAction::NotFound,
        rules: rules.into_values().collect(),
    }
}

/// The name of the listener that ties target groups to the load balancer.
pub(super) const ATTACHMENT: &str = "attachment";
/// The same for groups that need a listener with a certificate.
const SECURE_ATTACHMENT: &str = "secure-attachment";

fn check_conditions(planner: &mut EcsPlanner<'_, '_>, route: &PublicRoute) {
    let values = route.hosts.len() + route.paths.len() + route.condition_networks().len();
    let mut conditions = route.hosts.iter().chain(&route.paths);
    let too_long = conditions.any(|value| CONDITION_CHARACTERS.is_exceeded_by(value.len()));
    let service = &route.service;
    let (message, help) = if too_long {
        let most = CONDITION_CHARACTERS.most;
        (
            format!("a host or path of `{service}` is longer than {most} characters"),
            "use a shorter one, with `*` for a shared prefix",
        )
    } else if CONDITION_VALUES_PER_RULE.is_exceeded_by(values) {
        let most = CONDITION_VALUES_PER_RULE.most;
        (
            format!(
                "`{service}` has {values} hosts, paths and networks, and a `priority`; a listener rule allows {most}"
            ),
            "remove `priority`: the conditions are then spread over several rules",
        )
    } else {
        return;
    };
    report(planner, &rules::LISTENER_RULE, route, message, help);
}

fn collision(planner: &mut EcsPlanner<'_, '_>, route: &PublicRoute, other: &PublicRoute, why: &str) {
    let message =
        format!("the public endpoints of `{}` and `{}` collide: {why}", other.service, route.service);
    let help = "give one of them a `host`, a `path`, a `port` or a `priority` of its own";
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
    use super::super::{TargetHealth, TargetType};
    use super::*;
    use tranship_app::PublicProtocol;
    use tranship_frontend::source::Origin;

    const PUBLIC: BalancerKind = BalancerKind { internal: false, network: false };
    const INTERNAL: BalancerKind = BalancerKind { internal: true, network: false };

    fn route(service: &str, hosts: &[&str], networks: &[&str]) -> PublicRoute {
        PublicRoute {
            service: service.into(),
            hosts: hosts.iter().map(|it| (*it).to_owned()).collect(),
            paths: Vec::new(),
            networks: networks.iter().map(|it| NetworkRange::Ipv4((*it).to_owned())).collect(),
            looks_at_networks: false,
            action: ListenerAction::Forward(LogicalId::of(service, ResourceRole::TargetGroup)),
            priority: None,
            certificates: Vec::new(),
            redirects: true,
            origin: Origin::NOWHERE,
            from: format!("services.{service}"),
        }
    }

    fn group(name: &str, protocol: PublicProtocol) -> TargetGroupPlan {
        TargetGroupPlan {
            id: LogicalId::of(name, ResourceRole::TargetGroup),
            balancer: PUBLIC,
            target_type: TargetType::Ip,
            container: name.to_owned(),
            port: 80,
            protocol,
            health: TargetHealth {
                request: None,
                port: None,
                interval: 15,
                timeout: 5,
                healthy: 2,
                unhealthy: 3,
            },
            sticky: false,
            slow_start: 0,
            from: vec![format!("services.{name}")],
        }
    }

    fn listener(port: u16, protocol: ListenerProtocol) -> ListenerPlan {
        ListenerPlan {
            id: listener_id(PUBLIC, port),
            port,
            protocol,
            certificates: Vec::new(),
            networks: Vec::new(),
            default: ListenerAction::NotFound,
            rules: Vec::new(),
        }
    }

    #[test]
    fn a_priority_that_is_taken_goes_to_the_next_one() {
        let taken = |numbers: &[u32]| numbers.iter().map(|number| (*number, ())).collect::<BTreeMap<_, _>>();
        assert_eq!(free_priority(&taken(&[]), 7), 7);
        assert_eq!(free_priority(&taken(&[7, 8]), 7), 9);
        assert_eq!(free_priority(&taken(&[50_000]), 50_000), 1);
    }

    #[test]
    fn every_target_group_is_attached_where_nobody_comes_in() {
        let (web, api) = (group("web", PublicProtocol::Http), group("api", PublicProtocol::Https));
        let listeners = [listener(80, ListenerProtocol::Http), listener(u16::MAX, ListenerProtocol::Http)];
        let made = attachments(PUBLIC, &listeners, &[&web, &api]);
        let [made] = made.as_slice() else { panic!("one listener") };
        assert_eq!((made.id.as_str(), made.port), ("AttachmentListener", u16::MAX - 1));
        assert_eq!((&made.default, made.networks.len()), (&ListenerAction::NotFound, 0));
        let targets: BTreeSet<String> = made.rules.iter().map(|rule| rule.paths[0].clone()).collect();
        assert_eq!(targets, BTreeSet::from(["/ApiTargetGroup".to_owned(), "/WebTargetGroup".to_owned()]));
        let alone = &attachments(PUBLIC, &listeners[..1], &[&web])[0];
        let kept = made.rules.iter().find(|rule| rule.id == alone.rules[0].id);
        assert_eq!(kept.map(|rule| &rule.action), Some(&ListenerAction::Forward(web.id.clone())));
        assert!(made.rules.iter().all(|rule| RULE_PRIORITIES.contains(rule.priority)));
    }

    /// Elastic Load Balancing refuses groups of gRPC and HTTP/2 at a listener of HTTP.
    #[test]
    fn groups_of_http2_are_attached_at_a_listener_with_a_certificate() {
        let (web, greeter) = (group("web", PublicProtocol::Http), group("greeter", PublicProtocol::Grpc));
        let listeners =
            [listener(80, ListenerProtocol::Http), listener(443, ListenerProtocol::Https("arn".into()))];
        let made = attachments(PUBLIC, &listeners, &[&web, &greeter]);
        let [plain, secure] = made.as_slice() else { panic!("two listeners") };
        assert_eq!(
            (secure.id.as_str(), plain.port, secure.port),
            ("SecureAttachmentListener", 65_535, 65_534)
        );
        assert!(matches!(secure.protocol, ListenerProtocol::Https(_)));
        assert_eq!(secure.rules[0].action, ListenerAction::Forward(greeter.id));
        assert_eq!(plain.rules[0].action, ListenerAction::Forward(web.id));
    }

    /// What AWS allows once has one id.
    #[test]
    fn ids_are_of_ports_and_priorities() {
        assert_eq!(listener_id(PUBLIC, 80).as_str(), "Listener");
        assert_eq!(listener_id(PUBLIC, 443).as_str(), "HttpsListener");
        assert_ne!(listener_id(PUBLIC, 8080), listener_id(PUBLIC, 8081));
        assert_ne!(listener_id(INTERNAL, 80), listener_id(PUBLIC, 80));
        let rule = |kind, service: &str, port| listener_rule(kind, port, route(service, &["a"], &[]), 5).id;
        assert_eq!(rule(PUBLIC, "web", 80), rule(PUBLIC, "site", 80), "a renamed service keeps its rule");
        assert_ne!(rule(PUBLIC, "web", 80), rule(PUBLIC, "web", 443));
        assert_ne!(rule(PUBLIC, "web", 80), rule(INTERNAL, "web", 80));
    }

    fn redirected(routes: &[(u16, PublicRoute)], certificate: &[&str]) -> Vec<(Vec<String>, bool)> {
        let mut by_port: BTreeMap<u16, Vec<PublicRoute>> = BTreeMap::new();
        routes.iter().for_each(|(port, route)| by_port.entry(*port).or_default().push(route.clone()));
        let certificates = certificate.iter().map(|it| (*it).to_owned()).collect();
        let made = with_redirects(by_port, &EnvironmentCertificates(certificates));
        let plain = made.get(&HTTP_PORT).cloned().unwrap_or_default();
        plain.into_iter().map(|it| (it.hosts, it.action == ListenerAction::Redirect(HTTPS_PORT))).collect()
    }

    #[test]
    fn plain_requests_are_redirected_to_what_is_served_by_https() {
        let host = |name: &str| vec![name.to_owned()];
        let (web, api) = (route("web", &["a"], &[]), route("api", &["b"], &[]));
        // Nothing else on port 80: whatever comes is redirected.
        assert_eq!(redirected(&[(443, web.clone()), (443, api.clone())], &["arn"]), [(vec![], true)]);
        assert_eq!(redirected(&[(443, web.clone())], &[]), [], "no certificate, no redirect");
        let own = PublicRoute { certificates: vec!["arn".to_owned()], ..web.clone() };
        assert_eq!(redirected(&[(443, own)], &[]), [(vec![], true)]);
        // One of two does not want it.
        let kept = PublicRoute { redirects: false, ..web.clone() };
        assert_eq!(redirected(&[(443, kept.clone()), (443, api.clone())], &["arn"]), [(host("b"), true)]);
        assert_eq!(redirected(&[(443, kept)], &["arn"]), []);
        // Port 80 serves something: the others are redirected by their own conditions.
        let plain = route("plain", &["c"], &[]);
        assert_eq!(
            redirected(&[(80, plain.clone()), (443, web.clone())], &["arn"]),
            [(host("c"), false), (host("a"), true)]
        );
        let same = route("plain", &["a"], &[]);
        assert_eq!(redirected(&[(80, same), (443, web.clone())], &["arn"]), [(host("a"), false)]);
        assert_eq!(redirected(&[(8443, web)], &["arn"]), []);
    }

    #[test]
    fn a_listener_is_open_to_those_that_an_endpoint_allows() {
        let shown = |ranges: Vec<NetworkRange>| {
            ranges.iter().map(|range| range.as_str().to_owned()).collect::<Vec<_>>()
        };
        let (one, two) = (route("a", &["a"], &["192.0.2.0/24"]), route("b", &["b"], &["10.0.0.0/8"]));
        assert_eq!(shown(union(&[one.clone(), two])), ["10.0.0.0/8", "192.0.2.0/24"]);
        assert_eq!(shown(union(&[one.clone(), route("c", &["c"], &[])])), Vec::<String>::new());
        assert_eq!(shown(open_to(PUBLIC, &[])), ["0.0.0.0/0"]);
        assert_eq!(shown(open_to(INTERNAL, &[])), ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
        assert_eq!(shown(open_to(INTERNAL, &one.networks)), ["192.0.2.0/24"]);
    }

    #[test]
    fn further_certificates_are_listed_once() {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let found = further(PUBLIC, 443, "a", &owned(&["b", "a", "c", "b"]));
        let arns: Vec<&str> = found.iter().map(|it| it.arn.as_str()).collect();
        assert_eq!(arns, ["b", "c"]);
        assert_eq!(found[0].id, further(PUBLIC, 443, "z", &owned(&["b"]))[0].id);
        assert_ne!(found[0].id, further(PUBLIC, 8443, "a", &owned(&["b"]))[0].id);
    }
}
