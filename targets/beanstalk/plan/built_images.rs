//! Images that are built from the project, for a platform that pulls them: each is named at deployment.
//!
//! The bundle has a placeholder in the place of the reference, which `deploy` fills before it uploads the bundle.

use super::values::known;
use super::{BeanstalkPlan, RoleStatement};
use crate::Compilation;
use crate::container::ContainerPlanner;
use std::collections::BTreeMap;
use tranship_app::{Application, ImageBuild, Text};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::AwsPartition;
use tranship_frontend::yaml::NodeId;
use tranship_images::BuildRequest;

/// An image that the deployment names.
#[derive(Debug)]
pub(crate) struct BuiltImage {
    /// The service that runs it.
    pub(crate) service: String,
    /// The name of its value: `WebImage`.
    pub(crate) parameter: String,
    /// How it is built.
    pub(crate) request: BuildRequest,
}

impl BuiltImage {
    /// What stands in the bundle for its reference.
    pub(crate) fn placeholder(&self) -> String {
        format!("${{{}}}", self.parameter)
    }
}

/// The placeholder of an image that is built.
pub(super) fn decide(
    node: NodeId,
    application: &Application,
    plan: &mut BeanstalkPlan,
    planner: &mut ContainerPlanner<'_, '_>,
) -> Option<String> {
    let service = planner.service();
    let build = service.container.build.as_ref()?;
    planner.cx.ledger.exact(&node, "an image that is named at deployment");
    build.peek().nodes().iter().for_each(|node| planner.cx.ledger.exact(node, "how the image is built"));
    // A step of `pre_start` runs the image of its service.
    let name = service.declared_as();
    let image = BuiltImage {
        service: name.to_string(),
        parameter: LogicalId::of(name, ResourceRole::Image).to_string(),
        request: request(build.peek(), application, planner.cx),
    };
    let placeholder = image.placeholder();
    if !plan.built_images.iter().any(|known| known.parameter == image.parameter) {
        plan.built_images.push(image);
    }
    Some(placeholder)
}

fn request(build: &ImageBuild, application: &Application, cx: &mut Compilation<'_>) -> BuildRequest {
    let directory = cx.compose.directory();
    let text = |at: &tranship_app::At<String>| at.peek().clone();
    let mut value = |text: &Text| known(text, application, cx);
    let args =
        build.args.iter().map(|(name, at)| (name.to_string(), at.peek().as_ref().and_then(&mut value)));
    let args = args.collect::<BTreeMap<_, _>>();
    let labels = build.labels.iter().filter_map(|(name, text)| Some((name.to_string(), value(text)?)));
    let labels = labels.collect();
    let contexts = build.additional_contexts.iter();
    BuildRequest {
        context: ImageBuild::from_project(build.context.peek(), directory),
        dockerfile: build.dockerfile.as_ref().map(text),
        dockerfile_inline: build.dockerfile_inline.as_ref().map(text),
        target: build.target.as_ref().map(text),
        args,
        additional_contexts: contexts
            .map(|(name, at)| (name.to_string(), ImageBuild::from_project(at.peek(), directory)))
            .collect(),
        labels,
        image: None,
    }
}

/// Lets the instances pull what is pushed to the repositories of the project.
pub(super) fn pull(application: &Application, plan: &mut BeanstalkPlan) {
    if plan.built_images.is_empty() {
        return;
    }
    let partition = plan.region.as_deref().map_or("aws", |region| AwsPartition::of_region(region).name());
    let statement = |actions: &[&str], resource: String| RoleStatement {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: vec![resource],
        from: "images that are built from the project".to_owned(),
    };
    let repositories = format!("arn:{partition}:ecr:*:*:repository/{}/*", application.name);
    let actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    plan.statements.push(statement(&["ecr:GetAuthorizationToken"], "*".to_owned()));
    plan.statements.push(statement(&actions, repositories));
}
