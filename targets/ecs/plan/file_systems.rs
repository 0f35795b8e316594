//! Persistent volumes: an EFS file system for each that some task mounts.
//!
//! A folder for data that lies in another one shares its file system, and has an access point of its own.

use super::planner::EcsPlanner;
use super::{AccessPointPlan, FileSystemPlan, NetworkPlan, TaskPlan, TaskVolume};
use crate::ecs::rules;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{DeploymentPosture, ManifestName, NamedVolume, OuterFolder, VolumeOwner};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// The folder of a volume on its file system, whoever owns it: another would be empty. The root itself would belong to root.
const ROOT: &str = "/data";
/// Mount targets where it is not known how many private subnets there are.
pub(super) const DEFAULT_MOUNT_TARGETS: u32 = 2;

/// The file systems, in the manifest's order.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &[TaskPlan],
    network: &NetworkPlan,
) -> Vec<FileSystemPlan> {
    let app = planner.app;
    let volumes = tasks.iter().flat_map(|task| &task.volumes);
    let mounted: BTreeSet<&ManifestName> = volumes.filter_map(TaskVolume::file_system).collect();
    let (mut systems, mut owners) = (Vec::new(), VolumeOwners::new());
    for volume in app.volumes.values() {
        if volume.folder.is_none() {
            planner.decided(&volume.node, "a volume of the tasks that mount it");
        }
        if volume.existing.is_some() {
            continue;
        }
        if let Some(owner) = &volume.owner {
            owners.insert(&volume.name, *planner.exact(owner, "the volume's owner"));
        }
        if let Some(place) = volume.place.as_ref().filter(|_| planner.bounds().machine_paths) {
            planner.decided(place, "where the volume is");
        }
    }
    report_existing(planner);
    let mut folders: BTreeMap<&ManifestName, Vec<&NamedVolume>> = BTreeMap::new();
    for volume in app.volumes.values() {
        let whole = around(volume).map_or(&volume.name, |outer| &outer.volume);
        folders.entry(whole).or_default().push(volume);
    }
    for volume in app.volumes.values() {
        if mounted.contains(&volume.name) && around(volume).is_none() {
            let folders = folders.remove(&volume.name).unwrap_or_default();
            systems.push(plan_one(planner, network, (volume, &folders), &owners));
        }
    }
    systems
}

/// The stack cannot open the security group of a mount target that is not its own.
fn report_existing(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let existing: Vec<&NamedVolume> =
        app.volumes.values().filter(|volume| volume.existing.is_some()).collect();
    let Some(first) = existing.first() else { return };
    let names: Vec<String> = existing.iter().map(|volume| format!("`{}`", volume.name)).collect();
    let users: BTreeSet<String> =
        existing.iter().flat_map(|volume| &volume.users).map(|user| format!("`{user}`")).collect();
    let users: Vec<String> = users.into_iter().collect();
    let message = format!("{} must let in the tasks of {} on port 2049", listed(&names), listed(&users));
    let diagnostic =
        Diagnostic::new(&rules::EXISTING_FILE_SYSTEM, message).key(format!("volumes.{}", first.name));
    let diagnostic = existing.iter().fold(diagnostic, |diagnostic, volume| diagnostic.at(volume.origin));
    planner.report(diagnostic.help(
        "allow their security groups in that of the file system's mount targets, which must be in the same VPC",
    ));
}

/// The owners that the manifest sets, by the volume's name.
type VolumeOwners<'a> = BTreeMap<&'a ManifestName, VolumeOwner>;

/// The folder that a folder lies in.
fn around(volume: &NamedVolume) -> Option<&OuterFolder> {
    volume.folder.as_ref()?.part_of.as_ref()
}

fn plan_one(
    planner: &mut EcsPlanner<'_, '_>,
    network: &NetworkPlan,
    (volume, folders): (&NamedVolume, &[&NamedVolume]),
    owners: &VolumeOwners<'_>,
) -> FileSystemPlan {
    let prod = planner.app.settings.posture() == DeploymentPosture::Prod;
    FileSystemPlan {
        name: volume.name.clone(),
        from: from(planner, volume),
        access_points: access_points(planner, folders, owners),
        mount_targets: network.private_count.unwrap_or(DEFAULT_MOUNT_TARGETS),
        backup: prod,
    }
}

/// The key path of its declaration, or of the first mount of a folder.
fn from(planner: &EcsPlanner<'_, '_>, volume: &NamedVolume) -> Vec<String> {
    match &volume.folder {
        None => vec![format!("volumes.{}", volume.name)],
        Some(_) => vec![planner.cx.keys.path(&volume.node)],
    }
}

/// The access point of the whole, and those of the folders in it.
fn access_points(
    planner: &EcsPlanner<'_, '_>,
    folders: &[&NamedVolume],
    owners: &VolumeOwners<'_>,
) -> Vec<AccessPointPlan> {
    let point = |volume: &&NamedVolume| {
        let below = around(volume).map_or_else(String::new, |outer| format!("/{}", outer.below));
        AccessPointPlan {
            name: volume.name.clone(),
            from: from(planner, volume),
            owner: owners.get(&volume.name).copied(),
            path: format!("{ROOT}{below}"),
        }
    };
    folders.iter().map(point).collect()
}
