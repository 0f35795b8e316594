//! A job that runs before the containers are replaced -> a container of its own, on the leader only.
//!
//! `docker run` starts it, so its bounds are Docker's own: what Amazon ECS lacks, a job has.

use super::built_images;
use super::container::request;
use super::late_values::{self, LateVariable};
use super::values::{InstanceText, ReadSecret, TextPart, VariableValue, known, taken, value};
use super::{BeanstalkContainer, BeanstalkJob, BeanstalkPlan, HostVolumes, files, path, volumes};
use crate::Compilation;
use crate::beanstalk::{container_bounds, rules};
use crate::container::{
    ContainerHost, ContainerPlanner, EnvironmentSource, MountPoint, TextRenderer, field, plan_container,
};
use tranship_app::{
    AppService, Application, BehaviourEffect, BindMount, ContainerMount, DependencyCondition, JobReason,
    ManifestName, ServiceRole, SetVariable, Text,
};
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// What becomes of waiting for a job.
pub(super) const BEFORE_THE_CONTAINERS: &str = "the job runs before the containers are replaced";

/// Decides how a job runs.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    check_reach(application, service, cx);
    let mut host = JobHost { application, plan, volumes: HostVolumes::default() };
    let mut container = plan_container(&mut host, &request(service), &container_bounds::JOB, cx);
    let mut volumes = host.volumes;
    take_late_values(service, &mut container, plan, cx);
    for file in files::decide(application, service, plan, cx) {
        container.mounts.push(MountPoint { volume: file.name.clone(), path: file.target, read_only: true });
        volumes.push(volumes::of_bundle(file.name, volumes::staged(file.path), file.from));
    }
    if let Some(restart) = &service.container.restart {
        cx.ledger.ignored(restart, "a failed job stops the deployment", BehaviourEffect::Equivalent);
    }
    plan.jobs.push(BeanstalkJob { container, volumes, from: path(cx, service.node) });
}

/// The values that exist once the environment is created: properties, which the instance gives the job.
fn take_late_values(
    service: &AppService,
    container: &mut BeanstalkContainer,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    for (name, text) in &mut container.environment {
        let origin = service.container.environment.get(name.as_str()).map_or(service.origin, |it| it.origin);
        let variable = LateVariable { service, name, origin };
        *text = late_values::of_job(variable, std::mem::take(text), plan, cx);
    }
    let words = container.entrypoint.iter_mut().flatten().chain(&mut container.command);
    for (index, word) in words.enumerate() {
        let name = format!("{}_ARGUMENT_{index}", late_values::upper_case(&service.name));
        let variable = LateVariable { service, name: &name, origin: service.origin };
        *word = late_values::of_job(variable, std::mem::take(word), plan, cx);
    }
}

/// Whether a job that nobody declared or waits for runs beside the containers, because it talks to one of them. It
/// is a container that ends, at each start of the task; what others wait for must run before.
pub(super) fn runs_beside(application: &Application, service: &AppService) -> bool {
    let ServiceRole::Job(job) = &service.role else { return false };
    let runs = |name: &ManifestName| {
        application.services.get(name).is_some_and(|other| !matches!(other.role, ServiceRole::Job(_)))
    };
    let mut edges = application.edges.iter().filter(|edge| edge.from == service.name);
    job.reason == JobReason::Inferred
        && (edges.any(|edge| runs(&edge.to)) || service.dependencies.iter().any(|it| runs(&it.on)))
}

/// One line for all that run beside the others.
pub(super) fn report_beside(application: &Application, cx: &mut Compilation<'_>) {
    let beside: Vec<&AppService> =
        application.services.values().filter(|service| runs_beside(application, service)).collect();
    let Some(first) = beside.first() else { return };
    let names: Vec<String> = beside.iter().map(|service| format!("`{}`", service.name)).collect();
    let message = format!(
        "{} on every instance, whenever its containers start, because a job runs before the containers that it talks to",
        match names.as_slice() {
            [one] => format!("{one} runs"),
            names => format!("{} run", listed(names)),
        }
    );
    let placed =
        beside.iter().fold(Diagnostic::new(&rules::JOB_BESIDE, message), |told, it| told.at(it.origin));
    cx.diagnostics.push(
        placed.service(&*first.name).help(
            "make it safe to run again and at the same time, or choose the target `fargate` or `ecs-ec2`",
        ),
    );
}

