//! Named volumes: who mounts them, how long they live, who owns them.
//!
//! A volume that several containers of one task share, and nobody else, lives as long as the task. Any
//! other named volume keeps its data, as it does under Compose.

use super::Lowering;
use crate::document::ComposeVolume;
use crate::extension::{KEY, setting_text};
use crate::rules;
use crate::{At, FileOwner, MountSource, Name, Scope, Service, TaskGroups, Volume};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::Node;

/// The volumes that a deployed service mounts; those that none does are claimed as unused.
pub(super) fn volumes(
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    tasks: &TaskGroups,
) -> IndexMap<Name, Volume> {
    let mut volumes = IndexMap::new();
    let mut mounting = users(services);
    for (name, given) in &cx.document.volumes {
        let Some(users) = mounting.remove(name) else {
            cx.ledger.ignored(&given.node, "no service that is deployed mounts it", false);
            continue;
        };
        let volume = volume(cx, services, tasks, (name, given), users);
        volumes.insert(name.clone(), volume);
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
    tasks: &TaskGroups,
    (name, given): (&Name, &ComposeVolume),
    users: Vec<Name>,
) -> Volume {
    let settings = cx.manifest.root.at(&["volumes", name, KEY]);
    let declared = settings.and_then(|node| node.get("scope"));
    if let Some(scope) = declared {
        cx.ledger.exact(scope, "how long the volume lives");
    }
    let task = one_task(tasks, &users);
    let scope = match (declared.and_then(setting_text).as_deref(), task) {
        (Some("persistent"), _) => Scope::Persistent,
        (Some("task"), Some(task)) => Scope::Task(task),
        (None, Some(task)) if users.len() > 1 && given.external.is_none() => Scope::Task(task),
        _ => Scope::Persistent,
    };
    Volume {
        name: name.clone(),
        owner: owner(cx, services, settings, &users),
        external: given.external.clone(),
        users,
        scope,
        node: given.node,
        origin: given.origin,
    }
}

/// The one task that all who mount it are in.
fn one_task(tasks: &TaskGroups, users: &[Name]) -> Option<Name> {
    let found: BTreeSet<&Name> = users.iter().flat_map(|user| tasks.tasks_of(user)).collect();
    found.first().filter(|_| found.len() == 1).map(|task| (*task).clone())
}

/// The declared owner, else the one numeric user of those who mount it.
fn owner(
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    settings: Option<&Node>,
    users: &[Name],
) -> Option<At<FileOwner>> {
    if let Some(declared) = settings.and_then(|node| node.get("owner")) {
        let owner = setting_text(declared).and_then(|text| FileOwner::parse(&text));
        if owner.is_none() {
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::tranship::INVALID_SETTING,
                    format!("`{}` must be a numeric `uid:gid`", cx.manifest.nodes.path(declared.id)),
                )
                .at(declared.origin)
                .help("write it in quotes, as `owner: \"1000:1000\"`"),
            );
        }
        return owner.map(|owner| At::of(declared, owner));
    }
    let named = users.iter().filter_map(|user| services.get(user)?.container.user.as_ref());
    let numbers: Vec<(Option<FileOwner>, Origin)> =
        named.map(|user| (user.literal().and_then(|text| FileOwner::parse(&text)), user.origin)).collect();
    let (first, origin) = numbers.first()?;
    let agreed = numbers.iter().all(|(number, _)| number == first);
    first.filter(|_| agreed).map(|owner| At::inferred(owner, *origin))
}
