//! Named volumes of the application: who mounts them, how long they live, who owns them.

use super::ManifestName;
use crate::{At, VolumeOwner, VolumePlace};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A named volume, or a folder for data that is mounted.
#[derive(Debug, Clone)]
pub struct NamedVolume {
    /// Its name in the manifest; of a folder its path, which no declared volume can have: `./data`.
    pub name: ManifestName,
    /// Where a mounted folder is.
    pub folder: Option<DataFolder>,
    /// Who mounts it: services that are deployed.
    pub users: Vec<ManifestName>,
    /// How long it lives.
    pub scope: VolumeLifetime,
    /// Whether `x-tranship.scope` says how long it lives.
    pub is_chosen: bool,
    /// Where it is asked to be, where a target has a choice.
    pub place: Option<At<VolumePlace>>,
    /// `x-tranship.owner`, else the one numeric `user:` of the services that mount it.
    pub owner: Option<At<VolumeOwner>>,
    /// `external` or `name`: a volume that exists already.
    pub external: Option<At<String>>,
    /// The file system that it is, where it exists already.
    pub existing: Option<ExistingFileSystem>,
    /// The volume's node; of a folder that of the first mount.
    pub node: NodeId,
    /// Where it is declared or first mounted.
    pub origin: Origin,
}

/// A file system of Amazon EFS that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingFileSystem {
    /// Its id.
    pub file_system: String,
    /// The id of the access point to mount.
    pub access_point: Option<String>,
    /// The folder to mount, where there is no access point.
    pub path: String,
}

/// A folder of the machine that runs Compose, which holds data: on AWS a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFolder {
    /// Where it is on the machine.
    pub place: FolderPlace,
    /// Whether something is in it that stays where it is.
    pub has_content: bool,
    /// The folder for data that it lies in.
    pub part_of: Option<OuterFolder>,
}

/// A folder for data in which another one lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OuterFolder {
    /// The name of its volume.
    pub volume: ManifestName,
    /// The path of the inner folder from there.
    pub below: String,
}

/// Where a folder for data is on the machine that runs Compose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderPlace {
    /// In the project.
    Project,
    /// Elsewhere: `/srv/data`, `../data`, `~/data`.
    Host,
}

/// How long a volume lives.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeLifetime {
    /// Within one task: the service whose task holds all who mount it.
    Task(ManifestName),
    /// Beyond any task.
    Persistent,
}

impl VolumeLifetime {
    /// Whether the data ends with a task.
    pub fn is_of_task(&self) -> bool {
        matches!(self, VolumeLifetime::Task(_))
    }
}

impl NamedVolume {
    /// Whether its data is asked to be on the disk of an instance.
    pub fn is_on_instance(&self) -> bool {
        self.place.as_ref().map(At::get) == Some(VolumePlace::Instance)
    }
}
