//! What must be there before what: `depends_on`, jobs, listeners, rules, databases as stack order.
//!
//! CloudFormation creates and updates in this order, and waits until a service is steady. Two
//! services that wait for each other through their sidecars would never come up: such a wait is left out.

use super::groups;
use super::planner::Planner;
use super::{DefaultAction, FileSystem, Job, LoadBalancer, Network, Rule, Service, Storage, Task, When};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{Condition, Dependency, Name};
use tranship_cloudformation::{LogicalId, Role};

/// What a task of any kind needs before it can start.
pub(super) fn tasks(
    planner: &Planner<'_, '_>,
    tasks: &mut [Task],
    network: &Network,
    capacity: &[LogicalId],
    rules: &[Rule],
    file_systems: &[FileSystem],
) {
    for task in tasks {
        let mut after: Vec<LogicalId> = network.after.clone();
        after.extend(capacity.iter().cloned());
        after.extend(groups::needed_by(rules, &task.group));
        for volume in &task.volumes {
            let Storage::Efs(name) = &volume.storage else { continue };
            let system = file_systems.iter().find(|system| system.name == *name);
            after.extend(system.into_iter().flat_map(FileSystem::mount_targets));
        }
        let members = planner.app.services.values().filter(|it| planner.layout.is_in(&it.name, &task.name));
        for dependency in members.flat_map(|service| &service.dependencies) {
            if planner.app.databases.contains_key(&dependency.on) {
                after.push(LogicalId::of(&dependency.on, Role::Database));
            }
        }
        task.after = once(after);
    }
}

/// What services and jobs wait for besides what their tasks need.
pub(super) fn services(
    planner: &mut Planner<'_, '_>,
    services: &mut [Service],
    jobs: &mut [Job],
    tasks: &[Task],
    balancer: Option<&LoadBalancer>,
    rules: &[Rule],
) {
    let waits = Waits::of(planner, jobs);
    let id_of = |name: &Name| {
        let job = jobs.iter().find(|job| job.name == *name);
        match job.map(|job| &job.when) {
            Some(When::BeforeDeploy { .. }) => Some(LogicalId::of(name, Role::Run)),
            Some(_) => None,
            None => services.iter().find(|it| it.name == *name).map(Service::id),
        }
    };
    let ids: BTreeMap<Name, Vec<LogicalId>> = waits
        .0
        .iter()
        .map(|(name, others)| (name.clone(), others.iter().filter_map(id_of).collect()))
        .collect();
    for service in services {
        let Some(task) = tasks.iter().find(|task| task.name == service.name) else { continue };
        let mut after = task.after.clone();
        if !service.targets.is_empty() {
            after.extend(groups::opened_to_balancer(rules, &task.group));
            after.extend(balancer.into_iter().flat_map(|balancer| forwards(balancer, service)));
        }
        after.extend(ids.get(&service.name).into_iter().flatten().cloned());
        service.after = once(after);
    }
    for job in jobs {
        let Some(task) = tasks.iter().find(|task| task.name == job.name) else { continue };
        let mut after = task.after.clone();
        after.extend(ids.get(&job.name).into_iter().flatten().cloned());
        job.after = once(after);
    }
}

/// Listeners and rules that forward to a service: ECS refuses a target group without a load balancer.
fn forwards(balancer: &LoadBalancer, service: &Service) -> Vec<LogicalId> {
    let own = |id: &LogicalId| service.targets.iter().any(|target| target.id == *id);
    let mut found = Vec::new();
    for listener in &balancer.listeners {
        if matches!(&listener.default, DefaultAction::Forward(id) if own(id)) {
            found.push(listener.id.clone());
        }
        found.extend(listener.rules.iter().filter(|rule| own(&rule.target)).map(|rule| rule.id.clone()));
    }
    found
}

fn once(ids: Vec<LogicalId>) -> Vec<LogicalId> {
    let mut seen = BTreeSet::new();
    ids.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

/// Which task waits for which others; never in a circle.
struct Waits(BTreeMap<Name, Vec<Name>>);

impl Waits {
    fn of(planner: &mut Planner<'_, '_>, jobs: &[Job]) -> Waits {
        let mut waits = Waits(BTreeMap::new());
        let app = planner.app;
        for job in jobs.iter().filter(|job| matches!(job.when, When::BeforeDeploy { .. })) {
            let Some(tranship_app::Role::Job(given)) = app.services.get(&job.name).map(|it| &it.role) else {
                continue;
            };
            for gated in given.gates.iter().flat_map(|gated| planner.layout.tasks_of(gated)) {
                waits.add(gated, &job.name);
            }
        }
        for service in app.services.values() {
            for dependency in &service.dependencies {
                waits.dependency(planner, &service.name, dependency);
            }
        }
        waits
    }

    fn dependency(&mut self, planner: &mut Planner<'_, '_>, service: &Name, dependency: &Dependency) {
        if planner.app.databases.contains_key(&dependency.on) {
            planner.exact(&dependency.condition, "the stack creates the database first");
            return;
        }
        let layout = planner.layout;
        let others = layout.tasks_of(&dependency.on);
        for task in layout.tasks_of(service) {
            for other in others.iter().filter(|other| **other != task) {
                self.add(task, other);
                let (value, reason) = match dependency.condition.peek() {
                    Condition::Completed => {
                        planner.exact(&dependency.condition, "the stack runs the job first");
                        continue;
                    }
                    Condition::Started | Condition::Healthy => {
                        ("the order of the stack", "ECS replaces tasks of each service by itself")
                    }
                };
                planner.cx.ledger.approximated(&dependency.condition, value, reason, "DependsOn");
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
        self.0.get(from).is_some_and(|next| next.iter().any(|next| self.reaches(next, to, seen)))
    }
}
