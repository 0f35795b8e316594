//! The schema: every key of the Compose specification as of Docker Compose 2.40.3.
//!
//! In: the merged tree of one file set, still with short syntax. Out: the same tree without the values that were
//! reported: unknown keys, values of the wrong type, missing keys, duplicate list items. Invariant: later
//! stages only see values of the types in the tables, so they never report the same error again.
//!
//! The tables (`service`, `top`, ...) also define what each value becomes in the canonical tree, and the
//! order in which Docker Compose prints the keys; `typed` and `render` use that.

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

pub(crate) use accept::{CanonicalForm, KeySchema, MappingSchema, ValueKinds};
pub use paths::key_paths;
pub(crate) use service::SERVICE;
pub(crate) use top::ROOT;

use super::LoadContext;
use crate::yaml::Node;

/// Reports what the specification does not allow and removes it from the tree.
pub fn check(root: &mut Node, cx: &mut LoadContext<'_>) {
    walk::SchemaWalk::new(cx).root(root);
}

impl MappingSchema {
    /// The table row of a key.
    pub(crate) fn find(&self, name: &str) -> Option<&'static KeySchema> {
        self.keys.iter().find(|key| key.name == name)
    }
}
