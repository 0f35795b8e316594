//! A [`Text`] as one string, so that addresses can be looked for across its pieces, and back.

use super::address_scan::TextRange;
use crate::{ManifestName, SecretId, Text, TextPiece, TextSegment};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// What stands in the string for a piece that is not known yet. No host, port or name holds it.
pub(super) const OPEN: &str = "\u{fffc}";

/// A text as one string. Pieces that are not known yet are a placeholder each.
#[derive(Debug, Clone)]
pub(super) struct FlatText {
    /// The string.
    pub(super) text: String,
    /// Where the pieces that are not known yet stand.
    open: Vec<(TextRange, TextSegment)>,
    node: NodeId,
    origin: Origin,
}

impl FlatText {
    /// The string of a text.
    pub(super) fn of(text: &Text) -> Self {
        let Text { node, origin, .. } = *text;
        let mut flat = FlatText { text: String::new(), open: Vec::new(), node, origin };
        for segment in &text.segments {
            let start = flat.text.len();
            match &segment.piece {
                TextPiece::Literal(literal) => flat.text.push_str(literal),
                _ => {
                    flat.text.push_str(OPEN);
                    flat.open.push((start..flat.text.len(), segment.clone()));
                }
            }
        }
        flat
    }

    /// Whether all of it is known.
    pub(super) fn is_known(&self) -> bool {
        self.open.is_empty()
    }

    /// The pieces that are not known yet, and where they stand.
    pub(super) fn open_parts(&self) -> impl Iterator<Item = (&TextRange, &TextSegment)> {
        self.open.iter().map(|(part, segment)| (part, segment))
    }

    /// The late-bound variable that a part is, all of it.
    pub(super) fn variable_at(&self, part: &TextRange) -> Option<ManifestName> {
        let (_, segment) = self.open.iter().find(|(at, _)| at == part)?;
        match &segment.piece {
            TextPiece::LateBound(variable) => Some(variable.name.clone()),
            _ => None,
        }
    }

    /// A part of the string with the names of what is open in it: what equals it, has the same value.
    pub(super) fn key(&self, part: &TextRange) -> String {
        let mut key = self.text.get(part.clone()).unwrap_or("").to_owned();
        for (at, segment) in &self.open {
            if at.start >= part.start && at.end <= part.end {
                key.push_str(&format!("\0{:?}", segment.piece));
            }
        }
        key
    }

    /// The text with pieces in place of parts; parts that overlap an earlier one are left out.
    pub(super) fn with<S: From<SecretId>>(&self, mut marks: Vec<(TextRange, TextPiece<S>)>) -> Text<S> {
        marks.sort_by_key(|(part, _)| (part.start, part.end));
        let mut text = Text::empty(self.node, self.origin);
        let mut end = 0;
        for (part, piece) in marks {
            if part.start < end || self.text.get(part.clone()).is_none() {
                continue;
            }
            self.copy(end..part.start, &mut text);
            text.push(piece, self.origin);
            end = part.end;
        }
        self.copy(end..self.text.len(), &mut text);
        text
    }

    /// A part of the text.
    pub(super) fn part(&self, part: TextRange) -> Text {
        let mut text = Text::empty(self.node, self.origin);
        self.copy(part, &mut text);
        text
    }

    /// Copies a part as it is.
    fn copy<S: From<SecretId>>(&self, part: TextRange, into: &mut Text<S>) {
        let mut start = part.start;
        for (at, segment) in self.open.iter().filter(|(at, _)| at.start >= part.start && at.end <= part.end) {
            self.copy_literal(start..at.start, into);
            into.segments.extend(segment.try_map_secret(|id| Some(S::from(id.clone()))));
            start = at.end;
        }
        self.copy_literal(start..part.end, into);
    }

    fn copy_literal<S>(&self, part: TextRange, into: &mut Text<S>) {
        if let Some(literal) = self.text.get(part).filter(|literal| !literal.is_empty()) {
            into.push(TextPiece::Literal(literal.into()), self.origin);
        }
    }
}

/// The known pieces of a text, one after the other.
pub(crate) fn shown(text: &Text) -> String {
    let literals = text.segments.iter().filter_map(|segment| match &segment.piece {
        TextPiece::Literal(literal) => Some(&**literal),
        _ => None,
    });
    literals.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LateBoundVariable;
    use tranship_frontend::source::Origin;

    #[test]
    fn pieces_survive_the_way_there_and_back() {
        let mut text: Text = Text::default();
        let late = TextPiece::LateBound(LateBoundVariable { name: "V".into(), fallback: None });
        text.push(TextPiece::Literal("a://db:".into()), Origin::NOWHERE);
        text.push(late.clone(), Origin::NOWHERE);
        text.push(TextPiece::Literal("/x".into()), Origin::NOWHERE);
        let flat = FlatText::of(&text);
        assert!(!flat.is_known());
        assert_eq!(flat.with::<SecretId>(Vec::new()), text);
        let with: Text = flat.with(vec![(4..6, TextPiece::Host("db".into())), (5..6, TextPiece::Region)]);
        let pieces: Vec<&TextPiece> = with.segments.iter().map(|segment| &segment.piece).collect();
        let literal = |text: &str| TextPiece::Literal(text.into());
        let expected =
            [&literal("a://"), &TextPiece::Host("db".into()), &literal(":"), &late, &literal("/x")];
        assert_eq!(pieces, expected);
    }
}
