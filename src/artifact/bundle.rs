//! Converts an artifact set to a zip with the same bytes on every machine, and back.
//!
//! Names are sorted; dates are 1980-01-01; modes are 0644 and 0755; levels are those that come out as small as `zip -9`,
//! and what deflate makes no smaller is kept as it is. Small files are read and compressed as a whole, large ones a part at a time,
//! as many side by side as there are processors: neither the bounds of parts nor the bytes depend on the machine. The compressed bytes may still change with the
//! compressor's version, so a bundle is identified by [`ArtifactSet::content_hash`].

use super::compression::{
    self, CompressionPool, PART_BYTES, PackedPart, PlainPart, WHOLE_BYTES, WINDOW_BYTES,
};
use super::zip_file::{OpenEntry, ZipEntryFacts, ZipFile, ZipMethod};
use super::{Artifact, ArtifactEntry, ArtifactSet, FileMode, PathError};
use crc32fast::Hasher;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use zip::ZipArchive;

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

/// The set as a zip in memory; [`write()`] needs less of it.
///
/// # Errors
/// As [`write()`].
pub fn zip(set: &ArtifactSet) -> Result<Vec<u8>, BundleError> {
    let mut file = tempfile::tempfile()?;
    write(set.entries(), &mut file)?;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a zip of files to an empty file that is open for reading and writing.
///
/// # Errors
/// A file to copy has changed or cannot be read, the zip cannot be written, or a limit of the format is exceeded.
pub fn write<'a>(
    entries: impl Iterator<Item = (&'a str, ArtifactEntry<'a>)>,
    to: &mut File,
) -> Result<(), BundleError> {
    let entries: Vec<(&str, ArtifactEntry<'_>)> = entries.collect();
    let bytes = entries.iter().map(|(_, entry)| entry.size()).sum();
    std::thread::scope(|scope| {
        let mut pool = compression::start(scope, bytes);
        let mut archive = ArchiveWriter { zip: ZipFile::new(to)?, open: None };
        for part in entries.into_iter().flat_map(|(name, entry)| FileParts::of(name, entry)) {
            let (about, part) = part?;
            while pool.is_full() {
                archive.add_next(&mut pool)?;
            }
            let bytes = part.bytes.len();
            pool.push(about, part, bytes)?;
        }
        while archive.add_next(&mut pool)? {}
        Ok(archive.zip.finish()?)
    })
}

/// Where a part belongs.
#[derive(Debug, Clone, Copy)]
struct PartPlace<'a> {
    name: &'a str,
    entry: ArtifactEntry<'a>,
    last: bool,
}

/// Reads a file part by part.
struct FileParts<'a> {
    name: &'a str,
    entry: ArtifactEntry<'a>,
    reader: Option<Box<dyn Read + 'a>>,
    left: u64,
    /// The end of the part before.
    window: Vec<u8>,
    ended: bool,
}

impl<'a> FileParts<'a> {
    fn of(name: &'a str, entry: ArtifactEntry<'a>) -> Self {
        FileParts { name, entry, reader: None, left: entry.size(), window: Vec::new(), ended: false }
    }

    fn read(&mut self) -> std::io::Result<(PartPlace<'a>, PlainPart)> {
        let mut bytes = std::mem::take(&mut self.window);
        let window = bytes.len();
        let is_whole = self.entry.size() <= WHOLE_BYTES;
        let size = if is_whole { self.left } else { self.left.min(PART_BYTES as u64) };
        self.left -= size;
        let last = self.left == 0;
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.entry.open()?),
        };
        bytes.reserve_exact(usize::try_from(size).unwrap_or_default());
        // The last read goes past the end, where the reader finds out whether the file is the one of the plan.
        let most = if last { u64::MAX } else { size };
        reader.take(most).read_to_end(&mut bytes)?;
        self.ended = last;
        if !last {
            self.window = bytes.get(bytes.len().saturating_sub(WINDOW_BYTES)..).unwrap_or_default().to_vec();
        }
        let place = PartPlace { name: self.name, entry: self.entry, last };
        Ok((place, PlainPart { bytes, window, last }))
    }
}

impl<'a> Iterator for FileParts<'a> {
    type Item = std::io::Result<(PartPlace<'a>, PlainPart)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let part = self.read();
        self.ended |= part.is_err();
        Some(part)
    }
}

/// An entry of several parts.
struct EntryProgress {
    place: OpenEntry,
    crc: Hasher,
    kept: u64,
    plain: u64,
}

/// Puts compressed parts into a zip.
struct ArchiveWriter<'f> {
    zip: ZipFile<'f>,
    open: Option<EntryProgress>,
}

