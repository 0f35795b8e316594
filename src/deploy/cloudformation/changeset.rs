//! Creates, reads, deletes and executes change sets.
//!
//! In: a stack, a template's location, parameters. Out: a [`ChangeSet`] with its changes, or `None` if the
//! stack is up to date. Invariant: exactly what was shown is executed; a change set that is not
//! executed is deleted.

use super::plan_name::PlanName;
use super::stack::is_absent;
use super::{follow, replacement_guard};
use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, FailureKind, exists_already, sdk};
use crate::deploy::parameters::ParameterChoice;
use crate::deploy::progress::PlannedChange;
use crate::deploy::session::AwsSession;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetSummary, ChangeSetType, ExecutionStatus, Parameter, ResourceChange,
    ResourceToImport, Tag,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// CloudFormation takes a few minutes at most to process a template.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Where a template is.
pub(in crate::deploy) enum TemplateBody {
    /// In the request body: up to 51,200 bytes.
    Inline(String),
    /// At an S3 URL.
    At(String),
}

/// What to create a change set from.
pub(in crate::deploy) struct ChangeSetDraft<'a> {
    /// The stack's name.
    pub(in crate::deploy) stack: &'a str,
    /// Whether the stack is yet to be created.
    pub(in crate::deploy) create: bool,
    /// The template.
    pub(in crate::deploy) template: TemplateBody,
    /// A choice for each template parameter.
    pub(in crate::deploy) parameters: &'a BTreeMap<String, ParameterChoice>,
    /// The capabilities the template requires.
    pub(in crate::deploy) capabilities: &'a [&'static str],
    /// The stack's tags.
    pub(in crate::deploy) tags: &'a [(String, String)],
    /// What exists already and becomes a part of the stack; then the template has nothing else.
    pub(in crate::deploy) imports: Vec<ImportedResource>,
}

/// A resource that exists and becomes a part of a stack.
pub(in crate::deploy) struct ImportedResource {
    /// Its type.
    pub(in crate::deploy) kind: &'static str,
    /// Its logical id.
    pub(in crate::deploy) id: String,
    /// The property that identifies it.
    pub(in crate::deploy) key: &'static str,
    /// The value of that property.
    pub(in crate::deploy) physical: String,
}

/// A change set that can be executed.
pub(in crate::deploy) struct ChangeSet {
    id: String,
    token: String,
    /// The stack it changes.
    pub(in crate::deploy) stack_id: String,
    /// The changes.
    pub(in crate::deploy) changes: Vec<PlannedChange>,
}

/// Creates a change set and reads it; `None` if it contains no changes.
pub(in crate::deploy) async fn create(
    session: &AwsSession,
    draft: ChangeSetDraft<'_>,
) -> Result<Option<ChangeSet>, DeployFailure> {
    let client = &session.cloudformation();
    let name = PlanName::now(session.who()).to_string();
    let kind = match (draft.imports.is_empty(), draft.create) {
        (false, _) => ChangeSetType::Import,
        (true, true) => ChangeSetType::Create,
        (true, false) => ChangeSetType::Update,
    };
    let imports = draft.imports.iter().map(|it| {
        let resource = ResourceToImport::builder().resource_type(it.kind).logical_resource_id(&it.id);
        resource.resource_identifier(it.key, &it.physical).build()
    });
    let imports: Vec<ResourceToImport> = imports.collect();
    let call = client.create_change_set().stack_name(draft.stack).change_set_name(&name).client_token(&name);
    let call = match draft.template {
        TemplateBody::Inline(text) => call.template_body(text),
        TemplateBody::At(url) => call.template_url(url),
    };
    let tags = draft.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let made = call
        .change_set_type(kind)
        .set_parameters(Some(parameters(draft.parameters)))
        .set_capabilities(Some(draft.capabilities.iter().map(|name| Capability::from(*name)).collect()))
        // An import may not set tags: the update after it does.
        .set_tags(imports.is_empty().then(|| tags.collect()))
        .set_resources_to_import((!imports.is_empty()).then_some(imports))
        .include_nested_stacks(draft.imports.is_empty())
        .send()
        .await;
    let (id, stack_id) = match made {
        Ok(made) => {
            (made.id().unwrap_or(&name).to_owned(), made.stack_id().unwrap_or(draft.stack).to_owned())
        }
        // The answer to an earlier attempt was lost: the name is nobody else's.
        Err(error) if is_there(&error) => (name.clone(), draft.stack.to_owned()),
        Err(error) if is_busy(&error) => return Err(overtaken(client, draft.stack).await),
        Err(error) => return Err(sdk("create a change set", error)),
    };
    if !is_ready(client, &id, &stack_id).await? {
        delete(client, &id, &stack_id).await?;
        return Ok(None);
    }
    let changes = read(client, &id, &stack_id).await?;
    Ok(Some(ChangeSet { id, token: name, stack_id, changes }))
}

