//! Values that take a mapping or a list of `name=value`, and the deprecated form of `external`.

use super::{ServiceExpander, part};
use crate::compose::LoadContext;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Mapping, MappingKey, Node, NodeValue};
use std::sync::Arc;

/// `external: {name: x}` becomes `external: true` and `name: x`.
pub(super) fn old_external(path: &str, resource: &mut Node, cx: &mut LoadContext<'_>) {
    let Some(mapping) = resource.as_mapping_mut() else { return };
    let Some(external) = mapping.get_mut("external") else { return };
    if !matches!(external.value, NodeValue::Mapping(_)) {
        return;
    }
    let old_name = external.get("name").cloned();
    external.value = NodeValue::Bool(true);
    let Some(old_name) = old_name else { return };
    let warning = Diagnostic::new(&rules::OLD_EXTERNAL, format!("`{path}.external.name` is deprecated"))
        .key(format!("{path}.external.name"))
        .at(old_name.origin)
        .help("write `external: true` and put `name:` next to it");
    cx.report(warning);
    match mapping.get("name") {
        None => _ = mapping.insert(MappingKey { text: "name".into(), origin: old_name.origin }, old_name),
        Some(name) if name.value == old_name.value => {}
        Some(name) => {
            let fault = Diagnostic::new(
                &rules::CONFLICTING_KEYS,
                format!("`{path}` has two different names, in `name` and in `external.name`"),
            );
            let fault = fault.key(path).label(name.origin, "one name").label(old_name.origin, "another name");
            cx.report(fault.help("keep `name` and write `external: true`"));
        }
    }
}

/// `[docs=../docs]` becomes `{docs: ../docs}`.
pub(super) fn additional_contexts(service: &mut ServiceExpander<'_, '_>, node: &mut Node) {
    if let NodeValue::Mapping(mapping) = &node.value {
        let help = "write a path, or `service:` followed by a name";
        for entry in mapping.iter().filter(|entry| entry.value.as_str().is_none()) {
            let key = format!("build.additional_contexts.{}", entry.key.text);
            service.refuse(&rules::WRONG_TYPE, &key, &entry.value, "not a string", help);
        }
    }
    let NodeValue::Sequence(items) = &node.value else { return };
    let mut mapping = Mapping::new();
    for item in items {
        let NodeValue::String(text) = &item.value else { continue };
        let Some(at) = text.find('=') else {
            let help = "write `name=path`, or use a mapping";
            service.refuse(
                &rules::BAD_SYNTAX,
                "build.additional_contexts",
                item,
                "the value is missing",
                help,
            );
            return;
        };
        pair(&mut mapping, item, text, at, service.cx);
    }
    node.value = NodeValue::Mapping(mapping);
}

/// `[default, ci=/run/agent]` becomes `{default: null, ci: /run/agent}`.
pub(super) fn ssh(service: &mut ServiceExpander<'_, '_>, node: &mut Node) {
    let NodeValue::Sequence(items) = &node.value else { return };
    let mut mapping = Mapping::new();
    for item in items {
        let NodeValue::String(text) = &item.value else {
            let help = "write `id=path`, quoted if necessary";
            service.refuse_always(&rules::WRONG_TYPE, "build.ssh", item, "not a string", help);
            continue;
        };
        match text.find('=') {
            Some(at) => pair(&mut mapping, item, text, at, service.cx),
            None if &**text == "default" => {
                let key = MappingKey { text: text.clone(), origin: item.origin };
                mapping.insert(key, Node::new(NodeValue::Null, item.origin));
            }
            None => {
                let help = "write `id=path`; only `default` may omit the path";
                let why = "the path of the key is missing";
                service.refuse_always(&rules::BAD_SYNTAX, "build.ssh", item, why, help);
            }
        }
    }
    node.value = NodeValue::Mapping(mapping);
}

/// The two sides of `name=value`, where `=` is at byte `at`.
fn pair(mapping: &mut Mapping, item: &Node, text: &Arc<str>, at: usize, cx: &mut LoadContext<'_>) {
    let (name, value) = (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or(""));
    let key = MappingKey { text: name.into(), origin: part(item.origin, 0..at, cx) };
    let origin = part(item.origin, at + 1..text.len(), cx);
    mapping.insert(key, Node::string(value, origin));
}
