//! Deploys a stack: upload, change set, confirmation, execution, then wait for the result.
//!
//! In: a [`StackDeployment`] and its template. Out: [`DeployOutcome`]. Invariant: each step first checks what
//! exists, so that a run after a crash continues where the previous one stopped.

mod changeset;
mod down;
mod follow;
mod instance_protection;
mod protection_release;
mod replacement_guard;
mod services;
mod stack;

use self::changeset::{ChangeSet, ChangeSetDraft, TemplateBody};
use self::follow::EventBookmark;
use self::services::ServiceWatch;
use self::stack::{DeployedStack, find};
use super::bucket::ArtifactBucket;
use super::failure::DeployFailure;
use super::parameters::{self, ParameterChoice};
use super::progress::{DeployProgress, UserQuestion};
use super::session::AwsSession;
use super::{DeployOptions, DeployOutcome, DeployValues, DeploymentStatus, ServiceStatus, artifact, ask};
use std::collections::BTreeMap;
use tranship_artifact::ArtifactSet;
use tranship_cloudformation::INLINE_BYTES;
use tranship_targets::StackDeployment;

pub(super) use self::down::down;

/// Deploys.
pub(super) async fn deploy(
    session: &AwsSession,
    deployment: &StackDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let name = &deployment.stack;
    let template = String::from_utf8_lossy(artifact(artifacts, "template.yaml")?);
    let stack = settle(session, deployment, options, progress).await?;
    let parameters = choose(session, deployment, stack.as_ref(), options).await?;
    let Some(set) = draft(session, deployment, &template, &parameters, stack.is_none(), progress).await?
    else {
        progress.message(&format!("{name} is up to date: no changes"));
        let outputs = stack.map(|stack| stack.outputs).unwrap_or_default();
        return Ok(DeployOutcome { changed: false, outputs });
    };
    progress.changes(&set.changes);
    if let Err(failure) = approve(&set, options).await {
        withdraw(session, name, set, stack.is_none()).await?;
        return Err(failure);
    }
    let watch = ServiceWatch::new(session, &deployment.services);
    execute(session, name, &set, options, &watch, progress).await
}

