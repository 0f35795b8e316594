//! JSON as Go writes it: map keys sorted, `<`, `>` and `&` escaped, numbers as short as possible.

use super::doc::RenderedValue;
use std::borrow::Cow;
use std::fmt::Write;

/// With two spaces of indentation.
pub(super) fn pretty(document: &RenderedValue<'_>) -> String {
    let mut out = String::new();
    write(document, Some(0), &mut out);
    out
}

/// Without white space.
pub(super) fn compact(document: &RenderedValue<'_>) -> String {
    let mut out = String::new();
    write(document, None, &mut out);
    out
}

fn write(document: &RenderedValue<'_>, depth: Option<usize>, out: &mut String) {
    match document {
        RenderedValue::Null => out.push_str("null"),
        RenderedValue::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        RenderedValue::Integer(number) => _ = write!(out, "{number}"),
        RenderedValue::Float(number) => float(*number, out),
        RenderedValue::Text(text) => string(text, out),
        RenderedValue::Moment(moment) => string(moment, out),
        RenderedValue::List(items) => {
            let items = items.iter().map(|item| (None, item));
            body(items, ('[', ']'), depth, out);
        }
        RenderedValue::Struct(entries) => {
            let entries = entries.iter().map(|(key, value)| (Some(&**key), value));
            body(entries, ('{', '}'), depth, out);
        }
        RenderedValue::Map(entries) => {
            let mut sorted: Vec<&(Cow<'_, str>, RenderedValue<'_>)> = entries.iter().collect();
            sorted.sort_by(|left, right| left.0.cmp(&right.0));
            body(sorted.into_iter().map(|(key, value)| (Some(&**key), value)), ('{', '}'), depth, out);
        }
    }
}

fn body<'d>(
    entries: impl ExactSizeIterator<Item = (Option<&'d str>, &'d RenderedValue<'d>)>,
    brackets: (char, char),
    depth: Option<usize>,
    out: &mut String,
) {
    out.push(brackets.0);
    let empty = entries.len() == 0;
    let inner = depth.map(|depth| depth + 1);
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(',');
        }
        newline(inner, out);
        if let Some(key) = key {
            string(key, out);
            out.push_str(if depth.is_some() { ": " } else { ":" });
        }
        write(value, inner, out);
    }
    if !empty {
        newline(depth, out);
    }
    out.push(brackets.1);
}

fn newline(depth: Option<usize>, out: &mut String) {
    if let Some(depth) = depth {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// With an exponent below 10^-6 and from 10^21 up. A number that JSON cannot represent becomes null.
fn float(number: f64, out: &mut String) {
    let size = number.abs();
    if !number.is_finite() {
        out.push_str("null");
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        let _ = write!(out, "{digits}e{sign}{exponent}");
    } else {
        let _ = write!(out, "{number}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_sorted_and_structs_are_not() {
        let entries =
            |order: [&'static str; 2]| order.map(|key| (Cow::Borrowed(key), RenderedValue::Null)).to_vec();
        assert_eq!(compact(&RenderedValue::Map(entries(["b", "a"]))), r#"{"a":null,"b":null}"#);
        assert_eq!(compact(&RenderedValue::Struct(entries(["b", "a"]))), r#"{"b":null,"a":null}"#);
        assert_eq!(pretty(&RenderedValue::List(vec![])), "[]");
        assert_eq!(pretty(&RenderedValue::List(vec![RenderedValue::Float(2.0)])), "[\n  2\n]");
        assert_eq!(compact(&RenderedValue::Text("<\u{1}>\"".into())), r#""\u003c\u0001\u003e\"""#);
    }
}
