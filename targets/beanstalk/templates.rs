//! The writer of `.ebextensions`: the templates of `ebextensions/`, one purpose a file.
//!
//! Every value that a template prints is a JSON scalar, which is a YAML scalar: no value can break out of
//! its place.

use super::compose::{self, ComposeBundle, ENVIRONMENT_PROGRAM, JOB_PROFILE, LOG_GROUP_PROPERTY};
use super::instance_json;
use super::plan::file_system::FILE_SYSTEM_PROPERTY;
use super::plan::volumes::VOLUMES;
use super::plan::{
    BeanstalkPlan, ContainerLogs, InitFolders, InstanceFileSystem, OptionSetting, SecretLocation,
    SecretVariable,
};
use super::resources::{self, ResourceValue};
use indexmap::{IndexMap, IndexSet};
use minijinja::value::{Serde, Value as TemplateValue};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value as Json, json};
use tranship_app::{PlatformKind, is_whole_secret_arn};
use tranship_cloudformation::scalar;

const OPTIONS: &str = include_str!("../../ebextensions/10-options.config.j2");
const HOST: &str = include_str!("../../ebextensions/20-host.config.j2");
const IDENTITY: &str = include_str!("../../ebextensions/30-identity.config.j2");
const JOBS: &str = include_str!("../../ebextensions/40-jobs.config.j2");
const DATABASES: &str = include_str!("../../ebextensions/25-databases.config.j2");
const SECRETS: &str = include_str!("../../ebextensions/26-secrets.config.j2");
const FILE_SYSTEM: &str = include_str!("../../ebextensions/24-file-system.config.j2");
const REDIRECT: &str = include_str!("../../ebextensions/28-redirect.config");
const TASK_JOBS: &str = include_str!("../../ebextensions/40-task-jobs.config.j2");

/// The program that runs jobs and fills volumes; it stands in the bundle as it is.
const PROGRAM: &str = include_str!("../../ebextensions/instance.py");

/// The hook that has it fill volumes.
const VOLUMES_HOOK: &str = include_str!("../../ebextensions/prebuild-volumes.sh");

/// The hook that has it write what entry points read.
const INIT_HOOK: &str = include_str!("../../ebextensions/prebuild-init.sh");

/// The namespace of properties.
const PROPERTIES: &str = "aws:elasticbeanstalk:application:environment";

/// The namespace of properties that take secrets.
const SECRET_PROPERTIES: &str = "aws:elasticbeanstalk:application:environmentsecrets";

/// The files of `.ebextensions`, by their path in the bundle.
///
/// # Errors
/// A template's own fault, in its words.
pub(super) fn render(plan: &BeanstalkPlan) -> Result<Vec<(String, String)>, String> {
    let mut files =
        vec![file("10-options.config", OPTIONS, &options(plan))?, file("20-host.config", HOST, &host(plan))?];
    if let Some(system) = plan.file_system.as_ref().filter(|system| system.id.is_none()) {
        files.push(file("24-file-system.config", FILE_SYSTEM, &file_system(system))?);
    }
    if !plan.databases.is_empty() {
        files.push(file("25-databases.config", DATABASES, &resources::databases(plan))?);
    }
    let derived = resources::derived_secrets(plan);
    if !derived.is_empty() {
        files.push(file("26-secrets.config", SECRETS, &json!({ "secrets": derived }))?);
    }
    if plan.redirects {
        files.push((".ebextensions/28-redirect.config".to_owned(), REDIRECT.to_owned()));
    }
    if has_rights(plan) {
        files.push(file("30-identity.config", IDENTITY, &identity(plan))?);
    }
    if let Some(compose) = &plan.compose {
        if !compose.leader_jobs.is_empty() {
            files.push(file("40-jobs.config", JOBS, &jobs(plan, compose))?);
        }
        let program = compose::environment_program(compose)?;
        files.extend(program.into_iter().map(|(path, text)| (path.to_owned(), text)));
        return Ok(files);
    }
    let commands: Vec<&str> = plan
        .init
        .iter()
        .flat_map(InitFolders::iter)
        .flat_map(|(_, folder)| folder.commands.iter().map(|command| command.from.as_str()))
        .collect();
    if !plan.jobs.is_empty() || !commands.is_empty() {
        let jobs: Vec<Json> =
            plan.jobs.iter().map(|job| json!({ "name": job.container.name, "from": job.from })).collect();
        let context = json!({ "jobs": jobs, "commands": commands });
        files.push(file("40-jobs.config", TASK_JOBS, &context)?);
    }
    let fills = instance_json::fills_volumes(plan);
    if fills {
        files.push((".platform/hooks/prebuild/10_volumes.sh".to_owned(), VOLUMES_HOOK.to_owned()));
    }
    let has_folders = plan.init.as_ref().is_some_and(|init| init.iter().next().is_some());
    if has_folders {
        let hooks = [".platform/hooks/prebuild/20_init.sh", ".platform/confighooks/prebuild/20_init.sh"];
        files.extend(hooks.map(|path| (path.to_owned(), INIT_HOOK.to_owned())));
    }
    if fills || has_folders || !plan.jobs.is_empty() {
        files.push((".ebextensions/instance.py".to_owned(), PROGRAM.to_owned()));
        files.push((".ebextensions/instance.json".to_owned(), instance_json::write(plan)?));
    }
    Ok(files)
}

