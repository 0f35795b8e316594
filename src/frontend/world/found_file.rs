//! A file of the project that a walk found, read block by block.
//!
//! In: an open file. Out: its bytes, at most a block of them in memory. Invariant: no more is read than the walk may
//! read altogether.

use super::project::MOST_BYTES;
use camino::Utf8PathBuf;
use std::io::{self, Read};

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// A file of the project.
pub struct FoundFile<'f> {
    /// Where it is, with every link followed.
    pub place: Utf8PathBuf,
    /// Whether it stays there after the compile.
    pub is_on_disk: bool,
    /// Whether its owner may execute it. Where the file system does not know, a script says it in its first line.
    pub executable: bool,
    pub(super) shown: String,
    pub(super) reader: Box<dyn Read + 'f>,
    /// The first block, until it is handed out.
    pub(super) first: Option<usize>,
    pub(super) block: &'f mut Vec<u8>,
    /// What may still be read.
    pub(super) left: &'f mut u64,
}

impl std::fmt::Debug for FoundFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FoundFile").field("place", &self.place).field("executable", &self.executable).finish()
    }
}

impl FoundFile<'_> {
    /// The next block of bytes; `None` at the end. Every block but the last has the same size.
    ///
    /// # Errors
    /// As a clause: it cannot be read, or all files together are too large.
    pub fn next_block(&mut self) -> Result<Option<&[u8]>, String> {
        let length = match self.first.take() {
            Some(length) => length,
            None => self.fill()?,
        };
        Ok(self.block.get(..length).filter(|block| !block.is_empty()))
    }

    /// Whether the next block is the first and has all bytes.
    pub fn is_short(&self) -> bool {
        self.first.is_some_and(|length| length < BLOCK_BYTES)
    }

    /// All bytes, if there are not more than a block.
    ///
    /// # Errors
    /// As [`FoundFile::next_block`].
    pub fn small(&mut self) -> Result<Option<&[u8]>, String> {
        let length = self.next_block()?.map_or(0, <[u8]>::len);
        Ok(self.block.get(..length).filter(|block| block.len() < BLOCK_BYTES))
    }

    /// Reads a block; the length is smaller only at the end.
    pub(super) fn fill(&mut self) -> Result<usize, String> {
        self.block.resize(BLOCK_BYTES, 0);
        let mut length = 0;
        while let Some(room) = self.block.get_mut(length..).filter(|room| !room.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("`{}` cannot be read: {error}", self.shown)),
            }
        }
        *self.left = self.left.checked_sub(length as u64).ok_or_else(too_large)?;
        Ok(length)
    }
}

/// Why no more is read.
pub(super) fn too_large() -> String {
    format!("the files are larger than {} MiB in total, which is the limit for a bundle", MOST_BYTES >> 20)
}
