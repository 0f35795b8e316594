//! Leaves that mean the same for every target and belong to no other concern: the project's name,
//! profiles, extension fields of other tools, dependencies that roles settle.

use super::Lowering;
use super::jobs::waits_for_end;
use crate::rules;
use crate::settings::{DatabaseSetting, is_extension};
use crate::{JobTime, Name, Role, Service};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Node, Value};

/// Mappings whose keys are the user's own, so a key that starts with `x-` is no extension field.
const FREE: &[&str] = &[
    "environment",
    "labels",
    "args",
    "annotations",
    "sysctls",
    "driver_opts",
    "options",
    "extra_hosts",
    "depends_on",
    "networks",
    "models",
];

/// Claims them.
pub(super) fn claim(cx: &mut Lowering<'_>, services: &IndexMap<Name, Service>) {
    let manifest = cx.manifest;
    if let Some(name) = manifest.root.get("name") {
        cx.ledger.exact(name, "the project's name");
    }
    extension_fields(cx, &manifest.root, 0);
    for service in services.values() {
        let Some(node) = manifest.root.at(&["services", &service.name]) else { continue };
        if let Some(profiles) = node.get("profiles") {
            cx.ledger.exact(profiles, "the service is active");
        }
        let settings = cx.document.service(&service.name);
        if let Some(DatabaseSetting::Container(off)) =
            settings.and_then(|settings| settings.database.as_ref())
        {
            cx.ledger.exact(off, "no managed database");
        }
        dependencies(cx, services, service, node);
    }
}

/// `x-` keys of other tools, which Docker Compose passes over too.
fn extension_fields(cx: &mut Lowering<'_>, node: &Node, depth: usize) {
    match &node.value {
        Value::Mapping(mapping) if depth < 12 => {
            for entry in mapping {
                let key = &*entry.key.text;
                // Names of services and volumes are the user's own too.
                if key.starts_with("x-") && !is_extension(key) && depth != 1 {
                    cx.ledger.ignored(&entry.value, "an extension field of another tool", false);
                } else if is_extension(key) && depth != 1 {
                    misplaced(cx, &entry.value, depth);
                } else if !(FREE.contains(&key) && depth > 1) {
                    extension_fields(cx, &entry.value, depth + 1);
                }
            }
        }
        Value::Sequence(items) if depth < 12 => {
            items.iter().for_each(|item| extension_fields(cx, item, depth + 1));
        }
        _ => {}
    }
}

/// `x-tranship` in a place where it is never read.
fn misplaced(cx: &mut Lowering<'_>, node: &Node, depth: usize) {
    let path = cx.manifest.nodes.path(node.id).to_string();
    let read = depth == 0 || (depth == 2 && (path.starts_with("services.") || path.starts_with("volumes.")));
    if !read {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::tranship::UNKNOWN_SETTING,
                format!("unsupported place for `x-tranship`: `{path}`"),
            )
            .at(node.origin)
            .key(path)
            .help("move it to the top of the file, a service or a volume"),
        );
    }
}

/// Entries of `depends_on` that no target has to do anything for.
fn dependencies(cx: &mut Lowering<'_>, services: &IndexMap<Name, Service>, service: &Service, node: &Node) {
    for entry in node.get("depends_on").and_then(Node::as_mapping).into_iter().flatten() {
        let name = &entry.key.text;
        let Some(dependency) = service.dependencies.iter().find(|one| one.on == *name) else {
            cx.ledger.ignored(&entry.value, format!("`{name}` is not deployed"), false);
            continue;
        };
        match services.get(name).map(|other| &other.role) {
            None => cx.ledger.exact(&entry.value, "the database is there first"),
            Some(Role::Init { tasks, .. }) if tasks.contains(&service.name) => {
                cx.ledger.exact(&entry.value, "an init container of the task");
            }
            Some(Role::Job(job)) if waits_for_end(dependency.condition.value) => match job.when {
                JobTime::BeforeDeploy => cx.ledger.exact(&entry.value, "a job before the deployment"),
                _ => cx.ledger.ignored(&entry.value, "the job runs at times of its own", true),
            },
            Some(_) => {}
        }
    }
}
