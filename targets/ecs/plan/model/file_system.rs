//! Persistent named volumes.

use tranship_app::{ManifestName, VolumeOwner};
use tranship_cloudformation::{LogicalId, ResourceRole};

/// A persistent volume: an EFS file system with its access points.
#[derive(Debug, Clone)]
pub struct FileSystemPlan {
    /// The volume.
    pub name: ManifestName,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// What shows it to tasks: the whole, and folders in it that are mounted by themselves.
    pub access_points: Vec<AccessPointPlan>,
    /// Mount targets: one for each of the first private subnets.
    pub mount_targets: u32,
    /// Whether AWS Backup keeps copies of it.
    pub backup: bool,
}

/// A folder of a file system, as tasks mount it.
#[derive(Debug, Clone)]
pub struct AccessPointPlan {
    /// The volume that it is.
    pub name: ManifestName,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// User and group of everything in it.
    pub owner: Option<VolumeOwner>,
    /// The folder's path on the file system.
    pub path: String,
}

impl AccessPointPlan {
    /// The access point's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::AccessPoint)
    }
}

impl FileSystemPlan {
    /// The file system's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::FileSystem)
    }

    /// The id of its security group.
    pub fn security_group(&self) -> LogicalId {
        LogicalId::of_parts(&["volume", &self.name], ResourceRole::SecurityGroup)
    }

    /// The ids of its mount targets, in the order of the subnets.
    pub fn mount_target_ids(&self) -> Vec<LogicalId> {
        (0..self.mount_targets)
            .map(|index| {
                LogicalId::of_parts(&["volume", &self.name, &index.to_string()], ResourceRole::MountTarget)
            })
            .collect()
    }
}
