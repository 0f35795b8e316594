//! Nested stacks: their templates are uploaded, their resources are those of the application, and nothing moves between
//! stacks.
//!
//! In: the templates of a compile, and a stack that is deployed. Out: a template whose nested templates CloudFormation can
//! read, and what the stacks have together. Invariant: an update that would move a resource to another stack is refused
//! before anything is done, because CloudFormation would create a second one and delete the first.

use super::side_by_side;
use crate::deploy::bucket::ArtifactBucket;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::operation::stack_templates::{MovedResource, StackTemplates};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::SdkError;
use aws_sdk_cloudformation::operation::list_stack_resources::ListStackResourcesError;
use aws_sdk_cloudformation::types::{ResourceStatus, StackResourceSummary, TemplateStage};
use std::collections::BTreeSet;
use tranship_cloudformation::{DividedTemplate, LogicalId, NESTED_STACK};
use tranship_targets::StackDeployment;

/// Calls at the same time: CloudFormation answers about ten a second.
const TOGETHER: usize = 8;

/// Names that a message lists.
const LISTED: usize = 5;

/// Why resources cannot be listed.
type ListError = SdkError<ListStackResourcesError>;

/// The template of the root, with the addresses of the nested templates, which are uploaded first. Their keys do not expire:
/// CloudFormation reads them again whenever the root is updated.
pub(super) async fn uploaded(
    session: &AwsSession,
    stack: &str,
    templates: &StackTemplates,
    progress: &mut dyn DeployProgress,
) -> Result<String, DeployFailure> {
    let mut root = templates.root.clone();
    if templates.nested.is_empty() {
        return Ok(root);
    }
    let bucket = ArtifactBucket::open(session, progress).await?;
    progress.message(&format!("uploading the templates of {} nested stacks", templates.nested.len()));
    for (id, text) in &templates.nested {
        let key = bucket.put(&format!("nested/{stack}"), text.as_bytes(), ".yaml").await?;
        root = addressed(&root, id, &bucket.url(&key));
    }
    Ok(root)
}

/// The template with the address of one nested template.
fn addressed(root: &str, id: &str, url: &str) -> String {
    let Some(id) = LogicalId::parse(id) else { return root.to_owned() };
    root.replace(&format!("TemplateURL: {}\n", DividedTemplate::path(&id)), &format!("TemplateURL: {url}\n"))
}

/// The resources of a stack that are there, and those of its nested stacks.
pub(in crate::deploy) async fn resources(
    client: &Client,
    stack: &str,
) -> Result<Vec<StackResourceSummary>, ListError> {
    let mut found = listed(client, stack).await?;
    let mut open: Vec<String> = ids_of_nested(&found);
    while !open.is_empty() {
        let inside = side_by_side::gather(TOGETHER, open.iter().map(|id| listed(client, id))).await?;
        open = inside.iter().flat_map(|it| ids_of_nested(it)).collect();
        found.extend(inside.into_iter().flatten());
    }
    Ok(found)
}

fn ids_of_nested(resources: &[StackResourceSummary]) -> Vec<String> {
    nested(resources).map(|(_, physical)| physical.to_owned()).collect()
}

/// The number of resources in nested stacks.
pub(super) async fn inside(client: &Client, stack: &str) -> Result<usize, ListError> {
    let (own, all) = (listed(client, stack).await?.len(), resources(client, stack).await?.len());
    Ok(all.saturating_sub(own))
}

