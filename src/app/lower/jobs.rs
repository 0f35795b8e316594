//! What each service is to the others: service, job, init container, sidecar.
//!
//! A service that others wait for with `service_completed_successfully` runs to completion. Where it
//! shares a named volume with one that waits, it fills the volume inside that one's task at each start;
//! otherwise it runs once per deployment and gates those that wait.

use super::Lowering;
use super::selection::Selection;
use crate::settings::{JobSetting, ServiceSettings, unknown_service};
use crate::{Condition, Database, Job, JobTime, MountSource, Name, Role, Service};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::diagnostic::suggest;
use tranship_frontend::source::{Origin, Provenance};
use tranship_frontend::yaml::Node;

/// Gives every service its role, and keeps only dependencies on what is deployed.
pub(super) fn assign(
    cx: &mut Lowering<'_>,
    services: &mut IndexMap<Name, Service>,
    selection: &Selection<'_>,
    databases: &IndexMap<Name, Database>,
) {
    let waiters = waiters(cx);
    for entry in &selection.deployed {
        let name = &entry.key.text;
        let settings = cx.document.service(name);
        let role = match settings.and_then(|settings| settings.job.as_ref()) {
            Some(declared) => {
                let (when, origin) = declared_job(cx, declared);
                Some(job(services, name, when, origin, waiters.get(name)))
            }
            None => sidecar(cx, services, settings, &entry.value)
                .or_else(|| Some(inferred(cx, services, name, waiters.get(name)?))),
        };
        if let (Some(role), Some(service)) = (role, services.get_mut(name)) {
            service.role = role;
        }
    }
    settle_tasks(services);
    let deployed: BTreeSet<Name> = services.keys().chain(databases.keys()).cloned().collect();
    for service in services.values_mut() {
        service.dependencies.retain(|dependency| deployed.contains(&dependency.on));
    }
}

/// Who waits for whom to complete, over all services: a skipped one says what the other is, too.
fn waiters(cx: &Lowering<'_>) -> BTreeMap<Name, Vec<(Name, Origin)>> {
    let mut waiters: BTreeMap<Name, Vec<(Name, Origin)>> = BTreeMap::new();
    for (name, node) in cx.manifest.services() {
        for entry in node.get("depends_on").and_then(Node::as_mapping).into_iter().flatten() {
            let condition = entry.value.get("condition");
            if let Some(condition) =
                condition.filter(|node| node.as_str() == Some("service_completed_successfully"))
            {
                waiters.entry(entry.key.text.clone()).or_default().push((name.clone(), condition.origin));
            }
        }
    }
    waiters
}

/// `x-tranship.job`. A schedule is for the target to claim.
fn declared_job(cx: &mut Lowering<'_>, declared: &JobSetting) -> (JobTime, Origin) {
    let (when, at) = match declared {
        JobSetting::BeforeDeploy(at) => (JobTime::BeforeDeploy, at),
        JobSetting::Manual(at) => (JobTime::Manual, at),
        JobSetting::Schedule(at) => return (JobTime::Schedule(at.value.schedule.clone()), at.origin),
    };
    cx.ledger.exact(at, "when the job runs");
    (when, at.origin)
}

fn job(
    services: &IndexMap<Name, Service>,
    name: &Name,
    when: JobTime,
    origin: Origin,
    waiting: Option<&Vec<(Name, Origin)>>,
) -> Role {
    let waiting = waiting.into_iter().flatten().map(|(waiter, _)| waiter.clone());
    let mut gates: Vec<Name> = waiting.filter(|waiter| services.contains_key(waiter)).collect();
    if when != JobTime::BeforeDeploy {
        gates.clear();
    } else if gates.is_empty() {
        let needed = needed_by(services, name);
        gates = services.keys().filter(|other| *other != name && !needed.contains(*other)).cloned().collect();
    }
    Role::Job(Job { when, gates, origin })
}

