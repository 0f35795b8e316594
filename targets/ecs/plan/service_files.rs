//! Files of a service: those that become a part of its image, and those that a container writes before each start.
//!
//! In: mounted files and folders of the project, configs and secrets. Out: [`PlannedFiles`]. A task mounts whole
//! folders only, which hides what the image has in them, so a file becomes a part of an image that is derived from the
//! service's. What an image must not hold, or what is known at deployment only, is written into a volume of the task,
//! and a link in the image points there. Invariant: nothing secret is in an image.

use super::file_places::{clean, depth, free_folder, impossible, is_below, unportable};
use super::file_reports::FileReports;
use super::names;
use super::planner::EcsPlanner;
use crate::ecs::rules;
use crate::project_files::{self, ProjectContent, ProjectCredential};
use camino::Utf8Path;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::rules::app::MISSING_FILE;
use tranship_app::{
    AppService, At, BehaviourEffect, BindMeaning, BindMount, BindSource, ContainerMount, FileMount,
    FileMountKind, ManifestName, MountSource, MountedFiles, SecretId, SecretSource, Text, VolumeOwner,
};
use tranship_facts::{is_read_by_programs, is_written_by_programs};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_images::{FileLayer, FileOwner, LayerEntry};

/// Where files are that a container writes and that links of the image point to.
const LINKED: &str = "/mnt/files";
/// Bytes of configs that the variables of a container may hold. A task definition has 64 KiB in all
/// (Amazon ECS service quotas, read 2026-11).
const MOST_TEXT: usize = 16 << 10;
/// Permission bits of what a project holds: a checkout keeps no others.
const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;
/// Permission bits of a config or secret (Compose specification, "configs" of a service).
const CONFIG_MODE: u32 = 0o444;

/// The files of every service that has some.
#[derive(Debug, Default)]
pub(super) struct ServiceFileTable {
    services: BTreeMap<ManifestName, PlannedFiles>,
    /// Configs and secrets whose values reach a container from Secrets Manager.
    pub(super) injected: BTreeSet<SecretId>,
}

impl ServiceFileTable {
    /// The files of a service.
    pub(super) fn of(&self, service: &str) -> Option<&PlannedFiles> {
        self.services.get(service)
    }
}

/// What the files of a service become.
#[derive(Debug, Default)]
pub(super) struct PlannedFiles {
    /// Added to its image.
    pub(super) layer: FileLayer,
    /// Written before each start.
    pub(super) written: Vec<WrittenFile>,
}

/// A file, folder or link that a container of the task writes before the others start.
#[derive(Debug)]
pub(super) struct WrittenFile {
    /// Where.
    pub(super) place: WrittenPlace,
    /// What.
    pub(super) content: WrittenContent,
    /// Its owner.
    pub(super) owner: FileOwner,
    /// Permission bits.
    pub(super) mode: u32,
}

/// Where a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WrittenPlace {
    /// Into a volume of the task that the service mounts at a folder.
    Folder {
        /// The folder in the service's container.
        folder: String,
        /// The path in it.
        path: String,
    },
    /// Into a volume that the service mounts anyway.
    Volume {
        /// The task's name for it.
        volume: String,
        /// The path in it.
        path: String,
    },
}

/// What is written.
#[derive(Debug)]
pub(super) enum WrittenContent {
    /// Text, which may be completed at deployment.
    Text(Text),
    /// Text that is known now.
    Known(String),
    /// The value of a secret.
    Secret(SecretId),
    /// A file or folder of the project: what is there by its path from there, empty for itself.
    Carried(BTreeMap<String, LayerEntry>),
    /// A symbolic link, and where it points.
    Link(String),
}

