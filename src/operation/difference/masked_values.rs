//! Masks secrets in values that are shown.
//!
//! In: two versions of an artifact and their differences, or a value with its name. Out: the same with `***` for each secret. What this version
//! compiles holds none, but the other side may be an earlier version's, or another tool's. Pure.

use super::labels;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::ops::Range;
use tranship_artifact::diff::ArtifactDifference;
use tranship_artifact::parse_document;
use tranship_frontend::secrets::{secrets_in_command, secrets_of};

/// The replacement for a secret.
const MASK: &str = "***";

/// Keys of an entry that hold its name, and those that hold its value.
const NAMES: [&str; 5] = ["Name", "name", "Key", "OptionName", "option_name"];
const VALUES: [&str; 2] = ["Value", "value"];

/// A secret that is at least this long is masked inside a longer text, too; a shorter one may be a part of any word.
const LONG: usize = 8;

/// The secrets of the documents that are compared. A member of a command says nothing of itself: the flag before it does.
#[derive(Default)]
pub struct DocumentSecrets(BTreeSet<String>);

impl DocumentSecrets {
    /// The secrets of both versions of a file.
    pub fn of<'a>(path: &str, versions: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut found = DocumentSecrets::default();
        for bytes in versions {
            let parsed = str::from_utf8(bytes).ok().and_then(|text| parse_document(path, text));
            found.collect("", &parsed.unwrap_or_default());
        }
        found
    }

    fn collect(&mut self, name: &str, value: &Json) {
        let mut take = |text: &str, ranges: Vec<Range<usize>>| {
            self.0.extend(ranges.into_iter().filter_map(|range| text.get(range)).map(str::to_owned));
        };
        match value {
            Json::String(text) => take(text, secrets_of(name, text)),
            Json::Array(items) => {
                let words: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
                for secret in words.iter().flat_map(|words| secrets_in_command(words)) {
                    let word = words.iter().flatten().nth(secret.word).copied().unwrap_or_default();
                    take(word, vec![secret.range]);
                }
                items.iter().for_each(|item| self.collect(name, item));
            }
            Json::Object(entries) => {
                let text = |key: &&str| entries.get(*key).and_then(Json::as_str);
                let own = NAMES.iter().find_map(text).unwrap_or(name);
                for (key, value) in entries {
                    self.collect(if VALUES.contains(&key.as_str()) { own } else { key }, value);
                }
            }
            _ => {}
        }
    }

    /// The difference without them, and without what has the form of a secret.
    pub fn masked(&self, difference: ArtifactDifference) -> ArtifactDifference {
        let value = |path: &str, value: Json| self.value(&name_of(path), value);
        match difference {
            ArtifactDifference::Added(path, new) => {
                let new = value(&path, new);
                ArtifactDifference::Added(path, new)
            }
            ArtifactDifference::Removed(path, old) => {
                let old = value(&path, old);
                ArtifactDifference::Removed(path, old)
            }
            ArtifactDifference::Changed(path, old, new) => {
                let (old, new) = (value(&path, old), value(&path, new));
                ArtifactDifference::Changed(path, old, new)
            }
            ArtifactDifference::Lines(path, text) => {
                let text = self.text("", &text);
                ArtifactDifference::Lines(path, text)
            }
            ArtifactDifference::Form(text) => ArtifactDifference::Form(self.text("", &text)),
            other @ (ArtifactDifference::Order(_) | ArtifactDifference::Binary(..)) => other,
        }
    }

    fn value(&self, name: &str, value: Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(name, &text)),
            Json::Array(items) => items.into_iter().map(|item| self.value(name, item)).collect(),
            Json::Object(entries) => entries
                .into_iter()
                .map(|(key, value)| {
                    let value = self.value(if VALUES.contains(&key.as_str()) { name } else { &key }, value);
                    (key, value)
                })
                .collect(),
            other => other,
        }
    }

    fn text(&self, name: &str, text: &str) -> String {
        if self.0.contains(text) {
            return MASK.to_owned();
        }
        let inside = self.0.iter().filter(|secret| secret.len() >= LONG);
        let known: Vec<Range<usize>> = inside
            .flat_map(|secret| text.match_indices(secret.as_str()))
            .map(|(at, found)| at..at + found.len())
            .collect();
        without(text, secrets_of(name, text).into_iter().chain(known).collect())
    }
}

