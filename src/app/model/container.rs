//! What one container runs, and how.

use super::{ContainerPort, ImageBuild, ManifestName, SecretId};
use crate::{At, Claim, ClaimGrant, ManifestLeaf, Text};
use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;
use std::sync::Arc;
use std::time::Duration;
use tranship_facts::MachinePath;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;
use tranship_images::{ContentDigest, LockedImage};

/// What a container runs, and how.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    /// Its image.
    pub image: ContainerImage,
    /// What the lock file says of it.
    pub locked: Option<Arc<LockedImage>>,
    /// The digest that it is deployed by.
    pub pin: Option<ContentDigest>,
    /// `build`, with or without `image` beside it: the image is made from the project.
    pub build: Option<At<ImageBuild>>,
    /// `pull_policy: never`: the image is on the machine already.
    pub never_pulled: bool,
    /// Whether the Dockerfile that it is built from shows a shell in the image.
    pub built_with_shell: bool,
    /// `platform`: `linux/arm64`.
    pub platform: Option<At<String>>,
    /// `entrypoint`; an empty list clears the image's.
    pub entrypoint: Option<At<Vec<Text>>>,
    /// `command`; an empty list clears the image's.
    pub command: Option<At<Vec<Text>>>,
    /// The environment, env files included.
    pub environment: IndexMap<ManifestName, EnvironmentVariable>,
    /// `user`.
    pub user: Option<Text>,
    /// `working_dir`.
    pub working_dir: Option<Text>,
    /// `healthcheck`, unless disabled.
    pub health_check: Option<HealthCheck>,
    /// What the manifest says of a health check that the image has.
    pub image_check: ImageCheck,
    /// `volumes` and `tmpfs`.
    pub mounts: Vec<ContainerMount>,
    /// `ports` and `expose`.
    pub ports: Vec<ContainerPort>,
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
    /// `gpus`, and `deploy.resources.reservations.devices`.
    pub device_requests: Vec<DeviceRequest>,
    /// `storage_opt.size`, in bytes: the most that the container's own layer may hold.
    pub storage_size: Option<At<u64>>,
    /// `shm_size`, in bytes.
    pub shm_size: Option<At<u64>>,
    /// `sysctls`.
    pub sysctls: Vec<(ManifestName, At<String>)>,
    /// `ulimits`.
    pub ulimits: Vec<(ManifestName, At<UlimitPair>)>,
    /// `extra_hosts`.
    pub extra_hosts: Vec<At<ExtraHost>>,
    /// `dns`.
    pub dns: Vec<At<String>>,
    /// `dns_search`.
    pub dns_search: Vec<At<String>>,
    /// `devices`.
    pub devices: Vec<At<DeviceMapping>>,
    /// `labels`.
    pub labels: IndexMap<ManifestName, Text>,
    /// `security_opt`.
    pub security_opt: Vec<At<String>>,
    /// `logging`.
    pub logging: LoggingRequest,
}

/// Where a container's output goes under Docker.
#[derive(Debug, Clone, Default)]
pub struct LoggingRequest {
    /// `driver`.
    pub driver: Option<At<String>>,
    /// `options`.
    pub options: Vec<(ManifestName, At<String>)>,
    /// The service of the manifest that an option names as the receiver.
    pub service: Option<ManifestName>,
}

/// A limit of a container's processes: -1 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UlimitPair {
    /// The limit that holds at first.
    pub soft: i64,
    /// The one up to which a process may raise it.
    pub hard: i64,
}

/// A line of the container's hosts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraHost {
    /// The host's name.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// A device of the machine in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceMapping {
    /// Its path on the machine.
    pub host_path: String,
    /// Its path in the container.
    pub container_path: String,
    /// Letters of `rwm`: read, write, make nodes.
    pub permissions: String,
}

/// Devices that a container asks for by what they can do, such as GPUs.
#[derive(Debug, Clone)]
pub struct DeviceRequest {
    /// `driver`.
    pub driver: Option<At<String>>,
    /// How many, or which.
    pub count: DeviceCount,
    /// `capabilities`: `gpu`, `compute`.
    pub capabilities: Vec<At<String>>,
    /// Whether what is asked for are GPUs: an entry of `gpus`, or one with that capability.
    pub gpu: bool,
    /// Options of the driver.
    pub options: Vec<NodeId>,
    /// The entry.
    pub node: NodeId,
    /// Where it stands.
    pub origin: Origin,
}

/// How many devices a request is for.
#[derive(Debug, Clone)]
pub enum DeviceCount {
    /// All that the machine has: `count: all`, or neither a count nor ids.
    All(Option<At<()>>),
    /// `count`.
    Exactly(At<u32>),
    /// `device_ids`: these.
    These(Vec<At<String>>),
}

