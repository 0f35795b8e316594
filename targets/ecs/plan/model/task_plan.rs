//! Task definitions, and how services and jobs run them.

use super::{CapacityStrategyItem, EcsContainer, EcsServicePlan, NetworkMode, TaskVolume, VolumeStorage};
use tranship_app::{At, ManifestName};
use tranship_cloudformation::{LogicalId, ResourceRole, TemplateValue, iam};
use tranship_facts::ProcessorArchitecture;
use tranship_frontend::source::Origin;

/// A task definition with its roles and its log group. Where it runs, and what must exist before, is in the
/// [`EcsServicePlan`](super::EcsServicePlan) or [`JobPlan`](super::JobPlan) that runs it.
#[derive(Debug, Clone)]
pub struct TaskPlan {
    /// The service or job that it is named after: its main container.
    pub name: ManifestName,
    /// Where that is in the manifest, for diagnostics.
    pub origin: Origin,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// `Family`, fixed so that revisions count up.
    pub family: TemplateValue,
    /// How its containers reach the network.
    pub mode: NetworkMode,
    /// What it may use.
    pub size: TaskSize,
    /// `EphemeralStorage`, in GiB, where it is more than every task has.
    pub ephemeral_storage: Option<u32>,
    /// The processor it is built for.
    pub architecture: ProcessorArchitecture,
    /// The `platform` that asks for that processor.
    pub platform: Option<At<String>>,
    /// In the order in which they start.
    pub containers: Vec<EcsContainer>,
    /// What its containers mount.
    pub volumes: Vec<TaskVolume>,
    /// What starting it needs: pulling, logging, reading secrets.
    pub execution: iam::IamPolicy,
    /// What its containers may do.
    pub permissions: iam::IamPolicy,
    /// `PidMode`: `task` where a container sees the processes of another, `host` where it sees the machine's.
    pub pid_mode: Option<&'static str>,
    /// `IpcMode`: as `PidMode`; only on machines of the cluster.
    pub ipc_mode: Option<&'static str>,
}

impl TaskPlan {
    /// The task definition's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::TaskDefinition)
    }

    /// The log group's id.
    pub fn log_group(&self) -> LogicalId {
        TaskPlan::log_group_of(&self.name)
    }

    /// The id of the log group of a task by its name, which is that of its service.
    pub fn log_group_of(name: &str) -> LogicalId {
        LogicalId::of(name, ResourceRole::LogGroup)
    }

    /// The ids of its execution role and its task role.
    pub fn roles(&self) -> [LogicalId; 2] {
        [ResourceRole::ExecutionRole, ResourceRole::TaskRole].map(|role| LogicalId::of(&self.name, role))
    }

    /// The security group that its network interface (`awsvpc`) or its machine (`bridge`, `host`) has.
    pub fn security_group(&self) -> LogicalId {
        match self.mode {
            NetworkMode::AwsVpc => LogicalId::of(&self.name, ResourceRole::SecurityGroup),
            NetworkMode::Bridge | NetworkMode::Host => LogicalId::only(ResourceRole::InstanceSecurityGroup),
        }
    }

    /// The id of the service that runs it.
    pub fn service(&self) -> LogicalId {
        EcsServicePlan::id_of(&self.name, self.mode == NetworkMode::AwsVpc)
    }

    /// Whether it mounts a file system of EFS.
    pub fn uses_efs(&self) -> bool {
        self.volumes.iter().any(|volume| matches!(volume.storage, VolumeStorage::Efs(_)))
    }
}

/// What a task may use. Nothing means: no limit of the task as a whole (EC2 only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskSize {
    /// In 1/1024 of a virtual CPU.
    pub cpu: Option<u32>,
    /// In MiB.
    pub memory: Option<u32>,
}

/// How a service or a job runs its task.
#[derive(Debug, Clone)]
pub struct TaskRun {
    /// The task definition.
    pub task_definition: LogicalId,
    /// Where it runs; nothing where the network is the machine's.
    pub network: Option<AwsvpcNetwork>,
    /// What it runs on.
    pub strategy: Vec<CapacityStrategyItem>,
}

/// The network of a task with an interface of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsvpcNetwork {
    /// Subnets: one value that is a list.
    pub subnets: TemplateValue,
    /// Its security group.
    pub security_group: LogicalId,
    /// `AssignPublicIp`, where the launch type accepts it.
    pub assign_public_ip: Option<bool>,
}
