//! The schema: every key of the Compose specification as of Docker Compose 2.40.3.
//!
//! In: the merged tree of one file set, short syntaxes still in it. Out: the same tree without what was
//! reported: unknown keys, values of the wrong kind, missing keys, repeated list items. Invariant: what
//! later stages see is of the kind the tables promise, so they never report the same fault again.
//!
//! The tables (`service`, `top`, ...) also say what each value becomes once it is long and typed, and in
//! which order Docker Compose prints the keys; `typed` and `render` read that.

mod accept;
mod build;
mod common;
mod deploy;
mod mounts;
mod paths;
mod same;
mod service;
mod top;
mod walk;
mod watch;

pub(crate) use accept::{Becomes, Key, Kinds, Shape};
pub use paths::key_paths;
pub(crate) use service::SERVICE;
pub(crate) use top::ROOT;

use super::Context;
use crate::yaml::Node;

/// Reports what the specification does not allow and takes it out of the tree.
pub fn check(root: &mut Node, cx: &mut Context<'_>) {
    walk::Walk::new(cx).root(root);
}

impl Shape {
    /// The row of a key.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}
