//! `healthcheck` of a service.

use super::reader::DocumentReader;
use crate::{At, BehaviourEffect, HealthCheck, HealthTest, HealthTiming, ImageCheck};
use tranship_frontend::yaml::{Node, NodeValue};

impl DocumentReader<'_> {
    /// The health check of the manifest, and what becomes of the image's where it has none.
    pub(super) fn health_check(&mut self, node: Option<&Node>) -> (Option<HealthCheck>, ImageCheck) {
        let Some(node) = node else { return (None, ImageCheck::Unchanged) };
        let disabled = self.truth(node.get("disable")).is_some_and(|disable| disable.value);
        let test = node.get("test").and_then(|test| self.health_test(test));
        match test {
            None if !disabled => {
                let timing = At::of(node, self.health_timing(node));
                (None, ImageCheck::Timed(Box::new(timing)))
            }
            Some(At { value: Some(test), node: own, origin }) if !disabled => {
                let test = At { value: test, node: own, origin };
                (Some(HealthCheck { test, timing: self.health_timing(node) }), ImageCheck::Off)
            }
            _ => {
                self.no_health_check(node);
                (None, ImageCheck::Off)
            }
        }
    }

    fn health_timing(&mut self, node: &Node) -> HealthTiming {
        HealthTiming {
            interval: self.duration(node.get("interval")),
            timeout: self.duration(node.get("timeout")),
            start_period: self.duration(node.get("start_period")),
            start_interval: self.duration(node.get("start_interval")),
            retries: self.parsed(node.get("retries")),
        }
    }

    /// What says that there is none means it; the rest has nothing to speak of.
    fn no_health_check(&mut self, node: &Node) {
        let reason = "there is no health check to run";
        self.findings.claims.ignored(node, reason, BehaviourEffect::Equivalent);
        let disable = node.get("disable").filter(|disable| disable.as_bool() == Some(true));
        if let Some(said) = disable.or_else(|| node.get("test")) {
            self.findings.claims.exact(said, "no health check");
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
