//! Jobs: tasks that run to completion by themselves.

use super::NetworkMode;
use tranship_app::Name;
use tranship_cloudformation::{LogicalId, Role};

/// A job. Its task has the same name.
#[derive(Debug, Clone)]
pub struct Job {
    /// The Compose service.
    pub name: Name,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// Its task's network mode.
    pub mode: NetworkMode,
    /// When it runs.
    pub when: When,
    /// What must be there before it runs: its ingress rules, databases, capacity.
    pub after: Vec<LogicalId>,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Once per deployment, by the custom resource [`Job::run`], whose properties hold the revision of
    /// the task definition. Services that it gates have it in their `after`.
    BeforeDeploy {
        /// Seconds after which it is stopped and has failed; at most 3,600.
        timeout: u32,
    },
    /// When someone runs its task definition.
    Manual,
    /// On a schedule expression.
    Schedule(String),
}

impl Job {
    /// The custom resource that runs it before a deployment.
    pub fn run(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::Run)
    }
}
