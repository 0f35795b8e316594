//! A recipe as a folder that any builder takes: a Dockerfile, and the files that it copies.
//!
//! In: an [`ImageRecipe`] with files. Out: the same image as the layer that `publish` appends, for `docker build`,
//! `podman build` and their like. Invariant: paths and bytes depend on the recipe alone.
//! Source: Docker, "Dockerfile reference" (COPY, RUN --mount), read in November 2026.

use crate::{BaseImage, FileLayer, FileOwner, ImageRecipe, LayerEntry};
use std::collections::BTreeSet;

/// A file of the folder that an image is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Its path in the folder.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// The folder of the context that holds the files, at their paths in the container.
const FILES: &str = "files";

/// A program without dependencies that removes, links and makes folders, whatever the image has: a Dockerfile has no
/// instruction for that, and an image need not have a shell. Published by Docker on AWS's public registry.
const TOOLS: &str = "public.ecr.aws/docker/library/busybox:1.37.0-musl";

/// Where the program is while it runs. It leaves nothing there.
const TOOL: &str = "/mnt/busybox";

/// Permission bits that files and folders of the context have by themselves.
const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

impl ImageRecipe {
    /// The folder to build the image from. `None` for an image to which nothing is added.
    pub fn build_context(&self) -> Option<Vec<ContextFile>> {
        let layer = self.layer.as_ref()?;
        let mut steps = BuildSteps::default();
        let entries: Vec<(&str, &LayerEntry)> =
            layer.entries.iter().map(|(path, entry)| (path.as_str(), entry)).collect();
        for (index, (path, entry)) in entries.iter().enumerate() {
            let next = entries.get(index + 1).map(|(next, _)| *next);
            let has_content = next.is_some_and(|next| is_below(next, path));
            steps.add((path, entry), has_content, layer);
        }
        let dockerfile = ContextFile {
            path: "Dockerfile".to_owned(),
            bytes: self.dockerfile(&steps).into_bytes(),
            executable: false,
        };
        Some(std::iter::once(dockerfile).chain(steps.files).collect())
    }

    fn dockerfile(&self, steps: &BuildSteps) -> String {
        let services: Vec<String> = self.services.iter().map(|name| format!("`{name}`")).collect();
        let mut lines =
            vec![format!("# The image of {}, with the files that are mounted.", services.join(", "))];
        match &self.base {
            BaseImage::Named(image) => {
                lines.extend(variables(image).map(|name| format!("ARG {name}")));
                lines.push(format!("ARG BASE={}", one_line(image)));
            }
            BaseImage::Built(build) => {
                let context = one_line(&build.context);
                lines.push(format!("# BASE is the image that is built from {context}: --build-arg BASE=..."));
                lines.push("ARG BASE".to_owned());
            }
        }
        lines.push("FROM ${BASE}".to_owned());
        if !steps.prepare.is_empty() {
            lines.extend(self.prepare(&steps.prepare));
        }
        lines.extend(steps.copies.iter().cloned());
        lines.join("\n") + "\n"
    }

    /// One instruction for what copying cannot do.
    fn prepare(&self, commands: &[String]) -> Vec<String> {
        let user = self.base_user.filter(|user| *user != FileOwner::default());
        let as_user = |user: FileOwner| format!("USER {}:{}", user.user, user.group);
        let script = commands.join(" && ");
        let run = format!(
            "RUN --mount=type=bind,from={TOOLS},source=/bin,target=/mnt [\"{TOOL}\", \"sh\", \"-c\", {}]",
            quoted(&script)
        );
        let mut lines = vec![
            "# A mounted folder replaces what the image has there. The program comes with the instruction, so the"
                .to_owned(),
            "# image needs no shell.".to_owned(),
        ];
        lines.extend(user.map(|_| as_user(FileOwner::default())));
        lines.push(run);
        lines.extend(user.map(as_user));
        lines
    }
}

/// What a Dockerfile does, in its order: what copying cannot do, and copying.
#[derive(Default)]
struct BuildSteps {
    prepare: Vec<String>,
    copies: Vec<String>,
    files: Vec<ContextFile>,
    /// The folder that is copied whole, and its owner.
    tree: Option<(String, FileOwner)>,
    /// Folders that are made before anything is copied.
    made: BTreeSet<String>,
}

impl BuildSteps {
    fn add(&mut self, (path, entry): (&str, &LayerEntry), has_content: bool, layer: &FileLayer) {
        match entry {
            LayerEntry::Folder { owner, mode, replaces } => {
                self.folder(path, *owner, *mode, *replaces, has_content);
            }
            LayerEntry::File { bytes, owner, mode } => self.file(path, bytes, *owner, *mode),
            LayerEntry::Link { target } => {
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                self.folders_around(parent, layer);
                if !parent.is_empty() {
                    self.prepare.push(format!("{TOOL} mkdir -p {}", word(parent)));
                }
                self.prepare.push(format!("{TOOL} ln -sfn {} {}", word(target), word(path)));
            }
        }
    }

