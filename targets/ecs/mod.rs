//! What both ECS targets share: the plan (decisions), the rules (legality), the emission (mechanical).
//!
//! In: the application and a [`Compute`](plan::Compute) policy, which says what a target's machines
//! need. Out: a CloudFormation template and what a deployment needs to know of it.

pub mod emit;
pub mod plan;
pub mod task_runner;
