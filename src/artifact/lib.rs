//! The artifacts that a compile produces: files with a path, a mode and bytes, sorted by path. A leaf.
//!
//! In: files, added by a target, and files on disk to copy. Out: a directory, written all or nothing; a deterministic
//! zip; the differences from a committed golden. Invariant: a path is relative, stays inside, and is never both a file
//! and a directory; the content of a file to copy is in memory a part at a time.
//!
//! ```
//! use tranship_artifact::{ArtifactSet, bundle};
//!
//! let mut tree = ArtifactSet::new();
//! tree.text("Dockerrun.aws.json", "{}\n")?;
//! tree.executable(".platform/hooks/predeploy/01_owner.sh", "#!/bin/sh\n")?;
//! let mut set = ArtifactSet::new();
//! set.nest("bundle", tree)?;
//! set.pack("bundle.zip", "bundle")?;
//! assert_eq!(bundle::zip(&set.below("bundle"))?[..2], *b"PK");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bundle;
mod compression;
pub mod diff;
mod directory;
mod document;
mod entry;
mod exchange;
mod file_copy;
pub mod golden;
mod lines;
mod ordered_pool;
mod path;
mod side_by_side;
mod write;
mod written;
mod zip_file;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use document::parse as parse_document;
pub use entry::ArtifactEntry;
pub use exchange::replace_file;
pub use file_copy::{CheckedReader, FileCopy};
pub use ordered_pool::{OrderedPool, processors};
pub use path::{PathError, check as check_path};
pub use side_by_side::{many_side_by_side, side_by_side, side_by_side_in_order};
pub use write::{REPORTS, StagedSet, WriteError, commit, directory_below, stage};
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

/// Files by their path, sorted bytewise; files on disk that are copied, and archives that are made, when the set is
/// written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArtifactSet {
    files: BTreeMap<String, Artifact>,
    copies: BTreeMap<String, FileCopy>,
    archives: BTreeMap<String, String>,
}

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
        self.check_free(path)?;
        self.files.insert(path.to_owned(), artifact);
        Ok(())
    }

    /// Adds a copy of a file on disk, which is read when the set is written.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn copy(&mut self, path: &str, copy: FileCopy) -> Result<(), PathError> {
        path::check(path)?;
        self.check_free(path)?;
        self.copies.insert(path.to_owned(), copy);
        Ok(())
    }

    /// Whether no file and no archive has a path, and none is below or above it.
    fn check_free(&self, path: &str) -> Result<(), PathError> {
        let is_taken = |path: &str| {
            self.files.contains_key(path)
                || self.copies.contains_key(path)
                || self.archives.contains_key(path)
        };
        if is_taken(path) {
            return Err(PathError::Twice(path.to_owned()));
        }
        let below = format!("{path}/");
        let inside = self.entries_from(&below).next().is_some_and(|(next, _)| next.starts_with(&below));
        let above = path.match_indices('/').any(|(at, _)| path.get(..at).is_some_and(is_taken));
        if inside || above {
            return Err(PathError::FileAndDirectory(path.to_owned()));
        }
        Ok(())
    }

    /// Adds a zip of the files below a directory, which is made when the set is written.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn pack(&mut self, path: &str, directory: &str) -> Result<(), PathError> {
        path::check(path)?;
        self.check_free(path)?;
        self.archives.insert(path.to_owned(), directory.to_owned());
        Ok(())
    }

    /// The archives: their paths, and the directories that they pack.
    pub fn archives(&self) -> impl Iterator<Item = (&str, &str)> {
        self.archives.iter().map(|(path, directory)| (path.as_str(), directory.as_str()))
    }

    /// Everything below a directory, by its path in it, sorted.
    pub fn entries_below(&self, directory: &str) -> impl Iterator<Item = (&str, ArtifactEntry<'_>)> {
        let start = format!("{directory}/");
        let found = self.entries_from(&start);
        found.map_while(move |(path, entry)| Some((path.strip_prefix(&start)?, entry)))
    }

    /// Everything, files and copies, sorted by path.
    pub fn entries(&self) -> impl Iterator<Item = (&str, ArtifactEntry<'_>)> {
        self.entries_from("")
    }

    fn entries_from<'a>(
        &'a self,
        start: &str,
    ) -> impl Iterator<Item = (&'a str, ArtifactEntry<'a>)> + use<'a> {
        let (files, copies) = (self.files.range(start.to_owned()..), self.copies.range(start.to_owned()..));
        entry::merged(
            files.map(|(path, it)| (path.as_str(), ArtifactEntry::Made(it))),
            copies.map(|(path, it)| (path.as_str(), ArtifactEntry::Copied(it))),
        )
    }

    /// A copy of what is below a directory.
    pub fn below(&self, directory: &str) -> ArtifactSet {
        let mut set = ArtifactSet::new();
        for (path, entry) in self.entries_below(directory) {
            match entry {
                ArtifactEntry::Made(file) => drop(set.files.insert(path.to_owned(), file.clone())),
                ArtifactEntry::Copied(copy) => drop(set.copies.insert(path.to_owned(), copy.clone())),
            }
        }
        set
    }

    /// Takes a file out that is held in memory.
    pub fn remove(&mut self, path: &str) -> Option<Artifact> {
        self.files.remove(path)
    }

    /// Adds all files of another set under a directory.
    ///
    /// # Errors
    /// As [`ArtifactSet::file`].
    pub fn nest(&mut self, directory: &str, other: ArtifactSet) -> Result<(), PathError> {
        let mut files = other.files.into_iter();
        files.try_for_each(|(path, artifact)| self.add(&format!("{directory}/{path}"), artifact))?;
        let mut copies = other.copies.into_iter();
        copies.try_for_each(|(path, copy)| self.copy(&format!("{directory}/{path}"), copy))
    }

    /// The file at a path, if it is held in memory.
    pub fn get(&self, path: &str) -> Option<&Artifact> {
        self.files.get(path)
    }

    /// The files that are held in memory, sorted by path; [`ArtifactSet::entries`] has the copies too.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Artifact)> {
        self.files.iter().map(|(path, artifact)| (path.as_str(), artifact))
    }

    /// The number of files and copies.
    pub fn len(&self) -> usize {
        self.files.len() + self.copies.len()
    }

    /// Whether there are no files and no copies.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One line per file: mode, SHA-256, path. The same files give the same lines on every machine.
    pub fn entry_list(&self) -> String {
        entry_lines(self.entries())
    }

    /// SHA-256 of the entry list: identifies the content, independent of compression.
    pub fn content_hash(&self) -> String {
        hex(&Sha256::digest(self.entry_list()))
    }
}

