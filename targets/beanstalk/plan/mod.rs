//! The decisions for an Elastic Beanstalk environment, complete and legal, before a file is written.
//!
//! In: the [`Application`]. Out: a [`BeanstalkPlan`], with every rule asked and every used leaf claimed.
//! Invariant: the plan holds no secret; what only the instance knows is a [`TextPart::Property`].

mod built_images;
mod container;
mod database;
mod environment_roles;
mod essential;
mod execution_role;
mod exposure;
pub(super) mod file_system;
pub(super) mod files;
mod host_volumes;
mod identity;
mod init_folders;
mod job;
pub(super) mod late_values;
mod limits;
mod links;
mod logs;
mod options;
mod placeholders;
mod processors;
mod published_tls;
mod registries;
mod single_instance;
mod stateful;
pub(super) mod values;
pub(super) mod volumes;

pub(super) use built_images::BuiltImage;
pub(super) use environment_roles::RoleNames;
pub(super) use execution_role::{ACCOUNT_PLACEHOLDER, ExecutionRole};
pub(super) use exposure::{SECURE_SHELL, listens};
pub(super) use file_system::InstanceFileSystem;
pub(super) use host_volumes::HostVolumes;
pub(super) use init_folders::{InitCommand, InitFolders};
pub(super) use late_values::{DerivedSecret, LatePart, LateValue};
pub(super) use logs::{ContainerLogs, REGION_PLACEHOLDER};
pub(super) use options::public_services;
pub(super) use registries::LoginFile;
pub(super) use stateful::most_instances;
pub(super) use values::{DatabaseValue, InstanceText, TextPart};

use crate::beanstalk::compose::{self, ComposeBundle};
use crate::beanstalk::rules;
use crate::container::ContainerPlan;
use crate::managed_database::DatabasePlan;
use crate::{Compilation, EnvironmentTag};
use indexmap::IndexMap;
use tranship_app::{
    AppService, Application, At, BehaviourEffect, JobTime, ManifestName, PlatformKind, ScheduleExpression,
    SecretPart, ServiceRole, VolumeOwner,
};
use tranship_facts::{ProcessorArchitecture, TransportProtocol};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::NodeId;

/// What is decided.
#[derive(Debug, Default)]
pub(super) struct BeanstalkPlan {
    /// What runs the containers.
    pub(super) platform: PlatformKind,
    /// The Elastic Beanstalk application.
    pub(super) application: String,
    /// The environment's name.
    pub(super) environment: String,
    /// The region, where the settings name one.
    pub(super) region: Option<String>,
    /// The account, where the settings name one.
    pub(super) account: Option<String>,
    /// The containers, in the order of the manifest.
    pub(super) containers: Vec<BeanstalkContainer>,
    /// Directories of the instance.
    pub(super) volumes: HostVolumes,
    /// What Docker Compose runs, on the Docker platform.
    pub(super) compose: Option<ComposeBundle>,
    /// Ports of the instance that public endpoints take.
    pub(super) opened: Vec<OpenedPort>,
    /// MiB that each container keeps for itself, by service.
    pub(super) memory: Vec<(String, u64)>,
    /// What the entry points of images read, where the settings ask for it.
    pub(super) init: Option<InitFolders>,
    /// What runs before the containers are replaced.
    pub(super) jobs: Vec<BeanstalkJob>,
    /// The environment's settings, in order.
    pub(super) options: Vec<OptionSetting>,
    /// What the instance's role may do.
    pub(super) statements: Vec<RoleStatement>,
    /// Secrets by the variable that takes them.
    pub(super) secrets: IndexMap<String, SecretVariable>,
    /// Secrets that the instance reads itself, by where they are.
    pub(super) read_secrets: IndexMap<SecretLocation, SecretVariable>,
    /// Secrets that secrets of the environment are put together from, by where they are.
    pub(super) source_secrets: IndexMap<SecretLocation, SecretVariable>,
    /// Properties whose values exist once the environment is created.
    pub(super) late_values: IndexMap<String, LateValue>,
    /// RDS instances among the environment's resources.
    pub(super) databases: Vec<DatabasePlan>,
    /// The roles of the environment and of its instances.
    pub(super) roles: RoleNames,
    /// The role that reads the secrets of the task.
    pub(super) execution_role: Option<ExecutionRole>,
    /// The files of `.ebextensions` and `.platform` by their paths, where `x-tranship.patch` changed them.
    pub(super) rendered: Option<Vec<(String, String)>>,
    /// Files of the project that containers mount, by their path in the bundle.
    pub(super) files: IndexMap<String, crate::project_files::ProjectFile>,
    /// What stays behind of mounted folders.
    pub(super) left_out: std::collections::BTreeSet<String>,
    /// Lines that look like passwords, of files that were added last.
    pub(super) passwords: Vec<crate::project_files::PasswordPlace>,
    /// Images that the deployment names.
    pub(super) built_images: Vec<BuiltImage>,
    /// Registries of Amazon ECR that images come from: region and name.
    pub(super) registries: std::collections::BTreeSet<(String, String)>,
    /// Whether a database belongs to the environment.
    pub(super) is_coupled: bool,
    /// The logins of registries.
    pub(super) logins: Option<LoginFile>,
    /// Where the output of the task's containers goes.
    pub(super) container_logs: Option<ContainerLogs>,
    /// Whether requests over HTTP are redirected to HTTPS.
    pub(super) redirects: bool,
    /// The tags of the environment.
    pub(super) tags: Vec<EnvironmentTag>,
    /// Whether containers use the rights of the instance.
    pub(super) uses_rights: bool,
    /// Whether the environment is one instance without a load balancer.
    pub(super) is_single: bool,
    /// Whether the environment works through a queue, without a load balancer.
    pub(super) is_worker: bool,
    /// What keeps the volumes instead of the disk of each instance.
    pub(super) file_system: Option<InstanceFileSystem>,
    /// The processor of the instances.
    pub(super) architecture: ProcessorArchitecture,
}

