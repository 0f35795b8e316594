//! Tasks: which containers share one, what they ask for together, in which order they start.

use super::container::{self, TaskNeeds};
use super::images::MadeImages;
use super::planner::EcsPlanner;
use super::service_files::ServiceFileTable;
use super::volume_content::TaskFilling;
use super::{
    ContainerDependency, EcsContainer, NamespaceSharing, NetworkMode, ProcessorRequest, SizeChoice,
    SizeRequest, StartCondition, TaskPlan, TaskReach, TaskSize, helpers, host_network, identity, names,
    pull_secrets,
};
use crate::ecs::rules;
use std::collections::BTreeMap;
use tranship_app::{
    AppService, Application, At, BehaviourEffect, DependencyCondition, EndpointExposure, ManifestName,
    PortSpec, PublicProtocol, ServiceRole,
};
use tranship_cloudformation::{FnSub, LogicalId, PseudoParameter};
use tranship_facts::{GIB, ImagePlatform, MIB, ProcessorArchitecture, quotas};
use tranship_frontend::diagnostic::Diagnostic;

/// The tasks of the application, in the manifest's order.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    files: &ServiceFileTable,
    images: &mut MadeImages,
) -> Vec<TaskPlan> {
    let layout = planner.layout;
    let usual = usual_processor(planner);
    host_network::report(planner);
    let mut made = TaskImages { files, images, usual };
    layout.iter().filter_map(|group| task(planner, &group.leader, &group.members, &mut made)).collect()
}

/// What tasks are planned with besides the application.
struct TaskImages<'a> {
    /// Files of the services.
    files: &'a ServiceFileTable,
    /// Images that are made.
    images: &'a mut MadeImages,
    /// The processor of tasks whose images name none.
    usual: ProcessorArchitecture,
}

fn task<'a>(
    planner: &mut EcsPlanner<'a, '_>,
    name: &ManifestName,
    members: &[ManifestName],
    made: &mut TaskImages<'_>,
) -> Option<TaskPlan> {
    let app: &'a Application = planner.app;
    let main = app.services.get(name)?;
    let services: Vec<&'a AppService> =
        members.iter().filter_map(|member| app.services.get(member)).collect();
    let mode = planner.compute.network_mode(reach(planner, name, &services));
    let (containers, needs) = containers(planner, main, &services, (mode, made));
    if mode != NetworkMode::Bridge {
        port_conflicts(planner, &services);
    }
    Some(TaskPlan {
        name: name.clone(),
        origin: main.origin,
        from: services.iter().map(|service| service.key_path()).collect(),
        family: FnSub::new().pseudo(PseudoParameter::StackName).then("-").then(names::family(name)).into(),
        mode,
        architecture: architecture(planner, &services).unwrap_or(made.usual),
        platform: services.iter().find_map(|service| service.container.platform.clone()),
        size: size(planner, &size_request(main, &services, &containers, planner.connect.has_proxy(name))),
        ephemeral_storage: ephemeral_storage(planner, main, &services),
        execution: identity::execution(name, &services, &needs, made.images),
        permissions: identity::permissions(planner, name, &services, &needs.volumes),
        pid_mode: widest(&containers, |container| container.pid),
        ipc_mode: widest(&containers, |container| container.ipc),
        containers,
        volumes: needs.volumes,
    })
}

