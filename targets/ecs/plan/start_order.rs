//! What must exist before what: `depends_on`, jobs, listeners, rules, databases as the order of the stack.
//!
//! In: the tasks and everything that they need. Out: lists of ids for `DependsOn`. CloudFormation creates and
//! updates in this order, and waits until a service is steady. Two services that wait for each other through
//! their sidecars would never come up: such a wait is left out.

use super::planner::EcsPlanner;
use super::security_groups::AwaitedRules;
use super::{FileSystemPlan, LoadBalancerPlan, NetworkPlan, TargetGroupPlan, TaskPlan, VolumeStorage};
use crate::ecs::rules;
use indexmap::{IndexMap, IndexSet};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{
    AppService, Application, BehaviourEffect, DependencyCondition, JobTime, ManifestName, ServiceDependency,
    ServiceRole, TaskGroups,
};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_frontend::diagnostic::{Severity, listed};

/// What is decided before the order, and what tasks wait for.
pub(super) struct StartPrerequisites<'a> {
    /// The application.
    pub(super) app: &'a Application,
    /// Who shares a task with whom.
    pub(super) layout: &'a TaskGroups,
    /// The network.
    pub(super) network: &'a NetworkPlan,
    /// What must exist before a task can be placed.
    pub(super) capacity: &'a [LogicalId],
    /// Every task, by its name.
    pub(super) tasks: BTreeMap<&'a ManifestName, &'a TaskPlan>,
    /// Who may reach whom.
    pub(super) rules: AwaitedRules,
    /// Persistent volumes, by their names.
    pub(super) file_systems: BTreeMap<&'a ManifestName, &'a FileSystemPlan>,
    /// The load balancers.
    pub(super) balancers: &'a [LoadBalancerPlan],
    /// Which task waits for which others.
    pub(super) waits: TaskWaits,
}

