//! Decodes bytes to text: the encodings that Compose's parser reads, and the characters that YAML forbids.

use crate::diagnostic::{Diagnostic, rules::yaml as rule};
use crate::source::{FileId, Sources, Span};

/// The text of a file: UTF-8, or UTF-16 with a byte order mark. Otherwise the offset of the first invalid
/// byte.
///
/// # Errors
/// The offset of the first byte that cannot be decoded.
pub fn decode(bytes: Vec<u8>) -> Result<String, usize> {
    match bytes.get(..2) {
        Some([0xFF, 0xFE]) => utf16(&bytes, u16::from_le_bytes),
        Some([0xFE, 0xFF]) => utf16(&bytes, u16::from_be_bytes),
        _ => String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, usize> {
    let units: Vec<u16> =
        bytes.chunks_exact(2).skip(1).filter_map(|pair| pair.try_into().ok().map(unit)).collect();
    String::from_utf16(&units).map_err(|_| 0)
}

/// The offset of the first character that YAML does not allow (section 5.1 of the specification).
pub(super) fn forbidden_character(text: &str) -> Option<usize> {
    let suspicious = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte >= 0x7F;
    if !text.bytes().any(suspicious) {
        return None;
    }
    text.char_indices().find(|(at, character)| !allowed(*at, *character)).map(|(at, _)| at)
}

fn allowed(at: usize, character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' => true,
        '\u{FEFF}' => at == 0,
        '\u{A0}'..='\u{FFFD}' | '\u{10000}'.. => true,
        _ => false,
    }
}

/// The diagnostic for such a character.
pub(super) fn forbidden(file: FileId, text: &str, offset: usize, sources: &mut Sources) -> Diagnostic {
    let character = text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or_default();
    let origin = sources.read_at(Span::new(file, offset, offset + character.len_utf8()));
    let code = u32::from(character);
    Diagnostic::new(&rule::FORBIDDEN_CHARACTER, format!("the character U+{code:04X} is not allowed in YAML"))
        .label(origin, "here")
        .help("delete it, or write it as an escape in a double-quoted string")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        assert_eq!(decode(b"a: \xC3\xA9".to_vec()).as_deref(), Ok("a: é"));
        assert_eq!(decode(vec![0xFF, 0xFE, b'a', 0, b':', 0]).as_deref(), Ok("a:"));
        assert_eq!(decode(vec![b'a', 0xFF]), Err(1));
    }

    #[test]
    fn forbidden_characters() {
        for (text, found) in [
            ("a: b\n", None),
            ("\u{FEFF}a: é\n", None),
            ("a: \u{1}", Some(3)),
            ("a\u{FEFF}", Some(1)),
            ("é\u{7F}", Some(2)),
        ] {
            assert_eq!(forbidden_character(text), found, "{text:?}");
        }
    }
}
