//! Origins: a small id on every value, into one table that records how the value came to be.

use super::{Sources, Span};
use std::ops::Range;
use std::sync::Arc;

/// Where a value came from: an index into the table of [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin(u32);

impl Origin {
    /// The origin of a value that the user did not write.
    pub const NOWHERE: Origin = Origin(0);

    pub(super) fn from_index(index: usize) -> Self {
        Origin(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How one value came to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Provenance {
    /// Not derived from anything the user wrote.
    Nowhere,
    /// Written in a file, verbatim.
    Read(Span),
    /// A string with interpolated variables.
    Interpolated {
        /// The string before interpolation.
        template: Origin,
        /// What was inserted where, in order.
        substitutions: Vec<VariableSubstitution>,
    },
    /// A part of a longer string: the `8080` of `8080:80`.
    Part {
        /// The longer string.
        of: Origin,
        /// The byte range in the value of `of`.
        range: Range<u32>,
    },
    /// Set by several files or services; the winner's value is used.
    Merged {
        /// The winning value.
        winner: Origin,
        /// The overridden values, first to last.
        losers: Vec<Origin>,
    },
    /// Reached through `*alias` or `<<`.
    Alias {
        /// The alias.
        used: Span,
        /// The anchored value.
        definition: Origin,
    },
    /// Inherited through `extends`.
    Extends {
        /// The `extends` that it came with.
        by: Origin,
        /// The value in the base service.
        of: Origin,
    },
    /// Brought in by `include`.
    Include {
        /// The `include` entry that it came with.
        by: Origin,
        /// The value in the included file.
        of: Origin,
    },
    /// A default of the specification: the user wrote nothing.
    Default {
        /// The value without it, or the object it belongs to.
        of: Origin,
    },
    /// Inferred from other values.
    Inferred {
        /// What it was inferred from.
        from: Vec<Origin>,
        /// The inference, as a phrase for a label.
        why: &'static str,
    },
    /// Set on the command line or in the process environment.
    Outside(VariableSource),
}

/// One variable's value inside an interpolated string.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableSubstitution {
    /// The byte range of the result that the value fills; empty if the variable is unset.
    pub range: Range<u32>,
    /// The byte range of the template, from `$` to the closing brace.
    pub expression: Range<u32>,
    /// The variable's name.
    pub variable: Arc<str>,
    /// The text after `:-` or `-`, used if the variable has no value.
    pub fallback: Option<Arc<str>>,
    /// The source of its value.
    pub source: VariableSource,
}

/// The source of a variable's value.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableSource {
    /// The process environment.
    Environment(Arc<str>),
    /// A line of an env file.
    File(Span),
    /// `--set` or another flag.
    Flag(Arc<str>),
    /// Set by the front end itself, such as `COMPOSE_PROJECT_NAME`.
    Computed(Arc<str>),
    /// The expression's own default.
    Fallback,
    /// Unset.
    Unset,
}

/// How a position relates to the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceRole {
    /// The value itself.
    Value,
    /// The alias it was reached through.
    Alias,
    /// The `extends` it came with.
    Extends,
    /// The `include` it came with.
    Include,
    /// A value that it overrides.
    Overridden,
    /// The value of a variable in it.
    Variable,
    /// What it was inferred from.
    Premise,
}

/// A position to show, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OriginPlace {
    /// The position.
    pub span: Span,
    /// Why it is shown.
    pub role: PlaceRole,
}

/// Chains are short. A longer one can only come from a cycle, so it is cut off.
const DEPTH: usize = 64;

impl Sources {
    /// The positions to show for a value: first the value itself, then what it came through, without duplicates.
    pub fn places(&self, origin: Origin) -> Vec<OriginPlace> {
        let mut places = Vec::new();
        self.collect(origin, PlaceRole::Value, 0, &mut places);
        places
    }

    /// The single position to show if there is only room for one.
    pub fn place(&self, origin: Origin) -> Option<Span> {
        self.places(origin).first().map(|place| place.span)
    }

    /// Whether the user wrote the value, as opposed to a default.
    pub fn is_written(&self, origin: Origin) -> bool {
        !matches!(*self.provenance(origin), Provenance::Default { .. } | Provenance::Nowhere)
    }

    /// The variables in a value; ranges are byte ranges of that value.
    pub fn substitutions(&self, origin: Origin) -> Vec<VariableSubstitution> {
        self.substitutions_within(origin, 0)
    }

