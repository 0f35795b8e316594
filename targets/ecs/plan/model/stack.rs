//! The plan of a stack: every decision, whole and final.

use super::{
    CapacityPlan, DatabasePlan, EcsServicePlan, FileSystemPlan, FrontDoorPlan, JobPlan, MachinePlan,
    NamespacePlan, NetworkPlan, OutsideRule, SecretPlan, SecurityGroup, SecurityGroupRule, TaskPlan,
};
use std::collections::BTreeMap;
use tranship_app::OutboundAccess;
use tranship_cloudformation::{LogicalId, TemplateValue};

/// The decisions for one stack.
#[derive(Debug)]
pub struct EcsPlan {
    /// What holds for the stack as a whole.
    pub stack: StackSettings,
    /// Where tasks run.
    pub network: NetworkPlan,
    /// What runs the tasks.
    pub capacity: CapacityPlan,
    /// The machines, where the stack has its own.
    pub machines: Option<MachinePlan>,
    /// Names that services are found under; nothing where none is looked up.
    pub namespace: Option<NamespacePlan>,
    /// Task definitions, of services and of jobs.
    pub tasks: Vec<TaskPlan>,
    /// What is kept running.
    pub services: Vec<EcsServicePlan>,
    /// What runs to completion.
    pub jobs: Vec<JobPlan>,
    /// What is open to the outside.
    pub front_door: FrontDoorPlan,
    /// Security groups of tasks, databases, volumes and the load balancer.
    pub security_groups: Vec<SecurityGroup>,
    /// Rules of groups that are not the stack's.
    pub outside_rules: Vec<OutsideRule>,
    /// Who may reach whom.
    pub security_group_rules: Vec<SecurityGroupRule>,
    /// What is reachable outside, for the report.
    pub outbound_access: Vec<OutboundAccess>,
    /// Managed databases.
    pub databases: Vec<DatabasePlan>,
    /// Persistent volumes.
    pub file_systems: Vec<FileSystemPlan>,
    /// Secrets fed by parameters, or derived.
    pub secrets: Vec<SecretPlan>,
}

impl EcsPlan {
    /// The services that serve what target groups get, by the id of the group.
    pub fn serving(&self) -> BTreeMap<&LogicalId, LogicalId> {
        let mut serving = BTreeMap::new();
        for service in &self.services {
            for target in &service.targets {
                serving.entry(&target.id).or_insert_with(|| service.id());
            }
        }
        serving
    }

    /// Gives up what only the template needs, once it has it: the containers and what they may do are half of a plan.
    pub fn drop_containers(&mut self) {
        for task in &mut self.tasks {
            task.containers = Vec::new();
            (task.execution, task.permissions) = Default::default();
        }
    }
}

/// What holds for the stack as a whole.
#[derive(Debug, Clone)]
pub struct StackSettings {
    /// Its name.
    pub name: String,
    /// Its region, where the environment names one.
    pub region: Option<String>,
    /// Its account, where the environment names one.
    pub account: Option<String>,
    /// `Description` of the template.
    pub description: String,
    /// Days that logs are kept.
    pub log_retention: u32,
    /// How commands are run in the containers of services; nothing where they may not.
    pub exec: Option<ExecPlan>,
    /// Tags of its resources: name and value.
    pub tags: Vec<(String, TemplateValue)>,
}

/// How commands are run in the containers of services, by ECS Exec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecPlan {
    /// The ARN of the key that encrypts a session, besides TLS.
    pub kms_key: Option<String>,
    /// Where sessions are logged.
    pub log: SessionLog,
}

/// Where sessions of ECS Exec are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionLog {
    /// With the logs of the service.
    Service,
    /// A log group of the stack.
    Group {
        /// The ARN of the key that encrypts it.
        key: Option<String>,
    },
    /// A bucket that exists.
    Bucket {
        /// Its name.
        name: String,
        /// What the keys of objects begin with.
        prefix: Option<String>,
        /// The ARN of the key that encrypts its objects.
        key: Option<String>,
    },
    /// Nowhere.
    Nowhere,
}
