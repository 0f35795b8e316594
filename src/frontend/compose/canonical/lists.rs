//! Lists and strings that are short for something longer.

use super::{LoadContext, child, set_default};
use crate::compose::value::print_scalar;
use crate::source::Provenance;
use crate::yaml::{Mapping, MappingKey, Node, NodeValue, word};

/// `a` becomes `[a]`.
pub(super) fn one_to_list(node: &mut Node) {
    if matches!(node.value, NodeValue::String(_)) {
        let origin = node.origin;
        let item = std::mem::take(node);
        *node = Node::new(NodeValue::Sequence(vec![item]), origin);
    }
}

/// Drops empty items.
pub(super) fn drop_empty(node: &mut Node) {
    if let NodeValue::Sequence(items) = &mut node.value {
        items.retain(|item| !item.is_null() && item.as_str() != Some(""));
    }
}

/// `true` becomes `"true"`.
pub(super) fn scalar_to_text(node: &mut Node) {
    if !matches!(node.value, NodeValue::String(_)) {
        node.value = NodeValue::String(print_scalar(&node.value).into());
    }
}

/// `[front, back]` becomes `{front: null, back: null}`.
pub(in crate::compose) fn names_to_mapping(node: &mut Node) {
    let NodeValue::Sequence(names) = &node.value else { return };
    let mut mapping = Mapping::new();
    for name in names {
        if let NodeValue::String(text) = &name.value {
            let key = MappingKey { text: text.clone(), origin: name.origin };
            mapping.insert(key, Node::new(NodeValue::Null, name.origin));
        }
    }
    node.value = NodeValue::Mapping(mapping);
}

/// `[db]` becomes `{db: {condition: service_started, required: true}}`; fills in what a long entry omits.
pub(super) fn depends_on(node: &mut Node, cx: &mut LoadContext<'_>) {
    if matches!(node.value, NodeValue::Sequence(_)) {
        names_to_mapping(node);
        if let Some(mapping) = node.as_mapping_mut() {
            for (_, value) in mapping.values_mut() {
                value.value = NodeValue::Mapping(Mapping::new());
            }
        }
    }
    let Some(mapping) = node.as_mapping_mut() else { return };
    for (_, dependency) in mapping.values_mut() {
        dependency_defaults(dependency, cx);
    }
}

/// The defaults of a dependency: it must have started, and must exist.
pub(in crate::compose) fn dependency_defaults(dependency: &mut Node, cx: &mut LoadContext<'_>) {
    set_default(dependency, "condition", NodeValue::String(word("service_started")), cx);
    set_default(dependency, "required", NodeValue::Bool(true), cx);
}

/// `all` becomes `[{count: all}]`. In an extended file, any string means all.
pub(super) fn gpus(node: &mut Node, cx: &mut LoadContext<'_>) {
    if !matches!(node.value, NodeValue::String(_)) {
        return;
    }
    let count = Node::new(NodeValue::String(word("all")), node.origin);
    let origin = cx.sources.record(Provenance::Default { of: node.origin });
    let mut request = Mapping::new();
    request.insert(MappingKey { text: "count".into(), origin }, count);
    node.value = NodeValue::Sequence(vec![Node::new(NodeValue::Mapping(request), node.origin)]);
}

/// Turns `ignore` and `include` of every watched path into lists.
pub(super) fn watch_patterns(develop: &mut Node) {
    let Some(NodeValue::Sequence(triggers)) = child(develop, "watch").map(|node| &mut node.value) else {
        return;
    };
    for trigger in triggers {
        for key in ["ignore", "include"] {
            if let Some(patterns) = child(trigger, key) {
                one_to_list(patterns);
            }
        }
    }
}
