//! Normalisation: what depends on the project, such as names, implicit networks and dependencies.

use super::{Context, Project};
use crate::yaml::Node;

/// Normalises the merged tree in place.
pub fn normalise(root: &mut Node, project: &Project, cx: &mut Context<'_>) {
    let _ = (root, project, cx);
}
