//! Every secret in a text, by its form or by the name beside it.
//!
//! In: any text. Out: the ranges of the secrets alone. Invariant: on character boundaries, in order, apart.

use super::command_flags::secrets_in_shell;
use super::password_urls::url_passwords;
use super::secret_pairs::{secret_elements, secret_pairs};
use super::token_forms::{SHORTEST_TOKEN, token_forms};
use std::ops::Range;

/// The secrets in a text: tokens of known form, private keys, passwords in addresses and connection strings,
/// values beside a secret name, and what flags of commands take.
#[must_use]
pub fn secret_spans(text: &str) -> Vec<Range<usize>> {
    let bytes = BytesOf::text(text);
    let mut found = Vec::new();
    if text.len() >= SHORTEST_TOKEN {
        token_forms(text, &mut found);
    }
    if bytes.any(b"@/%") || text.contains("jdbc:") {
        url_passwords(text, &mut found);
    }
    if bytes.any(b"=:'") {
        secret_pairs(text, &mut found);
    }
    if text.contains("</") {
        secret_elements(text, &mut found);
    }
    // Several words, or one that holds its own value.
    if bytes.any(b" \t\n\r\x0c;|&()`:") {
        secrets_in_shell(text, &mut found);
    }
    in_order(text, found)
}

/// Which ASCII bytes a text holds. Most values in a file are short words without any of those that a secret needs.
struct BytesOf(u128);

impl BytesOf {
    fn text(text: &str) -> BytesOf {
        BytesOf(text.bytes().filter(u8::is_ascii).fold(0, |seen, byte| seen | (1 << byte)))
    }

    fn any(&self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| byte.is_ascii() && self.0 & (1 << byte) != 0)
    }
}

/// The ranges in order, joined where they meet; what is empty or cuts a character is dropped or widened.
pub(super) fn in_order(text: &str, mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| range.start < range.end && range.start < text.len());
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (start, end) = (text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end));
        match merged.last_mut() {
            Some(last) if start <= last.end && (start < last.end || end <= last.end) => {
                last.end = last.end.max(end)
            }
            _ => merged.push(start..end),
        }
    }
    merged
}
