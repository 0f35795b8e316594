//! How a container is asked to stop, and how long it may take.

use crate::container::field;
use crate::container::{ContainerPlan, ContainerPlanner, rules};
use tranship_app::BehaviourEffect;

/// Decides grace period and signal.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    container.stop_timeout = timeout(planner);
    let Some(signal) = &planner.service().container.stop_signal else { return };
    if planner.bounds.stop_signal {
        container.stop_signal = Some(planner.exact(signal, field::STOP_SIGNAL).clone());
    } else {
        let usual = matches!(signal.peek().to_uppercase().as_str(), "SIGTERM" | "TERM" | "15");
        let reason = "ECS sends the image's `STOPSIGNAL`, by default SIGTERM";
        planner.ignore(signal, "stop_signal", reason, BehaviourEffect::changed_if(!usual));
    }
}

fn timeout(planner: &mut ContainerPlanner<'_, '_>) -> Option<u32> {
    let period = planner.service().container.stop_grace_period.as_ref()?;
    let (least, most) = planner.bounds.stop_timeout;
    let asked = planner.exact(period, field::STOP_TIMEOUT);
    let seconds = asked.as_secs() + u64::from(asked.subsec_nanos() > 0);
    let legal = seconds.clamp(u64::from(least), u64::from(most));
    if legal == seconds {
        return u32::try_from(legal).ok();
    }
    let allowed = if most == u32::MAX {
        format!("allows {least} second or more")
    } else {
        format!("allows {least} to {most} seconds")
    };
    let product = planner.bounds.product;
    let message =
        format!("`stop_grace_period` of `{}` becomes {legal}s: {product} {allowed}", planner.service().name);
    planner.approximate(
        period,
        field::STOP_TIMEOUT,
        BehaviourEffect::ChangesBehaviour,
        format!("{legal}s"),
        &format!("{product} {allowed}"),
    );
    let diagnostic = planner.about(&rules::STOP_TIMEOUT, period, message);
    planner.cx.diagnostics.push(diagnostic);
    u32::try_from(legal).ok()
}
