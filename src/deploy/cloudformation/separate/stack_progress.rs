//! What one of several stacks reports while others are deployed, too.
//!
//! In: the reports of one stack. Out: the same, with the name of the stack in front.

use super::SharedProgress;
use crate::deploy::progress::{DeployBanner, DeployProgress, PlannedChange, ProgressEvent};
use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::LogEvent;

/// The reports of one stack.
pub(super) struct StackProgress<'a, 'p> {
    all: &'a SharedProgress<'p>,
    /// What the stack is called here: `WebStack`, or the whole name of the first one.
    name: String,
}

impl<'a, 'p> StackProgress<'a, 'p> {
    /// Of a stack of an application.
    pub(super) fn new(all: &'a SharedProgress<'p>, stack: &str, application: &str) -> Self {
        let short = stack.strip_prefix(application).and_then(|rest| rest.strip_prefix('-'));
        StackProgress { all, name: short.unwrap_or(stack).to_owned() }
    }
}

impl DeployProgress for StackProgress<'_, '_> {
    fn banner(&mut self, banner: &DeployBanner) {
        self.all.borrow_mut().banner(banner);
    }

    fn message(&mut self, line: &str) {
        self.all.borrow_mut().message(&format!("{}: {line}", self.name));
    }

    fn warn(&mut self, line: &str) {
        self.all.borrow_mut().warn(&format!("{}: {line}", self.name));
    }

    /// Nothing: what changes in all stacks together was shown before the first of them.
    fn review(&mut self, _: &str, _: &DeploymentDiff) {}

    fn changes(&mut self, changes: &[PlannedChange]) {
        let named =
            |it: &PlannedChange| PlannedChange { name: format!("{}/{}", self.name, it.name), ..it.clone() };
        self.all.borrow_mut().changes(&changes.iter().map(named).collect::<Vec<_>>());
    }

    fn event(&mut self, event: &ProgressEvent) {
        let subject = format!("{}/{}", self.name, event.subject);
        self.all.borrow_mut().event(&ProgressEvent { subject, ..event.clone() });
    }

    fn tick(&mut self) {
        self.all.borrow_mut().tick();
    }

    fn log(&mut self, event: &LogEvent) {
        self.all.borrow_mut().log(event);
    }
}
