//! Templates as JSON, and what their resources refer to.
//!
//! In: the text of a template, YAML or JSON. Out: JSON with the long form of every intrinsic function. CloudFormation
//! accepts both formats, with the same meaning.

use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;
use std::collections::BTreeSet;

/// Reads a template.
///
/// # Errors
/// It is not YAML.
pub(super) fn read(template: &str) -> Result<Value, serde_yaml::Error> {
    Ok(json_of(serde_yaml::from_str(template)?))
}

/// The names that a value refers to with `Ref`, `Fn::GetAtt` and `Fn::Sub`: resources, parameters, pseudo parameters.
pub(super) fn references(value: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(entries) => {
            for (key, inner) in entries {
                match key.as_str() {
                    "Ref" => found.extend(inner.as_str()),
                    "Fn::GetAtt" => found.extend(attribute_of(inner)),
                    "Fn::Sub" => {
                        found.extend(placeholders(inner.as_str().or_else(|| inner.get(0)?.as_str())))
                    }
                    _ => {}
                }
                collect(inner, found);
            }
        }
        _ => {}
    }
}

/// The resource of `["A", "B"]` and of `"A.B"`.
fn attribute_of(value: &Value) -> Option<&str> {
    let text = value.get(0).unwrap_or(value).as_str()?;
    text.split('.').next()
}

/// The names in `${A}` and `${A.B}`; `${!A}` is text.
fn placeholders(text: Option<&str>) -> impl Iterator<Item = &str> {
    let parts = text.unwrap_or_default().split("${").skip(1);
    let names = parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name);
    names.filter(|name| !name.starts_with('!')).filter_map(|name| name.split('.').next())
}

/// A scalar as text: templates write `true` with or without quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Converts YAML with short intrinsic functions to JSON with the long ones.
fn json_of(value: Yaml) -> Value {
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => number_of(&number),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(json_of).collect()),
        Yaml::Mapping(entries) => {
            let entry = |(key, value)| (plain(&json_of(key)), json_of(value));
            Value::Object(entries.into_iter().map(entry).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            intrinsic(name.trim_start_matches('!'), json_of(tagged.value))
        }
    }
}

fn number_of(number: &serde_yaml::Number) -> Value {
    if let Some(value) = number.as_i64() {
        return value.into();
    }
    number.as_u64().map_or_else(|| json!(number.as_f64()), Value::from)
}

fn intrinsic(name: &str, value: Value) -> Value {
    let long = match name {
        "Ref" | "Condition" => name.to_owned(),
        other => format!("Fn::{other}"),
    };
    // `!GetAtt A.B` is short for a list of two.
    let value = match (name, value.as_str().and_then(|text| text.split_once('.'))) {
        ("GetAtt", Some((resource, attribute))) => json!([resource, attribute]),
        _ => value,
    };
    json!({ long: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_reference_is_found() {
        let text = "
A: !Ref One
B: !GetAtt Two.Arn
C: { Fn::GetAtt: [Three, Arn] }
D: !Sub 'x${Four}y${Five.Arn}${!Six}'
E: { Fn::Sub: ['${Seven}', { Eight: !Ref Nine }] }
F: [{ Deep: { Ref: Ten } }]
";
        let value = read(text).unwrap();
        let found: Vec<&str> = references(&value).into_iter().collect();
        assert_eq!(found, ["Five", "Four", "Nine", "One", "Seven", "Ten", "Three", "Two"]);
    }
}
