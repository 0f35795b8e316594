//! Values merged as lists: `name=value` pairs, strings, hosts.

use crate::compose::LoadContext;
use crate::compose::value::print_scalar;
use crate::source::{Origin, Provenance, Sources};
use crate::yaml::{MappingEntry, Node, NodeValue};

/// Why one list item `name=value` has the origins of a mapping's key and value.
const ENTRY: &str = "a mapping entry written as a list item";

/// Both as lists, concatenated.
pub(super) fn append(base: Node, over: Node, cx: &mut LoadContext<'_>) -> Node {
    let origin = base.origin;
    let mut items = listed(base, cx);
    items.extend(listed(over, cx));
    Node::new(NodeValue::Sequence(items), origin)
}

/// Both as lists, without duplicates.
pub(super) fn append_new(base: Node, over: Node, cx: &mut LoadContext<'_>) -> Node {
    let origin = base.origin;
    let mut items = listed(base, cx);
    let fresh: Vec<Node> = listed(over, cx)
        .into_iter()
        .filter(|item| !items.iter().any(|known| known.value == item.value))
        .collect();
    items.extend(fresh);
    Node::new(NodeValue::Sequence(items), origin)
}

/// The value as a list; a mapping's entries become `name=value`, sorted as strings.
fn listed(node: Node, cx: &mut LoadContext<'_>) -> Vec<Node> {
    match node.value {
        NodeValue::Sequence(items) => items,
        NodeValue::String(_) => vec![node],
        NodeValue::Mapping(mapping) => {
            let mut items = Vec::with_capacity(mapping.len());
            for MappingEntry { key, value } in mapping {
                let mut push = |text: String, origin: Origin| {
                    let from = vec![origin, key.origin];
                    let origin = cx.sources.record(Provenance::Inferred { from, why: ENTRY });
                    items.push(Node::string(text, origin));
                };
                match &value.value {
                    NodeValue::Null => push(key.text.to_string(), value.origin),
                    NodeValue::Sequence(several) => {
                        for one in several {
                            push(format!("{}={}", key.text, print_scalar(&one.value)), one.origin);
                        }
                    }
                    other => push(format!("{}={}", key.text, print_scalar(other)), value.origin),
                }
            }
            items.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
            items
        }
        _ => Vec::new(),
    }
}

/// The origins of key and value of a list item that was a mapping entry before the merge.
pub(crate) fn entry_parts(origin: Origin, sources: &Sources) -> Option<(Origin, Origin)> {
    match &*sources.provenance(origin) {
        Provenance::Inferred { from, why } if *why == ENTRY => match from.as_slice() {
            [value, key] => Some((*key, *value)),
            _ => None,
        },
        Provenance::Merged { winner, .. } => entry_parts(*winner, sources),
        _ => None,
    }
}
