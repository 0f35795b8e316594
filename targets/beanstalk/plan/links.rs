//! Edges -> Docker links, which make a container's names known to another.

use super::{BeanstalkPlan, container_name, job};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::container::unreached;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{Application, ManifestName, ServiceEdge, ServiceRole};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Decides the links of every container; refuses a circle of them.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let edges: Vec<&ServiceEdge> =
        application.edges.iter().filter(|edge| is_link(application, edge)).collect();
    let places = plan.containers.iter().enumerate();
    let places: BTreeMap<String, usize> = places.map(|(at, one)| (one.name.clone(), at)).rev().collect();
    for edge in &edges {
        let place = places.get(&container_name(&edge.from));
        let Some(container) = place.and_then(|at| plan.containers.get_mut(*at)) else { continue };
        for link in names(application, &edge.to) {
            if !container.links.contains(&link) {
                container.links.push(link);
            }
        }
    }
    refuse_circle(&edges, cx);
    report_unlinked(application, cx);
}

/// One warning for services that no link leads to, though they may be there for others. On an instance a name works by a link.
fn report_unlinked(application: &Application, cx: &mut Compilation<'_>) {
    let told = unreached(application, |_| false);
    let names: BTreeSet<&str> = told.iter().map(|service| &*service.name).collect();
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "nothing in the manifest says who connects to {}, so no other container finds {} by name",
        listed(&names),
        if names.len() == 1 { "it" } else { "them" },
    );
    let placed = told
        .iter()
        .fold(Diagnostic::new(&rules::UNLINKED_SERVICE, message), |told, service| told.at(service.origin));
    cx.diagnostics.push(placed.help(
        "if an image knows the name of such a service, write `depends_on` or `links` in the service that connects, or `platform: docker`, where every name works; where nobody connects, accept: `accept: [beanstalk/unlinked-service]`",
    ));
}

/// Whether both ends are containers of the task that run side by side.
fn is_link(application: &Application, edge: &ServiceEdge) -> bool {
    let runs = |name: &ManifestName| {
        application.services.get(name).is_some_and(|service| {
            matches!(service.role, ServiceRole::Service | ServiceRole::Sidecar { .. })
                || job::runs_beside(application, service)
        })
    };
    edge.from != edge.to && runs(&edge.from) && runs(&edge.to)
}

/// The links to a service: its container, and its other names.
fn names(application: &Application, to: &ManifestName) -> Vec<String> {
    let container = container_name(to);
    let mut links = vec![container.clone()];
    if let Some(service) = application.services.get(to) {
        let aliases = service.host_names.iter().filter(|name| **name.peek() != *container);
        links.extend(aliases.map(|alias| format!("{container}:{}", alias.peek())));
    }
    links
}

/// A link's target starts first, so links must not form a circle.
fn refuse_circle(edges: &[&ServiceEdge], cx: &mut Compilation<'_>) {
    let mut targets: BTreeMap<&ManifestName, Vec<&ServiceEdge>> = BTreeMap::new();
    for edge in edges {
        targets.entry(&edge.from).or_default().push(edge);
    }
    let mut finished: BTreeSet<&ManifestName> = BTreeSet::new();
    for start in targets.keys().copied() {
        let mut trail: Vec<&ServiceEdge> = Vec::new();
        if let Some(circle) = find(start, &targets, &mut trail, &mut finished) {
            let names: Vec<String> = circle.iter().map(|edge| format!("`{}`", edge.from)).collect();
            let mut diagnostic = Diagnostic::new(
                &rules::LINK_CYCLE,
                format!("{} refer to each other in a cycle", listed(&names)),
            );
            for edge in &circle {
                diagnostic =
                    diagnostic.label(edge.origin, format!("`{}` talks to `{}` here", edge.from, edge.to));
            }
            cx.diagnostics.push(diagnostic.help(
                "choose the target `fargate` or `ecs-ec2`, where services find each other through DNS",
            ));
            return;
        }
    }
}

/// The first circle that a walk along the edges comes upon.
fn find<'a>(
    at: &'a ManifestName,
    targets: &BTreeMap<&'a ManifestName, Vec<&'a ServiceEdge>>,
    trail: &mut Vec<&'a ServiceEdge>,
    finished: &mut BTreeSet<&'a ManifestName>,
) -> Option<Vec<&'a ServiceEdge>> {
    if finished.contains(at) {
        return None;
    }
    for edge in targets.get(at).into_iter().flatten() {
        trail.push(edge);
        if let Some(start) = trail.iter().position(|earlier| earlier.from == edge.to) {
            return Some(trail.split_off(start));
        }
        if let Some(circle) = find(&edge.to, targets, trail, finished) {
            return Some(circle);
        }
        trail.pop();
    }
    finished.insert(at);
    None
}
