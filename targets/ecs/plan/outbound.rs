//! What the tasks may reach outside of the application: everything, or what the manifest declares.
//!
//! In: the tasks and the `egress` settings, which are claimed here. Out: rules for each task, and for the machines
//! that tasks in bridge mode share. The rules of the application's own edges, databases and file systems are those
//! of [`super::security_groups`]; they are written in either case, so that `declared` can be set without a gap.

use super::planner::EcsPlanner;
use super::{NetworkMode, OutboundDestination, OutboundReason, OutboundRule, TaskPlan};
use crate::ecs::rules;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{
    AppService, Application, At, BehaviourEffect, EgressDestination, EgressTarget, ExternalAddress,
    ManifestName, OutboundAccess, PortRange, ServiceEgress,
};
use tranship_facts::TransportProtocol;
use tranship_facts::ports::DNS;
use tranship_facts::quotas::load_balancing::{HTTP_PORT, HTTPS_PORT};
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::yaml::NodeId;

/// The rules of every group that tasks or machines have.
pub(super) struct OutboundPlan {
    /// By task; tasks in bridge mode have those of their machines.
    tasks: BTreeMap<ManifestName, Vec<OutboundRule>>,
    /// Of the machines, and so of every task in bridge mode.
    machines: Vec<OutboundRule>,
}

impl OutboundPlan {
    /// The rules of a task with a group of its own.
    pub(super) fn of_task(&self, task: &TaskPlan) -> Vec<OutboundRule> {
        match task.mode {
            NetworkMode::AwsVpc => self.tasks.get(&task.name).cloned().unwrap_or_default(),
            NetworkMode::Bridge | NetworkMode::Host => self.machines.clone(),
        }
    }

    /// The rules of the machines.
    pub(super) fn of_machines(&self) -> Vec<OutboundRule> {
        self.machines.clone()
    }
}

/// What is open, and why, for the report.
pub(super) fn account(
    planner: &EcsPlanner<'_, '_>,
    plan: &OutboundPlan,
    tasks: &[TaskPlan],
) -> Vec<OutboundAccess> {
    let mut found = Vec::new();
    for task in tasks {
        for rule in plan.of_task(task) {
            let key = rule.reason.node.map(|node| planner.cx.keys.path(&node));
            found.push(OutboundAccess {
                task: task.name.to_string(),
                to: rule.to.as_str().to_owned(),
                protocol: rule.protocol_name(),
                ports: rule.ports.map_or_else(|| "all".to_owned(), |ports| ports.to_string()),
                why: rule.reason.why.clone(),
                key,
            });
        }
    }
    found
}

/// Decides the rules, claims the settings, and tells what they cannot do.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>, tasks: &[TaskPlan]) -> OutboundPlan {
    let app = planner.app;
    if let Some(setting) = &app.settings.egress {
        planner.decided(&setting.at(), CLAIM);
    }
    for service in app.services.values() {
        if let Some(own) = &service.egress.own {
            planner.decided(own, CLAIM);
        }
    }
    let groups = SharedGroups { planner, tasks };
    let (own, machines) = (groups.own(), groups.machines());
    let conflicts: Vec<EgressConflict> = groups.conflicts();
    report_shared(planner, &conflicts);
    report_hosts(planner);
    report_unknown(planner, tasks);
    OutboundPlan { tasks: own, machines }
}

/// In what the settings end.
const CLAIM: &str = "security groups: outbound rules";

/// What shares a security group: the containers of a task, the tasks of a machine.
struct SharedGroups<'a, 'p, 'c> {
    planner: &'a EcsPlanner<'p, 'c>,
    tasks: &'a [TaskPlan],
}

/// A service that is to be closed, in a group that another one opens.
struct EgressConflict {
    closed: ManifestName,
    opener: ManifestName,
}