fn is_there<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    exists_already(error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

/// Whether the stack is being changed: another deployment was faster.
fn is_busy<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.message().is_some_and(|text| text.contains("_IN_PROGRESS"))
}

/// Another deployment of the stack began first.
async fn overtaken(client: &Client, stack: &str) -> DeployFailure {
    let who = follow::begun_by(client, stack).await;
    let who = who.map(|who| format!(", by {who},")).unwrap_or_default();
    DeployFailure::failed(format!("another deployment of the stack{who} began first: this plan is void"))
        .help("nothing of this plan was done; run the same command again to see what is left to do")
}

/// Who began an operation, from its token.
pub(super) fn author(token: &str) -> Option<String> {
    PlanName::read(token).map(|name| name.who).filter(|who| !who.is_empty())
}

fn parameters(choices: &BTreeMap<String, ParameterChoice>) -> Vec<Parameter> {
    let parameter = |(name, choice): (&String, &ParameterChoice)| {
        let builder = Parameter::builder().parameter_key(name);
        match choice {
            ParameterChoice::Given(value) => Some(builder.parameter_value(value).build()),
            ParameterChoice::Previous => Some(builder.use_previous_value(true).build()),
            ParameterChoice::Default => None,
        }
    };
    choices.iter().filter_map(parameter).collect()
}

/// Waits until it is created. Returns false if there are no changes.
async fn is_ready(client: &Client, id: &str, stack: &str) -> Result<bool, DeployFailure> {
    let mut pace = PollingPace::new(PATIENCE);
    loop {
        let answer = client.describe_change_set().change_set_name(id).stack_name(stack).send().await;
        let answer = answer.map_err(|error| sdk("read the change set", error))?;
        let reason = answer.status_reason().unwrap_or("no reason given");
        match answer.status() {
            Some(ChangeSetStatus::CreateComplete) => return Ok(true),
            Some(ChangeSetStatus::Failed) if says_no_changes(reason) => return Ok(false),
            Some(ChangeSetStatus::Failed) => {
                let failure =
                    DeployFailure::failed(format!("CloudFormation rejected the change set: {reason}"));
                delete(client, id, stack).await?;
                return Err(failure);
            }
            _ => {}
        }
        if !pace.wait().await {
            return Err(DeployFailure::new(
                FailureKind::TimedOut,
                "CloudFormation did not finish creating the change set in time",
            ));
        }
    }
}

