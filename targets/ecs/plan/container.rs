//! A Compose service's container -> a container definition of a template.
//!
//! The decisions are those of [`crate::container`]; here is what a template makes of text, secrets and
//! volumes, and which ports of the machine a container gets.

use super::log_router;
use super::planner::EcsPlanner;
use super::secrets::{self, ReadableSecret};
use super::task_volumes::TaskVolumes;
use super::{
    ComputePolicy, EcsContainer, NetworkMode, PortMapping, TaskVolume, names, text::EcsTextRenderer,
};
use crate::container::{
    ContainerHost, ContainerPlanner, ContainerRequest, EnvironmentSource, TextRenderer, field, plan_container,
};
use std::collections::BTreeSet;
use tranship_app::rules::app::SECRET_IN_COMMAND;
use tranship_app::{
    AppService, BindMount, ContainerMount, ContainerPort, EndpointExposure, ManifestName, PortSpec,
    SetVariable, Text,
};
use tranship_cloudformation::{LogicalId, ResourceRole, TemplateValue};
use tranship_facts::TransportProtocol;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// The variable from which the NVIDIA driver takes what a container may do with a GPU (NVIDIA Container Toolkit
/// documentation, "Driver capabilities", read 2026-11).
const DRIVER_CAPABILITIES: &str = "NVIDIA_DRIVER_CAPABILITIES";

/// What a container adds to its task besides itself.
#[derive(Debug, Default)]
pub(super) struct TaskNeeds {
    /// Volumes of the task.
    pub(super) volumes: Vec<TaskVolume>,
    /// Secrets that the execution role reads.
    pub(super) readable: Vec<ReadableSecret>,
    /// Whether a container runs an image that is made for it, besides those of its services.
    pub(super) made_image: bool,
}

/// The container of a service in the task `task`.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    task: &str,
    mode: NetworkMode,
    needs: &mut TaskNeeds,
) -> EcsContainer {
    let request = ContainerRequest {
        service,
        name: names::container(&service.name),
        network: mode,
        neighbours: neighbours(planner, service),
        has_router: log_router::routes(planner, service),
        reserves_usual: planner.app.settings.instance_type.is_none(),
    };
    let renderer = EcsTextRenderer { service: Some(&*service.name), ..planner.renderer(task) };
    let mut host = TemplateHost { renderer, compute: planner.compute, needs };
    let mut container = plan_container(&mut host, &request, planner.bounds(), planner.cx);
    container.log_router = log_router::of(planner, service);
    if let Some(router) = container.log_router {
        log_router::check(planner, service, router);
    }
    unlimited_processes(planner, service);
    for arn in container.log_secrets.values() {
        let readable = secrets::of_arn(&planner.stack_renderer(), arn);
        if !needs.readable.contains(&readable) {
            needs.readable.push(readable);
        }
    }
    ports(planner, service, mode, &mut container);
    named_ports(planner, (service, task), &mut container);
    driver_capabilities(&mut container);
    secret_versions(&renderer, service, &mut container);
    container
}

/// `pids_limit: -1` asks for no limit, which is what a task has.
fn unlimited_processes(planner: &mut EcsPlanner<'_, '_>, service: &AppService) {
    let Some(given) = planner.cx.compose.entry("services", &service.name) else { return };
    let limits = given.get("deploy").and_then(|it| it.get("resources")?.get("limits")?.get("pids"));
    for limit in [given.get("pids_limit"), limits].into_iter().flatten() {
        if limit.integer().is_some_and(|number| number <= 0) {
            planner.cx.ledger.decided(&limit, "no limit of processes");
        }
    }
}

/// The prefix of labels that name the version of a secret.
const VERSION_LABEL: &str = "tranship.secret.";

/// Tasks read a secret when they start, so what the stack puts together from an address and a secret is also a label:
/// another address makes another task definition, and its service replaces the tasks.
fn secret_versions(renderer: &EcsTextRenderer<'_>, service: &AppService, container: &mut EcsContainer) {
    for (name, variable) in &service.container.environment {
        let texts = variable.set().map(|set| set.peek()).into_iter().filter(|text| text.is_secret());
        for text in texts.filter(|text| secrets::is_put_together(renderer.app, text)) {
            container.labels.insert(format!("{VERSION_LABEL}{name}"), renderer.version(text).into());
        }
    }
}

/// The services that share a task with this one.
pub(super) fn neighbours<'a>(planner: &EcsPlanner<'a, '_>, service: &AppService) -> Vec<&'a ManifestName> {
    let tasks = planner.layout.tasks_of(&service.name).iter();
    tasks.flat_map(|task| planner.layout.members_of(task)).filter(|name| **name != service.name).collect()
}

