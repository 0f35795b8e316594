//! Files of the project that containers mount: copies of them go into the bundle.

use super::task::MountPoint;
use super::values::known;
use super::{Container, HostVolume, Plan, UNPACKED, container_name, path};
use crate::app::{Application, FileMount, SecretSource, Service};
use crate::artifact::{WrittenFiles, check_path, is_temporary};
use crate::diagnostic::{Diagnostic, rules::beanstalk};
use crate::source::Origin;
use crate::targets::Compilation;
use crate::world::{Collector, ProjectFiles};
use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;

/// Names that never go into a bundle: secrets of a laptop, and what is not the application's.
const LEFT_OUT: &[&str] =
    &[".git", ".env", ".ebextensions", ".elasticbeanstalk", ".platform", "node_modules"];

/// Adds a file or all files of a directory.
///
/// # Errors
/// Why it cannot be added, as a clause.
pub(super) fn add(
    local: &Utf8Path,
    relative: &Utf8Path,
    plan: &mut Plan,
    cx: &Compilation<'_>,
) -> Result<(), String> {
    let mut bundled = Bundled { files: &mut plan.files, made: Vec::new() };
    ProjectFiles::new(cx.world, &cx.manifest.directory).walk(local, relative, &mut bundled)
}

/// Puts the files of a walk into the bundle, without those that an earlier build wrote.
struct Bundled<'a> {
    files: &'a mut IndexMap<String, Vec<u8>>,
    /// Directories that hold a build's list, with what it names.
    made: Vec<(Utf8PathBuf, WrittenFiles)>,
}

impl Collector for Bundled<'_> {
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
        Ok(())
    }

    fn wants(&self, relative: &Utf8Path) -> bool {
        let name = relative.file_name().unwrap_or_default();
        !is_left_out(name) && !is_temporary(name)
    }

    fn take(&mut self, relative: &Utf8Path, bytes: Vec<u8>) -> Result<(), String> {
        let wrote = |(directory, list): &(Utf8PathBuf, WrittenFiles)| match relative.strip_prefix(directory) {
            Ok(path) if path == WrittenFiles::NAME => !list.is_empty(),
            Ok(path) => list.wrote(path.as_str(), &bytes),
            Err(_) => false,
        };
        if self.made.iter().any(wrote) {
            return Ok(());
        }
        put(self.files, relative.as_str(), bytes)
    }
}

/// Names a file of the bundle has whatever the project holds.
const OWN: &str = "Dockerrun.aws.json";

/// Adds one file to the bundle.
fn put(files: &mut IndexMap<String, Vec<u8>>, path: &str, bytes: Vec<u8>) -> Result<(), String> {
    check_path(path).map_err(|error| error.to_string())?;
    match files.get(path) {
        _ if path == OWN => Err(format!("the bundle has a `{OWN}` of its own")),
        Some(other) if *other != bytes => Err(format!("two files of the bundle are called `{path}`")),
        Some(_) => Ok(()),
        None => {
            files.insert(path.to_owned(), bytes);
            Ok(())
        }
    }
}

fn is_left_out(name: &str) -> bool {
    LEFT_OUT.contains(&name) || name.starts_with(".env.")
}

/// Decides `configs` and `secrets` of a container: a config is a file of the bundle, a secret is refused.
pub(super) fn decide(
    application: &Application,
    service: &Service,
    container: &mut Container,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) {
    for file in &service.container.files {
        if !file.config {
            refuse(service, file, cx);
            continue;
        }
        let Some(bytes) = content(application, service, file, cx) else { continue };
        let relative = format!("configs/{}", file.secret);
        let name = format!("config-{}", container_name(&file.secret));
        if let Err(why) = put(&mut plan.files, &relative, bytes) {
            unusable(service, file, file.origin, &why, cx);
            continue;
        }
        if !plan.volumes.iter().any(|volume| volume.name == name) {
            plan.volumes.push(HostVolume {
                name: name.clone(),
                path: Some(format!("{UNPACKED}/{relative}")),
                owner: None,
                prepared: false,
                from: path(cx, file.node),
            });
        }
        cx.ledger.exact(&file.node, "a file of the bundle");
        let container_path = file.target.value.clone();
        container.definition.mount_points.push(MountPoint {
            source_volume: name,
            container_path,
            read_only: true,
        });
    }
}

fn content(
    application: &Application,
    service: &Service,
    file: &FileMount,
    cx: &mut Compilation<'_>,
) -> Option<Vec<u8>> {
    match &application.secrets.get(&file.secret)?.source {
        SecretSource::Content(text) => {
            cx.ledger.exact(text, "a file of the bundle");
            known(text, application, cx).map(String::into_bytes)
        }
        SecretSource::File(local) => {
            match ProjectFiles::new(cx.world, &cx.manifest.directory).read(Utf8Path::new(&local.value)) {
                Ok(bytes) => {
                    cx.ledger.exact(local, "a file of the bundle");
                    Some(bytes)
                }
                Err(why) => {
                    unusable(service, file, local.origin, &why, cx);
                    None
                }
            }
        }
        _ => {
            refuse(service, file, cx);
            None
        }
    }
}

fn unusable(service: &Service, file: &FileMount, at: Origin, why: &str, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&file.node, why);
    let message =
        format!("config `{}` of service `{}` cannot go into the bundle: {why}", file.secret, service.name);
    let diagnostic = Diagnostic::new(&beanstalk::OUTSIDE_PATH, message).at(at).service(&*service.name);
    cx.diagnostics.push(diagnostic.help("move the file below the project's directory"));
}

fn refuse(service: &Service, file: &FileMount, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&file.node, "secrets reach containers as variables only");
    cx.diagnostics.push(
        Diagnostic::new(
            &beanstalk::SECRET_FILE,
            format!(
                "service `{}` mounts `{}` as a file, and secrets are variables here",
                service.name, file.secret
            ),
        )
        .at(file.origin)
        .service(&*service.name)
        .help("let the application read it from a variable, or choose the target `fargate` or `ecs-ec2`"),
    );
}
