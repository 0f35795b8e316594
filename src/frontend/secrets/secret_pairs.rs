//! Secrets beside their name in a text: `password=x`, `"token": "x"`, `Pwd=x;`, `X-Api-Key: x`, `IDENTIFIED BY 'x'`.
//!
//! In: a text of any kind (connection strings, JSON, YAML, INI, queries, shell lines, headers). Out: the ranges
//! of the values. Where a value ends follows from what stands before its name. Invariant: linear: names are
//! looked for over at most [`LONGEST_NAME`] bytes, and a value that was taken is not looked at again.

use super::secret_names::{SecretKind, kind_of};
use super::secret_values::{can_be_secret, is_reference};
use std::ops::Range;

/// No key of a pair is longer.
const LONGEST_NAME: usize = 96;

/// A value is known to end within this, or it is long enough to be taken for a secret.
const LOOKED_AT: usize = 512;

/// Keys of connection strings and queries that say more there than as the name of a variable.
/// Source: the references of ODBC, ADO.NET, Azure Storage and S3's signed queries, July 2026.
const CONNECTION_KEYS: &[&str] =
    &["pwd", "sig", "sharedaccesssignature", "x-amz-signature", "x-amz-security-token"];

/// How the credentials of a header start. Source: the registry of HTTP authentication schemes of IANA, July 2026.
const SCHEMES: &[&str] = &[
    "Bearer ",
    "Basic ",
    "Token ",
    "ApiKey ",
    "Negotiate ",
    "Bearer%20",
    "Basic%20",
    "Token%20",
    "ApiKey%20",
];

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Whether the key of a pair says that its value is a secret.
pub(super) fn is_pair_name(name: &str) -> bool {
    let said = || matches!(kind_of(name), Some(kind) if !matches!(kind, SecretKind::Hint | SecretKind::Faint | SecretKind::Address));
    CONNECTION_KEYS.iter().any(|key| name.eq_ignore_ascii_case(key)) || said()
}

/// The values of the pairs in a text whose keys say secret.
pub(super) fn secret_pairs(text: &str, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'=' | b':')) {
        if at < from {
            continue;
        }
        let Some(pair) = SecretPair::at(text, at, byte) else { continue };
        if let Some(value) = pair.value() {
            from = value.end;
            found.push(value);
        }
    }
    sql_passwords(text, found);
}

/// The texts of elements of XML whose names say secret: `<password>x</password>`.
pub(super) fn secret_elements(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices("</") {
        let rest = text.get(at + 2..).unwrap_or_default();
        let name = rest.bytes().take(LONGEST_NAME).position(|byte| byte == b'>');
        let Some(name) = name.and_then(|length| rest.get(..length)) else { continue };
        let local = name.rsplit(':').next().unwrap_or(name).trim();
        if !is_pair_name(local) {
            continue;
        }
        let from = text.floor_char_boundary(at.saturating_sub(LOOKED_AT));
        let Some(start) = text.get(from..at).and_then(|before| before.rfind('>')).map(|end| from + end + 1)
        else {
            continue;
        };
        let value = text.get(start..at).unwrap_or_default();
        let kept = can_be_secret(local, value) && !is_shell_reference(value);
        if !value.trim().is_empty() && kept {
            found.push(start..at);
        }
    }
}

/// The key of a pair, and what stands around it.
struct SecretPair<'t> {
    text: &'t str,
    name: &'t str,
    colon: bool,
    /// Where the value starts, spaces left out.
    start: usize,
    context: PairContext,
}

/// What says where a value without quotes ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PairContext {
    /// The key opens its line.
    Line,
    /// A quote stands before the key and ends the value.
    Quoted(u8),
    /// A list with this separator.
    List(u8),
    /// A query of an address.
    Query,
    /// Words of a command or of a connection string.
    Words,
}

