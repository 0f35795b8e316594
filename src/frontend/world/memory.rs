//! Files, links and variables in memory, for tests.

use super::{PathKind, World, normalise};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

/// Files and variables in memory, for tests. Paths are absolute; the current directory is `/project`.
#[derive(Debug, Default, Clone)]
pub struct MemoryWorld {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
    links: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
    executable: BTreeSet<Utf8PathBuf>,
    variables: BTreeMap<String, String>,
}

/// So many links are followed on the way to a file.
const MOST_LINKS: usize = 40;

/// The current directory of [`MemoryWorld`].
const MEMORY_DIRECTORY: &str = "/project";

impl MemoryWorld {
    /// Nothing at all.
    pub fn new() -> Self {
        MemoryWorld::default()
    }

    /// Adds a file; a relative path starts from `/project`.
    pub fn file(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(normalise(&Utf8Path::new(MEMORY_DIRECTORY).join(path)), text.into());
        self
    }

    /// Adds a file that its owner may execute.
    pub fn executable(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.executable.insert(normalise(&Utf8Path::new(MEMORY_DIRECTORY).join(path)));
        self.file(path, text)
    }

    /// Adds a link; a relative target starts from the link's own directory.
    pub fn link(mut self, path: &str, target: &str) -> Self {
        let path = normalise(&Utf8Path::new(MEMORY_DIRECTORY).join(path));
        self.links.insert(path, target.into());
        self
    }

    /// The path with links followed; those that lead in a circle end somewhere in it.
    fn follow(&self, path: &Utf8Path) -> Utf8PathBuf {
        let mut path = normalise(&self.current_directory().join(path));
        for _ in 0..MOST_LINKS {
            let link = path.ancestors().find_map(|above| Some((above, self.links.get(above)?)));
            let Some((link, target)) = link else { break };
            let target = normalise(&link.parent().unwrap_or(link).join(target));
            path = path.strip_prefix(link).map(|rest| target.join(rest)).unwrap_or(target);
        }
        path
    }

    /// Sets an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl World for MemoryWorld {
    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn Read + '_>> {
        let path = self.canonical(path)?;
        let is_directory = || io::Error::new(io::ErrorKind::IsADirectory, "it is a directory");
        Ok(Box::new(self.files.get(&path).ok_or_else(is_directory)?.as_slice()))
    }

    fn canonical(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        match self.kind(path) {
            Some(_) => Ok(self.follow(path)),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "no such file or directory")),
        }
    }

    fn link_target(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        self.links.get(&normalise(&self.current_directory().join(path))).cloned()
    }

    fn kind(&self, path: &Utf8Path) -> Option<PathKind> {
        let path = self.follow(path);
        if self.files.contains_key(&path) {
            return Some(PathKind::File);
        }
        let mut all = self.files.keys().chain(self.links.keys());
        all.any(|file| file.starts_with(&path)).then_some(PathKind::Directory)
    }

    fn is_executable(&self, path: &Utf8Path) -> Option<bool> {
        Some(self.executable.contains(&self.follow(path)))
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<String>> {
        let path = self.follow(path);
        let mut names: Vec<String> = self
            .files
            .keys()
            .chain(self.links.keys())
            .filter_map(|file| {
                file.strip_prefix(&path).ok()?.components().next().map(|first| first.to_string())
            })
            .collect();
        names.sort();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_knows_its_directories_and_links() {
        let world = MemoryWorld::new().file("conf/a.env", "A=1").link("l", "conf").link("conf/up", "../..");
        assert_eq!(world.kind(Utf8Path::new("conf")), Some(PathKind::Directory));
        assert_eq!(world.read(Utf8Path::new("./l/a.env")).ok(), Some(b"A=1".to_vec()));
        assert_eq!(world.list(Utf8Path::new("l")).ok(), Some(vec!["a.env".to_owned(), "up".to_owned()]));
        assert_eq!(world.canonical(Utf8Path::new("l/up")).unwrap(), "/");
        assert_eq!(world.kind(Utf8Path::new("none")), None);
    }
}