/// Whether the environment adds to what its instances may do.
fn has_rights(plan: &BeanstalkPlan) -> bool {
    let logs = plan.compose.as_ref().is_some_and(|compose| compose.logs);
    let secrets = resources::secret_ids(plan);
    logs || plan.container_logs.is_some()
        || plan.uses_rights
        || !plan.statements.is_empty()
        || !plan.secrets.is_empty()
        || !plan.read_secrets.is_empty()
        || !secrets.is_empty()
}

fn file(name: &str, template: &str, context: &Json) -> Result<(String, String), String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Json);
    environment.add_filter("comment", comment);
    let text = environment
        .render_named_str(name, template, TemplateValue::from(Serde(context)))
        .map_err(|error| format!("{name}: {error:#}"))?;
    Ok((format!(".ebextensions/{name}"), scalar::escaped(text.trim_end()) + "\n"))
}

/// A key path in a comment: on one line, whatever a key holds.
fn comment(text: &str) -> TemplateValue {
    TemplateValue::from_safe_string(scalar::comment(text).into_owned())
}

/// The settings by namespace, in the order in which namespaces first come.
fn options(plan: &BeanstalkPlan) -> Json {
    let mut groups: IndexMap<&str, Vec<Json>> = IndexMap::new();
    for option in &plan.options {
        let OptionSetting { namespace, name, value, from } = option;
        let entry = json!({ "name": name, "value": value, "from": from });
        groups.entry(namespace.as_str()).or_default().push(entry);
    }
    for (variable, secret) in &plan.secrets {
        let value = function(&secret_arn(&secret.location, &suffix(plan, secret)));
        let entry = json!({ "name": variable, "value": value, "from": secret.name });
        groups.entry(SECRET_PROPERTIES).or_default().push(entry);
    }
    for (name, value) in &plan.late_values {
        let (namespace, value) = match resources::property(value, plan.platform) {
            ResourceValue::Text(value) => (PROPERTIES, value),
            ResourceValue::Secret(value) => (SECRET_PROPERTIES, value),
        };
        let entry = json!({ "name": name, "value": function(&value), "from": "" });
        groups.entry(namespace).or_default().push(entry);
    }
    if plan.file_system.as_ref().is_some_and(|system| system.id.is_none()) {
        let value = function(&json!({ "Ref": "FileSystem" }));
        let entry = json!({ "name": FILE_SYSTEM_PROPERTY, "value": value, "from": "" });
        groups.entry(PROPERTIES).or_default().push(entry);
    }
    if plan.compose.as_ref().is_some_and(|compose| compose.logs) {
        let value = function(&json!({ "Ref": "ContainerLogs" }));
        let entry = json!({ "name": LOG_GROUP_PROPERTY, "value": value, "from": "" });
        groups.entry(PROPERTIES).or_default().push(entry);
    }
    let groups: Vec<Json> = groups
        .into_iter()
        .map(|(namespace, options)| json!({ "namespace": namespace, "options": options }))
        .collect();
    json!({ "options": groups })
}

