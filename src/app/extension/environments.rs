//! The environments of a manifest, and the variables it makes parameters.

use super::{KEY, setting_text};
use crate::rules;
use crate::{At, Environment};
use std::collections::BTreeSet;
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics};
use tranship_frontend::yaml::{Entry, Node};

/// The environments that a manifest declares, in order.
pub fn environments(manifest: &Manifest, diagnostics: &mut Diagnostics) -> Vec<Environment> {
    let top = manifest.root.get(KEY);
    let declared = top.and_then(|top| top.get("environments")).and_then(Node::as_mapping);
    declared.into_iter().flatten().map(|entry| environment(entry, top, diagnostics)).collect()
}

fn environment(entry: &Entry, top: Option<&Node>, diagnostics: &mut Diagnostics) -> Environment {
    let name = entry.key.text.to_string();
    let target = entry.value.get("target").or_else(|| top?.get("target"));
    if target.is_none() {
        diagnostics.push(
            Diagnostic::new(
                &rules::tranship::INVALID_SETTING,
                format!("the environment `{name}` does not say what it compiles for"),
            )
            .at(entry.key.origin)
            .help("add `target: fargate`, `ecs-ec2` or `beanstalk`"),
        );
    }
    Environment {
        name,
        target: target.and_then(|node| Some(At::of(node, setting_text(node)?.to_string()))),
        files: texts(entry.value.get("files")),
        origin: entry.key.origin,
    }
}

fn texts(node: Option<&Node>) -> Vec<At<String>> {
    let items = node.and_then(Node::as_sequence).unwrap_or_default();
    items.iter().filter_map(|item| Some(At::of(item, setting_text(item)?.to_string()))).collect()
}

/// The variables that `x-tranship.late_bound` of a file's root names.
pub fn late_bound_names(root: &Node) -> BTreeSet<String> {
    names_listed(root.at(&[KEY, "late_bound"])).map(|(name, _)| name).collect()
}

/// The texts of a list, with their nodes.
pub(crate) fn names_listed(node: Option<&Node>) -> impl Iterator<Item = (String, &Node)> {
    let items = node.and_then(Node::as_sequence).unwrap_or_default();
    items.iter().filter_map(|item| Some((setting_text(item)?.to_string(), item)))
}
