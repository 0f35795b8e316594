//! Quotas and ranges of Amazon ECS task definitions and services.
//!
//! Source: Amazon ECS service quotas; Amazon ECS API Reference, `ContainerDefinition`, `HealthCheck`,
//! `PortMapping` and `Ulimit`; Developer Guide, "Task definition differences for Fargate"; November 2026.

use super::ServiceQuota;
use crate::ValueRange;

/// Containers of a task definition.
pub const CONTAINERS_PER_TASK: ServiceQuota = ServiceQuota { what: "containers of a task", most: 10 };

/// Target groups of a service.
pub const TARGET_GROUPS_PER_SERVICE: ServiceQuota =
    ServiceQuota { what: "target groups of a service", most: 5 };

/// Bytes of a task definition: 64 KB.
pub const TASK_DEFINITION_BYTES: ServiceQuota =
    ServiceQuota { what: "bytes of a task definition", most: 65_536 };

/// Characters of a family, a container or a service.
pub const NAME_CHARACTERS: ServiceQuota = ServiceQuota { what: "characters of a name", most: 255 };

/// Characters of the name of a client alias of Service Connect (API Reference, `ServiceConnectClientAlias`).
pub const LONGEST_CLIENT_ALIAS: usize = 127;

/// What the proxy of Service Connect is to have besides the containers of its task, in 1/1024 of a virtual CPU
/// (Developer Guide, "Service Connect", considerations).
pub const PROXY_CPU: u32 = 256;

/// The same in MiB. On EC2 a task with a proxy must have a limit of its memory.
pub const PROXY_MEMORY_MIB: u32 = 64;

/// Seconds between a container's health checks.
pub const HEALTH_CHECK_INTERVAL: ValueRange<u64> = ValueRange { least: 5, most: 300 };

/// Seconds until a container's health check has failed.
pub const HEALTH_CHECK_TIMEOUT: ValueRange<u64> = ValueRange { least: 2, most: 60 };

/// Failed health checks in a row after which a container is unhealthy.
pub const HEALTH_CHECK_RETRIES: ValueRange<u64> = ValueRange { least: 1, most: 10 };

/// Seconds in which failed health checks do not count.
pub const HEALTH_CHECK_START_PERIOD: ValueRange<u64> = ValueRange { least: 0, most: 300 };

/// Seconds between SIGTERM and SIGKILL on Fargate. On EC2 no most is stated.
pub const FARGATE_STOP_TIMEOUT: ValueRange<u32> = ValueRange { least: 2, most: 120 };

/// GiB of ephemeral storage that a task on Fargate may ask for; every task has 20 without asking (Developer Guide,
/// "Fargate task ephemeral storage").
pub const FARGATE_EPHEMERAL_STORAGE: ValueRange<u32> = ValueRange { least: 21, most: 200 };

/// Capabilities that a container on Fargate may add to those that Docker grants unasked. It may drop any.
pub const FARGATE_CAPABILITIES: &[&str] = &["SYS_PTRACE"];

/// Amazon ECS API Reference, `KernelCapabilities` (read 2026-11).
pub const KERNEL_CAPABILITIES: &[&str] = &[
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "SYSLOG",
    "WAKE_ALARM",
];

/// What Docker knows besides [`KERNEL_CAPABILITIES`] (capabilities(7) manual page, Linux 5.9).
pub const MORE_DOCKER_CAPABILITIES: &[&str] = &["AUDIT_READ", "BPF", "CHECKPOINT_RESTORE", "PERFMON"];

/// MiB. On EC2 instances Amazon ECS wants a limit or a reservation for every container (API Reference,
/// `ContainerDefinition.memoryReservation`, read 2026-11), and has no default. It places tasks by this number:
/// too small a one fails when the instance runs out of memory, too large a one is seen when compiling.
pub const DEFAULT_MEMORY_RESERVATION: u32 = 256;

/// Seconds that a container waits for a health check where the manifest says nothing: Compose's default. That of ECS is 5.
pub const COMPOSE_HEALTH_CHECK_TIMEOUT: u64 = 30;

/// MiB of memory that Docker gives a container at least.
pub const LEAST_MEMORY_MIB: u32 = 6;

/// MiB of `/dev/shm` that a container has without asking, which is Docker's default.
pub const USUAL_SHARED_MEMORY_MIB: u32 = 64;

/// MiB of a tmpfs for which no one names a size. ECS wants one and Docker has none: as much as `/dev/shm` has.
pub const USUAL_TMPFS_MIB: u32 = USUAL_SHARED_MEMORY_MIB;

/// Options of a tmpfs, those with a value by their name (Amazon ECS API Reference, `Tmpfs`, read 2026-11).
pub const TMPFS_OPTIONS: &[&str] = &[
    "defaults",
    "ro",
    "rw",
    "suid",
    "nosuid",
    "dev",
    "nodev",
    "exec",
    "noexec",
    "sync",
    "async",
    "dirsync",
    "remount",
    "mand",
    "nomand",
    "atime",
    "noatime",
    "diratime",
    "nodiratime",
    "bind",
    "rbind",
    "unbindable",
    "runbindable",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "relatime",
    "norelatime",
    "strictatime",
    "nostrictatime",
    "mode",
    "uid",
    "gid",
    "nr_inodes",
    "nr_blocks",
    "mpol",
];

/// Options of the `awslogs` log driver that a manifest may set: the group, the region and the prefix are
/// Tranship's own (Amazon ECS Developer Guide, "Send Amazon ECS logs to CloudWatch", read 2026-11).
pub const AWSLOGS_OPTIONS: &[&str] =
    &["awslogs-datetime-format", "awslogs-multiline-pattern", "mode", "max-buffer-size"];

/// Log drivers on Fargate besides `awslogs`, and `awsfirelens`, which needs a container of the task that routes the logs
/// (API Reference, `LogConfiguration`).
pub const FARGATE_LOG_DRIVERS: &[&str] = &["splunk"];

/// Log drivers on EC2 instances besides `awslogs`, `awsfirelens` and those that keep logs on the machine. The agent of an
/// instance offers those that `ECS_AVAILABLE_LOGGING_DRIVERS` lists (API Reference, `LogConfiguration`).
pub const MACHINE_LOG_DRIVERS: &[&str] = &["fluentd", "gelf", "splunk", "syslog"];

/// Names that `Ulimits` knows.
pub const ULIMIT_NAMES: &[&str] = &[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// The most processes that a control group counts (Linux, `PID_MAX_LIMIT`, on 64 bits).
pub const MOST_PROCESSES: u32 = 4_194_304;

/// The most that the ulimit `nofile` may be.
pub const MOST_OPEN_FILES: i64 = 1_048_576;

/// Words that the name of a capacity provider may not begin with (Amazon ECS API Reference, `CreateCapacityProvider`).
pub const RESERVED_PROVIDER_WORDS: &[&str] = &["aws", "ecs", "fargate"];

/// Ports of a container instance that the agent, Docker and SSH keep.
pub const RESERVED_HOST_PORTS: &[u16] = &[22, 2375, 2376, 51678, 51679, 51680];

/// The ports that Docker chooses from in bridge mode (`ip_local_port_range` of the ECS-optimised AMI).
pub const DYNAMIC_HOST_PORTS: ValueRange<u16> = ValueRange { least: 32_768, most: 60_999 };
