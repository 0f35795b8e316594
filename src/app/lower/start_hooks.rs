//! `pre_start` steps as services of their own: a job that gates the service, or an init container of its tasks.
//!
//! In: the services as they are written. Out: one more service for each step, which runs what the service runs, with
//! the step's command and what else it sets. A step waits for the one before it and for what the service depends
//! on. Source: Compose specification, `pre_start`, `per_replica` (Compose 5.3), November 2026.

use super::LoweringContext;
use crate::document::{ComposeService, StartHook};
use crate::{
    AppService, At, ContainerImage, ContainerSpec, DependencyCondition, HookStep, ImageCheck, JobReason,
    JobTime, ManifestName, ServiceDependency, ServiceJob, ServiceRole,
};
use indexmap::IndexMap;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// Adds the services of every step.
pub(super) fn expand(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    deployed: &[&ComposeService],
) {
    for given in deployed {
        let mut before: Option<ManifestName> = None;
        for (index, hook) in given.description.value.start_hooks.iter().enumerate() {
            let Some(service) = services.get(&given.name) else { continue };
            let name = free_name(services, &given.name, index);
            let mut step = step(service, hook, index, name.clone());
            step.role = role(cx, &given.name, hook);
            step.dependencies.extend(before.take().map(|before| completion_of(before, hook.origin)));
            services.insert(name.clone(), step);
            before = Some(name);
        }
        let last = before.map(|name| completion_of(name, given.origin));
        if let (Some(last), Some(service)) = (last, services.get_mut(&given.name)) {
            service.dependencies.push(last);
        }
    }
}

/// `app-pre-start`, `app-pre-start-2`; with a dash more where a service is called so.
fn free_name(services: &IndexMap<ManifestName, AppService>, of: &ManifestName, index: usize) -> ManifestName {
    let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
    let mut name = format!("{of}-pre-start{number}");
    while services.contains_key(name.as_str()) {
        name.push('-');
        name.push('x');
    }
    name.into()
}

/// A wait for the end of a step. No key of the manifest says so by itself.
fn completion_of(on: ManifestName, origin: Origin) -> ServiceDependency {
    let condition = At::inferred(DependencyCondition::Completed, origin);
    ServiceDependency { on, condition, required: true, node: NodeId::UNNUMBERED }
}

fn role(cx: &mut LoweringContext<'_>, service: &ManifestName, hook: &StartHook) -> ServiceRole {
    if let Some(per_replica) = &hook.per_replica {
        let each = "an init container of each task";
        let became = if per_replica.value { each } else { "a job before the service is updated" };
        cx.ledger.exact(per_replica, became);
        if per_replica.value {
            return ServiceRole::Init { dependents: vec![service.clone()], origin: hook.origin };
        }
    }
    let (when, gates) = (JobTime::BeforeDeploy, vec![service.clone()]);
    let origin = hook.per_replica.as_ref().map_or(hook.origin, |at| at.origin);
    ServiceRole::Job(ServiceJob { when, gates, reason: JobReason::Awaited, origin })
}

/// What the service runs, with what the step sets. Nobody reaches it, and it ends.
fn step(service: &AppService, hook: &StartHook, index: usize, name: ManifestName) -> AppService {
    let mut environment = service.container.environment.clone();
    environment.extend(hook.environment.iter().map(|(name, variable)| (name.clone(), variable.clone())));
    let own = &service.container;
    let per_replica = hook.per_replica.as_ref().map_or(NodeId::UNNUMBERED, |at| at.node);
    let container = ContainerSpec {
        image: hook.image.clone().map_or_else(|| own.image.clone(), ContainerImage::Named),
        build: own.build.clone().filter(|_| hook.image.is_none()),
        entrypoint: own.entrypoint.clone().filter(|_| hook.image.is_none()),
        command: hook.command.clone(),
        user: hook.user.clone().or_else(|| own.user.clone()),
        working_dir: hook.working_dir.clone().or_else(|| own.working_dir.clone()),
        privileged: hook.privileged.clone().or_else(|| own.privileged.clone()),
        environment,
        ports: Vec::new(),
        health_check: None,
        image_check: ImageCheck::Off,
        restart: None,
        hostname: None,
        ..own.clone()
    };
    AppService {
        name,
        hook: Some(HookStep { of: service.name.clone(), index, per_replica }),
        node: hook.node,
        origin: hook.origin,
        container,
        replicas: None,
        scaling: None,
        data_store: None,
        stop_first: None,
        mode: None,
        host_names: Vec::new(),
        ..service.clone()
    }
}
