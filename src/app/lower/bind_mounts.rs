//! Bind mounts: what each is for, whatever the target.
//!
//! In: the mounts as the manifest has them, with what is there. Out: every mount with its [`BindMeaning`], and the
//! folders for data, which become volumes of the application. Invariant: two mounts of one folder of the machine
//! share one volume, and nothing depends on what the compiling machine has outside of the project.
//! Source: Docker, "Bind mounts": a source that does not exist becomes an empty folder.

use super::LoweringContext;
use crate::rules;
use crate::{
    AppService, At, BehaviourEffect, BindMeaning, BindMount, BindSource, ContainerMount, ContainerSpec,
    DataFolder, FolderPlace, GitIgnore, ManifestName, MountSource, OuterFolder, relative,
};
use camino::Utf8Path;
use indexmap::IndexMap;
use tranship_facts::{MachinePath, is_file_name, is_made_by_tools};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule, listed};
use tranship_frontend::source::Origin;

/// The folders for data by the names of their volumes.
pub(super) type DataFolders = IndexMap<ManifestName, DataFolder>;

/// Decides what every bind mount is for; those for data become mounts of volumes.
pub(super) fn decide(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
) -> DataFolders {
    let mut folders = DataFolders::new();
    for service in services.values_mut() {
        let container = &service.container;
        let decided: Vec<MountUse> =
            container.mounts.iter().map(|mount| mount_use(cx, container, mount)).collect();
        for (mount, decided) in service.container.mounts.iter_mut().zip(decided) {
            let MountSource::Bind(bind) = &mut mount.source else { continue };
            match decided {
                MountUse::Bind(meaning) => bind.meaning = meaning,
                MountUse::Data(name, place) => {
                    let has_content = matches!(bind.source, BindSource::ProjectFolder(_));
                    let folder = DataFolder { place, has_content, part_of: None };
                    let known = folders.entry(name.clone()).or_insert(folder);
                    known.has_content |= has_content;
                    mount.source = MountSource::Volume(name);
                }
            }
        }
    }
    nest(&mut folders);
    refuse_missing(cx, services);
    drop_machine_files(cx, services);
    folders
}

/// What a mount is used for.
enum MountUse {
    /// It stays a bind mount.
    Bind(BindMeaning),
    /// A folder for data, by the name of its volume.
    Data(ManifestName, FolderPlace),
}

fn mount_use(cx: &LoweringContext<'_>, container: &ContainerSpec, mount: &ContainerMount) -> MountUse {
    let MountSource::Bind(bind) = &mount.source else { return MountUse::Bind(BindMeaning::Content) };
    let target = mount.target.value.as_str();
    let data = |place| MountUse::Data(volume_name(cx, bind), place);
    match &bind.source {
        BindSource::HostPath => match MachinePath::of(&bind.path.value) {
            Some(kind) if !is_relative(cx, &bind.path) => MountUse::Bind(BindMeaning::Machine(kind)),
            _ if bind.must_exist || is_file_name(&bind.path.value) || is_file_name(target) => {
                MountUse::Bind(BindMeaning::OutsideProject)
            }
            // Only what the manifest names relative to itself is the same on every machine.
            _ if is_relative(cx, &bind.path)
                && cx.world.kind(Utf8Path::new(&bind.path.value)).is_some()
                && !is_data_path(container, target) =>
            {
                MountUse::Bind(BindMeaning::OutsideProject)
            }
            _ => data(FolderPlace::Host),
        },
        BindSource::Missing(_) if bind.must_exist => MountUse::Bind(BindMeaning::MissingFile),
        BindSource::Missing(path) => match not_in_the_project(container, path, target) {
            Some(meaning) => MountUse::Bind(meaning),
            None => data(FolderPlace::Project),
        },
        BindSource::ProjectFile(_) => MountUse::Bind(BindMeaning::Content),
        BindSource::ProjectFolder(path) => {
            let written = !mount.read_only;
            if written && (is_data_path(container, target) || holds_nothing(cx, &bind.path)) {
                data(FolderPlace::Project)
            } else if written && is_kept_out(cx, path) {
                // A fresh clone does not have it, and compiles to the same.
                match not_in_the_project(container, path, target) {
                    Some(BindMeaning::MissingFile) | None => data(FolderPlace::Project),
                    Some(meaning) => MountUse::Bind(meaning),
                }
            } else if written && is_source(cx, container, path) {
                MountUse::Bind(BindMeaning::DevelopmentCode)
            } else {
                MountUse::Bind(BindMeaning::Content)
            }
        }
    }
}

