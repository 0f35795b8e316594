//! Task definitions: containers that start, stop and move together.

pub use crate::container::{
    ContainerDependency, ContainerPlan, HealthCheckPlan, LinuxParameters, MountPoint, NamespaceSharing,
    NetworkMode, PortMapping, ResourceLimit, StartCondition,
};
use tranship_app::{Name, VolumeOwner};
use tranship_cloudformation::{LogicalId, Role, Value, iam};
use tranship_facts::ProcessorArchitecture;

/// A task definition, with the roles and the security group that its containers have in common.
#[derive(Debug, Clone)]
pub struct Task {
    /// The service or job that it is named after: its main container.
    pub name: Name,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// `Family`, fixed so that revisions count up.
    pub family: Value,
    /// How its containers reach the network.
    pub mode: NetworkMode,
    /// What it may use.
    pub size: Size,
    /// The processor it is built for.
    pub architecture: ProcessorArchitecture,
    /// In the order in which they start.
    pub containers: Vec<Container>,
    /// What its containers mount.
    pub volumes: Vec<TaskVolume>,
    /// What starting it needs: pulling, logging, reading secrets.
    pub execution: iam::Policy,
    /// What its containers may do.
    pub permissions: iam::Policy,
    /// `PidMode`: `task` where a container sees the processes of another, `host` where it sees the machine's.
    pub pid_mode: Option<&'static str>,
    /// `IpcMode`: as `PidMode`; only on machines of the cluster.
    pub ipc_mode: Option<&'static str>,
    /// `EphemeralStorage`, in GiB, where 20 do not suffice.
    pub storage: Option<u32>,
    /// The security group that its network interface (`awsvpc`) or its machine (`bridge`) has.
    pub group: LogicalId,
    /// The subnets it runs in: a list.
    pub subnets: Value,
    /// What must exist before a task of it can start: policies are part of their roles, but mount
    /// targets, ingress rules and secrets attached to databases are resources of their own.
    pub after: Vec<LogicalId>,
}

impl Task {
    /// The task definition's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::TaskDefinition)
    }

    /// The log group's id.
    pub fn log_group(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::LogGroup)
    }
}

/// What a task may use. Nothing means: no limit of the task as a whole (EC2 only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// In 1/1024 of a virtual CPU.
    pub cpu: Option<u32>,
    /// In MiB.
    pub memory: Option<u32>,
}

/// A container of a task: all text in it is a value of the template.
pub type Container = ContainerPlan<Value>;

/// A volume of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskVolume {
    /// Unique in the task.
    pub name: String,
    /// Where its data is.
    pub storage: Storage,
}

/// Where a volume's data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// With the task, empty at its start and gone with it.
    Task,
    /// A folder of the machine.
    Host {
        /// Its path.
        path: String,
        /// Who owns it: user and group.
        owner: Option<VolumeOwner>,
    },
    /// EFS: the file system of this persistent volume, through the access point of the same name.
    Efs(Name),
}
