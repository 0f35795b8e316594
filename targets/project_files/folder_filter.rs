//! What stays behind when a container mounts a folder of the project.
//!
//! In: the ignore files of the project and of the folders on the way, and the inputs of the compile. Out: whether
//! a file or folder stays behind. Invariant: a path that a manifest mounts by its own name is never asked about.
//! Sources: gitignore(5); Docker, ".dockerignore files"; AWS documentation, "Deploying artifacts instead of your
//! project folder" (`.ebignore` takes the place of the others).

use camino::{Utf8Path, Utf8PathBuf};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeSet;
use tranship_frontend::world::{PathKind, ProjectFiles};

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

/// The rules for one walk.
#[derive(Debug, Default)]
pub struct FolderFilter {
    /// Each with the folder that it is for.
    rules: Vec<(Utf8PathBuf, Gitignore)>,
    /// Whether no further ignore file counts on the way.
    alone: bool,
    /// Whether the names of a mounted folder count that never go into a bundle.
    is_context: bool,
}

impl FolderFilter {
    /// The rules of the project's own folder.
    pub fn of_project(files: &mut ProjectFiles<'_>, root: &Utf8Path) -> Self {
        let mut filter = FolderFilter::default();
        if let Some(text) = read(files, &root.join(EBIGNORE)) {
            filter.add(Utf8Path::new(""), &text, str::to_owned);
            filter.alone = true;
            return filter;
        }
        if let Some(text) = read(files, &root.join(GITIGNORE)) {
            filter.add(Utf8Path::new(""), &text, str::to_owned);
        }
        if let Some(text) = read(files, &root.join(DOCKERIGNORE)) {
            filter.add(Utf8Path::new(""), &text, anchored);
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
            filter.add(relative, &text, anchored);
        }
        filter
    }

    /// Adds the rules of a folder below.
    pub fn enter(&mut self, files: &mut ProjectFiles<'_>, local: &Utf8Path, relative: &Utf8Path) {
        if self.alone || relative.as_str().is_empty() {
            return;
        }
        if let Some(text) = read(files, &local.join(GITIGNORE)) {
            self.add(relative, &text, str::to_owned);
        }
    }

    /// Whether a path below a mounted folder stays behind; the last rule that matches decides.
    pub fn leaves_out(&self, relative: &Utf8Path, kind: PathKind) -> bool {
        let name = relative.file_name().unwrap_or_default();
        let never = if self.is_context { is_private(relative, name) } else { is_left_out(name) };
        if never {
            return true;
        }
        let above = self.rules.iter().rev().filter(|(folder, _)| relative.starts_with(folder));
        let matched = above.map(|(_, rules)| rules).find_map(|rules| {
            match rules.matched(relative.as_std_path(), kind == PathKind::Directory) {
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
                Match::None => None,
            }
        });
        matched.unwrap_or(false)
    }

    fn add(&mut self, folder: &Utf8Path, text: &str, line: impl Fn(&str) -> String) {
        let mut builder = GitignoreBuilder::new(folder.as_std_path());
        for written in text.lines() {
            // A line that is no pattern matches nothing, as under Git.
            let _ = builder.add_line(None, &line(written));
        }
        self.rules.extend(builder.build().ok().map(|rules| (folder.to_owned(), rules)));
    }
}

fn read(files: &mut ProjectFiles<'_>, path: &Utf8Path) -> Option<String> {
    files.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Docker's patterns start at the root, Git's anywhere.
fn anchored(line: &str) -> String {
    let line = line.trim();
    let (not, pattern) = match line.strip_prefix('!') {
        Some(pattern) => ("!", pattern.trim_start()),
        None => ("", line),
    };
    if pattern.is_empty() || pattern.starts_with('#') || pattern.starts_with("**/") {
        return format!("{not}{pattern}");
    }
    format!("{not}/{}", pattern.trim_start_matches("./").trim_start_matches('/'))
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
    /// Name and text of the Compose and env files.
    texts: BTreeSet<(String, Vec<u8>)>,
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
            read.filter_map(|(path, text)| Some((path.file_name()?.to_owned(), text.as_bytes().to_vec())));
        CompileInputs { texts: texts.collect(), secret_files: secret_files.collect() }
    }

    /// Whether a file of a folder is one of them.
    pub(super) fn has(&self, local: &Utf8Path, bytes: &[u8]) -> bool {
        let name = local.file_name().unwrap_or_default();
        let same = |(known, text): &(String, Vec<u8>)| known == name && text == bytes;
        self.secret_files.contains(local) || self.texts.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_docker_start_at_the_root() {
        for (line, pattern) in [
            ("node_modules", "/node_modules"),
            ("./build", "/build"),
            ("**/*.log", "**/*.log"),
            ("!keep.me", "!/keep.me"),
            ("# a comment", "# a comment"),
            ("", ""),
        ] {
            assert_eq!(anchored(line), pattern, "{line}");
        }
    }

    #[test]
    fn the_last_rule_decides_and_some_names_never_go() {
        let mut filter = FolderFilter::default();
        filter.add(Utf8Path::new(""), "*.log\n/dist/\n!keep.log\n", str::to_owned);
        filter.add(Utf8Path::new("web"), "local\n", str::to_owned);
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