/// The stack in a stable state; `None` if it is yet to be created.
async fn settle(
    session: &AwsSession,
    deployment: &StackDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Option<DeployedStack>, DeployFailure> {
    let (client, name) = (session.cloudformation(), &deployment.stack);
    loop {
        let Some(stack) = find(&client, name).await? else { return Ok(None) };
        if stack.is_busy() {
            progress.message(&format!("{name} is {}: waiting for it to finish", stack.status.as_str()));
            session.underway(format!("the current operation on the stack {name}"));
            let mark = EventBookmark::of_current(&client, &stack.id).await?;
            let watch = ServiceWatch::new(session, &deployment.services);
            follow::follow(session, &stack.id, mark, options.timeout, &watch, progress).await?;
            session.settled();
        } else if stack.is_updatable() {
            changeset::sweep(&client, name).await?;
            return Ok(Some(stack));
        } else if stack.is_remains() {
            progress.message(&format!(
                "{name} is {}: cleaning up after a failed first deployment",
                stack.status.as_str()
            ));
            down::delete(session, &stack, options, progress).await?;
        } else if stack.status.as_str() == "REVIEW_IN_PROGRESS" {
            if changeset::sweep(&client, name).await? > 0 {
                return Ok(None);
            }
            progress.message(&format!("{name} was never created: cleaning up after an interrupted run"));
            down::delete(session, &stack, options, progress).await?;
        } else {
            return Err(stuck(name, &stack));
        }
    }
}

fn stuck(name: &str, stack: &DeployedStack) -> DeployFailure {
    let status = stack.status.as_str();
    let failure = DeployFailure::failed(format!("the stack {name} is {status}: {}", stack.reason));
    match status {
        "UPDATE_ROLLBACK_FAILED" => failure.help(format!(
            "run `aws cloudformation continue-update-rollback --stack-name {name}`, then deploy"
        )),
        "DELETE_FAILED" => {
            failure.help(format!("run `aws cloudformation delete-stack --stack-name {name}`, then deploy"))
        }
        _ => failure,
    }
}

async fn choose(
    session: &AwsSession,
    deployment: &StackDeployment,
    stack: Option<&DeployedStack>,
    options: &DeployOptions,
) -> Result<BTreeMap<String, ParameterChoice>, DeployFailure> {
    let previous = match stack {
        Some(stack) => stack.given_parameters(&session.cloudformation()).await?,
        None => Vec::new(),
    };
    let mut values: DeployValues = options.values.clone();
    for secret in parameters::secrets_to_ask(&deployment.parameters, &values, &previous) {
        let question = UserQuestion::Secret(format!("{} ({})", secret.called(), secret.description));
        let Some(value) = ask(options.ask.as_ref(), question).await else { break };
        values.secrets.insert(secret.name.clone(), value);
    }
    session.mask().borrow_mut().hide(values.secrets.values());
    parameters::choose(&deployment.parameters, &values, &previous)
}

async fn draft(
    session: &AwsSession,
    deployment: &StackDeployment,
    template: &str,
    parameters: &BTreeMap<String, ParameterChoice>,
    create: bool,
    progress: &mut dyn DeployProgress,
) -> Result<Option<ChangeSet>, DeployFailure> {
    let template = if template.len() <= INLINE_BYTES {
        TemplateBody::Inline(template.to_owned())
    } else {
        let bucket = ArtifactBucket::open(session, progress).await?;
        let key = bucket.put(&format!("stacks/{}", deployment.stack), template.as_bytes(), ".yaml").await?;
        TemplateBody::At(bucket.url(&key))
    };
    progress.message("creating a change set");
    let draft = ChangeSetDraft {
        stack: &deployment.stack,
        create,
        template,
        parameters,
        capabilities: &deployment.capabilities,
        tags: &[],
    };
    changeset::create(&session.cloudformation(), draft).await
}

async fn approve(set: &ChangeSet, options: &DeployOptions) -> Result<(), DeployFailure> {
    replacement_guard::check(&set.changes, &options.allow_replacement)?;
    super::confirm(options, "deploy these changes?").await
}

/// Discards the change set, and the empty stack that a first change set creates.
async fn withdraw(
    session: &AwsSession,
    name: &str,
    set: ChangeSet,
    first: bool,
) -> Result<(), DeployFailure> {
    let client = session.cloudformation();
    let id = set.stack_id.clone();
    set.discard(&client).await?;
    if first && changeset::sweep(&client, name).await? == 0 {
        down::delete_quietly(&client, &id).await?;
    }
    Ok(())
}

async fn execute(
    session: &AwsSession,
    name: &str,
    set: &ChangeSet,
    options: &DeployOptions,
    watch: &ServiceWatch<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let client = session.cloudformation();
    let mark = EventBookmark::now(&client, &set.stack_id).await?;
    session.underway(format!("the deployment of the stack {name}"));
    set.execute(&client).await?;
    let end = follow::follow(session, &set.stack_id, mark, options.timeout, watch, progress).await?;
    session.settled();
    if !end.stack.succeeded() {
        return Err(end.failure(&client, &format!("the stack {name}"), watch).await);
    }
    Ok(DeployOutcome { changed: true, outputs: end.stack.outputs })
}

/// The status of the stack.
pub(super) async fn status(
    session: &AwsSession,
    deployment: &StackDeployment,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentStatus, DeployFailure> {
    let client = session.cloudformation();
    let subject = format!("stack {}", deployment.stack);
    let Some(stack) = find(&client, &deployment.stack).await? else {
        return Ok(DeploymentStatus {
            subject,
            state: None,
            healthy: false,
            facts: Vec::new(),
            services: Vec::new(),
        });
    };
    let mut facts = vec![("changed".to_owned(), stack.changed.clone())];
    if !stack.reason.is_empty() {
        facts.push(("reason".to_owned(), stack.reason.clone()));
    }
    facts.extend(stack.outputs.iter().cloned());
    let services = services::standing(session, &stack.id, &deployment.services, progress).await;
    let healthy = stack.succeeded() && services.iter().all(ServiceStatus::is_healthy);
    let state = Some(stack.status.as_str().to_owned());
    Ok(DeploymentStatus { subject, state, healthy, facts, services })
}
