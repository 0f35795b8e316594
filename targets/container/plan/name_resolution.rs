//! Names and resolvers: a task with a network interface of its own has those of its VPC.
//!
//! Source: Amazon ECS API Reference, `ContainerDefinition` (read 2026-11): `hostname` and `extraHosts` do
//! not go with `awsvpc`; Developer Guide, "Task definition differences for Fargate": nor do DNS settings.

use crate::container::field;
use crate::container::{ContainerPlan, ContainerPlanner, HostEntry, NetworkMode};
use tranship_app::{BehaviourEffect, ExtraHost};

/// Decides host name, hosts file and DNS settings.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    match planner.request.network {
        NetworkMode::AwsVpc => ignore(planner),
        NetworkMode::Bridge | NetworkMode::Host => fill(planner, container),
    }
}

fn fill<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let given = &planner.service().container;
    container.hostname = given.hostname.as_ref().map(|name| planner.exact(name, field::HOSTNAME).clone());
    for host in &given.extra_hosts {
        let ExtraHost { name: hostname, address } = planner.exact(host, field::EXTRA_HOSTS).clone();
        container.extra_hosts.push(HostEntry { hostname, address });
    }
    for (list, field) in [(&given.dns, field::DNS_SERVERS), (&given.dns_search, field::DNS_SEARCH_DOMAINS)] {
        list.iter().for_each(|item| container.plain.add(field, planner.exact(item, field).clone()));
    }
}

fn ignore(planner: &mut ContainerPlanner<'_, '_>) {
    let given = &planner.service().container;
    if let Some(hostname) = &given.hostname {
        let reason =
            "the task uses the host name of its network interface; other services use its discovery name";
        planner.ignore(hostname, "hostname", reason, BehaviourEffect::Equivalent);
    }
    for host in &given.extra_hosts {
        let reason = "`awsvpc` tasks do not support extra hosts";
        planner.ignore(host, "extra_hosts", reason, BehaviourEffect::ChangesBehaviour);
    }
    for (list, key) in [(&given.dns, "dns"), (&given.dns_search, "dns_search")] {
        for item in list {
            planner.ignore(
                item,
                key,
                "a task uses the DNS resolver of its VPC",
                BehaviourEffect::ChangesBehaviour,
            );
        }
    }
}
