//! The plan of an ECS target: every decision taken, every rule asked, before anything is written.
//!
//! In: the [`Application`] and a [`ComputePolicy`]. Out: a [`LegalStack`], or nothing where a rule is broken.
//! Invariant: what it holds is whole and legal, CloudFormation's own quotas included; writing it down decides
//! nothing and cannot fail.

mod account_quotas;
mod addresses;
mod compute_policy;
mod container;
mod definition_size;
mod discovery;
mod endpoint_index;
mod exec;
mod file_places;
mod file_reports;
mod file_systems;
mod helpers;
mod host_mounts;
mod host_network;
mod identity;
mod images;
mod jobs;
mod kept_volumes;
mod legality;
mod listeners;
mod load_balancer;
mod log_router;
mod machines;
mod model;
pub mod names;
mod nested_stacks;
mod network;
mod network_listeners;
mod outbound;
mod outside_networks;
mod parameters;
mod patched;
mod planner;
mod published_tls;
mod pull_secrets;
mod routes;
mod scheduling;
mod secrets;
mod security_groups;
mod separate_stacks;
mod served_endpoints;
mod service_connect;
mod service_files;
mod services;
mod stack_settings;
mod start_order;
mod target_groups;
mod task_volumes;
mod tasks;
mod text;
mod unreached;
mod volume_content;

pub use compute_policy::{
    ClusterLoad, ComputePolicy, DecideMachines, MachineChoice, MachineRequest, ProcessorRequest,
    RequestedInstanceType, SizeChoice, SizeRequest, TaskLimits, TaskReach,
};
pub use machines::{image_id, image_parameter};
pub use model::*;
pub use nested_stacks::stack_of as nested_stack;

use super::emit;
use crate::Compilation;
use crate::managed_database::plan_database;
use endpoint_index::EndpointIndex;
use file_systems::DEFAULT_MOUNT_TARGETS;
use nested_stacks::NestedStacks;
use patched::{OwnStack, PatchedStack};
use planner::EcsPlanner;
use security_groups::{AwaitedRules, GroupMembers};
use service_connect::ConnectPlan;
use services::ServiceContext;
use start_order::{StartPrerequisites, TaskWaits};
use std::cell::OnceCell;
use target_groups::TargetGroups;
use tranship_app::{Application, BehaviourEffect, CapacityKind, PatchReport};
use tranship_cloudformation::{
    DividedTemplate, Select, SeparatedTemplate, StackRoom, Template, TemplateValue,
};
use tranship_images::ImageRecipe;

/// A plan that breaks no rule, with its template.
#[derive(Debug)]
pub struct LegalStack {
    /// The decisions, but for the containers: the template has them.
    pub plan: EcsPlan,
    /// What a deployment gives: the parameters that the template refers to.
    pub parameters: Vec<ParameterPlan>,
    /// The template as a whole: of independent stacks, which resources there are.
    pub template: Template,
    /// Whether it gives a name to something of IAM.
    pub names_rights: bool,
    /// The texts of the stacks: of the only one, or of the root or foundation and then of each other one. None where no
    /// artifact is kept.
    pub texts: Vec<String>,
    /// The root stack and its nested stacks, where the application is several. What they hold is in the texts.
    pub divided: Option<DividedTemplate>,
    /// The stacks that are deployed one after the other, where it is more than nested stacks hold. What they hold is in the
    /// texts.
    pub separated: Option<SeparatedTemplate>,
    /// The images that must be made first.
    pub images: Vec<ImageRecipe>,
    /// What `x-tranship.patch` changed.
    pub patches: Vec<PatchReport>,
}

/// What only Elastic Beanstalk heeds of databases.
fn ignore_others(planner: &mut EcsPlanner<'_, '_>) {
    for coupled in planner.app.databases.values().filter_map(|database| database.coupled.as_ref()) {
        let reason = "the database belongs to the stack";
        planner.cx.ledger.ignored(coupled, reason, BehaviourEffect::Equivalent);
    }
}

