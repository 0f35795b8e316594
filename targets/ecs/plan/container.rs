//! A Compose service's container -> a container definition of a template.
//!
//! The decisions are those of [`crate::container`]; here is what a template makes of text, secrets and
//! volumes, and which ports of the machine a container gets.

use super::planner::Planner;
use super::secrets::{self, ReadableSecret};
use super::task_volumes::TaskVolumes;
use super::{ComputePolicy, Container, NetworkMode, PortMapping, TaskVolume, names, text::Renderer};
use crate::container::{
    ContainerHost, ContainerPlanner, ContainerRequest, EnvironmentSource, TextRenderer, field, plan_container,
};
use tranship_app::rules::app::SECRET_IN_COMMAND;
use tranship_app::{At, Mount, Name, Service, Text, Variant};
use tranship_cloudformation::{LogicalId, Role, Value};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

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
    let request = ContainerRequest {
        service,
        name: names::container(&service.name),
        network: mode,
        neighbours: neighbours(planner, service),
    };
    let mut host = TemplateHost { renderer: planner.renderer(task), compute: planner.compute, needs };
    let mut container = plan_container(&mut host, &request, planner.bounds(), planner.cx);
    ports(service, mode, &mut container);
    container
}

/// The services that share a task with this one.
fn neighbours<'a>(planner: &Planner<'a, '_>, service: &Service) -> Vec<&'a Name> {
    let tasks = planner.layout.tasks().filter(|(_, members)| members.contains(&service.name));
    tasks.flat_map(|(_, members)| members).filter(|name| **name != service.name).collect()
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

/// A task definition of a template, for the containers in it.
struct TemplateHost<'a> {
    renderer: Renderer<'a>,
    compute: &'a dyn ComputePolicy,
    needs: &'a mut Needs,
}

impl TextRenderer for TemplateHost<'_> {
    type Known = Value;
    type Value = Value;

    fn known(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<Value> {
        self.value(text, planner)
    }

    /// Only variables take secrets: whoever may read the task definition would read them anywhere else.
    fn value(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<Value> {
        if text.is_secret() {
            let message = format!(
                "the container of `{}` holds a secret outside of its environment",
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
    ) -> Option<Value> {
        planner.cx.ledger.exact(&node, "a parameter that names the image built from it");
        Some(LogicalId::of(&planner.service().name, Role::Image).reference())
    }

    fn variable(
        &mut self,
        name: &str,
        (variable, text): (&Variant, &Text),
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<EnvironmentSource<Value>> {
        if !text.is_secret() {
            planner.exact(&variable.node, field::ENVIRONMENT);
            return Some(EnvironmentSource::Value(self.renderer.value(text)));
        }
        planner.exact(&variable.node, field::SECRETS);
        let injected = secrets::inject(&self.renderer, &planner.service().name, name, text);
        self.needs.readable.push(injected.readable);
        Some(EnvironmentSource::Secret(injected.value_from))
    }

    fn named_volume(
        &mut self,
        name: &Name,
        mount: &Mount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        self.volumes().named(name, mount, planner)
    }

    fn anonymous_volume(
        &mut self,
        _: usize,
        mount: &Mount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        Some(self.volumes().anonymous(mount, planner))
    }

    fn bind_mount(
        &mut self,
        path: &At<String>,
        mount: &Mount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        self.volumes().bind(path, mount, planner)
    }
}

impl TemplateHost<'_> {
    fn volumes(&mut self) -> TaskVolumes<'_> {
        TaskVolumes { app: self.renderer.app, compute: self.compute, volumes: &mut self.needs.volumes }
    }
}
