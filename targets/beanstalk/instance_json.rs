//! The writer of `instance.json`: how the jobs of the ECS platform run, with what only the instance knows, and what fills
//! its volumes.

use super::docker_run;
use super::plan::{BeanstalkJob, BeanstalkPlan, HostVolume, InitCommand, InitFolders, InstanceText};
use indexmap::IndexMap;
use serde::Serialize;

/// What the program beside it is told.
#[derive(Serialize)]
struct InstanceFile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    jobs: IndexMap<&'a str, JobSettings<'a>>,
    volumes: Vec<VolumeContent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    init: Vec<FolderSettings<'a>>,
}

/// What the entry point of a container reads.
#[derive(Serialize)]
struct FolderSettings<'a> {
    directory: String,
    environment: &'a IndexMap<String, InstanceText>,
    commands: Vec<CommandSettings<'a>>,
}

/// A command that runs first.
#[derive(Serialize)]
struct CommandSettings<'a> {
    environment: &'a IndexMap<String, InstanceText>,
    words: &'a [InstanceText],
}

fn command(it: &InitCommand) -> CommandSettings<'_> {
    CommandSettings { environment: &it.environment, words: &it.words }
}

fn folders(plan: &BeanstalkPlan) -> Vec<FolderSettings<'_>> {
    let folders = plan.init.iter().flat_map(InitFolders::iter);
    folders
        .map(|(directory, folder)| FolderSettings {
            directory,
            environment: &folder.environment,
            commands: folder.commands.iter().map(command).collect(),
        })
        .collect()
}

/// What fills the directory of a volume.
#[derive(Serialize)]
struct VolumeContent<'a> {
    directory: &'a str,
    image: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

fn content(volume: &HostVolume) -> Option<VolumeContent<'_>> {
    let (directory, image) = (volume.path.as_deref()?, volume.content.as_ref()?);
    let owner = volume.owner.map(|owner| owner.to_string());
    Some(VolumeContent { directory, image: &image.image, path: &image.path, owner })
}

/// Whether a volume is filled from an image.
pub(super) fn fills_volumes(plan: &BeanstalkPlan) -> bool {
    plan.volumes.iter().any(|volume| content(volume).is_some())
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
    let settings = InstanceFile {
        region: plan.region.as_deref(),
        jobs: plan.jobs.iter().map(|job| (job.container.name.as_str(), settings_of(job))).collect(),
        volumes: plan.volumes.iter().filter_map(content).collect(),
        init: folders(plan),
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
