//! Helpers that give a volume what it would hold under Docker: while it is empty, the content, the owner and the mode of the
//! image's folder; then the owner that the manifest gives it.
//!
//! A helper runs the same image as its service, as root, and ends before what mounts the volume starts. It needs a shell in
//! the image, so there is one only where the image facts, the table of known images or the manifest show one; for the rest a
//! warning says that the volume starts empty.

use super::helpers::{free_name, helper, quoted, success_of};
use super::planner::EcsPlanner;
use super::{EcsContainer, MountPoint, names};
use crate::ecs::rules;
use std::collections::BTreeSet;
use tranship_app::{
    AppService, Application, BehaviourEffect, ContainerMount, ManifestName, MountSource, NamedVolume,
    VolumeOwner,
};
use tranship_cloudformation::TemplateValue;
use tranship_facts::quotas;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Where a helper mounts volumes: a path that no image has.
const ROOM: &str = "/.tranship";

/// What a helper does for one volume: `fill VOLUME FOLDER OWNER`.
///
/// Two tasks may start at once, so a folder is the lock: making one is atomic on every file system. Whoever holds it keeps
/// it young; one that is two minutes old belongs to a task that was stopped. What is copied lies aside until it is
/// complete, then it is moved entry by entry, which a later start can finish.
const FILL: &str = r#"set -eu
empty() {
  for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -e "$e" ] || [ -L "$e" ]; then
      case "${e##*/}" in .tranship-*|lost+found) ;; *) return 1 ;; esac
    fi
  done
}
fill() {
  new="$1/.tranship-new" lock="$1/.tranship-lock" tries=0
  if [ -d "$2" ] && { [ -d "$new" ] || empty "$1"; }; then
    until mkdir "$lock" 2>/dev/null; do
      tries=$((tries + 1))
      if [ "$tries" -ge 600 ] || [ -n "$(find "$lock" -prune -mmin +2 2>/dev/null)" ]; then rmdir "$lock" 2>/dev/null || true; fi
      sleep 1
    done
    ( while sleep 20; do touch "$lock"; done ) &
    beat=$!
    if [ ! -d "$new" ] && empty "$1"; then
      rm -rf "$1/.tranship-copy"
      mkdir "$1/.tranship-copy"
      cp -a "$2/." "$1/.tranship-copy/"
      mv "$1/.tranship-copy" "$new"
    fi
    if [ -d "$new" ]; then
      for e in "$new"/* "$new"/.[!.]* "$new"/..?*; do
        if { [ -e "$e" ] || [ -L "$e" ]; } && [ ! -e "$1/${e##*/}" ]; then mv "$e" "$1/"; fi
      done
      chown "$(stat -c %u:%g "$2")" "$1"
      chmod "$(stat -c %a "$2")" "$1"
      rm -rf "$new"
    fi
    kill "$beat" 2>/dev/null || true
    rmdir "$lock"
  fi
  case "$3" in
    "") ;;
    everyone) chmod a+rwx "$1" ;;
    *:*) [ "$(stat -c %u:%g "$1")" = "$3" ] || chown -R "$3" "$1" ;;
    *) [ "$(stat -c %u "$1")" = "$(id -u "$3")" ] || chown -R "$(id -u "$3"):$(id -g "$3")" "$1" ;;
  esac
}
"#;

/// A volume that a service's helper fills.
struct FilledVolume<'a> {
    /// Its name in the task.
    volume: String,
    /// The folder of the image.
    folder: &'a str,
    /// The third word of `fill`.
    owner: String,
}

/// What the helper of one service fills.
struct ServiceFilling<'a> {
    service: &'a AppService,
    volumes: Vec<FilledVolume<'a>>,
}

/// What the helpers of a task fill, in the order of its services.
pub(super) struct TaskFilling<'a>(Vec<ServiceFilling<'a>>);