/// The containers of a task, its essential ones first, and what they need of it.
fn containers<'a>(
    planner: &mut EcsPlanner<'a, '_>,
    main: &AppService,
    services: &[&'a AppService],
    (mode, made): (NetworkMode, &mut TaskImages<'_>),
) -> (Vec<EcsContainer>, TaskNeeds) {
    let mut needs = TaskNeeds::default();
    let mut containers: Vec<EcsContainer> = Vec::new();
    for service in services {
        let container = container::plan(planner, service, &main.name, mode, &mut needs);
        let image = made.images.of(&service.name).map_or(container.image, LogicalId::reference);
        let part = part(planner, service, services);
        let login = pull_secrets::of_service(planner, service, made.images);
        let pull_secret = login.map(|login| needs.login(login));
        containers.push(EcsContainer {
            pull_secret,
            essential: part.essential,
            restarts: part.restarts,
            depends_on: part.depends_on,
            image,
            ..container
        });
    }
    let filling = TaskFilling::plan(planner, (main, services), containers.len());
    helpers::owners(planner, services, (&needs.volumes, &filling), &mut containers);
    helpers::files(planner, (main, services), (made.files, made.images), &mut containers, &mut needs);
    // What the other helpers write comes after what the image has.
    filling.add(planner, &mut containers);
    let proxy = usize::from(planner.connect.has_proxy(&main.name));
    check_count(planner, main, containers.len() + proxy);
    containers.sort_by_key(|container| !container.essential);
    (containers, needs)
}

/// The namespace of the task: as wide as that of the container which shares its own the most.
fn widest(
    containers: &[EcsContainer],
    sharing: fn(&EcsContainer) -> Option<NamespaceSharing>,
) -> Option<&'static str> {
    containers.iter().filter_map(sharing).min().map(NamespaceSharing::as_str)
}

/// Who reaches the task.
fn reach(planner: &EcsPlanner<'_, '_>, name: &str, services: &[&AppService]) -> TaskReach {
    let together = services.iter().filter(|service| !ends_first(service)).count() > 1;
    let on_machine = services.iter().any(|service| host_network::is_asked_by(service));
    let keeps_data = services.iter().any(|service| service.data_store.is_some());
    let asked_elsewhere = services.iter().any(|service| is_asked_elsewhere(planner, service));
    TaskReach {
        by_name: planner.layout.is_looked_up(name),
        together,
        keeps_data,
        on_machine,
        asked_elsewhere,
    }
}

/// Whether a load balancer asks a service on another port than the one that it serves, or by another protocol.
fn is_asked_elsewhere(planner: &EcsPlanner<'_, '_>, service: &AppService) -> bool {
    planner.endpoints.of(&service.name).iter().any(|endpoint| match &endpoint.exposure {
        EndpointExposure::Public(public) => {
            let other = public.health.port.as_ref().is_some_and(|port| port.get() != endpoint.port);
            other || public.protocol == PublicProtocol::Udp
        }
        EndpointExposure::Internal => false,
    })
}

/// An init container: it ends before the others start.
fn ends_first(service: &AppService) -> bool {
    matches!(service.role, ServiceRole::Init { .. })
}

/// What a container is to its task, and what it waits for.
struct TaskPart {
    essential: bool,
    restarts: bool,
    depends_on: Vec<ContainerDependency>,
}

fn part(planner: &mut EcsPlanner<'_, '_>, service: &AppService, services: &[&AppService]) -> TaskPart {
    // ECS refuses to wait for the end of an essential container.
    let awaited = services.iter().flat_map(|other| &other.dependencies).any(|dependency| {
        dependency.on == service.name && dependency.condition.get() == DependencyCondition::Completed
    });
    let restarts = restarts(planner, service);
    let essential = !ends_first(service) && !awaited && !restarts;
    TaskPart { essential, restarts, depends_on: depends_on(planner, service, services) }
}

fn depends_on(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    services: &[&AppService],
) -> Vec<ContainerDependency> {
    let mut found = Vec::new();
    for dependency in &service.dependencies {
        let Some(other) = services.iter().find(|other| other.name == dependency.on) else { continue };
        let condition = match planner.exact(&dependency.condition, "task definition: DependsOn") {
            DependencyCondition::Started => StartCondition::Start,
            DependencyCondition::Completed => StartCondition::Success,
            DependencyCondition::Healthy if other.container.health_check.is_some() => StartCondition::Healthy,
            DependencyCondition::Healthy => {
                unchecked(planner, service, other, &dependency.condition);
                StartCondition::Start
            }
        };
        found.push(ContainerDependency { container: names::container(&other.name), condition });
    }
    found
}

