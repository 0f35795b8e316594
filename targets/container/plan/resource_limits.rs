//! What a container may use: CPU, memory, shared memory, limits of its processes, kernel parameters.

use crate::container::field;
use crate::container::{
    ContainerPlan, ContainerPlanner, CpuBound, NetworkMode, ResourceLimit, SystemControl,
};
use tranship_app::{BehaviourEffect, UlimitPair};
use tranship_facts::quotas::ecs::{LEAST_MEMORY_MIB, MOST_OPEN_FILES, ULIMIT_NAMES, USUAL_SHARED_MEMORY_MIB};
use tranship_facts::{GIB, MIB};

/// Decides them all.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    cpu(planner, container);
    memory(planner, container);
    shared_memory(planner, container);
    process_limits(planner, container);
    storage(planner, container);
    for (name, value) in &planner.service().container.sysctls {
        if let Some(namespace) = machine_namespace(planner, name) {
            let reason = format!(
                "the container uses the {namespace} namespace of its instance, and Docker rejects it too"
            );
            planner.reject(
                value,
                &format!("sysctls.{name}"),
                &reason,
                "set it on the instance, or remove it",
            );
            continue;
        }
        let value = planner.exact(value, field::SYSTEM_CONTROLS).clone();
        container.sysctls.push(SystemControl { namespace: name.to_string(), value });
    }
}

fn cpu<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let asked = &planner.service().resources;
    let (limit, reservation) = (asked.cpu_limit.as_ref(), asked.cpu_reservation.as_ref());
    match planner.bounds.cpu {
        CpuBound::TaskSize => {
            let limit = limit.map(|limit| *planner.exact(limit, field::CPU));
            container.cpu = match (limit, reservation) {
                (Some(limit), Some(unused)) => {
                    let reason = "the limit sets the CPU of the container";
                    planner.ignore(
                        unused,
                        "deploy.resources.reservations.cpus",
                        reason,
                        BehaviourEffect::Equivalent,
                    );
                    Some(limit)
                }
                (limit, reservation) => {
                    limit.or(reservation.map(|reservation| *planner.exact(reservation, field::CPU)))
                }
            };
        }
        CpuBound::Weight => {
            let reservation = reservation.map(|reservation| *planner.exact(reservation, field::CPU));
            container.cpu = reservation.or(limit.map(|limit| limit.get()));
            if let (Some(limit), Some(weight)) = (limit, container.cpu) {
                let reason = "ECS on EC2 shares CPUs by weight, so an idle instance gives the container more";
                planner.approximate(
                    limit,
                    field::CPU,
                    BehaviourEffect::ChangesBehaviour,
                    format!("a weight of {weight}"),
                    reason,
                );
            }
        }
        CpuBound::Quota => {
            container.cpu_quota = limit.map(|limit| *planner.exact(limit, field::CPU_QUOTA));
            container.cpu = reservation.map(|reservation| {
                let weight = *planner.exact(reservation, field::CPU);
                planner.approximate(
                    reservation,
                    field::CPU,
                    BehaviourEffect::Equivalent,
                    format!("a weight of {weight}"),
                    "Docker reserves no CPU for a container",
                );
                weight
            });
        }
    }
}

fn memory<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let asked = &planner.service().resources;
    let mib = |bytes: u64| u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX).max(LEAST_MEMORY_MIB);
    container.memory = asked.memory_limit.as_ref().map(|limit| mib(*planner.exact(limit, field::MEMORY)));
    if let Some(reservation) = &asked.memory_reservation {
        let own = mib(*planner.exact(reservation, field::MEMORY_RESERVATION));
        if let Some(limit) = container.memory.filter(|limit| *limit < own) {
            let reason = "a container cannot reserve more memory than its limit";
            planner.approximate(
                reservation,
                field::MEMORY_RESERVATION,
                BehaviourEffect::Equivalent,
                format!("{limit} MiB"),
                reason,
            );
        }
        // A reservation of the whole limit says nothing more than the limit, and Amazon ECS refuses it.
        container.memory_reservation = container.memory.is_none_or(|limit| own < limit).then_some(own);
    }
    if container.memory.is_none() && container.memory_reservation.is_none() {
        let usual = planner.service().usual_size.filter(|_| planner.request.reserves_usual);
        let known = usual.map(|size| size.memory);
        container.memory_reservation =
            planner.bounds.default_memory_reservation.map(|least| known.unwrap_or(least));
    }
}

