//! The writer of `.ebextensions`: the templates of `ebextensions/`, one purpose a file.
//!
//! Every value that a template prints is a JSON scalar, which is a YAML scalar: no value can break out of
//! its place.

use super::containers_json::{self, EXECUTION_ROLE};
use super::plan::{BeanstalkPlan, INSTANCE_ROLE, OptionSetting};
use indexmap::IndexMap;
use minijinja::value::{Serde, Value as TemplateValue};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value as Json, json};
use tranship_cloudformation::scalar;

const OPTIONS: &str = include_str!("../../ebextensions/10-options.config.j2");
const HOST: &str = include_str!("../../ebextensions/20-host.config.j2");
const IDENTITY: &str = include_str!("../../ebextensions/30-identity.config.j2");
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
    if !plan.statements.is_empty() || !plan.secrets.is_empty() || !plan.read_secrets.is_empty() {
        files.push(file("30-identity.config", IDENTITY, &identity(plan))?);
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