impl<'t> SecretPair<'t> {
    fn at(text: &'t str, at: usize, separator: u8) -> Option<SecretPair<'t>> {
        let bytes = text.as_bytes();
        let colon = separator == b':';
        let after = bytes.get(at + 1).copied();
        let spaced = matches!(after, None | Some(b' ' | b'\t' | b'"' | b'\'' | b'\\'));
        if (colon && !spaced) || (!colon && after == Some(b'=')) {
            return None;
        }
        let (name, closed) = name_before(text, at)?;
        if !is_pair_name(text.get(name.clone())?) {
            return None;
        }
        // `'password' => 'x'` of PHP and Ruby.
        let at = at + usize::from(!colon && after == Some(b'>'));
        let blanks = bytes.get(at + 1..)?.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let context = context(bytes, name.start, closed);
        Some(SecretPair { text, name: text.get(name)?, colon, start: at + 1 + blanks, context })
    }

    /// The value, if it can be a secret.
    fn value(&self) -> Option<Range<usize>> {
        let mut start = self.start;
        if self.colon {
            start += yaml_properties(self.text.get(start..)?);
        }
        let whole = self.quoted(start).or_else(|| self.unquoted(start))?;
        let value = self.secret_part(whole)?;
        let secret = self.text.get(value.clone())?;
        let kept = !secret.is_empty() && can_be_secret(self.name, secret) && !is_shell_reference(secret);
        Some(value).filter(|_| kept)
    }

    fn quoted(&self, start: usize) -> Option<Range<usize>> {
        let rest = self.text.get(start..)?;
        let escaped = rest.starts_with("\\\"") || rest.starts_with("\\'");
        let open = start + usize::from(escaped);
        let quote = self.text.as_bytes().get(open).copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let inner = self.text.as_bytes().get(open + 1..)?;
        let mut at = 0;
        while let Some(byte) = inner.get(at) {
            let next = inner.get(at + 1).copied();
            match byte {
                b'\\' if escaped && next == Some(quote) => break,
                b'\\' if quote == b'"' && !escaped => at += 1,
                b'\'' if quote == b'\'' && next == Some(b'\'') && !escaped => at += 1,
                byte if *byte == quote => break,
                _ => {}
            }
            at += 1;
        }
        Some(open + 1..open + 1 + at.min(inner.len()))
    }

    fn unquoted(&self, start: usize) -> Option<Range<usize>> {
        let rest = self.text.get(start..)?;
        if self.colon && rest.starts_with(['[', '{', '|', '>', '*']) && !is_word(rest) {
            return None;
        }
        let stops = |byte: u8, next: Option<u8>| match self.context {
            PairContext::Line => byte == b'\n',
            PairContext::Quoted(quote) => byte == quote || byte == b'\n',
            PairContext::Query => byte.is_ascii_whitespace() || b"&#\"'<>".contains(&byte),
            PairContext::Words if self.colon => byte == b'\n',
            PairContext::Words => byte.is_ascii_whitespace() || b"\"';".contains(&byte),
            PairContext::List(b'{') => {
                b"}\n\"".contains(&byte)
                    || (byte == b',' && next.is_none_or(|next| next == b' ' || !self.colon))
            }
            PairContext::List(b',') => b"\n\"".contains(&byte) || (byte == b',' || byte == b'}'),
            PairContext::List(separator) => {
                let closed = byte == b'\''
                    && next.is_none_or(|next| next.is_ascii_whitespace() || b",]".contains(&next));
                byte == separator || b"\n\"".contains(&byte) || closed
            }
        };
        let bytes = rest.as_bytes();
        let ends = |at: &usize| stops(bytes.get(*at).copied().unwrap_or(b'\n'), bytes.get(*at + 1).copied());
        // `Authorization=Bearer x`: the word before the secret is no end.
        let scheme = SCHEMES.iter().find(|scheme| starts_with(rest, scheme)).map_or(0, |scheme| scheme.len());
        let length = (scheme..bytes.len()).find(ends).unwrap_or(bytes.len());
        let length = scheme + self.line_end(rest.get(scheme..length)?);
        Some(start..start + length)
    }

    /// Where a value ends that could take its whole line: before a comment, before the next pair of a connection
    /// string, and at the first word of a command.
    fn line_end(&self, value: &str) -> usize {
        let mut end = value.len();
        if self.context == PairContext::Line || self.colon {
            end = value.find(" #").unwrap_or(end);
        }
        if self.context == PairContext::Line && !self.colon {
            let semicolon =
                value.find(';').filter(|at| value.get(at + 1..).is_some_and(|rest| rest.contains('=')));
            let one_line = !self.text.trim_end().contains('\n') || self.name.starts_with('-');
            let space = value.find([' ', '\t']).filter(|_| one_line);
            end = [Some(end), semicolon, space].into_iter().flatten().min().unwrap_or(end);
        }
        value.get(..end).map_or(0, |value| value.trim_end_matches([' ', '\t', '\r', '\\']).len())
    }

    /// The secret inside the value: without the scheme of a header, and only the default of `${NAME:-default}`.
    fn secret_part(&self, value: Range<usize>) -> Option<Range<usize>> {
        let text = self.text.get(value.clone())?;
        let scheme = SCHEMES.iter().find(|scheme| starts_with(text, scheme));
        if let Some(scheme) = scheme {
            return Some(value.start + scheme.len()..value.end);
        }
        let default =
            text.strip_prefix("${").filter(|rest| rest.ends_with('}')).and_then(|rest| rest.split_once('-'));
        match default {
            Some((name, default)) => {
                Some(value.start + 2 + name.len() + 1..value.start + 1 + name.len() + 1 + default.len())
            }
            None => Some(value),
        }
    }
}

/// The key that ends at `at`, and whether a quote closes it.
fn name_before(text: &str, at: usize) -> Option<(Range<usize>, bool)> {
    let before = text.as_bytes().get(..at)?;
    let skipped = before.iter().rev().take(4).take_while(|byte| b" \t\"'\\".contains(byte)).count();
    let end = at - skipped;
    let closed = before.get(end..)?.iter().any(|byte| b"\"'".contains(byte));
    let letter = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let length = before.get(..end)?.iter().rev().take(LONGEST_NAME).take_while(letter).count();
    Some((end - length..end, closed)).filter(|_| length > 0 && length < LONGEST_NAME)
}

fn context(bytes: &[u8], name: usize, closed: bool) -> PairContext {
    let before = bytes.get(..name).unwrap_or_default();
    let mut rest = before.iter().rev().take(LONGEST_NAME).copied().peekable();
    if let (false, Some(quote @ (b'"' | b'\''))) = (closed, rest.peek().copied()) {
        return PairContext::Quoted(quote);
    }
    let mut spaced = false;
    while let Some(byte) = rest.next_if(|byte| b" \t\"'\\".contains(byte)) {
        spaced |= byte == b' ' || byte == b'\t';
    }
    match rest.next() {
        None if before.len() < LONGEST_NAME => PairContext::Line,
        Some(b'\n') => PairContext::Line,
        // The dash of a list in YAML.
        Some(b'-') if spaced => PairContext::Line,
        Some(separator @ (b';' | b',')) => PairContext::List(separator),
        Some(b'{' | b'(') => PairContext::List(b'{'),
        Some(b'?' | b'&') => PairContext::Query,
        _ => PairContext::Words,
    }
}

/// The length of the tag and anchor before a value in YAML.
fn yaml_properties(value: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = value.get(length..).filter(|rest| rest.starts_with("!!") || rest.starts_with('&'))
    {
        let word = rest.bytes().take(LOOKED_AT).take_while(|byte| !byte.is_ascii_whitespace()).count();
        let blanks = rest.bytes().skip(word).take_while(|byte| *byte == b' ').count();
        let more = rest
            .as_bytes()
            .get(word + blanks)
            .is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'#');
        if blanks == 0 || !more {
            break;
        }
        length += word + blanks;
    }
    length
}

