//! The compute policy: what Fargate and EC2 instances do differently, in a handful of pure methods.
//!
//! A policy answers from what it is given: it claims nothing, reports nothing and changes nothing. What there is to
//! report is part of the answer.

use super::{
    CapacityPlan, EcsServicePlan, JobPlan, MachineCount, MachinePlan, NetworkMode, NetworkPlan, TaskPlan,
    TaskSize, VolumeStorage,
};
use crate::container::ContainerBounds;
use std::collections::BTreeMap;
use tranship_app::{At, BehaviourEffect, CapacityKind, ManifestName, NamedVolume};
use tranship_facts::{ProcessorArchitecture, ValueRange};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// What runs the tasks of an ECS target.
pub trait ComputePolicy: Sync {
    /// What its task definitions may hold.
    fn limits(&self) -> &'static TaskLimits;

    /// How the containers of a task reach the network.
    fn network_mode(&self, reach: TaskReach) -> NetworkMode;

    /// The size of a task from what its containers ask for.
    fn task_size(&self, request: &SizeRequest) -> SizeChoice;

    /// The processor of images that name none, and of the machines, where the stack has its own.
    fn usual_processor(&self, request: &ProcessorRequest<'_>) -> ProcessorArchitecture;

    /// Where the data of a named volume is.
    fn storage(&self, volume: &NamedVolume) -> VolumeStorage;

    /// What the cluster and its services run on.
    fn capacity(&self, kind: CapacityKind) -> CapacityPlan;

    /// How the machines are decided, where the stack has its own.
    fn machines(&self) -> Option<DecideMachines>;
}

/// What a target's task definitions may hold.
#[derive(Debug)]
pub struct TaskLimits {
    /// The target, and what its containers may ask for.
    pub container: &'static ContainerBounds,
    /// Whether `capacity: spot` chooses spare capacity.
    pub spot: bool,
    /// Whether a service can run one task on each machine.
    pub daemons: bool,
    /// GiB that a task can have for what its containers write, where it is a property of the task.
    pub ephemeral_storage: Option<ValueRange<u32>>,
}

/// Who reaches a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskReach {
    /// Other tasks, by its name.
    pub by_name: bool,
    /// The containers of its own task, over the loopback: it has sidecars.
    pub together: bool,
    /// Nobody, maybe, but it keeps data as a database does.
    pub keeps_data: bool,
    /// Whoever reaches its machine: a container has the machine's network.
    pub on_machine: bool,
    /// A load balancer, which asks another port for its health than the one that it serves.
    pub asked_elsewhere: bool,
}

/// What says which processor the machines have.
#[derive(Debug, Clone, Copy)]
pub struct ProcessorRequest<'a> {
    /// The instance type, if the environment sets it.
    pub instance_type: Option<&'a str>,
    /// The first processor that a `platform` names.
    pub first: Option<ProcessorArchitecture>,
}

/// What the containers of a task ask for, together.
#[derive(Debug, Clone)]
pub struct SizeRequest {
    /// The service or job of the task.
    pub task: ManifestName,
    /// The sum of the limits, or where there are none of the reservations, in 1/1024 of a CPU.
    pub cpu: Option<At<u32>>,
    /// The sum of the limits, or where there are none of the reservations, in bytes.
    pub memory: Option<At<u64>>,
    /// What its containers are known to keep for themselves, in MiB.
    pub kept_memory: u32,
    /// Whether a proxy of Service Connect runs beside them.
    pub proxy: bool,
    /// Where the task's service is in the manifest.
    pub origin: Origin,
}

/// The size of a task.
#[derive(Debug)]
pub enum SizeChoice {
    /// As asked for, or none where a task needs none.
    Exact(TaskSize),
    /// The nearest that holds what was asked for.
    Nearest {
        /// The size.
        size: TaskSize,
        /// Whether the task gets more than was meant.
        effect: BehaviourEffect,
        /// Why it is not the one asked for.
        reason: &'static str,
        /// What to report.
        diagnostic: Diagnostic,
    },
    /// No size holds what was asked for.
    TooLarge {
        /// Why.
        reason: &'static str,
        /// What to report.
        diagnostic: Diagnostic,
    },
}

/// Decides the machines from everything that runs on them.
pub type DecideMachines = fn(&MachineRequest<'_>) -> MachineChoice;

/// What machines are decided from.
#[derive(Debug, Clone, Copy)]
pub struct MachineRequest<'a> {
    /// Where the settings are in the manifest.
    pub origin: Origin,
    /// Whether the posture is prod.
    pub prod: bool,
    /// The instance type, if the environment sets it.
    pub instance_type: Option<RequestedInstanceType<'a>>,
    /// How many machines, if the environment sets it.
    pub count: Option<MachineCount>,
    /// What runs on them.
    pub load: ClusterLoad<'a>,
    /// The network that they are in.
    pub network: &'a NetworkPlan,
}

/// The instance type that the environment sets.
#[derive(Debug, Clone, Copy)]
pub struct RequestedInstanceType<'a> {
    /// `t3.small`.
    pub name: &'a str,
    /// Where the setting is.
    pub origin: Origin,
}

/// Everything that runs on a cluster.
#[derive(Debug, Clone, Copy)]
pub struct ClusterLoad<'a> {
    /// Task definitions.
    pub tasks: &'a [TaskPlan],
    /// Services.
    pub services: &'a [EcsServicePlan],
    /// Jobs.
    pub jobs: &'a [JobPlan],
}

impl<'a> ClusterLoad<'a> {
    /// The tasks of services and jobs, by name.
    pub fn tasks_by_name(&self) -> BTreeMap<&'a str, &'a TaskPlan> {
        self.tasks.iter().map(|task| (&*task.name, task)).collect()
    }

    /// The processor of the tasks.
    pub fn architecture(&self) -> ProcessorArchitecture {
        self.tasks.first().map(|task| task.architecture).unwrap_or_default()
    }
}

/// The machines that were chosen.
#[derive(Debug)]
pub struct MachineChoice {
    /// The machines.
    pub plan: MachinePlan,
    /// What to report: rules that are broken, and what was chosen.
    pub diagnostics: Vec<Diagnostic>,
    /// Values that one of those diagnostics rejects, each with the reason.
    pub rejected: Vec<(At<String>, &'static str)>,
}
