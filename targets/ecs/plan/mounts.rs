//! What containers mount: volumes of the task, of the machine or of EFS; memory; and what cannot be had.

use super::planner::Planner;
use super::{Container, MountPoint, TaskVolume, VolumeStorage, names};
use crate::ecs::rules;
use tranship_app::{At, Mount, MountSource, Scope, Service};
use tranship_frontend::diagnostic::Severity;

/// In MiB: what a tmpfs without a size gets. ECS wants a size, Compose has none by default.
const TMPFS: u32 = 64;
const MIB: u64 = 1024 * 1024;

/// Adds the mounts of a service to its container, and the volumes to its task.
pub(super) fn plan(
    planner: &mut Planner<'_, '_>,
    service: &Service,
    container: &mut Container,
    volumes: &mut Vec<TaskVolume>,
) {
    for mount in &service.container.mounts {
        match &mount.source {
            MountSource::Volume(name) => named(planner, name, mount, container, volumes),
            MountSource::Anonymous => {
                let own = names::container(&format!("{}{}", service.name, mount.target.peek()));
                add(volumes, TaskVolume { name: own.clone(), storage: VolumeStorage::Task });
                container.mounts.push(point(own, mount));
                planner.exact(&mount.node, "task definition: a volume of the task");
            }
            MountSource::Tmpfs { size } => tmpfs(planner, service, mount, size.as_ref(), container),
            MountSource::Bind(path) if is_of_machine(planner, path.peek()) => {
                machine(planner, mount, path, container, volumes);
            }
            MountSource::Bind(path) => bind(planner, service, mount, path),
            MountSource::Other(kind) => planner.reject(
                service,
                &mount.node,
                "volumes",
                &format!("ECS has no mounts of type `{}`", kind.peek()),
                "use a named volume, or put the files into the image",
            ),
        }
    }
}

fn named(
    planner: &mut Planner<'_, '_>,
    name: &str,
    mount: &Mount,
    container: &mut Container,
    volumes: &mut Vec<TaskVolume>,
) {
    let Some(volume) = planner.app.volumes.get(name) else { return };
    let local = matches!(volume.scope, Scope::Task(_));
    let storage = planner.compute.storage(volume, local);
    let became = match &storage {
        VolumeStorage::Task => "task definition: a volume of the task",
        VolumeStorage::Host { .. } => "task definition: a folder of the machine",
        VolumeStorage::Efs(_) => "EFS: file system and access point",
    };
    planner.exact(&mount.node, became);
    let own = names::container(name);
    add(volumes, TaskVolume { name: own.clone(), storage });
    container.mounts.push(point(own, mount));
}

fn add(volumes: &mut Vec<TaskVolume>, volume: TaskVolume) {
    if !volumes.iter().any(|known| known.name == volume.name) {
        volumes.push(volume);
    }
}

fn point(volume: String, mount: &Mount) -> MountPoint {
    MountPoint { volume, path: mount.target.peek().clone(), read_only: mount.read_only }
}

fn tmpfs(
    planner: &mut Planner<'_, '_>,
    service: &Service,
    mount: &Mount,
    size: Option<&At<u64>>,
    container: &mut Container,
) {
    let mib = size.map_or(TMPFS, |size| u32::try_from(size.peek().div_ceil(MIB)).unwrap_or(u32::MAX));
    container.linux.tmpfs.push((mount.target.peek().clone(), mib.max(1)));
    if size.is_some() {
        planner.exact(&mount.node, "task definition: LinuxParameters.Tmpfs");
    } else {
        let message = format!("the tmpfs `{}` of `{}` has {TMPFS} MiB", mount.target.peek(), service.name);
        let told = planner
            .about(&rules::TMPFS_SIZE, service, &mount.node, message)
            .severity(Severity::Note)
            .help("give it a size: `volumes: [{ type: tmpfs, target: ..., tmpfs: { size: 128m } }]`");
        planner.cx.diagnostics.push(told);
        let reason = "ECS wants a size for every tmpfs";
        planner.cx.ledger.approximated(&mount.node, format!("{TMPFS} MiB"), reason, "LinuxParameters.Tmpfs");
    }
}

/// Paths that every machine has, whatever runs on it: what agents that watch other containers mount.
const OF_MACHINE: &[&str] =
    &["/", "/proc", "/sys", "/sys/fs/cgroup", "/run/docker.sock", "/var/run/docker.sock", "/var/lib/docker"];

/// Whether the path means the same on a machine of the cluster, and containers may mount it.
fn is_of_machine(planner: &Planner<'_, '_>, path: &str) -> bool {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let below =
        path.starts_with("/proc/") || path.starts_with("/sys/") || path.starts_with("/var/lib/docker/");
    planner.compute.limits().host_access && (below || OF_MACHINE.contains(&path))
}

fn machine(
    planner: &mut Planner<'_, '_>,
    mount: &Mount,
    path: &At<String>,
    container: &mut Container,
    volumes: &mut Vec<TaskVolume>,
) {
    let own = names::container(path.peek());
    let storage = VolumeStorage::Host { path: path.peek().clone(), owner: None };
    add(volumes, TaskVolume { name: own.clone(), storage });
    container.mounts.push(point(own, mount));
    planner.exact(&mount.node, "task definition: a path of the machine");
}

/// Files of the machine that runs Compose are not on AWS. Beside `build` they are the sources that
/// the image holds anyway; without it the container would start without them.
fn bind(planner: &mut Planner<'_, '_>, service: &Service, mount: &Mount, path: &At<String>) {
    let built = planner
        .cx
        .manifest
        .root
        .at(&["services", &service.name, "build"])
        .is_some_and(|node| !node.is_null());
    let shown = format!("volumes: {}", mount.target.peek());
    if path.peek().ends_with("docker.sock") {
        let reason = "there is no Docker daemon to talk to";
        let help = "remove the mount in a Compose file of the environment (`files:`), or skip the service: `x-tranship: { skip: [...] }`";
        planner.reject(service, &mount.node, &shown, reason, help);
    } else if built {
        let reason = "files of this machine are not on AWS; the image's own are used";
        planner.ignore(service, &mount.node, &shown, reason, true);
    } else {
        let reason = "files of this machine are not on AWS, and the image is not built from them";
        let help = "build an image that holds the files (`build:` with a Dockerfile that copies them), or keep data in a named volume";
        planner.reject(service, &mount.node, &shown, reason, help);
    }
}
