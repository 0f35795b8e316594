//! Reading scalars of the resolved tree, as text in pieces or as values that must be known now.

use super::Lowering;
use crate::rules;
use crate::settings::late_bound_structure;
use crate::{At, LateBound, Piece, Segment, Text, Variable};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tranship_frontend::compose::value;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::{Origin, Substitution};
use tranship_frontend::yaml::{Node, Value};

/// A scalar as text; nothing for null and collections.
pub(super) fn scalar(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        Value::String(text) | Value::Timestamp(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Float(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(truth.to_string().into()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
    }
}

impl Lowering<'_> {
    /// A scalar in pieces: late-bound variables stay open.
    pub(super) fn text(&mut self, node: &Node) -> Option<Text> {
        Some(self.open_text(&At::of(node, scalar(node)?)))
    }

    /// A text that was read already, in pieces: late-bound variables stay open.
    pub(super) fn open_text(&mut self, whole: &At<Arc<str>>) -> Text {
        let At { value: whole, node, origin } = whole;
        let mut text = Text { segments: Vec::new(), node: *node, origin: *origin };
        let mut end = 0;
        for substitution in self.late_substitutions(*origin) {
            let range = substitution.range.start as usize..substitution.range.end as usize;
            let before = whole.get(end..range.start).filter(|before| !before.is_empty());
            if let Some(before) = before {
                text.push(Piece::Literal(before.into()), *origin);
            }
            end = range.end.max(end);
            let piece = Piece::LateBound(self.variable(&substitution));
            text.segments.push(Segment { piece, origin: *origin });
        }
        let rest = whole.get(end..).unwrap_or("");
        if !rest.is_empty() {
            text.push(Piece::Literal(rest.into()), *origin);
        }
        text
    }

    /// The substitutions in a value whose variable becomes a parameter.
    fn late_substitutions(&self, origin: Origin) -> Vec<Substitution> {
        if self.late.is_empty() {
            return Vec::new();
        }
        let mut found = self.sources.substitutions(origin);
        found.retain(|substitution| self.late.contains_key(&substitution.variable));
        found
    }

    /// Notes that a late-bound variable is used.
    pub(super) fn variable(&mut self, substitution: &Substitution) -> Variable {
        let (name, fallback) = (substitution.variable.clone(), substitution.fallback.clone());
        self.use_late(&name, fallback)
    }

    /// Notes that a late-bound variable of this name is used.
    pub(super) fn use_late(&mut self, name: &Arc<str>, fallback: Option<Arc<str>>) -> Variable {
        let value = self.manifest.variables.get(name).cloned().flatten();
        let origin = self.late.get(name).copied().unwrap_or_default();
        let entry = self.late_used.entry(name.clone()).or_insert_with(|| LateBound {
            variable: Variable { name: name.clone(), fallback: fallback.clone() },
            value,
            origin,
        });
        if entry.variable.fallback.is_none() {
            entry.variable.fallback = fallback;
        }
        entry.variable.clone()
    }

    /// A scalar that the shape of the artifacts depends on, so it must be known now.
    pub(super) fn fixed(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = scalar(node)?;
        if let Some(late) = self.late_substitutions(node.origin).first() {
            let path = self.manifest.nodes.path(node.id).to_string();
            self.late_used_fixed.insert(late.variable.clone());
            self.diagnostics.push(late_bound_structure(&path, node.origin, &late.variable));
            return None;
        }
        Some(text)
    }

    /// Text that must be known now.
    pub(super) fn string(&mut self, node: Option<&Node>) -> Option<At<String>> {
        let node = node?;
        self.fixed(node).map(|text| At::of(node, text.to_string()))
    }

    /// A number, or anything else that is written as one word.
    pub(super) fn parsed<T: FromStr>(&mut self, node: Option<&Node>) -> Option<At<T>> {
        let node = node?;
        self.fixed(node)?.parse().ok().map(|value| At::of(node, value))
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, node: Option<&Node>) -> Option<At<bool>> {
        self.parsed(node)
    }

    /// A length of time.
    pub(super) fn duration(&mut self, node: Option<&Node>) -> Option<At<Duration>> {
        let node = node?;
        self.fixed(node)?;
        let length = value::duration(node);
        if length.is_none() && node.as_str().is_some_and(|text| text.starts_with('-')) {
            self.negative_duration(node);
        }
        length.map(|length| At::of(node, length))
    }

    fn negative_duration(&mut self, node: &Node) {
        let path = self.manifest.nodes.path(node.id).to_string();
        self.ledger.rejected(node, "nothing on AWS waits for less than no time");
        self.diagnostics.push(
            Diagnostic::new(&rules::app::NEGATIVE_DURATION, format!("`{path}` is below zero"))
                .at(node.origin)
                .key(path)
                .help("write a duration of zero or more, such as `10s`"),
        );
    }

    /// A number of bytes.
    pub(super) fn bytes(&mut self, node: Option<&Node>) -> Option<At<u64>> {
        let node = node?;
        self.fixed(node)?;
        value::bytes(node).and_then(|bytes| u64::try_from(bytes).ok()).map(|bytes| At::of(node, bytes))
    }

    /// CPUs in 1/1024.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
    pub(super) fn cpus(&mut self, node: Option<&Node>) -> Option<At<u32>> {
        let cpus = self.parsed::<f64>(node)?;
        let units = cpus.value * 1024.0;
        (units > 0.0 && units < 1e9).then(|| cpus.map(|_| units.round() as u32))
    }

    /// The items of a list of words.
    pub(super) fn strings(&mut self, node: Option<&Node>) -> Vec<At<String>> {
        let items = node.and_then(Node::as_sequence).unwrap_or_default();
        items.iter().filter_map(|item| self.string(Some(item))).collect()
    }

    /// The items of a list of texts.
    pub(super) fn texts(&mut self, node: &Node) -> Vec<Text> {
        node.as_sequence().unwrap_or_default().iter().filter_map(|item| self.text(item)).collect()
    }
}
