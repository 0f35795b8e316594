//! Images that a deployment names, in the bundle.
//!
//! In: the bundle of a compile and the values of the deployment. Out: the bundle to upload. Invariant: only the value
//! of a key `image` is filled, whatever else in the bundle looks like a placeholder.

use super::super::artifact;
use super::super::parameters::{ParameterChoice, choose};
use crate::deploy::DeployValues;
use crate::deploy::failure::DeployFailure;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tranship_artifact::{Artifact, ArtifactSet, bundle};
use tranship_targets::BeanstalkDeployment;

/// The files that name images.
const NAMING: &[&str] = &[".ebextensions/containers.json", "Dockerrun.aws.json"];

/// The bundle with the images that the values name.
pub(super) fn filled<'a>(
    deployment: &BeanstalkDeployment,
    artifacts: &'a ArtifactSet,
    values: &DeployValues,
) -> Result<Cow<'a, [u8]>, DeployFailure> {
    let zipped = artifact(artifacts, "bundle.zip")?;
    if deployment.images.is_empty() {
        return Ok(Cow::Borrowed(zipped));
    }
    let given = DeployValues { parameters: split(deployment, values).0, ..DeployValues::default() };
    let chosen = choose(&deployment.images, &given, &[])?;
    let failed = |error: String| DeployFailure::failed(format!("cannot fill the bundle: {error}"));
    let tree = bundle::unzip(zipped).map_err(|error| failed(error.to_string()))?;
    let mut written = ArtifactSet::new();
    for (path, file) in tree.iter() {
        let bytes = match NAMING.contains(&path) {
            true => fill(&String::from_utf8_lossy(&file.bytes), &chosen).into_bytes(),
            false => file.bytes.clone(),
        };
        let filled = Artifact { mode: file.mode, bytes };
        written.add(path, filled).map_err(|error| failed(error.to_string()))?;
    }
    bundle::zip(&written).map(Cow::Owned).map_err(|error| failed(error.to_string()))
}

/// The values that name images, and the others.
pub(super) fn split(
    deployment: &BeanstalkDeployment,
    values: &DeployValues,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let names = |name: &String| deployment.images.iter().any(|image| image.names().any(|it| it == name));
    values.parameters.clone().into_iter().partition(|(name, _)| names(name))
}

fn fill(text: &str, chosen: &BTreeMap<String, ParameterChoice>) -> String {
    chosen.iter().fold(text.to_owned(), |text, (name, choice)| match choice {
        ParameterChoice::Given(value) => {
            let value = serde_json::Value::from(value.as_str());
            text.replace(&format!("\"image\": \"${{{name}}}\""), &format!("\"image\": {value}"))
        }
        ParameterChoice::Previous | ParameterChoice::Default => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_image_is_filled_and_nothing_else() {
        let chosen =
            BTreeMap::from([("WebImage".to_owned(), ParameterChoice::Given("r/web@sha256:1".to_owned()))]);
        let text =
            r#"{ "image": "${WebImage}", "value": "\"image\": \"${WebImage}\"", "name": "${WebImage}" }"#;
        let filled = fill(text, &chosen);
        assert!(filled.starts_with(r#"{ "image": "r/web@sha256:1", "value""#), "{filled}");
        assert_eq!(filled.matches("${WebImage}").count(), 2);
    }
}
