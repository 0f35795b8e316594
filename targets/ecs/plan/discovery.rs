//! Names: which services are found under which name of the private namespace.

use super::planner::EcsPlanner;
use super::{DiscoveredService, NamespacePlan, NetworkMode, TaskPlan, names};
use crate::ecs::rules;
use std::collections::BTreeMap;
use tranship_app::{At, ManifestName, ServiceRole, TaskGroup, TextPiece};
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;

/// The longest domain name.
const LONGEST_NAMESPACE: usize = 253;

/// The namespace, where some task is looked up by another.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>, tasks: &[TaskPlan]) -> Option<NamespacePlan> {
    let name = match planner.app.settings.namespace() {
        Some(setting) => {
            check_namespace(planner, setting);
            planner.exact(setting, "private DNS namespace").clone()
        }
        None => names::namespace(planner.app),
    };
    let services: Vec<DiscoveredService> = tasks
        .iter()
        .filter(|task| task.mode == NetworkMode::AwsVpc && planner.layout.is_looked_up(&task.name))
        .filter(|task| is_kept_running(planner, &task.name))
        .map(|task| DiscoveredService {
            service: task.name.clone(),
            label: names::label(&task.name),
            from: vec![format!("services.{}", task.name)],
        })
        .collect();
    let from = match planner.app.settings.namespace() {
        Some(_) => vec!["x-tranship.discovery.namespace".to_owned()],
        None => vec!["name".to_owned()],
    };
    if !services.is_empty() {
        report_shared(planner);
    }
    (!services.is_empty()).then_some(NamespacePlan { name, from, services })
}

/// One VPC has each namespace once.
fn report_shared(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let Some(setting) = app.settings.namespace().filter(|_| !app.environment.same_namespace.is_empty())
    else {
        return;
    };
    let others: Vec<String> = app.environment.same_namespace.iter().map(|name| format!("`{name}`")).collect();
    let own = app.environment.name.as_deref().unwrap_or_default();
    let message = format!(
        "environments `{own}` and {} use the same namespace `{}`; a VPC has it once",
        listed(&others),
        setting.peek()
    );
    let key = planner.cx.keys.path(&setting.node);
    let help =
        "set `discovery.namespace` in each environment, or remove it: the default has the environment's name";
    planner.report(Diagnostic::new(&rules::SHARED_NAMESPACE, message).at(setting.origin).key(key).help(help));
}

/// Reports once for each service that values which name it get its discovery name.
pub(super) fn report_renamed(planner: &mut EcsPlanner<'_, '_>) {
    for (service, (name, origin)) in renamed(planner) {
        let message = format!("the host name `{service}` becomes `{name}` in values of other services");
        planner.report(Diagnostic::new(&rules::DISCOVERY_NAME, message).at(origin).service(&*service));
    }
}

/// The services that a text of another task names, each with its new name and the first place that names it.
fn renamed(planner: &EcsPlanner<'_, '_>) -> BTreeMap<ManifestName, (String, Origin)> {
    let mut found = BTreeMap::new();
    for TaskGroup { leader: task, members, .. } in planner.layout.iter() {
        let renderer = planner.renderer(task);
        for service in members.iter().filter_map(|name| planner.app.services.get(name)) {
            for segment in service.texts().flat_map(|text| &text.segments) {
                let TextPiece::Host(host) = &segment.piece else { continue };
                let kept = planner.connect.kept_name(task, host).is_some();
                if !kept && !planner.layout.is_in(host, task) {
                    found.entry(host.clone()).or_insert_with(|| (renderer.host(host), segment.origin));
                }
            }
        }
    }
    found
}

/// A job ends: there is nothing to find.
fn is_kept_running(planner: &EcsPlanner<'_, '_>, name: &str) -> bool {
    planner.app.services.get(name).is_some_and(|service| service.role == ServiceRole::Service)
}

/// A namespace is a domain name of at most 253 characters (Cloud Map API, `CreatePrivateDnsNamespace`).
fn check_namespace(planner: &mut EcsPlanner<'_, '_>, setting: &At<String>) {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if setting.peek().len() > LONGEST_NAMESPACE || !setting.peek().split('.').all(label) {
        let message = format!("`{}` is not a domain name", setting.peek());
        let key = planner.cx.keys.path(&setting.node);
        planner.report(
            Diagnostic::new(&rules::NAMESPACE, message)
                .at(setting.origin)
                .key(key)
                .help("use labels of letters, digits and hyphens, such as `services.example.org`"),
        );
    }
}
