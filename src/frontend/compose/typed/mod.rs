//! Typed values: what Docker Compose makes of each key in long syntax.
//!
//! In: the normalized tree. Out: the canonical tree: every value has the single type of its key (a number,
//! a string, a duration in Go's notation, bytes as a string, a mapping of strings), keys are in print order,
//! and values that Docker Compose considers unset are removed. Invariant: later stages and targets need no
//! further case distinctions; `x-` keys come last, as they were written.

mod collections;
mod command;
mod scalars;

pub(crate) use collections::TAKEN_FOR_EXTENSION;

use super::schema::{Becomes, ROOT, Shape};
use super::{Context, KeyPath, PathSegment, Project};
use crate::diagnostic::{Diagnostic, Rule};
use crate::source::Origin;
use crate::yaml::{Entry, Key, Mapping, Node, Value};

/// Gives every value its type, and sets the project's name.
pub fn bind(root: &mut Node, project: &Project, cx: &mut Context<'_>) {
    let name = Node::string(project.name.clone(), project.name_origin);
    if let Some(mapping) = root.as_mapping_mut() {
        mapping.insert(Key { text: "name".into(), origin: project.name_origin }, name);
    }
    let tree = std::mem::take(root);
    let mut binder = Binder { cx, path: Vec::new() };
    *root = binder.shape(tree, &ROOT);
}

struct Binder<'a, 'b> {
    cx: &'a mut Context<'b>,
    path: Vec<PathSegment>,
}

impl Binder<'_, '_> {
    /// A mapping of the specification: known keys in order and typed, followed by `x-` keys.
    fn shape(&mut self, mut node: Node, shape: &Shape) -> Node {
        let Value::Mapping(mapping) = node.value else { return node };
        let mut placed: Vec<(usize, Entry)> = Vec::with_capacity(mapping.len());
        for entry in mapping {
            let place = shape.keys.iter().position(|row| row.name == &*entry.key.text);
            let Some(row) = place.and_then(|place| shape.keys.get(place)) else {
                placed.push((usize::MAX, entry));
                continue;
            };
            self.path.push(PathSegment::Key(entry.key.text.clone()));
            if let Some(value) = self.value(entry.value, row.becomes) {
                placed.push((place.unwrap_or(usize::MAX), Entry { key: entry.key, value }));
            }
            self.path.pop();
        }
        placed.sort_by_key(|(place, _)| *place);
        node.value = Value::Mapping(placed.into_iter().map(|(_, entry)| entry).collect());
        node
    }

    /// The typed value; `None` if Docker Compose considers it unset.
    fn value(&mut self, node: Node, becomes: Becomes) -> Option<Node> {
        if node.is_null() {
            return None;
        }
        match becomes {
            Becomes::Nothing => None,
            Becomes::Text => self.text(node).filter(|node| node.as_str() != Some("")),
            Becomes::AlwaysText => self.text(node),
            Becomes::Truth => self.truth(node).filter(|node| node.as_bool() != Some(false)),
            Becomes::AlwaysTruth => self.truth(node),
            Becomes::Whole => self.whole(node).filter(|node| node.as_integer() != Some(0)),
            Becomes::AlwaysWhole | Becomes::Count(None) => self.whole(node),
            Becomes::Natural(bits) => self.natural(node, bits).filter(|node| node.as_integer() != Some(0)),
            Becomes::AlwaysNatural => self.natural(node, 64),
            Becomes::Count(Some(bits)) => self.natural(node, bits),
            Becomes::Single => self.single(node),
            Becomes::Bytes => self.bytes(node).filter(|node| node.as_str() != Some("0")),
            Becomes::AlwaysBytes => self.bytes(node),
            Becomes::Duration => self.duration(node).filter(|node| node.as_str() != Some("0s")),
            Becomes::AlwaysDuration => self.duration(node),
            Becomes::DeviceCount => self.device_count(node).filter(|node| node.as_integer() != Some(0)),
            Becomes::Mode => self.mode(node),
            Becomes::Texts => self.texts(node, false),
            Becomes::TextsAndNumbers => self.texts(node, true),
            Becomes::Command => self.command(node),
            Becomes::Test => self.test(node),
            Becomes::Pairs => self.pairs(node, collections::Absent::Empty),
            Becomes::Equals => self.pairs(node, collections::Absent::Null),
            Becomes::TextMap => self.text_map(node),
            Becomes::MultiOptions => self.multi_options(node),
            Becomes::Hosts => self.hosts(node),
            Becomes::Ssh => (!is_empty(&node)).then_some(node),
            Becomes::Ulimits => self.ulimits(node),
            Becomes::Shape(shape) | Becomes::Always(shape) => Some(self.shape(node, shape)),
            Becomes::Shapes(shape) => self.shapes(node, shape),
            Becomes::Named(shape) => self.named(node, shape, false),
            Becomes::Resources(shape) => self.named(node, shape, true),
        }
    }

    fn shapes(&mut self, mut node: Node, shape: &Shape) -> Option<Node> {
        let Value::Sequence(items) = node.value else { return None };
        let mut typed = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.path.push(PathSegment::Index(index));
            typed.push(self.shape(item, shape));
            self.path.pop();
        }
        node.value = Value::Sequence(typed);
        (!is_empty(&node)).then_some(node)
    }

    /// A mapping from names to mappings, sorted by name.
    fn named(&mut self, mut node: Node, shape: &Shape, whole: bool) -> Option<Node> {
        let Value::Mapping(mapping) = node.value else { return None };
        let mut typed = Mapping::new();
        for Entry { key, mut value } in mapping {
            if whole && value.is_null() {
                value.value = Value::Mapping(Mapping::new());
            }
            self.path.push(PathSegment::Key(key.text.clone()));
            let value = self.shape(value, shape);
            self.path.pop();
            typed.insert(key, value);
        }
        typed.sort_keys();
        node.value = Value::Mapping(typed);
        (!is_empty(&node) || self.path.len() == 1).then_some(node)
    }

    /// Reports a value that cannot be converted to its key's type.
    fn refuse(&mut self, rule: &'static Rule, origin: Origin, why: &str, help: &str) {
        let path = KeyPath(self.path.clone()).to_string();
        let mut fault = Diagnostic::new(rule, format!("`{path}` {why}")).key(path).at(origin).help(help);
        if let [PathSegment::Key(room), PathSegment::Key(service), ..] = self.path.as_slice()
            && &**room == "services"
        {
            fault = fault.service(&**service);
        }
        self.cx.report(fault);
    }
}

/// Whether a list or mapping is empty.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
        _ => false,
    }
}
