//! Managed databases that replace services.

use super::ManifestName;
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
    /// Whether it belongs to the Elastic Beanstalk environment.
    pub coupled: Option<At<bool>>,
    /// `x-tranship.database`, or the service where it was inferred.
    pub node: NodeId,
    /// Where it was asked for.
    pub origin: Origin,
    /// The node of the whole Compose service.
    pub service_node: NodeId,
}
