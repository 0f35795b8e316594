//! Defaults of the specification that do not depend on the project.
//!
//! In: a tree in long syntax, before paths are resolved. Out: the same tree with defaults for `build.context`,
//! secret targets, port protocols and modes, and device request counts.

use super::LoadContext;
use super::canonical::set_default;
use crate::yaml::{Node, NodeValue, word};

/// Adds the defaults.
pub fn apply(root: &mut Node, cx: &mut LoadContext<'_>) {
    let Some(services) = child(root, &["services"]).and_then(Node::as_mapping_mut) else { return };
    for (_, service) in services.values_mut() {
        if let Some(build) = child(service, &["build"]) {
            set_default(build, "context", NodeValue::String(word(".")), cx);
        }
        for_each(service, &["secrets"], |secret| {
            let source = secret.get("source").and_then(Node::as_str).unwrap_or("");
            let target = format!("/run/secrets/{source}");
            set_default(secret, "target", NodeValue::String(target.into()), cx);
        });
        for_each(service, &["ports"], |port| {
            set_default(port, "protocol", NodeValue::String(word("tcp")), cx);
            set_default(port, "mode", NodeValue::String(word("ingress")), cx);
        });
        for path in [&["deploy", "resources", "reservations", "devices"] as &[&str], &["gpus"]] {
            for_each(service, path, |request| {
                if request.get("device_ids").is_none() {
                    set_default(request, "count", NodeValue::String(word("all")), cx);
                }
            });
        }
    }
}

fn child<'a>(node: &'a mut Node, path: &[&str]) -> Option<&'a mut Node> {
    path.iter().try_fold(node, |node, step| node.as_mapping_mut()?.get_mut(step))
}

fn for_each(node: &mut Node, path: &[&str], change: impl FnMut(&mut Node)) {
    if let Some(NodeValue::Sequence(items)) = child(node, path).map(|node| &mut node.value) {
        items.iter_mut().for_each(change);
    }
}
