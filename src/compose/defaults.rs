//! Defaults of the specification that do not depend on the project.

use super::Context;
use crate::yaml::Node;

/// Adds them.
pub fn apply(root: &mut Node, cx: &mut Context<'_>) {
    let _ = (root, cx);
}
