//! Where data stores keep their data: in something that outlives a deployment or not, in a container or in a managed database.
//!
//! In: the services that are deployed, and the volumes. Out: one warning for the data that a deployment loses, with the lines
//! that keep it, and one diagnostic for databases in containers, which is loud in production.

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
    let holds = |target: &str| {
        paths.is_empty() || paths.iter().any(|path| is_around(target, path) || is_around(path, target))
    };
    let mounts = service.container.mounts.iter().filter(|mount| holds(mount.target.peek()));
    let mounts: Vec<&ContainerMount> = mounts.collect();
    if mounts.iter().any(|mount| is_enough(mount, volumes)) {
        return None;
    }
    let Some(mount) = mounts.first() else {
        let is_cache = matches!(kind, DataStoreKind::Redis | DataStoreKind::Memcached);
        let path = usual_path(service, &paths).filter(|_| !is_cache)?;
        return Some(UnkeptData { service, mount: None, path });
    };
    Some(UnkeptData { service, mount: Some(mount), path: mount.target.peek().clone() })
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
    let image = match &service.container.image {
        ContainerImage::Named(text) => shown_text(text),
        ContainerImage::Built { .. } => String::new(),
    };
    let tag = ImageReference::parse(&image).tag;
    let major = tag.and_then(|tag| tag.split(['.', '-']).next()?.parse::<u32>().ok());
    let is_postgres = paths.first() == Some(&"/var/lib/postgresql/data");
    let newer = is_postgres && major.is_some_and(|major| major >= 18);
    paths.get(usize::from(newer)).map(|path| (*path).to_owned())
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
