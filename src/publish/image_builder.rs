//! Builds an image with the builder of this machine and exports it.
//!
//! In: a [`BuildRequest`]. Out: an image layout in a temporary directory; pushing it is not the builder's task, so it
//! needs no login. Invariant: the value of a build argument is passed in the environment, not on a command line that
//! other processes can read, unless it would change what the builder itself does.

use super::local_layout::LocalLayout;
use crate::deploy::{DeployFailure, DeployProgress};
use camino::{Utf8Path, Utf8PathBuf};
use std::fmt;
use std::process::{ExitStatus, Stdio};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tranship_frontend::world::World;
use tranship_images::BuildRequest;

/// Names that mean something to a builder's own process begin so.
const BUILDER_NAMES: &[&str] =
    &["DOCKER_", "BUILDKIT_", "BUILDX_", "BUILDAH_", "CONTAINER", "XDG_", "LD_", "TMP"];

/// A program that builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BuilderKind {
    /// `docker buildx build`, or `docker build` where there is no buildx
    Docker,
    /// `podman build`
    Podman,
    /// `buildah build`
    Buildah,
}

/// What a command line is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// What it reads from standard input.
    pub(super) input: Option<String>,
    /// Variables that it is given.
    variables: Vec<(String, String)>,
}

impl CommandLine {
    fn new(words: &[&str]) -> CommandLine {
        CommandLine { words: words.iter().map(|&word| word.to_owned()).collect(), ..CommandLine::default() }
    }

    fn with(&mut self, words: &[&str]) {
        self.words.extend(words.iter().map(|&word| word.to_owned()));
    }
}

/// As a shell takes it. Values of variables are not shown.
impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))?;
        match &self.input {
            Some(input) => write!(f, " <<'EOF'\n{}\nEOF", input.trim_end()),
            None => Ok(()),
        }
    }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,+%".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A builder that works on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageBuilder {
    kind: BuilderKind,
    /// Whether Docker has buildx.
    buildx: bool,
}

/// What is built.
#[derive(Debug, Clone)]
pub(super) struct BuildJob<'a> {
    /// The recipe's name.
    pub(super) name: &'a str,
    /// The request.
    pub(super) build: &'a BuildRequest,
    /// The platform.
    pub(super) platform: &'a str,
    /// Build arguments with their values.
    pub(super) arguments: &'a [(String, String)],
    /// The project's directory.
    pub(super) project: &'a Utf8Path,
    /// The name that the image gets on this machine.
    pub(super) tag: &'a str,
    /// Whether base images are pulled anew and nothing comes from the builder's cache.
    pub(super) fresh: bool,
}

impl ImageBuilder {
    /// The builder that is asked for, or the first that works.
    pub(super) async fn find(wanted: Option<BuilderKind>) -> Result<ImageBuilder, DeployFailure> {
        let kinds = match wanted {
            Some(kind) => vec![kind],
            None => vec![BuilderKind::Docker, BuilderKind::Podman, BuilderKind::Buildah],
        };
        for kind in kinds {
            // Docker's client alone builds nothing: its engine must answer.
            let works = match kind {
                BuilderKind::Docker => {
                    answers(&["docker", "version", "--format", "{{.Server.Version}}"]).await
                }
                BuilderKind::Podman => answers(&["podman", "--version"]).await,
                BuilderKind::Buildah => answers(&["buildah", "--version"]).await,
            };
            if works {
                let buildx = kind == BuilderKind::Docker && answers(&["docker", "buildx", "version"]).await;
                return Ok(ImageBuilder { kind, buildx });
            }
        }
        Err(match wanted {
            Some(kind) => DeployFailure::usage(format!("`{}` does not work on this machine", program(kind))),
            None => DeployFailure::usage("no image builder found on this machine")
                .help("install Docker, Podman or Buildah, and start Docker's engine if that is what you use")
                .help("or build elsewhere, and name the image with `--image NAME=REFERENCE`"),
        })
    }

