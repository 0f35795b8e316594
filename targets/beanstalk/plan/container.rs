//! A service -> a container of the instance's task.

use super::task::{Capabilities, ContainerDefinition, DependsOn, Device, HealthCheck, HostEntry, KeyValue};
use super::task::{SystemControl, Ulimit};
use super::values::{Taken, Value, known, known_all, taken, values};
use super::{Container, Plan, container_name, files, mounts};
use crate::Compilation;
use crate::beanstalk::rules;
use std::time::Duration;
use tranship_app::{Application, At, Condition, HealthTest, Image, Role, Service};
use tranship_facts::{ValueRange, quotas};
use tranship_frontend::diagnostic::Diagnostic;

const MIB: u64 = 1024 * 1024;

/// MiB kept free for a container that says nothing of memory. Amazon ECS wants a limit or a reservation.
const USUAL_RESERVATION: u64 = 128;

/// Decides the container of a service.
pub(super) fn decide(
    application: &Application,
    service: &Service,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) {
    check_network(service, cx);
    let mut container = Container::default();
    let definition = &mut container.definition;
    definition.name = container_name(&service.name);
    definition.essential = !matches!(service.role, Role::Init { .. });
    definition.image = image(application, service, cx).unwrap_or_default();
    process(application, service, &mut container, cx);
    let definition = &mut container.definition;
    resources(service, definition, cx);
    system(application, service, definition, cx);
    definition.health_check = health_check(application, service, cx);
    definition.depends_on = depends_on(application, service, cx);
    environment(application, service, &mut container, plan, cx);
    mounts::decide(service, &mut container, plan, cx);
    files::decide(application, service, &mut container, plan, cx);
    plan.containers.push(container);
}

/// The image, which the platform pulls.
pub(super) fn image(
    application: &Application,
    service: &Service,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    match &service.container.image {
        Image::Named(text) => {
            cx.ledger.exact(text, "container definition: image");
            known(text, application, cx)
        }
        Image::Built { node, origin } => {
            cx.ledger.rejected(node, "the platform pulls images and cannot build them");
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::BUILD_ONLY,
                    format!("service `{}` is built from source and names no image to pull", service.name),
                )
                .at(*origin)
                .service(&*service.name)
                .help(format!(
                    "push it to a registry and name it beside `build`: `image: REGISTRY/{}:TAG`",
                    service.name
                )),
            );
            None
        }
    }
}

/// Refuses what is not Docker's bridge network.
fn check_network(service: &Service, cx: &mut Compilation<'_>) {
    let Some(mode) = &service.container.network_mode else { return };
    if matches!(mode.peek().as_str(), "bridge" | "default") {
        cx.ledger.exact(mode, "the task's bridge network");
        return;
    }
    cx.ledger.rejected(mode, "containers are in Docker's bridge network");
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::SHARED_NAMESPACE,
            format!(
                "service `{}` asks for network mode `{}`, and there is only `bridge`",
                service.name,
                mode.peek()
            ),
        )
        .at(mode.origin)
        .service(&*service.name)
        .help("remove `network_mode`, or choose the target `fargate` or `ecs-ec2`"),
    );
}

/// What runs, as whom, where.
fn process(application: &Application, service: &Service, made: &mut Container, cx: &mut Compilation<'_>) {
    let Container { definition, deferred } = made;
    let container = &service.container;
    if let Some(entrypoint) = &container.entrypoint {
        cx.ledger.exact(entrypoint, "container definition: entryPoint");
        let words = values(entrypoint.peek(), application, cx).unwrap_or_default();
        (definition.entry_point, deferred.entry_point) = known_or_not(words);
    }
    if let Some(command) = &container.command {
        cx.ledger.exact(command, "container definition: command");
        let words = values(command.peek(), application, cx).unwrap_or_default();
        (definition.command, deferred.command) = known_or_not(words);
    }
    if let Some(user) = &container.user {
        cx.ledger.exact(user, "container definition: user");
        definition.user = known(user, application, cx);
    }
    if let Some(directory) = &container.working_dir {
        cx.ledger.exact(directory, "container definition: workingDirectory");
        definition.working_directory = known(directory, application, cx);
    }
    if let Some(grace) = &container.stop_grace_period {
        cx.ledger.exact(grace, "container definition: stopTimeout");
        definition.stop_timeout = Some(seconds(grace.get()).max(1));
    }
}

/// Words that are all known, or words of which the instance knows some.
fn known_or_not(words: Vec<Value>) -> (Option<Vec<String>>, Option<Vec<Value>>) {
    let known: Option<Vec<String>> = words.iter().map(|word| word.text().map(str::to_owned)).collect();
    match known {
        Some(known) => (Some(known), None),
        None => (None, Some(words)),
    }
}

