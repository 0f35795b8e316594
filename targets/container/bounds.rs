//! What a target's containers may ask for, as data. Each target has a table of its own.

use super::{ContainerArtifact, NamespaceSharing};
use tranship_facts::ValueRange;
use tranship_facts::quotas::ecs;
use tranship_frontend::diagnostic::DiagnosticRule;

/// What a target allows a container, and what it takes where the manifest says nothing.
#[derive(Debug)]
pub struct ContainerBounds {
    /// The target's name: `ecs-ec2`.
    pub target: &'static str,
    /// What people call the target: `Fargate`.
    pub product: &'static str,
    /// What the container is written into.
    pub artifact: ContainerArtifact,
    /// What `network_mode` may be.
    pub network_modes: NetworkModeBounds,
    /// With whom a container may share its process namespace.
    pub pid: &'static [NamespaceSharing],
    /// With whom a container may share its IPC namespace.
    pub ipc: &'static [NamespaceSharing],
    /// Capabilities that a container may name besides the kernel's that ECS knows.
    pub more_capabilities: &'static [&'static str],
    /// Capabilities that a container may add. It may drop any.
    pub added_capabilities: AddedCapabilities,
    /// Whether a container may be privileged.
    pub privileged: bool,
    /// Whether a container may use devices of its machine.
    pub devices: bool,
    /// Whether a container may have GPUs.
    pub gpus: bool,
    /// Where the room of a container's own layer comes from; nothing where `storage_opt` has no meaning.
    pub storage: Option<&'static str>,
    /// Whether a container may mount paths of its machine.
    pub machine_paths: bool,
    /// Which options of AppArmor, SELinux, seccomp and privileges can be set.
    pub security_options: SecurityOptions,
    /// Whether the size of `/dev/shm` can be set.
    pub shared_memory: bool,
    /// Fewest and most seconds between the stop signal and the end.
    pub stop_timeout: (u32, u32),
    /// Whether the stop signal can be set; else the image decides.
    pub stop_signal: bool,
    /// Whether an empty `entrypoint` can clear that of the image.
    pub clears_entrypoint: bool,
    /// The ranges of a health check; nothing where the container is watched by its exit code.
    pub health_check: Option<HealthCheckBounds>,
    /// What a limit of CPUs becomes.
    pub cpu: CpuBound,
    /// MiB that a container without memory settings reserves, where it must reserve some.
    pub default_memory_reservation: Option<u32>,
    /// MiB that a tmpfs without a size gets, where it must have one.
    pub default_tmpfs_size: Option<u32>,
    /// Where logs go.
    pub logging: LogSupport,
    /// What to do about a key that this target does not support.
    pub remedy: &'static str,
}

/// Where a container's logs go.
#[derive(Debug, Clone, Copy)]
pub struct LogSupport {
    /// In the words of a claim.
    pub place: &'static str,
    /// Whether options of the `awslogs` driver are passed on.
    pub passes_options: bool,
    /// Drivers that take the place of `awslogs`, with their options.
    pub drivers: &'static [&'static str],
    /// Whether a container of the task may route the logs of the others: `awsfirelens`.
    pub routes: bool,
}

/// What `network_mode` may be besides `bridge`, which every target has.
#[derive(Debug)]
pub struct NetworkModeBounds {
    /// What `bridge` becomes.
    pub bridge: &'static str,
    /// Modes that are passed on as they are.
    pub passed_on: &'static [&'static str],
    /// Whether `service:x` puts the container into the task of `x`.
    pub joins_task: bool,
    /// Why `none` has no effect; nothing where it is passed on or refused.
    pub none_is_ignored: Option<&'static str>,
    /// Why any other mode is refused.
    pub refusal: &'static str,
    /// The rule under which it is refused.
    pub rule: &'static DiagnosticRule,
    /// What to do about it.
    pub remedy: &'static str,
    /// What to do about `host`.
    pub host_remedy: &'static str,
}

/// Which capabilities a container may add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedCapabilities {
    /// Every one that exists.
    Any,
    /// These alone.
    Only(&'static [&'static str]),
}

/// What a limit of CPUs becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuBound {
    /// Part of the task's size, which is a limit.
    TaskSize,
    /// A weight: the container may use more while others are idle.
    Weight,
    /// A quota: a limit of the container's own.
    Quota,
}

/// Ranges of a health check, ends included. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct HealthCheckBounds {
    /// Between two checks.
    pub interval: ValueRange<u64>,
    /// Until a check has failed.
    pub timeout: ValueRange<u64>,
    /// Failures in a row.
    pub retries: ValueRange<u64>,
    /// In which failures do not count.
    pub start_period: ValueRange<u64>,
    /// The timeout to write where the manifest has none. Compose waits 30 seconds, Amazon ECS 5.
    pub default_timeout: u64,
}

/// Amazon ECS API Reference, `HealthCheck` (read 2026-11). It is the same on every launch type.
pub const ECS_HEALTH_CHECK: HealthCheckBounds = HealthCheckBounds {
    interval: ecs::HEALTH_CHECK_INTERVAL,
    timeout: ecs::HEALTH_CHECK_TIMEOUT,
    retries: ecs::HEALTH_CHECK_RETRIES,
    start_period: ecs::HEALTH_CHECK_START_PERIOD,
    default_timeout: ecs::COMPOSE_HEALTH_CHECK_TIMEOUT,
};

/// Which `security_opt` a container may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityOptions {
    /// None.
    None,
    /// `no-new-privileges` alone: for the others the agent of Amazon ECS would need a Linux with SELinux or AppArmor
    /// (Amazon ECS API Reference, `ContainerDefinition`, `dockerSecurityOptions`).
    NoNewPrivileges,
    /// Whatever Docker takes.
    Any,
}
