//! The machines of the cluster, where the stack has its own, and the parameter of their image.

use super::planner::EcsPlanner;
use super::{
    ClusterLoad, DecideMachines, MachineCount, MachinePlan, MachineRequest, NetworkPlan, ParameterPlan,
    RequestedInstanceType,
};
use tranship_app::{DeploymentPosture, InstanceRange};
use tranship_cloudformation::{LogicalId, ParameterType, ResourceRole, TemplateParameter};
use tranship_facts::ProcessorArchitecture;

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
    choice.diagnostics.into_iter().for_each(|diagnostic| planner.report(diagnostic));
    choice.plan
}

/// The parameter of the machine image: the newest one recommended for ECS, resolved at each deployment.
pub fn image_parameter(architecture: ProcessorArchitecture) -> ParameterPlan {
    let path = match architecture {
        ProcessorArchitecture::X86 => "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
        ProcessorArchitecture::Arm => {
            "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"
        }
    };
    let kind = ParameterType::Ssm("AWS::EC2::Image::Id");
    let parameter =
        TemplateParameter::new(kind, "The machine image of the cluster's instances").default(path);
    ParameterPlan::plain(LogicalId::only(ResourceRole::InstanceImage), parameter)
}