    /// Makes the folders of the layer that a link lies in as they shall be: copying leaves those that exist as they are.
    fn folders_around(&mut self, folder: &str, layer: &FileLayer) {
        let around = folder.match_indices('/').map(|(end, _)| end).skip(1).chain([folder.len()]);
        for path in around.filter_map(|end| folder.get(..end)) {
            if let Some(LayerEntry::Folder { owner, mode, .. }) = layer.entries.get(path)
                && self.made.insert(path.to_owned())
            {
                self.make_folder(path, *owner, *mode);
            }
        }
    }

    fn make_folder(&mut self, path: &str, FileOwner { user, group }: FileOwner, mode: u32) {
        let path = word(path);
        self.prepare.push(format!("{TOOL} mkdir -p {path}"));
        self.prepare.push(format!("{TOOL} chown {user}:{group} {path}"));
        self.prepare.push(format!("{TOOL} chmod {mode:04o} {path}"));
    }

    fn folder(&mut self, path: &str, owner: FileOwner, mode: u32, replaces: bool, has_content: bool) {
        if replaces {
            self.prepare.push(format!("{TOOL} rm -rf {}", word(path)));
        }
        let comes_with_tree = self.in_tree(path, owner) && mode == FOLDER_MODE && !replaces && has_content;
        if comes_with_tree {
            return;
        }
        if !has_content || mode != FOLDER_MODE {
            self.made.insert(path.to_owned());
            self.make_folder(path, owner, mode);
        }
        if has_content && !self.in_tree(path, owner) {
            let copy = copy(&owned(owner), &format!("{FILES}{path}/"), &format!("{path}/"));
            self.copies.push(copy);
            self.tree = Some((path.to_owned(), owner));
        }
    }

    fn file(&mut self, path: &str, bytes: &[u8], owner: FileOwner, mode: u32) {
        let executable = mode & 0o100 != 0;
        let (file, bytes) = (format!("{FILES}{path}"), bytes.to_vec());
        self.files.push(ContextFile { path: file.clone(), bytes, executable });
        if !self.in_tree(path, owner) || !matches!(mode, FILE_MODE | FOLDER_MODE) {
            let flags = format!("{} --chmod={mode:04o}", owned(owner));
            self.copies.push(copy(&flags, &file, path));
        }
    }

    /// Whether something comes with a folder that is copied whole.
    fn in_tree(&self, path: &str, owner: FileOwner) -> bool {
        self.tree.as_ref().is_some_and(|(tree, by)| is_below(path, tree) && *by == owner)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn owned(owner: FileOwner) -> String {
    format!("--chown={}:{}", owner.user, owner.group)
}

/// A `COPY`; in its form as a list where a path has spaces.
fn copy(flags: &str, from: &str, to: &str) -> String {
    let (from, to) = (source(from), plain(to));
    if [&from, &to].iter().all(|path| path.chars().all(|c| c.is_ascii_graphic() && !"\"'#".contains(c))) {
        return format!("COPY {flags} {from} {to}");
    }
    format!("COPY {flags} [{}, {}]", quoted(&from), quoted(&to))
}

/// A path in which nothing is a variable.
fn plain(path: &str) -> String {
    path.replace('\\', "\\\\").replace('$', "\\$")
}

/// A path in which nothing is a variable or a pattern.
fn source(path: &str) -> String {
    let letter = |c: char| match c {
        '*' | '?' | '[' => format!("[{c}]"),
        '$' => "\\$".to_owned(),
        c => c.to_string(),
    };
    path.chars().map(letter).collect()
}

/// A word of a shell's command.
fn word(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c)) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let letter = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(letter).collect::<String>())
}

