//! Named volumes: who mounts them, how long they live, who owns them.
//!
//! A volume that several containers of one task share, and nobody else, lives as long as the task. Any
//! other named volume keeps its data, as it does under Compose.

use super::LoweringContext;
use super::bind_mounts::DataFolders;
use super::external_volumes::{self, VolumeSource};
use crate::document::ComposeVolume;
use crate::settings::{VolumeOwner, VolumePlace, VolumeScope};
use crate::{
    AppService, At, BehaviourEffect, ContainerMount, DataFolder, ManifestName, MountSource, NamedVolume,
    TaskGroups, VolumeLifetime,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::source::Origin;

/// The volumes that a deployed service mounts; those that none does are claimed as unused. `place` is where the
/// environment asks persistent ones to be.
pub(super) fn volumes(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    tasks: &TaskGroups,
    (folders, place, on_ecs): (&DataFolders, Option<&At<VolumePlace>>, bool),
) -> IndexMap<ManifestName, NamedVolume> {
    let mut volumes = IndexMap::new();
    let (mut mounting, first) = (users(services), first_mounts(services));
    for (name, given) in &cx.document.volumes {
        let Some(users) = mounting.remove(name) else {
            cx.ledger.ignored(&given.node, "no deployed service mounts it", BehaviourEffect::Equivalent);
            continue;
        };
        let source = external_volumes::source(name, given, cx.settings.volume(name));
        if on_ecs {
            cx.settle_source(name, given, &source);
        }
        for node in given.foreign.iter().filter(|_| !on_ecs) {
            let reason = "Docker volumes are not copied to AWS: copy the data that the application needs";
            let became = "a new, empty volume";
            cx.ledger.approximated(node, BehaviourEffect::ChangesBehaviour, became, reason, "the volume");
        }
        let mut volume = volume(cx, (services, tasks, place), (name, given), users);
        if let VolumeSource::Existing(existing) = source {
            (volume.existing, volume.scope) = (Some(existing), VolumeLifetime::Persistent);
        }
        volumes.insert(name.clone(), volume);
    }
    for (name, folder) in folders {
        if let Some(users) = mounting.remove(name) {
            let volume = of_folder(place, services, (name, folder), (users, first.get(name).copied()));
            volumes.insert(name.clone(), volume);
        }
    }
    volumes
}

/// The volume of a folder for data. It outlives every task, as the folder does on the machine.
fn of_folder(
    place: Option<&At<VolumePlace>>,
    services: &IndexMap<ManifestName, AppService>,
    (name, folder): (&ManifestName, &DataFolder),
    (users, first): (Vec<ManifestName>, Option<&ContainerMount>),
) -> NamedVolume {
    NamedVolume {
        name: name.clone(),
        folder: Some(folder.clone()),
        place: place.cloned(),
        owner: owner(services, name, &users),
        external: None,
        existing: None,
        users,
        scope: VolumeLifetime::Persistent,
        is_chosen: false,
        node: first.map(|mount| mount.node).unwrap_or_default(),
        origin: first.map(|mount| mount.origin).unwrap_or_default(),
    }
}

/// The first mount of each volume.
fn first_mounts(services: &IndexMap<ManifestName, AppService>) -> BTreeMap<&ManifestName, &ContainerMount> {
    let mut first = BTreeMap::new();
    for mount in services.values().flat_map(|service| &service.container.mounts) {
        if let MountSource::Volume(volume) = &mount.source {
            first.entry(volume).or_insert(mount);
        }
    }
    first
}

/// Whether a mount shows a volume.
fn shows(mount: &ContainerMount, name: &ManifestName) -> bool {
    matches!(&mount.source, MountSource::Volume(volume) if volume == name)
}

/// Who mounts each named volume, in order.
fn users(services: &IndexMap<ManifestName, AppService>) -> BTreeMap<ManifestName, Vec<ManifestName>> {
    let mut users: BTreeMap<ManifestName, Vec<ManifestName>> = BTreeMap::new();
    for service in services.values() {
        for mount in &service.container.mounts {
            let MountSource::Volume(volume) = &mount.source else { continue };
            let mounting = users.entry(volume.clone()).or_default();
            if mounting.last() != Some(&service.name) {
                mounting.push(service.name.clone());
            }
        }
    }
    users
}

fn volume(
    cx: &mut LoweringContext<'_>,
    (services, tasks, place): (&IndexMap<ManifestName, AppService>, &TaskGroups, Option<&At<VolumePlace>>),
    (name, given): (&ManifestName, &ComposeVolume),
    users: Vec<ManifestName>,
) -> NamedVolume {
    let settings = cx.settings.volume(name);
    let declared = settings.and_then(|settings| settings.scope.as_ref());
    let task = one_task(tasks, &users);
    let scope = match (declared.map(|scope| scope.value), task) {
        (Some(VolumeScope::Persistent), _) => VolumeLifetime::Persistent,
        (Some(VolumeScope::Task), Some(task)) => VolumeLifetime::Task(task),
        (None, Some(task)) if users.len() > 1 && given.external.is_none() => VolumeLifetime::Task(task),
        _ => VolumeLifetime::Persistent,
    };
    NamedVolume {
        name: name.clone(),
        folder: None,
        place: settings.and_then(|settings| settings.storage.clone()).or_else(|| place.cloned()),
        owner: settings.and_then(|settings| settings.owner.clone()).or_else(|| owner(services, name, &users)),
        external: given.external.clone(),
        existing: None,
        users,
        scope,
        is_chosen: declared.is_some(),
        node: given.node,
        origin: given.origin,
    }
}

/// The one task that all who mount it are in.
fn one_task(tasks: &TaskGroups, users: &[ManifestName]) -> Option<ManifestName> {
    let found: BTreeSet<&ManifestName> = users.iter().flat_map(|user| tasks.tasks_of(user)).collect();
    found.first().filter(|_| found.len() == 1).map(|task| (*task).clone())
}

/// The one numeric user of those who write it; where all only read it, of those. Where no service names a user, the owner
/// that the image gives the folder.
fn owner(
    services: &IndexMap<ManifestName, AppService>,
    volume: &ManifestName,
    users: &[ManifestName],
) -> Option<At<VolumeOwner>> {
    let writes = |user: &&&AppService| {
        let mounts = user.container.mounts.iter();
        let mut own = mounts.filter(|mount| shows(mount, volume));
        own.any(|mount| !mount.read_only)
    };
    let mounting: Vec<&AppService> = users.iter().filter_map(|user| services.get(user)).collect();
    let mut writing: Vec<&AppService> = mounting.iter().filter(writes).copied().collect();
    if writing.is_empty() {
        writing = mounting;
    }
    let named = writing.into_iter().filter_map(|service| service.container.user.as_ref());
    let numbers: Vec<(Option<VolumeOwner>, Origin)> =
        named.map(|user| (user.literal().and_then(|text| VolumeOwner::parse(&text)), user.origin)).collect();
    let Some((first, origin)) = numbers.first() else { return image_owner(services, volume, users) };
    let agreed = numbers.iter().all(|(number, _)| number == first);
    first.filter(|_| agreed).map(|owner| At::inferred(owner, *origin))
}

/// The one owner that the images of those who mount it give the folder, by the lock file.
fn image_owner(
    services: &IndexMap<ManifestName, AppService>,
    volume: &ManifestName,
    users: &[ManifestName],
) -> Option<At<VolumeOwner>> {
    let containers = users.iter().filter_map(|user| Some(&services.get(user)?.container));
    let mut owners = containers.flat_map(|container| {
        let here = container.mounts.iter().filter(|mount| shows(mount, volume));
        here.map(|mount| Some((container.image_facts().volume_owner(mount.target.peek())?, mount.origin)))
    });
    let (first, origin) = owners.next()??;
    owners.all(|owner| owner.is_some_and(|(owner, _)| owner == first)).then(|| At::inferred(first, origin))
}
