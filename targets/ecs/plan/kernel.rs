//! What a container asks of its machine: signals, capabilities, limits, namespaces. ECS has some of it,
//! and less in `awsvpc` and on Fargate.
//!
//! Source: Amazon ECS Developer Guide, "Task definition parameters" and "Fargate task definition differences".

use super::planner::Planner;
use super::{Container, NetworkMode};
use crate::ecs::rules;
use tranship_app::{Container as Given, Service};
use tranship_facts::quotas::ecs::{
    FARGATE_STOP_TIMEOUT, MOST_OPEN_FILES, ULIMIT_NAMES, USUAL_SHARED_MEMORY_MIB,
};

const MIB: u64 = 1024 * 1024;

/// Fills what the container asks for, and says what cannot be had.
pub(super) fn plan(
    planner: &mut Planner<'_, '_>,
    service: &Service,
    mode: NetworkMode,
    container: &mut Container,
) {
    let given = &service.container;
    flags(planner, given, container);
    stopping(planner, service, given, container);
    capabilities(planner, service, given, container);
    machine(planner, service, given, container);
    limits(planner, service, given, container);
    names(planner, service, given, mode, container);
    namespaces(planner, service, given);
}

fn flags(planner: &mut Planner<'_, '_>, given: &Given, container: &mut Container) {
    let pairs = [
        (&given.init, "LinuxParameters.InitProcessEnabled", &mut container.linux.init),
        (&given.read_only, "ReadonlyRootFilesystem", &mut container.read_only),
        (&given.tty, "PseudoTerminal", &mut container.tty),
        (&given.stdin_open, "Interactive", &mut container.interactive),
    ];
    for (flag, property, place) in pairs {
        if let Some(flag) = flag {
            planner.exact(flag, &format!("task definition: {property}"));
            *place = Some(flag.get());
        }
    }
}

fn stopping(planner: &mut Planner<'_, '_>, service: &Service, given: &Given, container: &mut Container) {
    if let Some(period) = &given.stop_grace_period {
        let seconds = period.peek().as_secs() + u64::from(period.peek().subsec_nanos() > 0);
        let least = FARGATE_STOP_TIMEOUT.least;
        let legal = seconds.clamp(u64::from(least), u64::from(planner.compute.limits().stop_timeout));
        container.stop_timeout = u32::try_from(legal).ok();
        if legal == seconds {
            planner.exact(period, "task definition: StopTimeout");
        } else {
            let target = planner.compute.target();
            let message = format!(
                "`stop_grace_period` of `{}` becomes {legal}s: {target} allows {least} to {} seconds",
                service.name,
                planner.compute.limits().stop_timeout
            );
            let value = (format!("{legal}s"), "outside of what the target allows");
            planner.approximate(&rules::STOP_TIMEOUT, service, period, value, message);
        }
    }
    if let Some(signal) = &given.stop_signal {
        let reason = "ECS sends the image's own `STOPSIGNAL`, by default SIGTERM";
        let usual = matches!(signal.peek().as_str(), "SIGTERM" | "TERM" | "15");
        planner.ignore(service, signal, "stop_signal", reason, !usual);
    }
}

fn capabilities(planner: &mut Planner<'_, '_>, service: &Service, given: &Given, container: &mut Container) {
    for capability in &given.cap_add {
        let name = capability.peek().trim_start_matches("CAP_").to_owned();
        match planner.compute.limits().cap_add {
            Some(allowed) if !allowed.contains(&name.as_str()) => planner.reject(
                service,
                capability,
                &format!("cap_add: {name}"),
                &format!("only {} can be added", allowed.join(", ")),
                "run the service on the target `ecs-ec2`, or do without the capability",
            ),
            _ => {
                planner.exact(capability, "task definition: LinuxParameters.Capabilities.Add");
                container.linux.cap_add.push(name);
            }
        }
    }
    for capability in &given.cap_drop {
        planner.exact(capability, "task definition: LinuxParameters.Capabilities.Drop");
        container.linux.cap_drop.push(capability.peek().trim_start_matches("CAP_").to_owned());
    }
}