/// A text that cannot end its line.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The variables in `acme/web:${VERSION}`, each once.
fn variables(image: &str) -> impl Iterator<Item = &str> {
    let names = image.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let names: BTreeSet<&str> = names.collect();
    names.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BuildRequest;

    const ROOT: FileOwner = FileOwner { user: 0, group: 0 };
    const APP: FileOwner = FileOwner { user: 1000, group: 1001 };

    fn file(owner: FileOwner, mode: u32) -> LayerEntry {
        LayerEntry::File { bytes: b"x".to_vec(), owner, mode }
    }

    fn folder(owner: FileOwner, replaces: bool) -> LayerEntry {
        LayerEntry::Folder { owner, mode: 0o755, replaces }
    }

    fn recipe(base: BaseImage, entries: Vec<(&str, LayerEntry)>) -> ImageRecipe {
        let entries = entries.into_iter().map(|(path, entry)| (path.to_owned(), entry)).collect();
        ImageRecipe {
            name: "web".to_owned(),
            services: vec!["web".to_owned(), "worker".to_owned()],
            parameter: Some("WebImage".to_owned()),
            base,
            base_user: None,
            layer: Some(FileLayer { entries }),
            platform: "linux/amd64".to_owned(),
        }
    }

    fn text(recipe: &ImageRecipe) -> String {
        let context = recipe.build_context().unwrap();
        assert_eq!(context[0].path, "Dockerfile");
        String::from_utf8(context[0].bytes.clone()).unwrap()
    }

    #[test]
    fn single_files_are_copied_one_by_one() {
        let recipe = recipe(
            BaseImage::Named("acme/web:${VERSION}".to_owned()),
            vec![("/etc/a b.conf", file(ROOT, 0o440)), ("/etc/x.conf", file(APP, 0o644))],
        );
        assert_eq!(
            text(&recipe),
            "# The image of `web`, `worker`, with the files that are mounted.\n\
             ARG VERSION\n\
             ARG BASE=acme/web:${VERSION}\n\
             FROM ${BASE}\n\
             COPY --chown=0:0 --chmod=0440 [\"files/etc/a b.conf\", \"/etc/a b.conf\"]\n\
             COPY --chown=1000:1001 --chmod=0644 files/etc/x.conf /etc/x.conf\n"
        );
    }

    #[test]
    fn a_folder_is_copied_whole_and_replaces_the_image_s() {
        let build = BuildRequest { context: "./web".to_owned(), ..BuildRequest::default() };
        let mut recipe = recipe(
            BaseImage::Built(build),
            vec![
                ("/srv/site", folder(ROOT, true)),
                ("/srv/site/$a[1].js", file(ROOT, 0o644)),
                ("/srv/site/bin", folder(ROOT, false)),
                ("/srv/site/bin/run", file(ROOT, 0o755)),
                ("/srv/site/empty", folder(ROOT, false)),
                ("/srv/site/own", file(APP, 0o600)),
            ],
        );
        recipe.base_user = Some(APP);
        let expected = "# The image of `web`, `worker`, with the files that are mounted.\n\
             # BASE is the image that is built from ./web: --build-arg BASE=...\n\
             ARG BASE\n\
             FROM ${BASE}\n\
             # A mounted folder replaces what the image has there. The program comes with the instruction, so the\n\
             # image needs no shell.\n\
             USER 0:0\n\
             RUN --mount=type=bind,from=public.ecr.aws/docker/library/busybox:1.37.0-musl,source=/bin,target=/mnt [\"/mnt/busybox\", \"sh\", \"-c\", \"/mnt/busybox rm -rf /srv/site && /mnt/busybox mkdir -p /srv/site/empty && /mnt/busybox chown 0:0 /srv/site/empty && /mnt/busybox chmod 0755 /srv/site/empty\"]\n\
             USER 1000:1001\n\
             COPY --chown=0:0 files/srv/site/ /srv/site/\n\
             COPY --chown=1000:1001 --chmod=0600 files/srv/site/own /srv/site/own\n";
        assert_eq!(text(&recipe), expected);
        let context = recipe.build_context().unwrap();
        let executable: Vec<&str> =
            context.iter().filter(|it| it.executable).map(|it| it.path.as_str()).collect();
        assert_eq!(executable, ["files/srv/site/bin/run"]);
    }

    #[test]
    fn a_link_stands_in_a_folder_that_belongs_to_its_owner() {
        let recipe = recipe(
            BaseImage::Named("a".to_owned()),
            vec![
                ("/srv", folder(APP, true)),
                ("/srv/a.js", file(APP, 0o644)),
                ("/srv/sub", folder(APP, false)),
                ("/srv/sub/b.js", LayerEntry::Link { target: "../a.js".to_owned() }),
                ("/srv/sub/c.js", LayerEntry::Link { target: "b.js".to_owned() }),
            ],
        );
        let steps = [
            "rm -rf /srv",
            "mkdir -p /srv",
            "chown 1000:1001 /srv",
            "chmod 0755 /srv",
            "mkdir -p /srv/sub",
            "chown 1000:1001 /srv/sub",
            "chmod 0755 /srv/sub",
            "mkdir -p /srv/sub",
            "ln -sfn ../a.js /srv/sub/b.js",
            "mkdir -p /srv/sub",
            "ln -sfn b.js /srv/sub/c.js",
        ];
        let script: Vec<String> = steps.iter().map(|step| format!("/mnt/busybox {step}")).collect();
        let text = text(&recipe);
        assert!(text.contains(&format!("\"{}\"]", script.join(" && "))), "{text}");
        assert!(text.ends_with("COPY --chown=1000:1001 files/srv/ /srv/\n"), "{text}");
    }

    #[test]
    fn nothing_in_a_path_is_a_pattern_a_variable_or_a_command() {
        let recipe = recipe(
            BaseImage::Named("a".to_owned()),
            vec![
                ("/x/$HOME[1]*", file(ROOT, 0o644)),
                ("/x/it's", LayerEntry::Link { target: "/run/a;b".to_owned() }),
            ],
        );
        let text = text(&recipe);
        assert!(
            text.contains(r"COPY --chown=0:0 --chmod=0644 files/x/\$HOME[[]1][*] /x/\$HOME[1]*"),
            "{text}"
        );
        assert!(text.contains(r"ln -sfn '/run/a;b' '/x/it'\\''s'"), "{text}");
    }
}
