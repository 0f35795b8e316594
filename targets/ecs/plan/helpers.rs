//! Helper containers, where one is unavoidable: they end before the application's own start.
//!
//! A volume of the task belongs to root, so one container gives it to its owner. ECS injects secrets
//! as variables, so another writes those that the manifest wants as files.

use super::container::TaskNeeds;
use super::planner::EcsPlanner;
use super::secrets;
use super::{
    ContainerDependency, EcsContainer, MountPoint, StartCondition, TaskVolume, VolumeStorage, names,
};
use crate::ecs::rules;
use std::collections::BTreeMap;
use tranship_app::{AppService, Application, FileMount, FileMountKind, SecretSource, VolumeOwner};
use tranship_cloudformation::TemplateValue;

/// Published by AWS; has a shell and the core utilities.
const IMAGE: &str = "public.ecr.aws/amazonlinux/amazonlinux:2023-minimal";
/// Where helpers mount volumes.
const ROOM: &str = "/volumes";
/// Folders that images keep nothing in: mounting a volume there hides nothing.
const FREE: &[&str] = &["/run/", "/mnt/", "/secrets/", "/configs/"];

/// Adds the container that gives task-local volumes to their owners, and lets all who mount one wait for it.
pub(super) fn owners(
    planner: &EcsPlanner<'_, '_>,
    services: &[&AppService],
    volumes: &[TaskVolume],
    containers: &mut Vec<EcsContainer>,
) {
    let owned: Vec<(&TaskVolume, VolumeOwner)> = volumes
        .iter()
        .filter(|volume| volume.storage == VolumeStorage::Task)
        .filter_map(|volume| Some((volume, owner(planner.app, services, &volume.name)?)))
        .filter(|(_, owner)| *owner != VolumeOwner::ROOT)
        .collect();
    if owned.is_empty() {
        return;
    }
    let name = free_name("volume-owner", containers);
    let mut lines = Vec::new();
    let mut helper = helper(planner, name.clone());
    for (volume, owner) in &owned {
        let path = format!("{ROOM}/{}", volume.name);
        lines.push(format!("chown {owner} {path}"));
        helper.mounts.push(MountPoint { volume: volume.name.clone(), path, read_only: false });
    }
    helper.command = vec![TemplateValue::from(lines.join(" && "))];
    let owned: Vec<&str> = owned.iter().map(|(volume, _)| volume.name.as_str()).collect();
    wait(containers, &name, &owned);
    containers.push(helper);
}

/// The owner that the volume's declaration gives; an anonymous one belongs to its container's user.
fn owner(app: &Application, services: &[&AppService], volume: &str) -> Option<VolumeOwner> {
    if let Some(named) = app.volumes.values().find(|it| names::container(&it.name) == volume) {
        return named.owner.as_ref().map(|owner| owner.get());
    }
    let mounts = |service: &&&AppService| {
        service
            .container
            .mounts
            .iter()
            .any(|mount| names::container(&format!("{}{}", service.name, mount.target.peek())) == volume)
    };
    VolumeOwner::parse(&services.iter().find(mounts)?.container.user.as_ref()?.literal()?)
}

/// Everyone who mounts one of the volumes waits for the helper.
fn wait(containers: &mut [EcsContainer], helper: &str, volumes: &[&str]) {
    for container in containers {
        if container.mounts.iter().any(|mount| volumes.contains(&mount.volume.as_str())) {
            container.depends_on.push(success_of(helper));
        }
    }
}