/// CPU and memory.
fn resources(service: &Service, definition: &mut ContainerDefinition, cx: &mut Compilation<'_>) {
    let resources = &service.resources;
    let mib = |bytes: u64| bytes.div_ceil(MIB).max(u64::from(quotas::ecs::LEAST_MEMORY_MIB));
    if let Some(limit) = &resources.memory_limit {
        cx.ledger.exact(limit, "container definition: memory");
        definition.memory = Some(mib(limit.get()));
    }
    if let Some(reservation) = &resources.memory_reservation {
        cx.ledger.exact(reservation, "container definition: memoryReservation");
        definition.memory_reservation = Some(mib(reservation.get()));
    }
    if definition.memory.is_none() && definition.memory_reservation.is_none() {
        definition.memory_reservation = Some(USUAL_RESERVATION);
    }
    if let Some(reservation) = &resources.cpu_reservation {
        cx.ledger.exact(reservation, "container definition: cpu");
        definition.cpu = Some(reservation.get());
    }
    if let Some(limit) = &resources.cpu_limit {
        let shares =
            resources.cpu_reservation.as_ref().map_or(limit.peek(), |reservation| reservation.peek());
        let reason =
            "an instance shares its CPUs by weight: the container may use more while others are idle";
        cx.ledger.approximated(limit, format!("cpu {shares}"), reason, "container definition: cpu");
        definition.cpu = Some(*shares);
    }
}

/// What the kernel and Docker are told.
fn system(
    application: &Application,
    service: &Service,
    definition: &mut ContainerDefinition,
    cx: &mut Compilation<'_>,
) {
    let container = &service.container;
    definition.privileged = flag(&container.privileged, "privileged", cx);
    definition.readonly_root_filesystem = flag(&container.read_only, "readonlyRootFilesystem", cx);
    definition.pseudo_terminal = flag(&container.tty, "pseudoTerminal", cx);
    definition.interactive = flag(&container.stdin_open, "interactive", cx);
    definition.linux_parameters.init_process_enabled = flag(&container.init, "initProcessEnabled", cx);
    definition.hostname = container.hostname.as_ref().map(|hostname| exact(hostname, "hostname", cx));
    definition.linux_parameters.shared_memory_size =
        container.shm_size.as_ref().map(|size| exact(size, "sharedMemorySize", cx).div_ceil(MIB));
    definition.linux_parameters.capabilities = Capabilities {
        add: container.cap_add.iter().map(|name| capability(&exact(name, "capabilities", cx))).collect(),
        drop: container.cap_drop.iter().map(|name| capability(&exact(name, "capabilities", cx))).collect(),
    };
    definition.dns_servers = container.dns.iter().map(|server| exact(server, "dnsServers", cx)).collect();
    definition.dns_search_domains =
        container.dns_search.iter().map(|domain| exact(domain, "dnsSearchDomains", cx)).collect();
    definition.docker_security_options =
        container.security_opt.iter().map(|option| exact(option, "dockerSecurityOptions", cx)).collect();
    for host in &container.extra_hosts {
        let (hostname, ip_address) = exact(host, "extraHosts", cx);
        definition.extra_hosts.push(HostEntry { hostname, ip_address });
    }
    for (name, limits) in &container.ulimits {
        let (soft_limit, hard_limit) = exact(limits, "ulimits", cx);
        definition.ulimits.push(Ulimit { name: name.to_string(), soft_limit, hard_limit });
    }
    for (name, value) in &container.sysctls {
        let value = exact(value, "systemControls", cx);
        definition.system_controls.push(SystemControl { namespace: name.to_string(), value });
    }
    for device in &container.devices {
        let (host_path, container_path, permissions) = exact(device, "devices", cx);
        let permissions = device_permissions(&permissions);
        definition.linux_parameters.devices.push(Device { host_path, container_path, permissions });
    }
    for (name, label) in &container.labels {
        cx.ledger.exact(label, "container definition: dockerLabels");
        if let Some(label) = known(label, application, cx) {
            definition.docker_labels.insert(name.to_string(), label.into());
        }
    }
}

/// Compose takes both forms, Amazon ECS the one without the prefix.
fn capability(name: &str) -> String {
    let name = name.to_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

fn device_permissions(letters: &str) -> Vec<&'static str> {
    let words = [('r', "read"), ('w', "write"), ('m', "mknod")];
    words.into_iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, word)| word).collect()
}

/// Claims a value that the definition takes as it is.
fn exact<T: Clone>(at: &At<T>, field: &str, cx: &mut Compilation<'_>) -> T {
    cx.ledger.exact(at, format!("container definition: {field}"));
    at.peek().clone()
}

/// A flag, told only where it is set.
fn flag(at: &Option<At<bool>>, field: &str, cx: &mut Compilation<'_>) -> Option<bool> {
    at.as_ref().map(|at| exact(at, field, cx)).filter(|set| *set)
}

