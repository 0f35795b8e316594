//! The forms in which a value stands elsewhere: as it is, escaped for JSON or an address, in base64, in hexadecimal.
//!
//! In: a value. Out: the texts that give it away. Invariant: the value itself comes first, and none stands twice.

/// A shorter value decides too few letters of a longer text in base64 to be sure of, and so in hexadecimal.
const LONG: usize = 12;

/// A value in every form in which another tool may write it down.
#[must_use]
pub fn secret_encodings(value: &str) -> Vec<String> {
    let json = json_escaped(value);
    let escaped = percent_encoded(value, |byte| format!("%{byte:02X}"));
    let lower = percent_encoded(value, |byte| format!("%{byte:02x}"));
    let mut encoded = vec![base64(value.as_bytes(), 0)];
    let mut all = vec![value.to_owned(), escaped, lower, json.replace('/', "\\/"), json];
    if value.len() >= LONG {
        encoded.extend((0..3).map(|before| inside_base64(value.as_bytes(), before)));
        all.push(value.bytes().map(|byte| format!("{byte:02x}")).collect());
        all.push(value.bytes().map(|byte| format!("{byte:02X}")).collect());
    }
    // The alphabet of addresses: RFC 4648, section 5.
    let of_addresses: Vec<String> =
        encoded.iter().map(|text| text.replace('+', "-").replace('/', "_")).collect();
    let mut kept: Vec<String> = Vec::new();
    for text in all.into_iter().chain(encoded).chain(of_addresses) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

/// RFC 3986: everything but unreserved letters as an escape.
fn percent_encoded(value: &str, escape: fn(u8) -> String) -> String {
    let letter = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => escape(byte),
    };
    value.bytes().map(letter).collect()
}

/// As a string of JSON has it, without the quotes around it.
fn json_escaped(value: &str) -> String {
    let mut text = String::new();
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text
}

/// The letters that a value decides in the base64 of a longer text, in which `before` bytes (of three) stand before it.
fn inside_base64(value: &[u8], before: usize) -> String {
    let text = base64(value, before);
    let decided = (before + value.len()) * 8 / 6;
    let first = (before * 8).div_ceil(6);
    text.get(first..decided).unwrap_or_default().to_owned()
}

/// RFC 4648 of a value with `before` bytes before it, without the padding: what follows shows in the last letters only.
fn base64(value: &[u8], before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(value.iter().copied()).collect();
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
        assert_eq!(base64(b"foobar", 0), "Zm9vYmFy");
        assert_eq!(base64(b"fooba", 0), "Zm9vYmE");
        assert_eq!(base64(b"f", 0), "Zg");
        let escape = |byte| format!("%{byte:02X}");
        assert_eq!(percent_encoded("a b/ü~", escape), "a%20b%2F%C3%BC~");
        assert_eq!(json_escaped("a\"b\\c\nd\re\tf"), "a\\\"b\\\\c\\nd\\re\\tf");
        assert_eq!(secret_encodings("a/b"), ["a/b", "a%2Fb", "a%2fb", "a\\/b", "YS9i"]);
        assert_eq!(secret_encodings("ab"), ["ab", "YWI"], "what needs no escape has none");
        assert_eq!(secret_encodings("a?>"), ["a?>", "a%3F%3E", "a%3f%3e", "YT8+", "YT8-"]);
    }

    #[test]
    fn a_long_value_is_known_inside_the_base64_of_another() {
        let value = "walnut/7Qx+fern";
        let forms = secret_encodings(value);
        for (before, after) in [("", ""), ("a", ":x"), ("ab", "yz"), ("abc", "q"), ("user:", "@host")] {
            let whole = base64(format!("{before}{value}{after}").as_bytes(), 0);
            assert!(forms.iter().any(|form| whole.contains(form.as_str())), "{whole}: {forms:?}");
        }
        // At each of the three places of the text in a group of letters, and nothing that any text has.
        assert_eq!(forms.len(), 9, "{forms:?}");
        assert!(forms.iter().all(|form| form.len() > 12), "{forms:?}");
        assert!(forms.contains(&"77616c6e75742f3751782b6665726e".to_owned()));
        assert!(forms.contains(&"77616C6E75742F3751782B6665726E".to_owned()));
        assert!(!secret_encodings("walnut-fern").iter().any(|form| form.starts_with("7761")), "too short");
        assert!(secret_encodings("walnut-fern7").iter().any(|form| form.starts_with("7761")));
    }
}
