//! Where data stores keep their data: in something that outlives a deployment or not, in a container or in a managed database.
//!
//! In: the services that are deployed, and the volumes. Out: one warning for the data that a deployment loses, with the lines
//! that keep it, and one diagnostic for databases in containers, which is loud in production.

use super::command_end::command_words;
use super::{LoweringContext, shown_text};
use crate::rules;
use crate::settings::{DatabaseSetting, DeploymentPosture, Settings};
use crate::{AppService, ContainerImage, ContainerMount, ManifestName, MountSource, NamedVolume};
use indexmap::IndexMap;
use tranship_facts::{DataStoreKind, ImageReference};
use tranship_frontend::diagnostic::{Diagnostic, Severity, listed};

/// Reports both.
pub(super) fn report(
    cx: &mut LoweringContext<'_>,
    settings: &Settings,
    services: &IndexMap<ManifestName, AppService>,
    volumes: &IndexMap<ManifestName, NamedVolume>,
) {
    unkept(cx, services, volumes);
    in_containers(cx, settings.posture(), services);
}

/// The data store that a service's image is known to be.
fn store(service: &AppService) -> Option<DataStoreKind> {
    service.container.image_facts().software()?.data_store()
}

/// Data that goes with the container.
struct UnkeptData<'a> {
    service: &'a AppService,
    /// The mount that looks as if it kept the data.
    mount: Option<&'a ContainerMount>,
    /// Where the data is.
    path: String,
}

fn unkept(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    volumes: &IndexMap<ManifestName, NamedVolume>,
) {
    let found: Vec<UnkeptData<'_>> =
        services.values().filter_map(|service| loses(service, volumes)).collect();
    let Some(first) = found.first() else { return };
    let names: Vec<String> = found.iter().map(|one| format!("`{}`", one.service.name)).collect();
    let message = match (found.len(), first.mount.map(|mount| &mount.source)) {
        (1, Some(MountSource::Anonymous)) => "keeps its data in an anonymous volume",
        (1, Some(MountSource::Volume(name))) if is_persistent(name, volumes) => {
            "keeps its data outside of its volume"
        }
        (1, Some(MountSource::Bind(_))) => "keeps its data outside of what is mounted",
        (1, Some(_)) => "keeps its data in a volume that lives as long as a task",
        (1, None) => "keeps its data in its container",
        _ => "keep their data in nothing that outlives a task",
    };
    let message = format!("{} {message}: each deployment starts without it", listed(&names));
    let name = &first.service.name;
    let at = |one: &UnkeptData<'_>| one.mount.map_or(one.service.origin, |mount| mount.origin);
    let diagnostic = Diagnostic::new(&rules::app::UNKEPT_DATA, message);
    let diagnostic = found.iter().fold(diagnostic, |diagnostic, one| diagnostic.at(at(one)));
    cx.diagnostics.push(diagnostic.key(format!("services.{name}")).service(&**name).help(format!(
        "add `volumes: [\"{name}-data:{}\"]` to `{name}`, and `{name}-data:` under the top-level `volumes`",
        first.path
    )));
}

/// The data of a service, unless something keeps it. What a cache keeps can be lost, unless it asks for a volume.
fn loses<'a>(
    service: &'a AppService,
    volumes: &IndexMap<ManifestName, NamedVolume>,
) -> Option<UnkeptData<'a>> {
    let kind = store(service)?;
    let facts = service.container.image_facts();
    let paths: Vec<&str> = facts.data_paths().collect();
    let place = DataPlace::of(service, kind, &paths);
    let holds = |target: &str| {
        let of_image = || paths.iter().any(|path| is_around(target, path) || is_around(path, target));
        let of_data = || place.as_ref().is_some_and(|place| is_around(target, &place.folder));
        paths.is_empty() || of_image() || of_data() || is_named(service, target)
    };
    let mounts = service.container.mounts.iter().filter(|mount| holds(mount.target.peek()));
    let mounts: Vec<&ContainerMount> = mounts.collect();
    let keeps = |mount: &&ContainerMount| {
        let target = mount.target.peek();
        let is_there =
            place.as_ref().is_none_or(|place| place.is_kept_by(target)) || is_named(service, target);
        is_there && is_enough(mount, volumes)
    };
    if mounts.iter().any(keeps) {
        return None;
    }
    let Some(mount) = mounts.first() else {
        let is_cache = matches!(kind, DataStoreKind::Redis | DataStoreKind::Memcached);
        let path = usual_path(service, &paths).filter(|_| !is_cache)?;
        return Some(UnkeptData { service, mount: None, path });
    };
    let beside = place.as_ref().filter(|place| !place.is_kept_by(mount.target.peek()));
    let path = beside.map_or_else(|| mount.target.peek().clone(), |place| place.volume.clone());
    Some(UnkeptData { service, mount: Some(mount), path })
}

/// Whether the command names a folder, as in `--dbpath=/data`.
fn is_named(service: &AppService, target: &str) -> bool {
    let target = target.trim_end_matches('/');
    !target.is_empty() && command_words(&service.container).iter().any(|word| word.contains(target))
}

/// Where the main data of an image is.
struct DataPlace {
    /// The folder that the program writes.
    folder: String,
    /// The folder that the image declares as a volume: Docker gives it an anonymous volume of its own, unless something is
    /// mounted right there.
    volume: String,
    /// Whether the data may be in one folder below: some programs keep it in a folder that their documentation mounts.
    below: bool,
}

