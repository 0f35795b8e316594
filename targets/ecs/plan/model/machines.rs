//! The machines of a cluster that runs on its own.

use tranship_app::VolumeOwner;
use tranship_cloudformation::{LogicalId, TemplateValue};
use tranship_facts::ProcessorArchitecture;

/// EC2 instances of an Auto Scaling group, and the capacity provider that starts them.
#[derive(Debug, Clone)]
pub struct MachinePlan {
    /// The instance type.
    pub instance_type: String,
    /// The processor that the machine image is built for.
    pub architecture: ProcessorArchitecture,
    /// Whether the machine image has drivers for GPUs.
    pub gpu: bool,
    /// The size of the disk, in GiB.
    pub disk: u32,
    /// How many there are.
    pub count: MachineCount,
    /// The capacity provider's name, where the one that CloudFormation makes of the stack's is not allowed.
    pub provider_name: Option<TemplateValue>,
    /// Whether machines that run tasks are protected from being terminated.
    pub protected: bool,
    /// The subnets they are in: a list.
    pub subnets: TemplateValue,
    /// Log drivers that containers use besides that of CloudWatch Logs.
    pub log_drivers: Vec<String>,
    /// Folders that containers mount.
    pub folders: Vec<MachineFolder>,
    /// What must exist before a machine can reach AWS.
    pub after: Vec<LogicalId>,
    /// Key paths they come from.
    pub from: Vec<String>,
}

/// How many machines there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineCount {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: u32,
}

/// A folder of the machine that belongs to a user of the containers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MachineFolder {
    /// Its path.
    pub path: String,
    /// User and group.
    pub owner: VolumeOwner,
}
