//! Services and jobs: how many, how they are replaced, how they scale, when they run.

use super::planner::Planner;
use super::{Job, Namespace, Scaling, Service, Storage, TargetGroup, Task, When};
use crate::ecs::rules;
use crate::ecs::task_runner;
use std::collections::BTreeMap;
use tranship_app::{JobTime, Name, Role};
use tranship_frontend::diagnostic::Diagnostic;

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
    let scaling = given.scaling.as_ref().map(|scaling| scale(planner, given, scaling));
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

fn scale(
    planner: &mut Planner<'_, '_>,
    given: &tranship_app::Service,
    scaling: &tranship_app::Scaling,
) -> Scaling {
    planner.exact(&scaling.min, "scalable target: MinCapacity");
    planner.exact(&scaling.max, "scalable target: MaxCapacity");
    for target in [&scaling.cpu, &scaling.memory].into_iter().flatten() {
        planner.exact(target, "scaling policy: TargetValue");
    }
    if scaling.max.peek() < scaling.min.peek() {
        let message = format!(
            "`{}` scales from {} to {}: the least is more than the most",
            given.name,
            scaling.min.peek(),
            scaling.max.peek()
        );
        let told = planner
            .about(&rules::SCALE, given, &scaling.max, message)
            .help("write `scale: { min: 2, max: 8, cpu: 60 }`");
        planner.cx.diagnostics.push(told);
    }
    for target in [&scaling.cpu, &scaling.memory].into_iter().flatten() {
        if !(1..=100).contains(&target.get()) {
            let message = format!("`{}` scales at {} percent", given.name, target.peek());
            let told =
                planner.about(&rules::SCALE, given, target, message).help("write a percentage from 1 to 100");
            planner.cx.diagnostics.push(told);
        }
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
                planner.exact(expression, "schedule: ScheduleExpression");
                schedule_rules(planner, given, expression);
                When::Schedule(expression.peek().clone())
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

/// `rate(1 hour)`, `cron(0 3 * * ? *)`, `at(2027-01-01T00:00:00)` (EventBridge Scheduler User Guide, "Schedule types").
fn schedule_rules(
    planner: &mut Planner<'_, '_>,
    given: &tranship_app::Service,
    expression: &tranship_app::At<String>,
) {
    let inner = |kind: &str| {
        let rest = expression.peek().strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')')?;
        Some(rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    let rate = inner("rate").is_some_and(|words| {
        let units = ["minute", "minutes", "hour", "hours", "day", "days"];
        matches!(words.as_slice(), [count, unit]
            if count.parse::<u32>().is_ok_and(|count| count > 0) && units.contains(&unit.as_str()))
    });
    let cron = inner("cron").is_some_and(|fields| {
        // One of day of month and day of week must be `?`.
        fields.len() == 6
            && [fields.get(2), fields.get(4)].iter().any(|field| field.is_some_and(|it| it == "?"))
    });
    let at = inner("at").is_some_and(|words| words.len() == 1);
    if !rate && !cron && !at {
        let message = format!("`{}` is not a schedule of `{}`", expression.peek(), given.name);
        let told = Diagnostic::new(&rules::SCHEDULE, message)
            .at(expression.origin)
            .service(&*given.name)
            .target(planner.compute.target())
            .help("write `rate(1 hour)` or six fields such as `cron(0 3 * * ? *)`");
        planner.cx.diagnostics.push(told);
    }
}
