//! Security groups: one for each task, and a rule for each edge. Nothing else reaches a task.

use super::outbound::OutboundPlan;
use super::planner::EcsPlanner;
use super::target_groups::TargetGroups;
use super::{
    DatabasePlan, FileSystemPlan, InboundPort, LoadBalancerPlan, NetworkMode, OutsideRule, SecurityGroup,
    SecurityGroupRule, TaskPlan, TaskVolume, names,
};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{ManifestName, PortRange, ServiceEdge, TaskGroups};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::TransportProtocol;
use tranship_facts::ports::NFS;
use tranship_facts::quotas::ecs::DYNAMIC_HOST_PORTS;

/// The ports that Docker chooses from in bridge mode.
const DYNAMIC_PORTS: PortRange = PortRange { first: DYNAMIC_HOST_PORTS.least, last: DYNAMIC_HOST_PORTS.most };
/// `GroupDescription` of the group that tasks in bridge mode share with their machines.
const SHARED: &str = "Machines and their tasks in bridge mode";

/// What the groups are made for.
pub(super) struct GroupMembers<'a, 'p, 'c> {
    /// The application, and who shares a task with whom.
    pub(super) planner: &'a EcsPlanner<'p, 'c>,
    /// Tasks.
    pub(super) tasks: &'a [TaskPlan],
    /// What is reachable outside.
    pub(super) outbound: &'a OutboundPlan,
    /// Target groups by the task that they send to.
    pub(super) targets: &'a TargetGroups,
    /// Databases.
    pub(super) databases: &'a [DatabasePlan],
    /// Persistent volumes.
    pub(super) file_systems: &'a [FileSystemPlan],
    /// The load balancers.
    pub(super) balancers: &'a [LoadBalancerPlan],
    /// Whether the stack has machines of its own.
    pub(super) machines: bool,
}

