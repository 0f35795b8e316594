//! Lists of strings, mappings of strings, hosts and limits.

use super::{TypeBinder, is_empty};
use crate::compose::merge::entry_parts;
use crate::compose::value::print_scalar;
use crate::diagnostic::rules::compose as rules;
use crate::source::{Origin, Provenance};
use crate::yaml::{Mapping, MappingEntry, MappingKey, Node, NodeTag, NodeValue};

/// Marks a user-defined mapping entry that Docker Compose mistakes for an extension because its name starts with
/// `x-`; when printed, it is no longer an entry.
pub(crate) const TAKEN_FOR_EXTENSION: &str = "!taken-for-extension";

/// The value of a name without one.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum AbsentValue {
    /// An empty string.
    Empty,
    /// Null: the value comes from the environment in which the service runs.
    Null,
}

impl TypeBinder<'_, '_> {
    /// A list of strings; a single string is a list of one. Integers become strings, other numbers only where
    /// the key takes numbers.
    pub(super) fn texts(&mut self, mut node: Node, numbers: bool) -> Option<Node> {
        match &mut node.value {
            NodeValue::Sequence(items) => {
                for item in items {
                    if matches!(item.value, NodeValue::Float(_)) && !numbers {
                        let help = "write an integer, or quote it";
                        self.refuse(
                            &rules::WRONG_TYPE,
                            item.origin,
                            "contains a number with a fraction",
                            help,
                        );
                    }
                    if !matches!(item.value, NodeValue::String(_)) {
                        item.value = NodeValue::String(print_scalar(&item.value).into());
                    }
                }
            }
            NodeValue::String(_) => {
                let item = node.clone();
                node.value = NodeValue::Sequence(vec![item]);
            }
            _ => return None,
        }
        (!is_empty(&node)).then_some(node)
    }

    /// Names and strings, from a mapping or a list of `name=value`.
    pub(super) fn pairs(&mut self, mut node: Node, absent: AbsentValue) -> Option<Node> {
        let mut pairs = Mapping::new();
        match std::mem::take(&mut node.value) {
            NodeValue::Mapping(mapping) => {
                for MappingEntry { key, mut value } in mapping {
                    value.value = as_text(value.value, absent);
                    if key.text.starts_with("x-") {
                        let tag = NodeTag { name: TAKEN_FOR_EXTENSION.into(), origin: key.origin };
                        value.tag = Some(Box::new(tag));
                    }
                    pairs.insert(key, value);
                }
            }
            NodeValue::Sequence(items) => {
                for item in items {
                    self.pair(&item, absent, &mut pairs);
                }
            }
            _ => return None,
        }
        pairs.sort_keys();
        node.value = NodeValue::Mapping(pairs);
        (!is_empty(&node)).then_some(node)
    }

    fn pair(&mut self, item: &Node, absent: AbsentValue, pairs: &mut Mapping) {
        let text = print_scalar(&item.value);
        let at = text.find('=');
        let name = text.get(..at.unwrap_or(text.len())).unwrap_or("");
        if absent == AbsentValue::Null && name.ends_with(|last: char| last.is_ascii_whitespace()) {
            let why = format!("has a space before the `=` of `{name}`");
            self.refuse(&rules::BAD_SYNTAX, item.origin, &why, "remove the space");
            return;
        }
        let (key_origin, value_origin) = self.pair_origins(item.origin, at, text.len());
        let value = match at {
            Some(at) => NodeValue::String(text.get(at + 1..).unwrap_or("").into()),
            None => as_text(NodeValue::Null, absent),
        };
        pairs.insert(MappingKey { text: name.into(), origin: key_origin }, Node::new(value, value_origin));
    }

    /// The origins of the two sides of a `name=value`, where `=` is at byte `at`.
    fn pair_origins(&mut self, whole: Origin, at: Option<usize>, length: usize) -> (Origin, Origin) {
        if let Some(parts) = entry_parts(whole, self.cx.sources) {
            return parts;
        }
        let Some(at) = at else { return (whole, whole) };
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let mut part = |start, end| {
            let range = narrow(start)..narrow(end);
            self.cx.sources.record(Provenance::Part { of: whole, range })
        };
        (part(0, at), part(at + 1, length))
    }

    /// Names and values, where each value must be a string or an integer.
    pub(super) fn text_map(&mut self, mut node: Node) -> Option<Node> {
        let NodeValue::Mapping(mapping) = std::mem::take(&mut node.value) else { return None };
        let mut pairs = Mapping::new();
        for MappingEntry { key, mut value } in mapping {
            self.no_extension(&key);
            match &value.value {
                NodeValue::String(_) | NodeValue::Integer(_) | NodeValue::Null => {
                    value.value = as_text(value.value, AbsentValue::Empty);
                    pairs.insert(key, value);
                }
                other => {
                    let why = format!("has {} for `{}`, which must be a string", other.kind(), key.text);
                    self.refuse(&rules::WRONG_TYPE, value.origin, &why, "quote the value");
                }
            }
        }
        pairs.sort_keys();
        node.value = NodeValue::Mapping(pairs);
        (!is_empty(&node)).then_some(node)
    }

