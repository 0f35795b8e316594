//! What both ECS targets share: the plan (decisions), the rules (legality), the emission (mechanical).
//!
//! In: the application and a [`Compute`] policy, which says what a target's machines
//! need. Out: a CloudFormation template and what a deployment needs to know of it.

pub mod emit;
pub mod plan;
pub mod rules;
pub mod task_runner;

use super::{Compilation, Compiled, DeployParameter, Deployment, StackDeployment};
use indexmap::IndexMap;
use plan::{Compute, EcsPlan};
use std::collections::BTreeSet;
use tranship_app::Application;
use tranship_artifact::ArtifactSet;
use tranship_cloudformation::{LogicalId, Parameter, Template};
use tranship_frontend::diagnostic::Diagnostic;

/// Compiles an application for ECS. Nothing when there were errors.
pub fn compile(
    application: &Application,
    compute: &dyn Compute,
    cx: &mut Compilation<'_>,
) -> Option<Compiled> {
    let before = cx.diagnostics.error_count();
    let plan = plan::plan(application, compute, cx);
    if cx.diagnostics.error_count() > before {
        return None;
    }
    let mut template = emit::emit(&plan, compute);
    template.parameters = used(&template);
    if !accepted(application, compute, &template, cx) {
        return None;
    }
    let deployment = deployment(application, &plan, &template);
    let mut artifacts = ArtifactSet::new();
    // The paths are fixed and differ: a set that is empty takes them.
    artifacts.text("template.yaml", template.to_yaml()).ok()?;
    if !template.parameters.is_empty() {
        artifacts.text("parameters.json", parameters(&deployment)).ok()?;
    }
    Some(Compiled { artifacts, deployment: Deployment::Stack(deployment) })
}

/// Whether CloudFormation would take the template; says why not.
fn accepted(
    application: &Application,
    compute: &dyn Compute,
    template: &Template,
    cx: &mut Compilation<'_>,
) -> bool {
    let violations = tranship_cloudformation::check(template);
    for violation in &violations {
        let told = Diagnostic::new(&rules::TEMPLATE, violation.to_string())
            .at(application.environment.origin)
            .target(compute.target());
        cx.diagnostics.push(told);
    }
    violations.is_empty()
}

fn deployment(application: &Application, plan: &EcsPlan, template: &Template) -> StackDeployment {
    let given = |id: &LogicalId| plan.parameters.iter().find(|parameter| parameter.id == *id);
    let parameters = template.parameters.iter().map(|(id, parameter)| DeployParameter {
        name: id.to_string(),
        description: parameter.description.clone(),
        alias: given(id).and_then(|it| it.secret.as_ref()).map(ToString::to_string),
        value: given(id).and_then(|it| it.value.clone()),
        has_default: parameter.default.is_some(),
        secret: parameter.no_echo,
        variable: given(id).and_then(|it| it.variable.clone()),
        ..DeployParameter::default()
    });
    let databases = plan.databases.iter().map(|it| (it.id().to_string(), format!("services.{}", it.name)));
    let systems = plan.file_systems.iter().map(|it| (it.id().to_string(), format!("volumes.{}", it.name)));
    StackDeployment {
        stack: plan.stack.clone(),
        region: application.settings.region.as_ref().map(|region| region.peek().to_string()),
        parameters: parameters.collect(),
        capabilities: vec!["CAPABILITY_IAM"],
        data_stores: databases.chain(systems).collect(),
        services: plan.services.iter().map(|it| (it.name.to_string(), it.id().to_string())).collect(),
    }
}

/// `parameters.json`, as CodePipeline's CloudFormation action takes it: the values that are known.
fn parameters(deployment: &StackDeployment) -> String {
    let known: serde_json::Map<String, serde_json::Value> = deployment
        .parameters
        .iter()
        .filter_map(|it| Some((it.name.clone(), it.value.clone()?.into())))
        .collect();
    format!("{:#}\n", serde_json::json!({ "Parameters": known }))
}

/// The parameters that something refers to; any other would ask for a value in vain.
fn used(template: &Template) -> IndexMap<LogicalId, Parameter> {
    let resources = template.resources.values().flat_map(|resource| resource.properties.dependencies());
    let outputs = template.outputs.values().flat_map(|output| output.value.dependencies());
    let names: BTreeSet<LogicalId> = resources.chain(outputs).map(|it| it.id().clone()).collect();
    let mut parameters = template.parameters.clone();
    parameters.retain(|id, _| names.contains(id));
    parameters
}