/// Whether what looks like a collection or a block is a word: `*alias` and `>folded` are none.
fn is_word(rest: &str) -> bool {
    let line = rest.lines().next().unwrap_or_default().trim_end();
    let closed = line.ends_with([']', '}', '{', '[', ',']);
    let block = line.len() < 3 || line.starts_with("*") && !line.contains(['-', '!', '@', '#']);
    !closed && !block
}

/// `$NAME`, `$(command)`, `%s`: what a shell or a program fills in.
pub(super) fn is_shell_reference(value: &str) -> bool {
    match value.as_bytes() {
        [b'$', b'(', ..] | [b'`', ..] | b"%s" | b"?" | b"-" => true,
        [b'$', ..] => {
            let name = value.strip_prefix("$$").or_else(|| value.strip_prefix('$'));
            name.is_some_and(is_shell_name) || is_reference(value)
        }
        _ => is_reference(value),
    }
}

/// Whether the word after a `$` reads like the name of a variable: `PW`, `db_password`; `ecret` is a password's end.
fn is_shell_name(word: &str) -> bool {
    let letters = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let upper = !word.bytes().any(|byte| byte.is_ascii_lowercase());
    letters
        && word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && (upper || word.contains('_') || kind_of(word).is_some())
}

/// The passwords that a statement of SQL sets.
fn sql_passwords(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices('\'') {
        let start = at.saturating_sub(LONGEST_NAME);
        let before = text.as_bytes().get(start..at).unwrap_or_default();
        if !before.ends_with(b" ") && !before.ends_with(b"(") {
            continue;
        }
        let before = String::from_utf8_lossy(before).to_ascii_uppercase();
        let words = before.trim_end();
        let sets =
            words.ends_with(" PASSWORD") && ["USER", "ROLE", "LOGIN"].iter().any(|word| words.contains(word));
        let function = words.ends_with(" PASSWORD(") && words.contains("SET ");
        if sets || function || (words.ends_with(" BY") && words.contains("IDENTIFIED")) {
            let length = text.get(at + 1..).and_then(|rest| rest.find('\'')).unwrap_or(0);
            let value = at + 1..at + 1 + length;
            if text.get(value.clone()).is_some_and(|value| !value.is_empty() && !is_shell_reference(value)) {
                found.push(value);
            }
        }
    }
}
