//! Attaches file systems again that a deletion of the stack kept.
//!
//! In: the template of a stack that is yet to be created, and what CloudFormation remembers of the deleted one. Out: the
//! stack, with those file systems and nothing else, or nothing. Invariant: nothing is attached that the user did not agree
//! to by name, and a failure leaves the file systems where they are. An import sets no tags, so until the update after it a
//! stack is known by its events. Databases leave snapshots, which no import can take:
//! the manifest names the one to start from, and nobody gets an empty database without having been told.

use super::changeset::{self, ChangeSetDraft, ImportedResource, TemplateBody};
use super::follow::{self, EventBookmark};
use super::services::ServiceWatch;
use super::stack::{DeployedStack, find};
use super::template::{self, references};
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::parameters::ParameterChoice;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, confirm};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent, StackStatus, StackSummary};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tranship_targets::StackDeployment;

/// The type that is attached again.
const FILE_SYSTEM: &str = "AWS::EFS::FileSystem";

/// The type that leaves a snapshot.
const DATABASE: &str = "AWS::RDS::DBInstance";

/// Deleted stacks of one name that are looked at.
const LOOKED_BACK: usize = 16;

/// A resource that a deleted stack had.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FormerResource {
    /// Its logical id.
    id: String,
    /// Its physical id: `fs-0123`.
    physical: String,
}

/// What a deleted stack left.
#[derive(Debug, Default)]
struct LeftBehind {
    /// File systems.
    file_systems: Vec<FormerResource>,
    /// Databases that are gone, of which snapshots may be left.
    databases: Vec<FormerResource>,
    /// Whether the stack was ever complete.
    used: bool,
}