impl<'a> TaskFilling<'a> {
    /// Decides who fills what, and claims `nocopy`.
    /// `containers` are those that the task has without helpers.
    pub(super) fn plan(
        planner: &mut EcsPlanner<'a, '_>,
        (main, services): (&AppService, &[&'a AppService]),
        containers: usize,
    ) -> TaskFilling<'a> {
        let app = planner.app;
        let mut filling = Vec::new();
        for service in services {
            let mut volumes = Vec::new();
            for mount in &service.container.mounts {
                let volume = fresh(app, service, mount);
                claim(planner, service, mount, volume.is_some());
                let Some(volume) = volume else { continue };
                if !takes_content(service, mount) || service.container.has_shell() != Some(true) {
                    continue;
                }
                let owner = match volume.declared {
                    Some(declared) => owner(app, service, declared),
                    None => own_user(service),
                };
                volumes.push(FilledVolume { volume: volume.name, folder: mount.target.peek(), owner });
            }
            if !volumes.is_empty() {
                filling.push(ServiceFilling { service, volumes });
            }
        }
        // The containers that write files and give volumes away may come to these.
        let most = containers + filling.len() + 2;
        if !filling.is_empty() && quotas::ecs::CONTAINERS_PER_TASK.is_exceeded_by(most) {
            report_full(planner, main);
            filling.clear();
        }
        TaskFilling(filling)
    }

    /// Whether a helper gives a volume of the task to its owner.
    pub(super) fn covers(&self, volume: &str) -> bool {
        self.0.iter().flat_map(|one| &one.volumes).any(|filled| filled.volume == volume)
    }

    /// Adds the helpers, and lets all who mount what one fills wait for it. Each waits for the one before: the first image
    /// with something in its folder fills a volume.
    pub(super) fn add(&self, planner: &EcsPlanner<'_, '_>, containers: &mut Vec<EcsContainer>) {
        let mut helpers: Vec<EcsContainer> = Vec::new();
        for ServiceFilling { service, volumes } in &self.0 {
            let own = names::container(&service.name);
            let Some(container) = containers.iter().find(|container| container.name == own) else { continue };
            let mut one = EcsContainer {
                image: container.image.clone(),
                pull_secret: container.pull_secret.clone(),
                ..helper(planner, free_name(&format!("{own}-volumes"), containers))
            };
            let mut script = FILL.to_owned();
            for FilledVolume { volume, folder, owner } in volumes {
                let path = format!("{ROOM}/{volume}");
                script.push_str(&format!("fill {} {} {}\n", quoted(&path), quoted(folder), quoted(owner)));
                if one.mounts.iter().all(|mount| mount.volume != *volume) {
                    one.mounts.push(MountPoint { volume: volume.clone(), path, read_only: false });
                }
            }
            one.command = vec![TemplateValue::from(script)];
            one.depends_on = helpers
                .iter()
                .filter(|other| shares(other, &one))
                .map(|other| success_of(&other.name))
                .collect();
            helpers.push(one);
        }
        for container in containers.iter_mut() {
            let waits = helpers.iter().filter(|helper| shares(helper, container));
            let waits: Vec<_> = waits.map(|helper| success_of(&helper.name)).collect();
            container.depends_on.extend(waits);
        }
        containers.extend(helpers);
    }
}

/// The task has as many containers as it may have without those that copy.
fn report_full(planner: &mut EcsPlanner<'_, '_>, main: &AppService) {
    let message = format!(
        "volumes of the task of `{}` start empty: it has too many containers for one more",
        main.name
    );
    planner.report(
        Diagnostic::new(&rules::VOLUME_CONTENT, message)
            .at(main.origin)
            .key(format!("services.{}", main.name))
            .service(&*main.name)
            .help("give some of its containers a task of their own, or fill the volumes by a job"),
    );
}

fn shares(one: &EcsContainer, other: &EcsContainer) -> bool {
    let volumes: BTreeSet<&str> = one.mounts.iter().map(|mount| mount.volume.as_str()).collect();
    other.mounts.iter().any(|mount| volumes.contains(mount.volume.as_str()))
}

/// A volume that is empty when it is first mounted.
struct FreshVolume<'a> {
    /// Its name in the task.
    name: String,
    /// Its declaration; none for an anonymous one.
    declared: Option<&'a NamedVolume>,
}

/// The volume that a mount is of. A folder of the project is none: it hides the image's folder; and a file system that exists
/// has its content.
fn fresh<'a>(app: &'a Application, service: &AppService, mount: &ContainerMount) -> Option<FreshVolume<'a>> {
    match &mount.source {
        MountSource::Volume(name) => {
            let volume = app.volumes.get(name);
            let volume = volume.filter(|volume| volume.folder.is_none() && volume.existing.is_none())?;
            Some(FreshVolume { name: names::container(&volume.name), declared: Some(volume) })
        }
        MountSource::Anonymous => {
            let name = names::container(&format!("{}{}", service.name, mount.target.peek()));
            Some(FreshVolume { name, declared: None })
        }
        _ => None,
    }
}

