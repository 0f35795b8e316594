//! Independent stacks: deployed one after the other, those that do not wait for each other side by side.
//!
//! In: a [`StackDeployment`] with stacks besides the first one, and their templates. Out: [`DeployOutcome`]. Invariants: each
//! stack goes the way of a single one, with its guards; what would move a resource to another stack, or give up data, is
//! refused before anything is done; what leaves the application goes after everything that may still use it.

mod cancelled;
mod departure;
mod existing;
mod plan;
mod stack_progress;
#[cfg(test)]
mod tests;
mod values;

pub(super) use self::cancelled::cancel;

use self::departure::StackDeparture;
use self::existing::ApplicationStacks;
use self::plan::SeparatePlan;
use self::stack_progress::StackProgress;
use self::values::StackValues;
use super::application::{READ, stage_of};
use super::down::{self as single, DeletionConsent, DeletionLosses, counted};
use super::replacement_guard;
use super::review::RunningStacks;
use super::side_by_side;
use super::stack::DeployedStack;
use crate::deploy::failure::DeployFailure;
use crate::deploy::parameters::{self, ParameterChoice};
use crate::deploy::progress::DeployProgress;
use crate::deploy::review::DeploymentReview;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, ForcedTasks, confirm, confirm_by_name};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use tranship_artifact::ArtifactSet;
use tranship_targets::{SeparateDeployment, StackDeployment};

/// Stacks that are deployed at the same time.
const TOGETHER: usize = 8;

/// The stages in the order in which their stacks are deleted.
const DELETED: [&str; 4] = ["listeners", "service", "before", "shared"];

/// Progress that several stacks report to.
type SharedProgress<'p> = RefCell<&'p mut dyn DeployProgress>;

/// Deploys.
pub(super) async fn deploy(
    session: &AwsSession,
    deployment: &StackDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    refuse(options)?;
    let stacks = ApplicationStacks::read(session, deployment, artifacts, options, progress).await?;
    stacks.refuse_moves(deployment)?;
    replacement_guard::check(&stacks.lost_data(), &options.allow_replacement)?;
    let values = StackValues::choose(session, deployment, &stacks, options, progress).await?;
    let plan = SeparatePlan { deployment, force: &options.force, stacks: &stacks, values: &values };
    let run = SeparateRun { session, deployment, artifacts, options, stacks: &stacks, values: &values, plan };
    let reviewed = compared(session, deployment, &stacks, &values.choices, artifacts, options);
    let reviewed = super::reviewed(reviewed, options, progress)?;
    let planned = run.plan.planned();
    if let Some(review) = reviewed.filter(|it| !it.diff.is_empty()) {
        progress.review(&review.subject, &review.diff);
    }
    if !planned.is_empty() {
        progress.changes(&planned);
        confirm(session, options, "deploy these stacks?").await?;
    }
    let progress: SharedProgress<'_> = RefCell::new(progress);
    let state = RunState::of(&stacks);
    session.several(Some(format!("what has begun of the deployment of {}", deployment.stack)));
    let done = run.all(&state, &progress).await;
    session.several(None);
    done?;
    if !state.changed.get() {
        progress.borrow_mut().message(&format!("{} is up to date: no changes", deployment.stack));
    }
    Ok(DeployOutcome { changed: state.changed.get(), outputs: run.plan.own_outputs(&state.outputs.borrow()) })
}

/// Compares the stacks with what they are to be, and changes nothing.
pub(super) async fn review(
    session: &AwsSession,
    deployment: &StackDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentReview, DeployFailure> {
    let stacks = ApplicationStacks::look(session, deployment, artifacts, options, progress).await?;
    stacks.refuse_moves(deployment)?;
    let previous: Vec<String> = values::given_before(session, &stacks).await?.into_iter().collect();
    let choices = parameters::known(&deployment.parameters, &options.values, &previous)?;
    compared(session, deployment, &stacks, &choices, artifacts, options)
}

fn compared(
    session: &AwsSession,
    deployment: &StackDeployment,
    stacks: &ApplicationStacks,
    choices: &BTreeMap<String, ParameterChoice>,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
) -> Result<DeploymentReview, DeployFailure> {
    let templates = stacks.templates(deployment);
    let running = templates.as_ref().map(|templates| RunningStacks {
        templates,
        parameters: stacks.parameters(),
        identity: stacks.identity(),
    });
    super::review::of(session, deployment, running, choices, artifacts, options)
}

/// Refuses to end before the last stack has begun.
fn refuse(options: &DeployOptions) -> Result<(), DeployFailure> {
    if !options.detach {
        return Ok(());
    }
    Err(DeployFailure::usage("`--detach` is not possible for independent stacks")
        .help("this program begins each stack when those before it are done: AWS could not go on alone")
        .help("leave `--detach` out; after an interruption, the same command goes on"))
}

/// What has been done.
struct RunState {
    /// The outputs of the stacks that are there.
    outputs: RefCell<BTreeMap<String, BTreeMap<String, String>>>,
    changed: Cell<bool>,
    failed: Cell<bool>,
}

impl RunState {
    fn of(stacks: &ApplicationStacks) -> Self {
        let outputs =
            stacks.there.iter().map(|(name, it)| (name.clone(), it.outputs.iter().cloned().collect()));
        RunState {
            outputs: RefCell::new(outputs.collect()),
            changed: Cell::new(false),
            failed: Cell::new(false),
        }
    }
}

/// One deployment.
struct SeparateRun<'a> {
    session: &'a AwsSession,
    deployment: &'a StackDeployment,
    artifacts: &'a ArtifactSet,
    options: &'a DeployOptions,
    stacks: &'a ApplicationStacks,
    values: &'a StackValues,
    plan: SeparatePlan<'a>,
}

