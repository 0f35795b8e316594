//! What must exist before what: `depends_on`, jobs, listeners, rules, databases as the order of the stack.
//!
//! In: the tasks and everything that they need. Out: lists of ids for `DependsOn`. CloudFormation creates and
//! updates in this order, and waits until a service is steady. Two services that wait for each other through
//! their sidecars would never come up: such a wait is left out.

use super::planner::EcsPlanner;
use super::security_groups;
use super::{
    FileSystemPlan, LoadBalancerPlan, NetworkPlan, SecurityGroupRule, TargetGroupPlan, TaskPlan,
    VolumeStorage,
};
use crate::ecs::rules;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{
    AppService, Application, BehaviourEffect, DependencyCondition, JobTime, Name, ServiceDependency,
    ServiceRole, TaskGroups,
};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_frontend::diagnostic::Severity;

/// What is decided before the order, and what tasks wait for.
pub(super) struct Prerequisites<'a> {
    /// The application.
    pub(super) app: &'a Application,
    /// Who shares a task with whom.
    pub(super) layout: &'a TaskGroups,
    /// The network.
    pub(super) network: &'a NetworkPlan,
    /// What must exist before a task can be placed.
    pub(super) capacity: &'a [LogicalId],
    /// Who may reach whom.
    pub(super) rules: &'a [SecurityGroupRule],
    /// Persistent volumes.
    pub(super) file_systems: &'a [FileSystemPlan],
    /// The load balancer.
    pub(super) load_balancer: Option<&'a LoadBalancerPlan>,
    /// Which task waits for which others.
    pub(super) waits: TaskWaits,
}

impl Prerequisites<'_> {
    /// What a task needs to run as a job.
    pub(super) fn of_job(&self, task: &TaskPlan) -> Vec<LogicalId> {
        self.of_service(task, &[])
    }

    /// What a task needs to be kept running, with what the load balancer sends to it.
    pub(super) fn of_service(&self, task: &TaskPlan, targets: &[TargetGroupPlan]) -> Vec<LogicalId> {
        let mut after = self.of_any(task);
        if !targets.is_empty() {
            after.extend(security_groups::opened_to_load_balancer(self.rules, &task.security_group()));
        }
        // ECS refuses a target group that no listener uses yet.
        after.extend(self.load_balancer.into_iter().flat_map(|balancer| balancer.forwards_to(targets)));
        after.extend(self.waits.of(&task.name).filter_map(|name| self.awaited(name)));
        once(after)
    }

    /// What a task of any kind needs before it can start.
    fn of_any(&self, task: &TaskPlan) -> Vec<LogicalId> {
        let mut after = self.capacity.to_vec();
        after.extend(self.network.after.iter().cloned());
        after.extend(security_groups::needed_by(self.rules, &task.security_group()));
        for volume in &task.volumes {
            let VolumeStorage::Efs(name) = &volume.storage else { continue };
            let system = self.file_systems.iter().find(|system| system.name == *name);
            after.extend(system.into_iter().flat_map(FileSystemPlan::mount_target_ids));
        }
        let members =
            self.layout.members_of(&task.name).iter().filter_map(|name| self.app.services.get(name));
        for dependency in members.flat_map(|service| &service.dependencies) {
            if self.app.databases.contains_key(&dependency.on) {
                after.push(LogicalId::of(&dependency.on, ResourceRole::Database));
            }
        }
        after
    }

    /// The resource of a task that is waited for: none for a job that only runs later.
    fn awaited(&self, name: &Name) -> Option<LogicalId> {
        match &self.app.services.get(name)?.role {
            ServiceRole::Service => Some(LogicalId::of(name, ResourceRole::Service)),
            ServiceRole::Job(job) => {
                (job.when == JobTime::BeforeDeploy).then(|| LogicalId::of(name, ResourceRole::Run))
            }
            ServiceRole::Sidecar { .. } | ServiceRole::Init { .. } => None,
        }
    }
}

