//! Persistent volumes: an EFS file system for each that some task mounts.

use super::planner::EcsPlanner;
use super::{FileSystemPlan, NetworkPlan, TaskPlan, VolumeStorage};
use tranship_app::{BehaviourEffect, DeploymentPosture, NamedVolume};
use tranship_cloudformation::DeletionPolicy;

/// Mount targets where it is not known how many private subnets there are.
pub(super) const DEFAULT_MOUNT_TARGETS: u32 = 2;

/// The file systems, in the manifest's order.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &[TaskPlan],
    network: &NetworkPlan,
) -> Vec<FileSystemPlan> {
    let app = planner.app;
    app.volumes.values().filter_map(|volume| plan_one(planner, tasks, network, volume)).collect()
}

fn plan_one(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &[TaskPlan],
    network: &NetworkPlan,
    volume: &NamedVolume,
) -> Option<FileSystemPlan> {
    planner.exact(&volume.node, "a volume of the tasks that mount it");
    let owner = volume.owner.as_ref().map(|owner| *planner.exact(owner, "the volume's owner"));
    let mut mounted = tasks.iter().flat_map(|task| &task.volumes);
    if !mounted.any(|mounted| matches!(&mounted.storage, VolumeStorage::Efs(own) if *own == volume.name)) {
        return None;
    }
    if let Some(external) = &volume.external {
        let reason = "a volume of Docker is not on AWS";
        planner.cx.ledger.approximated(
            external,
            BehaviourEffect::Equivalent,
            "a new, empty file system",
            reason,
            "EFS",
        );
    }
    let prod = planner.app.settings.posture() == DeploymentPosture::Prod;
    Some(FileSystemPlan {
        name: volume.name.clone(),
        from: vec![format!("volumes.{}", volume.name)],
        owner,
        // The owner's folder is made at the first mount; without an owner the root is shown as it is.
        root_directory: if owner.is_some() { "/data" } else { "/" },
        mount_targets: network.private_count.unwrap_or(DEFAULT_MOUNT_TARGETS),
        backup: prod,
        deletion: if prod { DeletionPolicy::Retain } else { DeletionPolicy::Delete },
    })
}
