//! Deploys a stack: upload, change set, confirmation, execution, then wait for the result.
//!
//! In: a [`StackDeployment`] and its template. Out: [`DeployOutcome`]. Invariant: each step first checks what
//! exists, so that a run after a crash continues where the previous one stopped.

pub(super) mod application;
mod cancel;
mod changeset;
mod down;
mod drift;
mod follow;
mod instance_protection;
pub(super) mod nested;
mod nested_events;
mod plan_name;
mod protection_release;
mod reattach;
mod renewal;
mod replacement_guard;
mod review;
mod rollback;
mod secret_readers;
mod separate;
mod services;
pub(super) mod side_by_side;
mod stack;
mod status;
mod template;
#[cfg(test)]
mod tests_progress;

use self::changeset::{ChangeSet, ChangeSetDraft, TemplateBody};
use self::follow::EventBookmark;
use self::renewal::{RunningServices, TaskRenewal};
use self::review::RunningStacks;
use self::services::ServiceWatch;
use super::bucket::ArtifactBucket;
use super::failure::DeployFailure;
use super::parameters::{self, ParameterChoice};
use super::progress::DeployProgress;
use super::review::DeploymentReview;
use super::session::AwsSession;
use super::{DeployOptions, DeployOutcome, DeployValues, ask, confirm, late_values};
use crate::operation::stack_templates::StackTemplates;
use aws_sdk_cloudformation::Client;
use std::collections::BTreeMap;
use tranship_artifact::ArtifactSet;
use tranship_cloudformation::INLINE_BYTES;
use tranship_targets::StackDeployment;

pub(super) use self::cancel::cancel;
pub(super) use self::down::down;
pub(super) use self::drift::drift;
pub(super) use self::review::review;
pub(super) use self::rollback::rollback;
pub(super) use self::stack::{DeployedStack, find};
pub(super) use self::status::{look, status};

/// Deploys.
pub(super) async fn deploy(
    session: &AwsSession,
    deployment: &StackDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    if !deployment.separate.is_empty() {
        return Box::pin(separate::deploy(session, deployment, artifacts, options, progress)).await;
    }
    let name = &deployment.stack;
    let templates = compiled(artifacts)?;
    let whole = templates.whole().unwrap_or_default();
    let renewal = TaskRenewal::new(&whole, deployment, &options.force)?;
    let stack = settle(session, deployment, options, progress).await?;
    let running = match &stack {
        Some(stack) => Some(nested::running(&session.cloudformation(), &stack.id).await),
        None => None,
    };
    if let Some(Ok(running)) = &running {
        nested::guard(deployment, running, &templates)?;
    }
    let parameters = choose(session, deployment, stack.as_ref(), options, progress).await?;
    let new = stack.as_ref().is_none_or(DeployedStack::is_unfinished);
    let planned = match running.transpose() {
        Ok(running) => {
            let running = stack.as_ref().zip(running.as_ref());
            let running = running.map(|(stack, templates)| RunningStacks::single(stack, templates));
            review::of(session, deployment, running, &parameters, artifacts, options)
        }
        Err(failure) => Err(failure),
    };
    let planned = reviewed(planned, options, progress)?;
    let template = nested::uploaded(session, &deployment.stack, &templates, progress).await?;
    let stack = match stack {
        None => reattach::offer(session, deployment, &template, &parameters, options, progress).await?,
        there => there,
    };
    let create = stack.is_none();
    let open = match new {
        true => protection_release::unprotected(&template).map_err(|error| unreadable(&error))?,
        false => None,
    };
    let first = open.as_deref().unwrap_or(&template);
    let Some(set) = draft(session, deployment, first, &parameters, create, options, progress).await? else {
        return unchanged(session, deployment, stack, &renewal, options, progress).await;
    };
    let renewed = if stack.is_some() { renewal.planned(&set.changes) } else { Vec::new() };
    let shown: Vec<_> = set.changes.iter().cloned().chain(renewal::shown(&renewed)).collect();
    if let Some(planned) = planned {
        progress.review(&planned.subject, &planned.diff);
    }
    progress.changes(&shown);
    if let Err(failure) = approve(session, &set, options, "deploy these changes?").await {
        withdraw(session, name, set, stack.is_none()).await?;
        return Err(failure);
    }
    let watch = ServiceWatch::new(session, &deployment.services);
    let running = stack.as_ref().map(|stack| stack.id.as_str());
    let before = renewal.before(session, running, &set.changes).await;
    if let Some(stack) = stack.as_ref().filter(|_| !new) {
        rollback::keep(session, deployment, stack, progress).await;
    }
    let outcome = execute(session, name, &set, options, &watch, progress).await?;
    if options.detach {
        return Ok(detached(name, outcome, progress));
    }
    if new {
        return match open {
            Some(_) => protect(session, deployment, &template, &parameters, options, outcome, progress).await,
            None => Ok(outcome),
        };
    }
    let due = renewal.due(session, &set.stack_id, &set.changes, &before, progress).await?;
    due.roll(session, deployment, options, outcome, progress).await
}

