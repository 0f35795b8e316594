//! `build`: the instances build the image from its context, which is in the bundle.
//!
//! What `.dockerignore` names stays behind, as it does for every builder; so do credentials, which are refused.

use super::{COMPOSE_FILE, ComposeBundle, node, plain_secrets};
use crate::Compilation;
use crate::beanstalk::plan::files::{self, BuildContext};
use crate::beanstalk::plan::{BeanstalkPlan, SecretLocation};
use crate::beanstalk::rules;
use crate::project_files::ProjectCredential;
use camino::{Utf8Path, Utf8PathBuf};
use tranship_app::{AppService, Application, ComposeNode};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Mapping, Node};

/// The build of a service, with its paths as they are in the bundle.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    given: ComposeNode<'_>,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    plain_secrets::refuse(application, given, cx);
    let mut written = Mapping::new();
    let mut is_refused = false;
    for (key, value) in given.entries() {
        let value = match &**key {
            "context" => context(application, service, given, value, plan, cx),
            "additional_contexts" => additional(application, service, value, plan, cx),
            "ssh" => {
                refuse_ssh(service, value, cx);
                None
            }
            "secrets" => Some(secrets(application, value, bundle, plan, cx)),
            key if key.starts_with("x-") => continue,
            _ => Some(value.copy(cx.ledger, COMPOSE_FILE)),
        };
        match value {
            Some(value) => {
                written.insert(node::key(key), value);
            }
            None => is_refused = true,
        }
    }
    if is_refused {
        cx.ledger.rejected(&given, "the instances cannot build the image");
        return None;
    }
    Some(node::mapping(written))
}

/// Whether a context is the address of a repository or of another image, and no folder.
fn is_remote(context: &str) -> bool {
    !Utf8Path::new(context).is_absolute()
}

fn context(
    application: &Application,
    service: &AppService,
    build: ComposeNode<'_>,
    value: ComposeNode<'_>,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let local = value.text().unwrap_or_default();
    if is_remote(local) {
        return Some(value.copy(cx.ledger, COMPOSE_FILE));
    }
    let dockerfile = build.get("dockerfile").filter(|_| build.get("dockerfile_inline").is_none());
    let dockerfile = dockerfile.and_then(ComposeNode::text).map(Utf8PathBuf::from);
    let wanted = BuildContext { local: Utf8Path::new(local), dockerfile: dockerfile.as_deref() };
    let written = bundled(application, service, &wanted, value, plan, cx)?;
    let added = files::add_dockerfile(&wanted, application, plan, cx);
    // The usual name of the file is not the manifest's: then the context says where it should be.
    let named = build.get("dockerfile");
    let place = named.filter(|named| cx.sources.is_written(named.origin())).unwrap_or(value);
    files::report_passwords(service, place.origin(), plan, cx);
    if settle(service, added, place, cx).is_none() {
        named.inspect(|named| cx.ledger.rejected(named, "the instances cannot build the image"));
        return None;
    }
    Some(written)
}

/// Further contexts by name: folders go into the bundle, everything else is an address.
fn additional(
    application: &Application,
    service: &AppService,
    given: ComposeNode<'_>,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let mut written = Mapping::new();
    for (name, value) in given.entries() {
        let local = value.text().unwrap_or_default();
        let copied = match is_remote(local) {
            true => value.copy(cx.ledger, COMPOSE_FILE),
            false => {
                let wanted = BuildContext { local: Utf8Path::new(local), dockerfile: None };
                bundled(application, service, &wanted, value, plan, cx)?
            }
        };
        written.insert(node::key(name), copied);
    }
    Some(node::mapping(written))
}

/// The path of a context in the bundle. `None` after an error.
fn bundled(
    application: &Application,
    service: &AppService,
    wanted: &BuildContext<'_>,
    value: ComposeNode<'_>,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let added = files::add_context(wanted, application, plan, cx);
    files::report_passwords(service, value.origin(), plan, cx);
    settle(service, added, value, cx)?;
    let relative = wanted.local.strip_prefix(cx.compose.directory()).unwrap_or(wanted.local);
    cx.ledger.decided(&value, "a folder of the bundle");
    let path = if relative.as_str().is_empty() { ".".to_owned() } else { format!("./{relative}") };
    Some(node::text(&path))
}

/// Says why files of a build are not in the bundle. `None` after an error.
fn settle(
    service: &AppService,
    added: Result<Vec<ProjectCredential>, String>,
    value: ComposeNode<'_>,
    cx: &mut Compilation<'_>,
) -> Option<()> {
    match added {
        Ok(found) if found.is_empty() => Some(()),
        Ok(found) => {
            cx.ledger.rejected(&value, "credentials never go into a bundle");
            files::refuse_build_credentials(service, &found, value.origin(), cx);
            None
        }
        Err(why) => {
            cx.ledger.rejected(&value, why.clone());
            let message = format!("the image of `{}` cannot be built on the instances: {why}", service.name);
            cx.diagnostics.push(
                Diagnostic::new(&rules::BUILD_FILES, message)
                    .at(value.origin())
                    .service(&*service.name)
                    .help("use `--project-directory` with a directory that contains the context, or push the image and name it in `image` in the place of `build`"),
            );
            None
        }
    }
}

fn refuse_ssh(service: &AppService, value: ComposeNode<'_>, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&value, "the instances have no SSH agent");
    let message =
        format!("`build.ssh` of `{}` needs an SSH agent, which the instances do not have", service.name);
    cx.diagnostics
        .push(Diagnostic::new(&rules::SSH_BUILD, message).at(value.origin()).service(&*service.name).help(
        "push the image and name it in `image` in the place of `build`, or pass a token with `build.secrets`",
    ));
}

/// Secrets of a build: values that are set at deployment.
fn secrets(
    application: &Application,
    given: ComposeNode<'_>,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Node {
    for name in given.items().filter_map(|item| item.get("source")?.text()) {
        let place = format!("{}/{name}", plan.environment);
        let place = SecretLocation { name: place, ..SecretLocation::default() };
        let property = super::variables::secret_property(&place, application, plan);
        if let Some(secret) = plan.secrets.get_mut(&property) {
            secret.given = true;
            name.clone_into(&mut secret.name);
        }
        bundle.properties.insert(property.clone());
        let entry = node::record([("environment", node::text(&property))]);
        bundle.sections.entry("secrets").or_default().insert(node::key(name), entry);
    }
    given.copy(cx.ledger, COMPOSE_FILE)
}