impl<'p> SharedGroups<'_, 'p, '_> {
    /// The services in a task, the one that leads it first.
    fn members(&self, task: &TaskPlan) -> Vec<&'p AppService> {
        let app = self.planner.app;
        let names = self.planner.layout.members_of(&task.name).iter().filter(|name| **name != task.name);
        std::iter::once(&task.name).chain(names).filter_map(|name| app.services.get(name)).collect()
    }

    /// The service that opens a task: the one that leads it, or one that says so itself.
    fn opener(&self, task: &TaskPlan) -> Option<&'p AppService> {
        let members = self.members(task);
        let leads = members.first().copied().filter(|leader| leader.egress.is_open());
        leads.or_else(|| members.into_iter().find(|it| it.egress.is_open() && it.egress.own.is_some()))
    }

    /// Tasks that share a group: each by itself, and all in bridge mode together.
    fn groups(&self) -> Vec<Vec<&TaskPlan>> {
        let (bridged, alone): (Vec<&TaskPlan>, Vec<&TaskPlan>) =
            self.tasks.iter().partition(|task| task.mode != NetworkMode::AwsVpc);
        alone.into_iter().map(|task| vec![task]).chain(std::iter::once(bridged)).collect()
    }

    fn conflicts(&self) -> Vec<EgressConflict> {
        let mut found = Vec::new();
        for group in self.groups() {
            let Some(opener) = group.iter().find_map(|task| self.opener(task)) else { continue };
            let members = group.iter().flat_map(|task| self.members(task));
            for closed in members.filter(|it| !it.egress.is_open() && is_meant(&it.egress, &opener.egress)) {
                found.push(EgressConflict { closed: closed.name.clone(), opener: opener.name.clone() });
            }
        }
        found
    }

    fn own(&self) -> BTreeMap<ManifestName, Vec<OutboundRule>> {
        let own = self.tasks.iter().filter(|task| task.mode == NetworkMode::AwsVpc);
        own.map(|task| (task.name.clone(), self.rules(std::slice::from_ref(&task)))).collect()
    }

    /// The machines pull images and talk to AWS for every task; those in bridge mode use their group.
    fn machines(&self) -> Vec<OutboundRule> {
        let bridged: Vec<&TaskPlan> =
            self.tasks.iter().filter(|task| task.mode != NetworkMode::AwsVpc).collect();
        if !bridged.is_empty() {
            return self.rules(&bridged);
        }
        match &self.planner.app.settings.egress {
            Some(setting) if !setting.is_open() => vec![port(
                PortRange::of(HTTPS_PORT),
                TransportProtocol::Tcp,
                OutboundReason::plain("AWS and image registries"),
            )],
            _ => everything(&self.planner.app.settings.egress.as_ref().map(|it| it.at())),
        }
    }

    /// The rules of tasks that share a group, each once.
    fn rules(&self, tasks: &[&TaskPlan]) -> Vec<OutboundRule> {
        if let Some(opener) = tasks.iter().find_map(|task| self.opener(task)) {
            let own = opener.egress.own.clone();
            return everything(&own.or_else(|| self.planner.app.settings.egress.as_ref().map(|it| it.at())));
        }
        let services: Vec<&AppService> = tasks.iter().flat_map(|task| self.members(task)).collect();
        let mut rules = always();
        let mut known: BTreeSet<_> = rules.iter().map(OutboundRule::opened).collect();
        let values = services.iter().flat_map(|service| &service.external).filter_map(named);
        let allowed = services.iter().flat_map(|service| service.egress.allowed()).map(allowed_rule);
        for rule in values.chain(allowed) {
            if known.insert(rule.opened()) {
                rules.push(rule);
            }
        }
        rules
    }
}

/// Whether a service is meant to be more closed than the one that opens its group: not where both only follow
/// the environment.
fn is_meant(closed: &ServiceEgress, opener: &ServiceEgress) -> bool {
    closed.own.is_some() || opener.own.is_some()
}

/// Every address, port and protocol.
fn everything(setting: &Option<At<()>>) -> Vec<OutboundRule> {
    let why = match setting {
        Some(_) => "Everything: x-tranship says egress: open",
        None => "Everything, as under Docker Compose; egress: declared closes it",
    };
    let reason = OutboundReason { why: why.to_owned(), node: setting.as_ref().map(|at| at.node) };
    let to = [OutboundDestination::ANY_IPV4, OutboundDestination::ANY_IPV6];
    to.into_iter()
        .map(|to| OutboundRule { to, ports: None, protocol: None, reason: reason.clone() })
        .collect()
}

/// What a task needs to start and to talk to AWS.
fn always() -> Vec<OutboundRule> {
    let fixed = [
        (HTTPS_PORT, TransportProtocol::Tcp, "HTTPS: image registries, AWS and other services"),
        (HTTP_PORT, TransportProtocol::Tcp, "HTTP"),
        (DNS, TransportProtocol::Udp, "DNS"),
        (DNS, TransportProtocol::Tcp, "DNS"),
    ];
    let rule = |(number, protocol, why): (u16, TransportProtocol, &str)| {
        port(PortRange::of(number), protocol, OutboundReason::plain(why))
    };
    fixed.into_iter().map(rule).collect()
}

/// A port at every address: security groups know no host names.
fn port(ports: PortRange, protocol: TransportProtocol, reason: OutboundReason) -> OutboundRule {
    OutboundRule { to: OutboundDestination::ANY_IPV4, ports: Some(ports), protocol: Some(protocol), reason }
}

/// The port of a host that a value names.
fn named(address: &ExternalAddress) -> Option<OutboundRule> {
    let spec = address.port?;
    let why = "Named in a value of the environment".to_owned();
    let reason = OutboundReason { why, node: Some(address.node) };
    Some(port(PortRange::of(spec.number), spec.protocol, reason))
}

