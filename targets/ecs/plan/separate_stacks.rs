//! Which stack each resource is in, where an application has more than a root stack and nested stacks hold.
//!
//! In: the plan, its template, and the settings. Out: stacks that are deployed one after the other. Invariants: the stack of
//! a resource depends on its own service, group, secret or volume alone, so that no change of another moves it; how many
//! stacks share what services share is fixed.

use super::listeners;
use super::nested_stacks::{NestedStacks, own_resources, stack_of};
use super::patched::OwnStack;
use super::planner::EcsPlanner;
use super::{EcsPlan, ListenerAction, ListenerRulePlan, NetworkMode, TaskPlan};
use crate::ecs::rules;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tranship_cloudformation::{
    LogicalId, NESTED_OPERATION, ResourceRole, SeparatedTemplate, StackConflict, StackPlace, StackPlaces,
    StackRoom, StackStage, Template, TemplateViolation, divide, exceeded_quotas, separate,
};
use tranship_facts::quotas::load_balancing::RULE_PRIORITIES;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Stacks of what services share. Never another number: each thing would move. One has room for 200 outputs.
const SHARES: u8 = 64;

/// Stacks of listeners and rules. Never another number, either.
const ENTRANCES: u8 = 16;

/// Services that a message lists.
const LISTED: usize = 5;

/// Resources that the plan has at least, with a nested stack for each task: what is emitted for it whatever its services say.
pub(super) fn least_resources(plan: &EcsPlan) -> usize {
    // A log group, two roles, a task definition and the stack; a rule has two ends.
    5 * plan.tasks.len()
        + plan.services.len()
        + plan.security_groups.len()
        + 2 * plan.security_group_rules.len()
}

/// Whether a root stack with nested stacks has no room for the application.
pub(super) fn exceeds_nested(stacks: &NestedStacks, plan: &EcsPlan, own: &OwnStack) -> bool {
    let template = &own.template;
    if template.resources.len() + plan.tasks.len() > NESTED_OPERATION.most {
        return true;
    }
    let too_many = |template: &Template, text: Option<&str>| {
        exceeded_quotas(template, text)
            .iter()
            .any(|it| matches!(it, TemplateViolation::TooMany { at: None, .. }))
    };
    too_many(template, own.measured_text(StackRoom::Nested)) && {
        let divided = own.divided.get_or_init(|| divide(template, stacks.membership(plan, template)));
        divided.resources() > NESTED_OPERATION.most
            || too_many(&divided.root_template, Some(&divided.root_template.to_yaml()))
    }
}

/// Makes the foundation complete without any service: what requests without a rule get is not in it, since it belongs to a
/// service, and nothing in it waits for one.
pub(super) fn detach(planner: &mut EcsPlanner<'_, '_>, plan: &mut EcsPlan) {
    let from: BTreeMap<LogicalId, Vec<String>> = plan
        .services
        .iter()
        .flat_map(|service| &service.targets)
        .map(|target| (target.id.clone(), target.from.clone()))
        .collect();
    // A record leads to a load balancer, which is there.
    plan.front_door.records.iter_mut().for_each(|record| record.after.clear());
    for balancer in plan.front_door.balancers.iter_mut().filter(|it| !it.kind.network) {
        for listener in &mut balancer.listeners {
            let ListenerAction::Forward(target) = &listener.default else { continue };
            let priority = RULE_PRIORITIES.most;
            let rule = ListenerRulePlan {
                id: listeners::rule_id(balancer.kind, &listener.port.to_string(), priority),
                priority,
                hosts: Vec::new(),
                paths: vec!["*".to_owned()],
                networks: Vec::new(),
                action: listener.default.clone(),
                from: from.get(target).cloned().unwrap_or_default(),
            };
            if let Some(taken) = listener.rules.iter().find(|it| it.priority == priority) {
                let key = taken.from.first().cloned().unwrap_or_default();
                let message = format!("priority {priority} is that of the rule for all other requests");
                let diagnostic = Diagnostic::new(&rules::LISTENER_RULE, message).help("write a lower one");
                let diagnostic = super::legality::placed(planner, diagnostic, &key);
                planner.report(diagnostic);
                continue;
            }
            listener.rules.push(rule);
            listener.default = ListenerAction::NotFound;
        }
    }
}