/// Whether Docker would copy what the image has in the place of the mount, and it matters. A data store that starts as root
/// prepares the folder for its data itself.
fn takes_content(service: &AppService, mount: &ContainerMount) -> bool {
    let nocopy = mount.nocopy.as_ref().is_some_and(|nocopy| *nocopy.peek());
    let facts = service.container.image_facts();
    let prepares = facts.prepares_data(mount.target.peek());
    !nocopy && !prepares && mount.target.peek() != "/"
}

/// `nocopy` decides where a helper could copy.
fn claim(planner: &mut EcsPlanner<'_, '_>, service: &AppService, mount: &ContainerMount, is_new: bool) {
    let Some(nocopy) = &mount.nocopy else { return };
    let container = &service.container;
    let copies = is_new
        && container.has_shell() == Some(true)
        && !container.image_facts().prepares_data(mount.target.peek())
        && mount.target.peek() != "/";
    if copies {
        planner.decided(nocopy, "whether the volume takes the content of the image");
    } else {
        let reason = "nothing is copied into the volume in any case";
        planner.cx.ledger.ignored(nocopy, reason, BehaviourEffect::Equivalent);
    }
}

/// The third word of `fill`: whom the volume is given to.
fn owner(app: &Application, service: &AppService, volume: &NamedVolume) -> String {
    if let Some(owner) = &volume.owner {
        return owner.get().to_string();
    }
    let users: BTreeSet<String> =
        volume.users.iter().filter_map(|name| writer(app, name, &volume.name)).collect();
    let own = user(service);
    match (users.len(), own) {
        (0, _) => String::new(),
        // Only the image of the service itself knows the number of a name.
        (1, Some(own)) if users.contains(&own) => own.split(':').next().unwrap_or_default().to_owned(),
        (1, _) => String::new(),
        _ => "everyone".to_owned(),
    }
}

/// Whom an anonymous volume is given to: the user of its container, by number, or by a name that its own image knows.
fn own_user(service: &AppService) -> String {
    let user = user(service).unwrap_or_default();
    match VolumeOwner::parse(&user) {
        Some(owner) => owner.to_string(),
        None => user.split(':').next().unwrap_or_default().to_owned(),
    }
}

/// The user of a service that writes a volume, as the manifest says it.
fn writer(app: &Application, name: &ManifestName, volume: &ManifestName) -> Option<String> {
    let service = app.services.get(name)?;
    let is_written =
        |mount: &ContainerMount| !mount.read_only && mount.source == MountSource::Volume(volume.clone());
    user(service).filter(|_| service.container.mounts.iter().any(is_written))
}

fn user(service: &AppService) -> Option<String> {
    service.container.user.as_ref().and_then(|user| user.literal()).map(|user| user.to_string())
}

/// One warning for all volumes that no helper fills, although the image may have something in their place.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let mut places = Vec::new();
    for service in app.services.values() {
        for mount in &service.container.mounts {
            let Some(volume) = fresh(app, service, mount) else { continue };
            if takes_content(service, mount) && service.container.has_shell() != Some(true) {
                // An anonymous volume has no name but the folder in its container.
                let (shown, key) = match volume.declared {
                    Some(declared) => (&*declared.name, format!("volumes.{}", declared.name)),
                    None => (mount.target.peek().as_str(), format!("services.{}.volumes", service.name)),
                };
                places.push((service, shown, key, mount.origin));
            }
        }
    }
    let Some((first, _, key, origin)) = places.first() else { return };
    let services: BTreeSet<&str> = places.iter().map(|(service, ..)| &*service.name).collect();
    let services: Vec<String> = services.iter().map(|name| format!("`{name}`")).collect();
    let volumes: BTreeSet<&str> = places.iter().map(|(_, shown, ..)| *shown).collect();
    let (noun, verb) = if volumes.len() == 1 { ("volume", "starts") } else { ("volumes", "start") };
    let volumes: Vec<String> = volumes.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "{noun} {} {verb} empty: nothing shows that the image of {} has the shell that copies its content",
        listed(&volumes),
        listed(&services)
    );
    let diagnostic =
        Diagnostic::new(&rules::VOLUME_CONTENT, message).at(*origin).key(key.clone()).service(&*first.name);
    let others: Vec<_> = places.iter().skip(1).map(|(.., origin)| *origin).collect();
    let diagnostic = planner.cx.point(diagnostic, others);
    planner.report(diagnostic.help(
        "if the image has nothing there, write `volume: { nocopy: true }` in the mount; for an image of a registry, `tranship lock` finds out whether it has a shell",
    ));
}
