//! Files of the project that containers mount, as every target carries them to AWS.
//!
//! In: a path of the project. Out: what lies there, without what ignore files name, what the compile itself reads
//! and what an earlier build wrote; and the credentials among it, which go nowhere. Invariant: two checkouts of one
//! commit give the same files, the bit that makes them executable included.

mod file_passwords;
mod folder_filter;

use crate::Compilation;
use camino::{Utf8Path, Utf8PathBuf};
pub use file_passwords::{PasswordPlace, password_place, warn_of_passwords};
use folder_filter::CompileInputs;
pub use folder_filter::FolderFilter;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{Application, KnownSecrets};
use tranship_artifact::{WrittenFiles, is_temporary};
use tranship_frontend::secrets::credential_in_file;
use tranship_frontend::world::{FileCollector, FoundFile, PathKind, ProjectFiles};

/// What a mounted file or folder holds.
#[derive(Debug, Default)]
pub struct ProjectContent {
    /// The files by their paths from the project's directory.
    pub files: BTreeMap<Utf8PathBuf, FoundFile>,
    /// The folders among them, empty ones too.
    pub folders: BTreeSet<Utf8PathBuf>,
    /// What stays behind.
    pub left_out: Vec<String>,
    /// What must not leave the machine.
    pub credentials: Vec<ProjectCredential>,
    /// Lines of configurations that look like passwords, one a file.
    pub passwords: Vec<PasswordPlace>,
}

/// A file that must not go into an artifact, which many people can read.
#[derive(Debug)]
pub struct ProjectCredential {
    /// Its path within the project.
    pub path: String,
    /// What it is.
    pub reason: &'static str,
}

impl ProjectCredential {
    /// At most six of them, each with what it is, and how many more.
    pub fn listed(found: &[ProjectCredential]) -> String {
        let listed: Vec<String> =
            found.iter().take(6).map(|one| format!("`{}` is {}", one.path, one.reason)).collect();
        let more = found.len().saturating_sub(listed.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", listed.join(", "))
    }
}

/// At most six paths, and how many more.
pub fn listed_paths<'p>(paths: impl IntoIterator<Item = &'p String>) -> String {
    let mut paths = paths.into_iter();
    let listed: Vec<String> = paths.by_ref().take(6).map(|path| format!("`{path}`")).collect();
    let more = paths.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", listed.join(", "))
}

/// A file, or all files of a folder.
///
/// # Errors
/// Why it cannot be carried, as a clause.
pub fn collect(
    local: &Utf8Path,
    relative: &Utf8Path,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Result<ProjectContent, String> {
    let root = local.ancestors().nth(relative.components().count()).unwrap_or(local);
    let filter = FolderFilter::of_project(&mut cx.files, root);
    collect_with(local, relative, filter, application, cx)
}

/// A file, or all files of a folder that a filter lets through.
///
/// # Errors
/// Why it cannot be carried, as a clause.
pub fn collect_with(
    local: &Utf8Path,
    relative: &Utf8Path,
    filter: FolderFilter,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Result<ProjectContent, String> {
    let root = local.ancestors().nth(relative.components().count()).unwrap_or(local);
    if relative.components().any(|part| part.as_str() == ".git") {
        let found = ProjectCredential { path: relative.to_string(), reason: "the history of the project" };
        return Ok(ProjectContent { credentials: vec![found], ..ProjectContent::default() });
    }
    let mut walk = ProjectWalk {
        project: root,
        known: &application.known_secrets,
        inputs: inputs(application, cx),
        filter,
        made: Vec::new(),
        content: ProjectContent::default(),
        by_name: relative,
    };
    cx.files.walk(local, relative, &mut walk)?;
    Ok(walk.content)
}

fn inputs(application: &Application, cx: &Compilation<'_>) -> CompileInputs {
    let read = cx.sources.files().map(|(_, file)| (file.path(), file.text()));
    CompileInputs::of(read, application.secret_files.iter().map(Utf8PathBuf::from))
}

/// Why no artifact may hold a file.
pub fn credential(path: &str, bytes: &[u8], known: &KnownSecrets) -> Option<&'static str> {
    let holds = || Some("a file with the value of a secret").filter(|_| known.is_in(bytes));
    credential_in_file(path, bytes).or_else(holds)
}

/// Takes the files of a walk: not credentials, not what ignore files name, not what an earlier build wrote.
struct ProjectWalk<'a> {
    project: &'a Utf8Path,
    known: &'a KnownSecrets,
    inputs: CompileInputs,
    filter: FolderFilter,
    /// Directories that hold a build's list, with what it names.
    made: Vec<(Utf8PathBuf, WrittenFiles)>,
    content: ProjectContent,
    /// What the manifest names.
    by_name: &'a Utf8Path,
}

impl FileCollector for ProjectWalk<'_> {
    fn enter(
        &mut self,
        files: &mut ProjectFiles<'_>,
        local: &Utf8Path,
        relative: &Utf8Path,
        names: &[String],
    ) -> Result<(), String> {
        if names.iter().any(|name| name == WrittenFiles::NAME) {
            let list = files.read(&local.join(WrittenFiles::NAME))?;
            let list = WrittenFiles::parse(&String::from_utf8_lossy(&list));
            self.made.push((relative.to_owned(), list));
        }
        self.content.folders.insert(relative.to_owned());
        self.filter.enter(files, local, relative);
        Ok(())
    }

    fn wants(&mut self, relative: &Utf8Path, kind: PathKind) -> bool {
        if is_temporary(relative.file_name().unwrap_or_default()) {
            return false;
        }
        let out = self.filter.leaves_out(relative, kind);
        if out {
            self.content.left_out.push(relative.to_string());
        }
        !out
    }

    fn take(&mut self, relative: &Utf8Path, file: FoundFile) -> Result<(), String> {
        let wrote = |(directory, list): &(Utf8PathBuf, WrittenFiles)| match relative.strip_prefix(directory) {
            Ok(path) if path == WrittenFiles::NAME => !list.is_empty(),
            Ok(path) => list.wrote(path.as_str(), &file.bytes),
            Err(_) => false,
        };
        if self.made.iter().any(wrote) {
            return Ok(());
        }
        if relative != self.by_name && self.inputs.has(&self.project.join(relative), &file.bytes) {
            self.content.left_out.push(relative.to_string());
            return Ok(());
        }
        if let Some(reason) = credential(relative.as_str(), &file.bytes, self.known) {
            self.content.credentials.push(ProjectCredential { path: relative.to_string(), reason });
            return Ok(());
        }
        let by_name = relative == self.by_name;
        self.content.passwords.extend(password_place(relative.as_str(), &file.bytes, by_name));
        self.content.files.insert(relative.to_owned(), file);
        Ok(())
    }
}