/// The files of all services.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> ServiceFileTable {
    let app = planner.app;
    if let Some(asked) = &app.settings.mounted_files {
        planner.decided(asked, "how files reach the containers");
    }
    let mut table = ServiceFileTable::default();
    let mut told = FileReports::default();
    for service in app.services.values() {
        let mut one = FilePlanner { planner, service, files: PlannedFiles::default(), told: &mut told };
        one.mounts();
        one.configs_and_secrets(&mut table.injected);
        let files = one.files;
        if !files.layer.entries.is_empty() || !files.written.is_empty() {
            table.services.insert(service.name.clone(), files);
        }
    }
    told.report(planner);
    table
}

/// Plans the files of one service.
struct FilePlanner<'p, 'a, 'c> {
    planner: &'p mut EcsPlanner<'a, 'c>,
    service: &'p AppService,
    files: PlannedFiles,
    told: &'p mut FileReports,
}

impl FilePlanner<'_, '_, '_> {
    /// Mounted files and folders, outer ones first: an inner one hides what an outer one has at its path.
    fn mounts(&mut self) {
        let service = self.service;
        let mut mounts: Vec<(&ContainerMount, &BindMount)> = service
            .container
            .mounts
            .iter()
            .filter_map(|mount| match &mount.source {
                MountSource::Bind(bind) if bind.meaning == BindMeaning::Content => Some((mount, bind)),
                _ => None,
            })
            .collect();
        mounts.sort_by_key(|(mount, _)| depth(mount.target.peek()));
        for (mount, bind) in mounts {
            self.mount(mount, bind);
        }
    }

    fn mount(&mut self, mount: &ContainerMount, bind: &BindMount) {
        let Some(relative) = bind.source.within_project() else { return };
        let target = clean(mount.target.peek());
        if let Some(why) = impossible(&target) {
            return self.reject(mount, why);
        }
        if self.planner.app.settings.mounted_files.as_ref().map(At::get) == Some(MountedFiles::Helper) {
            let why = "`mounted_files: helper` writes configs and secrets only";
            return self.reject(mount, why);
        }
        let local = Utf8Path::new(bind.path.peek());
        let content = match project_files::collect(local, relative, self.planner.app, self.planner.cx) {
            Ok(content) => content,
            Err(why) => return self.outside(mount, &why),
        };
        if !content.credentials.is_empty() {
            return self.refuse_credentials(&mount.node, mount.origin, &content.credentials);
        }
        let passwords = &content.passwords;
        project_files::warn_of_passwords(self.service, passwords, "the image", mount.origin, self.planner.cx);
        self.told.left_out.extend(content.left_out.iter().cloned());
        let owner = self.owner(mount);
        let entries = entries(&content, relative, bind, owner);
        if let Some(why) = entries.keys().find_map(|path| unportable(&format!("{target}{path}"))) {
            return self.outside(mount, &why);
        }
        self.claim(mount, bind, relative);
        match self.covering(&target) {
            Some(HidingMount::Volume { place }) => {
                let place = WrittenPlace::Volume { volume: place.0, path: place.1 };
                let content = WrittenContent::Carried(entries);
                self.files.written.push(WrittenFile { place, content, owner, mode: FOLDER_MODE });
            }
            Some(HidingMount::Empty(why)) => self.reject(mount, why),
            None => self.files.layer.put(&target, entries),
        }
    }

    /// A numeric `user:` owns what it may write, as the developer's own user does on a laptop.
    fn owner(&self, mount: &ContainerMount) -> FileOwner {
        let user = self.service.container.user.as_ref().filter(|_| !mount.read_only);
        let owner = user.and_then(Text::literal).and_then(|user| VolumeOwner::parse(&user));
        owner.map(|owner| FileOwner { user: owner.user, group: owner.group }).unwrap_or_default()
    }

    fn claim(&mut self, mount: &ContainerMount, bind: &BindMount, relative: &Utf8Path) {
        let target = mount.target.peek();
        let is_file = matches!(bind.source, BindSource::ProjectFile(_));
        let may_write = !mount.read_only
            && match is_file {
                true => is_written_by_programs(relative.as_str()) || is_written_by_programs(target),
                false => !is_read_by_programs(target),
            };
        let became = "the service's image: a file that it copies";
        if let Some(read_only) = &mount.read_only_key {
            let reason = "the container has its own copy: the files of the project never change";
            self.planner.cx.ledger.ignored(read_only, reason, BehaviourEffect::Equivalent);
        }
        if !may_write {
            return self.planner.decided(&mount.node, became);
        }
        let reason = "changes that a container makes are lost when it stops";
        let effect = BehaviourEffect::ChangesBehaviour;
        self.planner.cx.ledger.approximated(&mount.node, effect, "a part of the image", reason, became);
        self.planner.cx.ledger.reported(&mount.node);
        let shown = if relative.as_str().is_empty() { "." } else { relative.as_str() };
        self.told.written.push((shown.to_owned(), self.service.name.clone(), mount.origin));
    }

    /// What is mounted around a path, if it hides what the image has there. Mounted content hides nothing: it becomes a
    /// part of the image, or of the volume that hides its place too.
    fn covering(&self, target: &str) -> Option<HidingMount> {
        let path = Utf8Path::new(target);
        let mounts = self.service.container.mounts.iter().filter(|mount| hides(mount));
        let around = mounts.filter(|mount| is_below(path, &clean(mount.target.peek())));
        let deepest = around.max_by_key(|mount| depth(mount.target.peek()))?;
        let own = clean(deepest.target.peek());
        let below = path.strip_prefix(&own).ok()?.to_string();
        Some(match &deepest.source {
            MountSource::Volume(name) => HidingMount::Volume { place: (names::container(name), below) },
            MountSource::Anonymous => {
                let name = names::container(&format!("{}{}", self.service.name, deepest.target.peek()));
                HidingMount::Volume { place: (name, below) }
            }
            MountSource::Tmpfs { .. } => {
                HidingMount::Empty("a tmpfs, which is empty at each start, hides it")
            }
            MountSource::Bind(_) | MountSource::Other(_) => {
                HidingMount::Empty("a mount of the machine hides it, which holds the machine's own files")
            }
        })
    }

    fn reject(&mut self, mount: &ContainerMount, why: &str) {
        let shown = format!("volumes: {}", mount.target.peek());
        let remedy = "mount it at another path, or build an image that contains it";
        self.planner.reject(self.service, &mount.node, &shown, why, remedy);
    }

    fn outside(&mut self, mount: &ContainerMount, why: &str) {
        self.planner.cx.ledger.rejected(&mount.node, why.to_owned());
        let message = format!("`{}` mounts files that an image cannot contain: {why}", self.service.name);
        let told = self.planner.about(&rules::OUTSIDE_PATH, self.service, &mount.node, message);
        self.planner
            .report(told.help("move the files into the project directory, or keep data in a named volume"));
    }

    fn refuse_credentials(
        &mut self,
        node: &impl tranship_app::ManifestLeaf,
        origin: tranship_frontend::source::Origin,
        found: &[ProjectCredential],
    ) {
        self.planner.cx.ledger.rejected(node, "credentials never go into an image");
        let listed = ProjectCredential::listed(found);
        let message = format!("the image of `{}` would contain credentials: {listed}", self.service.name);
        let told = Diagnostic::new(&rules::CREDENTIAL_FILE, message)
            .at(origin)
            .key(self.planner.cx.keys.path(node))
            .service(&*self.service.name);
        self.planner.report(told.help(
            "declare the file under `secrets` and mount it with `secrets: [{ source, target }]`, or keep it out of a mounted folder with a line in `.dockerignore`",
        ));
    }

    fn configs_and_secrets(&mut self, injected: &mut BTreeSet<SecretId>) {
        let service = self.service;
        let mut known: Vec<(&FileMount, ConfigContent)> =
            service.container.files.iter().filter_map(|file| Some((file, self.content(file)?))).collect();
        // Outer folders first, so that a file in an inner one is written into the volume of the outer one.
        known.sort_by_key(|(file, _)| depth(file.target.peek()));
        let wants_image = self.wants_image(&known);
        let (fixed, open): (Vec<_>, Vec<_>) = known.into_iter().partition(|(file, content)| {
            matches!(content, ConfigContent::Fixed(_))
                && (wants_image || self.covering(&clean(file.target.peek())).is_some())
        });
        for (file, content) in fixed {
            if let ConfigContent::Fixed(bytes) = content {
                self.fixed(file, bytes);
            }
        }
        for (file, content) in open {
            if let ConfigContent::Secret = content {
                injected.insert(file.secret.clone());
            }
            self.open(file, content, wants_image);
        }
    }

    /// What a config or secret holds. Nothing after an error.
    fn content(&mut self, file: &FileMount) -> Option<ConfigContent> {
        let source = self.planner.app.secrets.get(&file.secret).map(|secret| &secret.source)?;
        if file.kind == FileMountKind::Secret {
            return Some(ConfigContent::Secret);
        }
        Some(match source {
            SecretSource::Content(text) if text.is_secret() => ConfigContent::Secret,
            SecretSource::Content(text) => {
                let text = self.planner.exact(text, "a file of the container");
                match text.literal() {
                    Some(known) => {
                        self.config_passwords(file, known.as_bytes());
                        ConfigContent::Fixed(known.as_bytes().to_vec())
                    }
                    None => ConfigContent::Open(text.clone()),
                }
            }
            SecretSource::File(path) => self.config_file(file, path)?,
            SecretSource::Given
            | SecretSource::Derived(_)
            | SecretSource::External(_)
            | SecretSource::Environment(_) => ConfigContent::Secret,
        })
    }

    /// A config from a file. One that holds a secret takes the way of secrets.
    fn config_file(&mut self, file: &FileMount, path: &At<String>) -> Option<ConfigContent> {
        match self.planner.cx.files.read(Utf8Path::new(path.peek())) {
            Ok(bytes) => {
                let known = &self.planner.app.known_secrets;
                if project_files::credential(path.peek(), &bytes, known).is_some() {
                    return Some(ConfigContent::Secret);
                }
                self.planner.decided(path, "a file of the container");
                self.config_passwords(file, &bytes);
                Some(ConfigContent::Fixed(bytes))
            }
            Err(why) => {
                self.planner.cx.ledger.rejected(path, why.clone());
                self.planner.cx.ledger.rejected(&file.node, why.clone());
                let message =
                    format!("config `{}` of `{}` cannot be read: {why}", file.secret, self.service.name);
                let told = Diagnostic::new(&MISSING_FILE, message)
                    .at(path.origin)
                    .key(self.planner.cx.keys.path(path))
                    .service(&*self.service.name);
                self.planner.report(told.help("correct `file`, or move the file into the project directory"));
                None
            }
        }
    }

    /// Says which line of a config looks like a password.
    fn config_passwords(&mut self, file: &FileMount, bytes: &[u8]) {
        let found: Vec<_> = project_files::password_place(&file.secret, bytes, true).into_iter().collect();
        let place = "the task definition or the image";
        project_files::warn_of_passwords(self.service, &found, place, file.origin, self.planner.cx);
    }

    /// Whether configs become a part of an image: as chosen, else where the service has a derived image anyway, or
    /// where a variable of a container could not hold them.
    fn wants_image(&self, files: &[(&FileMount, ConfigContent)]) -> bool {
        let fixed = files.iter().filter_map(|(_, content)| match content {
            ConfigContent::Fixed(bytes) => Some(bytes),
            ConfigContent::Open(_) | ConfigContent::Secret => None,
        });
        match self.planner.app.settings.mounted_files.as_ref().map(At::get) {
            Some(MountedFiles::Image) => true,
            Some(MountedFiles::Helper) => false,
            None => {
                !self.files.layer.entries.is_empty()
                    || files.iter().any(|(file, _)| self.free_place(&clean(file.target.peek())).is_none())
                    || fixed.clone().any(|bytes| !is_text(bytes))
                    || fixed.map(Vec::len).sum::<usize>() > MOST_TEXT
            }
        }
    }

    /// A config whose content is known, in the image or in the volume that hides its place.
    fn fixed(&mut self, file: &FileMount, bytes: Vec<u8>) {
        let target = clean(file.target.peek());
        if let Some(why) = impossible(&target).map(str::to_owned).or_else(|| unportable(&target)) {
            return self.no_place(file, &why);
        }
        let (owner, mode) = (owner_of(file), mode_of(file));
        let entry = LayerEntry::File { bytes, owner, mode };
        let entries = BTreeMap::from([(String::new(), entry)]);
        match self.covering(&target) {
            Some(HidingMount::Volume { place }) => {
                let place = WrittenPlace::Volume { volume: place.0, path: place.1 };
                let content = WrittenContent::Carried(entries);
                self.claim_in_volume(file);
                self.files.written.push(WrittenFile { place, content, owner, mode });
            }
            Some(HidingMount::Empty(why)) => self.no_place(file, why),
            None => {
                self.planner.decided(&file.node, "the service's image: a file that it copies");
                self.files.layer.put(&target, entries);
            }
        }
    }

    /// What is written at each start: into a folder of its own, where nothing is hidden by it, or behind a link.
    fn open(&mut self, file: &FileMount, content: ConfigContent, wants_image: bool) {
        let target = clean(file.target.peek());
        let (owner, mode) = (owner_of(file), mode_of(file));
        let content = match content {
            ConfigContent::Open(text) => WrittenContent::Text(text),
            ConfigContent::Secret => WrittenContent::Secret(file.secret.clone()),
            ConfigContent::Fixed(bytes) => match String::from_utf8(bytes) {
                Ok(text) => WrittenContent::Known(text),
                Err(_) => {
                    return self
                        .no_place(file, "it is not text, and `mounted_files: helper` writes text only");
                }
            },
        };
        if let Some((folder, path)) = self.free_place(&target) {
            self.planner.decided(&file.node, "a file written before the container starts");
            let place = WrittenPlace::Folder { folder, path };
            self.files.written.push(WrittenFile { place, content, owner, mode });
            return;
        }
        let link = WrittenContent::Link(format!("{LINKED}{target}"));
        match self.covering(&target) {
            Some(HidingMount::Empty(why)) => return self.no_place(file, why),
            Some(HidingMount::Volume { place }) => {
                let place = WrittenPlace::Volume { volume: place.0, path: place.1 };
                self.files.written.push(WrittenFile { place, content: link, owner, mode });
            }
            None if wants_image && impossible(&target).is_none() => {
                let entry = LayerEntry::Link { target: format!("{LINKED}{target}") };
                self.files.layer.put(&target, BTreeMap::from([(String::new(), entry)]));
            }
            None => {
                return self.no_place(file, "ECS mounts whole folders, which would hide files of the image");
            }
        }
        self.planner.decided(&file.node, "a file written before the container starts, and a link to it");
        let path = target.trim_start_matches('/').to_owned();
        let place = WrittenPlace::Folder { folder: LINKED.to_owned(), path };
        self.files.written.push(WrittenFile { place, content, owner, mode });
    }

    /// The folder for a volume that a file is written into, and its path there, where the volume hides nothing. No two
    /// of these folders lie in each other: a mount point cannot be made in a volume that is only read.
    fn free_place(&self, target: &str) -> Option<(String, String)> {
        if self.covering(target).is_some() {
            return None;
        }
        let around = self.files.written.iter().find_map(|written| match &written.place {
            WrittenPlace::Folder { folder, .. } => {
                let path = Utf8Path::new(target).strip_prefix(folder).ok()?;
                Some((folder.clone(), path.to_string()))
            }
            WrittenPlace::Volume { .. } => None,
        });
        around.or_else(|| {
            let (folder, name) = free_folder(target)?;
            (!self.is_used(folder)).then(|| (folder.to_owned(), name.to_owned()))
        })
    }

    /// Whether a volume at a folder would hide something else that the container mounts or gets.
    fn is_used(&self, folder: &str) -> bool {
        let inside = |path: &str| Utf8Path::new(path).starts_with(folder);
        self.files.layer.entries.keys().any(|path| inside(path))
            || self.service.container.mounts.iter().any(|mount| inside(&clean(mount.target.peek())))
    }

    /// A config that is written into a volume, where a volume with an owner has no other.
    fn claim_in_volume(&mut self, file: &FileMount) {
        self.planner.decided(&file.node, "a file written into the volume before the container starts");
    }

    fn no_place(&mut self, file: &FileMount, why: &str) {
        self.planner.cx.ledger.rejected(&file.node, why.to_owned());
        let (target, name) = (file.target.peek(), &file.secret);
        let message = format!("`{name}` cannot be a file at `{target}` of `{}`: {why}", self.service.name);
        let told = self.planner.about(&rules::FILE_MOUNT, self.service, &file.node, message);
        let kind = if file.kind == FileMountKind::Config { "configs" } else { "secrets" };
        self.planner.report(told.help(format!(
            "give it a `target` below /run, such as `/run/{kind}/{name}`, and tell the program to read it there"
        )));
    }
}

