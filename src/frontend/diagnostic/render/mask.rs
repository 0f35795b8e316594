//! Where the text of a file contains secrets, whether the front end could read it or not.
//!
//! In: a Compose or env file. Out: the byte ranges that must not be shown. Invariant: linear in the text. What is a
//! secret, [`crate::secrets`] says; this adds which lines of YAML belong to a key, and which items to a command. What
//! the front end knows about a value, [`crate::source::Hidden`] holds.

use crate::secrets::{can_be_secret, is_secret_name, secret_spans, secrets_in_command};
use std::ops::Range;

/// A list in brackets is looked at up to this length.
const LONGEST_LIST: usize = 4096;

/// The byte ranges of the secrets in a text, sorted; they may overlap.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = secret_spans(text);
    blocks(text, &mut found);
    dashed_lists(text, &mut found);
    bracketed_lists(text, &mut found);
    odd_lines(text, &mut found);
    found.sort_unstable_by_key(|range| (range.start, range.end));
    found
}

/// The lines of a text, each with its start.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        start += line.len();
        (start - line.len(), line)
    })
}

/// A line without the dashes of the lists that begin on it.
fn without_dashes(mut line: &str) -> &str {
    while let Some(rest) = line.strip_prefix("- ") {
        line = rest;
    }
    line
}

/// The values that are on the lines below their key.
fn blocks(text: &str, found: &mut Vec<Range<usize>>) {
    for (start, line) in lines(text) {
        let parts = line.trim_end().rsplit_once(':').filter(|(_, rest)| continues(rest));
        let Some((name, _)) = parts else { continue };
        let name = without_dashes(name.trim()).trim_matches(['"', '\'']);
        if !is_secret_name(name) {
            continue;
        }
        let below = start + line.len();
        let length = block(line, text.get(below..).unwrap_or_default());
        if text.get(below..below + length).is_some_and(|value| can_be_secret(name, value)) {
            found.push(below..below + length);
        }
    }
}

/// Keys of a mapping that says where a secret is kept.
const PLACES: &[&str] = &["environment", "external", "file", "from", "key", "name", "parameter"];

/// Values of variables that nobody can read: `DB_PASS x` without a separator, `DB_PASS: {a: x}` and `DB_PASS: [x]`.
fn odd_lines(text: &str, found: &mut Vec<Range<usize>>) {
    for (start, line) in lines(text) {
        let content = without_dashes(line.trim_start()).trim_start_matches(['"', '\'']);
        let content = content.strip_prefix("export ").unwrap_or(content);
        let length = content.bytes().take_while(|byte| is_variable_letter(*byte)).count();
        let Some((name, rest)) = content.split_at_checked(length) else { continue };
        let at = start + line.len() - rest.len();
        let value = match rest.strip_prefix(':') {
            Some(value) => value.trim_start().strip_prefix(['{', '[']).filter(|inner| !says_where(inner)),
            None => rest
                .strip_prefix([' ', '\t'])
                .filter(|value| !value.trim_start().starts_with(['=', ':', '#'])),
        };
        let Some(value) = value.filter(|_| is_secret_name(name)) else { continue };
        let from = at + rest.len() - value.len();
        found.push(from..from + value.trim_end().len());
    }
}

fn is_variable_letter(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

fn says_where(inner: &str) -> bool {
    let key = inner.trim_start().split([':', ' ', ',']).next().unwrap_or_default();
    PLACES.contains(&key)
}

/// Whether a value is on the lines below its key: a block scalar, or a scalar that was moved there.
fn continues(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with(['|', '>'])
}

/// How many bytes of the lines below belong to the value of a key: those of lines that are indented further and have
/// no key.
fn block(line: &str, after: &str) -> usize {
    let depth = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let block = line.trim_end().ends_with(['|', '>', '-', '+']);
    let own = |next: &&str| {
        let blank = next.trim().is_empty();
        blank
            || depth(next) > depth(line)
                && (block
                    || !next.contains(": ")
                        && !next.trim_end().ends_with(':')
                        && !next.trim_start().starts_with("- "))
    };
    after.split_inclusive('\n').take_while(own).map(str::len).sum()
}

/// The secrets in the items of lists with dashes: `- --password`, and `- x` on the next line.
fn dashed_lists(text: &str, found: &mut Vec<Range<usize>>) {
    let mut items = Vec::new();
    for (start, line) in lines(text) {
        let content = line.trim_start_matches([' ', '\t']);
        match content.strip_prefix("- ") {
            Some(item) => {
                let from = start + line.len() - item.len();
                items.push(unquoted(text, from..from + item.len()));
            }
            None => command(text, &std::mem::take(&mut items), found),
        }
    }
    command(text, &items, found);
}

/// The secrets in the items of lists with brackets: `["--password", "x"]`.
fn bracketed_lists(text: &str, found: &mut Vec<Range<usize>>) {
    let mut past = 0;
    for (at, _) in text.match_indices('[') {
        if at < past {
            continue;
        }
        let rest = text.as_bytes().get(at + 1..).unwrap_or_default();
        let length = |most: usize, end: u8| rest.iter().take(most).position(|byte| *byte == end);
        let length = length(LONGEST_LIST, b']').or_else(|| length(rest.len(), b'\n')).unwrap_or(rest.len());
        past = at + 1 + length;
        let (mut items, mut from, mut quote) = (Vec::new(), at + 1, None);
        for (offset, byte) in rest.iter().take(length).enumerate() {
            match (*byte, quote) {
                (b'"' | b'\'', None) => quote = Some(*byte),
                (byte, Some(open)) if byte == open => quote = None,
                (b',', None) => {
                    items.push(unquoted(text, from..at + 1 + offset));
                    from = at + 2 + offset;
                }
                _ => {}
            }
        }
        items.push(unquoted(text, from..past));
        command(text, &items, found);
    }
}

/// An item without the blanks and quotes around it.
fn unquoted(text: &str, item: Range<usize>) -> Range<usize> {
    let around = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'');
    let whole = text.get(item.clone()).unwrap_or_default();
    let start = item.start + whole.len() - whole.trim_start_matches(around).len();
    start..start + whole.trim_matches(around).len()
}

