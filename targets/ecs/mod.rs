//! What both ECS targets share: the plan (decisions and legality) and the emission (mechanical).
//!
//! In: the application and a [`ComputePolicy`], which answers what Fargate and EC2 do differently. Out: a CloudFormation template and what a deployment needs to know of it.

mod emit;
pub mod plan;
pub mod rules;
mod separate_stacks;
mod task_runner;

use super::{
    Compilation, CompiledTarget, DeployParameter, StackDataStore, StackDeployment, StackService,
    TargetDeployment,
};
use plan::{ComputePolicy, EcsPlan, EcsServicePlan, LegalStack, ParameterPlan};
use std::collections::BTreeSet;
use tranship_app::Application;
use tranship_app::rules::internal::ARTIFACT;
use tranship_artifact::{Artifact, ArtifactSet, FileMode, PathError};
use tranship_cloudformation::{DividedTemplate, LogicalId, NESTED_STACK};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_images::ImageRecipe;

/// Compiles an application for ECS. Nothing when there were errors.
pub fn compile(
    application: &Application,
    compute: &dyn ComputePolicy,
    cx: &mut Compilation<'_>,
) -> Option<CompiledTarget> {
    let mut stack = plan::plan(application, compute, cx)?;
    let deployment = deployment(&stack);
    let mut artifacts = ArtifactSet::new();
    // The paths are fixed and differ: a set that is empty takes them.
    let nested = stack.divided.iter().flat_map(|divided| divided.nested.keys());
    let separate = stack.separated.iter().flat_map(|separated| separated.stacks.keys());
    let others = nested.chain(separate).map(DividedTemplate::path);
    for (path, text) in std::iter::once("template.yaml".to_owned()).chain(others).zip(stack.texts.drain(..)) {
        artifacts.text(&path, text).ok()?;
    }
    if !deployment.separate.is_empty() {
        artifacts.text(separate_stacks::FILE, separate_stacks::file(&deployment).ok()?).ok()?;
    }
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
        patches: stack.patches,
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

fn deployment(stack: &LegalStack) -> StackDeployment {
    let LegalStack { plan, parameters, template, names_rights, divided, separated, .. } = stack;
    // A change may have taken a resource away.
    let is_there = |id: &LogicalId| template.resources.contains_key(id);
    let services = plan.services.iter().filter(|it| is_there(&it.id()));
    let all = template.resources.values().map(|resource| resource.kind.as_ref());
    let types: BTreeSet<&str> = all.chain(divided.as_ref().map(|_| NESTED_STACK)).collect();
    StackDeployment {
        resource_types: types.into_iter().map(str::to_owned).collect(),
        session_key: plan.stack.exec.as_ref().and_then(|exec| exec.kms_key.clone()),
        stack: plan.stack.name.clone(),
        region: plan.stack.region.clone(),
        account: plan.stack.account.clone(),
        parameters: parameters.iter().map(deploy_parameter).collect(),
        capabilities: vec![if *names_rights { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" }],
        data_stores: data_stores(plan, is_there),
        services: services.map(stack_service).collect(),
        nested: divided.as_ref().map(|divided| nested_stacks(plan, divided)).unwrap_or_default(),
        separate: separated.as_ref().map(|it| separate_stacks::of(plan, it)).unwrap_or_default(),
    }
}

fn stack_service(it: &EcsServicePlan) -> StackService {
    StackService { name: it.name.to_string(), logical_id: it.id().to_string() }
}

/// The nested stacks of services and jobs.
fn nested_stacks(plan: &EcsPlan, divided: &DividedTemplate) -> Vec<StackService> {
    let stacks = plan.tasks.iter().map(|task| (task.name.to_string(), plan::nested_stack(&task.name)));
    let there = stacks.filter(|(_, id)| divided.nested.contains_key(id));
    there.map(|(name, id)| StackService { name, logical_id: id.to_string() }).collect()
}

fn deploy_parameter(it: &ParameterPlan) -> DeployParameter {
    DeployParameter {
        name: it.id.to_string(),
        description: it.parameter.description.clone(),
        key: it.parameter.comments.first().cloned().or_else(|| setting(&it.id.to_string())),
        alias: it.secret.as_ref().map(ToString::to_string),
        value: it.value.clone(),
        has_default: it.parameter.default.is_some(),
        secret: it.parameter.no_echo,
        variable: it.variable.clone(),
        ..DeployParameter::default()
    }
}

fn data_stores(plan: &EcsPlan, is_there: impl Fn(&LogicalId) -> bool) -> Vec<StackDataStore> {
    let databases = plan.databases.iter().map(|it| (it.id(), format!("services.{}", it.name)));
    let systems = plan.file_systems.iter().map(|it| (it.id(), it.from.first().cloned().unwrap_or_default()));
    let there = databases.chain(systems).filter(|(id, _)| is_there(id));
    there.map(|(id, key)| StackDataStore { logical_id: id.to_string(), key }).collect()
}

/// The setting that takes the place of a parameter of the network.
fn setting(parameter: &str) -> Option<String> {
    let key = match parameter {
        "VpcId" => "vpc",
        "PublicSubnets" => "public_subnets",
        "PrivateSubnets" => "private_subnets",
        _ => return None,
    };
    Some(format!("x-tranship.network.{key}"))
}

/// `parameters.json`, as CodePipeline's CloudFormation action takes it: the values that are known.
fn parameters_file(parameters: &[ParameterPlan]) -> String {
    let known: serde_json::Map<String, serde_json::Value> =
        parameters.iter().filter_map(|it| Some((it.id.to_string(), it.value.clone()?.into()))).collect();
    format!("{:#}\n", serde_json::json!({ "Parameters": known }))
}
