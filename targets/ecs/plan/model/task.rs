//! The containers of a task, and what they mount.

use indexmap::IndexMap;
use tranship_app::{Name, Protocol};
use tranship_cloudformation::Value;

/// How a task's containers reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkMode {
    /// A network interface, an address and a security group of its own.
    AwsVpc,
    /// The machine's interface; container ports appear on the machine's ports.
    Bridge,
}

impl NetworkMode {
    /// As a task definition has it.
    pub fn as_str(self) -> &'static str {
        match self {
            NetworkMode::AwsVpc => "awsvpc",
            NetworkMode::Bridge => "bridge",
        }
    }
}

/// The processor a task is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Architecture {
    /// `linux/amd64`.
    #[default]
    X86,
    /// `linux/arm64`.
    Arm,
}

impl Architecture {
    /// As `RuntimePlatform.CpuArchitecture` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86 => "X86_64",
            Architecture::Arm => "ARM64",
        }
    }
}

/// A container of a task.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its name, unique in the task.
    pub name: String,
    /// Its image.
    pub image: Value,
    /// Whether the task ends with it.
    pub essential: bool,
    /// `EntryPoint`; an empty list leaves the key out.
    pub entrypoint: Vec<Value>,
    /// `Command`.
    pub command: Vec<Value>,
    /// `Environment`, in the manifest's order.
    pub environment: IndexMap<String, Value>,
    /// `Secrets`: name, and `ValueFrom`.
    pub secrets: IndexMap<String, Value>,
    /// `User`.
    pub user: Option<Value>,
    /// `WorkingDirectory`.
    pub working_dir: Option<Value>,
    /// `HealthCheck`.
    pub health: Option<Health>,
    /// `MountPoints`.
    pub mounts: Vec<MountPoint>,
    /// `PortMappings`.
    pub ports: Vec<PortMapping>,
    /// `DependsOn`: the other container and `START`, `COMPLETE`, `SUCCESS` or `HEALTHY`.
    pub depends_on: Vec<(String, &'static str)>,
    /// `Cpu` of the container.
    pub cpu: Option<u32>,
    /// `Memory`: its hard limit, in MiB.
    pub memory: Option<u32>,
    /// `MemoryReservation`, in MiB.
    pub memory_reservation: Option<u32>,
    /// `StopTimeout`, in seconds.
    pub stop_timeout: Option<u32>,
    /// `ReadonlyRootFilesystem`.
    pub read_only: Option<bool>,
    /// `Privileged`.
    pub privileged: Option<bool>,
    /// `PseudoTerminal`.
    pub tty: Option<bool>,
    /// `Interactive`.
    pub interactive: Option<bool>,
    /// `Hostname`: not in `awsvpc`.
    pub hostname: Option<String>,
    /// `LinuxParameters`.
    pub linux: Linux,
    /// `Ulimits`: name, soft, hard.
    pub ulimits: Vec<(String, i64, i64)>,
    /// `SystemControls`: name and value.
    pub sysctls: Vec<(String, String)>,
    /// `ExtraHosts`: name and address. Not in `awsvpc`.
    pub extra_hosts: Vec<(String, String)>,
    /// `DnsServers`. Not in `awsvpc`.
    pub dns: Vec<String>,
    /// `DnsSearchDomains`. Not in `awsvpc`.
    pub dns_search: Vec<String>,
    /// `DockerSecurityOptions`. Not on Fargate.
    pub security_options: Vec<String>,
    /// `DockerLabels`.
    pub labels: IndexMap<String, Value>,
    /// `RestartPolicy`: started again by itself, without ending the task.
    pub restarts: bool,
}

impl Container {
    /// An essential container that says nothing but its name and image.
    pub fn new(name: String, image: Value) -> Container {
        Container {
            name,
            image,
            essential: true,
            entrypoint: Vec::new(),
            command: Vec::new(),
            environment: IndexMap::new(),
            secrets: IndexMap::new(),
            user: None,
            working_dir: None,
            health: None,
            mounts: Vec::new(),
            ports: Vec::new(),
            depends_on: Vec::new(),
            cpu: None,
            memory: None,
            memory_reservation: None,
            stop_timeout: None,
            read_only: None,
            privileged: None,
            tty: None,
            interactive: None,
            hostname: None,
            linux: Linux::default(),
            ulimits: Vec::new(),
            sysctls: Vec::new(),
            extra_hosts: Vec::new(),
            dns: Vec::new(),
            dns_search: Vec::new(),
            security_options: Vec::new(),
            labels: IndexMap::new(),
            restarts: false,
        }
    }
}

/// `LinuxParameters`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linux {
    /// `InitProcessEnabled`.
    pub init: Option<bool>,
    /// `Capabilities.Add`.
    pub cap_add: Vec<String>,
    /// `Capabilities.Drop`.
    pub cap_drop: Vec<String>,
    /// `SharedMemorySize`, in MiB.
    pub shared_memory: Option<u32>,
    /// `Tmpfs`: container path and size in MiB.
    pub tmpfs: Vec<(String, u32)>,
    /// `Devices`: host path, container path, permissions.
    pub devices: Vec<(String, String, Vec<&'static str>)>,
}

impl Linux {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Linux::default()
    }
}

/// `HealthCheck`, within the limits of ECS. Times are in seconds.
#[derive(Debug, Clone)]
pub struct Health {
    /// Starts with `CMD` or `CMD-SHELL`.
    pub command: Vec<Value>,
    /// `Interval`, 5 to 300.
    pub interval: Option<u32>,
    /// `Timeout`, 2 to 60.
    pub timeout: Option<u32>,
    /// `Retries`, 1 to 10.
    pub retries: Option<u32>,
    /// `StartPeriod`, 0 to 300.
    pub start_period: Option<u32>,
}

/// A mount point of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    /// The [`TaskVolume`]'s name.
    pub volume: String,
    /// The path in the container.
    pub path: String,
    /// Whether the container may not write.
    pub read_only: bool,
}

/// A port mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortMapping {
    /// The container's port.
    pub container: u16,
    /// In bridge mode: the machine's port, 0 for any free one. Nothing in `awsvpc`.
    pub host: Option<u16>,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// A volume of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskVolume {
    /// Unique in the task.
    pub name: String,
    /// Where its data is.
    pub storage: VolumeStorage,
}

/// Where a volume's data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeStorage {
    /// With the task, empty at its start and gone with it.
    Task,
    /// A folder of the machine.
    Host {
        /// Its path.
        path: String,
        /// Who owns it: user and group.
        owner: Option<(u32, u32)>,
    },
    /// EFS: the file system of this persistent volume, through the access point of the same name.
    Efs(Name),
}
