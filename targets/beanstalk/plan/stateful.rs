//! Data stores in containers, where there can be more than one instance.
//!
//! Each instance runs every container, so a second instance has a second data store, which is empty.

use super::BeanstalkPlan;
use crate::Compilation;
use crate::beanstalk::rules;
use tranship_app::{AppService, Application, ContainerImage, MountSource};
use tranship_facts::{DataStoreKind, ImageKind, KnownImage};
use tranship_frontend::diagnostic::Diagnostic;

/// Refuses data stores that would be several, unless the settings accept it.
pub(super) fn check(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let most = most_instances(plan);
    if most <= 1 || application.settings.accepts(rules::STATEFUL_COPIES.name) {
        return;
    }
    for service in application.services.values().filter(|service| keeps_data(service)) {
        let data = match plan.file_system.is_some() {
            true => "of its own on the same files",
            false => "of its own with other data",
        };
        let message =
            format!("the environment may have {most} instances, and each has a `{}` {data}", service.name);
        cx.diagnostics.push(
            Diagnostic::new(&rules::STATEFUL_COPIES, message).at(service.origin).service(&*service.name).help(
                "set `instances: 1`, use a managed data store, or accept it: `x-tranship: { accept: [beanstalk/stateful-copies] }`",
            ),
        );
    }
}

/// The most instances that the environment may have.
pub(in crate::beanstalk) fn most_instances(plan: &BeanstalkPlan) -> u32 {
    let most = plan.options.iter().find(|option| option.name == "MaxSize");
    most.and_then(|option| option.value.parse().ok()).unwrap_or(1)
}

/// Whether a service is a data store with a volume that outlives its container. What a cache keeps can be lost.
pub(super) fn keeps_data(service: &AppService) -> bool {
    let ContainerImage::Named(text) = &service.container.image else { return false };
    let known = text.literal().and_then(|image| KnownImage::find(&image));
    let is_store = known.is_some_and(|known| match known.kind {
        ImageKind::DataStore(kind) => !matches!(kind, DataStoreKind::Redis | DataStoreKind::Memcached),
        ImageKind::Console | ImageKind::Server => false,
    });
    let mut mounts = service.container.mounts.iter();
    is_store && mounts.any(|mount| matches!(mount.source, MountSource::Volume(_)))
}
