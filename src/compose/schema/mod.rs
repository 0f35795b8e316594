//! The schema: every key of the specification and its type.

use super::Context;
use crate::yaml::Node;

/// Reports unknown keys and values of the wrong type.
pub fn check(root: &Node, cx: &mut Context<'_>) {
    let _ = (root, cx);
}
