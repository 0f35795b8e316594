//! What both ECS targets share: the plan (decisions and legality) and the emission (mechanical).
//!
//! In: the application and a [`ComputePolicy`], which answers what Fargate and EC2 do differently. Out: a CloudFormation template and what a deployment needs to know of it.

mod emit;
pub mod plan;
pub mod rules;
mod task_runner;

use super::{Compilation, CompiledTarget, DeployParameter, StackDeployment, TargetDeployment};
use plan::{ComputePolicy, EcsPlan, LegalStack, ParameterPlan};
use std::collections::BTreeSet;
use tranship_app::Application;
use tranship_app::rules::internal::ARTIFACT;
use tranship_artifact::{Artifact, ArtifactSet, FileMode, PathError};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_images::ImageRecipe;

/// Compiles an application for ECS. Nothing when there were errors.
pub fn compile(
    application: &Application,
    compute: &dyn ComputePolicy,
    cx: &mut Compilation<'_>,
) -> Option<CompiledTarget> {
    let stack = plan::plan(application, compute, cx)?;
    let deployment = deployment(&stack);
    let mut artifacts = ArtifactSet::new();
    // The paths are fixed and differ: a set that is empty takes them.
    artifacts.text("template.yaml", stack.template.to_yaml()).ok()?;
    if !stack.parameters.is_empty() {
        artifacts.text("parameters.json", parameters_file(&stack.parameters)).ok()?;
    }
    if let Err(error) = add_images(&stack.images, &mut artifacts) {
        cx.diagnostics
            .push(Diagnostic::new(&ARTIFACT, format!("cannot add an image to the artifacts: {error}")));
        return None;
    }
    let outbound = stack.plan.outbound_access;
    Some(CompiledTarget {
        artifacts,
        deployment: TargetDeployment::Stack(deployment),
        images: stack.images,
        outbound,
    })
}

/// A folder for each image to which files are added: what any builder makes it from.
fn add_images(images: &[ImageRecipe], artifacts: &mut ArtifactSet) -> Result<(), PathError> {
    for recipe in images {
        for file in recipe.build_context().into_iter().flatten() {
            let path = format!("images/{}/{}", recipe.name, file.path);
            let mode = if file.executable { FileMode::Executable } else { FileMode::File };
            artifacts.add(&path, Artifact { mode, bytes: file.bytes })?;
        }
    }
    Ok(())
}

fn deployment(LegalStack { plan, parameters, template, .. }: &LegalStack) -> StackDeployment {
    let types: BTreeSet<&str> = template.resources.values().map(|resource| resource.kind.as_str()).collect();
    StackDeployment {
        resource_types: types.into_iter().map(str::to_owned).collect(),
        stack: plan.stack.name.clone(),
        region: plan.stack.region.clone(),
        parameters: parameters.iter().map(deploy_parameter).collect(),
        capabilities: vec!["CAPABILITY_IAM"],
        data_stores: data_stores(plan),
        services: plan.services.iter().map(|it| (it.name.to_string(), it.id().to_string())).collect(),
    }
}

fn deploy_parameter(it: &ParameterPlan) -> DeployParameter {
    DeployParameter {
        name: it.id.to_string(),
        description: it.parameter.description.clone(),
        alias: it.secret.as_ref().map(ToString::to_string),
        value: it.value.clone(),
        has_default: it.parameter.default.is_some(),
        secret: it.parameter.no_echo,
        variable: it.variable.clone(),
        ..DeployParameter::default()
    }
}

/// Logical ids of what keeps data, with the key path of what it is for.
fn data_stores(plan: &EcsPlan) -> Vec<(String, String)> {
    let databases = plan.databases.iter().map(|it| (it.id().to_string(), format!("services.{}", it.name)));
    let systems = plan
        .file_systems
        .iter()
        .map(|it| (it.id().to_string(), it.from.first().cloned().unwrap_or_default()));
    databases.chain(systems).collect()
}

/// `parameters.json`, as CodePipeline's CloudFormation action takes it: the values that are known.
fn parameters_file(parameters: &[ParameterPlan]) -> String {
    let known: serde_json::Map<String, serde_json::Value> =
        parameters.iter().filter_map(|it| Some((it.id.to_string(), it.value.clone()?.into()))).collect();
    format!("{:#}\n", serde_json::json!({ "Parameters": known }))
}
