//! Files of the project that containers mount, as every target carries them to AWS.
//!
//! In: a path of the project. Out: what lies there, without what ignore files name, what the compile itself reads
//! and what an earlier build wrote; and the credentials among it, which go nowhere. Invariant: two checkouts of one
//! commit give the same files, the bit that makes them executable included; a file is in memory a block at a time,
//! unless a target makes something from it.

mod file_passwords;
mod file_scan;
mod file_scans;
mod folder_filter;

use crate::Compilation;
use camino::{Utf8Path, Utf8PathBuf};
pub use file_passwords::{PasswordPlace, password_place, warn_of_passwords};
pub use file_scan::ContentHolding;
use file_scan::ScannedFile;
use file_scans::{FileOfWalk, FileScans};
use folder_filter::CompileInputs;
pub use folder_filter::FolderFilter;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{Application, KnownSecrets};
use tranship_artifact::{FileCopy, FileMode, WrittenFiles, is_temporary};
use tranship_frontend::secrets::credential_in_file;
use tranship_frontend::world::{FileCollector, FoundFile, PathKind, ProjectFiles, normalise};

/// What a mounted file or folder holds.
#[derive(Debug, Default)]
pub struct ProjectContent {
    /// The files by their paths from the project's directory.
    pub files: BTreeMap<Utf8PathBuf, ProjectFile>,
    /// The folders among them, empty ones too.
    pub folders: BTreeSet<Utf8PathBuf>,
    /// The links among them that lead to something in the mounted folder, with their targets as they stand there.
    pub links: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
    /// What stays behind.
    pub left_out: Vec<String>,
    /// What must not leave the machine.
    pub credentials: Vec<ProjectCredential>,
    /// Lines of configurations that look like passwords, one a file.
    pub passwords: Vec<PasswordPlace>,
}

/// A file that goes into an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// Its bytes, or where they are.
    pub content: ProjectFileContent,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Whether its owner may execute it.
    pub executable: bool,
    /// Whether it begins as a program does.
    pub is_program: bool,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectFileContent {
    /// Its bytes.
    Held(Vec<u8>),
    /// The place of the file, with every link followed, and its size in bytes.
    OnDisk(Utf8PathBuf, u64),
}

impl ProjectFile {
    /// A file that stands in no folder.
    pub fn made(bytes: Vec<u8>) -> Self {
        let is_program = file_scan::begins_program(&bytes);
        let sha256 = Sha256::digest(&bytes).into();
        ProjectFile { content: ProjectFileContent::Held(bytes), sha256, executable: false, is_program }
    }

    /// The bytes of a file that was to be held; none of one that was left on disk.
    pub fn held(&self) -> &[u8] {
        match &self.content {
            ProjectFileContent::Held(bytes) => bytes,
            ProjectFileContent::OnDisk(..) => &[],
        }
    }

    /// The same, without a copy of them.
    pub fn into_held(self) -> Vec<u8> {
        match self.content {
            ProjectFileContent::Held(bytes) => bytes,
            ProjectFileContent::OnDisk(..) => Vec::new(),
        }
    }

    /// The copy that an artifact set takes, for a file that was left on disk.
    pub fn copy(&self, mode: FileMode) -> Option<FileCopy> {
        match &self.content {
            ProjectFileContent::Held(_) => None,
            ProjectFileContent::OnDisk(place, size) => {
                Some(FileCopy { mode, place: place.clone(), size: *size, sha256: self.sha256 })
            }
        }
    }
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

/// A file, or all files of a folder, held in memory.
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
    let filter = FolderFilter::of_project(&mut cx.files, root, relative);
    let how = (filter, LinkHandling::Keep, ContentHolding::Held);
    collect_with(local, relative, how, application, cx)
}

/// What a link in a mounted folder becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkHandling {
    /// A link, where it leads to something in the mounted folder; else what it leads to, since a container sees no
    /// more of the project.
    Keep,
    /// What it leads to.
    Follow,
}