/// What of a secret is meant, at the end of its ARN: a task definition's form on the ECS platform, where Amazon ECS reads
/// it, and a key alone elsewhere (AWS documentation, "Fetching secrets and parameters to Elastic Beanstalk environment
/// variables").
fn suffix(plan: &BeanstalkPlan, secret: &SecretVariable) -> String {
    let part = &secret.location.part;
    match (plan.platform, &part.key) {
        (PlatformKind::Ecs, _) => part.suffix(),
        (PlatformKind::Docker, Some(key)) => format!(":{key}"),
        (PlatformKind::Docker, None) => String::new(),
    }
}

/// What the jobs on the leader need.
fn jobs(plan: &BeanstalkPlan, compose: &ComposeBundle) -> Json {
    let jobs = compose.leader_jobs.iter().zip(1..).map(|(job, place)| {
        let order = format!("{place:02}");
        json!({ "name": &*job.service, "order": order, "from": job.from })
    });
    let registries =
        plan.registries.iter().map(|(region, registry)| json!({ "region": region, "name": registry }));
    json!({
        "jobs": jobs.collect::<Vec<_>>(), "registries": registries.collect::<Vec<_>>(), "profile": JOB_PROFILE,
        "program": (!compose.properties.is_empty()).then_some(ENVIRONMENT_PROGRAM),
    })
}

/// A function of CloudFormation as an option's value: JSON between backticks
/// (AWS documentation, "Adding and customizing Elastic Beanstalk environment resources").
pub(super) fn function(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        function => format!("`{function}`"),
    }
}

/// The ARN of a secret or parameter, with an end: as it is, or of a name in the environment's account and region.
fn secret_arn(location: &SecretLocation, end: &str) -> Json {
    let name = &location.name;
    if name.starts_with("arn:") {
        return format!("{name}{end}").into();
    }
    let (service, resource) = match location.parameter {
        // The slash of a hierarchy is the one behind `parameter`.
        true => ("ssm", vec![format!("parameter/{}{end}", name.trim_start_matches('/'))]),
        false => ("secretsmanager", vec!["secret".to_owned(), format!("{name}{end}")]),
    };
    let mut parts = vec![
        json!("arn"),
        json!({ "Ref": "AWS::Partition" }),
        json!(service),
        json!({ "Ref": "AWS::Region" }),
        json!({ "Ref": "AWS::AccountId" }),
    ];
    parts.extend(resource.into_iter().map(Json::from));
    json!({ "Fn::Join": [":", parts] })
}

fn host(plan: &BeanstalkPlan) -> Json {
    let prepared = plan.volumes.iter().filter(|volume| volume.prepared);
    let volumes: Vec<Json> = prepared
        .map(|volume| {
            let owner = volume.owner.map(|owner| owner.to_string());
            json!({ "name": volume.name, "path": volume.path, "owner": owner, "from": volume.from })
        })
        .collect();
    let logs = plan
        .container_logs
        .as_ref()
        .map(|logs| json!({ "group": logs.group, "days": logs.days, "region": plan.region }));
    let file_system =
        plan.file_system.as_ref().map(|it| json!({ "from": it.from, "command": mount_command(it) }));
    json!({
        "volumes": volumes, "uses_rights": plan.uses_rights, "logs": logs, "file_system": file_system,
    })
}

/// The resources of a file system that is made with the environment.
fn file_system(system: &InstanceFileSystem) -> Json {
    let mount = |subnet: &String| {
        let letters: String = subnet.chars().filter(char::is_ascii_alphanumeric).collect();
        json!({ "id": format!("MountTarget{letters}"), "subnet": subnet })
    };
    let mounts: Vec<Json> = system.subnets.iter().map(mount).collect();
    json!({ "from": system.from, "vpc": system.vpc, "mounts": mounts })
}

