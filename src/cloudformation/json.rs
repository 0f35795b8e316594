//! Writes a template as JSON, with the long form of the intrinsic functions.

use serde_json::{Map as Object, Value as Json, json};

use super::{Condition, Function, Map, Template, Value};

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

impl Map {
    /// The map as a JSON value.
    pub fn to_json(&self) -> Json {
        Json::Object(self.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect())
    }
}

impl Value {
    /// The value as a JSON value.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Bool(flag) => json!(flag),
            Value::Integer(number) => json!(number),
            Value::String(text) => json!(text),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Map(map) => map.to_json(),
            Value::Function(function) => one(function.name(), argument(function)),
        }
    }
}

impl Condition {
    /// The condition as a JSON value.
    pub fn to_json(&self) -> Json {
        let all = |all: &[Condition]| Json::Array(all.iter().map(Condition::to_json).collect());
        match self {
            Condition::Equals(left, right) => one("Fn::Equals", json!([left.to_json(), right.to_json()])),
            Condition::Not(inner) => one("Fn::Not", json!([inner.to_json()])),
            Condition::And(inner) => one("Fn::And", all(inner)),
            Condition::Or(inner) => one("Fn::Or", all(inner)),
            Condition::Named(id) => one("Condition", json!(id.as_str())),
        }
    }
}

fn one(name: &str, argument: Json) -> Json {
    Json::Object(Object::from_iter([(name.to_owned(), argument)]))
}

fn argument(function: &Function) -> Json {
    match function {
        Function::Ref(target) => json!(target.as_str()),
        Function::GetAzs(value) | Function::ImportValue(value) | Function::Base64(value) => value.to_json(),
        Function::Sub(sub) => {
            let (text, variables) = sub.render();
            match variables.is_empty() {
                true => json!(text),
                false => json!([text, variables.into_iter().collect::<Map>().to_json()]),
            }
        }
        other => Value::List(other.list()).to_json(),
    }
}
