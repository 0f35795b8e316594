//! What a task may reach outside of the application: the AWS APIs, DNS, and the ports that its values name.
//!
//! A value such as `smtp://mail.example.com:587` or `broker.example.com:9092` names a port that the
//! application needs; it is opened. Everything else stays shut.

use super::planner::Planner;
use super::{EcsPlan, Outbound, Task};
use std::collections::BTreeSet;
use tranship_app::PortSpec;
use tranship_cloudformation::{LogicalId, Role};
use tranship_facts::TransportProtocol;
use tranship_facts::ports::DNS;
use tranship_facts::quotas::load_balancing::HTTPS_PORT;

impl Outbound {
    /// Whether the rule opens a port.
    fn opens(&self, port: PortSpec) -> bool {
        (self.port, self.protocol) == (port.number, port.protocol)
    }
}

/// The outbound rules of a task.
pub(super) fn of_task(planner: &Planner<'_, '_>, task: &Task) -> Vec<Outbound> {
    let rule =
        |port, protocol, description: &str| Outbound { port, protocol, description: description.into() };
    let mut rules = vec![
        rule(HTTPS_PORT, TransportProtocol::Tcp, "HTTPS: image registries, AWS and other services"),
        rule(DNS, TransportProtocol::Udp, "DNS"),
        rule(DNS, TransportProtocol::Tcp, "DNS"),
    ];
    for port in named(planner, task) {
        if !rules.iter().any(|known| known.opens(port)) {
            rules.push(rule(port.number, port.protocol, "Named in a value of the environment"));
        }
    }
    rules
}

/// Opens what tasks need in the group that they share with their machine.
pub(super) fn share(planner: &Planner<'_, '_>, plan: &mut EcsPlan) {
    for task in &plan.tasks {
        let own = LogicalId::of(&task.name, Role::SecurityGroup);
        let Some(group) = plan.groups.iter_mut().find(|group| group.id == task.group && group.id != own)
        else {
            continue;
        };
        for port in named(planner, task) {
            if !group.outbound.iter().any(|known| known.opens(port)) {
                let description = "Named in a value of the environment".to_owned();
                group.outbound.push(Outbound { port: port.number, protocol: port.protocol, description });
            }
        }
    }
}

/// Ports of hosts outside of the application that stand in values of the task's containers.
fn named(planner: &Planner<'_, '_>, task: &Task) -> BTreeSet<PortSpec> {
    let services = planner.app.services.values().filter(|it| planner.layout.is_in(&it.name, &task.name));
    services.flat_map(|service| &service.external).map(|address| address.port).collect()
}
