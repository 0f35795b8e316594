//! Which resources leave the root stack, where an application has more than fits into one.
//!
//! In: the plan, its template, and the settings. Out: the stacks. Invariant: the stack of a resource depends on its own
//! service alone, so that no change of another service moves it. What services share, what keeps data, what has an
//! address, what runs before a deployment and what a patch adds stay in the root.

use super::patched::OwnStack;
use super::planner::EcsPlanner;
use super::separate_stacks;
use super::{EcsPlan, JobTrigger, ListenerAction, NetworkMode, TaskPlan};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::StackLayout;
use tranship_app::rules::tranship::UNKNOWN_SERVICE;
use tranship_cloudformation::{
    DividedTemplate, LogicalId, NESTED_OPERATION, ResourceRole, StackMembership, StackRoom, Template, divide,
};
use tranship_frontend::diagnostic::{Diagnostic, suggest};

/// What the settings say of the stacks.
pub(super) struct NestedStacks {
    layout: Option<StackLayout>,
    /// Services whose resources stay in the root.
    in_root: BTreeSet<String>,
}

impl NestedStacks {
    /// Claims the settings.
    pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> Self {
        let settings = &planner.app.settings;
        let layout = settings.stacks.as_ref();
        let layout = layout.map(|asked| *planner.exact(asked, "the stacks of the application"));
        let mut in_root = BTreeSet::new();
        for listed in &settings.root_services {
            let name = planner.exact(listed, "the root stack");
            if !planner.app.services.contains_key(name.as_str()) {
                let known = planner.app.services.keys().map(|name| &**name);
                let help = suggest::closest(name, known).map(|near| format!("did you mean `{near}`?"));
                let message = format!("`root_services` names an unknown service, `{name}`");
                let diagnostic = Diagnostic::new(&UNKNOWN_SERVICE, message)
                    .at(listed.origin)
                    .help(help.unwrap_or_else(|| "remove it, or correct the name".to_owned()));
                planner.report(diagnostic);
            }
            in_root.insert(name.clone());
        }
        NestedStacks { layout, in_root }
    }

    /// Whether the application may be several stacks.
    pub(super) fn room(&self) -> StackRoom {
        if self.layout == Some(StackLayout::Single) { StackRoom::Single } else { StackRoom::Nested }
    }

    /// Whether the plan alone shows that the application is stacks of their own: a setting says so, or it has so many services
    /// that nothing else has room.
    pub(super) fn are_surely_separate(&self, plan: &EcsPlan) -> bool {
        match self.layout {
            Some(layout) => layout == StackLayout::Independent,
            None => separate_stacks::least_resources(plan) > NESTED_OPERATION.most,
        }
    }

    /// Whether the application is stacks of their own because nothing else has room.
    pub(super) fn are_separate(&self, plan: &EcsPlan, own: &OwnStack) -> bool {
        self.layout.is_none() && separate_stacks::exceeds_nested(self, plan, own)
    }

    /// The stacks of the template, where they are not known yet; `None` where one is enough.
    pub(super) fn divide(
        &self,
        plan: &EcsPlan,
        template: &Template,
        exceeded: bool,
        known: Option<DividedTemplate>,
    ) -> Option<DividedTemplate> {
        let due = self.layout.map_or(exceeded, |layout| layout == StackLayout::Nested);
        let divided =
            due.then(|| known.unwrap_or_else(|| divide(template, self.membership(plan, template))))?;
        (!divided.nested.is_empty()).then_some(divided)
    }

    /// Jobs that run before a deployment.
    pub(super) fn run_before<'p>(&self, plan: &'p EcsPlan) -> BTreeSet<&'p str> {
        let gates = plan.jobs.iter().filter(|job| matches!(job.trigger, JobTrigger::BeforeDeploy(_)));
        gates.map(|job| &*job.name).collect()
    }

    /// Whether a setting keeps a service out of a stack of its own.
    pub(super) fn is_in_root(&self, service: &str) -> bool {
        self.in_root.contains(service)
    }

    /// The nested stack of each resource that leaves the root.
    pub(super) fn membership(&self, plan: &EcsPlan, template: &Template) -> StackMembership {
        // What runs before a deployment is run by a function of the root, which must know its roles.
        let gates = self.run_before(plan);
        let leaves = |task: &&TaskPlan| !self.in_root.contains(&*task.name) && !gates.contains(&*task.name);
        let tasks: Vec<&TaskPlan> = plan.tasks.iter().filter(leaves).collect();
        let mut members = StackMembership::new();
        let groups: BTreeMap<LogicalId, LogicalId> = tasks
            .iter()
            .filter(|task| task.mode == NetworkMode::AwsVpc)
            .map(|task| (task.security_group(), stack_of(&task.name)))
            .collect();
        for task in &tasks {
            let stack = stack_of(&task.name);
            let own = own_resources(&task.name).chain([task.service()]);
            members.extend(own.map(|id| (id, stack.clone())));
        }
        rules(plan, &groups, &mut members);
        attachments(plan, &mut members);
        members.retain(|id, _| template.resources.contains_key(id));
        members
    }
}

/// The nested stack of a service or a job.
pub fn stack_of(name: &str) -> LogicalId {
    LogicalId::of(name, ResourceRole::Stack)
}

/// What a service or a job alone has, if it has it.
pub(super) fn own_resources(name: &str) -> impl Iterator<Item = LogicalId> {
    const ROLES: &[ResourceRole] = &[
        ResourceRole::Discovery,
        ResourceRole::LogGroup,
        ResourceRole::ExecutionRole,
        ResourceRole::TaskRole,
        ResourceRole::TaskDefinition,
        ResourceRole::ScheduleRole,
        ResourceRole::Schedule,
        ResourceRole::ScalableTarget,
    ];
    let metrics =
        ["cpu", "memory"].map(|metric| LogicalId::of_parts(&[name, metric], ResourceRole::ScalingPolicy));
    ROLES.iter().map(move |role| LogicalId::of(name, *role)).chain(metrics)
}

/// Security groups stay in the root, because services name each other's in both directions. Rules belong to the service
/// that connects, which waits for them; those of a load balancer to the service that it reaches.
fn rules(plan: &EcsPlan, groups: &BTreeMap<LogicalId, LogicalId>, members: &mut StackMembership) {
    let balancers = plan.front_door.balancers.iter();
    let balancers: BTreeSet<LogicalId> =
        balancers.map(|it| it.kind.id(ResourceRole::LoadBalancerSecurityGroup)).collect();
    for rule in &plan.security_group_rules {
        let of_balancer = balancers.contains(&rule.source).then(|| groups.get(&rule.destination)).flatten();
        if let Some(stack) = groups.get(&rule.source).or(of_balancer) {
            members.insert(rule.ingress(), stack.clone());
            members.insert(rule.egress(), stack.clone());
        }
    }
    for rule in &plan.outside_rules {
        if let Some(stack) = groups.get(&rule.source) {
            members.insert(rule.id(), stack.clone());
        }
    }
}

/// What ties a target group to its load balancer belongs to the service that waits for it.
fn attachments(plan: &EcsPlan, members: &mut StackMembership) {
    let serving = plan.serving();
    let rules = plan.front_door.balancers.iter().flat_map(|it| &it.attachments).flat_map(|it| &it.rules);
    for rule in rules {
        let ListenerAction::Forward(target) = &rule.action else { continue };
        if let Some(stack) = serving.get(target).and_then(|service| members.get(service)) {
            members.insert(rule.id.clone(), stack.clone());
        }
    }
}
