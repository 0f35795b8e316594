//! The containers of a task, and what they mount.

pub use crate::container::{
    ContainerDependency, ContainerPlan, GpuCount, HealthCheckPlan, LinuxParameters, MountPoint,
    NamespaceSharing, NetworkMode, PortMapping, ResourceLimit, StartCondition,
};
use tranship_app::{ManifestName, VolumeOwner};
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
    /// EFS: the file system of this persistent volume, through the access point of the same name.
    Efs(ManifestName),
}
