//! What an image has at each path, read from the headers of its layers.
//!
//! In: the layers as tar archives, the lowest first. Out: whether a path is a folder, a link or something else,
//! and whom it belongs to. Contents are not kept. Source: OCI image specification, "Image Layer Filesystem
//! Changeset" (whiteouts, and what replaces what).

use crate::FileOwner;
use std::collections::BTreeMap;
use std::io::{self, Read};
use tar::{Archive, EntryType, Header};

/// What marks a name of a lower layer as deleted.
const WHITEOUT: &str = ".wh.";

/// What marks a folder as hiding what lower layers have in it.
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

/// Links followed for one path before it counts as a circle, as Linux does (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// The files that name users and groups (passwd(5), group(5)), and how much of them is read.
const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
const MOST_NAMES: u64 = 1 << 20;

/// What stands at a path of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseEntry {
    /// A folder.
    Folder {
        /// Its owner.
        owner: FileOwner,
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link, and where it points.
    Link(String),
    /// A file, a device, a pipe.
    Other {
        /// Its owner.
        owner: FileOwner,
        /// Permission bits.
        mode: u32,
    },
}

/// The paths of an image: absolute, with no link in the folders on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseTree {
    entries: BTreeMap<String, BaseEntry>,
    /// The text of `/etc/passwd`, which says who a user is.
    accounts: String,
    /// The text of `/etc/group`.
    groups: String,
}

impl BaseTree {
    /// Puts a layer on top, given as an uncompressed tar archive.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub fn add_layer(&mut self, layer: impl Read) -> io::Result<()> {
        let (mut added, mut removed, mut emptied) = (Vec::new(), Vec::new(), Vec::new());
        for entry in Archive::new(layer).entries()? {
            let mut entry = entry?;
            let path = normal(&String::from_utf8_lossy(&entry.path_bytes()));
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if name == OPAQUE {
                emptied.push(folder.to_owned());
            } else if let Some(name) = name.strip_prefix(WHITEOUT) {
                removed.push(format!("{folder}/{name}"));
            } else {
                if entry.header().entry_type() == EntryType::Regular {
                    self.read_names(&path, &mut entry)?;
                }
                let target = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
                added.extend(described(entry.header(), target).map(|entry| (path, entry)));
            }
        }
        // A whiteout hides what is below this layer, wherever it stands in the archive.
        removed.iter().for_each(|path| self.remove(path));
        emptied.iter().for_each(|path| self.remove_below(path));
        added.into_iter().for_each(|(path, entry)| self.insert(path, entry));
        Ok(())
    }

    /// Keeps the texts that name users and groups.
    fn read_names(&mut self, path: &str, content: &mut impl Read) -> io::Result<()> {
        let text = match path {
            PASSWD => &mut self.accounts,
            GROUP => &mut self.groups,
            _ => return Ok(()),
        };
        let mut bytes = Vec::new();
        content.take(MOST_NAMES).read_to_end(&mut bytes)?;
        *text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(())
    }

    /// The user and the group of an account, by its name or its number.
    pub fn account(&self, name: &str) -> Option<(u32, u32)> {
        let fields = self.accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
        fields.into_iter().find_map(|fields| match fields.as_slice() {
            [login, _, uid, gid, ..] if *login == name || *uid == name => {
                Some((uid.parse().ok()?, gid.parse().ok()?))
            }
            _ => None,
        })
    }

    /// The number of a group.
    pub fn group(&self, name: &str) -> Option<u32> {
        let fields = self.groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
        fields.into_iter().find_map(|fields| match fields.as_slice() {
            [group, _, gid, ..] if *group == name => gid.parse().ok(),
            _ => None,
        })
    }

    /// What stands at a path.
    pub fn get(&self, path: &str) -> Option<&BaseEntry> {
        self.entries.get(path)
    }

    /// Whether the image has this program or file, links followed.
    pub fn has_file(&self, path: &str) -> bool {
        let found = self.follow(path).ok().and_then(|place| self.entries.get(&place));
        matches!(found, Some(BaseEntry::Other { .. }))
    }

    /// The path with every link in it followed; nothing need stand there.
    ///
    /// # Errors
    /// Links lead in a circle.
    pub fn follow(&self, path: &str) -> Result<String, LinkCircle> {
        let (mut place, mut links) = (String::new(), 0);
        let mut left: Vec<String> = parts(path).rev().map(str::to_owned).collect();
        while let Some(part) = left.pop() {
            if part == ".." {
                place.truncate(place.rfind('/').unwrap_or(0));
                continue;
            }
            let next = format!("{place}/{part}");
            let Some(BaseEntry::Link(target)) = self.entries.get(&next) else {
                place = next;
                continue;
            };
            links += 1;
            if links > MOST_LINKS {
                return Err(LinkCircle);
            }
            if target.starts_with('/') {
                place.clear();
            }
            left.extend(parts(target).rev().map(str::to_owned));
        }
        Ok(place)
    }

    /// Puts something at a path; what is no folder, or was none before, takes the place of everything there.
    pub(crate) fn insert(&mut self, path: String, entry: BaseEntry) {
        let is_folder = |entry: &BaseEntry| matches!(entry, BaseEntry::Folder { .. });
        if !is_folder(&entry) || self.entries.get(&path).is_some_and(|old| !is_folder(old)) {
            self.remove(&path);
        }
        self.entries.insert(path, entry);
    }

    fn remove(&mut self, path: &str) {
        self.entries.remove(path);
        self.remove_below(path);
    }

    /// Removes what a folder holds.
    pub(crate) fn remove_below(&mut self, folder: &str) {
        let below = format!("{folder}/");
        let found: Vec<String> = self
            .entries
            .range(below.clone()..)
            .take_while(|(path, _)| path.starts_with(&below))
            .map(|(path, _)| path.clone())
            .collect();
        found.iter().for_each(|path| {
            self.entries.remove(path);
        });
    }
}

