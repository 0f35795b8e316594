//! Another value for a leaf: of the same type and shape, and legal wherever the first one is.
//!
//! In: a leaf. Out: the text that takes its place. The table names the keys whose values are words or refer to
//! something else in the manifest; every other value is changed by its form: a switch is turned, a number grows.

use crate::leaves::{WrittenLeaf, is};
use crate::words::WORDS;
use tranship::yaml::NodeValue;

/// The text that takes the place of the value.
pub(crate) fn another(leaf: &WrittenLeaf) -> String {
    let current = match &leaf.value {
        NodeValue::String(text) | NodeValue::Timestamp(text) => text.to_string(),
        NodeValue::Bool(truth) => return (!truth).to_string(),
        NodeValue::Integer(number) => number.to_string(),
        NodeValue::Float(number) => number.to_string(),
        other => panic!("{} is {other:?}", leaf.shown()),
    };
    let words = WORDS.iter().find(|(pattern, _)| is(pattern, &leaf.path)).map(|(_, words)| *words);
    let chosen = words.and_then(|words| words.iter().find(|word| **word != current));
    let next = chosen.map_or_else(|| changed(&current), |word| (*word).to_owned());
    match &leaf.value {
        NodeValue::String(_) | NodeValue::Timestamp(_) => format!("{next:?}"),
        _ => next,
    }
}

/// A number with or without a unit grows; any other text gets longer.
fn changed(text: &str) -> String {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let grown = |by: fn(u64) -> u64| number.parse().map(|number: u64| format!("{}{unit}", by(number)));
    match unit {
        "" | "ms" | "s" | "h" => grown(|number| number + 1).unwrap_or_else(|_| format!("{text}1")),
        "k" | "m" | "g" | "K" | "M" | "G" | "mb" | "gb" => {
            grown(|number| number * 2).unwrap_or_else(|_| format!("{text}1"))
        }
        ".5" => format!("{number}.75"),
        ".25" => format!("{number}.5"),
        _ => format!("{text}1"),
    }
}
