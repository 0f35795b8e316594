//! The leaves of a manifest as they are written: each with its key path, its line and the bytes of its value.
//!
//! In: the text of `compose.yaml`. Out: one [`WrittenLeaf`] for each scalar. Invariant: no two share a line,
//! so that a diagnostic names exactly one of them.

use std::collections::BTreeSet;
use std::ops::Range;
use tranship::diagnostic::Diagnostics;
use tranship::source::Sources;
use tranship::yaml::{Node, NodeValue, parse};

/// A step of a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Item(usize),
}

/// A scalar of the manifest.
#[derive(Debug, Clone)]
pub(crate) struct WrittenLeaf {
    pub(crate) path: Vec<Step>,
    pub(crate) line: usize,
    /// The bytes of the value, quotes included.
    pub(crate) range: Range<usize>,
    pub(crate) value: NodeValue,
}

impl WrittenLeaf {
    /// `services.web.ports[0].target`.
    pub(crate) fn shown(&self) -> String {
        shown(&self.path)
    }
}

pub(crate) fn shown(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text += &format!(".{key}"),
            Step::Item(at) => text += &format!("[{at}]"),
        }
    }
    text
}

/// Whether a pattern such as `services.*.ports[].target` is exactly this path.
pub(crate) fn is(pattern: &str, path: &[Step]) -> bool {
    let mut steps = path.iter();
    for part in pattern.split('.') {
        let name = part.trim_end_matches("[]");
        match steps.next() {
            Some(Step::Key(key)) if name == "*" || name == key => {}
            _ => return false,
        }
        let items = part.matches("[]").count();
        if (0..items).any(|_| !matches!(steps.next(), Some(Step::Item(_)))) {
            return false;
        }
    }
    steps.next().is_none()
}

/// Every scalar of a text, and the path of every node.
pub(crate) fn read(text: &str) -> (Vec<WrittenLeaf>, Vec<Vec<Step>>) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add_file("compose.yaml".into(), text.to_owned());
    let documents = parse(file, &mut sources, &mut diagnostics).expect("the manifest is YAML");
    let (mut leaves, mut paths) = (Vec::new(), Vec::new());
    collect(&documents[0], &mut Vec::new(), &sources, &mut leaves, &mut paths);
    let mut lines = BTreeSet::new();
    for leaf in &leaves {
        assert!(lines.insert(leaf.line), "line {} has two values: {}", leaf.line, leaf.shown());
    }
    (leaves, paths)
}

fn collect(
    node: &Node,
    path: &mut Vec<Step>,
    sources: &Sources,
    leaves: &mut Vec<WrittenLeaf>,
    paths: &mut Vec<Vec<Step>>,
) {
    paths.push(path.clone());
    match &node.value {
        NodeValue::Mapping(mapping) => {
            for entry in mapping.iter() {
                path.push(Step::Key(entry.key.text.to_string()));
                collect(&entry.value, path, sources, leaves, paths);
                path.pop();
            }
        }
        NodeValue::Sequence(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(Step::Item(at));
                collect(item, path, sources, leaves, paths);
                path.pop();
            }
        }
        NodeValue::Null => {}
        value => {
            let span = sources.place(node.origin).expect("a value that is written has a place");
            let line = sources.file(span.file).expect("the file was read").location(span.start).line;
            let range = span.start as usize..span.end as usize;
            leaves.push(WrittenLeaf { path: path.clone(), line, range, value: value.clone() });
        }
    }
}
