//! What stays behind when a container mounts a folder of the project.
//!
//! In: the ignore files of the project and of the folders on the way, and the inputs of the compile. Out: whether
//! a file or folder stays behind. Invariant: a path that a manifest mounts by its own name is never asked about.
//! Sources: gitignore(5); Docker, ".dockerignore files"; AWS documentation, "Deploying artifacts instead of your
//! project folder" (`.ebignore` takes the place of the others).

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use tranship_app::GitIgnore;
use tranship_frontend::world::{PathKind, ProjectFiles};
use tranship_images::DockerIgnore;

/// Names that never go into a bundle with a folder: secrets of a laptop, and what is not the application's.
const LEFT_OUT: &[&str] =
    &[".git", ".env", ".ebextensions", ".elasticbeanstalk", ".platform", "node_modules"];

/// What Elastic Beanstalk or Docker Compose would take for its own at the top of a bundle.
const AT_TOP: &[&str] = &[
    ".ebextensions",
    ".elasticbeanstalk",
    ".platform",
    "Dockerrun.aws.json",
    "compose.override.yaml",
    "compose.override.yml",
    "compose.yaml",
    "compose.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

/// The ignore files, and what they are in the place of.
const EBIGNORE: &str = ".ebignore";
const GITIGNORE: &str = ".gitignore";
const DOCKERIGNORE: &str = ".dockerignore";

/// What a file says that names what stays behind.
#[derive(Debug)]
enum IgnoreFile {
    /// As Git reads it.
    Git(GitIgnore),
    /// As Docker reads it.
    Docker(DockerIgnore),
}

/// The rules for one walk.
#[derive(Debug, Default)]
pub struct FolderFilter {
    /// Each with the folder that it is for.
    rules: Vec<(Utf8PathBuf, IgnoreFile)>,
    /// What the manifest names: rules count only for what lies in it.
    mounted: Utf8PathBuf,
    /// Whether no further ignore file counts on the way.
    alone: bool,
    /// Whether the names of a mounted folder count that never go into a bundle.
    is_context: bool,
}

impl FolderFilter {
    /// The rules of the project's own folder, for a path that the manifest mounts.
    pub fn of_project(files: &mut ProjectFiles<'_>, root: &Utf8Path, mounted: &Utf8Path) -> Self {
        let mut filter = FolderFilter { mounted: mounted.to_owned(), ..FolderFilter::default() };
        if let Some(text) = read(files, &root.join(EBIGNORE)) {
            filter.add_git(Utf8Path::new(""), &text);
            filter.alone = true;
            return filter;
        }
        if let Some(text) = read(files, &root.join(GITIGNORE)) {
            filter.add_git(Utf8Path::new(""), &text);
        }
        if let Some(text) = read(files, &root.join(DOCKERIGNORE)) {
            filter.add_docker(Utf8Path::new(""), &text);
        }
        filter
    }

    /// The rules of a build context: its own `.dockerignore`, or that of its Dockerfile
    /// (Docker documentation, "Build context", `.dockerignore` files).
    pub fn of_context(
        files: &mut ProjectFiles<'_>,
        local: &Utf8Path,
        relative: &Utf8Path,
        dockerfile: Option<&Utf8Path>,
    ) -> Self {
        let mut filter = FolderFilter { alone: true, is_context: true, ..FolderFilter::default() };
        let own = dockerfile.map(|path| local.join(format!("{path}{DOCKERIGNORE}")));
        let own = own.and_then(|path| read(files, &path));
        if let Some(text) = own.or_else(|| read(files, &local.join(DOCKERIGNORE))) {
            filter.add_docker(relative, &text);
        }
        filter
    }

    /// Adds the rules of a folder below.
    pub fn enter(&mut self, files: &mut ProjectFiles<'_>, local: &Utf8Path, relative: &Utf8Path) {
        if self.alone || relative.as_str().is_empty() {
            return;
        }
        if let Some(text) = read(files, &local.join(GITIGNORE)) {
            self.add_git(relative, &text);
        }
    }

    /// Whether a path below a mounted folder stays behind; the last rule that matches decides.
    pub fn leaves_out(&self, relative: &Utf8Path, kind: PathKind) -> bool {
        let name = relative.file_name().unwrap_or_default();
        let never = if self.is_context { is_private(relative, name) } else { is_left_out(name) };
        if never {
            return true;
        }
        let mut above = self.rules.iter().rev().filter(|(folder, _)| relative.starts_with(folder));
        let matched = above.find_map(|(folder, rules)| match rules {
            IgnoreFile::Git(rules) => rules.decides(relative, kind == PathKind::Directory),
            IgnoreFile::Docker(rules) => self.docker_decides(rules, folder, relative, kind),
        });
        matched.unwrap_or(false)
    }

    /// A folder that is left out is entered all the same where something in it comes back.
    fn docker_decides(
        &self,
        rules: &DockerIgnore,
        folder: &Utf8Path,
        relative: &Utf8Path,
        kind: PathKind,
    ) -> Option<bool> {
        let path = relative.strip_prefix(folder).unwrap_or(relative).as_str();
        let named = self.mounted.strip_prefix(folder).map_or(0, |named| named.components().count());
        let decided = rules.decides(path, named)?;
        Some(decided && !(kind == PathKind::Directory && rules.keeps_below(path)))
    }

    fn add_git(&mut self, folder: &Utf8Path, text: &str) {
        self.rules.push((folder.to_owned(), IgnoreFile::Git(GitIgnore::parse(folder, text))));
    }

    fn add_docker(&mut self, folder: &Utf8Path, text: &str) {
        self.rules.push((folder.to_owned(), IgnoreFile::Docker(DockerIgnore::parse(text))));
    }
}

fn read(files: &mut ProjectFiles<'_>, path: &Utf8Path) -> Option<String> {
    files.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a name stays behind in any folder.
pub(super) fn is_left_out(name: &str) -> bool {
    LEFT_OUT.contains(&name) || name.starts_with(".env.")
}

/// Whether a name of a build context stays behind: history, environment files that are no example, and what Elastic
/// Beanstalk or Docker Compose would read at the top of a bundle.
fn is_private(relative: &Utf8Path, name: &str) -> bool {
    let example = [".example", ".sample", ".template", ".dist"].iter().any(|end| name.ends_with(end));
    let is_environment = name == ".env" || name.starts_with(".env.") && !example;
    name == ".git" || is_environment || relative == name && AT_TOP.contains(&name)
}

/// The files that the compile itself reads, which belong to no container.
#[derive(Debug, Default)]
pub(super) struct CompileInputs {
    /// Name and SHA-256 of the Compose and env files.
    texts: BTreeSet<(String, [u8; 32])>,
    /// The files behind `secrets`.
    secret_files: BTreeSet<Utf8PathBuf>,
}

impl CompileInputs {
    /// Those of a compile.
    pub(super) fn of<'s>(
        read: impl Iterator<Item = (&'s Utf8Path, &'s str)>,
        secret_files: impl Iterator<Item = Utf8PathBuf>,
    ) -> Self {
        let texts =
            read.filter_map(|(path, text)| Some((path.file_name()?.to_owned(), Sha256::digest(text).into())));
        CompileInputs { texts: texts.collect(), secret_files: secret_files.collect() }
    }

    /// Whether a file of a folder is one of them, by the SHA-256 of its bytes.
    pub(super) fn has(&self, local: &Utf8Path, sha256: &[u8; 32]) -> bool {
        let name = local.file_name().unwrap_or_default();
        let same = |(known, text): &(String, [u8; 32])| known == name && text == sha256;
        self.secret_files.contains(local) || self.texts.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_s_rules_start_at_the_root_and_count_below_what_is_mounted() {
        use PathKind::{Directory, File};
        let mut filter = FolderFilter { mounted: "web/dist".into(), ..FolderFilter::default() };
        filter.add_docker(
            Utf8Path::new(""),
            "dist\nweb/dist\n**/*.map\nweb/dist/docs\n!web/dist/docs/keep.md\n",
        );
        for (path, kind, out) in [
            ("web/dist/a.js", File, false),
            ("web/dist/dist", Directory, false),
            ("web/dist/a.map", File, true),
            ("web/dist/docs", Directory, false),
            ("web/dist/docs/a.md", File, true),
            ("web/dist/docs/keep.md", File, false),
        ] {
            assert_eq!(filter.leaves_out(Utf8Path::new(path), kind), out, "{path}");
        }
        let mut context = FolderFilter { is_context: true, alone: true, ..FolderFilter::default() };
        context.add_docker(Utf8Path::new("app"), "*\n!src\n");
        assert!(context.leaves_out(Utf8Path::new("app/x"), File));
        assert!(!context.leaves_out(Utf8Path::new("app/src"), Directory));
    }

    #[test]
    fn the_last_rule_decides_and_some_names_never_go() {
        let mut filter = FolderFilter::default();
        filter.add_git(Utf8Path::new(""), "*.log\n/dist/\n!keep.log\n");
        filter.add_git(Utf8Path::new("web"), "local\n");
        use PathKind::{Directory, File};
        for (path, kind, out) in [
            ("a.log", File, true),
            ("web/a.log", File, true),
            ("keep.log", File, false),
            ("dist", Directory, true),
            ("web/dist", Directory, false),
            ("web/local", File, true),
            ("local", File, false),
            (".env.production", File, true),
            ("a/node_modules", Directory, true),
        ] {
            assert_eq!(filter.leaves_out(Utf8Path::new(path), kind), out, "{path}");
        }
    }
}
