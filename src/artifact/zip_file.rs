//! The file format of a zip: local headers, the central directory, its end.
//!
//! In: entries that are already compressed, in their order. Out: a file. Invariant: nothing in it depends on the machine:
//! no clock, no owner, no extra fields. Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.

use super::{ArtifactEntry, FileMode};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

/// 1980-01-01, the first day that a zip can say; its midnight is 0.
const DATE: u16 = 0x21;
/// What a reader must know: deflate.
const VERSION_NEEDED: u16 = 20;
/// Unix, whose modes are in the upper half of the external attributes.
const MADE_BY: u16 = 3 << 8 | VERSION_NEEDED;
/// The name is UTF-8.
const UTF8_FLAG: u16 = 1 << 11;

/// How the bytes of an entry are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZipMethod {
    /// As they are.
    Stored,
    /// Deflated.
    Deflated,
}

impl ZipMethod {
    fn number(self) -> u16 {
        match self {
            ZipMethod::Stored => 0,
            ZipMethod::Deflated => 8,
        }
    }
}

/// What a header says of an entry's bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ZipEntryFacts {
    /// How they are kept.
    pub(super) method: ZipMethod,
    /// CRC-32 of the plain bytes.
    pub(super) crc: u32,
    /// Kept bytes.
    pub(super) kept: u64,
    /// Plain bytes.
    pub(super) plain: u64,
}

/// A zip that is being written.
#[derive(Debug)]
pub(super) struct ZipFile<'f> {
    to: BufWriter<&'f mut File>,
    at: u64,
    entries: u64,
    directory: Vec<u8>,
}

/// The place of an entry whose bytes are being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenEntry {
    start: u64,
}

impl<'f> ZipFile<'f> {
    /// An empty zip at the start of a file.
    pub(super) fn new(file: &'f mut File) -> io::Result<Self> {
        file.rewind()?;
        let to = BufWriter::with_capacity(1 << 18, file);
        Ok(ZipFile { to, at: 0, entries: 0, directory: Vec::new() })
    }

    /// Adds an entry whose bytes are all there.
    pub(super) fn whole(
        &mut self,
        name: &str,
        mode: FileMode,
        facts: ZipEntryFacts,
        bytes: &[u8],
    ) -> io::Result<()> {
        let start = self.at;
        let header = local_header(name, facts)?;
        self.put(&header)?;
        self.put(bytes)?;
        self.list(name, mode, facts, start)
    }

    /// Starts an entry; its header is completed by [`ZipFile::close`].
    pub(super) fn open(&mut self, name: &str) -> io::Result<OpenEntry> {
        let start = self.at;
        let unknown = ZipEntryFacts { method: ZipMethod::Deflated, crc: 0, kept: 0, plain: 0 };
        self.put(&local_header(name, unknown)?)?;
        Ok(OpenEntry { start })
    }

