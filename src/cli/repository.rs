//! What tells the repository of a project from others: its address, read from Git's own files.
//!
//! In: the project's directory. Out: a short hash of the address of `origin` and of the folder in the repository; nothing
//! outside of a repository, or where it has no address. Clones of one repository give the same, however they are reached.

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};
use tranship_frontend::world::World;

/// The id of the repository that a directory is in.
pub(super) fn repository_id(directory: &Utf8Path, world: &dyn World) -> Option<String> {
    for root in directory.ancestors() {
        let Some(config) = config(root, world) else { continue };
        let folder = directory.strip_prefix(root).unwrap_or(directory);
        return Some(hash(&format!("{} {folder}", address(origin(&config)?))));
    }
    None
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The configuration of the repository whose top is this directory.
fn config(root: &Utf8Path, world: &dyn World) -> Option<String> {
    let text = |path: &Utf8Path| Some(String::from_utf8_lossy(&world.read(path).ok()?).into_owned());
    let git = root.join(".git");
    if let Some(config) = text(&git.join("config")) {
        return Some(config);
    }
    // A second work tree, or a submodule: a file that names the real place.
    let place = root.join(text(&git)?.strip_prefix("gitdir:")?.trim());
    let common = text(&place.join("commondir")).map(|path| place.join(path.trim()));
    text(&common.unwrap_or_else(|| Utf8PathBuf::from(&place)).join("config"))
}

/// The address of the remote `origin`.
fn origin(config: &str) -> Option<&str> {
    let mut inside = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.replace(' ', "") == "[remote\"origin\"]";
        } else if let Some(("url", url)) =
            line.split_once('=').map(|(key, value)| (key.trim(), value.trim())).filter(|_| inside)
        {
            return Some(url);
        }
    }
    None
}

/// Host and path, the same for every protocol and user: `git@github.com:acme/shop.git` is `github.com/acme/shop`.
fn address(url: &str) -> String {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => url.split_once(':').unwrap_or(("", url)),
    };
    let host = host.rsplit('@').next().unwrap_or(host).to_lowercase();
    let host = host.split(':').next().unwrap_or_default().to_owned();
    let path = path.trim_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::world::MemoryWorld;

    #[test]
    fn one_address_has_many_forms() {
        for url in [
            "https://github.com/acme/shop",
            "https://user:token@GitHub.com/acme/shop.git",
            "git@github.com:acme/shop.git",
            "ssh://git@github.com:22/acme/shop/",
        ] {
            assert_eq!(address(url), "github.com/acme/shop", "{url}");
        }
        assert_ne!(address("https://github.com/acme/blog"), address("https://github.com/acme/shop"));
    }

    const CONFIG: &str =
        "[core]\n\turl = no\n[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n[branch \"x\"]\n";

    fn id(files: &[(&str, &str)], directory: &str) -> Option<String> {
        let mut world = MemoryWorld::new();
        for (path, text) in files {
            world = world.file(path, *text);
        }
        repository_id(Utf8Path::new(directory), &world)
    }

    #[test]
    fn the_repository_and_the_folder_in_it_make_the_id() {
        let top = id(&[("/work/.git/config", CONFIG)], "/work").unwrap();
        assert_eq!(top.len(), 16);
        assert_eq!(id(&[("/else/.git/config", CONFIG)], "/else"), Some(top.clone()), "another clone");
        assert_ne!(id(&[("/work/.git/config", CONFIG)], "/work/blog"), Some(top.clone()), "another folder");
        let moved = CONFIG.replace("shop.git", "other.git");
        assert_ne!(id(&[("/work/.git/config", &moved)], "/work"), Some(top.clone()));
        assert_eq!(id(&[], "/work"), None);
        assert_eq!(id(&[("/work/.git/config", "[core]\n")], "/work"), None);
        let tree = [
            ("/tree/.git", "gitdir: /work/.git/worktrees/tree\n"),
            ("/work/.git/worktrees/tree/commondir", "../..\n"),
            ("/work/.git/worktrees/tree/../../config", CONFIG),
        ];
        assert_eq!(id(&tree, "/tree"), Some(top), "a second work tree");
    }
}
