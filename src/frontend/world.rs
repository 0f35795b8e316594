//! The compile path's only access to the outside world: files and environment variables.
//!
//! The compile path opens files and reads variables only through [`World`]. A compile is therefore a function
//! of its inputs, and tests run in memory.

use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::io;

/// What exists at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or a link to one.
    File,
    /// A directory, or a link to one.
    Directory,
}

/// The files and environment variables that a compile may see.
pub trait World: std::fmt::Debug {
    /// The bytes of a file.
    ///
    /// # Errors
    /// As the file system reports: not found, a directory, no permission.
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>>;

    /// What exists at the path, if anything.
    fn kind(&self, path: &Utf8Path) -> Option<Kind>;

    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// As the file system reports.
    fn list(&self, path: &Utf8Path) -> io::Result<Vec<String>>;

    /// An environment variable; `None` if it is unset or not UTF-8.
    fn variable(&self, name: &str) -> Option<String>;

    /// All environment variables, sorted.
    fn variables(&self) -> BTreeMap<String, String>;

    /// The absolute directory that relative paths start from.
    fn current_directory(&self) -> Utf8PathBuf;
}

/// The real file system and environment.
#[derive(Debug)]
pub struct Disk {
    directory: Utf8PathBuf,
}

impl Disk {
    /// The process's directory and environment.
    ///
    /// # Errors
    /// If the current directory no longer exists or its path is not UTF-8.
    #[allow(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn new() -> io::Result<Self> {
        let directory = Utf8PathBuf::from_path_buf(std::env::current_dir()?)
            .map_err(|path| io::Error::other(format!("the path {} is not UTF-8", path.display())))?;
        Ok(Disk { directory })
    }

    fn resolve(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.directory.join(path)
    }
}

impl World for Disk {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.resolve(path))
    }

    fn kind(&self, path: &Utf8Path) -> Option<Kind> {
        let metadata = std::fs::metadata(self.resolve(path)).ok()?;
        Some(if metadata.is_dir() { Kind::Directory } else { Kind::File })
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in self.resolve(path).read_dir_utf8()? {
            names.push(entry?.file_name().to_owned());
        }
        names.sort();
        Ok(names)
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that may")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that may")]
    fn variables(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                found.insert(name, value);
            }
        }
        found
    }

    fn current_directory(&self) -> Utf8PathBuf {
        self.directory.clone()
    }
}

/// Files and variables in memory, for tests. Paths are absolute; the current directory is `/project`.
#[derive(Debug, Default, Clone)]
pub struct Memory {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
    variables: BTreeMap<String, String>,
}

/// The current directory of [`Memory`].
const MEMORY_DIRECTORY: &str = "/project";

impl Memory {
    /// An empty world.
    pub fn new() -> Self {
        Memory::default()
    }

    /// Adds a file; a relative path starts from `/project`.
    pub fn file(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(normalise(&Utf8Path::new(MEMORY_DIRECTORY).join(path)), text.into());
        self
    }

    /// Sets an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl World for Memory {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let path = normalise(&self.current_directory().join(path));
        self.files.get(&path).cloned().ok_or_else(|| match self.kind(&path) {
            Some(_) => io::Error::new(io::ErrorKind::IsADirectory, "is a directory"),
            None => io::Error::new(io::ErrorKind::NotFound, "no such file or directory"),
        })
    }

    fn kind(&self, path: &Utf8Path) -> Option<Kind> {
        let path = normalise(&self.current_directory().join(path));
        if self.files.contains_key(&path) {
            return Some(Kind::File);
        }
        self.files.keys().any(|file| file.starts_with(&path)).then_some(Kind::Directory)
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<String>> {
        let path = normalise(&self.current_directory().join(path));
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| {
                file.strip_prefix(&path).ok()?.components().next().map(|first| first.to_string())
            })
            .collect();
        names.dedup();
        Ok(names)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn variables(&self) -> BTreeMap<String, String> {
        self.variables.clone()
    }

    fn current_directory(&self) -> Utf8PathBuf {
        MEMORY_DIRECTORY.into()
    }
}

/// Resolves `.` and `..` lexically, as Compose does: links are not followed.
pub fn normalise(path: &Utf8Path) -> Utf8PathBuf {
    use camino::Utf8Component;
    let mut clean = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => match clean.components().next_back() {
                Some(Utf8Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Utf8Component::RootDir) => {}
                _ => clean.push(".."),
            },
            other => clean.push(other.as_str()),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_by_name() {
        for (given, clean) in
            [("/a/./b/../c", "/a/c"), ("../x", "../x"), ("/../x", "/x"), ("a/..", ""), ("./a", "a")]
        {
            assert_eq!(normalise(Utf8Path::new(given)), clean, "{given}");
        }
    }

    #[test]
    fn memory_knows_its_directories() {
        let world = Memory::new().file("conf/a.env", "A=1");
        assert_eq!(world.kind(Utf8Path::new("conf")), Some(Kind::Directory));
        assert_eq!(world.read(Utf8Path::new("./conf/a.env")).ok(), Some(b"A=1".to_vec()));
    }
}
