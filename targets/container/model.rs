//! A container as every target has it: legal, complete, and free of how an artifact spells it.
//!
//! `K` is text that is complete when the artifact is written, `V` text that may be completed at
//! deployment; in a template both are values of CloudFormation.

use super::PlainFields;
use indexmap::IndexMap;
use tranship_facts::{LogRouter, TransportProtocol};

/// A container of a task.
#[derive(Debug, Clone)]
pub struct ContainerPlan<V, K = V> {
    /// Its name, unique in the task.
    pub name: String,
    /// Its image.
    pub image: K,
    /// Whether the task ends with it.
    pub essential: bool,
    /// Its entrypoint; an empty list clears that of the image.
    pub entrypoint: Option<Vec<V>>,
    /// Its command; an empty list leaves it to the image.
    pub command: Vec<V>,
    /// Variables by name, in the manifest's order.
    pub environment: IndexMap<String, V>,
    /// Variables that take a secret: name and `ValueFrom`.
    pub secrets: IndexMap<String, V>,
    /// User and group.
    pub user: Option<K>,
    /// Where the command starts.
    pub working_dir: Option<K>,
    /// How its health is checked.
    pub health: Option<HealthCheckPlan<K>>,
    /// What it mounts.
    pub mounts: Vec<MountPoint>,
    /// Ports that it listens on.
    pub ports: Vec<PortMapping>,
    /// Containers that it knows by name, as `container:alias`. In bridge mode alone.
    pub links: Vec<String>,
    /// What other containers must have reached before it starts.
    pub depends_on: Vec<ContainerDependency>,
    /// In 1/1024 of a virtual CPU: its share.
    pub cpu: Option<u32>,
    /// In 1/1024 of a virtual CPU: the most it may use. Only `docker run` has such a limit.
    pub cpu_quota: Option<u32>,
    /// In MiB: it is ended above it.
    pub memory: Option<u32>,
    /// In MiB: what its machine keeps free for it.
    pub memory_reservation: Option<u32>,
    /// In seconds.
    pub stop_timeout: Option<u32>,
    /// The signal that asks it to stop. Only `docker run` can set it.
    pub stop_signal: Option<String>,
    /// Flags and lists of texts: `ReadonlyRootFilesystem`, `DnsServers`.
    pub plain: PlainFields,
    /// Its host name. Not in `awsvpc`.
    pub hostname: Option<String>,
    /// What is Linux's own.
    pub linux: LinuxParameters,
    /// The secret with which its image is pulled.
    pub pull_secret: Option<K>,
    /// GPUs that are its own.
    pub gpus: Option<GpuCount>,
    /// What the driver lets it do with them, where the manifest says it.
    pub gpu_capabilities: Vec<String>,
    /// What its own layer may hold at least, in bytes.
    pub storage: Option<u64>,
    /// Limits of its processes.
    pub ulimits: Vec<ResourceLimit>,
    /// Kernel parameters of its namespaces.
    pub sysctls: Vec<SystemControl>,
    /// Lines of its hosts file. Not in `awsvpc`.
    pub extra_hosts: Vec<HostEntry>,
    /// The log driver, where it is not that of CloudWatch Logs.
    pub log_driver: Option<String>,
    /// Options of the log driver, where the target writes to one.
    pub log_options: IndexMap<String, String>,
    /// Options that the log driver takes from secrets and parameters, by their ARNs.
    pub log_secrets: IndexMap<String, String>,
    /// Which router it is of the logs of the other containers of its task.
    pub log_router: Option<LogRouter>,
    /// Docker labels.
    pub labels: IndexMap<String, K>,
    /// Whether it is started again by itself, without ending the task.
    pub restarts: bool,
    /// A network that is not the task's own. Only `docker run` can set it for a container.
    pub network: Option<String>,
    /// With whom it shares its process namespace.
    pub pid: Option<NamespaceSharing>,
    /// With whom it shares its IPC namespace.
    pub ipc: Option<NamespaceSharing>,
}

impl<V, K> ContainerPlan<V, K> {
    /// An essential container that says nothing but its name and image.
    pub fn new(name: String, image: K) -> Self {
        ContainerPlan {
            name,
            image,
            essential: true,
            entrypoint: None,
            command: Vec::new(),
            environment: IndexMap::new(),
            secrets: IndexMap::new(),
            user: None,
            working_dir: None,
            health: None,
            mounts: Vec::new(),
            ports: Vec::new(),
            links: Vec::new(),
            depends_on: Vec::new(),
            cpu: None,
            cpu_quota: None,
            memory: None,
            memory_reservation: None,
            stop_timeout: None,
            stop_signal: None,
            plain: PlainFields::default(),
            hostname: None,
            linux: LinuxParameters::default(),
            pull_secret: None,
            gpus: None,
            gpu_capabilities: Vec::new(),
            storage: None,
            ulimits: Vec::new(),
            sysctls: Vec::new(),
            extra_hosts: Vec::new(),
            log_driver: None,
            log_options: IndexMap::new(),
            log_secrets: IndexMap::new(),
            log_router: None,
            labels: IndexMap::new(),
            restarts: false,
            network: None,
            pid: None,
            ipc: None,
        }
    }
}

