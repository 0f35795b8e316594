//! Tasks: which containers share one, what they ask for together, in which order they start.

use super::container::{self, Needs};
use super::planner::Planner;
use super::{
    Asked, Container, ContainerDependency, NamespaceSharing, NetworkMode, Reach, StartCondition, Storage,
    Task, helpers, identity, names,
};
use crate::ecs::rules;
use tranship_app::{At, Condition, Name, Role, Service};
use tranship_cloudformation::{LogicalId, Pseudo, Sub, Value};
use tranship_facts::{ProcessorArchitecture, TransportProtocol, quotas};
use tranship_frontend::diagnostic::{Diagnostic, Severity};

/// The tasks of the application, in the manifest's order.
pub(super) fn plan(planner: &mut Planner<'_, '_>) -> Vec<Task> {
    let layout = planner.layout;
    layout.tasks().filter_map(|(name, members)| task(planner, name, members)).collect()
}

fn task(planner: &mut Planner<'_, '_>, name: &Name, members: &[Name]) -> Option<Task> {
    let main = planner.app.services.get(name)?;
    let services: Vec<&Service> =
        members.iter().filter_map(|member| planner.app.services.get(member)).collect();
    let mode = planner.compute.mode(main, reach(planner, name, &services));
    let mut needs = Needs::default();
    let mut containers: Vec<Container> = Vec::new();
    for service in &services {
        let mut container = container::plan(planner, service, name, mode, &mut needs);
        role(planner, service, &services, &mut container);
        containers.push(container);
    }
    helpers::owners(planner, &services, &needs.volumes, &mut containers);
    helpers::files(planner, main, &services, &mut containers, &mut needs);
    count(planner, main, containers.len());
    if mode == NetworkMode::AwsVpc {
        port_conflicts(planner, &services);
    }
    let widest = |sharing: fn(&Container) -> Option<NamespaceSharing>| {
        containers.iter().filter_map(sharing).min().map(NamespaceSharing::as_str)
    };
    let (pid_mode, ipc_mode) = (widest(|container| container.pid), widest(|container| container.ipc));
    let architecture = architecture(planner, &services);
    let asked = asked(main, &services, architecture, containers.len());
    let size = planner.compute.size(&asked, planner.cx);
    containers.sort_by_key(|container| !container.essential);
    let group = planner
        .compute
        .shared_group(mode)
        .unwrap_or_else(|| LogicalId::of(name, tranship_cloudformation::Role::SecurityGroup));
    Some(Task {
        name: name.clone(),
        from: services.iter().map(|service| format!("services.{}", service.name)).collect(),
        family: Sub::new().pseudo(Pseudo::StackName).then("-").then(names::family(name)).into(),
        mode,
        size,
        architecture,
        execution: identity::execution(name, &services, &needs.readable),
        permissions: identity::permissions(planner, name, &services, &needs.volumes),
        containers,
        volumes: needs.volumes,
        pid_mode,
        ipc_mode,
        storage: None,
        group,
        subnets: Value::List(Vec::new()),
        after: Vec::new(),
    })
}

/// Who reaches the task.
fn reach(planner: &Planner<'_, '_>, name: &str, services: &[&Service]) -> Reach {
    let public = planner.app.endpoints.iter().any(|endpoint| {
        matches!(endpoint.exposure, tranship_app::Exposure::Public(_))
            && planner.layout.is_in(&endpoint.service, name)
    });
    let together = services.iter().filter(|service| !runs_once(service)).count() > 1;
    Reach { public, by_name: planner.layout.is_looked_up(name), together }
}

fn runs_once(service: &Service) -> bool {
    matches!(service.role, Role::Init { .. })
}

/// What the container is to its task, and what it waits for.
fn role(planner: &mut Planner<'_, '_>, service: &Service, services: &[&Service], container: &mut Container) {
    // ECS refuses to wait for the end of an essential container.
    let awaited = services.iter().flat_map(|other| &other.dependencies).any(|dependency| {
        dependency.on == service.name && dependency.condition.get() == Condition::Completed
    });
    container.essential = !runs_once(service) && !awaited;
    restart(planner, service, container);
    for dependency in &service.dependencies {
        let Some(other) = services.iter().find(|other| other.name == dependency.on) else { continue };
        let condition = match dependency.condition.peek() {
            Condition::Started => StartCondition::Start,
            Condition::Completed => StartCondition::Success,
            Condition::Healthy if other.container.health_check.is_some() => StartCondition::Healthy,
            Condition::Healthy => {
                unchecked(planner, service, other, &dependency.condition);
                StartCondition::Start
            }
        };
        planner.exact(&dependency.condition, "task definition: DependsOn");
        container
            .depends_on
            .push(ContainerDependency { container: names::container(&other.name), condition });
    }
}

/// A task waits for the health only of a container whose check stands in the task definition: ECS does
/// not read the image's own.
fn unchecked(planner: &mut Planner<'_, '_>, service: &Service, other: &Service, condition: &At<Condition>) {
    let message = format!(
        "`{}` waits for `{}` to be healthy, but the manifest has no health check of it",
        service.name, other.name
    );
    let told = planner
        .about(&rules::HEALTH_CHECK_OF_IMAGE, service, condition, message)
        .help(format!("write the image's health check as `healthcheck` of `{}`", other.name));
    planner.cx.diagnostics.push(told);
}