/// What hides a path of the image.
enum HidingMount {
    /// A volume: the task's name for it with the path in it.
    Volume { place: (String, String) },
    /// What nothing can be written into before the container starts, and why.
    Empty(&'static str),
}

/// What a config or secret holds.
enum ConfigContent {
    /// Known now.
    Fixed(Vec<u8>),
    /// Completed at deployment.
    Open(Text),
    /// The value of a secret.
    Secret,
}

/// What a project holds below a mounted path, by the path from there.
fn entries(
    content: &ProjectContent,
    relative: &Utf8Path,
    bind: &BindMount,
    owner: FileOwner,
) -> BTreeMap<String, LayerEntry> {
    let below = |path: &Utf8Path| match path.strip_prefix(relative).map(Utf8Path::as_str) {
        Ok("") | Err(_) => String::new(),
        Ok(below) => format!("/{below}"),
    };
    let folders = content.folders.iter().map(|path| {
        let replaces = path == relative && matches!(bind.source, BindSource::ProjectFolder(_));
        (below(path), LayerEntry::Folder { owner, mode: FOLDER_MODE, replaces })
    });
    let files = content.files.iter().map(|(path, file)| {
        let mode = if file.executable { FOLDER_MODE } else { FILE_MODE };
        (below(path), LayerEntry::File { bytes: file.held().to_vec(), owner, mode })
    });
    let links = content.links.iter().map(|(path, target)| {
        let target = target.as_str().to_owned();
        (below(path), LayerEntry::Link { target })
    });
    folders.chain(files).chain(links).collect()
}

/// Whether a mount hides what the image has at its path.
fn hides(mount: &ContainerMount) -> bool {
    match &mount.source {
        MountSource::Bind(bind) => matches!(bind.meaning, BindMeaning::Machine(_)),
        _ => true,
    }
}

/// Whether a variable can hold it.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'))
}

fn owner_of(file: &FileMount) -> FileOwner {
    let number =
        |given: &Option<At<String>>| given.as_ref().and_then(|it| it.peek().parse::<u32>().ok()).unwrap_or(0);
    FileOwner { user: number(&file.uid), group: number(&file.gid) }
}

fn mode_of(file: &FileMount) -> u32 {
    file.mode.as_ref().map_or(CONFIG_MODE, |mode| mode.peek() & 0o7777)
}
