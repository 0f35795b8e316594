//! Progress that tests read.

use crate::deploy::progress::{DeployBanner, DeployProgress, PlannedChange, ProgressEvent};
use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::LogEvent;

/// Writes down what it is told.
#[derive(Default)]
pub(super) struct ToldProgress(pub(super) Vec<String>);

impl DeployProgress for ToldProgress {
    fn banner(&mut self, _: &DeployBanner) {}
    fn message(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
    fn warn(&mut self, line: &str) {
        self.0.push(format!("! {line}"));
    }
    fn review(&mut self, subject: &str, _: &DeploymentDiff) {
        self.0.push(subject.to_owned());
    }
    fn changes(&mut self, changes: &[PlannedChange]) {
        self.0.extend(changes.iter().map(|it| it.name.clone()));
    }
    fn event(&mut self, event: &ProgressEvent) {
        self.0.push(event.subject.clone());
    }
    fn tick(&mut self) {
        self.0.push("tick".to_owned());
    }
    fn log(&mut self, event: &LogEvent) {
        self.0.push(event.text.clone());
    }
}
