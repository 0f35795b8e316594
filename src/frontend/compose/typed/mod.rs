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

use super::schema::{CanonicalForm, MappingSchema, ROOT};
use super::{KeyPath, LoadContext, PathSegment, ProjectContext};
use crate::diagnostic::{Diagnostic, DiagnosticRule};
use crate::source::Origin;
use crate::yaml::{Mapping, MappingEntry, MappingKey, Node, NodeValue};

/// Gives every value its type, and sets the project's name.
pub fn bind(root: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    let name = Node::string(project.name.clone(), project.name_origin);
    if let Some(mapping) = root.as_mapping_mut() {
        mapping.insert(MappingKey { text: "name".into(), origin: project.name_origin }, name);
    }
    let tree = std::mem::take(root);
    let mut binder = TypeBinder { cx, path: Vec::new() };
    *root = binder.shape(tree, &ROOT);
}

struct TypeBinder<'a, 'b> {
    cx: &'a mut LoadContext<'b>,
    path: Vec<PathSegment>,
}

impl TypeBinder<'_, '_> {
    /// A mapping of the specification: known keys in order and typed, followed by `x-` keys.
    fn shape(&mut self, mut node: Node, shape: &MappingSchema) -> Node {
        let NodeValue::Mapping(mapping) = node.value else { return node };
        let mut placed: Vec<(usize, MappingEntry)> = Vec::with_capacity(mapping.len());
        for entry in mapping {
            let place = shape.keys.iter().position(|row| row.name == &*entry.key.text);
            let Some(row) = place.and_then(|place| shape.keys.get(place)) else {
                placed.push((usize::MAX, entry));
                continue;
            };
            self.path.push(PathSegment::Key(entry.key.text.clone()));
            if let Some(value) = self.value(entry.value, row.becomes) {
                placed.push((place.unwrap_or(usize::MAX), MappingEntry { key: entry.key, value }));
            }
            self.path.pop();
        }
        placed.sort_by_key(|(place, _)| *place);
        node.value = NodeValue::Mapping(placed.into_iter().map(|(_, entry)| entry).collect());
        node
    }

    /// The typed value; `None` if Docker Compose considers it unset.
    fn value(&mut self, node: Node, becomes: CanonicalForm) -> Option<Node> {
        if node.is_null() {
            return None;
        }
        match becomes {
            CanonicalForm::Nothing => None,
            CanonicalForm::Text => self.text(node).filter(|node| node.as_str() != Some("")),
            CanonicalForm::AlwaysText => self.text(node),
            CanonicalForm::Truth => self.truth(node).filter(|node| node.as_bool() != Some(false)),
            CanonicalForm::AlwaysTruth => self.truth(node),
            CanonicalForm::Whole => self.whole(node).filter(|node| node.as_integer() != Some(0)),
            CanonicalForm::AlwaysWhole | CanonicalForm::Count(None) => self.whole(node),
            CanonicalForm::Natural(bits) => {
                self.natural(node, bits).filter(|node| node.as_integer() != Some(0))
            }
            CanonicalForm::AlwaysNatural => self.natural(node, 64),
            CanonicalForm::Count(Some(bits)) => self.natural(node, bits),
            CanonicalForm::Single => self.single(node),
            CanonicalForm::Bytes => self.bytes(node).filter(|node| node.as_str() != Some("0")),
            CanonicalForm::AlwaysBytes => self.bytes(node),
            CanonicalForm::Duration => self.duration(node).filter(|node| node.as_str() != Some("0s")),
            CanonicalForm::AlwaysDuration => self.duration(node),
            CanonicalForm::DeviceCount => self.device_count(node).filter(|node| node.as_integer() != Some(0)),
            CanonicalForm::Mode => self.mode(node),
            CanonicalForm::Texts => self.texts(node, false),
            CanonicalForm::TextsAndNumbers => self.texts(node, true),
            CanonicalForm::Command => self.command(node),
            CanonicalForm::Test => self.test(node),
            CanonicalForm::Pairs => self.pairs(node, collections::AbsentValue::Empty),
            CanonicalForm::Equals => self.pairs(node, collections::AbsentValue::Null),
            CanonicalForm::TextMap => self.text_map(node),
            CanonicalForm::MultiOptions => self.multi_options(node),
            CanonicalForm::Hosts => self.hosts(node),
            CanonicalForm::Ssh => (!is_empty(&node)).then_some(node),
            CanonicalForm::Ulimits => self.ulimits(node),
            CanonicalForm::Shape(shape) | CanonicalForm::Always(shape) => Some(self.shape(node, shape)),
            CanonicalForm::Shapes(shape) => self.shapes(node, shape),
            CanonicalForm::Named(shape) => self.named(node, shape, false),
            CanonicalForm::Resources(shape) => self.named(node, shape, true),
        }
    }

    fn shapes(&mut self, mut node: Node, shape: &MappingSchema) -> Option<Node> {
        let NodeValue::Sequence(items) = node.value else { return None };
        let mut typed = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.path.push(PathSegment::Index(index));
            typed.push(self.shape(item, shape));
            self.path.pop();
        }
        node.value = NodeValue::Sequence(typed);
        (!is_empty(&node)).then_some(node)
    }

    /// A mapping from names to mappings, sorted by name.
    fn named(&mut self, mut node: Node, shape: &MappingSchema, whole: bool) -> Option<Node> {
        let NodeValue::Mapping(mapping) = node.value else { return None };
        let mut typed = Mapping::new();
        for MappingEntry { key, mut value } in mapping {
            if whole && value.is_null() {
                value.value = NodeValue::Mapping(Mapping::new());
            }
            self.path.push(PathSegment::Key(key.text.clone()));
            let value = self.shape(value, shape);
            self.path.pop();
            typed.insert(key, value);
        }
        typed.sort_keys();
        node.value = NodeValue::Mapping(typed);
        (!is_empty(&node) || self.path.len() == 1).then_some(node)
    }

    /// Reports a value that cannot be converted to its key's type.
    fn refuse(&mut self, rule: &'static DiagnosticRule, origin: Origin, why: &str, help: &str) {
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
        NodeValue::Sequence(items) => items.is_empty(),
        NodeValue::Mapping(mapping) => mapping.is_empty(),
        _ => false,
    }
}
