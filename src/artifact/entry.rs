//! What stands at a path of a set: a file that the compile made, or one on disk that is copied.
//!
//! In: the two kinds, each sorted by path. Out: both in one order, and the bytes of each as a reader.

use super::{Artifact, FileCopy, FileMode};
use std::io::{self, Read};

/// One file of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactEntry<'a> {
    /// Held in memory.
    Made(&'a Artifact),
    /// On disk until it is written.
    Copied(&'a FileCopy),
}

impl<'a> ArtifactEntry<'a> {
    /// Its mode.
    pub fn mode(self) -> FileMode {
        match self {
            ArtifactEntry::Made(artifact) => artifact.mode,
            ArtifactEntry::Copied(copy) => copy.mode,
        }
    }

    /// Its size in bytes.
    pub fn size(self) -> u64 {
        match self {
            ArtifactEntry::Made(artifact) => artifact.bytes.len() as u64,
            ArtifactEntry::Copied(copy) => copy.size,
        }
    }

    /// SHA-256 of the bytes, in hexadecimal.
    pub fn sha256(self) -> String {
        match self {
            ArtifactEntry::Made(artifact) => artifact.sha256(),
            ArtifactEntry::Copied(copy) => copy.hash(),
        }
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// As [`FileCopy::open`].
    pub fn open(self) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            ArtifactEntry::Made(artifact) => Box::new(artifact.bytes.as_slice()),
            ArtifactEntry::Copied(copy) => Box::new(copy.open()?),
        })
    }

    /// All bytes.
    ///
    /// # Errors
    /// As [`FileCopy::open`], and if the file has changed.
    pub fn bytes(self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Two sorted sequences as one.
pub(super) fn merged<'a>(
    one: impl Iterator<Item = (&'a str, ArtifactEntry<'a>)>,
    other: impl Iterator<Item = (&'a str, ArtifactEntry<'a>)>,
) -> impl Iterator<Item = (&'a str, ArtifactEntry<'a>)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((first, _)), Some((second, _))) if second < first => other.next(),
        (None, _) => other.next(),
        _ => one.next(),
    })
}
