//! Consistency: references between services, networks, volumes, secrets and configs.

use super::Context;
use crate::yaml::Node;

/// Checks what one resource alone shows, before anything is resolved (a volume with `external` and `driver`).
pub fn validate(root: &Node, cx: &mut Context<'_>) {
    let _ = (root, cx);
}

/// Checks references in the normalised tree of active services.
pub fn check(root: &Node, cx: &mut Context<'_>) {
    let _ = (root, cx);
}
