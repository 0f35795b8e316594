//! Hides secret values in the lines that a snippet shows.
//!
//! In: lines of a Compose or env file. Out: the same lines with the same byte length, where the values of
//! secret-looking names are starred out. Invariant: offsets into the text stay valid.

use std::borrow::Cow;
use std::ops::Range;

/// Name parts that mark the value as a secret.
const SECRET_NAMES: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "API_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
];

/// Name endings that mark the value as a path or a name rather than the secret itself.
const HARMLESS_ENDS: &[&str] = &["_FILE", "_PATH", "_NAME", "_ARN", "_ID"];

/// First characters of values that are expressions, references or collections rather than literals.
const NO_LITERAL: &[char] = &['$', '{', '[', '&', '*', '|', '>', '#', '!'];

/// The text with secret values starred out.
pub(super) fn mask(text: &str) -> Cow<'_, str> {
    let mut start = 0;
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for line in text.split_inclusive('\n') {
        let shift = |range: Range<usize>| range.start + start..range.end + start;
        hidden.extend(assignments(line).chain(user_infos(line)).map(shift));
        start += line.len();
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let inside = |at: usize| hidden.iter().any(|range| range.contains(&at));
    Cow::Owned(
        text.char_indices().map(|(at, letter)| if inside(at) { star(letter) } else { letter }).collect(),
    )
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

/// The values in `NAME: value` and `NAME=value` where the name looks like a secret's.
fn assignments(line: &str) -> impl Iterator<Item = Range<usize>> {
    let separators = line.char_indices().filter(|(_, letter)| matches!(letter, ':' | '='));
    separators.filter_map(move |(at, separator)| {
        let name = trailing_name(line.get(..at)?);
        let rest = line.get(at + 1..)?;
        let spaced = separator == '=' || rest.starts_with([' ', '\t']);
        (spaced && is_secret(name))
            .then(|| literal(rest))
            .flatten()
            .map(|range| range.start + at + 1..range.end + at + 1)
    })
}

fn trailing_name(text: &str) -> &str {
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let start = text.rfind(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')));
    text.get(start.map_or(0, |at| at + 1)..).unwrap_or_default()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_uppercase().replace(['-', '.'], "_");
    SECRET_NAMES.iter().any(|part| name.contains(part))
        && !HARMLESS_ENDS.iter().any(|end| name.ends_with(end))
}

/// The literal at the start of a text, without quotes.
fn literal(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let value = text.get(start..)?;
    let quote = value.chars().next().filter(|letter| matches!(letter, '"' | '\''));
    let (start, length) = match quote {
        Some(quote) => {
            let inner = value.get(1..)?;
            (start + 1, inner.find(quote).unwrap_or(inner.trim_end().len()))
        }
        None => {
            let end = [" #", ", ", "}", "\"", "\r", "\n"].iter().filter_map(|stop| value.find(stop)).min();
            (start, value.get(..end.unwrap_or(value.len()))?.trim_end().len())
        }
    };
    let value = text.get(start..start + length)?;
    (!value.is_empty() && !value.starts_with(NO_LITERAL)).then_some(start..start + length)
}

/// The password in `scheme://user:password@host`.
fn user_infos(line: &str) -> impl Iterator<Item = Range<usize>> {
    line.match_indices("://").filter_map(|(at, _)| {
        let start = at + 3;
        let authority = line.get(start..)?;
        let authority =
            authority.get(..authority.find(['/', ' ', '\n', '"', '\'']).unwrap_or(authority.len()))?;
        let info = authority.get(..authority.rfind('@')?)?;
        let colon = info.find(':')?;
        let password = info.get(colon + 1..)?;
        (!password.is_empty() && !password.starts_with('$')).then_some(start + colon + 1..start + info.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literal_secrets_are_starred_out_and_offsets_stay() {
        for (given, shown) in [
            ("  MYSQL_PASSWORD: hunter2 # local\n", "  MYSQL_PASSWORD: ******* # local\n"),
            ("- MYSQL_PASSWORD=a=b\r\n", "- MYSQL_PASSWORD=***\r\n"),
            ("  - \"api-key=x y\"\n", "  - \"api-key=***\"\n"),
            ("{ DB_PASSWORD: \"pé\", A: b }", "{ DB_PASSWORD: \"*×\", A: b }"),
            ("{ TOKEN: abc, A: b }", "{ TOKEN: ***, A: b }"),
            ("PASSWORD: ${DB_PASSWORD}", "PASSWORD: ${DB_PASSWORD}"),
            ("DB_PASSWORD_FILE: /run/x", "DB_PASSWORD_FILE: /run/x"),
            ("secrets: [a]", "secrets: [a]"),
            ("secrets:\n  - a\n", "secrets:\n  - a\n"),
            ("URL: postgres://u:p@db/app", "URL: postgres://u:*@db/app"),
            ("URL: postgres://u@db:80/app", "URL: postgres://u@db:80/app"),
            ("image: nginx:1", "image: nginx:1"),
        ] {
            assert_eq!(mask(given), shown);
            assert_eq!(mask(given).len(), given.len());
        }
    }
}
