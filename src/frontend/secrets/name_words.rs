//! The words of a name: `MYSQL_ROOT_PASSWORD`, `spring.datasource.url`, `dbHost`.
//!
//! In: the name of a variable, a key or a flag. Out: its words in upper case. Invariant: no word is empty.

use std::borrow::Cow;

/// The words of a name, in upper case: cut where a letter or digit ends, and at camel humps.
#[must_use]
pub fn name_words(name: &str) -> Vec<Cow<'_, str>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut before_lower = false;
    for (at, letter) in name.char_indices() {
        let hump = letter.is_uppercase() && before_lower;
        let is_inside = letter.is_alphanumeric();
        if hump || !is_inside {
            words.extend(start.take().and_then(|start| name.get(start..at)).map(upper));
        }
        if is_inside && start.is_none() {
            start = Some(at);
        }
        before_lower = letter.is_lowercase();
    }
    words.extend(start.and_then(|start| name.get(start..)).map(upper));
    words
}

/// A word in upper case. Most are so already.
fn upper(word: &str) -> Cow<'_, str> {
    match word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        true => word.into(),
        false => word.to_uppercase().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::name_words;

    #[test]
    fn names_are_cut_into_words() {
        for (name, words) in [
            ("MYSQL_ROOT_PASSWORD", "MYSQL ROOT PASSWORD"),
            ("spring.datasource.url", "SPRING DATASOURCE URL"),
            ("dbHost", "DB HOST"),
            ("--api-key", "API KEY"),
            ("ConnectionStrings__Default", "CONNECTION STRINGS DEFAULT"),
            ("", ""),
            ("___", ""),
            ("schlüsselDatei", "SCHLÜSSEL DATEI"),
            ("straße9", "STRASSE9"),
        ] {
            assert_eq!(name_words(name).join(" "), words, "{name}");
        }
    }
}
