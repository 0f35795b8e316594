//! Security groups: one a task, and a rule an edge. Nothing else reaches a task.

use super::planner::Planner;
use super::{
    Database, FileSystem, Group, Inbound, LoadBalancer, NetworkMode, Outbound, Rule, Service, Storage, Task,
    outbound,
};
use tranship_app::Edge;
use tranship_cloudformation::{LogicalId, Role};
use tranship_facts::TransportProtocol;
use tranship_facts::ports::NFS;
use tranship_facts::quotas::ecs::DYNAMIC_HOST_PORTS;

/// `GroupDescription` of a group that tasks share with the machines they run on.
pub const SHARED: &str = "Machines and their tasks in bridge mode";

/// What the groups are made for.
pub(super) struct Members<'a> {
    /// Tasks.
    pub(super) tasks: &'a [Task],
    /// Services.
    pub(super) services: &'a [Service],
    /// Databases.
    pub(super) databases: &'a [Database],
    /// Persistent volumes.
    pub(super) file_systems: &'a [FileSystem],
    /// The load balancer.
    pub(super) load_balancer: Option<&'a LoadBalancer>,
}

/// The groups, and the rules between them.
pub(super) fn plan(planner: &mut Planner<'_, '_>, members: &Members<'_>) -> (Vec<Group>, Vec<Rule>) {
    let mut groups = Vec::new();
    groups.extend(members.load_balancer.map(load_balancer_group));
    members.tasks.iter().for_each(|task| task_group(planner, task, &mut groups));
    let closed = |id, description, from: &[String]| Group {
        id,
        description,
        outbound: Vec::new(),
        inbound: Vec::new(),
        from: from.to_vec(),
    };
    for it in members.databases {
        groups.push(closed(it.group(), format!("Database {}", it.name), &it.from));
    }
    for it in members.file_systems {
        groups.push(closed(it.group(), format!("Volume {}", it.name), &it.from));
    }
    let mut rules = Vec::new();
    load_balancer_rules(members, &mut rules);
    let edges = planner.app.edges.clone();
    edges.iter().for_each(|edge| edge_rules(planner, members, edge, &mut rules));
    volume_rules(members, &mut rules);
    (groups, rules)
}

/// A task's own group, or its part in one that tasks share.
fn task_group(planner: &Planner<'_, '_>, task: &Task, groups: &mut Vec<Group>) {
    let outbound = outbound::of_task(planner, task);
    if let Some(shared) = groups.iter_mut().find(|group| group.id == task.group) {
        let open = |it: &Outbound| {
            shared.outbound.iter().any(|known| (known.port, known.protocol) == (it.port, it.protocol))
        };
        let more: Vec<Outbound> = outbound.into_iter().filter(|it| !open(it)).collect();
        shared.outbound.extend(more);
        shared.from.extend(task.from.iter().cloned());
        return;
    }
    let own = task.group == LogicalId::of(&task.name, Role::SecurityGroup);
    let description = if own { format!("Tasks of {}", task.name) } else { SHARED.to_owned() };
    groups.push(Group {
        id: task.group.clone(),
        description,
        outbound,
        inbound: Vec::new(),
        from: task.from.clone(),
    });
}

fn load_balancer_group(balancer: &LoadBalancer) -> Group {
    let inbound = balancer.listeners.iter().map(|listener| Inbound {
        port: listener.port,
        description: format!("The public, to the listener on port {}", listener.port),
    });
    Group {
        id: LogicalId::only(Role::LoadBalancerSecurityGroup),
        description: "Load balancer".to_owned(),
        outbound: Vec::new(),
        inbound: inbound.collect(),
        from: balancer.from.clone(),
    }
}

/// The load balancer reaches the ports that it serves.
fn load_balancer_rules(members: &Members<'_>, rules: &mut Vec<Rule>) {
    for service in members.services {
        let Some(task) = members.tasks.iter().find(|task| task.name == service.name) else { continue };
        for target in &service.targets {
            let ports = match task.mode {
                NetworkMode::AwsVpc => (target.port, target.port),
                NetworkMode::Bridge => (DYNAMIC_HOST_PORTS.least, DYNAMIC_HOST_PORTS.most),
            };
            add(
                rules,
                Rule {
                    from: LogicalId::only(Role::LoadBalancerSecurityGroup),
                    to: task.group.clone(),
                    ports,
                    protocol: TransportProtocol::Tcp,
                    description: format!("Load balancer to {}", service.name),
                    origin: target.from.clone(),
                },
            );
        }
    }
}

/// An edge between tasks, or from a task to a database. Within one task there is nothing to permit.
fn edge_rules(planner: &Planner<'_, '_>, members: &Members<'_>, edge: &Edge, rules: &mut Vec<Rule>) {
    let Some((port, protocol)) = edge.port else { return };
    let group_of = |name: &str| members.tasks.iter().find(|task| &*task.name == name).map(|task| &task.group);
    let mut to: Vec<(LogicalId, Option<&str>)> = planner
        .layout
        .tasks_of(&edge.to)
        .into_iter()
        .filter_map(|task| Some((group_of(task)?.clone(), Some(&**task))))
        .collect();
    to.extend(members.databases.iter().find(|it| it.name == edge.to).map(|it| (it.group(), None)));
    for source in planner.layout.tasks_of(&edge.from) {
        let Some(from) = group_of(source) else { continue };
        for (group, task) in &to {
            if *task == Some(source) {
                continue;
            }
            add(
                rules,
                Rule {
                    from: from.clone(),
                    to: group.clone(),
                    ports: (port, port),
                    protocol,
                    description: format!("{source} to {}", edge.to),
                    origin: vec![format!("services.{}", edge.from), format!("services.{}", edge.to)],
                },
            );
        }
    }
}

/// Tasks that mount a persistent volume reach its mount targets.
fn volume_rules(members: &Members<'_>, rules: &mut Vec<Rule>) {
    for task in members.tasks {
        for volume in &task.volumes {
            let Storage::Efs(name) = &volume.storage else { continue };
            let Some(system) = members.file_systems.iter().find(|it| it.name == *name) else { continue };
            add(
                rules,
                Rule {
                    from: task.group.clone(),
                    to: system.group(),
                    ports: (NFS, NFS),
                    protocol: TransportProtocol::Tcp,
                    description: format!("{} to the volume {name}", task.name),
                    origin: system.from.clone(),
                },
            );
        }
    }
}

/// Adds a rule, unless it is there already: several services may share a group.
fn add(rules: &mut Vec<Rule>, rule: Rule) {
    let same = |known: &Rule| {
        (&known.from, &known.to, known.ports, known.protocol)
            == (&rule.from, &rule.to, rule.ports, rule.protocol)
    };
    if !rules.iter().any(same) {
        rules.push(rule);
    }
}

/// The rules that a group needs before something in it can work: those in which it connects.
pub(super) fn needed_by(rules: &[Rule], group: &LogicalId) -> Vec<LogicalId> {
    let own = rules.iter().filter(|rule| rule.from == *group);
    own.flat_map(|rule| [rule.egress(), rule.ingress()]).collect()
}

/// The rules by which the load balancer reaches a group: health checks fail without them.
pub(super) fn opened_to_balancer(rules: &[Rule], group: &LogicalId) -> Vec<LogicalId> {
    let balancer = LogicalId::only(Role::LoadBalancerSecurityGroup);
    let own = rules.iter().filter(|rule| rule.to == *group && rule.from == balancer);
    own.flat_map(|rule| [rule.egress(), rule.ingress()]).collect()
}
