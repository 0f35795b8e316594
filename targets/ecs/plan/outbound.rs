//! What a task may reach outside of the application: the AWS APIs, DNS, and the ports that its values name.
//!
//! A value such as `smtp://mail.example.com:587` or `broker.example.com:9092` names a port that the
//! application needs; it is opened. Everything else stays shut.

use super::planner::EcsPlanner;
use super::{OutboundPort, TaskPlan};
use std::collections::BTreeSet;
use tranship_app::PortSpec;
use tranship_facts::TransportProtocol;
use tranship_facts::ports::DNS;
use tranship_facts::quotas::load_balancing::HTTPS_PORT;

/// The outbound rules of a task.
pub(super) fn of_task(planner: &EcsPlanner<'_, '_>, task: &TaskPlan) -> Vec<OutboundPort> {
    let rule =
        |port, protocol, description: &str| OutboundPort { port, protocol, description: description.into() };
    let mut rules = vec![
        rule(HTTPS_PORT, TransportProtocol::Tcp, "HTTPS: image registries, AWS and other services"),
        rule(DNS, TransportProtocol::Udp, "DNS"),
        rule(DNS, TransportProtocol::Tcp, "DNS"),
    ];
    for PortSpec { number, protocol } in named(planner, task) {
        if !rules.iter().any(|known| known.port == number && known.protocol == protocol) {
            rules.push(rule(number, protocol, "Named in a value of the environment"));
        }
    }
    rules
}

/// Ports of hosts outside of the application that values of the task's containers name.
fn named(planner: &EcsPlanner<'_, '_>, task: &TaskPlan) -> BTreeSet<PortSpec> {
    let services =
        planner.layout.members_of(&task.name).iter().filter_map(|name| planner.app.services.get(name));
    services.flat_map(|service| &service.external).map(|address| address.port).collect()
}
