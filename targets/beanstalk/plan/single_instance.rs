//! Environments of one instance without a load balancer.
//!
//! A load balancer asks each instance for an answer: without a public endpoint no instance would have one, and the
//! environment would stay Red. One instance with one endpoint needs none, and costs half
//! (AWS documentation, "Environment types").

use crate::Compilation;
use tranship_app::{
    Application, BehaviourEffect, EndpointExposure, InstanceRange, PublicExposure, PublicProtocol,
    ScalingTargets,
};
use tranship_facts::quotas::load_balancing::HTTP_PORT;

/// Whether the environment has no load balancer: nobody could be led anywhere, or `instances: 1` says that one is
/// enough and nothing asks for what a load balancer does.
pub(super) fn is_single(application: &Application) -> bool {
    let settings = &application.settings;
    let public: Vec<&PublicExposure> =
        application.endpoints.iter().filter_map(|endpoint| exposure(&endpoint.exposure)).collect();
    let is_one = settings.instances.as_ref().is_some_and(|range| range.max.get() == 1);
    match public.as_slice() {
        [] => true,
        [only] => is_one && settings.https.is_none() && is_plain(only),
        _ => false,
    }
}

fn exposure(exposure: &EndpointExposure) -> Option<&PublicExposure> {
    match exposure {
        EndpointExposure::Public(public) => Some(public),
        EndpointExposure::Internal => None,
    }
}

/// Whether an endpoint takes every request on port 80, with no check of its own. A container that speaks TLS cannot: port 80
/// of an instance is asked in clear.
fn is_plain(public: &PublicExposure) -> bool {
    let listens = public.listener.as_ref().is_none_or(|port| port.get() == HTTP_PORT);
    let checks = public.health_path.is_some() || public.health_codes.is_some();
    let ends_tls = public.protocol == PublicProtocol::Https;
    listens
        && !ends_tls
        && !checks
        && public.priority.is_none()
        && public.hosts.is_empty()
        && public.paths.is_empty()
}

/// One instance, whatever else was asked for.
pub(super) fn claim(
    application: &Application,
    scaling: Option<&ScalingTargets>,
    cx: &mut Compilation<'_>,
) -> (u32, u32) {
    let asked = application.settings.instances.as_ref().map(|InstanceRange { min, max }| [min, max]);
    let scaled = scaling.map(|scaling| [&scaling.min, &scaling.max]);
    for at in asked.into_iter().chain(scaled).flatten().filter(|at| at.get() > 1) {
        let reason = "an environment without a public endpoint has one instance: a load balancer could not check the health of others; `tier: worker` needs none";
        let place = "aws:elasticbeanstalk:environment EnvironmentType";
        cx.ledger.approximated(at, BehaviourEffect::ChangesBehaviour, "1", reason, place);
    }
    (1, 1)
}
