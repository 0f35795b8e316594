//! The application: services, jobs, edges, endpoints, volumes, secrets, databases.
//!
//! Collections are in the order of the manifest. Things refer to each other by name: a name in a
//! field always has an entry in the collection it names.

use super::at::At;
use super::settings::Settings;
use super::text::{Text, Variable};
use crate::source::Origin;
use crate::yaml::NodeId;
use indexmap::IndexMap;
use std::sync::Arc;
use std::time::Duration;

/// A name of the manifest: of a service, a volume, a secret.
pub type Name = Arc<str>;

/// What the manifest means in one environment.
#[derive(Debug)]
pub struct Application {
    /// The project's name.
    pub name: Name,
    /// The settings of the environment chosen.
    pub settings: Settings,
    /// Everything that runs containers: services, jobs, init containers, sidecars. Databases that AWS
    /// replaces and skipped services are not among them.
    pub services: IndexMap<Name, Service>,
    /// Named volumes that some service mounts.
    pub volumes: IndexMap<Name, Volume>,
    /// Services that a managed database replaces.
    pub databases: IndexMap<Name, Database>,
    /// Values that must not appear in an artifact.
    pub secrets: IndexMap<Name, Secret>,
    /// Who talks to whom, on which port.
    pub edges: Vec<Edge>,
    /// Ports that are reachable from outside their task.
    pub endpoints: Vec<Endpoint>,
    /// Variables that become parameters, with the value known at build time.
    pub late_bound: IndexMap<Name, LateBound>,
}

/// A variable that becomes a deploy-time parameter.
#[derive(Debug, Clone)]
pub struct LateBound {
    /// Its name and the manifest's default.
    pub variable: Variable,
    /// The value of `.env`, the environment or `--set`, for `parameters.json`.
    pub value: Option<Arc<str>>,
    /// Where `late_bound` names it.
    pub origin: Origin,
}

/// Something that runs containers.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name in the manifest.
    pub name: Name,
    /// The service's mapping.
    pub node: NodeId,
    /// Where its name stands.
    pub origin: Origin,
    /// What it is to the others.
    pub role: Role,
    /// What its container does.
    pub container: Container,
    /// What must be there before it starts.
    pub dependencies: Vec<Dependency>,
    /// `deploy.replicas` or `scale`: how many copies.
    pub replicas: Option<At<u32>>,
    /// `x-tranship.scale`: automatic scaling.
    pub scaling: Option<Scaling>,
    /// CPU and memory asked for.
    pub resources: Resources,
    /// What its task role may do.
    pub permissions: Vec<Permission>,
    /// Whether it keeps data: a known data store by image or port.
    pub data_store: Option<&'static str>,
    /// `deploy.update_config.order`: whether the old copy stops before the new one starts.
    pub stop_first: Option<At<bool>>,
    /// Names under which others reach it: its own, links' and networks' aliases, `hostname`.
    pub host_names: Vec<At<Name>>,
}

impl Service {
    /// Every text of its container and of its permissions.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let container = &self.container;
        let image = match &container.image {
            Image::Named(text) => Some(text),
            Image::Built { .. } => None,
        };
        let test: &[Text] = match container.health_check.as_ref().map(|check| &check.test.value) {
            Some(HealthTest::Exec(list)) => list,
            Some(HealthTest::Shell(line)) => std::slice::from_ref(line),
            None => &[],
        };
        let lists = [&container.entrypoint, &container.command].into_iter().flatten();
        image
            .into_iter()
            .chain(&container.user)
            .chain(&container.working_dir)
            .chain(lists.flat_map(|list| &list.value))
            .chain(test)
            .chain(container.environment.values().filter_map(|variant| variant.value.as_ref()))
            .chain(container.labels.values())
            .chain(self.permissions.iter().flat_map(|permission| &permission.resources))
    }
}

/// What a service is to the others.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// Runs for ever.
    Service,
    /// Runs to completion, by itself.
    Job(Job),
    /// Runs to completion inside the task of each of these services, before they start.
    Init {
        /// The dependents whose tasks it starts in.
        tasks: Vec<Name>,
        /// Why: the `depends_on` that says so.
        origin: Origin,
    },
    /// Shares the task of another service.
    Sidecar {
        /// The service whose task it shares.
        of: Name,
        /// Why: `network_mode: service:x` or `task:`.
        origin: Origin,
    },
}

/// Something that runs to completion by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// When it runs.
    pub when: JobTime,
    /// The services that must not be updated before it succeeded.
    pub gates: Vec<Name>,
    /// Why it is a job.
    pub origin: Origin,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq)]
pub enum JobTime {
    /// Once per deployment, before what it gates is updated.
    BeforeDeploy,
    /// When someone says so.
    Manual,
    /// On a schedule expression: `cron(0 3 * * ? *)`, `rate(1 hour)`.
    Schedule(At<String>),
}

/// What must be there before a service starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// The service or database waited for.
    pub on: Name,
    /// What is waited for.
    pub condition: At<Condition>,
    /// `required: false`: start without it.
    pub required: bool,
    /// The entry of `depends_on`.
    pub node: NodeId,
}

/// What `depends_on` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `service_started`.
    Started,
    /// `service_healthy`.
    Healthy,
    /// `service_completed_successfully`.
    Completed,
}

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
    pub protocol: Protocol,
    /// The port's node.
    pub node: NodeId,
    /// Where the port stands.
    pub origin: Origin,
}

/// Transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// As Compose and AWS write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// A secret or config as a file in the container.
#[derive(Debug, Clone)]
pub struct FileMount {
    /// The entry in [`Application::secrets`], where it is a secret or a config with content.
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

/// CPU and memory asked for. CPUs are in 1/1024 of a virtual CPU, memory in bytes.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// `deploy.resources.limits.cpus` or `cpus`.
    pub cpu_limit: Option<At<u32>>,
    /// `deploy.resources.reservations.cpus`.
    pub cpu_reservation: Option<At<u32>>,
    /// `deploy.resources.limits.memory` or `mem_limit`.
    pub memory_limit: Option<At<u64>>,
    /// `deploy.resources.reservations.memory` or `mem_reservation`.
    pub memory_reservation: Option<At<u64>>,
}

/// `x-tranship.scale`.
#[derive(Debug, Clone)]
pub struct Scaling {
    /// Fewest copies.
    pub min: At<u32>,
    /// Most copies.
    pub max: At<u32>,
    /// Average CPU to hold, in percent.
    pub cpu: Option<At<u32>>,
    /// Average memory to hold, in percent.
    pub memory: Option<At<u32>>,
}

/// `x-tranship.permissions`: one statement of the task role.
#[derive(Debug, Clone)]
pub struct Permission {
    /// Such as `s3:GetObject`.
    pub actions: Vec<At<String>>,
    /// ARNs, or `*`.
    pub resources: Vec<Text>,
    /// The statement's node.
    pub node: NodeId,
    /// Where it stands.
    pub origin: Origin,
}

/// A named volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its name in the manifest.
    pub name: Name,
    /// Who mounts it: services that are deployed.
    pub users: Vec<Name>,
    /// How long it lives.
    pub scope: Scope,
    /// `x-tranship.owner`, else the one numeric `user:` of the services that mount it.
    pub owner: Option<At<(u32, u32)>>,
    /// `external` or `name`: a volume that exists already.
    pub external: Option<At<String>>,
    /// The volume's node.
    pub node: NodeId,
    /// Where it is declared.
    pub origin: Origin,
}

/// How long a volume lives.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// Within one task: the service whose task holds all who mount it.
    Task(Name),
    /// Beyond any task.
    Persistent,
}

/// A service that a managed database replaces.
#[derive(Debug, Clone)]
pub struct Database {
    /// The Compose service it replaces.
    pub name: Name,
    /// The engine.
    pub engine: At<Engine>,
    /// The engine's version; nothing for the newest that the target's table knows.
    pub version: Option<At<String>>,
    /// The instance class, such as `db.t4g.micro`.
    pub class: Option<At<String>>,
    /// In GiB.
    pub storage: Option<At<u32>>,
    /// The database inside the instance.
    pub database: Option<At<String>>,
    /// The master user.
    pub username: Option<At<String>>,
    /// `x-tranship.database`, or the service where it was inferred.
    pub node: NodeId,
    /// Where it was asked for.
    pub origin: Origin,
    /// The node of the whole Compose service.
    pub service_node: NodeId,
}

/// Engines of managed databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    /// As RDS names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Mysql => "mysql",
            Engine::Mariadb => "mariadb",
            Engine::Postgres => "postgres",
        }
    }

    /// The port it listens on.
    pub fn port(self) -> u16 {
        match self {
            Engine::Mysql | Engine::Mariadb => 3306,
            Engine::Postgres => 5432,
        }
    }
}

/// A value that must not appear in an artifact.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Unique in the application: `app/STRIPE_KEY`, or the name under `secrets`.
    pub name: Name,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Where it was found.
    pub origin: Origin,
    /// The node of the value, if it stands in the manifest.
    pub node: NodeId,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// A literal of the manifest: never emitted, given again at deployment.
    Given,
    /// Put together at deployment from text and other secrets: a connection URL.
    Derived(Text),
    /// Exists on AWS already, by name or ARN.
    External(Text),
    /// A file beside the manifest, read at deployment: its path, and whether it is no secret but a config.
    File(At<String>),
    /// `environment: NAME`: read from the deployer's environment.
    Environment(At<String>),
    /// `content` of a config.
    Content(Text),
}

/// Who talks to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The service that connects.
    pub from: Name,
    /// The service or database connected to.
    pub to: Name,
    /// The port; nothing where none could be found, and a note said so.
    pub port: Option<(u16, Protocol)>,
    /// What says so: a value, a `depends_on`, a link.
    pub origin: Origin,
}

/// A port that is reachable from outside its task.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The service that listens.
    pub service: Name,
    /// The container's port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Who reaches it.
    pub exposure: Exposure,
    /// The port's node, if the manifest names it.
    pub node: NodeId,
    /// What says so.
    pub origin: Origin,
}

/// Who reaches an endpoint.
#[derive(Debug, Clone)]
pub enum Exposure {
    /// The world, through the load balancer.
    Public(Public),
    /// Other services of the application.
    Internal,
}

/// How the load balancer serves an endpoint.
#[derive(Debug, Clone, Default)]
pub struct Public {
    /// Host names; none means any.
    pub hosts: Vec<At<String>>,
    /// Path patterns; none means any.
    pub paths: Vec<At<String>>,
    /// The listener's port where it is not 80 or 443.
    pub listener: Option<At<u16>>,
    /// The target group's health check.
    pub health_path: Option<At<String>>,
    /// The status codes that count as healthy, such as `200-399`.
    pub health_codes: Option<At<String>>,
    /// The rule's priority, where two rules would collide.
    pub priority: Option<At<u32>>,
    /// The published port, for the ledger.
    pub published: Option<At<(u16, u16)>>,
}