/// The text of a value of this name, without secrets.
pub(super) fn masked_text(name: &str, text: &str) -> String {
    without(text, secrets_of(name, text))
}

/// What the value at a key path is called: `Environment[TOKEN].Value` is `TOKEN`.
fn name_of(path: &str) -> String {
    let mut parts = labels::parts(path);
    let last = parts.pop().unwrap_or_default();
    match VALUES.contains(&last.as_str()) {
        true => parts.pop().unwrap_or_default(),
        false => last,
    }
}

/// The text with these ranges masked, in whatever order they come.
fn without(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| range.start);
    let (mut shown, mut from) = (String::new(), 0);
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        if range.start >= from {
            shown.push_str(text.get(from..range.start).unwrap_or_default());
            shown.push_str(MASK);
        }
        from = from.max(range.end);
    }
    shown + text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tranship_artifact::diff::diff;

    /// What a comparison of two documents shows.
    fn shown(old: Json, new: Json) -> String {
        let bytes = [old.to_string().into_bytes(), new.to_string().into_bytes()];
        let [old, new] = &bytes;
        let secrets = DocumentSecrets::of("x.json", bytes.iter().map(Vec::as_slice));
        let found = diff("x.json", old, new).into_iter().map(|one| secrets.masked(one).to_string());
        found.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_secret_is_masked_by_its_name_its_form_and_the_flag_before_it() {
        let variables = |token: &str, mode: &str| json!({ "Environment": [{ "Name": "API_TOKEN", "Value": token }, { "Name": "MODE", "Value": mode }] });
        assert_eq!(
            shown(variables("walnut-7-otter", "a"), variables("x", "walnut")),
            "Environment[API_TOKEN].Value: \"***\" -> \"***\"\nEnvironment[MODE].Value: \"a\" -> \"walnut\""
        );
        assert_eq!(
            shown(json!({ "C": variables("walnut-7-otter", "a") }), json!({})),
            "- C: {\"Environment\":[{\"Name\":\"API_TOKEN\",\"Value\":\"***\"},{\"Name\":\"MODE\",\"Value\":\"a\"}]}"
        );
        assert_eq!(
            shown(json!({ "UP": "http://u:walnut7@h/x" }), json!({ "UP": "http://h/x" })),
            "UP: \"http://u:***@h/x\" -> \"http://h/x\""
        );
        assert_eq!(
            shown(
                json!({ "Command": ["redis-server", "--requirepass", "walnut-7"] }),
                json!({ "Command": ["redis-server"] })
            ),
            "- Command[]: \"--requirepass\"\n- Command[]: \"***\""
        );
        assert_eq!(
            shown(
                json!({ "A": { "API_TOKEN": "walnut-7" }, "B": "x walnut-7 y" }),
                json!({ "A": 1, "B": 2 })
            ),
            "A: {\"API_TOKEN\":\"***\"} -> 1\nB: \"x *** y\" -> 2"
        );
        assert_eq!(
            shown(
                json!({ "A": { "API_TOKEN": "w4lnut" }, "B": "x w4lnut y", "C": "w4lnut" }),
                json!({ "A": 1, "B": 2, "C": 3 })
            ),
            "A: {\"API_TOKEN\":\"***\"} -> 1\nB: \"x w4lnut y\" -> 2\nC: \"***\" -> 3",
            "a short one may be a part of any word"
        );
    }

    #[test]
    fn lines_are_masked_too() {
        let secrets = DocumentSecrets::of("x.txt", [b"?".as_slice()]);
        let text = "-API_TOKEN=walnut-7\n+MODE=walnut-7\n";
        let masked = "-API_TOKEN=***\n+MODE=walnut-7\n";
        for (given, expected) in [
            (
                ArtifactDifference::Lines("x".into(), text.into()),
                ArtifactDifference::Lines("x".into(), masked.into()),
            ),
            (ArtifactDifference::Form(text.into()), ArtifactDifference::Form(masked.into())),
        ] {
            assert_eq!(secrets.masked(given), expected);
        }
        let order = ArtifactDifference::Order("x".into());
        assert_eq!(secrets.masked(order.clone()), order);
    }

    #[test]
    fn ranges_may_overlap_and_come_in_any_order() {
        assert_eq!(without("abcdef", vec![3..5, 0..1, 4..6, 2..2]), "***bc***");
        assert_eq!(without("abc", vec![]), "abc");
    }
}
