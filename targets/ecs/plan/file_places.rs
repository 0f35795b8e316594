//! Paths of a container at which a file may be: what the engine and the kernel keep for themselves, and which folders a
//! volume may stand at without hiding anything.

use camino::Utf8Path;
use tranship_artifact::check_path;

/// Folders that images keep nothing in: mounting a volume there hides nothing.
/// The rest of `/run` is where programs keep sockets, in folders that belong to their users.
const FREE: &[&str] = &["/run/secrets", "/run/configs", "/secrets", "/configs"];
/// A folder whose folders are free, and which is not free itself.
const FREE_BELOW: &str = "/mnt";
/// Files that a container engine writes into every container, over whatever an image has.
const OF_THE_ENGINE: &[&str] = &["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
/// Folders of the kernel.
const OF_THE_KERNEL: &[&str] = &["/dev", "/proc", "/sys"];

/// Why nothing can be mounted at a path.
pub(super) fn impossible(target: &str) -> Option<&'static str> {
    if OF_THE_ENGINE.contains(&target) {
        return Some("Amazon ECS writes this file itself, for every container");
    }
    if OF_THE_KERNEL.iter().any(|folder| Utf8Path::new(target).starts_with(folder)) || target.is_empty() {
        return Some("this is not a part of an image");
    }
    None
}

/// Why a path cannot be one of an artifact.
pub(super) fn unportable(target: &str) -> Option<String> {
    check_path(target.trim_start_matches('/')).err().map(|error| error.to_string())
}

/// An absolute path without `.`, `..` and slashes at its end; empty for the root.
pub(super) fn clean(path: &str) -> String {
    let path = tranship_frontend::world::normalise(&Utf8Path::new("/").join(path));
    path.as_str().trim_end_matches('/').to_owned()
}

/// Whether a path lies in a folder, and is not the folder.
pub(super) fn is_below(path: &Utf8Path, folder: &str) -> bool {
    path != folder && path.starts_with(folder)
}

/// How many folders a path has around it.
pub(super) fn depth(path: &str) -> usize {
    Utf8Path::new(&clean(path)).components().count()
}

/// The folder and the name of a file, where nothing is hidden by a volume at its folder.
pub(super) fn free_folder(target: &str) -> Option<(&str, &str)> {
    let (folder, name) = target.rsplit_once('/')?;
    let path = Utf8Path::new(folder);
    let is_free = FREE.iter().any(|free| path.starts_with(free)) || is_below(path, FREE_BELOW);
    is_free.then_some((folder, name))
}
