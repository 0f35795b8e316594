//! Persistent named volumes.

use tranship_app::{ManifestName, VolumeOwner};
use tranship_cloudformation::{DeletionPolicy, LogicalId, ResourceRole};

/// A persistent named volume: an EFS file system with one access point.
#[derive(Debug, Clone)]
pub struct FileSystemPlan {
    /// The volume.
    pub name: ManifestName,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// User and group of everything in it.
    pub owner: Option<VolumeOwner>,
    /// The folder that the access point shows.
    pub root_directory: &'static str,
    /// Mount targets: one for each of the first private subnets.
    pub mount_targets: u32,
    /// Whether AWS Backup keeps copies of it.
    pub backup: bool,
    /// What becomes of it when the stack is deleted.
    pub deletion: DeletionPolicy,
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
