//! The machines of the cluster, where the stack has its own, and the parameter of their image.

use super::planner::EcsPlanner;
use super::{
    ClusterLoad, DecideMachines, GpuCount, MachineCount, MachinePlan, MachineRequest, NetworkPlan,
    ParameterPlan, RequestedInstanceType, TaskPlan, names,
};
use crate::ecs::rules;
use tranship_app::rules::target::SMALL_INSTANCE;
use tranship_app::{DeploymentPosture, InstanceRange};
use tranship_cloudformation::{
    FnSub, LogicalId, ParameterType, PseudoParameter, ResourceRole, TemplateParameter, TemplateValue,
};
use tranship_facts::quotas::ecs::RESERVED_PROVIDER_WORDS;
use tranship_facts::{InstanceType, ProcessorArchitecture};
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;

/// The machines that the policy decides. Reports what it found.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    decide: DecideMachines,
    load: ClusterLoad<'_>,
    network: &NetworkPlan,
) -> MachinePlan {
    let settings = &planner.app.settings;
    let instance_type = settings.instance_type.as_ref().map(|setting| RequestedInstanceType {
        name: planner.exact(setting, "launch template: instance type"),
        origin: setting.origin,
    });
    let count = settings.instances.as_ref().map(|InstanceRange { min, max }| MachineCount {
        min: *planner.exact(min, "auto scaling group: minimum size"),
        max: *planner.exact(max, "auto scaling group: maximum size"),
    });
    let prod = settings.posture() == DeploymentPosture::Prod;
    let request =
        MachineRequest { origin: planner.app.environment.origin, prod, instance_type, count, load, network };
    let choice = decide(&request);
    report_small(planner);
    choice.rejected.iter().for_each(|(value, reason)| planner.cx.ledger.rejected(value, *reason));
    choice.diagnostics.into_iter().for_each(|diagnostic| planner.report(diagnostic));
    MachinePlan { provider_name: provider_name(&names::stack(planner.app)), ..choice.plan }
}

/// CloudFormation names a capacity provider after its stack, and ECS refuses names that begin with its own words
/// (Amazon ECS API Reference, `CreateCapacityProvider`).
fn provider_name(stack: &str) -> Option<TemplateValue> {
    let stack = stack.to_ascii_lowercase();
    let refused = RESERVED_PROVIDER_WORDS.iter().any(|word| stack.starts_with(word));
    refused.then(|| FnSub::text("capacity-of-").pseudo(PseudoParameter::StackName).into())
}

/// One line for the services that are known to need more memory than a machine of the chosen type has.
fn report_small(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let Some(setting) = &app.settings.instance_type else { return };
    let Some(instance) = InstanceType::find(setting.peek()) else { return };
    let usual = app.services.values().filter_map(|service| Some((service, service.usual_size?.memory)));
    let large: Vec<_> = usual.filter(|(_, memory)| *memory > instance.usable_memory()).collect();
    let Some((first, _)) = large.first() else { return };
    let names: Vec<String> = large.iter().map(|(it, mib)| format!("`{}` ({mib} MiB)", it.name)).collect();
    let message = format!(
        "`{}` has {} MiB of memory for tasks, less than the known need of {}",
        instance.name,
        instance.usable_memory(),
        listed(&names)
    );
    let diagnostic = Diagnostic::new(&SMALL_INSTANCE, message).service(&*first.name);
    let placed = large.iter().fold(diagnostic, |one, (service, _)| one.at(service.origin));
    planner.report(
        placed
            .label(setting.origin, "the instance type")
            .help("choose a larger `instance_type`, or set `mem_limit` if they need less"),
    );
}

/// `count: all` is as many as the chosen machine has.
pub(super) fn settle_gpus(
    planner: &mut EcsPlanner<'_, '_>,
    tasks: &mut [TaskPlan],
    machines: Option<&MachinePlan>,
) {
    let instance = machines.and_then(|machines| InstanceType::find(&machines.instance_type));
    for task in tasks {
        let containers = task.containers.iter_mut();
        for container in containers.filter(|container| container.gpus == Some(GpuCount::All)) {
            container.gpus = instance.as_ref().map(|instance| GpuCount::Exactly(instance.gpus));
            if let (None, Some(machines)) = (&container.gpus, machines) {
                planner.report(uncounted(task.origin, &task.name, machines));
            }
        }
    }
}

fn uncounted(origin: Origin, task: &str, machines: &MachinePlan) -> Diagnostic {
    let name = &machines.instance_type;
    let message = format!("`{task}` asks for all GPUs, and the number that `{name}` has is unknown");
    Diagnostic::new(&rules::UNKNOWN_GPUS, message)
        .at(origin)
        .service(task)
        .key(format!("services.{task}"))
        .help("write the number: `count: 1`")
}

/// The parameter of the machine image: the newest one recommended for ECS, resolved at each deployment.
///
/// Source: Amazon ECS Developer Guide, "Retrieving Amazon ECS-optimized Linux AMI metadata" (read 2026-11).
pub fn image_parameter(architecture: ProcessorArchitecture, gpu: bool) -> ParameterPlan {
    let id = image_id(architecture, gpu);
    let path = match architecture {
        ProcessorArchitecture::X86 if gpu => {
            "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
        }
        ProcessorArchitecture::X86 => "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
        ProcessorArchitecture::Arm => {
            "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"
        }
    };
    let kind = ParameterType::Ssm("AWS::EC2::Image::Id");
    let parameter =
        TemplateParameter::new(kind, "The machine image of the cluster's instances").default(path);
    ParameterPlan::plain(id, parameter)
}

/// The parameter's id: one for each kind of image. A deployment keeps the value of a parameter that it knows, and
/// another kind of instance does not start from the old value.
pub fn image_id(architecture: ProcessorArchitecture, gpu: bool) -> LogicalId {
    LogicalId::only(match architecture {
        ProcessorArchitecture::X86 if gpu => ResourceRole::InstanceImageGpu,
        ProcessorArchitecture::X86 => ResourceRole::InstanceImage,
        ProcessorArchitecture::Arm => ResourceRole::InstanceImageArm,
    })
}
