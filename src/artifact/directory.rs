//! Reads a directory as a list of files, and a file as an artifact.
//!
//! In: a directory. Out: the paths in it, sorted; a file with its mode. Invariant: links are not followed.

use std::io;

use camino::Utf8Path;

use super::{Artifact, FileMode};

/// A file or a link as an artifact.
pub(super) fn read(path: &Utf8Path) -> io::Result<Artifact> {
    let found = path.symlink_metadata()?;
    if found.is_symlink() {
        let target = path.read_link_utf8()?;
        return Ok(Artifact { mode: FileMode::Link, bytes: target.into_string().into_bytes() });
    }
    let mode = if is_executable(&found) { FileMode::Executable } else { FileMode::File };
    Ok(Artifact { mode, bytes: std::fs::read(path)? })
}

#[cfg(unix)]
fn is_executable(found: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

/// Every file and link in a directory, sorted; links are not followed. A missing directory is empty.
pub(super) fn paths(directory: &Utf8Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(below) = waiting.pop() {
        let entries = match directory.join(&below).read_dir_utf8() {
            Err(error) if error.kind() == io::ErrorKind::NotFound && below.is_empty() => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = if below.is_empty() {
                entry.file_name().to_owned()
            } else {
                format!("{below}/{}", entry.file_name())
            };
            if entry.file_type()?.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort_unstable();
    Ok(found)
}
