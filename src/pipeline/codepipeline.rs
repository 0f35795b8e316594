//! `pipeline.yaml`: the pipeline on AWS CodePipeline, and all that it owns.
//!
//! Source: CloudFormation Template Reference, `AWS::CodePipeline::Pipeline`, `AWS::CodeBuild::Project`, 2026-11.

use super::model::{DeliveryPlan, ParameterSource};
use super::{
    approval, artifact_store, buildspec, described, environment_roles, notifications, pipeline_roles, stages,
};
use tranship_cloudformation::iam::arn;
use tranship_cloudformation::{
    LogicalId, Resource, Template, TemplateOutput, TemplateParameter, TemplateValue, props,
};

/// The image that builds run in (CodeBuild User Guide, "Docker images provided by CodeBuild", 2026-11).
const BUILD_IMAGE: &str = "aws/codebuild/amazonlinux-x86_64-standard:6.0";

/// The pipeline.
pub(super) fn pipeline() -> LogicalId {
    super::id("Pipeline")
}

/// The parameter of the image that builds run in.
pub(super) fn build_image() -> LogicalId {
    super::id("BuildImage")
}

/// The parameter of the archive with the compiler.
pub(super) fn archive() -> LogicalId {
    super::id("TranshipArchive")
}

/// The connection: the manifest's, otherwise the parameter.
pub(super) fn connection(plan: &DeliveryPlan) -> TemplateValue {
    match &plan.connection {
        Some(connection) => connection.as_str().into(),
        None => super::id("ConnectionArn").reference(),
    }
}

/// The repository: the manifest's, otherwise the parameter.
pub(super) fn repository(plan: &DeliveryPlan) -> TemplateValue {
    match &plan.repository {
        Some(repository) => repository.as_str().into(),
        None => super::id("SourceRepository").reference(),
    }
}

/// The template.
pub(super) fn template(plan: &DeliveryPlan) -> Template {
    let mut template = described(plan, "the pipeline from a commit to its environments");
    parameters(plan, &mut template);
    artifact_store::add_parameters(plan, &mut template);
    artifact_store::add(plan, None, &mut template);
    pipeline_roles::add(plan, &mut template);
    plan.environments.iter().for_each(|it| environment_roles::add(plan, it, &mut template));
    pipeline_roles::add_assuming(plan, &mut template);
    buildspec::add(plan, &mut template);
    approval::add(plan, &mut template);
    let properties = props! {
        "PipelineType" => "V2",
        "ExecutionMode" => "QUEUED",
        "RoleArn" => pipeline_roles::pipeline().arn(),
        "ArtifactStore" => ?artifact_store::only_store(plan),
        "ArtifactStores" => ?artifact_store::stores(plan),
        "Triggers" => stages::triggers(plan),
        "Stages" => stages::all(plan),
    };
    let mut resource =
        Resource::new("AWS::CodePipeline::Pipeline", properties).comment("x-tranship.pipeline");
    if !pipeline_roles::assumes_here(plan).is_empty() {
        resource = resource.depends_on(&super::id("PipelineRolePolicy"));
    }
    template.add(&pipeline(), resource);
    notifications::add(plan, &mut template);
    outputs(plan, &mut template);
    template
}

fn parameters(plan: &DeliveryPlan, template: &mut Template) {
    if plan.connection.is_none() {
        let text = "The ARN of the connection to the host of the repository. Create it in the console, which asks the host for its consent.";
        template.add_parameter(&super::id("ConnectionArn"), TemplateParameter::string(text).min_length(20));
    }
    if plan.repository.is_none() {
        let text = "The repository of the sources: OWNER/NAME.";
        template.add_parameter(
            &super::id("SourceRepository"),
            TemplateParameter::string(text).pattern("[^/ ]+(/[^/ ]+)+", "OWNER/NAME"),
        );
    }
    let text = "The address of the archive with tranship for Linux. Its checksum is at the same address with .sha256 after it.";
    let parameter = TemplateParameter::string(text).pattern(
        "https://[A-Za-z0-9._~:/%@+=-]+[.]tar[.]gz",
        "an address that starts with https:// and ends in .tar.gz",
    );
    let parameter = match &plan.archive {
        Some(archive) => parameter.default(archive),
        None => parameter,
    };
    template.add_parameter(&archive(), parameter);
    template.add_parameter(
        &build_image(),
        TemplateParameter::string(
            "The image that builds run in. One for Arm processors builds images for them without emulation.",
        )
        .default(BUILD_IMAGE),
    );
    for variable in &plan.variables {
        let text = format!("The value of {}.", variable.name);
        template.add_parameter(
            &variable.parameter,
            TemplateParameter::string(text).comment("x-tranship.late_bound"),
        );
    }
    for environment in &plan.environments {
        for it in environment.stack().into_iter().flat_map(|stack| &stack.parameters) {
            if let ParameterSource::Pipeline(id) = &it.source {
                let text = format!("{}: {}", environment.name, it.description);
                template.add_parameter(id, TemplateParameter::string(text).min_length(1));
            }
        }
    }
}

fn outputs(plan: &DeliveryPlan, template: &mut Template) {
    let output = |text: &str, value: TemplateValue| TemplateOutput::new(text, value);
    template.add_output(&super::id("PipelineName"), output("The pipeline", pipeline().reference()));
    template.add_output(
        &super::id("PipelineArn"),
        output("The ARN of the pipeline", arn::regional("codepipeline", "").reference(&pipeline()).into()),
    );
    if artifact_store::project_key(plan).is_some() {
        artifact_store::add_outputs(plan, None, template);
    }
}
