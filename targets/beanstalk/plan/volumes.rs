//! Mounts -> volumes of the task, which are directories of the instance.

use super::{
    BeanstalkPlan, HostVolume, HostVolumes, ImageFolder, UNPACKED, container_name, file_system, files, path,
};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::container::{ContainerPlanner, field};
use camino::Utf8Path;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use tranship_app::{
    AppService, Application, BehaviourEffect, BindMeaning, BindMount, BindSource, ContainerMount,
    FolderPlace, NamedVolume, OuterFolder, VolumeLifetime, VolumeOwner,
};
use tranship_frontend::diagnostic::Diagnostic;

/// Where the account of the ECS platform says that mounts went.
const VOLUMES_OF_TASK: &str = "Dockerrun.aws.json: volumes";

/// Where named volumes are on the instance.
pub(in crate::beanstalk) const VOLUMES: &str = "/data";

/// What the names of the volumes for logs start with.
const LOG_VOLUME: &str = "awseb-logs-";

/// Where the bundle is while jobs run: not at its final place yet
/// (AWS documentation, "Extending Elastic Beanstalk Linux platforms").
const STAGING: &str = "/var/app/staging";

/// A volume that is empty at each start.
pub(super) fn anonymous(
    index: usize,
    mount: &ContainerMount,
    planner: &ContainerPlanner<'_, '_>,
    volumes: &mut HostVolumes,
) -> String {
    let stem = format!("{}-{index}", container_name(&planner.service().name));
    let name = free_name(volumes, &stem).unwrap_or(stem);
    let from = path(planner.cx, mount.node);
    volumes.push(HostVolume {
        name: name.clone(),
        path: None,
        owner: None,
        prepared: false,
        content: None,
        from,
    });
    name
}

/// A path of the local machine: the instance's own, or a file or directory of the project, which goes into the
/// bundle. Nothing after an error.
pub(super) fn bind(
    bind: &BindMount,
    mount: &ContainerMount,
    application: &Application,
    plan: &mut BeanstalkPlan,
    planner: &mut ContainerPlanner<'_, '_>,
) -> Option<String> {
    match bind.meaning {
        BindMeaning::Machine(_) if planner.bounds.machine_paths => Some(bind.path.peek().clone()),
        BindMeaning::DevelopmentCode if matches!(bind.source, BindSource::Missing(_)) => {
            let shown = format!("volumes: {}", mount.target.peek());
            let reason = "nothing exists at the path, and the content of the image is used";
            planner.ignore(&mount.node, &shown, reason, BehaviourEffect::ChangesBehaviour);
            None
        }
        _ => bundled(planner.service(), (bind, mount), application, plan, VOLUMES_OF_TASK, planner.cx),
    }
}

/// Adds the volume of a bind mount, once for each directory, and returns its name.
pub(super) fn add(
    directory: String,
    mount: &ContainerMount,
    planner: &ContainerPlanner<'_, '_>,
    volumes: &mut HostVolumes,
) -> String {
    if let Some(known) = volumes.at(&directory) {
        return known.name.clone();
    }
    let stem = volume_name(&directory);
    let name = free_name(volumes, &stem).unwrap_or(stem);
    let from = path(planner.cx, mount.node);
    volumes.push(HostVolume {
        name: name.clone(),
        path: Some(directory),
        owner: None,
        prepared: false,
        content: None,
        from,
    });
    name
}

/// A named volume, or a folder for data, in a container.
pub(super) fn named(
    name: &str,
    mount: &ContainerMount,
    application: &Application,
    planner: &mut ContainerPlanner<'_, '_>,
) -> String {
    match application.volumes.get(name).filter(|volume| volume.folder.is_some()) {
        None => planner.decided(&mount.node, field::MOUNT_POINTS),
        Some(volume) => {
            let directory = directory(application, volume);
            let (effect, reason) = (BehaviourEffect::ChangesBehaviour, KEPT);
            planner.approximate(&mount.node, field::MOUNT_POINTS, effect, directory, reason);
            planner.cx.ledger.reported(&mount.node);
        }
    }
    of_application(application, name)
}

/// What becomes of the data in a folder of the project.
pub(in crate::beanstalk) const KEPT: &str =
    "a directory on the instance: it starts empty and is lost with the instance";

/// The volume of a file in the bundle.
pub(super) fn of_bundle(name: String, path: String, from: String) -> HostVolume {
    HostVolume { name, path: Some(path), owner: None, prepared: false, content: None, from }
}

