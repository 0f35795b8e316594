//! Keys whose strings become numbers or booleans after interpolation.
//!
//! Source: compose-go's `interpolateTypeCastMapping`. It applies to every string at these paths, with or
//! without a variable in it. A value that YAML has already typed is left alone.

use crate::yaml::NodeValue;
use std::sync::Arc;

/// Stands for any list item in a path.
pub(super) const ITEM: &str = "[]";

/// What a string becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarCast {
    /// A 64-bit decimal integer.
    Integer,
    /// A double-precision float.
    Float,
    /// A single-precision float, printed with as few digits as single precision needs.
    Single,
    /// `true`, `false`, and the YAML 1.1 booleans.
    Boolean,
}

/// What the string at a path becomes, if anything.
pub(super) fn for_path(path: &[Arc<str>]) -> Option<ScalarCast> {
    let mut steps = [""; 6];
    if path.len() > steps.len() {
        return None;
    }
    for (step, key) in steps.iter_mut().zip(path) {
        *step = key;
    }
    match steps.get(..path.len())? {
        ["services", _, rest @ ..] => of_service(rest),
        ["networks", _, "external" | "internal" | "attachable" | "enable_ipv4" | "enable_ipv6"]
        | ["volumes" | "secrets" | "configs", _, "external"] => Some(ScalarCast::Boolean),
        _ => None,
    }
}

fn of_service(path: &[&str]) -> Option<ScalarCast> {
    Some(match path {
        ["cpu_count" | "cpu_period" | "cpu_quota" | "cpu_rt_period" | "cpu_rt_runtime" | "cpu_shares"]
        | ["oom_score_adj" | "pids_limit" | "scale"]
        | ["deploy", "replicas"]
        | ["deploy", "update_config" | "rollback_config", "parallelism"]
        | ["deploy", "restart_policy", "max_attempts"]
        | ["deploy", "placement", "max_replicas_per_node"]
        | ["healthcheck", "retries"]
        | ["ports", ITEM, "target"]
        | ["ulimits", _]
        | ["ulimits", _, "hard" | "soft"] => ScalarCast::Integer,
        ["cpu_percent"] | ["deploy", "update_config" | "rollback_config", "max_failure_ratio"] => {
            ScalarCast::Float
        }
        ["cpus"] => ScalarCast::Single,
        ["init" | "oom_kill_disable" | "privileged" | "read_only" | "stdin_open" | "tty"]
        | ["healthcheck", "disable"]
        | ["volumes", ITEM, "read_only"]
        | ["volumes", ITEM, "volume", "nocopy"] => ScalarCast::Boolean,
        _ => return None,
    })
}

impl ScalarCast {
    /// The value, or what was expected.
    pub(super) fn apply(self, text: &str) -> Result<NodeValue, &'static str> {
        match self {
            ScalarCast::Integer => text
                .parse::<i64>()
                .map(|number| NodeValue::Integer(i128::from(number)))
                .map_err(|_| "an integer"),
            ScalarCast::Float => float(text).map(NodeValue::Float).ok_or("a number"),
            // Via the shortest decimal form of the single-precision value, so that 0.1 stays 0.1.
            ScalarCast::Single => float(text)
                .and_then(|number| (number as f32).to_string().parse().ok())
                .map(NodeValue::Float)
                .ok_or("a number"),
            ScalarCast::Boolean => match text.to_lowercase().as_str() {
                "true" | "y" | "yes" | "on" => Ok(NodeValue::Bool(true)),
                "false" | "n" | "no" | "off" => Ok(NodeValue::Bool(false)),
                _ => Err("`true` or `false`"),
            },
        }
    }
}

/// A number as Go's `ParseFloat` accepts it, except hexadecimal ones.
fn float(text: &str) -> Option<f64> {
    let number = text.parse::<f64>().ok()?;
    let named = text.trim_start_matches(['+', '-']).starts_with(|first: char| first.is_ascii_alphabetic());
    (number.is_finite() || named).then_some(number)
}

/// Whether the string is a boolean only in YAML 1.1.
pub(super) fn is_old_boolean(text: &str, value: &NodeValue) -> bool {
    matches!(value, NodeValue::Bool(_)) && !matches!(text.to_lowercase().as_str(), "true" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_texts() {
        for (path, text, expected) in [
            ("services.a.cpu_count", "-2", Some(Ok(NodeValue::Integer(-2)))),
            ("services.a.cpus", "0.1", Some(Ok(NodeValue::Float(0.1)))),
            ("services.a.cpus", "half", Some(Err("a number"))),
            ("services.a.privileged", "Yes", Some(Ok(NodeValue::Bool(true)))),
            ("services.a.privileged", "1", Some(Err("`true` or `false`"))),
            ("services.a.ports.[].target", "80", Some(Ok(NodeValue::Integer(80)))),
            ("services.a.ports.[]", "80", None),
            ("services.a.ulimits.nofile.soft", "0x10", Some(Err("an integer"))),
            ("services.a.deploy.replicas", "", Some(Err("an integer"))),
            ("volumes.v.external", "false", Some(Ok(NodeValue::Bool(false)))),
            ("services.a.environment.scale", "1", None),
        ] {
            let path: Vec<Arc<str>> = path.split('.').map(Arc::from).collect();
            assert_eq!(for_path(&path).map(|cast| cast.apply(text)), expected, "{path:?}");
        }
    }
}
