//! What a deployment gives: late-bound variables, and images that a pipeline builds.

use super::PlannedParameter;
use super::planner::Planner;
use tranship_app::Image;
use tranship_cloudformation::{LogicalId, Parameter, Role};

/// Parameters of late-bound variables and of images. Those that nothing refers to are left out later.
pub(super) fn plan(planner: &Planner<'_, '_>) -> Vec<PlannedParameter> {
    let app = planner.app;
    let mut parameters: Vec<PlannedParameter> = Vec::new();
    for (name, bound) in &app.late_bound {
        let mut parameter =
            Parameter::string(format!("The value of {name}.")).comment("x-tranship.late_bound");
        if let Some(fallback) = &bound.variable.fallback {
            parameter = parameter.default(&**fallback);
        }
        parameters.push(PlannedParameter {
            id: LogicalId::variable(name),
            parameter,
            value: bound.value.as_ref().map(|value| value.to_string()),
            variable: Some(name.to_string()),
            secret: None,
        });
    }
    for service in app.services.values() {
        if matches!(service.container.image, Image::Built { .. }) {
            let text =
                format!("The image of {}, as the pipeline pushed it: registry, name and tag.", service.name);
            parameters.push(PlannedParameter {
                id: LogicalId::of(&service.name, Role::Image),
                parameter: Parameter::string(text)
                    .min_length(1)
                    .comment(format!("services.{}.build", service.name)),
                value: None,
                variable: None,
                secret: None,
            });
        }
    }
    parameters
}
