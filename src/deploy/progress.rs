//! What a deployment has to say while it runs, and what it asks. The command line prints it.
//!
//! In: calls from the deployment. Out: nothing is printed here. Invariant: values of secrets never pass.

use std::sync::Arc;

/// Receives what a deployment has to say.
pub trait Progress {
    /// Who deploys what to where, before anything is done.
    fn banner(&mut self, banner: &Banner);
    /// A line about what is being done.
    fn say(&mut self, line: &str);
    /// Something that the user should know, and that does not stop the deployment.
    fn warn(&mut self, line: &str);
    /// The changes that are about to be made.
    fn changes(&mut self, changes: &[Change]);
    /// Something that happened at AWS.
    fn event(&mut self, event: &Event);
}

/// Who deploys what to where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What is worked on: `stack shop-prod`.
    pub subject: String,
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
    /// The profile, where one is named.
    pub profile: Option<String>,
    /// The identity that the credentials stand for.
    pub identity: String,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is new.
    Add,
    /// It is changed in place.
    Modify,
    /// A new revision of a thing that has revisions: nothing is lost.
    Revise,
    /// It is, or may be, replaced by a new one.
    Replace,
    /// It is deleted or leaves the stack.
    Remove,
}

/// One change that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// The logical id, with those of the nested stacks it stands in: `Data/Database`.
    pub name: String,
    /// The resource's type.
    pub kind: String,
    /// The properties that change, and whether a replacement is certain.
    pub detail: String,
    /// Whether what keeps data is replaced or removed.
    pub data_at_risk: bool,
}

/// Something that happened at AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The resource or the environment.
    pub subject: String,
    /// Its type, where it has one.
    pub kind: String,
    /// Its new state: a status or a severity.
    pub status: String,
    /// The reason, or the message.
    pub text: String,
    /// Whether it tells a failure.
    pub failed: bool,
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Yes or no: answered with `y` or anything else.
    Confirm(String),
    /// A name to be typed.
    Type(String),
    /// The value of a secret, not to be echoed.
    Secret(String),
}

/// Asks a person; no answer where they gave up.
pub type Ask = Arc<dyn Fn(&Question) -> Option<String> + Send + Sync>;
