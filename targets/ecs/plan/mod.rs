//! The plan of an ECS target: every decision taken, every rule asked, before anything is written.
//!
//! In: the [`Application`] and a [`Compute`] policy. Out: an [`EcsPlan`].
//! Invariant: what the plan holds is legal; emission turns it into a template and decides nothing.

pub mod compute;
mod container;
mod data;
mod discovery;
mod exposure;
pub mod groups;
mod helpers;
mod identity;
pub mod layout;
pub mod model;
pub mod names;
pub mod network;
mod order;
mod outbound;
mod parameters;
mod planner;
mod secrets;
mod services;
mod settings;
mod task_volumes;
mod tasks;
mod text;

pub use compute::{Asked, Capacity, Compute, Limits, Reach, Strategy};
pub use model::*;

use crate::Compilation;
use layout::Layout;
use planner::Planner;
use tranship_app::{Application, Name};
use tranship_cloudformation::{LogicalId, Resource, Select, Value};

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
    pub tags: Vec<(String, tranship_cloudformation::Value)>,
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

/// Decides everything for one application on one kind of compute, and asks every rule.
pub fn plan(app: &Application, compute: &dyn Compute, cx: &mut Compilation<'_>) -> EcsPlan {
    let layout = Layout::of(app);
    let capacity = compute.capacity(app, cx);
    let mut planner = Planner { app, compute, layout: &layout, cx };
    let planner = &mut planner;
    let (network, mut parameters) = network::plan(planner);
    let mut tasks = tasks::plan(planner);
    let namespace = discovery::plan(planner, &tasks);
    discovery::tell(planner);
    let (load_balancer, mut targets) = exposure::plan(planner);
    let databases = data::databases(planner);
    let file_systems = data::file_systems(planner, &tasks, &network);
    let mut services = services::services(planner, &tasks, namespace.as_ref(), &mut targets);
    let mut jobs = services::jobs(planner, &tasks);
    let members = groups::Members {
        tasks: &tasks,
        services: &services,
        databases: &databases,
        file_systems: &file_systems,
        load_balancer: load_balancer.as_ref(),
    };
    let (groups, rules) = groups::plan(planner, &members);
    subnets(&mut tasks, &network);
    order::tasks(planner, &mut tasks, &network, &capacity.after, &rules, &file_systems);
    order::services(planner, &mut services, &mut jobs, &tasks, load_balancer.as_ref(), &rules);
    tasks::start_order(planner);
    let renderer = text::Renderer { app, layout: &layout, task: None };
    let (secrets, fed) = secrets::plan(&renderer, planner.cx.manifest);
    parameters.extend(parameters::plan(planner));
    parameters.extend(fed);
    let settings = settings::plan(planner);
    let mut plan = EcsPlan {
        project: app.name.clone(),
        stack: settings.stack,
        region: settings.region,
        description: settings.description,
        log_retention: settings.log_retention,
        network,
        capacity,
        namespace,
        tasks,
        services,
        jobs,
        load_balancer,
        groups,
        rules,
        databases,
        file_systems,
        secrets,
        parameters,
        own: Vec::new(),
        tags: settings.tags,
    };
    compute.finish(app, &mut plan, cx);
    outbound::share(&Planner { app, compute, layout: &layout, cx }, &mut plan);
    plan
}

/// A file system has a mount target in so many subnets: where the list's length is not known, in the
/// first two, and its tasks stay there too.
fn subnets(tasks: &mut [Task], network: &Network) {
    for task in tasks {
        task.subnets = match network.private_count {
            None if tasks::uses_efs(task) => {
                (0..2).map(|index| Select(index, &network.private)).collect::<Value>()
            }
            _ => network.private.clone(),
        };
    }
}
