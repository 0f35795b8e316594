//! What Docker on the instances refuses, said before it does.

use crate::Compilation;
use tranship_app::rules::target;
use tranship_app::{AppService, ManifestLeaf, MountSource};
use tranship_facts::capabilities::{capability_name, is_capability};
use tranship_facts::is_peripheral;
use tranship_facts::quotas::ecs::{MOST_PROCESSES, ULIMIT_NAMES};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// Refuses values that Docker does not know, and mounts that it does not have.
pub(super) fn check(service: &AppService, cx: &mut Compilation<'_>) {
    let container = &service.container;
    for (list, key) in [(&container.cap_add, "cap_add"), (&container.cap_drop, "cap_drop")] {
        for capability in list.iter().filter(|one| !is_capability(&capability_name(one.peek()))) {
            let shown = format!("{key}: {}", capability.peek());
            let remedy = "check the spelling: the names are those of the capabilities(7) manual page, such as NET_ADMIN";
            refuse(service, capability, capability.origin, &shown, "the capability is unknown", remedy, cx);
        }
    }
    let most = i128::from(MOST_PROCESSES);
    let given = cx.compose.entry("services", &service.name);
    let limits = given.and_then(|it| it.get("deploy")?.get("resources")?.get("limits")?.get("pids"));
    for limit in [given.and_then(|it| it.get("pids_limit")), limits].into_iter().flatten() {
        if limit.integer().is_some_and(|number| number > most) {
            let remedy = format!("write a number up to {MOST_PROCESSES}, or -1 for no limit");
            let reason = "the kernel has no such number of processes";
            refuse(service, &limit, limit.origin(), "pids_limit", reason, &remedy, cx);
        }
    }
    for (name, limit) in container.ulimits.iter().filter(|(name, _)| !ULIMIT_NAMES.contains(&&**name)) {
        let remedy = format!("use one of {}", ULIMIT_NAMES.join(", "));
        refuse(service, limit, limit.origin, &format!("ulimits.{name}"), "unknown limit", &remedy, cx);
    }
    for device in container.devices.iter().filter(|device| is_peripheral(&device.peek().host_path)) {
        let remedy = "remove the device in a Compose file of the environment (`files:`)";
        let reason = "an instance has no such device, so the container could not start";
        refuse(service, device, device.origin, "devices", reason, remedy, cx);
    }
    let is_file = |option: &str| {
        let profile = option.strip_prefix("seccomp:").or_else(|| option.strip_prefix("seccomp="));
        profile.is_some_and(|profile| !matches!(profile, "unconfined" | "builtin"))
    };
    for option in container.security_opt.iter().filter(|option| is_file(option.peek())) {
        let reason = "the profile is a file of your machine, which is not in the bundle";
        let remedy = "remove the option, or write `seccomp:unconfined` for a container without a profile";
        refuse(service, option, option.origin, "security_opt", reason, remedy, cx);
    }
    for mount in &container.mounts {
        let MountSource::Other(kind) = &mount.source else { continue };
        let shown = format!("type: {}", kind.peek());
        let reason = "Docker on the instances has no such mounts";
        let remedy = "use a named volume, or a folder of the project";
        refuse(service, &mount.node, mount.origin, &shown, reason, remedy, cx);
    }
}

fn refuse(
    service: &AppService,
    claimed: &impl ManifestLeaf,
    origin: Origin,
    shown: &str,
    reason: &str,
    remedy: &str,
    cx: &mut Compilation<'_>,
) {
    cx.ledger.rejected(claimed, reason.to_owned());
    let message = format!("`{shown}` of `{}` is not supported on Elastic Beanstalk: {reason}", service.name);
    let diagnostic = Diagnostic::new(&target::REJECTED_KEY, message)
        .at(origin)
        .key(cx.keys.path(claimed))
        .service(&*service.name);
    cx.diagnostics.push(diagnostic.help(remedy));
}
