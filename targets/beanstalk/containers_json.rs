//! The writer of `containers.json`: what only the instance knows of containers, and how jobs run.

use super::docker_run;
use super::plan::{BeanstalkContainer, BeanstalkJob, BeanstalkPlan, InstanceText, TextPart};
use indexmap::IndexMap;
use serde::Serialize;

/// The property that tells the instance the role that reads the secrets.
pub(super) const EXECUTION_ROLE: &str = "EXECUTION_ROLE_ARN";

/// What the program beside it is told.
#[derive(Serialize)]
struct ContainersFile<'a> {
    containers: IndexMap<&'a str, IncompleteContainer<'a>>,
    #[serde(rename = "executionRole", skip_serializing_if = "Option::is_none")]
    execution_role: Option<InstanceText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    jobs: IndexMap<&'a str, JobSettings<'a>>,
}

/// What `Dockerrun.aws.json` lacks of a container.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncompleteContainer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_point: Option<&'a [InstanceText]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a [InstanceText]>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    environment: IndexMap<&'a str, &'a InstanceText>,
}

#[derive(Serialize)]
struct JobSettings<'a> {
    image: &'a str,
    options: Vec<InstanceText>,
    command: Vec<&'a InstanceText>,
    environment: &'a IndexMap<String, InstanceText>,
}

/// Whether a container has a value that only the instance knows.
pub(super) fn completes_containers(plan: &BeanstalkPlan) -> bool {
    plan.containers.iter().any(|container| incomplete(container).is_some())
}

/// The file's text.
///
/// # Errors
/// Never for a plan; the serializer's own words.
pub(super) fn write(plan: &BeanstalkPlan) -> Result<String, String> {
    let named = |container| Some((container_name(container), incomplete(container)?));
    let execution_role = InstanceText(vec![TextPart::Property { property: EXECUTION_ROLE, encoded: false }]);
    let settings = ContainersFile {
        containers: plan.containers.iter().filter_map(named).collect(),
        execution_role: (!plan.secrets.is_empty()).then_some(execution_role),
        region: plan.region.as_deref(),
        jobs: plan.jobs.iter().map(|job| (container_name(&job.container), settings_of(job))).collect(),
    };
    let text = serde_json::to_string_pretty(&settings).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

fn container_name(container: &BeanstalkContainer) -> &str {
    &container.name
}

/// What is not known of a container; nothing where all is.
fn incomplete(container: &BeanstalkContainer) -> Option<IncompleteContainer<'_>> {
    let unknown = |text: &InstanceText| text.text().is_none();
    let entry_point = container.entrypoint.as_deref().filter(|words| words.iter().any(unknown));
    let command = Some(container.command.as_slice()).filter(|words| words.iter().any(unknown));
    let environment: IndexMap<&str, &InstanceText> = container
        .environment
        .iter()
        .filter(|(_, text)| unknown(text))
        .map(|(name, text)| (name.as_str(), text))
        .collect();
    let found = entry_point.is_some() || command.is_some() || !environment.is_empty();
    found.then_some(IncompleteContainer { entry_point, command, environment })
}

fn settings_of(job: &BeanstalkJob) -> JobSettings<'_> {
    JobSettings {
        image: &job.container.image,
        options: docker_run::options(job),
        command: docker_run::arguments(job),
        environment: &job.container.environment,
    }
}
