//! Mounts -> volumes of the task, which are directories of the instance.

use super::{BeanstalkPlan, HostVolume, UNPACKED, container_name, files, path};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::container::{ContainerPlanner, is_machine_path};
use camino::Utf8Path;
use tranship_app::{
    AppService, Application, At, BehaviourEffect, BindMount, BindSource, ContainerMount, VolumeLifetime,
};
use tranship_frontend::diagnostic::Diagnostic;

/// Where named volumes are on the instance.
const VOLUMES: &str = "/data";

/// Where the bundle is while jobs run: not at its final place yet
/// (AWS documentation, "Extending Elastic Beanstalk Linux platforms").
const STAGING: &str = "/var/app/staging";

/// The directory of the instance behind a bind mount.
pub(super) struct BoundDirectory {
    /// Its path on the instance.
    pub(super) path: String,
    /// Whether it is one for data, which is made before the containers start.
    pub(super) data: bool,
}

/// A volume that is empty at each start.
pub(super) fn anonymous(
    index: usize,
    mount: &ContainerMount,
    planner: &ContainerPlanner<'_, '_>,
    volumes: &mut Vec<HostVolume>,
) -> String {
    let stem = format!("{}-{index}", container_name(&planner.service().name));
    let name = free_name(volumes, &stem).unwrap_or(stem);
    let from = path(planner.cx, mount.node);
    volumes.push(HostVolume { name: name.clone(), path: None, owner: None, prepared: false, from });
    name
}

/// A path of the local machine. A file or directory of the project goes into the bundle; a directory for
/// data, which no one commits, is one of the instance.
pub(super) fn bind(
    bind: &BindMount,
    mount: &ContainerMount,
    application: &Application,
    plan: &mut BeanstalkPlan,
    planner: &mut ContainerPlanner<'_, '_>,
) -> Option<BoundDirectory> {
    let (service, cx) = (planner.service(), &mut *planner.cx);
    let local = bind.path.peek();
    let machine = planner.bounds.machine_paths && is_machine_path(local);
    let data = data_folder(service, &bind.source).filter(|_| !machine);
    let path = match (machine, data) {
        (true, _) => local.clone(),
        (false, Some(relative)) => kept(service, &bind.path, relative, cx),
        (false, None) => bundled(service, (bind, mount), application, plan, cx)?,
    };
    Some(BoundDirectory { path, data: data.is_some() })
}

/// Adds the volume of a bind mount, once for each directory, and returns its name.
pub(super) fn add(
    found: BoundDirectory,
    mount: &ContainerMount,
    planner: &ContainerPlanner<'_, '_>,
    volumes: &mut Vec<HostVolume>,
) -> String {
    if let Some(known) = volumes.iter().find(|volume| volume.path.as_ref() == Some(&found.path)) {
        return known.name.clone();
    }
    let stem = volume_name(&found.path);
    let name = free_name(volumes, &stem).unwrap_or(stem);
    let (path, prepared, from) = (Some(found.path), found.data, path(planner.cx, mount.node));
    volumes.push(HostVolume { name: name.clone(), path, owner: None, prepared, from });
    name
}

/// The volume of a file in the bundle.
pub(super) fn of_bundle(name: String, path: String, from: String) -> HostVolume {
    HostVolume { name, path: Some(path), owner: None, prepared: false, from }
}

/// Where a path of the bundle is while jobs run.
pub(super) fn staged(path: String) -> String {
    match path.strip_prefix(UNPACKED) {
        Some(rest) => format!("{STAGING}{rest}"),
        None => path,
    }
}

/// The folder of the project, if it holds data: a data store's own, or one that is not there and that Docker
/// would make.
fn data_folder<'m>(service: &AppService, source: &'m BindSource) -> Option<&'m Utf8Path> {
    match source {
        BindSource::ProjectFolder(relative) if service.data_store.is_some() => Some(relative),
        BindSource::Missing(relative) if !source.names_file() => Some(relative),
        _ => None,
    }
}

/// The directory of the instance that stands in for one of the project's that holds data.
fn kept(service: &AppService, source: &At<String>, relative: &Utf8Path, cx: &mut Compilation<'_>) -> String {
    let directory = format!("{VOLUMES}/{}", volume_name(relative.as_str()));
    let reason = "a directory on the instance: it starts empty and is lost with the instance";
    cx.ledger.approximated(
        source,
        BehaviourEffect::ChangesBehaviour,
        directory.clone(),
        reason,
        "Dockerrun.aws.json: volumes",
    );
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::INSTANCE_VOLUME,
            format!(
                "`{relative}` of service `{}` becomes a directory on each instance: it starts empty and is lost with the instance",
                service.name
            ),
        )
        .at(source.origin)
        .service(&*service.name)
        .help("keep important data in a database or in S3, or choose an ECS target"),
    );
    directory
}

