//! A Compose service's container -> a container definition, with a claim for every leaf it uses.

use super::planner::Planner;
use super::secrets::{self, ReadableSecret};
use super::{Container, NetworkMode, PortMapping, TaskVolume, health, kernel, mounts, names, text::Renderer};
use tranship_app::{Image, Service, Text, Variant};
use tranship_cloudformation::{LogicalId, Role, Value};

const MIB: u64 = 1024 * 1024;

/// What a container adds to its task besides itself.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Volumes of the task.
    pub(super) volumes: Vec<TaskVolume>,
    /// Secrets that the execution role reads.
    pub(super) readable: Vec<ReadableSecret>,
}

/// The container of a service in the task `task`.
pub(super) fn plan(
    planner: &mut Planner<'_, '_>,
    service: &Service,
    task: &str,
    mode: NetworkMode,
    needs: &mut Needs,
) -> Container {
    let renderer = planner.renderer(task);
    let given = &service.container;
    let image = image(planner, &renderer, service);
    let mut container = Container::new(names::container(&service.name), image);
    container.entrypoint = command(planner, &renderer, service, "entrypoint");
    container.command = command(planner, &renderer, service, "command");
    container.user = given.user.as_ref().map(|user| claimed(planner, &renderer, user, "User"));
    container.working_dir =
        given.working_dir.as_ref().map(|it| claimed(planner, &renderer, it, "WorkingDirectory"));
    for (name, variant) in &given.environment {
        variable(planner, &renderer, service, (name, variant), &mut container, needs);
    }
    if let Some(check) = &given.health_check {
        container.health = Some(health::plan(planner, &renderer, service, check));
    }
    for (name, text) in &given.labels {
        container.labels.insert(name.to_string(), claimed(planner, &renderer, text, "DockerLabels"));
    }
    resources(planner, service, &mut container);
    ports(service, mode, &mut container);
    mounts::plan(planner, service, &mut container, &mut needs.volumes);
    kernel::plan(planner, service, mode, &mut container);
    container
}

fn claimed(planner: &mut Planner<'_, '_>, renderer: &Renderer<'_>, text: &Text, property: &str) -> Value {
    planner.exact(text, &format!("task definition: {property}"));
    renderer.value(text)
}

fn image(planner: &mut Planner<'_, '_>, renderer: &Renderer<'_>, service: &Service) -> Value {
    match &service.container.image {
        Image::Named(text) => claimed(planner, renderer, text, "Image"),
        Image::Built { node, .. } => {
            planner.exact(node, "a parameter that names the image built from it");
            LogicalId::of(&service.name, Role::Image).reference()
        }
    }
}

/// `entrypoint` or `command`. The application model holds no secret in an argument.
fn command(
    planner: &mut Planner<'_, '_>,
    renderer: &Renderer<'_>,
    service: &Service,
    key: &str,
) -> Vec<Value> {
    let container = &service.container;
    let list = if key == "command" { &container.command } else { &container.entrypoint };
    let Some(list) = list else { return Vec::new() };
    let property = if key == "command" { "Command" } else { "EntryPoint" };
    renderer.values(planner.exact(list, &format!("task definition: {property}")))
}

fn variable(
    planner: &mut Planner<'_, '_>,
    renderer: &Renderer<'_>,
    service: &Service,
    (name, variant): (&str, &Variant),
    container: &mut Container,
    needs: &mut Needs,
) {
    let Some(text) = &variant.value else {
        let reason = "the variable is not set, and Compose would not pass it on either";
        planner.cx.ledger.ignored(&variant.node, reason, false);
        return;
    };
    if text.is_secret() {
        planner.exact(&variant.node, "task definition: Secrets");
        let injected = secrets::inject(renderer, &service.name, name, text);
        container.secrets.insert(name.to_owned(), injected.value_from);
        needs.readable.push(injected.readable);
    } else {
        planner.exact(&variant.node, "task definition: Environment");
        container.environment.insert(name.to_owned(), renderer.value(text));
    }
}

/// TaskLimits of the container itself; the task's size is decided over all of them.
fn resources(planner: &mut Planner<'_, '_>, service: &Service, container: &mut Container) {
    let asked = &service.resources;
    let mib = |bytes: u64| u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX).max(6);
    if let Some(limit) = &asked.memory_limit {
        planner.exact(limit, "task definition: Memory");
        container.memory = Some(mib(limit.get()));
    }
    if let Some(reservation) = &asked.memory_reservation {
        planner.exact(reservation, "task definition: MemoryReservation");
        // A reservation of the whole limit says nothing, and one above it is refused.
        let own = mib(reservation.get());
        container.memory_reservation = container.memory.is_none_or(|limit| own < limit).then_some(own);
    }
    for cpu in [&asked.cpu_limit, &asked.cpu_reservation].into_iter().flatten() {
        planner.exact(cpu, "task definition: Cpu");
    }
    container.cpu = asked.cpu_limit.as_ref().or(asked.cpu_reservation.as_ref()).map(|cpu| cpu.get());
}

/// In `awsvpc` a port needs no mapping to be reached: it is listed once, for what reads it.
fn ports(service: &Service, mode: NetworkMode, container: &mut Container) {
    for port in &service.container.ports {
        if container.ports.iter().any(|known| known.container == port.container.get()) {
            continue;
        }
        container.ports.push(PortMapping {
            container: port.container.get(),
            host: (mode == NetworkMode::Bridge).then_some(0),
            protocol: port.protocol,
        });
    }
}
