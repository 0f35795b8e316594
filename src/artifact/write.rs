//! Writes an artifact set to a directory, all or nothing.
//!
//! Files are first written to a temporary directory, which replaces the old one once it is complete, in one step
//! if the system has one. A list of the written files, `.tranship`, is one of them: a later run replaces the listed
//! files and refuses to touch a directory that contains anything else. Invariant: a run that is killed leaves the
//! old files or the new ones, never neither, and the next run removes its temporary directory; of two concurrent
//! runs, the later one wins.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::directory;
use super::exchange::exchange;
use super::path::check;
use super::written::{LIST, WrittenFiles, is_temporary, temporary};
use super::{
    Artifact, ArtifactEntry, ArtifactSet, FileCopy, FileMode, PathError, bundle, hex, many_side_by_side,
};

/// Bytes of a file that are looked at at once.
const BLOCK_BYTES: usize = 16 << 10;

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
    /// A name leads out of the directory.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file system error.
    #[error("cannot write `{path}`: {source}")]
    Io {
        /// The path.
        path: Utf8PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl WriteError {
    /// What stands in the way.
    pub fn path(&self) -> Utf8PathBuf {
        match self {
            WriteError::Foreign { directory, file } if directory == "." => file.into(),
            WriteError::Foreign { directory, file } => directory.join(file),
            WriteError::NotADirectory(path) | WriteError::Io { path, .. } => path.clone(),
            WriteError::Path(_) => ".".into(),
        }
    }

    /// The same, with paths as the working directory sees them.
    fn seen_from_here(self) -> Self {
        match self {
            WriteError::Foreign { directory, file } => {
                WriteError::Foreign { directory: seen(&directory), file }
            }
            WriteError::NotADirectory(path) => WriteError::NotADirectory(seen(&path)),
            WriteError::Io { path, source } => WriteError::Io { path: seen(&path), source },
            other => other,
        }
    }
}

/// A path from the working directory, where it is below it.
fn seen(path: &Utf8Path) -> Utf8PathBuf {
    let current = Utf8Path::new(".").canonicalize_utf8().unwrap_or_default();
    match path.strip_prefix(&current).map(Utf8Path::as_str) {
        Ok("") => ".".into(),
        Ok(below) => below.into(),
        Err(_) => path.to_owned(),
    }
}

/// The directory of a name that the manifest gives, below another.
///
/// # Errors
/// The name leads out of it.
pub fn directory_below(directory: &Utf8Path, name: &str) -> Result<Utf8PathBuf, WriteError> {
    check(name)?;
    Ok(directory.join(name))
}

fn io_error(path: &Utf8Path) -> impl FnOnce(io::Error) -> WriteError + '_ {
    |source| WriteError::Io { path: path.to_owned(), source }
}

/// How the files came to their place, so that it can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlacementKind {
    NotYet,
    /// There was no directory before.
    New,
    /// The old directory stands where the new one was written.
    Exchanged,
    /// Each file on its own: no way back.
    OneByOne,
}

/// Files that are written but not yet in place. They are deleted if dropped without being committed.
#[derive(Debug)]
pub struct StagedSet {
    directory: Utf8PathBuf,
    parent: Utf8PathBuf,
    work: WorkDirectory,
    written: WrittenFiles,
    placed: PlacementKind,
}

/// The temporary directory of a run.
#[derive(Debug)]
struct WorkDirectory {
    temporary: TempDir,
    /// Held as long as the temporary directory is in use, so that no other run takes it for a dead one's.
    _in_use: Option<File>,
    /// Whether it is inside the output, which cannot be moved, and not beside it.
    inside: bool,
}

/// Writes a set next to its directory. Stage all sets of a run first, then commit them. `inputs` are files that the
/// run has read: they are never replaced, whatever the list of the directory says.
///
/// # Errors
/// The directory contains foreign files, or the file system fails. Nothing is left behind.
pub fn stage(
    set: &ArtifactSet,
    directory: &Utf8Path,
    inputs: &[Utf8PathBuf],
) -> Result<StagedSet, WriteError> {
    stage_in(set, directory, inputs).map_err(WriteError::seen_from_here)
}

