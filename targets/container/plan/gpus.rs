//! GPUs: how many a container has for itself.
//!
//! Source: Amazon ECS Developer Guide, "Task definitions for GPU workloads" (read 2026-11): a container gets a number
//! of NVIDIA GPUs, and no other container of the machine gets the same.

use crate::container::field;
use crate::container::{ContainerPlan, ContainerPlanner, GpuCount};
use tranship_app::{BehaviourEffect, DeviceCount, DeviceRequest};

/// The driver of the machine image.
const DRIVER: &str = "nvidia";
/// The capability of every GPU.
const GPU: &str = "gpu";
/// What that may be (NVIDIA Container Toolkit documentation, "Driver capabilities").
const KNOWN_CAPABILITIES: &[&str] =
    &["compute", "compat32", "graphics", "utility", "video", "display", "ngx"];

/// Decides them, where the target has GPUs.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    if !planner.bounds.gpus {
        return;
    }
    for request in &planner.service().container.device_requests {
        let Some(count) = accepted(planner, request) else { continue };
        container.gpus = Some(together(container.gpus, count));
        container.gpu_capabilities.extend(capabilities(planner, request));
    }
}

/// The count of a request for GPUs that the target has; any other is refused.
fn accepted(planner: &mut ContainerPlanner<'_, '_>, request: &DeviceRequest) -> Option<GpuCount> {
    let key = "deploy.resources.reservations.devices";
    if !request.gpu {
        let help = "name a device file in `devices`, or ask for `capabilities: [gpu]`";
        planner.reject(&request.node, key, "Amazon ECS can reserve GPUs, but no other devices", help);
        return None;
    }
    if let Some(driver) = request.driver.as_ref() {
        if driver.peek() != DRIVER && !driver.peek().is_empty() {
            let reason = "the machine image includes the NVIDIA driver only";
            let shown = format!("driver: {}", driver.peek());
            planner.reject(&request.node, &shown, reason, "write `driver: nvidia`");
            return None;
        }
        planner.decided(driver, field::GPUS);
    }
    for options in &request.options {
        planner.ignore(
            options,
            "options",
            "Amazon ECS passes no options to the GPU driver",
            BehaviourEffect::ChangesBehaviour,
        );
    }
    count(planner, request)
}

fn count(planner: &mut ContainerPlanner<'_, '_>, request: &DeviceRequest) -> Option<GpuCount> {
    match &request.count {
        DeviceCount::All(written) => {
            if let Some(written) = written {
                planner.decided(written, field::GPUS);
            }
            Some(GpuCount::All)
        }
        DeviceCount::Exactly(number) => {
            let number = *planner.exact(number, field::GPUS);
            (number > 0).then_some(GpuCount::Exactly(number))
        }
        DeviceCount::These(ids) => {
            let number = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            for id in ids {
                let value = format!("{number} of the instance's GPUs");
                let reason = "Amazon ECS chooses which GPUs a container gets";
                planner.approximate(id, field::GPUS, BehaviourEffect::Equivalent, value, reason);
            }
            Some(GpuCount::Exactly(number))
        }
    }
}

/// What the driver lets the container do, besides having the GPU.
fn capabilities(planner: &mut ContainerPlanner<'_, '_>, request: &DeviceRequest) -> Vec<String> {
    let mut wanted = Vec::new();
    for capability in &request.capabilities {
        let name = capability.peek().as_str();
        if name == GPU || name == DRIVER {
            planner.decided(capability, field::GPUS);
        } else if KNOWN_CAPABILITIES.contains(&name) {
            wanted.push(planner.exact(capability, field::ENVIRONMENT).clone());
        } else {
            let reason = "the driver does not know this capability";
            planner.ignore(capability, "capabilities", reason, BehaviourEffect::ChangesBehaviour);
        }
    }
    wanted
}

fn together(known: Option<GpuCount>, more: GpuCount) -> GpuCount {
    match (known, more) {
        (Some(GpuCount::Exactly(known)), GpuCount::Exactly(more)) => {
            GpuCount::Exactly(known.saturating_add(more))
        }
        (Some(GpuCount::All), _) | (_, GpuCount::All) => GpuCount::All,
        (None, more) => more,
    }
}
