//! A layer of files as registries store it: a compressed tar archive.
//!
//! In: a [`FileLayer`] and the [`BaseTree`] of the image below it. Out: a [`LayerBlob`]. Invariants: the same two
//! give the same bytes everywhere; the file system is the one that a builder makes of `COPY --chown --chmod`: links
//! in the folders on the way are followed, a file takes the place of a link, a folder that exists keeps its owner
//! and mode. Source: OCI image specification, "Image Layer Filesystem Changeset".

use crate::base_tree::{BaseEntry, BaseTree, OPAQUE};
use crate::digest::{ContentDigest, DigestWriter};
use crate::{FileLayer, FileOwner, LayerEntry};
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io;
use tar::{EntryType, Header};

/// How a gzip header says that no particular operating system wrote it (RFC 1952).
const UNKNOWN_SYSTEM: u8 = 255;

/// A folder that no entry describes, on the way to one that does.
const PLAIN_FOLDER: u32 = 0o755;

/// A layer, compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerBlob {
    /// The archive, compressed with gzip.
    pub bytes: Vec<u8>,
    /// The digest of these bytes, for the manifest.
    pub digest: ContentDigest,
    /// The digest of the archive before compression, for the configuration.
    pub diff_id: ContentDigest,
}

/// Why files cannot be added to an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// The image has a file where a folder is needed, as a container with this mount could not start.
    #[error("the image has a file at `{0}`, where a folder is needed")]
    FileInTheWay(String),
    /// The image has a folder where a file is mounted, as a container with this mount could not start.
    #[error("the image has a folder at `{0}`, where a file is mounted")]
    FolderInTheWay(String),
    /// Links of the image lead to each other.
    #[error("links of the image at `{0}` lead in a circle")]
    LinkCircle(String),
}

impl LayerBlob {
    /// The layer that adds files to an image.
    ///
    /// # Errors
    /// The image has something at the same path that cannot be there.
    pub fn pack(layer: &FileLayer, base: &BaseTree) -> Result<LayerBlob, LayerError> {
        let mut placement = LayerPlacement { tree: base.clone(), placed: BTreeMap::new() };
        for (path, entry) in &layer.entries {
            placement.place(path, entry)?;
        }
        let archive = archive(&placement.placed);
        let mut diff = DigestWriter::default();
        diff.update(&archive);
        let bytes = compressed(&archive);
        Ok(LayerBlob { digest: ContentDigest::of(&bytes), diff_id: diff.finish(), bytes })
    }
}

/// One entry of the archive.
enum PlacedEntry<'a> {
    Folder { owner: FileOwner, mode: u32, hides: bool },
    File { bytes: &'a [u8], owner: FileOwner, mode: u32 },
    Link(&'a str),
}

/// Finds the place of each entry in the image.
struct LayerPlacement<'a> {
    /// The image, with what was placed so far.
    tree: BaseTree,
    placed: BTreeMap<String, PlacedEntry<'a>>,
}

impl<'a> LayerPlacement<'a> {
    fn place(&mut self, path: &str, entry: &'a LayerEntry) -> Result<(), LayerError> {
        match entry {
            LayerEntry::Folder { owner, mode, replaces } => self.folder(path, *owner, *mode, *replaces),
            LayerEntry::File { bytes, owner, mode } => {
                let (owner, mode) = (*owner, *mode);
                self.put(path, BaseEntry::Other { owner, mode }, PlacedEntry::File { bytes, owner, mode })
            }
            LayerEntry::Link { target } => {
                self.put(path, BaseEntry::Link(target.clone()), PlacedEntry::Link(target))
            }
        }
    }

    /// A file or a link: it takes the place of what is there, unless that is a folder.
    fn put(&mut self, path: &str, entry: BaseEntry, placed: PlacedEntry<'a>) -> Result<(), LayerError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let place = format!("{}/{name}", self.parent(folder)?);
        if matches!(self.tree.get(&place), Some(BaseEntry::Folder { .. })) {
            return Err(LayerError::FolderInTheWay(place));
        }
        self.tree.insert(place.clone(), entry);
        self.placed.insert(place, placed);
        Ok(())
    }

    fn folder(&mut self, path: &str, owner: FileOwner, mode: u32, replaces: bool) -> Result<(), LayerError> {
        let place = self.follow(path)?;
        if let Some((above, _)) = place.rsplit_once('/') {
            self.parent(above)?;
        }
        match self.tree.get(&place) {
            Some(BaseEntry::Folder { .. }) if !replaces => return Ok(()),
            Some(BaseEntry::Folder { .. }) | None => {}
            Some(_) => return Err(LayerError::FileInTheWay(place)),
        }
        if replaces {
            self.tree.remove_below(&place);
            let below = format!("{place}/");
            self.placed.retain(|path, _| !path.starts_with(&below));
        }
        // The root has no name in an archive, and always exists.
        if !place.is_empty() {
            self.tree.insert(place.clone(), BaseEntry::Folder { owner, mode });
            self.placed.insert(place, PlacedEntry::Folder { owner, mode, hides: replaces });
        }
        Ok(())
    }

