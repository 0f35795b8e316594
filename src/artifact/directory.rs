//! Reads a directory as a list of files, and a file as an artifact.
//!
//! In: a directory. Out: the paths in it, sorted; a file with its mode. Invariant: links are not followed.

use std::io::{self, Read};

use camino::Utf8Path;
use sha2::{Digest, Sha256};

use super::{Artifact, FileMode};

/// No artifact is larger: a source bundle may have 500 MiB.
const LARGEST: u64 = 512 << 20;

/// A file or a link as an artifact. A pipe or a device is refused before it is opened.
pub(super) fn read(path: &Utf8Path) -> io::Result<Artifact> {
    let found = path.symlink_metadata()?;
    if found.is_symlink() {
        let target = path.read_link_utf8()?;
        return Ok(Artifact { mode: FileMode::Link, bytes: target.into_string().into_bytes() });
    }
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mode = if is_executable(&found) { FileMode::Executable } else { FileMode::File };
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than an artifact can be"));
    }
    Ok(Artifact { mode, bytes })
}

/// SHA-256 of the bytes of a file, or of the target of a link.
pub(super) fn sha256(path: &Utf8Path) -> io::Result<[u8; 32]> {
    let found = path.symlink_metadata()?;
    if !found.is_file() {
        return read(path).map(|link| Sha256::digest(&link.bytes).into());
    }
    hash_of(&mut std::fs::File::open(path)?)
}

/// SHA-256 of all bytes of a reader.
pub(super) fn hash_of(from: &mut dyn Read) -> io::Result<[u8; 32]> {
    let (mut hash, mut block) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match from.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(block.get(..read).unwrap_or_default()),
        }
    }
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