/// Whole seconds, rounded up.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The container's own health check, within the bounds of Amazon ECS.
fn health_check(
    application: &Application,
    service: &Service,
    cx: &mut Compilation<'_>,
) -> Option<HealthCheck> {
    let check = service.container.health_check.as_ref()?;
    cx.ledger.exact(&check.test, "container definition: healthCheck.command");
    let command = match check.test.peek() {
        HealthTest::Exec(words) => {
            std::iter::once("CMD".to_owned()).chain(known_all(words, application, cx)?).collect()
        }
        HealthTest::Shell(line) => vec!["CMD-SHELL".to_owned(), known(line, application, cx)?],
    };
    let retries = check.retries.clone().map(|retries| retries.map(u64::from));
    let in_seconds = |at: &Option<At<Duration>>| at.clone().map(|at| at.map(seconds));
    let mut bound = |at: Option<At<u64>>, field, bounds| bounded(service, at, field, bounds, cx);
    Some(HealthCheck {
        command,
        interval: bound(in_seconds(&check.interval), "interval", quotas::ecs::HEALTH_CHECK_INTERVAL),
        timeout: bound(in_seconds(&check.timeout), "timeout", quotas::ecs::HEALTH_CHECK_TIMEOUT),
        retries: bound(retries, "retries", quotas::ecs::HEALTH_CHECK_RETRIES),
        start_period: bound(
            in_seconds(&check.start_period),
            "start_period",
            quotas::ecs::HEALTH_CHECK_START_PERIOD,
        ),
    })
}

/// A number brought within bounds, which is said.
fn bounded(
    service: &Service,
    at: Option<At<u64>>,
    field: &str,
    range: ValueRange<u64>,
    cx: &mut Compilation<'_>,
) -> Option<u64> {
    let at = at?;
    let taken = range.nearest(at.get());
    let became = format!("container definition: healthCheck.{field}");
    if taken == at.get() {
        cx.ledger.exact(&at, became);
        return Some(taken);
    }
    let reason = format!("Amazon ECS allows {} to {}", range.least, range.most);
    cx.ledger.approximated(&at, taken.to_string(), reason.clone(), became);
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::HEALTH_CHECK,
            format!("`{field}` of the health check of `{}` becomes {taken}: {reason}", service.name),
        )
        .at(at.origin)
        .service(&*service.name),
    );
    Some(taken)
}

/// What other containers must have reached. A database and a job are there before any container starts.
fn depends_on(application: &Application, service: &Service, cx: &mut Compilation<'_>) -> Vec<DependsOn> {
    let mut list = Vec::new();
    for dependency in &service.dependencies {
        if application.databases.contains_key(&dependency.on) {
            cx.ledger
                .exact(&dependency.node, "the environment's database, which is made before its instances");
            continue;
        }
        let Some(other) = application.services.get(&dependency.on) else { continue };
        if matches!(other.role, Role::Job(_)) {
            cx.ledger.exact(&dependency.node, "the job runs before the containers are replaced");
            continue;
        }
        let condition = match dependency.condition.peek() {
            Condition::Completed => "SUCCESS",
            Condition::Healthy if other.container.health_check.is_some() => "HEALTHY",
            Condition::Healthy | Condition::Started => "START",
        };
        if dependency.condition.get() == Condition::Healthy && condition == "START" {
            let reason = "the health check of the image itself is unknown to Amazon ECS";
            cx.ledger.approximated(&dependency.node, condition, reason, "container definition: dependsOn");
        } else {
            cx.ledger.exact(&dependency.node, format!("container definition: dependsOn {condition}"));
        }
        list.push(DependsOn { container_name: container_name(&dependency.on), condition });
    }
    list
}

/// The variables: known ones in the definition, the others where their values come from.
fn environment(
    application: &Application,
    service: &Service,
    container: &mut Container,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) {
    for (name, variant) in &service.container.environment {
        let Some(text) = &variant.value else {
            cx.ledger.ignored(&variant.node, "the variable is unset where the manifest is compiled", false);
            continue;
        };
        match taken(text, application, cx) {
            Some(Taken::Known(value)) => {
                cx.ledger.exact(&variant.node, "container definition: environment");
                container.definition.environment.push(KeyValue { name: name.to_string(), value });
            }
            Some(Taken::Deferred(value)) => {
                cx.ledger.exact(
                    &variant.node,
                    "containers.json: taken from the environment's properties at deployment",
                );
                container.deferred.environment.insert(name.to_string(), value);
            }
            Some(Taken::Secret(secret)) => {
                cx.ledger.exact(&variant.node, "aws:elasticbeanstalk:application:environmentsecrets");
                take_secret(name, secret, variant.origin, plan, cx);
            }
            None => {}
        }
    }
}

/// Adds a secret under the variable that takes it; all containers share the name.
fn take_secret(
    name: &str,
    secret: super::SecretVariable,
    origin: tranship_frontend::source::Origin,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) {
    match plan.secrets.get(name) {
        Some(standing) if *standing != secret => cx.diagnostics.push(
            Diagnostic::new(
                &rules::SECRET_CLASH,
                format!("`{name}` takes two different secrets in two services"),
            )
            .at(origin)
            .note(format!("the other one is `{}`", standing.name))
            .help("rename the variable in one of the services"),
        ),
        Some(_) => {}
        None => {
            plan.secrets.insert(name.to_owned(), secret);
        }
    }
}
