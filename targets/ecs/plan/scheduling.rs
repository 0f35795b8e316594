//! `deploy.mode`: as many tasks as the manifest says, or one on each machine.

use super::planner::EcsPlanner;
use tranship_app::{AppService, BehaviourEffect};

/// Whether one task of the service runs on each machine. Settles `deploy.mode`, and what goes with it.
pub(super) fn is_daemon(planner: &mut EcsPlanner<'_, '_>, given: &AppService) -> bool {
    let Some(mode) = &given.mode else { return false };
    match mode.peek().as_str() {
        "global" if planner.compute.limits().daemons => {
            planner.decided(mode, "service: SchedulingStrategy DAEMON");
            refuse_scaling(planner, given);
            true
        }
        "global" => {
            let (value, reason) = ("`replicated`", "there are no instances to run one task on each");
            let effect = BehaviourEffect::ChangesBehaviour;
            planner.cx.ledger.approximated(mode, effect, value, reason, "service: DesiredCount");
            false
        }
        "replicated" => {
            planner.decided(mode, "service: DesiredCount");
            false
        }
        _ => false,
    }
}

/// The number of machines is the number of tasks.
fn refuse_scaling(planner: &mut EcsPlanner<'_, '_>, given: &AppService) {
    let Some(scaling) = &given.scaling else { return };
    let reason =
        "one task runs on each instance (`deploy.mode: global`), so the number of tasks is not scaled";
    let help = "remove `scale`, or `deploy.mode: global`";
    let bounds = [Some(&scaling.min), Some(&scaling.max), scaling.cpu.as_ref(), scaling.memory.as_ref()];
    for (number, bound) in bounds.into_iter().flatten().enumerate() {
        if number == 0 {
            planner.reject(given, bound, "x-tranship.scale", reason, help);
        } else {
            planner.cx.ledger.rejected(bound, reason);
        }
    }
}
