//! Tasks on the network of their machine (`network_mode: host`): what they lose, and ports that the machine keeps.

use super::planner::EcsPlanner;
use crate::ecs::rules;
use tranship_app::AppService;
use tranship_facts::quotas::ecs::RESERVED_HOST_PORTS;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// The value of `network_mode` that asks for it.
const HOST: &str = "host";

/// Whether a service asks for the network of its machine.
pub(super) fn is_asked_by(service: &AppService) -> bool {
    service.container.network_mode.as_ref().is_some_and(|mode| mode.peek() == HOST)
}

/// Says once for all services what such a network means, and refuses ports that the machine has taken.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    if !planner.bounds().network_modes.passed_on.contains(&HOST) {
        return;
    }
    let asking: Vec<&AppService> = planner.app.services.values().filter(|one| is_asked_by(one)).collect();
    if asking.is_empty() {
        return;
    }
    asking.iter().for_each(|service| refuse_reserved(planner, service));
    let names: Vec<String> = asking.iter().map(|service| format!("`{}`", service.name)).collect();
    let (uses, its) = if names.len() == 1 { ("uses", "its instance") } else { ("use", "their instances") };
    let message = format!(
        "{} {uses} the network of {its}: each container port is a port of the instance, so an instance runs one task of a service",
        listed(&names)
    );
    let mut diagnostic = Diagnostic::new(&rules::HOST_NETWORK, message)
        .note("the ports are open to the load balancer and to services that depend on this one; open others in the security group of the instances")
        .note("other services are not at `localhost`: reach them by their names, such as `db:5432`")
        .note("the container can use the credentials of the instance")
        .help("remove `network_mode: host` if the service only needs its own ports");
    for mode in asking.iter().filter_map(|service| service.container.network_mode.as_ref()) {
        diagnostic = diagnostic.at(mode.origin);
    }
    planner.report(match asking.as_slice() {
        [only] => diagnostic.service(&*only.name).key(format!("services.{}.network_mode", only.name)),
        _ => diagnostic,
    });
}

/// The agent, Docker and SSH listen on the machine already.
fn refuse_reserved(planner: &mut EcsPlanner<'_, '_>, service: &AppService) {
    for port in
        service.container.ports.iter().filter(|port| RESERVED_HOST_PORTS.contains(port.container.peek()))
    {
        let number = port.container.peek();
        let reason = "the instance itself listens on this port";
        planner.reject(
            service,
            &port.node,
            &format!("port {number}"),
            reason,
            "let the container listen on another port",
        );
    }
}
