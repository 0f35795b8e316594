//! Takes the values of secrets out of text that others wrote: what a container logged, why a task stopped.
//!
//! In: the values given in this run. Out: text in which none of them stands. Invariant: a value is found as it
//! is, line by line, and as JSON and URLs spell it; one that this run does not know cannot be found.

use std::collections::BTreeSet;
use std::fmt;

/// What stands in place of a value.
const MASK: &str = "***";

/// A line of a value of many lines is masked from this length on: shorter ones, such as `}`, are everywhere.
const SHORTEST_LINE: usize = 4;

/// The values to take out, longest first, so that a value in which another stands goes as a whole.
#[derive(Clone, Default)]
pub(super) struct Mask(Vec<String>);

/// Shows no value.
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} forms)", self.0.len())
    }
}

impl Mask {
    /// Of these values; an empty one hides nothing.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms = BTreeSet::new();
        for value in values {
            forms.extend(spellings(value));
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
            forms.extend(lines.flat_map(spellings));
        }
        forms.remove("");
        let mut forms: Vec<String> = forms.into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Mask(forms)
    }

    /// The text without them.
    pub(super) fn apply(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), MASK))
    }
}

/// A value as it is, within a JSON string, and within a URL.
fn spellings(value: &str) -> [String; 3] {
    let quoted = serde_json::Value::from(value).to_string();
    let json = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
    [value.to_owned(), json, percent_encoded(value)]
}

/// All but the unreserved characters of RFC 3986, section 2.3.
fn percent_encoded(value: &str) -> String {
    let spell = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_each_of_its_spellings() {
        for (value, text, masked) in [
            ("hunter2", "password=hunter2, again hunter2", "password=***, again ***"),
            ("p@ss/word", "postgres://app:p%40ss%2Fword@db/app", "postgres://app:***@db/app"),
            ("say \"so\"", r#"{"password": "say \"so\""}"#, r#"{"password": "***"}"#),
            ("-----BEGIN\nMIIEabc\n-----END", "read MIIEabc from a file", "read *** from a file"),
            ("{\n\"a\": 1\n}", "a } closes", "a } closes"),
            ("x", "axb", "a***b"),
            ("", "nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(Mask::new([value]).apply(text), masked, "{value}");
        }
    }

    #[test]
    fn the_longest_value_goes_first() {
        assert_eq!(Mask::new(["abc", "abcdef"]).apply("abcdef abc"), "*** ***");
    }

    #[test]
    fn a_mask_shows_no_value() {
        assert!(!format!("{:?}", Mask::new(["canary"])).contains("canary"));
    }
}