/// A job runs by itself: a container that it talks to is not there.
fn check_reach(application: &Application, service: &AppService, cx: &mut Compilation<'_>) {
    // A step of `pre_start` has the dependencies of its service, which settles them.
    let own = service.dependencies.iter().filter(|_| service.hook.is_none());
    for dependency in own {
        let started = application
            .services
            .get(&dependency.on)
            .is_some_and(|on| !matches!(on.role, ServiceRole::Job(_)));
        match (started, dependency.condition.peek()) {
            (true, DependencyCondition::Started | DependencyCondition::Healthy) => {
                cx.ledger.rejected(&dependency.node, "the job runs before the containers start");
            }
            _ => cx.ledger.decided(&dependency.node, "the database and earlier jobs come first"),
        }
    }
    let why = match &service.role {
        ServiceRole::Job(job) => job.origin,
        _ => service.origin,
    };
    for edge in application.edges.iter().filter(|edge| edge.from == service.name) {
        if application.services.get(&edge.to).is_some_and(|to| !matches!(to.role, ServiceRole::Job(_))) {
            if let Some(hook) = &service.hook {
                cx.ledger.rejected(&hook.per_replica, "a job runs before the containers start");
            }
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::JOB_NEEDS_SERVICE,
                    format!("job `{}` connects to `{}`, which is not running yet", service.name, edge.to),
                )
                .at(edge.origin)
                .label(why, "it is a job")
                .service(&*service.name)
                .help("remove the dependency, or choose the target `fargate` or `ecs-ec2`"),
            );
        }
    }
}

/// The instance on which a job runs. Its volumes are its own: they are no part of the task.
struct JobHost<'a> {
    application: &'a Application,
    plan: &'a mut BeanstalkPlan,
    volumes: HostVolumes,
}

impl TextRenderer for JobHost<'_> {
    type KnownText = String;
    type DeployText = InstanceText;

    fn known(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<String> {
        known(text, self.application, planner.cx)
    }

    fn value(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<InstanceText> {
        value(text, self.application, planner.cx)
    }
}

impl ContainerHost for JobHost<'_> {
    fn built_image(
        &mut self,
        node: NodeId,
        _: Origin,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        built_images::decide(node, self.application, self.plan, planner)
    }

    /// The instance reads the secrets of a job: no task has them yet.
    fn variable(
        &mut self,
        _: &str,
        variable: SetVariable<'_>,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<EnvironmentSource<InstanceText>> {
        let text = planner.cx.ledger.exact(&variable, "instance.json: environment of the job");
        let value = match taken(text, self.application, planner.cx)? {
            VariableValue::Text(text) => text,
            VariableValue::Secret(secret) => {
                InstanceText(vec![TextPart::Secret(ReadSecret::at(secret.location))])
            }
        };
        Some(EnvironmentSource::Value(value))
    }

    fn named_volume(
        &mut self,
        name: &ManifestName,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        let own = volumes::named(name, mount, self.application, planner);
        let volume = self.plan.volumes.named(&own)?;
        if self.volumes.named(&volume.name).is_none() {
            self.volumes.push(volume.clone());
        }
        Some(volume.name.clone())
    }

    fn anonymous_volume(
        &mut self,
        index: usize,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        planner.decided(&mount.node, field::MOUNT_POINTS);
        Some(volumes::anonymous(index, mount, planner, &mut self.volumes))
    }

    fn bind_mount(
        &mut self,
        bind: &BindMount,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        planner.decided(&mount.node, field::MOUNT_POINTS);
        let found = volumes::bind(bind, mount, self.application, self.plan, planner)?;
        Some(volumes::add(volumes::staged(found), mount, planner, &mut self.volumes))
    }
}
