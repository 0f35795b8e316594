//! The variables of a container. Where each gets its value is the host's to say.

use crate::container::{ContainerHost, ContainerPlan, ContainerPlanner, EnvironmentSource};
use tranship_app::BehaviourEffect;

/// Adds the variables.
pub(super) fn plan<H: ContainerHost>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &mut H,
    container: &mut ContainerPlan<H::DeployText, H::KnownText>,
) {
    for (name, variable) in &planner.service().container.environment {
        let Some(set) = variable.set() else {
            // Compose takes it from the shell: unset there, unset in the container.
            let reason = "the variable is not set";
            planner.cx.ledger.ignored(&variable.node, reason, BehaviourEffect::ChangesBehaviour);
            continue;
        };
        match host.variable(name, set, planner) {
            Some(EnvironmentSource::Value(value)) => {
                container.environment.insert(name.to_string(), value);
            }
            Some(EnvironmentSource::Secret(value)) => {
                container.secrets.insert(name.to_string(), value);
            }
            Some(EnvironmentSource::Elsewhere) | None => {}
        }
    }
}