/// An entry of `allow`.
fn allowed_rule(entry: &At<EgressDestination>) -> OutboundRule {
    let destination = entry.peek();
    let target = destination.to.as_ref().map(At::peek);
    let why = match target {
        Some(EgressTarget::Host(host)) => format!("Allowed by x-tranship.egress for {host}"),
        _ => "Allowed by x-tranship.egress".to_owned(),
    };
    OutboundRule {
        to: target.map_or(OutboundDestination::ANY_IPV4, OutboundDestination::of),
        ports: destination.port.as_ref().map(|port| port.peek().0),
        protocol: destination.transport(),
        reason: OutboundReason { why, node: Some(entry.node) },
    }
}

/// A service cannot be more closed than what it shares its security group with.
fn report_shared(planner: &mut EcsPlanner<'_, '_>, conflicts: &[EgressConflict]) {
    let Some(first) = conflicts.first() else { return };
    let pairs: Vec<String> =
        conflicts.iter().map(|it| format!("`{}` (shared with `{}`)", it.closed, it.opener)).collect();
    let message = format!(
        "`egress: declared` has no effect where an open service shares the security group: {}",
        listed(&pairs)
    );
    let mut diagnostic = Diagnostic::new(&rules::SHARED_EGRESS, message).service(&*first.closed).help(
        "set `egress: declared` for the services that share the task or the instance too, or choose the target `fargate`",
    );
    let app = planner.app;
    for conflict in conflicts {
        let Some(closed) = app.services.get(&conflict.closed) else { continue };
        let Some(own) = &closed.egress.own else { continue };
        diagnostic = diagnostic.at(own.origin).key(planner.cx.keys.path(own));
        let reason = "a service that shares its security group is open";
        planner.cx.ledger.approximated(own, BehaviourEffect::ChangesBehaviour, "`open`", reason, CLAIM);
        planner.cx.ledger.reported(own);
    }
    planner.report(diagnostic);
}

/// Entries of `allow` that name a host: one line for all.
fn report_hosts(planner: &mut EcsPlanner<'_, '_>) {
    let mut hosts: Vec<(&At<EgressTarget>, &str)> = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries(planner.app) {
        let Some(to) = &entry.peek().to else { continue };
        let EgressTarget::Host(host) = to.peek() else { continue };
        if seen.insert(to.node) {
            hosts.push((to, host));
        }
    }
    let Some((first, _)) = hosts.first() else { return };
    let key = planner.cx.keys.path(*first);
    let names: Vec<String> = hosts.iter().map(|(_, host)| format!("`{host}`")).collect();
    let message = format!(
        "security groups have no host names: `egress` opens the port to every address for {}",
        listed(&names)
    );
    let mut diagnostic = Diagnostic::new(&rules::EGRESS_BY_NAME, message)
        .key(key)
        .help("write the CIDR range of the host, such as `to: 192.0.2.0/24`");
    for (to, _) in &hosts {
        diagnostic = diagnostic.at(to.origin);
        let reason = "security groups have no host names";
        planner.cx.ledger.approximated(*to, BehaviourEffect::ChangesBehaviour, "`0.0.0.0/0`", reason, CLAIM);
        planner.cx.ledger.reported(*to);
    }
    planner.report(diagnostic);
}

/// Every entry of `allow` that some service follows.
fn entries(app: &Application) -> impl Iterator<Item = &At<EgressDestination>> {
    app.services.values().flat_map(|service| service.egress.allowed())
}

/// Hosts outside whose port nobody says, where not everything is open: one line for all.
fn report_unknown(planner: &mut EcsPlanner<'_, '_>, tasks: &[TaskPlan]) {
    let groups = SharedGroups { planner, tasks };
    let closed = tasks.iter().filter(|task| groups.opener(task).is_none());
    let mut unknown: Vec<(ManifestName, NodeId)> = Vec::new();
    let mut seen = BTreeSet::new();
    for service in closed.flat_map(|task| groups.members(task)) {
        for address in service.external.iter().filter(|address| address.port.is_none()) {
            let one = (service.name.clone(), address.node);
            if seen.insert(one.clone()) {
                unknown.push(one);
            }
        }
    }
    let Some((service, _)) = unknown.first() else { return };
    let keys: Vec<String> =
        unknown.iter().map(|(_, node)| format!("`{}`", planner.cx.keys.path(node))).collect();
    let message = format!(
        "cannot tell which port the hosts in {} listen on, so no port is opened to them",
        listed(&keys)
    );
    let mut diagnostic = Diagnostic::new(&rules::UNKNOWN_OUTBOUND_PORT, message).service(&**service).help(
        "write the port in the value, or allow it: `x-tranship: { egress: { allow: [{ port: 5432 }] } }`",
    );
    for (_, node) in &unknown {
        diagnostic = diagnostic.at(planner.cx.keys.origin(node));
    }
    planner.report(diagnostic);
}
