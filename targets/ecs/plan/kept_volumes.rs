//! Tasks that write to a volume which outlives them: which of them must not overlap, and which should not be several.
//!
//! In: the tasks and the services that run them. Out: whether the old task of a service stops before the new one starts, a note
//! that says so, and a warning where several copies write to one volume.

use super::planner::EcsPlanner;
use super::{TaskPlan, VolumeStorage};
use crate::ecs::rules;
use tranship_app::{AppService, ManifestName, MountSource};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// The persistent volume that a container of the task writes to, and the service of that container.
pub(super) fn written<'a>(
    planner: &EcsPlanner<'a, '_>,
    task: &TaskPlan,
) -> Option<(&'a AppService, &'a ManifestName)> {
    let app = planner.app;
    let members = app.tasks.members_of(&task.name).iter().filter_map(|name| app.services.get(name));
    members.into_iter().find_map(|service| {
        let mounts = service.container.mounts.iter().filter(|mount| !mount.read_only);
        let volumes = mounts.filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => app.volumes.get(name),
            _ => None,
        });
        let lasts =
            |name: &&tranship_app::NamedVolume| !matches!(planner.compute.storage(name), VolumeStorage::Task);
        let volume = volumes.into_iter().find(lasts)?;
        Some((service, &volume.name))
    })
}

/// A service whose tasks write to one volume.
pub(super) struct VolumeWriter<'a> {
    /// The service.
    pub(super) service: &'a AppService,
    /// The volume.
    pub(super) volume: &'a ManifestName,
    /// The most copies that run at a time.
    pub(super) copies: u32,
    /// Whether the old task stops first although nothing in the manifest says so.
    pub(super) stops_first: bool,
}

/// Says both of all services.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>, writers: &[VolumeWriter<'_>]) {
    let stopped: Vec<&VolumeWriter<'_>> = writers.iter().filter(|writer| writer.stops_first).collect();
    if let Some(first) = stopped.first() {
        let names: Vec<String> = stopped.iter().map(|writer| format!("`{}`", writer.service.name)).collect();
        let volume = first.volume;
        let message = format!(
            "a deployment stops {} before the new version starts, so that no two tasks write to one volume (`{volume}`)",
            listed(&names)
        );
        let diagnostic = at(Diagnostic::new(&rules::STOP_FIRST, message), &stopped);
        let help = "if two may write at once, write `deploy: { update_config: { order: start-first } }`";
        planner.report(diagnostic.help(help));
    }
    let shares = |writer: &&VolumeWriter<'_>| writer.service.container.image_facts().shares_data();
    let several: Vec<&VolumeWriter<'_>> =
        writers.iter().filter(|writer| writer.copies > 1 && !shares(writer)).collect();
    if let Some(first) = several.first() {
        let copies = several.iter().map(|it| it.copies).max().unwrap_or(first.copies);
        let volume = first.volume;
        let run = if several.len() == 1 { "runs" } else { "run" };
        let named: Vec<String> = several.iter().map(|writer| format!("`{}`", writer.service.name)).collect();
        let message = format!(
            "{} {run} in up to {copies} copies, and all of them write to the volume `{volume}`",
            listed(&named)
        );
        let diagnostic = at(Diagnostic::new(&rules::SHARED_WRITERS, message), &several);
        let help = "run one copy (`deploy: { replicas: 1 }`), mount the volume with `:ro`, or accept it if the program shares its files: `accept: [ecs/shared-writers]`";
        planner.report(diagnostic.help(help));
    }
}

fn at(diagnostic: Diagnostic, writers: &[&VolumeWriter<'_>]) -> Diagnostic {
    let Some(first) = writers.first() else { return diagnostic };
    let diagnostic = diagnostic.key(format!("services.{}", first.service.name)).service(&*first.service.name);
    writers.iter().fold(diagnostic, |diagnostic, writer| diagnostic.at(writer.service.origin))
}