fn stage_in(
    set: &ArtifactSet,
    directory: &Utf8Path,
    inputs: &[Utf8PathBuf],
) -> Result<StagedSet, WriteError> {
    let directory = directory.canonicalize_utf8().unwrap_or_else(|_| directory.to_owned());
    refuse_inputs(&directory, inputs)?;
    let parent = match directory.parent() {
        Some(parent) if parent.as_str().is_empty() => Utf8Path::new("."),
        Some(parent) => parent,
        None => &directory,
    };
    std::fs::create_dir_all(parent).map_err(io_error(parent))?;
    let written = WrittenFiles::named(set);
    let parent = parent.to_owned();
    let work = {
        let _alone = lock(&parent);
        sweep(&parent);
        sweep(&directory);
        let replaces = replaceable(&directory, &written)?;
        prepare(&directory, &parent, replaces)?
    };
    let root = utf8(&work.temporary.path().join("new")).map_err(io_error(&directory))?;
    let written = write_tree(set, written, &root, &directory)?;
    keep_reports(&directory, &root).map_err(io_error(&directory))?;
    Ok(StagedSet { directory, parent, work, written, placed: PlacementKind::NotYet })
}

/// The directory of the reports of deployments, which stay whatever is built.
pub const REPORTS: &str = "deployments";

fn is_report(path: &str) -> bool {
    let name = path.strip_prefix(REPORTS).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.contains('/') && name.ends_with(".md"))
}

/// Copies the reports of deployments beside the new files.
fn keep_reports(old: &Utf8Path, new: &Utf8Path) -> io::Result<()> {
    let Ok(entries) = old.join(REPORTS).read_dir_utf8() else { return Ok(()) };
    for entry in entries.flatten().filter(|entry| is_report(&format!("{REPORTS}/{}", entry.file_name()))) {
        std::fs::create_dir_all(new.join(REPORTS))?;
        std::fs::copy(entry.path(), new.join(REPORTS).join(entry.file_name()))?;
    }
    Ok(())
}

fn utf8(path: &Path) -> io::Result<Utf8PathBuf> {
    let shown = || io::Error::other(format!("{} is not UTF-8", path.display()));
    Utf8PathBuf::from_path_buf(path.to_owned()).map_err(|_| shown())
}

/// A directory that holds the manifest is the project's, not a build's.
fn refuse_inputs(directory: &Utf8Path, inputs: &[Utf8PathBuf]) -> Result<(), WriteError> {
    let canonical = inputs.iter().filter_map(|input| input.canonicalize_utf8().ok());
    let inside = canonical.filter_map(|input| Some(input.strip_prefix(directory).ok()?.to_string())).next();
    match inside {
        Some(file) => Err(WriteError::Foreign { directory: directory.to_owned(), file }),
        None => Ok(()),
    }
}

/// A temporary directory beside the output, or inside it where that cannot be moved.
fn prepare(directory: &Utf8Path, parent: &Utf8Path, replaces: bool) -> Result<WorkDirectory, WriteError> {
    // A volume mounted at `/out` cannot be moved, and its parent may not be writable; a shell whose current
    // directory it is would be left in the old one.
    let mut inside = replaces && (is_mounted(directory, parent) || holds_current(directory));
    let mut made = temporary(if inside { directory } else { parent });
    if made.is_err() && replaces && !inside {
        (inside, made) = (true, temporary(directory));
    }
    let temporary = made.map_err(io_error(if inside { directory } else { parent }))?;
    let in_use = File::open(temporary.path()).ok().filter(|opened| opened.try_lock().is_ok());
    Ok(WorkDirectory { temporary, _in_use: in_use, inside })
}

/// Keeps other runs from the directories in a directory until it is dropped. Where the file system has no locks,
/// nothing is kept: a race is then as likely as it always was.
fn lock(parent: &Utf8Path) -> Option<File> {
    let opened = File::open(parent).ok()?;
    opened.lock().ok().map(|()| opened)
}