fn once(ids: Vec<LogicalId>) -> Vec<LogicalId> {
    let mut seen = BTreeSet::new();
    ids.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

/// Which task waits for which others; never in a circle.
#[derive(Debug, Default)]
pub(super) struct TaskWaits(BTreeMap<Name, Vec<Name>>);

impl TaskWaits {
    /// Decides who waits for whom, and claims every condition.
    pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> TaskWaits {
        let mut waits = TaskWaits::default();
        let app = planner.app;
        for service in app.services.values() {
            let ServiceRole::Job(job) = &service.role else { continue };
            if job.when != JobTime::BeforeDeploy {
                continue;
            }
            for gated in job.gates.iter().flat_map(|gated| planner.layout.tasks_of(gated)) {
                waits.add(gated, &service.name);
            }
        }
        for service in app.services.values() {
            for dependency in &service.dependencies {
                waits.dependency(planner, &service.name, dependency);
            }
        }
        waits
    }

    fn of(&self, task: &str) -> impl Iterator<Item = &Name> {
        self.0.get(task).into_iter().flatten()
    }

    fn dependency(
        &mut self,
        planner: &mut EcsPlanner<'_, '_>,
        service: &Name,
        dependency: &ServiceDependency,
    ) {
        if planner.app.databases.contains_key(&dependency.on) {
            planner.exact(&dependency.condition, "the stack creates the database first");
            return;
        }
        let layout = planner.layout;
        let others = layout.tasks_of(&dependency.on);
        for task in layout.tasks_of(service) {
            for other in others.iter().filter(|other| *other != task) {
                self.add(task, other);
                claim_order(planner, dependency);
            }
        }
    }

    fn add(&mut self, from: &Name, to: &Name) {
        if from == to || self.reaches(to, from, &mut BTreeSet::new()) {
            return;
        }
        let known = self.0.entry(from.clone()).or_default();
        if !known.contains(to) {
            known.push(to.clone());
        }
    }

    fn reaches(&self, from: &Name, to: &Name, seen: &mut BTreeSet<Name>) -> bool {
        if from == to {
            return true;
        }
        if !seen.insert(from.clone()) {
            return false;
        }
        self.of(from).any(|next| self.reaches(next, to, seen))
    }
}

/// Settles the condition of a dependency between two tasks.
fn claim_order(planner: &mut EcsPlanner<'_, '_>, dependency: &ServiceDependency) {
    match dependency.condition.peek() {
        DependencyCondition::Completed => {
            planner.exact(&dependency.condition, "the stack runs the job first");
        }
        DependencyCondition::Started | DependencyCondition::Healthy => {
            let (value, reason) = ("the order of the stack", "ECS replaces tasks of each service by itself");
            let on = planner.app.services.get(&dependency.on);
            let unchecked = *dependency.condition.peek() == DependencyCondition::Healthy
                && on.is_some_and(|on| on.container.health_check.is_none());
            if unchecked {
                let reason = "the service has no health check in the manifest, and ECS does not read that of the image";
                let (value, effect) = ("`service_started`", BehaviourEffect::ChangesBehaviour);
                planner.cx.ledger.approximated(&dependency.condition, effect, value, reason, "DependsOn");
                return;
            }
            planner.cx.ledger.approximated(
                &dependency.condition,
                BehaviourEffect::Equivalent,
                value,
                reason,
                "DependsOn",
            );
        }
    }
}

/// Reports once what ECS cannot promise of an order between tasks.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    let mut waits: Vec<(&AppService, &ServiceDependency)> = Vec::new();
    let app = planner.app;
    for service in app.services.values() {
        for dependency in &service.dependencies {
            if is_between_tasks(planner, &service.name, dependency)
                && dependency.condition.get() != DependencyCondition::Completed
            {
                waits.push((service, dependency));
            }
        }
    }
    let Some((service, first)) = waits.first() else { return };
    let pairs: Vec<String> =
        waits.iter().map(|(one, on)| format!("`{}` after `{}`", one.name, on.on)).collect();
    let message = format!(
        "the stack creates and updates {}; tasks that ECS replaces later start in any order",
        pairs.join(", ")
    );
    let mut diagnostic = planner
        .about(&rules::START_ORDER, service, &first.condition, message)
        .severity(Severity::Note)
        .help("let the application retry its connections");
    for (_, dependency) in waits.iter().skip(1) {
        diagnostic = diagnostic.at(dependency.condition.origin);
    }
    planner.cx.diagnostics.push(diagnostic);
}

/// Whether a dependency is on a service that no task shares with this one.
fn is_between_tasks(planner: &EcsPlanner<'_, '_>, service: &str, dependency: &ServiceDependency) -> bool {
    let layout = planner.layout;
    planner.app.services.contains_key(&dependency.on)
        && !layout.tasks_of(service).iter().any(|task| layout.is_in(&dependency.on, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pairs: &[(&str, &str)]) -> TaskWaits {
        let mut waits = TaskWaits::default();
        for (from, to) in pairs {
            waits.add(&Name::from(*from), &Name::from(*to));
        }
        waits
    }

    fn of<'w>(waits: &'w TaskWaits, task: &str) -> Vec<&'w str> {
        waits.of(task).map(|name| &**name).collect()
    }

    #[test]
    fn nobody_waits_in_a_circle() {
        let waits = waits(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "c"), ("a", "c"), ("a", "b")]);
        assert_eq!(of(&waits, "a"), ["b", "c"]);
        assert_eq!(of(&waits, "b"), ["c"]);
        assert_eq!(of(&waits, "c"), Vec::<&str>::new());
    }
}
