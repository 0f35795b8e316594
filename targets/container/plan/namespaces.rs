//! Namespaces that a container shares: network, processes, IPC.

use crate::container::field::{self, ContainerField};
use crate::container::{ContainerPlan, ContainerPlanner, NamespaceSharing};
use tranship_app::{At, BehaviourEffect};

/// Decides them.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let given = &planner.service().container;
    container.network = network(planner);
    let bounds = planner.bounds;
    container.pid = shared(planner, given.pid.as_ref(), ("pid", field::PID), bounds.pid);
    container.ipc = shared(planner, given.ipc.as_ref(), ("ipc", field::IPC), bounds.ipc);
}

/// The network, where the container names one that is not the task's.
fn network(planner: &mut ContainerPlanner<'_, '_>) -> Option<String> {
    let mode = planner.service().container.network_mode.as_ref()?;
    let bounds = &planner.bounds.network_modes;
    match (mode.peek().as_str(), bounds.none_is_ignored) {
        ("bridge" | "default", _) => {
            planner.cx.ledger.decided(mode, bounds.bridge);
        }
        (other, _) if bounds.passed_on.contains(&other) => {
            return Some(planner.exact(mode, field::NETWORK).clone());
        }
        (other, _) if bounds.joins_task && other.starts_with("service:") => {
            planner.cx.ledger.decided(mode, "a container of the same task");
        }
        ("none", Some(reason)) => {
            planner.ignore(mode, "network_mode", reason, BehaviourEffect::ChangesBehaviour)
        }
        (other, _) => {
            let shown = format!("network_mode: {other}");
            let remedy = if other == "host" { bounds.host_remedy } else { bounds.remedy };
            planner.reject_under(bounds.rule, mode, &shown, bounds.refusal, remedy);
        }
    }
    None
}

/// With whom a namespace is shared.
fn shared(
    planner: &mut ContainerPlanner<'_, '_>,
    asked: Option<&At<String>>,
    (key, field): (&str, ContainerField),
    allowed: &[NamespaceSharing],
) -> Option<NamespaceSharing> {
    let asked = asked?;
    if matches!(asked.peek().as_str(), "" | "private" | "none" | "shareable") {
        planner.cx.ledger.decided(asked, "a namespace of the container's own");
        return None;
    }
    let wanted = wanted(planner, asked.peek()).filter(|wanted| allowed.contains(wanted));
    if wanted.is_some() {
        planner.decided(asked, field);
    } else {
        let shown = format!("{key}: {}", asked.peek());
        let reason = match allowed {
            [] => "every container has a namespace of its own",
            [NamespaceSharing::Task] => "containers share a namespace within their task only",
            _ => "containers share a namespace with the instance or within their task only",
        };
        planner.reject(asked, &shown, reason, planner.bounds.remedy);
    }
    wanted
}

/// What `host` or `service:x` asks for, where `x` is in the same task.
fn wanted(planner: &ContainerPlanner<'_, '_>, asked: &str) -> Option<NamespaceSharing> {
    if asked == "host" {
        return Some(NamespaceSharing::Host);
    }
    let other = asked.strip_prefix("service:")?;
    let neighbour = planner.request.neighbours.iter().any(|name| ***name == *other);
    neighbour.then_some(NamespaceSharing::Task)
}