/// How many GPUs a container has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuCount {
    /// All of its machine.
    All,
    /// This many.
    Exactly(u32),
}

/// How a task's containers reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkMode {
    /// A network interface, an address and a security group of its own.
    AwsVpc,
    /// The machine's interface; container ports appear on the machine's ports.
    Bridge,
    /// The machine's network itself: a port of the container is the same port of the machine.
    Host,
}

impl NetworkMode {
    /// As a task definition has it.
    pub fn as_str(self) -> &'static str {
        match self {
            NetworkMode::AwsVpc => "awsvpc",
            NetworkMode::Bridge => "bridge",
            NetworkMode::Host => "host",
        }
    }
}

/// With whom a container shares a namespace, the widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamespaceSharing {
    /// The machine.
    Host,
    /// The containers of its task.
    Task,
}

impl NamespaceSharing {
    /// As a task definition has it, and `docker run` too.
    pub fn as_str(self) -> &'static str {
        match self {
            NamespaceSharing::Host => "host",
            NamespaceSharing::Task => "task",
        }
    }
}

/// What is Linux's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinuxParameters {
    /// Whether an init process forwards signals and reaps processes.
    pub init: bool,
    /// Capabilities that are added, without `CAP_`.
    pub cap_add: Vec<String>,
    /// Capabilities that are dropped, without `CAP_`.
    pub cap_drop: Vec<String>,
    /// The size of `/dev/shm`, in MiB.
    pub shared_memory: Option<u32>,
    /// Memory mounted as a folder.
    pub tmpfs: Vec<TmpfsMount>,
    /// Devices of the machine.
    pub devices: Vec<PlannedDevice>,
}

impl LinuxParameters {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == LinuxParameters::default()
    }
}

/// Memory mounted as a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TmpfsMount {
    /// The path in the container.
    pub path: String,
    /// In MiB; nothing for no limit.
    pub size: Option<u32>,
    /// Further options, as `mount` knows them: `ro`, `noexec`, `mode=1777`.
    pub options: Vec<String>,
}

/// A device of the machine in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDevice {
    /// The path on the machine.
    pub host_path: String,
    /// The path in the container.
    pub path: String,
    /// What the container may do, in the words of Amazon ECS: `read`, `write`, `mknod`.
    pub permissions: Vec<&'static str>,
}

/// A health check. Times are in seconds.
#[derive(Debug, Clone)]
pub struct HealthCheckPlan<K> {
    /// Starts with `CMD` or `CMD-SHELL`.
    pub command: Vec<K>,
    /// Between two checks.
    pub interval: Option<u32>,
    /// Until a check has failed.
    pub timeout: Option<u32>,
    /// Failures in a row.
    pub retries: Option<u32>,
    /// In which failures do not count.
    pub start_period: Option<u32>,
}

/// A volume of the task in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    /// The volume's name in the task.
    pub volume: String,
    /// The path in the container.
    pub path: String,
    /// Whether the container may not write.
    pub read_only: bool,
}

/// A port of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortMapping {
    /// The container's port.
    pub container: u16,
    /// In bridge mode: the machine's port, 0 for any free one. Nothing in `awsvpc`.
    pub host: Option<u16>,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// Its name, where others find it by Service Connect.
    pub name: Option<String>,
    /// What is spoken on it, where the proxies of Service Connect are to know.
    pub app_protocol: Option<&'static str>,
}

/// What another container must have reached first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerDependency {
    /// The other container's name.
    pub container: String,
    /// What it must have reached.
    pub condition: StartCondition,
}

/// What a container waits for (Amazon ECS API Reference, `ContainerDependency`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartCondition {
    /// The other one was started.
    Start,
    /// The other one ended with exit code 0.
    Success,
    /// The other one's health check passed.
    Healthy,
}

impl StartCondition {
    /// As Amazon ECS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            StartCondition::Start => "START",
            StartCondition::Success => "SUCCESS",
            StartCondition::Healthy => "HEALTHY",
        }
    }
}

/// A limit of the container's processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceLimit {
    /// Such as `nofile`.
    pub name: String,
    /// What a process has at first.
    pub soft: i64,
    /// What it may raise that to.
    pub hard: i64,
}

/// A kernel parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemControl {
    /// Such as `net.core.somaxconn`.
    pub namespace: String,
    /// Its value.
    pub value: String,
}

/// A line of the hosts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// The host's name.
    pub hostname: String,
    /// Its address.
    pub address: String,
}