/// The secrets in a list of words, taken for a command.
fn command(text: &str, items: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    if items.len() < 2 {
        return;
    }
    let words: Vec<&str> = items.iter().map(|item| text.get(item.clone()).unwrap_or_default()).collect();
    let secrets = secrets_in_command(&words);
    found.extend(secrets.into_iter().filter_map(|secret| {
        let start = items.get(secret.word)?.start;
        Some(start + secret.range.start..start + secret.range.end)
    }));
}

/// A star that takes as many bytes as the letter it replaces.
fn star(letter: char) -> char {
    match letter.len_utf8() {
        1 => '*',
        2 => '×',
        3 => '•',
        _ => '🞶',
    }
}

/// The text with some of its bytes starred out, with the same byte length. The ranges are sorted.
pub(super) fn starred(text: &str, ranges: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        let (start, end) = (text.ceil_char_boundary(range.start).max(at), text.ceil_char_boundary(range.end));
        if start < end {
            shown.push_str(text.get(at..start).unwrap_or_default());
            let hidden = text.get(start..end).unwrap_or_default().chars();
            shown.extend(hidden.map(|letter| if letter.is_whitespace() { letter } else { star(letter) }));
            at = end;
        }
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> String {
        starred(text, &secrets(text))
    }

    #[test]
    fn only_secrets_are_starred_out_and_offsets_stay() {
        for (given, shown) in [
            ("  MYSQL_PASSWORD: hunter2 # local\n", "  MYSQL_PASSWORD: ******* # local\n"),
            ("- MYSQL_PASSWORD=a=b\r\n", "- MYSQL_PASSWORD=***\r\n"),
            ("  - \"api-key=x y\"\n", "  - \"api-key=* *\"\n"),
            ("{ DB_PASSWORD: \"pé\", A: b }", "{ DB_PASSWORD: \"*×\", A: b }"),
            ("{ TOKEN: abc, A: b }", "{ TOKEN: ***, A: b }"),
            ("TOKEN: a, b}", "TOKEN: ** **"),
            ("PASSWORD: ${DB_PASSWORD}", "PASSWORD: ${DB_PASSWORD}"),
            ("PASSWORD: ${DB_PASSWORD:-x}", "PASSWORD: ${DB_PASSWORD:-*}"),
            ("PASSWORD: $$ecret", "PASSWORD: *******"),
            ("PASSWORD: \"#x\\\"y\"", "PASSWORD: \"*****\""),
            ("PASSWORD: 'x''y'", "PASSWORD: '****'"),
            ("PASSWORD: !!str &a x", "PASSWORD: !!str &a *"),
            ("PASSWORD: |\n  a b\nC: d", "PASSWORD: |\n  * *\nC: d"),
            ("PASSWORD:\n  abc\nC: d", "PASSWORD:\n  ***\nC: d"),
            ("PASSWORD={!x #y", "PASSWORD=*** #y"),
            ("USE_PASSWORD: true", "USE_PASSWORD: true"),
            ("DB_PASSWORD_FILE: /run/x", "DB_PASSWORD_FILE: /run/x"),
            ("secrets: [a]", "secrets: [a]"),
            ("secrets:\n  - a\n", "secrets:\n  - a\n"),
            ("URL: postgres://u:p@db/app", "URL: postgres://u:*@db/app"),
            ("URL: postgres://u@db:80/app", "URL: postgres://u@db:80/app"),
            ("  DB_PASS hunter2 x\n", "  DB_PASS ******* *\n"),
            ("  DB_PASS: {a: x}\n", "  DB_PASS: {** **\n"),
            ("  DB_PASS: [x, y]\n", "  DB_PASS: [** **\n"),
            ("  DB_PASS: { from: prod/db, key: a }\n", "  DB_PASS: { from: prod/db, key: a }\n"),
            ("  DB_PASS : x\n", "  DB_PASS : *\n"),
            ("db_pass: {file: x}", "db_pass: {file: x}"),
            ("image: nginx:1", "image: nginx:1"),
            ("redis-server --requirepass hunter2 -p 1", "redis-server --requirepass ******* -p 1"),
            ("[\"--auth-token\", \"x\"]", "[\"--auth-token\", \"*\"]"),
            ("- --password\n- x\n- y", "- --password\n- *\n- y"),
            ("--password=x", "--password=*"),
            ("run ghp_0123456789abcdef", "run ********************"),
        ] {
            assert_eq!(mask(given), shown);
            assert_eq!(mask(given).len(), given.len());
        }
    }

    #[test]
    fn a_line_of_names_takes_no_time() {
        let text = "TOKEN=".repeat(50_000) + "\n" + &"--token ".repeat(50_000);
        assert_eq!(mask(&text).len(), text.len());
    }
}
