//! Target groups: what a load balancer sends to a container, and how it asks for its health.
//!
//! In: a public endpoint and what serves it. Out: its target group, with every setting of the health check claimed.

use super::planner::EcsPlanner;
use super::served_endpoints::ServedEndpoint;
use super::{HealthRequest, NetworkMode, TargetGroupPlan, TargetHealth, TargetType, names};
use std::collections::BTreeMap;
use tranship_app::{
    At, BehaviourEffect, EndpointHealth, ManifestName, PublicExposure, PublicProtocol, ServiceEndpoint,
};
use tranship_cloudformation::{LogicalId, ResourceRole};

/// Seconds between health checks where nothing else is said.
const USUAL_INTERVAL: u32 = 15;
/// Seconds in which an answer must come where nothing else is said.
const USUAL_TIMEOUT: u32 = 5;
/// Good answers in a row until a target is healthy.
const USUAL_HEALTHY: u32 = 2;
/// Bad answers in a row until it is not: one more than Elastic Load Balancing takes by itself, since ECS replaces the task.
const USUAL_UNHEALTHY: u32 = 3;
/// What a request answers that goes well, where the path is one that is there for this.
const GOOD_CODES: &str = "200-399";
/// What a server answers that works, where nobody knows a path of it.
const ANY_ANSWER: &str = "200-499";
/// What a server of gRPC answers that works, where nobody knows a method of it: most do not implement the usual path.
const ANY_GRPC_ANSWER: &str = "0-99";
/// The path that Elastic Load Balancing asks a server of gRPC for, of which it expects that it is not there.
const USUAL_GRPC_PATH: &str = "/AWS.ALB/healthcheck";
/// gRPC's own service for health checks (grpc/grpc, `doc/health-checking.md`).
const GRPC_HEALTH_PATH: &str = "/grpc.health.v1.Health/Check";
/// `OK` of gRPC.
const GRPC_OK: &str = "0";

/// The target groups by the task that they send to.
pub(super) type TargetGroups = BTreeMap<ManifestName, Vec<TargetGroupPlan>>;

/// The target group of an endpoint, if none of the task has it already.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    endpoint: &ServiceEndpoint,
    served: &ServedEndpoint<'_>,
    own: &[TargetGroupPlan],
) -> (LogicalId, Option<TargetGroupPlan>) {
    let container = names::container(&endpoint.service);
    let health = health(planner, endpoint, served);
    let (sticky, slow_start) = (sticky(planner, served), slow_start(planner, served));
    let known = own.iter().find(|known| {
        (known.balancer, known.port, known.protocol)
            == (served.balancer, endpoint.port, served.target_protocol())
            && known.container == container
            && !served.balancer.network
    });
    if let Some(known) = known {
        return (known.id.clone(), None);
    }
    let path = planner.cx.keys.path(&endpoint.node);
    let group = TargetGroupPlan {
        id: id(own, &container, endpoint, served),
        balancer: served.balancer,
        target_type: match served.task.mode {
            NetworkMode::AwsVpc => TargetType::Ip,
            NetworkMode::Bridge | NetworkMode::Host => TargetType::Instance,
        },
        container,
        port: endpoint.port,
        protocol: served.target_protocol(),
        health,
        sticky,
        slow_start,
        from: vec![if path.is_empty() { format!("services.{}", endpoint.service) } else { path }],
    };
    (group.id.clone(), Some(group))
}

/// The group of a service's first port at a load balancer has no other name than the service, so that another port, host or
/// path goes to the same group. A further one is named after its requests. Those of a network load balancer, of which
/// each has a listener of its own, are named after that.
fn id(
    own: &[TargetGroupPlan],
    container: &str,
    endpoint: &ServiceEndpoint,
    served: &ServedEndpoint<'_>,
) -> LogicalId {
    let words = served.balancer.words();
    let first = own.iter().all(|known| known.container != container || known.balancer != served.balancer);
    let listener = served.listener.to_string();
    if served.balancer.network {
        let names: Vec<&str> = words.iter().copied().chain([&*endpoint.service, &listener]).collect();
        return LogicalId::of_parts(&names, ResourceRole::TargetGroup);
    }
    if first && words.is_empty() {
        return LogicalId::of(&endpoint.service, ResourceRole::TargetGroup);
    }
    let requests = served.public.hosts.iter().chain(&served.public.paths).map(|value| value.peek().as_str());
    let further: Vec<&str> =
        if first { Vec::new() } else { [listener.as_str()].into_iter().chain(requests).collect() };
    let names: Vec<&str> = words.iter().copied().chain([&*endpoint.service]).chain(further).collect();
    LogicalId::of_parts(&names, ResourceRole::TargetGroup)
}

