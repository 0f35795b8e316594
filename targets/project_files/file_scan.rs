//! Looks through a file of the project, block by block: what it is, and whether it may go into an artifact.
//!
//! In: an open file, or all bytes of a short one. Out: its hash and size, a credential in it, a line with a password. Invariant: the answers are those
//! for the whole content, of which no more than two blocks are in memory unless it is to be held.

use super::file_passwords::{PasswordPlace, password_place};
use sha2::{Digest, Sha256};
use tranship_app::KnownSecrets;
use tranship_frontend::secrets::credential_in_file;
use tranship_frontend::world::FoundFile;

/// Bytes at the start and at the end of a file that are looked at for credentials of a known form.
const LOOKED_AT: usize = 128 << 10;

/// What is known of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ScannedFile {
    pub(super) sha256: [u8; 32],
    pub(super) size: u64,
    /// Whether it begins as a program does: a script says how it is run, and ELF is for Linux to run.
    pub(super) is_program: bool,
    /// Why no artifact may hold it.
    pub(super) credential: Option<&'static str>,
    pub(super) password: Option<PasswordPlace>,
    /// All of it, if it is to be held.
    pub(super) held: Option<Vec<u8>>,
}

/// Whether the content of a file is kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentHolding {
    /// All of it, for what is made from it in memory.
    Held,
    /// Only where it is in no file that can be copied later.
    LeftOnDisk,
}

/// How a file is looked through.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScanManner<'k> {
    pub(super) known: &'k KnownSecrets,
    /// Whether the manifest names it, and not a folder above it.
    pub(super) by_name: bool,
    pub(super) holding: ContentHolding,
}

impl ScanManner<'_> {
    /// Looks through a file that is read block by block.
    pub(super) fn scan(self, path: &str, file: &mut FoundFile<'_>) -> Result<ScannedFile, String> {
        let holds = self.holding == ContentHolding::Held || !file.is_on_disk;
        let mut held = holds.then(Vec::new);
        let (mut hash, mut size, mut secrets) = (Sha256::new(), 0_u64, self.known.scan());
        let (mut ends, mut has_secret) = (FileEnds::default(), false);
        let (mut is_program, mut password) = (false, None);
        while let Some(block) = file.next_block()? {
            if size == 0 {
                is_program = begins_program(block);
                password = password_place(path, block, self.by_name);
            }
            size += block.len() as u64;
            hash.update(block);
            ends.add(block);
            has_secret |= secrets.block(block);
            if let Some(held) = &mut held {
                held.extend_from_slice(block);
            }
        }
        has_secret |= secrets.end();
        let credential = credential(path, &ends.bytes, has_secret);
        Ok(ScannedFile { sha256: hash.finalize().into(), size, is_program, credential, password, held })
    }

    /// Looks through all bytes of a file, with the same answers.
    pub(super) fn scan_bytes(self, path: &str, bytes: Vec<u8>) -> ScannedFile {
        ScannedFile {
            sha256: Sha256::digest(&bytes).into(),
            size: bytes.len() as u64,
            is_program: begins_program(&bytes),
            credential: credential(path, &bytes, self.known.is_in(&bytes)),
            password: password_place(path, &bytes, self.by_name),
            held: (self.holding == ContentHolding::Held).then_some(bytes),
        }
    }
}

fn credential(path: &str, ends: &[u8], has_secret: bool) -> Option<&'static str> {
    credential_in_file(path, ends)
        .or_else(|| Some("a file with the value of a secret").filter(|_| has_secret))
}

/// Whether bytes begin as a program does.
pub(super) fn begins_program(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF")
}

/// The start and the end of a file; all of a short one.
#[derive(Debug, Default)]
struct FileEnds {
    bytes: Vec<u8>,
}

impl FileEnds {
    fn add(&mut self, block: &[u8]) {
        self.bytes.extend_from_slice(block);
        if self.bytes.len() > 2 * LOOKED_AT {
            self.bytes.drain(LOOKED_AT..self.bytes.len() - LOOKED_AT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_file_are_kept() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 253) as u8).collect();
        for block in [1_000, LOOKED_AT, 300_000, 2_000_000] {
            let mut ends = FileEnds::default();
            content.chunks(block).for_each(|block| ends.add(block));
            let (first, last) = ends.bytes.split_at(LOOKED_AT);
            assert!(
                first == &content[..LOOKED_AT] && last == &content[content.len() - LOOKED_AT..],
                "{block}"
            );
        }
        let mut short = FileEnds::default();
        content[..2 * LOOKED_AT].chunks(999).for_each(|block| short.add(block));
        assert!(short.bytes == content[..2 * LOOKED_AT]);
    }
}