/// The entry list of files.
pub(crate) fn entry_lines<'a>(files: impl Iterator<Item = (&'a str, ArtifactEntry<'a>)>) -> String {
    files.map(|(path, it)| format!("{:06o} {} {path}\n", it.mode().bits(), it.sha256())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_packs_what_is_below_its_directory() {
        let mut set = ArtifactSet::new();
        for path in ["a/x", "a/b/y", "ab", "b"] {
            set.text(path, path).unwrap();
        }
        set.pack("a.zip", "a").unwrap();
        assert_eq!(set.archives().collect::<Vec<_>>(), [("a.zip", "a")]);
        assert_eq!(set.below("a").iter().map(|(path, _)| path).collect::<Vec<_>>(), ["b/y", "x"]);
        assert_eq!(set.text("a.zip", ""), Err(PathError::Twice("a.zip".into())));
        assert_eq!(set.text("a.zip/x", ""), Err(PathError::FileAndDirectory("a.zip/x".into())));
        assert_eq!(set.pack("a/x", "b"), Err(PathError::Twice("a/x".into())));
    }

    #[test]
    fn a_copy_is_an_entry_like_any_other() {
        let sha256 = Sha256::digest("a/b").into();
        let copy = FileCopy { mode: FileMode::File, place: "/none".into(), size: 3, sha256 };
        let mut set = ArtifactSet::new();
        set.text("x/a/b", "a/b").unwrap();
        set.text("x/c", "c").unwrap();
        let in_memory = set.content_hash();
        let mut set = ArtifactSet::new();
        set.text("c", "c").unwrap();
        set.copy("a/b", copy.clone()).unwrap();
        let mut nested = ArtifactSet::new();
        nested.nest("x", set.clone()).unwrap();
        assert_eq!(nested.content_hash(), in_memory);
        assert_eq!(nested.below("x"), set);
        assert_eq!((nested.len(), nested.iter().count(), nested.get("x/a/b")), (2, 1, None));
        assert_eq!(nested.entries().map(|(path, _)| path).collect::<Vec<_>>(), ["x/a/b", "x/c"]);
        assert_eq!(set.text("a", ""), Err(PathError::FileAndDirectory("a".into())));
        assert_eq!(set.text("a/b/c", ""), Err(PathError::FileAndDirectory("a/b/c".into())));
        assert_eq!(set.copy("c", copy.clone()), Err(PathError::Twice("c".into())));
        assert!(matches!(set.copy("../c", copy), Err(PathError::Outside(_))));
        assert_eq!(set.text("a/b", ""), Err(PathError::Twice("a/b".into())));
        let only = ArtifactSet { files: BTreeMap::new(), ..set };
        assert!(!only.is_empty() && ArtifactSet::new().is_empty());
    }

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
        set.nest("sub", other).unwrap();
        assert!(set.get("sub/a/b").is_some());
    }
}