impl GroupMembers<'_, '_, '_> {
    /// Every group.
    pub(super) fn groups(&self) -> Vec<SecurityGroup> {
        let mut groups: Vec<SecurityGroup> = self.balancers.iter().map(load_balancer_group).collect();
        groups.extend(self.task_groups());
        let closed = |id, description, from: &[String]| SecurityGroup {
            id,
            description,
            outbound: Vec::new(),
            inbound: Vec::new(),
            from: from.to_vec(),
        };
        for it in self.databases {
            groups.push(closed(it.security_group(), format!("Database {}", it.name), &it.from));
        }
        for it in self.file_systems {
            groups.push(closed(
                it.security_group(),
                format!("Volume {}", names::described(&it.name)),
                &it.from,
            ));
        }
        groups.extend(
            (self.machines && self.bridged().next().is_none())
                .then(|| self.machines_with(vec!["x-tranship".to_owned()])),
        );
        groups
    }

    /// Who may reach whom, each rule once: several tasks may share a group.
    pub(super) fn rules(&self) -> Vec<SecurityGroupRule> {
        let mut rules = self.load_balancer_rules();
        rules.extend(self.edge_rules());
        rules.extend(self.volume_rules());
        let (mut known, mut once) = (BTreeMap::new(), Vec::<SecurityGroupRule>::with_capacity(rules.len()));
        for rule in rules {
            let PortRange { first, last } = rule.ports;
            let ends = (rule.source.clone(), rule.destination.clone(), first, last, rule.protocol);
            let at = *known.entry(ends).or_insert(once.len());
            match once.get_mut(at) {
                Some(earlier) => earlier.awaited_by.extend(rule.awaited_by),
                None => once.push(rule),
            }
        }
        once
    }

    /// Tasks that use the network interface of their machine.
    fn bridged(&self) -> impl Iterator<Item = &TaskPlan> {
        self.tasks.iter().filter(|task| task.mode != NetworkMode::AwsVpc)
    }

    /// A group for each task with an interface of its own, and one for all others, in the place of the first of them.
    fn task_groups(&self) -> Vec<SecurityGroup> {
        let first = self.bridged().next().map(|task| &task.name);
        let mut groups = Vec::new();
        for task in self.tasks {
            match task.mode {
                NetworkMode::AwsVpc => groups.push(self.task_group(task)),
                NetworkMode::Bridge | NetworkMode::Host => {
                    groups.extend((first == Some(&task.name)).then(|| self.machine_group()))
                }
            }
        }
        groups
    }

    fn task_group(&self, task: &TaskPlan) -> SecurityGroup {
        SecurityGroup {
            id: task.security_group(),
            description: format!("Tasks of {}", task.name),
            outbound: self.outbound.of_task(task),
            inbound: Vec::new(),
            from: task.from.clone(),
        }
    }

    /// What one of the machine's tasks may reach, the others may reach too.
    fn machine_group(&self) -> SecurityGroup {
        self.machines_with(self.bridged().flat_map(|task| task.from.iter().cloned()).collect())
    }

    fn machines_with(&self, from: Vec<String>) -> SecurityGroup {
        SecurityGroup {
            id: LogicalId::only(ResourceRole::InstanceSecurityGroup),
            description: SHARED.to_owned(),
            outbound: self.outbound.of_machines(),
            inbound: Vec::new(),
            from,
        }
    }

    /// A load balancer reaches the ports that it serves, and those that it asks.
    fn load_balancer_rules(&self) -> Vec<SecurityGroupRule> {
        let mut rules = Vec::new();
        for task in self.tasks {
            let ports_of = |port| match task.mode {
                NetworkMode::AwsVpc | NetworkMode::Host => PortRange::of(port),
                NetworkMode::Bridge => DYNAMIC_PORTS,
            };
            for target in self.targets.get(&task.name).into_iter().flatten() {
                for (port, protocol) in target.connections() {
                    rules.push(SecurityGroupRule {
                        source: target.balancer.id(ResourceRole::LoadBalancerSecurityGroup),
                        destination: task.security_group(),
                        ports: ports_of(port),
                        protocol,
                        awaited_by: vec![task.name.clone()],
                        description: format!("{} to {}", target.balancer.describe(), task.name),
                        from: target.from.clone(),
                    });
                }
            }
        }
        rules
    }

    /// The rules of the edges between tasks, or from a task to a database.
    fn edge_rules(&self) -> Vec<SecurityGroupRule> {
        let ends = self.ends();
        self.planner.app.edges.iter().flat_map(|edge| ends.rules(edge)).collect()
    }

    fn ends(&self) -> EdgeEnds<'_> {
        EdgeEnds {
            layout: self.planner.layout,
            tasks: self.tasks.iter().map(|task| (&*task.name, task)).collect(),
            databases: self.databases.iter().map(|database| (&*database.name, database)).collect(),
        }
    }

    /// What lets tasks into the groups of databases that exist.
    pub(super) fn outside_rules(&self) -> Vec<OutsideRule> {
        let ends = self.ends();
        let mut rules: BTreeMap<LogicalId, OutsideRule> = BTreeMap::new();
        for access in &self.planner.app.database_access {
            for source in ends.tasks_of(&access.from) {
                let rule = OutsideRule {
                    source: source.security_group(),
                    group: access.group.peek().clone(),
                    port: access.port.number,
                    protocol: access.port.protocol,
                    to: access.to.to_string(),
                    description: format!("{} to {}", source.name, access.to),
                    from: vec![format!("services.{}", access.from), format!("services.{}", access.to)],
                };
                rules.entry(rule.id()).or_insert(rule);
            }
        }
        rules.into_values().collect()
    }

    /// Tasks that mount a persistent volume reach its mount targets.
    fn volume_rules(&self) -> Vec<SecurityGroupRule> {
        let mut rules = Vec::new();
        let systems: BTreeMap<&ManifestName, usize> =
            self.file_systems.iter().enumerate().map(|(at, system)| (&system.name, at)).collect();
        for task in self.tasks {
            let mounted = task.volumes.iter().filter_map(TaskVolume::file_system);
            let mounted: BTreeSet<usize> = mounted.filter_map(|name| systems.get(name).copied()).collect();
            for system in mounted.into_iter().filter_map(|at| self.file_systems.get(at)) {
                rules.push(SecurityGroupRule {
                    source: task.security_group(),
                    destination: system.security_group(),
                    ports: PortRange::of(NFS),
                    protocol: TransportProtocol::Tcp,
                    awaited_by: vec![task.name.clone()],
                    description: format!("{} to the volume {}", task.name, names::described(&system.name)),
                    from: system.from.clone(),
                });
            }
        }
        rules
    }
}

