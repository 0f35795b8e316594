//! Holds what the manifest says under `x-tranship` against the table of keys.
//!
//! In: the resolved tree. Out: diagnostics for unknown keys, wrong values and missing ones. Readers of
//! settings take what is well-formed and pass over the rest: it was told here.

use super::schema::{Field, SERVICE, Shape, TOP, VOLUME};
use super::{KEY, setting_text};
use crate::compose::Manifest;
use crate::diagnostic::{Diagnostic, Diagnostics, rules, suggest};
use crate::yaml::{Mapping, Node, Value};

/// Checks every `x-tranship` of the manifest.
pub(in crate::app) fn check(manifest: &Manifest, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { manifest, diagnostics };
    if let Some(node) = manifest.root.get(KEY) {
        checker.node(node, &TOP);
        checker.environment_names(node);
    }
    for (section, shape) in [("services", &SERVICE), ("volumes", &VOLUME)] {
        for entry in manifest.root.get(section).and_then(Node::as_mapping).into_iter().flatten() {
            if let Some(node) = entry.value.get(KEY) {
                checker.node(node, shape);
            }
        }
    }
}

struct Checker<'a> {
    manifest: &'a Manifest,
    diagnostics: &'a mut Diagnostics,
}

impl Checker<'_> {
    /// An environment's name is a directory's too, and a part of a stack's.
    fn environment_names(&mut self, top: &Node) {
        let declared = top.get("environments").and_then(Node::as_mapping);
        for entry in declared.into_iter().flatten().filter(|entry| !is_environment_name(&entry.key.text)) {
            self.diagnostics.push(
                Diagnostic::new(
                    &rules::tranship::INVALID_SETTING,
                    format!("`{}` is not a name for an environment", entry.key.text),
                )
                .at(entry.key.origin)
                .key(format!("{KEY}.environments"))
                .help(
                    "use letters, digits, `-`, `_` and `.`, at most 64, and start with a letter or a digit",
                ),
            );
        }
    }

    fn node(&mut self, node: &Node, shape: &Shape) {
        match (shape, &node.value) {
            (Shape::Map(tables), Value::Mapping(mapping)) => self.mapping(node, mapping, tables),
            (Shape::Named(inner) | Shape::NamedBy(_, inner), Value::Mapping(mapping)) => {
                mapping.iter().for_each(|entry| self.node(&entry.value, inner));
            }
            (Shape::List(inner) | Shape::OneOrMore(inner), Value::Sequence(items)) => {
                items.iter().for_each(|item| self.node(item, inner));
            }
            (Shape::OneOrMore(inner), _) => self.node(node, inner),
            (Shape::Either(shapes), _) => match shapes.iter().find(|shape| shape.admits(node)) {
                Some(shape) => self.node(node, shape),
                None => self.refuse(node, shape),
            },
            _ if shape.admits(node) => {}
            _ => self.refuse(node, shape),
        }
    }

    fn mapping(&mut self, node: &Node, mapping: &Mapping, tables: &[&'static [Field]]) {
        let fields = || tables.iter().flat_map(|table| table.iter());
        for entry in mapping {
            match fields().find(|field| field.name == &*entry.key.text) {
                Some(field) => self.node(&entry.value, &field.shape),
                None => self.unknown(&entry.key.text, &entry.value, entry.key.origin, tables),
            }
        }
        for field in fields().filter(|field| field.required && !mapping.contains_key(field.name)) {
            let path = self.manifest.nodes.path(node.id);
            self.diagnostics.push(
                Diagnostic::new(
                    &rules::tranship::INVALID_SETTING,
                    format!("`{path}` lacks `{}`", field.name),
                )
                .at(node.origin)
                .key(path.to_string())
                .help(format!("add `{}`: {}", field.name, lower_first(field.doc))),
            );
        }
    }

    fn unknown(
        &mut self,
        key: &str,
        value: &Node,
        origin: crate::source::Origin,
        tables: &[&'static [Field]],
    ) {
        let path = self.manifest.nodes.path(value.id);
        let known: Vec<&str> = tables.iter().flat_map(|table| table.iter()).map(|field| field.name).collect();
        let diagnostic = Diagnostic::new(
            &rules::tranship::UNKNOWN_SETTING,
            format!("`{path}`: Tranship has no setting `{key}` here"),
        )
        .at(if origin == crate::source::Origin::NOWHERE { value.origin } else { origin })
        .key(path.to_string());
        self.diagnostics.push(match suggest::closest(key, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("the settings here are {}", known.join(", "))),
        });
    }

    fn refuse(&mut self, node: &Node, shape: &Shape) {
        let path = self.manifest.nodes.path(node.id);
        let given = match setting_text(node) {
            Some(text) => format!("`{text}`"),
            None => node.value.kind().to_owned(),
        };
        let diagnostic = Diagnostic::new(
            &rules::tranship::INVALID_SETTING,
            format!("`{path}` must be {}, not {given}", shape.describe()),
        )
        .at(node.origin)
        .key(path.to_string());
        let near = setting_text(node).and_then(|text| suggest::closest(&text, shape.words()));
        self.diagnostics.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        });
    }
}