/// The templates of nested stacks that a template of the past has, as far as our bucket still has them.
pub(super) async fn of_the_past(session: &AwsSession, root: &str) -> StackTemplates {
    let mut found = StackTemplates::single(root.to_owned());
    let ids = StackTemplates::nested_ids(root);
    let bucket = if ids.is_empty() { None } else { ArtifactBucket::existing(session).await.ok().flatten() };
    let Some(bucket) = bucket else { return found };
    for (id, url) in StackTemplates::addresses(root) {
        let Some(key) = url.strip_prefix(&bucket.url("")) else { continue };
        if let Ok(bytes) = bucket.read(key).await {
            found.nested.insert(id, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    found
}

/// The nested stacks among resources: logical and physical id.
pub(in crate::deploy) fn nested(resources: &[StackResourceSummary]) -> impl Iterator<Item = (&str, &str)> {
    let nested = resources.iter().filter(|it| it.resource_type() == Some(NESTED_STACK));
    nested.filter_map(|it| Some((it.logical_resource_id()?, it.physical_resource_id()?)))
}

/// The resources of one stack that are there.
pub(super) async fn listed(client: &Client, stack: &str) -> Result<Vec<StackResourceSummary>, ListError> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = client.list_stack_resources().stack_name(stack).set_next_token(token).send().await?;
        token = page.next_token().map(str::to_owned);
        let there = |it: &StackResourceSummary| it.resource_status() != Some(&ResourceStatus::DeleteComplete);
        found.extend(page.stack_resource_summaries.unwrap_or_default().into_iter().filter(there));
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The templates of a stack that is deployed.
pub(in crate::deploy) async fn running(
    client: &Client,
    stack: &str,
) -> Result<StackTemplates, DeployFailure> {
    let root = template(client, stack).await?;
    if StackTemplates::nested_ids(&root).is_empty() {
        return Ok(StackTemplates::single(root));
    }
    let resources = listed(client, stack).await.map_err(|error| sdk("list the stack's resources", error))?;
    let texts = nested(&resources).map(async |(id, physical)| {
        Ok::<_, DeployFailure>((id.to_owned(), template(client, physical).await?))
    });
    let texts = side_by_side::gather(TOGETHER, texts).await?;
    Ok(StackTemplates { nested: texts.into_iter().collect(), ..StackTemplates::single(root) })
}

async fn template(client: &Client, stack: &str) -> Result<String, DeployFailure> {
    let call = client.get_template().stack_name(stack).template_stage(TemplateStage::Original);
    let answer = call.send().await.map_err(|error| sdk("read the stack's template", error))?;
    Ok(answer.template_body.unwrap_or_default())
}

/// Refuses what would move resources between stacks.
pub(super) fn guard(
    deployment: &StackDeployment,
    running: &StackTemplates,
    new: &StackTemplates,
) -> Result<(), DeployFailure> {
    let moved = new.moved_from(running);
    if moved.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = moved.iter().map(line).collect();
    let failure = moving(&format!("the stack {}", deployment.stack), &lines);
    Err(remedy(deployment, new, &moved).into_iter().fold(failure, DeployFailure::help))
}

/// Why nothing is done: a line for each resource that would move.
pub(super) fn moving(owner: &str, lines: &[String]) -> DeployFailure {
    let resources = match lines.len() {
        1 => "a resource".to_owned(),
        several => format!("{several} resources"),
    };
    let failure = DeployFailure::failed(format!(
        "this would move {resources} of {owner} to other stacks, where CloudFormation would create them a second time"
    ));
    let failure = lines.iter().take(LISTED).cloned().fold(failure, DeployFailure::help);
    match lines.len().saturating_sub(LISTED) {
        0 => failure,
        more => failure.help(format!("and {more} more")),
    }
}

fn line(moved: &MovedResource) -> String {
    let place = |stack: &Option<String>| match stack {
        Some(stack) => format!("the nested stack {stack}"),
        None => "the root stack".to_owned(),
    };
    format!("{}: from {} to {}", moved.id, place(&moved.from), place(&moved.to))
}

/// What to write so that nothing moves.
fn remedy(deployment: &StackDeployment, new: &StackTemplates, moved: &[MovedResource]) -> Vec<String> {
    if new.nested.is_empty() {
        return vec!["keep the stacks as they are with `x-tranship: { stacks: nested }`".to_owned()];
    }
    let leave: BTreeSet<&str> =
        moved.iter().filter(|it| it.from.is_none()).filter_map(|it| it.to.as_deref()).collect();
    let services = deployment.nested.iter().filter(|it| leave.contains(it.logical_id.as_str()));
    let names: Vec<&str> = services.map(|it| it.name.as_str()).collect();
    let mut remedy = Vec::new();
    if !names.is_empty() {
        let names = names.join(", ");
        remedy.push(format!("keep them where they are with `x-tranship: {{ root_services: [{names}] }}`"));
    }
    if moved.iter().any(|it| it.to.is_none()) {
        remedy.push("take services out of `root_services` that were not deployed there".to_owned());
    }
    remedy.push("or deploy to a new environment; docs/large-applications.md says how".to_owned());
    remedy
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_targets::StackService;

    fn deployment() -> StackDeployment {
        let service = |name: &str, id: &str| StackService { name: name.into(), logical_id: id.into() };
        StackDeployment {
            stack: "shop".into(),
            nested: vec![service("web", "WebStack"), service("api", "ApiStack")],
            ..StackDeployment::default()
        }
    }

    fn nested(pairs: &[(&str, &str)]) -> StackTemplates {
        let stacks =
            pairs.iter().map(|(id, _)| format!("  {id}: {{ Type: 'AWS::CloudFormation::Stack' }}\n"));
        StackTemplates {
            root: format!("Resources:\n  Cluster: {{}}\n{}", stacks.collect::<String>()),
            nested: pairs
                .iter()
                .map(|(id, resource)| ((*id).to_owned(), format!("Resources: {{ {resource}: {{}} }}")))
                .collect(),
            foundation: None,
        }
    }

    #[test]
    fn what_one_stack_has_does_not_move_into_nested_ones() {
        let one = StackTemplates::single("Resources: { Cluster: {}, WebService: {} }".into());
        let two = nested(&[("WebStack", "WebService"), ("ApiStack", "ApiService")]);
        let failure = guard(&deployment(), &one, &two).unwrap_err();
        assert_eq!(
            failure.message,
            "this would move a resource of the stack shop to other stacks, where CloudFormation would create them a second time"
        );
        assert_eq!(
            failure.help,
            [
                "WebService: from the root stack to the nested stack WebStack",
                "keep them where they are with `x-tranship: { root_services: [web] }`",
                "or deploy to a new environment; docs/large-applications.md says how",
            ]
        );
        let back = guard(&deployment(), &two, &one).unwrap_err();
        assert_eq!(
            back.help,
            [
                "WebService: from the nested stack WebStack to the root stack",
                "keep the stacks as they are with `x-tranship: { stacks: nested }`",
            ]
        );
        assert!(guard(&deployment(), &two, &two).is_ok());
        let new = StackTemplates::single("Resources: { Cluster: {} }".into());
        assert!(guard(&deployment(), &new, &two).is_ok(), "a new service moves nothing");
    }

    #[test]
    fn a_long_list_is_cut() {
        let ids: Vec<String> = (0..7).map(|n| format!("R{n}: {{}}")).collect();
        let body = ids.join(", ");
        let one = StackTemplates::single(format!("Resources: {{ {body} }}"));
        let mut two = nested(&[("WebStack", "X")]);
        two.nested.insert("WebStack".into(), format!("Resources: {{ {body} }}"));
        let failure = guard(&deployment(), &one, &two).unwrap_err();
        assert!(failure.message.starts_with("this would move 7 resources of"), "{}", failure.message);
        assert_eq!(failure.help.get(5).map(String::as_str), Some("and 2 more"));
    }

    #[test]
    fn only_the_path_of_the_nested_template_becomes_its_address() {
        let root = "A:\n  TemplateURL: stacks/WebStack.yaml\nB:\n  TemplateURL: stacks/AWebStack.yaml\n";
        let expected = "A:\n  TemplateURL: https://b/k.yaml\nB:\n  TemplateURL: stacks/AWebStack.yaml\n";
        assert_eq!(addressed(root, "WebStack", "https://b/k.yaml"), expected);
        assert_eq!(addressed(root, "Other", "u"), root);
    }
}
