//! The folder that the entry point of an image reads when its container starts: its variables, and commands to run first.
//!
//! By choice (`init`), for images that are built so. Elastic Beanstalk registers the task before anything runs on an
//! instance, but a directory of the instance is mounted when a container starts. So the folder can keep apart what
//! properties of the whole environment cannot: two values under one name, and values that only an instance can put
//! together.
//!
//! Out: [`InitFolders`]. Invariant: it has a folder for each container that a file is written for, and for no other.

use super::late_values::{self, LateVariable, database_property};
use super::values::{InstanceText, ReadSecret, TextPart, VariableValue};
use super::{BeanstalkContainer, BeanstalkJob, BeanstalkPlan, HostVolume, container_name, job, path};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::container::MountPoint;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{AppService, Application, BehaviourEffect, ManifestName, ServiceRole, Text, TextPiece};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// The directories of an instance, one for each container.
const DIRECTORY: &str = "/opt/init";

/// The folders of an environment's containers.
#[derive(Debug)]
pub(in crate::beanstalk) struct InitFolders {
    /// Where a container has its folder.
    target: String,
    /// The key path of the setting.
    from: String,
    origin: Origin,
    /// Names of variables that have several values in the application.
    contested: BTreeSet<String>,
    folders: IndexMap<String, InitFolder>,
}

/// What the folder of a container holds.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::beanstalk) struct InitFolder {
    /// Its variables whose values exist at deployment.
    pub(in crate::beanstalk) environment: IndexMap<String, InstanceText>,
    /// What runs before its own command, on the leader.
    pub(in crate::beanstalk) commands: Vec<InitCommand>,
}

/// A job that runs inside a container of the same image.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::beanstalk) struct InitCommand {
    /// The key path of the job.
    pub(in crate::beanstalk) from: String,
    /// The variables that it has and the container has not, or with another value.
    pub(in crate::beanstalk) environment: IndexMap<String, InstanceText>,
    /// The words of its command.
    pub(in crate::beanstalk) words: Vec<InstanceText>,
}

impl InitFolders {
    /// The folders: the directory on the instance, and what is in it.
    pub(in crate::beanstalk) fn iter(&self) -> impl Iterator<Item = (String, &InitFolder)> {
        self.folders.iter().map(|(container, folder)| (directory(container), folder))
    }

    /// Every text of a folder.
    pub(super) fn texts(&self) -> impl Iterator<Item = &InstanceText> {
        self.folders.values().flat_map(|folder| {
            let commands = folder.commands.iter();
            let of_commands = commands.flat_map(|it| it.environment.values().chain(&it.words));
            folder.environment.values().chain(of_commands)
        })
    }

    fn of(&mut self, container: &str) -> &mut InitFolder {
        self.folders.entry(container.to_owned()).or_default()
    }
}

fn directory(container: &str) -> String {
    format!("{DIRECTORY}/{container}")
}

/// Begins the folders, where the settings ask for them.
pub(super) fn begin(application: &Application, cx: &mut Compilation<'_>) -> Option<InitFolders> {
    let asked = application.settings.init.as_ref()?;
    let target = cx.ledger.exact(asked, "the mount point of the folders").to_string();
    Some(InitFolders {
        target,
        from: path(cx, asked.node),
        origin: asked.origin,
        contested: contested(application),
        folders: IndexMap::new(),
    })
}

/// On the Docker platform, properties and jobs do what the folder is for.
pub(super) fn ignore(application: &Application, cx: &mut Compilation<'_>) {
    if let Some(asked) = &application.settings.init {
        let reason = "Docker Compose gives each container its own values and runs the jobs first";
        cx.ledger.ignored(asked, reason, BehaviourEffect::Equivalent);
    }
}

/// The names under which services have different values.
fn contested(application: &Application) -> BTreeSet<String> {
    let mut first: BTreeMap<&str, &Text> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for service in application.services.values() {
        for (name, variable) in &service.container.environment {
            let Some(text) = variable.set().map(|set| set.peek()) else { continue };
            let other = first.entry(name).or_insert(text);
            if !is_same(other, text) {
                found.insert(name.to_string());
            }
        }
    }
    found
}