/// A task can wait for the health of a container only if its check is in the task definition: ECS does not read
/// the image's own.
fn unchecked(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    other: &AppService,
    condition: &At<DependencyCondition>,
) {
    let message = format!(
        "`{}` waits for `{}` to be healthy, but `{}` has no `healthcheck` in the manifest",
        service.name, other.name, other.name
    );
    let diagnostic = planner
        .about(&rules::HEALTH_CHECK_OF_IMAGE, service, condition, message)
        .help(format!("copy the image's health check to `healthcheck` of `{}`", other.name));
    planner.cx.diagnostics.push(diagnostic);
}

/// Whether ECS starts the container again by itself. It replaces the whole task where a container of a service
/// ends; only a sidecar with `restart` is started again alone.
fn restarts(planner: &mut EcsPlanner<'_, '_>, service: &AppService) -> bool {
    let Some(restart) = &service.container.restart else { return false };
    let policy = restart.peek().split(':').next().unwrap_or_default();
    match (&service.role, policy) {
        (ServiceRole::Sidecar { .. }, "always" | "unless-stopped" | "on-failure" | "any") => {
            planner.decided(restart, "task definition: RestartPolicy");
            return true;
        }
        (ServiceRole::Service, "always" | "unless-stopped" | "any") => {
            planner.decided(restart, "service: keeps its tasks running");
        }
        // Who is reached keeps running: it only ends in a failure. What may end is said when it is lowered.
        (ServiceRole::Service, "on-failure") => {
            let reason = "an ECS service replaces every task that ends";
            let effect = BehaviourEffect::Equivalent;
            planner.cx.ledger.approximated(restart, effect, "always", reason, "service");
        }
        (ServiceRole::Job(_) | ServiceRole::Init { .. }, "no" | "none" | "") => {
            planner.decided(restart, "runs once");
        }
        (ServiceRole::Job(_) | ServiceRole::Init { .. }, _) => {
            let reason = "a failed job fails the deployment";
            planner.ignore(service, restart, "restart", reason, BehaviourEffect::Equivalent);
        }
        _ => {
            let reason = "an ECS service replaces every task that ends";
            planner.cx.ledger.approximated(
                restart,
                BehaviourEffect::ChangesBehaviour,
                "always",
                reason,
                "service",
            );
        }
    }
    false
}

fn check_count(planner: &mut EcsPlanner<'_, '_>, main: &AppService, containers: usize) {
    let quota = quotas::ecs::CONTAINERS_PER_TASK;
    if quota.is_exceeded_by(containers) {
        let message =
            format!("the task of `{}` has {containers} containers; ECS allows {}", main.name, quota.most);
        planner.report(
            Diagnostic::new(&rules::TOO_MANY_CONTAINERS, message)
                .at(main.origin)
                .key(format!("services.{}", main.name))
                .service(&*main.name)
                .help("move some of them to their own task"),
        );
    }
}

/// Containers of a task share its ports.
fn port_conflicts(planner: &mut EcsPlanner<'_, '_>, services: &[&AppService]) {
    let mut taken: BTreeMap<PortSpec, &AppService> = BTreeMap::new();
    for service in services {
        for port in &service.container.ports {
            let other = *taken.entry(port.spec()).or_insert(service);
            if other.name != service.name {
                let number = port.container.get();
                let message = format!(
                    "`{}` and `{}` share a task, and both use port {number}",
                    other.name, service.name
                );
                let diagnostic = planner
                    .about(&rules::PORT_CONFLICT, service, &port.node, message)
                    .help("change the port of one of them, or give it a task of its own");
                planner.cx.diagnostics.push(diagnostic);
            }
        }
    }
}

/// The one processor of all containers.
fn architecture(planner: &mut EcsPlanner<'_, '_>, services: &[&AppService]) -> Option<ProcessorArchitecture> {
    let mut found: Option<ProcessorArchitecture> = None;
    for service in services {
        let Some(platform) = &service.container.platform else { continue };
        let asked = ImagePlatform::parse(planner.exact(platform, "task definition: RuntimePlatform"));
        if let Some(reason) = asked.problem() {
            let shown = format!("platform: {}", platform.peek());
            planner.reject(service, platform, &shown, &reason, "use `linux/amd64` or `linux/arm64`");
            continue;
        }
        let Some(own) = asked.processor() else { continue };
        if found.is_some_and(|known| known != own) {
            let reason = "all containers of a task run on the same processor";
            planner.reject(service, platform, "platform", reason, "use the same platform for all of them");
        }
        found.get_or_insert(own);
    }
    found
}

