//! Builds a document's tree from a flat sequence of nodes: anchors, aliases, keys, merge keys.

use super::limits::{AliasBudget, MAX_DEPTH, MAX_NODES, NodeSize};
use super::scalar::{ScalarType, resolve, resolve_as};
use super::{Mapping, MappingEntry, MappingKey, Node, NodeTag, NodeValue};
use crate::diagnostic::{Diagnostic, Diagnostics, rules::yaml as rule};
use crate::source::{Origin, Provenance, Sources, Span};
use indexmap::IndexSet;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A scalar as it was written.
pub(super) struct RawScalar<'a> {
    pub(super) text: &'a str,
    pub(super) plain: bool,
    pub(super) anchor: usize,
    pub(super) tag: Option<(String, Span)>,
    pub(super) span: Span,
}

/// A finished node with what its parent needs to know about it.
struct BuiltNode {
    node: Node,
    span: Span,
    size: NodeSize,
    depth: usize,
}

/// The value that an alias repeats.
struct AnchoredNode {
    node: Node,
    size: NodeSize,
    depth: usize,
}

/// How a collection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CollectionStyle {
    /// By indentation.
    Block,
    /// In brackets.
    Flow,
}

/// A collection that is still open.
struct CollectionFrame {
    collection: PartialCollection,
    span: Span,
    style: CollectionStyle,
    anchor: usize,
    tag: Option<Box<NodeTag>>,
    size: NodeSize,
    depth: usize,
}

enum PartialCollection {
    Sequence(Vec<Node>),
    Mapping { mapping: Mapping, next: ExpectedItem, merges: Vec<(Node, Span)> },
}

/// What a mapping expects next.
enum ExpectedItem {
    Key,
    Value(MappingKey, Span),
    Merge(Span),
    /// The value of a rejected key.
    Nothing,
}

/// Strings up to this many bytes are shared between the nodes of a file.
const SHARED_UP_TO: usize = 40;

/// The tag of a value that is removed before anything reads it.
const RESET: &str = "!reset";

/// Builds the documents of one file.
pub(super) struct TreeBuilder<'a> {
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    documents: Vec<Node>,
    stack: Vec<CollectionFrame>,
    anchors: BTreeMap<usize, AnchoredNode>,
    /// The latest value of each anchor name, which stays visible in later documents.
    names: BTreeMap<Arc<str>, usize>,
    texts: IndexSet<Arc<str>>,
    budget: AliasBudget,
    /// Whether a bound was passed: nothing more is taken.
    full: bool,
    root: Option<Node>,
}

impl<'a> TreeBuilder<'a> {
    pub(super) fn new(bytes: usize, sources: &'a mut Sources, diagnostics: &'a mut Diagnostics) -> Self {
        TreeBuilder {
            sources,
            diagnostics,
            documents: Vec::new(),
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            names: BTreeMap::new(),
            texts: IndexSet::with_capacity((bytes / 256).min(4096)),
            budget: AliasBudget::default(),
            full: false,
            root: None,
        }
    }

    pub(super) fn finish(self) -> Vec<Node> {
        self.documents
    }

    /// The innermost flow collection that is still open.
    pub(super) fn open_flow(&self) -> Option<Span> {
        self.stack.iter().rev().find(|frame| frame.style == CollectionStyle::Flow).map(|frame| frame.span)
    }

    /// Only the first document may omit `---`. Source: go-yaml, which follows YAML 1.1.
    pub(super) fn start_document(&mut self, span: Span, explicit: bool, version: Option<(u32, u32)>) {
        self.root = None;
        if !explicit && !self.documents.is_empty() {
            let origin = self.sources.read_at(span);
            let message = "a new document starts here without `---`";
            self.diagnostics.push(
                Diagnostic::new(&rule::SYNTAX, message)
                    .at(origin)
                    .help("delete the `...` above to continue the same document, or replace it with `---`"),
            );
        }
        if let Some((major, minor)) = version.filter(|version| *version != (1, 1)) {
            let origin = self.sources.read_at(Span { end: span.start, ..span });
            let message =
                format!("the file declares YAML {major}.{minor}, which Docker Compose does not support");
            self.diagnostics.push(
                Diagnostic::new(&rule::VERSION, message).at(origin).help("delete the line `%YAML ...`"),
            );
        }
    }

