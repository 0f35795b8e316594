//! Files of the project that containers mount: copies of them go into the bundle.

use super::values::known;
use super::{BeanstalkPlan, UNPACKED, container_name, path};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::project_files::{
    self, ContentHolding, FolderFilter, LinkHandling, ProjectCredential, ProjectFile,
};
use camino::Utf8Path;
use indexmap::IndexMap;
use tranship_app::{AppService, Application, FileMount, FileMountKind, SecretSource};
use tranship_artifact::check_path;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;
use tranship_frontend::world::normalise;

/// Adds a file or all files of a directory. What stays behind, and what must not go, is noted in the plan.
///
/// # Errors
/// Why it cannot be added, as a clause.
pub(super) fn add(
    local: &Utf8Path,
    relative: &Utf8Path,
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Result<Vec<ProjectCredential>, String> {
    let root = local.ancestors().nth(relative.components().count()).unwrap_or(local);
    let filter = FolderFilter::of_project(&mut cx.files, root, relative);
    collect(local, relative, filter, application, plan, cx)
}

/// What an image is built from.
pub(in crate::beanstalk) struct BuildContext<'a> {
    /// The folder, absolute.
    pub(in crate::beanstalk) local: &'a Utf8Path,
    /// The Dockerfile, seen from the folder; none for a context that has none of its own.
    pub(in crate::beanstalk) dockerfile: Option<&'a Utf8Path>,
}

