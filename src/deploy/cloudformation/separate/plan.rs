//! What a deployment of independent stacks does, decided without AWS.
//!
//! In: the stacks that are there and those that are to be, the values, the flags. Out: which stacks change, in which order, with
//! what, and what they hand out in the end.

use super::DELETED;
use super::existing::ApplicationStacks;
use super::values::StackValues;
use crate::deploy::ForcedTasks;
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::{PlannedChange, ResourceAction};
use std::collections::{BTreeMap, BTreeSet};
use tranship_cloudformation::NESTED_STACK;
use tranship_targets::{GivenParameter, SeparateDeployment, StackDeployment};

/// The outputs of stacks, by the name of the stack.
pub(super) type StackOutputs = BTreeMap<String, BTreeMap<String, String>>;

/// The decisions for one deployment.
pub(super) struct SeparatePlan<'a> {
    pub(super) deployment: &'a StackDeployment,
    pub(super) force: &'a ForcedTasks,
    pub(super) stacks: &'a ApplicationStacks,
    pub(super) values: &'a StackValues,
}

impl SeparatePlan<'_> {
    /// The stacks that are created, changed and deleted, as far as that is known before the first of them.
    pub(super) fn planned(&self) -> Vec<PlannedChange> {
        let change = |action: ResourceAction, name: &str| PlannedChange {
            action,
            name: name.to_owned(),
            kind: NESTED_STACK.to_owned(),
            detail: String::new(),
            data_at_risk: false,
        };
        let names = self.stacks.planned.keys().filter_map(|name| match self.stacks.there.get(name) {
            None => Some(change(ResourceAction::Add, name)),
            Some(_) if self.will_change(name) => Some(change(ResourceAction::Modify, name)),
            Some(_) => None,
        });
        let removed = self.stacks.removed().map(|(name, _)| change(ResourceAction::Remove, name));
        let mut all: Vec<PlannedChange> = names.chain(removed).collect();
        all.sort_by(|a, b| (a.action, &a.name).cmp(&(b.action, &b.name)));
        all
    }

    /// Whether a stack that is there is changed, as far as that is known before the first of them.
    fn will_change(&self, name: &str) -> bool {
        let Some(text) = self.stacks.planned.get(name) else { return false };
        let separate = self.deployment.separate.iter().find(|it| it.stack == name);
        let values = self.values.of_stack(self.stacks, name, text, &BTreeMap::new());
        !values.secrets.is_empty()
            || self.forced(separate) != ForcedTasks::None
            || !self.stacks.is_same(name, text, &values.parameters)
    }

    /// Whether the service of a stack gets new tasks: the flags name it, or a secret that it reads has a new value.
    pub(super) fn forced(&self, separate: Option<&SeparateDeployment>) -> ForcedTasks {
        let Some(it) = separate.filter(|it| self.stacks.there.contains_key(&it.stack)) else {
            return ForcedTasks::None;
        };
        let Some(service) = &it.service else { return ForcedTasks::None };
        let runs = self.deployment.services.iter().any(|known| known.name == *service);
        let named = match self.force {
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

    /// The stacks of a stage that lose what stayed in them while others could still use it.
    pub(super) fn trimmed(&self, stage: &str) -> Vec<&SeparateDeployment> {
        let those = self.deployment.separate.iter().filter(|it| it.stage == stage);
        those.filter(|it| self.stacks.departure(&it.stack).is_some()).collect()
    }

    /// The outputs that are of the application, and not for other stacks.
    pub(super) fn own_outputs(&self, outputs: &StackOutputs) -> Vec<(String, String)> {
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
        let all = outputs.iter().filter(|(stack, _)| self.stacks.planned.contains_key(*stack));
        let own = all.flat_map(|(stack, all)| {
            all.iter().filter(|(name, _)| !taken.contains(&(stack.as_str(), name.as_str())))
        });
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The values of what a stack takes from others.
pub(super) fn given(
    separate: Option<&SeparateDeployment>,
    outputs: &StackOutputs,
) -> Result<BTreeMap<String, String>, DeployFailure> {
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

/// Of the stacks that are open, those that can be deployed now, and those that wait: for a stage before theirs, or for a stack.
pub(super) fn next<'a>(
    open: &[&'a SeparateDeployment],
    done: &BTreeSet<&str>,
) -> (Vec<&'a SeparateDeployment>, Vec<&'a SeparateDeployment>) {
    let first = open.iter().map(|it| stage(it.stage)).min().unwrap_or_default();
    let ready = |it: &&SeparateDeployment| {
        stage(it.stage) == first && it.after.iter().all(|name| done.contains(name.as_str()))
    };
    open.iter().copied().partition(ready)
}

/// The place of a stage among those that are deployed.
fn stage(name: &str) -> usize {
    DELETED.iter().rev().position(|it| *it == name).unwrap_or(usize::MAX)
}
