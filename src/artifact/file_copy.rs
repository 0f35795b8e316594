//! A file on disk that an artifact set takes as it is, without holding it in memory.
//!
//! In: a place, and the size and hash that its content had when it was looked at. Out: a reader of the same bytes.
//! Invariant: content that has changed since is an error, never an artifact.

use super::{FileMode, hex};
use camino::Utf8PathBuf;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};

/// A file that is read when its set is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCopy {
    /// Its mode in the set.
    pub mode: FileMode,
    /// Where it is, with every link followed.
    pub place: Utf8PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl FileCopy {
    /// SHA-256 of the bytes, in hexadecimal.
    pub fn hash(&self) -> String {
        hex(&self.sha256)
    }

    /// Opens the file for reading.
    ///
    /// # Errors
    /// It is gone, no longer a regular file, or cannot be read.
    pub fn open(&self) -> io::Result<CheckedReader<'_>> {
        // Asked before the file is opened: to open a pipe waits for its other end.
        let found = std::fs::symlink_metadata(&self.place).map_err(|error| self.named(&error))?;
        if !found.is_file() || found.len() != self.size {
            return Err(self.changed());
        }
        let file = File::open(&self.place).map_err(|error| self.named(&error))?;
        Ok(CheckedReader { copy: self, file, left: self.size, hash: Sha256::new() })
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("`{}`: {error}", self.place))
    }

    fn changed(&self) -> io::Error {
        io::Error::other(format!("`{}` changed while it was packed; build again", self.place))
    }
}

/// Reads a file, and fails at its end if it is not the one that was looked at.
#[derive(Debug)]
pub struct CheckedReader<'a> {
    copy: &'a FileCopy,
    file: File,
    left: u64,
    hash: Sha256,
}

impl Read for CheckedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.file.read(buffer).map_err(|error| self.copy.named(&error))?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| self.copy.changed())?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        if read == 0 && (self.left > 0 || self.hash.clone().finalize()[..] != self.copy.sha256[..]) {
            return Err(self.copy.changed());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    fn copy(place: &Utf8Path, bytes: &[u8]) -> FileCopy {
        let sha256 = Sha256::digest(bytes).into();
        FileCopy { mode: FileMode::File, place: place.to_owned(), size: bytes.len() as u64, sha256 }
    }

    fn all(copy: &FileCopy) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = copy.open().and_then(|mut reader| reader.read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_looked_at_is_what_is_read() {
        let guard = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(guard.path()).unwrap().join("file");
        let looked_at = copy(&place, b"one two");
        assert!(all(&looked_at).unwrap_err().starts_with(&format!("`{place}`: ")), "it is not there");
        let changed = Err(format!("`{place}` changed while it was packed; build again"));
        for (content, outcome) in [
            (&b"one two"[..], Ok(b"one two".to_vec())),
            (b"one TWO", changed.clone()),
            (b"one tw", changed.clone()),
            (b"one two ", changed.clone()),
        ] {
            std::fs::write(&place, content).unwrap();
            assert_eq!(all(&looked_at), outcome, "{content:?}");
        }
        assert_eq!(looked_at.hash().len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_or_a_folder_in_its_place_is_a_change() {
        let guard = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(guard.path()).unwrap().join("file");
        std::fs::write(guard.path().join("other"), b"").unwrap();
        std::os::unix::fs::symlink("other", &place).unwrap();
        assert!(all(&copy(&place, b"")).unwrap_err().contains("changed"));
        assert!(all(&copy(Utf8Path::from_path(guard.path()).unwrap(), b"")).unwrap_err().contains("changed"));
    }

    /// A file that grows after it was opened is read no further than it was looked at.
    #[test]
    fn a_file_that_grows_while_it_is_read_is_a_change() {
        let guard = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(guard.path()).unwrap().join("file");
        std::fs::write(&place, b"one").unwrap();
        let looked_at = copy(&place, b"one");
        let mut reader = looked_at.open().unwrap();
        std::fs::write(&place, b"one two").unwrap();
        assert!(reader.read_to_end(&mut Vec::new()).unwrap_err().to_string().contains("changed"));
    }
}
