//! Images that are built from the project, for a platform that pulls them: each is named at deployment.
//!
//! The bundle has a placeholder in the place of the reference, which `deploy` fills before it uploads the bundle.

use super::values::known;
use super::{BeanstalkPlan, RoleStatement};
use crate::Compilation;
use crate::container::ContainerPlanner;
use std::collections::BTreeMap;
use tranship_app::{Application, At, ImageBuild};
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
    planner.cx.ledger.decided(&node, "an image that is named at deployment");
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

/// What a key of `build` became, for the ledger.
const BUILT: &str = "how the image is built";

fn request(build: &ImageBuild, application: &Application, cx: &mut Compilation<'_>) -> BuildRequest {
    let directory = cx.compose.directory();
    let args = build.args.iter().map(|(name, at)| {
        let text = cx.ledger.exact(at, BUILT).as_ref();
        (name.to_string(), text.and_then(|text| known(text, application, cx)))
    });
    let args = args.collect::<BTreeMap<_, _>>();
    let labels = build.labels.iter().filter_map(|(name, text)| {
        let text = cx.ledger.exact(text, BUILT);
        Some((name.to_string(), known(text, application, cx)?))
    });
    let labels = labels.collect();
    let mut folder = |at: &At<String>| ImageBuild::from_project(cx.ledger.exact(at, BUILT), directory);
    let context = folder(&build.context);
    let contexts = build.additional_contexts.iter().map(|(name, at)| (name.to_string(), folder(at)));
    let additional_contexts = contexts.collect();
    let mut text = |at: &At<String>| cx.ledger.exact(at, BUILT).clone();
    BuildRequest {
        context,
        dockerfile: build.dockerfile.as_ref().map(&mut text),
        dockerfile_inline: build.dockerfile_inline.as_ref().map(&mut text),
        target: build.target.as_ref().map(&mut text),
        args,
        additional_contexts,
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
