//! Which machines run the tasks: their type, how many there are, what they prepare.
//!
//! In: everything that runs on them. Out: a [`MachinePlan`] and what to report. Emission writes it down.

use super::gpus;
use super::placement;
use super::rules;
use crate::ecs::plan::{
    MachineChoice, MachineCount, MachineFolder, MachinePlan, MachineRequest, NetworkMode, TaskPlan,
    VolumeStorage,
};
use std::collections::BTreeSet;
use tranship_facts::{GIB, InstanceType};
use tranship_frontend::diagnostic::{Diagnostic, Severity, listed};

/// The disk of a machine, in GiB: what the machine image needs at least.
const DISK: u32 = 30;
/// The disk of a machine with GPUs, in GiB. Images with the libraries of CUDA have 10 and more, and two are there at once
/// while a service is deployed.
const GPU_DISK: u32 = 100;
/// The largest gp3 volume, in GiB (Amazon EBS User Guide, "General Purpose SSD volumes", read 2026-11).
const LARGEST_DISK: u32 = 65_536;

/// Decides the machines, and asks every rule about them.
pub(super) fn decide(request: &MachineRequest<'_>) -> MachineChoice {
    let mut diagnostics = Vec::new();
    let instance_type = match request.instance_type {
        Some(requested) => requested.name.to_owned(),
        None => smallest(request, &mut diagnostics),
    };
    let instance = InstanceType::find(&instance_type);
    if instance.is_none() {
        diagnostics.push(unknown(request, &instance_type));
    }
    let count = request.count.unwrap_or_else(|| machine_count(request, instance.as_ref()));
    let mut rejected = Vec::new();
    if let Some(instance) = &instance {
        diagnostics.extend(placement::check(request, instance, count.max));
        rejected = placement::rejected_platforms(request.load.tasks, instance);
    }
    diagnostics.extend(shared_security_group(request.load.tasks));
    let plan = MachinePlan {
        log_drivers: log_drivers(request.load.tasks),
        instance_type,
        architecture: instance.map_or_else(|| request.load.architecture(), |instance| instance.architecture),
        gpu: request.load.tasks.iter().any(gpus::is_used_by),
        disk: disk(request.load.tasks),
        count,
        provider_name: None,
        protected: request.prod,
        subnets: request.network.private.clone(),
        folders: folders(request.load.tasks),
        after: request.network.after.clone(),
        from: vec!["x-tranship".to_owned()],
    };
    MachineChoice { plan, diagnostics, rejected }
}

/// The smallest type that holds every task. Where none does, the largest: the rules say which task, and why.
fn smallest(request: &MachineRequest<'_>, diagnostics: &mut Vec<Diagnostic>) -> String {
    let gpu = request.load.tasks.iter().any(gpus::is_used_by);
    let choices = match gpu {
        true => InstanceType::gpu_choices(),
        false => InstanceType::choices(request.load.architecture()),
    };
    let fits = choices.iter().position(|instance| placement::fits(&request.load, instance));
    let Some((index, chosen)) = fits.and_then(|index| Some((index, choices.get(index)?))) else {
        return choices.last().map(|it| it.name.clone()).unwrap_or_default();
    };
    let severity = if index == 0 && !gpu { Severity::Note } else { Severity::Warning };
    let message =
        format!("the cluster runs on `{}`, the smallest instance type that holds every task", chosen.name);
    diagnostics.push(
        Diagnostic::new(&rules::INSTANCE_TYPE, message)
            .severity(severity)
            .at(request.origin)
            .key("x-tranship.instance_type")
            .help("choose another with `x-tranship: { instance_type: ... }`"),
    );
    chosen.name.clone()
}

fn unknown(request: &MachineRequest<'_>, name: &str) -> Diagnostic {
    let message = format!("unknown instance type `{name}`: cannot check that the tasks fit on it");
    Diagnostic::new(&rules::UNKNOWN_INSTANCE_TYPE, message)
        .at(request.instance_type.map(|requested| requested.origin).unwrap_or_default())
        .key("x-tranship.instance_type")
        .help("check the spelling, such as `t3.small`")
}

/// Fewest and most machines: two at least under posture prod, and as many as the tasks need.
fn machine_count(request: &MachineRequest<'_>, instance: Option<&InstanceType>) -> MachineCount {
    let min = if request.prod { 2 } else { 1 };
    let needed = instance.map_or(0, |instance| placement::machines_needed(&request.load, instance));
    MachineCount { min, max: needed.max(min * 2) }
}

/// The disk in GiB: what the machine image needs, images with drivers for GPUs, and what containers may write.
fn disk(tasks: &[TaskPlan]) -> u32 {
    let usual = if tasks.iter().any(gpus::is_used_by) { GPU_DISK } else { DISK };
    let containers = tasks.iter().flat_map(|task| &task.containers);
    let written: u64 =
        containers.filter_map(|container| container.storage).map(|bytes| bytes.div_ceil(GIB)).sum();
    u32::try_from(written).unwrap_or(u32::MAX).saturating_add(usual).min(LARGEST_DISK)
}

/// The log drivers of all containers, each once. The agent offers that of a log router by itself.
fn log_drivers(tasks: &[TaskPlan]) -> Vec<String> {
    let containers = tasks.iter().flat_map(|task| &task.containers);
    let drivers = containers.filter_map(|container| container.log_driver.as_ref());
    let found: BTreeSet<&String> = drivers.filter(|driver| *driver != "awsfirelens").collect();
    found.into_iter().cloned().collect()
}

/// Folders that belong to someone, each once.
fn folders(tasks: &[TaskPlan]) -> Vec<MachineFolder> {
    let volumes = tasks.iter().flat_map(|task| &task.volumes);
    let mut folders: Vec<MachineFolder> = volumes
        .filter_map(|volume| match &volume.storage {
            VolumeStorage::Host { path, owner: Some(owner) } => {
                Some(MachineFolder { path: path.clone(), owner: *owner })
            }
            _ => None,
        })
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// Tasks in bridge mode share what their machine may reach.
fn shared_security_group(tasks: &[TaskPlan]) -> Option<Diagnostic> {
    let shared = tasks.iter().filter(|task| task.mode != NetworkMode::AwsVpc);
    let names: Vec<String> = shared.map(|task| format!("`{}`", task.name)).collect();
    (names.len() > 1).then(|| {
        let message =
            format!("{} share the network and the security group of their instance", listed(&names));
        Diagnostic::new(&rules::SHARED_SECURITY_GROUP, message).help(
            "everything that one of them may reach, all of them may reach; on `fargate`, each task has its own group",
        )
    })
}
