//! Managed databases that replace services.

use super::{ExistingSecret, ManifestName, PortSpec};
use crate::At;
use tranship_facts::DatabaseEngine;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A service that a managed database replaces.
#[derive(Debug, Clone)]
pub struct ManagedDatabase {
    /// The Compose service it replaces.
    pub name: ManifestName,
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
    /// Whether a version past its standard support is wanted.
    pub extended_support: Option<At<bool>>,
    /// The snapshot that it is restored from.
    pub snapshot: Option<At<String>>,
    /// The database that exists already, which is used as it is.
    pub existing: Option<ExistingDatabase>,
    /// Whether it belongs to the Elastic Beanstalk environment.
    pub coupled: Option<At<bool>>,
    /// `x-tranship.database`, or the service where it was inferred.
    pub node: NodeId,
    /// Where it was asked for.
    pub origin: Origin,
    /// The node of the whole Compose service.
    pub service_node: NodeId,
}

/// A database that exists before the application does.
#[derive(Debug, Clone)]
pub struct ExistingDatabase {
    /// The name of its host.
    pub host: At<String>,
    /// Its port; nothing for that of the engine.
    pub port: Option<At<u16>>,
    /// What holds its password.
    pub secret: ExistingSecret,
    /// The id of its security group.
    pub security_group: Option<At<String>>,
}

/// A service that connects to a database which exists already, whose group lets it in.
#[derive(Debug, Clone)]
pub struct DatabaseAccess {
    /// The service.
    pub from: ManifestName,
    /// The service in whose place the database is.
    pub to: ManifestName,
    /// The port.
    pub port: PortSpec,
    /// The id of the group.
    pub group: At<String>,
}