/// What a path is for that the project does not have; `None` for a folder that keeps data.
fn not_in_the_project(container: &ContainerSpec, path: &Utf8Path, target: &str) -> Option<BindMeaning> {
    let is_file = is_file_name(path.as_str()) || is_file_name(target);
    match (container.build.is_some(), is_file, is_made_by_tools(path.as_str())) {
        (true, true, _) | (true, _, true) => Some(BindMeaning::DevelopmentCode),
        (false, true, _) => Some(BindMeaning::MissingFile),
        _ => None,
    }
}

/// Whether Git keeps a folder, or one around it, out of the project's repository.
fn is_kept_out(cx: &LoweringContext<'_>, folder: &Utf8Path) -> bool {
    let rules: Vec<(&Utf8Path, GitIgnore)> = folder
        .ancestors()
        .skip(1)
        .filter_map(|above| {
            let file = cx.manifest.directory.join(above).join(".gitignore");
            let text = cx.world.read(&file).ok()?;
            Some((above, GitIgnore::parse(above, &String::from_utf8_lossy(&text))))
        })
        .collect();
    // The file that is nearest decides.
    let decides = |path: &Utf8Path| {
        let mut own = rules.iter().filter(|(above, _)| path != *above && path.starts_with(above));
        own.find_map(|(_, rules)| rules.decides(path, true))
    };
    let mut around = folder.ancestors().filter(|path| !path.as_str().is_empty());
    around.any(|path| decides(path) == Some(true))
}

/// Whether the container's image keeps its data there.
fn is_data_path(container: &ContainerSpec, target: &str) -> bool {
    let target = Utf8Path::new(target);
    let is = |path: &str| target.starts_with(path) || Utf8Path::new(path).starts_with(target);
    container.image_facts().data_paths().any(is)
}

/// Whether a folder holds only what keeps it under version control.
fn holds_nothing(cx: &LoweringContext<'_>, path: &At<String>) -> bool {
    const PLACEHOLDERS: &[&str] = &[".gitignore", ".gitkeep", ".keep", ".empty"];
    let names = cx.world.list(Utf8Path::new(&path.value)).unwrap_or_default();
    names.iter().all(|name| PLACEHOLDERS.contains(&name.as_str()))
}

/// Whether a folder lies in the context that the container's image is built from, or around it: what is mounted is
/// what the image was made of.
fn is_source(cx: &LoweringContext<'_>, container: &ContainerSpec, folder: &Utf8Path) -> bool {
    let Some(build) = &container.build else { return false };
    let folder = cx.manifest.directory.join(folder);
    build.value.folder().is_none_or(|context| folder.starts_with(context) || context.starts_with(&folder))
}

/// The name of a folder's volume: its path from the project, or as the manifest writes it. It is the same on every
/// machine, and no declared volume can have it.
fn volume_name(cx: &LoweringContext<'_>, bind: &BindMount) -> ManifestName {
    let path = Utf8Path::new(&bind.path.value);
    if let Some(relative) = bind.source.within_project() {
        return format!("./{relative}").trim_end_matches('/').into();
    }
    let home = cx.world.variable("HOME");
    match (first_letter(cx, &bind.path), home) {
        (Some('~'), Some(home)) => match path.strip_prefix(&home) {
            Ok(rest) => format!("~/{rest}").trim_end_matches('/').into(),
            Err(_) => bind.path.value.as_str().into(),
        },
        (Some('/') | None, _) => bind.path.value.as_str().into(),
        (Some(_), _) => relative(&cx.manifest.directory, path).into_string().into(),
    }
}

/// Whether the manifest names a path relative to itself.
fn is_relative(cx: &LoweringContext<'_>, path: &At<String>) -> bool {
    first_letter(cx, path).is_some_and(|letter| !matches!(letter, '/' | '~'))
}

/// The letter with which a path begins in the manifest, before it was made absolute.
fn first_letter(cx: &LoweringContext<'_>, path: &At<String>) -> Option<char> {
    let span = cx.sources.place(path.origin)?;
    let text = cx.sources.file(span.file)?.text();
    let written = text.get(span.start as usize..span.end as usize)?.trim_start_matches(['"', '\'']);
    let letter = written.chars().next()?;
    if letter != '$' {
        return Some(letter);
    }
    let first =
        cx.sources.substitutions(path.origin).into_iter().find(|found| found.expression.start == 0)?;
    if &*first.variable == "HOME" {
        return Some('~');
    }
    let value = cx.manifest.variables.get(&first.variable).cloned().flatten();
    value.filter(|value| !value.is_empty()).or(first.fallback)?.chars().next()
}