/// Links that lead to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkCircle;

/// The parts of a path that lead somewhere.
fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

/// An archive's path as an absolute one: `./etc/x/` is `/etc/x`.
fn normal(path: &str) -> String {
    let mut place = String::new();
    for part in parts(path) {
        if part == ".." {
            place.truncate(place.rfind('/').unwrap_or(0));
        } else {
            place.push('/');
            place.push_str(part);
        }
    }
    place
}

fn described(header: &Header, target: Option<String>) -> Option<BaseEntry> {
    let number = |read: io::Result<u64>| u32::try_from(read.unwrap_or(0)).unwrap_or(0);
    let owner = FileOwner { user: number(header.uid()), group: number(header.gid()) };
    let mode = header.mode().unwrap_or(0) & 0o7777;
    Some(match header.entry_type() {
        EntryType::Directory => BaseEntry::Folder { owner, mode },
        EntryType::Symlink => BaseEntry::Link(target?),
        // What describes the archive and not the file system.
        EntryType::XGlobalHeader | EntryType::XHeader => return None,
        _ => BaseEntry::Other { owner, mode },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer of `path/` (folder), `path -> target` and `path` (file).
    fn layer(lines: &[&str]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for line in lines {
            let mut header = Header::new_gnu();
            header.set_uid(5);
            header.set_gid(6);
            header.set_mode(0o750);
            header.set_size(0);
            if let Some((path, target)) = line.split_once(" -> ") {
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, path, target).unwrap();
                continue;
            }
            header.set_entry_type(if line.ends_with('/') {
                EntryType::Directory
            } else {
                EntryType::Regular
            });
            archive.append_data(&mut header, line, io::empty()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn tree(layers: &[&[&str]]) -> BaseTree {
        let mut tree = BaseTree::default();
        layers.iter().for_each(|lines| tree.add_layer(layer(lines).as_slice()).unwrap());
        tree
    }

    #[test]
    fn links_are_followed_as_the_kernel_does() {
        let tree = tree(&[&[
            "run/",
            "var/run -> /run",
            "lib -> usr/lib",
            "usr/lib/",
            "usr/lib/ld -> ../../etc/ld",
            "a -> b",
            "b -> a",
        ]]);
        for (path, place) in [
            ("/var/run/app/x", "/run/app/x"),
            ("/lib/x", "/usr/lib/x"),
            ("/lib/ld", "/etc/ld"),
            ("/new/x", "/new/x"),
            ("/", ""),
        ] {
            assert_eq!(tree.follow(path).as_deref(), Ok(place), "{path}");
        }
        assert_eq!(tree.follow("/a/x"), Err(LinkCircle));
    }

    #[test]
    fn users_have_numbers() {
        let text = "root:x:0:0::/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\nbroken\n";
        let mut tree = BaseTree { accounts: text.to_owned(), ..BaseTree::default() };
        tree.groups = "web:x:33:\n".to_owned();
        assert_eq!([tree.account("node"), tree.account("1000")], [Some((1000, 1001)); 2]);
        assert_eq!((tree.account("other"), tree.group("web"), tree.group("x")), (None, Some(33), None));
    }

    #[test]
    fn names_of_users_are_read_from_the_layer() {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in [
            ("etc/passwd", "node:x:7:8::/:\n"),
            ("etc/group", "web:x:9:\n"),
            ("srv/passwd", "web:x:1:1::/:\n"),
        ] {
            let mut header = Header::new_gnu();
            header.set_entry_type(EntryType::Regular);
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let mut tree = BaseTree::default();
        tree.add_layer(archive.into_inner().unwrap().as_slice()).unwrap();
        assert_eq!((tree.account("node"), tree.group("web")), (Some((7, 8)), Some(9)));
        assert_eq!(tree.account("web"), None);
    }

    #[test]
    fn whiteouts_hide_what_is_below() {
        let tree = tree(&[
            &["etc/", "etc/a", "etc/d/", "etc/d/x", "srv/", "srv/old"],
            &["etc/.wh.a", "etc/.wh.d", "srv/new", "srv/.wh..wh..opq"],
        ]);
        let paths: Vec<&str> = tree.entries.keys().map(String::as_str).collect();
        assert_eq!(paths, ["/etc", "/srv", "/srv/new"]);
        assert!(tree.has_file("/srv/new") && !tree.has_file("/srv"));
    }

    #[test]
    fn what_is_no_folder_replaces_one() {
        let tree = tree(&[&["etc/", "etc/a/", "etc/a/b"], &["etc/a"]]);
        let other = BaseEntry::Other { owner: FileOwner { user: 5, group: 6 }, mode: 0o750 };
        assert_eq!((tree.get("/etc/a"), tree.get("/etc/a/b")), (Some(&other), None));
    }
}
