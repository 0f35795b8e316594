//! Health checks of containers, brought within the ranges of ECS.

use super::planner::Planner;
use super::{Health, text::Renderer};
use crate::ecs::rules;
use std::time::Duration;
use tranship_app::{At, HealthCheck, HealthTest, Service};
use tranship_cloudformation::Value;
use tranship_facts::{ValueRange, quotas};

/// Compose's own defaults, which differ from those of ECS: 30 s each, 3 retries, no start period.
const DEFAULT_TIMEOUT: u32 = 30;

/// The check of a container, and one diagnostic for all that had to be changed.
pub(super) fn plan(
    planner: &mut Planner<'_, '_>,
    renderer: &Renderer<'_>,
    service: &Service,
    check: &HealthCheck,
) -> Health {
    planner.exact(&check.test, "task definition: HealthCheck.Command");
    let mut changes = Changes::default();
    let health = Health {
        command: command(renderer, check.test.peek()),
        interval: changes.seconds(
            planner,
            "interval",
            check.interval.as_ref(),
            quotas::ecs::HEALTH_CHECK_INTERVAL,
        ),
        timeout: changes
            .seconds(planner, "timeout", check.timeout.as_ref(), quotas::ecs::HEALTH_CHECK_TIMEOUT)
            .or(Some(DEFAULT_TIMEOUT)),
        retries: check.retries.as_ref().and_then(|retries| {
            changes.within(
                planner,
                "retries",
                retries,
                u64::from(retries.get()),
                quotas::ecs::HEALTH_CHECK_RETRIES,
                "",
            )
        }),
        start_period: changes.seconds(
            planner,
            "start_period",
            check.start_period.as_ref(),
            quotas::ecs::HEALTH_CHECK_START_PERIOD,
        ),
    };
    if let Some(start) = &check.start_interval {
        let reason = "ECS checks at the same interval from the start";
        planner.cx.ledger.ignored(start, reason, false);
    }
    changes.tell(planner, service);
    health
}

fn command(renderer: &Renderer<'_>, test: &HealthTest) -> Vec<Value> {
    match test {
        HealthTest::Exec(arguments) => {
            let mut command = vec![Value::from("CMD")];
            command.extend(renderer.values(arguments));
            command
        }
        HealthTest::Shell(line) => vec!["CMD-SHELL".into(), renderer.value(line)],
    }
}

/// What had to be changed.
#[derive(Default)]
struct Changes {
    /// In words: `interval 3s becomes 5s`.
    words: Vec<String>,
    first: Option<tranship_frontend::yaml::NodeId>,
}

impl Changes {
    fn seconds(
        &mut self,
        planner: &mut Planner<'_, '_>,
        key: &str,
        given: Option<&At<Duration>>,
        range: ValueRange<u64>,
    ) -> Option<u32> {
        let given = given?;
        // A fraction of a second counts as a whole one: checking earlier than asked is the worse error.
        let seconds = given.peek().as_secs() + u64::from(given.peek().subsec_nanos() > 0);
        if given.peek().subsec_nanos() > 0 && range.contains(seconds) {
            let shown = format!("{seconds}s");
            planner.cx.ledger.approximated(given, shown, "ECS counts whole seconds", "");
        }
        self.within(planner, key, given, seconds, range, "s")
    }

    fn within<T>(
        &mut self,
        planner: &mut Planner<'_, '_>,
        key: &str,
        given: &At<T>,
        value: u64,
        range: ValueRange<u64>,
        unit: &str,
    ) -> Option<u32> {
        let legal = range.nearest(value);
        if legal == value {
            planner.exact(given, "task definition: HealthCheck");
        } else {
            self.words.push(format!("`{key}` {value}{unit} becomes {legal}{unit}"));
            self.first.get_or_insert(given.node);
            let reason = format!("ECS allows {} to {}", range.least, range.most);
            planner.cx.ledger.approximated(given, format!("{legal}{unit}"), reason, "");
        }
        u32::try_from(legal).ok()
    }

    fn tell(self, planner: &mut Planner<'_, '_>, service: &Service) {
        let Some(node) = self.first else { return };
        let message = format!(
            "the health check of `{}` is brought within what ECS allows: {}",
            service.name,
            self.words.join(", ")
        );
        let told = planner.about(&rules::HEALTH_CHECK_RANGE, service, &node, message);
        planner.cx.diagnostics.push(told);
    }
}