    /// Names and lists of strings.
    pub(super) fn multi_options(&mut self, mut node: Node) -> Option<Node> {
        let NodeValue::Mapping(mapping) = std::mem::take(&mut node.value) else { return None };
        let mut options = Mapping::new();
        for MappingEntry { key, mut value } in mapping {
            if !matches!(value.value, NodeValue::Sequence(_)) {
                value.value = NodeValue::String(print_scalar(&value.value).into());
            }
            if let Some(texts) = self.texts(value, true) {
                options.insert(key, texts);
            }
        }
        options.sort_keys();
        node.value = NodeValue::Mapping(options);
        (!is_empty(&node)).then_some(node)
    }

    /// `name=address` for every address, sorted.
    pub(super) fn hosts(&mut self, mut node: Node) -> Option<Node> {
        let mut hosts: Vec<Node> = Vec::new();
        let written = !is_empty(&node);
        match std::mem::take(&mut node.value) {
            NodeValue::Mapping(mapping) => {
                for MappingEntry { key, value } in mapping {
                    self.no_extension(&key);
                    let origin = value.origin;
                    let addresses = match value.value {
                        NodeValue::Sequence(items) => items,
                        _ => vec![value],
                    };
                    for address in addresses {
                        let text = print_scalar(&address.value);
                        self.host(&key.text, &text, address.origin, origin, &mut hosts);
                    }
                }
            }
            NodeValue::Sequence(items) => {
                for item in items {
                    let text = print_scalar(&item.value);
                    match text.split_once('=').or_else(|| text.split_once(':')) {
                        Some((name, addresses)) => {
                            for address in addresses.split(',') {
                                self.host(name, address, item.origin, item.origin, &mut hosts);
                            }
                        }
                        None => {
                            let why = format!("has no address for `{text}`");
                            self.refuse(&rules::BAD_SYNTAX, item.origin, &why, "write `name=address`");
                        }
                    }
                }
            }
            _ => return None,
        }
        hosts.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        node.value = NodeValue::Sequence(hosts);
        written.then_some(node)
    }

    /// A name that Docker Compose mistakes for an extension, in a place where extensions are not allowed.
    fn no_extension(&mut self, key: &MappingKey) {
        if key.text.starts_with("x-") {
            let why = format!("has the name `{}`, which Docker Compose treats as an extension", key.text);
            self.refuse(&rules::INVALID_NAME, key.origin, &why, "use a name that does not start with `x-`");
        }
    }

    fn host(&mut self, name: &str, address: &str, origin: Origin, place: Origin, hosts: &mut Vec<Node>) {
        if name.is_empty() || name.contains([':', '=']) {
            let why = format!("has the invalid host name `{name}`");
            self.refuse(&rules::BAD_SYNTAX, place, &why, "a host name cannot contain `:` or `=`");
            return;
        }
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address = bare.filter(|bare| !bare.is_empty()).unwrap_or(address);
        hosts.push(Node::string(format!("{name}={address}"), origin));
    }

    /// Names and limits: one number, or a soft and a hard one.
    pub(super) fn ulimits(&mut self, mut node: Node) -> Option<Node> {
        let NodeValue::Mapping(mapping) = std::mem::take(&mut node.value) else { return None };
        let mut limits = Mapping::new();
        for MappingEntry { key, mut value } in mapping {
            if let NodeValue::Mapping(pair) = &value.value {
                let kept = ["soft", "hard"].into_iter().filter_map(|side| pair.entry(side).cloned());
                let kept: Mapping = kept.filter(|entry| entry.value.as_integer() != Some(0)).collect();
                if let Some(text) = kept.iter().find(|entry| entry.value.as_integer().is_none()) {
                    let why = format!("has {} for `{}.{}`", text.value.value.kind(), key.text, text.key.text);
                    self.refuse(
                        &rules::WRONG_TYPE,
                        text.value.origin,
                        &why,
                        "write an integer without quotes",
                    );
                }
                value.value = NodeValue::Mapping(kept);
            } else if value.as_integer() == Some(0) {
                value.value = NodeValue::Mapping(Mapping::new());
            }
            limits.insert(key, value);
        }
        limits.sort_keys();
        node.value = NodeValue::Mapping(limits);
        (!is_empty(&node)).then_some(node)
    }
}

fn as_text(value: NodeValue, absent: AbsentValue) -> NodeValue {
    match value {
        NodeValue::String(_) => value,
        NodeValue::Null if absent == AbsentValue::Null => NodeValue::Null,
        NodeValue::Null => NodeValue::String("".into()),
        other => NodeValue::String(print_scalar(&other).into()),
    }
}