/// Removes the temporary directories of runs that were killed: nobody holds their lock any more.
fn sweep(directory: &Utf8Path) {
    let Ok(entries) = directory.read_dir_utf8() else { return };
    for entry in entries.flatten().filter(|entry| is_debris(entry.path())) {
        let opened = File::open(entry.path());
        if opened.is_ok_and(|opened| opened.try_lock().is_ok()) {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a run made this directory to work in: by its name, and by what it holds.
fn is_debris(path: &Utf8Path) -> bool {
    let own = |name: &str| matches!(name, "new" | "old" | LIST);
    path.file_name().is_some_and(is_temporary)
        && path.symlink_metadata().is_ok_and(|found| found.is_dir())
        && path
            .read_dir_utf8()
            .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| own(entry.file_name()))))
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

/// Whether the process stands in the directory or below it.
fn holds_current(directory: &Utf8Path) -> bool {
    let current = Utf8Path::new(".").canonicalize_utf8();
    current.is_ok_and(|current| {
        directory.canonicalize_utf8().is_ok_and(|directory| current.starts_with(directory))
    })
}

/// Whether there is a directory to replace; an error if it must not be replaced.
fn replaceable(directory: &Utf8Path, written: &WrittenFiles) -> Result<bool, WriteError> {
    match directory.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_error(directory)(error)),
        Ok(found) if !found.is_dir() => return Err(WriteError::NotADirectory(directory.to_owned())),
        Ok(_) => {}
    }
    let listed = listed(directory)?;
    let paths = directory::paths(directory).map_err(io_error(directory))?;
    let foreign = |path: &String| !is_report(path) && is_foreign(directory, path, &listed, written);
    match paths.into_iter().find(foreign) {
        Some(file) => Err(WriteError::Foreign { directory: directory.to_owned(), file }),
        None => Ok(true),
    }
}

/// Whether a file must stay: no run wrote it. One that is written again may have been changed since; one that would
/// go is only gone if it still is what a run wrote.
fn is_foreign(directory: &Utf8Path, path: &str, listed: &WrittenFiles, written: &WrittenFiles) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    if path == LIST || is_debris(&directory.join(first)) {
        return false;
    }
    let as_written = || {
        let hash = directory::sha256(&directory.join(path));
        hash.is_ok_and(|hash| listed.wrote_hash(path, &hash))
    };
    !listed.names(path) || !(written.names(path) || as_written())
}

/// The paths that an earlier run wrote.
fn listed(directory: &Utf8Path) -> Result<WrittenFiles, WriteError> {
    let path = directory.join(LIST);
    match directory::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(WrittenFiles::default()),
        Err(error) => Err(io_error(&path)(error)),
        Ok(list) if list.mode == FileMode::Link => {
            Err(WriteError::Foreign { directory: directory.to_owned(), file: LIST.to_owned() })
        }
        Ok(list) => Ok(WrittenFiles::parse(&String::from_utf8_lossy(&list.bytes))),
    }
}

/// Writes files and archives side by side, and last the list of them with their hashes, which it returns. `old` is the directory
/// that has what an earlier run wrote.
fn write_tree(
    set: &ArtifactSet,
    mut written: WrittenFiles,
    root: &Utf8Path,
    old: &Utf8Path,
) -> Result<WrittenFiles, WriteError> {
    make_directory(root)?;
    for path in set.entries().map(|(path, _)| path).chain(set.archives().map(|(path, _)| path)) {
        make_parents(path, root)?;
    }
    let (files, archives) = std::thread::scope(|scope| {
        // An archive reads each file again: what is copied meanwhile is in the system's cache for both.
        let files = scope.spawn(|| write_entries(set, root, old));
        let archives: Result<Vec<String>, WriteError> = set
            .archives()
            .map(|(path, directory)| {
                let target = root.join(path);
                write_archive(&target, set, directory).map_err(io_error(&target))
            })
            .collect();
        let stopped = |_| Err(io_error(root)(io::Error::other("the thread that writes files stopped")));
        (files.join().unwrap_or_else(stopped), archives)
    });
    let paths = set.entries().map(|(path, _)| path).chain(set.archives().map(|(path, _)| path));
    for (path, hash) in paths.zip(files?.into_iter().chain(archives?)) {
        written.add(path, &hash);
    }
    let target = root.join(LIST);
    write_file(&target, FileMode::File, written.text().as_bytes()).map_err(io_error(&target))?;
    Ok(written)
}