/// The stacks of the template, to which its resources move. Where one would wait for a later one, that is reported.
pub(super) fn of_template(
    planner: &mut EcsPlanner<'_, '_>,
    stacks: &NestedStacks,
    plan: &EcsPlan,
    template: &mut Template,
) -> SeparatedTemplate {
    let (places, of_outputs) = places(stacks, plan);
    let (separated, conflicts) = separate(template, places, &of_outputs);
    if !conflicts.is_empty() {
        report(planner, plan, &conflicts);
    }
    separated
}

/// The places of resources, and of outputs.
fn places(stacks: &NestedStacks, plan: &EcsPlan) -> (StackPlaces, StackPlaces) {
    let mut places = StackPlaces::new();
    let before = stacks.run_before(plan);
    let of_task = |task: &TaskPlan| match before.contains(&*task.name) || stacks.is_in_root(&task.name) {
        true => StackPlace { stage: StackStage::Before, id: before_stack() },
        false => StackPlace { stage: StackStage::Service, id: stack_of(&task.name) },
    };
    let own: BTreeMap<&str, StackPlace> =
        plan.tasks.iter().map(|task| (&*task.name, of_task(task))).collect();
    let interfaces = plan.tasks.iter().filter(|task| task.mode == NetworkMode::AwsVpc);
    let groups: BTreeMap<LogicalId, &StackPlace> =
        interfaces.filter_map(|task| Some((task.security_group(), own.get(&*task.name)?))).collect();
    for task in &plan.tasks {
        let Some(place) = own.get(&*task.name) else { continue };
        let ids = own_resources(&task.name).chain([task.service()]);
        places.extend(ids.map(|id| (id, place.clone())));
    }
    places.extend(groups.keys().map(|id| (id.clone(), shared(id))));
    places.extend(plan.secrets.iter().map(|secret| (secret.id.clone(), shared(&secret.id))));
    for system in &plan.file_systems {
        let place = shared(&system.id());
        let points = system.access_points.iter().map(super::AccessPointPlan::id);
        let ids = points.chain(system.mount_target_ids()).chain([system.id(), system.security_group()]);
        places.extend(ids.map(|id| (id, place.clone())));
    }
    security_rules(plan, &groups, &mut places);
    front_door(plan, &own, &mut places);
    for job in &plan.jobs {
        let place = own.get(&*job.name).cloned();
        places.extend(place.map(|place| (job.run_id(), place)));
    }
    if !before.is_empty() {
        let runner = [
            ResourceRole::TaskRunner,
            ResourceRole::TaskRunnerLogGroup,
            ResourceRole::TaskRunnerPolicy,
            ResourceRole::TaskRunnerRole,
        ];
        let place = StackPlace { stage: StackStage::Before, id: before_stack() };
        places.extend(runner.map(|role| (LogicalId::only(role), place.clone())));
    }
    let addresses = plan.front_door.addresses.iter();
    let of_outputs =
        addresses.filter_map(|it| Some((it.id.clone(), own.get(&*it.service)?.clone()))).collect();
    (places, of_outputs)
}

/// Rules belong to the service that connects, which waits for them; those of a load balancer to the service that it reaches.
/// What instances reach is with the group that they reach: no single service connects.
fn security_rules(plan: &EcsPlan, groups: &BTreeMap<LogicalId, &StackPlace>, places: &mut StackPlaces) {
    let balancers = plan.front_door.balancers.iter();
    let balancers: BTreeSet<LogicalId> =
        balancers.map(|it| it.kind.id(ResourceRole::LoadBalancerSecurityGroup)).collect();
    for rule in &plan.security_group_rules {
        let reached = places.get(&rule.destination).cloned();
        let of_balancer = balancers.contains(&rule.source).then(|| groups.get(&rule.destination)).flatten();
        let place = groups.get(&rule.source).or(of_balancer).map(|place| (*place).clone());
        if let Some(place) = place.or(reached) {
            places.insert(rule.ingress(), place.clone());
            places.insert(rule.egress(), place);
        }
    }
    for rule in &plan.outside_rules {
        if let Some(place) = groups.get(&rule.source) {
            places.insert(rule.id(), (*place).clone());
        }
    }
}

