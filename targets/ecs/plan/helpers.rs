//! Helper containers, where one is unavoidable: they end before the application's own start.
//!
//! A volume of the task, or of a machine that ran before it, belongs to root, so one container gives it to its owner. ECS injects secrets
//! as variables, so another writes those that the manifest wants as files.

use super::container::TaskNeeds;
use super::images::MadeImages;
use super::planner::EcsPlanner;
use super::service_files::{PlannedFiles, ServiceFileTable, WrittenContent, WrittenFile, WrittenPlace};
use super::volume_content::TaskFilling;
use super::{
    ContainerDependency, EcsContainer, MountPoint, StartCondition, TaskVolume, VolumeStorage, names,
};
use super::{pull_secrets, secrets};
use crate::container::field;
use std::collections::BTreeMap;
use tranship_app::{AppService, Application, VolumeOwner};
use tranship_cloudformation::TemplateValue;
use tranship_images::{FileLayer, FileOwner, LayerEntry};

/// Published by AWS; has a shell and the core utilities.
const IMAGE: &str = "public.ecr.aws/amazonlinux/amazonlinux:2023-minimal";
/// Where helpers mount volumes.
const ROOM: &str = "/volumes";

/// Adds the container that gives volumes of the task or the machine to their owners, and lets all who mount one wait for it.
pub(super) fn owners(
    planner: &EcsPlanner<'_, '_>,
    services: &[&AppService],
    (volumes, filling): (&[TaskVolume], &TaskFilling<'_>),
    containers: &mut Vec<EcsContainer>,
) {
    let owned: Vec<(&TaskVolume, VolumeOwner)> = volumes
        .iter()
        .filter(|volume| {
            !matches!(volume.storage, VolumeStorage::Efs(_) | VolumeStorage::Existing(_))
                && !filling.covers(&volume.name)
        })
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

/// Adds the container that writes files before the others start: secrets and configs into volumes of the task, and
/// what the services mount below a volume into that volume.
pub(super) fn files(
    planner: &mut EcsPlanner<'_, '_>,
    (main, services): (&AppService, &[&AppService]),
    made: (&ServiceFileTable, &mut MadeImages),
    containers: &mut Vec<EcsContainer>,
    needs: &mut TaskNeeds,
) {
    let (table, images) = made;
    let helper = helper(planner, free_name("files", containers));
    let mut writer = FileWriter {
        planner,
        main,
        helper,
        needs,
        lines: Vec::new(),
        values: 0,
        carried: 0,
        layer: FileLayer::default(),
    };
    for service in services {
        let own = names::container(&service.name);
        let Some(files) = table.of(&service.name).filter(|files| !files.written.is_empty()) else { continue };
        let mounts = writer.service(&own, files);
        if let Some(container) = containers.iter_mut().find(|container| container.name == own) {
            container.mounts.extend(mounts);
            container.depends_on.push(success_of(&writer.helper.name));
        }
    }
    let FileWriter { mut helper, lines, layer, .. } = writer;
    if lines.is_empty() {
        return;
    }
    if !layer.entries.is_empty() {
        helper.image = images.writer(planner, main, IMAGE, layer).reference();
        let login = pull_secrets::of_made(planner);
        helper.pull_secret = login.map(|login| needs.login(login));
        needs.made_image = true;
    }
    helper.command = vec![TemplateValue::from(lines.join(" && "))];
    containers.push(helper);
}

/// Where the files of the project are in the image of the container that writes them.
const CARRIED: &str = "/files";

/// Puts the container together that writes the files of a task.
struct FileWriter<'p, 'a, 'c> {
    planner: &'p EcsPlanner<'a, 'c>,
    main: &'p AppService,
    helper: EcsContainer,
    needs: &'p mut TaskNeeds,
    /// What its shell does.
    lines: Vec<String>,
    /// Variables that hold content so far.
    values: usize,
    /// Files and folders that its image holds so far.
    carried: usize,
    /// What its image holds.
    layer: FileLayer,
}

impl FileWriter<'_, '_, '_> {
    /// Writes the files of a service, and returns what its container mounts for them.
    fn service(&mut self, container: &str, files: &PlannedFiles) -> Vec<MountPoint> {
        let mut folders: BTreeMap<&str, String> = BTreeMap::new();
        for file in &files.written {
            let (volume, path) = match &file.place {
                WrittenPlace::Folder { folder, path } => {
                    let next = format!("{container}-files-{}", folders.len());
                    (folders.entry(folder).or_insert(next).clone(), path)
                }
                WrittenPlace::Volume { volume, path } => (volume.clone(), path),
            };
            self.mount(&volume);
            self.write(&format!("{ROOM}/{volume}"), path, file);
        }
        let volumes = folders.values();
        let volumes = volumes.map(|name| TaskVolume { name: name.clone(), storage: VolumeStorage::Task });
        self.needs.volumes.extend(volumes);
        let mounts = folders.into_iter();
        mounts.map(|(path, volume)| MountPoint { volume, path: path.to_owned(), read_only: true }).collect()
    }

    fn mount(&mut self, volume: &str) {
        if self.helper.mounts.iter().any(|mount| mount.volume == volume) {
            return;
        }
        let path = format!("{ROOM}/{volume}");
        self.helper.mounts.push(MountPoint { volume: volume.to_owned(), path, read_only: false });
    }

    /// The lines for one file.
    fn write(&mut self, room: &str, path: &str, file: &WrittenFile) {
        let whole = format!("{room}/{path}");
        let folder = whole.rsplit_once('/').map_or(room, |(folder, _)| folder);
        if folder != room {
            self.lines.push(format!("mkdir -p {}", quoted(folder)));
        }
        let whole = quoted(&whole);
        let rights = |owner: FileOwner, mode: u32| {
            format!("chown {}:{} {whole} && chmod {mode:o} {whole}", owner.user, owner.group)
        };
        match &file.content {
            WrittenContent::Link(target) => {
                self.lines.push(format!("ln -sfn {} {whole}", quoted(target)));
            }
            WrittenContent::Carried(entries) => {
                let carried = format!("{CARRIED}/{}", self.carried);
                self.carried += 1;
                let is_folder = matches!(entries.get(""), Some(LayerEntry::Folder { .. }));
                // What an earlier start put there may be a link, or belong to a program that is running.
                let copy = "cp -R --remove-destination --preserve=mode,ownership";
                self.lines.push(match is_folder {
                    true => format!("mkdir -p {whole} && {copy} {carried}/. {whole}/"),
                    false => format!("{copy} {carried} {whole}"),
                });
                self.layer.put(&carried, entries.clone());
            }
            WrittenContent::Text(_) | WrittenContent::Known(_) | WrittenContent::Secret(_) => {
                let variable = format!("FILE_{}", self.values);
                self.values += 1;
                let rights = rights(file.owner, file.mode);
                self.lines.push(format!("rm -f {whole} && printf %s \"${variable}\" > {whole} && {rights}"));
                self.value(variable, &file.content);
            }
        }
    }

    /// What a variable of the container holds.
    fn value(&mut self, variable: String, content: &WrittenContent) {
        let renderer = self.planner.renderer(&self.main.name);
        match content {
            WrittenContent::Text(text) => {
                self.helper.environment.insert(variable, renderer.value(text));
            }
            WrittenContent::Known(text) => {
                self.helper.environment.insert(variable, TemplateValue::from(text.as_str()));
            }
            WrittenContent::Secret(name) => {
                let injected = secrets::named(&renderer, name);
                self.helper.secrets.insert(variable, injected.value_from);
                self.needs.readable.push(injected.readable);
            }
            WrittenContent::Carried(_) | WrittenContent::Link(_) => {}
        }
    }
}

/// A word of a shell's command.
pub(super) fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// A name that no container of the task has.
pub(super) fn free_name(wanted: &str, containers: &[EcsContainer]) -> String {
    let mut name = wanted.to_owned();
    while containers.iter().any(|container| container.name == name) {
        name.push('_');
    }
    name
}

/// The end of a helper, which others wait for.
pub(super) fn success_of(helper: &str) -> ContainerDependency {
    ContainerDependency { container: helper.to_owned(), condition: StartCondition::Success }
}

/// A container that runs a line of shell as root and ends.
pub(super) fn helper(planner: &EcsPlanner<'_, '_>, name: String) -> EcsContainer {
    EcsContainer {
        essential: false,
        entrypoint: Some(vec!["sh".into(), "-c".into()]),
        user: Some("0".into()),
        plain: [field::READ_ONLY].into_iter().collect(),
        memory_reservation: planner.bounds().default_memory_reservation,
        ..EcsContainer::new(name, IMAGE.into())
    }
}
