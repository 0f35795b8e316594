//! The variables used in a manifest, as `config --variables` lists them.
//!
//! In: a tree before interpolation. Out: one [`VariableUse`] per name. If a name occurs several times, the
//! last one counts, as in Docker Compose.

use crate::yaml::{Node, NodeValue};
use std::collections::BTreeMap;

/// How a variable is used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VariableUse {
    /// Whether it must be set: `${A?}`.
    pub required: bool,
    /// The value if it is not set: `${A:-default}`.
    pub fallback: String,
    /// The value if it is set: `${A:+alternate}`.
    pub alternate: String,
}

/// The variables in all strings of the tree; keys are not interpolated.
pub fn variables(root: &Node) -> BTreeMap<String, VariableUse> {
    let mut found = BTreeMap::new();
    collect(root, &mut found);
    found
}

fn collect(node: &Node, found: &mut BTreeMap<String, VariableUse>) {
    match &node.value {
        NodeValue::String(text) => scan(text, found),
        NodeValue::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        NodeValue::Mapping(mapping) => mapping.iter().for_each(|entry| collect(&entry.value, found)),
        _ => {}
    }
}

/// The expressions of one string. Empty braces count as a variable without a name.
///
/// An expression with an operator reaches to the last brace of its line, and the text after it is processed
/// first. So the first of several expressions with the same name on a line counts.
fn scan(text: &str, found: &mut BTreeMap<String, VariableUse>) {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = rest.get(at + 1..).unwrap_or("");
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        if let Some(inner) = rest.strip_prefix('{') {
            let reach = reach(inner);
            expression(inner, reach, found);
            rest = reach.and_then(|reach| inner.get(reach + 1..)).unwrap_or(inner);
            continue;
        }
        let name = name_of(rest);
        if is_name(name) {
            found.insert(name.to_owned(), VariableUse::default());
            rest = rest.get(name.len()..).unwrap_or("");
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit())
}

fn name_of(text: &str) -> &str {
    let end =
        text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

/// The position of the brace that an expression reaches to, after its opening brace; `None` if there is
/// no expression.
fn reach(inner: &str) -> Option<usize> {
    let name = name_of(inner);
    let operator = inner.get(name.len()..)?;
    if !is_name(name) {
        return None;
    }
    if operator.starts_with('}') {
        return Some(name.len());
    }
    let sign = operator.strip_prefix(':').unwrap_or(operator);
    if !sign.starts_with(['-', '+', '?']) {
        return None;
    }
    inner.lines().next()?.rfind('}').filter(|end| *end > name.len())
}

/// The position of the brace that closes the one just opened.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 1;
    let mut letters = inner.bytes().enumerate();
    while let Some((at, letter)) = letters.next() {
        match letter {
            b'}' => depth -= 1,
            b'{' => {
                depth += 1;
                letters.next();
            }
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// One expression, and the text from its end to its reach.
fn expression(inner: &str, reach: Option<usize>, found: &mut BTreeMap<String, VariableUse>) {
    let Some(reached) = reach.and_then(|reach| inner.get(..=reach)) else {
        found.insert(String::new(), VariableUse::default());
        return;
    };
    let end = closing(reached);
    if let Some(after) = end.and_then(|end| reached.get(end + 1..)) {
        scan(after, found);
    }
    let inner = reached.get(..end.or(reach).unwrap_or(0)).unwrap_or("");
    let name = name_of(inner);
    let rest = inner.get(name.len()..).unwrap_or("");
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let operand = rest.get(1..).unwrap_or("").to_owned();
    let named = match rest.as_bytes().first() {
        Some(b'?') => VariableUse { required: true, ..VariableUse::default() },
        Some(b'-') => VariableUse { fallback: operand, ..VariableUse::default() },
        Some(b'+') => VariableUse { alternate: operand, ..VariableUse::default() },
        _ => VariableUse::default(),
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

    #[test]
    fn of_several_in_a_line_the_first_with_an_operator_counts() {
        for (text, fallback) in
            [("${A:-x}${A:-y}", "x"), ("${A}${A:-y}", "y"), ("${A:-x}\n${A:-y}", "y"), ("${A:-x$A", "")]
        {
            let mut found = BTreeMap::new();
            scan(text, &mut found);
            assert_eq!(found.get("A").map(|named| &*named.fallback), Some(fallback), "{text}");
        }
    }
}
