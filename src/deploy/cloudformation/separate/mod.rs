//! Independent stacks: deployed one after the other, those that do not wait for each other side by side.
//!
//! In: a [`StackDeployment`] with stacks besides the first one, and their templates. Out: [`DeployOutcome`]. Invariants: each
//! stack goes the way of a single one, with its guards; what would move a resource to another stack, or give up data, is
//! refused before anything is done; what leaves the application goes after everything that may still use it.

mod departure;
mod existing;
mod side_by_side;
mod stack_progress;
mod values;

use self::departure::StackDeparture;
use self::existing::ApplicationStacks;
use self::stack_progress::StackProgress;
use self::values::StackValues;
use super::down as single;
use super::replacement_guard;
use super::stack::DeployedStack;
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::{DeployProgress, PlannedChange, ResourceAction};
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, ForcedTasks, confirm, confirm_by_name};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use tranship_artifact::ArtifactSet;
use tranship_cloudformation::NESTED_STACK;
use tranship_targets::{GivenParameter, SeparateDeployment, StackDeployment};

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
    let run = SeparateRun { session, deployment, artifacts, options, stacks: &stacks, values: &values };
    let planned = run.planned();
    if !planned.is_empty() {
        progress.changes(&planned);
        confirm(session, options, "deploy these stacks?").await?;
    }
    let progress: SharedProgress<'_> = RefCell::new(progress);
    let state = RunState::of(&stacks);
    run.forward(&state, &progress).await?;
    run.backward(&state, &progress).await?;
    if !state.changed.get() {
        progress.borrow_mut().message(&format!("{} is up to date: no changes", deployment.stack));
    }
    Ok(DeployOutcome { changed: state.changed.get(), outputs: run.own_outputs(&state) })
}

/// Refuses what needs one operation of CloudFormation.
fn refuse(options: &DeployOptions) -> Result<(), DeployFailure> {
    let flags = [
        (options.plan.is_some(), "--plan"),
        (options.detach, "--detach"),
        (options.no_rollback, "--no-rollback"),
        (options.reattach, "--reattach"),
    ];
    match flags.iter().find(|(set, _)| *set) {
        None => Ok(()),
        Some((_, flag)) => {
            Err(DeployFailure::usage(format!("`{flag}` is not supported for independent stacks"))
                .help(format!("leave `{flag}` out: each stack is an operation of its own")))
        }
    }
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
}

