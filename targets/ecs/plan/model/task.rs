//! The containers of a task, and what they mount.

pub use crate::container::{
    ContainerDependency, ContainerPlan, GpuCount, MountPoint, NamespaceSharing, NetworkMode, PortMapping,
    StartCondition,
};
use tranship_app::{ExistingFileSystem, ManifestName, NamedVolume, VolumeOwner};
use tranship_cloudformation::TemplateValue;

/// A container of a task: all text in it is a value of the template.
pub type EcsContainer = ContainerPlan<TemplateValue>;

/// A volume of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskVolume {
    /// Unique in the task.
    pub name: String,
    /// Where its data is.
    pub storage: VolumeStorage,
}

impl TaskVolume {
    /// The file system that it is on.
    pub fn file_system(&self) -> Option<&ManifestName> {
        match &self.storage {
            VolumeStorage::Efs(folder) => Some(&folder.file_system),
            VolumeStorage::Task | VolumeStorage::Host { .. } | VolumeStorage::Existing(_) => None,
        }
    }
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
        owner: Option<VolumeOwner>,
    },
    /// EFS.
    Efs(EfsVolume),
    /// A file system of EFS that is not of the stack.
    Existing(ExistingFileSystem),
}

/// A folder of an EFS file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EfsVolume {
    /// The persistent volume that the file system is.
    pub file_system: ManifestName,
    /// The volume whose access point shows the folder: the same, or one that is a part of it.
    pub access_point: ManifestName,
}

impl EfsVolume {
    /// The folder that a persistent volume is.
    pub fn of(volume: &NamedVolume) -> EfsVolume {
        let around = volume.folder.as_ref().and_then(|folder| folder.part_of.as_ref());
        let file_system = around.map_or(&volume.name, |outer| &outer.volume).clone();
        EfsVolume { file_system, access_point: volume.name.clone() }
    }
}