/// ECS starts a new task where a container of one ends; a sidecar with `restart` is started again alone.
fn restart(planner: &mut Planner<'_, '_>, service: &Service, container: &mut Container) {
    let Some(restart) = &service.container.restart else { return };
    let policy = restart.peek().split(':').next().unwrap_or_default();
    match (&service.role, policy) {
        (Role::Sidecar { .. }, "always" | "unless-stopped" | "on-failure" | "any") => {
            container.essential = false;
            container.restarts = true;
            planner.exact(restart, "task definition: RestartPolicy");
        }
        (Role::Service, "always" | "unless-stopped" | "any") => {
            planner.exact(restart, "service: keeps its tasks running");
        }
        (Role::Job(_) | Role::Init { .. }, "no" | "none" | "") => {
            planner.exact(restart, "runs once");
        }
        (Role::Job(_) | Role::Init { .. }, _) => {
            let reason = "a job that fails has failed the deployment";
            planner.ignore(service, restart, "restart", reason, false);
        }
        _ => {
            let reason = "an ECS service replaces every task that ends";
            planner.cx.ledger.approximated(restart, "always", reason, "service");
        }
    }
}

fn count(planner: &mut Planner<'_, '_>, main: &Service, containers: usize) {
    let quota = quotas::ecs::CONTAINERS_PER_TASK;
    if quota.is_exceeded_by(containers) {
        let message =
            format!("the task of `{}` has {containers} containers, and ECS allows {}", main.name, quota.most);
        let told = Diagnostic::new(&rules::TOO_MANY_CONTAINERS, message)
            .at(main.origin)
            .service(&*main.name)
            .target(planner.compute.target())
            .help("move some of them into a task of their own");
        planner.cx.diagnostics.push(told);
    }
}

/// Containers of a task share its ports.
fn port_conflicts(planner: &mut Planner<'_, '_>, services: &[&Service]) {
    let mut taken: Vec<(u16, TransportProtocol, &Service)> = Vec::new();
    for service in services {
        for port in &service.container.ports {
            let same = |known: &&(u16, TransportProtocol, &Service)| {
                known.0 == port.container.get() && known.1 == port.protocol && known.2.name != service.name
            };
            if let Some((number, _, other)) = taken.iter().find(same) {
                let message = format!(
                    "`{}` and `{}` share a task, and both listen on port {number}",
                    other.name, service.name
                );
                let told = planner
                    .about(&rules::PORT_CONFLICT, service, &port.node, message)
                    .help("let one of them listen on another port, or give it a task of its own");
                planner.cx.diagnostics.push(told);
            }
            taken.push((port.container.get(), port.protocol, service));
        }
    }
}

/// The one processor of all containers.
fn architecture(planner: &mut Planner<'_, '_>, services: &[&Service]) -> ProcessorArchitecture {
    let mut found: Option<ProcessorArchitecture> = None;
    for service in services {
        let Some(platform) = &service.container.platform else { continue };
        let Some(own) = ProcessorArchitecture::of_platform(platform.peek()) else {
            let other = platform.peek().split('/').nth(1).unwrap_or(platform.peek());
            let reason = format!("`{other}` is not a processor of it");
            planner.reject(service, platform, "platform", &reason, "use `linux/amd64` or `linux/arm64`");
            continue;
        };
        planner.exact(platform, "task definition: RuntimePlatform");
        if found.is_some_and(|known| known != own) {
            let reason = "the containers of one task run on one processor";
            planner.reject(service, platform, "platform", reason, "use the same platform for all of them");
        }
        found.get_or_insert(own);
    }
    found.unwrap_or_default()
}

/// The sum of what the containers ask for. Those that asked for nothing add nothing.
fn asked(
    main: &Service,
    services: &[&Service],
    architecture: ProcessorArchitecture,
    containers: usize,
) -> Asked {
    let cpu = services
        .iter()
        .filter_map(|it| it.resources.cpu_limit.clone().or_else(|| it.resources.cpu_reservation.clone()));
    let memory = services.iter().filter_map(|it| {
        it.resources.memory_limit.clone().or_else(|| it.resources.memory_reservation.clone())
    });
    Asked {
        task: main.name.clone(),
        architecture,
        containers,
        cpu: cpu.reduce(|sum, next| sum.map(|sum| sum.saturating_add(next.get()))),
        memory: memory.reduce(|sum, next| sum.map(|sum| sum.saturating_add(next.get()))),
        origin: main.origin,
    }
}

/// Says once what ECS cannot promise of an order between tasks.
pub(super) fn start_order(planner: &mut Planner<'_, '_>) {
    let mut first = None;
    let mut pairs = Vec::new();
    let app = planner.app;
    for service in app.services.values() {
        for dependency in &service.dependencies {
            let apart = app.services.contains_key(&dependency.on)
                && !planner
                    .layout
                    .tasks_of(&service.name)
                    .iter()
                    .any(|task| planner.layout.is_in(&dependency.on, task));
            if apart && dependency.condition.get() != Condition::Completed {
                first.get_or_insert((service, &dependency.condition));
                pairs.push(format!("`{}` after `{}`", service.name, dependency.on));
            }
        }
    }
    let Some((service, condition)) = first else { return };
    let message = format!(
        "the stack creates and updates {}; tasks that ECS replaces later start in any order",
        pairs.join(", ")
    );
    let told = planner
        .about(&rules::START_ORDER, service, condition, message)
        .severity(Severity::Note)
        .help("let the application retry its connections");
    planner.cx.diagnostics.push(told);
}

/// Volumes that need a known number of mount targets.
pub(super) fn uses_efs(task: &Task) -> bool {
    task.volumes.iter().any(|volume| matches!(volume.storage, Storage::Efs(_)))
}
