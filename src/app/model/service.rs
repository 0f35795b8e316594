//! What runs containers: services, jobs, init containers, sidecars.

use super::{ContainerImage, ContainerSpec, ExternalAddress, HealthTest, ManifestName, ServiceEgress};
use crate::{At, NameResolution, ScheduleExpression, Text};
use tranship_facts::DataStoreKind;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// Something that runs containers.
#[derive(Debug, Clone)]
pub struct AppService {
    /// Its name in the manifest.
    pub name: ManifestName,
    /// The service's mapping.
    pub node: NodeId,
    /// Where its name stands.
    pub origin: Origin,
    /// The step of `pre_start` that it runs; nothing for a service of the manifest.
    pub hook: Option<HookStep>,
    /// What it is to the others.
    pub role: ServiceRole,
    /// What its container does.
    pub container: ContainerSpec,
    /// What must be there before it starts.
    pub dependencies: Vec<ServiceDependency>,
    /// `deploy.replicas` or `scale`: how many copies.
    pub replicas: Option<At<u32>>,
    /// `deploy.mode`: `replicated`, or `global` for one copy on each machine.
    pub mode: Option<At<String>>,
    /// `x-tranship.scale`: automatic scaling.
    pub scaling: Option<ScalingTargets>,
    /// CPU and memory asked for.
    pub resources: ResourceRequests,
    /// What it is known to need, where nothing is asked for.
    pub usual_size: Option<UsualSize>,
    /// What its task role may do.
    pub permissions: Vec<RolePermission>,
    /// Whether the containers of its instance start again when it ends.
    pub essential: Option<At<bool>>,
    /// Whether it keeps data: a known data store by image or port.
    pub data_store: Option<DataStoreKind>,
    /// `deploy.update_config.order`: whether the old copy stops before the new one starts.
    pub stop_first: Option<At<bool>>,
    /// What it may reach outside of the application.
    pub egress: ServiceEgress,
    /// How it finds others, where its own settings say it.
    pub names: Option<At<NameResolution>>,
    /// Hosts outside of the application that its values name.
    pub external: Vec<ExternalAddress>,
    /// Names under which others reach it: its own, links' and networks' aliases, `hostname`.
    pub host_names: Vec<At<ManifestName>>,
}

/// A step of `pre_start`, which runs as a service of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStep {
    /// The service that it belongs to.
    pub of: ManifestName,
    /// Its place in the list, from 0.
    pub index: usize,
    /// `per_replica`, which says whether it is a job.
    pub per_replica: NodeId,
}

impl AppService {
    /// The service of the manifest that it belongs to: itself, or that of its step.
    pub fn declared_as(&self) -> &ManifestName {
        self.hook.as_ref().map_or(&self.name, |hook| &hook.of)
    }

    /// The key path that it comes from.
    pub fn key_path(&self) -> String {
        match &self.hook {
            Some(HookStep { of, index, .. }) => format!("services.{of}.pre_start[{index}]"),
            None => format!("services.{}", self.name),
        }
    }

    /// The texts in which databases are named: variables, commands and the health check.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        let container = &mut self.container;
        let test: &mut [Text] = match container.health_check.as_mut().map(|check| &mut check.test.value) {
            Some(HealthTest::Exec(list)) => list,
            Some(HealthTest::Shell(line)) => std::slice::from_mut(line),
            None => &mut [],
        };
        let lists = [&mut container.entrypoint, &mut container.command].into_iter().flatten();
        lists
            .flat_map(|list| &mut list.value)
            .chain(test)
            .chain(container.environment.values_mut().filter_map(|variant| variant.value.as_mut()))
    }

    /// Every text of its container and of its permissions.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let container = &self.container;
        let image = match &container.image {
            ContainerImage::Named(text) => Some(text),
            ContainerImage::Built { .. } => None,
        };
        let test: &[Text] = match container.health_check.as_ref().map(|check| &check.test.value) {
            Some(HealthTest::Exec(list)) => list,
            Some(HealthTest::Shell(line)) => std::slice::from_ref(line),
            None => &[],
        };
        let lists = [&container.entrypoint, &container.command].into_iter().flatten();
        image
            .into_iter()
            .chain(&container.user)
            .chain(&container.working_dir)
            .chain(lists.flat_map(|list| &list.value))
            .chain(test)
            .chain(container.environment.values().filter_map(|variant| variant.value.as_ref()))
            .chain(container.labels.values())
            .chain(self.permissions.iter().flat_map(|permission| &permission.resources))
    }
}

