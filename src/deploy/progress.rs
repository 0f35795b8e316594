//! What a deployment reports and asks while it runs. The command line prints it.
//!
//! In: calls from the deployment. Out: nothing is printed here. Invariant: secret values never pass through.

use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::LogEvent;
use std::sync::Arc;

/// Receives what a deployment reports.
pub trait DeployProgress {
    /// Who deploys what where, before anything is done.
    fn banner(&mut self, banner: &DeployBanner);
    /// A line about the current step.
    fn message(&mut self, line: &str);
    /// A warning that does not stop the deployment.
    fn warn(&mut self, line: &str);
    /// What is about to change, by value; `subject` is `stack shop-prod`.
    fn review(&mut self, subject: &str, diff: &DeploymentDiff);
    /// The changes about to be made.
    fn changes(&mut self, changes: &[PlannedChange]);
    /// An event at AWS.
    fn event(&mut self, event: &ProgressEvent);
    /// Time has passed, and nothing happened.
    fn tick(&mut self) {}
    /// Whether someone still reads what is told: what only tells what comes ends otherwise.
    fn is_read(&self) -> bool {
        true
    }
    /// A line that a container wrote.
    fn log(&mut self, event: &LogEvent);
}

/// Who deploys what where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployBanner {
    /// What is being deployed: `stack shop-prod`.
    pub subject: String,
    /// The account ID.
    pub account: String,
    /// The region.
    pub region: String,
    /// Where the credentials come from: `profile ops (--aws-profile)`.
    pub source: String,
    /// Whether a profile is named, by `--aws-profile` or by AWS_PROFILE.
    pub names_profile: bool,
    /// The identity behind the credentials.
    pub identity: String,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceAction {
    /// It is created.
    Add,
    /// It is changed in place.
    Modify,
    /// It gets a new revision; nothing is lost.
    Revise,
    /// Its tasks are replaced by new ones of the same kind.
    Renew,
    /// It is replaced, or may be.
    Replace,
    /// It is deleted or removed from the stack.
    Remove,
}

/// One change about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The action.
    pub action: ResourceAction,
    /// The logical id, prefixed with the ids of its nested stacks: `Data/Database`.
    pub name: String,
    /// The resource's type.
    pub kind: String,
    /// The properties that change, and whether a replacement is certain.
    pub detail: String,
    /// Whether a resource that keeps data is replaced or removed.
    pub data_at_risk: bool,
}

impl PlannedChange {
    /// The logical id without those of nested stacks.
    pub fn logical_id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// An event at AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressEvent {
    /// The resource or the environment.
    pub subject: String,
    /// Its type, if it has one.
    pub kind: String,
    /// Its new state: a status or a severity.
    pub status: String,
    /// The reason or message.
    pub text: String,
    /// Whether it reports a failure.
    pub failed: bool,
}

/// A question to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserQuestion {
    /// A yes-or-no question; only `y` means yes.
    Confirm(String),
    /// A name to be typed.
    Type(String),
    /// A value, typed in the open.
    Value(String),
    /// The value of a secret, typed without echo.
    Secret(String),
}

/// Asks the user; `None` if there was no answer.
pub type UserPrompt = Arc<dyn Fn(&UserQuestion) -> Option<String> + Send + Sync>;