/// What edges lead from and to, by name.
struct EdgeEnds<'a> {
    layout: &'a TaskGroups,
    tasks: BTreeMap<&'a str, &'a TaskPlan>,
    databases: BTreeMap<&'a str, &'a DatabasePlan>,
}

impl<'a> EdgeEnds<'a> {
    /// Within one task there is nothing to permit.
    fn rules(&self, edge: &ServiceEdge) -> Vec<SecurityGroupRule> {
        let Some(port) = edge.port else { return Vec::new() };
        let mut rules = Vec::new();
        for source in self.tasks_of(&edge.from) {
            for destination in self.destinations(edge, source) {
                rules.push(SecurityGroupRule {
                    source: source.security_group(),
                    destination,
                    ports: PortRange::of(port.number),
                    protocol: port.protocol,
                    awaited_by: vec![source.name.clone()],
                    description: format!("{} to {}", source.name, edge.to),
                    from: vec![format!("services.{}", edge.from), format!("services.{}", edge.to)],
                });
            }
        }
        rules
    }

    /// The groups that a task connects to.
    fn destinations(&self, edge: &ServiceEdge, source: &TaskPlan) -> Vec<LogicalId> {
        // Copies of one service are tasks of their own; its sidecars are not.
        let copies = edge.from == edge.to && source.name == edge.to;
        let others = self.tasks_of(&edge.to).into_iter().filter(|task| task.name != source.name || copies);
        let database = self.databases.get(&*edge.to);
        others.map(TaskPlan::security_group).chain(database.map(|it| it.security_group())).collect()
    }

    /// The tasks that a service's container is in.
    fn tasks_of(&self, service: &str) -> Vec<&'a TaskPlan> {
        let names = self.layout.tasks_of(service).iter();
        names.filter_map(|name| self.tasks.get(&**name).copied()).collect()
    }
}

fn load_balancer_group(balancer: &LoadBalancerPlan) -> SecurityGroup {
    let who = if balancer.kind.internal { "Inside, to the" } else { "The public, to the" };
    let inbound = balancer.listeners.iter().flat_map(|listener| {
        listener.networks.iter().map(move |network| InboundPort {
            network: network.clone(),
            port: listener.port,
            protocol: listener.protocol.transport(),
            description: format!("{who} listener on port {}", listener.port),
        })
    });
    SecurityGroup {
        id: balancer.kind.id(ResourceRole::LoadBalancerSecurityGroup),
        description: balancer.kind.describe().to_owned(),
        outbound: Vec::new(),
        inbound: inbound.collect(),
        from: balancer.from.clone(),
    }
}

/// The rules that each task waits for.
#[derive(Debug, Default)]
pub(super) struct AwaitedRules {
    needed: BTreeMap<ManifestName, Vec<LogicalId>>,
    opened: BTreeMap<ManifestName, Vec<LogicalId>>,
}

impl AwaitedRules {
    /// Those among all rules.
    pub(super) fn of(rules: &[SecurityGroupRule], balancers: &[LoadBalancerPlan]) -> Self {
        let groups: Vec<LogicalId> =
            balancers.iter().map(|it| it.kind.id(ResourceRole::LoadBalancerSecurityGroup)).collect();
        let mut awaited = AwaitedRules::default();
        for rule in rules {
            let opens = groups.contains(&rule.source);
            let by_task = if opens { &mut awaited.opened } else { &mut awaited.needed };
            let both = [rule.egress(), rule.ingress()];
            for task in &rule.awaited_by {
                by_task.entry(task.clone()).or_default().extend_from_slice(&both);
            }
        }
        awaited
    }

    /// The rules that a task needs before it can work: those by which it connects.
    pub(super) fn needed_by(&self, task: &str) -> &[LogicalId] {
        self.needed.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rules by which load balancers reach a task: health checks fail without them.
    pub(super) fn opened_to_load_balancers(&self, task: &str) -> &[LogicalId] {
        self.opened.get(task).map(Vec::as_slice).unwrap_or_default()
    }
}