fn shared_memory<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let Some(size) = &planner.service().container.shm_size else { return };
    let mib = planner.exact(size, field::SHARED_MEMORY).div_ceil(MIB);
    if planner.bounds.shared_memory {
        // The API takes a 32-bit number of MiB (Amazon ECS API Reference, `LinuxParameters`).
        let Some(mib) =
            i32::try_from(mib).ok().and_then(|mib| u32::try_from(mib).ok()).filter(|mib| *mib > 0)
        else {
            let help = format!("write a size from 1 MiB to {} MiB", i32::MAX);
            planner.reject(size, "shm_size", "the size is out of range", &help);
            return;
        };
        container.linux.shared_memory = Some(mib);
    } else {
        let reason = "`/dev/shm` always has 64 MiB";
        planner.ignore(
            size,
            "shm_size",
            reason,
            BehaviourEffect::changed_if(mib > u64::from(USUAL_SHARED_MEMORY_MIB)),
        );
    }
}

/// The namespace of a kernel parameter, where the container shares the machine's (Docker documentation, "docker run:
/// configure namespaced kernel parameters").
fn machine_namespace(planner: &ContainerPlanner<'_, '_>, name: &str) -> Option<&'static str> {
    let shares_ipc = planner.service().container.ipc.as_ref().is_some_and(|ipc| ipc.peek() == "host");
    let of_ipc = ["kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue."];
    if name.starts_with("net.") && planner.request.network == NetworkMode::Host {
        Some("network")
    } else {
        of_ipc.iter().any(|prefix| name.starts_with(prefix)).then_some("IPC").filter(|_| shares_ipc)
    }
}

/// The room for what a container writes outside of its volumes.
fn storage<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let Some(place) = planner.bounds.storage else { return };
    let Some(size) = &planner.service().container.storage_size else { return };
    let reason = "the disk has room for it, and containers share the rest";
    let bytes = *planner.cx.ledger.exact(size, place);
    let value = format!("at least {} GiB", bytes.div_ceil(GIB));
    planner.cx.ledger.approximated(size, BehaviourEffect::Equivalent, value, reason, place);
    container.storage = Some(bytes);
}

fn process_limits<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    for (name, limit) in &planner.service().container.ulimits {
        if !ULIMIT_NAMES.contains(&&**name) {
            let help = format!("use one of {}", ULIMIT_NAMES.join(", "));
            planner.reject(limit, &format!("ulimits.{name}"), "unknown limit", &help);
            continue;
        }
        let UlimitPair { soft, hard } = *planner.exact(limit, field::ULIMITS);
        if let Some(reason) = impossible(soft, hard) {
            let help = "write numbers from 0, or -1 for no limit, the soft limit not above the hard one";
            planner.reject(limit, &format!("ulimits.{name}"), reason, help);
            continue;
        }
        let open_files = &**name == "nofile";
        // -1 stands for no limit, which the number of open files always has.
        let legal = |value: i64| match value {
            value if open_files && !(0..=MOST_OPEN_FILES).contains(&value) => MOST_OPEN_FILES,
            value => value,
        };
        let made = ResourceLimit { name: name.to_string(), soft: legal(soft), hard: legal(hard) };
        if (made.soft, made.hard) != (soft, hard) {
            let reason = "this is the maximum";
            planner.approximate(
                limit,
                field::ULIMITS,
                BehaviourEffect::Equivalent,
                MOST_OPEN_FILES.to_string(),
                reason,
            );
        }
        container.ulimits.push(made);
    }
}

/// Why Docker refuses a limit, if it does. -1 stands for no limit.
fn impossible(soft: i64, hard: i64) -> Option<&'static str> {
    if soft < -1 || hard < -1 {
        return Some("a limit cannot be negative");
    }
    let above = hard != -1 && (soft == -1 || soft > hard);
    above.then_some("the soft limit is above the hard limit")
}