    pub(super) fn end_document(&mut self, span: Span) {
        let origin = self.sources.read_at(Span { end: span.start, ..span });
        self.documents.push(self.root.take().unwrap_or_else(|| Node::new(NodeValue::Null, origin)));
    }

    /// Whether a bound was passed, which was told.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Counts a node that stands in the file.
    fn write(&mut self, text: &str, span: Span) {
        if !self.budget.write(text) && !std::mem::replace(&mut self.full, true) {
            let origin = self.sources.read_at(span);
            let message = format!("the file has more than {MAX_NODES} values");
            self.diagnostics.push(
                Diagnostic::new(&rule::TOO_LARGE, message)
                    .at(origin)
                    .help("split it, and `include` the parts"),
            );
        }
    }

    pub(super) fn scalar(&mut self, scalar: RawScalar<'_>) {
        self.write(scalar.text, scalar.span);
        let merges = scalar.plain && scalar.text == "<<" && scalar.tag.is_none();
        if merges
            && let Some(PartialCollection::Mapping { next: next @ ExpectedItem::Key, .. }) = self.collection()
        {
            *next = ExpectedItem::Merge(scalar.span);
            return;
        }
        let span = self.place(&scalar);
        let origin = self.sources.read_at(span);
        let value = self.typed(&scalar, origin);
        let mut node = Node::new(value, origin);
        node.tag = self.own_tag(scalar.tag);
        let size = NodeSize::one(scalar.text);
        self.complete(BuiltNode { node, span, size, depth: 1 }, scalar.anchor);
    }

    /// A missing value has the position of its key.
    fn place(&self, scalar: &RawScalar<'_>) -> Span {
        match self.stack.last().map(|frame| &frame.collection) {
            Some(PartialCollection::Mapping { next: ExpectedItem::Value(_, key), .. })
                if scalar.text.is_empty() && scalar.span.start == scalar.span.end =>
            {
                *key
            }
            _ => scalar.span,
        }
    }

    fn typed(&mut self, scalar: &RawScalar<'_>, origin: Origin) -> NodeValue {
        let Some((tag, _)) = &scalar.tag else {
            return if scalar.plain {
                resolve(scalar.text, |text| self.text(text))
            } else {
                NodeValue::String(self.text(scalar.text))
            };
        };
        let wanted = match tag.as_str() {
            "!!binary" => ScalarType::Binary,
            "!!null" => ScalarType::Null,
            "!!bool" => ScalarType::Bool,
            "!!int" => ScalarType::Integer,
            "!!float" => ScalarType::Float,
            "!!timestamp" => ScalarType::Timestamp,
            "!" if scalar.plain => ScalarType::Any,
            _ => ScalarType::Text,
        };
        let value = resolve_as(wanted, scalar.text, |text| self.text(text));
        value.unwrap_or_else(|| {
            let message = format!("`{}` does not match its tag {tag}", scalar.text);
            self.fault(
                Diagnostic::new(&rule::BAD_TAG, message)
                    .at(origin)
                    .help(format!("delete the tag {tag}, or correct the value")),
            );
            NodeValue::Null
        })
    }

    pub(super) fn start_sequence(
        &mut self,
        span: Span,
        style: CollectionStyle,
        anchor: usize,
        tag: Option<(String, Span)>,
    ) {
        self.open(PartialCollection::Sequence(Vec::new()), span, style, anchor, tag);
    }

    pub(super) fn start_mapping(
        &mut self,
        span: Span,
        style: CollectionStyle,
        anchor: usize,
        tag: Option<(String, Span)>,
    ) {
        let collection = PartialCollection::Mapping {
            mapping: Mapping::new(),
            next: ExpectedItem::Key,
            merges: Vec::new(),
        };
        self.open(collection, span, style, anchor, tag);
    }

