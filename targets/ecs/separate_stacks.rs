//! What a deployment needs to know of independent stacks, and the file that says it to a person.
//!
//! In: the stacks of a plan. Out: their names, order and parameters, and `stacks.json`, which holds the same.

use super::plan::{self, EcsPlan};
use crate::{GivenParameter, SeparateDeployment, StackDeployment};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use tranship_cloudformation::{DividedTemplate, GivenValue, LogicalId, SeparatedTemplate};

/// The path of the file.
pub(super) const FILE: &str = "stacks.json";

/// The stacks after the first one, in the order of their deployment.
pub(super) fn of(plan: &EcsPlan, separated: &SeparatedTemplate) -> Vec<SeparateDeployment> {
    let first = &plan.stack.name;
    let name = |id: &LogicalId| SeparatedTemplate::name(first, id);
    let services: BTreeMap<LogicalId, &str> =
        plan.tasks.iter().map(|task| (plan::nested_stack(&task.name), &*task.name)).collect();
    let given = |value: &GivenValue| match value {
        GivenValue::FoundationName => GivenParameter::Value(first.clone()),
        GivenValue::Output { stack, output } => GivenParameter::Output {
            stack: stack.as_ref().map_or_else(|| first.clone(), name),
            output: output.to_string(),
        },
    };
    let stacks = separated.stacks.iter().map(|(id, stack)| SeparateDeployment {
        stack: name(id),
        template: DividedTemplate::path(id),
        stage: stack.stage.as_str(),
        service: services.get(id).map(|name| (*name).to_owned()),
        after: stack.after.iter().map(name).collect(),
        given: stack.given.iter().map(|(id, value)| (id.to_string(), given(value))).collect(),
    });
    stacks.collect()
}

/// `stacks.json`: the stacks in the order of their deployment. What a template declares and is not here comes from
/// `parameters.json`.
pub(super) fn file(deployment: &StackDeployment) -> String {
    let first = json!({ "stack": deployment.stack, "template": "template.yaml" });
    let stacks: Vec<Json> = std::iter::once(first).chain(deployment.separate.iter().map(stack)).collect();
    format!("{:#}\n", json!({ "stacks": stacks }))
}

fn stack(it: &SeparateDeployment) -> Json {
    let given = it.given.iter().map(|(name, value)| {
        let value = match value {
            GivenParameter::Value(value) => json!({ "value": value }),
            GivenParameter::Output { stack, output } => json!({ "stack": stack, "output": output }),
        };
        (name.clone(), value)
    });
    json!({
        "stack": it.stack,
        "template": it.template,
        "stage": it.stage,
        "after": it.after,
        "parameters": given.collect::<Map<String, Json>>(),
    })
}
