//! Compares two versions of a file, by meaning where the format allows it.
//!
//! YAML and JSON are compared as trees and reported by key path
//! (`Resources.AppTaskDefinition.Properties.Cpu: "256" -> "512"`); other text line by line; binary files by size.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::{document, lines};

/// The longest value shown in full, in characters.
const SHOWN: usize = 120;

/// Keys that identify the entries of a list: ECS, CloudFormation, Beanstalk, IAM.
const IDENTITIES: &[&str] =
    &["Name", "name", "Key", "key", "Sid", "PolicyName", "OptionName", "ContainerName", "path"];

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactDifference {
    /// Added: key path and value.
    Added(String, Json),
    /// Removed: key path and value.
    Removed(String, Json),
    /// Changed: key path, old value, new value.
    Changed(String, Json, Json),
    /// A multi-line string: key path (empty for the whole file), unified difference.
    Lines(String, String),
    /// The same entries in a different order: key path.
    Order(String),
    /// A purely textual change, such as comments, quotes or the order of keys: the unified difference.
    Form(String),
    /// A binary file: old and new size in bytes.
    Binary(usize, usize),
}

impl fmt::Display for ArtifactDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArtifactDifference::Added(path, value) => write!(f, "+ {path}: {}", ShownValue(value)),
            ArtifactDifference::Removed(path, value) => write!(f, "- {path}: {}", ShownValue(value)),
            ArtifactDifference::Changed(path, old, new) => {
                write!(f, "{path}: {} -> {}", ShownValue(old), ShownValue(new))
            }
            ArtifactDifference::Lines(path, text) if path.is_empty() => f.write_str(text.trim_end()),
            ArtifactDifference::Lines(path, text) => write!(f, "{path}:\n{}", text.trim_end()),
            ArtifactDifference::Order(path) => write!(f, "{path}: same entries in a different order"),
            ArtifactDifference::Form(text) => {
                write!(f, "same content, formatted differently:\n{}", text.trim_end())
            }
            ArtifactDifference::Binary(old, new) => write!(f, "{old} bytes -> {new} bytes"),
        }
    }
}

/// A value on one line, truncated if long.
struct ShownValue<'a>(&'a Json);

impl fmt::Display for ShownValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match text.char_indices().nth(SHOWN) {
            None => f.write_str(&text),
            Some((at, _)) => write!(f, "{}...", text.get(..at).unwrap_or_default()),
        }
    }
}

/// The differences between two versions of a file. Empty only if the bytes are equal.
pub fn diff(path: &str, old: &[u8], new: &[u8]) -> Vec<ArtifactDifference> {
    if old == new {
        return Vec::new();
    }
    let (Ok(old_text), Ok(new_text)) = (str::from_utf8(old), str::from_utf8(new)) else {
        return vec![ArtifactDifference::Binary(old.len(), new.len())];
    };
    let by_line = || lines::unified(old_text, new_text).unwrap_or_default();
    let (Some(old), Some(new)) = (document::parse(path, old_text), document::parse(path, new_text)) else {
        return vec![ArtifactDifference::Lines(String::new(), by_line())];
    };
    let mut found = Vec::new();
    values("", &old, &new, &mut found);
    if found.is_empty() {
        found.push(ArtifactDifference::Form(by_line()));
    }
    found
}

fn values(path: &str, old: &Json, new: &Json, found: &mut Vec<ArtifactDifference>) {
    match (old, new) {
        (Json::Object(old), Json::Object(new)) if !is_function(old) && !is_function(new) => {
            objects(path, old, new, found);
        }
        (Json::Array(old), Json::Array(new)) => arrays(path, old, new, found),
        (Json::String(a), Json::String(b)) if a != b && (a.contains('\n') || b.contains('\n')) => {
            found.push(ArtifactDifference::Lines(path.to_owned(), lines::unified(a, b).unwrap_or_default()));
        }
        _ if old == new => {}
        _ => found.push(ArtifactDifference::Changed(path.to_owned(), old.clone(), new.clone())),
    }
}

