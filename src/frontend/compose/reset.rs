//! `!reset` and `!override`: what a document removes from earlier ones.
//!
//! In: a document with its tags. Out: the document without the values tagged `!reset`, and the paths at
//! which earlier documents lose their value. As in compose-go, a tag on a list item only removes the item
//! from this document.

use crate::yaml::{Node, NodeValue};
use std::sync::Arc;

/// Paths of keys that earlier documents lose.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ResetPaths(Vec<Vec<Arc<str>>>);

/// Removes values tagged `!reset` and records their paths.
pub(super) fn collect(root: &mut Node) -> ResetPaths {
    let mut resets = ResetPaths::default();
    visit(root, &mut Vec::new(), true, &mut resets);
    resets
}

fn visit(node: &mut Node, path: &mut Vec<Arc<str>>, reachable: bool, resets: &mut ResetPaths) {
    if is_tagged(node, "!override") {
        if reachable {
            resets.0.push(path.clone());
        }
        // Everything below is kept as it is.
        return;
    }
    match &mut node.value {
        NodeValue::Sequence(items) => {
            items.retain(|item| !is_tagged(item, "!reset"));
            for item in items {
                visit(item, path, false, resets);
            }
        }
        NodeValue::Mapping(mapping) => {
            let mut tagged = false;
            for (key, value) in mapping.values_mut() {
                path.push(key.text.clone());
                if is_tagged(value, "!reset") {
                    tagged = true;
                    if reachable {
                        resets.0.push(path.clone());
                    }
                } else {
                    visit(value, path, reachable, resets);
                }
                path.pop();
            }
            if tagged {
                mapping.retain(|entry| !is_tagged(&entry.value, "!reset"));
            }
        }
        _ => {}
    }
}

fn is_tagged(node: &Node, tag: &str) -> bool {
    node.tag.as_ref().is_some_and(|found| &*found.name == tag)
}

impl ResetPaths {
    /// Removes the values from a whole document.
    pub(super) fn apply(&self, root: &mut Node) {
        for path in &self.0 {
            remove(root, path);
        }
    }

    /// Removes the values from one service.
    pub(super) fn apply_to_service(&self, name: &str, service: &mut Node) {
        for path in &self.0 {
            if let [room, of, rest @ ..] = path.as_slice()
                && &**room == "services"
                && &**of == name
            {
                remove(service, rest);
            }
        }
    }
}

fn remove(node: &mut Node, path: &[Arc<str>]) {
    let (Some(mapping), Some((key, rest))) = (node.as_mapping_mut(), path.split_first()) else { return };
    match rest {
        [] => drop(mapping.remove(key)),
        rest => {
            if let Some(next) = mapping.get_mut(key) {
                remove(next, rest);
            }
        }
    }
}
