//! Mounts of the machine that runs Compose, reported once for all services: folders for data, paths of the machine.

use super::planner::EcsPlanner;
use crate::ecs::rules;
use std::collections::BTreeSet;
use tranship_app::{BindMeaning, MountSource, NamedVolume};
use tranship_facts::MachinePath;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// Reports both.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    data_folders(planner);
    instance_volumes(planner);
    machine_paths(planner);
}

/// One warning lists the volumes whose data goes with an instance.
fn instance_volumes(planner: &mut EcsPlanner<'_, '_>) {
    if !planner.bounds().machine_paths {
        return;
    }
    let volumes = planner.app.volumes.values();
    let on_instance: Vec<&NamedVolume> =
        volumes.filter(|volume| volume.is_on_instance() && !volume.scope.is_of_task()).collect();
    let names: Vec<&str> = on_instance.iter().map(|volume| &*volume.name).collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "{} {} on the disk of an instance: another instance does not have the data, and a replaced one loses it",
        listed(&names),
        if names.len() == 1 { "is" } else { "are" }
    );
    let places = on_instance.iter().filter_map(|volume| volume.place.as_ref()).map(|place| place.origin);
    let places: BTreeSet<_> = places.collect();
    let told = places
        .into_iter()
        .take(MOST_PLACES)
        .fold(Diagnostic::new(&rules::INSTANCE_VOLUME, message), Diagnostic::at);
    planner
        .report(told.help("keep data that must last on EFS: `x-tranship: { storage: efs }` on the volume"));
}

/// One warning lists the folders that became volumes.
fn data_folders(planner: &mut EcsPlanner<'_, '_>) {
    let folders: Vec<&NamedVolume> =
        planner.app.volumes.values().filter(|volume| volume.folder.is_some()).collect();
    if folders.is_empty() {
        return;
    }
    let names: Vec<&str> = folders.iter().map(|volume| &*volume.name).collect();
    let (what, verb) =
        if names.len() == 1 { ("a persistent volume", "becomes") } else { ("persistent volumes", "become") };
    let starts = if names.len() == 1 { "starts" } else { "start" };
    let message = format!("{} {verb} {what} that {starts} empty", listed(&names));
    let places = folders.iter().map(|volume| volume.origin).take(MOST_PLACES);
    let told = places.fold(Diagnostic::new(&rules::DATA_FOLDER, message), Diagnostic::at);
    let uploaded = folders.iter().any(|it| it.folder.as_ref().is_some_and(|folder| folder.has_content));
    let told = match uploaded {
        true => told.note("the content of the folder stays on your machine: nothing is uploaded"),
        false => told,
    };
    planner.report(told.help(
        "copy the data that the application needs into the volume, as with a backup, or name a volume under `volumes`",
    ));
}

/// One warning lists the paths of the machine that containers see.
fn machine_paths(planner: &mut EcsPlanner<'_, '_>) {
    if !planner.bounds().machine_paths {
        return;
    }
    let mut found: Vec<(&str, &str, Origin)> = Vec::new();
    for service in planner.app.services.values() {
        for mount in &service.container.mounts {
            if let MountSource::Bind(bind) = &mount.source
                && let BindMeaning::Machine(_) = bind.meaning
            {
                found.push((&service.name, bind.path.peek(), mount.origin));
            }
        }
    }
    if found.is_empty() {
        return;
    }
    let mut services: Vec<&str> = found.iter().map(|(service, ..)| *service).collect();
    services.dedup();
    let mut paths: Vec<&str> = found.iter().map(|(_, path, _)| *path).collect();
    paths.sort_unstable();
    paths.dedup();
    let verb = if services.len() == 1 { "sees" } else { "see" };
    let engine = found.iter().any(|(_, path, _)| MachinePath::of(path) == Some(MachinePath::EngineSocket));
    let alone = if engine { ", and so the containers of that instance alone" } else { "" };
    let message = format!("{} {verb} {} of the instance{alone}", listed(&services), listed(&paths));
    let places = found.iter().map(|(.., origin)| *origin).take(MOST_PLACES);
    let told = places.fold(Diagnostic::new(&rules::MACHINE_PATH, message), Diagnostic::at);
    planner.report(told.help("remove mounts that the service does not need on AWS"));
}

/// Places that one diagnostic shows.
const MOST_PLACES: usize = 3;

/// At most six names, and how many more.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(6).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