impl StartPrerequisites<'_> {
    /// What a task needs to run as a job.
    pub(super) fn of_job(&self, task: &TaskPlan) -> Vec<LogicalId> {
        self.of_service(task, &[])
    }

    /// What a task needs to be kept running, with what the load balancer sends to it.
    pub(super) fn of_service(&self, task: &TaskPlan, targets: &[TargetGroupPlan]) -> Vec<LogicalId> {
        let mut after = self.of_any(task);
        after.extend_from_slice(self.rules.opened_to_load_balancers(&task.name));
        // ECS refuses a target group that no listener uses yet.
        after.extend(self.balancers.iter().flat_map(|balancer| balancer.attaches(targets)));
        after.extend(self.waits.of(&task.name).filter_map(|name| self.awaited(name)));
        once(after)
    }

    /// What a task of any kind needs before it can start.
    fn of_any(&self, task: &TaskPlan) -> Vec<LogicalId> {
        let mut after = self.capacity.to_vec();
        after.extend(self.network.after.iter().cloned());
        after.extend_from_slice(self.rules.needed_by(&task.name));
        for volume in &task.volumes {
            let VolumeStorage::Efs(folder) = &volume.storage else { continue };
            let system = self.file_systems.get(&folder.file_system);
            after.extend(system.into_iter().flat_map(|system| system.mount_target_ids()));
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
    fn awaited(&self, name: &ManifestName) -> Option<LogicalId> {
        match &self.app.services.get(name)?.role {
            ServiceRole::Service => self.tasks.get(name).map(|task| task.service()),
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
pub(super) struct TaskWaits {
    /// By the name of a task, the places in this list of those that it waits for.
    tasks: IndexMap<ManifestName, Vec<usize>>,
}

impl TaskWaits {
    /// Decides who waits for whom, and claims every condition.
    pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> TaskWaits {
        let mut wanted = Vec::new();
        let app = planner.app;
        for service in app.services.values() {
            let ServiceRole::Job(job) = &service.role else { continue };
            if job.when != JobTime::BeforeDeploy {
                continue;
            }
            for gated in job.gates.iter().flat_map(|gated| planner.layout.tasks_of(gated)) {
                wanted.push((gated.clone(), service.name.clone()));
            }
        }
        for service in app.services.values() {
            for dependency in &service.dependencies {
                wanted.extend(dependency_waits(planner, &service.name, dependency));
            }
        }
        wanted.extend(edge_waits(planner));
        TaskWaits::of_pairs(wanted)
    }

    /// Takes the waits in their order, without those that close a circle.
    fn of_pairs(wanted: Vec<(ManifestName, ManifestName)>) -> TaskWaits {
        let circling = circling(&wanted);
        let (mut waits, mut seen) = (TaskWaits::default(), IndexSet::new());
        for (from, to) in wanted {
            if from == to || !seen.insert((from.clone(), to.clone())) {
                continue;
            }
            let in_circle = circling.contains(&from) && circling.contains(&to);
            if !in_circle || waits.may_wait(&from, &to) {
                waits.wait(&from, &to);
            }
        }
        waits
    }

    /// Those that could wait in a circle if further waits were added.
    pub(super) fn circling_with(
        &self,
        mut wanted: Vec<(ManifestName, ManifestName)>,
    ) -> BTreeSet<ManifestName> {
        wanted.retain(|(from, to)| from != to);
        let own = self.tasks.keys().flat_map(|from| self.of(from).map(|to| (from.clone(), to.clone())));
        wanted.extend(own);
        circling(&wanted)
    }

    /// Whether a task may wait for another: not if that waits for it.
    pub(super) fn may_wait(&self, from: &ManifestName, to: &ManifestName) -> bool {
        from != to && !self.reaches(to, from)
    }

    /// Lets a task wait for another.
    pub(super) fn wait(&mut self, from: &ManifestName, to: &ManifestName) {
        let to = self.place(to);
        let from = self.place(from);
        if let Some((_, own)) = self.tasks.get_index_mut(from).filter(|(_, own)| !own.contains(&to)) {
            own.push(to);
        }
    }

    fn place(&mut self, task: &ManifestName) -> usize {
        let known = self.tasks.get_index_of(task);
        known.unwrap_or_else(|| self.tasks.insert_full(task.clone(), Vec::new()).0)
    }

    fn of(&self, task: &str) -> impl Iterator<Item = &ManifestName> {
        let places = self.tasks.get(task).into_iter().flatten();
        places.filter_map(|place| self.tasks.get_index(*place)).map(|(name, _)| name)
    }

    /// Whether a task waits for another, directly or for one that does.
    fn reaches(&self, from: &ManifestName, to: &ManifestName) -> bool {
        let Some((from, to)) = self.tasks.get_index_of(from).zip(self.tasks.get_index_of(to)) else {
            return false;
        };
        let mut seen = vec![false; self.tasks.len()];
        let mut open = vec![from];
        while let Some(task) = open.pop() {
            if task == to {
                return true;
            }
            if seen.get_mut(task).is_some_and(|seen| !std::mem::replace(seen, true)) {
                open.extend(self.tasks.get_index(task).into_iter().flat_map(|(_, on)| on));
            }
        }
        false
    }
}

/// Who waits because it names another service: what is added to the application is there before those that name it
/// start anew. What the manifest says of the order comes first, so no such wait closes a circle with it.
fn edge_waits(planner: &EcsPlanner<'_, '_>) -> Vec<(ManifestName, ManifestName)> {
    let layout = planner.layout;
    let pairs = planner.app.edges.iter().flat_map(|edge| {
        let servers = layout.tasks_of(&edge.to);
        layout
            .tasks_of(&edge.from)
            .iter()
            .flat_map(move |client| servers.iter().map(move |server| (client.clone(), server.clone())))
    });
    let is_service = |name: &ManifestName| {
        planner.app.services.get(name).is_some_and(|service| service.role == ServiceRole::Service)
    };
    pairs.filter(|(client, server)| client != server && is_service(client) && is_service(server)).collect()
}

/// Who waits because a service depends on another; claims the condition.
fn dependency_waits(
    planner: &mut EcsPlanner<'_, '_>,
    service: &ManifestName,
    dependency: &ServiceDependency,
) -> Vec<(ManifestName, ManifestName)> {
    if planner.app.databases.contains_key(&dependency.on) {
        planner.decided(&dependency.condition, "the stack creates the database first");
        return Vec::new();
    }
    let layout = planner.layout;
    let others = layout.tasks_of(&dependency.on);
    let pairs =
        layout.tasks_of(service).iter().flat_map(|task| others.iter().map(move |other| (task, other)));
    let waits: Vec<(ManifestName, ManifestName)> = pairs
        .filter(|(task, other)| task != other)
        .map(|(task, other)| (task.clone(), other.clone()))
        .collect();
    if !waits.is_empty() {
        claim_order(planner, dependency);
    }
    waits
}

/// Those that could wait in a circle: what is left when all who wait for nobody are let go, again and again.
fn circling(wanted: &[(ManifestName, ManifestName)]) -> BTreeSet<ManifestName> {
    let mut open: IndexMap<&ManifestName, usize> = IndexMap::new();
    let mut behind: IndexMap<&ManifestName, Vec<&ManifestName>> = IndexMap::new();
    for (from, to) in wanted {
        *open.entry(from).or_default() += 1;
        open.entry(to).or_default();
        behind.entry(to).or_default().push(from);
    }
    let mut free: Vec<&ManifestName> =
        open.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(name) = free.pop() {
        open.swap_remove(name);
        for waiting in behind.get(name).into_iter().flatten() {
            if let Some(count) = open.get_mut(waiting) {
                *count -= 1;
                free.extend(Some(*waiting).filter(|_| *count == 0));
            }
        }
    }
    open.into_keys().cloned().collect()
}

/// Settles the condition of a dependency between two tasks.
fn claim_order(planner: &mut EcsPlanner<'_, '_>, dependency: &ServiceDependency) {
    match dependency.condition.peek() {
        DependencyCondition::Completed => {
            planner.decided(&dependency.condition, "the stack runs the job first");
        }
        DependencyCondition::Started | DependencyCondition::Healthy => {
            let (value, reason) =
                ("the order of the stack", "ECS replaces the tasks of each service independently");
            let on = planner.app.services.get(&dependency.on);
            let unchecked = *dependency.condition.peek() == DependencyCondition::Healthy
                && on.is_some_and(|on| on.container.health_check.is_none());
            if unchecked {
                let reason =
                    "the service has no health check in the manifest, and ECS ignores the one in the image";
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
        listed(&pairs)
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
        TaskWaits::of_pairs(
            pairs.iter().map(|(from, to)| (ManifestName::from(*from), ManifestName::from(*to))).collect(),
        )
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

    /// However long it is, and wherever it begins.
    #[test]
    fn the_wait_that_closes_a_long_circle_is_left_out() {
        let length = 2_000;
        let name = |at: usize| ManifestName::from(format!("s{}", at % length).as_str());
        for forwards in [true, false] {
            let pair =
                |at| if forwards { (name(at), name(at + 1)) } else { (name(at), name(at + length - 1)) };
            let waits = TaskWaits::of_pairs((0..length).map(pair).collect());
            let without: Vec<usize> =
                (0..length).filter(|at| waits.of(&name(*at)).next().is_none()).collect();
            assert_eq!(without, [length - 1]);
        }
    }

    #[test]
    fn only_who_can_be_in_a_circle_is_looked_at() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(ManifestName, ManifestName)> {
            pairs.iter().map(|(from, to)| (ManifestName::from(*from), ManifestName::from(*to))).collect()
        };
        assert_eq!(circling(&pairs(&[("a", "b"), ("b", "c"), ("a", "c"), ("a", "b")])), BTreeSet::new());
        let found = circling(&pairs(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
        assert_eq!(found.iter().map(|name| &**name).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_later_wait_closes_no_circle() {
        let mut waits = waits(&[("a", "b"), ("b", "c")]);
        let [a, b, c] = ["a", "b", "c"].map(ManifestName::from);
        assert!(waits.may_wait(&a, &c) && waits.may_wait(&a, &b));
        assert!(!waits.may_wait(&c, &a) && !waits.may_wait(&a, &a));
        waits.wait(&a, &c);
        waits.wait(&a, &c);
        assert_eq!(of(&waits, "a"), ["b", "c"]);
    }
}
