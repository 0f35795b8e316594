//! A service -> a container of the instance's task.
//!
//! The decisions are those of [`crate::container`]; here is what a bundle makes of text, secrets and
//! volumes, and what containers of the task wait for.

use super::late_values::{self, LateVariable};
use super::values::{InstanceText, VariableValue, known, taken, value};
use super::volumes;
use super::{
    BeanstalkPlan, SecretVariable, built_images, container_name, essential, files, init_folders, job,
};
use crate::Compilation;
use crate::beanstalk::{container_bounds, rules};
use crate::container::{
    ContainerDependency, ContainerHost, ContainerPlanner, ContainerRequest, EnvironmentSource, MountPoint,
    NetworkMode, StartCondition, TextRenderer, field, plan_container,
};
use tranship_app::{
    AppService, Application, BehaviourEffect, BindMount, ContainerMount, DependencyCondition, ManifestName,
    ServiceRole, SetVariable, Text,
};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// Decides the container of a service.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let chosen = application.settings.instance_type.is_some();
    let request = ContainerRequest { reserves_usual: !chosen, ..request(service) };
    let mut host = InstanceHost { application, plan };
    let mut container = plan_container(&mut host, &request, &container_bounds::CONTAINER, cx);
    container.essential = match &service.essential {
        Some(essential) => {
            cx.ledger.decided(essential, "container definition: essential");
            essential.get()
        }
        None => essential::is_usually(application, service),
    };
    container.depends_on = depends_on(application, service, cx);
    for file in files::decide(application, service, plan, cx) {
        container.mounts.push(MountPoint { volume: file.name.clone(), path: file.target, read_only: true });
        if plan.volumes.named(&file.name).is_none() {
            plan.volumes.push(volumes::of_bundle(file.name, file.path, file.from));
        }
    }
    plan.containers.push(container);
}

/// What to plan. A Dockerrun cannot share namespaces, so neighbours do not matter.
pub(super) fn request(service: &AppService) -> ContainerRequest<'_> {
    ContainerRequest {
        service,
        name: container_name(&service.name),
        network: NetworkMode::Bridge,
        neighbours: Vec::new(),
        has_router: false,
        reserves_usual: false,
    }
}

/// The instance's task, for the containers in it.
struct InstanceHost<'a> {
    application: &'a Application,
    plan: &'a mut BeanstalkPlan,
}

impl TextRenderer for InstanceHost<'_> {
    type KnownText = String;
    type DeployText = InstanceText;

    fn known(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<String> {
        known(text, self.application, planner.cx)
    }

    fn value(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<InstanceText> {
        let value = value(text, self.application, planner.cx)?;
        if value.text().is_none() {
            late_values::refuse_words(planner.service(), text.origin, planner.cx);
            return None;
        }
        Some(value)
    }
}

impl ContainerHost for InstanceHost<'_> {
    fn built_image(
        &mut self,
        node: NodeId,
        _: Origin,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        built_images::decide(node, self.application, self.plan, planner)
    }

    /// A secret is a variable of the environment as a whole, which Elastic Beanstalk reads for every container.
    fn variable(
        &mut self,
        name: &str,
        variable: SetVariable<'_>,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<EnvironmentSource<InstanceText>> {
        let text = planner.exact(&variable, field::ENVIRONMENT);
        let claimed_as = planner.place(field::ENVIRONMENT);
        let value = taken(text, self.application, planner.cx)?;
        if let VariableValue::Text(text) = &value
            && text.text().is_some()
        {
            return Some(EnvironmentSource::Value(text.clone()));
        }
        let (service, origin) = (planner.service(), variable.origin);
        let taking = LateVariable { service, name, origin };
        let place = if init_folders::keeps_apart(taking, &value, self.plan) {
            "the folder that the entry point reads"
        } else {
            match value {
                VariableValue::Text(text) => {
                    late_values::deliver(taking, &text, self.plan, planner.cx);
                    "a property of the environment"
                }
                VariableValue::Secret(secret) => {
                    take_secret(name, secret, variable.origin, self.plan, planner.cx);
                    "aws:elasticbeanstalk:application:environmentsecrets"
                }
            }
        };
        planner.cx.ledger.placed(&variable, &claimed_as, place);
        Some(EnvironmentSource::Elsewhere)
    }

    fn named_volume(
        &mut self,
        name: &ManifestName,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        Some(volumes::named(name, mount, self.application, planner))
    }

    fn anonymous_volume(
        &mut self,
        index: usize,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        planner.decided(&mount.node, field::MOUNT_POINTS);
        Some(volumes::anonymous(index, mount, planner, &mut self.plan.volumes))
    }

    fn bind_mount(
        &mut self,
        bind: &BindMount,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        planner.decided(&mount.node, field::MOUNT_POINTS);
        let found = volumes::bind(bind, mount, self.application, self.plan, planner)?;
        Some(volumes::add(found, mount, planner, &mut self.plan.volumes))
    }
}

/// What other containers must have reached. A database and a job are there before any container starts.
fn depends_on(
    application: &Application,
    service: &AppService,
    cx: &mut Compilation<'_>,
) -> Vec<ContainerDependency> {
    let mut list = Vec::new();
    for dependency in &service.dependencies {
        if application.databases.contains_key(&dependency.on) {
            let place = "the environment's database, which is created first";
            cx.ledger.decided(&dependency.node, place);
            continue;
        }
        let Some(other) = application.services.get(&dependency.on) else { continue };
        if matches!(other.role, ServiceRole::Job(_)) && !job::runs_beside(application, other) {
            cx.ledger.decided(&dependency.node, job::BEFORE_THE_CONTAINERS);
            continue;
        }
        let condition = match dependency.condition.get() {
            DependencyCondition::Completed => StartCondition::Success,
            DependencyCondition::Healthy if other.container.health_check.is_some() => StartCondition::Healthy,
            DependencyCondition::Healthy | DependencyCondition::Started => StartCondition::Start,
        };
        if dependency.condition.get() == DependencyCondition::Healthy && condition == StartCondition::Start {
            let (reason, place) =
                ("ECS ignores health checks defined in the image", "container definition: dependsOn");
            cx.ledger.approximated(
                &dependency.node,
                BehaviourEffect::ChangesBehaviour,
                condition.as_str(),
                reason,
                place,
            );
        } else {
            let place = format!("container definition: dependsOn {}", condition.as_str());
            cx.ledger.decided(&dependency.node, place);
        }
        list.push(ContainerDependency { container: container_name(&dependency.on), condition });
    }
    list
}

/// Adds a secret under the variable that takes it; all containers share the name.
fn take_secret(
    name: &str,
    secret: SecretVariable,
    origin: Origin,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    if plan.late_values.contains_key(name) {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::SECRET_CLASH,
                format!("`{name}` receives different values in two services"),
            )
            .at(origin)
            .help("rename the variable in one of them, or write `platform: docker`, which keeps them apart"),
        );
    }
    match plan.secrets.get(name) {
        Some(other) if *other != secret => cx.diagnostics.push(
            Diagnostic::new(
                &rules::SECRET_CLASH,
                format!("`{name}` receives different secrets in two services"),
            )
            .at(origin)
            .note(format!("the other one is `{}`", other.name))
            .help("rename the variable in one of them"),
        ),
        Some(_) => {}
        None => {
            plan.secrets.insert(name.to_owned(), secret);
        }
    }
}
