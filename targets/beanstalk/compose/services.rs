//! A service of the manifest -> a service of the bundle's Compose file.

use super::{
    COMPOSE_FILE, ComposeBundle, builds, depends_on, jobs, logging, mounts, node, published_ports, refusals,
};
use super::{secret_files, variables};
use crate::Compilation;
use crate::beanstalk::plan::{BeanstalkPlan, refuse_schedule};
use tranship_app::{AppService, Application, BehaviourEffect, ComposeNode, JobTime, ServiceRole};
use tranship_frontend::yaml::{Mapping, Node};

/// Keys that Docker Compose on an instance cannot serve, or that say nothing to it: the support table says why.
/// `profiles` chose the service already.
const LEFT_OUT: &[&str] = &[
    "credential_spec",
    "develop",
    "env_file",
    "extends",
    "external_links",
    "gpus",
    "label_file",
    "models",
    "profiles",
    "provider",
    "runtime",
    "storage_opt",
    "use_api_socket",
];

/// Keys of `deploy` that only Docker Swarm heeds (Docker documentation, "Compose Deploy Specification", and the source of
/// Docker Compose, read 2026-11): the support table says what becomes of them.
const SWARM_ONLY: &[&str] =
    &["endpoint_mode", "labels", "mode", "placement", "rollback_config", "update_config"];

/// What decides the value of a key needs.
struct ServiceWriter<'a, 'b, 'c> {
    application: &'a Application,
    service: &'a AppService,
    bundle: &'a mut ComposeBundle,
    plan: &'a mut BeanstalkPlan,
    cx: &'a mut Compilation<'b>,
    given: ComposeNode<'c>,
}

/// The mapping of a service. `None` for one that is not part of the environment.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Mapping> {
    if let ServiceRole::Job(job) = &service.role
        && let JobTime::Schedule(schedule) = &job.when
    {
        refuse_schedule(service, schedule, cx);
        return None;
    }
    let given = cx.compose.entry("services", &service.name)?;
    variables::check(application, service, given, cx);
    refusals::check(service, cx);
    if let Some(essential) = &service.essential {
        let reason = "Docker Compose starts each container again by itself";
        cx.ledger.ignored(essential, reason, BehaviourEffect::Equivalent);
    }
    let mut writer = ServiceWriter { application, service, bundle, plan, cx, given };
    let mut written = Mapping::new();
    for (key, value) in given.entries() {
        if LEFT_OUT.contains(&&**key) || key.starts_with("x-") {
            continue;
        }
        if let Some(value) = writer.value(key, value) {
            written.insert(node::key(key), value);
        }
    }
    writer.add(&mut written);
    Some(written)
}

impl ServiceWriter<'_, '_, '_> {
    /// What a key that the manifest has becomes.
    fn value(&mut self, key: &str, value: ComposeNode<'_>) -> Option<Node> {
        let (application, service) = (self.application, self.service);
        let cx = &mut *self.cx;
        match key {
            "build" => builds::decide(application, service, value, self.bundle, self.plan, cx),
            "command" => {
                let list = service.container.command.as_ref();
                variables::words(application, value, list, self.bundle, self.plan, cx)
            }
            "entrypoint" => {
                let list = service.container.entrypoint.as_ref();
                variables::words(application, value, list, self.bundle, self.plan, cx)
            }
            "healthcheck" => variables::health_check(application, service, value, self.bundle, self.plan, cx),
            "depends_on" => depends_on::decide(application, service, value, self.bundle, cx),
            "links" => depends_on::links(application, value, cx),
            "deploy" => Some(self.deploy(value)),
            "scale" if self.bundle.public.contains(&service.name) => None,
            "volumes" => mounts::decide(application, service, value, self.plan, cx),
            "secrets" | "configs" => {
                secret_files::decide(application, service, (key, value), self.bundle, self.plan, cx)
            }
            "environment" | "ports" | "logging" => None,
            _ => Some(value.copy(cx.ledger, COMPOSE_FILE)),
        }
    }

    /// Keys that a service has whether the manifest names them or not.
    fn add(&mut self, written: &mut Mapping) {
        let (application, service) = (self.application, self.service);
        let variables = self.given.get("environment");
        let variables =
            variables::environment(application, service, variables, self.bundle, self.plan, self.cx);
        if !variables.is_empty() {
            written.insert(node::key("environment"), node::mapping(variables));
        }
        self.add_shell(written);
        let ports = published_ports::decide(service, self.given.get("ports"), self.plan, self.cx);
        if !ports.is_empty() {
            written.insert(node::key("ports"), node::list(ports));
        }
        let logging = logging::decide(self.given.get("logging"), self.bundle, self.cx);
        written.insert(node::key("logging"), logging);
        if jobs::is_by_hand(self.bundle, service) {
            let profile = node::text(super::JOB_PROFILE);
            written.insert(node::key("profiles"), node::list(vec![profile]));
        }
    }

    /// The entry point that a command with a secret is given, which expands the variable.
    fn add_shell(&mut self, written: &mut Mapping) {
        let (application, service) = (self.application, self.service);
        let Some(entrypoint) = service.container.entrypoint.as_ref() else { return };
        if self.given.get("entrypoint").is_some() {
            return;
        }
        let words =
            variables::rendered_words(application, entrypoint.peek(), self.bundle, self.plan, self.cx);
        if let Some(words) = words {
            written.insert(node::key("entrypoint"), words);
        }
    }

    /// `deploy`: the copies of a public service are instances, since one container takes the instance's port; the
    /// instances have no GPUs.
    fn deploy(&mut self, value: ComposeNode<'_>) -> Node {
        let is_public = self.bundle.public.contains(&self.service.name);
        let mut written = Mapping::new();
        for (key, value) in value.entries() {
            match &**key {
                "replicas" if is_public => {}
                swarm if SWARM_ONLY.contains(&swarm) => {}
                "resources" => {
                    written.insert(node::key(key), self.resources(value));
                }
                _ => {
                    written.insert(node::key(key), value.copy(self.cx.ledger, COMPOSE_FILE));
                }
            }
        }
        node::mapping(written)
    }

    fn resources(&mut self, value: ComposeNode<'_>) -> Node {
        let mut written = Mapping::new();
        for (side, value) in value.entries() {
            let mut kept = Mapping::new();
            for (key, value) in value.entries() {
                if **key != *"devices" {
                    kept.insert(node::key(key), value.copy(self.cx.ledger, COMPOSE_FILE));
                }
            }
            written.insert(node::key(side), node::mapping(kept));
        }
        node::mapping(written)
    }
}