/// Target groups with what ties them to a load balancer belong to their service. Listeners and rules that the outside reaches
/// do not: what they lead to changes, and AWS allows one of each port and priority.
fn front_door(plan: &EcsPlan, own: &BTreeMap<&str, StackPlace>, places: &mut StackPlaces) {
    for service in &plan.services {
        let Some(place) = own.get(&*service.name) else { continue };
        places.extend(service.targets.iter().map(|target| (target.id.clone(), place.clone())));
    }
    for balancer in &plan.front_door.balancers {
        for listener in &balancer.listeners {
            let rules = listener.rules.iter().map(|rule| &rule.id);
            let whole = balancer.kind.network.then_some(&listener.id);
            places.extend(rules.chain(whole).map(|id| (id.clone(), entrance(id))));
        }
    }
}

/// The stack of what runs before the services are deployed.
fn before_stack() -> LogicalId {
    LogicalId::of_parts(&["before", "services"], ResourceRole::Stack)
}

/// One of the stacks of what services share: by a hash of its own id.
fn shared(id: &LogicalId) -> StackPlace {
    share(StackStage::Shared, id, SHARES)
}

/// One of the stacks of what leads requests to services.
fn entrance(id: &LogicalId) -> StackPlace {
    share(StackStage::Listeners, id, ENTRANCES)
}

fn share(stage: StackStage, id: &LogicalId, shares: u8) -> StackPlace {
    let digest = Sha256::digest(id.as_str());
    let share = digest.first().copied().unwrap_or_default() % shares;
    let share = format!("{share:02}");
    StackPlace { stage, id: LogicalId::of_parts(&[stage.as_str(), &share], ResourceRole::Stack) }
}

/// Says which stacks would wait for each other, and what to write.
fn report(planner: &mut EcsPlanner<'_, '_>, plan: &EcsPlan, conflicts: &[StackConflict]) {
    let names: BTreeMap<LogicalId, &str> =
        plan.tasks.iter().map(|task| (stack_of(&task.name), &*task.name)).collect();
    let late =
        conflicts.iter().filter(|it| it.stack.as_ref().is_some_and(|it| it.stage == StackStage::Before));
    let late: BTreeSet<&str> = late.filter_map(|it| names.get(&it.other.id).copied()).collect();
    if let Some(first) = late.first() {
        let all: Vec<String> = late.iter().map(|name| format!("`{name}`")).collect();
        let some =
            all.get(..LISTED).map_or_else(|| listed(&all), |some| format!("{} and others", some.join(", ")));
        let message =
            format!("jobs before the deployment wait for {some}, which would be deployed after them");
        let known = planner.app.settings.root_services.iter().map(|name| name.peek().as_str());
        let write = known.chain(late.iter().copied()).collect::<Vec<_>>().join(", ");
        let diagnostic = Diagnostic::new(&rules::STACK_ORDER, message).help(format!(
            "deploy them together with the jobs: `x-tranship: {{ root_services: [{write}] }}`"
        ));
        let diagnostic = super::legality::placed(planner, diagnostic, &format!("services.{first}"));
        planner.report(diagnostic);
    }
    let other = conflicts.iter().find(|it| it.stack.as_ref().is_none_or(|it| it.stage != StackStage::Before));
    if let Some(StackConflict { stack, other, at, on }) = other {
        let name = |id: &LogicalId| names.get(id).map_or_else(|| id.to_string(), |name| (*name).to_owned());
        let stack = stack
            .as_ref()
            .map_or_else(|| "the first stack".to_owned(), |it| format!("the stack of `{}`", name(&it.id)));
        let message = format!(
            "{stack} would wait for that of `{}`, which is deployed after it: `{at}` refers to `{on}`",
            name(&other.id)
        );
        let diagnostic = Diagnostic::new(&rules::STACK_ORDER, message)
            .help("remove what refers to it from `patch`, or write it on the resources of one service");
        let key =
            names.get(&other.id).map_or_else(|| "services".to_owned(), |name| format!("services.{name}"));
        let diagnostic = super::legality::placed(planner, diagnostic, &key);
        planner.report(diagnostic);
    }
}