impl BeanstalkPlan {
    /// Whether a load balancer leads to the instances.
    pub(super) fn has_balancer(&self) -> bool {
        !self.is_single && !self.is_worker
    }
}

/// A container: what must be known now is text, the rest the instance may complete.
pub(super) type BeanstalkContainer = ContainerPlan<InstanceText, String>;

/// A directory of the instance behind a volume.
#[derive(Debug, Clone)]
pub(super) struct HostVolume {
    /// The volume's name in the task.
    pub(super) name: String,
    /// The directory; nothing for one that is empty at each start.
    pub(super) path: Option<String>,
    /// Owner and group to give it; nothing where it is not prepared.
    pub(super) owner: Option<VolumeOwner>,
    /// Whether to make it before the containers start.
    pub(super) prepared: bool,
    /// What fills it while it is empty.
    pub(super) content: Option<ImageFolder>,
    /// The key path it comes from.
    pub(super) from: String,
}

/// A folder of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageFolder {
    /// The image's reference.
    pub(super) image: String,
    /// The folder.
    pub(super) path: String,
}

/// A container that runs once, before the others are replaced.
#[derive(Debug)]
pub(super) struct BeanstalkJob {
    /// What `docker run` starts.
    pub(super) container: BeanstalkContainer,
    /// Directories of the instance that it mounts.
    pub(super) volumes: HostVolumes,
    /// The key path it comes from.
    pub(super) from: String,
}

/// A port of the instance that leads to a container.
#[derive(Debug)]
pub(super) struct OpenedPort {
    /// The service.
    pub(super) service: ManifestName,
    /// The container's port.
    pub(super) container: u16,
    /// TCP or UDP.
    pub(super) protocol: TransportProtocol,
    /// The instance's port.
    pub(super) host: u16,
    /// The port of the load balancer that leads there.
    pub(super) listener: u16,
}

/// One setting of the environment.
#[derive(Debug)]
pub(super) struct OptionSetting {
    /// Such as `aws:ec2:instances`.
    pub(super) namespace: String,
    /// Such as `InstanceTypes`.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
    /// The key path it comes from; empty for a default.
    pub(super) from: String,
}

/// One statement of the instance's role.
#[derive(Debug)]
pub(super) struct RoleStatement {
    /// Such as `s3:GetObject`.
    pub(super) actions: Vec<String>,
    /// ARNs, or `*`.
    pub(super) resources: Vec<String>,
    /// The key path it comes from.
    pub(super) from: String,
}

/// Where a secret is, as the instance and its rights know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct SecretLocation {
    /// Whether Parameter Store keeps it, not Secrets Manager.
    pub(super) parameter: bool,
    /// A name or an ARN.
    pub(super) name: String,
    /// What of it is meant.
    pub(super) part: SecretPart,
}

/// A variable that takes a secret.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SecretVariable {
    /// The secret's name in the application.
    pub(super) name: String,
    /// Where it is.
    pub(super) location: SecretLocation,
    /// Whether the deployment makes it.
    pub(super) given: bool,
}
/// Where the platform unpacks the bundle (AWS documentation, "Dockerrun.aws.json v2").
pub(super) const UNPACKED: &str = "/var/app/current";