/// The processor of tasks whose images name none.
pub(super) fn usual_processor(planner: &EcsPlanner<'_, '_>) -> ProcessorArchitecture {
    let platforms = planner.app.services.values().filter_map(|service| service.container.platform.as_ref());
    let first = platforms.filter_map(|platform| ImagePlatform::parse(platform.peek()).processor()).next();
    let instance_type = planner.app.settings.instance_type.as_ref().map(|setting| &**setting.peek());
    planner.compute.usual_processor(&ProcessorRequest { instance_type, first })
}

/// GiB that a task has for what its containers write, where they ask for more than every task has.
fn ephemeral_storage(
    planner: &mut EcsPlanner<'_, '_>,
    main: &AppService,
    services: &[&AppService],
) -> Option<u32> {
    let range = planner.compute.limits().ephemeral_storage?;
    let sizes =
        || services.iter().filter_map(|service| Some((service, service.container.storage_size.as_ref()?)));
    let gib = sizes().map(|(_, size)| size.peek().div_ceil(GIB)).fold(0, u64::saturating_add);
    if gib > u64::from(range.most) {
        for (service, size) in sizes() {
            let reason = format!("the containers of a task share at most {} GiB", range.most);
            let shown = format!("storage_opt.size: {}", size.peek().div_ceil(GIB));
            let help = format!(
                "ask for at most {} GiB in the task of `{}`, or keep the data in a volume",
                range.most, main.name
            );
            planner.reject(service, size, &shown, &reason, &help);
        }
        return None;
    }
    u32::try_from(gib).ok().filter(|gib| *gib >= range.least)
}

/// The sum of what the containers ask for. One that asks for nothing adds what it is known to need.
fn size_request(
    main: &AppService,
    services: &[&AppService],
    containers: &[EcsContainer],
    proxy: bool,
) -> SizeRequest {
    let cpu = services.iter().filter_map(|it| {
        let usual = it.usual_size.map(|size| At::inferred(size.cpu, it.origin));
        it.resources.cpu_limit.clone().or_else(|| it.resources.cpu_reservation.clone()).or(usual)
    });
    let memory = services.iter().filter_map(|it| {
        let usual = it.usual_size.map(|size| At::inferred(u64::from(size.memory) * MIB, it.origin));
        it.resources.memory_limit.clone().or_else(|| it.resources.memory_reservation.clone()).or(usual)
    });
    SizeRequest {
        task: main.name.clone(),
        cpu: cpu.reduce(|sum, next| sum.map(|sum| sum.saturating_add(next.get()))),
        memory: memory.reduce(|sum, next| sum.map(|sum| sum.saturating_add(next.get()))),
        kept_memory: containers
            .iter()
            .filter_map(|container| container.memory.or(container.memory_reservation))
            .fold(0, u32::saturating_add),
        proxy,
        origin: main.origin,
    }
}

/// The size that the policy chooses. Settles what the containers asked for.
fn size(planner: &mut EcsPlanner<'_, '_>, request: &SizeRequest) -> TaskSize {
    match planner.compute.task_size(request) {
        SizeChoice::Exact(size) => size,
        SizeChoice::Nearest { size, effect, reason, diagnostic } => {
            if let (Some(asked), Some(cpu)) = (&request.cpu, size.cpu)
                && asked.get() != cpu
            {
                let value = format!("{cpu} CPU units");
                planner.cx.ledger.approximated(asked, effect, value, reason, "task definition: Cpu");
            }
            planner.report(diagnostic);
            size
        }
        SizeChoice::TooLarge { reason, diagnostic } => {
            request.cpu.iter().for_each(|asked| planner.cx.ledger.rejected(asked, reason));
            request.memory.iter().for_each(|asked| planner.cx.ledger.rejected(asked, reason));
            planner.report(diagnostic);
            TaskSize::default()
        }
    }
}
