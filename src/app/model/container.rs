//! What one container runs, and how.

use super::Name;
use crate::At;
use crate::Text;
use indexmap::IndexMap;
use std::time::Duration;
use tranship_facts::TransportProtocol;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// What a container runs, and how.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its image.
    pub image: Image,
    /// `platform`: `linux/arm64`.
    pub platform: Option<At<String>>,
    /// `entrypoint`; an empty list clears the image's.
    pub entrypoint: Option<At<Vec<Text>>>,
    /// `command`; an empty list clears the image's.
    pub command: Option<At<Vec<Text>>>,
    /// The environment, env files included.
    pub environment: IndexMap<Name, Variant>,
    /// `user`.
    pub user: Option<Text>,
    /// `working_dir`.
    pub working_dir: Option<Text>,
    /// `healthcheck`, unless disabled.
    pub health_check: Option<HealthCheck>,
    /// `volumes` and `tmpfs`.
    pub mounts: Vec<Mount>,
    /// `ports` and `expose`.
    pub ports: Vec<Port>,
    /// `secrets` and `configs`: files in the container.
    pub files: Vec<FileMount>,
    /// `stop_grace_period`.
    pub stop_grace_period: Option<At<Duration>>,
    /// `stop_signal`.
    pub stop_signal: Option<At<String>>,
    /// `restart`, or `deploy.restart_policy.condition`.
    pub restart: Option<At<String>>,
    /// `init`.
    pub init: Option<At<bool>>,
    /// `read_only`.
    pub read_only: Option<At<bool>>,
    /// `privileged`.
    pub privileged: Option<At<bool>>,
    /// `tty`.
    pub tty: Option<At<bool>>,
    /// `stdin_open`.
    pub stdin_open: Option<At<bool>>,
    /// `cap_add`.
    pub cap_add: Vec<At<String>>,
    /// `cap_drop`.
    pub cap_drop: Vec<At<String>>,
    /// `hostname`.
    pub hostname: Option<At<String>>,
    /// `network_mode`.
    pub network_mode: Option<At<String>>,
    /// `pid`.
    pub pid: Option<At<String>>,
    /// `ipc`.
    pub ipc: Option<At<String>>,
    /// `shm_size`, in bytes.
    pub shm_size: Option<At<u64>>,
    /// `sysctls`.
    pub sysctls: Vec<(Name, At<String>)>,
    /// `ulimits`: soft and hard.
    pub ulimits: Vec<(Name, At<(i64, i64)>)>,
    /// `extra_hosts`: name and address.
    pub extra_hosts: Vec<At<(String, String)>>,
    /// `dns`.
    pub dns: Vec<At<String>>,
    /// `dns_search`.
    pub dns_search: Vec<At<String>>,
    /// `devices`: host path, container path, permissions.
    pub devices: Vec<At<(String, String, String)>>,
    /// `labels`.
    pub labels: IndexMap<Name, Text>,
    /// `security_opt`.
    pub security_opt: Vec<At<String>>,
}

/// What a container is made from.
#[derive(Debug, Clone)]
pub enum Image {
    /// `image`, with or without `build` beside it.
    Named(Text),
    /// `build` alone: the image is pushed by the pipeline and named at deployment.
    Built {
        /// The build's mapping.
        node: NodeId,
        /// Where `build` stands.
        origin: Origin,
    },
}

/// A variable of the container's environment.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its value; nothing for a name that the shell would pass through and did not set.
    pub value: Option<Text>,
    /// The node of the value.
    pub node: NodeId,
    /// Where it stands.
    pub origin: Origin,
}

/// `healthcheck`.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    /// The command.
    pub test: At<HealthTest>,
    /// `interval`.
    pub interval: Option<At<Duration>>,
    /// `timeout`.
    pub timeout: Option<At<Duration>>,
    /// `start_period`.
    pub start_period: Option<At<Duration>>,
    /// `start_interval`.
    pub start_interval: Option<At<Duration>>,
    /// `retries`.
    pub retries: Option<At<u32>>,
}

/// The command of a health check.
#[derive(Debug, Clone, PartialEq)]
pub enum HealthTest {
    /// `CMD`: arguments.
    Exec(Vec<Text>),
    /// `CMD-SHELL`: a line for the container's shell.
    Shell(Text),
}

/// A mount of a container.
#[derive(Debug, Clone)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// The path in the container.
    pub target: At<String>,
    /// `read_only`.
    pub read_only: bool,
    /// The mount's own node.
    pub node: NodeId,
    /// Where the mount stands.
    pub origin: Origin,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq)]
pub enum MountSource {
    /// A named volume of the application.
    Volume(Name),
    /// A volume without a name: empty at each start.
    Anonymous,
    /// A path of the machine that runs Compose.
    Bind(At<String>),
    /// Memory.
    Tmpfs {
        /// In bytes.
        size: Option<At<u64>>,
    },
    /// `type: image`, `npipe` or `cluster`.
    Other(At<String>),
}

/// A port of a container.
#[derive(Debug, Clone)]
pub struct Port {
    /// The container's port.
    pub container: At<u16>,
    /// The published port, or the range to choose from; nothing for `expose`.
    pub published: Option<At<(u16, u16)>>,
    /// The address it is published on.
    pub host_ip: Option<At<String>>,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// The port's node.
    pub node: NodeId,
    /// Where the port stands.
    pub origin: Origin,
}

/// A secret or config as a file in the container.
#[derive(Debug, Clone)]
pub struct FileMount {
    /// The entry in [`Application::secrets`](super::Application::secrets), where it is a secret or a config with content.
    pub secret: Name,
    /// Whether it was declared under `configs`.
    pub config: bool,
    /// The path in the container.
    pub target: At<String>,
    /// Owner's user id.
    pub uid: Option<At<String>>,
    /// Owner's group id.
    pub gid: Option<At<String>>,
    /// Permission bits.
    pub mode: Option<At<u32>>,
    /// The entry's node.
    pub node: NodeId,
    /// Where the entry stands.
    pub origin: Origin,
}
