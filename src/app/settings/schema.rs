//! The JSON Schema of the extension, made from the declarations.
//!
//! It describes a Compose file as far as `x-tranship` goes, so an editor can apply it beside the
//! schema of the Compose specification.

use super::KEY;
use super::declaration::{SettingDeclaration, SettingForm};
use super::environment::TopLevel;
use super::service::ServiceSettings;
use super::value::SettingValue;
use super::volume::VolumeSettings;
use serde_json::{Map, Value, json};

/// The schema, as `tranship schema` prints it; `targets` are the names that `target` may have.
pub fn published_schema(targets: &[&str]) -> Value {
    let of = |form: &SettingForm| of(form, targets);
    let section = |form: &SettingForm| {
        let entry = json!({ "type": ["object", "null"], "properties": { KEY: of(form) } });
        json!({ "type": "object", "additionalProperties": entry })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The x-tranship extension of a Compose file",
        "type": "object",
        "properties": {
            KEY: of(TopLevel::FORM),
            "services": section(ServiceSettings::FORM),
            "volumes": section(VolumeSettings::FORM),
        }
    })
}

fn of(form: &SettingForm, targets: &[&str]) -> Value {
    match form {
        SettingForm::Text { pattern: "", .. } => json!({ "type": ["string", "number"] }),
        SettingForm::Text { pattern, .. } => json!({ "type": "string", "pattern": pattern }),
        SettingForm::Free { json: "", .. } => json!({}),
        SettingForm::Free { json, .. } => json!({ "type": json }),
        SettingForm::Words(words) => json!({ "enum": words }),
        SettingForm::Numbers(numbers) => json!({ "enum": numbers }),
        SettingForm::TargetName => json!({ "enum": targets }),
        SettingForm::WholeNumber(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        SettingForm::Truth => json!({ "type": "boolean" }),
        SettingForm::List(inner) => json!({ "type": "array", "items": of(inner, targets) }),
        SettingForm::OneOrMore(inner) => {
            let inner = of(inner, targets);
            json!({ "oneOf": [inner, { "type": "array", "items": inner }] })
        }
        SettingForm::Named(inner) => {
            json!({ "type": "object", "additionalProperties": of(inner, targets) })
        }
        SettingForm::NamedBy(names, inner) => {
            json!({
                "type": "object",
                "propertyNames": { "pattern": names.pattern },
                "additionalProperties": of(inner, targets)
            })
        }
        SettingForm::Either(forms) => {
            json!({ "oneOf": forms.iter().map(|form| of(form, targets)).collect::<Vec<_>>() })
        }
        SettingForm::Group(tables) => mapping(tables, targets),
    }
}

fn mapping(tables: &[&'static [SettingDeclaration]], targets: &[&str]) -> Value {
    let declared = || tables.iter().copied().flatten();
    let properties: Map<String, Value> =
        declared().map(|one| (one.key.to_owned(), described(one, targets))).collect();
    let needed: Vec<&str> = declared().filter(|one| one.required).map(|one| one.key).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let (Some(map), false) = (schema.as_object_mut(), needed.is_empty()) {
        map.insert("required".to_owned(), json!(needed));
    }
    schema
}

fn described(one: &SettingDeclaration, targets: &[&str]) -> Value {
    let mut schema = of(one.form, targets);
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".to_owned(), json!(one.description()));
    }
    schema
}
