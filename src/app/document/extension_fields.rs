//! `x-` keys: those of other tools, which Docker Compose passes over too, and our own where it is not read.

use crate::At;
use crate::settings::is_extension;
use tranship_frontend::compose::{KeyPath, Manifest, PathSegment};
use tranship_frontend::yaml::{Node, NodeId, NodeValue};

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

/// Keys that start with `x-`, where Docker Compose takes no notice of them.
#[derive(Debug, Default)]
pub(crate) struct ExtensionFields {
    /// Those of other tools.
    pub(crate) foreign: Vec<NodeId>,
    /// `x-tranship` in places where it is never read.
    pub(crate) misplaced: Vec<At<()>>,
}

impl ExtensionFields {
    /// All of a manifest.
    pub(super) fn of(manifest: &Manifest) -> Self {
        let mut found = ExtensionFields::default();
        found.collect(&manifest.root, 0);
        found.misplaced.retain(|field| !is_read(&manifest.nodes.path(field.node)));
        found
    }

    fn collect(&mut self, node: &Node, depth: usize) {
        match &node.value {
            NodeValue::Mapping(mapping) if depth < DEEPEST => {
                for entry in mapping {
                    let key = &*entry.key.text;
                    // Names of services and volumes are the user's own too.
                    if is_extension(key) && depth != 1 {
                        self.misplaced.push(At::of(&entry.value, ()));
                    } else if key.starts_with("x-") && !is_extension(key) && depth != 1 {
                        self.foreign.push(entry.value.id);
                    } else if !(FREE.contains(&key) && depth > 1) {
                        self.collect(&entry.value, depth + 1);
                    }
                }
            }
            NodeValue::Sequence(items) if depth < DEEPEST => {
                items.iter().for_each(|item| self.collect(item, depth + 1));
            }
            _ => {}
        }
    }
}

/// Whether `x-tranship` is read there: at the top, in a service, in a volume.
fn is_read(path: &KeyPath) -> bool {
    match path.0.as_slice() {
        [_] => true,
        [PathSegment::Key(section), _, _] => ["services", "volumes"].contains(&&**section),
        _ => false,
    }
}
