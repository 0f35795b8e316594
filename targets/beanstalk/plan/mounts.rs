//! Mounts -> volumes of the task, which are directories of the instance.

use super::task::{MountPoint, Tmpfs};
use super::{Container, HostVolume, Plan, UNPACKED, container_name, files, path};
use crate::Compilation;
use crate::beanstalk::rules;
use camino::Utf8Path;
use tranship_app::rules::target;
use tranship_app::{Application, At, Mount, MountSource, Scope, Service};
use tranship_facts::quotas::ecs::USUAL_TMPFS_MIB;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::world::Kind;

const MIB: u64 = 1024 * 1024;

/// Where named volumes are on the instance.
const VOLUMES: &str = "/data";

/// Paths that every Linux machine has, which need no copy from the project.
const OF_THE_MACHINE: &[&str] =
    &["/var/run/docker.sock", "/run/docker.sock", "/etc/localtime", "/etc/timezone", "/proc", "/sys", "/dev"];

/// Decides the mounts of a container.
pub(super) fn decide(
    service: &Service,
    container: &mut Container,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) {
    for (index, mount) in service.container.mounts.iter().enumerate() {
        cx.ledger.exact(&mount.node, "container definition: mountPoints");
        let source_volume = match &mount.source {
            MountSource::Tmpfs { size } => {
                let tmpfs = tmpfs(mount, size.as_ref(), cx);
                container.definition.linux_parameters.tmpfs.push(tmpfs);
                continue;
            }
            MountSource::Volume(name) => Some(container_name(name)),
            MountSource::Anonymous => Some(anonymous(service, index, mount, plan, cx)),
            MountSource::Bind(source) => bind(service, source, mount, plan, cx),
            MountSource::Other(kind) => refuse_kind(service, kind, cx),
        };
        let Some(source_volume) = source_volume else { continue };
        let (container_path, read_only) = (mount.target.peek().clone(), mount.read_only);
        container.definition.mount_points.push(MountPoint { source_volume, container_path, read_only });
    }
}

/// The mounts of a job, as `docker run --volume` takes them.
pub(super) fn of_job(service: &Service, plan: &mut Plan, cx: &mut Compilation<'_>) -> Vec<String> {
    let mut list = Vec::new();
    for mount in &service.container.mounts {
        let source = match &mount.source {
            MountSource::Volume(name) => Some(volume_path(name)),
            // The bundle is not at its final place yet when a job runs.
            MountSource::Bind(source) => bind(service, source, mount, plan, cx).and_then(|name| {
                let volume = plan.volumes.iter().find(|volume| volume.name == name)?;
                Some(volume.path.as_ref()?.replacen(UNPACKED, "/var/app/staging", 1))
            }),
            MountSource::Anonymous | MountSource::Tmpfs { .. } => None,
            MountSource::Other(kind) => refuse_kind(service, kind, cx),
        };
        cx.ledger.exact(&mount.node, "docker run --volume");
        if let Some(source) = source {
            let mode = if mount.read_only { ":ro" } else { "" };
            list.push(format!("{source}:{}{mode}", mount.target.peek()));
        }
    }
    list
}

fn tmpfs(mount: &Mount, size: Option<&At<u64>>, cx: &mut Compilation<'_>) -> Tmpfs {
    if size.is_none() {
        let reason = "Amazon ECS wants a size";
        let became = "container definition: tmpfs";
        cx.ledger.approximated(&mount.target, format!("{USUAL_TMPFS_MIB} MiB"), reason, became);
    }
    let size = size.map_or(u64::from(USUAL_TMPFS_MIB), |size| size.peek().div_ceil(MIB).max(1));
    Tmpfs { container_path: mount.target.peek().clone(), size }
}

/// A volume that is empty at each start.
fn anonymous(
    service: &Service,
    index: usize,
    mount: &Mount,
    plan: &mut Plan,
    cx: &Compilation<'_>,
) -> String {
    let stem = format!("{}-{index}", container_name(&service.name));
    let name = free_name(plan, &stem).unwrap_or(stem);
    let from = path(cx, mount.node);
    plan.volumes.push(HostVolume { name: name.clone(), path: None, owner: None, prepared: false, from });
    name
}

/// A path of the local machine. A file or directory of the project goes into the bundle; a directory for
/// data, which no one commits, is one of the instance.
fn bind(
    service: &Service,
    source: &At<String>,
    mount: &Mount,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    let local = Utf8Path::new(source.peek());
    let machine = OF_THE_MACHINE.iter().any(|known| local.starts_with(known));
    let data = !machine && is_for_data(service, local, cx);
    let on_instance = match (machine, data) {
        (true, _) => source.peek().clone(),
        (false, true) => kept(service, source, local, cx),
        (false, false) => bundled(service, source, local, plan, cx)?,
    };
    let standing = plan.volumes.iter().find(|volume| volume.path.as_deref() == Some(on_instance.as_str()));
    if let Some(standing) = standing {
        return Some(standing.name.clone());
    }
    let name = free_name(plan, &volume_name(&on_instance))?;
    let (path, from) = (Some(on_instance), path(cx, mount.node));
    plan.volumes.push(HostVolume { name: name.clone(), path, owner: None, prepared: data, from });
    Some(name)
}

