//! A file's text with the positions of its lines.

use camino::{Utf8Path, Utf8PathBuf};
use std::sync::Arc;

/// The id of a file in [`super::Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(u32);

impl FileId {
    pub(super) fn from_index(index: usize) -> Self {
        FileId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A byte range in one file: `start` is included, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `file`, in bytes.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { file, start: narrow(start), end: narrow(end.max(start)) }
    }
}

/// A position as people and editors count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A text that was read: a Compose file, an env file, a label file.
#[derive(Debug)]
pub struct SourceFile {
    path: Utf8PathBuf,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

impl SourceFile {
    pub(super) fn new(path: Utf8PathBuf, text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
            .collect();
        SourceFile { path, text: text.into(), line_starts }
    }

    /// The path as messages show it.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A shared handle to the whole text, for use while the table of files changes.
    pub fn shared_text(&self) -> Arc<str> {
        self.text.clone()
    }

    /// Line and column of a byte offset; an offset past the end counts as the end.
    pub fn location(&self, offset: u32) -> Location {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0) as usize;
        let before = self.text.get(start..(offset as usize).min(self.text.len())).unwrap_or("");
        Location { line, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_characters_from_one() {
        let file = SourceFile::new("a.yaml".into(), "a: é\nbéb: 1\r\n".to_owned());
        for (offset, line, column) in [(0, 1, 1), (3, 1, 4), (6, 2, 1), (9, 2, 3), (99, 3, 1)] {
            assert_eq!(file.location(offset), Location { line, column }, "offset {offset}");
        }
    }
}
