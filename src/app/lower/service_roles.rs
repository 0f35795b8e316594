//! What each service is to the others: service, job, init container, sidecar.
//!
//! A service that others wait for with `service_completed_successfully` runs to completion. Where it
//! shares a named volume with one that waits, it fills the volume inside that one's task at each start;
//! otherwise it runs once per deployment and gates those that wait. What ends by itself while nobody waits is a
//! job too, which gates nothing ([`super::job_inference`]).

use super::LoweringContext;
use super::job_inference::JobInference;
use super::service_selection::ServiceSelection;
use crate::document::ComposeService;
use crate::settings::{JobSetting, ServiceSettings, unknown_service};
use crate::{
    AppService, DependencyCondition, JobReason, JobTime, ManagedDatabase, ManifestName, MountSource,
    ServiceJob, ServiceRole,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::diagnostic::suggest;
use tranship_frontend::source::{Origin, Provenance};

/// Gives every service its role, and keeps only dependencies on what is deployed.
pub(super) fn assign(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    selection: &ServiceSelection<'_>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
    reached: &BTreeSet<ManifestName>,
) {
    let waiters = waiters(cx);
    let mut inference = JobInference::default();
    for given in &selection.deployed {
        let name = &given.name;
        let settings = cx.settings.service(name);
        let role = match settings.and_then(|settings| settings.job.as_ref()) {
            Some(declared) => {
                let (when, origin) = declared_job(cx, declared);
                Some(job(services, name, when, (JobReason::Declared, origin), waiters.get(name)))
            }
            None => sidecar(cx, services, given, settings)
                .or_else(|| Some(awaited(cx, services, name, waiters.get(name)?)))
                .or_else(|| {
                    let origin = inference.job(cx, services.get(name)?, given, reached)?;
                    Some(job(services, name, JobTime::BeforeDeploy, (JobReason::Inferred, origin), None))
                }),
        };
        if let (Some(role), Some(service)) = (role, services.get_mut(name)) {
            service.role = role;
        }
    }
    inference.report(cx);
    let deployed: BTreeSet<ManifestName> = services.keys().chain(databases.keys()).cloned().collect();
    for service in services.values_mut() {
        service.dependencies.retain(|dependency| deployed.contains(&dependency.on));
    }
}

/// Who waits for whom to complete, over all services: a skipped one says what the other is, too.
fn waiters(cx: &LoweringContext<'_>) -> BTreeMap<ManifestName, Vec<(ManifestName, Origin)>> {
    let mut waiters: BTreeMap<ManifestName, Vec<(ManifestName, Origin)>> = BTreeMap::new();
    for service in cx.document.services.values() {
        let dependencies = service.description.value.dependencies.iter();
        for dependency in dependencies.filter(|one| waits_for_end(one.condition.value)) {
            let waiting = (service.name.clone(), dependency.condition.origin);
            waiters.entry(dependency.on.clone()).or_default().push(waiting);
        }
    }
    waiters
}

/// `x-tranship.job`. A schedule is for the target to claim.
fn declared_job(cx: &mut LoweringContext<'_>, declared: &JobSetting) -> (JobTime, Origin) {
    let (when, at) = match declared {
        JobSetting::BeforeDeploy(at) => (JobTime::BeforeDeploy, at),
        JobSetting::Manual(at) => (JobTime::Manual, at),
        JobSetting::Schedule(at) => return (JobTime::Schedule(at.value.schedule.clone()), at.origin),
    };
    cx.ledger.decided(at, "when the job runs");
    (when, at.origin)
}

fn job(
    services: &IndexMap<ManifestName, AppService>,
    name: &ManifestName,
    when: JobTime,
    (reason, origin): (JobReason, Origin),
    waiting: Option<&Vec<(ManifestName, Origin)>>,
) -> ServiceRole {
    let waiting = waiting.into_iter().flatten().map(|(waiter, _)| waiter.clone());
    let mut gates: Vec<ManifestName> = waiting.filter(|waiter| services.contains_key(waiter)).collect();
    if when != JobTime::BeforeDeploy {
        gates.clear();
    } else if gates.is_empty() && reason != JobReason::Inferred {
        let needed = needed_by(services, name);
        gates = services.keys().filter(|other| *other != name && !needed.contains(*other)).cloned().collect();
    }
    ServiceRole::Job(ServiceJob { when, gates, reason, origin })
}

/// Everything that a service waits for, and what that waits for.
fn needed_by(services: &IndexMap<ManifestName, AppService>, name: &ManifestName) -> BTreeSet<ManifestName> {
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
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    given: &ComposeService,
    settings: Option<&ServiceSettings>,
) -> Option<ServiceRole> {
    if let Some(task) = settings.and_then(|settings| settings.task.as_ref()) {
        let name = ManifestName::from(task.value.as_str());
        if services.contains_key(&name) {
            return Some(ServiceRole::Sidecar { of: name, origin: task.origin });
        }
        let near = suggest::closest(&name, services.keys().map(|name| &**name));
        let diagnostic = unknown_service(&name, "task").at(task.origin);
        cx.diagnostics.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("name a deployed service"),
        });
        return None;
    }
    let mode = given.description.value.container.network_mode.as_ref()?;
    let name: ManifestName = mode.value.strip_prefix("service:")?.into();
    services.contains_key(&name).then_some(ServiceRole::Sidecar { of: name, origin: mode.origin })
}

/// The role of a service that others wait for to complete.
fn awaited(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    name: &ManifestName,
    waiting: &[(ManifestName, Origin)],
) -> ServiceRole {
    let from: Vec<Origin> = waiting.iter().map(|(_, origin)| *origin).collect();
    let deployed =
        || waiting.iter().map(|(waiter, _)| waiter).filter(|waiter| services.contains_key(*waiter));
    let volumes = named_volumes(services.get(name));
    let dependents: Vec<ManifestName> = deployed()
        .filter(|waiter| !volumes.is_disjoint(&named_volumes(services.get(*waiter))))
        .cloned()
        .collect();
    if dependents.is_empty() {
        let origin =
            cx.sources.record(Provenance::Inferred { from, why: "a service waits for it to complete" });
        let why = (JobReason::Awaited, origin);
        return job(services, name, JobTime::BeforeDeploy, why, Some(&waiting.to_vec()));
    }
    let why = "a service that shares a volume waits for it to complete";
    ServiceRole::Init { dependents, origin: cx.sources.record(Provenance::Inferred { from, why }) }
}

fn named_volumes(service: Option<&AppService>) -> BTreeSet<&ManifestName> {
    let mounts = service.into_iter().flat_map(|service| &service.container.mounts);
    mounts
        .filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => Some(name),
            _ => None,
        })
        .collect()
}

/// Whether a dependency waits for the other's end.
pub(super) fn waits_for_end(condition: DependencyCondition) -> bool {
    condition == DependencyCondition::Completed
}
