//! `x-` keys of other tools, which Docker Compose passes over too.

use crate::extension::KEY;
use tranship_frontend::yaml::{Node, NodeId, Value};

/// Mappings whose keys are the user's own, so a key that starts with `x-` is no extension field.
const FREE: &[&str] = &[
    "environment",
    "labels",
    "args",
    "annotations",
    "sysctls",
    "driver_opts",
    "options",
    "extra_hosts",
    "depends_on",
    "networks",
    "models",
];

/// Deeper than this no Compose file goes.
const DEEPEST: usize = 12;

/// The nodes of all of them.
pub(super) fn of(root: &Node) -> Vec<NodeId> {
    let mut found = Vec::new();
    collect(root, 0, &mut found);
    found
}

fn collect(node: &Node, depth: usize, found: &mut Vec<NodeId>) {
    match &node.value {
        Value::Mapping(mapping) if depth < DEEPEST => {
            for entry in mapping {
                let key = &*entry.key.text;
                // Names of services and volumes are the user's own too.
                if key.starts_with("x-") && key != KEY && depth != 1 {
                    found.push(entry.value.id);
                } else if key != KEY && !(FREE.contains(&key) && depth > 1) {
                    collect(&entry.value, depth + 1, found);
                }
            }
        }
        Value::Sequence(items) if depth < DEEPEST => {
            items.iter().for_each(|item| collect(item, depth + 1, found));
        }
        _ => {}
    }
}
