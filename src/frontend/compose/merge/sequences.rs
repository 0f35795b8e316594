//! Values that are merged as lists: `name=value` pairs, texts, hosts.

use crate::compose::Context;
use crate::compose::value::print_scalar;
use crate::source::{Origin, Provenance, Sources};
use crate::yaml::{Entry, Node, Value};

/// Why a `name=value` of a list is one value and one key of a mapping.
const ENTRY: &str = "an entry of a mapping, as an item of a list";

/// Both as lists, one after the other.
pub(super) fn append(base: Node, over: Node, cx: &mut Context<'_>) -> Node {
    let origin = base.origin;
    let mut items = listed(base, cx);
    items.extend(listed(over, cx));
    Node::new(Value::Sequence(items), origin)
}

/// Both as lists, without what the first has already.
pub(super) fn append_new(base: Node, over: Node, cx: &mut Context<'_>) -> Node {
    let origin = base.origin;
    let mut items = listed(base, cx);
    let fresh: Vec<Node> = listed(over, cx)
        .into_iter()
        .filter(|item| !items.iter().any(|known| known.value == item.value))
        .collect();
    items.extend(fresh);
    Node::new(Value::Sequence(items), origin)
}

/// The value as a list; a mapping's entries become `name=value`, in order of their texts.
fn listed(node: Node, cx: &mut Context<'_>) -> Vec<Node> {
    match node.value {
        Value::Sequence(items) => items,
        Value::String(_) => vec![node],
        Value::Mapping(mapping) => {
            let mut items = Vec::with_capacity(mapping.len());
            for Entry { key, value } in mapping {
                let mut push = |text: String, origin: Origin| {
                    let from = vec![origin, key.origin];
                    let origin = cx.sources.record(Provenance::Inferred { from, why: ENTRY });
                    items.push(Node::string(text, origin));
                };
                match &value.value {
                    Value::Null => push(key.text.to_string(), value.origin),
                    Value::Sequence(several) => {
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

/// The origins of key and value of a list item that was an entry of a mapping before it was merged.
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