/// Whether a directory of the project holds data: a data store's own, or one that is not there and that
/// Docker would make.
fn is_for_data(service: &Service, local: &Utf8Path, cx: &Compilation<'_>) -> bool {
    let inside = local.starts_with(&cx.manifest.directory);
    let named_as_file = local.file_name().is_some_and(|name| name.trim_start_matches('.').contains('.'));
    inside
        && match cx.world.kind(local) {
            Some(Kind::File) => false,
            Some(Kind::Directory) => service.data_store.is_some(),
            None => !named_as_file,
        }
}

/// The directory of the instance that stands in for one of the project's that holds data.
fn kept(service: &Service, source: &At<String>, local: &Utf8Path, cx: &mut Compilation<'_>) -> String {
    let relative = local.strip_prefix(&cx.manifest.directory).unwrap_or(local);
    let directory = format!("{VOLUMES}/{}", volume_name(relative.as_str()));
    let reason = "a directory of the instance, empty at first: it goes with the instance";
    cx.ledger.approximated(source, directory.clone(), reason, "Dockerrun.aws.json: volumes");
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::INSTANCE_VOLUME,
            format!(
                "`{relative}` of service `{}` is an empty directory of each instance and goes with it",
                service.name
            ),
        )
        .at(source.origin)
        .service(&*service.name)
        .help("keep what matters in a database or in S3, or choose an ECS target"),
    );
    directory
}

/// A volume's name that no other has.
fn free_name(plan: &Plan, stem: &str) -> Option<String> {
    let taken = |name: &String| plan.volumes.iter().any(|volume| volume.name == *name);
    let numbered = (2u32..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.to_owned()).chain(numbered).find(|name| !taken(name))
}

/// The path that a bundled file or directory has on the instance. Nothing after an error.
fn bundled(
    service: &Service,
    source: &At<String>,
    local: &Utf8Path,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    let relative = local.strip_prefix(&cx.manifest.directory).ok().map(Utf8Path::to_owned);
    let added = match &relative {
        Some(relative) => files::add(local, relative, plan, cx),
        None => Err("it is outside the project's directory".to_owned()),
    };
    match (added, relative) {
        (Ok(()), Some(relative)) => {
            let reason = "a copy in the bundle: what is written there goes with the next deployment";
            let on_instance = Utf8Path::new(UNPACKED).join(relative).to_string();
            cx.ledger.approximated(source, on_instance.clone(), reason, "Dockerrun.aws.json: volumes");
            Some(on_instance)
        }
        (Err(why), _) => {
            cx.ledger.rejected(source, why.clone());
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::OUTSIDE_PATH,
                    format!(
                        "service `{}` mounts a local path that the bundle cannot hold: {why}",
                        service.name
                    ),
                )
                .at(source.origin)
                .service(&*service.name)
                .help("move the files below the project's directory, or use a named volume"),
            );
            None
        }
        (Ok(()), None) => None,
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

fn refuse_kind(service: &Service, kind: &At<String>, cx: &mut Compilation<'_>) -> Option<String> {
    cx.ledger.rejected(kind, "the platform has directories of the instance only");
    cx.diagnostics.push(
        Diagnostic::new(
            &target::REJECTED_KEY,
            format!("service `{}` mounts `{}`, which beanstalk does not have", service.name, kind.peek()),
        )
        .at(kind.origin)
        .service(&*service.name)
        .help("use a named volume, or a bind mount of a file in the project"),
    );
    None
}

fn volume_path(name: &str) -> String {
    format!("{VOLUMES}/{name}")
}

/// The directories behind the named volumes.
pub(super) fn volumes(application: &Application, plan: &mut Plan, cx: &mut Compilation<'_>) {
    for volume in application.volumes.values() {
        if volume.users.is_empty() {
            continue;
        }
        let directory = volume_path(&volume.name);
        if let Some(owner) = &volume.owner {
            cx.ledger.exact(owner, format!("owner of {directory}"));
        }
        if let Some(external) = &volume.external {
            let reason = "a volume of another machine cannot be taken over: the directory starts empty";
            cx.ledger.ignored(external, reason, true);
        }
        match volume.scope {
            Scope::Task(_) => cx.ledger.exact(&volume.node, format!("{directory} on the instance")),
            Scope::Persistent => {
                let reason = "every instance has its own, and it goes with the instance";
                cx.ledger.approximated(
                    &volume.node,
                    directory.clone(),
                    reason,
                    "Dockerrun.aws.json: volumes",
                );
                cx.diagnostics.push(
                    Diagnostic::new(
                        &rules::INSTANCE_VOLUME,
                        format!("volume `{}` is a directory of each instance and goes with it", volume.name),
                    )
                    .at(volume.origin)
                    .help("keep what matters in a database or in S3, or choose an ECS target, where it becomes EFS"),
                );
            }
        }
        plan.volumes.push(HostVolume {
            name: container_name(&volume.name),
            path: Some(directory),
            owner: volume.owner.as_ref().map(|owner| owner.get()),
            prepared: true,
            from: path(cx, volume.node),
        });
    }
}