/// The templates of a compile.
fn compiled(artifacts: &ArtifactSet) -> Result<StackTemplates, DeployFailure> {
    let found = StackTemplates::compiled(artifacts);
    found.ok_or_else(|| DeployFailure::failed("the artifact set has no template.yaml"))
}

/// AWS goes on alone.
fn detached(name: &str, outcome: DeployOutcome, progress: &mut dyn DeployProgress) -> DeployOutcome {
    progress.message(&format!(
        "the deployment of the stack {name} continues at AWS; `tranship status ENV` and `tranship events ENV` show it, and `tranship deploy ENV` follows it and does what is left"
    ));
    outcome
}

/// The review, if it can be had: what cannot be read must not stop a deployment, unless a plan is to be executed.
fn reviewed(
    found: Result<DeploymentReview, DeployFailure>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Option<DeploymentReview>, DeployFailure> {
    match found {
        Ok(found) => {
            crate::deploy::review::check(options, &found.plan)?;
            Ok(Some(found))
        }
        Err(failure) if options.plan.is_some() => Err(failure),
        Err(failure) => {
            progress.warn(&format!("the values that change cannot be shown: {}", failure.message));
            Ok(None)
        }
    }
}

/// Turns on the protection against deletion, after a first creation that succeeded.
async fn protect(
    session: &AwsSession,
    deployment: &StackDeployment,
    template: &str,
    parameters: &BTreeMap<String, ParameterChoice>,
    options: &DeployOptions,
    outcome: DeployOutcome,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    progress.message("turning on the protection against deletion");
    let set = draft(session, deployment, template, parameters, false, options, progress).await?;
    let Some(set) = set else { return Ok(outcome) };
    let watch = ServiceWatch::new(session, &deployment.services);
    execute(session, &deployment.stack, &set, options, &watch, progress).await.map_err(|failure| {
        failure.help("the stack was created; run the same command again to protect it against deletion")
    })
}

fn unreadable(error: &dyn std::fmt::Display) -> DeployFailure {
    DeployFailure::failed(format!("cannot read the template: {error}"))
}

/// The stack is as the template says. A service may still need new tasks.
async fn unchanged(
    session: &AwsSession,
    deployment: &StackDeployment,
    stack: Option<DeployedStack>,
    renewal: &TaskRenewal<'_>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let name = &deployment.stack;
    let Some(stack) = stack else {
        return Err(DeployFailure::failed(format!(
            "CloudFormation finds nothing to create for the stack {name}"
        )));
    };
    let due = renewal.due(session, &stack.id, &[], &RunningServices::new(), progress).await?;
    let outcome = DeployOutcome { changed: false, outputs: stack.outputs };
    if due.wanted().is_empty() {
        progress.message(&format!("{name} is up to date: no changes"));
        return Ok(outcome);
    }
    progress.changes(&renewal::shown(due.wanted()).collect::<Vec<_>>());
    if due.begins() {
        confirm(session, options, "start these tasks?").await?;
    }
    due.roll(session, deployment, options, outcome, progress).await
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
        own(&client, name, &stack, options).await?;
        if stack.is_busy() {
            progress.message(&busy(&client, name, &stack).await);
            session.underway(format!("the current operation on the stack {name}"));
            let mark = EventBookmark::of_current(&client, &stack.id).await?;
            let watch = ServiceWatch::new(session, &deployment.services);
            follow::follow(session, &stack.id, mark, options.timeout, &watch, progress).await?;
            session.settled();
        } else if stack.is_updatable() {
            told_of_others(&changeset::sweep(session, name).await?, progress);
            return Ok(Some(stack));
        } else if stack.is_remains() {
            progress.message(&format!(
                "{name} is {}: cleaning up after a failed first deployment",
                stack.status.as_str()
            ));
            down::delete(session, &stack, options, progress).await?;
        } else if stack.status.as_str() == "REVIEW_IN_PROGRESS" {
            let others = changeset::sweep(session, name).await?;
            if !others.is_empty() {
                told_of_others(&others, progress);
                return Ok(None);
            }
            progress.message(&format!("{name} was never created: cleaning up after an interrupted run"));
            down::delete(session, &stack, options, progress).await?;
        } else {
            return Err(stuck(name, &stack));
        }
    }
}