/// A folder in another one that also holds data is a part of its volume: what one mount writes, the other sees.
fn nest(folders: &mut DataFolders) {
    let names: Vec<ManifestName> = folders.keys().cloned().collect();
    for (name, folder) in folders.iter_mut() {
        let around = names.iter().filter_map(|other| {
            let rest = name.strip_prefix(&**other)?.strip_prefix('/')?;
            Some(OuterFolder { volume: other.clone(), below: rest.to_owned() })
        });
        folder.part_of = around.min_by_key(|outer| outer.volume.len());
    }
}

/// Docker would make a folder of the file's name, and the program would fail on it.
fn refuse_missing(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    for service in services.values() {
        for mount in &service.container.mounts {
            let MountSource::Bind(bind) = &mount.source else { continue };
            if bind.meaning != BindMeaning::MissingFile {
                continue;
            }
            let shown = bind.source.within_project().map_or(bind.path.value.as_str(), Utf8Path::as_str);
            cx.ledger.rejected(&mount.node, "the file does not exist");
            let message = format!("`{}` mounts `{shown}`, which does not exist", service.name);
            let told = Diagnostic::new(&rules::app::MISSING_FILE, message)
                .at(place(mount, bind))
                .service(&*service.name)
                .key(cx.manifest.nodes.path(mount.node).to_string());
            cx.diagnostics.push(told.help(
                "create it; for a folder that keeps data, use a named volume, or a path that does not look like a file",
            ));
        }
    }
}

fn place(mount: &ContainerMount, bind: &BindMount) -> Origin {
    if bind.path.origin == Origin::NOWHERE { mount.origin } else { bind.path.origin }
}

/// Files of the machine that no target mounts, since an image has its own.
struct DroppedFiles {
    kind: MachinePath,
    rule: &'static DiagnosticRule,
    /// What is not mounted, with its verb.
    what: &'static str,
    /// What takes its place.
    reason: &'static str,
    effect: BehaviourEffect,
    help: &'static str,
}

/// The time zone, and the authorities that the machine trusts.
const DROPPED: &[DroppedFiles] = &[
    DroppedFiles {
        kind: MachinePath::TimeZone,
        rule: &rules::app::TIME_ZONE_FILE,
        what: "the time zone of your machine is",
        reason: "containers on AWS run in UTC; the variable `TZ` sets another time zone",
        effect: BehaviourEffect::Equivalent,
        help: "write `environment: { TZ: Europe/Berlin }` for the zone you want",
    },
    DroppedFiles {
        kind: MachinePath::Certificates,
        rule: &rules::app::MACHINE_CERTIFICATES,
        what: "the certificates of your machine are",
        reason: "the image has those of its own distribution",
        effect: BehaviourEffect::ChangesBehaviour,
        help: "for an authority of your own, mount its certificate from the project: `volumes: [\"./ca.crt:/etc/ssl/certs/ca.crt:ro\"]`",
    },
];

/// Drops the mounts of such files: one diagnostic of each kind for all services.
fn drop_machine_files(cx: &mut LoweringContext<'_>, services: &mut IndexMap<ManifestName, AppService>) {
    for files in DROPPED {
        let mut found: Vec<(ManifestName, Origin)> = Vec::new();
        for service in services.values_mut() {
            service.container.mounts.retain(|mount| {
                let MountSource::Bind(bind) = &mount.source else { return true };
                let is_dropped = bind.meaning == BindMeaning::Machine(files.kind);
                if is_dropped {
                    cx.ledger.ignored(&mount.node, files.reason, files.effect);
                    cx.ledger.reported(&mount.node);
                    found.push((service.name.clone(), place(mount, bind)));
                }
                !is_dropped
            });
        }
        let mut names: Vec<String> = found.iter().map(|(name, _)| format!("`{name}`")).collect();
        names.dedup();
        if names.is_empty() {
            continue;
        }
        let message = format!("{} not mounted into {}: {}", files.what, listed(&names), files.reason);
        let places = found.iter().map(|(_, origin)| *origin);
        let told = places.fold(Diagnostic::new(files.rule, message), Diagnostic::at);
        cx.diagnostics.push(told.help(files.help));
    }
}
