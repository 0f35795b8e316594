//! Tranship compiles one Docker Compose file to AWS: ECS on Fargate, ECS on EC2, Elastic Beanstalk.
//!
//! This crate is the program: the pipeline ([`compile`]), the command line ([`cli`]) and the deployment.
//! What it is made of has crates of its own, re-exported here under their rooms' names.

mod cascade;
pub mod cli;
pub mod compile;
#[cfg(feature = "deploy")]
pub mod deploy;
pub mod operation;
pub mod pipeline;
#[cfg(feature = "deploy")]
pub mod publish;
mod registry;

pub use registry::{known_names, rule_registry};
pub use tranship_app as app;
pub use tranship_artifact as artifact;
pub use tranship_cloudformation as cloudformation;
pub use tranship_frontend::{compose, diagnostic, source, world, yaml};
pub use tranship_targets as targets;
