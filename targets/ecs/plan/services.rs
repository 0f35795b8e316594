//! Services: how many tasks, how they are replaced, how they scale.

use super::kept_volumes::{self, VolumeWriter};
use super::planner::EcsPlanner;
use super::scheduling;
use super::start_order::StartPrerequisites;
use super::{
    ConnectConfiguration, EcsServicePlan, NetworkMode, ReplacementPercent, ScalingPlan, TargetGroupPlan,
    TaskPlan, TaskRun, VolumeStorage,
};
use indexmap::IndexSet;
use std::collections::BTreeMap;
use tranship_app::{AppService, At, ScalingTargets, ServiceRole};
use tranship_cloudformation::{LogicalId, ResourceRole};

/// Seconds in which a new task may fail the load balancer's checks.
const LEAST_GRACE: u32 = 60;
/// The longest `HealthCheckGracePeriodSeconds` chosen here, in seconds.
const MOST_GRACE: u32 = 3_600;
/// Average CPU to hold where the manifest names no metric, in percent.
const DEFAULT_CPU_TARGET: u32 = 60;

/// What a service is decided from besides the manifest.
pub(super) struct ServiceContext<'a> {
    /// The services that are found by name in the private namespace.
    pub(super) found: IndexSet<&'a str>,
    /// What must exist before.
    pub(super) prerequisites: &'a StartPrerequisites<'a>,
}

/// The service of a task; nothing for the task of a job.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    context: &ServiceContext<'_>,
    task: &TaskPlan,
    run: TaskRun,
    targets: Vec<TargetGroupPlan>,
) -> Option<EcsServicePlan> {
    let given = planner.app.services.get(&task.name).filter(|given| given.role == ServiceRole::Service)?;
    let daemon = scheduling::is_daemon(planner, given);
    let scaling = given.scaling.as_ref().filter(|_| !daemon).map(|scaling| scale(planner, scaling));
    let became = match (daemon, &scaling) {
        (true, _) => "one task on each instance",
        (false, Some(_)) => "replaced by scaling",
        (false, None) => "service: DesiredCount",
    };
    let count = given.replicas.as_ref().map_or(1, |replicas| *planner.exact(replicas, became));
    let connect = planner.connect;
    let connected = connect.has_proxy(&task.name).then(|| ConnectConfiguration {
        entries: connect.offered_by(&task.name).to_vec(),
        found: connect.found_by(&task.name).cloned().unwrap_or_default(),
    });
    let found = context.found.contains(&*task.name);
    Some(EcsServicePlan {
        name: task.name.clone(),
        from: task.from.clone(),
        run,
        daemon,
        desired: (scaling.is_none() && !daemon).then_some(count),
        replacement: replacement(planner, task, given, daemon),
        registry: found.then(|| LogicalId::of(&task.name, ResourceRole::Discovery)),
        connect: connected,
        grace: targets
            .iter()
            .map(|target| target.health.patience())
            .max()
            .map(|patience| grace(given, patience)),
        after: context.prerequisites.of_service(task, &targets),
        targets,
        scaling,
    })
}

/// A container has its `start_period`, and then as long as it takes until the load balancer finds it healthy.
fn grace(given: &AppService, patience: u32) -> u32 {
    let check = given.container.health_check.as_ref();
    let start = check.and_then(|check| check.timing.start_period.as_ref());
    let start = start.map_or(0, |start| u32::try_from(start.peek().as_secs()).unwrap_or(u32::MAX));
    start.saturating_add(patience).clamp(LEAST_GRACE, MOST_GRACE)
}

/// The most copies that run at a time, deployments left out.
fn most_copies(given: &AppService) -> u32 {
    match &given.scaling {
        Some(scaling) => *scaling.max.peek(),
        None => given.replicas.as_ref().map_or(1, |replicas| *replicas.peek()),
    }
}

/// Says which services stop before they start, and which write to one volume in several copies.
pub(super) fn report_writers(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &[TaskPlan],
    services: &[EcsServicePlan],
) {
    let tasks: BTreeMap<&str, &TaskPlan> = tasks.iter().map(|task| (&*task.name, task)).collect();
    let writer = |service: &EcsServicePlan| {
        let task = tasks.get(&*service.name).copied()?;
        let given = planner.app.services.get(&task.name).filter(|_| !service.daemon)?;
        let (writing, volume) = kept_volumes::written(planner, task)?;
        let stops_first = given.stop_first.is_none() && service.replacement == ReplacementPercent::STOP_FIRST;
        Some(VolumeWriter { service: writing, volume, copies: most_copies(given), stops_first })
    };
    let writers: Vec<VolumeWriter<'_>> = services.iter().filter_map(writer).collect();
    kept_volumes::report(planner, &writers);
}

/// As the manifest sets it; otherwise what keeps data stops before its successor starts, as does one copy that writes to a
/// volume which outlives it.
fn replacement(
    planner: &mut EcsPlanner<'_, '_>,
    task: &TaskPlan,
    given: &AppService,
    daemon: bool,
) -> ReplacementPercent {
    // The next task needs the same ports of the machine.
    let one_on_a_machine = task.mode == NetworkMode::Host;
    let keeps = task.volumes.iter().any(|volume| !matches!(volume.storage, VolumeStorage::Task));
    let alone = most_copies(given) == 1 && kept_volumes::written(planner, task).is_some();
    let stop_first = match &given.stop_first {
        Some(first) => *planner.exact(first, "service: MinimumHealthyPercent and MaximumPercent"),
        None => one_on_a_machine || alone || (given.data_store.is_some() && keeps),
    };
    // A machine has one task of a daemon, so the old one stops first whatever the manifest says.
    if stop_first || daemon { ReplacementPercent::STOP_FIRST } else { ReplacementPercent::START_FIRST }
}

fn scale(planner: &mut EcsPlanner<'_, '_>, scaling: &ScalingTargets) -> ScalingPlan {
    let min = *planner.exact(&scaling.min, "scalable target: MinCapacity");
    let max = *planner.exact(&scaling.max, "scalable target: MaxCapacity");
    let mut percent = |target: &At<u32>| *planner.exact(target, "scaling policy: TargetValue");
    let cpu = scaling.cpu.as_ref().map(&mut percent);
    let memory = scaling.memory.as_ref().map(&mut percent);
    let cpu = if cpu.is_none() && memory.is_none() { Some(DEFAULT_CPU_TARGET) } else { cpu };
    ScalingPlan { min, max, cpu, memory }
}
