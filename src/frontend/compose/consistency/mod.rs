//! Consistency checks: combinations of keys, and references between services and resources.
//!
//! In: the tree before its paths are resolved ([`validate`]), and the canonical tree of active services
//! ([`check`]). Out: diagnostics. Invariant: a key that an earlier stage reported and removed from the
//! tree is not reported again as missing.

mod cycles;
mod resources;
mod service;

pub use service::container_names;

use super::LoadContext;
use crate::diagnostic::rules::compose as rules;
use crate::diagnostic::{Diagnostic, Severity, suggest};
use crate::yaml::{Mapping, Node, NodeValue};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Checks each resource by itself, before anything is resolved (a volume with `external` and `driver`).
pub fn validate(root: &Node, cx: &mut LoadContext<'_>) {
    resources::validate(root, cx);
}

/// Checks references in the canonical tree of active services, and copies `scale` to `deploy.replicas`.
pub fn check(root: &mut Node, inactive: &[Arc<str>], cx: &mut LoadContext<'_>) {
    let broken = broken(cx);
    let manifest = ReferenceScope { root, inactive, broken: &broken };
    for entry in mapping(root, "services") {
        service::check(&entry.key, &entry.value, &manifest, cx);
    }
    resources::secrets(root, &broken, cx);
    cycles::check(root, cx);
    service::scale_replicas(root);
}

/// Where references are looked up.
struct ReferenceScope<'a> {
    root: &'a Node,
    inactive: &'a [Arc<str>],
    /// Key paths of one or two steps with an error.
    broken: &'a BTreeSet<String>,
}

impl ReferenceScope<'_> {
    fn knows(&self, room: &str, name: &str) -> bool {
        self.root.at(&[room, name]).is_some()
            || self.broken.contains(room)
            || self.broken.contains(&format!("{room}.{name}"))
    }

    /// Reports a name if it is not defined.
    fn refer(&self, room: &str, what: &str, from: &ServiceReference<'_>, cx: &mut LoadContext<'_>) {
        if self.knows(room, from.name) {
            return;
        }
        let message = format!("service `{}` refers to undefined {what} `{}`", from.service, from.name);
        let fault = Diagnostic::new(&rules::UNDEFINED_REFERENCE, message)
            .service(from.service)
            .key(format!("services.{}.{}", from.service, from.key))
            .label(from.origin, format!("undefined {what}"));
        let names = mapping(self.root, room).iter().map(|entry| &*entry.key.text);
        cx.report(match suggest::closest(from.name, names) {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None if room == "services" => fault.help(format!("define the service `{}`", from.name)),
            None => fault.help(format!("define it at the top level: `{room}: {{ {}: ... }}`", from.name)),
        });
    }
}

/// A reference to a name in a service.
struct ServiceReference<'a> {
    service: &'a str,
    key: String,
    name: &'a str,
    origin: crate::source::Origin,
}

/// The first two steps of the keys of all errors so far.
fn broken(cx: &LoadContext<'_>) -> BTreeSet<String> {
    let errors = cx.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let mut keys = BTreeSet::new();
    for error in errors {
        let steps: Vec<&str> = error.key.as_deref().unwrap_or("").splitn(3, '.').take(2).collect();
        keys.insert(steps.join("."));
        keys.extend(error.service.as_ref().map(|service| format!("services.{service}")));
    }
    keys
}

static EMPTY: std::sync::LazyLock<Mapping> = std::sync::LazyLock::new(Mapping::new);

fn mapping<'a>(node: &'a Node, key: &str) -> &'a Mapping {
    node.get(key).and_then(Node::as_mapping).unwrap_or(&EMPTY)
}

fn sequence<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).and_then(Node::as_sequence).unwrap_or(&[])
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}

/// Two mutually exclusive keys.
fn conflict(service: Option<&str>, path: &str, message: String, one: &Node, other: &Node) -> Diagnostic {
    let fault = Diagnostic::new(&rules::CONFLICTING_KEYS, message)
        .key(path)
        .label(one.origin, "this")
        .label(other.origin, "conflicts with this");
    match service {
        Some(service) => fault.service(service),
        None => fault,
    }
}

fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.value == NodeValue::Bool(true))
}
