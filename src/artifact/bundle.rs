//! Converts an artifact set to a zip with the same bytes on every machine, and back.
//!
//! Names are sorted; dates are 1980-01-01; modes are 0644 and 0755; deflate runs at level 9. Runs of entries are
//! compressed side by side, as many at a time as there are processors, and written in their order: neither their
//! bounds nor the bytes depend on the machine. The compressed bytes may still change with the compressor's version,
//! so a bundle is identified by [`ArtifactSet::content_hash`].

use std::io::{Cursor, Read, Seek, Write};
use std::num::NonZero;

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
    let mut bytes = Cursor::new(Vec::new());
    write(set.iter(), &mut bytes)?;
    Ok(bytes.into_inner())
}

/// Bytes that one processor compresses before the entries are written.
const RUN_BYTES: usize = 4 << 20;

/// Writes a zip of files.
///
/// # Errors
/// As [`zip`]; also if `to` cannot be written.
pub fn write<'a>(
    files: impl Iterator<Item = (&'a str, &'a Artifact)>,
    to: &mut (impl Write + Seek + Read),
) -> Result<(), BundleError> {
    let mut writer = ZipWriter::new(to).set_auto_large_file();
    let mut runs = EntryRuns { files: files.peekable() };
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    loop {
        let side_by_side: Vec<EntryRun<'a>> = runs.by_ref().take(processors).collect();
        if side_by_side.is_empty() {
            break;
        }
        let parts = std::thread::scope(|scope| {
            let started: Vec<_> =
                side_by_side.iter().map(|run| scope.spawn(move || compressed(run))).collect();
            started
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(stopped())))
                .collect::<Vec<_>>()
        });
        for part in parts {
            writer.merge_archive(ZipArchive::new(Cursor::new(part?))?)?;
        }
    }
    writer.finish()?;
    Ok(())
}

fn stopped() -> BundleError {
    BundleError::Io(std::io::Error::other("a thread that compresses stopped"))
}

/// Files that are compressed together.
type EntryRun<'a> = Vec<(&'a str, &'a Artifact)>;

/// Cuts files into runs of about [`RUN_BYTES`].
struct EntryRuns<I: Iterator> {
    files: std::iter::Peekable<I>,
}

impl<'a, I: Iterator<Item = (&'a str, &'a Artifact)>> Iterator for EntryRuns<I> {
    type Item = EntryRun<'a>;

    fn next(&mut self) -> Option<EntryRun<'a>> {
        let mut run = vec![self.files.next()?];
        let mut bytes = run.first().map_or(0, |(_, artifact)| artifact.bytes.len());
        while let Some((_, next)) = self.files.peek() {
            bytes += next.bytes.len();
            if bytes > RUN_BYTES {
                break;
            }
            run.extend(self.files.next());
        }
        Some(run)
    }
}

/// A zip of one run.
fn compressed(run: &EntryRun<'_>) -> Result<Vec<u8>, BundleError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new())).set_auto_large_file();
    for (path, artifact) in run {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default())
            .system(zip::System::Unix)
            .unix_permissions(artifact.mode.bits() & 0o7777);
        if artifact.mode == FileMode::Link {
            writer.add_symlink(*path, String::from_utf8_lossy(&artifact.bytes), options)?;
        } else {
            writer.start_file(*path, options)?;
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

    #[test]
    fn many_runs_are_one_archive_in_order() {
        let mut set = ArtifactSet::new();
        for number in 0..9_u8 {
            let bytes: Vec<u8> = (0..RUN_BYTES / 2 + 7).map(|at| (at % 251) as u8 ^ number).collect();
            set.file(&format!("file-{number}"), bytes).unwrap();
        }
        let bytes = zip(&set).unwrap();
        assert_eq!(unzip(&bytes).unwrap(), set);
        assert_eq!(bytes, zip(&set).unwrap());
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let names: Vec<String> = (0..archive.len())
            .map(|index| archive.by_index(index).unwrap().name().unwrap().to_string())
            .collect();
        assert_eq!(names.first().map(String::as_str), Some("file-0"));
        assert!(names.is_sorted() && names.len() == 9, "{names:?}");
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
