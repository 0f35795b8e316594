//! Puts the tasks together: a leader each, with the init containers and sidecars that move in.
//!
//! In: the services with their roles, the edges, the secrets. Out: [`TaskGroups`]. Invariant: every service is in
//! a group, or an error says that its hosts form a cycle.

use super::LoweringContext;
use crate::rules;
use crate::{
    AppService, ApplicationSecret, ManifestName, SecretId, SecretSource, ServiceEdge, ServiceRole, TaskGroup,
    TaskGroups, Text, TextPiece,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::diagnostic::Diagnostic;

/// The leaders of each service's tasks.
type TaskLeaders = BTreeMap<ManifestName, Vec<ManifestName>>;

/// The tasks of the application; nothing where services share a task in a cycle.
pub(super) fn form(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    edges: &[ServiceEdge],
    secrets: &IndexMap<SecretId, ApplicationSecret>,
) -> Option<TaskGroups> {
    let leaders = leaders(cx, services)?;
    let looked_up = looked_up(&leaders, services, edges, secrets);
    let mut groups: IndexMap<ManifestName, TaskGroup> = IndexMap::new();
    for leader in services.values().filter(|service| hosts(service).is_empty()).map(|service| &service.name) {
        let (leader, looked_up) = (leader.clone(), looked_up.contains(leader));
        groups.insert(leader.clone(), TaskGroup { leader, members: Vec::new(), looked_up });
    }
    for name in services.keys() {
        for leader in leaders.get(name).into_iter().flatten() {
            groups.entry(leader.clone()).and_modify(|group| group.members.push(name.clone()));
        }
    }
    Some(TaskGroups::new(groups.into_values()))
}

/// The services whose tasks a service moves into; none for one that leads its own.
fn hosts(service: &AppService) -> &[ManifestName] {
    match &service.role {
        ServiceRole::Service | ServiceRole::Job(_) => &[],
        ServiceRole::Init { dependents, .. } => dependents,
        ServiceRole::Sidecar { of, .. } => std::slice::from_ref(of),
    }
}

/// Follows each service to the leaders of its tasks, without recursion: chains may be long.
fn leaders(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
) -> Option<TaskLeaders> {
    let mut leaders = TaskLeaders::new();
    let mut cycles = BTreeSet::new();
    for start in services.values() {
        let mut way: Vec<(&AppService, usize)> = vec![(start, 0)];
        while let Some((service, step)) = way.last_mut() {
            let service = *service;
            if leaders.contains_key(&service.name) {
                way.pop();
                continue;
            }
            let host = hosts(service).get(*step).and_then(|name| services.get(name));
            *step += 1;
            match host {
                None => {
                    leaders.insert(service.name.clone(), found(&leaders, service));
                    way.pop();
                }
                Some(host) => match way.iter().position(|(open, _)| open.name == host.name) {
                    Some(begin) => {
                        let cycle: Vec<&AppService> = way.iter().skip(begin).map(|(open, _)| *open).collect();
                        if cycles.insert(host.name.clone()) {
                            report_cycle(cx, &cycle);
                        }
                    }
                    None => way.push((host, 0)),
                },
            }
        }
    }
    cycles.is_empty().then_some(leaders)
}

/// The leaders of all hosts, or itself.
fn found(leaders: &TaskLeaders, service: &AppService) -> Vec<ManifestName> {
    if hosts(service).is_empty() {
        return vec![service.name.clone()];
    }
    let mut found: Vec<ManifestName> = Vec::new();
    for leader in hosts(service).iter().filter_map(|host| leaders.get(host)).flatten() {
        if !found.contains(leader) {
            found.push(leader.clone());
        }
    }
    found
}

fn report_cycle(cx: &mut LoweringContext<'_>, cycle: &[&AppService]) {
    let first = cycle.first().map(|service| &*service.name).unwrap_or_default();
    let names: Vec<&str> = cycle.iter().map(|service| &*service.name).chain([first]).collect();
    let mut diagnostic = Diagnostic::new(
        &rules::app::TASK_CYCLE,
        format!("services share a task in a cycle: {}", names.join(" -> ")),
    )
    .service(first);
    for (service, host) in cycle.iter().zip(names.iter().skip(1)) {
        let (origin, why) = match &service.role {
            ServiceRole::Sidecar { origin, .. } => (*origin, "shares the task of"),
            ServiceRole::Init { origin, .. } => (*origin, "starts in the task of"),
            ServiceRole::Service | ServiceRole::Job(_) => continue,
        };
        diagnostic = diagnostic.label(origin, format!("`{}` {why} `{host}`", service.name));
    }
    cx.diagnostics.push(diagnostic.help("let one of them lead the task, and the others join it"));
}

/// Leaders of tasks that others talk to, or whose name or member's name stands in a value of others.
fn looked_up(
    leaders: &TaskLeaders,
    services: &IndexMap<ManifestName, AppService>,
    edges: &[ServiceEdge],
    secrets: &IndexMap<SecretId, ApplicationSecret>,
) -> BTreeSet<ManifestName> {
    let tasks_of = |name: &str| leaders.get(name).map(Vec::as_slice).unwrap_or_default();
    let mut found = BTreeSet::new();
    let mut look_up = |from: &[ManifestName], to: &ManifestName| {
        let outside = |task: &&ManifestName| from.is_empty() || from.iter().any(|source| source != *task);
        found.extend(tasks_of(to).iter().filter(outside).cloned());
    };
    for edge in edges {
        // Copies of a service that reach each other under its name look it up from outside of their own task.
        let itself = edge.from == edge.to;
        look_up(if itself { &[] } else { tasks_of(&edge.from) }, &edge.to);
    }
    for service in services.values() {
        values(service).flat_map(hosts_in).for_each(|host| look_up(tasks_of(&service.name), host));
    }
    // A secret is put together outside of any task.
    for secret in secrets.values() {
        if let SecretSource::Derived(text) = &secret.source {
            hosts_in(text).for_each(|host| look_up(&[], host));
        }
    }
    found
}

/// The values by which a container finds others.
fn values(service: &AppService) -> impl Iterator<Item = &Text> {
    let container = &service.container;
    let lists = [&container.entrypoint, &container.command];
    let words = lists.into_iter().flatten().flat_map(|list| &list.value);
    words.chain(container.environment.values().filter_map(|variant| variant.value.as_ref()))
}

/// Services whose host names stand in a text.
fn hosts_in(text: &Text) -> impl Iterator<Item = &ManifestName> {
    text.segments.iter().filter_map(|segment| match &segment.piece {
        TextPiece::Host(name) => Some(name),
        _ => None,
    })
}
