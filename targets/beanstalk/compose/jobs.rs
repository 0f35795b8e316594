//! Jobs: Docker Compose runs what others wait for on each instance; what concerns the environment as a whole runs
//! once, on the leader.
//!
//! `container_commands` with `leader_only` are documented for this platform (AWS documentation, "Instance deployment
//! workflow" and "Customizing software on Linux servers").

use super::{ComposeBundle, LeaderJob};
use crate::Compilation;
use crate::beanstalk::plan::{BeanstalkPlan, most_instances, path};
use std::collections::BTreeSet;
use tranship_app::{AppService, Application, JobTime, ManifestName, MountSource, ServiceRole};

/// The profile of services that `docker compose up` does not start.
pub(in crate::beanstalk) const JOB_PROFILE: &str = "job";

/// The jobs that run on the leader alone, in the order of the manifest.
pub(super) fn leaders(
    application: &Application,
    plan: &BeanstalkPlan,
    cx: &Compilation<'_>,
) -> Vec<LeaderJob> {
    if most_instances(plan) <= 1 {
        return Vec::new();
    }
    let mut names: BTreeSet<&ManifestName> = BTreeSet::new();
    let mut leaders = Vec::new();
    loop {
        let next = application
            .services
            .values()
            .find(|service| !names.contains(&service.name) && stands_alone(application, service, &names));
        let Some(service) = next else { break };
        names.insert(&service.name);
        leaders.push(LeaderJob { service: service.name.clone(), from: path(cx, service.node) });
    }
    leaders
}

/// Whether `docker compose up` leaves a service out: it runs on the leader, or when someone says so.
pub(super) fn is_by_hand(bundle: &ComposeBundle, service: &AppService) -> bool {
    let manual = matches!(&service.role, ServiceRole::Job(job) if job.when == JobTime::Manual);
    manual || bundle.leader_jobs.iter().any(|job| job.service == service.name)
}

/// Whether a job before the deployment needs no other container and no volume of the instance.
fn stands_alone(application: &Application, service: &AppService, leaders: &BTreeSet<&ManifestName>) -> bool {
    if !matches!(&service.role, ServiceRole::Job(job) if job.when == JobTime::BeforeDeploy) {
        return false;
    }
    let outside = |name: &ManifestName| !application.services.contains_key(name) || leaders.contains(name);
    let waits = service.dependencies.iter().all(|one| outside(&one.on));
    let talks =
        application.edges.iter().filter(|edge| edge.from == service.name).all(|edge| outside(&edge.to));
    let shared = service.container.mounts.iter().any(|mount| match &mount.source {
        MountSource::Volume(name) => {
            application.volumes.get(name).is_some_and(|volume| volume.users.len() > 1)
        }
        _ => false,
    });
    waits && talks && !shared
}
