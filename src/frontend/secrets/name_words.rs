//! The words of a name: `MYSQL_ROOT_PASSWORD`, `spring.datasource.url`, `dbHost`.
//!
//! In: the name of a variable, a key or a flag. Out: its words in upper case. Invariant: no word is empty.

/// The words of a name, in upper case: cut where a letter or digit ends, and at camel humps.
#[must_use]
pub fn name_words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before_lower = false;
    for letter in name.chars() {
        let hump = letter.is_uppercase() && before_lower;
        if (hump || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match letter.is_ascii_alphanumeric() {
            true => word.push(letter.to_ascii_uppercase()),
            false if letter.is_alphanumeric() => word.extend(letter.to_uppercase()),
            false => {}
        }
        before_lower = letter.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
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