/// Everything that a service waits for, and what that waits for.
fn needed_by(services: &IndexMap<Name, Service>, name: &Name) -> BTreeSet<Name> {
    let mut needed = BTreeSet::new();
    let mut open = vec![name.clone()];
    while let Some(next) = open.pop() {
        for dependency in services.get(&next).into_iter().flat_map(|service| &service.dependencies) {
            if needed.insert(dependency.on.clone()) {
                open.push(dependency.on.clone());
            }
        }
    }
    needed
}

/// `network_mode: service:x`, `x-tranship.task`.
fn sidecar(
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    settings: Option<&ServiceSettings>,
    node: &Node,
) -> Option<Role> {
    if let Some(task) = settings.and_then(|settings| settings.task.as_ref()) {
        let name = Name::from(task.value.as_str());
        if services.contains_key(&name) {
            return Some(Role::Sidecar { of: name, origin: task.origin });
        }
        let near = suggest::closest(&name, services.keys().map(|name| &**name));
        let diagnostic = unknown_service(&name, "task").at(task.origin);
        cx.diagnostics.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("name a service that is deployed"),
        });
        return None;
    }
    let mode = node.get("network_mode")?;
    let name: Name = mode.as_str()?.strip_prefix("service:")?.into();
    services.contains_key(&name).then_some(Role::Sidecar { of: name, origin: mode.origin })
}

/// The role of a service that others wait for to complete.
fn inferred(
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    name: &Name,
    waiting: &[(Name, Origin)],
) -> Role {
    let from: Vec<Origin> = waiting.iter().map(|(_, origin)| *origin).collect();
    let deployed =
        || waiting.iter().map(|(waiter, _)| waiter).filter(|waiter| services.contains_key(*waiter));
    let volumes = named_volumes(services.get(name));
    let tasks: Vec<Name> = deployed()
        .filter(|waiter| !volumes.is_disjoint(&named_volumes(services.get(*waiter))))
        .cloned()
        .collect();
    if tasks.is_empty() {
        let origin = cx.sources.record(Provenance::Inferred { from, why: "waited for to complete" });
        return job(services, name, JobTime::BeforeDeploy, origin, Some(&waiting.to_vec()));
    }
    let why = "waited for to complete, with a volume in common";
    Role::Init { tasks, origin: cx.sources.record(Provenance::Inferred { from, why }) }
}

fn named_volumes(service: Option<&Service>) -> BTreeSet<&Name> {
    let mounts = service.into_iter().flat_map(|service| &service.container.mounts);
    mounts
        .filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => Some(name),
            _ => None,
        })
        .collect()
}

/// An init container of an init container or of a sidecar starts in the task that those are in.
fn settle_tasks(services: &mut IndexMap<Name, Service>) {
    let roles: IndexMap<Name, Role> =
        services.iter().map(|(name, service)| (name.clone(), service.role.clone())).collect();
    for service in services.values_mut() {
        match &mut service.role {
            Role::Init { tasks, .. } => {
                let mut settled = Vec::new();
                for task in tasks.iter() {
                    for root in roots(&roles, task, 0) {
                        if !settled.contains(&root) && root != service.name {
                            settled.push(root);
                        }
                    }
                }
                *tasks = settled;
            }
            Role::Sidecar { of, .. } => {
                if let Some(root) = roots(&roles, of, 0).into_iter().next() {
                    *of = root;
                }
            }
            Role::Service | Role::Job(_) => {}
        }
    }
}

/// The services whose tasks a service's container is in.
fn roots(roles: &IndexMap<Name, Role>, name: &Name, depth: usize) -> Vec<Name> {
    match roles.get(name) {
        Some(Role::Init { tasks, .. }) if depth < 16 => {
            tasks.iter().flat_map(|task| roots(roles, task, depth + 1)).collect()
        }
        Some(Role::Sidecar { of, .. }) if depth < 16 => roots(roles, of, depth + 1),
        _ => vec![name.clone()],
    }
}

/// Whether a dependency waits for the other's end.
pub(super) fn waits_for_end(condition: Condition) -> bool {
    condition == Condition::Completed
}
