//! The writer of `jobs.json`: how the jobs of the ECS platform run, with what only the instance knows.

use super::docker_run;
use super::plan::{BeanstalkJob, BeanstalkPlan, InstanceText};
use indexmap::IndexMap;
use serde::Serialize;

/// What the program beside it is told.
#[derive(Serialize)]
struct JobsFile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    jobs: IndexMap<&'a str, JobSettings<'a>>,
}

#[derive(Serialize)]
struct JobSettings<'a> {
    image: &'a str,
    options: Vec<InstanceText>,
    command: Vec<&'a InstanceText>,
    environment: &'a IndexMap<String, InstanceText>,
}

/// The file's text.
///
/// # Errors
/// Never for a plan; the serializer's own words.
pub(super) fn write(plan: &BeanstalkPlan) -> Result<String, String> {
    let settings = JobsFile {
        region: plan.region.as_deref(),
        jobs: plan.jobs.iter().map(|job| (job.container.name.as_str(), settings_of(job))).collect(),
    };
    let text = serde_json::to_string_pretty(&settings).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

fn settings_of(job: &BeanstalkJob) -> JobSettings<'_> {
    JobSettings {
        image: &job.container.image,
        options: docker_run::options(job),
        command: docker_run::arguments(job),
        environment: &job.container.environment,
    }
}