    fn open(
        &mut self,
        collection: PartialCollection,
        span: Span,
        style: CollectionStyle,
        anchor: usize,
        tag: Option<(String, Span)>,
    ) {
        self.write("", span);
        let tag = self.own_tag(tag);
        self.stack.push(CollectionFrame {
            collection,
            span,
            style,
            anchor,
            tag,
            size: NodeSize::one(""),
            depth: 1,
        });
    }

    pub(super) fn end_collection(&mut self, end: Span) {
        let Some(frame) = self.stack.pop() else { return };
        let CollectionFrame { collection, span, style, anchor, tag, mut size, depth } = frame;
        let value = match collection {
            PartialCollection::Sequence(mut items) => {
                items.shrink_to_fit();
                NodeValue::Sequence(items)
            }
            PartialCollection::Mapping { mut mapping, merges, .. } => {
                let before = mapping.len();
                for (source, used) in merges {
                    self.merge(&mut mapping, source, used);
                }
                size.nodes += mapping.len() - before;
                mapping.shrink_to_fit();
                NodeValue::Mapping(mapping)
            }
        };
        let span = if style == CollectionStyle::Flow {
            Span { end: end.end, ..span }
        } else {
            first_line(span, &value, self.sources)
        };
        let mut node = Node::new(value, self.sources.read_at(span));
        node.tag = tag;
        self.complete(BuiltNode { node, span, size, depth }, anchor);
    }

    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> ControlFlow<()> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let origin = self.sources.read_at(span);
            self.diagnostics.push(
                Diagnostic::new(&rule::ALIAS_CYCLE, "the alias is inside the value it repeats")
                    .at(origin)
                    .help("write the value out, or anchor a smaller part of it"),
            );
            self.complete(
                BuiltNode {
                    node: Node::new(NodeValue::Null, origin),
                    span,
                    size: NodeSize::one(""),
                    depth: 1,
                },
                0,
            );
            return ControlFlow::Continue(());
        };
        let (size, depth) = (anchored.size, anchored.depth);
        let too_deep = self.stack.len() + depth > MAX_DEPTH;
        if too_deep || !self.budget.expand(size) {
            let what = if too_deep { "nest values too deeply" } else { "repeat too much of the file" };
            self.expands_too_far(
                span,
                &format!("the aliases in this file {what}"),
                "limit exceeded at this alias",
            );
            return ControlFlow::Break(());
        }
        let node = repeat(&anchored.node, span, self.sources);
        self.complete(BuiltNode { node, span, size, depth }, 0);
        ControlFlow::Continue(())
    }

    fn expands_too_far(&mut self, span: Span, message: &str, label: &str) {
        if !std::mem::replace(&mut self.full, true) {
            let origin = self.sources.read_at(span);
            self.diagnostics.push(
                Diagnostic::new(&rule::ALIAS_EXPANSION, message)
                    .label(origin, label)
                    .help("write the values out instead of nesting aliases"),
            );
        }
    }

    /// Records the name of an anchor. Source of the allowed letters: go-yaml, which follows YAML 1.1.
    pub(super) fn name_anchor(&mut self, anchor: usize, name: &str, span: Span) {
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            let origin = self.sources.read_at(span);
            let message = format!("the anchor name `&{name}` contains an invalid character");
            self.diagnostics.push(
                Diagnostic::new(&rule::SYNTAX, message)
                    .at(origin)
                    .help("use only letters, digits, `_` and `-`, here and in its aliases"),
            );
        }
        let name = self.text(name);
        self.names.insert(name, anchor);
    }

    /// An alias without an anchor in its document may refer to one in an earlier document, as in
    /// go-yaml.
    pub(super) fn unknown_alias(&mut self, name: &str, span: Span) -> ControlFlow<()> {
        if let Some(anchor) = self.names.get(name) {
            return self.alias(*anchor, span);
        }
        let origin = self.sources.read_at(span);
        self.diagnostics.push(
            Diagnostic::new(&rule::UNKNOWN_ANCHOR, format!("unknown anchor `&{name}`"))
                .at(origin)
                .help(format!("put `&{name}` before the value to repeat, earlier in the same file")),
        );
        self.complete(
            BuiltNode { node: Node::new(NodeValue::Null, origin), span, size: NodeSize::one(""), depth: 1 },
            0,
        );
        ControlFlow::Continue(())
    }

    /// Reports an invalid value, unless it is inside one that `!reset` removes unread.
    fn fault(&mut self, diagnostic: Diagnostic) {
        let unread = |frame: &CollectionFrame| frame.tag.as_ref().is_some_and(|tag| &*tag.name == RESET);
        if !self.stack.iter().any(unread) {
            self.diagnostics.push(diagnostic);
        }
    }

    fn collection(&mut self) -> Option<&mut PartialCollection> {
        self.stack.last_mut().map(|frame| &mut frame.collection)
    }

    /// Passes a finished node to its parent.
    fn complete(&mut self, built: BuiltNode, anchor: usize) {
        if anchor != 0 {
            let BuiltNode { node, size, depth, span } = &built;
            // An anchor inside an anchored value is kept twice, as an alias would be.
            if self.stack.iter().any(|frame| frame.anchor != 0) && !self.budget.expand(*size) {
                let span = *span;
                self.expands_too_far(
                    span,
                    "the anchors in this file are nested too deeply",
                    "limit exceeded at this anchor",
                );
                return;
            }
            self.anchors.insert(anchor, AnchoredNode { node: node.clone(), size: *size, depth: *depth });
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(built.node);
            return;
        };
        frame.size = frame.size.and(built.size);
        frame.depth = frame.depth.max(built.depth + 1);
        let (mapping, next, merges) = match &mut frame.collection {
            PartialCollection::Sequence(items) => return items.push(built.node),
            PartialCollection::Mapping { mapping, next, merges } => (mapping, next, merges),
        };
        match std::mem::replace(next, ExpectedItem::Key) {
            ExpectedItem::Nothing => {}
            ExpectedItem::Key => {
                let key = self.key(built);
                if let Some(PartialCollection::Mapping { next, .. }) = self.collection() {
                    *next = key;
                }
            }
            ExpectedItem::Merge(span) => match merges.first() {
                None => merges.push((built.node, span)),
                Some((_, first)) => {
                    let first = *first;
                    self.duplicate("<<", first, span);
                }
            },
            ExpectedItem::Value(key, span) if &*key.text == "<<" && !merges.is_empty() => {
                self.duplicate("<<", span, span);
            }
            ExpectedItem::Value(key, span) => match mapping.entry(&key.text).map(|first| first.key.origin) {
                None => drop(mapping.insert(key, built.node)),
                Some(first) => self.duplicate_of(&key.text, first, span),
            },
        }
    }

    fn key(&mut self, built: BuiltNode) -> ExpectedItem {
        let Node { value: NodeValue::String(text), origin, .. } = built.node else {
            let message = format!("a key must be a string, not {}", built.node.value.kind());
            self.fault(
                Diagnostic::new(&rule::KEY_NOT_TEXT, message).at(built.node.origin).help("quote the key"),
            );
            return ExpectedItem::Nothing;
        };
        ExpectedItem::Value(MappingKey { text, origin }, built.span)
    }

    fn duplicate(&mut self, key: &str, first: Span, second: Span) {
        let first = self.sources.read_at(first);
        self.duplicate_of(key, first, second);
    }

    fn duplicate_of(&mut self, key: &str, first: Origin, second: Span) {
        let again = self.sources.read_at(second);
        self.fault(
            Diagnostic::new(&rule::DUPLICATE_KEY, format!("duplicate key `{key}`"))
                .label(again, "duplicate")
                .label(first, "first here")
                .help("keep one of them"),
        );
    }

    /// Merges the values of `<<`: an explicit key wins, then the first source that has it.
    fn merge(&mut self, mapping: &mut Mapping, source: Node, used: Span) {
        let origin = source.origin;
        match source.value {
            NodeValue::Mapping(from) => add_missing(mapping, from),
            NodeValue::Sequence(items) if items.iter().all(|item| item.as_mapping().is_some()) => {
                for item in items {
                    if let NodeValue::Mapping(from) = item.value {
                        add_missing(mapping, from);
                    }
                }
            }
            other => {
                let message = format!("`<<` takes a mapping or a list of mappings, not {}", other.kind());
                let place = self.sources.read_at(used);
                let mut diagnostic = Diagnostic::new(&rule::BAD_MERGE, message).at(place);
                if origin != place {
                    diagnostic = diagnostic.label(origin, "the aliased value");
                }
                self.fault(diagnostic.help("use an alias whose anchor is on a mapping"));
            }
        }
    }

    /// A custom tag, such as `!reset`.
    fn own_tag(&mut self, tag: Option<(String, Span)>) -> Option<Box<NodeTag>> {
        let (name, span) = tag?;
        if name.starts_with("!!") || name == "!" {
            return None;
        }
        let origin = self.sources.read_at(span);
        Some(Box::new(NodeTag { name: self.text(&name), origin }))
    }

    /// One shared copy of each short string.
    fn text(&mut self, text: &str) -> Arc<str> {
        if text.len() > SHARED_UP_TO {
            return text.into();
        }
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(shared.clone());
        shared
    }
}

