//! `secrets` and `configs`: files that Docker Compose puts into containers.
//!
//! The value of a secret is a property of the environment, from which Docker Compose makes the file with its owner and
//! mode (Compose specification, `secrets`: `environment`). A config is a file of the bundle, or stands in the file.

use super::variables::{parts, rendered, secret_property};
use super::{COMPOSE_FILE, ComposeBundle, node};
use crate::Compilation;
use crate::beanstalk::plan::BeanstalkPlan;
use crate::beanstalk::plan::files;
use crate::beanstalk::plan::late_values::{database_property, file_property};
use crate::beanstalk::plan::values::{InstanceText, TextPart, location};
use crate::beanstalk::rules;
use tranship_app::{
    AppService, Application, ApplicationSecret, BehaviourEffect, ComposeNode, FileMount, FileMountKind,
    SecretSource,
};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Mapping, Node};

/// The entries of a service, whose sources then stand at the top of the file.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    (key, given): (&str, ComposeNode<'_>),
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let (section, kind) = match key {
        "secrets" => ("secrets", FileMountKind::Secret),
        _ => ("configs", FileMountKind::Config),
    };
    let mut written = Vec::new();
    for item in given.items() {
        let mount = service.container.files.iter().find(|file| file.kind == kind && file.node == item.id());
        let Some(mount) = mount else { continue };
        let Some(secret) = application.secrets.get(&mount.secret) else { continue };
        let known = bundle.sections.get(section).is_some_and(|known| known.contains_key(&mount.secret));
        let Some(value) = source(application, service, (mount, secret), bundle, plan, cx) else { continue };
        if !known {
            let entry = top_entry(section, mount, value, cx);
            bundle.sections.entry(section).or_default().insert(node::key(&mount.secret), entry);
        }
        written.push(item.copy(cx.ledger, COMPOSE_FILE));
    }
    (!written.is_empty()).then(|| node::list(written))
}

/// The entry at the top: what stays as it is, and where the value comes from.
fn top_entry(
    section: &str,
    mount: &FileMount,
    (key, value): (&'static str, Node),
    cx: &mut Compilation<'_>,
) -> Node {
    let given = cx.compose.entry(section, &mount.secret);
    let mut written = Mapping::new();
    for (name, value) in given.into_iter().flat_map(ComposeNode::entries) {
        let is_source = matches!(&**name, "file" | "environment" | "external" | "content");
        let is_external_name = &**name == "name" && given.is_some_and(|it| it.get("external").is_some());
        if !(is_source || is_external_name || name.starts_with("x-")) {
            written.insert(node::key(name), value.copy(cx.ledger, COMPOSE_FILE));
        }
    }
    written.insert(node::key(key), value);
    node::mapping(written)
}

/// The key and value that say where a file's content comes from. `None` after an error.
fn source(
    application: &Application,
    service: &AppService,
    (mount, secret): (&FileMount, &ApplicationSecret),
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<(&'static str, Node)> {
    match (&secret.source, mount.kind) {
        (SecretSource::Content(text), _) => {
            let text = cx.ledger.exact(text, COMPOSE_FILE);
            let parts = parts(text, application, cx)?;
            Some(("content", rendered(&parts, application, bundle, plan)))
        }
        (SecretSource::File(_), FileMountKind::Config) => {
            let relative = files::config(application, service, mount, plan, cx)?;
            Some(("file", node::text(&format!("./{relative}"))))
        }
        (SecretSource::Derived(text), _) => {
            let parts = parts(text, application, cx)?;
            let property = property_of(&parts, plan).or_else(|| file_property(&secret.name, &parts, plan));
            let Some(property) = property else {
                refuse(service, mount, cx);
                return None;
            };
            from_property(service, mount, secret, &property, bundle, cx)
        }
        _ => {
            let place = location(&secret.name, &secret.source, application, cx)?;
            let property = secret_property(&place, application, plan);
            from_property(service, mount, secret, &property, bundle, cx)
        }
    }
}

/// The one property that is a whole text.
fn property_of(text: &InstanceText, plan: &mut BeanstalkPlan) -> Option<String> {
    match text.0.as_slice() {
        [TextPart::Property { property, encoded: false }] => Some(property.clone()),
        [TextPart::Database(value)] => Some(database_property(value, plan)),
        _ => None,
    }
}

fn from_property(
    service: &AppService,
    mount: &FileMount,
    secret: &ApplicationSecret,
    property: &str,
    bundle: &mut ComposeBundle,
    cx: &mut Compilation<'_>,
) -> Option<(&'static str, Node)> {
    if service.container.read_only.as_ref().is_some_and(tranship_app::At::get) {
        cx.ledger.rejected(&mount.node, "Docker Compose cannot write it into a read-only container");
        let message = format!(
            "service `{}` is read-only, so Docker Compose cannot put the secret `{}` into it",
            service.name, mount.secret
        );
        cx.diagnostics.push(
            Diagnostic::new(&rules::READ_ONLY_SECRET, message)
                .at(mount.origin)
                .service(&*service.name)
                .help("remove `read_only`, or read the secret from an environment variable"),
        );
        return None;
    }
    let reason = "the value is set at deployment, and Docker Compose makes the file from it";
    let value = format!("the property `{property}`");
    let place = "aws:elasticbeanstalk:application:environmentsecrets";
    cx.ledger.approximated(&secret.node, BehaviourEffect::Equivalent, value, reason, place);
    bundle.properties.insert(property.to_owned());
    Some(("environment", node::text(property)))
}

/// A file that is put together from several values.
fn refuse(service: &AppService, mount: &FileMount, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(&mount.node, "the value of a secret file comes from one property");
    let message = format!(
        "service `{}` mounts `{}` as a file, but its value comes from several properties",
        service.name, mount.secret
    );
    cx.diagnostics.push(
        Diagnostic::new(&rules::SECRET_FILE, message)
            .at(mount.origin)
            .service(&*service.name)
            .help("read it from an environment variable, or choose the target `fargate` or `ecs-ec2`"),
    );
}
