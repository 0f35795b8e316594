//! `volumes` of a service: files of the project are in the bundle, data is in a folder of the instance.

use super::{COMPOSE_FILE, node};
use crate::Compilation;
use crate::beanstalk::plan::file_system::SHARED;
use crate::beanstalk::plan::volumes::{KEEP, KEPT, bundled, directory, prepare};
use crate::beanstalk::plan::{BeanstalkPlan, UNPACKED, path};
use crate::beanstalk::rules;
use tranship_app::{
    AppService, Application, BehaviourEffect, BindMeaning, BindMount, BindSource, ComposeNode,
    ContainerMount, FolderPlace, MountSource, NamedVolume,
};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Mapping, Node};

/// The mounts of a service.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    given: ComposeNode<'_>,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let mut written = Vec::new();
    for item in given.items() {
        let mount = service.container.mounts.iter().find(|mount| mount.node == item.id());
        let source = match mount {
            // Lowering left it out, and said so.
            None => continue,
            Some(mount) => source(application, service, mount, plan, cx),
        };
        match source {
            None => {}
            Some(InstancePath::Same) => written.push(item.copy(cx.ledger, COMPOSE_FILE)),
            Some(InstancePath::Other(path)) => written.push(with_source(item, &path, cx)),
        }
    }
    (!written.is_empty()).then(|| node::list(written))
}

/// The mount with another source, which is claimed.
fn with_source(item: ComposeNode<'_>, source: &str, cx: &mut Compilation<'_>) -> Node {
    let mut written = Mapping::new();
    for (key, value) in item.entries() {
        let value = match &**key {
            "source" => node::text(source),
            _ => value.copy(cx.ledger, COMPOSE_FILE),
        };
        written.insert(node::key(key), value);
    }
    node::mapping(written)
}

/// What a mount finds on an instance.
enum InstancePath {
    /// What the manifest names.
    Same,
    /// Another path, which is claimed.
    Other(String),
}

/// Where a mount leads on an instance; `None` for one that is left out, or after an error.
fn source(
    application: &Application,
    service: &AppService,
    mount: &ContainerMount,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<InstancePath> {
    match &mount.source {
        MountSource::Volume(name) => match application.volumes.get(name) {
            Some(volume) if volume.folder.is_some() => Some(data(application, mount, volume, plan, cx)),
            _ => Some(InstancePath::Same),
        },
        MountSource::Bind(bind) => self::bind(application, service, (bind, mount), plan, cx),
        // Refused already.
        MountSource::Other(_) => None,
        _ => Some(InstancePath::Same),
    }
}

/// A folder for data: one of the instance, which new versions do not replace.
fn data(
    application: &Application,
    mount: &ContainerMount,
    volume: &NamedVolume,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> InstancePath {
    let is_absolute = volume.folder.as_ref().is_some_and(|folder| folder.place == FolderPlace::Host)
        && volume.name.starts_with('/');
    let folder = if is_absolute { volume.name.to_string() } else { directory(application, volume) };
    let effect = BehaviourEffect::ChangesBehaviour;
    match plan.file_system.is_some() && !is_absolute {
        true => {
            let reason = SHARED;
            let effect = BehaviourEffect::Equivalent;
            cx.ledger.approximated(&mount.node, effect, folder.clone(), reason, COMPOSE_FILE);
        }
        false => cx.ledger.approximated(&mount.node, effect, folder.clone(), KEPT, COMPOSE_FILE),
    }
    cx.ledger.reported(&mount.node);
    // An existing folder of the machine keeps its owner.
    let owner = volume.owner.as_ref().map(tranship_app::At::get).filter(|_| !is_absolute);
    prepare(&folder, owner, path(cx, mount.node), plan);
    InstancePath::Other(folder)
}

/// A file or folder of the project, or one that every Linux machine has.
fn bind(
    application: &Application,
    service: &AppService,
    (bind, mount): (&BindMount, &ContainerMount),
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<InstancePath> {
    match bind.meaning {
        BindMeaning::Machine(_) => Some(InstancePath::Same),
        BindMeaning::DevelopmentCode => {
            let reason = match bind.source {
                BindSource::Missing(_) => "nothing exists at the path; the content of the image is used",
                _ => "the image already contains the code that it is built from",
            };
            cx.ledger.ignored(&mount.node, reason, BehaviourEffect::ChangesBehaviour);
            None
        }
        BindMeaning::Content | BindMeaning::OutsideProject | BindMeaning::MissingFile => {
            let found = bundled(service, (bind, mount), application, plan, COMPOSE_FILE, cx)?;
            // Docker Compose resolves relative paths from the folder of the file, where jobs run before the last step.
            let found = found.strip_prefix(UNPACKED).map_or(found.clone(), |rest| format!(".{rest}"));
            Some(InstancePath::Other(found))
        }
    }
}

/// Says once for each folder for data what becomes of it.
pub(super) fn report_folders(application: &Application, cx: &mut Compilation<'_>) {
    for volume in application.volumes.values().filter(|volume| volume.folder.is_some()) {
        let message = format!(
            "`{}` becomes a directory on each instance: it starts empty and is lost with the instance",
            volume.name
        );
        let told = Diagnostic::new(&rules::INSTANCE_VOLUME, message).at(volume.origin);
        cx.diagnostics.push(told.key(path(cx, volume.node)).help(KEEP));
    }
}
