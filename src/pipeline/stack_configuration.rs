//! The template configuration of an environment, `ENV.json`, and the overrides of its action.
//!
//! What only the build knows is a function that names the version file of the build, `version.json`. CodePipeline
//! documents functions for overrides alone, so `tranship pipeline --record` writes their values into the copy that an
//! action reads. Source: CloudFormation User Guide, "Using parameter override functions with CodePipeline pipelines",
//! "CloudFormation artifacts", 2026-11.

use super::model::{EnvironmentPlan, ParameterSource, StackDelivery};
use super::plan::OVERRIDES;
use serde_json::{Map, Value, json};
use tranship_cloudformation::{FnSub, TemplateValue};

/// The artifact of the build.
pub(super) const BUILD: &str = "Build";

/// The version file in it.
pub(super) const VERSION_FILE: &str = "version.json";

/// The key of a parameter in the version file.
pub(super) fn version_key(environment: &str, parameter: &str) -> String {
    format!("{environment}.{parameter}")
}

/// What reads a value of the build.
fn from_build(environment: &str, parameter: &str) -> Value {
    json!({ "Fn::GetParam": [BUILD, VERSION_FILE, version_key(environment, parameter)] })
}

/// The file.
pub(super) fn text(environment: &EnvironmentPlan, stack: &StackDelivery) -> String {
    let mut parameters = Map::new();
    for it in &stack.parameters {
        let value = match &it.source {
            ParameterSource::Known(value) => Value::from(value.as_str()),
            ParameterSource::Build => from_build(&environment.name, &it.name),
            ParameterSource::Secret => {
                format!("{{{{resolve:secretsmanager:{}:SecretString:{}}}}}", stack.secret(), it.name).into()
            }
            ParameterSource::Pipeline(_) => continue,
        };
        parameters.insert(it.name.clone(), value);
    }
    format!("{:#}\n", json!({ "Parameters": parameters }))
}

/// The overrides that the pipeline's own parameters fill, to measure them: an identifier of AWS has 24 letters.
pub(super) fn given(stack: &StackDelivery) -> String {
    let given = stack.parameters.iter().filter(|it| matches!(it.source, ParameterSource::Pipeline(_)));
    let longest = |it: &super::model::StackParameter| {
        let values = if it.name.ends_with('s') { 3 } else { 1 };
        (it.name.clone(), Value::from("x".repeat(25 * values)))
    };
    Value::Object(given.map(longest).collect()).to_string()
}

/// `ParameterOverrides` of the action; none where the file says everything. The values of the build are part of it as
/// long as they fit: they are the same in the file.
pub(super) fn overrides(environment: &EnvironmentPlan, stack: &StackDelivery) -> Option<TemplateValue> {
    let built = stack.parameters.iter().filter(|it| it.source == ParameterSource::Build);
    let built: Vec<(String, String)> = built
        .map(|it| {
            (Value::from(it.name.as_str()).to_string(), from_build(&environment.name, &it.name).to_string())
        })
        .collect();
    let length: usize = built.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let built = if given(stack).len() + length <= OVERRIDES { built } else { Vec::new() };
    let mut text = FnSub::text("{");
    let mut comma = "";
    for it in &stack.parameters {
        if let ParameterSource::Pipeline(id) = &it.source {
            text = text.then(format!("{comma}\"{}\":\"", it.name)).reference(id).then("\"");
            comma = ",";
        }
    }
    for (name, value) in built {
        text = text.then(format!("{comma}{name}:{value}"));
        comma = ",";
    }
    (!comma.is_empty()).then(|| text.then("}").into())
}
