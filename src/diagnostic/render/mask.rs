//! Where secrets stand in a text, as far as the text alone says: after a name, after a flag, in a URL.
//!
//! In: a Compose or an env file, read or not. Out: bytes that may not be shown. Invariant: linear in the text. What the
//! front end knows of a value, [`crate::source::Hidden`] says; this is for what no one could read.

use crate::source::secret::{can_be_secret, is_secret_form, is_secret_name};
use crate::source::{is_reference, passwords};
use std::ops::Range;

/// Bytes of a text that hold secrets, sorted; they may overlap.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = passwords(text).collect();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let after = |length: usize| text.get(start + length..).unwrap_or_default();
        assignments(line, start, after(line.len()), &mut found);
        flags(text, line, start, &mut found);
        found.extend(tokens(line).map(|part| part.start + start..part.end + start));
        start += line.len();
    }
    found.sort_unstable_by_key(|range| (range.start, range.end));
    found
}

/// The values in `NAME: value` and `NAME=value` where the name is a secret's.
fn assignments(line: &str, start: usize, after: &str, found: &mut Vec<Range<usize>>) {
    let mut past = 0;
    for (at, separator) in line.char_indices().filter(|(_, letter)| matches!(letter, ':' | '=')) {
        let rest = line.get(at + 1..).unwrap_or_default();
        let spaced = separator == '=' || rest.starts_with([' ', '\t', '\n', '\r']);
        let before = line.get(past.min(at)..at).unwrap_or_default();
        if at < past || !spaced || !is_secret_name(trailing_name(before)) {
            continue;
        }
        let flow = separator == ':' && line.get(..at).is_some_and(|before| before.contains(['{', '[']));
        if let Some(range) = literal(rest, separator, flow) {
            past = at + 1 + range.end;
            found.push(start + at + 1 + range.start..start + at + 1 + range.end);
        } else if separator == ':' && continues(rest) {
            let block = block(line, after);
            found.push(start + line.len()..start + line.len() + block);
        }
    }
}

fn trailing_name(text: &str) -> &str {
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let start = text.rfind(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')));
    let start = start
        .map_or(0, |at| at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    text.get(start..).unwrap_or_default()
}

/// Whether a value stands on the lines below its key: a block text, or a text that was moved there.
fn continues(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with(['|', '>'])
}

/// How many bytes of the lines below belong to the value of a key: those that are indented further and hold no key.
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

/// The literal that a text begins with, quotes left out.
fn literal(text: &str, separator: char, flow: bool) -> Option<Range<usize>> {
    let start = text.len() - properties(text.trim_start_matches([' ', '\t'])).len();
    let value = text.get(start..)?.trim_end_matches(['\n', '\r']);
    let range = match value.chars().next()? {
        quote @ ('"' | '\'') => {
            let end = closing(value, quote).unwrap_or(value.trim_end().len()).max(1);
            start + 1..start + end
        }
        // A collection, an alias or a block text of YAML.
        '{' | '[' | '*' | '|' | '>' | '#' if separator == ':' => return None,
        _ => {
            let stops: &[&str] = if flow { &[" #", ", ", "}", "]", "\""] } else { &[" #"] };
            let end = stops.iter().filter_map(|stop| value.find(stop)).min().unwrap_or(value.len());
            let end =
                if separator == '=' { value.find('"').map_or(end, |quote| quote.min(end)) } else { end };
            start..start + value.get(..end)?.trim_end().len()
        }
    };
    let shown = text.get(range.clone())?;
    let fallback = shown.starts_with("${") && (shown.contains('-') || shown.contains('+'));
    let harmless = is_reference(shown) || !(fallback || shown.starts_with('$') || can_be_secret(shown));
    (!harmless).then_some(range)
}

/// The text after a tag and an anchor of YAML.
fn properties(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with(['!', '&']) {
        let Some((_, after)) = rest.split_once([' ', '\t']) else { break };
        rest = after.trim_start_matches([' ', '\t']);
    }
    rest
}

/// Where the quote stands that closes the one a text begins with.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote == '"' => drop(letters.next()),
            _ if letter == quote => match letters.peek() {
                Some((_, next)) if quote == '\'' && *next == quote => drop(letters.next()),
                _ => return Some(at),
            },
            _ => {}
        }
    }
    None
}

/// What follows a flag of a secret: `--requirepass x`, `"--password", "x"`, also as an item of its own line.
fn flags(text: &str, line: &str, start: usize, found: &mut Vec<Range<usize>>) {
    const BETWEEN: &[char] = &[' ', '\t', '"', '\'', ',', '\n', '\r'];
    for (at, _) in line.match_indices("--") {
        let name = line.get(at + 2..).unwrap_or_default();
        let length = name
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'))
            .unwrap_or(name.len());
        let after = start + at + 2 + length;
        let rest = text.get(after..).unwrap_or_default();
        if !is_secret_name(name.get(..length).unwrap_or_default()) || !rest.starts_with(BETWEEN) {
            continue;
        }
        let value = rest.trim_start_matches(BETWEEN);
        let value = value.strip_prefix("- ").unwrap_or(value).trim_start_matches(['"', '\'', ' ']);
        let from = text.len() - value.len();
        let end = value.find([' ', '"', '\'', ',', ']', '\n', '\r']).unwrap_or(value.len());
        let shown = value.get(..end).unwrap_or_default();
        if !shown.is_empty() && !shown.starts_with("--") && !is_reference(shown) {
            found.push(from..from + end);
        }
    }
}

/// Words that are secrets by their form.
fn tokens(line: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let breaks =
        |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '=' | ',' | '[' | ']');
    let mut at = 0;
    line.split(breaks).filter_map(move |word| {
        let start = at;
        at += word.len()
            + line.get(at + word.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        is_secret_form(word).then_some(start..start + word.len())
    })
}

/// A star as long as the letter it stands for.
fn star(letter: char) -> char {
    match letter.len_utf8() {
        1 => '*',
        2 => '×',
        3 => '•',
        _ => '🞶',
    }
}

/// The text with some of its bytes starred out, as long as before. The ranges are sorted.
pub(super) fn starred(text: &str, ranges: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut ranges = ranges.iter().peekable();
    let mut end = 0;
    for (at, letter) in text.char_indices() {
        while let Some(range) = ranges.next_if(|range| range.start <= at) {
            end = end.max(range.end);
        }
        let hidden = at < end && !letter.is_whitespace();
        shown.push(if hidden { star(letter) } else { letter });
    }
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
            ("PASSWORD: ${DB_PASSWORD:-x}", "PASSWORD: *****************"),
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