    /// Adds bytes to the entry that was opened last.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.to.write_all(bytes)
    }

    /// Ends an entry. What deflate did not shrink is written again as it is.
    pub(super) fn close(
        &mut self,
        opened: OpenEntry,
        name: &str,
        entry: ArtifactEntry<'_>,
        facts: ZipEntryFacts,
    ) -> io::Result<()> {
        if facts.kept >= facts.plain {
            return self.store(opened, name, entry, facts);
        }
        self.to.seek(SeekFrom::Start(opened.start))?;
        self.to.write_all(&local_header(name, facts)?)?;
        self.to.seek(SeekFrom::Start(self.at))?;
        self.list(name, entry.mode(), facts, opened.start)
    }

    fn store(
        &mut self,
        opened: OpenEntry,
        name: &str,
        entry: ArtifactEntry<'_>,
        facts: ZipEntryFacts,
    ) -> io::Result<()> {
        let facts = ZipEntryFacts { method: ZipMethod::Stored, kept: facts.plain, ..facts };
        self.to.seek(SeekFrom::Start(opened.start))?;
        self.to.get_mut().set_len(opened.start)?;
        self.at = opened.start;
        self.put(&local_header(name, facts)?)?;
        self.at += io::copy(&mut entry.open()?, &mut self.to)?;
        self.list(name, entry.mode(), facts, opened.start)
    }

    /// Adds an entry to the central directory.
    fn list(&mut self, name: &str, mode: FileMode, facts: ZipEntryFacts, start: u64) -> io::Result<()> {
        self.entries += 1;
        let directory = &mut self.directory;
        directory.extend(b"PK\x01\x02");
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(common(name, facts)?);
        // No comment, on the first disk, no internal attributes.
        directory.extend([0; 6]);
        directory.extend((mode.bits() << 16).to_le_bytes());
        directory.extend(small(start)?.to_le_bytes());
        directory.extend(name.as_bytes());
        Ok(())
    }

    /// Writes the central directory and its end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let (start, directory) = (self.at, std::mem::take(&mut self.directory));
        self.put(&directory)?;
        let (size, entries) = (directory.len() as u64, self.entries);
        if u16::try_from(entries).map_or(true, |entries| entries == u16::MAX) {
            let end = self.at;
            self.put(&long_end(entries, size, start))?;
            self.put(b"PK\x06\x07\0\0\0\0")?;
            self.put(&end.to_le_bytes())?;
            self.put(&1_u32.to_le_bytes())?;
        }
        let entries = u16::try_from(entries).unwrap_or(u16::MAX).to_le_bytes();
        self.put(b"PK\x05\x06\0\0\0\0")?;
        self.put(&entries)?;
        self.put(&entries)?;
        self.put(&small(size)?.to_le_bytes())?;
        self.put(&small(start)?.to_le_bytes())?;
        self.put(&[0, 0])?;
        let at = self.at;
        self.to.flush()?;
        self.to.get_mut().set_len(at)
    }
}

/// The end of a directory with more entries than two bytes can count (zip64).
fn long_end(entries: u64, size: u64, start: u64) -> Vec<u8> {
    /// Bytes after the first twelve.
    const REST: u64 = 44;
    let mut end = b"PK\x06\x06".to_vec();
    end.extend(REST.to_le_bytes());
    end.extend(MADE_BY.to_le_bytes());
    end.extend(45_u16.to_le_bytes());
    end.extend([0; 8]);
    for number in [entries, entries, size, start] {
        end.extend(number.to_le_bytes());
    }
    end
}

fn local_header(name: &str, facts: ZipEntryFacts) -> io::Result<Vec<u8>> {
    let mut header = b"PK\x03\x04".to_vec();
    header.extend(common(name, facts)?);
    header.extend(name.as_bytes());
    Ok(header)
}

/// What the two headers of an entry have in common, from the version to the length of the extra fields.
fn common(name: &str, facts: ZipEntryFacts) -> io::Result<Vec<u8>> {
    let length = u16::try_from(name.len()).map_err(|_| too_large("the name of a file"))?;
    let flags = if name.is_ascii() { 0 } else { UTF8_FLAG };
    let mut bytes = Vec::with_capacity(26);
    for short in [VERSION_NEEDED, flags, facts.method.number(), 0, DATE] {
        bytes.extend(short.to_le_bytes());
    }
    for long in [facts.crc, small(facts.kept)?, small(facts.plain)?] {
        bytes.extend(long.to_le_bytes());
    }
    bytes.extend(length.to_le_bytes());
    bytes.extend([0, 0]);
    Ok(bytes)
}

/// A size or place that four bytes can say; a source bundle has at most 500 MB.
fn small(number: u64) -> io::Result<u32> {
    u32::try_from(number).ok().filter(|number| *number < u32::MAX).ok_or_else(|| too_large("the archive"))
}

fn too_large(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("{what} is larger than a zip can hold"))
}