    /// Where a folder on the way is, made where the image lacks it.
    fn parent(&mut self, folder: &str) -> Result<String, LayerError> {
        let place = self.follow(folder)?;
        let ends = place.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
        let ends: Vec<usize> = ends.chain([place.len()]).filter(|end| *end > 0).collect();
        for end in ends {
            let above = place.get(..end).unwrap_or_default();
            match self.tree.get(above) {
                Some(BaseEntry::Folder { .. }) => {}
                Some(_) => return Err(LayerError::FileInTheWay(above.to_owned())),
                None => {
                    let (owner, mode) = (FileOwner::default(), PLAIN_FOLDER);
                    self.tree.insert(above.to_owned(), BaseEntry::Folder { owner, mode });
                    self.placed.insert(above.to_owned(), PlacedEntry::Folder { owner, mode, hides: false });
                }
            }
        }
        Ok(place)
    }

    fn follow(&self, path: &str) -> Result<String, LayerError> {
        self.tree.follow(path).map_err(|_| LayerError::LinkCircle(path.to_owned()))
    }
}

/// The archive of sorted entries, a folder before what is in it.
fn archive(placed: &BTreeMap<String, PlacedEntry<'_>>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, placed) in placed {
        // Writing to memory does not fail, and no header refuses these names: none is empty or absolute.
        let _ = append(&mut archive, path.trim_start_matches('/'), placed);
    }
    archive.into_inner().unwrap_or_default()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, placed: &PlacedEntry<'_>) -> io::Result<()> {
    match placed {
        PlacedEntry::Folder { owner, mode, hides } => {
            let mut entry = header(EntryType::Directory, *owner, *mode, 0);
            archive.append_data(&mut entry, format!("{path}/"), io::empty())?;
            if *hides {
                let mut marker = header(EntryType::Regular, FileOwner::default(), 0, 0);
                archive.append_data(&mut marker, format!("{path}/{OPAQUE}"), io::empty())?;
            }
            Ok(())
        }
        PlacedEntry::File { bytes, owner, mode } => {
            let mut entry = header(EntryType::Regular, *owner, *mode, bytes.len() as u64);
            archive.append_data(&mut entry, path, *bytes)
        }
        PlacedEntry::Link(target) => {
            let mut entry = header(EntryType::Symlink, FileOwner::default(), 0o777, 0);
            archive.append_link(&mut entry, path, target)
        }
    }
}

/// A header without a time: what is deployed does not say when it was built.
fn header(kind: EntryType, owner: FileOwner, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_uid(owner.user.into());
    header.set_gid(owner.group.into());
    header.set_mode(mode & 0o7777);
    header.set_mtime(0);
    header.set_size(size);
    header
}