/// Where a path of the bundle is while jobs run.
pub(super) fn staged(path: String) -> String {
    match path.strip_prefix(UNPACKED) {
        Some(rest) => format!("{STAGING}{rest}"),
        None => path,
    }
}

/// Has a folder of the instance made before containers start, once, for its owner.
pub(in crate::beanstalk) fn prepare(
    folder: &str,
    owner: Option<VolumeOwner>,
    from: String,
    plan: &mut BeanstalkPlan,
) {
    if plan.volumes.at(folder).is_none() {
        let name = volume_name(folder.strip_prefix(VOLUMES).unwrap_or(folder));
        plan.volumes.push(HostVolume {
            name,
            path: Some(folder.to_owned()),
            owner,
            prepared: true,
            content: None,
            from,
        });
    }
}

/// Docker fills a new volume with what the image has in its place; the directory of a volume is filled by the instance.
/// A folder of the machine hides what the image has, as it does under Docker.
pub(super) fn fill(application: &Application, plan: &mut BeanstalkPlan) {
    let named = application.volumes.values().filter(|volume| volume.folder.is_none());
    let names: BTreeSet<String> = named.map(|volume| container_name(&volume.name)).collect();
    for container in &plan.containers {
        for mount in container.mounts.iter().filter(|mount| names.contains(&mount.volume)) {
            let folder = || ImageFolder { image: container.image.clone(), path: mount.path.clone() };
            plan.volumes.fill(&mount.volume, folder);
        }
    }
}

/// The volume that Elastic Beanstalk makes for the logs of a container
/// (AWS documentation, "Configuring the Dockerrun.aws.json v2 file").
fn is_log_volume(application: &Application, name: &str) -> bool {
    let container = name.strip_prefix(LOG_VOLUME);
    container.is_some_and(|container| {
        application.services.keys().any(|service| container_name(service) == *container)
    })
}

/// A volume's name that no other has.
fn free_name(volumes: &HostVolumes, stem: &str) -> Option<String> {
    let taken = |name: &String| volumes.named(name).is_some();
    let numbered = (2u32..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.to_owned()).chain(numbered).find(|name| !taken(name))
}

/// The path that a bundled file or directory has on the instance. Nothing after an error.
pub(in crate::beanstalk) fn bundled(
    service: &AppService,
    (bind, mount): (&BindMount, &ContainerMount),
    application: &Application,
    plan: &mut BeanstalkPlan,
    place: &str,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    let source = &bind.path;
    let relative = bind.source.within_project();
    let added = match relative {
        Some(relative) => files::add(Utf8Path::new(source.peek()), relative, application, plan, cx),
        None => Err("it is outside the project's directory".to_owned()),
    };
    files::report_passwords(service, source.origin, plan, cx);
    match (added, relative) {
        (Ok(found), Some(_)) if !found.is_empty() => {
            cx.ledger.rejected(source, "credentials never go into a bundle");
            files::refuse_credentials(service, &found, source.origin, cx);
            None
        }
        (Ok(_), Some(relative)) => {
            let reason = "a copy in the bundle: changes are lost with the next deployment";
            let on_instance = Utf8Path::new(UNPACKED).join(relative).to_string();
            cx.ledger.approximated(
                source,
                BehaviourEffect::Equivalent,
                on_instance.clone(),
                reason,
                place.to_owned(),
            );
            Some(on_instance)
        }
        (Err(why), _) => {
            cx.ledger.rejected(&mount.node, why.clone());
            let message = format!("service `{}` mounts a path that cannot be bundled: {why}", service.name);
            let diagnostic = Diagnostic::new(&rules::OUTSIDE_PATH, message).at(source.origin);
            cx.diagnostics.push(
                cx.point(diagnostic, [mount.target.origin])
                    .service(&*service.name)
                    .help("move the files into the project directory, or use a named volume"),
            );
            None
        }
        (Ok(_), None) => None,
    }
}

/// A name for the volume of a path: letters, digits, `-` and `_`.
fn volume_name(path: &str) -> String {
    let path = path.strip_prefix(UNPACKED).unwrap_or(path);
    let letters = path.trim_matches('/').chars();
    let name: String =
        letters.map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    match name.trim_matches('-') {
        "" => "project".to_owned(),
        name => name.to_lowercase(),
    }
}

/// The directory behind a named volume. A name of dots alone would be another directory.
fn volume_path(name: &str) -> String {
    format!("{VOLUMES}/{}", name.replacen('.', "_", usize::from(name.starts_with('.'))))
}

