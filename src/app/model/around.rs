//! What stands around the services: volumes, databases, secrets, edges, endpoints.

use super::Name;
use crate::{At, Text, VolumeOwner};
use tranship_facts::{DatabaseEngine, TransportProtocol};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

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
    pub owner: Option<At<VolumeOwner>>,
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
    pub engine: At<DatabaseEngine>,
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
    pub port: Option<(u16, TransportProtocol)>,
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
    pub protocol: TransportProtocol,
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