/// Refuses a stack of another project. What we attached has no tags yet: its events name it.
async fn own(
    client: &Client,
    name: &str,
    stack: &DeployedStack,
    options: &DeployOptions,
) -> Result<(), DeployFailure> {
    if stack.is_empty() || stack.is_unmarked() && reattach::has_begun(client, &stack.id).await {
        return Ok(());
    }
    options.mark.check(&format!("the stack {name}"), &stack.tags, options.adopt)
}

/// What is going on at a stack, and who began it.
async fn busy(client: &Client, name: &str, stack: &DeployedStack) -> String {
    let status = stack.status.as_str();
    match follow::begun_by(client, &stack.id).await {
        Some(who) => format!("{name} is {status}, by {who}: waiting for it to finish"),
        None => format!("{name} is {status}: waiting for it to finish"),
    }
}

fn told_of_others(others: &[String], progress: &mut dyn DeployProgress) {
    for other in others {
        progress
            .warn(&format!("another plan is waiting: {other}. It is void as soon as this one is deployed"));
    }
}

/// A token for a call that is made once, whatever becomes of its answer.
pub(super) fn task_token(session: &AwsSession) -> String {
    // RunTask takes 64 characters.
    plan_name::PlanName::now(session.who()).to_string().chars().take(64).collect()
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
    progress: &mut dyn DeployProgress,
) -> Result<BTreeMap<String, ParameterChoice>, DeployFailure> {
    let previous = match stack {
        Some(stack) => stack.given_parameters(&session.cloudformation()).await?,
        None => Vec::new(),
    };
    let mut values: DeployValues = options.values.clone();
    for parameter in parameters::to_ask(&deployment.parameters, &values, &previous) {
        let question = parameters::question(parameter);
        let Some(value) = ask(session, options, question).await? else { break };
        parameters::answered(&mut values, parameter, value);
    }
    session.mask().borrow_mut().hide(values.secrets.values());
    let choices = parameters::choose(&deployment.parameters, &values, &previous)?;
    let before = stack.map(|stack| stack.parameters.clone()).unwrap_or_default();
    let report = late_values::report(&deployment.parameters, &choices, &values, &options.sources, &before);
    report.lines.iter().for_each(|line| progress.message(line));
    if !report.reverted.is_empty() {
        report.reverted.iter().for_each(|line| progress.warn(line));
        confirm(session, options, "deploy with the values of the file?").await?;
    }
    Ok(choices)
}

async fn draft(
    session: &AwsSession,
    deployment: &StackDeployment,
    template: &str,
    parameters: &BTreeMap<String, ParameterChoice>,
    create: bool,
    options: &DeployOptions,
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
        tags: &options.mark.tags().into_iter().chain(options.tags.iter().cloned()).collect::<Vec<_>>(),
        imports: Vec::new(),
    };
    changeset::create(session, draft).await
}

async fn approve(
    session: &AwsSession,
    set: &ChangeSet,
    options: &DeployOptions,
    question: &str,
) -> Result<(), DeployFailure> {
    replacement_guard::check(&set.changes, &options.allow_replacement)?;
    confirm(session, options, question).await
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
    if first && changeset::sweep(session, name).await?.is_empty() {
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
    set.execute(session, options.no_rollback).await?;
    if options.detach {
        session.settled();
        return Ok(DeployOutcome { changed: true, outputs: Vec::new() });
    }
    let end = follow::follow(session, &set.stack_id, mark, options.timeout, watch, progress).await?;
    session.settled();
    if !end.stack.succeeded() {
        let failure = end.failure(&client, &format!("the stack {name}"), watch).await;
        return Err(match options.no_rollback {
            true => failure
                .help("nothing was rolled back: correct the cause, and go on with `tranship deploy ENV`")
                .help("or go back to what ran before with `tranship cancel ENV`"),
            false => failure,
        });
    }
    Ok(DeployOutcome { changed: true, outputs: end.stack.outputs })
}
