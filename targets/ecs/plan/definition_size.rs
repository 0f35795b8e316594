//! Task definitions that Amazon ECS would refuse for their size.
//!
//! In: the template. Out: an error for each task definition that is too large, at the service that has the most in it.

use super::legality::placed;
use super::planner::EcsPlanner;
use crate::ecs::rules;
use tranship_app::{AppService, Text, TextPiece};
use tranship_cloudformation::{PropertyMap, Resource, Template, TemplateValue};
use tranship_facts::quotas::ecs::TASK_DEFINITION_BYTES;
use tranship_frontend::diagnostic::Diagnostic;

/// The type of the resources.
const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";

/// Reports them. What a reference becomes is not known, so its own length counts.
pub(super) fn check(planner: &mut EcsPlanner<'_, '_>, template: &Template) {
    let large = |resource: &&Resource| {
        resource.kind == TASK_DEFINITION && map_letters(&resource.properties) > TASK_DEFINITION_BYTES.most / 4
    };
    for resource in template.resources.values().filter(large) {
        let bytes = resource.properties.to_json().to_string().len();
        if TASK_DEFINITION_BYTES.is_exceeded_by(bytes) {
            let diagnostic = too_large(planner, resource, bytes);
            planner.report(diagnostic);
        }
    }
}

/// Letters of what a map holds, which costs less to count than the document that it becomes.
fn map_letters(map: &PropertyMap) -> usize {
    map.iter().map(|(key, value)| key.len() + letters(value)).sum()
}

fn letters(value: &TemplateValue) -> usize {
    match value {
        TemplateValue::Bool(_) | TemplateValue::Integer(_) => 4,
        TemplateValue::String(text) => text.len(),
        TemplateValue::List(items) => items.iter().map(letters).sum(),
        TemplateValue::Map(map) => map_letters(map),
        TemplateValue::Function(_) => value.to_json().to_string().len(),
    }
}

fn too_large(planner: &EcsPlanner<'_, '_>, resource: &Resource, bytes: usize) -> Diagnostic {
    let key = largest(planner, &resource.comments).unwrap_or_else(|| "services".to_owned());
    let message = format!(
        "the task definition of {} has {bytes} bytes, which Amazon ECS limits to {}",
        key.strip_prefix("services.").map_or_else(|| key.clone(), |name| format!("`{name}`")),
        TASK_DEFINITION_BYTES.most
    );
    placed(planner, Diagnostic::new(&rules::DEFINITION_SIZE, message), &key)
        .help("let the application read some of the values from a file: `configs: { settings: { file: ./settings.env } }`")
}

/// The key of the service of the task whose variables are the longest.
fn largest(planner: &EcsPlanner<'_, '_>, comments: &[String]) -> Option<String> {
    let weight = |service: &AppService| -> usize {
        let variables = service.container.environment.iter();
        variables.map(|(name, it)| name.len() + it.set().map_or(0, |set| literal_letters(set.peek()))).sum()
    };
    let named = comments.iter().filter_map(|key| {
        let service = planner.app.services.get(key.strip_prefix("services.")?)?;
        Some((weight(service), key))
    });
    named.max_by_key(|(weight, _)| *weight).map(|(_, key)| key.clone())
}

/// Letters of a value that are known now.
fn literal_letters(text: &Text) -> usize {
    text.segments
        .iter()
        .filter_map(|segment| match &segment.piece {
            TextPiece::Literal(text) => Some(text.len()),
            _ => None,
        })
        .sum()
}
