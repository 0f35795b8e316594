//! The artifacts that a compile produces, in memory: files with a path, a mode and bytes, sorted by path. A leaf.
//!
//! In: files, added by a target. Out: a directory, written all or nothing; a deterministic zip; the differences
//! from a committed golden. Invariant: a path is relative, stays inside, and is never both a file and a directory.
//!
//! ```
//! use tranship_artifact::{ArtifactSet, bundle};
//!
//! let mut tree = ArtifactSet::new();
//! tree.text("Dockerrun.aws.json", "{}\n")?;
//! tree.executable(".platform/hooks/predeploy/01_owner.sh", "#!/bin/sh\n")?;
//! let mut set = ArtifactSet::new();
//! set.file("bundle.zip", bundle::zip(&tree)?)?;
//! set.nest("bundle", &tree)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bundle;
pub mod diff;
mod directory;
mod document;
mod exchange;
pub mod golden;
mod lines;
mod path;
mod write;
mod written;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use exchange::replace_file;
pub use path::{PathError, check as check_path};
pub use write::{StagedSet, WriteError, commit, directory_below, stage};
pub use written::{WrittenFiles, is_temporary};

/// The kind of file that an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// 0644.
    File,
    /// 0755.
    Executable,
    /// A symbolic link; the bytes are its target.
    Link,
}

impl FileMode {
    /// The permission bits and the file type of a link, as in `st_mode`.
    pub fn bits(self) -> u32 {
        match self {
            FileMode::File => 0o100_644,
            FileMode::Executable => 0o100_755,
            FileMode::Link => 0o120_777,
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its mode.
    pub mode: FileMode,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Artifact {
    /// SHA-256 of the bytes, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Files by their path, sorted bytewise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArtifactSet(BTreeMap<String, Artifact>);

impl ArtifactSet {
    /// An empty set.
    pub fn new() -> ArtifactSet {
        ArtifactSet::default()
    }

    /// Adds a file with mode 0644.
    ///
    /// # Errors
    /// The path leaves the set, is not portable, or conflicts with an existing one.
    pub fn file(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<(), PathError> {
        self.add(path, Artifact { mode: FileMode::File, bytes: bytes.into() })
    }

    /// Adds a text file with mode 0644.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn text(&mut self, path: &str, text: impl Into<String>) -> Result<(), PathError> {
        self.file(path, text.into())
    }

    /// Adds a file with mode 0755.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn executable(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<(), PathError> {
        self.add(path, Artifact { mode: FileMode::Executable, bytes: bytes.into() })
    }

    /// Adds a symbolic link, whose target stays inside the set.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`]; also if the target leaves the set.
    pub fn link(&mut self, path: &str, target: &str) -> Result<(), PathError> {
        path::check_link(path, target)?;
        self.add(path, Artifact { mode: FileMode::Link, bytes: target.into() })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn add(&mut self, path: &str, artifact: Artifact) -> Result<(), PathError> {
        path::check(path)?;
        if self.0.contains_key(path) {
            return Err(PathError::Twice(path.to_owned()));
        }
        let below = format!("{path}/");
        let inside = self.0.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below));
        let above =
            path.match_indices('/').any(|(at, _)| path.get(..at).is_some_and(|dir| self.0.contains_key(dir)));
        if inside || above {
            return Err(PathError::FileAndDirectory(path.to_owned()));
        }
        self.0.insert(path.to_owned(), artifact);
        Ok(())
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<Artifact> {
        self.0.remove(path)
    }

    /// Adds all files of another set under a directory.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn nest(&mut self, directory: &str, other: &ArtifactSet) -> Result<(), PathError> {
        other
            .iter()
            .try_for_each(|(path, artifact)| self.add(&format!("{directory}/{path}"), artifact.clone()))
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&Artifact> {
        self.0.get(path)
    }

    /// Paths and files, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Artifact)> {
        self.0.iter().map(|(path, artifact)| (path.as_str(), artifact))
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line per file: mode, SHA-256, path. The same files give the same lines on every machine.
    pub fn entry_list(&self) -> String {
        self.iter().map(|(path, it)| format!("{:06o} {} {path}\n", it.mode.bits(), it.sha256())).collect()
    }

    /// SHA-256 of the entry list: identifies the content, independent of compression.
    pub fn content_hash(&self) -> String {
        hex(&Sha256::digest(self.entry_list()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_whatever_the_order_of_adding() {
        let mut set = ArtifactSet::new();
        for path in ["b", "a/z", "a.txt", "B"] {
            set.text(path, path).unwrap();
        }
        assert_eq!(set.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["B", "a.txt", "a/z", "b"]);
        assert_eq!(set.entry_list().lines().count(), 4);
        assert!(set.entry_list().starts_with("100644 df7e70e5"), "{}", set.entry_list());
    }

    #[test]
    fn the_hash_is_that_of_the_entries() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(ArtifactSet::new().content_hash(), empty);
        let mut set = ArtifactSet::new();
        set.text("a", "x").unwrap();
        let one = set.content_hash();
        set.text("b", "x").unwrap();
        assert_ne!(one, set.content_hash());
    }

    #[test]
    fn a_file_is_no_directory_and_comes_once() {
        let mut set = ArtifactSet::new();
        set.text("a/b", "").unwrap();
        set.text("a!", "").unwrap();
        assert_eq!(set.text("a", ""), Err(PathError::FileAndDirectory("a".into())));
        assert_eq!(set.text("a/b/c", ""), Err(PathError::FileAndDirectory("a/b/c".into())));
        assert_eq!(set.text("a/b", ""), Err(PathError::Twice("a/b".into())));
        let other = set.clone();
        set.nest("sub", &other).unwrap();
        assert!(set.get("sub/a/b").is_some());
    }
}
