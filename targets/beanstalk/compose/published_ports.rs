//! `ports`: a public endpoint takes the instance's port that the load balancer leads to; the others stay as they are.

use super::{COMPOSE_FILE, node};
use crate::Compilation;
use crate::beanstalk::plan::{BeanstalkPlan, OpenedPort, SECURE_SHELL, listens};
use tranship_app::{AppService, BehaviourEffect, ComposeNode, ContainerPort};
use tranship_frontend::yaml::{Mapping, Node};

/// The published ports of a service.
pub(super) fn decide(
    service: &AppService,
    given: Option<ComposeNode<'_>>,
    plan: &BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Vec<Node> {
    let mut open: Vec<&OpenedPort> =
        plan.opened.iter().filter(|opened| opened.service == service.name).collect();
    // Docker publishes no port of a container in the network of the instance: it has the port itself.
    let is_host = service.container.network_mode.as_ref().is_some_and(|mode| mode.peek() == "host");
    if is_host {
        open.clear();
    }
    let mut written = Vec::new();
    for item in given.into_iter().flat_map(ComposeNode::items) {
        let port = service.container.ports.iter().find(|port| port.node == item.id());
        let found = port.and_then(|port| {
            open.iter().position(|one| one.container == port.container.get() && one.protocol == port.protocol)
        });
        match (port, found) {
            (Some(port), Some(found)) => {
                let opened = open.remove(found);
                claim(port, opened, listens(plan), cx);
                written.push(published(item, opened, cx));
            }
            (Some(port), None) if !is_host && is_taken(port, plan) => {
                let reason = "another container or the instance itself uses this port";
                cx.ledger.ignored(&item, reason, BehaviourEffect::Equivalent);
            }
            _ => written.push(item.copy(cx.ledger, COMPOSE_FILE)),
        }
    }
    written.extend(open.into_iter().map(added));
    written
}

/// The mapping with the instance's port in the place of the published one.
fn published(item: ComposeNode<'_>, opened: &OpenedPort, cx: &mut Compilation<'_>) -> Node {
    let mut written = Mapping::new();
    for (key, value) in item.entries().filter(|(key, _)| !matches!(&***key, "published" | "host_ip")) {
        written.insert(node::key(key), value.copy(cx.ledger, COMPOSE_FILE));
    }
    written.insert(node::key("published"), node::text(&opened.host.to_string()));
    node::mapping(written)
}

/// A mapping for a public port that the manifest does not publish.
fn added(opened: &OpenedPort) -> Node {
    node::record([
        ("mode", node::text("ingress")),
        ("target", node::integer(opened.container.into())),
        ("published", node::text(&opened.host.to_string())),
        ("protocol", node::text(opened.protocol.as_str())),
    ])
}

/// What the published port of a public endpoint becomes: the port that people use is the load balancer's.
fn claim(port: &ContainerPort, opened: &OpenedPort, listens: &str, cx: &mut Compilation<'_>) {
    let Some(published) = &port.published else { return };
    let (listener, host) = (opened.listener, opened.host);
    if published.get().is(listener) {
        cx.ledger.decided(published, "the load balancer's port");
    } else {
        let reason = format!("{listens}, on port {host} of the instance");
        let value = format!("port {listener}");
        cx.ledger.approximated(published, BehaviourEffect::Equivalent, value, reason, "load balancer");
    }
    if let Some(address) = &port.host_ip {
        let reason = "the load balancer reaches the instance on each of its addresses";
        let value = "every address of the instance";
        cx.ledger.approximated(address, BehaviourEffect::Equivalent, value, reason, COMPOSE_FILE);
    }
}

/// Whether the instance's port that a mapping names belongs to another.
fn is_taken(port: &ContainerPort, plan: &BeanstalkPlan) -> bool {
    let taken = plan.opened.iter().map(|opened| opened.host).chain([SECURE_SHELL]);
    let Some(published) = &port.published else { return false };
    taken.into_iter().any(|taken| published.get().is(taken))
}
