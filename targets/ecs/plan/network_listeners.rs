//! Listeners of a network load balancer: one for each endpoint, which passes its connections on.
//!
//! In: the endpoints with their target groups. Out: listeners, and for each target group one on a port that nobody
//! reaches, which ties the group to the load balancer before its service is there.

use super::listeners::{ATTACHMENT, EnvironmentCertificates, further, listener_id, open_to};
use super::planner::EcsPlanner;
use super::routes::{PublicRoute, hash};
use super::served_endpoints::ServedEndpoint;
use super::{BalancerKind, ListenerAction, ListenerPlan, ListenerProtocol, TargetGroupPlan};
use crate::ecs::rules;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::PublicProtocol;
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::ValueRange;
use tranship_facts::quotas::load_balancing::{TCP_IDLE_TIMEOUT, USUAL_TCP_IDLE_TIMEOUT};
use tranship_frontend::diagnostic::Diagnostic;

/// Ports for the listeners that nobody reaches: the dynamic ports of IANA, which no service is assigned.
const UNASSIGNED: ValueRange<u16> = ValueRange { least: 49_152, most: u16::MAX };

/// The listeners of a network load balancer by their ports.
#[derive(Debug, Default)]
pub(super) struct NetworkListeners(BTreeMap<u16, (PublicRoute, ListenerPlan)>);

impl NetworkListeners {
    /// Adds the listener of an endpoint.
    pub(super) fn add(
        &mut self,
        planner: &mut EcsPlanner<'_, '_>,
        served: &ServedEndpoint<'_>,
        route: PublicRoute,
        environment: &EnvironmentCertificates,
    ) {
        let (kind, port) = (served.balancer, served.listener);
        if let Some((other, _)) = self.0.get(&port) {
            let message = format!(
                "the public endpoints of `{}` and `{}` collide: both listen on port {port} of the network load balancer",
                other.service, route.service
            );
            planner.report(
                Diagnostic::new(&rules::LISTENER_COLLISION, message)
                    .at(route.origin)
                    .key(route.from.clone())
                    .service(&*route.service)
                    .help("give one of them another `port`"),
            );
            return;
        }
        let idle = idle_timeout(planner, served);
        let own: BTreeSet<&String> = route.certificates.iter().collect();
        let all: Vec<String> = environment.0.iter().chain(own).cloned().collect();
        let (protocol, certificates) = match (served.protocol, all.as_slice()) {
            (PublicProtocol::Udp, _) => (ListenerProtocol::Udp, Vec::new()),
            (PublicProtocol::Tls, [first, rest @ ..]) => {
                (ListenerProtocol::Tls(first.as_str().into()), further(kind, port, first, rest))
            }
            _ => (ListenerProtocol::Tcp(idle), Vec::new()),
        };
        let listener = ListenerPlan {
            id: listener_id(kind, port),
            port,
            protocol,
            certificates,
            networks: open_to(kind, &route.networks),
            default: route.action.clone(),
            rules: Vec::new(),
        };
        self.0.insert(port, (route, listener));
    }

    /// The listeners, in ascending order of their ports.
    pub(super) fn into_listeners(self) -> Vec<ListenerPlan> {
        self.0.into_values().map(|(_, listener)| listener).collect()
    }
}

/// Seconds after which an idle connection is closed: those of UDP and TLS are fixed.
fn idle_timeout(planner: &mut EcsPlanner<'_, '_>, served: &ServedEndpoint<'_>) -> u32 {
    let Some(set) = &served.public.idle_timeout else { return USUAL_TCP_IDLE_TIMEOUT };
    if served.protocol != PublicProtocol::Tcp {
        let reason = "a network load balancer has a fixed time for TLS and UDP";
        served.lose(planner, set, "idle_timeout", reason);
        return USUAL_TCP_IDLE_TIMEOUT;
    }
    let nearest = TCP_IDLE_TIMEOUT.nearest(set.get());
    if nearest == set.get() {
        return *planner.exact(set, "listener: tcp.idle_timeout.seconds");
    }
    let ValueRange { least, most } = TCP_IDLE_TIMEOUT;
    let reason = format!("a network load balancer allows {least} to {most} seconds");
    let (effect, place) = (tranship_app::BehaviourEffect::Equivalent, "listener: tcp.idle_timeout.seconds");
    planner.cx.ledger.approximated(set, effect, nearest.to_string(), reason, place);
    nearest
}

/// A listener for each target group, on a port that no security group opens. The port comes from the group and from what it
/// carries, so that it hardly ever moves, and that no listener changes its protocol.
pub(super) fn attachments(
    kind: BalancerKind,
    listeners: &[ListenerPlan],
    targets: &[&TargetGroupPlan],
) -> Vec<ListenerPlan> {
    let mut targets: Vec<&TargetGroupPlan> = targets.to_vec();
    targets.sort_by(|one, two| one.id.cmp(&two.id));
    let mut made: BTreeMap<u16, ListenerPlan> = BTreeMap::new();
    for target in targets {
        let carried = target.protocol.transport();
        let taken = |port: &u16| made.contains_key(port) || listeners.iter().any(|it| it.port == *port);
        let Some(port) = free_port(hash([target.id.as_str(), carried.as_str()].into_iter()), taken) else {
            continue;
        };
        let listener = ListenerPlan {
            id: attachment_id(kind, port),
            port,
            protocol: match target.protocol {
                PublicProtocol::Udp => ListenerProtocol::Udp,
                _ => ListenerProtocol::Tcp(USUAL_TCP_IDLE_TIMEOUT),
            },
            certificates: Vec::new(),
            networks: Vec::new(),
            default: ListenerAction::Forward(target.id.clone()),
            rules: Vec::new(),
        };
        made.insert(port, listener);
    }
    made.into_values().collect()
}

fn attachment_id(kind: BalancerKind, port: u16) -> LogicalId {
    let port = port.to_string();
    let names: Vec<&str> = kind.words().iter().copied().chain([ATTACHMENT, &port]).collect();
    LogicalId::of_parts(&names, ResourceRole::Listener)
}

/// The first port from the one of a hash on that is not taken.
fn free_port(hash: u32, taken: impl Fn(&u16) -> bool) -> Option<u16> {
    let ValueRange { least, most } = UNASSIGNED;
    let width = u32::from(most - least) + 1;
    let first = least + u16::try_from(hash % width).unwrap_or(0);
    (first..=most).chain(least..first).find(|port| !taken(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_goes_to_the_next_one() {
        assert_eq!(free_port(0, |_| false), Some(49_152));
        assert_eq!(free_port(16_383, |_| false), Some(65_535));
        assert_eq!(free_port(16_384, |_| false), Some(49_152));
        assert_eq!(free_port(5, |port| *port < 49_160), Some(49_160));
        assert_eq!(free_port(16_383, |port| *port == 65_535), Some(49_152));
        assert_eq!(free_port(0, |_| true), None);
    }
}