/// The task's name for a volume of the application.
pub(super) fn of_application(application: &Application, name: &str) -> String {
    match application.volumes.get(name).filter(|volume| volume.folder.is_some()) {
        Some(_) => folder_name(application, name),
        None => container_name(name),
    }
}

/// The name of a folder's volume: its path in letters, with a hash where two paths could have the same letters.
fn folder_name(application: &Application, path: &str) -> String {
    let relative = path.trim_start_matches("./");
    let plain = volume_name(relative);
    if plain == relative && !application.volumes.contains_key(plain.as_str()) {
        return plain;
    }
    let hash: String = Sha256::digest(path).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{plain}-{hash}")
}

/// The directory on the instance behind a volume of the application.
pub(in crate::beanstalk) fn directory(application: &Application, volume: &NamedVolume) -> String {
    let Some(folder) = &volume.folder else { return volume_path(&volume.name) };
    match &folder.part_of {
        Some(OuterFolder { volume: around, below }) => {
            format!("{VOLUMES}/{}/{below}", folder_name(application, around))
        }
        None => format!("{VOLUMES}/{}", folder_name(application, &volume.name)),
    }
}

/// A folder for data: a directory on the instance, if it is one of the project.
fn folder(volume: &NamedVolume, place: FolderPlace, is_shared: bool, cx: &mut Compilation<'_>) {
    if place == FolderPlace::Host {
        let why = "it is outside the project's directory";
        cx.ledger.rejected(&volume.node, why);
        let message = format!("`{}`, which is mounted, cannot be bundled: {why}", volume.name);
        let told =
            Diagnostic::new(&rules::OUTSIDE_PATH, message).at(volume.origin).key(path(cx, volume.node));
        cx.diagnostics.push(told.help("move the files into the project directory, or use a named volume"));
        return;
    }
    if is_shared {
        return;
    }
    let message = format!(
        "`{}` becomes a directory on each instance: it starts empty and is lost with the instance",
        volume.name
    );
    let told = Diagnostic::new(&rules::INSTANCE_VOLUME, message).at(volume.origin).key(path(cx, volume.node));
    cx.diagnostics.push(told.help(KEEP));
}

/// How data is kept that an instance loses.
pub(in crate::beanstalk) const KEEP: &str =
    "keep the data on EFS: `x-tranship: { file_system: fs-... }`, or in a database or in S3";

/// The directories behind the named volumes.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    for volume in application.volumes.values() {
        if volume.users.is_empty() {
            continue;
        }
        if is_log_volume(application, &volume.name) {
            cx.ledger.decided(&volume.node, "the volume of Elastic Beanstalk for the logs of the container");
            continue;
        }
        let directory = directory(application, volume);
        let owner = volume.owner.as_ref();
        let owner = owner.map(|owner| *cx.ledger.exact(owner, format!("owner of {directory}")));
        if let Some(external) = &volume.external {
            let reason = "an existing volume cannot be used: the directory starts empty";
            cx.ledger.ignored(external, reason, BehaviourEffect::Equivalent);
        }
        match volume.scope {
            _ if volume.folder.is_some() => {
                let is_shared = plan.file_system.is_some();
                volume.folder.iter().for_each(|found| folder(volume, found.place, is_shared, cx));
            }
            VolumeLifetime::Task(_) => {
                cx.ledger.decided(&volume.node, format!("{directory} on the instance"))
            }
            VolumeLifetime::Persistent if plan.file_system.is_some() => {
                cx.ledger.decided(&volume.node, format!("{directory}: {}", file_system::SHARED))
            }
            VolumeLifetime::Persistent => {
                let reason = "each instance has its own, which is lost with the instance";
                cx.ledger.approximated(
                    &volume.node,
                    BehaviourEffect::ChangesBehaviour,
                    directory.clone(),
                    reason,
                    "Dockerrun.aws.json: volumes",
                );
                cx.diagnostics.push(
                    Diagnostic::new(
                        &rules::INSTANCE_VOLUME,
                        format!(
                            "volume `{}` becomes a directory on each instance, and is lost with it",
                            volume.name
                        ),
                    )
                    .at(volume.origin)
                    .key(path(cx, volume.node))
                    .help(KEEP),
                );
            }
        }
        plan.volumes.push(HostVolume {
            name: of_application(application, &volume.name),
            path: Some(directory),
            owner,
            prepared: true,
            content: None,
            from: path(cx, volume.node),
        });
    }
}