/// In `awsvpc` a port needs no mapping to be reached: it is listed once, for what reads it. ECS maps a port of a container
/// for one protocol, and a load balancer needs the mapping, so what is public comes first, listed in the manifest or not.
fn ports(
    planner: &EcsPlanner<'_, '_>,
    service: &AppService,
    mode: NetworkMode,
    container: &mut EcsContainer,
) {
    let own = planner.endpoints.of(&service.name).iter();
    let public = own.filter(|endpoint| matches!(endpoint.exposure, EndpointExposure::Public(_)));
    let public: Vec<PortSpec> =
        public.map(|endpoint| PortSpec { number: endpoint.port, protocol: endpoint.protocol }).collect();
    let listed = || service.container.ports.iter().map(ContainerPort::spec);
    let unlisted = public.iter().filter(|spec| listed().all(|one| one.number != spec.number));
    let mut seen: BTreeSet<u16> = container.ports.iter().map(|known| known.container).collect();
    for spec in listed().chain(unlisted.copied()) {
        if !seen.insert(spec.number) {
            continue;
        }
        let served = public.iter().find(|public| public.number == spec.number);
        container.ports.push(PortMapping {
            container: spec.number,
            host: (mode == NetworkMode::Bridge).then_some(0),
            protocol: served.map_or(spec.protocol, |served| served.protocol),
            name: None,
            app_protocol: None,
        });
    }
}

/// Names the ports that others find by Service Connect. Their tasks have an interface of their own.
fn named_ports(
    planner: &EcsPlanner<'_, '_>,
    (service, task): (&AppService, &str),
    container: &mut EcsContainer,
) {
    let own = planner.connect.offered_by(task).iter().filter(|entry| entry.service == service.name);
    for entry in own {
        let (protocol, name) = (TransportProtocol::Tcp, Some(entry.port_name()));
        let app_protocol = entry.protocol.app_protocol();
        let mapping = PortMapping { container: entry.port, host: None, protocol, name, app_protocol };
        match container.ports.iter_mut().find(|known| known.container == entry.port) {
            Some(known) => *known = mapping,
            None => container.ports.push(mapping),
        }
    }
}

/// What the driver lets a container do with its GPUs is a variable of the container, which the manifest may set itself.
fn driver_capabilities(container: &mut EcsContainer) {
    let variable = DRIVER_CAPABILITIES.to_owned();
    if !container.gpu_capabilities.is_empty() && !container.environment.contains_key(&variable) {
        container.environment.insert(variable, container.gpu_capabilities.join(",").into());
    }
}

/// A task definition of a template, for the containers in it.
struct TemplateHost<'a> {
    renderer: EcsTextRenderer<'a>,
    compute: &'a dyn ComputePolicy,
    needs: &'a mut TaskNeeds,
}

impl TextRenderer for TemplateHost<'_> {
    type KnownText = TemplateValue;
    type DeployText = TemplateValue;

    fn known(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<TemplateValue> {
        self.value(text, planner)
    }

    /// Only variables take secrets: whoever may read the task definition would read them anywhere else.
    fn value(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<TemplateValue> {
        if text.is_secret() {
            let message = format!(
                "the container of `{}` contains a secret outside of its environment",
                planner.service().name
            );
            let diagnostic = planner
                .about(&SECRET_IN_COMMAND, text, message)
                .help("pass it as a variable of the environment and let the command read that");
            planner.cx.diagnostics.push(diagnostic);
            return None;
        }
        Some(self.renderer.value(text))
    }
}

impl ContainerHost for TemplateHost<'_> {
    fn built_image(
        &mut self,
        node: NodeId,
        _: Origin,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<TemplateValue> {
        planner.cx.ledger.decided(&node, "a parameter that names the image built from it");
        Some(LogicalId::of(planner.service().declared_as(), ResourceRole::Image).reference())
    }

    fn variable(
        &mut self,
        name: &str,
        variable: SetVariable<'_>,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<EnvironmentSource<TemplateValue>> {
        if !variable.peek().is_secret() {
            let text = planner.exact(&variable, field::ENVIRONMENT);
            return Some(EnvironmentSource::Value(self.renderer.value(text)));
        }
        let text = planner.exact(&variable, field::SECRETS);
        let injected = secrets::inject(&self.renderer, &planner.service().name, name, text);
        self.needs.readable.push(injected.readable);
        Some(EnvironmentSource::Secret(injected.value_from))
    }

    fn named_volume(
        &mut self,
        name: &ManifestName,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        self.volumes().named(name, mount, planner)
    }

    fn anonymous_volume(
        &mut self,
        _: usize,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        Some(self.volumes().anonymous(mount, planner))
    }

    fn bind_mount(
        &mut self,
        bind: &BindMount,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        self.volumes().bind(bind, mount, planner)
    }
}

impl TemplateHost<'_> {
    fn volumes(&mut self) -> TaskVolumes<'_> {
        TaskVolumes { app: self.renderer.app, compute: self.compute, volumes: &mut self.needs.volumes }
    }
}