fn health(
    planner: &mut EcsPlanner<'_, '_>,
    endpoint: &ServiceEndpoint,
    served: &ServedEndpoint<'_>,
) -> TargetHealth {
    let public = served.public;
    let EndpointHealth { port, interval, timeout, healthy, unhealthy, .. } = &public.health;
    let mut number = |setting: &Option<At<u32>>, became: &'static str| {
        setting.as_ref().map(|at| *planner.exact(at, became))
    };
    let interval = number(interval, "target group: HealthCheckIntervalSeconds");
    let timeout = number(timeout, "target group: HealthCheckTimeoutSeconds");
    let healthy = number(healthy, "target group: HealthyThresholdCount");
    let unhealthy = number(unhealthy, "target group: UnhealthyThresholdCount");
    let (interval, timeout) = seconds(interval, timeout);
    let set = port.as_ref().map(|at| *planner.exact(at, "target group: HealthCheckPort"));
    TargetHealth {
        request: request(planner, endpoint, public, served.target_protocol()),
        port: set.or(served.health_port).filter(|port| *port != endpoint.port),
        interval,
        timeout,
        healthy: healthy.unwrap_or(USUAL_HEALTHY),
        unhealthy: unhealthy.unwrap_or(USUAL_UNHEALTHY),
    }
}

/// Interval and timeout. Elastic Load Balancing wants the timeout to be the shorter one.
fn seconds(interval: Option<u32>, timeout: Option<u32>) -> (u32, u32) {
    let interval = interval.unwrap_or_else(|| {
        timeout
            .filter(|timeout| *timeout >= USUAL_INTERVAL)
            .map_or(USUAL_INTERVAL, |timeout| timeout + USUAL_TIMEOUT)
    });
    let timeout = timeout.unwrap_or_else(|| USUAL_TIMEOUT.min(interval.saturating_sub(1)));
    (interval, timeout)
}

fn request(
    planner: &mut EcsPlanner<'_, '_>,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    protocol: PublicProtocol,
) -> Option<HealthRequest> {
    let mut claimed = |setting: &Option<At<String>>| {
        setting.as_ref().map(|at| planner.exact(at, "target group: health check").clone())
    };
    let (path, codes) = (claimed(&public.health_path), claimed(&public.health_codes));
    if protocol.is_passed_on() && path.is_none() {
        if let Some(codes) = &public.health_codes {
            let reason = "the health check is a connection, since `health_check` has no `path`";
            planner.cx.ledger.ignored(codes, reason, BehaviourEffect::ChangesBehaviour);
        }
        return None;
    }
    let grpc = protocol == PublicProtocol::Grpc;
    let (usual_path, usual_codes) = match (&path, grpc) {
        (None, true) if public.health.grpc_service => (GRPC_HEALTH_PATH, GRPC_OK),
        (None, true) => (USUAL_GRPC_PATH, ANY_GRPC_ANSWER),
        (Some(_), true) => (USUAL_GRPC_PATH, GRPC_OK),
        (None, false) => ("/", ANY_ANSWER),
        (Some(_), false) => ("/", GOOD_CODES),
    };
    // A port that is asked instead speaks plain HTTP, as far as anybody can tell.
    let elsewhere = public.health.port.as_ref().is_some_and(|port| port.get() != endpoint.port);
    Some(HealthRequest {
        tls: protocol == PublicProtocol::Https && !elsewhere,
        grpc,
        path: path.unwrap_or_else(|| usual_path.to_owned()),
        codes: codes.unwrap_or_else(|| usual_codes.to_owned()),
    })
}

/// A load balancer that ends TLS on raw connections keeps no client on one target.
fn sticky(planner: &mut EcsPlanner<'_, '_>, served: &ServedEndpoint<'_>) -> bool {
    let Some(sticky) = &served.public.sticky else { return false };
    if served.protocol == PublicProtocol::Tls && sticky.get() {
        let reason = "a listener of TLS keeps no client on one container";
        served.lose(planner, sticky, "sticky", reason);
        return false;
    }
    *planner.exact(sticky, "target group: stickiness.enabled")
}

fn slow_start(planner: &mut EcsPlanner<'_, '_>, served: &ServedEndpoint<'_>) -> u32 {
    let Some(seconds) = &served.public.slow_start else { return 0 };
    if served.balancer.network {
        served.lose(planner, seconds, "slow_start", "a network load balancer has no slow start");
        return 0;
    }
    *planner.exact(seconds, "target group: slow_start.duration_seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_is_shorter_than_the_interval() {
        for (interval, timeout, expected) in [
            (None, None, (15, 5)),
            (Some(30), None, (30, 5)),
            (Some(5), None, (5, 4)),
            (None, Some(10), (15, 10)),
            (None, Some(14), (15, 14)),
            (None, Some(15), (20, 15)),
            (None, Some(120), (125, 120)),
            (Some(60), Some(20), (60, 20)),
        ] {
            assert_eq!(seconds(interval, timeout), expected, "{interval:?} {timeout:?}");
        }
    }
}
