//! Every secret in a text, by its form or by the name beside it.
//!
//! In: any text. Out: the ranges of the secrets alone. Invariant: on character boundaries, in order, apart.

use super::command_flags::{can_hold_its_value, secrets_in_shell};
use super::password_urls::url_passwords;
use super::secret_pairs::{secret_elements, secret_pairs};
use super::token_forms::{SHORTEST_TOKEN, token_forms};
use std::ops::Range;

/// The secrets in a text: tokens of known form, private keys, passwords in addresses and connection strings,
/// values beside a secret name, and what flags of commands take.
#[must_use]
pub fn secret_spans(text: &str) -> Vec<Range<usize>> {
    let holds = ByteGroups::of(text);
    let mut found = Vec::new();
    if text.len() >= SHORTEST_TOKEN {
        token_forms(text, &mut found);
    }
    if holds.any(ADDRESS) || holds.any(COLON) && text.contains("jdbc:") {
        url_passwords(text, &mut found);
    }
    if holds.any(EQUALS | COLON | QUOTE) {
        secret_pairs(text, &mut found);
    }
    if holds.any(ELEMENT) && text.contains("</") {
        secret_elements(text, &mut found);
    }
    if holds.any(WORDS) || holds.any(COLON) && can_hold_its_value(text) {
        secrets_in_shell(text, &mut found);
    }
    if found.is_empty() { found } else { in_order(text, found) }
}

/// What a login, a path or an escape in an address has.
const ADDRESS: u8 = 1;
const COLON: u8 = 2;
const EQUALS: u8 = 4;
const QUOTE: u8 = 8;
/// The start of an element of XML.
const ELEMENT: u8 = 16;
/// What parts the words of a command.
const WORDS: u8 = 32;

fn group(byte: u8) -> u8 {
    match byte {
        b'@' | b'/' | b'%' => ADDRESS,
        b':' => COLON,
        b'=' => EQUALS,
        b'\'' => QUOTE,
        b'<' => ELEMENT,
        b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b';' | b'|' | b'&' | b'(' | b')' | b'`' => WORDS,
        _ => 0,
    }
}

/// Which groups of bytes a text holds. Most values in a file are short words without any of those that a secret needs.
struct ByteGroups(u8);

impl ByteGroups {
    fn of(text: &str) -> ByteGroups {
        ByteGroups(text.bytes().fold(0, |seen, byte| seen | group(byte)))
    }

    fn any(&self, groups: u8) -> bool {
        self.0 & groups != 0
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