/// A function is a single value to its reader, unless it contains a list of objects.
fn is_function(object: &Map<String, Json>) -> bool {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => {
            (key == "Ref" || key.starts_with("Fn::")) && value.to_string().len() <= SHOWN
        }
        _ => false,
    }
}

fn objects(
    path: &str,
    old: &Map<String, Json>,
    new: &Map<String, Json>,
    found: &mut Vec<ArtifactDifference>,
) {
    for (key, value) in old {
        match new.get(key) {
            Some(other) => values(&below(path, key), value, other, found),
            None => found.push(ArtifactDifference::Removed(below(path, key), value.clone())),
        }
    }
    for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        found.push(ArtifactDifference::Added(below(path, key), value.clone()));
    }
}

fn below(path: &str, key: &str) -> String {
    let key = if key.contains(['.', '[', ' ']) { format!("\"{key}\"") } else { key.to_owned() };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn arrays(path: &str, old: &[Json], new: &[Json], found: &mut Vec<ArtifactDifference>) {
    let identity = IDENTITIES.iter().find_map(|key| Some((names(key, old)?, names(key, new)?)));
    let before = found.len();
    match identity {
        Some((old_names, new_names)) => {
            let keyed = |names: &[String], items: &[Json]| {
                names.iter().cloned().zip(items.iter().cloned()).collect::<Map<_, _>>()
            };
            entries(path, &keyed(&old_names, old), &keyed(&new_names, new), found);
            if found.len() == before && old_names != new_names {
                found.push(ArtifactDifference::Order(path.to_owned()));
            }
        }
        None if old.iter().chain(new).all(|item| !item.is_object() && !item.is_array()) => {
            scalars(path, old, new, found)
        }
        None => by_index(path, old, new, found),
    }
}

/// The names of a list's entries by one key, if they are unique.
fn names(key: &str, items: &[Json]) -> Option<Vec<String>> {
    let names: Vec<String> =
        items.iter().map(|item| Some(item.get(key)?.as_str()?.to_owned())).collect::<Option<_>>()?;
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    (unique.len() == names.len()).then_some(names)
}

fn entries(
    path: &str,
    old: &Map<String, Json>,
    new: &Map<String, Json>,
    found: &mut Vec<ArtifactDifference>,
) {
    let at = |name: &str| format!("{path}[{name}]");
    for (name, value) in old {
        match new.get(name) {
            Some(other) => values(&at(name), value, other, found),
            None => found.push(ArtifactDifference::Removed(at(name), value.clone())),
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        found.push(ArtifactDifference::Added(at(name), value.clone()));
    }
}

fn scalars(path: &str, old: &[Json], new: &[Json], found: &mut Vec<ArtifactDifference>) {
    if old.len() == new.len() && old.iter().zip(new).filter(|(a, b)| a != b).count() == 1 {
        return by_index(path, old, new, found);
    }
    let before = found.len();
    let missing = |from: &[Json], within: &[Json]| {
        let mut rest = within.to_vec();
        let gone = from.iter().filter(|item| match rest.iter().position(|other| other == *item) {
            Some(at) => {
                rest.swap_remove(at);
                false
            }
            None => true,
        });
        gone.cloned().collect::<Vec<_>>()
    };
    found.extend(
        missing(old, new).into_iter().map(|item| ArtifactDifference::Removed(format!("{path}[]"), item)),
    );
    found.extend(
        missing(new, old).into_iter().map(|item| ArtifactDifference::Added(format!("{path}[]"), item)),
    );
    if found.len() == before && old != new {
        found.push(ArtifactDifference::Order(path.to_owned()));
    }
}

fn by_index(path: &str, old: &[Json], new: &[Json], found: &mut Vec<ArtifactDifference>) {
    for (index, (a, b)) in old.iter().zip(new).enumerate() {
        values(&format!("{path}[{index}]"), a, b, found);
    }
    for (index, item) in old.iter().enumerate().skip(new.len()) {
        found.push(ArtifactDifference::Removed(format!("{path}[{index}]"), item.clone()));
    }
    for (index, item) in new.iter().enumerate().skip(old.len()) {
        found.push(ArtifactDifference::Added(format!("{path}[{index}]"), item.clone()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(path: &str, old: &str, new: &str) -> Vec<String> {
        diff(path, old.as_bytes(), new.as_bytes()).iter().map(ArtifactDifference::to_string).collect()
    }

    #[test]
    fn by_meaning() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("A: {Cpu: \"256\"}", "A: {Cpu: \"512\"}", &["A.Cpu: \"256\" -> \"512\""]),
            ("A: 1", "A: \"1\"", &["A: 1 -> \"1\""]),
            ("A: !Ref B", "A: !GetAtt B.Arn", &["A: {\"Ref\":\"B\"} -> {\"Fn::GetAtt\":[\"B\",\"Arn\"]}"]),
            ("A: !Ref B", "A: {Cpu: 1}", &["A: {\"Ref\":\"B\"} -> {\"Cpu\":1}"]),
            ("A: 1\nB: 2", "B: 2\nC: 3", &["- A: 1", "+ C: 3"]),
            ("A: {b.c: 1}", "A: {b.c: 2}", &["A.\"b.c\": 1 -> 2"]),
            (
                "L: [{Name: a, V: 1}, {Name: b, V: 2}]",
                "L: [{Name: z, V: 9}, {Name: b, V: 3}]",
                &["- L[a]: {\"Name\":\"a\",\"V\":1}", "L[b].V: 2 -> 3", "+ L[z]: {\"Name\":\"z\",\"V\":9}"],
            ),
            (
                "L: [{Name: a}, {Name: b}]",
                "L: [{Name: b}, {Name: a}]",
                &["L: same entries in a different order"],
            ),
            ("L: [a, b, c]", "L: [b, c, d, e]", &["- L[]: \"a\"", "+ L[]: \"d\"", "+ L[]: \"e\""]),
            ("L: [a, b]", "L: [a, c]", &["L[1]: \"b\" -> \"c\""]),
            ("L: [{V: 1}]", "L: [{V: 2}, {V: 3}]", &["L[0].V: 1 -> 2", "+ L[1]: {\"V\":3}"]),
            ("A: |\n  x\n  y\n", "A: |\n  x\n  z\n", &["A:\n@@ -1,2 +1,2 @@\n x\n-y\n+z"]),
            (
                "# a\nA: 1\n",
                "# b\nA: 1\n",
                &["same content, formatted differently:\n@@ -1,2 +1,2 @@\n-# a\n+# b\n A: 1"],
            ),
        ];
        for (old, new, expected) in cases {
            assert_eq!(said("t.yaml", old, new), *expected, "{old} | {new}");
        }
    }

    #[test]
    fn by_line_and_by_size() {
        assert_eq!(said("run.sh", "a\nb\n", "a\nc\n"), ["@@ -1,2 +1,2 @@\n a\n-b\n+c"]);
        assert_eq!(said("t.json", "{", "{}").len(), 1);
        assert_eq!(diff("x", &[0xFF], &[0xFE, 0xFF]), [ArtifactDifference::Binary(1, 2)]);
        assert_eq!(said("t.yaml", "A: 1", "A: 1"), Vec::<String>::new());
        let long = format!("A: {}", "x".repeat(300));
        assert!(said("t.yaml", "A: 1", &long)[0].ends_with("xxx..."));
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Json::from),
            (0..4i64).prop_map(Json::from),
            "[a\n]{0,3}".prop_map(Json::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let key = prop::sample::select(vec!["Name", "Ref", "Fn::If", "b"]).prop_map(str::to_owned);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
                prop::collection::vec((key, inner), 0..4)
                    .prop_map(|it| Json::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Different trees never compare as the same, and equal ones never as different.
        #[test]
        fn nothing_is_missed(old in json(), new in json()) {
            let mut found = Vec::new();
            values("", &old, &new, &mut found);
            prop_assert_eq!(found.is_empty(), old == new, "{:?}", found);
        }
    }
}
