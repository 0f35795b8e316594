//! Secrets in values: the pieces that stand for them, and texts that become secrets as a whole.
//!
//! In: values with the pieces that wiring put there. Out: the same with a [`TextPiece::Secret`] for every byte
//! that is secret. Invariant: no literal piece of the result holds a part of a secret.

use super::LoweringContext;
use super::address_scan::{ScannedAddress, TextRange};
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::FlatText;
use super::secret_groups::{SecretExtent, SecretUse};
use super::secret_pool::{DraftText, ProvisionalSecret};
use crate::{DatabaseField, ManifestName, SecretId, Text, TextPiece};
use tranship_frontend::source::{Provenance, VariableSource};

impl EnvironmentWiring<'_> {
    /// The content of a config with secrets in it.
    pub(super) fn content(&mut self, cx: &mut LoweringContext<'_>, name: &SecretId, text: &Text) {
        let flat = FlatText::of(text);
        let spans = cx.secret_parts(text, &flat).all();
        if spans.is_empty() {
            return;
        }
        let (service, variable) = (ManifestName::from("configs"), ManifestName::from(name.as_str()));
        let found = WiredValue { service: &service, variable: &variable, flat: &flat, text };
        let mut marks = Vec::new();
        spans.into_iter().for_each(|span| self.hide(cx, &found, span, &mut marks));
        cx.ledger.approximated(
            text,
            crate::BehaviourEffect::Equivalent,
            "a secret",
            "literal secrets are never written to artifacts",
            "",
        );
        self.pool.keep_config(name, flat.with(marks));
    }

    /// Makes a part of a value a secret; what else was found inside of it is a part of the secret.
    pub(super) fn hide(
        &mut self,
        cx: &LoweringContext<'_>,
        found: &WiredValue<'_>,
        span: TextRange,
        marks: &mut Vec<(TextRange, TextPiece<ProvisionalSecret>)>,
    ) {
        let generated = |(part, piece): &(TextRange, TextPiece<ProvisionalSecret>)| {
            matches!(piece, TextPiece::Database { .. }) && overlap(part, &span)
        };
        let covers = |(part, piece): &(TextRange, TextPiece<ProvisionalSecret>)| {
            piece.is_secret() && part.start <= span.start && span.end <= part.end
        };
        if marks.iter().any(|mark| generated(mark) || covers(mark)) {
            return;
        }
        let (mut start, mut end) = (span.start, span.end);
        marks.retain(|(part, _)| {
            let inside = overlap(part, &span);
            if inside {
                (start, end) = (start.min(part.start), end.max(part.end));
            }
            !inside
        });
        let piece = self.given(cx, found, start..end, SecretExtent::Password { toward: None });
        marks.push((start..end, piece));
    }

    /// A text with a secret inside becomes a secret as a whole.
    pub(super) fn sealed(
        &mut self,
        cx: &mut LoweringContext<'_>,
        service: &ManifestName,
        variable: &ManifestName,
        original: &Text,
        text: DraftText,
    ) -> DraftText {
        if !text.is_secret() {
            return text;
        }
        let database = text.segments.iter().find_map(|segment| match &segment.piece {
            TextPiece::Database { field: DatabaseField::Password, service } => Some(service),
            _ => None,
        });
        let exists = |name| self.databases.get(name).is_some_and(|database| database.existing.is_some());
        let (value, reason, became) = match database {
            Some(name) if exists(name) => {
                let reason = "the database that exists has its own password";
                ("the existing secret", reason, "the database's secret")
            }
            Some(_) => {
                let reason = "the managed database has its own password";
                ("the generated password", reason, "the database's secret")
            }
            None => ("a secret", "literal secrets are never written to artifacts", ""),
        };
        cx.ledger.approximated(&text, crate::BehaviourEffect::Equivalent, value, reason, became);
        if text.segments.len() == 1 {
            return text;
        }
        // Nothing is gained by putting together what holds no other piece.
        let whole = text.segments.iter().all(|segment| match &segment.piece {
            TextPiece::Literal(_) => true,
            TextPiece::Secret(secret) => !self.pool.is_variable(secret),
            _ => false,
        });
        let (node, origin) = (text.node, text.origin);
        let piece = if whole {
            let flat = FlatText::of(original);
            let found = WiredValue { service, variable, flat: &flat, text: original };
            self.given(cx, &found, 0..flat.text.len(), SecretExtent::Whole)
        } else {
            self.pool.derived(service, variable, text)
        };
        let mut sealed = Text::empty(node, origin);
        sealed.push(piece, origin);
        sealed
    }

    /// The piece that stands for a part of a value, which is a secret.
    pub(super) fn given(
        &mut self,
        cx: &LoweringContext<'_>,
        found: &WiredValue<'_>,
        part: TextRange,
        extent: SecretExtent,
    ) -> TextPiece<ProvisionalSecret> {
        let SecretOrigin { from, literal } = cx.origin_of(found, &part);
        self.pool.given(SecretUse {
            service: found.service.clone(),
            variable: found.variable.clone(),
            extent,
            from,
            literal,
            text: found.flat.key(&part),
            node: found.text.node,
            origin: found.text.origin,
        })
    }

    /// The password in an address, as a secret.
    pub(super) fn password_mark(
        &mut self,
        cx: &LoweringContext<'_>,
        found: &WiredValue<'_>,
        address: &ScannedAddress,
        spans: &[TextRange],
        to: Option<ManifestName>,
    ) -> Option<(TextRange, TextPiece<ProvisionalSecret>)> {
        let in_pairs =
            address.pairs.iter().find(|(key, _)| ["password", "pwd", "pass"].contains(&key.as_str()));
        let part = address.password.clone().or_else(|| in_pairs.map(|(_, part)| part.clone()))?;
        if !spans.iter().any(|span| overlap(span, &part)) {
            return None;
        }
        Some((part.clone(), self.given(cx, found, part, SecretExtent::Password { toward: to })))
    }
}