impl SeparateRun<'_> {
    async fn all(&self, state: &RunState, progress: &SharedProgress<'_>) -> Result<(), DeployFailure> {
        self.forward(state, progress).await?;
        self.backward(state, progress).await
    }

    /// Creates and updates the stacks in their order. What leaves a stack stays until everything that may use it is changed.
    async fn forward(&self, state: &RunState, progress: &SharedProgress<'_>) -> Result<(), DeployFailure> {
        self.one(&self.deployment.stack, None, true, state, progress).await?;
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&SeparateDeployment> = self.deployment.separate.iter().collect();
        while !open.is_empty() {
            let (wave, later) = plan::next(&open, &done);
            if wave.is_empty() {
                return Err(DeployFailure::failed("the stacks wait for each other"));
            }
            let work = wave.iter().map(|it| self.one(&it.stack, Some(it), true, state, progress));
            side_by_side::run(TOGETHER, work).await?;
            done.extend(wave.iter().map(|it| it.stack.as_str()));
            open = later;
        }
        Ok(())
    }

    /// Deletes the stacks that left the application, and what stayed in others until now.
    async fn backward(&self, state: &RunState, progress: &SharedProgress<'_>) -> Result<(), DeployFailure> {
        for stage in DELETED {
            let left = of_stage(self.deployment, self.stacks.removed(), stage);
            let work = left.into_iter().map(|(name, stack)| self.delete(name, stack, state, progress));
            side_by_side::run(TOGETHER, work).await?;
            let again = self.plan.trimmed(stage);
            let work = again.into_iter().map(|it| self.one(&it.stack, Some(it), false, state, progress));
            side_by_side::run(TOGETHER, work).await?;
        }
        match self.stacks.departure(&self.deployment.stack) {
            Some(_) => self.one(&self.deployment.stack, None, false, state, progress).await,
            None => Ok(()),
        }
    }

    /// Creates or updates one stack. With `keeps`, what leaves it stays.
    async fn one(
        &self,
        name: &str,
        separate: Option<&SeparateDeployment>,
        keeps: bool,
        state: &RunState,
        progress: &SharedProgress<'_>,
    ) -> Result<(), DeployFailure> {
        if state.failed.get() {
            return Ok(());
        }
        let done = self.operate(name, separate, keeps, state, progress).await;
        state.failed.set(state.failed.get() || done.is_err());
        done.map_err(|failure| {
            failure.help(format!("in the stack {name}; the same command goes on from there"))
        })
    }

    async fn operate(
        &self,
        name: &str,
        separate: Option<&SeparateDeployment>,
        keeps: bool,
        state: &RunState,
        progress: &SharedProgress<'_>,
    ) -> Result<(), DeployFailure> {
        let Some(new) = self.stacks.planned.get(name) else { return Ok(()) };
        let departure = self.stacks.departure(name).filter(|_| keeps);
        let text = departure.map_or(new.as_str(), StackDeparture::text);
        let given = plan::given(separate, &state.outputs.borrow())?;
        let parameters = self.values.of_stack(self.stacks, name, text, &given);
        let forced = self.plan.forced(separate);
        if keeps
            && forced == ForcedTasks::None
            && parameters.secrets.is_empty()
            && self.stacks.is_same(name, text, &parameters.parameters)
        {
            return Ok(());
        }
        let mut artifacts = ArtifactSet::new();
        let report = self.artifacts.get(crate::compile::REPORT).cloned();
        let written = artifacts.text("template.yaml", text.to_owned());
        let written =
            written.and_then(|()| report.map_or(Ok(()), |it| artifacts.add(crate::compile::REPORT, it)));
        written.map_err(|error| {
            DeployFailure::failed(format!("cannot prepare the template of {name}: {error}"))
        })?;
        let resources = existing::resources(text);
        let services = self.deployment.services.iter().filter(|it| resources.contains_key(&it.logical_id));
        let stores = self.deployment.data_stores.iter().filter(|it| resources.contains_key(&it.logical_id));
        let stack = StackDeployment {
            stack: name.to_owned(),
            region: self.deployment.region.clone(),
            account: self.deployment.account.clone(),
            parameters: parameters.parameters,
            capabilities: self.deployment.capabilities.clone(),
            data_stores: stores.cloned().collect(),
            services: services.cloned().collect(),
            ..StackDeployment::default()
        };
        // The plan is that of all stacks, and was held against all of them.
        let mut options = DeployOptions { yes: true, force: forced, plan: None, ..self.options.clone() };
        options.values.parameters.clear();
        options.values.secrets = parameters.secrets;
        options.tags = existing::tags(&self.deployment.stack, separate);
        let mut own = StackProgress::new(progress, name, &self.deployment.stack);
        let outcome = Box::pin(super::deploy(self.session, &stack, &artifacts, &options, &mut own)).await?;
        state.changed.set(state.changed.get() || outcome.changed);
        state.outputs.borrow_mut().insert(name.to_owned(), outcome.outputs.into_iter().collect());
        Ok(())
    }

    async fn delete(
        &self,
        name: &str,
        stack: &DeployedStack,
        state: &RunState,
        progress: &SharedProgress<'_>,
    ) -> Result<(), DeployFailure> {
        let mut own = StackProgress::new(progress, name, &self.deployment.stack);
        own.message("deleting it: nothing in the manifest belongs to it any more");
        single::delete(self.session, stack, self.options, &mut own).await?;
        state.changed.set(true);
        Ok(())
    }
}

