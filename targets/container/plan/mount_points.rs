//! What a container mounts: volumes that its host provides, and memory.

use crate::container::field;
use crate::container::{
    ContainerHost, ContainerPlan, ContainerPlanner, LinuxParameters, MountPoint, TmpfsMount, rules,
};
use tranship_app::{At, BehaviourEffect, BindMeaning, ContainerMount, MountSource};
use tranship_facts::quotas::ecs::TMPFS_OPTIONS;
use tranship_facts::{MIB, MachinePath};

/// Adds the mounts.
pub(super) fn plan<H: ContainerHost>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &mut H,
    container: &mut ContainerPlan<H::DeployText, H::KnownText>,
) {
    for (index, mount) in planner.service().container.mounts.iter().enumerate() {
        let volume = match &mount.source {
            MountSource::Tmpfs { size, options } => {
                container.linux.tmpfs.push(tmpfs(planner, mount, size.as_ref(), options));
                None
            }
            MountSource::Volume(name) => host.named_volume(name, mount, planner),
            MountSource::Anonymous => host.anonymous_volume(index, mount, planner),
            MountSource::Bind(bind) if bind.meaning == BindMeaning::Machine(MachinePath::SharedMemory) => {
                shared_memory(planner, mount, &mut container.linux);
                None
            }
            MountSource::Bind(bind) => host.bind_mount(bind, mount, planner),
            MountSource::Other(kind) => {
                let shown = format!("type: {}", kind.peek());
                let remedy = "use a named volume, or put the files into the image";
                planner.reject(&mount.node, &shown, "ECS does not support this mount type", remedy);
                None
            }
        };
        if let Some(volume) = volume {
            let (path, read_only) = (mount.target.peek().clone(), mount.read_only);
            container.mounts.push(MountPoint { volume, path, read_only });
        }
    }
}

/// MiB of `/dev/shm` where the manifest mounts that of the machine, which has half of the machine's memory: enough
/// for a browser or a database that sorts in it.
const SHARED_MEMORY_MIB: u32 = 1024;

/// The machine's own `/dev/shm` becomes one of that container.
fn shared_memory(
    planner: &mut ContainerPlanner<'_, '_>,
    mount: &ContainerMount,
    linux: &mut LinuxParameters,
) {
    let effect = BehaviourEffect::ChangesBehaviour;
    if !planner.bounds.shared_memory {
        let reason = "`/dev/shm` is the container's own and has 64 MiB";
        planner.ignore(&mount.node, "volumes: /dev/shm", reason, effect);
        return;
    }
    let size = *linux.shared_memory.get_or_insert(SHARED_MEMORY_MIB);
    let reason = "`/dev/shm` is the container's own; `shm_size` sets its size";
    planner.approximate(&mount.node, field::SHARED_MEMORY, effect, format!("{size} MiB"), reason);
}

/// Memory as a folder. Compose needs no size for it, Amazon ECS does.
fn tmpfs(
    planner: &mut ContainerPlanner<'_, '_>,
    mount: &ContainerMount,
    size: Option<&At<u64>>,
    options: &[At<String>],
) -> TmpfsMount {
    let path = mount.target.peek().clone();
    let given = size.map(|size| u32::try_from(size.peek().div_ceil(MIB)).unwrap_or(u32::MAX).max(1));
    let chosen = planner.bounds.default_tmpfs_size.filter(|_| given.is_none());
    match chosen {
        Some(chosen) => default_size(planner, mount, chosen),
        None => planner.decided(&mount.node, field::TMPFS),
    }
    let mut known: Vec<String> = mount.read_only.then(|| "ro".to_owned()).into_iter().collect();
    for option in options {
        if let Some(option) = known_option(planner, mount, option).filter(|option| !known.contains(option)) {
            known.push(option);
        }
    }
    TmpfsMount { path, size: given.or(chosen), options: known }
}

/// An option that Amazon ECS and Docker pass on to `mount`; of any other the user is told.
fn known_option(
    planner: &mut ContainerPlanner<'_, '_>,
    mount: &ContainerMount,
    option: &At<String>,
) -> Option<String> {
    let name = option.peek().split('=').next().unwrap_or_default();
    if TMPFS_OPTIONS.contains(&name) {
        let is_own = option.node != mount.node;
        return Some(if is_own {
            planner.exact(option, field::TMPFS).clone()
        } else {
            option.peek().clone()
        });
    }
    let shown = format!("tmpfs: {}", option.peek());
    let reason = "Amazon ECS does not know this option of a tmpfs";
    planner.ignore(option, &shown, reason, BehaviourEffect::ChangesBehaviour);
    None
}

fn default_size(planner: &mut ContainerPlanner<'_, '_>, mount: &ContainerMount, chosen: u32) {
    let value = format!("{chosen} MiB");
    planner.approximate(
        &mount.node,
        field::TMPFS,
        BehaviourEffect::ChangesBehaviour,
        value,
        "ECS requires a size",
    );
    let message =
        format!("the tmpfs `{}` of `{}` has {chosen} MiB", mount.target.peek(), planner.service().name);
    let diagnostic = planner
        .about(&rules::TMPFS_SIZE, &mount.node, message)
        .help("set a size: `volumes: [{ type: tmpfs, target: ..., tmpfs: { size: 128m } }]`");
    planner.cx.diagnostics.push(diagnostic);
}
