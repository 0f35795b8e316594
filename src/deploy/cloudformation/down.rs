//! Deletes a stack: reports what will be deleted and kept, updates the template to match, deletes.
//!
//! In: a stack. Out: [`DeployOutcome`]. Invariant: resources that keep data are retained, or a snapshot is, unless
//! the user named them; nothing is deleted before the user has agreed.

use super::follow::{self, EventBookmark};
use super::instance_protection;
use super::nested;
use super::protection_release::{self, ResourceFate};
use super::rollback;
use super::separate;
use super::services::ServiceWatch;
use super::stack::{DeployedStack, find};
use crate::deploy::bucket::ArtifactBucket;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, confirm_by_name};
use crate::operation::stack_templates::StackTemplates;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, Parameter, TemplateStage};
use tranship_cloudformation::INLINE_BYTES;
use tranship_targets::StackDeployment;

/// Deletes the stack.
pub(in crate::deploy) async fn down(
    session: &AwsSession,
    deployment: &StackDeployment,
    environment: &str,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    if !deployment.separate.is_empty() {
        return Box::pin(separate::down(session, deployment, environment, options, progress)).await;
    }
    one(session, deployment, DeletionConsent::Asked(environment), options, progress).await
}

/// Whether the user agrees to the deletion of a stack.
#[derive(Debug, Clone, Copy)]
pub(super) enum DeletionConsent<'a> {
    /// What is deleted is told, and the user types this name.
    Asked(&'a str),
    /// The user was told and has agreed, for all stacks of the application.
    Given,
}

/// Deletes one stack.
pub(super) async fn one(
    session: &AwsSession,
    deployment: &StackDeployment,
    confirmation: DeletionConsent<'_>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let (client, name) = (session.cloudformation(), &deployment.stack);
    let Some(mut stack) = find(&client, name).await? else {
        progress.message(&format!("no stack {name}: nothing to do"));
        return Ok(DeployOutcome { changed: false, outputs: Vec::new() });
    };
    super::own(&client, name, &stack, options).await?;
    if stack.is_busy() {
        progress.message(&format!("{name} is {}: waiting for it to finish", stack.status.as_str()));
        let mark = EventBookmark::of_current(&client, &stack.id).await?;
        session.underway(format!("the current operation on the stack {name}"));
        stack = follow::follow(
            session,
            &stack.id,
            mark,
            options.timeout,
            &ServiceWatch::nothing(session),
            progress,
        )
        .await?
        .stack;
        session.settled();
        if find(&client, name).await?.is_none() {
            return Ok(DeployOutcome { changed: true, outputs: Vec::new() });
        }
    }
    let template = template(&client, &stack).await?;
    let release = released(name, &template, options)?;
    if let DeletionConsent::Asked(environment) = confirmation {
        let losses = losses(session, &stack, &template, &release).await?;
        progress.warn(&format!("{} will be deleted", counted(losses.deleted, "resource")));
        losses.stores.iter().for_each(|line| progress.warn(line));
        confirm_by_name(session, options, environment).await?;
    }
    if let Some(template) = release.template.filter(|_| stack.is_updatable()) {
        prepare(session, &stack, template, options, progress).await?;
    }
    instance_protection::unprotect(session, &stack.id, &release.groups, progress).await?;
    delete(session, &stack, options, progress).await?;
    rollback::forget(session, name, progress).await;
    Ok(DeployOutcome { changed: true, outputs: Vec::new() })
}

async fn template(client: &Client, stack: &DeployedStack) -> Result<String, DeployFailure> {
    let call = client.get_template().stack_name(&stack.id).template_stage(TemplateStage::Original);
    let answer = call.send().await.map_err(|error| sdk("read the stack's template", error))?;
    Ok(answer.template_body.unwrap_or_default())
}

fn released(
    name: &str,
    template: &str,
    options: &DeployOptions,
) -> Result<protection_release::ProtectionRelease, DeployFailure> {
    protection_release::release(template, &options.delete_data)
        .map_err(|error| DeployFailure::failed(format!("cannot read the template of {name}: {error}")))
}

