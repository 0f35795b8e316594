//! Expands short syntax to long syntax.
//!
//! In: a merged tree that passed the schema. Out: the same tree with every short syntax expanded:
//! ports, mounts, dependencies, secrets and configs, `build`, `env_file`, networks, devices.
//! Invariant: where one string became several values, each of them carries the origin of its part of the
//! string. Values already in long syntax are left alone.
//!
//! With `--no-interpolate`, a string may still contain `${...}`: if it does not parse, it stays short.

pub(super) mod kinds;
mod lists;
mod mounts;
mod ports;
mod resources;

pub(super) use lists::{dependency_defaults, names_to_mapping};
pub(crate) use mounts::parse_volume;

use super::LoadContext;
use crate::diagnostic::{Diagnostic, DiagnosticRule};
use crate::source::{Origin, Provenance};
use crate::yaml::{Mapping, MappingKey, Node, NodeValue, word};
use std::ops::Range;

/// Returns the tree with every short syntax expanded; removes empty values where Compose does.
pub fn transform(mut root: Node, cx: &mut LoadContext<'_>) -> Node {
    if let Some(services) = child(&mut root, "services").and_then(Node::as_mapping_mut) {
        for (name, service) in services.values_mut() {
            let name = name.clone();
            ServiceExpander { name: &name, cx }.transform(service);
        }
    }
    for room in ["volumes", "networks", "secrets", "configs"] {
        if let Some(resources) = child(&mut root, room).and_then(Node::as_mapping_mut) {
            for (name, resource) in resources.values_mut() {
                resources::old_external(&format!("{room}.{}", name.text), resource, cx);
            }
        }
    }
    if let Some(NodeValue::Sequence(entries)) = child(&mut root, "include").map(|node| &mut node.value) {
        entries.iter_mut().for_each(|entry| wrap_text(entry, "path"));
    }
    root
}

/// One service, while its values are expanded.
struct ServiceExpander<'a, 'b> {
    name: &'a MappingKey,
    cx: &'a mut LoadContext<'b>,
}

impl ServiceExpander<'_, '_> {
    fn transform(&mut self, service: &mut Node) {
        let Some(service) = service.as_mapping_mut() else { return };
        for (key, value) in service.values_mut() {
            match &*key.text {
                "build" => self.build(value),
                "depends_on" => lists::depends_on(value, self.cx),
                "env_file" => self.env_files(value),
                "label_file" => lists::one_to_list(value),
                "extends" => wrap_text(value, "service"),
                "gpus" => lists::gpus(value, self.cx),
                "networks" | "models" => lists::names_to_mapping(value),
                "volumes" => self.each(value, Self::volume),
                "devices" => self.each(value, Self::device),
                "secrets" | "configs" => self.each(value, Self::file_mount),
                "dns" => {
                    lists::one_to_list(value);
                    lists::drop_empty(value);
                }
                "ports" => ports::expand(self, value),
                "ulimits" => self.ulimits("ulimits", value),
                "develop" => lists::watch_patterns(value),
                _ => {}
            }
        }
    }

    fn each(&mut self, list: &mut Node, change: fn(&mut Self, usize, &mut Node)) {
        if let NodeValue::Sequence(items) = &mut list.value {
            items.iter_mut().enumerate().for_each(|(index, item)| change(self, index, item));
        }
    }

    fn build(&mut self, build: &mut Node) {
        wrap_text(build, "context");
        let Some(mapping) = build.as_mapping_mut() else { return };
        for (key, value) in mapping.values_mut() {
            match &*key.text {
                "secrets" => self.each(value, Self::file_mount),
                "provenance" | "sbom" => lists::scalar_to_text(value),
                "additional_contexts" => resources::additional_contexts(self, value),
                "ssh" => resources::ssh(self, value),
                "ulimits" => self.ulimits("build.ulimits", value),
                _ => {}
            }
        }
    }

    fn env_files(&mut self, files: &mut Node) {
        lists::one_to_list(files);
        if let NodeValue::Sequence(items) = &mut files.value {
            for item in items {
                wrap_text(item, "path");
                set_default(item, "required", NodeValue::Bool(true), self.cx);
            }
        }
    }

    fn file_mount(&mut self, _index: usize, item: &mut Node) {
        wrap_text(item, "source");
    }

    /// Limits must be numbers by now; only the service's own limits had strings converted to numbers.
    fn ulimits(&mut self, key: &str, limits: &mut Node) {
        let Some(limits) = limits.as_mapping_mut() else { return };
        for (name, limit) in limits.values_mut() {
            if matches!(limit.value, NodeValue::Integer(_) | NodeValue::Mapping(_)) {
                continue;
            }
            let path = format!("services.{}.{key}.{}", self.name.text, name.text);
            let fault = Diagnostic::new(
                &crate::diagnostic::rules::compose::INVALID_VALUE,
                format!("`{path}` must be an integer, not {}", limit.value.kind()),
            );
            let fault = fault.key(path).at(limit.origin).help("write the limit as a number, without quotes");
            self.cx.report(fault.service(&*self.name.text));
        }
    }

    /// Reports an invalid short syntax, unless it may still contain variables.
    fn refuse(&mut self, rule: &'static DiagnosticRule, key: &str, node: &Node, why: &str, help: &str) {
        if !self.cx.options.no_interpolate {
            self.refuse_always(rule, key, node, why, help);
        }
    }

    /// Reports it even if it may still contain variables, as Docker Compose does for some keys.
    fn refuse_always(
        &mut self,
        rule: &'static DiagnosticRule,
        key: &str,
        node: &Node,
        why: &str,
        help: &str,
    ) {
        let path = format!("services.{}.{key}", self.name.text);
        let text = node.as_str().map_or_else(|| super::value::print_scalar(&node.value), str::to_owned);
        let fault = Diagnostic::new(rule, format!("invalid value `{text}` for `{path}`: {why}"));
        self.cx.report(fault.key(path).service(&*self.name.text).at(node.origin).help(help));
    }
}

/// A string that is short for a mapping with one key becomes that mapping.
pub(super) fn wrap_text(node: &mut Node, key: &str) {
    if !matches!(node.value, NodeValue::String(_)) {
        return;
    }
    let origin = node.origin;
    let text = std::mem::take(node);
    let mut mapping = Mapping::new();
    mapping.insert(MappingKey { text: word(key), origin }, text);
    *node = Node::new(NodeValue::Mapping(mapping), origin);
}

/// Adds a key for which the specification has a default.
pub(super) fn set_default(node: &mut Node, key: &str, value: NodeValue, cx: &mut LoadContext<'_>) {
    let of = node.origin;
    let Some(mapping) = node.as_mapping_mut() else { return };
    if !mapping.contains_key(key) {
        let origin = cx.sources.record(Provenance::Default { of });
        mapping.insert(MappingKey { text: word(key), origin }, Node::new(value, origin));
    }
}

/// The origin of a byte range of a string.
fn part(of: Origin, range: Range<usize>, cx: &mut LoadContext<'_>) -> Origin {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    cx.sources.record(Provenance::Part { of, range: narrow(range.start)..narrow(range.end) })
}

/// A key with the same origin as its value.
fn entry(mapping: &mut Mapping, key: &str, value: Node) {
    mapping.insert(MappingKey { text: word(key), origin: value.origin }, value);
}

fn child<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    node.as_mapping_mut().and_then(|mapping| mapping.get_mut(key))
}
