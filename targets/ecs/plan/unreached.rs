//! Services that nothing in the manifest connects to, though they may be there for others: their images know each other.
//!
//! In: who talks to whom. Out: one warning. On ECS a connection takes a rule, and a name.

use super::planner::EcsPlanner;
use crate::container::unreached;
use crate::ecs::rules;
use std::collections::BTreeSet;
use tranship_app::AppService;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Reports them once.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    let shares = |service: &AppService| planner.layout.members_of(&service.name).len() != 1;
    let told = unreached(planner.app, shares);
    let names: BTreeSet<&str> = told.iter().map(|service| &*service.name).collect();
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return;
    }
    let one = names.len() == 1;
    let message = format!(
        "nothing in the manifest says who connects to {}, so no other service reaches {}",
        listed(&names),
        if one { "it" } else { "them" },
    );
    let placed = told
        .iter()
        .fold(Diagnostic::new(&rules::UNREACHED_SERVICE, message), |told, service| told.at(service.origin));
    planner.report(placed.help(
        "if an image knows the name of such a service, write `depends_on` in the service that connects, and `expose` in the other: the name then works; where nobody connects, accept: `accept: [ecs/unreached-service]`",
    ));
}