/// Offers what the last stack of this name left, and attaches what the user wants.
pub(super) async fn offer(
    session: &AwsSession,
    deployment: &StackDeployment,
    text: &str,
    parameters: &BTreeMap<String, ParameterChoice>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Option<DeployedStack>, DeployFailure> {
    let Ok(document) = template::read(text) else { return Ok(None) };
    let all = document.to_string();
    if !all.contains(FILE_SYSTEM) && !all.contains(DATABASE) {
        return Ok(None);
    }
    let client = session.cloudformation();
    // What is not allowed to be looked up is not offered.
    let Ok(left) = left_behind(&client, &deployment.stack).await else { return Ok(None) };
    name_snapshots(session, &deployment.stack, &empty_again(&document, left.databases), options, progress)
        .await?;
    let (alone, kept) = fitting(&document, left.file_systems);
    if kept.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = kept.iter().map(|it| format!("{} ({})", it.physical, it.id)).collect();
    let names = names.join(", ");
    progress.warn(&format!("the stack {} was deleted and left {names}", deployment.stack));
    let wanted = match given(options.reattach, options.yes, options.ask.is_some()) {
        Some(given) => given,
        None => answer(confirm(session, options, &format!("attach {names} again?")).await)?,
    };
    if !wanted {
        progress.warn("new file systems are made; `--reattach` attaches those that were left");
        return Ok(None);
    }
    attach(session, deployment, &alone, &kept, parameters, options, progress).await.map(Some)
}

/// Whether to attach what was left, as the flags say; `None` where the user is asked. `--yes` agrees to what the manifest says
/// alone.
fn given(reattach: bool, yes: bool, terminal: bool) -> Option<bool> {
    (reattach || yes || !terminal).then_some(reattach)
}

/// What the user answered. A no is no reason to stop.
fn answer(confirmed: Result<(), DeployFailure>) -> Result<bool, DeployFailure> {
    match confirmed {
        Ok(()) => Ok(true),
        Err(failure) if failure.kind == FailureKind::Failed => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// The databases that start empty though one of the same name has run before.
fn empty_again(document: &Value, former: Vec<FormerResource>) -> Vec<FormerResource> {
    let resource = |it: &FormerResource| document.get("Resources")?.get(&it.id);
    let starts_empty = |it: &FormerResource| {
        resource(it).is_some_and(|resource| {
            resource.get("Type").and_then(Value::as_str) == Some(DATABASE)
                && resource.pointer("/Properties/DBSnapshotIdentifier").is_none()
        })
    };
    former.into_iter().filter(starts_empty).collect()
}

/// Says how to find the snapshots, and asks whether to go on without them.
async fn name_snapshots(
    session: &AwsSession,
    stack: &str,
    databases: &[FormerResource],
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    for FormerResource { id, physical } in databases {
        progress.warn(&format!(
            "the stack {stack} was deleted, and its database {physical} ({id}) with it; `aws rds describe-db-snapshots --db-instance-identifier {physical}` lists the snapshots that are left, and `x-tranship.database.snapshot` restores one"
        ));
    }
    if databases.is_empty() || options.yes || options.ask.is_none() {
        return Ok(());
    }
    let what = if databases.len() == 1 { "an empty database" } else { "empty databases" };
    confirm(session, options, &format!("start with {what}?")).await
}

async fn attach(
    session: &AwsSession,
    deployment: &StackDeployment,
    alone: &Value,
    kept: &[FormerResource],
    parameters: &BTreeMap<String, ParameterChoice>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployedStack, DeployFailure> {
    let (client, name) = (session.cloudformation(), &deployment.stack);
    let import = |it: &FormerResource| ImportedResource {
        kind: FILE_SYSTEM,
        id: it.id.clone(),
        key: "FileSystemId",
        physical: it.physical.clone(),
    };
    let declared = alone.get("Parameters").and_then(Value::as_object);
    let parameters = parameters.iter().filter(|(name, _)| declared.is_some_and(|it| it.contains_key(*name)));
    let parameters = parameters.map(|(name, choice)| (name.clone(), choice.clone())).collect();
    let draft = ChangeSetDraft {
        stack: name,
        create: true,
        template: TemplateBody::Inline(alone.to_string()),
        parameters: &parameters,
        capabilities: &deployment.capabilities,
        tags: &[],
        imports: kept.iter().map(import).collect(),
    };
    progress.message("attaching file systems");
    let set = changeset::create(session, draft).await?;
    let set = set.ok_or_else(|| DeployFailure::failed("CloudFormation finds nothing to attach"))?;
    let mark = EventBookmark::now(&client, &set.stack_id).await?;
    session.underway(format!("the import into the stack {name}"));
    set.execute(session, false).await?;
    let watch = ServiceWatch::nothing(session);
    let end = follow::follow(session, &set.stack_id, mark, options.timeout, &watch, progress).await?;
    session.settled();
    if !end.stack.succeeded() {
        return Err(end
            .failure(&client, "attaching the file systems", &watch)
            .await
            .help("they are as they were; without `--reattach`, new ones are made"));
    }
    find(&client, &set.stack_id).await?.ok_or_else(|| DeployFailure::failed("the stack no longer exists"))
}

/// Whether a stack was begun by an import of ours, as far as its events say.
pub(super) async fn has_begun(client: &Client, stack: &str) -> bool {
    let mut token = None;
    loop {
        let page = client.describe_stack_events().stack_name(stack).set_next_token(token).send().await;
        let Ok(page) = page else { return false };
        if page.stack_events().iter().any(is_import) {
            return true;
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return false;
        }
    }
}

/// Whether an event is of an import of ours, which has a token that we wrote.
fn is_import(event: &StackEvent) -> bool {
    let import = event.resource_status().is_some_and(|it| it.as_str().starts_with("IMPORT_"));
    let ours = event.client_request_token().is_some_and(|it| changeset::author(it).is_some());
    follow::is_of_stack(event) && import && ours
}

/// What the last deleted stack of a name left that was ever in use: what a first deployment that failed or was interrupted
/// made went with it.
async fn left_behind(client: &Client, name: &str) -> Result<LeftBehind, DeployFailure> {
    let (mut deleted, mut token) = (Vec::<StackSummary>::new(), None);
    loop {
        let call = client.list_stacks().stack_status_filter(StackStatus::DeleteComplete);
        let page = call.set_next_token(token).send().await;
        let page = page.map_err(|error| sdk("list the deleted stacks", error))?;
        token = page.next_token().map(str::to_owned);
        let ours = page.stack_summaries.unwrap_or_default().into_iter();
        let ours = ours.filter(|it| it.stack_name() == Some(name));
        deleted.extend(ours);
        if token.is_none() {
            break;
        }
    }
    deleted.sort_by_key(|it| std::cmp::Reverse(it.deletion_time().map(|time| time.as_nanos())));
    for id in deleted.iter().filter_map(StackSummary::stack_id).take(LOOKED_BACK) {
        let found = left_by(client, id).await?;
        if found.is_last() {
            return Ok(found);
        }
    }
    Ok(LeftBehind::default())
}

/// What one deleted stack left.
async fn left_by(client: &Client, id: &str) -> Result<LeftBehind, DeployFailure> {
    // Events outlive the stack by 90 days, the newest first: what was left last is what counts.
    let (mut found, mut token) = (LeftBehind::default(), None);
    loop {
        let page = client.describe_stack_events().stack_name(id).set_next_token(token).send().await;
        let page = page.map_err(|error| sdk("read what a deleted stack left", error))?;
        page.stack_events().iter().for_each(|event| found.note(event));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

impl LeftBehind {
    /// Whether an older stack cannot have left anything that counts.
    fn is_last(&self) -> bool {
        self.used || !self.file_systems.is_empty()
    }

    /// Takes an event of the stack into account.
    fn note(&mut self, event: &StackEvent) {
        let status = event.resource_status().map_or("", ResourceStatus::as_str);
        self.used |= follow::is_of_stack(event)
            && matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE");
        let list = match (event.resource_type(), event.resource_status()) {
            (Some(FILE_SYSTEM), Some(ResourceStatus::DeleteSkipped)) => &mut self.file_systems,
            (Some(DATABASE), Some(ResourceStatus::DeleteComplete)) => &mut self.databases,
            _ => return,
        };
        let (Some(id), Some(physical)) = (event.logical_resource_id(), event.physical_resource_id()) else {
            return;
        };
        if !list.iter().any(|it| it.id == id) {
            list.push(FormerResource { id: id.to_owned(), physical: physical.to_owned() });
        }
    }
}

/// The template with the kept file systems that it declares, and nothing else; a file system that refers to another
/// resource cannot come alone.
fn fitting(document: &Value, kept: Vec<FormerResource>) -> (Value, Vec<FormerResource>) {
    let resources = document.get("Resources").and_then(Value::as_object).cloned().unwrap_or_default();
    let fits = |it: &FormerResource| {
        resources.get(&it.id).is_some_and(|resource| {
            resource.get("Type").and_then(Value::as_str) == Some(FILE_SYSTEM)
                && references(resource).into_iter().all(|name| !resources.contains_key(name))
        })
    };
    let kept: Vec<FormerResource> = kept.into_iter().filter(fits).collect();
    let alone = resources.iter().filter(|(id, _)| kept.iter().any(|it| it.id == **id));
    let mut alone: serde_json::Map<String, Value> =
        alone.map(|(id, resource)| (id.clone(), resource.clone())).collect();
    // The others are not there yet.
    alone.values_mut().filter_map(Value::as_object_mut).for_each(|resource| {
        resource.remove("DependsOn");
    });
    let named: Vec<String> = alone.values().flat_map(references).map(str::to_owned).collect();
    let parameters = document.get("Parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let parameters: serde_json::Map<String, Value> =
        parameters.into_iter().filter(|(name, _)| named.contains(name)).collect();
    let mut template = json!({ "AWSTemplateFormatVersion": "2010-09-09", "Resources": alone });
    if let Some(template) = template.as_object_mut().filter(|_| !parameters.is_empty()) {
        template.insert("Parameters".to_owned(), parameters.into());
    }
    (template, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters: { Size: { Type: String }, Other: { Type: String } }
Resources:
  Files:
    Type: AWS::EFS::FileSystem
    DeletionPolicy: RetainExceptOnCreate
    DependsOn: Group
    Properties: { Name: !Ref Size, Of: !Ref AWS::StackName }
  Locked:
    Type: AWS::EFS::FileSystem
    Properties: { KmsKeyId: !GetAtt Key.Arn }
  Key: { Type: AWS::KMS::Key }
  Group: { Type: AWS::EC2::SecurityGroup }
";

    fn kept(id: &str) -> FormerResource {
        FormerResource { id: id.into(), physical: format!("fs-{id}") }
    }

    #[test]
    fn a_database_that_would_start_empty_again_is_named() {
        let document = json!({ "Resources": {
            "Empty": { "Type": DATABASE, "Properties": { "Engine": "mysql" } },
            "Restored": { "Type": DATABASE, "Properties": { "DBSnapshotIdentifier": "before" } },
            "Files": { "Type": FILE_SYSTEM },
        } });
        let former = ["Empty", "Restored", "Files", "Gone"].map(kept).to_vec();
        assert_eq!(empty_again(&document, former), [kept("Empty")]);
    }

    #[test]
    fn what_is_left_is_read_from_the_events_of_the_deletion() {
        let event = |kind: &str, status: ResourceStatus, id: &str, physical: &str| {
            let made = StackEvent::builder().resource_type(kind).resource_status(status);
            made.logical_resource_id(id).physical_resource_id(physical).build()
        };
        let mut left = LeftBehind::default();
        for (kind, status, id, physical) in [
            (FILE_SYSTEM, ResourceStatus::DeleteSkipped, "Files", "fs-Files"),
            (FILE_SYSTEM, ResourceStatus::DeleteSkipped, "Files", "fs-older"),
            (FILE_SYSTEM, ResourceStatus::DeleteComplete, "Gone", "fs-Gone"),
            (DATABASE, ResourceStatus::DeleteComplete, "Db", "fs-Db"),
            (DATABASE, ResourceStatus::DeleteSkipped, "Kept", "fs-Kept"),
            ("AWS::ECS::Service", ResourceStatus::DeleteComplete, "Web", "fs-Web"),
        ] {
            left.note(&event(kind, status, id, physical));
        }
        assert!(!left.used && left.is_last(), "what is left counts, whatever else it was");
        assert_eq!((left.file_systems, left.databases), (vec![kept("Files")], vec![kept("Db")]));
    }

    /// An event of a stack itself.
    fn of_stack(status: &str, token: &str) -> StackEvent {
        let made = StackEvent::builder().resource_type("AWS::CloudFormation::Stack").stack_id("arn");
        let made = made.physical_resource_id("arn").resource_status(ResourceStatus::from(status));
        made.client_request_token(token).build()
    }

    #[test]
    fn nothing_is_attached_that_nobody_agreed_to() {
        for (reattach, yes, terminal, expected) in [
            (true, false, true, Some(true)),
            (true, true, false, Some(true)),
            (false, true, true, Some(false)),
            (false, true, false, Some(false)),
            (false, false, false, Some(false)),
            (false, false, true, None),
        ] {
            assert_eq!(given(reattach, yes, terminal), expected, "{reattach} {yes} {terminal}");
        }
        let stopped = DeployFailure::new(FailureKind::Interrupted, "stopped");
        assert_eq!(answer(Ok(())), Ok(true));
        assert_eq!(answer(Err(DeployFailure::failed("cancelled"))), Ok(false));
        assert_eq!(answer(Err(stopped.clone())), Err(stopped), "Ctrl-C at the question");
    }

    #[test]
    fn a_stack_that_was_never_complete_hides_no_older_one() {
        for (status, used) in [
            ("CREATE_COMPLETE", true),
            ("UPDATE_COMPLETE", true),
            ("IMPORT_COMPLETE", true),
            ("REVIEW_IN_PROGRESS", false),
            ("CREATE_IN_PROGRESS", false),
            ("CREATE_FAILED", false),
            ("ROLLBACK_COMPLETE", false),
            ("DELETE_COMPLETE", false),
        ] {
            let mut left = LeftBehind::default();
            left.note(&of_stack(status, ""));
            assert_eq!((left.used, left.is_last()), (used, used), "{status}");
        }
        let mut left = LeftBehind::default();
        for status in ["DELETE_COMPLETE", "UPDATE_COMPLETE", "CREATE_COMPLETE", "CREATE_IN_PROGRESS"] {
            left.note(&of_stack(status, ""));
        }
        assert!(left.used, "once is enough");
        let mut left = LeftBehind::default();
        let inside = StackEvent::builder().resource_type("AWS::ECS::Service").stack_id("arn");
        left.note(&inside.resource_status(ResourceStatus::CreateComplete).build());
        assert!(!left.is_last(), "a resource is not the stack");
    }

    #[test]
    fn an_import_of_ours_is_known_by_its_token() {
        let ours = super::super::plan_name::PlanName::now("ops").to_string();
        assert!(is_import(&of_stack("IMPORT_IN_PROGRESS", &ours)));
        assert!(is_import(&of_stack("IMPORT_COMPLETE", &ours)));
        assert!(!is_import(&of_stack("CREATE_COMPLETE", &ours)));
        assert!(!is_import(&of_stack("IMPORT_COMPLETE", "Console-Import-0123")));
        let inside = StackEvent::builder().resource_type(FILE_SYSTEM).client_request_token(&ours);
        assert!(!is_import(&inside.resource_status(ResourceStatus::ImportComplete).build()));
    }

    #[test]
    fn only_what_can_come_alone_is_attached() {
        let document = template::read(TEMPLATE).unwrap();
        let (alone, fit) =
            fitting(&document, vec![kept("Files"), kept("Locked"), kept("Gone"), kept("Group")]);
        assert_eq!(fit, [kept("Files")]);
        let resources = alone["Resources"].as_object().unwrap();
        assert_eq!(resources.keys().collect::<Vec<_>>(), ["Files"]);
        assert_eq!(resources["Files"]["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(resources["Files"].get("DependsOn"), None);
        assert_eq!(alone["Parameters"], json!({ "Size": { "Type": "String" } }));
    }
}
