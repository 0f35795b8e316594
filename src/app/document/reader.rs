//! Reading scalars of the resolved tree, as text in pieces or as values that must be known now.
//!
//! In: nodes. Out: [`At`] and [`Text`], and in [`ReadFindings`] what has to be reported and claimed if the value is
//! used: of a service that is never deployed nothing is.

use crate::rules;
use crate::settings::late_bound_structure;
use crate::{At, LateBoundVariable, Ledger, ManifestName, Text, TextPiece, TextSegment};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tranship_frontend::compose::{Manifest, value};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::{Origin, Sources, VariableSubstitution};
use tranship_frontend::world::World;
use tranship_frontend::yaml::{Node, NodeValue};

/// The variables that become parameters, and where `late_bound` names them.
pub(crate) type LateBoundNames = BTreeMap<ManifestName, Origin>;

/// What reading found besides values.
#[derive(Debug, Default)]
pub(crate) struct ReadFindings {
    /// What to report.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Leaves that mean the same on every target.
    pub(crate) claims: Ledger,
    /// Late-bound variables in texts.
    pub(crate) late_used: Vec<LateBoundVariable>,
    /// Those that stand where they cannot.
    pub(crate) late_refused: BTreeSet<ManifestName>,
}

/// Reads the tree.
pub(super) struct DocumentReader<'a> {
    /// The tree.
    pub(super) manifest: &'a Manifest,
    /// Where its values came from.
    pub(super) sources: &'a Sources,
    /// What bind mounts find.
    pub(super) world: &'a dyn World,
    /// The variables that stay open in texts.
    pub(super) late: &'a LateBoundNames,
    /// Ports that ranges of `expose` have become so far.
    pub(super) exposed: usize,
    /// What was found since they were last taken.
    pub(super) findings: ReadFindings,
}

/// A scalar as text; nothing for null and collections.
pub(crate) fn scalar(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        NodeValue::String(text) | NodeValue::Timestamp(text) => Some(text.clone()),
        NodeValue::Integer(number) => Some(number.to_string().into()),
        NodeValue::Float(number) => Some(number.to_string().into()),
        NodeValue::Bool(truth) => Some(truth.to_string().into()),
        NodeValue::Null | NodeValue::Sequence(_) | NodeValue::Mapping(_) => None,
    }
}

/// A text in pieces: late-bound variables stay open.
pub(crate) fn open_text(whole: &At<Arc<str>>, sources: &Sources, late: &LateBoundNames) -> Text {
    let At { value: whole, node, origin } = whole;
    let mut text = Text::empty(*node, *origin);
    let mut end = 0;
    for VariableSubstitution { range, variable, fallback, .. } in late_substitutions(*origin, sources, late) {
        let range = range.start as usize..range.end as usize;
        if let Some(before) = whole.get(end..range.start).filter(|before| !before.is_empty()) {
            text.push(TextPiece::Literal(before.into()), *origin);
        }
        end = range.end.max(end);
        let piece = TextPiece::LateBound(LateBoundVariable { name: variable, fallback });
        text.segments.push(TextSegment { piece, origin: *origin });
    }
    if let Some(rest) = whole.get(end..).filter(|rest| !rest.is_empty()) {
        text.push(TextPiece::Literal(rest.into()), *origin);
    }
    text
}

/// The substitutions in a value whose variable becomes a parameter.
fn late_substitutions(origin: Origin, sources: &Sources, late: &LateBoundNames) -> Vec<VariableSubstitution> {
    if late.is_empty() {
        return Vec::new();
    }
    let mut found = sources.substitutions(origin);
    found.retain(|substitution| late.contains_key(&substitution.variable));
    found
}

impl DocumentReader<'_> {
    /// A scalar in pieces.
    pub(super) fn text(&mut self, node: &Node) -> Option<Text> {
        let text = open_text(&At::of(node, scalar(node)?), self.sources, self.late);
        self.findings.late_used.extend(text.variables().cloned());
        Some(text)
    }

    /// A scalar that the shape of the artifacts depends on, so it must be known now.
    pub(super) fn fixed(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = scalar(node)?;
        if let Some(late) = late_substitutions(node.origin, self.sources, self.late).first() {
            let path = self.manifest.nodes.path(node.id).to_string();
            let refused = late_bound_structure(&path, node.origin, &late.variable);
            self.findings.late_refused.insert(late.variable.clone());
            self.findings.diagnostics.push(refused);
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
        self.findings.claims.rejected(node, "AWS does not support negative durations");
        self.findings.diagnostics.push(
            Diagnostic::new(&rules::app::NEGATIVE_DURATION, format!("`{path}` is negative"))
                .at(node.origin)
                .key(path)
                .help("write a duration of zero or more, such as `10s`"),
        );
    }

    /// Refuses a value that Docker Compose lets pass and that means nothing.
    pub(super) fn out_of_range(&mut self, node: &Node, allowed: &str) {
        let path = self.manifest.nodes.path(node.id).to_string();
        self.findings.claims.rejected(node, "it is out of range");
        self.findings.diagnostics.push(
            Diagnostic::new(&rules::app::OUT_OF_RANGE, format!("`{path}` is out of range"))
                .at(node.origin)
                .key(path)
                .help(format!("write {allowed}, or leave the key out")),
        );
    }

    /// A number of bytes.
    pub(super) fn bytes(&mut self, node: Option<&Node>) -> Option<At<u64>> {
        let node = node?;
        self.fixed(node)?;
        match u64::try_from(value::bytes(node)?) {
            Ok(bytes) => Some(At::of(node, bytes)),
            Err(_) => {
                self.out_of_range(node, "a size of zero or more, such as `512m`");
                None
            }
        }
    }

    /// CPUs in 1/1024.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
    pub(super) fn cpus(&mut self, node: Option<&Node>) -> Option<At<u32>> {
        let cpus = self.parsed::<f64>(node)?;
        let units = cpus.value * 1024.0;
        match node {
            Some(node) if !(0.0..1e9).contains(&units) => {
                self.out_of_range(node, "a number of CPUs above zero, such as `0.5`");
            }
            Some(node) if units == 0.0 => self.findings.claims.decided(node, "no limit"),
            _ => {}
        }
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