/// What needs the machine itself.
fn machine(planner: &mut Planner<'_, '_>, service: &Service, given: &Given, container: &mut Container) {
    let open = planner.compute.limits().host_access;
    let help = "run the service on the target `ecs-ec2`, or do without";
    if let Some(privileged) = &given.privileged {
        if !privileged.peek() || open {
            planner.exact(privileged, "task definition: Privileged");
            container.privileged = (open && privileged.get()).then_some(true);
        } else {
            planner.reject(
                service,
                privileged,
                "privileged",
                "containers have no access to the machine",
                help,
            );
        }
    }
    for device in &given.devices {
        if open {
            planner.exact(device, "task definition: LinuxParameters.Devices");
            let (host, path, permissions) = device.peek();
            container.linux.devices.push((host.clone(), path.clone(), device_permissions(permissions)));
        } else {
            planner.reject(service, device, "devices", "containers see no device of the machine", help);
        }
    }
    for option in &given.security_opt {
        if open {
            planner.exact(option, "task definition: DockerSecurityOptions");
            container.security_options.push(option.peek().clone());
        } else {
            let reason = "security options cannot be set; the runtime's own apply";
            planner.ignore(service, option, "security_opt", reason, true);
        }
    }
    if let Some(size) = &given.shm_size {
        let mib = size.peek().div_ceil(MIB);
        if open {
            planner.exact(size, "task definition: LinuxParameters.SharedMemorySize");
            container.linux.shared_memory = u32::try_from(mib).ok();
        } else {
            let reason = format!("`/dev/shm` always has {USUAL_SHARED_MEMORY_MIB} MiB");
            planner.ignore(service, size, "shm_size", &reason, mib > u64::from(USUAL_SHARED_MEMORY_MIB));
        }
    }
}

fn device_permissions(text: &str) -> Vec<&'static str> {
    let known = [('r', "read"), ('w', "write"), ('m', "mknod")];
    known.into_iter().filter(|(letter, _)| text.is_empty() || text.contains(*letter)).map(|it| it.1).collect()
}

fn limits(planner: &mut Planner<'_, '_>, service: &Service, given: &Given, container: &mut Container) {
    for (name, limit) in &given.ulimits {
        if !ULIMIT_NAMES.contains(&&**name) {
            let help = format!("ECS knows {}", ULIMIT_NAMES.join(", "));
            planner.reject(service, limit, &format!("ulimits.{name}"), "ECS does not know this limit", &help);
            continue;
        }
        let (soft, hard) = limit.peek();
        let most = if &**name == "nofile" { MOST_OPEN_FILES } else { i64::MAX };
        container.ulimits.push((name.to_string(), (*soft).min(most), (*hard).min(most)));
        if *soft > most || *hard > most {
            let reason = "the most that ECS allows";
            planner.cx.ledger.approximated(limit, most.to_string(), reason, "task definition: Ulimits");
        } else {
            planner.exact(limit, "task definition: Ulimits");
        }
    }
    for (name, value) in &given.sysctls {
        planner.exact(value, "task definition: SystemControls");
        container.sysctls.push((name.to_string(), value.peek().clone()));
    }
}

