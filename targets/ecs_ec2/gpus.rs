//! Whether the machines have the GPUs that tasks reserve.

use super::rules;
use crate::ecs::plan::{EcsContainer, GpuCount, TaskPlan};
use tranship_facts::InstanceType;
use tranship_frontend::diagnostic::Diagnostic;

/// Whether a container of the task has GPUs.
pub(super) fn is_used_by(task: &TaskPlan) -> bool {
    task.containers.iter().any(|container| container.gpus.is_some())
}

/// How many GPUs of such a machine a task takes.
pub(super) fn taken(task: &TaskPlan, instance: &InstanceType) -> u64 {
    let count = |container: &EcsContainer| match container.gpus {
        Some(GpuCount::All) => u64::from(instance.gpus.max(1)),
        Some(GpuCount::Exactly(count)) => u64::from(count),
        None => 0,
    };
    task.containers.iter().map(count).sum()
}

/// The machine has fewer than the task reserves.
pub(super) fn missing(task: &TaskPlan, instance: &InstanceType) -> Option<Diagnostic> {
    let (wanted, has) = (taken(task, instance), instance.gpus);
    (wanted > u64::from(has)).then(|| {
        let (gpus, has) = (plural(wanted), if has == 0 { "none".to_owned() } else { has.to_string() });
        let message = format!("the task of `{}` reserves {gpus}; `{}` has {has}", task.name, instance.name);
        let enough = InstanceType::gpu_choices().into_iter().find(|choice| u64::from(choice.gpus) >= wanted);
        let help = match enough {
            Some(choice) => format!("choose an `instance_type` that has them, such as `{}`", choice.name),
            None => "reserve fewer GPUs for a task".to_owned(),
        };
        Diagnostic::new(&rules::TOO_FEW_GPUS, message).key(format!("services.{}", task.name)).help(help)
    })
}

fn plural(count: u64) -> String {
    if count == 1 { "a GPU".to_owned() } else { format!("{count} GPUs") }
}