impl DataPlace {
    fn of(service: &AppService, kind: DataStoreKind, paths: &[&str]) -> Option<DataPlace> {
        let usual = *paths.first()?;
        let mut place = DataPlace { folder: usual.to_owned(), volume: usual.to_owned(), below: true };
        match kind {
            DataStoreKind::PostgreSql if usual == POSTGRES_DATA => {
                // Without a version either folder is right: nobody knows which image it is.
                let version = major(service);
                if version.is_none_or(|major| major >= 18) {
                    (place.folder, place.volume) = (POSTGRES_HOME.to_owned(), POSTGRES_HOME.to_owned());
                }
                place.below = version.is_none();
                if let Some(folder) = variable(service, "PGDATA") {
                    place.folder = folder;
                }
            }
            DataStoreKind::MySql | DataStoreKind::MongoDb => place.below = false,
            _ => {}
        }
        Some(place)
    }

    /// Whether a mount has the data in it.
    fn is_kept_by(&self, target: &str) -> bool {
        let is_exact = is_around(target, &self.folder) && is_around(&self.folder, target);
        let hides = is_around(target, &self.volume)
            && !is_around(&self.volume, target)
            && is_around(&self.volume, &self.folder);
        let is_outer = is_around(target, &self.folder) && !hides;
        is_exact || is_outer || self.below && is_around(&self.folder, target)
    }
}

/// Where PostgreSQL keeps its data up to version 17, and the volume of its image from version 18 on
/// (Docker Hub, "postgres", "PGDATA", read 2026-11).
const POSTGRES_DATA: &str = "/var/lib/postgresql/data";
const POSTGRES_HOME: &str = "/var/lib/postgresql";

/// The value of a variable of a service, if it is known now.
fn variable(service: &AppService, name: &str) -> Option<String> {
    let variable = service.container.environment.get(name)?;
    variable.value.as_ref()?.literal().map(|value| value.to_string())
}

/// Whether a volume outlives a task.
fn is_persistent(name: &ManifestName, volumes: &IndexMap<ManifestName, NamedVolume>) -> bool {
    volumes.get(name).is_some_and(|volume| !volume.scope.is_of_task())
}

/// Whether a mount keeps what is in it, or was chosen to lose it.
fn is_enough(mount: &ContainerMount, volumes: &IndexMap<ManifestName, NamedVolume>) -> bool {
    match &mount.source {
        MountSource::Volume(name) => {
            volumes.get(name).is_none_or(|volume| volume.is_chosen || !volume.scope.is_of_task())
        }
        MountSource::Bind(_) | MountSource::Other(_) | MountSource::Tmpfs { .. } => true,
        MountSource::Anonymous => false,
    }
}

/// Whether a folder is another one, or lies around it.
fn is_around(outer: &str, inner: &str) -> bool {
    let rest = inner.strip_prefix(outer.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder to mount. From PostgreSQL 18 on it is the outer one.
fn usual_path(service: &AppService, paths: &[&str]) -> Option<String> {
    let is_postgres = paths.first() == Some(&POSTGRES_DATA);
    let newer = is_postgres && major(service).is_some_and(|major| major >= 18);
    paths.get(usize::from(newer)).map(|path| (*path).to_owned())
}

/// The major version that the tag of the image begins with.
fn major(service: &AppService) -> Option<u32> {
    let image = match &service.container.image {
        ContainerImage::Named(text) => shown_text(text),
        ContainerImage::Built { .. } => String::new(),
    };
    ImageReference::parse(&image).tag.and_then(|tag| tag.split(['.', '-']).next()?.parse().ok())
}

/// Databases in containers that RDS can run.
fn in_containers(
    cx: &mut LoweringContext<'_>,
    posture: DeploymentPosture,
    services: &IndexMap<ManifestName, AppService>,
) {
    let stays = |service: &AppService| {
        let settings = cx.settings.service(&service.name);
        matches!(settings.and_then(|it| it.database.as_ref()), Some(DatabaseSetting::Container(_)))
    };
    let is_database = |service: &AppService| store(service).is_some_and(|kind| kind.engine().is_some());
    let found = services.values().filter(|service| is_database(service) && !stays(service));
    let found: Vec<&AppService> = found.collect();
    let Some(first) = found.first() else { return };
    let names: Vec<String> = found.iter().map(|service| format!("`{}`", service.name)).collect();
    let runs =
        if found.len() == 1 { "runs a database in a container" } else { "run databases in containers" };
    let message = format!(
        "{} {runs}: nothing makes backups, no standby takes over, and each deployment stops it",
        listed(&names)
    );
    let severity = match posture {
        DeploymentPosture::Prod => Severity::Warning,
        DeploymentPosture::Dev => Severity::Note,
    };
    let diagnostic = Diagnostic::new(&rules::app::DATABASE_CONTAINER, message).severity(severity);
    let diagnostic = found.iter().fold(diagnostic, |diagnostic, service| diagnostic.at(service.origin));
    let help = format!(
        "`x-tranship: {{ database: true }}` in `{}` replaces the container with Amazon RDS; `database: false` keeps it and hides this message",
        first.name
    );
    cx.diagnostics.push(diagnostic.key(format!("services.{}", first.name)).service(&*first.name).help(help));
}

#[cfg(test)]
mod tests {
    use super::is_around;

    #[test]
    fn a_folder_is_around_what_lies_in_it() {
        for (outer, inner, is) in [
            ("/var/lib/mysql", "/var/lib/mysql", true),
            ("/var/lib/", "/var/lib/mysql", true),
            ("/var/lib/my", "/var/lib/mysql", false),
            ("/var/lib/mysql", "/var/lib", false),
            ("/", "/data", true),
        ] {
            assert_eq!(is_around(outer, inner), is, "{outer} {inner}");
        }
    }
}