/// A value that is being wired.
pub(super) struct WiredValue<'a> {
    /// Whose.
    pub(super) service: &'a ManifestName,
    /// The variable that holds it.
    pub(super) variable: &'a ManifestName,
    /// Its string.
    pub(super) flat: &'a FlatText,
    /// The value as the document has it.
    pub(super) text: &'a Text,
}

impl LoweringContext<'_> {
    /// The variable of interpolation whose value a part of a value is, all of it.
    pub(super) fn source_variable(&self, found: &WiredValue<'_>, part: &TextRange) -> Option<ManifestName> {
        self.origin_of(found, part).from
    }

    /// Where a part of a value comes from.
    fn origin_of(&self, found: &WiredValue<'_>, part: &TextRange) -> SecretOrigin {
        let of_variable = |name: &ManifestName| SecretOrigin { from: Some(name.clone()), literal: false };
        let written = SecretOrigin { from: None, literal: true };
        if let Some(variable) = found.flat.variable_at(part) {
            return of_variable(&variable);
        }
        if !found.flat.is_known() {
            return written;
        }
        let substitutions = self.sources.substitutions(found.text.origin);
        let same = |range: &std::ops::Range<u32>| (range.start as usize..range.end as usize) == *part;
        if let Some(one) = substitutions.iter().find(|one| same(&one.range)) {
            let literal = matches!(one.source, VariableSource::Fallback);
            return SecretOrigin { literal, ..of_variable(&one.variable) };
        }
        match &*self.sources.provenance(found.text.origin) {
            Provenance::Outside(VariableSource::Environment(name) | VariableSource::Flag(name)) => {
                of_variable(name)
            }
            _ => written,
        }
    }
}

/// Where a secret text comes from.
struct SecretOrigin {
    /// The variable whose value it is, all of it.
    from: Option<ManifestName>,
    /// Whether the text itself stands in the manifest.
    literal: bool,
}

fn overlap(one: &TextRange, other: &TextRange) -> bool {
    one.start < other.end && other.start < one.end
}
