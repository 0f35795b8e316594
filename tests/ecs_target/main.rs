//! The way of a manifest through an ECS target: what it says, what it makes. One file a concern.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod changes;
mod egress;
mod exec;
mod file_hosts;
mod files;
mod front_door;
mod hooks;
mod instances;
mod limits;
mod machines;
mod names;
mod nested;
mod order;
mod patches;
mod quotas;
mod rules;
mod separate;
mod service_connect;
mod services;
mod sizes;
mod stack;
mod volumes;

use serde_json::Value;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, account};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

/// Compiles one file for a target.
fn compiled(target: &str, text: &str) -> CompileOutcome {
    let world = MemoryWorld::new().file("compose.yaml", text).file("token.txt", "t");
    let options = LoadOptions { files: vec!["compose.yaml".into()], ..LoadOptions::default() };
    account(&CompileRequest { options, choice: EnvironmentChoice::Target(target.to_owned()) }, &world)
}

/// What is said, as `rule: message`.
fn said(outcome: &CompileOutcome) -> Vec<String> {
    outcome.diagnostics.iter().map(|it| format!("{}: {}", it.rule.name, it.message)).collect()
}

/// The template, read back without its functions' short forms: `!Ref A` is the text `A`.
fn template(text: &str) -> Value {
    template_of("fargate", text)
}

fn template_of(target: &str, text: &str) -> Value {
    let outcome = compiled(target, text);
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(&outcome)));
    let bytes = &compiled.artifacts.get("template.yaml").unwrap().bytes;
    let yaml: serde_yaml::Value = serde_yaml::from_slice(bytes).unwrap();
    plain(&yaml)
}

fn plain(value: &serde_yaml::Value) -> Value {
    use serde_yaml::Value as Yaml;
    match value {
        Yaml::Tagged(tagged) => plain(&tagged.value),
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(map) => {
            map.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), plain(value))).collect()
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

/// The properties of a resource.
fn properties<'t>(template: &'t Value, id: &str) -> &'t Value {
    let resources = template["Resources"].as_object().unwrap();
    let found = resources.get(id);
    &found.unwrap_or_else(|| panic!("no {id} among {:?}", resources.keys().collect::<Vec<_>>()))["Properties"]
}

/// The ids of all resources of a type.
fn of_type<'t>(template: &'t Value, kind: &str) -> Vec<&'t str> {
    let resources = template["Resources"].as_object().unwrap();
    let own = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
    own.map(|(id, _)| id.as_str()).collect()
}
