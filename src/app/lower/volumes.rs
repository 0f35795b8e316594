//! Named volumes: who mounts them, how long they live, who owns them.
//!
//! A volume that several containers of one task share, and nobody else, lives as long as the task. Any
//! other named volume keeps its data, as it does under Compose.

use super::Lowering;
use super::read::scalar;
use crate::settings::{VolumeOwner, VolumeScope};
use crate::{At, MountSource, Name, Role, Scope, Service, Volume};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Entry, Node};

/// The volumes that a deployed service mounts; those that none does are claimed as unused.
pub(super) fn volumes(cx: &mut Lowering<'_>, services: &IndexMap<Name, Service>) -> IndexMap<Name, Volume> {
    let mut volumes = IndexMap::new();
    let manifest = cx.manifest;
    let mut mounting = users(services);
    for entry in manifest.root.get("volumes").and_then(Node::as_mapping).into_iter().flatten() {
        let Some(users) = mounting.remove(&entry.key.text) else {
            cx.ledger.ignored(&entry.value, "no service that is deployed mounts it", false);
            continue;
        };
        let volume = volume(cx, services, entry, users);
        volumes.insert(entry.key.text.clone(), volume);
    }
    volumes
}

/// Who mounts each named volume, in order.
fn users(services: &IndexMap<Name, Service>) -> BTreeMap<Name, Vec<Name>> {
    let mut users: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
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
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    entry: &Entry,
    users: Vec<Name>,
) -> Volume {
    let node = &entry.value;
    let external = node.get("external").and_then(Node::as_bool).unwrap_or(false);
    let settings = cx.document.volume(&entry.key.text);
    let declared = settings.and_then(|settings| settings.scope.as_ref());
    let task = one_task(services, &users);
    let scope = match (declared.map(|scope| scope.value), task) {
        (Some(VolumeScope::Persistent), _) => Scope::Persistent,
        (Some(VolumeScope::Task), Some(task)) => Scope::Task(task),
        (None, Some(task)) if users.len() > 1 && !external => Scope::Task(task),
        _ => Scope::Persistent,
    };
    Volume {
        name: entry.key.text.clone(),
        owner: settings.and_then(|settings| settings.owner.clone()).or_else(|| owner(services, &users)),
        external: node
            .get("name")
            .or(node.get("external"))
            .filter(|_| external)
            .and_then(|name| Some(At::of(name, scalar(name)?.to_string()))),
        users,
        scope,
        node: node.id,
        origin: if entry.key.origin == Origin::NOWHERE { node.origin } else { entry.key.origin },
    }
}

/// The one task that all who mount it are in.
fn one_task(services: &IndexMap<Name, Service>, users: &[Name]) -> Option<Name> {
    let mut tasks: BTreeSet<Name> = BTreeSet::new();
    for user in users {
        match &services.get(user)?.role {
            Role::Service | Role::Job(_) => tasks.extend([user.clone()]),
            Role::Init { tasks: of, .. } => tasks.extend(of.iter().cloned()),
            Role::Sidecar { of, .. } => tasks.extend([of.clone()]),
        }
    }
    tasks.first().filter(|_| tasks.len() == 1).cloned()
}

/// The one numeric user of those who mount it.
fn owner(services: &IndexMap<Name, Service>, users: &[Name]) -> Option<At<VolumeOwner>> {
    let named = users.iter().filter_map(|user| services.get(user)?.container.user.as_ref());
    let numbers: Vec<(Option<VolumeOwner>, Origin)> =
        named.map(|user| (user.literal().and_then(|text| VolumeOwner::parse(&text)), user.origin)).collect();
    let (first, origin) = numbers.first()?;
    let agreed = numbers.iter().all(|(number, _)| number == first);
    first.filter(|_| agreed).map(|owner| At::inferred(owner, *origin))
}
