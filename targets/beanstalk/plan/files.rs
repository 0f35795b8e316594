//! Files of the project that containers mount: copies of them go into the bundle.

use super::values::known;
use super::{BeanstalkPlan, BundleFile, UNPACKED, container_name, path};
use crate::Compilation;
use crate::beanstalk::rules;
use camino::Utf8Path;
use tranship_app::{AppService, Application, FileMount, FileMountKind, SecretSource};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::world::Kind;

/// Names that never go into a bundle: secrets of a laptop, and what is not the application's.
const LEFT_OUT: &[&str] =
    &[".git", ".env", ".ebextensions", ".elasticbeanstalk", ".platform", "node_modules"];

/// Stands in every directory that a build wrote: a build must not carry an earlier one.
const MADE: &str = ".tranship";

/// Directories deeper than this are refused: a link that leads to itself looks so.
const DEEPEST: usize = 40;

/// Adds a file or all files of a directory.
///
/// # Errors
/// Why it cannot be added, as a clause.
pub(super) fn add(
    local: &Utf8Path,
    relative: &Utf8Path,
    plan: &mut BeanstalkPlan,
    cx: &Compilation<'_>,
) -> Result<(), String> {
    collect(local, relative, 0, plan, cx)
}

fn collect(
    local: &Utf8Path,
    relative: &Utf8Path,
    depth: usize,
    plan: &mut BeanstalkPlan,
    cx: &Compilation<'_>,
) -> Result<(), String> {
    let unread = |error: std::io::Error| format!("`{relative}` cannot be read: {error}");
    match cx.world.kind(local) {
        None => Err(format!("`{relative}` does not exist")),
        Some(_) if depth > DEEPEST => Err(format!("`{relative}` is nested too deeply")),
        Some(Kind::File) => {
            let bytes = cx.world.read(local).map_err(unread)?;
            if !plan.files.iter().any(|file| file.path == *relative) {
                plan.files.push(BundleFile { path: relative.to_string(), bytes });
            }
            Ok(())
        }
        Some(Kind::Directory) => {
            let names = cx.world.list(local).map_err(unread)?;
            if names.iter().any(|name| name == MADE) {
                return Ok(());
            }
            let wanted = names.iter().filter(|name| !is_left_out(name));
            wanted
                .into_iter()
                .try_for_each(|name| collect(&local.join(name), &relative.join(name), depth + 1, plan, cx))
        }
    }
}

fn is_left_out(name: &str) -> bool {
    LEFT_OUT.contains(&name) || name.starts_with(".env.")
}

/// A file of the bundle that a container mounts.
pub(super) struct MountedFile {
    /// The name of its volume.
    pub(super) name: String,
    /// Its path on the instance.
    pub(super) path: String,
    /// Its path in the container.
    pub(super) target: String,
    /// The key path it comes from.
    pub(super) from: String,
}

/// Decides `configs` and `secrets` of a container: a config is a file of the bundle, a secret is refused.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Vec<MountedFile> {
    let mut mounted = Vec::new();
    for file in &service.container.files {
        if file.kind == FileMountKind::Secret {
            refuse(service, file, cx);
            continue;
        }
        let Some(bytes) = content(application, service, file, cx) else { continue };
        let relative = format!("configs/{}", file.secret);
        if !plan.files.iter().any(|known| known.path == relative) {
            plan.files.push(BundleFile { path: relative.clone(), bytes });
        }
        cx.ledger.exact(&file.node, "a file of the bundle");
        mounted.push(MountedFile {
            name: format!("config-{}", container_name(&file.secret)),
            path: format!("{UNPACKED}/{relative}"),
            target: file.target.peek().clone(),
            from: path(cx, file.node),
        });
    }
    mounted
}

fn content(
    application: &Application,
    service: &AppService,
    file: &FileMount,
    cx: &mut Compilation<'_>,
) -> Option<Vec<u8>> {
    match &application.secrets.get(&file.secret)?.source {
        SecretSource::Content(text) => {
            cx.ledger.exact(text, "a file of the bundle");
            known(text, application, cx).map(String::into_bytes)
        }
        SecretSource::File(local) => match cx.world.read(Utf8Path::new(local.peek())) {
            Ok(bytes) => {
                cx.ledger.exact(local, "a file of the bundle");
                Some(bytes)
            }
            Err(error) => {
                let message =
                    format!("config `{}` of service `{}` cannot be read: {error}", file.secret, service.name);
                cx.diagnostics.push(Diagnostic::new(&rules::OUTSIDE_PATH, message).at(local.origin));
                cx.ledger.rejected(&file.node, "its file cannot be read");
                None
            }
        },
        _ => {
            refuse(service, file, cx);
            None
        }
    }
}

fn refuse(service: &AppService, file: &FileMount, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&file.node, "secrets are passed as environment variables only");
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::SECRET_FILE,
            format!(
                "service `{}` mounts `{}` as a file, but Elastic Beanstalk passes secrets as environment variables",
                service.name, file.secret
            ),
        )
        .at(file.origin)
        .service(&*service.name)
        .help("read it from an environment variable, or choose the target `fargate` or `ecs-ec2`"),
    );
}
