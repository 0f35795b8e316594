//! The plan of an ECS target: every decision taken, every rule asked, before anything is written.
//!
//! In: the [`Application`](crate::app::Application) and a [`Compute`] policy. Out: an [`EcsPlan`].
//! Invariant: what the plan holds is legal; emission turns it into a template and decides nothing.

pub mod compute;
pub mod model;

pub use compute::{Asked, Capacity, Compute, Limits, Reach, Strategy};
pub use model::*;

use crate::app::Name;
use crate::cloudformation::{LogicalId, Resource};

/// The decisions for one stack.
#[derive(Debug)]
pub struct EcsPlan {
    /// The project's name.
    pub project: Name,
    /// The stack's name.
    pub stack: String,
    /// The region, where the environment names one.
    pub region: Option<String>,
    /// `Description` of the template.
    pub description: String,
    /// Days that logs are kept.
    pub log_retention: u32,
    /// Where tasks run.
    pub network: Network,
    /// What runs the tasks.
    pub capacity: Capacity,
    /// Names that services are found under; nothing where none is looked up.
    pub namespace: Option<Namespace>,
    /// Task definitions, of services and of jobs.
    pub tasks: Vec<Task>,
    /// What is kept running.
    pub services: Vec<Service>,
    /// What runs to completion.
    pub jobs: Vec<Job>,
    /// What is open to the world.
    pub load_balancer: Option<LoadBalancer>,
    /// Security groups of tasks, databases, volumes and the load balancer.
    pub groups: Vec<Group>,
    /// Who may reach whom.
    pub rules: Vec<Rule>,
    /// Managed databases.
    pub databases: Vec<Database>,
    /// Persistent volumes.
    pub file_systems: Vec<FileSystem>,
    /// Secrets fed by parameters, or derived.
    pub secrets: Vec<Secret>,
    /// What a deployment gives.
    pub parameters: Vec<PlannedParameter>,
    /// What the compute policy adds: its machines, already decided.
    pub own: Vec<(LogicalId, Resource)>,
    /// Tags of the stack's resources: name and value.
    pub tags: Vec<(String, crate::cloudformation::Value)>,
}

impl EcsPlan {
    /// The task of a service or job.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| &*task.name == name)
    }

    /// The job of a name.
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| &*job.name == name)
    }
}