/// `1 resource`, `2 resources`.
pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// What a deletion takes, and what becomes of what keeps data.
#[derive(Debug, Default)]
pub(super) struct DeletionLosses {
    /// Resources that are deleted and keep no data.
    pub(super) deleted: usize,
    /// A line for each resource that keeps data.
    pub(super) stores: Vec<String>,
}

/// What the deletion of a stack would take.
pub(super) async fn losses_of(
    session: &AwsSession,
    stack: &DeployedStack,
    options: &DeployOptions,
) -> Result<DeletionLosses, DeployFailure> {
    let template = template(&session.cloudformation(), stack).await?;
    let release = released(stack.name(), &template, options)?;
    losses(session, stack, &template, &release).await
}

async fn losses(
    session: &AwsSession,
    stack: &DeployedStack,
    template: &str,
    release: &protection_release::ProtectionRelease,
) -> Result<DeletionLosses, DeployFailure> {
    // Those of nested stacks are not in the template; what cannot be counted is not a reason to stop.
    let inside = match StackTemplates::nested_ids(template).is_empty() {
        true => 0,
        false => nested::inside(&session.cloudformation(), &stack.id).await.unwrap_or_default(),
    };
    let deleted = release.resources + inside - release.stores.len();
    let mut stores = Vec::new();
    for protection_release::ReleasedStore { id: store, kind, fate } in &release.stores {
        let Some(id) = instance_protection::physical(session, &stack.id, store).await? else { continue };
        stores.push(match fate {
            ResourceFate::Kept => format!("{store} ({kind}) {id} will be kept, outside of any stack"),
            ResourceFate::Snapshot => format!("{store} ({kind}) {id} will be deleted; a snapshot is kept"),
            ResourceFate::Lost => format!("{store} ({kind}) {id} will be deleted with all its data"),
        });
    }
    Ok(DeletionLosses { deleted, stores })
}

/// Updates the running template: sets the deletion policies and disables deletion protection on everything else.
async fn prepare(
    session: &AwsSession,
    stack: &DeployedStack,
    template: String,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let client = session.cloudformation();
    let mark = EventBookmark::now(&client, &stack.id).await?;
    let mut call = client.update_stack().stack_name(&stack.id).capabilities(Capability::CapabilityNamedIam);
    for name in stack.parameter_names() {
        call = call.parameters(Parameter::builder().parameter_key(name).use_previous_value(true).build());
    }
    call = if template.len() <= INLINE_BYTES {
        call.template_body(template)
    } else {
        let bucket = ArtifactBucket::open(session, progress).await?;
        let key = bucket.put("down", template.as_bytes(), ".json").await?;
        call.template_url(bucket.url(&key))
    };
    progress.message("setting deletion policies");
    match call.send().await {
        Ok(_) => {}
        Err(error) if error.message().is_some_and(|text| text.contains("No updates")) => return Ok(()),
        Err(error) => return Err(sdk("set the deletion policies", error)),
    }
    session.underway("the update of the deletion policies");
    let end =
        follow::follow(session, &stack.id, mark, options.timeout, &ServiceWatch::nothing(session), progress)
            .await?;
    session.settled();
    if end.stack.succeeded() {
        return Ok(());
    }
    Err(end
        .failure(&client, "the update of the deletion policies", &ServiceWatch::nothing(session))
        .await
        .help("nothing was deleted"))
}

/// Deletes a stack and waits until it is deleted.
pub(super) async fn delete(
    session: &AwsSession,
    stack: &DeployedStack,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let client = session.cloudformation();
    let mark = EventBookmark::now(&client, &stack.id).await?;
    delete_quietly(&client, &stack.id).await?;
    session.underway("the deletion of the stack");
    let end =
        follow::follow(session, &stack.id, mark, options.timeout, &ServiceWatch::nothing(session), progress)
            .await?;
    session.settled();
    if end.stack.succeeded() {
        return Ok(());
    }
    let failed = end.failed().join(", ");
    Err(end
        .failure(&client, "the deletion", &ServiceWatch::nothing(session))
        .await
        .help(format!("not deleted: {failed}")))
}

/// Requests a stack's deletion.
pub(super) async fn delete_quietly(client: &Client, id: &str) -> Result<(), DeployFailure> {
    client.delete_stack().stack_name(id).send().await.map_err(|error| sdk("delete the stack", error))?;
    Ok(())
}
