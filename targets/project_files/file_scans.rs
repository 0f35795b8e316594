//! Files of a walk that are looked through side by side.
//!
//! In: files, in the order of the walk. Out: each with what is known of it, in the same order. Invariant: no more bytes wait
//! than [`MOST_BYTES_UNDERWAY`]; a file of more than a block is read and looked through at once.

use super::file_scan::{ContentHolding, ScanManner, ScannedFile};
use camino::{Utf8Path, Utf8PathBuf};
use std::thread::Scope;
use tranship_app::KnownSecrets;
use tranship_artifact::{OrderedPool, processors};
use tranship_frontend::world::FoundFile;

/// Bytes of files that wait to be looked through, or are being.
const MOST_BYTES_UNDERWAY: usize = 2 << 20;

/// A file, as the walk found it.
#[derive(Debug)]
pub(super) struct FileOfWalk {
    /// Its path from the project's directory.
    pub(super) relative: Utf8PathBuf,
    /// Where it is, with every link followed.
    pub(super) place: Utf8PathBuf,
    /// Whether its owner may execute it.
    pub(super) executable: bool,
}

/// The bytes of a file that fit in a block.
#[derive(Debug)]
struct ScanJob {
    path: String,
    bytes: Vec<u8>,
    by_name: bool,
    holding: ContentHolding,
}

/// The files that are being looked through.
pub(super) struct FileScans<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    known: &'env KnownSecrets,
    holding: ContentHolding,
    /// Whether none came yet. The pool starts with the second file, since many folders have one.
    is_first: bool,
    pool: Option<OrderedPool<ScanJob, FileOfWalk, ScannedFile>>,
    /// A file that was looked through at once, behind those in the pool.
    done: Option<(FileOfWalk, ScannedFile)>,
}

impl<'scope, 'env> FileScans<'scope, 'env> {
    /// None yet.
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        known: &'env KnownSecrets,
        holding: ContentHolding,
    ) -> Self {
        FileScans { scope, known, holding, is_first: true, pool: None, done: None }
    }

    /// Whether a file has to be taken out before the next one goes in.
    pub(super) fn is_full(&self) -> bool {
        self.done.is_some() || self.pool.as_ref().is_some_and(OrderedPool::is_full)
    }

    /// Hands over a file; `by_name` is whether the manifest names it, and not a folder above it.
    ///
    /// # Errors
    /// As a clause: it cannot be read, or all files together are too large.
    pub(super) fn push(
        &mut self,
        relative: &Utf8Path,
        by_name: bool,
        file: &mut FoundFile<'_>,
    ) -> Result<(), String> {
        let executable = file.executable;
        let about = FileOfWalk { relative: relative.to_owned(), place: file.place.clone(), executable };
        let holding = if file.is_on_disk { self.holding } else { ContentHolding::Held };
        let manner = ScanManner { known: self.known, by_name, holding };
        let is_first = std::mem::take(&mut self.is_first);
        if is_first || !file.is_short() {
            self.done = Some((about, manner.scan(relative.as_str(), file)?));
            return Ok(());
        }
        let bytes = file.next_block()?.unwrap_or_default().to_vec();
        let (length, path) = (bytes.len(), relative.to_string());
        let (scope, known) = (self.scope, self.known);
        let pool = self.pool.get_or_insert_with(|| {
            OrderedPool::start(scope, processors(), MOST_BYTES_UNDERWAY, move || {
                move |job: ScanJob| {
                    let ScanJob { path, bytes, by_name, holding } = job;
                    ScanManner { known, by_name, holding }.scan_bytes(&path, bytes)
                }
            })
        });
        pool.push(about, ScanJob { path, bytes, by_name, holding }, length).map_err(|error| error.to_string())
    }

    /// The next file; `None` after the last.
    ///
    /// # Errors
    /// As a clause: the threads have stopped.
    pub(super) fn pop(&mut self) -> Result<Option<(FileOfWalk, ScannedFile)>, String> {
        let next =
            self.pool.as_mut().map_or(Ok(None), OrderedPool::pop).map_err(|error| error.to_string())?;
        Ok(next.or_else(|| self.done.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::world::{FileCollector, MemoryWorld, PathKind, ProjectFiles};

    struct Taken<'scope, 'env> {
        scans: FileScans<'scope, 'env>,
        found: Vec<(FileOfWalk, ScannedFile)>,
    }

    impl FileCollector for Taken<'_, '_> {
        fn wants(&mut self, _: &Utf8Path, _: PathKind) -> bool {
            true
        }

        fn take(&mut self, relative: &Utf8Path, file: &mut FoundFile<'_>) -> Result<(), String> {
            while self.scans.is_full() {
                self.found.extend(self.scans.pop()?);
            }
            self.scans.push(relative, false, file)
        }
    }

    /// Short and long files, among them one with a key at its end.
    #[test]
    fn files_come_back_in_the_order_of_the_walk() {
        let mut world = MemoryWorld::new();
        let key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
        let mut expected = Vec::new();
        for number in 100..160_u32 {
            let mut text =
                "a line of a text\n".repeat(if number % 20 == 5 { 30_000 } else { number as usize });
            if number % 11 == 0 {
                text.push_str(key);
            }
            let path = format!("files/{number}");
            expected.push((path.clone(), text.len() as u64, number % 11 == 0));
            world = world.file(&path, text);
        }
        let mut files = ProjectFiles::new(&world, Utf8Path::new("/project"));
        let known = KnownSecrets::default();
        let found = std::thread::scope(|scope| {
            let scans = FileScans::new(scope, &known, ContentHolding::LeftOnDisk);
            let mut taken = Taken { scans, found: Vec::new() };
            files.walk(Utf8Path::new("/project/files"), Utf8Path::new("files"), &mut taken).unwrap();
            while let Some(one) = taken.scans.pop().unwrap() {
                taken.found.push(one);
            }
            taken.found
        });
        let found = found.into_iter().map(|(about, scan)| {
            assert_eq!(scan.held.map(|held| held.len() as u64), Some(scan.size), "not on disk");
            (about.relative.into_string(), scan.size, scan.credential == Some("a private key"))
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