/// A file, or all files of a folder that a filter lets through.
///
/// # Errors
/// Why it cannot be carried, as a clause.
pub fn collect_with(
    local: &Utf8Path,
    relative: &Utf8Path,
    (filter, links, holding): (FolderFilter, LinkHandling, ContentHolding),
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Result<ProjectContent, String> {
    let root = local.ancestors().nth(relative.components().count()).unwrap_or(local);
    if relative.components().any(|part| part.as_str() == ".git") {
        let found = ProjectCredential { path: relative.to_string(), reason: "the history of the project" };
        return Ok(ProjectContent { credentials: vec![found], ..ProjectContent::default() });
    }
    let (known, inputs) = (&application.known_secrets, inputs(application, cx));
    std::thread::scope(|scope| {
        let mut walk = ProjectWalk {
            project: root,
            inputs,
            filter,
            links,
            scans: FileScans::new(scope, known, holding),
            made: Vec::new(),
            content: ProjectContent::default(),
            by_name: relative,
        };
        cx.files.walk(local, relative, &mut walk)?;
        walk.finish()
    })
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
struct ProjectWalk<'a, 'scope, 'env> {
    project: &'a Utf8Path,
    inputs: CompileInputs,
    filter: FolderFilter,
    links: LinkHandling,
    scans: FileScans<'scope, 'env>,
    /// Directories that hold a build's list, with what it names.
    made: Vec<(Utf8PathBuf, WrittenFiles)>,
    content: ProjectContent,
    /// What the manifest names.
    by_name: &'a Utf8Path,
}

impl FileCollector for ProjectWalk<'_, '_, '_> {
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

    fn take_link(&mut self, relative: &Utf8Path, target: &Utf8Path) -> bool {
        let folder = relative.parent().unwrap_or(relative);
        let leads_to = normalise(&Utf8Path::new("/").join(folder).join(target));
        let keeps = self.links == LinkHandling::Keep
            && !target.is_absolute()
            && leads_to.starts_with(Utf8Path::new("/").join(self.by_name));
        if keeps {
            self.content.links.insert(relative.to_owned(), target.to_owned());
        }
        keeps
    }

    fn take(&mut self, relative: &Utf8Path, file: &mut FoundFile<'_>) -> Result<(), String> {
        while self.scans.is_full() {
            self.add_next()?;
        }
        self.scans.push(relative, relative == self.by_name, file)
    }
}

impl ProjectWalk<'_, '_, '_> {
    fn finish(mut self) -> Result<ProjectContent, String> {
        while self.add_next()? {}
        Ok(self.content)
    }

    /// Adds the next file that was looked through; `false` after the last.
    fn add_next(&mut self) -> Result<bool, String> {
        let Some((about, scan)) = self.scans.pop()? else { return Ok(false) };
        self.add(about, scan);
        Ok(true)
    }

    fn add(&mut self, about: FileOfWalk, scan: ScannedFile) {
        let FileOfWalk { relative, place, executable } = about;
        let wrote = |(directory, list): &(Utf8PathBuf, WrittenFiles)| match relative.strip_prefix(directory) {
            Ok(path) if path == WrittenFiles::NAME => !list.is_empty(),
            Ok(path) => list.wrote_hash(path.as_str(), &scan.sha256),
            Err(_) => false,
        };
        if self.made.iter().any(wrote) {
            return;
        }
        if relative != self.by_name && self.inputs.has(&self.project.join(&relative), &scan.sha256) {
            self.content.left_out.push(relative.into_string());
            return;
        }
        if let Some(reason) = scan.credential {
            self.content.credentials.push(ProjectCredential { path: relative.into_string(), reason });
            return;
        }
        self.content.passwords.extend(scan.password);
        let content = match scan.held {
            Some(bytes) => ProjectFileContent::Held(bytes),
            None => ProjectFileContent::OnDisk(place, scan.size),
        };
        let file = ProjectFile { content, sha256: scan.sha256, executable, is_program: scan.is_program };
        self.content.files.insert(relative, file);
    }
}
