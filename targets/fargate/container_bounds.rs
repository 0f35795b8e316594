//! What a container on Fargate may ask for.

use crate::container::{
    AddedCapabilities, ContainerArtifact, ContainerBounds, CpuBound, ECS_HEALTH_CHECK, LogSupport,
    NamespaceSharing, NetworkModeBounds, SecurityOptions,
};
use tranship_app::rules::target;
use tranship_facts::quotas::ecs;

/// Amazon ECS Developer Guide, "Task definition differences for Fargate", and API Reference,
/// `ContainerDefinition` and `LinuxParameters` (read 2026-11). `tmpfs` is supported since 2026-01-06.
pub(super) static BOUNDS: ContainerBounds = ContainerBounds {
    target: "fargate",
    product: "Fargate",
    artifact: ContainerArtifact::TaskDefinition,
    network_modes: NetworkModeBounds {
        bridge: "the task's network",
        passed_on: &[],
        joins_task: true,
        none_is_ignored: Some("a task needs its network to pull its image and to write its logs"),
        refusal: "a task has its own network interface",
        rule: &target::REJECTED_KEY,
        remedy: "remove it; the services of the application reach each other by name",
        host_remedy: "choose the target `ecs-ec2`, or remove it; the services of the application reach each other by name",
    },
    pid: &[NamespaceSharing::Task],
    ipc: &[],
    more_capabilities: &[],
    added_capabilities: AddedCapabilities::Only(ecs::FARGATE_CAPABILITIES),
    privileged: false,
    devices: false,
    gpus: false,
    storage: Some("task definition: EphemeralStorage"),
    machine_paths: false,
    security_options: SecurityOptions::None,
    shared_memory: false,
    stop_timeout: (ecs::FARGATE_STOP_TIMEOUT.least, ecs::FARGATE_STOP_TIMEOUT.most),
    stop_signal: false,
    clears_entrypoint: false,
    health_check: Some(ECS_HEALTH_CHECK),
    cpu: CpuBound::TaskSize,
    default_memory_reservation: None,
    default_tmpfs_size: Some(ecs::USUAL_TMPFS_MIB),
    logging: LogSupport {
        place: "CloudWatch Logs",
        passes_options: true,
        drivers: ecs::FARGATE_LOG_DRIVERS,
        routes: true,
    },
    remedy: "run the service on the target `ecs-ec2`, or remove the key",
};
