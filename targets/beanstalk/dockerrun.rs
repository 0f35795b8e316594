//! The writer of `Dockerrun.aws.json`, version 2.
//!
//! Source: AWS documentation, "Configuring the Dockerrun.aws.json v2 file".

use super::plan::{ContainerDefinition, Host, Plan, Volume};
use serde::Serialize;

#[derive(Serialize)]
struct Dockerrun<'a> {
    #[serde(rename = "AWSEBDockerrunVersion")]
    version: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<Volume>,
    #[serde(rename = "containerDefinitions")]
    containers: Vec<&'a ContainerDefinition>,
}

/// The file's text.
///
/// # Errors
/// Never for a plan; the serializer's own words.
pub(super) fn write(plan: &Plan) -> Result<String, String> {
    let volumes = plan
        .volumes
        .iter()
        .map(|volume| Volume { name: volume.name.clone(), host: Host { source_path: volume.path.clone() } });
    let dockerrun = Dockerrun {
        version: 2,
        volumes: volumes.collect(),
        containers: plan.containers.iter().map(|container| &container.definition).collect(),
    };
    let text = serde_json::to_string_pretty(&dockerrun).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}
