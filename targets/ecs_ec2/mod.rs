//! The target `ecs-ec2`: the shared ECS plan on machines of the stack's own.
//!
//! In: the application. Out: a CloudFormation template with the machines in it. What differs from Fargate is
//! in `compute::Ec2` and `machines`; the rest is `targets/ecs`.

mod compute;
mod container_bounds;
mod gpus;
mod machines;
mod placement;
mod rules;

use super::{Compilation, CompiledTarget, Target, container, ecs, managed_database, support};
use tranship_app::{Application, SupportTable};
use tranship_frontend::diagnostic::DiagnosticRule;

/// ECS on EC2 instances.
#[derive(Debug)]
pub struct EcsEc2Target;

impl Target for EcsEc2Target {
    fn name(&self) -> &'static str {
        "ecs-ec2"
    }

    fn summary(&self) -> &'static str {
        "Amazon ECS on EC2 instances: a CloudFormation template that includes the instances"
    }

    fn rules(&self) -> &'static [&'static [&'static DiagnosticRule]] {
        &[container::rules::ALL, ecs::rules::ALL, managed_database::rules::ALL, rules::ALL]
    }

    fn support(&self) -> &'static SupportTable {
        &support::ECS_EC2
    }

    fn compile(&self, application: &Application, cx: &mut Compilation<'_>) -> Option<CompiledTarget> {
        ecs::compile(application, &compute::Ec2Compute, cx)
    }
}