    /// The builder's name, for the user.
    pub(super) fn name(self) -> &'static str {
        program(self.kind)
    }

    /// The command that builds.
    pub(super) fn build_command(self, job: &BuildJob<'_>, world: &dyn World) -> CommandLine {
        let mut line = match (self.kind, self.buildx) {
            (BuilderKind::Docker, true) => CommandLine::new(&["docker", "buildx", "build", "--load"]),
            (kind, _) => CommandLine::new(&[program(kind), "build"]),
        };
        line.with(&["--platform", job.platform, "--tag", job.tag]);
        match self.kind {
            // An attestation would make an index of what is one image.
            BuilderKind::Docker if self.buildx => line.with(&["--provenance", "false"]),
            BuilderKind::Docker => {}
            BuilderKind::Podman | BuilderKind::Buildah => line.with(&["--format", "oci"]),
        }
        if job.fresh {
            line.with(&["--pull", "--no-cache"]);
        }
        add_request(&mut line, job, world);
        line
    }

    /// The command that exports what was built into a directory.
    pub(super) fn export_command(self, tag: &str, directory: &Utf8Path) -> CommandLine {
        match self.kind {
            BuilderKind::Docker => {
                CommandLine::new(&["docker", "save", "--output", archive(directory).as_str(), tag])
            }
            BuilderKind::Podman => CommandLine::new(&[
                "podman",
                "save",
                "--format",
                "oci-dir",
                "--output",
                layout(directory).as_str(),
                tag,
            ]),
            BuilderKind::Buildah => {
                CommandLine::new(&["buildah", "push", tag, &format!("oci:{}", layout(directory))])
            }
        }
    }

    /// Builds and exports; the directory holds the layout while it lives.
    pub(super) async fn build(
        self,
        job: &BuildJob<'_>,
        world: &dyn World,
        progress: &mut dyn DeployProgress,
    ) -> Result<(TempDir, LocalLayout), DeployFailure> {
        progress.message(&format!("building {} with {}", job.name, self.name()));
        let no_place =
            |error: String| DeployFailure::failed(format!("cannot create a temporary directory: {error}"));
        let folder = TempDir::new().map_err(|error| no_place(error.to_string()))?;
        let place = Utf8Path::from_path(folder.path()).ok_or_else(|| no_place("not UTF-8".to_owned()))?;
        for line in [self.build_command(job, world), self.export_command(job.tag, place)] {
            let status = run(&line, job.project, progress).await?;
            if !status.success() {
                return Err(DeployFailure::failed(format!(
                    "the build of `{}` failed: {} ended with {status}",
                    job.name,
                    self.name()
                ))
                .help(format!("the command was `{line}`")));
            }
        }
        if self.kind == BuilderKind::Docker {
            super::docker_archive::unpack(&archive(place), &layout(place))?;
        }
        let layout = LocalLayout::new(&layout(place));
        Ok((folder, layout))
    }
}

fn archive(directory: &Utf8Path) -> Utf8PathBuf {
    directory.join("image.tar")
}

fn layout(directory: &Utf8Path) -> Utf8PathBuf {
    directory.join("image")
}

fn program(kind: BuilderKind) -> &'static str {
    match kind {
        BuilderKind::Docker => "docker",
        BuilderKind::Podman => "podman",
        BuilderKind::Buildah => "buildah",
    }
}

/// The words that say what is built, which all builders share.
fn add_request(line: &mut CommandLine, job: &BuildJob<'_>, world: &dyn World) {
    let build = job.build;
    if let Some(target) = &build.target {
        line.with(&["--target", target]);
    }
    for (name, value) in job.arguments {
        let own = world.variable(name).is_some() || BUILDER_NAMES.iter().any(|start| name.starts_with(start));
        match own && world.variable(name).as_ref() != Some(value) {
            true => line.with(&["--build-arg", &format!("{name}={value}")]),
            false => {
                line.with(&["--build-arg", name]);
                line.variables.push((name.clone(), value.clone()));
            }
        }
    }
    for (name, context) in &build.additional_contexts {
        let context = match super::build_context::is_remote(context) {
            true => context.clone(),
            false => job.project.join(context).to_string(),
        };
        line.with(&["--build-context", &format!("{name}={context}")]);
    }
    for (name, value) in &build.labels {
        line.with(&["--label", &format!("{name}={value}")]);
    }
    let remote = super::build_context::is_remote(&build.context);
    match (&build.dockerfile_inline, &build.dockerfile) {
        (Some(text), _) => {
            line.with(&["--file", "-"]);
            line.input = Some(text.clone());
        }
        // The command line takes the path from where it runs, Compose from the context.
        (None, Some(path)) if !remote => {
            line.with(&["--file", Utf8Path::new(&build.context).join(path).as_str()]);
        }
        (None, Some(path)) => line.with(&["--file", path]),
        (None, None) => {}
    }
    line.with(&[if build.context.is_empty() { "." } else { &build.context }]);
}

