//! Secrets in values that every reader of an artifact sees, and that cannot take their text from a secret.
//!
//! In: the leaves of deployed services and of the settings. Out: an error at each that holds a secret, since it
//! would show in a template, a bundle or a list of resources. What can take a secret is wired elsewhere:
//! variables in `environment_wiring`, commands and health checks in `command_wiring`, files in `declared_secrets`.

use super::LoweringContext;
use super::service_selection::ServiceSelection;
use crate::rules;
use tranship_frontend::compose::{KeyPath, PathSegment};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, Value};

/// Keys of a service whose secrets are wired, or that say where secrets are.
const WIRED: &[&str] =
    &["environment", "env_file", "command", "entrypoint", "secrets", "configs", "depends_on", "profiles"];

/// Keys of a service whose entries have names that say what they hold.
const NAMED: &[&str] = &["labels", "logging", "args", "annotations", "x-tranship", "tags"];

/// Settings whose values are places of secrets or names of rules.
const SETTINGS_ABOUT_SECRETS: &[&str] = &["secrets", "accept", "late_bound"];

/// Refuses secrets that would be readable.
pub(super) fn refuse(cx: &mut LoweringContext<'_>, selection: &ServiceSelection<'_>) {
    let manifest = cx.manifest;
    let sections = manifest.root.as_mapping().into_iter().flatten();
    for section in sections {
        match &*section.key.text {
            "services" => {
                for service in &selection.deployed {
                    let node = section.value.get(&service.name);
                    node.into_iter().for_each(|node| service_leaves(cx, &service.name, node));
                }
            }
            "x-tranship" => {
                let path = vec![PathSegment::Key(section.key.text.clone())];
                leaves(cx, &section.value, "", &path, None);
            }
            _ => {}
        }
    }
}

fn service_leaves(cx: &mut LoweringContext<'_>, service: &str, node: &Node) {
    let entries = node.as_mapping().into_iter().flatten();
    for entry in entries {
        let key = &*entry.key.text;
        let foreign = key.starts_with("x-") && key != "x-tranship";
        if WIRED.contains(&key) || foreign {
            continue;
        }
        let path: Vec<PathSegment> =
            ["services", service, key].into_iter().map(|key| PathSegment::Key(key.into())).collect();
        leaves(cx, &entry.value, "", &path, Some(service));
    }
}

/// The leaves at or below a node; `name` is the last key above it where keys are names of the user's.
fn leaves(
    cx: &mut LoweringContext<'_>,
    node: &Node,
    name: &str,
    path: &[PathSegment],
    service: Option<&str>,
) {
    let below = |step: PathSegment| path.iter().cloned().chain(std::iter::once(step)).collect::<Vec<_>>();
    match &node.value {
        Value::Mapping(mapping) => {
            for entry in mapping {
                let key = &entry.key.text;
                if is_wired(path, key) {
                    continue;
                }
                let path = below(PathSegment::Key(key.clone()));
                let named =
                    path.iter().any(|step| matches!(step, PathSegment::Key(key) if NAMED.contains(&&**key)));
                if !cx.secrets.parts(key).is_empty() {
                    tell(cx, &path, entry.key.origin, service);
                }
                leaves(cx, &entry.value, if named { key } else { "" }, &path, service);
            }
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(cx, item, name, &below(PathSegment::Index(index)), service);
            }
        }
        _ if cx.holds_secret(name, node) => tell(cx, path, node.origin, service),
        _ => {}
    }
}

/// Whether a key says where a secret is, or is wired elsewhere.
fn is_wired(path: &[PathSegment], key: &str) -> bool {
    let is = |step: Option<&PathSegment>, name: &str| matches!(step, Some(PathSegment::Key(key)) if **key == *name);
    let setting = path.iter().any(|step| matches!(step, PathSegment::Key(key) if **key == *"x-tranship"));
    (is(path.last(), "healthcheck") && key == "test")
        || (is(path.last(), "build") && key == "secrets")
        || (setting && SETTINGS_ABOUT_SECRETS.contains(&key))
}

fn tell(cx: &mut LoweringContext<'_>, path: &[PathSegment], origin: Origin, service: Option<&str>) {
    let has = |name: &str| path.iter().any(|step| matches!(step, PathSegment::Key(key) if **key == *name));
    let shown = KeyPath(path.to_vec()).to_string();
    if has("build") {
        let message = format!("`{shown}` holds a secret, which stays readable in the image");
        let told = Diagnostic::new(&rules::app::SECRET_IN_BUILD, message).at(origin).key(shown);
        let told = told.help(
            "pass it as a build secret: `build.secrets`, and `RUN --mount=type=secret` in the Dockerfile",
        );
        cx.diagnostics.push(match service {
            Some(service) => told.service(service),
            None => told,
        });
        return;
    }
    let message = format!("`{shown}` holds a secret, and its value is readable to all");
    let told = Diagnostic::new(&rules::app::SECRET_IN_PLAIN_TEXT, message).at(origin).key(shown);
    let help = if has("labels") {
        "remove the label here: on AWS nothing reads it, and `docker inspect` shows it"
    } else if has("logging") {
        "let the log driver take it from a secret or a role, or remove the option"
    } else {
        "move it into `environment` or `secrets`, which take their values from a secret"
    };
    let told = told.help(help);
    cx.diagnostics.push(match service {
        Some(service) => told.service(service),
        None => told,
    });
}