/// Decides everything for one application on one kind of compute, and asks every rule. Nothing where one is broken.
pub fn plan(app: &Application, compute: &dyn ComputePolicy, cx: &mut Compilation<'_>) -> Option<LegalStack> {
    let before = cx.diagnostics.error_count();
    let endpoints = &EndpointIndex::new(app);
    let (waits, connect) = connections((app, endpoints), compute, cx);
    let planner = &mut EcsPlanner { app, endpoints, compute, layout: &app.tasks, connect: &connect, cx };
    let (mut plan, candidates, images) = decide(planner, waits);
    let whole = planner.cx.diagnostics.error_count() == before;
    let stacks = NestedStacks::plan(planner);
    let mut separate = stacks.are_surely_separate(&plan);
    if separate {
        separate_stacks::detach(planner, &mut plan);
    }
    let keeps = planner.cx.keeps_artifacts;
    let mut own = written(&plan, candidates, keeps);
    if !separate && stacks.are_separate(&plan, &own) {
        separate = true;
        separate_stacks::detach(planner, &mut plan);
        // Not both at once in memory.
        let OwnStack { candidates, .. } = own;
        own = written(&plan, candidates, keeps);
    }
    plan.drop_containers();
    debug_assert!(separate_stacks::least_resources(&plan) <= own.template.resources.len() + plan.tasks.len());
    let room = if separate { StackRoom::Separate } else { stacks.room() };
    let exceeded = legality::check(planner, &own, whole, room);
    let PatchedStack { mut template, text, divided, parameters, patches } =
        patched::apply(planner, own, whole, room);
    definition_size::check(planner, &template);
    let names_rights = identity::names_rights(&template);
    let mut separated =
        separate.then(|| separate_stacks::of_template(planner, &stacks, &plan, &mut template));
    let (divided, texts) = match &mut separated {
        Some(separated) => (None, legality::check_separate(planner, separated, &plan.stack.name, whole)),
        None => {
            let written = || text.unwrap_or_else(|| template.to_yaml());
            let exceeded = match patches.is_empty() {
                true => exceeded,
                false => legality::exceeded(&template, &template.to_yaml(), room),
            };
            match stacks.divide(&plan, &template, !exceeded.is_empty(), divided) {
                Some(mut divided) => {
                    legality::check_stack_names(planner, &template, &divided);
                    template.drop_content();
                    let texts = legality::check_divided(planner, &template, &mut divided, whole);
                    (Some(divided), texts)
                }
                None if !keeps && exceeded.is_empty() => (None, Vec::new()),
                None => {
                    let text = written();
                    if !exceeded.is_empty() {
                        legality::check_undivided(planner, &template, &text, room);
                    }
                    (None, vec![text])
                }
            }
        }
    };
    stack_settings::hold_length(planner, &plan.stack.name, separated.as_ref(), divided.is_some());
    let nested = divided.as_ref().map_or(0, |divided| divided.nested.len());
    let stacks = 1 + nested + separated.as_ref().map_or(0, |separated| separated.stacks.len());
    account_quotas::check(planner, &plan, &template, stacks);
    (planner.cx.diagnostics.error_count() == before).then_some(LegalStack {
        plan,
        parameters,
        template,
        names_rights,
        texts,
        divided,
        separated,
        images,
        patches,
    })
}

/// The template of a plan, with the parameters that it refers to.
fn written(plan: &EcsPlan, candidates: Vec<ParameterPlan>, keeps_artifacts: bool) -> OwnStack {
    let resources = emit::emit(plan);
    let parameters = parameters::used(candidates.clone(), &resources);
    let mut template = emit::with_parameters(resources, &parameters);
    template.shrink();
    // What is kept is written anyway.
    let surely_fits = !keeps_artifacts && template.surely_fits();
    let (text, divided) = (OnceCell::new(), OnceCell::new());
    OwnStack { template, text, divided, parameters, candidates, surely_fits }
}