/// Adds the files of a build context that `.dockerignore` leaves in it.
///
/// # Errors
/// Why it cannot be added, as a clause.
pub(in crate::beanstalk) fn add_context(
    context: &BuildContext<'_>,
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Result<Vec<ProjectCredential>, String> {
    let directory = cx.compose.directory();
    let relative = context.local.strip_prefix(directory).map_err(|_| outside(context.local))?;
    let filter = FolderFilter::of_context(&mut cx.files, context.local, relative, context.dockerfile);
    collect(context.local, relative, filter, application, plan, cx)
}

/// Adds the Dockerfile of a build context: a builder is given it whatever `.dockerignore` says.
///
/// # Errors
/// Why it cannot be added, as a clause.
pub(in crate::beanstalk) fn add_dockerfile(
    context: &BuildContext<'_>,
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Result<Vec<ProjectCredential>, String> {
    let Some(dockerfile) = context.dockerfile else { return Ok(Vec::new()) };
    let local = normalise(&context.local.join(dockerfile));
    let relative = local.strip_prefix(cx.compose.directory()).map_err(|_| outside(&local))?;
    if plan.files.contains_key(relative.as_str()) {
        return Ok(Vec::new());
    }
    collect(&local, relative, FolderFilter::default(), application, plan, cx)
}

fn outside(path: &Utf8Path) -> String {
    format!("`{path}` is outside the project directory")
}

/// Puts what a filter lets through into the bundle.
fn collect(
    local: &Utf8Path,
    relative: &Utf8Path,
    filter: FolderFilter,
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Result<Vec<ProjectCredential>, String> {
    let how = (filter, LinkHandling::Follow, ContentHolding::LeftOnDisk);
    let content = project_files::collect_with(local, relative, how, application, cx)?;
    plan.left_out.extend(content.left_out);
    plan.passwords.extend(content.passwords);
    for (path, file) in content.files {
        put(&mut plan.files, path.as_str(), file)?;
    }
    Ok(content.credentials)
}

/// One error for the credentials behind a mount, with the way to deliver them.
pub(super) fn refuse_credentials(
    service: &AppService,
    found: &[ProjectCredential],
    origin: Origin,
    cx: &mut Compilation<'_>,
) {
    let message = format!(
        "the bundle would contain credentials that service `{}` mounts: {}",
        service.name,
        ProjectCredential::listed(found)
    );
    let diagnostic = Diagnostic::new(&rules::CREDENTIAL_FILE, message).at(origin).service(&*service.name);
    cx.diagnostics.push(diagnostic.help(
        "pass what the program needs as a secret variable (`environment`, with its value from `--secret NAME=@FILE`), and keep the file out of a mounted folder with a line in `.ebignore`",
    ));
}

/// One warning for the passwords in files that were added last.
pub(in crate::beanstalk) fn report_passwords(
    service: &AppService,
    origin: Origin,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let found = std::mem::take(&mut plan.passwords);
    project_files::warn_of_passwords(service, &found, "the bundle", origin, cx);
}

/// One error for the credentials in a build context, with the way to keep them out.
pub(in crate::beanstalk) fn refuse_build_credentials(
    service: &AppService,
    found: &[ProjectCredential],
    origin: Origin,
    cx: &mut Compilation<'_>,
) {
    let message = format!(
        "the bundle would contain credentials in the build context of `{}`: {}",
        service.name,
        ProjectCredential::listed(found)
    );
    let diagnostic = Diagnostic::new(&rules::CREDENTIAL_FILE, message).at(origin).service(&*service.name);
    cx.diagnostics.push(diagnostic.help(
        "keep the files out of the context with lines in `.dockerignore`, and pass what the program needs as a secret variable",
    ));
}

/// One note that says what stays behind.
pub(super) fn report_left_out(plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    if plan.left_out.is_empty() {
        return;
    }
    let listed = project_files::listed_paths(&plan.left_out);
    let message = format!("the bundle leaves out parts of folders: {listed}");
    let diagnostic = Diagnostic::new(&rules::LEFT_OUT, message);
    cx.diagnostics.push(diagnostic.help(
        "a file that is mounted by name always goes into the bundle; `.ebignore` replaces `.gitignore` and `.dockerignore`",
    ));
}

/// Files that Tranship or Elastic Beanstalk writes at the top of a bundle.
const OWN: &[&str] = &[".env", "Dockerrun.aws.json", "docker-compose.yml"];

/// Adds one file to the bundle.
fn put(files: &mut IndexMap<String, ProjectFile>, path: &str, file: ProjectFile) -> Result<(), String> {
    check_path(path).map_err(|error| error.to_string())?;
    match files.get(path) {
        _ if OWN.contains(&path) => Err(format!("the bundle already contains a generated `{path}`")),
        Some(other) if other.sha256 != file.sha256 => {
            Err(format!("two different files of the bundle have the path `{path}`"))
        }
        Some(_) => Ok(()),
        None => {
            files.insert(path.to_owned(), file);
            Ok(())
        }
    }
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
        let Some(relative) = config(application, service, file, plan, cx) else { continue };
        cx.ledger.decided(&file.node, "a file of the bundle");
        mounted.push(MountedFile {
            name: format!("config-{}", container_name(&file.secret)),
            path: format!("{UNPACKED}/{relative}"),
            target: file.target.peek().clone(),
            from: path(cx, file.node),
        });
    }
    mounted
}

/// Puts a config into the bundle and returns its path there. `None` after an error.
pub(in crate::beanstalk) fn config(
    application: &Application,
    service: &AppService,
    file: &FileMount,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    let bytes = content(application, service, file, cx)?;
    let relative = format!("configs/{}", file.secret);
    if let Some(reason) = project_files::credential(&file.secret, &bytes, &application.known_secrets) {
        cx.ledger.rejected(&file.node, "credentials never go into a bundle");
        let found = ProjectCredential { path: file.secret.to_string(), reason };
        refuse_credentials(service, &[found], file.origin, cx);
        return None;
    }
    plan.passwords.extend(project_files::password_place(&file.secret, &bytes, true));
    report_passwords(service, file.origin, plan, cx);
    if let Err(why) = put(&mut plan.files, &relative, ProjectFile::made(bytes)) {
        unusable(service, file, file.origin, &why, cx);
        return None;
    }
    Some(relative)
}

fn content(
    application: &Application,
    service: &AppService,
    file: &FileMount,
    cx: &mut Compilation<'_>,
) -> Option<Vec<u8>> {
    match &application.secrets.get(&file.secret)?.source {
        SecretSource::Content(text) => {
            let text = cx.ledger.exact(text, "a file of the bundle");
            known(text, application, cx).map(String::into_bytes)
        }
        SecretSource::File(local) => {
            let read = cx.files.read(Utf8Path::new(cx.ledger.exact(local, "a file of the bundle")));
            read.map_err(|why| unusable(service, file, local.origin, &why, cx)).ok()
        }
        _ => {
            refuse(service, file, cx);
            None
        }
    }
}

fn unusable(service: &AppService, file: &FileMount, at: Origin, why: &str, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&file.node, why.to_owned());
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
