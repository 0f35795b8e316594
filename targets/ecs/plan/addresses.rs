//! Where what is public is found: the URL of each endpoint, and DNS records.

use super::planner::EcsPlanner;
use super::served_endpoints::ServedEndpoint;
use super::{
    BalancerKind, DnsRecordPlan, EndpointAddress, FrontDoorPlan, ListenerAction, ListenerPlan,
    LoadBalancerPlan,
};
use crate::ecs::rules;
use tranship_app::{At, HostedZoneId, ServiceEndpoint};
use tranship_cloudformation::{FnSub, LogicalId, ResourceRole};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// The front door with its addresses.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    balancers: Vec<LoadBalancerPlan>,
    served: &[(&ServiceEndpoint, ServedEndpoint<'_>)],
) -> FrontDoorPlan {
    let mut door = FrontDoorPlan { balancers, ..FrontDoorPlan::default() };
    let Some((first, listener)) = main_listener(&door.balancers) else { return door };
    let (kind, id) = (first.kind, listener.id.clone());
    let https = planner.app.settings.https.as_ref();
    let domain = https.and_then(|https| https.domain.as_ref());
    let named = domain.map(|domain| planner.exact(domain, "output: the URL").as_str());
    door.url = Some(url(kind, listener, named));
    if let Some(zone) = https.and_then(|https| https.zone.as_ref()) {
        let (origin, key) = (zone.origin, planner.cx.keys.path(&zone.node));
        let zone = planner.exact(zone, "record: HostedZoneId").to_string();
        match named {
            Some(name) => door.records.push(DnsRecordPlan {
                zone,
                name: name.to_owned(),
                balancer: kind,
                after: vec![id],
                from: vec![key],
            }),
            None => report(
                planner,
                origin,
                &key,
                "`https.zone` needs a `domain` to make a record for".to_owned(),
                "add `domain: shop.example.org` to `https`, or remove `zone`",
            ),
        }
    }
    for (endpoint, one) in served {
        addresses(&mut door, endpoint, one);
        records(planner, &mut door, endpoint, one);
    }
    door
}

/// The listener that people use: the first that serves something, of the first load balancer.
fn main_listener(balancers: &[LoadBalancerPlan]) -> Option<(&LoadBalancerPlan, &ListenerPlan)> {
    let forwards = |action: &ListenerAction| matches!(action, ListenerAction::Forward(_));
    let serves = |listener: &&ListenerPlan| {
        forwards(&listener.default) || listener.rules.iter().any(|rule| forwards(&rule.action))
    };
    balancers.iter().find_map(|balancer| Some((balancer, balancer.listeners.iter().find(serves)?)))
}

/// The URL of a listener, by a name or by that of the load balancer.
fn url(kind: BalancerKind, listener: &ListenerPlan, name: Option<&str>) -> FnSub {
    let (scheme, usual) = listener.protocol.scheme();
    let url = FnSub::text(format!("{scheme}://"));
    let url = match name {
        Some(name) => url.then(name),
        None => url.att(&kind.id(ResourceRole::LoadBalancer), "DNSName"),
    };
    if Some(listener.port) == usual { url } else { url.then(format!(":{}", listener.port)) }
}

/// The listener of an endpoint.
fn listener_of<'d>(door: &'d FrontDoorPlan, served: &ServedEndpoint<'_>) -> Option<&'d ListenerPlan> {
    let balancer = door.balancers.iter().find(|balancer| balancer.kind == served.balancer)?;
    balancer.listeners.iter().find(|listener| listener.port == served.listener)
}

/// Adds the addresses of an endpoint: one for each host, with the first path that it has.
fn addresses(door: &mut FrontDoorPlan, endpoint: &ServiceEndpoint, served: &ServedEndpoint<'_>) {
    let Some(listener) = listener_of(door, served).cloned() else { return };
    let names: Vec<Option<&str>> = match served.public.hosts.as_slice() {
        [] => vec![None],
        hosts => hosts.iter().map(|host| Some(host.peek().as_str())).collect(),
    };
    let path = served.public.paths.first().map(|path| path.peek().trim_end_matches('*').to_owned());
    let path = path.filter(|path| path.starts_with('/') && path != "/").unwrap_or_default();
    for name in names {
        let whole = url(served.balancer, &listener, name).then(path.as_str());
        let first = door
            .addresses
            .iter()
            .all(|known| known.id != LogicalId::of(&endpoint.service, ResourceRole::Url));
        let id = match first {
            true => LogicalId::of(&endpoint.service, ResourceRole::Url),
            false => {
                let port = listener.port.to_string();
                let words = served.balancer.words().iter().copied();
                let parts = [&*endpoint.service, name.unwrap_or_default(), &port, &path];
                let names: Vec<&str> = words.chain(parts).filter(|part| !part.is_empty()).collect();
                LogicalId::of_parts(&names, ResourceRole::Url)
            }
        };
        if door.addresses.iter().any(|known| known.id == id) {
            continue;
        }
        let description = format!("Address of port {} of {}", endpoint.port, endpoint.service);
        let service = endpoint.service.clone();
        door.addresses.push(EndpointAddress { id, service, description, url: whole });
    }
}

/// Adds the records of an endpoint's hosts.
fn records(
    planner: &mut EcsPlanner<'_, '_>,
    door: &mut FrontDoorPlan,
    endpoint: &ServiceEndpoint,
    served: &ServedEndpoint<'_>,
) {
    let Some(zone) = &served.public.zone else { return };
    let key = planner.cx.keys.path(&zone.node);
    let id = planner.exact(zone, "record: HostedZoneId").to_string();
    if served.public.hosts.is_empty() {
        let message = format!("`zone` of `{}` needs a `host` to make a record for", endpoint.service);
        report(planner, zone.origin, &key, message, "add `host: shop.example.org`, or remove `zone`");
    }
    let after: Vec<LogicalId> =
        listener_of(door, served).map(|listener| listener.id.clone()).into_iter().collect();
    for host in &served.public.hosts {
        let name = host.peek();
        if name.strip_prefix("*.").unwrap_or(name).contains(['*', '?']) {
            let message = format!("a DNS record cannot stand for every name of `{name}`");
            report(planner, host.origin, &key, message, "use whole names, or `*.` in front of one");
            continue;
        }
        match door.records.iter_mut().find(|record| record.name == *name) {
            None => door.records.push(DnsRecordPlan {
                zone: id.clone(),
                name: name.clone(),
                balancer: served.balancer,
                after: after.clone(),
                from: vec![key.clone()],
            }),
            Some(known) if (known.balancer, &known.zone) != (served.balancer, &id) => {
                differing(planner, zone, name, &key);
            }
            Some(known) => {
                let new: Vec<LogicalId> =
                    after.iter().filter(|id| !known.after.contains(id)).cloned().collect();
                known.after.extend(new);
                known.from.push(key.clone());
            }
        }
    }
}

fn differing(planner: &mut EcsPlanner<'_, '_>, zone: &At<HostedZoneId>, name: &str, key: &str) {
    let message =
        format!("`{name}` would have two records: its endpoints have different load balancers or zones");
    report(planner, zone.origin, key, message, "give each endpoint a host of its own");
}

fn report(planner: &mut EcsPlanner<'_, '_>, origin: Origin, key: &str, message: String, help: &str) {
    planner.report(Diagnostic::new(&rules::DNS_RECORD, message).at(origin).key(key.to_owned()).help(help));
}