    fn substitutions_within(&self, origin: Origin, depth: usize) -> Vec<VariableSubstitution> {
        if depth > DEPTH {
            return Vec::new();
        }
        match &*self.provenance(origin) {
            Provenance::Interpolated { substitutions, .. } => substitutions.clone(),
            Provenance::Part { of, range } => self
                .substitutions_within(*of, depth + 1)
                .into_iter()
                .filter(|found| found.range.start >= range.start && found.range.end <= range.end)
                .map(|found| VariableSubstitution {
                    range: found.range.start - range.start..found.range.end - range.start,
                    ..found
                })
                .collect(),
            Provenance::Merged { winner: next, .. }
            | Provenance::Alias { definition: next, .. }
            | Provenance::Extends { of: next, .. }
            | Provenance::Include { of: next, .. } => self.substitutions_within(*next, depth + 1),
            _ => Vec::new(),
        }
    }

    fn collect(&self, origin: Origin, role: PlaceRole, depth: usize, places: &mut Vec<OriginPlace>) {
        if depth > DEPTH {
            return;
        }
        let mut follow = |next: Origin, role: PlaceRole| self.collect(next, role, depth + 1, places);
        match &*self.provenance(origin) {
            Provenance::Outside(VariableSource::File(span)) => push(places, *span, role),
            Provenance::Nowhere | Provenance::Outside(_) => {}
            Provenance::Read(span) => push(places, *span, role),
            Provenance::Interpolated { template, substitutions } => {
                follow(*template, role);
                for found in substitutions {
                    if let VariableSource::File(span) = found.source {
                        push(places, span, PlaceRole::Variable);
                    }
                }
            }
            Provenance::Part { of, range } => match self.part_span(*of, range) {
                Some(span) => push(places, span, role),
                None => follow(*of, role),
            },
            Provenance::Merged { winner, losers } => {
                follow(*winner, role);
                for loser in losers {
                    follow(*loser, PlaceRole::Overridden);
                }
            }
            Provenance::Alias { used, definition } => {
                follow(*definition, role);
                push(places, *used, PlaceRole::Alias);
            }
            Provenance::Extends { by, of } => {
                follow(*of, role);
                follow(*by, PlaceRole::Extends);
            }
            Provenance::Include { by, of } => {
                follow(*of, role);
                follow(*by, PlaceRole::Include);
            }
            Provenance::Default { of } => follow(*of, role),
            Provenance::Inferred { from, .. } => {
                for (index, premise) in from.iter().enumerate() {
                    follow(*premise, if index == 0 { role } else { PlaceRole::Premise });
                }
            }
        }
    }

    /// Whether a string is written verbatim in its file. A long one may have thousands of parts, which are looked
    /// up one after the other, so the last answer is kept.
    fn is_literal(&self, span: Span, raw: &str) -> bool {
        match self.literal.get().filter(|(known, _)| *known == span) {
            Some((_, literal)) => literal,
            None => {
                let literal = !raw.contains(['\\', '\n']) && !raw.starts_with(['|', '>']);
                self.literal.set(Some((span, literal)));
                literal
            }
        }
    }

    /// The exact byte range of a part, if the whole is written verbatim in a file.
    pub(super) fn part_span(&self, of: Origin, range: &Range<u32>) -> Option<Span> {
        let Provenance::Read(span) = *self.provenance(of) else { return None };
        let raw = self.file(span.file)?.text().get(span.start as usize..span.end as usize)?;
        let quote = u32::from(raw.starts_with(['"', '\'']));
        let literal = self.is_literal(span, raw);
        let (start, end) = (span.start + quote + range.start, span.start + quote + range.end);
        (literal && end <= span.end).then_some(Span { file: span.file, start, end })
    }
}

/// So many places of one value are told.
const MOST_PLACES: usize = 64;

fn push(places: &mut Vec<OriginPlace>, span: Span, role: PlaceRole) {
    if places.len() < MOST_PLACES && !places.iter().any(|place| place.span == span) {
        places.push(OriginPlace { span, role });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_quoted_text_has_its_own_span() {
        let mut sources = Sources::new();
        let file = sources.add_file("c.yaml".into(), "- \"8080:80\"\n".to_owned());
        let whole = sources.read_at(Span::new(file, 2, 11));
        let part = sources.record(Provenance::Part { of: whole, range: 5..7 });
        assert_eq!(sources.place(part), Some(Span::new(file, 8, 10)));
    }

    #[test]
    fn substitutions_follow_merges_and_shift_with_parts() {
        let mut sources = Sources::new();
        let file = sources.add_file("c.yaml".into(), "A=x${B}".to_owned());
        let template = sources.read_at(Span::new(file, 0, 7));
        let substitution = VariableSubstitution {
            range: 3..5,
            expression: 3..7,
            variable: "B".into(),
            fallback: None,
            source: VariableSource::Environment("B".into()),
        };
        let whole = sources.record(Provenance::Interpolated { template, substitutions: vec![substitution] });
        let merged = sources.record(Provenance::Merged { winner: whole, losers: vec![] });
        let part = sources.record(Provenance::Part { of: merged, range: 2..5 });
        let found = sources.substitutions(part);
        assert_eq!(found.first().map(|one| one.range.clone()), Some(1..3));
        assert_eq!(found.len(), 1);
    }
}
