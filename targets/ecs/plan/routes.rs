//! What one endpoint asks of a listener: which requests it takes, and how early its rule is looked at.
//!
//! AWS allows one rule a priority. It comes from how specific the conditions are and from a hash of them, so that adding
//! a rule hardly ever moves another one.

use super::ListenerAction;
use super::planner::EcsPlanner;
use sha2::{Digest, Sha256};
use tranship_app::{At, ManifestName, NetworkRange, PublicExposure, ServiceEndpoint};
use tranship_facts::quotas::load_balancing::{CONDITION_VALUES_PER_RULE, RULE_PRIORITIES};
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
#[derive(Debug, Clone)]
pub(super) struct PublicRoute {
    /// Whose endpoint it is.
    pub(super) service: ManifestName,
    /// Host names; none for any.
    pub(super) hosts: Vec<String>,
    /// Path patterns; none for any.
    pub(super) paths: Vec<String>,
    /// The networks that may connect; none for all that reach the load balancer.
    pub(super) networks: Vec<NetworkRange>,
    /// Whether the rule itself looks at the networks: where the listener is open to others, too.
    pub(super) looks_at_networks: bool,
    /// What becomes of its requests.
    pub(super) action: ListenerAction,
    /// The rule's priority, where the manifest sets it.
    pub(super) priority: Option<u32>,
    /// Certificates of its own.
    pub(super) certificates: Vec<String>,
    /// Whether the same requests over plain HTTP are redirected, where it has a certificate.
    pub(super) redirects: bool,
    /// Where it is in the manifest.
    pub(super) origin: Origin,
    /// The key path it comes from.
    pub(super) from: String,
}

impl PublicRoute {
    /// The route of a public endpoint. Claims its conditions.
    pub(super) fn of(
        planner: &mut EcsPlanner<'_, '_>,
        endpoint: &ServiceEndpoint,
        public: &PublicExposure,
        action: ListenerAction,
    ) -> PublicRoute {
        let mut values = |list: &[At<String>]| -> Vec<String> {
            let became = "load balancer: which requests reach the target group";
            list.iter().map(|value| planner.exact(value, became).clone()).collect()
        };
        let (hosts, paths) = (values(&public.hosts), values(&public.paths));
        let takes_any = paths.iter().any(|path| matches!(path.as_str(), "/*" | "*"));
        let became = "load balancer: who may connect";
        let mut networks: Vec<NetworkRange> =
            public.allow.iter().map(|network| planner.exact(network, became).clone()).collect();
        networks.sort();
        networks.dedup();
        let became = "listener: certificate";
        let certificates =
            public.certificates.iter().map(|arn| planner.exact(arn, became).to_string()).collect();
        PublicRoute {
            service: endpoint.service.clone(),
            hosts,
            paths: if takes_any { Vec::new() } else { paths },
            networks,
            looks_at_networks: false,
            action,
            priority: public.priority.as_ref().map(|it| *planner.exact(it, "listener rule: Priority")),
            certificates,
            redirects: public.redirect.as_ref().is_none_or(|it| *planner.exact(it, "listener: redirect")),
            origin: endpoint.origin,
            from: format!("services.{}", endpoint.service),
        }
    }

    /// The networks that its rule looks at.
    pub(super) fn condition_networks(&self) -> &[NetworkRange] {
        if self.looks_at_networks { &self.networks } else { &[] }
    }

    /// Whether it needs no rule.
    pub(super) fn takes_everything(&self) -> bool {
        self.hosts.is_empty() && self.paths.is_empty() && self.condition_networks().is_empty()
    }

    /// Its conditions, in as many rules as it takes: a rule holds five values.
    pub(super) fn split(self) -> Vec<PublicRoute> {
        let networks = self.condition_networks().len();
        let counts = [self.hosts.len(), self.paths.len(), networks];
        let [hosts, paths, networks] = sizes(counts, CONDITION_VALUES_PER_RULE.most);
        let mut found = Vec::new();
        for hosts in chunks(&self.hosts, hosts) {
            for paths in chunks(&self.paths, paths) {
                let own = match self.looks_at_networks {
                    true => chunks(&self.networks, networks),
                    false => vec![self.networks.clone()],
                };
                for networks in own {
                    let (hosts, paths) = (hosts.clone(), paths.clone());
                    found.push(PublicRoute { hosts, paths, networks, ..self.clone() });
                }
            }
        }
        found
    }