/// Adds the container that writes secrets and configs as files.
pub(super) fn files(
    planner: &mut EcsPlanner<'_, '_>,
    main: &AppService,
    services: &[&AppService],
    containers: &mut Vec<EcsContainer>,
    needs: &mut TaskNeeds,
) {
    let mut helper = helper(planner, free_name("files", containers));
    let mut lines: Vec<String> = Vec::new();
    for service in services {
        let mut folders: BTreeMap<String, String> = BTreeMap::new();
        for file in &service.container.files {
            let Some((folder, name)) = place(planner, service, file) else { continue };
            let next = format!("{}-files-{}", names::container(&service.name), folders.len());
            let volume = folders.entry(folder.to_owned()).or_insert(next).clone();
            let variable = format!("FILE_{}", lines.len());
            lines.push(line(file, &variable, &format!("{ROOM}/{volume}/{name}")));
            content(planner, main, file, &variable, &mut helper, needs);
        }
        for (folder, volume) in folders {
            needs.volumes.push(TaskVolume { name: volume.clone(), storage: VolumeStorage::Task });
            let path = format!("{ROOM}/{volume}");
            helper.mounts.push(MountPoint { volume: volume.clone(), path, read_only: false });
            let own = names::container(&service.name);
            if let Some(container) = containers.iter_mut().find(|container| container.name == own) {
                container.mounts.push(MountPoint { volume, path: folder, read_only: true });
                container.depends_on.push(success_of(&helper.name));
            }
        }
    }
    if !lines.is_empty() {
        helper.command = vec![TemplateValue::from(lines.join(" && "))];
        containers.push(helper);
    }
}

/// The folder and the name of a file, where its folder can be mounted.
fn place<'f>(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    file: &'f FileMount,
) -> Option<(&'f str, &'f str)> {
    let (folder, name) = file.target.peek().rsplit_once('/')?;
    if FREE.iter().any(|free| format!("{folder}/").starts_with(free)) {
        planner.exact(&file.node, "a file written before the container starts");
        return Some((folder, name));
    }
    planner.cx.ledger.rejected(&file.node, "the file's folder would hide the image's own");
    let shown = if folder.is_empty() { "/" } else { folder };
    let message = format!(
        "`{}` cannot be a file in `{shown}` of `{}`: ECS mounts whole folders, which would hide what the image has there",
        file.secret, service.name
    );
    let told = planner.about(&rules::FILE_MOUNT, service, &file.node, message).help(format!(
        "give it a `target` below /run, such as `/run/{}/{name}`, and tell the program to read it there",
        if file.kind == FileMountKind::Config { "configs" } else { "secrets" }
    ));
    planner.cx.diagnostics.push(told);
    None
}

/// One file: its content from the variable, its owner and mode as Compose has them.
fn line(file: &FileMount, variable: &str, path: &str) -> String {
    let number = |given: &Option<tranship_app::At<String>>| {
        given.as_ref().and_then(|it| it.peek().parse::<u32>().ok()).unwrap_or(0)
    };
    let quoted = format!("'{}'", path.replace('\'', r"'\''"));
    let mode = file.mode.as_ref().map_or(0o444, |mode| mode.peek() & 0o7777);
    format!(
        "printf %s \"${variable}\" > {quoted} && chown {}:{} {quoted} && chmod {mode:o} {quoted}",
        number(&file.uid),
        number(&file.gid)
    )
}

fn content(
    planner: &EcsPlanner<'_, '_>,
    main: &AppService,
    file: &FileMount,
    variable: &str,
    helper: &mut EcsContainer,
    needs: &mut TaskNeeds,
) {
    let renderer = planner.renderer(&main.name);
    let source = planner.app.secrets.get(&file.secret).map(|secret| &secret.source);
    match source {
        Some(SecretSource::Content(text)) if file.kind == FileMountKind::Config && !text.is_secret() => {
            helper.environment.insert(variable.to_owned(), renderer.value(text));
        }
        _ => {
            let injected = secrets::named(&renderer, &file.secret);
            helper.secrets.insert(variable.to_owned(), injected.value_from);
            needs.readable.push(injected.readable);
        }
    }
}

/// A name that no container of the task has.
fn free_name(wanted: &str, containers: &[EcsContainer]) -> String {
    let mut name = wanted.to_owned();
    while containers.iter().any(|container| container.name == name) {
        name.push('_');
    }
    name
}

/// The end of a helper, which others wait for.
fn success_of(helper: &str) -> ContainerDependency {
    ContainerDependency { container: helper.to_owned(), condition: StartCondition::Success }
}

/// A container that runs a line of shell as root and ends.
fn helper(planner: &EcsPlanner<'_, '_>, name: String) -> EcsContainer {
    EcsContainer {
        essential: false,
        entrypoint: Some(vec!["sh".into(), "-c".into()]),
        user: Some("0".into()),
        read_only: true,
        memory_reservation: planner.bounds().default_memory_reservation,
        ..EcsContainer::new(name, IMAGE.into())
    }
}
