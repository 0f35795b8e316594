//! Writes a template as JSON, with the long form of the intrinsic functions.

use serde_json::{Map as Object, Value as Json, json};

use super::{IntrinsicFunction, PropertyMap, Template, TemplateCondition, TemplateValue};

impl Template {
    /// The template as a JSON value, with keys in the same order as in YAML.
    pub fn to_json(&self) -> Json {
        let mut root = Object::new();
        root.insert("AWSTemplateFormatVersion".to_owned(), json!("2010-09-09"));
        if !self.description.is_empty() {
            root.insert("Description".to_owned(), json!(self.description));
        }
        if !self.metadata.is_empty() {
            root.insert("Metadata".to_owned(), self.metadata.to_json());
        }
        section(
            &mut root,
            "Parameters",
            self.parameters.iter().map(|(id, it)| (id.to_string(), it.body().to_json())),
        );
        section(&mut root, "Mappings", self.mappings.iter().map(|(id, it)| (id.to_string(), it.to_json())));
        section(
            &mut root,
            "Conditions",
            self.conditions.iter().map(|(id, it)| (id.to_string(), it.to_json())),
        );
        section(
            &mut root,
            "Resources",
            self.resources.iter().map(|(id, it)| (id.to_string(), it.body().to_json())),
        );
        section(
            &mut root,
            "Outputs",
            self.outputs.iter().map(|(id, it)| (id.to_string(), it.body().to_json())),
        );
        Json::Object(root)
    }
}

fn section(root: &mut Object<String, Json>, name: &str, items: impl Iterator<Item = (String, Json)>) {
    let section: Object<String, Json> = items.collect();
    if !section.is_empty() {
        root.insert(name.to_owned(), Json::Object(section));
    }
}

impl PropertyMap {
    /// The map as a JSON value.
    pub fn to_json(&self) -> Json {
        Json::Object(self.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect())
    }
}

impl TemplateValue {
    /// The value as a JSON value.
    pub fn to_json(&self) -> Json {
        match self {
            TemplateValue::Bool(flag) => json!(flag),
            TemplateValue::Integer(number) => json!(number),
            TemplateValue::String(text) => json!(text),
            TemplateValue::List(items) => Json::Array(items.iter().map(TemplateValue::to_json).collect()),
            TemplateValue::Map(map) => map.to_json(),
            TemplateValue::Function(function) => match function.as_ref() {
                IntrinsicFunction::Sub(sub) if sub.plain().is_some() => json!(sub.plain()),
                function => one(function.name(), argument(function)),
            },
        }
    }
}

impl TemplateCondition {
    /// The condition as a JSON value.
    pub fn to_json(&self) -> Json {
        let all =
            |all: &[TemplateCondition]| Json::Array(all.iter().map(TemplateCondition::to_json).collect());
        match self {
            TemplateCondition::Equals(left, right) => {
                one("Fn::Equals", json!([left.to_json(), right.to_json()]))
            }
            TemplateCondition::Not(inner) => one("Fn::Not", json!([inner.to_json()])),
            TemplateCondition::And(inner) => one("Fn::And", all(inner)),
            TemplateCondition::Or(inner) => one("Fn::Or", all(inner)),
            TemplateCondition::Named(id) => one("Condition", json!(id.as_str())),
        }
    }
}

fn one(name: &str, argument: Json) -> Json {
    Json::Object(Object::from_iter([(name.to_owned(), argument)]))
}

fn argument(function: &IntrinsicFunction) -> Json {
    match function {
        IntrinsicFunction::Ref(target) => json!(target.as_str()),
        IntrinsicFunction::GetAzs(value)
        | IntrinsicFunction::ImportValue(value)
        | IntrinsicFunction::Base64(value) => value.to_json(),
        IntrinsicFunction::Sub(sub) => {
            let (text, variables) = sub.render();
            match variables.is_empty() {
                true => json!(text),
                false => json!([text, variables.into_iter().collect::<PropertyMap>().to_json()]),
            }
        }
        other => Json::Array(other.list().iter().map(|argument| argument.to_json()).collect()),
    }
}
