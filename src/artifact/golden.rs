//! Compares a compile with a committed artifact set: what was added, removed and changed.
//!
//! In: the artifacts of a compile and a directory. Out: changes by path. An archive is committed as its entry list
//! (`bundle.zip.entries`: mode, SHA-256, path) rather than as a binary, because the unpacked tree is next to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::Utf8Path;

use super::diff::{self, ArtifactDifference};
use super::directory;
use super::written::{LIST, is_temporary};
use super::{ArtifactEntry, ArtifactSet, FileMode, PathError, entry_lines};

/// How a file differs from its golden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoldenChange {
    /// Only in the compile.
    Added,
    /// Only in the golden.
    Removed,
    /// The content differs.
    Content(Vec<ArtifactDifference>),
    /// Only the mode differs: golden, compile.
    Mode(FileMode, FileMode),
}

/// The largest file that is read to say how it differs. Larger ones are told apart by their hashes.
const LARGEST_COMPARED: u64 = 4 << 20;

/// The set in its committed form: each archive replaced by its entry list.
///
/// # Errors
/// A file has the path of an entry list.
pub fn committed(set: &ArtifactSet) -> Result<ArtifactSet, PathError> {
    let mut golden = ArtifactSet::new();
    for (path, entry) in set.entries() {
        match entry {
            ArtifactEntry::Made(artifact) => golden.add(path, artifact.clone())?,
            ArtifactEntry::Copied(copy) => golden.copy(path, copy.clone())?,
        }
    }
    for (path, directory) in set.archives() {
        golden.text(&format!("{path}.entries"), entry_lines(set.entries_below(directory)))?;
    }
    Ok(golden)
}

/// The differences between a golden and a compile, sorted by path. Both in the form that [`committed`] returns.
pub fn compare(golden: &ArtifactSet, compiled: &ArtifactSet) -> Vec<(String, GoldenChange)> {
    let old: BTreeMap<&str, ArtifactEntry<'_>> = golden.entries().collect();
    let new: BTreeMap<&str, ArtifactEntry<'_>> = compiled.entries().collect();
    let paths: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let change = |path: &str| match (old.get(path), new.get(path)) {
        (Some(old), Some(new)) if old.sha256() != new.sha256() => {
            Some(GoldenChange::Content(content(path, *old, *new)))
        }
        (Some(old), Some(new)) => {
            (old.mode() != new.mode()).then(|| GoldenChange::Mode(old.mode(), new.mode()))
        }
        (None, _) => Some(GoldenChange::Added),
        (_, None) => Some(GoldenChange::Removed),
    };
    paths.into_iter().filter_map(|path| Some((path.to_owned(), change(path)?))).collect()
}

/// How the content of a file differs; of a large one, or one that cannot be read, only that it does.
fn content(path: &str, old: ArtifactEntry<'_>, new: ArtifactEntry<'_>) -> Vec<ArtifactDifference> {
    let read = |entry: ArtifactEntry<'_>| (entry.size() <= LARGEST_COMPARED).then(|| entry.bytes().ok())?;
    match (read(old), read(new)) {
        (Some(old), Some(new)) => diff::diff(path, &old, &new),
        _ => {
            let size = |entry: ArtifactEntry<'_>| usize::try_from(entry.size()).unwrap_or(usize::MAX);
            vec![ArtifactDifference::Binary(size(old), size(new))]
        }
    }
}

/// The files of a directory as a set, without the list of written files. A missing directory is empty.
///
/// # Errors
/// As the file system reports; also a name that no artifact can have.
pub fn read(directory: &Utf8Path) -> io::Result<ArtifactSet> {
    let mut set = ArtifactSet::new();
    let own = |path: &str| path == LIST || path.split_once('/').is_some_and(|(first, _)| is_temporary(first));
    for path in directory::paths(directory)?.into_iter().filter(|path| !own(path)) {
        let artifact = directory::read(&directory.join(&path)).map_err(|error| named(&path, &error))?;
        set.add(&path, artifact).map_err(io::Error::other)?;
    }
    Ok(set)
}

fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage;

    fn sample(cpu: &str) -> ArtifactSet {
        let mut tree = ArtifactSet::new();
        tree.text("Dockerrun.aws.json", "{}\n").unwrap();
        let mut set = ArtifactSet::new();
        set.nest("bundle", tree).unwrap();
        set.pack("bundle.zip", "bundle").unwrap();
        set.text("template.yaml", format!("Cpu: \"{cpu}\"\n")).unwrap();
        committed(&set).unwrap()
    }

    #[test]
    fn written_and_read_back_is_the_same() {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap().join("golden/prod");
        assert!(read(&root).unwrap().is_empty());
        stage(&sample("256"), &root, &[]).unwrap().commit().unwrap();
        assert_eq!(read(&root).unwrap(), sample("256"));
        assert_eq!(compare(&read(&root).unwrap(), &sample("256")), []);
    }

    #[test]
    fn a_bundle_is_committed_as_its_entries() {
        let set = sample("256");
        let entries = String::from_utf8(set.get("bundle.zip.entries").unwrap().bytes.clone()).unwrap();
        assert_eq!(
            entries,
            "100644 ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356 Dockerrun.aws.json\n"
        );
        assert!(set.get("bundle.zip").is_none());
    }

    #[test]
    fn says_what_changed() {
        let mut new = sample("512");
        new.executable("x.sh", "").unwrap();
        let mut old = sample("256");
        old.text("x.sh", "").unwrap();
        old.text("gone", "").unwrap();
        new.text("report.json", "{}").unwrap();
        let changes = compare(&old, &new);
        let paths: Vec<&str> = changes.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["gone", "report.json", "template.yaml", "x.sh"]);
        assert_eq!(changes[0].1, GoldenChange::Removed);
        assert_eq!(changes[1].1, GoldenChange::Added);
        assert!(
            matches!(&changes[2].1, GoldenChange::Content(found) if found[0].to_string() == "Cpu: \"256\" -> \"512\"")
        );
        assert_eq!(changes[3].1, GoldenChange::Mode(FileMode::File, FileMode::Executable));
    }
}
