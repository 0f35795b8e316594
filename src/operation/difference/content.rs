//! What a stack is made of: a template, the values of its parameters, and the keys behind its resources.
//!
//! In: the text of a template, as it was compiled or as CloudFormation returns it, and values. Out: [`StackContent`]. The
//! comments above a resource name the keys of the manifest that it comes from.

use crate::operation::stack_templates::StackTemplates;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The value of a template parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// A value that may be shown.
    Plain(String),
    /// A secret, and whether this deployment sets it.
    Secret {
        /// Whether it is set now; else it stays as it is.
        set: bool,
    },
    /// A value that becomes known while it is deployed, and what it will be.
    Later(String),
}

impl ParameterValue {
    /// The text to show.
    pub(super) fn shown(&self) -> Option<&str> {
        match self {
            ParameterValue::Plain(text) | ParameterValue::Later(text) => Some(text),
            ParameterValue::Secret { .. } => None,
        }
    }
}

/// What a stack is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct StackContent {
    pub(super) template: Json,
    keys: BTreeMap<String, Vec<String>>,
    pub(super) parameters: BTreeMap<String, ParameterValue>,
}

impl StackContent {
    /// Reads a template. Parameters that are not set have the template's default.
    ///
    /// # Errors
    /// It is neither YAML nor JSON.
    pub fn read(template: &str, parameters: BTreeMap<String, ParameterValue>) -> Result<Self, String> {
        StackContent::read_stacks(&StackTemplates::single(template.to_owned()), parameters)
    }

    /// Reads a root stack and its nested stacks as one template. Parameters that are not set have the template's default.
    ///
    /// # Errors
    /// The template of the root is neither YAML nor JSON.
    pub fn read_stacks(
        templates: &StackTemplates,
        parameters: BTreeMap<String, ParameterValue>,
    ) -> Result<Self, String> {
        let parsed = templates.whole().ok_or_else(|| "it is not YAML".to_owned())?;
        let mut parameters = parameters;
        for (name, declared) in parsed.get("Parameters").and_then(Json::as_object).into_iter().flatten() {
            let default = declared.get("Default").map(plain);
            if let Some(default) = default.filter(|_| !parameters.contains_key(name)) {
                parameters.insert(name.clone(), ParameterValue::Plain(default));
            }
        }
        let texts = std::iter::once(templates.foundation.as_ref().unwrap_or(&templates.root))
            .chain(templates.nested.values());
        let keys = texts.flat_map(|text| keys(text)).collect();
        Ok(StackContent { keys, template: parsed, parameters })
    }

    /// A resource.
    pub(super) fn resource(&self, id: &str) -> Option<&Json> {
        self.template.get("Resources")?.get(id)
    }

    /// Every resource, by its logical id.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&String, &Json)> {
        self.template.get("Resources").and_then(Json::as_object).into_iter().flatten()
    }

    /// The type of a resource; empty if there is none.
    pub(super) fn kind(&self, id: &str) -> &str {
        self.resource(id).and_then(|it| it.get("Type")).and_then(Json::as_str).unwrap_or_default()
    }

    /// The keys of the manifest behind a resource.
    pub(super) fn keys(&self, id: &str) -> &[String] {
        self.keys.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// A value on one line, with the parameters in it as far as they may be shown.
    pub(super) fn shown(&self, value: &Json) -> String {
        match value {
            Json::String(text) => text.clone(),
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.shown(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Json::Object(entries) => self.function(entries).unwrap_or_else(|| {
                let entries = entries.iter().map(|(key, value)| format!("{key}: {}", self.shown(value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }),
            other => other.to_string(),
        }
    }

    fn function(&self, entries: &Map<String, Json>) -> Option<String> {
        let mut all = entries.iter();
        let (name, argument) = all.next()?;
        if all.next().is_some() {
            return None;
        }
        match (name.as_str(), argument) {
            ("Ref", Json::String(name)) => Some(self.named(name)),
            ("Fn::GetAtt", Json::Array(parts)) => {
                let parts: Vec<String> = parts.iter().map(plain).collect();
                Some(format!("${{{}}}", parts.join(".")))
            }
            ("Fn::Sub", Json::String(text)) => Some(self.filled(text, None)),
            ("Fn::Sub", Json::Array(parts)) => {
                Some(self.filled(parts.first()?.as_str()?, parts.get(1).and_then(Json::as_object)))
            }
            ("Fn::Join", Json::Array(parts)) => {
                let items = parts.get(1)?.as_array()?.iter().map(|item| self.shown(item));
                Some(items.collect::<Vec<_>>().join(parts.first()?.as_str()?))
            }
            _ => None,
        }
    }

    /// The value of a parameter, or the name of what it is.
    fn named(&self, name: &str) -> String {
        match self.parameters.get(name).and_then(ParameterValue::shown) {
            Some(value) => value.to_owned(),
            None => format!("${{{name}}}"),
        }
    }

    fn filled(&self, text: &str, own: Option<&Map<String, Json>>) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((name, rest)) = part.split_once('}') else {
                filled.push_str("${");
                filled.push_str(part);
                continue;
            };
            match (name.strip_prefix('!'), own.and_then(|own| own.get(name))) {
                (Some(literal), _) => filled.push_str(&format!("${{{literal}}}")),
                (None, Some(value)) => filled.push_str(&self.shown(value)),
                (None, None) => filled.push_str(&self.named(name)),
            }
            filled.push_str(rest);
        }
        filled
    }
}

/// A scalar as text.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value refers to a resource or a parameter.
pub(super) fn refers_to(value: &Json, name: &str) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| refers_to(item, name)),
        Json::Object(entries) => entries.iter().any(|(key, inner)| match key.as_str() {
            "Ref" => inner.as_str() == Some(name),
            "Fn::GetAtt" => {
                let text = inner.get(0).unwrap_or(inner).as_str().unwrap_or_default();
                text.split('.').next() == Some(name)
            }
            "Fn::Sub" => {
                let text = inner.get(0).unwrap_or(inner).as_str().unwrap_or_default();
                let here = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
                let mut names = here.filter_map(|(inside, _)| inside.split('.').next());
                names.any(|inside| inside == name) || inner.get(1).is_some_and(|own| refers_to(own, name))
            }
            _ => refers_to(inner, name),
        }),
        _ => false,
    }
}

/// The comments above each resource: the keys that it comes from.
fn keys(template: &str) -> BTreeMap<String, Vec<String>> {
    let (mut found, mut above, mut inside) = (BTreeMap::new(), Vec::new(), false);
    for line in template.lines() {
        if !line.is_empty() && !line.starts_with([' ', '#']) {
            inside = line.starts_with("Resources:");
        }
        let Some(rest) = line.strip_prefix("  ").filter(|rest| inside && !rest.starts_with(' ')) else {
            continue;
        };
        if let Some(key) = rest.strip_prefix("# ") {
            above.push(key.trim().to_owned());
        } else if let Some(id) = rest.strip_suffix(':') {
            found.insert(id.trim_matches('"').to_owned(), std::mem::take(&mut above));
        }
    }
    found
}