fn compressed(archive: &[u8]) -> Vec<u8> {
    let gzip = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
    let mut writer = gzip.write(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = io::Write::write_all(&mut writer, archive);
    writer.finish().unwrap_or_default()
}

impl FileLayer {
    /// The digest of what the layer adds, whatever it is added to.
    pub fn digest(&self) -> ContentDigest {
        let mut record = DigestWriter::default();
        for (path, entry) in &self.entries {
            record.field(path.as_bytes());
            let described = |kind: &str, owner: &FileOwner, mode: u32| {
                format!("{kind} {}:{} {mode:o}", owner.user, owner.group)
            };
            match entry {
                LayerEntry::Folder { owner, mode, replaces } => {
                    let kind = if *replaces { "replaced folder" } else { "folder" };
                    record.field(described(kind, owner, *mode).as_bytes());
                }
                LayerEntry::File { bytes, owner, mode } => {
                    record.field(described("file", owner, *mode).as_bytes());
                    record.field(bytes);
                }
                LayerEntry::Link { target } => {
                    record.field(b"link");
                    record.field(target.as_bytes());
                }
            }
        }
        record.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const OWNER: FileOwner = FileOwner { user: 1000, group: 3_000_000 };

    fn file(text: &str) -> LayerEntry {
        LayerEntry::File { bytes: text.as_bytes().to_vec(), owner: OWNER, mode: 0o640 }
    }

    fn folder(replaces: bool) -> LayerEntry {
        LayerEntry::Folder { owner: OWNER, mode: 0o700, replaces }
    }

    fn link(target: &str) -> LayerEntry {
        LayerEntry::Link { target: target.to_owned() }
    }

    fn layer(entries: &[(&str, LayerEntry)]) -> FileLayer {
        FileLayer { entries: entries.iter().map(|(path, it)| ((*path).to_owned(), it.clone())).collect() }
    }

    /// An image with folders, links and a file.
    fn base() -> BaseTree {
        let mut tree = BaseTree::default();
        let owner = FileOwner { user: 7, group: 8 };
        for path in ["/etc", "/run", "/usr", "/usr/lib", "/var", "/srv", "/srv/www"] {
            tree.insert(path.to_owned(), BaseEntry::Folder { owner, mode: 0o750 });
        }
        for (path, target) in [("/var/run", "/run"), ("/lib", "usr/lib"), ("/etc/localtime", "/usr/lib/zone")]
        {
            tree.insert(path.to_owned(), BaseEntry::Link(target.to_owned()));
        }
        tree.insert("/etc/app".to_owned(), BaseEntry::Other { owner, mode: 0o644 });
        tree
    }

    /// The archive as lines: type, path, link, owner, mode, content.
    fn listed(blob: &LayerBlob) -> Vec<String> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(blob.bytes.as_slice()).read_to_end(&mut plain).unwrap();
        assert_eq!(ContentDigest::of(&plain), blob.diff_id);
        let mut lines = Vec::new();
        for entry in tar::Archive::new(plain.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header();
            assert_eq!(
                (header.mtime().unwrap(), header.username(), header.groupname()),
                (0, Ok(Some("")), Ok(Some("")))
            );
            let target =
                entry.link_name().unwrap().map(|it| format!(" -> {}", it.display())).unwrap_or_default();
            let (uid, gid, mode) = (header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap());
            lines.push(format!("{}{target} {uid}:{gid} {mode:o} {text}", entry.path().unwrap().display()));
        }
        lines
    }

    fn packed(entries: &[(&str, LayerEntry)]) -> Result<Vec<String>, LayerError> {
        LayerBlob::pack(&layer(entries), &base()).map(|blob| listed(&blob))
    }

    #[test]
    fn entries_stand_where_the_links_of_the_image_lead() {
        let long = format!("/opt/{}/x", "n".repeat(150));
        let found = packed(&[
            ("/etc/localtime", file("zone")),
            ("/lib/mod", file("m")),
            ("/var/run/new/f", file("f")),
            ("/srv/secret", link("/run/secrets/key")),
            (&long, file("long")),
        ]);
        assert_eq!(
            found.unwrap(),
            [
                "etc/localtime 1000:3000000 640 zone".to_owned(),
                "opt/ 0:0 755 ".to_owned(),
                format!("opt/{}/ 0:0 755 ", "n".repeat(150)),
                format!("{} 1000:3000000 640 long", &long[1..]),
                "run/new/ 0:0 755 ".to_owned(),
                "run/new/f 1000:3000000 640 f".to_owned(),
                "srv/secret -> /run/secrets/key 0:0 777 ".to_owned(),
                "usr/lib/mod 1000:3000000 640 m".to_owned(),
            ]
        );
    }

    #[test]
    fn the_root_is_no_entry() {
        assert_eq!(packed(&[("/x", file("x"))]).unwrap(), ["x 1000:3000000 640 x"]);
    }

    #[test]
    fn a_folder_is_merged_or_replaced() {
        let merged = packed(&[("/srv/www", folder(false)), ("/srv/www/x", file("x"))]);
        assert_eq!(merged.unwrap(), ["srv/www/x 1000:3000000 640 x"]);
        let replaced = packed(&[("/srv/www", folder(true)), ("/srv/www/x", file("x"))]);
        let marker = "srv/www/.wh..wh..opq 0:0 0 ";
        assert_eq!(replaced.unwrap(), ["srv/www/ 1000:3000000 700 ", marker, "srv/www/x 1000:3000000 640 x"]);
        // Links of the image below a replaced folder are gone with it.
        let replaced = packed(&[("/var", folder(true)), ("/var/run/x", file("x"))]);
        assert_eq!(
            replaced.unwrap(),
            [
                "var/ 1000:3000000 700 ",
                "var/.wh..wh..opq 0:0 0 ",
                "var/run/ 0:0 755 ",
                "var/run/x 1000:3000000 640 x"
            ]
        );
    }

    #[test]
    fn what_a_container_could_not_mount_is_refused() {
        let refused = |path: &str, entry: LayerEntry| packed(&[(path, entry)]).unwrap_err();
        assert_eq!(refused("/srv/www", file("x")), LayerError::FolderInTheWay("/srv/www".into()));
        assert_eq!(refused("/etc/app/x", file("x")), LayerError::FileInTheWay("/etc/app".into()));
        assert_eq!(refused("/etc/app", folder(true)), LayerError::FileInTheWay("/etc/app".into()));
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let entries = [("/etc/x", file("x")), ("/etc/y", folder(false))];
        let pack = || LayerBlob::pack(&layer(&entries), &base()).unwrap();
        assert_eq!(pack(), pack());
        assert_eq!(pack().diff_id, pack().diff_id);
        assert_ne!(layer(&entries).digest(), layer(&entries[..1]).digest());
        assert_ne!(layer(&[("/a", folder(true))]).digest(), layer(&[("/a", folder(false))]).digest());
    }
}