/// A volume's name that no other has.
fn free_name(volumes: &[HostVolume], stem: &str) -> Option<String> {
    let taken = |name: &String| volumes.iter().any(|volume| volume.name == *name);
    let numbered = (2u32..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.to_owned()).chain(numbered).find(|name| !taken(name))
}

/// The path that a bundled file or directory has on the instance. Nothing after an error.
fn bundled(
    service: &AppService,
    (bind, mount): (&BindMount, &ContainerMount),
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    let source = &bind.path;
    let relative = bind.source.within_project();
    let added = match relative {
        Some(relative) => files::add(Utf8Path::new(source.peek()), relative, application, plan, cx),
        None => Err("it is outside the project's directory".to_owned()),
    };
    match (added, relative) {
        (Ok(found), Some(_)) if !found.is_empty() => {
            cx.ledger.rejected(source, "credentials never go into a bundle");
            files::refuse_credentials(service, &found, source.origin, cx);
            None
        }
        (Ok(_), Some(relative)) => {
            let reason = "a copy in the bundle: changes are lost with the next deployment";
            let on_instance = Utf8Path::new(UNPACKED).join(relative).to_string();
            cx.ledger.approximated(
                source,
                BehaviourEffect::Equivalent,
                on_instance.clone(),
                reason,
                "Dockerrun.aws.json: volumes",
            );
            Some(on_instance)
        }
        (Err(why), _) => {
            cx.ledger.rejected(&mount.node, why.clone());
            let message = format!("service `{}` mounts a path that cannot be bundled: {why}", service.name);
            let diagnostic = Diagnostic::new(&rules::OUTSIDE_PATH, message).at(source.origin);
            cx.diagnostics.push(
                cx.point(diagnostic, [mount.target.origin])
                    .service(&*service.name)
                    .help("move the files into the project directory, or use a named volume"),
            );
            None
        }
        (Ok(_), None) => None,
    }
}

/// A name for the volume of a path: letters, digits, `-` and `_`.
fn volume_name(path: &str) -> String {
    let path = path.strip_prefix(UNPACKED).unwrap_or(path);
    let letters = path.trim_matches('/').chars();
    let name: String =
        letters.map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    match name.trim_matches('-') {
        "" => "project".to_owned(),
        name => name.to_lowercase(),
    }
}

/// The directory behind a named volume. A name of dots alone would be another directory.
fn volume_path(name: &str) -> String {
    format!("{VOLUMES}/{}", name.replacen('.', "_", usize::from(name.starts_with('.'))))
}

/// The directories behind the named volumes.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    for volume in application.volumes.values() {
        if volume.users.is_empty() {
            continue;
        }
        let directory = volume_path(&volume.name);
        if let Some(owner) = &volume.owner {
            cx.ledger.exact(owner, format!("owner of {directory}"));
        }
        if let Some(external) = &volume.external {
            let reason = "an existing volume cannot be used: the directory starts empty";
            cx.ledger.ignored(external, reason, BehaviourEffect::Equivalent);
        }
        match volume.scope {
            VolumeLifetime::Task(_) => cx.ledger.exact(&volume.node, format!("{directory} on the instance")),
            VolumeLifetime::Persistent => {
                let reason = "each instance has its own, which is lost with the instance";
                cx.ledger.approximated(
                    &volume.node,
                    BehaviourEffect::ChangesBehaviour,
                    directory.clone(),
                    reason,
                    "Dockerrun.aws.json: volumes",
                );
                cx.diagnostics.push(
                    Diagnostic::new(
                        &rules::INSTANCE_VOLUME,
                        format!("volume `{}` becomes a directory on each instance, and is lost with it", volume.name),
                    )
                    .at(volume.origin)
                    .key(path(cx, volume.node))
                    .help("keep important data in a database or in S3, or choose an ECS target, where the volume becomes EFS"),
                );
            }
        }
        plan.volumes.push(HostVolume {
            name: container_name(&volume.name),
            path: Some(directory),
            owner: volume.owner.as_ref().map(|owner| owner.get()),
            prepared: true,
            from: path(cx, volume.node),
        });
    }
}