impl SeparateRun<'_> {
    /// The stacks that are created, changed and deleted, as far as that is known before the first of them.
    fn planned(&self) -> Vec<PlannedChange> {
        let change = |action: ResourceAction, name: &str| PlannedChange {
            action,
            name: name.to_owned(),
            kind: NESTED_STACK.to_owned(),
            detail: String::new(),
            data_at_risk: false,
        };
        let names = self.stacks.planned.keys().filter_map(|name| match self.stacks.there.get(name) {
            None => Some(change(ResourceAction::Add, name)),
            Some(_) if self.stacks.is_changed(name) => Some(change(ResourceAction::Modify, name)),
            Some(_) => None,
        });
        let removed = self.stacks.removed().map(|(name, _)| change(ResourceAction::Remove, name));
        let mut all: Vec<PlannedChange> = names.chain(removed).collect();
        all.sort_by(|a, b| (a.action, &a.name).cmp(&(b.action, &b.name)));
        all
    }

    /// Creates and updates the stacks in their order. What leaves a stack stays until everything that may use it is changed.
    async fn forward(&self, state: &RunState, progress: &SharedProgress<'_>) -> Result<(), DeployFailure> {
        self.one(&self.deployment.stack, None, true, state, progress).await?;
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&SeparateDeployment> = self.deployment.separate.iter().collect();
        while !open.is_empty() {
            let (wave, later) = next_wave(&open, &done);
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
            let left = self.stacks.removed().filter(|(_, it)| existing::stage_of(it) == Some(stage));
            let work = left.map(|(name, stack)| self.delete(name, stack, state, progress));
            side_by_side::run(TOGETHER, work).await?;
            let again = self.deployment.separate.iter().filter(|it| it.stage == stage);
            let again = again.filter(|it| self.stacks.departure(&it.stack).is_some());
            let work = again.map(|it| self.one(&it.stack, Some(it), false, state, progress));
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
        let given = self.given(separate, state)?;
        let parameters = self.values.of_stack(self.stacks, name, text, &given)?;
        let forced = self.forced(separate);
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
        let mut options = DeployOptions { yes: true, force: forced, ..self.options.clone() };
        options.values.parameters.clear();
        options.values.secrets = parameters.secrets;
        options.tags = existing::tags(&self.deployment.stack, separate);
        let mut own = StackProgress::new(progress, name, &self.deployment.stack);
        let outcome = Box::pin(super::deploy(self.session, &stack, &artifacts, &options, &mut own)).await?;
        state.changed.set(state.changed.get() || outcome.changed);
        state.outputs.borrow_mut().insert(name.to_owned(), outcome.outputs.into_iter().collect());
        Ok(())
    }

    /// The values of what a stack takes from others.
    fn given(
        &self,
        separate: Option<&SeparateDeployment>,
        state: &RunState,
    ) -> Result<BTreeMap<String, String>, DeployFailure> {
        let outputs = state.outputs.borrow();
        let mut given = BTreeMap::new();
        for (name, value) in separate.iter().flat_map(|it| &it.given) {
            let value = match value {
                GivenParameter::Value(value) => value.clone(),
                GivenParameter::Output { stack, output } => {
                    let found = outputs.get(stack).and_then(|all| all.get(output));
                    found.cloned().ok_or_else(|| {
                        DeployFailure::failed(format!("the stack {stack} has no output {output}"))
                    })?
                }
            };
            given.insert(name.clone(), value);
        }
        Ok(given)
    }

    /// Whether the service of a stack gets new tasks: the flags name it, or a secret that it reads has a new value.
    fn forced(&self, separate: Option<&SeparateDeployment>) -> ForcedTasks {
        let Some(it) = separate.filter(|it| self.stacks.there.contains_key(&it.stack)) else {
            return ForcedTasks::None;
        };
        let Some(service) = &it.service else { return ForcedTasks::None };
        let runs = self.deployment.services.iter().any(|known| known.name == *service);
        let named = match &self.options.force {
            ForcedTasks::None => false,
            ForcedTasks::All => true,
            ForcedTasks::Services(names) => names.contains(service),
        };
        let reads = it.given.iter().any(|(_, value)| match value {
            GivenParameter::Output { output, .. } => self.values.renewed.contains(output),
            GivenParameter::Value(_) => false,
        });
        if runs && (named || reads) { ForcedTasks::All } else { ForcedTasks::None }
    }

    async fn delete(
        &self,
        name: &str,
        stack: &DeployedStack,
        state: &RunState,
        progress: &SharedProgress<'_>,
    ) -> Result<(), DeployFailure> {
        let mut own = StackProgress::new(progress, name, &self.deployment.stack);
        own.message("deleting it: no service of the manifest has it any more");
        single::delete(self.session, stack, self.options, &mut own).await?;
        state.changed.set(true);
        Ok(())
    }

    /// The outputs that are of the application, and not for other stacks.
    fn own_outputs(&self, state: &RunState) -> Vec<(String, String)> {
        let taken: BTreeSet<(&str, &str)> = self
            .deployment
            .separate
            .iter()
            .flat_map(|it| &it.given)
            .filter_map(|it| match &it.1 {
                GivenParameter::Output { stack, output } => Some((stack.as_str(), output.as_str())),
                GivenParameter::Value(_) => None,
            })
            .collect();
        let outputs = state.outputs.borrow();
        let all = outputs.iter().filter(|(stack, _)| self.stacks.planned.contains_key(*stack));
        let own = all.flat_map(|(stack, all)| {
            all.iter().filter(|(name, _)| !taken.contains(&(stack.as_str(), name.as_str())))
        });
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The stacks that are deployed next, side by side, and those that wait: for a later stage, or for one that is not done.
fn next_wave<'a>(
    open: &[&'a SeparateDeployment],
    done: &BTreeSet<&str>,
) -> (Vec<&'a SeparateDeployment>, Vec<&'a SeparateDeployment>) {
    let first = open.iter().map(|it| stage(it.stage)).min().unwrap_or_default();
    let is_due = |it: &&SeparateDeployment| {
        stage(it.stage) == first && it.after.iter().all(|name| done.contains(name.as_str()))
    };
    open.iter().copied().partition(is_due)
}

/// The place of a stage among those that are deployed.
fn stage(name: &str) -> usize {
    DELETED.iter().rev().position(|it| *it == name).unwrap_or(usize::MAX)
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
    progress.warn(&format!("{} stacks of {} will be deleted", there.len(), deployment.stack));
    confirm_by_name(session, options, environment).await?;
    let options = DeployOptions { yes: true, ..options.clone() };
    let shared: SharedProgress<'_> = RefCell::new(progress);
    let one = async |name: &str| {
        let stack = StackDeployment { stack: name.to_owned(), ..StackDeployment::default() };
        let mut own = StackProgress::new(&shared, name, &deployment.stack);
        Box::pin(single::down(session, &stack, environment, &options, &mut own)).await.map(|_| ())
    };
    for stage in DELETED {
        let names =
            there.iter().filter(|(_, it)| existing::stage_of(it) == Some(stage)).map(|(name, _)| name);
        side_by_side::run(TOGETHER, names.map(|name| one(name))).await?;
    }
    if there.contains_key(&deployment.stack) {
        one(&deployment.stack).await?;
    }
    Ok(DeployOutcome { changed: true, outputs: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str, stage: &'static str, after: &[&str]) -> SeparateDeployment {
        SeparateDeployment {
            stack: name.to_owned(),
            template: String::new(),
            stage,
            service: None,
            after: after.iter().map(|it| (*it).to_owned()).collect(),
            given: Vec::new(),
        }
    }

    #[test]
    fn stacks_come_stage_by_stage_and_after_what_they_wait_for() {
        let all = [
            stack("listeners", "listeners", &[]),
            stack("web", "service", &["api"]),
            stack("api", "service", &[]),
            stack("cron", "service", &[]),
            stack("migrate", "before", &[]),
            stack("shared", "shared", &[]),
        ];
        let (mut done, mut waves) = (BTreeSet::new(), Vec::new());
        let mut open: Vec<&SeparateDeployment> = all.iter().collect();
        while !open.is_empty() {
            let (wave, later) = next_wave(&open, &done);
            assert!(!wave.is_empty(), "{waves:?}");
            done.extend(wave.iter().map(|it| it.stack.as_str()));
            waves.push(wave.iter().map(|it| it.stack.as_str()).collect::<Vec<_>>());
            open = later;
        }
        assert_eq!(
            waves,
            [vec!["shared"], vec!["migrate"], vec!["api", "cron"], vec!["web"], vec!["listeners"]]
        );
        let circle = [stack("a", "service", &["b"]), stack("b", "service", &["a"])];
        let open: Vec<&SeparateDeployment> = circle.iter().collect();
        let (wave, later) = next_wave(&open, &BTreeSet::new());
        assert_eq!((wave.len(), later.len()), (0, 2));
    }

    #[test]
    fn stages_have_an_order() {
        let places: Vec<usize> =
            ["shared", "before", "service", "listeners"].iter().map(|name| stage(name)).collect();
        assert!(places.is_sorted() && places[0] < places[1] && places[2] < places[3], "{places:?}");
        assert_eq!(stage("no stage"), usize::MAX);
    }
}
