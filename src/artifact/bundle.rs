//! Converts an artifact set to a zip with the same bytes on every machine, and back.
//!
//! Names are sorted; dates are 1980-01-01; modes are 0644 and 0755; deflate runs at level 9. Entries are written
//! one after the other, because the `zip` crate's parallel writer writes them in the order they finish. The
//! compressed bytes may still change with the compressor's version, so a bundle is identified by
//! [`ArtifactSet::content_hash`].

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::{Artifact, ArtifactSet, FileMode, PathError};

/// An error while writing or reading a zip.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The archive itself.
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
    /// The bytes of an entry.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The path of an entry.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// The set as a zip.
///
/// # Errors
/// A file or a name exceeds the limits of the format.
pub fn zip(set: &ArtifactSet) -> Result<Vec<u8>, BundleError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new())).set_auto_large_file();
    for (path, artifact) in set.iter() {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default())
            .system(zip::System::Unix)
            .unix_permissions(artifact.mode.bits() & 0o7777);
        if artifact.mode == FileMode::Link {
            writer.add_symlink(path, String::from_utf8_lossy(&artifact.bytes), options)?;
        } else {
            writer.start_file(path, options)?;
            writer.write_all(&artifact.bytes)?;
        }
    }
    Ok(writer.finish()?.into_inner())
}

/// The files of a zip.
///
/// # Errors
/// The bytes are not a zip, or a path in it escapes the archive.
pub fn unzip(bytes: &[u8]) -> Result<ArtifactSet, BundleError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut set = ArtifactSet::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let mode = match entry.unix_mode() {
            _ if entry.is_symlink() => FileMode::Link,
            Some(bits) if bits & 0o111 != 0 => FileMode::Executable,
            _ => FileMode::File,
        };
        set.add(&entry.name()?, Artifact { mode, bytes })?;
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ArtifactSet {
        let mut set = ArtifactSet::new();
        set.text("Dockerrun.aws.json", "{}\n".repeat(1_000)).unwrap();
        set.executable(".platform/hooks/predeploy/01.sh", "#!/bin/sh\n").unwrap();
        set.file("empty", Vec::new()).unwrap();
        set.link("current", "Dockerrun.aws.json").unwrap();
        set
    }

    #[test]
    fn what_goes_in_comes_out() {
        let bytes = zip(&sample()).unwrap();
        assert_eq!(unzip(&bytes).unwrap(), sample());
        assert_eq!(bytes, zip(&sample()).unwrap());
        assert!(bytes.len() < 1_000, "{}", bytes.len());
    }

    /// Bytes 10 to 13 of every local header are time and date: midnight on 1980-01-01.
    #[test]
    fn no_clock_in_the_headers() {
        let bytes = zip(&sample()).unwrap();
        let headers: Vec<&[u8]> = bytes.windows(14).filter(|run| run.starts_with(b"PK\x03\x04")).collect();
        assert_eq!(headers.len(), 4);
        assert!(headers.iter().all(|header| header[10..] == [0, 0, 0x21, 0]));
    }

    #[test]
    fn central_directory_says_unix_and_the_modes() {
        let bytes = zip(&sample()).unwrap();
        let entries: Vec<(u8, u32)> = bytes
            .windows(46)
            .filter(|run| run.starts_with(b"PK\x01\x02"))
            .map(|run| (run[5], u32::from_le_bytes([run[38], run[39], run[40], run[41]]) >> 16))
            .collect();
        assert_eq!(entries, [(3, 0o100_755), (3, 0o100_644), (3, 0o120_777), (3, 0o100_644)]);
    }

    #[test]
    fn a_path_that_leaves_the_archive_is_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("../evil", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert!(matches!(unzip(&bytes), Err(BundleError::Path(PathError::Outside(_)))));
        assert!(matches!(unzip(b"no zip"), Err(BundleError::Zip(_))));
    }
}