/// Whether a name can be an environment's: the pattern `ENVIRONMENT_NAME` of the table of keys.
fn is_environment_name(name: &str) -> bool {
    let letters = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(letters)
}

impl Shape {
    /// Whether a node has the form at all; what is inside it is checked on the way down.
    fn admits(&self, node: &Node) -> bool {
        match (self, &node.value) {
            (Shape::Text(start), _) => {
                setting_text(node).is_some_and(|text| !text.is_empty() && text.starts_with(start))
            }
            (Shape::Choice(words), _) => setting_text(node).is_some_and(|text| words.contains(&&*text)),
            (Shape::Integer(least, most), _) => setting_text(node)
                .and_then(|text| text.parse::<u32>().ok())
                .is_some_and(|number| (*least..=*most).contains(&number)),
            (Shape::Truth, value) => matches!(value, Value::Bool(_)),
            (Shape::List(_), value) => matches!(value, Value::Sequence(_)),
            (Shape::OneOrMore(inner), value) => matches!(value, Value::Sequence(_)) || inner.admits(node),
            (Shape::Map(_) | Shape::Named(_) | Shape::NamedBy(..), value) => {
                matches!(value, Value::Mapping(_))
            }
            (Shape::Either(shapes), _) => shapes.iter().any(|shape| shape.admits(node)),
        }
    }

    /// What may stand here, in words.
    fn describe(&self) -> String {
        match self {
            Shape::Text("") => "text".to_owned(),
            Shape::Text(start) => format!("text that starts with `{start}`"),
            Shape::Choice([one]) => format!("`{one}`"),
            Shape::Choice(words) => {
                format!(
                    "one of {}",
                    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
                )
            }
            Shape::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Shape::Truth => "true or false".to_owned(),
            Shape::List(_) => "a list".to_owned(),
            Shape::OneOrMore(inner) => format!("{} or a list", inner.describe()),
            Shape::Map(_) | Shape::Named(_) | Shape::NamedBy(..) => "a mapping".to_owned(),
            Shape::Either(shapes) => shapes.iter().map(Shape::describe).collect::<Vec<_>>().join(" or "),
        }
    }

    /// The words that could have been meant.
    fn words(&self) -> Vec<&'static str> {
        match self {
            Shape::Choice(words) => words.to_vec(),
            Shape::Either(shapes) => shapes.iter().flat_map(Shape::words).collect(),
            _ => Vec::new(),
        }
    }
}

/// `The VPC.` as the rest of a sentence: `the VPC`.
fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_environments_stay_in_their_directory() {
        for name in ["dev", "prod-2", "eu_west", "v1.2", "a..b", "9"] {
            assert!(is_environment_name(name), "{name}");
        }
        let long = "a".repeat(65);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/tmp/x",
            "a\\b",
            "a b",
            "a\nb",
            "a\u{1b}[31m",
            "-a",
            ".a",
            "é",
            "a:b",
            &long,
        ] {
            assert!(!is_environment_name(name), "{name:?}");
        }
    }
}