/// Whether a program can be run and is content.
async fn answers(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    status.is_ok_and(|status| status.success())
}

/// Runs a command and hands on what it says, line by line.
async fn run(
    line: &CommandLine,
    directory: &Utf8Path,
    progress: &mut dyn DeployProgress,
) -> Result<ExitStatus, DeployFailure> {
    let (program, arguments) =
        line.words.split_first().map_or(("", &[][..]), |(it, rest)| (it.as_str(), rest));
    let failed = |error: std::io::Error| DeployFailure::failed(format!("`{program}` cannot be run: {error}"));
    let input = if line.input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(line.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(directory)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    if let (Some(mut to), Some(text)) = (child.stdin.take(), &line.input) {
        to.write_all(text.as_bytes()).await.map_err(failed)?;
    }
    let mut out = child.stdout.take().map(|stream| BufReader::new(stream).split(b'\n'));
    let mut err = child.stderr.take().map(|stream| BufReader::new(stream).split(b'\n'));
    // A stream that ends is not asked again.
    while out.is_some() || err.is_some() {
        let line = tokio::select! {
            line = async { out.as_mut()?.next_segment().await.ok()? }, if out.is_some() => {
                if line.is_none() { out = None; }
                line
            }
            line = async { err.as_mut()?.next_segment().await.ok()? }, if err.is_some() => {
                if line.is_none() { err = None; }
                line
            }
        };
        if let Some(line) = line {
            progress.message(&format!("  {}", String::from_utf8_lossy(&line).trim_end()));
        }
    }
    child.wait().await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::world::MemoryWorld;

    fn builder(kind: BuilderKind, buildx: bool) -> ImageBuilder {
        ImageBuilder { kind, buildx }
    }

    #[test]
    fn commands_say_what_compose_means() {
        let build = BuildRequest {
            context: "app".into(),
            dockerfile: Some("docker/Dockerfile.prod".into()),
            target: Some("run time".into()),
            labels: [("a".to_owned(), "it's".to_owned())].into(),
            additional_contexts: [
                ("shared".to_owned(), "../shared".to_owned()),
                ("alpine".to_owned(), "docker-image://alpine:3".to_owned()),
            ]
            .into(),
            ..BuildRequest::default()
        };
        let arguments = [("TOKEN", "canary"), ("PATH", "/x"), ("DOCKER_HOST", "h")];
        let arguments = arguments.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let job = BuildJob {
            name: "web",
            build: &build,
            platform: "linux/arm64",
            arguments: &arguments,
            project: Utf8Path::new("/p"),
            tag: "t",
            fresh: true,
        };
        let world = MemoryWorld::new().set("PATH", "/bin");
        let line = builder(BuilderKind::Docker, true).build_command(&job, &world);
        assert_eq!(
            line.to_string(),
            "docker buildx build --load --platform linux/arm64 --tag t --provenance false --pull --no-cache \
             --target 'run time' --build-arg TOKEN --build-arg PATH=/x --build-arg DOCKER_HOST=h \
             --build-context alpine=docker-image://alpine:3 --build-context shared=/p/../shared \
             --label 'a=it'\\''s' --file app/docker/Dockerfile.prod app"
        );
        assert_eq!(line.variables, [("TOKEN".to_owned(), "canary".to_owned())]);
        let line = builder(BuilderKind::Buildah, false).build_command(&job, &world).to_string();
        assert!(
            line.starts_with("buildah build --platform linux/arm64 --tag t --format oci --pull"),
            "{line}"
        );
    }

    #[test]
    fn an_inline_dockerfile_is_read_from_standard_input() {
        let build =
            BuildRequest { dockerfile_inline: Some("FROM x\nRUN y\n".into()), ..BuildRequest::default() };
        let job = BuildJob {
            name: "web",
            build: &build,
            platform: "linux/amd64",
            arguments: &[],
            project: Utf8Path::new("/p"),
            tag: "t",
            fresh: false,
        };
        let line = builder(BuilderKind::Docker, false).build_command(&job, &MemoryWorld::new()).to_string();
        assert_eq!(
            line,
            "docker build --platform linux/amd64 --tag t --file - . <<'EOF'\nFROM x\nRUN y\nEOF"
        );
        let line = builder(BuilderKind::Podman, false).export_command("t", Utf8Path::new("/tmp/x"));
        assert_eq!(line.to_string(), "podman save --format oci-dir --output /tmp/x/image t");
    }
}
