//! Health checks, adjusted to the ranges of the target.

use crate::container::field::{self, ContainerField};
use crate::container::{ContainerPlanner, HealthCheckBounds, HealthCheckPlan, TextRenderer, rules};
use std::time::Duration;
use tranship_app::{At, BehaviourEffect, HealthCheck, HealthTest};
use tranship_facts::ValueRange;
use tranship_frontend::yaml::NodeId;

/// The check of a container, and one diagnostic for all that had to be adjusted.
pub(super) fn plan<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
) -> Option<HealthCheckPlan<H::KnownText>> {
    let check = planner.service().container.health_check.as_ref()?;
    let Some(bounds) = planner.bounds.health_check else {
        ignore(planner, check);
        return None;
    };
    let command = command(planner, host, &check.test)?;
    let mut changes = HealthAdjustments::default();
    let plan = HealthCheckPlan {
        command,
        interval: changes.seconds(
            planner,
            &check.timing.interval,
            ("interval", field::HEALTH_INTERVAL),
            bounds.interval,
        ),
        timeout: changes
            .seconds(planner, &check.timing.timeout, ("timeout", field::HEALTH_TIMEOUT), bounds.timeout)
            .or(u32::try_from(bounds.default_timeout).ok()),
        retries: retries(planner, check, &bounds, &mut changes),
        start_period: changes.seconds(
            planner,
            &check.timing.start_period,
            ("start_period", field::HEALTH_START_PERIOD),
            bounds.start_period,
        ),
    };
    if let Some(start) = &check.timing.start_interval {
        let reason = "ECS uses one interval from the start";
        planner.cx.ledger.ignored(start, reason, BehaviourEffect::Equivalent);
    }
    changes.report(planner);
    Some(plan)
}

fn command<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
    test: &At<HealthTest>,
) -> Option<Vec<H::KnownText>> {
    match planner.exact(test, field::HEALTH_COMMAND) {
        HealthTest::Exec(arguments) => {
            let mut command = vec![H::KnownText::from("CMD")];
            for argument in arguments {
                command.push(host.known(argument, planner)?);
            }
            Some(command)
        }
        HealthTest::Shell(line) => Some(vec![H::KnownText::from("CMD-SHELL"), host.known(line, planner)?]),
    }
}

fn retries(
    planner: &mut ContainerPlanner<'_, '_>,
    check: &HealthCheck,
    bounds: &HealthCheckBounds,
    changes: &mut HealthAdjustments,
) -> Option<u32> {
    let given = check.timing.retries.as_ref()?;
    let number = u64::from(given.get());
    changes.within(planner, given, ("retries", field::HEALTH_RETRIES), (number, ""), bounds.retries)
}

/// What runs to its end is watched by its exit code.
fn ignore(planner: &mut ContainerPlanner<'_, '_>, check: &HealthCheck) {
    let reason = "jobs are judged by their exit code";
    let ledger = &mut planner.cx.ledger;
    ledger.ignored(&check.test, reason, BehaviourEffect::Equivalent);
    let times = [
        &check.timing.interval,
        &check.timing.timeout,
        &check.timing.start_period,
        &check.timing.start_interval,
    ];
    for time in times.into_iter().flatten() {
        ledger.ignored(time, reason, BehaviourEffect::Equivalent);
    }
    if let Some(retries) = &check.timing.retries {
        ledger.ignored(retries, reason, BehaviourEffect::Equivalent);
    }
}

/// What had to be adjusted.
#[derive(Default)]
struct HealthAdjustments {
    /// In words: `interval 3s becomes 5s`.
    words: Vec<String>,
    nodes: Vec<NodeId>,
}

impl HealthAdjustments {
    fn seconds(
        &mut self,
        planner: &mut ContainerPlanner<'_, '_>,
        given: &Option<At<Duration>>,
        (key, field): (&str, ContainerField),
        range: ValueRange<u64>,
    ) -> Option<u32> {
        let given = given.as_ref()?;
        // A fraction of a second counts as a whole one: checking earlier than asked is the worse error.
        let fraction = given.peek().subsec_nanos() > 0;
        let seconds = given.peek().as_secs() + u64::from(fraction);
        if fraction && range.contains(seconds) {
            planner.approximate(
                given,
                field,
                BehaviourEffect::Equivalent,
                format!("{seconds}s"),
                "ECS counts whole seconds",
            );
        }
        self.within(planner, given, (key, field), (seconds, "s"), range)
    }

    fn within<T>(
        &mut self,
        planner: &mut ContainerPlanner<'_, '_>,
        given: &At<T>,
        (key, field): (&str, ContainerField),
        (value, unit): (u64, &str),
        range: ValueRange<u64>,
    ) -> Option<u32> {
        let legal = range.nearest(value);
        if legal == value {
            planner.exact(given, field);
        } else {
            self.words.push(format!("`{key}` {value}{unit} becomes {legal}{unit}"));
            self.nodes.push(given.node);
            let reason = format!("Amazon ECS allows {} to {}", range.least, range.most);
            planner.approximate(
                given,
                field,
                BehaviourEffect::ChangesBehaviour,
                format!("{legal}{unit}"),
                &reason,
            );
        }
        u32::try_from(legal).ok()
    }

    fn report(self, planner: &mut ContainerPlanner<'_, '_>) {
        let Some(node) = self.nodes.first() else { return };
        let message = format!(
            "the health check of `{}` is adjusted to ECS limits: {}",
            planner.service().name,
            self.words.join(", ")
        );
        let mut diagnostic = planner.about(&rules::HEALTH_CHECK_RANGE, node, message);
        for other in self.nodes.iter().skip(1) {
            diagnostic = diagnostic.at(planner.cx.keys.origin(other));
        }
        planner.cx.diagnostics.push(diagnostic);
    }
}