/// What a service is to the others.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceRole {
    /// Runs for ever.
    Service,
    /// Runs to completion, by itself.
    Job(ServiceJob),
    /// Runs to completion inside the task of each of these services, before they start.
    Init {
        /// The services that wait for it and share a volume with it. They may be in the task of another one.
        dependents: Vec<ManifestName>,
        /// Why: the `depends_on` that says so.
        origin: Origin,
    },
    /// Shares the task of another service.
    Sidecar {
        /// The service whose task it shares, which may be in the task of another one.
        of: ManifestName,
        /// Why: `network_mode: service:x` or `task:`.
        origin: Origin,
    },
}

/// Something that runs to completion by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceJob {
    /// When it runs.
    pub when: JobTime,
    /// The services that must not be updated before it succeeded.
    pub gates: Vec<ManifestName>,
    /// What makes it one.
    pub reason: JobReason,
    /// Where that stands.
    pub origin: Origin,
}

/// What makes a service a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobReason {
    /// `x-tranship.job`.
    Declared,
    /// Others wait for it to complete.
    Awaited,
    /// It ends by itself, and nobody waits.
    Inferred,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq)]
pub enum JobTime {
    /// Once per deployment, before what it gates is updated.
    BeforeDeploy,
    /// When someone says so.
    Manual,
    /// On a schedule expression: `cron(0 3 * * ? *)`, `rate(1 hour)`.
    Schedule(At<ScheduleExpression>),
}

/// What must be there before a service starts.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceDependency {
    /// The service or database waited for.
    pub on: ManifestName,
    /// What is waited for.
    pub condition: At<DependencyCondition>,
    /// `required: false`: start without it.
    pub required: bool,
    /// The entry of `depends_on`.
    pub node: NodeId,
}

/// What `depends_on` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyCondition {
    /// `service_started`.
    Started,
    /// `service_healthy`.
    Healthy,
    /// `service_completed_successfully`.
    Completed,
}

/// CPU and memory asked for. CPUs are in 1/1024 of a virtual CPU, memory in bytes.
#[derive(Debug, Clone, Default)]
pub struct ResourceRequests {
    /// `deploy.resources.limits.cpus` or `cpus`.
    pub cpu_limit: Option<At<u32>>,
    /// `deploy.resources.reservations.cpus`.
    pub cpu_reservation: Option<At<u32>>,
    /// `deploy.resources.limits.memory` or `mem_limit`.
    pub memory_limit: Option<At<u64>>,
    /// `deploy.resources.reservations.memory` or `mem_reservation`.
    pub memory_reservation: Option<At<u64>>,
}

/// What a service is known to need, where the manifest asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualSize {
    /// In 1/1024 of a virtual CPU.
    pub cpu: u32,
    /// In MiB.
    pub memory: u32,
}

/// `x-tranship.scale`.
#[derive(Debug, Clone)]
pub struct ScalingTargets {
    /// Fewest copies.
    pub min: At<u32>,
    /// Most copies.
    pub max: At<u32>,
    /// Average CPU to hold, in percent.
    pub cpu: Option<At<u32>>,
    /// Average memory to hold, in percent.
    pub memory: Option<At<u32>>,
}

/// `x-tranship.permissions`: one statement of the task role.
#[derive(Debug, Clone)]
pub struct RolePermission {
    /// Such as `s3:GetObject`.
    pub actions: Vec<At<String>>,
    /// ARNs, or `*`.
    pub resources: Vec<Text>,
    /// The statement's node.
    pub node: NodeId,
    /// Where it stands.
    pub origin: Origin,
}