/// Equal, wherever it stands.
fn is_same(one: &Text, other: &Text) -> bool {
    let pieces =
        |text: &Text| -> Vec<TextPiece> { text.segments.iter().map(|it| it.piece.clone()).collect() };
    pieces(one) == pieces(other)
}

/// Notes a value in the container's folder. True where the folder alone has it: under a name that other containers give
/// another value, and what no property can hold.
pub(super) fn keeps_apart(
    variable: LateVariable<'_>,
    value: &VariableValue,
    plan: &mut BeanstalkPlan,
) -> bool {
    let container = container_name(&variable.service.name);
    let Some(init) = plan.init.as_mut().filter(|_| is_shell_name(variable.name)) else { return false };
    let has_property = match value {
        VariableValue::Text(text) => late_values::can_be_property(text),
        VariableValue::Secret(_) => true,
    };
    let apart = !has_property || init.contested.contains(variable.name);
    let held = match value {
        _ if !apart => of_property(variable.name),
        VariableValue::Text(text) => InstanceText(text.0.iter().map(|part| resolved(part, plan)).collect()),
        VariableValue::Secret(secret) => {
            InstanceText(vec![TextPart::Secret(ReadSecret::at(secret.location.clone()))])
        }
    };
    if let Some(init) = &mut plan.init {
        init.of(&container).environment.insert(variable.name.to_owned(), held);
    }
    apart
}

fn of_property(name: &str) -> InstanceText {
    InstanceText(vec![TextPart::Property { property: name.to_owned(), encoded: false }])
}

/// A part as an instance reads it: a property has what only resources know.
fn resolved(part: &TextPart, plan: &mut BeanstalkPlan) -> TextPart {
    match part {
        TextPart::Database(value) => {
            TextPart::Property { property: database_property(value, plan), encoded: false }
        }
        other => other.clone(),
    }
}

/// A name that a shell can give a value (POSIX, "Environment Variable Definition").
fn is_shell_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(letter) && !name.bytes().next().is_none_or(|byte| byte.is_ascii_digit())
}

/// Has jobs that run in the image of a service run in its container, and mounts the folders.
pub(super) fn finish(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let Some(mut init) = plan.init.take() else { return };
    for planned in std::mem::take(&mut plan.jobs) {
        let job = application
            .services
            .values()
            .find(|service| container_name(&service.name) == planned.container.name);
        let host = job.and_then(|job| host(job, &planned, application, plan));
        let (Some(job), Some(host)) = (job, host) else {
            plan.jobs.push(planned);
            continue;
        };
        settle_waiting(job, host, application, cx);
        let container = plan.containers.iter().find(|it| it.name == container_name(&host.name));
        let folder = init.of(&container_name(&host.name));
        let environment = planned
            .container
            .environment
            .iter()
            .filter(|(name, text)| {
                let known = container.and_then(|it| it.environment.get(*name));
                known.or(folder.environment.get(*name)).is_none_or(|held| !is_equal(held, text, plan))
            })
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        let words = planned.container.command.clone();
        folder.commands.push(InitCommand { from: planned.from, environment, words });
    }
    mount(&init, application, plan, cx);
    plan.init = Some(init);
}

/// The service whose container can run the job's command: same image, user, directory and volumes. One that waits for the
/// job comes first.
fn host<'a>(
    job: &AppService,
    planned: &BeanstalkJob,
    application: &'a Application,
    plan: &BeanstalkPlan,
) -> Option<&'a AppService> {
    let can = |service: &&AppService| {
        let name = container_name(&service.name);
        matches!(service.role, ServiceRole::Service)
            && plan.containers.iter().any(|it| it.name == name && fits(planned, it, plan))
    };
    let waits = |service: &&AppService| service.dependencies.iter().any(|it| it.on == job.name);
    let fitting: Vec<&AppService> = application.services.values().filter(can).collect();
    fitting.iter().find(|service| waits(service)).or(fitting.first()).copied()
}

