//! The compute policy of Fargate.

use super::container_bounds;
use crate::ecs::plan::{
    CapacityPlan, CapacityStrategyItem, ComputePolicy, DecideMachines, EfsVolume, NetworkMode,
    ProcessorRequest, SizeChoice, SizeRequest, TaskLimits, TaskReach, TaskSize, VolumeStorage,
};
use crate::fargate::rules;
use tranship_app::{BehaviourEffect, CapacityKind, NamedVolume, VolumeLifetime};
use tranship_facts::quotas::ecs::{FARGATE_EPHEMERAL_STORAGE, PROXY_CPU, PROXY_MEMORY_MIB};
use tranship_facts::{FargateSize, MIB, ProcessorArchitecture};
use tranship_frontend::diagnostic::Diagnostic;

/// Capacity that AWS runs.
#[derive(Debug)]
pub(super) struct FargateCompute;

static LIMITS: TaskLimits = TaskLimits {
    container: &container_bounds::BOUNDS,
    spot: true,
    daemons: false,
    ephemeral_storage: Some(FARGATE_EPHEMERAL_STORAGE),
};

/// The capacity provider whose tasks AWS does not take back.
const ON_DEMAND: &str = "FARGATE";

impl ComputePolicy for FargateCompute {
    fn limits(&self) -> &'static TaskLimits {
        &LIMITS
    }

    fn network_mode(&self, _: TaskReach) -> NetworkMode {
        NetworkMode::AwsVpc
    }

    /// The smallest size that holds what the containers ask for.
    fn task_size(&self, request: &SizeRequest) -> SizeChoice {
        let cpu = request.cpu.as_ref().map_or(0, |cpu| cpu.get());
        let bytes = request.memory.as_ref().map_or(0, |memory| memory.get());
        let memory = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX);
        let (cpu, memory) = if request.proxy { with_proxy(cpu, memory) } else { (cpu, memory) };
        let Some(chosen) = FargateSize::smallest(cpu, memory) else { return too_large(request, cpu, memory) };
        let size = TaskSize { cpu: Some(chosen.cpu), memory: Some(chosen.memory) };
        if chosen == (FargateSize { cpu, memory }) { SizeChoice::Exact(size) } else { nearest(request, size) }
    }

    /// AWS chooses the machine of each task.
    fn usual_processor(&self, _: &ProcessorRequest<'_>) -> ProcessorArchitecture {
        ProcessorArchitecture::default()
    }

    fn storage(&self, volume: &NamedVolume) -> VolumeStorage {
        if let Some(existing) = &volume.existing {
            return VolumeStorage::Existing(existing.clone());
        }
        match volume.scope {
            VolumeLifetime::Task(_) => VolumeStorage::Task,
            VolumeLifetime::Persistent => VolumeStorage::Efs(EfsVolume::of(volume)),
        }
    }

    fn capacity(&self, kind: CapacityKind) -> CapacityPlan {
        let provider = match kind {
            CapacityKind::Fargate => ON_DEMAND,
            CapacityKind::Spot => "FARGATE_SPOT",
        };
        CapacityPlan {
            launch_type: "FARGATE",
            cluster_providers: vec!["FARGATE", "FARGATE_SPOT"],
            strategy: vec![CapacityStrategyItem { provider: provider.into(), weight: 1 }],
            uninterrupted: vec![CapacityStrategyItem { provider: ON_DEMAND.into(), weight: 1 }],
            after: Vec::new(),
            assign_public_ip: Some(false),
            platform_version: Some("LATEST"),
        }
    }

    /// AWS runs the machines.
    fn machines(&self) -> Option<DecideMachines> {
        None
    }
}

/// The proxy takes nothing from the containers: not from those that are to have so much, nor from others, which have
/// the smallest size.
fn with_proxy(cpu: u32, memory: u32) -> (u32, u32) {
    let FargateSize { cpu: least_cpu, memory: least_memory } = FargateSize::SMALLEST;
    (cpu.max(least_cpu).saturating_add(PROXY_CPU), memory.max(least_memory).saturating_add(PROXY_MEMORY_MIB))
}

fn nearest(request: &SizeRequest, size: TaskSize) -> SizeChoice {
    let (cpu, memory) = (size.cpu.unwrap_or_default(), size.memory.unwrap_or_default());
    let asked = request.cpu.as_ref().map(|cpu| cpu.origin);
    let asked = asked.or(request.memory.as_ref().map(|memory| memory.origin));
    let message = format!("tasks of `{}` have {cpu} CPU units and {memory} MiB", request.task);
    let own =
        |made: u32, proxy: u32| u64::from(if request.proxy { made.saturating_sub(proxy) } else { made });
    let (cpu_made, memory_made) = (own(cpu, PROXY_CPU), own(memory, PROXY_MEMORY_MIB));
    let twice = |asked: Option<u64>, made: u64| asked.is_some_and(|asked| made > asked.saturating_mul(2));
    let asked_mib = request.memory.as_ref().map(|memory| memory.get().div_ceil(MIB));
    let far = twice(request.cpu.as_ref().map(|cpu| u64::from(cpu.get())), cpu_made)
        || twice(asked_mib, memory_made);
    let effect = BehaviourEffect::changed_if(far);
    let diagnostic = Diagnostic::new(&rules::TASK_SIZE, message)
        .severity(effect.severity())
        .at(asked.unwrap_or(request.origin))
        .service(&*request.task)
        .help("choose another size with `deploy: { resources: { limits: { cpus, memory } } }`");
    let reason = match request.proxy {
        true => "Fargate supports a fixed set of sizes, and the proxy of Service Connect needs its share",
        false => "Fargate supports a fixed set of sizes",
    };
    SizeChoice::Nearest { size, effect, reason, diagnostic }
}

fn too_large(request: &SizeRequest, cpu: u32, memory: u32) -> SizeChoice {
    let cpus = f64::from(cpu) / 1024.0;
    let message = format!(
        "the task of `{}` needs {cpus} virtual CPUs and {memory} MiB; no Fargate size is that large",
        request.task
    );
    let mut diagnostic = Diagnostic::new(&rules::ILLEGAL_SIZE, message);
    let origins = [request.cpu.as_ref().map(|it| it.origin), request.memory.as_ref().map(|it| it.origin)];
    for origin in origins.into_iter().flatten() {
        diagnostic = diagnostic.at(origin);
    }
    let FargateSize { cpu, memory } = FargateSize::LARGEST;
    let (cpus, gib) = (cpu / 1024, memory / 1024);
    let diagnostic = diagnostic
        .service(&*request.task)
        .help(format!("ask for at most {cpus} virtual CPUs and {gib} GB, or use the target `ecs-ec2`"));
    SizeChoice::TooLarge { reason: "no Fargate size is large enough", diagnostic }
}