/// Writes every file; returns the SHA-256 of each.
fn write_entries(set: &ArtifactSet, root: &Utf8Path, old: &Utf8Path) -> Result<Vec<String>, WriteError> {
    let write = |(path, entry): (&str, ArtifactEntry<'_>)| {
        let target = root.join(path);
        match entry {
            ArtifactEntry::Made(artifact) if take_over(&old.join(path), &target, artifact) => Ok(()),
            ArtifactEntry::Made(artifact) => write_file(&target, artifact.mode, &artifact.bytes),
            ArtifactEntry::Copied(copy) => write_copy(&target, copy),
        }
        .map_err(io_error(&target))?;
        Ok(entry.sha256())
    };
    many_side_by_side(set.entries().collect(), write).into_iter().collect()
}

fn make_parents(path: &str, root: &Utf8Path) -> Result<(), WriteError> {
    let mut directory = root.to_owned();
    for step in path.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev() {
        directory.push(step);
        if !directory.exists() {
            make_directory(&directory)?;
        }
    }
    Ok(())
}

/// Writes an archive; returns the SHA-256 of its bytes.
fn write_archive(path: &Utf8Path, set: &ArtifactSet, directory: &str) -> io::Result<String> {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    bundle::write(set.entries_below(directory), &mut file).map_err(io::Error::other)?;
    set_mode(path, FileMode::File.bits() & 0o7777)?;
    file.rewind()?;
    directory::hash_of(&mut file).map(|hash| hex(&hash))
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

/// Gives a file of an earlier run that has the same bytes and the same mode a second name: of a thousand stacks most are the same
/// after a change, and a file takes longer to make than to read. Whether it was taken over; what cannot be is written.
fn take_over(old: &Utf8Path, new: &Utf8Path, artifact: &Artifact) -> bool {
    let found = old.symlink_metadata();
    let alike = |found: &Metadata| {
        found.is_file() && found.len() == artifact.bytes.len() as u64 && is_own(found, artifact.mode)
    };
    found.is_ok_and(|found| alike(&found))
        && holds(old, &artifact.bytes).unwrap_or(false)
        && std::fs::hard_link(old, new).is_ok()
}

/// Whether a file has these bytes and no more.
fn holds(path: &Utf8Path, bytes: &[u8]) -> io::Result<bool> {
    let (mut file, mut block, mut rest) = (File::open(path)?, [0; BLOCK_BYTES], bytes);
    loop {
        let length = file.read(&mut block)?;
        let read = block.get(..length).unwrap_or_default();
        match (rest.strip_prefix(read), read.is_empty()) {
            (Some(left), true) => return Ok(left.is_empty()),
            (Some(left), false) => rest = left,
            (None, _) => return Ok(false),
        }
    }
}

fn write_copy(path: &Utf8Path, copy: &FileCopy) -> io::Result<()> {
    io::copy(&mut copy.open()?, &mut File::create_new(path)?)?;
    set_mode(path, copy.mode.bits() & 0o7777)
}

/// Sets the mode regardless of the umask, so that the same compile gives the same tree.
#[cfg(unix)]
fn set_mode(path: &Utf8Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Whether a file has this mode, and no other name: through that, what happens elsewhere would happen to it.
#[cfg(unix)]
fn is_own(found: &Metadata, mode: FileMode) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.mode() & 0o7777 == mode.bits() & 0o7777 && found.nlink() == 1
}

/// Other systems do not say how many names a file has, so each is written.
#[cfg(not(unix))]
fn is_own(_: &Metadata, _: FileMode) -> bool {
    false
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

/// Puts the files of several directories in their place.
///
/// # Errors
/// The file system refuses one; then all directories are as they were.
pub fn commit(staged: Vec<StagedSet>) -> Result<(), WriteError> {
    let mut done: Vec<StagedSet> = Vec::new();
    for mut one in staged {
        if let Err(error) = one.put() {
            done.iter().rev().for_each(StagedSet::take_back);
            return Err(error.seen_from_here());
        }
        done.push(one);
    }
    Ok(())
}

impl StagedSet {
    /// Moves the files into place.
    ///
    /// # Errors
    /// A file system error; the directory is then unchanged.
    pub fn commit(self) -> Result<(), WriteError> {
        commit(vec![self])
    }

    fn new_files(&self) -> std::path::PathBuf {
        self.work.temporary.path().join("new")
    }

    fn put(&mut self) -> Result<(), WriteError> {
        let _alone = lock(&self.parent);
        // Another run may have come first since this one looked.
        let replaces = replaceable(&self.directory, &self.written)?;
        if self.work.inside {
            self.placed = PlacementKind::OneByOne;
            return self.move_in();
        }
        let new = self.new_files();
        if !replaces {
            std::fs::rename(&new, &self.directory).map_err(io_error(&self.directory))?;
            self.placed = PlacementKind::New;
            return Ok(());
        }
        if exchange(&new, self.directory.as_std_path()).is_err() {
            self.placed = PlacementKind::OneByOne;
            return self.move_in();
        }
        self.placed = PlacementKind::Exchanged;
        Ok(())
    }

    /// Puts the old files back, as far as that goes: what stands in their way is our own.
    fn take_back(&self) {
        let _alone = lock(&self.parent);
        let _ = match self.placed {
            PlacementKind::New => std::fs::rename(&self.directory, self.new_files()),
            PlacementKind::Exchanged => exchange(&self.new_files(), self.directory.as_std_path()),
            PlacementKind::NotYet | PlacementKind::OneByOne => Ok(()),
        };
    }

    /// Replaces the files one by one. The list names old and new ones until all are there, so that a run which is
    /// killed on the way leaves nothing that a later one takes for another's.
    fn move_in(&self) -> Result<(), WriteError> {
        let old = listed(&self.directory)?;
        self.write_list(&old.clone().and(&self.written))?;
        let stale: Vec<&str> = old.paths().filter(|path| !self.written.names(path)).collect();
        // A file may stand where a directory is needed, and the other way round.
        for path in stale.iter().filter(|path| self.written.paths().any(|new| is_in_the_way(path, new))) {
            self.remove(path)?;
        }
        for path in self.written.paths() {
            let target = self.directory.join(path);
            let parent = target.parent().unwrap_or(&self.directory);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::rename(self.new_files().join(path), &target))
                .map_err(io_error(&target))?;
        }
        stale.iter().try_for_each(|path| self.remove(path))?;
        self.write_list(&self.written)
    }

    fn write_list(&self, list: &WrittenFiles) -> Result<(), WriteError> {
        let (beside, target) = (self.work.temporary.path().join(LIST), self.directory.join(LIST));
        std::fs::write(&beside, list.text())
            .and_then(|()| set_mode(Utf8Path::from_path(&beside).unwrap_or(&target), 0o644))
            .and_then(|()| std::fs::rename(&beside, &target))
            .map_err(io_error(&target))
    }

    /// Removes a file, and the directories that are empty without it.
    fn remove(&self, path: &str) -> Result<(), WriteError> {
        let target = self.directory.join(path);
        match std::fs::remove_file(&target) {
            // A new file may already stand where its directory was.
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(io_error(&target)(error));
            }
            _ => {}
        }
        let above = Utf8Path::new(path).ancestors().skip(1).filter(|above| !above.as_str().is_empty());
        let _ = above.map(|above| std::fs::remove_dir(self.directory.join(above))).find(Result::is_err);
        Ok(())
    }
}

/// Whether one of two paths needs a directory where the other is a file.
fn is_in_the_way(old: &str, new: &str) -> bool {
    let below = |path: &str, above: &str| path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
    below(old, new) || below(new, old)
}

#[cfg(test)]
mod tests;
