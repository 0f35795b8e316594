//! What a container on an EC2 instance of the cluster may ask for.

use crate::container::{
    AddedCapabilities, ContainerArtifact, ContainerBounds, CpuBound, ECS_HEALTH_CHECK, LogSupport,
    NamespaceSharing, NetworkModeBounds, SecurityOptions,
};
use tranship_app::rules::target;
use tranship_facts::quotas::ecs;

/// Amazon ECS Developer Guide, "Task definition parameters for Amazon EC2", and API Reference,
/// `ContainerDefinition` and `LinuxParameters` (read 2026-11). The agent takes no stop timeout below a second
/// ("Amazon ECS container agent configuration", `ECS_CONTAINER_STOP_TIMEOUT`).
pub(super) static BOUNDS: ContainerBounds = ContainerBounds {
    target: "ecs-ec2",
    product: "ECS on EC2",
    artifact: ContainerArtifact::TaskDefinition,
    network_modes: NetworkModeBounds {
        bridge: "the task's network",
        passed_on: &["host"],
        joins_task: true,
        none_is_ignored: Some("a task needs its network to pull its image and to write its logs"),
        refusal: "a task has its own network interface, or the network of its instance",
        rule: &target::REJECTED_KEY,
        remedy: "remove it; the services of the application reach each other by name",
        host_remedy: "remove it; the services of the application reach each other by name",
    },
    pid: &[NamespaceSharing::Host, NamespaceSharing::Task],
    ipc: &[NamespaceSharing::Host, NamespaceSharing::Task],
    more_capabilities: &[],
    added_capabilities: AddedCapabilities::Any,
    privileged: true,
    devices: true,
    gpus: true,
    storage: Some("launch template: the disk of the instance"),
    machine_paths: true,
    security_options: SecurityOptions::NoNewPrivileges,
    shared_memory: true,
    stop_timeout: (1, u32::MAX),
    stop_signal: false,
    clears_entrypoint: false,
    health_check: Some(ECS_HEALTH_CHECK),
    cpu: CpuBound::Weight,
    default_memory_reservation: Some(ecs::DEFAULT_MEMORY_RESERVATION),
    default_tmpfs_size: Some(ecs::USUAL_TMPFS_MIB),
    logging: LogSupport {
        place: "CloudWatch Logs",
        passes_options: true,
        drivers: ecs::MACHINE_LOG_DRIVERS,
        routes: true,
    },
    remedy: "remove the key",
};
