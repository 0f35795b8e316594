//! Equality of list items.
//!
//! In: the items of a list. Out: the first pair of equal ones. The rules are those of Docker Compose's
//! validator: `1` equals `1.0`; in a list of up to twenty items, a number also equals an earlier string
//! that reads as this number, but not the other way round.

use crate::yaml::{Node, NodeValue};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Longer lists are compared by the items' complete text.
const COMPARED_IN_PAIRS: usize = 20;

/// For each item, the index of an earlier item that it repeats.
pub(super) fn repeats(items: &[Node]) -> Vec<Option<usize>> {
    if items.len() <= COMPARED_IN_PAIRS {
        let earlier = |at: usize| items.get(..at).unwrap_or(&[]);
        let first = |(at, item): (usize, &Node)| earlier(at).iter().position(|before| equal(item, before));
        return items.iter().enumerate().map(first).collect();
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let items = items.iter().enumerate();
    items
        .map(|(at, item)| {
            let mut identity = String::new();
            identify(item, &mut identity);
            let before = *seen.entry(identity).or_insert(at);
            (before != at).then_some(before)
        })
        .collect()
}

fn equal(later: &Node, earlier: &Node) -> bool {
    match (&later.value, &earlier.value) {
        (NodeValue::Mapping(one), NodeValue::Mapping(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|entry| other.get(&entry.key.text).is_some_and(|value| equal(&entry.value, value)))
        }
        (NodeValue::Sequence(one), NodeValue::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (NodeValue::Integer(_) | NodeValue::Float(_), other) => {
            number(&later.value).is_some_and(|one| number(other) == Some(one))
        }
        (one, other) => one == other,
    }
}

#[allow(clippy::cast_precision_loss, reason = "no list distinguishes integers beyond 2^53")]
fn number(value: &NodeValue) -> Option<f64> {
    match value {
        NodeValue::Integer(number) => Some(*number as f64),
        NodeValue::Float(number) => Some(*number),
        NodeValue::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// A text that two values share only if they are equal.
fn identify(node: &Node, into: &mut String) {
    match &node.value {
        NodeValue::Null => into.push('~'),
        NodeValue::Bool(truth) => into.push(if *truth { 't' } else { 'f' }),
        NodeValue::Integer(number) => _ = write!(into, "#{number}"),
        NodeValue::Float(number) => _ = write!(into, "#{number}"),
        NodeValue::String(text) | NodeValue::Timestamp(text) => _ = write!(into, "{}:{text}", text.len()),
        NodeValue::Sequence(items) => {
            into.push('[');
            items.iter().for_each(|item| identify(item, into));
            into.push(']');
        }
        NodeValue::Mapping(mapping) => {
            let mut entries: Vec<_> = mapping.iter().collect();
            entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
            into.push('{');
            for entry in entries {
                _ = write!(into, "{}:{}", entry.key.text.len(), entry.key.text);
                identify(&entry.value, into);
            }
            into.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Origin;

    #[test]
    fn a_number_repeats_an_earlier_text_of_it() {
        let text = |text: &str| Node::string(text, Origin::NOWHERE);
        let whole = |number| Node::new(NodeValue::Integer(number), Origin::NOWHERE);
        let float = |number| Node::new(NodeValue::Float(number), Origin::NOWHERE);
        for (items, repeat) in [
            (vec![text("80"), whole(80)], Some(0)),
            (vec![whole(80), text("80")], None),
            (vec![whole(1), float(1.0)], Some(0)),
            (vec![text("a"), text("b"), text("a")], Some(0)),
            (vec![text("1.0"), float(1.0)], Some(0)),
            (vec![text("a"), text("b")], None),
        ] {
            assert_eq!(repeats(&items).last(), Some(&repeat), "{items:?}");
        }
    }

    #[test]
    fn long_lists_are_compared_by_their_texts() {
        let mut items: Vec<Node> =
            (0..30).map(|number| Node::new(NodeValue::Integer(number), Origin::NOWHERE)).collect();
        items.push(Node::string("3", Origin::NOWHERE));
        items.push(Node::new(NodeValue::Float(4.0), Origin::NOWHERE));
        let found = repeats(&items);
        assert_eq!((found.get(30), found.get(31)), (Some(&None), Some(&Some(4))));
    }
}
