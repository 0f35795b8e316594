//! Writes an artifact set to a directory, all or nothing.
//!
//! Files are first written to a temporary directory, which replaces the old one once it is complete.
//! A list of the written files, `.tranship` (in `sha256sum` format), is one of them: a later run
//! replaces the listed files and refuses to touch a directory that contains anything else.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::directory;
use super::{ArtifactSet, FileMode};

/// The list of written files, stored with them.
pub(super) const LIST: &str = ".tranship";

/// The prefix of temporary directories.
const TEMPORARY: &str = ".tranship-";

/// Why a directory was not written. Its content is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The directory contains a file that no compile wrote.
    #[error("`{directory}` contains `{file}`, which Tranship did not write; nothing was written")]
    Foreign {
        /// The output directory.
        directory: Utf8PathBuf,
        /// The first such file, relative to it.
        file: String,
    },
    /// The path is not a directory.
    #[error("`{0}` is not a directory; nothing was written")]
    NotADirectory(Utf8PathBuf),
    /// A file system error.
    #[error("cannot write `{path}`: {source}")]
    Io {
        /// The path.
        path: Utf8PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

fn io_error(path: &Utf8Path) -> impl FnOnce(io::Error) -> WriteError + '_ {
    |source| WriteError::Io { path: path.to_owned(), source }
}

/// Files that are written but not yet in place. They are deleted if dropped without [`StagedSet::commit`].
#[derive(Debug)]
pub struct StagedSet {
    directory: Utf8PathBuf,
    temporary: TempDir,
    paths: Vec<String>,
    replaces: bool,
}

/// Writes a set next to its directory. Stage all sets of a run first, then commit them.
///
/// # Errors
/// The directory contains foreign files, or the file system fails. Nothing is left behind.
pub fn stage(set: &ArtifactSet, directory: &Utf8Path) -> Result<StagedSet, WriteError> {
    let directory = directory.canonicalize_utf8().unwrap_or_else(|_| directory.to_owned());
    let replaces = replaceable(&directory)?;
    let parent = match directory.parent() {
        Some(parent) if parent.as_str().is_empty() => Utf8Path::new("."),
        Some(parent) => parent,
        None => &directory,
    };
    std::fs::create_dir_all(parent).map_err(io_error(parent))?;
    // A volume mounted at `/out` cannot be moved, and its parent may not be writable: work inside it.
    let inside = replaces && is_mounted(&directory, parent);
    let temporary = match temporary(if inside { &directory } else { parent }) {
        Err(_) if replaces => temporary(&directory),
        made => made,
    };
    let temporary = temporary.map_err(io_error(parent))?;
    let root = Utf8PathBuf::from_path_buf(temporary.path().join("new"))
        .map_err(|path| io_error(&directory)(io::Error::other(format!("{} is not UTF-8", path.display()))))?;
    write_tree(set, &root)?;
    let paths = set.iter().map(|(path, _)| path.to_owned()).chain([LIST.to_owned()]).collect();
    Ok(StagedSet { directory, temporary, paths, replaces })
}

/// Whether a directory is on a different file system than its parent.
#[cfg(unix)]
fn is_mounted(directory: &Utf8Path, parent: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Utf8Path| path.metadata().map(|found| found.dev()).ok();
    device(directory) != device(parent)
}

#[cfg(not(unix))]
fn is_mounted(_: &Utf8Path, _: &Utf8Path) -> bool {
    false
}

fn temporary(parent: &Utf8Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(parent)
}

/// Whether there is a directory to replace; an error if it must not be replaced.
fn replaceable(directory: &Utf8Path) -> Result<bool, WriteError> {
    match directory.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_error(directory)(error)),
        Ok(found) if !found.is_dir() => return Err(WriteError::NotADirectory(directory.to_owned())),
        Ok(_) => {}
    }
    let listed = listed(directory)?;
    let paths = directory::paths(directory).map_err(io_error(directory))?;
    // Leftovers of a run that was killed are ours too.
    let foreign = |path: &String| !listed.contains(path) && !path.starts_with(TEMPORARY);
    match paths.into_iter().find(foreign) {
        Some(file) => Err(WriteError::Foreign { directory: directory.to_owned(), file }),
        None => Ok(true),
    }
}

/// The paths that an earlier run wrote, including the list itself.
fn listed(directory: &Utf8Path) -> Result<BTreeSet<String>, WriteError> {
    let path = directory.join(LIST);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(io_error(&path)(error)),
        Ok(text) => {
            let paths = text.lines().filter_map(|line| line.split_once("  "));
            Ok(paths.map(|(_, path)| path.to_owned()).chain([LIST.to_owned()]).collect())
        }
    }
}

fn write_tree(set: &ArtifactSet, root: &Utf8Path) -> Result<(), WriteError> {
    make_directory(root)?;
    for (path, artifact) in set.iter() {
        let mut directory = root.to_owned();
        for step in path.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev() {
            directory.push(step);
            if !directory.exists() {
                make_directory(&directory)?;
            }
        }
        let target = root.join(path);
        write_file(&target, artifact.mode, &artifact.bytes).map_err(io_error(&target))?;
    }
    let list: String =
        set.iter().map(|(path, artifact)| format!("{}  {path}\n", artifact.sha256())).collect();
    let target = root.join(LIST);
    write_file(&target, FileMode::File, list.as_bytes()).map_err(io_error(&target))
}

fn make_directory(path: &Utf8Path) -> Result<(), WriteError> {
    std::fs::create_dir(path).and_then(|()| set_mode(path, 0o755)).map_err(io_error(path))
}

