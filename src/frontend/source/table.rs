//! The provenance table in compact form: there is an origin for every key and value of a manifest.
//!
//! In: [`Provenance`]s. Out: the same, by number. Invariant: common cases take sixteen bytes; only entries
//! with lists or strings use a second table.

use super::{Origin, Provenance, Span};
use std::borrow::Cow;

/// The table.
#[derive(Debug, Default)]
pub(super) struct OriginTable {
    slots: Vec<OriginSlot>,
    /// The positions of aliases: one for all values that an alias brings in.
    aliases: Vec<Span>,
    rich: Vec<Provenance>,
}

#[derive(Debug, Clone, Copy)]
enum OriginSlot {
    Nowhere,
    Read(Span),
    Part { of: Origin, start: u32, end: u32 },
    Alias { used: u32, definition: Origin },
    Extends { by: Origin, of: Origin },
    Include { by: Origin, of: Origin },
    Default { of: Origin },
    Rich(u32),
}

impl OriginTable {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn push(&mut self, provenance: Provenance) {
        let slot = match provenance {
            Provenance::Nowhere => OriginSlot::Nowhere,
            Provenance::Read(span) => OriginSlot::Read(span),
            Provenance::Part { of, range } => OriginSlot::Part { of, start: range.start, end: range.end },
            Provenance::Extends { by, of } => OriginSlot::Extends { by, of },
            Provenance::Include { by, of } => OriginSlot::Include { by, of },
            Provenance::Default { of } => OriginSlot::Default { of },
            Provenance::Alias { used, definition } => {
                if self.aliases.last() != Some(&used) {
                    self.aliases.push(used);
                }
                OriginSlot::Alias { used: last_index(self.aliases.len()), definition }
            }
            rich => {
                self.rich.push(rich);
                OriginSlot::Rich(last_index(self.rich.len()))
            }
        };
        self.slots.push(slot);
    }

    pub(super) fn get(&self, index: usize) -> Cow<'_, Provenance> {
        Cow::Owned(match self.slots.get(index).copied().unwrap_or(OriginSlot::Nowhere) {
            OriginSlot::Nowhere => Provenance::Nowhere,
            OriginSlot::Read(span) => Provenance::Read(span),
            OriginSlot::Part { of, start, end } => Provenance::Part { of, range: start..end },
            OriginSlot::Extends { by, of } => Provenance::Extends { by, of },
            OriginSlot::Include { by, of } => Provenance::Include { by, of },
            OriginSlot::Default { of } => Provenance::Default { of },
            OriginSlot::Alias { used, definition } => match self.aliases.get(used as usize) {
                Some(used) => Provenance::Alias { used: *used, definition },
                None => Provenance::Nowhere,
            },
            OriginSlot::Rich(at) => match self.rich.get(at as usize) {
                Some(rich) => return Cow::Borrowed(rich),
                None => Provenance::Nowhere,
            },
        })
    }
}

fn last_index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, VariableSource};

    #[test]
    fn what_goes_in_comes_out() {
        let span = Span::new(FileId::from_index(1), 2, 3);
        let (one, two) = (Origin::from_index(1), Origin::from_index(2));
        let all = [
            Provenance::Nowhere,
            Provenance::Read(span),
            Provenance::Part { of: one, range: 4..5 },
            Provenance::Alias { used: span, definition: two },
            Provenance::Alias { used: Span::new(FileId::from_index(1), 7, 8), definition: one },
            Provenance::Extends { by: one, of: two },
            Provenance::Include { by: two, of: one },
            Provenance::Default { of: one },
            Provenance::Merged { winner: one, losers: vec![two] },
            Provenance::Outside(VariableSource::Unset),
        ];
        let mut table = OriginTable::default();
        all.iter().cloned().for_each(|provenance| table.push(provenance));
        for (index, provenance) in all.iter().enumerate() {
            assert_eq!(&*table.get(index), provenance);
        }
        assert!(size_of::<OriginSlot>() <= 16);
    }
}
