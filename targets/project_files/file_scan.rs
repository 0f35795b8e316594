//! Looks through a file of the project, block by block: what it is, and whether it may go into an artifact.
//!
//! In: an open file. Out: its hash and size, a credential in it, a line with a password. Invariant: the answers are those
//! for the whole content, of which no more than two blocks are in memory unless it is to be held.

use super::file_passwords::{PasswordPlace, password_place};
use sha2::{Digest, Sha256};
use tranship_app::KnownSecrets;
use tranship_frontend::secrets::credential_in_file;
use tranship_frontend::world::FoundFile;

/// Bytes at the start and at the end of a file that are looked at for credentials of a known form.
const LOOKED_AT: usize = 128 << 10;

/// What is known of a file.
#[derive(Debug)]
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

/// Looks through a file. `by_name` is whether the manifest names it, and not a folder above it.
pub(super) fn scan(
    path: &str,
    file: &mut FoundFile<'_>,
    (known, by_name, holding): (&KnownSecrets, bool, ContentHolding),
) -> Result<ScannedFile, String> {
    let holds = holding == ContentHolding::Held || !file.is_on_disk;
    let mut held = holds.then(Vec::new);
    let (mut hash, mut size, mut secrets) = (Sha256::new(), 0_u64, known.scan());
    let mut scan = ScannedFile {
        sha256: [0; 32],
        size: 0,
        is_program: false,
        credential: None,
        password: None,
        held: None,
    };
    let (mut ends, mut has_secret) = (FileEnds::default(), false);
    while let Some(block) = file.next_block()? {
        if size == 0 {
            scan.is_program = is_program(block);
            scan.password = password_place(path, block, by_name);
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
    let secret = Some("a file with the value of a secret").filter(|_| has_secret);
    let credential = credential_in_file(path, &ends.bytes).or(secret);
    Ok(ScannedFile { sha256: hash.finalize().into(), size, credential, held, ..scan })
}

/// Whether bytes begin as a program does.
pub(super) fn is_program(bytes: &[u8]) -> bool {
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