/// Decides everything. Errors stand in the compilation's diagnostics.
pub(super) fn decide(
    application: &Application,
    platform: PlatformKind,
    cx: &mut Compilation<'_>,
) -> BeanstalkPlan {
    let region = application.settings.region.as_ref();
    let mut plan = BeanstalkPlan {
        platform,
        application: application.name.to_string(),
        environment: limits::environment_name(application),
        region: region.map(|region| cx.ledger.exact(region, "the region of the deployment").to_string()),
        ..BeanstalkPlan::default()
    };
    file_system::decide(application, &mut plan, cx);
    plan.is_coupled = application.databases.values().any(values::is_coupled);
    match platform {
        PlatformKind::Ecs => containers(application, &mut plan, cx),
        PlatformKind::Docker => plan.memory = compose::memory(application),
    }
    processors::decide(application, &mut plan, cx);
    options::decide(application, &mut plan, cx);
    exposure::decide(application, &mut plan, cx);
    published_tls::report(application, &plan, cx);
    match platform {
        PlatformKind::Ecs => {
            links::decide(application, &mut plan, cx);
            exposure::claim_ports(application, &plan, cx);
            exposure::map(&mut plan);
        }
        PlatformKind::Docker => {
            init_folders::ignore(application, cx);
            compose::decide(application, &mut plan, cx);
        }
    }
    files::report_left_out(&plan, cx);
    database::decide(application, &mut plan, cx);
    registries::decide(application, &mut plan, cx);
    identity::decide(application, &mut plan, cx);
    execution_role::decide(application, &mut plan, cx);
    logs::decide(application, &mut plan);
    placeholders::report(application, &plan, cx);
    tags(application, &mut plan, cx);
    stateful::check(application, &plan, cx);
    limits::check(application, &plan, cx);
    plan
}

/// The tags, which the deployment gives the environment: a bundle has none.
fn tags(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    for tag in &application.tags {
        cx.ledger.decided(&tag.value, "a tag of the environment");
        let Some(value) = values::known(&tag.value, application, cx) else { continue };
        plan.tags.push(EnvironmentTag { key: tag.name.to_string(), value });
    }
}

/// The containers of the task, its volumes and the jobs before it.
fn containers(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    volumes::decide(application, plan, cx);
    plan.init = init_folders::begin(application, cx);
    // Containers first: a property has the name that their variables need, and a job can be given another.
    let is_job = |service: &&AppService| matches!(service.role, ServiceRole::Job(_));
    let (jobs, services): (Vec<&AppService>, Vec<&AppService>) =
        application.services.values().partition(is_job);
    for service in services.into_iter().chain(jobs) {
        place(application, service, plan, cx);
    }
    volumes::fill(application, plan);
    late_values::check_names(application, plan, cx);
    init_folders::finish(application, plan, cx);
    job::report_beside(application, cx);
    essential::settle(application, plan, cx);
    plan.memory = limits::shares(&plan.containers);
}

/// Makes a container or a job of a service.
fn place(
    application: &Application,
    service: &AppService,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    match &service.role {
        ServiceRole::Service | ServiceRole::Init { .. } | ServiceRole::Sidecar { .. } => {
            container::decide(application, service, plan, cx);
        }
        ServiceRole::Job(_) if job::runs_beside(application, service) => {
            container::decide(application, service, plan, cx);
        }
        ServiceRole::Job(job) => match &job.when {
            JobTime::BeforeDeploy => job::decide(application, service, plan, cx),
            JobTime::Manual => {
                let reason = "manual jobs are not part of an environment: run the image yourself";
                cx.ledger.ignored(&service.node, reason, BehaviourEffect::ChangesBehaviour);
            }
            JobTime::Schedule(schedule) => refuse_schedule(service, schedule, cx),
        },
    }
}

/// Refuses a job with a schedule; the whole service goes with it.
pub(super) fn refuse_schedule(
    service: &AppService,
    schedule: &At<ScheduleExpression>,
    cx: &mut Compilation<'_>,
) {
    cx.ledger.rejected(&service.node, "a web environment has no scheduler");
    cx.ledger.rejected(schedule, "a web environment has no scheduler");
    let message = format!("job `{}` has a schedule, but a web environment has no scheduler", service.name);
    cx.diagnostics.push(
        Diagnostic::new(&rules::SCHEDULED_JOB, message)
            .at(schedule.origin)
            .service(&*service.name)
            .help(format!("remove `{}` from this environment with `skip`", service.name)),
    );
}

/// The name that a service has in the task: letters, digits, `-` and `_` (Amazon ECS, container definition).
pub(super) fn container_name(name: &str) -> String {
    name.replace('.', "-dot-")
}

/// The key path of a node, for a comment.
pub(super) fn path(cx: &Compilation<'_>, node: NodeId) -> String {
    cx.keys.path(&node)
}