    /// Where its priority is looked for. The lower, the more specific: a host and a long path before a host, a host
    /// before a path. Each length of a path has a band of its own; the hash chooses within it.
    pub(super) fn first_choice(&self) -> u32 {
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
        let networks = self.condition_networks().iter().map(NetworkRange::as_str);
        start + hash(self.hosts.iter().chain(&self.paths).map(String::as_str).chain(networks)) % width
    }

    /// What makes it another rule than the others.
    pub(super) fn sorted_by(&self) -> (&[String], &[String], &[NetworkRange]) {
        (&self.hosts, &self.paths, self.condition_networks())
    }
}

/// How many values of each kind a rule holds, so that it holds no more than `most`: one of each, then one more of the kind
/// of which the most are left.
fn sizes(counts: [usize; 3], most: usize) -> [usize; 3] {
    let mut sizes = counts.map(|count| count.min(1));
    while sizes.iter().sum::<usize>() < most {
        let left = |(count, size): (&usize, &usize)| count.saturating_sub(*size);
        let missing: Vec<usize> = counts.iter().zip(&sizes).map(left).collect();
        let Some(largest) = missing.iter().max().filter(|missing| **missing > 0) else { break };
        let at = missing.iter().position(|one| one == largest).unwrap_or(0);
        sizes.iter_mut().skip(at).take(1).for_each(|size| *size += 1);
    }
    sizes
}

/// Parts of a list of this size; of an empty one, one empty part.
fn chunks<T: Clone>(list: &[T], size: usize) -> Vec<Vec<T>> {
    if list.is_empty() {
        return vec![Vec::new()];
    }
    list.chunks(size.max(1)).map(<[T]>::to_vec).collect()
}

/// A number that a list of texts always has.
pub(super) fn hash<'t>(texts: impl Iterator<Item = &'t str>) -> u32 {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    let bytes = digest.finalize();
    bytes.iter().take(4).fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_cloudformation::{LogicalId, ResourceRole};

    fn route(hosts: &[&str], paths: &[&str]) -> PublicRoute {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        PublicRoute {
            service: "app".into(),
            hosts: owned(hosts),
            paths: owned(paths),
            networks: Vec::new(),
            looks_at_networks: false,
            action: ListenerAction::Forward(LogicalId::of("app", ResourceRole::TargetGroup)),
            priority: None,
            certificates: Vec::new(),
            redirects: true,
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
    fn a_rule_holds_five_values() {
        for (counts, expected) in [
            ([2, 3, 0], [2, 3, 0]),
            ([12, 0, 0], [5, 0, 0]),
            ([12, 1, 0], [4, 1, 0]),
            ([0, 9, 0], [0, 5, 0]),
            ([3, 3, 3], [2, 2, 1]),
            ([9, 1, 1], [3, 1, 1]),
            ([0, 0, 0], [0, 0, 0]),
        ] {
            assert_eq!(sizes(counts, 5), expected, "{counts:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_split() {
        let hosts: Vec<String> = (0..7).map(|number| format!("h{number}.example.org")).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let split = route(&hosts, &["/a"]).split();
        let parts: Vec<(usize, usize)> =
            split.iter().map(|route| (route.hosts.len(), route.paths.len())).collect();
        assert_eq!(parts, [(4, 1), (3, 1)]);
        let all: Vec<&str> = split.iter().flat_map(|route| &route.hosts).map(String::as_str).collect();
        assert_eq!(all, hosts);
        assert_eq!(route(&["a"], &[]).split().len(), 1);
        assert_eq!(route(&[], &[]).split().len(), 1);
    }

    #[test]
    fn networks_are_conditions_only_where_the_listener_is_open_to_others() {
        let networks = ["10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24"];
        let networks = networks.map(|range| NetworkRange::Ipv4(range.to_owned())).to_vec();
        let mut closed = PublicRoute { networks, ..route(&[], &[]) };
        assert!(closed.takes_everything());
        assert_eq!(closed.clone().split()[0].networks.len(), 3);
        closed.looks_at_networks = true;
        assert!(!closed.takes_everything());
        let split = PublicRoute { hosts: vec!["a".to_owned(); 4], ..closed }.split();
        let counts: Vec<(usize, usize)> =
            split.iter().map(|route| (route.hosts.len(), route.condition_networks().len())).collect();
        assert_eq!(counts, [(3, 2), (3, 1), (1, 2), (1, 1)]);
    }
}