/// An empty change set fails, with one of two reasons.
fn says_no_changes(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

/// The changes, including those of nested stacks.
async fn read(client: &Client, id: &str, stack: &str) -> Result<Vec<PlannedChange>, DeployFailure> {
    let mut changes = Vec::new();
    let mut open = vec![(String::new(), id.to_owned(), Some(stack.to_owned()))];
    while let Some((path, id, stack)) = open.pop() {
        let mut token = None;
        loop {
            let call = client.describe_change_set().change_set_name(&id).set_stack_name(stack.clone());
            let page =
                call.set_next_token(token).send().await.map_err(|error| sdk("read the change set", error))?;
            for change in page.changes().iter().filter_map(|change| change.resource_change()) {
                changes.push(replacement_guard::judge(&path, change));
                open.extend(nested(&path, change));
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    changes.sort_by(|a, b| (a.action, &a.name).cmp(&(b.action, &b.name)));
    Ok(changes)
}

fn nested(path: &str, change: &ResourceChange) -> Option<(String, String, Option<String>)> {
    let name = change.logical_resource_id().unwrap_or_default();
    Some((format!("{path}{name}/"), change.change_set_id()?.to_owned(), None))
}

/// Deletes a change set that will not be executed.
pub(in crate::deploy) async fn delete(client: &Client, id: &str, stack: &str) -> Result<(), DeployFailure> {
    match client.delete_change_set().change_set_name(id).stack_name(stack).send().await {
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(sdk("delete the change set", error)),
    }
}

/// Deletes our change sets that killed runs left behind. Those that somebody may be reviewing are left alone, and so are
/// those that other tools made: they are told.
pub(super) async fn sweep(session: &AwsSession, stack: &str) -> Result<Vec<String>, DeployFailure> {
    let client = &session.cloudformation();
    let (mut others, mut token) = (Vec::new(), None);
    loop {
        let call = client.list_change_sets().stack_name(stack).set_next_token(token);
        let page = call.send().await.map_err(|error| sdk("list the change sets", error))?;
        for summary in page.summaries() {
            let (Some(name), Some(id)) = (summary.change_set_name(), summary.change_set_id()) else {
                continue;
            };
            if !waits(summary) {
                continue;
            }
            match PlanName::read(name) {
                Some(plan) if plan.is_left_behind() => delete(client, id, stack).await?,
                Some(plan) => others.push(plan.told()),
                None => others.push(format!("the change set {name}")),
            }
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(others);
        }
    }
}

/// Whether a change set is neither executed nor void.
fn waits(summary: &ChangeSetSummary) -> bool {
    !matches!(
        summary.execution_status(),
        Some(
            ExecutionStatus::ExecuteInProgress
                | ExecutionStatus::ExecuteComplete
                | ExecutionStatus::ExecuteFailed
                | ExecutionStatus::Obsolete
        )
    )
}

impl ChangeSet {
    /// Starts the execution. A lost answer is recognised: the events carry the change set's own token.
    pub(in crate::deploy) async fn execute(
        &self,
        session: &AwsSession,
        no_rollback: bool,
    ) -> Result<(), DeployFailure> {
        let client = &session.cloudformation();
        let call = client.execute_change_set().change_set_name(&self.id).stack_name(&self.stack_id);
        let call = call.set_disable_rollback(no_rollback.then_some(true));
        let error = match call.client_request_token(&self.token).send().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let code = error.code().unwrap_or_default();
        let void = code.contains("InvalidChangeSetStatus") || code.contains("ChangeSetNotFound");
        if !void && !is_busy(&error) {
            let refused = error.as_service_error().is_some() && !code.is_empty();
            if refused {
                session.settled();
            }
            return Err(sdk("execute the change set", error));
        }
        if self.has_begun(client).await {
            return Ok(());
        }
        session.settled();
        let failure = overtaken(client, &self.stack_id).await;
        // It can never be executed, and its name would only confuse.
        let _ = delete(client, &self.id, &self.stack_id).await;
        Err(failure)
    }

    /// Whether the stack's current or last operation is that of this change set.
    async fn has_begun(&self, client: &Client) -> bool {
        if follow::token_of_last(client, &self.stack_id).await.as_deref() == Some(&self.token) {
            return true;
        }
        let call = client.describe_change_set().change_set_name(&self.id).stack_name(&self.stack_id);
        let begun = |status: &ExecutionStatus| {
            matches!(status, ExecutionStatus::ExecuteInProgress | ExecutionStatus::ExecuteComplete)
        };
        call.send().await.is_ok_and(|answer| answer.execution_status().is_some_and(begun))
    }

    /// Discards it.
    pub(in crate::deploy) async fn discard(self, client: &Client) -> Result<(), DeployFailure> {
        delete(client, &self.id, &self.stack_id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_an_empty_change_set_are_known() {
        assert!(says_no_changes(
            "The submitted information didn't contain changes. Submit different information to create a change set."
        ));
        assert!(says_no_changes("No updates are to be performed."));
        assert!(!says_no_changes("Template error: resource X does not support attribute type Y"));
    }

    #[test]
    fn what_is_left_to_the_default_is_not_sent() {
        let choices = BTreeMap::from([
            ("A".to_owned(), ParameterChoice::Given("1".to_owned())),
            ("B".to_owned(), ParameterChoice::Previous),
            ("C".to_owned(), ParameterChoice::Default),
        ]);
        let sent: Vec<_> = parameters(&choices)
            .iter()
            .map(|p| (p.parameter_key().unwrap().to_owned(), p.use_previous_value()))
            .collect();
        assert_eq!(sent, [("A".to_owned(), None), ("B".to_owned(), Some(true))]);
    }

    #[test]
    fn the_change_set_of_a_nested_stack_is_read_below_its_name() {
        let inside = ResourceChange::builder().logical_resource_id("Web").change_set_id("arn:2").build();
        assert_eq!(nested("Root/", &inside), Some(("Root/Web/".to_owned(), "arn:2".to_owned(), None)));
        assert_eq!(nested("", &ResourceChange::builder().logical_resource_id("Db").build()), None);
    }
}
