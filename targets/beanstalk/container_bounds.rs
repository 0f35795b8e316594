//! What a container of an environment, and a job that `docker run` starts on its instance, may ask for.

use super::rules;
use crate::container::{
    AddedCapabilities, ContainerArtifact, ContainerBounds, CpuBound, ECS_HEALTH_CHECK, LogSupport,
    NamespaceSharing, NetworkModeBounds, SecurityOptions,
};
use tranship_facts::quotas::ecs;

/// The drivers besides `awslogs` that an instance offers to tasks: what the Amazon ECS container agent is started with
/// where nothing else is configured (amazon-ecs-init, read 2026-11).
const INSTANCE_LOG_DRIVERS: &[&str] = &["syslog", "fluentd"];

/// A container in `Dockerrun.aws.json`: what Amazon ECS has on EC2 instances, but for what belongs to the task,
/// which the file cannot say (AWS documentation, "Configuring the Dockerrun.aws.json v2 file", and Amazon ECS
/// API Reference, `ContainerDefinition`, read 2026-11).
pub(super) static CONTAINER: ContainerBounds = ContainerBounds {
    target: "beanstalk",
    product: "Elastic Beanstalk",
    artifact: ContainerArtifact::Dockerrun,
    network_modes: NetworkModeBounds {
        bridge: "the task's bridge network",
        passed_on: &[],
        joins_task: false,
        none_is_ignored: None,
        refusal: "all containers of an instance are in Docker's bridge network",
        rule: &rules::SHARED_NAMESPACE,
        remedy: "remove `network_mode`, or choose the target `fargate` or `ecs-ec2`",
        host_remedy: "remove `network_mode` and publish the ports, or choose the target `ecs-ec2`",
    },
    pid: &[],
    ipc: &[],
    more_capabilities: &[],
    added_capabilities: AddedCapabilities::Any,
    privileged: true,
    devices: true,
    gpus: false,
    storage: None,
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
        drivers: INSTANCE_LOG_DRIVERS,
        routes: false,
    },
    remedy: "remove the key, or choose the target `ecs-ec2`",
};

/// A job: what Docker has (Docker CLI reference, `docker run`, read 2026-11). It runs by itself, so it
/// can share nothing with another container.
pub(super) static JOB: ContainerBounds = ContainerBounds {
    target: "beanstalk",
    product: "Elastic Beanstalk",
    artifact: ContainerArtifact::DockerRun,
    network_modes: NetworkModeBounds {
        bridge: "Docker's bridge network",
        passed_on: &["host", "none"],
        joins_task: false,
        none_is_ignored: None,
        refusal: "a job runs by itself, before the containers start",
        rule: &rules::SHARED_NAMESPACE,
        remedy: "remove `network_mode`, or choose the target `fargate` or `ecs-ec2`",
        host_remedy: "remove `network_mode` and publish the ports, or choose the target `ecs-ec2`",
    },
    pid: &[NamespaceSharing::Host],
    ipc: &[NamespaceSharing::Host],
    more_capabilities: ecs::MORE_DOCKER_CAPABILITIES,
    added_capabilities: AddedCapabilities::Any,
    privileged: true,
    devices: true,
    gpus: false,
    storage: None,
    machine_paths: true,
    security_options: SecurityOptions::Any,
    shared_memory: true,
    stop_timeout: (0, u32::MAX),
    stop_signal: true,
    clears_entrypoint: true,
    health_check: None,
    cpu: CpuBound::Quota,
    default_memory_reservation: None,
    default_tmpfs_size: None,
    logging: LogSupport { place: "CloudWatch Logs", passes_options: false, drivers: &[], routes: false },
    remedy: "remove the key",
};
