//! Tranship compiles one Docker Compose file to AWS: ECS on Fargate, ECS on EC2, Elastic Beanstalk.
//!
//! Modules in the order a manifest passes through them. Imports go one way, from later to earlier.

pub mod app;
pub mod artifact;
pub mod cli;
pub mod cloudformation;
pub mod compile;
pub mod compose;
#[cfg(feature = "deploy")]
pub mod deploy;
pub mod diagnostic;
pub mod source;
#[path = "../targets/mod.rs"]
pub mod targets;
pub mod world;
pub mod yaml;
