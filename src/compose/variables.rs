//! The variables that a manifest's texts name, as `config --variables` lists them.
//!
//! In: a tree before interpolation. Out: one [`Named`] for each name. Where a name stands several times the
//! last one counts, as in Docker Compose.

use crate::yaml::{Node, Value};
use std::collections::BTreeMap;

/// How a variable is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// Whether it must be set: `${A?}`.
    pub required: bool,
    /// What stands in when it is not set: `${A:-default}`.
    pub fallback: String,
    /// What stands in when it is set: `${A:+alternate}`.
    pub alternate: String,
}

/// The variables of all texts of the tree; keys are not interpolated and hold none.
pub fn variables(root: &Node) -> BTreeMap<String, Named> {
    let mut found = BTreeMap::new();
    collect(root, &mut found);
    found
}

fn collect(node: &Node, found: &mut BTreeMap<String, Named>) {
    match &node.value {
        Value::String(text) => scan(text, found),
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Mapping(mapping) => mapping.iter().for_each(|entry| collect(&entry.value, found)),
        _ => {}
    }
}

/// The expressions of one text. Braces that hold none count as a variable without a name.
fn scan(text: &str, found: &mut BTreeMap<String, Named>) {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = rest.get(at + 1..).unwrap_or("");
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let braces = rest.strip_prefix('{');
        if let Some(inner) = braces.and_then(braced) {
            expression(inner, found);
            rest = rest.get(inner.len() + 2..).unwrap_or("");
            continue;
        }
        let name = name_of(rest);
        if braces.is_some() || is_name(name) {
            found.insert(name.to_owned(), Named::default());
            rest = rest.get(name.len()..).unwrap_or("");
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// What stands in the braces that were just opened; nothing where it is no expression.
fn braced(text: &str) -> Option<&str> {
    let name = name_of(text);
    let operator = text.get(name.len()..)?;
    let fits = operator.starts_with(['}', '-', '+', '?'])
        || [":-", ":+", ":?"].iter().any(|begin| operator.starts_with(begin));
    if !is_name(name) || !fits {
        return None;
    }
    let mut depth = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at);
        }
    }
    None
}

fn name_of(text: &str) -> &str {
    let end =
        text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn expression(inner: &str, found: &mut BTreeMap<String, Named>) {
    let name = name_of(inner);
    let rest = inner.get(name.len()..).unwrap_or("");
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let operand = rest.get(1..).unwrap_or("").to_owned();
    let named = match rest.as_bytes().first() {
        Some(b'?') => Named { required: true, ..Named::default() },
        Some(b'-') => Named { fallback: operand, ..Named::default() },
        Some(b'+') => Named { alternate: operand, ..Named::default() },
        _ => Named::default(),
    };
    let nested = [named.fallback.clone(), named.alternate.clone()];
    found.insert(name.to_owned(), named);
    nested.iter().for_each(|operand| scan(operand, found));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let mut found = BTreeMap::new();
        scan("$A ${B} ${C:-d${E}f} ${G?no} ${H:+x} $$I ${J-} $(date) $1", &mut found);
        let shown: Vec<String> = found
            .iter()
            .map(|(name, named)| format!("{name} {} {} {}", named.required, named.fallback, named.alternate))
            .collect();
        let wanted =
            ["A false  ", "B false  ", "C false d${E}f ", "E false  ", "G true  ", "H false  x", "J false  "];
        assert_eq!(shown, wanted);
    }
}
