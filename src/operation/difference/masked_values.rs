//! Masks secrets in values that are shown.
//!
//! In: a difference of two artifacts, or a value with its name. Out: the same with `***` for each secret. What this version
//! compiles holds none, but the other side may be an earlier version's, or another tool's. Pure.

use super::labels;
use serde_json::Value as Json;
use std::ops::Range;
use tranship_artifact::diff::ArtifactDifference;
use tranship_frontend::secrets::{secret_spans, secrets_in_command, secrets_of};

/// The replacement for a secret.
const MASK: &str = "***";

/// Keys of an entry that hold its name, and those that hold its value.
const NAMES: [&str; 5] = ["Name", "name", "Key", "OptionName", "option_name"];
const VALUES: [&str; 2] = ["Value", "value"];

/// The difference without secrets.
pub fn masked_difference(difference: ArtifactDifference) -> ArtifactDifference {
    let masked = |path: &str, value: Json| masked_value(&name_of(path), value);
    match difference {
        ArtifactDifference::Added(path, value) => {
            let value = masked(&path, value);
            ArtifactDifference::Added(path, value)
        }
        ArtifactDifference::Removed(path, value) => {
            let value = masked(&path, value);
            ArtifactDifference::Removed(path, value)
        }
        ArtifactDifference::Changed(path, old, new) => {
            let (old, new) = (masked(&path, old), masked(&path, new));
            ArtifactDifference::Changed(path, old, new)
        }
        ArtifactDifference::Lines(path, text) => {
            let text = without(&text, secret_spans(&text));
            ArtifactDifference::Lines(path, text)
        }
        ArtifactDifference::Form(text) => ArtifactDifference::Form(without(&text, secret_spans(&text))),
        other @ (ArtifactDifference::Order(_) | ArtifactDifference::Binary(..)) => other,
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

fn masked_value(name: &str, value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(masked_text(name, &text)),
        Json::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
            match words {
                Some(words) => masked_command(&words).into(),
                None => items.into_iter().map(|item| masked_value(name, item)).collect(),
            }
        }
        Json::Object(entries) => {
            let text = |key: &&str| entries.get(*key).and_then(Json::as_str);
            let named = NAMES.iter().find_map(text).unwrap_or_default().to_owned();
            let called = |key: &str| match VALUES.contains(&key) {
                true if !named.is_empty() => named.clone(),
                true => name.to_owned(),
                false => key.to_owned(),
            };
            entries
                .into_iter()
                .map(|(key, value)| {
                    let value = masked_value(&called(&key), value);
                    (key, value)
                })
                .collect()
        }
        other => other,
    }
}

/// The words of a command: a flag says what the next one is.
fn masked_command(words: &[&str]) -> Vec<String> {
    let mut ranges: Vec<Vec<Range<usize>>> = vec![Vec::new(); words.len()];
    for secret in secrets_in_command(words) {
        if let Some(found) = ranges.get_mut(secret.word) {
            found.push(secret.range);
        }
    }
    words.iter().zip(ranges).map(|(word, ranges)| without(word, ranges)).collect()
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

    #[test]
    fn a_secret_is_masked_by_its_name_its_form_and_the_flag_before_it() {
        let shown = |path: &str, old: Json, new: Json| {
            let Json::Array(all) =
                (match masked_difference(ArtifactDifference::Changed(path.into(), old, new)) {
                    ArtifactDifference::Changed(_, old, new) => json!([old, new]),
                    _ => Json::Null,
                })
            else {
                return json!(null);
            };
            json!(all)
        };
        assert_eq!(
            shown("Environment[DB_PASSWORD].Value", json!("walnut-7"), json!({ "Ref": "P" })),
            json!(["***", { "Ref": "P" }])
        );
        assert_eq!(
            shown("Environment[UPSTREAM].Value", json!("http://u:walnut7@h/x"), json!("http://h/x")),
            json!(["http://u:***@h/x", "http://h/x"])
        );
        assert_eq!(
            shown(
                "C[web].Command",
                json!(["redis-server", "--requirepass", "walnut-7"]),
                json!(["redis-server"])
            ),
            json!([["redis-server", "--requirepass", "***"], ["redis-server"]])
        );
        assert_eq!(
            shown(
                "ContainerDefinitions[web]",
                json!({ "Environment": [{ "Name": "API_TOKEN", "Value": "walnut-7" }, { "Name": "MODE", "Value": "walnut-7" }] }),
                json!(7)
            ),
            json!([{ "Environment": [{ "Name": "API_TOKEN", "Value": "***" }, { "Name": "MODE", "Value": "walnut-7" }] }, 7])
        );
        assert_eq!(
            shown("option_settings.ns.API_TOKEN", json!({ "value": "walnut-7" }), json!("walnut-8")),
            json!([{ "value": "***" }, "***"])
        );
    }

    #[test]
    fn lines_and_what_comes_or_goes_are_masked_too() {
        let added =
            masked_difference(ArtifactDifference::Added("E[API_TOKEN].Value".into(), json!("walnut-7")));
        assert_eq!(added, ArtifactDifference::Added("E[API_TOKEN].Value".into(), json!("***")));
        let removed = masked_difference(ArtifactDifference::Removed("E.API_TOKEN".into(), json!("walnut-7")));
        assert_eq!(removed, ArtifactDifference::Removed("E.API_TOKEN".into(), json!("***")));
        let text = "-API_TOKEN=walnut-7\n+MODE=walnut-7\n";
        let masked = "-API_TOKEN=***\n+MODE=walnut-7\n";
        for (given, expected) in [
            (
                ArtifactDifference::Lines("x".into(), text.into()),
                ArtifactDifference::Lines("x".into(), masked.into()),
            ),
            (ArtifactDifference::Form(text.into()), ArtifactDifference::Form(masked.into())),
        ] {
            assert_eq!(masked_difference(given), expected);
        }
        let order = ArtifactDifference::Order("x".into());
        assert_eq!(masked_difference(order.clone()), order);
    }

    #[test]
    fn ranges_may_overlap_and_come_in_any_order() {
        assert_eq!(without("abcdef", vec![3..5, 0..1, 4..6, 2..2]), "***bc***");
        assert_eq!(without("abc", vec![]), "abc");
    }
}
