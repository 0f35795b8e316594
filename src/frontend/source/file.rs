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
pub struct LineColumn {
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
    /// Characters before every block of [`BLOCK`] bytes, so that a column of a long line is found at once.
    characters: Vec<u32>,
}

/// Bytes of a block.
const BLOCK: usize = 1024;

/// How many bytes begin a character.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl SourceFile {
    pub(super) fn new(path: Utf8PathBuf, text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
            .collect();
        let mut before = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let start = before;
            before += narrow(characters(block));
            start
        });
        let characters = blocks.collect();
        SourceFile { path, text: text.into(), line_starts, characters }
    }

    /// The line of a byte offset, from 0.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start as usize <= offset).saturating_sub(1)
    }

    /// The bytes of a line, from 0, without its line feed.
    pub fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let start = self.line_starts.get(line).map_or(self.text.len(), |start| *start as usize);
        let next = self.line_starts.get(line + 1).map(|start| (*start as usize).saturating_sub(1));
        start..next.unwrap_or(self.text.len()).max(start)
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.line_starts.len()
    }

    /// How many characters begin from one byte up to another. The blocks are for lines that are longer than one.
    fn characters_between(&self, start: usize, end: usize) -> usize {
        if end - start > BLOCK {
            return self.characters_before(end) - self.characters_before(start);
        }
        characters(self.text.as_bytes().get(start..end).unwrap_or_default())
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let known = self.characters.get(block).copied().unwrap_or(0) as usize;
        known + characters(self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default())
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
    pub fn location(&self, offset: u32) -> LineColumn {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0) as usize;
        let end = (offset as usize).min(self.text.len()).max(start);
        LineColumn { line, column: self.characters_between(start, end) + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_characters_from_one() {
        let file = SourceFile::new("a.yaml".into(), "a: é\nbéb: 1\r\n".to_owned());
        for (offset, line, column) in [(0, 1, 1), (3, 1, 4), (6, 2, 1), (9, 2, 3), (99, 3, 1)] {
            assert_eq!(file.location(offset), LineColumn { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn columns_of_long_lines_are_counted_over_blocks() {
        let line = "é".repeat(3_000);
        let file = SourceFile::new("a.yaml".into(), format!("a\n{line}b\nc"));
        assert_eq!(file.location(2 + 6_000), LineColumn { line: 2, column: 3_001 });
        assert_eq!(file.location(2 + 2_048), LineColumn { line: 2, column: 1_025 });
        assert_eq!(
            (file.line_range(0), file.line_range(1), file.line_range(2)),
            (0..1, 2..6_003, 6_004..6_005)
        );
        assert_eq!((file.lines(), file.line_of(1), file.line_of(2), file.line_of(9_999)), (3, 0, 1, 2));
    }
}
