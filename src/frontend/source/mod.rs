//! Files, spans and origins: where every value of the manifest came from.
//!
//! In: the texts that the loader read. Out: [`Origin`]s, which every later stage carries, and the positions
//! ([`OriginPlace`]) that a diagnostic shows for them. Invariant: a bare [`Span`] never leaves the parser;
//! everything else uses an [`Origin`] into the single table of [`Sources`].

mod file;
mod hidden;
mod origin;
mod table;

pub use file::{FileId, LineColumn, SourceFile, Span};
use hidden::HiddenRegister;
pub use hidden::{GuardedPlace, GuardedValue, HiddenValues, is_reference};
pub use origin::{Origin, OriginPlace, PlaceRole, Provenance, VariableSource, VariableSubstitution};

use camino::Utf8Path;
use std::borrow::Cow;
use std::cell::Cell;
use table::OriginTable;

/// Everything that was read, and how each value came to be.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    table: OriginTable,
    hidden: HiddenRegister,
    /// The last span that was asked whether it is written verbatim in its file, and the answer.
    literal: Cell<Option<(Span, bool)>>,
}

impl Sources {
    /// A table whose only origin is [`Origin::NOWHERE`].
    pub fn new() -> Self {
        let mut sources = Sources::default();
        sources.table.push(Provenance::Nowhere);
        sources
    }

    /// Adds a file under the path that messages show (relative to the working directory if possible).
    pub fn add_file(&mut self, path: &Utf8Path, text: String) -> FileId {
        let id = FileId::from_index(self.files.len());
        self.files.push(SourceFile::new(path.to_owned(), text));
        id
    }

    /// The start of a file that was not read, for diagnostics about the file itself.
    pub fn start_of_unread(&mut self, path: &Utf8Path) -> Origin {
        let file = self.add_file(path, String::new());
        self.read_at(Span::new(file, 0, 0))
    }

    /// The file with an id from this table.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.index())
    }

    /// All files, in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId::from_index(index), file))
    }

    /// Records how a value came to be.
    pub fn record(&mut self, provenance: Provenance) -> Origin {
        if self.table.len() == 0 {
            self.table.push(Provenance::Nowhere);
        }
        let origin = Origin::from_index(self.table.len());
        self.table.push(provenance);
        origin
    }

    /// Shorthand for a value that is written verbatim in a file.
    pub fn read_at(&mut self, span: Span) -> Origin {
        self.record(Provenance::Read(span))
    }

    /// How the value came to be.
    pub fn provenance(&self, origin: Origin) -> Cow<'_, Provenance> {
        self.table.get(origin.index())
    }
}