/// The order in which services are created, and who finds whom by Service Connect: what all else is rendered with.
fn connections(
    (app, endpoints): (&Application, &EndpointIndex<'_>),
    compute: &dyn ComputePolicy,
    cx: &mut Compilation<'_>,
) -> (TaskWaits, ConnectPlan) {
    let unconnected = ConnectPlan::default();
    let planner = &mut EcsPlanner { app, endpoints, compute, layout: &app.tasks, connect: &unconnected, cx };
    let mut waits = TaskWaits::plan(planner);
    let connect = service_connect::plan(planner, &mut waits);
    (waits, connect)
}

/// The decisions, every parameter that a resource might refer to, and the images that are made.
fn decide(
    planner: &mut EcsPlanner<'_, '_>,
    waits: TaskWaits,
) -> (EcsPlan, Vec<ParameterPlan>, Vec<ImageRecipe>) {
    let capacity = capacity(planner);
    let (network, mut parameters) = network::plan(planner);
    let files = service_files::plan(planner);
    let mut images = images::plan(planner, &files);
    let mut tasks = tasks::plan(planner, &files, &mut images);
    host_mounts::report(planner);
    volume_content::report(planner);
    let namespace = discovery::plan(planner, &tasks);
    discovery::report_renamed(planner);
    unreached::report(planner);
    outside_networks::claim(planner);
    let (front_door, targets) = load_balancer::plan(planner, &tasks);
    published_tls::report(planner, &front_door);
    let posture = planner.app.settings.posture();
    let planned = planner.app.databases.values();
    let databases: Vec<DatabasePlan> =
        planned.map(|database| plan_database(database, posture, planner.cx)).collect();
    ignore_others(planner);
    let file_systems = file_systems::plan(planner, &tasks, &network);
    let outbound = outbound::plan(planner, &tasks);
    let outbound_access = outbound::account(planner, &outbound, &tasks);
    let members = GroupMembers {
        planner,
        outbound: &outbound,
        tasks: &tasks,
        targets: &targets,
        databases: &databases,
        file_systems: &file_systems,
        balancers: &front_door.balancers,
        machines: planner.compute.machines().is_some(),
    };
    let (security_groups, security_group_rules) = (members.groups(), members.rules());
    let outside_rules = members.outside_rules();
    for access in &planner.app.database_access {
        planner.decided(&access.group, "AWS::EC2::SecurityGroupIngress");
    }
    let prerequisites = StartPrerequisites {
        app: planner.app,
        layout: planner.layout,
        network: &network,
        capacity: &capacity.after,
        tasks: tasks.iter().map(|task| (&task.name, task)).collect(),
        rules: AwaitedRules::of(&security_group_rules, &front_door.balancers),
        file_systems: file_systems.iter().map(|system| (&system.name, system)).collect(),
        balancers: &front_door.balancers,
        waits,
    };
    let runs = TaskRuns { network: &network, capacity: &capacity };
    let found = namespace.iter().flat_map(|it| &it.services).map(|it| &*it.service).collect();
    let context = ServiceContext { found, prerequisites: &prerequisites };
    let services = all_services(planner, &context, &runs, &tasks, targets);
    services::report_writers(planner, &tasks, &services);
    let jobs: Vec<JobPlan> = tasks
        .iter()
        .filter_map(|task| jobs::plan(planner, &prerequisites, task, runs.of(task), &capacity))
        .collect();
    start_order::report(planner);
    let (secrets, fed) = secrets::plan(planner, &files.injected);
    parameters.extend(parameters::plan(planner));
    parameters.extend(images.parameters);
    parameters.extend(fed);
    let stack = stack_settings::plan(planner);
    if let Some(exec) = &stack.exec {
        exec::grant(exec, &services, &mut tasks);
        exec::report(planner);
    }
    let load = ClusterLoad { tasks: &tasks, services: &services, jobs: &jobs };
    let machines = planner.compute.machines().map(|decide| machines::plan(planner, decide, load, &network));
    parameters.extend(machines.as_ref().map(|machines| image_parameter(machines.architecture, machines.gpu)));
    machines::settle_gpus(planner, &mut tasks, machines.as_ref());
    let plan = EcsPlan {
        stack,
        network,
        capacity,
        machines,
        namespace,
        tasks,
        services,
        jobs,
        front_door,
        security_groups,
        outside_rules,
        security_group_rules,
        outbound_access,
        databases,
        file_systems,
        secrets,
    };
    (plan, parameters, images.recipes)
}

/// The capacity, with the setting claimed where the target has spare capacity.
fn capacity(planner: &mut EcsPlanner<'_, '_>) -> CapacityPlan {
    let asked = planner.app.settings.capacity.as_ref().filter(|_| planner.compute.limits().spot);
    let kind = asked.map(|asked| *planner.exact(asked, "capacity provider strategy"));
    planner.compute.capacity(kind.unwrap_or(CapacityKind::Fargate))
}

fn all_services(
    planner: &mut EcsPlanner<'_, '_>,
    context: &ServiceContext<'_>,
    runs: &TaskRuns<'_>,
    tasks: &[TaskPlan],
    mut targets: TargetGroups,
) -> Vec<EcsServicePlan> {
    let mut services = Vec::new();
    for task in tasks {
        let own = targets.remove(&task.name).unwrap_or_default();
        services.extend(services::plan(planner, context, task, runs.of(task), own));
    }
    services
}

/// Where and on what tasks run.
struct TaskRuns<'a> {
    network: &'a NetworkPlan,
    capacity: &'a CapacityPlan,
}

impl TaskRuns<'_> {
    fn of(&self, task: &TaskPlan) -> TaskRun {
        let network = (task.mode == NetworkMode::AwsVpc).then(|| AwsvpcNetwork {
            subnets: self.subnets(task),
            security_group: task.security_group(),
            assign_public_ip: self.capacity.assign_public_ip,
        });
        TaskRun { task_definition: task.id(), network, strategy: self.capacity.strategy.clone() }
    }

    /// A file system has a mount target in each subnet. Where the list's length is not known it has one in
    /// each of the first subnets, and its tasks stay there too.
    fn subnets(&self, task: &TaskPlan) -> TemplateValue {
        match self.network.private_count {
            None if task.uses_efs() => (0..DEFAULT_MOUNT_TARGETS)
                .map(|index| Select(index, &self.network.private))
                .collect::<TemplateValue>(),
            _ => self.network.private.clone(),
        }
    }
}
