//! What the ECS targets share.

pub mod task_runner;