/// Deletes all stacks of the application: first what uses others.
pub(super) async fn down(
    session: &AwsSession,
    deployment: &StackDeployment,
    environment: &str,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let there = existing::list(session, deployment, options).await?;
    if there.is_empty() {
        progress.message(&format!("no stack {}: nothing to do", deployment.stack));
        return Ok(DeployOutcome { changed: false, outputs: Vec::new() });
    }
    let losses = there.values().map(|stack| single::losses_of(session, stack, options));
    let losses = side_by_side::gather(READ, losses).await?;
    told(&deployment.stack, &losses).iter().for_each(|line| progress.warn(line));
    confirm_by_name(session, options, environment).await?;
    let options = DeployOptions { yes: true, ..options.clone() };
    let shared: SharedProgress<'_> = RefCell::new(progress);
    session.several(Some(format!("what has begun of the deletion of {}", deployment.stack)));
    let done = delete_all(session, deployment, &options, &there, &shared).await;
    session.several(None);
    done.map(|()| DeployOutcome { changed: true, outputs: Vec::new() })
}

/// The stage with which a stack is deleted: of its tag, of the manifest where it has none yet, else the one that nothing else
/// waits for any more. `None` for the first stack, which is deleted at the end.
fn deleted_with(deployment: &StackDeployment, name: &str, stack: &DeployedStack) -> Option<&'static str> {
    let planned = deployment.separate.iter().find(|it| it.stack == name).map(|it| it.stage);
    let known = |stage: &str| DELETED.iter().find(|it| **it == stage).copied();
    let [.., last] = DELETED;
    (name != deployment.stack).then(|| stage_of(stack).or(planned).and_then(known).unwrap_or(last))
}

/// Of some stacks, those that are deleted with a stage.
fn of_stage<'a>(
    deployment: &StackDeployment,
    stacks: impl Iterator<Item = (&'a String, &'a DeployedStack)>,
    stage: &str,
) -> Vec<(&'a String, &'a DeployedStack)> {
    stacks.filter(|(name, it)| deleted_with(deployment, name, it) == Some(stage)).collect()
}

/// What the deletion of all stacks takes: the number, then what becomes of what keeps data.
fn told(application: &str, losses: &[DeletionLosses]) -> Vec<String> {
    let deleted = losses.iter().map(|it| it.deleted).sum();
    let (stacks, resources) = (counted(losses.len(), "stack"), counted(deleted, "resource"));
    let first = format!("{stacks} of {application} will be deleted, with {resources}");
    std::iter::once(first).chain(losses.iter().flat_map(|it| it.stores.iter().cloned())).collect()
}

async fn delete_all(
    session: &AwsSession,
    deployment: &StackDeployment,
    options: &DeployOptions,
    there: &BTreeMap<String, DeployedStack>,
    progress: &SharedProgress<'_>,
) -> Result<(), DeployFailure> {
    let one = async |name: &str| {
        let stack = StackDeployment { stack: name.to_owned(), ..StackDeployment::default() };
        let mut own = StackProgress::new(progress, name, &deployment.stack);
        let done = single::one(session, &stack, DeletionConsent::Given, options, &mut own);
        Box::pin(done).await.map(|_| ())
    };
    for stage in DELETED {
        let names = of_stage(deployment, there.iter(), stage).into_iter().map(|(name, _)| name);
        side_by_side::run(TOGETHER, names.map(|name| one(name))).await?;
    }
    match there.contains_key(&deployment.stack) {
        true => one(&deployment.stack).await,
        false => Ok(()),
    }
}
