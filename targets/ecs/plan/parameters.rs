//! What a deployment gives: late-bound variables.

use super::ParameterPlan;
use super::planner::EcsPlanner;
use indexmap::IndexSet;
use tranship_cloudformation::{LogicalId, Template, TemplateParameter};

/// Parameters of late-bound variables, whether or not something refers to them.
pub(super) fn plan(planner: &EcsPlanner<'_, '_>) -> Vec<ParameterPlan> {
    let app = planner.app;
    let mut parameters: Vec<ParameterPlan> = Vec::new();
    for (name, bound) in &app.late_bound {
        let mut parameter =
            TemplateParameter::string(format!("The value of {name}.")).comment("x-tranship.late_bound");
        if let Some(fallback) = &bound.variable.fallback {
            parameter = parameter.default(&**fallback);
        }
        parameters.push(ParameterPlan {
            id: LogicalId::variable(name),
            parameter,
            value: bound.value.as_ref().map(|value| value.to_string()),
            variable: Some(name.to_string()),
            secret: None,
        });
    }
    parameters
}

/// Those that something in the template refers to: any other would ask a deployment for a value in vain.
pub(super) fn used(candidates: Vec<ParameterPlan>, template: &Template) -> Vec<ParameterPlan> {
    let resources = template.resources.values().flat_map(|resource| resource.dependencies());
    let outputs = template.outputs.values().flat_map(|output| output.dependencies());
    let conditions = template.conditions.values().flat_map(|condition| condition.dependencies());
    let known: IndexSet<LogicalId> = candidates.iter().map(|parameter| parameter.id.clone()).collect();
    let names = resources.chain(outputs).chain(conditions).filter_map(|it| known.get(it.id()).cloned());
    let names: IndexSet<LogicalId> = names.collect();
    candidates.into_iter().filter(|parameter| names.contains(&parameter.id)).collect()
}