/// What a container is made from.
#[derive(Debug, Clone)]
pub enum ContainerImage {
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

impl ContainerImage {
    /// Where the manifest names it.
    pub fn origin(&self) -> Origin {
        match self {
            ContainerImage::Named(text) => text.origin,
            ContainerImage::Built { origin, .. } => *origin,
        }
    }
}

/// A variable of the container's environment.
#[derive(Debug, Clone)]
pub struct EnvironmentVariable {
    /// Its value; nothing for a name that the shell would pass through and did not set.
    pub(crate) value: Option<Text>,
    /// The node of the value.
    pub node: NodeId,
    /// Where it stands.
    pub origin: Origin,
}

impl EnvironmentVariable {
    /// The variable, where it has a value.
    pub fn set(&self) -> Option<SetVariable<'_>> {
        self.value.as_ref().map(|text| SetVariable { text, node: self.node, origin: self.origin })
    }
}

/// A variable of the container's environment that has a value.
#[derive(Debug, Clone, Copy)]
pub struct SetVariable<'a> {
    text: &'a Text,
    /// The node of the value.
    pub node: NodeId,
    /// Where it stands.
    pub origin: Origin,
}

impl<'a> SetVariable<'a> {
    /// A look at the value that settles nothing: for a rule or a decision.
    pub fn peek(&self) -> &'a Text {
        self.text
    }
}

impl ManifestLeaf for SetVariable<'_> {
    fn node(&self) -> NodeId {
        self.node
    }
}

impl<'v> Claim for SetVariable<'v> {
    type ClaimedValue<'a>
        = &'v Text
    where
        Self: 'a;

    fn taken(&self, _: ClaimGrant) -> &'v Text {
        self.text
    }
}

/// `healthcheck`.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    /// The command.
    pub test: At<HealthTest>,
    /// How often, how long, how many times.
    pub timing: HealthTiming,
}

/// When a health check runs, and when it counts.
#[derive(Debug, Clone, Default)]
pub struct HealthTiming {
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

/// What a manifest without a health check of its own says of the image's.
#[derive(Debug, Clone, Default)]
pub enum ImageCheck {
    /// Nothing: it runs as the image has it.
    #[default]
    Unchanged,
    /// It runs at other times: `healthcheck` without a `test`.
    Timed(Box<At<HealthTiming>>),
    /// It does not run.
    Off,
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
pub struct ContainerMount {
    /// What is mounted.
    pub source: MountSource,
    /// The path in the container.
    pub target: At<String>,
    /// `read_only`.
    pub read_only: bool,
    /// `read_only`, where it is written.
    pub read_only_key: Option<At<bool>>,
    /// `volume.nocopy`: whether a volume that is empty stays so, whatever the image has in its place.
    pub nocopy: Option<At<bool>>,
    /// The mount's own node.
    pub node: NodeId,
    /// Where the mount stands.
    pub origin: Origin,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq)]
pub enum MountSource {
    /// A named volume of the application.
    Volume(ManifestName),
    /// A volume without a name: empty at each start.
    Anonymous,
    /// A path of the machine that runs Compose.
    Bind(BindMount),
    /// Memory.
    Tmpfs {
        /// In bytes.
        size: Option<At<u64>>,
        /// Its other options, as `mount` knows them: `noexec`, `mode=1777`.
        options: Vec<At<String>>,
    },
    /// `type: image`, `npipe` or `cluster`.
    Other(At<String>),
}

/// A path of the machine that runs Compose, in a container.
#[derive(Debug, Clone, PartialEq)]
pub struct BindMount {
    /// The absolute path.
    pub path: At<String>,
    /// What is there, seen from the project.
    pub source: BindSource,
    /// `create_host_path: false`: Docker refuses to start where nothing is there.
    pub must_exist: bool,
    /// What the mount is for.
    pub meaning: BindMeaning,
}

/// What a bind mount finds on the machine that runs Compose. Paths are relative to the project's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindSource {
    /// A file of the project.
    ProjectFile(Utf8PathBuf),
    /// A folder of the project.
    ProjectFolder(Utf8PathBuf),
    /// Nothing yet: Docker would make an empty folder of the project.
    Missing(Utf8PathBuf),
    /// A path outside of the project, whether something is there or not.
    HostPath,
}

impl BindSource {
    /// The path within the project.
    pub fn within_project(&self) -> Option<&Utf8Path> {
        match self {
            BindSource::ProjectFile(path) | BindSource::ProjectFolder(path) | BindSource::Missing(path) => {
                Some(path)
            }
            BindSource::HostPath => None,
        }
    }
}

/// What a bind mount is for, on any target. One for data is none any more: it is a volume of the application,
/// [`MountSource::Volume`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindMeaning {
    /// A file or folder of the project: the container gets what it holds.
    Content,
    /// The code of an image that is built from it, mounted while it is developed.
    DevelopmentCode,
    /// What every Linux machine has.
    Machine(MachinePath),
    /// A file or folder of the machine that runs Compose, outside of the project.
    OutsideProject,
    /// A file that is not there.
    MissingFile,
}

/// A secret or config as a file in the container.
#[derive(Debug, Clone)]
pub struct FileMount {
    /// The entry in [`Application::secrets`](super::Application::secrets), where it is a secret or a config with content.
    pub secret: SecretId,
    /// Where it was declared.
    pub kind: FileMountKind,
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

/// Where a file of a container was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileMountKind {
    /// Under `secrets`.
    Secret,
    /// Under `configs`.
    Config,
}
