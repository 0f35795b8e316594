//! Writes strings in YAML so that every parser, for YAML 1.1 or 1.2, reads the same string back.
//!
//! One rule. A string is plain if it starts with a letter, `/`, `$`, `_` or `(`, contains only printable ASCII
//! without `: `, ` #` or a trailing space or colon, and is not a word that YAML 1.1 reads as something else
//! (`yes`, `off`, `null`, ...). A multi-line string is a literal block if a block can hold it.
//! Everything else is double-quoted.

use std::borrow::Cow;

/// Words that a YAML 1.1 parser reads as a boolean or null, in lower case.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// Bytes of the longest of them.
const LONGEST_WORD: usize = 5;

/// Whether a string can be unquoted, as a value or a key in block context.
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || b"/$_(".contains(first));
    let is_word = || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    let mut before = b'a';
    let mut inside = |byte: u8| {
        let breaks = matches!((before, byte), (b':', b' ') | (b' ', b'#')) || !matches!(byte, b' '..=b'~');
        before = byte;
        !breaks
    };
    starts
        && bytes.iter().all(|byte| inside(*byte))
        && !matches!(before, b' ' | b':')
        && !(bytes.len() <= LONGEST_WORD && is_word())
}

/// The string on one line: plain or double-quoted.
pub fn inline(text: &str) -> Cow<'_, str> {
    if is_plain(text) { text.into() } else { quoted(text).into() }
}

/// Adds the string on one line: plain or double-quoted.
pub(super) fn push_inline(out: &mut String, text: &str) {
    if is_plain(text) { out.push_str(text) } else { push_quoted(out, text) }
}

/// The string in double quotes, escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // What stands for itself is copied at once.
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| matches!(c, '"' | '\\') || !is_shown(*c)) {
        out.push_str(rest.get(..at).unwrap_or_default());
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) <= 0xFF => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xFFFF => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
        rest = rest.get(at + c.len_utf8()..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// The header (`|` or `|-`) and the lines of a literal block; `None` if a block cannot hold the string.
pub fn block(text: &str) -> Option<(&'static str, Vec<&str>)> {
    if !text.contains('\n') {
        return None;
    }
    let body = text.strip_suffix('\n').unwrap_or(text);
    let several = !body.is_empty() && !body.ends_with('\n');
    let first = !body.starts_with([' ', '\t', '\n']);
    let shown = body.chars().all(|c| c == '\n' || is_shown(c) || c == '\t');
    // Some parsers would read a line of spaces as an empty one.
    let blank = body.split('\n').any(|line| !line.is_empty() && line.trim().is_empty());
    (several && first && shown && !blank)
        .then(|| (if body.len() == text.len() { "|-" } else { "|" }, body.split('\n').collect()))
}

/// The text as the rest of a comment: on one line, for every reader.
pub fn comment(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return text.into();
    }
    text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect()
}

/// A YAML document whose strings are JSON's, with what may not stand in YAML as itself escaped: JSON leaves line
/// breaks of Unicode and most control characters as they are.
pub fn escaped(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        match c {
            '\n' => out.push(c),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out
}

/// As [`is_shown`], with the characters beyond 16 bits, which some readers have as two.
fn is_printable(c: char) -> bool {
    is_shown(c) || c > '\u{ffff}'
}

/// Characters that need no escaping: printable in YAML 1.1 and 1.2, and not a line break in either.
fn is_shown(c: char) -> bool {
    matches!(u32::from(c), 0x20..=0x7E | 0xA0..=0x2027 | 0x202A..=0xD7FF | 0xE000..=0xFEFE | 0xFF00..=0xFFFD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_comment_or_a_string() {
        let hostile = "a\u{85}b\u{2028}c\u{2029}d\u{7f}e\u{9b}f\u{feff}g\rh\ti\0j";
        assert_eq!(comment(hostile), "a b c d e f g h i j");
        assert_eq!(comment("services.app.é"), "services.app.é");
        assert_eq!(escaped("a: \"x\u{2028}\u{7f}\"\n"), "a: \"x\\u2028\\u007f\"\n");
        assert_eq!(escaped("é😀"), "é😀");
    }

    #[test]
    fn plain_or_quoted() {
        let plain = [
            "app",
            "AWS::ECS::Service",
            "/healthz",
            "${A}/b",
            "_x",
            "(a)",
            "a#b",
            "a:b",
            "arn:aws:s3:::b",
            "a, b",
            "no way",
        ];
        for text in plain {
            assert_eq!(inline(text), text);
        }
        let quoted = [
            "",
            "yes",
            "No",
            "ON",
            "y",
            "NULL",
            "1",
            "22:22",
            "2012-10-17",
            "1_000",
            "0x1F",
            ".5",
            "~",
            "-",
            "a: b",
            "a #b",
            "a ",
            "a:",
            "*a",
            "&a",
            "!a",
            "@a",
            "`a",
            "%a",
            "{a}",
            "[a]",
            "|",
            ">",
            "'a'",
            "\"a\"",
            "=",
            "<<",
            "+1",
            "é",
            "a\u{85}b",
            "a\tb",
            "?",
            "#",
            ",",
            "\\",
        ];
        for text in quoted {
            assert!(inline(text).starts_with('"'), "{text:?}");
        }
        assert_eq!(
            super::quoted("a\u{85}\u{2028}\u{1F600}\0\"\\"),
            "\"a\\x85\\u2028\\U0001F600\\x00\\\"\\\\\""
        );
    }

    #[test]
    fn blocks() {
        assert_eq!(block("a\nb\n"), Some(("|", vec!["a", "b"])));
        assert_eq!(block("a\n\n  b"), Some(("|-", vec!["a", "", "  b"])));
        for text in ["a", "a\n\n", "\na", " a\nb", "a\rb\n", "a\n \nb", "\n", "a\u{85}\nb"] {
            assert_eq!(block(text), None, "{text:?}");
        }
    }
}
