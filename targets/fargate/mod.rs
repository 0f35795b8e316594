//! The target `fargate`: the shared ECS plan on capacity that AWS runs.
//!
//! In: the application. Out: a CloudFormation template. What differs from EC2 instances is in
//! `compute::Fargate`; the rest is `targets/ecs`.

mod compute;
mod container_bounds;
mod rules;

use super::{Compilation, CompiledTarget, Target, container, ecs, managed_database, support};
use tranship_app::{Application, SupportTable};
use tranship_frontend::diagnostic::DiagnosticRule;

/// ECS on Fargate.
#[derive(Debug)]
pub struct FargateTarget;

impl Target for FargateTarget {
    fn name(&self) -> &'static str {
        "fargate"
    }

    fn summary(&self) -> &'static str {
        "Amazon ECS on AWS Fargate: a CloudFormation template, without instances to manage"
    }

    fn rules(&self) -> &'static [&'static [&'static DiagnosticRule]] {
        &[container::rules::ALL, ecs::rules::ALL, managed_database::rules::ALL, rules::ALL]
    }

    fn support(&self) -> &'static SupportTable {
        &support::FARGATE
    }

    fn compile(&self, application: &Application, cx: &mut Compilation<'_>) -> Option<CompiledTarget> {
        ecs::compile(application, &compute::FargateCompute, cx)
    }
}
