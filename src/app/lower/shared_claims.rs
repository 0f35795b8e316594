//! Leaves that mean the same for every target and belong to no other concern: the project's name,
//! profiles, extension fields of other tools, dependencies that roles settle.

use super::LoweringContext;
use super::service_roles::waits_for_end;
use crate::document::ComposeService;
use crate::rules;
use crate::settings::DatabaseSetting;
use crate::{AppService, At, BehaviourEffect, JobTime, ManifestName, ServiceRole, TaskGroups};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::Diagnostic;

/// Claims them.
pub(super) fn claim(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    tasks: &TaskGroups,
) {
    let document = cx.document;
    if let Some(name) = &document.project_name {
        cx.ledger.decided(name, "the project's name");
    }
    for field in &document.extension_fields.foreign {
        cx.ledger.ignored(field, "an extension field of another tool", BehaviourEffect::Equivalent);
    }
    document.extension_fields.misplaced.iter().for_each(|field| misplaced(cx, field));
    for service in services.values() {
        let Some(given) = document.services.get(&service.name) else { continue };
        if let Some(profiles) = &given.profiles {
            cx.ledger.decided(profiles, "the service is active");
        }
        if let Some(extends) = &given.empty_base {
            cx.ledger.ignored(extends, "the service that it extends is empty", BehaviourEffect::Equivalent);
        }
        let settings = cx.settings.service(&service.name);
        if let Some(DatabaseSetting::Container(off)) =
            settings.and_then(|settings| settings.database.as_ref())
        {
            cx.ledger.decided(off, "no managed database");
        }
        dependencies(cx, services, tasks, service, given);
    }
}

/// `x-tranship` in a place where it is never read.
fn misplaced(cx: &mut LoweringContext<'_>, field: &At<()>) {
    let path = cx.manifest.nodes.path(field.node).to_string();
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::tranship::UNKNOWN_SETTING,
            format!("`x-tranship` is not supported here: `{path}`"),
        )
        .at(field.origin)
        .key(path)
        .help("move it to the top of the file, a service or a volume"),
    );
}

/// Entries of `depends_on` that no target has to do anything for.
fn dependencies(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    tasks: &TaskGroups,
    service: &AppService,
    given: &ComposeService,
) {
    for dependency in &given.description.value.dependencies {
        let (name, node) = (&dependency.on, &dependency.node);
        if !service.dependencies.iter().any(|one| one.on == *name) {
            cx.ledger.ignored(node, format!("`{name}` is not deployed"), BehaviourEffect::Equivalent);
            continue;
        }
        match services.get(name).map(|other| &other.role) {
            None => cx.ledger.decided(node, "the database is created first"),
            Some(ServiceRole::Init { .. }) if tasks.is_in(name, &service.name) => {
                cx.ledger.decided(node, "an init container of the task");
            }
            Some(ServiceRole::Job(job)) if waits_for_end(dependency.condition.value) => match job.when {
                JobTime::BeforeDeploy => cx.ledger.decided(node, "a job before the deployment"),
                _ => cx.ledger.ignored(
                    node,
                    "the job runs on its own schedule",
                    BehaviourEffect::ChangesBehaviour,
                ),
            },
            Some(_) => {}
        }
    }
}