impl ArchiveWriter<'_> {
    /// Adds the next part of a pool; `false` after the last.
    fn add_next(&mut self, pool: &mut CompressionPool<PartPlace<'_>>) -> std::io::Result<bool> {
        let Some((about, packed)) = pool.pop()? else { return Ok(false) };
        self.add(about, packed?)?;
        Ok(true)
    }

    fn add(&mut self, part: PartPlace<'_>, packed: PackedPart) -> std::io::Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None if part.last => return self.add_whole(part, packed),
            None => EntryProgress { place: self.zip.open(part.name)?, crc: Hasher::new(), kept: 0, plain: 0 },
        };
        self.zip.put(&packed.deflated)?;
        open.crc.combine(&packed.crc);
        open.kept += packed.deflated.len() as u64;
        open.plain += packed.plain;
        if !part.last {
            self.open = Some(open);
            return Ok(());
        }
        let facts = ZipEntryFacts {
            method: ZipMethod::Deflated,
            crc: open.crc.finalize(),
            kept: open.kept,
            plain: open.plain,
        };
        self.zip.close(open.place, part.name, part.entry, facts)
    }

    fn add_whole(&mut self, part: PartPlace<'_>, packed: PackedPart) -> std::io::Result<()> {
        let (method, bytes) = match packed.stored {
            Some(plain) => (ZipMethod::Stored, plain),
            None => (ZipMethod::Deflated, packed.deflated),
        };
        let kept = bytes.len() as u64;
        let facts = ZipEntryFacts { method, crc: packed.crc.finalize(), kept, plain: packed.plain };
        self.zip.whole(part.name, part.entry.mode(), facts, &bytes)
    }
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
    use super::super::FileCopy;
    use super::*;
    use sha2::{Digest, Sha256};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

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

    const WHOLE: usize = WHOLE_BYTES as usize;

    /// Whole files and files of several parts, which shrink or do not.
    #[test]
    fn large_files_are_one_entry_each_in_order() {
        let guard = tempfile::tempdir().unwrap();
        let root = camino::Utf8Path::from_path(guard.path()).unwrap();
        let mut set = ArtifactSet::new();
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let contents: Vec<(&str, Vec<u8>)> = vec![
            ("a-text", b"some words that come again\n".repeat(60_000)),
            ("b-noise", std::iter::repeat_with(&mut noise).take(PART_BYTES + 70_000).collect()),
            ("c-one-part", vec![b'x'; PART_BYTES]),
            ("d-whole", b"ab".repeat(WHOLE / 2)),
            ("e-little-noise", std::iter::repeat_with(&mut noise).take(500).collect()),
            ("f-parts", b"one line of many\n".repeat(WHOLE / 17 + 1)),
            ("g-parts-of-noise", std::iter::repeat_with(&mut noise).take(WHOLE + 70_000).collect()),
        ];
        let mut copied = ArtifactSet::new();
        for (name, bytes) in &contents {
            set.file(name, bytes.clone()).unwrap();
            std::fs::write(root.join(name), bytes).unwrap();
            let sha256 = Sha256::digest(bytes).into();
            let size = bytes.len() as u64;
            let copy = FileCopy { mode: FileMode::File, place: root.join(name), size, sha256 };
            copied.copy(name, copy).unwrap();
        }
        let bytes = zip(&set).unwrap();
        assert_eq!(unzip(&bytes).unwrap(), set);
        assert_eq!(zip(&copied).unwrap(), bytes, "from disk or from memory");
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let listed: Vec<(String, bool, u64)> = (0..archive.len())
            .map(|index| {
                let entry = archive.by_index_raw(index).unwrap();
                let stored = entry.compression() == zip::CompressionMethod::Stored;
                (entry.name().unwrap().to_string(), stored, entry.compressed_size())
            })
            .collect();
        let expected = contents.iter().map(|(name, bytes)| {
            let stored = name.contains("noise");
            let found = listed.iter().find(|(listed, ..)| listed == name).map_or(0, |(_, _, size)| *size);
            (name.to_string(), stored, if stored { bytes.len() as u64 } else { found })
        });
        assert_eq!(listed, expected.collect::<Vec<_>>());
        assert!(listed[0].2 < 20_000, "{listed:?}");
        assert!(listed[5].2 < 20_000, "{listed:?}");
        std::fs::write(root.join("c-one-part"), vec![b'y'; PART_BYTES]).unwrap();
        let refused = zip(&copied).unwrap_err().to_string();
        assert!(refused.contains("c-one-part` changed while it was packed"), "{refused}");
    }

    /// More entries than the old end of a zip can count.
    #[test]
    fn more_files_than_two_bytes_count() {
        let mut set = ArtifactSet::new();
        for number in 0..70_000 {
            set.text(&format!("f{number}"), "").unwrap();
        }
        let archive = ZipArchive::new(Cursor::new(zip(&set).unwrap())).unwrap();
        assert_eq!(archive.len(), 70_000);
    }

    #[test]
    fn names_are_utf8_and_what_is_too_long_is_refused() {
        let mut set = ArtifactSet::new();
        set.text("größe/日本.txt", "x").unwrap();
        let bytes = zip(&set).unwrap();
        assert_eq!(unzip(&bytes).unwrap(), set);
        assert_eq!(bytes[6..8], [0, 8], "the flag for UTF-8");
        assert_eq!(zip(&sample()).unwrap()[6..8], [0, 0]);
        let mut long = ArtifactSet::new();
        long.text(&vec!["directory"; 7_000].join("/"), "").unwrap();
        assert!(zip(&long).unwrap_err().to_string().contains("larger than a zip can hold"));
    }

    /// A file that was there is replaced to its end.
    #[test]
    fn nothing_of_an_older_file_is_left() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &[b'x'; 100_000]).unwrap();
        write(sample().entries(), &mut file).unwrap();
        assert_eq!(file.metadata().unwrap().len(), zip(&sample()).unwrap().len() as u64);
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
