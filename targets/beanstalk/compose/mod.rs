//! The Docker platform: the resolved manifest as a `docker-compose.yml` for Docker Compose on each instance.
//!
//! In: the [`Application`] and the resolved manifest. Out: a [`ComposeBundle`]. Invariant: what Docker Compose has is
//! copied, and the copy is the claim; what differs on an instance (public ports, files, secrets, logs, jobs) is
//! decided here, one file a concern. Every `$` that is no reference to a property of the environment is doubled.

mod builds;
mod depends_on;
mod hook;
mod jobs;
mod logging;
mod mounts;
mod networks;
mod node;
mod plain_secrets;
mod published_ports;
mod refusals;
mod secret_files;
mod services;
mod variables;
mod writer;

pub(super) use hook::{ENVIRONMENT_PROGRAM, program as environment_program};
pub(super) use jobs::JOB_PROFILE;
pub(super) use logging::LOG_GROUP_PROPERTY;
pub(super) use writer::write;

use super::plan::{BeanstalkPlan, public_services};
use crate::Compilation;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{Application, ManifestName};
use tranship_frontend::yaml::{Mapping, Node};

/// The file that Elastic Beanstalk hands to Docker Compose.
pub(super) const COMPOSE_FILE: &str = "docker-compose.yml";

/// MiB that a container is taken to need where the manifest does not say it.
const USUAL_MEMORY_MIB: u64 = 128;

/// What Docker Compose runs on each instance.
#[derive(Debug, Default)]
pub(super) struct ComposeBundle {
    /// The file.
    pub(super) root: Node,
    /// Services that the load balancer leads to.
    pub(super) public: BTreeSet<ManifestName>,
    /// Services that run once, on the leader, before the others are replaced.
    pub(super) leader_jobs: Vec<LeaderJob>,
    /// Properties of the environment that the file refers to.
    pub(super) properties: BTreeSet<String>,
    /// Those that hold another property, percent-encoded.
    pub(super) encoded: BTreeMap<String, String>,
    /// Whether containers write to the log group of the environment.
    pub(super) logs: bool,
    /// Files of other directories that secrets and configs refer to.
    sections: BTreeMap<&'static str, Mapping>,
}

/// A job that runs once in a deployment.
#[derive(Debug)]
pub(super) struct LeaderJob {
    /// The service.
    pub(super) service: ManifestName,
    /// The key path it comes from.
    pub(super) from: String,
}

/// MiB that each service is taken to need: what it reserves, else its limit, else a usual share.
pub(super) fn memory(application: &Application) -> Vec<(String, u64)> {
    let share = |bytes: u64| bytes.div_ceil(1 << 20);
    let services = application.services.values().map(|service| {
        let asked = service.resources.memory_reservation.as_ref().or(service.resources.memory_limit.as_ref());
        (service.name.to_string(), asked.map_or(USUAL_MEMORY_MIB, |at| share(at.get())))
    });
    services.collect()
}

/// Decides the file and everything that stands behind it.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let leader_jobs = jobs::leaders(application, plan, cx);
    let public = public_services(application).cloned().collect();
    let mut bundle = ComposeBundle { public, leader_jobs, ..ComposeBundle::default() };
    let mut services = Mapping::new();
    for service in application.services.values() {
        if let Some(written) = services::decide(application, service, &mut bundle, plan, cx) {
            services.insert(node::key(&service.name), node::mapping(written));
        }
    }
    let mut root = Mapping::new();
    root.insert(node::key("name"), node::text(&application.name));
    root.insert(node::key("services"), node::mapping(services));
    if plan.file_system.is_none() {
        mounts::report_folders(application, cx);
    }
    let networks = networks::networks(application, cx);
    let volumes = networks::volumes(application, plan, cx);
    for (section, entries) in [("networks", networks), ("volumes", volumes)] {
        if !entries.is_empty() {
            root.insert(node::key(section), node::mapping(entries));
        }
    }
    for (section, entries) in std::mem::take(&mut bundle.sections) {
        root.insert(node::key(section), node::mapping(entries));
    }
    bundle.root = node::mapping(root);
    plan.compose = Some(bundle);
}