/// Mounts the file system over TLS where the directories of the volumes are, now and after a restart of the instance.
fn mount_command(system: &InstanceFileSystem) -> String {
    let id = match &system.id {
        Some(id) => id.clone(),
        None => format!("$(/opt/elasticbeanstalk/bin/get-config environment -k {FILE_SYSTEM_PROPERTY})"),
    };
    format!(
        "set -e; mkdir --parents {VOLUMES}; grep --quiet ' {VOLUMES} efs ' /etc/fstab || echo \"{id}:/ {VOLUMES} efs _netdev,tls 0 0\" >> /etc/fstab; mountpoint --quiet {VOLUMES} || mount {VOLUMES}"
    )
}

fn identity(plan: &BeanstalkPlan) -> Json {
    let statements: Vec<Json> = plan
        .statements
        .iter()
        .map(|one| json!({ "actions": one.actions, "resources": one.resources, "from": one.from }))
        .collect();
    let of_variables = || plan.secrets.values().map(|secret| &secret.location);
    let own = resources::secret_ids(plan);
    // The instance reads every one: some for jobs, the others to give them to the environment.
    let read = readable(plan.read_secrets.keys().chain(of_variables()), &own);
    let execution = plan.execution_role.as_ref().map(|role| {
        let ReadableSecrets { secrets, parameters } = readable(of_variables(), &own);
        json!({ "role": role.name, "arn": role_arn(&role.name), "secrets": secrets, "parameters": parameters })
    });
    let retention = plan.options.iter().find(|option| option.name == "RetentionInDays");
    let logs = plan.compose.as_ref().is_some_and(|compose| compose.logs);
    let days = |option: &OptionSetting| option.value.parse::<u32>().ok();
    let logs = retention.filter(|_| logs).map(|option| json!({ "days": days(option), "from": option.from }));
    json!({
        "policy": plan.environment, "role": plan.roles.instance, "statements": statements, "execution": execution,
        "read": read, "logs": logs, "task_logs": plan.container_logs.as_ref().map(log_arns),
        "uses_rights": plan.uses_rights, "environment": plan.environment,
    })
}

/// The ARN of a role of the account, where CloudFormation knows the account.
fn role_arn(name: &str) -> Json {
    let account = json!({ "Ref": "AWS::AccountId" });
    let resource = format!("role/{name}");
    json!({ "Fn::Join": [":", ["arn", { "Ref": "AWS::Partition" }, "iam", "", account, resource]] })
}

/// The ARNs of a log group and of its streams.
fn log_arns(logs: &ContainerLogs) -> Vec<Json> {
    let place = |end: &str| {
        let parts = json!([
            "arn", { "Ref": "AWS::Partition" }, "logs", { "Ref": "AWS::Region" }, { "Ref": "AWS::AccountId" },
            "log-group", format!("{}{end}", logs.group),
        ]);
        json!({ "Fn::Join": [":", parts] })
    };
    vec![place(""), place(":*")]
}

/// ARNs by the action that reads them.
#[derive(serde::Serialize)]
struct ReadableSecrets {
    secrets: Vec<Json>,
    parameters: Vec<Json>,
}

/// What is read, by the action that reads it: secrets by where they are, and those of the environment by their ids.
fn readable<'l>(locations: impl Iterator<Item = &'l SecretLocation>, own: &[String]) -> ReadableSecrets {
    let (parameters, secrets): (IndexSet<&SecretLocation>, IndexSet<&SecretLocation>) =
        locations.partition(|location| location.parameter);
    let arns = |found: IndexSet<&SecretLocation>| -> IndexSet<String> {
        found.into_iter().map(|location| with_suffix(location).to_string()).collect()
    };
    let json = |arns: IndexSet<String>| -> Vec<Json> {
        arns.iter().filter_map(|arn| serde_json::from_str(arn).ok()).collect()
    };
    let references = own.iter().map(|id| json!({ "Ref": id }));
    let secrets: Vec<Json> = json(arns(secrets)).into_iter().chain(references).collect();
    ReadableSecrets { secrets, parameters: json(arns(parameters)) }
}

/// A name stands for every version of the secret: its ARN ends in six more letters.
fn with_suffix(location: &SecretLocation) -> Json {
    let whole = location.parameter || is_whole_secret_arn(&location.name);
    secret_arn(location, if whole { "" } else { "-??????" })
}
