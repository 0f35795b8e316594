//! The writer of `.ebextensions`: the templates of `ebextensions/`, one purpose a file.
//!
//! Every value that a template prints is a JSON scalar, which is a YAML scalar: no value can break out of
//! its place.

use super::plan::{Deferred, INSTANCE_ROLE, OptionSetting, Part, Plan, Value};
use crate::cloudformation::scalar;
use indexmap::IndexMap;
use minijinja::value::{Serde, Value as TemplateValue};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::{Value as Json, json};

const OPTIONS: &str = include_str!("../../ebextensions/10-options.config.j2");
const HOST: &str = include_str!("../../ebextensions/20-host.config.j2");
const IDENTITY: &str = include_str!("../../ebextensions/30-identity.config.j2");
const CONTAINERS: &str = include_str!("../../ebextensions/40-containers.config.j2");

/// The program that gives containers their values; it stands in the bundle as it is.
const PROGRAM: &str = include_str!("../../ebextensions/containers.py");

/// The property that tells the instance the role that reads the secrets.
const EXECUTION_ROLE: &str = "EXECUTION_ROLE_ARN";

/// The files of `.ebextensions`, by their path in the bundle.
///
/// # Errors
/// A template's own fault, in its words.
pub(super) fn render(plan: &Plan) -> Result<Vec<(String, String)>, String> {
    let mut files =
        vec![file("10-options.config", OPTIONS, &options(plan))?, file("20-host.config", HOST, &host(plan))?];
    if !plan.statements.is_empty() || !plan.secrets.is_empty() || !plan.read_secrets.is_empty() {
        files.push(file("30-identity.config", IDENTITY, &identity(plan))?);
    }
    let deferred = plan.containers.iter().any(|container| !container.deferred.is_empty());
    let environment = deferred || !plan.secrets.is_empty();
    if environment || !plan.jobs.is_empty() {
        let jobs: Vec<Json> =
            plan.jobs.iter().map(|job| json!({ "name": job.name, "from": job.from })).collect();
        files.push(file(
            "40-containers.config",
            CONTAINERS,
            &json!({ "environment": environment, "jobs": jobs }),
        )?);
        files.push((".ebextensions/containers.py".to_owned(), PROGRAM.to_owned()));
        files.push((".ebextensions/containers.json".to_owned(), settings(plan)?));
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
fn options(plan: &Plan) -> Json {
    let mut groups: IndexMap<&str, Vec<Json>> = IndexMap::new();
    for option in &plan.options {
        let OptionSetting { namespace, name, value, from } = option;
        let entry = json!({ "name": name, "value": value, "from": from });
        groups.entry(namespace.as_str()).or_default().push(entry);
    }
    for (variable, secret) in &plan.secrets {
        let value = function(&secret_arn(&secret.location));
        let entry = json!({ "name": variable, "value": value, "from": secret.name });
        groups.entry("aws:elasticbeanstalk:application:environmentsecrets").or_default().push(entry);
    }
    if !plan.secrets.is_empty() {
        let value = function(&json!({ "Fn::GetAtt": ["ExecutionRole", "Arn"] }));
        let entry = json!({ "name": EXECUTION_ROLE, "value": value, "from": "" });
        groups.entry("aws:elasticbeanstalk:application:environment").or_default().push(entry);
    }
    let groups: Vec<Json> = groups
        .into_iter()
        .map(|(namespace, options)| json!({ "namespace": namespace, "options": options }))
        .collect();
    json!({ "options": groups })
}

/// A function of CloudFormation as an option's value: JSON between backticks
/// (AWS documentation, "Adding and customizing Elastic Beanstalk environment resources").
fn function(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        function => format!("`{function}`"),
    }
}

/// The ARN of a secret: as it is, or of a name in the environment's account and region.
fn secret_arn(location: &str) -> Json {
    if location.starts_with("arn:") {
        return location.into();
    }
    json!({ "Fn::Join": [":", [
        "arn", { "Ref": "AWS::Partition" }, "secretsmanager", { "Ref": "AWS::Region" }, { "Ref": "AWS::AccountId" },
        "secret", location,
    ]] })
}

fn host(plan: &Plan) -> Json {
    let prepared = plan.volumes.iter().filter(|volume| volume.prepared);
    let volumes: Vec<Json> = prepared
        .map(|volume| {
            let owner = volume.owner.map(|(user, group)| format!("{user}:{group}"));
            json!({ "name": volume.name, "path": volume.path, "owner": owner, "from": volume.from })
        })
        .collect();
    json!({ "volumes": volumes })
}

fn identity(plan: &Plan) -> Json {
    let statements: Vec<Json> = plan
        .statements
        .iter()
        .map(|one| json!({ "actions": one.actions, "resources": one.resources, "from": one.from }))
        .collect();
    let read: Vec<Json> = plan.read_secrets.keys().map(|location| with_suffix(location)).collect();
    // A name stands for every version of the secret: its ARN ends in six more letters.
    let secrets: Vec<Json> = plan.secrets.values().map(|secret| with_suffix(&secret.location)).collect();
    let execution = (!secrets.is_empty()).then(|| json!({ "secrets": secrets }));
    json!({
        "policy": plan.environment, "role": INSTANCE_ROLE, "statements": statements, "execution": execution,
        "read": read,
    })
}

fn with_suffix(location: &str) -> Json {
    if location.starts_with("arn:") { location.into() } else { secret_arn(&format!("{location}-??????")) }
}

#[derive(Serialize)]
struct Settings<'a> {
    containers: IndexMap<&'a str, &'a Deferred>,
    #[serde(rename = "executionRole", skip_serializing_if = "Option::is_none")]
    execution_role: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    jobs: IndexMap<&'a str, JobSettings<'a>>,
}

#[derive(Serialize)]
struct JobSettings<'a> {
    image: &'a str,
    options: &'a [String],
    command: &'a [Value],
    environment: &'a IndexMap<String, Value>,
}

/// `containers.json`: what the program beside it is told.
fn settings(plan: &Plan) -> Result<String, String> {
    let deferred = plan.containers.iter().filter(|container| !container.deferred.is_empty());
    let jobs = plan.jobs.iter().map(|job| {
        let (image, options, command) = (job.image.as_str(), job.options.as_slice(), job.command.as_slice());
        (job.name.as_str(), JobSettings { image, options, command, environment: &job.environment })
    });
    let execution_role = Value(vec![Part::Property { property: EXECUTION_ROLE, encoded: false }]);
    let settings = Settings {
        containers: deferred.map(|one| (one.definition.name.as_str(), &one.deferred)).collect(),
        execution_role: (!plan.secrets.is_empty()).then_some(execution_role),
        region: plan.region.as_deref(),
        jobs: jobs.collect(),
    };
    let text = serde_json::to_string_pretty(&settings).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}
