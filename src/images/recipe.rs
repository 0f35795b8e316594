//! What an image is made of.

use std::collections::BTreeMap;

/// An image that a deployment makes before it can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecipe {
    /// Its name: the service's that it was first made for. The directory under `images/`, the key in
    /// `images.json`, and the last part of its repository's name.
    pub name: String,
    /// The services that run it, the first of the manifest first.
    pub services: Vec<String>,
    /// The parameter of the template that takes its reference; none where the bundle names it.
    pub parameter: Option<String>,
    /// What it starts from.
    pub base: BaseImage,
    /// Whom the base runs as, where that is known and not root: a builder becomes root in between.
    pub base_user: Option<FileOwner>,
    /// The files added to it; none where it is only built.
    pub layer: Option<FileLayer>,
    /// The platform it is made for, as images name it: `linux/amd64`.
    pub platform: String,
}

/// What an image starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseImage {
    /// An image of a registry. A late-bound variable stands in it as `${NAME}`.
    Named(String),
    /// One built from the project.
    Built(BuildRequest),
}

/// `build` of a service, as a builder takes it. Paths are relative to the project's directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildRequest {
    /// `context`: a directory, or the address of a repository.
    pub context: String,
    /// `dockerfile`, relative to the context.
    pub dockerfile: Option<String>,
    /// `dockerfile_inline`.
    pub dockerfile_inline: Option<String>,
    /// `target`.
    pub target: Option<String>,
    /// `args`: none takes the value of the shell. A late-bound variable stands in it as `${NAME}`.
    pub args: BTreeMap<String, Option<String>>,
    /// `additional_contexts`.
    pub additional_contexts: BTreeMap<String, String>,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `image` beside it: the name it is given on a laptop.
    pub image: Option<String>,
}

/// Files added to an image, by their path in the container: absolute, with no `.` and no `..` in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLayer {
    /// Sorted, a folder before what is in it.
    pub entries: BTreeMap<String, LayerEntry>,
}

impl FileLayer {
    /// Puts a file, a folder or a link at a path, given by paths from there: empty for itself. What was at the path
    /// and below it is hidden, as by a mount.
    pub fn put(&mut self, target: &str, entries: BTreeMap<String, LayerEntry>) {
        let below = format!("{target}/");
        self.entries.retain(|path, _| path != target && !path.starts_with(&below));
        self.entries.extend(entries.into_iter().map(|(path, entry)| (format!("{target}{path}"), entry)));
    }
}

/// One thing in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerEntry {
    /// A folder.
    Folder {
        /// Its owner.
        owner: FileOwner,
        /// Permission bits.
        mode: u32,
        /// Whether it replaces what the image has there, as a mounted folder does.
        replaces: bool,
    },
    /// A file.
    File {
        /// What it holds.
        bytes: Vec<u8>,
        /// Its owner.
        owner: FileOwner,
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it points.
        target: String,
    },
}

/// Who owns a file of an image, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileOwner {
    /// The user.
    pub user: u32,
    /// The group.
    pub group: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_at_a_path_hides_what_was_there_and_below() {
        let file = |text: &str| LayerEntry::File {
            bytes: text.as_bytes().to_vec(),
            owner: FileOwner::default(),
            mode: 0o644,
        };
        let mut layer = FileLayer::default();
        for path in ["/srv/app/a", "/srv/app", "/srv/apple", "/srv/app/sub/b"] {
            layer.entries.insert(path.to_owned(), file("old"));
        }
        layer.put("/srv/app", BTreeMap::from([(String::new(), file("new")), ("/c".to_owned(), file("new"))]));
        let paths: Vec<&str> = layer.entries.keys().map(String::as_str).collect();
        assert_eq!(paths, ["/srv/app", "/srv/app/c", "/srv/apple"]);
        assert_eq!(layer.entries["/srv/app"], file("new"));
    }
}
