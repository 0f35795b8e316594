//! Services and jobs: how many, how they are replaced, how they scale, when they run.

use super::planner::Planner;
use super::{Job, Namespace, Scaling, Service, Storage, TargetGroup, Task, When};
use crate::ecs::task_runner;
use std::collections::BTreeMap;
use tranship_app::{JobTime, Name, Role};

/// Seconds in which a new task may fail the load balancer's checks.
const GRACE: u32 = 60;

/// The services, in the order of their tasks.
pub(super) fn services(
    planner: &mut Planner<'_, '_>,
    tasks: &[Task],
    namespace: Option<&Namespace>,
    targets: &mut BTreeMap<Name, Vec<TargetGroup>>,
) -> Vec<Service> {
    let mut services = Vec::new();
    for task in tasks {
        let Some(given) = planner.app.services.get(&task.name) else { continue };
        if given.role != Role::Service {
            continue;
        }
        let own = targets.remove(&task.name).unwrap_or_default();
        let discovered = namespace.is_some_and(|it| it.services.iter().any(|one| one.service == task.name));
        services.push(service(planner, task, given, own, discovered));
    }
    services
}

fn service(
    planner: &mut Planner<'_, '_>,
    task: &Task,
    given: &tranship_app::Service,
    targets: Vec<TargetGroup>,
    discovered: bool,
) -> Service {
    let scaling = given.scaling.as_ref().map(|scaling| scale(planner, scaling));
    if let Some(replicas) = &given.replicas {
        let became = if scaling.is_some() { "replaced by scaling" } else { "service: DesiredCount" };
        planner.exact(replicas, became);
    }
    let desired = given.replicas.as_ref().map_or(1, |replicas| replicas.get());
    let (min_percent, max_percent) = replacement(planner, task, given);
    let start = given.container.health_check.as_ref().and_then(|check| check.start_period.as_ref());
    let start = start.map_or(0, |start| u32::try_from(start.peek().as_secs()).unwrap_or(u32::MAX));
    Service {
        name: task.name.clone(),
        from: task.from.clone(),
        mode: task.mode,
        desired: scaling.is_none().then_some(desired),
        min_percent,
        max_percent,
        discovered,
        grace: (!targets.is_empty()).then_some(GRACE.max(start).min(3_600)),
        targets,
        after: Vec::new(),
        scaling,
    }
}

/// A new task starts before the old one stops; where two must not run at once, the other way round.
fn replacement(planner: &mut Planner<'_, '_>, task: &Task, given: &tranship_app::Service) -> (u32, u32) {
    if let Some(first) = &given.stop_first {
        planner.exact(first, "service: MinimumHealthyPercent and MaximumPercent");
        return if first.get() { (0, 100) } else { (100, 200) };
    }
    let keeps = task.volumes.iter().any(|volume| !matches!(volume.storage, Storage::Task));
    if given.data_store.is_some() && keeps { (0, 100) } else { (100, 200) }
}

fn scale(planner: &mut Planner<'_, '_>, scaling: &tranship_app::Scaling) -> Scaling {
    planner.exact(&scaling.min, "scalable target: MinCapacity");
    planner.exact(&scaling.max, "scalable target: MaxCapacity");
    for target in [&scaling.cpu, &scaling.memory].into_iter().flatten() {
        planner.exact(target, "scaling policy: TargetValue");
    }
    let none = scaling.cpu.is_none() && scaling.memory.is_none();
    Scaling {
        min: scaling.min.get(),
        max: scaling.max.get(),
        cpu: scaling.cpu.as_ref().map(|it| it.get()).or(none.then_some(60)),
        memory: scaling.memory.as_ref().map(|it| it.get()),
    }
}

/// The jobs, in the order of their tasks.
pub(super) fn jobs(planner: &mut Planner<'_, '_>, tasks: &[Task]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for task in tasks {
        let Some(given) = planner.app.services.get(&task.name) else { continue };
        let Role::Job(job) = &given.role else { continue };
        let when = match &job.when {
            JobTime::BeforeDeploy => When::BeforeDeploy { timeout: task_runner::LONGEST },
            JobTime::Manual => When::Manual,
            JobTime::Schedule(expression) => {
                When::Schedule(planner.exact(expression, "schedule: ScheduleExpression").to_string())
            }
        };
        jobs.push(Job {
            name: task.name.clone(),
            from: task.from.clone(),
            mode: task.mode,
            when,
            after: Vec::new(),
        });
    }
    jobs
}
