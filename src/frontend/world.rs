//! The compile path's only access to the outside world: files and environment variables.
//!
//! The compile path opens files and reads variables only through [`World`]. A compile is therefore a function
//! of its inputs, and tests run in memory.

mod found_file;
mod memory;
mod project;

pub use found_file::FoundFile;
pub use memory::MemoryWorld;
pub use project::{FileCollector, ProjectFiles};

use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Largest text that is read, in bytes. The largest manifest seen in the wild has under 1 MB.
pub const TEXT_LIMIT: u64 = 64 << 20;

/// What exists at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file, or a link to one.
    File,
    /// A directory, or a link to one.
    Directory,
}

/// The files and environment variables that a compile may see.
pub trait World: std::fmt::Debug + Sync {
    /// Opens a regular file.
    ///
    /// # Errors
    /// As the file system says: not found, a directory, no permission. A pipe, a device or a file of the
    /// kernel (`/proc`) is refused before it is opened.
    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn Read + '_>>;

    /// Whether files stay where they are after the compile, so that they can be copied from there.
    fn is_on_disk(&self) -> bool {
        false
    }

    /// The bytes of a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`World::open`]; a larger file is `FileTooLarge`.
    fn read_up_to(&self, path: &Utf8Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        within(bytes, limit)
    }

    /// The bytes of a text file, which has at most [`TEXT_LIMIT`].
    ///
    /// # Errors
    /// As [`World::read_up_to`].
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        self.read_up_to(path, TEXT_LIMIT)
    }

    /// The absolute path with every link followed.
    ///
    /// # Errors
    /// As the file system says: nothing stands there, or links lead in a circle.
    fn canonical(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf>;

    /// Where a link leads, as it stands there; `None` for what is no link.
    fn link_target(&self, path: &Utf8Path) -> Option<Utf8PathBuf>;

    /// What exists at the path, if anything.
    fn kind(&self, path: &Utf8Path) -> Option<PathKind>;

    /// Whether its owner may execute a file; `None` where the file system does not know.
    fn is_executable(&self, path: &Utf8Path) -> Option<bool>;

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
pub struct DiskWorld {
    directory: Utf8PathBuf,
}

impl DiskWorld {
    /// The process's directory and environment.
    ///
    /// # Errors
    /// If the current directory no longer exists or its path is not UTF-8.
    #[allow(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn new() -> io::Result<Self> {
        let directory = Utf8PathBuf::from_path_buf(std::env::current_dir()?)
            .map_err(|path| io::Error::other(format!("the path {} is not UTF-8", path.display())))?;
        Ok(DiskWorld { directory })
    }

    fn resolve(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.directory.join(path)
    }

    /// A regular file, opened, and how many bytes it has now.
    fn regular_file(&self, path: &Utf8Path) -> io::Result<(std::fs::File, u64)> {
        // Asked before the file is opened: to open a pipe waits for its other end.
        let path = self.canonical(path)?;
        if ["/proc", "/sys"].iter().any(|kernel| path.starts_with(kernel)) {
            return Err(io::Error::other("it is a kernel file, not a regular file"));
        }
        regular(&std::fs::metadata(&path)?)?;
        let file = std::fs::File::open(&path)?;
        let found = file.metadata()?;
        regular(&found)?;
        Ok((file, found.len()))
    }
}

impl World for DiskWorld {
    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.regular_file(path)?.0))
    }

    fn read_up_to(&self, path: &Utf8Path, limit: u64) -> io::Result<Vec<u8>> {
        let (file, size) = self.regular_file(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(limit)).unwrap_or_default());
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        within(bytes, limit)
    }

    fn is_on_disk(&self) -> bool {
        true
    }

    fn canonical(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        self.resolve(path).canonicalize_utf8()
    }

    fn link_target(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        self.resolve(path).read_link_utf8().ok()
    }

    fn kind(&self, path: &Utf8Path) -> Option<PathKind> {
        let metadata = std::fs::metadata(self.resolve(path)).ok()?;
        Some(if metadata.is_dir() { PathKind::Directory } else { PathKind::File })
    }

    #[cfg(unix)]
    fn is_executable(&self, path: &Utf8Path) -> Option<bool> {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(self.resolve(path)).ok()?;
        Some(metadata.permissions().mode() & 0o100 != 0)
    }

    #[cfg(not(unix))]
    fn is_executable(&self, _: &Utf8Path) -> Option<bool> {
        None
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

/// Refuses what is not a regular file.
fn regular(found: &std::fs::Metadata) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    Err(match found.is_dir() {
        true => io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"),
        false => io::Error::other("it is a pipe, a socket or a device, not a regular file"),
    })
}

/// Refuses more bytes than the limit.
fn within(bytes: Vec<u8>, limit: u64) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let message = format!("it is larger than {} MiB", limit >> 20);
    Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
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

    #[cfg(unix)]
    fn disk() -> (tempfile::TempDir, DiskWorld) {
        let guard = tempfile::tempdir().unwrap();
        let directory = Utf8PathBuf::from_path_buf(guard.path().canonicalize().unwrap()).unwrap();
        (guard, DiskWorld { directory })
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_read() {
        let (guard, disk) = disk();
        std::fs::write(guard.path().join("file"), "text").unwrap();
        for (link, target) in [("link", "file"), ("environ", "/proc/self/environ"), ("zero", "/dev/zero")] {
            std::os::unix::fs::symlink(target, guard.path().join(link)).unwrap();
        }
        let _socket = std::os::unix::net::UnixListener::bind(guard.path().join("socket")).unwrap();
        let read = |path: &str| disk.read(Utf8Path::new(path)).map_err(|error| error.to_string());
        assert_eq!(read("link"), Ok(b"text".to_vec()));
        let device = "it is a pipe, a socket or a device, not a regular file";
        for (path, why) in [
            ("environ", "it is a kernel file, not a regular file"),
            ("/proc/self/environ", "it is a kernel file, not a regular file"),
            ("zero", device),
            ("/dev/zero", device),
            ("socket", device),
            (".", "it is a directory"),
        ] {
            assert_eq!(read(path), Err(why.to_owned()), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_more_is_read_than_the_limit() {
        let (guard, disk) = disk();
        std::fs::File::create(guard.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
        std::fs::write(guard.path().join("ten"), [b'x'; 10]).unwrap();
        let error = disk.read_up_to(Utf8Path::new("sparse"), 2 << 20).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::FileTooLarge, "it is larger than 2 MiB")
        );
        assert_eq!(disk.read_up_to(Utf8Path::new("ten"), 10).unwrap().len(), 10);
        assert!(disk.read_up_to(Utf8Path::new("ten"), 9).is_err());
    }
}
