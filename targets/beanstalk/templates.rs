//! The writer of `.ebextensions`: the templates of `ebextensions/`, one purpose a file.
//!
//! Every value that a template prints is a JSON scalar, which is a YAML scalar: no value can break out of
//! its place.

use super::compose::{self, ComposeBundle, ENVIRONMENT_PROGRAM, JOB_PROFILE, LOG_GROUP_PROPERTY};
use super::containers_json::{self, EXECUTION_ROLE};
use super::plan::{BeanstalkPlan, INSTANCE_ROLE, OptionSetting, SecretLocation};
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
const CONTAINERS: &str = include_str!("../../ebextensions/40-containers.config.j2");

/// The program that gives containers their values; it stands in the bundle as it is.
const PROGRAM: &str = include_str!("../../ebextensions/containers.py");

/// The files of `.ebextensions`, by their path in the bundle.
///
/// # Errors
/// A template's own fault, in its words.
pub(super) fn render(plan: &BeanstalkPlan) -> Result<Vec<(String, String)>, String> {
    let mut files =
        vec![file("10-options.config", OPTIONS, &options(plan))?, file("20-host.config", HOST, &host(plan))?];
    let logs = plan.compose.as_ref().is_some_and(|compose| compose.logs);
    if logs || !plan.statements.is_empty() || !plan.secrets.is_empty() || !plan.read_secrets.is_empty() {
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
    let environment = containers_json::completes_containers(plan) || !plan.secrets.is_empty();
    if environment || !plan.jobs.is_empty() {
        let jobs: Vec<Json> =
            plan.jobs.iter().map(|job| json!({ "name": job.container.name, "from": job.from })).collect();
        files.push(file(
            "40-containers.config",
            CONTAINERS,
            &json!({ "environment": environment, "jobs": jobs }),
        )?);
        files.push((".ebextensions/containers.py".to_owned(), PROGRAM.to_owned()));
        files.push((".ebextensions/containers.json".to_owned(), containers_json::write(plan)?));
    }
    Ok(files)
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
    TemplateValue::from_safe_string(scalar::comment(text))
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
        // Amazon ECS reads it, so its part is written as in a task definition.
        let value = function(&secret_arn(&secret.location, &secret.location.part.suffix()));
        let entry = json!({ "name": variable, "value": value, "from": secret.name });
        groups.entry("aws:elasticbeanstalk:application:environmentsecrets").or_default().push(entry);
    }
    for (name, value) in references(plan) {
        let entry = json!({ "name": name, "value": function(&value), "from": "" });
        groups.entry("aws:elasticbeanstalk:application:environment").or_default().push(entry);
    }
    let groups: Vec<Json> = groups
        .into_iter()
        .map(|(namespace, options)| json!({ "namespace": namespace, "options": options }))
        .collect();
    json!({ "options": groups })
}

/// Properties that refer to resources of the environment.
fn references(plan: &BeanstalkPlan) -> Vec<(&'static str, Json)> {
    match &plan.compose {
        Some(compose) if compose.logs => vec![(LOG_GROUP_PROPERTY, json!({ "Ref": "ContainerLogs" }))],
        None if !plan.secrets.is_empty() => {
            vec![(EXECUTION_ROLE, json!({ "Fn::GetAtt": ["ExecutionRole", "Arn"] }))]
        }
        _ => Vec::new(),
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
fn function(value: &Json) -> String {
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
    json!({ "volumes": volumes })
}

fn identity(plan: &BeanstalkPlan) -> Json {
    let statements: Vec<Json> = plan
        .statements
        .iter()
        .map(|one| json!({ "actions": one.actions, "resources": one.resources, "from": one.from }))
        .collect();
    let of_variables = || plan.secrets.values().map(|secret| &secret.location);
    // The instance reads every one: some for longer values and jobs, the others to give them to the environment.
    let read = readable(plan.read_secrets.keys().chain(of_variables()));
    let is_task = plan.platform == PlatformKind::Ecs;
    let execution = (is_task && !plan.secrets.is_empty()).then(|| readable(of_variables()));
    let retention = plan.options.iter().find(|option| option.name == "RetentionInDays");
    let logs = plan.compose.as_ref().is_some_and(|compose| compose.logs);
    let days = |option: &OptionSetting| option.value.parse::<u32>().ok();
    let logs = retention.filter(|_| logs).map(|option| json!({ "days": days(option), "from": option.from }));
    json!({
        "policy": plan.environment, "role": INSTANCE_ROLE, "statements": statements, "execution": execution,
        "read": read, "logs": logs,
    })
}

/// What is read, by the action that reads it.
fn readable<'l>(locations: impl Iterator<Item = &'l SecretLocation>) -> Json {
    let (parameters, secrets): (IndexSet<&SecretLocation>, IndexSet<&SecretLocation>) =
        locations.partition(|location| location.parameter);
    let arns = |found: IndexSet<&SecretLocation>| -> IndexSet<String> {
        found.into_iter().map(|location| with_suffix(location).to_string()).collect()
    };
    let json = |arns: IndexSet<String>| -> Vec<Json> {
        arns.iter().filter_map(|arn| serde_json::from_str(arn).ok()).collect()
    };
    json!({ "secrets": json(arns(secrets)), "parameters": json(arns(parameters)) })
}

/// A name stands for every version of the secret: its ARN ends in six more letters.
fn with_suffix(location: &SecretLocation) -> Json {
    let whole = location.parameter || is_whole_secret_arn(&location.name);
    secret_arn(location, if whole { "" } else { "-??????" })
}