/// Names and resolvers: in `awsvpc` a task has the VPC's.
fn names(
    planner: &mut Planner<'_, '_>,
    service: &Service,
    given: &Given,
    mode: NetworkMode,
    container: &mut Container,
) {
    let own = mode == NetworkMode::AwsVpc;
    if let Some(hostname) = &given.hostname {
        if own {
            let reason =
                "a task has the host name of its network interface; others find it by its discovery name";
            planner.ignore(service, hostname, "hostname", reason, false);
        } else {
            planner.exact(hostname, "task definition: Hostname");
            container.hostname = Some(hostname.peek().clone());
        }
    }
    for host in &given.extra_hosts {
        if own {
            let reason = "a task with a network interface of its own has no hosts file of ours";
            planner.ignore(service, host, "extra_hosts", reason, true);
        } else {
            planner.exact(host, "task definition: ExtraHosts");
            container.extra_hosts.push(host.peek().clone());
        }
    }
    let lists = [
        (&given.dns, "dns", "DnsServers", &mut container.dns),
        (&given.dns_search, "dns_search", "DnsSearchDomains", &mut container.dns_search),
    ];
    for (list, key, property, place) in lists {
        for item in list {
            if own {
                planner.ignore(service, item, key, "a task asks the resolver of its VPC", true);
            } else {
                planner.exact(item, &format!("task definition: {property}"));
                place.push(item.peek().clone());
            }
        }
    }
}

/// `network_mode`, `pid` and `ipc`. Sharing with a service of the same task is how tasks are anyway.
fn namespaces(planner: &mut Planner<'_, '_>, service: &Service, given: &Given) {
    let help = "remove it; services of the application reach each other by their names";
    if let Some(mode) = &given.network_mode {
        match mode.peek().as_str() {
            "bridge" | "default" => {
                planner.exact(mode, "the task's network");
            }
            other if other.starts_with("service:") => {
                planner.exact(mode, "a container of the same task");
            }
            "none" => {
                let reason = "a task needs its network to pull its image and to write its logs";
                planner.ignore(service, mode, "network_mode", reason, true);
            }
            other => {
                let reason = format!("a task has a network interface of its own, not `{other}`");
                planner.reject(service, mode, "network_mode", &reason, help);
            }
        }
    }
    for (key, property, value) in [("pid", "PidMode", &given.pid), ("ipc", "IpcMode", &given.ipc)] {
        let Some(value) = value else { continue };
        let shared = if key == "pid" { pid(planner, service) } else { ipc(planner, service) };
        match value.peek().as_str() {
            "" | "private" | "none" | "shareable" => {
                planner.exact(value, "a namespace of the container's own");
            }
            _ if shared.is_some() => {
                planner.exact(value, &format!("task definition: {property}"));
            }
            other => {
                let reason = format!("namespaces are not shared as `{other}` asks");
                planner.reject(service, value, key, &reason, "do without, or choose another target");
            }
        }
    }
}

/// `PidMode` of a task: the widest that one of its containers asks for.
pub(super) fn pid_mode(planner: &Planner<'_, '_>, services: &[&Service]) -> Option<&'static str> {
    services.iter().filter_map(|service| pid(planner, service)).min()
}

/// `IpcMode` of a task.
pub(super) fn ipc_mode(planner: &Planner<'_, '_>, services: &[&Service]) -> Option<&'static str> {
    services.iter().filter_map(|service| ipc(planner, service)).min()
}

/// Fargate shares processes within a task only; machines of the cluster share their own too.
fn pid(planner: &Planner<'_, '_>, service: &Service) -> Option<&'static str> {
    shared(planner, service, service.container.pid.as_ref()?.peek())
}

/// Fargate has no shared IPC.
fn ipc(planner: &Planner<'_, '_>, service: &Service) -> Option<&'static str> {
    let asked = service.container.ipc.as_ref()?;
    if planner.compute.limits().host_access { shared(planner, service, asked.peek()) } else { None }
}

/// `host` or `task`, where the target has what `pid` or `ipc` asks for.
fn shared(planner: &Planner<'_, '_>, service: &Service, asked: &str) -> Option<&'static str> {
    if asked == "host" {
        return planner.compute.limits().host_access.then_some("host");
    }
    let other = asked.strip_prefix("service:")?;
    let tasks = planner.layout.tasks_of(&service.name);
    tasks.iter().any(|task| planner.layout.is_in(other, task)).then_some("task")
}