fn write_file(path: &Utf8Path, mode: FileMode, bytes: &[u8]) -> io::Result<()> {
    if mode == FileMode::Link {
        return link(&String::from_utf8_lossy(bytes), path);
    }
    std::fs::write(path, bytes)?;
    set_mode(path, mode.bits() & 0o7777)
}

/// Sets the mode regardless of the umask, so that the same compile gives the same tree.
#[cfg(unix)]
fn set_mode(path: &Utf8Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Utf8Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, path: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(target: &str, path: &Utf8Path) -> io::Result<()> {
    std::fs::write(path, target)
}

impl StagedSet {
    /// Moves the files into place.
    ///
    /// # Errors
    /// A file system error; the directory is then unchanged.
    pub fn commit(self) -> Result<(), WriteError> {
        let new = self.temporary.path().join("new");
        let old = self.temporary.path().join("old");
        if !self.replaces {
            return std::fs::rename(&new, &self.directory).map_err(io_error(&self.directory));
        }
        if std::fs::rename(&self.directory, &old).is_err() {
            // A mount point cannot be moved: replace its files one by one.
            return self.move_in(&new);
        }
        let Err(error) = std::fs::rename(&new, &self.directory) else { return Ok(()) };
        if std::fs::rename(&old, &self.directory).is_err() {
            // Keeping the old files matters more than a tidy directory.
            let _ = self.temporary.keep();
        }
        Err(io_error(&self.directory)(error))
    }

    fn move_in(&self, new: &std::path::Path) -> Result<(), WriteError> {
        let stale = listed(&self.directory)?;
        for path in &self.paths {
            let target = self.directory.join(path);
            let parent = target.parent().unwrap_or(&self.directory);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::rename(new.join(path), &target))
                .map_err(io_error(&target))?;
        }
        for path in stale.iter().filter(|path| !self.paths.contains(path)) {
            let target = self.directory.join(path);
            match std::fs::remove_file(&target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(&target)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(files: &[(&str, &str)]) -> ArtifactSet {
        let mut set = ArtifactSet::new();
        for (path, text) in files {
            set.text(path, *text).unwrap();
        }
        set
    }

    fn place() -> (TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        (temporary, root)
    }

    fn write(set: &ArtifactSet, directory: &Utf8Path) -> Result<(), WriteError> {
        stage(set, directory)?.commit()
    }

    #[test]
    fn creates_replaces_and_leaves_nothing_beside() {
        let (_guard, root) = place();
        let out = root.join("dist/prod");
        write(&set(&[("a", "1"), ("d/b", "2"), ("e/f/g", "3")]), &out).unwrap();
        write(&set(&[("a", "4"), ("d", "5")]), &out).unwrap();
        assert_eq!(directory::paths(&out).unwrap(), [".tranship", "a", "d"]);
        assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "4");
        assert_eq!(directory::paths(&root).unwrap(), ["dist/prod/.tranship", "dist/prod/a", "dist/prod/d"]);
        let list = std::fs::read_to_string(out.join(LIST)).unwrap();
        assert!(
            list.starts_with("4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a  a\n"),
            "{list}"
        );
    }

    #[test]
    fn foreign_files_are_never_touched() {
        let (_guard, root) = place();
        let out = root.join("out");
        std::fs::create_dir(&out).unwrap();
        write(&set(&[("a", "1")]), &out).unwrap();
        std::fs::write(out.join("notes.txt"), "mine").unwrap();
        let error = write(&set(&[("a", "2")]), &out).unwrap_err();
        assert!(matches!(&error, WriteError::Foreign { file, .. } if file == "notes.txt"), "{error}");
        assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "1");
        let file = root.join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(write(&set(&[("a", "2")]), &file), Err(WriteError::NotADirectory(_))));
        assert_eq!(directory::paths(&root).unwrap(), ["file", "out/.tranship", "out/a", "out/notes.txt"]);
    }

    #[test]
    fn what_a_killed_run_left_is_in_nobodys_way() {
        let (_guard, root) = place();
        let out = root.join("out");
        std::fs::create_dir_all(out.join(".tranship-x1y2/new")).unwrap();
        std::fs::write(out.join(".tranship-x1y2/new/a"), "half").unwrap();
        write(&set(&[("a", "1")]), &out).unwrap();
        assert_eq!(directory::paths(&out).unwrap(), [".tranship", "a"]);
    }

    #[test]
    fn staged_and_dropped_is_as_if_never_run() {
        let (_guard, root) = place();
        drop(stage(&set(&[("a", "1")]), &root.join("out")).unwrap());
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
    }

    #[test]
    fn files_move_one_by_one_where_the_directory_cannot() {
        let (_guard, root) = place();
        let out = root.join("out");
        write(&set(&[("a", "1"), ("d/b", "2")]), &out).unwrap();
        let staged = stage(&set(&[("a", "3"), ("c/x", "4")]), &out).unwrap();
        staged.move_in(&staged.temporary.path().join("new")).unwrap();
        assert_eq!(directory::paths(&out).unwrap(), [".tranship", "a", "c/x"]);
        assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "3");
    }

    #[cfg(unix)]
    #[test]
    fn modes_do_not_depend_on_the_umask() {
        use std::os::unix::fs::PermissionsExt;
        let (_guard, root) = place();
        let mut set = set(&[("d/a", "1")]);
        set.executable("x.sh", "#!/bin/sh\n").unwrap();
        set.link("l", "d/a").unwrap();
        let out = root.join("out");
        write(&set, &out).unwrap();
        let mode = |path: &str| out.join(path).symlink_metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!([mode(""), mode("d"), mode("d/a"), mode("x.sh")], [0o755, 0o755, 0o644, 0o755]);
        assert_eq!(std::fs::read_link(out.join("l")).unwrap().to_str(), Some("d/a"));
        write(&set, &out).unwrap();
    }
}
