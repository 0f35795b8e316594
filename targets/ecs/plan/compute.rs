//! The compute policy: what Fargate and EC2 instances do differently, in a handful of methods.

use super::{EcsPlan, NetworkMode, Size, Storage, Task};
use crate::Compilation;
use crate::container::ContainerBounds;
use tranship_app::{Application, At, Name, Service, Volume};
use tranship_cloudformation::{LogicalId, Value};
use tranship_facts::ProcessorArchitecture;
use tranship_frontend::source::Origin;

/// What runs the tasks of an ECS target.
pub trait Compute: Sync {
    /// The target's name, for diagnostics: `fargate`.
    fn target(&self) -> &'static str;

    /// What its task definitions may hold.
    fn limits(&self) -> &'static Limits;

    /// How the containers of a task reach the network.
    fn mode(&self, service: &Service, reach: Reach) -> NetworkMode;

    /// The security group of a task; nothing for one of its own.
    fn shared_group(&self, mode: NetworkMode) -> Option<LogicalId>;

    /// The size of a task from what its containers ask for. Says what it chose.
    fn size(&self, asked: &Asked, cx: &mut Compilation<'_>) -> Size;

    /// Where the data of a named volume is. `local`: within one task only.
    fn storage(&self, volume: &Volume, local: bool) -> Storage;

    /// What the cluster and its services run on.
    fn capacity(&self, application: &Application, cx: &mut Compilation<'_>) -> Capacity;

    /// Adds the machines, and asks the rules that need the whole plan. `plan.own` and
    /// `plan.parameters` are its own to fill.
    fn finish(&self, application: &Application, plan: &mut EcsPlan, cx: &mut Compilation<'_>);
}

/// What a target's task definitions may hold.
#[derive(Debug)]
pub struct Limits {
    /// What their containers may ask for.
    pub container: &'static ContainerBounds,
    /// `RequiresCompatibilities`.
    pub compatibility: &'static str,
}

/// Who reaches a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// The load balancer.
    pub public: bool,
    /// Other tasks, by its name.
    pub by_name: bool,
    /// The containers of its own task, over the loopback: it has sidecars.
    pub together: bool,
}

/// What the containers of a task ask for, together.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The service or job of the task.
    pub task: Name,
    /// The processor.
    pub architecture: ProcessorArchitecture,
    /// How many containers.
    pub containers: usize,
    /// The sum of the limits, or where there are none of the reservations, in 1/1024 of a CPU.
    pub cpu: Option<At<u32>>,
    /// The sum of the limits, or where there are none of the reservations, in bytes.
    pub memory: Option<At<u64>>,
    /// Where the task's service stands.
    pub origin: Origin,
}

/// What the cluster and its services run on.
#[derive(Debug, Clone, Default)]
pub struct Capacity {
    /// Capacity providers of the cluster: `FARGATE`, or references.
    pub providers: Vec<Value>,
    /// What services and jobs use. Jobs run on the same.
    pub strategy: Vec<Strategy>,
    /// What must exist before a task can be placed.
    pub after: Vec<LogicalId>,
    /// `AssignPublicIp` in `awsvpc`, where the launch type knows it.
    pub public_ip: Option<bool>,
    /// `PlatformVersion` of services.
    pub platform_version: Option<&'static str>,
}

/// An item of a capacity provider strategy.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// The capacity provider's name.
    pub provider: Value,
    /// Tasks that run on it before weights count.
    pub base: u32,
    /// Its share.
    pub weight: u32,
}

impl Task {
    /// Whether a container of the task has this name.
    pub fn has_container(&self, name: &str) -> bool {
        self.containers.iter().any(|container| container.name == name)
    }
}