/// Adds the keys that a mapping lacks. A key tagged `!reset` has no value: it takes the merged one,
/// and only that one, whatever earlier documents have.
fn add_missing(mapping: &mut Mapping, from: Mapping) {
    for MappingEntry { key, mut value } in from {
        match mapping.get_mut(&key.text) {
            None => drop(mapping.insert(key, value)),
            Some(own) if is_reset(own) => {
                let origin = own.tag.take().map_or(value.origin, |tag| tag.origin);
                value.tag = Some(Box::new(NodeTag { name: "!override".into(), origin }));
                *own = value;
            }
            Some(_) => {}
        }
    }
}

/// A block collection is shown by its first key or item.
fn first_line(start: Span, value: &NodeValue, sources: &Sources) -> Span {
    let first = match value {
        NodeValue::Mapping(mapping) => mapping.iter().next().map(|entry| entry.key.origin),
        NodeValue::Sequence(items) => items.first().map(|item| item.origin),
        _ => None,
    };
    match first.map(|origin| sources.provenance(origin).into_owned()) {
        Some(Provenance::Read(span)) if span.file == start.file && span.start >= start.start => {
            Span { start: start.start, ..span }
        }
        _ => start,
    }
}

/// A copy of an anchored value that records the alias. A `!reset` inside it has already been applied at the anchor,
/// so what it removed is not repeated.
fn repeat(node: &Node, used: Span, sources: &mut Sources) -> Node {
    let value = match &node.value {
        NodeValue::Sequence(items) => NodeValue::Sequence(
            items.iter().filter(|item| !is_reset(item)).map(|item| repeat(item, used, sources)).collect(),
        ),
        NodeValue::Mapping(mapping) => {
            let mut copy = Mapping::new();
            for entry in mapping.iter().filter(|entry| !is_reset(&entry.value)) {
                copy.insert(entry.key.clone(), repeat(&entry.value, used, sources));
            }
            NodeValue::Mapping(copy)
        }
        other => other.clone(),
    };
    let origin = sources.record(Provenance::Alias { used, definition: node.origin });
    let mut copy = Node::new(value, origin);
    copy.tag = node.tag.clone();
    copy
}

fn is_reset(node: &Node) -> bool {
    node.tag.as_ref().is_some_and(|tag| &*tag.name == RESET)
}
