//! Two directories change places, and a file is replaced by a new one.
//!
//! Invariant: where the system can do it, there is no moment at which nothing stands at a path.

use super::WriteError;
use super::written::temporary_file;
use camino::Utf8Path;
use std::io::{self, Write};
use std::path::Path;

/// Puts each of two directories where the other is.
///
/// # Errors
/// As the file system says; then both are where they were.
pub(super) fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    if in_one_step(new, old).is_ok() {
        return Ok(());
    }
    let aside = new.with_file_name("old");
    std::fs::rename(old, &aside)?;
    if let Err(error) = std::fs::rename(new, old) {
        // The old files are worth more than a tidy directory: where they cannot go back, they stay aside.
        return std::fs::rename(&aside, old).and(Err(error));
    }
    std::fs::rename(&aside, new)
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn in_one_step(new: &Path, old: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).map_err(io::Error::from)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn in_one_step(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes a file, or replaces the one that stands there: its content is the old one or the new one, never a part.
/// A device or a pipe is written to.
///
/// # Errors
/// As the file system says; then the file is as it was.
pub fn replace_file(path: &Utf8Path, bytes: &[u8]) -> Result<(), WriteError> {
    replace(path, bytes).map_err(|source| WriteError::Io { path: path.to_owned(), source })
}

fn replace(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let path = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let found = path.metadata().ok();
    if found.as_ref().is_some_and(|found| !found.is_file()) {
        return std::fs::write(&path, bytes);
    }
    let parent = path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let mut file = match temporary_file(parent) {
        // The directory may be closed to us, and the file open.
        Err(_) if found.is_some() => return std::fs::write(&path, bytes),
        file => file?,
    };
    file.write_all(bytes)?;
    file.flush()?;
    if let Some(found) = found {
        file.as_file().set_permissions(found.permissions())?;
    }
    file.persist(&path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_change_places() {
        let guard = tempfile::tempdir().unwrap();
        let (one, two) = (guard.path().join("one"), guard.path().join("two"));
        std::fs::create_dir(&one).unwrap();
        std::fs::create_dir(&two).unwrap();
        std::fs::write(one.join("a"), "").unwrap();
        exchange(&one, &two).unwrap();
        assert!(two.join("a").is_file() && !one.join("a").exists());
        assert!(exchange(&guard.path().join("none"), &two).is_err());
        assert!(two.join("a").is_file());
    }

    #[test]
    fn a_file_is_replaced_through_its_links() {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap();
        replace_file(&root.join("a"), b"1").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("a", root.join("link")).unwrap();
        replace_file(&root.join("link"), b"2").unwrap();
        assert_eq!(std::fs::read(root.join("a")).unwrap(), b"2");
        assert!(replace_file(&root.join("none/a"), b"3").is_err());
        assert!(replace_file(root, b"3").is_err(), "a directory");
        assert_eq!(std::fs::read_dir(root).unwrap().count(), 2, "nothing is left beside");
    }
}
