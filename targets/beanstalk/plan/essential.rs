//! Which containers end the task of an instance when they end.
//!
//! In: restart policies, endpoints and edges. Out: `essential` of each container, and one warning. Amazon ECS stops all
//! containers when an essential one ends and starts the task again; a container that is not essential stays stopped. Under
//! Docker Compose a container with a restart policy starts again alone, one without stays stopped.

use super::{BeanstalkPlan, container_name, public_services};
use crate::Compilation;
use crate::beanstalk::rules;
use std::collections::BTreeSet;
use tranship_app::{AppService, Application, ManifestName, ServiceRole};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Whether the others do not work without it, or it is to start again.
pub(super) fn is_usually(application: &Application, service: &AppService) -> bool {
    keeps_running(service) && (restarts(service) || needed(application).any(|name| *name == service.name))
}

/// Makes the containers of services essential where none is: Amazon ECS wants one. Else says whose end stops the others.
pub(super) fn settle(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let asked = application.services.values().any(|service| service.essential.is_some());
    if plan.containers.iter().any(|container| container.essential) || asked {
        return report(application, cx);
    }
    let services = application.services.values().filter(|service| keeps_running(service));
    let names: BTreeSet<String> = services.map(|service| container_name(&service.name)).collect();
    for container in plan.containers.iter_mut().filter(|one| names.contains(&one.name)) {
        container.essential = true;
    }
}

fn report(application: &Application, cx: &mut Compilation<'_>) {
    let services = || application.services.values();
    let needed: BTreeSet<&ManifestName> = needed(application).collect();
    if !services().any(|service| needed.contains(&service.name)) {
        return;
    }
    let stops = |service: &&AppService| {
        service.essential.is_none()
            && keeps_running(service)
            && restarts(service)
            && !needed.contains(&service.name)
    };
    let told: Vec<&AppService> = services().filter(stops).collect();
    if told.is_empty() {
        return;
    }
    let names: Vec<String> = told.iter().map(|service| format!("`{}`", service.name)).collect();
    let message = match names.as_slice() {
        [one] => format!("when {one} ends, Amazon ECS stops the other containers and starts them all again"),
        several => format!(
            "when one of {} ends, Amazon ECS stops the other containers and starts them all again",
            listed(several)
        ),
    };
    let mut diagnostic = Diagnostic::new(&rules::STOPS_OTHERS, message);
    for service in told {
        let policy = service.container.restart.as_ref().map_or(service.origin, |policy| policy.origin);
        diagnostic = diagnostic.at(policy);
    }
    cx.diagnostics.push(diagnostic.help(
        "write `platform: docker`, where each container starts again by itself, or `x-tranship: { essential: false }` on the service, which then stays stopped",
    ));
}

fn keeps_running(service: &AppService) -> bool {
    matches!(service.role, ServiceRole::Service | ServiceRole::Sidecar { .. })
}

/// Whether Docker Compose would start it again.
fn restarts(service: &AppService) -> bool {
    service.container.restart.as_ref().is_some_and(|policy| !matches!(policy.peek().as_str(), "no" | "none"))
}

/// Those that serve the public or another service, each for every such port and caller.
fn needed(application: &Application) -> impl Iterator<Item = &ManifestName> {
    let called = application.edges.iter().filter(|edge| edge.to != edge.from).map(|edge| &edge.to);
    public_services(application).chain(called)
}
