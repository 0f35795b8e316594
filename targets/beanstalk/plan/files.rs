//! Files of the project that containers mount: copies of them go into the bundle.

use super::values::known;
use super::{BeanstalkPlan, UNPACKED, container_name, path};
use crate::Compilation;
use crate::beanstalk::rules;
use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;
use tranship_app::{AppService, Application, FileMount, FileMountKind, SecretSource};
use tranship_artifact::{WrittenFiles, check_path, is_temporary};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;
use tranship_frontend::world::{Collector, ProjectFiles};

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
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Result<(), String> {
    let mut bundled = Bundled { files: &mut plan.files, made: Vec::new() };
    cx.files.walk(local, relative, &mut bundled)
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

/// The file that every bundle contains.
const OWN: &str = "Dockerrun.aws.json";

/// Adds one file to the bundle.
fn put(files: &mut IndexMap<String, Vec<u8>>, path: &str, bytes: Vec<u8>) -> Result<(), String> {
    check_path(path).map_err(|error| error.to_string())?;
    match files.get(path) {
        _ if path == OWN => Err(format!("the bundle already contains a generated `{OWN}`")),
        Some(other) if *other != bytes => {
            Err(format!("two different files of the bundle have the path `{path}`"))
        }
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
        if let Err(why) = put(&mut plan.files, &relative, bytes) {
            unusable(service, file, file.origin, &why, cx);
            continue;
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
        SecretSource::File(local) => match cx.files.read(Utf8Path::new(local.peek())) {
            Ok(bytes) => {
                cx.ledger.exact(local, "a file of the bundle");
                Some(bytes)
            }
            Err(why) => {
                unusable(service, file, local.origin, &why, cx);
                None
            }
        },
        _ => {
            refuse(service, file, cx);
            None
        }
    }
}

fn unusable(service: &AppService, file: &FileMount, at: Origin, why: &str, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&file.node, why);
    let message =
        format!("config `{}` of service `{}` cannot go into the bundle: {why}", file.secret, service.name);
    let diagnostic = Diagnostic::new(&rules::OUTSIDE_PATH, message).at(at).service(&*service.name);
    cx.diagnostics.push(diagnostic.help("move the file into the project directory"));
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