fn fits(job: &BeanstalkJob, container: &BeanstalkContainer, plan: &BeanstalkPlan) -> bool {
    let asked = &job.container;
    let is_mounted = |mount: &MountPoint| {
        let (own, shared) = (job.volumes.named(&mount.volume), plan.volumes.named(&mount.volume));
        let directory = |volume: Option<&HostVolume>| volume.and_then(|volume| volume.path.clone());
        directory(own).is_some() && directory(own) == directory(shared) && container.mounts.contains(mount)
    };
    !asked.command.is_empty()
        && asked.entrypoint == container.entrypoint
        && asked.image == container.image
        && asked.user == container.user
        && asked.working_dir == container.working_dir
        && asked.environment.keys().all(|name| is_shell_name(name))
        && asked.mounts.iter().all(is_mounted)
}

/// The same value: a secret is the same whether a property has it or the instance reads it.
fn is_equal(held: &InstanceText, asked: &InstanceText, plan: &BeanstalkPlan) -> bool {
    match (held.0.as_slice(), asked.0.as_slice()) {
        ([TextPart::Property { property, .. }], [TextPart::Secret(read)]) => {
            plan.secrets.get(property).is_some_and(|secret| secret.location == read.location())
        }
        _ => held == asked,
    }
}

/// Says where the job runs, and who no longer waits for it.
fn settle_waiting(job: &AppService, host: &AppService, application: &Application, cx: &mut Compilation<'_>) {
    let place = format!("the commands that `{}` runs first", host.name);
    let on = |name: &ManifestName, service: &AppService| service.dependencies.iter().any(|it| it.on == *name);
    for service in application.services.values() {
        let waits = || service.dependencies.iter().filter(|it| it.on == job.name);
        for dependency in waits() {
            cx.ledger.placed(&dependency.node, job::BEFORE_THE_CONTAINERS, place.clone());
        }
        let starts_early = service.name != host.name
            && !matches!(service.role, ServiceRole::Job(_))
            && !on(&host.name, service);
        if let Some(dependency) = waits().next().filter(|_| starts_early) {
            let message = format!(
                "`{}` starts without waiting for `{}`, which runs in the container of `{}`",
                service.name, job.name, host.name
            );
            cx.diagnostics.push(
                Diagnostic::new(&rules::INIT_ORDER, message)
                    .at(dependency.condition.origin)
                    .service(&*service.name)
                    .help(format!("let it wait for `{}` with `condition: service_healthy`", host.name)),
            );
        }
    }
}

/// Mounts each folder in its container.
fn mount(init: &InitFolders, application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let below = format!("{}/", init.target);
    for name in init.folders.keys() {
        let Some(container) = plan.containers.iter_mut().find(|it| it.name == *name) else { continue };
        if container.mounts.iter().any(|it| it.path == init.target || it.path.starts_with(&below)) {
            let message = format!("`{name}` mounts a volume of its own at `{}`", init.target);
            let service = application.services.values().find(|it| container_name(&it.name) == *name);
            let mounted = Diagnostic::new(&rules::INIT_MOUNT, message).at(init.origin);
            let placed = match service {
                Some(service) => mounted.label(service.origin, "this service").service(&*service.name),
                None => mounted,
            };
            cx.diagnostics.push(placed.help("choose another path for `init`"));
            continue;
        }
        let numbered = (2u32..).map(|number| format!("init-{name}-{number}"));
        let mut names = std::iter::once(format!("init-{name}")).chain(numbered);
        let Some(volume) = names.find(|name| plan.volumes.named(name).is_none()) else { continue };
        container.mounts.push(MountPoint {
            volume: volume.clone(),
            path: init.target.clone(),
            read_only: true,
        });
        plan.volumes.push(HostVolume {
            name: volume,
            path: Some(directory(name)),
            owner: None,
            prepared: false,
            content: None,
            from: init.from.clone(),
        });
    }
}
