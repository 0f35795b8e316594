//! Services: tasks that are kept running, and how they scale.

use super::{ConnectConfiguration, TargetGroupPlan, TaskRun};
use tranship_app::ManifestName;
use tranship_cloudformation::{LogicalId, ResourceRole};

/// An ECS service. Its task has the same name.
#[derive(Debug, Clone)]
pub struct EcsServicePlan {
    /// The Compose service.
    pub name: ManifestName,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// What it runs.
    pub run: TaskRun,
    /// Whether one task runs on each machine (`SchedulingStrategy: DAEMON`): then there is no count.
    pub daemon: bool,
    /// `DesiredCount`; nothing where it scales by itself, so that no deployment resets it.
    pub desired: Option<u32>,
    /// `MinimumHealthyPercent` and `MaximumPercent`.
    pub replacement: ReplacementPercent,
    /// The discovery service that it registers with.
    pub registry: Option<LogicalId>,
    /// What Service Connect does for it.
    pub connect: Option<ConnectConfiguration>,
    /// What the load balancer sends to it.
    pub targets: Vec<TargetGroupPlan>,
    /// `HealthCheckGracePeriodSeconds`.
    pub grace: Option<u32>,
    /// What must be there before it is created or updated.
    pub after: Vec<LogicalId>,
    /// Automatic scaling.
    pub scaling: Option<ScalingPlan>,
}

impl EcsServicePlan {
    /// The service's id.
    pub fn id(&self) -> LogicalId {
        EcsServicePlan::id_of(&self.name, self.run.network.is_some())
    }

    /// The id of a service whose tasks have a network interface of their own, or that of their machine. ECS never takes
    /// the one from a service and gives it the other, so another service takes its place.
    pub fn id_of(name: &str, own_interface: bool) -> LogicalId {
        LogicalId::of(
            name,
            if own_interface { ResourceRole::Service } else { ResourceRole::ServiceOnInstance },
        )
    }

    /// How many tasks of it run at most, besides those that run on every machine.
    pub fn most_tasks(&self) -> u32 {
        if self.daemon {
            return 0;
        }
        self.scaling.map_or(self.desired.unwrap_or(1), |scaling| scaling.max)
    }
}

/// How much of a service runs while its tasks are replaced, in percent of its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplacementPercent {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: u32,
}

impl ReplacementPercent {
    /// A new task starts before the old one stops.
    pub const START_FIRST: ReplacementPercent = ReplacementPercent { min: 100, max: 200 };
    /// The old task stops before the new one starts: two must not run at once.
    pub const STOP_FIRST: ReplacementPercent = ReplacementPercent { min: 0, max: 100 };
}

/// Automatic scaling of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalingPlan {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Average CPU to hold, in percent.
    pub cpu: Option<u32>,
    /// Average memory to hold, in percent.
    pub memory: Option<u32>,
}
