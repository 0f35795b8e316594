//! The digest of everything that a build reads from the project, which names the image that it makes.
//!
//! In: a [`BuildRequest`] and the project's directory. Out: a digest; the same content has the same one on every
//! machine. Invariant: what `.dockerignore` leaves out does not count, times and owners neither. What a build fetches
//! (base images, packages) cannot be part of it.

use crate::deploy::DeployFailure;
use camino::{Utf8Path, Utf8PathBuf};
use std::io;
use tranship_images::{BuildRequest, DigestWriter, DockerIgnore};

/// Changes when what goes into the digest changes.
const FORMAT: &str = "build 1";

/// Whether a context is fetched by the builder: its content is not known here.
pub(super) fn is_remote(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

/// The digest of a build for a platform; `arguments` are its build arguments with their values.
pub(super) fn digest(
    build: &BuildRequest,
    platform: &str,
    arguments: &[(String, String)],
    project: &Utf8Path,
) -> Result<DigestWriter, DeployFailure> {
    let mut record = DigestWriter::default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    record.field(FORMAT.as_bytes());
    record.field(platform.as_bytes());
    record.field(text(&build.target).as_bytes());
    record.field(text(&build.dockerfile_inline).as_bytes());
    for (name, value) in arguments.iter().map(|(name, value)| (name, value)).chain(&build.labels) {
        record.field(name.as_bytes());
        record.field(value.as_bytes());
    }
    let folders = [("", &build.context)]
        .into_iter()
        .chain(build.additional_contexts.iter().map(|(name, context)| (name.as_str(), context)));
    for (name, context) in folders {
        record.field(name.as_bytes());
        record.field(context.as_bytes());
        if is_remote(context) {
            continue;
        }
        let root = project.join(context);
        let dockerfile = if name.is_empty() { dockerfile(build) } else { None };
        add_folder(&mut record, &root, dockerfile.as_deref()).map_err(|(path, error)| {
            DeployFailure::usage(format!("cannot read `{path}` for the build in `{context}`: {error}"))
        })?;
    }
    Ok(record)
}

/// The Dockerfile relative to the context.
fn dockerfile(build: &BuildRequest) -> Option<Utf8PathBuf> {
    match (&build.dockerfile_inline, &build.dockerfile) {
        (Some(_), _) => None,
        (None, Some(path)) => Some(path.into()),
        (None, None) => Some("Dockerfile".into()),
    }
}

/// What could not be read, and why.
type UnreadPath = (Utf8PathBuf, io::Error);

fn add_folder(
    record: &mut DigestWriter,
    root: &Utf8Path,
    dockerfile: Option<&Utf8Path>,
) -> Result<(), UnreadPath> {
    let mut rules = DockerIgnore::default();
    let own = dockerfile.map(|path| Utf8PathBuf::from(format!("{path}.dockerignore")));
    for path in own.into_iter().chain([Utf8PathBuf::from(".dockerignore")]) {
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            rules = DockerIgnore::parse(&text);
            break;
        }
    }
    if let Some(path) = dockerfile {
        let path = root.join(path);
        record.field(&std::fs::read(&path).map_err(|error| (path, error))?);
    }
    walk(record, root, "", &rules)
}

fn walk(
    record: &mut DigestWriter,
    folder: &Utf8Path,
    relative: &str,
    rules: &DockerIgnore,
) -> Result<(), UnreadPath> {
    let failed = |error: io::Error| (folder.to_owned(), error);
    let entries: io::Result<Vec<_>> = folder.read_dir_utf8().and_then(Iterator::collect);
    let mut entries = entries.map_err(failed)?;
    entries.sort_by(|one, other| one.file_name().cmp(other.file_name()));
    for entry in entries {
        let name = entry.file_name();
        let path = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
        let out = rules.decides(&path, 0).unwrap_or(false);
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            if !out {
                record.field(format!("folder {path}").as_bytes());
            }
            if !out || rules.keeps_below(&path) {
                walk(record, entry.path(), &path, rules)?;
            }
        } else if !out {
            add(record, &entry, &path).map_err(|error| (entry.path().to_owned(), error))?;
        }
    }
    Ok(())
}

fn add(record: &mut DigestWriter, entry: &camino::Utf8DirEntry, path: &str) -> io::Result<()> {
    let found = entry.metadata()?;
    if found.file_type().is_symlink() {
        record.field(format!("link {path}").as_bytes());
        record.field(entry.path().read_link_utf8()?.as_str().as_bytes());
    } else if found.is_file() {
        let mut content = DigestWriter::default();
        io::copy(&mut std::fs::File::open(entry.path())?, &mut content)?;
        record.field(format!("file {path} {:o}", permissions(&found)).as_bytes());
        record.field(content.finish().as_str().as_bytes());
    }
    Ok(())
}

#[cfg(unix)]
fn permissions(found: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn permissions(_: &std::fs::Metadata) -> u32 {
    0o755
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(project: &Utf8Path, change: impl FnOnce(&mut BuildRequest)) -> String {
        let mut build = BuildRequest { context: "app".into(), ..BuildRequest::default() };
        change(&mut build);
        digest(&build, "linux/amd64", &[], project).unwrap().finish().to_string()
    }

    #[test]
    fn content_counts_and_what_is_ignored_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let project = Utf8Path::from_path(folder.path()).unwrap();
        let write = |path: &str, text: &str| {
            let path = project.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("app/Dockerfile", "FROM x");
        write("app/src/main.js", "1");
        write("app/.dockerignore", "*.log\n");
        let first = hash(project, |_| {});
        write("app/x.log", "noise");
        assert_eq!(hash(project, |_| {}), first);
        write("app/src/main.js", "2");
        let second = hash(project, |_| {});
        assert_ne!(second, first);
        assert_ne!(hash(project, |build| build.target = Some("t".into())), second);
        assert_ne!(hash(project, |build| build.dockerfile_inline = Some("FROM y".into())), second);
    }

    #[test]
    fn a_missing_context_is_named() {
        let build = BuildRequest { context: "nowhere".into(), ..BuildRequest::default() };
        let failure = digest(&build, "linux/amd64", &[], Utf8Path::new("/none")).unwrap_err();
        assert!(failure.message.starts_with("cannot read `/none/nowhere/Dockerfile`"), "{}", failure.message);
        for (context, remote) in
            [(".", false), ("https://github.com/a/b.git#main", true), ("git@x:a/b", true)]
        {
            assert_eq!(is_remote(context), remote, "{context}");
        }
    }
}
