//! Networks that exist elsewhere: `external` ones.
//!
//! In: the networks of the manifest. Out: their claims. Under Docker the containers of another project are on such a network;
//! on AWS a service is in the security groups of its own application.

use super::planner::EcsPlanner;
use std::collections::BTreeSet;
use tranship_app::{BehaviourEffect, ComposeNode};

/// Networks that every Docker has.
const BUILT_IN: &[&str] = &["bridge", "host", "none"];

/// Claims `external` of each that a deployed service joins.
pub(super) fn claim(planner: &mut EcsPlanner<'_, '_>) {
    let compose = planner.cx.compose;
    let services = planner.app.services.keys().filter_map(|name| compose.entry("services", name));
    let joined = services.filter_map(|service| service.get("networks"));
    let names: BTreeSet<&str> =
        joined.flat_map(|networks| networks.entries().map(|(name, _)| &**name)).collect();
    let section = compose.section("networks");
    for (name, network) in section.into_iter().flat_map(ComposeNode::entries) {
        let called = network.get("name").and_then(ComposeNode::text);
        let is_built_in = called.is_some_and(|name| BUILT_IN.contains(&name));
        let external = network.get("external").filter(|external| external.is_true() && !is_built_in);
        if let Some(external) = external.filter(|_| names.contains(&**name)) {
            let reason =
                "what else is on that network neither reaches the application by name nor is reached by it";
            let effect = BehaviourEffect::ChangesBehaviour;
            let place = "AWS::EC2::SecurityGroup";
            planner.cx.ledger.approximated(
                &external,
                effect,
                "security groups of the application's own",
                reason,
                place,
            );
        }
    }
}
