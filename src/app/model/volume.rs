//! Named volumes of the application: who mounts them, how long they live, who owns them.

use super::ManifestName;
use crate::{At, VolumeOwner};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A named volume.
#[derive(Debug, Clone)]
pub struct NamedVolume {
    /// Its name in the manifest.
    pub name: ManifestName,
    /// Who mounts it: services that are deployed.
    pub users: Vec<ManifestName>,
    /// How long it lives.
    pub scope: VolumeLifetime,
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
pub enum VolumeLifetime {
    /// Within one task: the service whose task holds all who mount it.
    Task(ManifestName),
    /// Beyond any task.
    Persistent,
}
