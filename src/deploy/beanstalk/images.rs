//! Images that a deployment names, and the account, in the bundle.
//!
//! In: the bundle of a compile and the values of the deployment. Out: the bundle to upload. Invariant: only the values
//! of the keys `image` and `executionRoleArn` are filled, whatever else in the bundle looks like a placeholder.

use super::super::artifact;
use super::super::parameters::{ParameterChoice, choose};
use crate::deploy::DeployValues;
use crate::deploy::failure::DeployFailure;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tranship_artifact::{Artifact, ArtifactSet, bundle};
use tranship_targets::{BeanstalkDeployment, ExecutionRoleStack};

/// The key whose value names the account, as the writer of the bundle spells it.
const EXECUTION_ROLE: &str = "\"executionRoleArn\":";

/// The files that name images.
const NAMING: &[&str] = &[".ebextensions/jobs.json", "Dockerrun.aws.json"];

/// The bundle with the images that the values name, and with the number of the account in the ARN of its role.
pub(super) fn filled<'a>(
    deployment: &BeanstalkDeployment,
    artifacts: &'a ArtifactSet,
    values: &DeployValues,
    account: &str,
) -> Result<Cow<'a, [u8]>, DeployFailure> {
    let zipped = artifact(artifacts, "bundle.zip")?;
    let role = deployment.execution_role.as_ref();
    if deployment.images.is_empty() && role.is_none() {
        return Ok(Cow::Borrowed(zipped));
    }
    let given = DeployValues { parameters: split(deployment, values).0, ..DeployValues::default() };
    let chosen = choose(&deployment.images, &given, &[])?;
    let failed = |error: String| DeployFailure::failed(format!("cannot fill the bundle: {error}"));
    let tree = bundle::unzip(zipped).map_err(|error| failed(error.to_string()))?;
    let mut written = ArtifactSet::new();
    for (path, file) in tree.iter() {
        let bytes = match NAMING.contains(&path) {
            true => {
                let named = fill(&String::from_utf8_lossy(&file.bytes), &chosen);
                role.map_or(named.clone(), |role| fill_account(&named, role, account)).into_bytes()
            }
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

/// The text with the account's number in the ARN of the role. No value of another key starts like that key does.
fn fill_account(text: &str, role: &ExecutionRoleStack, account: &str) -> String {
    let fill = |line: &str| match line.trim_start().starts_with(EXECUTION_ROLE) {
        true => line.replace(&role.placeholder, account),
        false => line.to_owned(),
    };
    text.split_inclusive('\n').map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_filled_in_the_arn_of_the_role_alone() {
        let role = ExecutionRoleStack { placeholder: "${AccountId}".to_owned(), ..Default::default() };
        let text = "{\n  \"executionRoleArn\": \"arn:aws:iam::${AccountId}:role/r\",\n  \"value\": \"${AccountId}\"\n}\n";
        let filled = fill_account(text, &role, "123456789012");
        assert_eq!(
            filled,
            "{\n  \"executionRoleArn\": \"arn:aws:iam::123456789012:role/r\",\n  \"value\": \"${AccountId}\"\n}\n"
        );
    }

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
