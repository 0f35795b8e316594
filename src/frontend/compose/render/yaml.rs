//! YAML as Go's `yaml.v3` writes it: block style, two spaces, plain strings wherever they stay strings.

use super::doc::RenderedValue;
use crate::compose::value::print_float;
use crate::yaml::{NodeValue, plain_value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

pub(super) fn write(document: &RenderedValue<'_>) -> String {
    let mut out = String::new();
    match document {
        RenderedValue::Struct(_) | RenderedValue::Map(_) if !is_empty(document) => {
            entries(document, 0, &mut out)
        }
        RenderedValue::List(list) if !list.is_empty() => items(list, 0, &mut out),
        scalar => {
            inline(scalar, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

fn is_empty(document: &RenderedValue<'_>) -> bool {
    match document {
        RenderedValue::List(items) => items.is_empty(),
        RenderedValue::Struct(entries) | RenderedValue::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// The entries of a mapping; the cursor is at the position of the first key.
fn entries(document: &RenderedValue<'_>, depth: usize, out: &mut String) {
    let mut sorted: Vec<&(Cow<'_, str>, RenderedValue<'_>)> = match document {
        RenderedValue::Struct(entries) | RenderedValue::Map(entries) => entries.iter().collect(),
        _ => return,
    };
    if matches!(document, RenderedValue::Map(_)) {
        sorted.sort_by(|left, right| natural_order(&left.0, &right.0));
    }
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            indent(depth, out);
        }
        text(key, None, out);
        out.push(':');
        child(value, depth, out);
    }
}

fn items(list: &[RenderedValue<'_>], depth: usize, out: &mut String) {
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            indent(depth, out);
        }
        out.push('-');
        match item {
            RenderedValue::List(inner) if !inner.is_empty() => {
                out.push(' ');
                items(inner, depth + 1, out);
            }
            RenderedValue::Struct(_) | RenderedValue::Map(_) if !is_empty(item) => {
                out.push(' ');
                entries(item, depth + 1, out);
            }
            _ => child(item, depth, out),
        }
    }
}

/// The value after a colon or dash.
fn child(value: &RenderedValue<'_>, depth: usize, out: &mut String) {
    match value {
        RenderedValue::List(list) if !list.is_empty() => {
            out.push('\n');
            indent(depth + 1, out);
            items(list, depth + 1, out);
        }
        RenderedValue::Struct(_) | RenderedValue::Map(_) if !is_empty(value) => {
            out.push('\n');
            indent(depth + 1, out);
            entries(value, depth + 1, out);
        }
        scalar => {
            out.push(' ');
            inline(scalar, depth + 1, out);
            if !out.ends_with('\n') || !matches!(scalar, RenderedValue::Text(_)) {
                out.push('\n');
            }
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("  "));
}

fn inline(value: &RenderedValue<'_>, depth: usize, out: &mut String) {
    match value {
        RenderedValue::Null => out.push_str("null"),
        RenderedValue::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        RenderedValue::Integer(number) => _ = write!(out, "{number}"),
        RenderedValue::Float(number) => out.push_str(&float(*number)),
        RenderedValue::Text(value) => text(value, Some(depth), out),
        RenderedValue::Moment(moment) => out.push_str(moment),
        RenderedValue::List(_) => out.push_str("[]"),
        RenderedValue::Struct(_) | RenderedValue::Map(_) => out.push_str("{}"),
    }
}

fn float(number: f64) -> String {
    match print_float(number).as_str() {
        "NaN" => ".nan".to_owned(),
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        digits => digits.to_owned(),
    }
}

/// A string in the first style that can hold it: plain, single-quoted, literal block, double-quoted. A key has no
/// depth and never becomes a block.
fn text(text: &str, depth: Option<usize>, out: &mut String) {
    let shape = StringStyles::of(text);
    match depth {
        Some(depth) if text.contains('\n') && shape.block => literal(text, depth, out),
        _ if text.contains('\n') || !stays_text(text) => double_quoted(text, out),
        _ if shape.plain => out.push_str(text),
        _ if shape.single => {
            let _ = write!(out, "'{}'", text.replace('\'', "''"));
        }
        _ => double_quoted(text, out),
    }
}

/// Whether a parser reads the plain text as a string, even under YAML 1.1.
fn stays_text(text: &str) -> bool {
    const OLD_BOOLEANS: [&str; 16] =
        ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];
    !text.is_empty()
        && !OLD_BOOLEANS.contains(&text)
        && !is_base_60(text)
        && matches!(plain_value(text), NodeValue::String(_))
}

/// A YAML 1.1 number such as `22:30`.
fn is_base_60(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or("");
    let mut rest = parts.peekable();
    first.starts_with(|digit: char| digit.is_ascii_digit())
        && first.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit() || byte == b'_')
        && rest.peek().is_some()
        && rest.all(|part| match part.as_bytes() {
            [unit] => unit.is_ascii_digit(),
            [ten, unit] => (b'0'..=b'5').contains(ten) && unit.is_ascii_digit(),
            _ => false,
        })
}

/// The styles that can hold a string without changing it.
struct StringStyles {
    plain: bool,
    single: bool,
    block: bool,
}

impl StringStyles {
    fn of(text: &str) -> StringStyles {
        let mut shape = StringStyles { plain: true, single: true, block: true };
        if text.starts_with("---") || text.starts_with("...") {
            shape.plain = false;
        }
        let mut before: Option<char> = None;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let blank_after = letters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            shape.look(letter, before, blank_after, letters.peek().is_none());
            before = Some(letter);
        }
        shape
    }

    fn look(&mut self, letter: char, before: Option<char>, blank_after: bool, last: bool) {
        let indicator = match letter {
            ':' => blank_after,
            '?' | '-' => before.is_none() && blank_after,
            '#' => before.is_none_or(|before| matches!(before, ' ' | '\t' | '\n' | '\r')),
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                before.is_none()
            }
            _ => false,
        };
        let special = letter != '\t' && !is_printable(letter);
        let space_break = is_break(letter) && before == Some(' ');
        let break_space = letter == ' ' && before.is_some_and(is_break);
        let at_edge = before.is_none() || last;
        let loose = at_edge && (letter == ' ' || is_break(letter));
        self.plain &= !(indicator || special || letter == '\t' || loose || is_break(letter) || break_space);
        self.single &= !(special || letter == '\t' || space_break || break_space);
        self.block &= !(special || space_break || (last && letter == ' '));
    }
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that YAML can hold unescaped; letters outside the basic plane are escaped, as Go does.
fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn literal(text: &str, depth: usize, out: &mut String) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text == "\n" || text.ends_with("\n\n") {
        out.push('+');
    }
    out.push('\n');
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            indent(depth, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn double_quoted(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        let short = match letter {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => "",
        };
        let code = u32::from(letter);
        match code {
            _ if !short.is_empty() => out.push_str(short),
            _ if is_printable(letter) => out.push(letter),
            ..0x100 => _ = write!(out, "\\x{code:02X}"),
            0x100..0x1_0000 => _ = write!(out, "\\u{code:04X}"),
            _ => _ = write!(out, "\\U{code:08X}"),
        }
    }
    out.push('"');
}

/// The order in which Go's `yaml.v3` sorts keys: numbers by value, letters after other characters.
fn natural_order(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut digits = false;
    for (at, (one, other)) in left.iter().zip(&right).enumerate() {
        if one == other {
            digits = one.is_numeric();
            continue;
        }
        return match (one.is_alphabetic(), other.is_alphabetic()) {
            (true, true) => one.cmp(other),
            (true, false) => {
                if digits {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if digits {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) => {
                let (first, first_end) = number_at(&left, at, *one == '0' || *other == '0');
                let (second, second_end) = number_at(&right, at, *one == '0' || *other == '0');
                first.cmp(&second).then(first_end.cmp(&second_end)).then(one.cmp(other))
            }
        };
    }
    left.len().cmp(&right.len())
}

/// The number at a position, and where it ends. Digits before it are considered where they matter.
fn number_at(text: &[char], at: usize, zero: bool) -> (u64, usize) {
    let before = text.get(..at).unwrap_or(&[]).iter().rev();
    let leads = zero && before.take_while(|letter| letter.is_ascii_digit()).any(|digit| *digit != '0');
    let digits = text.get(at..).unwrap_or(&[]).iter().take_while(|letter| letter.is_ascii_digit());
    let mut number = u64::from(leads);
    let mut end = at;
    for digit in digits {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit.to_digit(10).unwrap_or(0)));
        end += 1;
    }
    (number, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::yaml::parse;
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn texts_stay_texts() {
        for (value, written) in [
            ("plain", "plain"),
            ("yes", "\"yes\""),
            ("1:30", "\"1:30\""),
            ("a: b", "'a: b'"),
            (":a", ":a"),
            ("#x", "'#x'"),
            ("a #b", "'a #b'"),
            ("", "\"\""),
            (" lead", "' lead'"),
            ("'q'", "'''q'''"),
            ("tab\there", "\"tab\\there\""),
            ("😀", "\"\\U0001F600\""),
            ("back\\slash", "back\\slash"),
            ("---", "'---'"),
            ("0x1f", "\"0x1f\""),
            ("2020-01-01", "\"2020-01-01\""),
        ] {
            let mut out = String::new();
            text(value, Some(1), &mut out);
            assert_eq!(out, written, "{value}");
        }
    }

    #[test]
    fn lines_become_blocks() {
        for (value, written) in [
            ("a\nb\n", "|\n  a\n  b\n"),
            ("a\nb", "|-\n  a\n  b\n"),
            ("a\n\n", "|+\n  a\n\n"),
            ("\n", "|2+\n\n"),
            ("  a\n b", "|2-\n    a\n   b\n"),
            ("a\r\nb", "\"a\\r\\nb\""),
            ("a\nb ", "\"a\\nb \""),
        ] {
            let mut out = String::new();
            text(value, Some(1), &mut out);
            assert_eq!(out, written, "{value:?}");
        }
    }

    /// How a parser reads a document.
    fn read(written: &str) -> crate::yaml::Node {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = sources.add_file("written.yaml".into(), written.to_owned());
        let documents = parse(file, &mut sources, &mut diagnostics).unwrap_or_default();
        assert!(diagnostics.is_empty(), "{written}: {:?}", diagnostics.iter().next());
        documents.into_iter().next().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(texts in vec("[ -~é\\n\\t:#'\"\\\\-]{0,12}", 1..4), key in "[a-z0-9 :#\"'-]{1,8}") {
            let list = texts.iter().map(|text| RenderedValue::Text(Cow::Borrowed(&**text))).collect();
            let nested = RenderedValue::Struct(vec![(Cow::Borrowed("inner"), RenderedValue::List(list))]);
            let written = write(&RenderedValue::Map(vec![(Cow::Borrowed(&*key), nested)]));
            let root = read(&written);
            let found = root.get(&key).and_then(|node| node.get("inner")).and_then(|node| node.as_sequence());
            let found: Vec<Option<&str>> = found.unwrap_or(&[]).iter().map(|item| item.as_str()).collect();
            let wanted: Vec<Option<&str>> = texts.iter().map(|text| Some(&**text)).collect();
            prop_assert_eq!(found, wanted, "{}", written);
        }
    }

    #[test]
    fn keys_are_sorted_as_people_count() {
        let mut keys = ["a10", "a2", "b", "A", "_x", "a", "1"];
        keys.sort_by(|left, right| natural_order(left, right));
        assert_eq!(keys, ["_x", "1", "A", "a", "a2", "a10", "b"]);
    }
}
