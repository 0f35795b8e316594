//! The application: services, jobs, edges, endpoints, volumes, secrets, databases.
//!
//! Collections are in the order of the manifest. Things refer to each other by name: a name in a
//! field always has an entry in the collection it names.

mod container;
mod database;
mod edge;
mod egress_policy;
mod endpoint;
mod external_address;
mod image_build;
mod patch;
mod port;
mod registry_login;
mod secret;
mod service;
mod task_group;
mod volume;

pub use container::*;
pub use database::*;
pub use edge::*;
pub use egress_policy::*;
pub use endpoint::*;
pub use external_address::*;
pub use image_build::ImageBuild;
pub(crate) use image_build::relative;
pub use patch::*;
pub use port::*;
pub use secret::*;
pub use service::*;
pub use task_group::*;
pub use volume::*;

use crate::{ChosenEnvironment, KnownSecrets, LateBoundVariable, Settings, Text};
use indexmap::IndexMap;
use std::sync::Arc;
use tranship_frontend::source::Origin;

/// A name of the manifest: of a service, a volume, a secret.
pub type ManifestName = Arc<str>;

/// What the manifest means in one environment.
#[derive(Debug, Default)]
pub struct Application {
    /// The project's name.
    pub name: ManifestName,
    /// What was chosen to compile for.
    pub environment: ChosenEnvironment,
    /// Its settings.
    pub settings: Settings,
    /// Tags of every resource.
    pub tags: Vec<ResourceTag>,
    /// Everything that runs containers: services, jobs, init containers, sidecars. Databases that AWS
    /// replaces and skipped services are not among them.
    pub services: IndexMap<ManifestName, AppService>,
    /// Which of them share a task.
    pub tasks: TaskGroups,
    /// Named volumes that some service mounts.
    pub volumes: IndexMap<ManifestName, NamedVolume>,
    /// Services that a managed database replaces.
    pub databases: IndexMap<ManifestName, ManagedDatabase>,
    /// Who connects to databases that exist already, and have a group to open.
    pub database_access: Vec<DatabaseAccess>,
    /// Values that must not appear in an artifact.
    pub secrets: IndexMap<SecretId, ApplicationSecret>,
    /// Who talks to whom, on which port.
    pub edges: Vec<ServiceEdge>,
    /// Names of services that containers use as they are.
    pub written_hosts: Vec<WrittenHost>,
    /// Ports that are reachable from outside their task.
    pub endpoints: Vec<ServiceEndpoint>,
    /// Variables that become parameters, with the value known at build time.
    pub late_bound: IndexMap<ManifestName, LateBound>,
    /// Values that no artifact may hold, whatever they are called where they stand.
    pub known_secrets: KnownSecrets,
    /// Changes to what the target emits, in the order in which they are made.
    pub patches: Vec<ArtifactPatch>,
    /// The files behind `secrets`, mounted by a service or not.
    pub secret_files: Vec<String>,
}

impl Application {
    /// Lets the name of each late-bound variable that has no value stand for one.
    pub fn assume_late_bound(&mut self) {
        for (name, bound) in &mut self.late_bound {
            bound.value.get_or_insert_with(|| name.clone());
        }
    }
}

/// A tag of every resource.
#[derive(Debug, Clone)]
pub struct ResourceTag {
    /// Its key.
    pub name: ManifestName,
    /// Its value.
    pub value: Text,
}

/// A variable that becomes a deploy-time parameter.
#[derive(Debug, Clone)]
pub struct LateBound {
    /// Its name and the manifest's default.
    pub variable: LateBoundVariable,
    /// The value of `.env`, the environment or `--set`, for `parameters.json`.
    pub value: Option<Arc<str>>,
    /// Where `late_bound` names it.
    pub origin: Origin,
}
