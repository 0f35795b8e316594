//! What a build wrote in a directory: the list that stands beside it, and the names of its temporary directories.
//!
//! In: the text of a list, as `sha256sum` has it. Out: the paths that it names, with their hashes. Invariant: a
//! list is input like any other, as it may be committed: a path that no artifact can have is not in it, and a
//! file is only what a build wrote where its content is.

use super::{ArtifactSet, hex, path};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The list of what was written, beside it.
pub(super) const LIST: &str = ".tranship";

/// How temporary directories begin.
const TEMPORARY: &str = ".tranship-";

/// Letters and digits that follow.
const TEMPORARY_LETTERS: usize = 12;

/// The files that a build wrote: their paths, and the hashes of their contents. A path has two hashes while one
/// build takes the place of another file by file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenFiles(BTreeMap<String, BTreeSet<String>>);

impl WrittenFiles {
    /// The name of the file that holds the list.
    pub const NAME: &'static str = LIST;

    /// The list that a text holds. Lines that name no path below the directory do not count.
    pub fn parse(text: &str) -> Self {
        let mut list = WrittenFiles::default();
        for (hash, path) in text.lines().filter_map(|line| line.split_once("  ")) {
            if path::check(path).is_ok() {
                list.add(path, hash);
            }
        }
        list
    }

    /// The names of a set, before its files are hashed.
    pub(super) fn named(set: &ArtifactSet) -> Self {
        let paths = set.entries().map(|(path, _)| path).chain(set.archives().map(|(path, _)| path));
        WrittenFiles(paths.map(|path| (path.to_owned(), BTreeSet::new())).collect())
    }

    /// Adds a file by its path and hash.
    pub(super) fn add(&mut self, path: &str, hash: &str) {
        self.0.entry(path.to_owned()).or_default().insert(hash.to_owned());
    }

    /// This list and another.
    pub(super) fn and(mut self, other: &WrittenFiles) -> Self {
        for (path, hashes) in &other.0 {
            hashes.iter().for_each(|hash| self.add(path, hash));
        }
        self
    }

    /// The text of the list, in the form of `sha256sum`.
    pub(super) fn text(&self) -> String {
        let lines = self
            .0
            .iter()
            .flat_map(|(path, hashes)| hashes.iter().map(move |hash| format!("{hash}  {path}\n")));
        lines.collect()
    }

    /// Whether it names no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it names a path.
    pub fn names(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Whether the file at a path is the one that was written: it has the content of then.
    pub fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        self.names(path) && self.wrote_hash(path, &Sha256::digest(bytes).into())
    }

    /// The same, by the SHA-256 of the content.
    pub fn wrote_hash(&self, path: &str, sha256: &[u8; 32]) -> bool {
        self.0.get(path).is_some_and(|hashes| hashes.contains(&hex(sha256)))
    }

    /// The paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Whether a name is one that a build gives its temporary directories.
pub fn is_temporary(name: &str) -> bool {
    let letters = name.strip_prefix(TEMPORARY).unwrap_or_default();
    letters.len() == TEMPORARY_LETTERS && letters.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

/// A temporary directory in a directory.
pub(super) fn temporary(parent: &camino::Utf8Path) -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(TEMPORARY).rand_bytes(TEMPORARY_LETTERS).tempdir_in(parent)
}

/// A temporary file in a directory, with the mode that the user's files have.
pub(super) fn temporary_file(parent: &camino::Utf8Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).rand_bytes(TEMPORARY_LETTERS);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_paths_below_its_directory_only() {
        let list = WrittenFiles::parse(
            "x  ../../precious.txt\nx  /etc/passwd\nx  a/../../b\nx  .\nx  C:\\a\nx  a/b\nno line\n\n",
        );
        assert_eq!(list.paths().collect::<Vec<_>>(), ["a/b"]);
        assert!(WrittenFiles::parse("\0\u{fffd}").is_empty());
    }

    #[test]
    fn a_file_was_written_if_its_content_is_the_same() {
        let list =
            WrittenFiles::parse("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b  a\n");
        assert!(list.wrote("a", b"1") && !list.wrote("a", b"2") && !list.wrote("b", b"1"));
    }

    #[test]
    fn only_names_of_ones_own_are_temporary() {
        for (name, own) in [
            (".tranship-a1B2c3D4e5F6", true),
            (".tranship-notes", false),
            (".tranship-", false),
            (".tranship", false),
            (".tranship-a1B2c3D4e5F67", false),
            (".tranship-a1B2c3D4e5F.", false),
        ] {
            assert_eq!(is_temporary(name), own, "{name}");
        }
        let guard = tempfile::tempdir().unwrap();
        let made = temporary(camino::Utf8Path::from_path(guard.path()).unwrap()).unwrap();
        assert!(is_temporary(made.path().file_name().unwrap().to_str().unwrap()));
    }
}
