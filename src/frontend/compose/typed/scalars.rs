//! Converts what was written to numbers, booleans, sizes and durations.

use super::TypeBinder;
use crate::compose::value::{parse_bytes, parse_duration, print_duration, print_scalar};
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Node, NodeValue};

impl TypeBinder<'_, '_> {
    pub(super) fn text(&mut self, mut node: Node) -> Option<Node> {
        match &node.value {
            NodeValue::String(_) => return Some(node),
            NodeValue::Integer(number) => node.value = NodeValue::String(number.to_string().into()),
            _ => return self.no(&node, "must be a string", "quote the value"),
        }
        Some(node)
    }

    pub(super) fn truth(&mut self, mut node: Node) -> Option<Node> {
        let NodeValue::String(text) = &node.value else {
            let boolean = matches!(node.value, NodeValue::Bool(_));
            return if boolean { Some(node) } else { self.no(&node, "must be true or false", TRUTH) };
        };
        match &*text.to_lowercase() {
            "true" | "y" | "yes" | "on" => node.value = NodeValue::Bool(true),
            "false" | "n" | "no" | "off" => node.value = NodeValue::Bool(false),
            _ => {
                let why = format!("must be true or false, not `{text}`");
                return self.no(&node, &why, TRUTH);
            }
        }
        Some(node)
    }

    pub(super) fn whole(&mut self, mut node: Node) -> Option<Node> {
        let number = match &node.value {
            NodeValue::Integer(number) => i64::try_from(*number).ok(),
            NodeValue::Float(number) => Some(truncated(*number)),
            NodeValue::String(text) => text.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => node.value = NodeValue::Integer(i128::from(number)),
            None => return self.no(&node, "must be an integer", "write an integer"),
        }
        Some(node)
    }

    #[allow(clippy::cast_possible_truncation, reason = "towards zero, as Docker Compose does")]
    pub(super) fn natural(&mut self, mut node: Node, bits: u32) -> Option<Node> {
        let number = match &node.value {
            NodeValue::Integer(number) => Some(*number),
            // Beyond 64 bits, only the highest bit is left.
            NodeValue::Float(number) if *number >= 18_446_744_073_709_551_616.0 => Some(1 << 63),
            NodeValue::Float(number) => Some(*number as i128),
            _ => None,
        };
        match number {
            Some(number) if number >= 0 => node.value = NodeValue::Integer(number & ((1 << bits) - 1)),
            _ => {
                let help = "write an integer of at least 0, without quotes";
                return self.no(&node, "must be an integer of at least 0", help);
            }
        }
        Some(node)
    }

    /// A number in single precision; `None` for zero.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "single precision is intended"
    )]
    pub(super) fn single(&mut self, mut node: Node) -> Option<Node> {
        let number = match &node.value {
            NodeValue::Integer(number) => Some(*number as f32),
            NodeValue::Float(number) => Some(*number as f32),
            NodeValue::String(text) => text.parse::<f32>().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return self.no(&node, "must be a number", "write a number such as 0.5");
        };
        node.value = NodeValue::Float(number.to_string().parse().unwrap_or(f64::from(number)));
        (number != 0.0).then_some(node)
    }

    /// Docker Compose reads a number with a fraction as zero.
    pub(super) fn bytes(&mut self, mut node: Node) -> Option<Node> {
        let bytes = match &node.value {
            NodeValue::Integer(number) => Some(i64::try_from(*number).unwrap_or(0)),
            NodeValue::String(text) => parse_bytes(text),
            _ => Some(0),
        };
        let Some(bytes) = bytes else {
            let why = format!("has the invalid size `{}`", node.as_str().unwrap_or(""));
            let help = "write a number followed by b, k, m, g, t or p, such as 512m";
            self.refuse(&rules::BAD_SIZE, node.origin, &why, help);
            return None;
        };
        node.value = NodeValue::String(bytes.to_string().into());
        Some(node)
    }

    pub(super) fn duration(&mut self, mut node: Node) -> Option<Node> {
        let text = print_scalar(&node.value);
        let Some(nanos) = parse_duration(&text) else {
            let why = format!("has the invalid duration `{text}`");
            let help = "write numbers followed by ns, us, ms, s, m, h, d or w, such as 1m30s";
            self.refuse(&rules::BAD_DURATION, node.origin, &why, help);
            return None;
        };
        node.value = NodeValue::String(print_duration(nanos).into());
        Some(node)
    }

    pub(super) fn device_count(&mut self, mut node: Node) -> Option<Node> {
        match &node.value {
            NodeValue::String(text) if text.eq_ignore_ascii_case("all") => {
                node.value = NodeValue::Integer(-1);
                Some(node)
            }
            NodeValue::String(_) | NodeValue::Integer(_) => self.whole(node),
            _ => self.no(&node, "must be `all` or an integer", "write `all` or an integer"),
        }
    }

    /// Octal permissions: a string contains octal digits; a number is what YAML parsed.
    pub(super) fn mode(&mut self, mut node: Node) -> Option<Node> {
        let mode = match &node.value {
            NodeValue::Integer(number) => i64::try_from(*number).ok(),
            NodeValue::String(text) => i64::from_str_radix(text, 8).ok(),
            _ => None,
        };
        match mode {
            Some(mode) => {
                let sign = if mode < 0 { "-" } else { "" };
                node.value = NodeValue::String(format!("0{sign}{:o}", mode.unsigned_abs()).into());
            }
            None => return self.no(&node, "must be octal permissions", "write them as 0440 or \"0440\""),
        }
        Some(node)
    }

    fn no(&mut self, node: &Node, why: &str, help: &str) -> Option<Node> {
        self.refuse(&rules::INVALID_VALUE, node.origin, why, help);
        None
    }
}

/// What a CPU makes of a number too large for an integer: the lowest integer.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as Docker Compose does")]
fn truncated(number: f64) -> i64 {
    if number >= i64::MIN as f64 && number < i64::MAX as f64 { number as i64 } else { i64::MIN }
}

const TRUTH: &str = "write true or false";
