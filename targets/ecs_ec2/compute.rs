//! The compute policy of EC2 instances: how tasks reach the network, where volumes are.

use super::{container_bounds, machines};
use crate::ecs::plan::{
    CapacityPlan, CapacityStrategyItem, ComputePolicy, DecideMachines, EfsVolume, NetworkMode,
    ProcessorRequest, SizeChoice, SizeRequest, TaskLimits, TaskReach, TaskSize, VolumeStorage,
};
use tranship_app::{CapacityKind, NamedVolume};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::quotas::ecs::PROXY_MEMORY_MIB;
use tranship_facts::{InstanceType, MIB, ProcessorArchitecture};

/// MiB of a task beside the proxy of Service Connect, where the manifest asks for nothing: as on Fargate.
const LEAST_BESIDE_PROXY: u32 = 512;

/// EC2 instances of an Auto Scaling group.
#[derive(Debug)]
pub(super) struct Ec2Compute;

static LIMITS: TaskLimits =
    TaskLimits { container: &container_bounds::BOUNDS, spot: false, daemons: true, ephemeral_storage: None };

impl ComputePolicy for Ec2Compute {
    fn limits(&self) -> &'static TaskLimits {
        &LIMITS
    }

    /// An address of its own costs one of a machine's few interfaces. Only what is looked up by name gets one, since
    /// discovery knows no A records in bridge mode, and sidecars, since bridge mode has no shared loopback. A data store
    /// has one even without clients: the mode decides which service it is, and two must not run on the same data. In bridge mode
    /// a port of the machine is chosen for each port of a container, so nobody could say which one to ask for its health.
    fn network_mode(&self, reach: TaskReach) -> NetworkMode {
        match reach {
            TaskReach { on_machine: true, .. } => NetworkMode::Host,
            TaskReach { by_name: true, .. }
            | TaskReach { together: true, .. }
            | TaskReach { keeps_data: true, .. }
            | TaskReach { asked_elsewhere: true, .. } => NetworkMode::AwsVpc,
            _ => NetworkMode::Bridge,
        }
    }

    /// Containers have limits of their own; the task as a whole needs one only beside a proxy. It holds what the
    /// containers reserve twice, since they may use more than that elsewhere.
    fn task_size(&self, request: &SizeRequest) -> SizeChoice {
        let memory = request.proxy.then(|| {
            let own = match request.memory.as_ref().map(|memory| memory.get().div_ceil(MIB)) {
                Some(asked) => u32::try_from(asked).unwrap_or(u32::MAX).max(request.kept_memory),
                None => request.kept_memory.saturating_mul(2).max(LEAST_BESIDE_PROXY),
            };
            own.saturating_add(PROXY_MEMORY_MIB)
        });
        SizeChoice::Exact(TaskSize { cpu: None, memory })
    }

    /// All machines have one processor: that of the type which the environment sets, else the one that images name.
    fn usual_processor(&self, request: &ProcessorRequest<'_>) -> ProcessorArchitecture {
        let instance = request.instance_type.and_then(InstanceType::find);
        instance.map(|instance| instance.architecture).or(request.first).unwrap_or_default()
    }

    fn storage(&self, volume: &NamedVolume) -> VolumeStorage {
        if let Some(existing) = &volume.existing {
            return VolumeStorage::Existing(existing.clone());
        }
        if !volume.scope.is_of_task() && !volume.is_on_instance() {
            return VolumeStorage::Efs(EfsVolume::of(volume));
        }
        // A name of dots alone would be another folder.
        let name = volume.name.replacen('.', "_", usize::from(volume.name.starts_with('.')));
        VolumeStorage::Host {
            path: format!("/data/{name}"),
            owner: volume.owner.as_ref().map(|owner| owner.get()),
        }
    }

    /// The stack makes its own capacity provider; spare capacity is not among its settings.
    fn capacity(&self, _: CapacityKind) -> CapacityPlan {
        let provider = LogicalId::only(ResourceRole::CapacityProvider).reference();
        CapacityPlan {
            launch_type: "EC2",
            cluster_providers: Vec::new(),
            uninterrupted: vec![CapacityStrategyItem { provider: provider.clone(), weight: 1 }],
            strategy: vec![CapacityStrategyItem { provider, weight: 1 }],
            after: vec![LogicalId::only(ResourceRole::CapacityProviderAssociations)],
            assign_public_ip: None,
            platform_version: None,
        }
    }

    fn machines(&self) -> Option<DecideMachines> {
        Some(machines::decide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_its_own_only_where_one_is_needed() {
        for (by_name, together, keeps_data, asked_elsewhere, mode) in [
            (false, false, false, false, NetworkMode::Bridge),
            (true, false, false, false, NetworkMode::AwsVpc),
            (false, true, false, false, NetworkMode::AwsVpc),
            (false, false, true, false, NetworkMode::AwsVpc),
            (false, false, false, true, NetworkMode::AwsVpc),
            (true, true, false, false, NetworkMode::AwsVpc),
        ] {
            let reach = TaskReach { by_name, together, keeps_data, on_machine: false, asked_elsewhere };
            assert_eq!(Ec2Compute.network_mode(reach), mode);
            let reach = TaskReach { on_machine: true, ..reach };
            assert_eq!(Ec2Compute.network_mode(reach), NetworkMode::Host);
        }
    }
}
