//! Jobs: tasks that run to completion by themselves.

use super::TaskRun;
use tranship_app::ManifestName;
use tranship_cloudformation::{LogicalId, ResourceRole, TemplateValue};

/// A job. Its task has the same name.
#[derive(Debug, Clone)]
pub struct JobPlan {
    /// The Compose service.
    pub name: ManifestName,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// When it runs.
    pub trigger: JobTrigger,
    /// What it runs.
    pub run: TaskRun,
    /// The family of its task definition, as IAM needs it.
    pub family: TemplateValue,
    /// The roles that its task definition names: who starts it must be allowed to pass them on.
    pub roles: [LogicalId; 2],
    /// What must be there before it runs: its ingress rules, databases, capacity, other jobs.
    pub after: Vec<LogicalId>,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobTrigger {
    /// Once for each deployment, by the custom resource [`JobPlan::run_id`], whose properties hold the revision
    /// of the task definition. Services that it gates have it in their `after`.
    BeforeDeploy(DeploymentRun),
    /// When someone runs its task definition.
    Manual,
    /// On a schedule expression.
    Schedule(String),
}

/// How a job runs before a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRun {
    /// The container whose exit code decides.
    pub container: String,
    /// Its log group.
    pub log_group: LogicalId,
    /// Seconds after which it is stopped and has failed; at most 3,600.
    pub timeout: u32,
}

impl JobPlan {
    /// The id of the custom resource that runs it before a deployment.
    pub fn run_id(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::Run)
    }
}
