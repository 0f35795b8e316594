//! The target `ecs-ec2`: the shared ECS plan on machines of the stack's own.
//!
//! In: the application. Out: a CloudFormation template with the machines in it. What differs from Fargate stands
//! in [`compute::Ec2`]; the rest is `targets/ecs`.

pub mod compute;
pub mod instances;
pub mod machines;
pub mod room;
pub mod user_data;
