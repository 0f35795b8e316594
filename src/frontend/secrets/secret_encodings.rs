//! The forms in which a value stands elsewhere: as it is, percent-encoded, and in base64.
//!
//! In: a value. Out: the texts that give it away. Invariant: the value itself comes first.

/// A value as it is, in base64, and percent-encoded where that differs.
#[must_use]
pub fn secret_encodings(value: &str) -> Vec<String> {
    let encoded = percent_encoded(value);
    let mut all = vec![value.to_owned(), base64(value.as_bytes())];
    all.extend(Some(encoded).filter(|encoded| encoded != value));
    all
}

/// RFC 3986: everything but unreserved letters as `%XX`.
fn percent_encoded(value: &str) -> String {
    let letter = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(letter).collect()
}

/// RFC 4648, without the padding: what follows a value shows in its last letters only.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = chunk.iter().chain([0, 0].iter()).take(3);
        let bits = padded.fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let shifts = [18, 12, 6, 0].into_iter().take(chunk.len() + 1);
        let letter = |shift: u32| LETTERS.get((bits >> shift & 63) as usize).copied().map_or('=', char::from);
        text.extend(shifts.map(letter));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_those_of_the_standards() {
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(base64(b"fooba"), "Zm9vYmE");
        assert_eq!(base64(b"f"), "Zg");
        assert_eq!(percent_encoded("a b/ü~"), "a%20b%2F%C3%BC~");
        assert_eq!(secret_encodings("a/b"), ["a/b", "YS9i", "a%2Fb"]);
        assert_eq!(secret_encodings("ab"), ["ab", "YWI"], "what needs no escape has none");
    }
}
