//! `healthcheck` of a service.

use super::reader::DocumentReader;
use crate::{At, BehaviourEffect, HealthCheck, HealthTest};
use tranship_frontend::yaml::{Node, NodeValue};

impl DocumentReader<'_> {
    pub(super) fn health_check(&mut self, node: &Node) -> Option<HealthCheck> {
        let disabled = self.truth(node.get("disable")).is_some_and(|disable| disable.value);
        let test = node.get("test").and_then(|test| self.health_test(test));
        if disabled || test.as_ref().is_none_or(|test| test.value.is_none()) {
            match test.is_none() && !disabled {
                true => self.findings.claims.ignored(
                    node,
                    "it has no `test`, and Amazon ECS ignores health checks defined in the image",
                    BehaviourEffect::ChangesBehaviour,
                ),
                false => self.no_health_check(node),
            }
            return None;
        }
        Some(HealthCheck {
            test: test
                .and_then(|test| Some(At { value: test.value?, node: test.node, origin: test.origin }))?,
            interval: self.duration(node.get("interval")),
            timeout: self.duration(node.get("timeout")),
            start_period: self.duration(node.get("start_period")),
            start_interval: self.duration(node.get("start_interval")),
            retries: self.parsed(node.get("retries")),
        })
    }

    /// What says that there is none means it; the rest has nothing to speak of.
    fn no_health_check(&mut self, node: &Node) {
        let reason = "there is no health check to run";
        self.findings.claims.ignored(node, reason, BehaviourEffect::Equivalent);
        let disable = node.get("disable").filter(|disable| disable.as_bool() == Some(true));
        if let Some(said) = disable.or_else(|| node.get("test")) {
            self.findings.claims.decided(said, "no health check");
        }
    }

    /// The command of a health check; nothing inside for `NONE`.
    fn health_test(&mut self, node: &Node) -> Option<At<Option<HealthTest>>> {
        let NodeValue::Sequence(items) = &node.value else {
            let line = self.text(node)?;
            return Some(At::of(node, Some(HealthTest::Shell(line))));
        };
        let (kind, rest) = items.split_first()?;
        let test = match kind.as_str()? {
            "CMD" => Some(HealthTest::Exec(rest.iter().filter_map(|item| self.text(item)).collect())),
            "CMD-SHELL" => Some(HealthTest::Shell(self.text(rest.first()?)?)),
            _ => None,
        };
        Some(At::of(node, test))
    }
}
