//! Images that a deployment names, the account and the region, in the bundle.
//!
//! In: the bundle of a compile and the values of the deployment. Out: the bundle to upload. Invariant: only the values
//! of the keys `image`, `executionRoleArn` and `awslogs-region` are filled, whatever else in the bundle looks like a placeholder.

use super::super::parameters::{ParameterChoice, choose};
use crate::deploy::DeployValues;
use crate::deploy::failure::DeployFailure;
use crate::deploy::session::AwsSession;
use std::collections::BTreeMap;
use tranship_artifact::{Artifact, ArtifactSet};
use tranship_targets::BeanstalkDeployment;

/// The key whose value names the account, as the writer of the bundle spells it.
const EXECUTION_ROLE: &str = "\"executionRoleArn\":";

/// The key whose value names the region.
const LOG_REGION: &str = "\"awslogs-region\":";

/// The directory of the artifacts that the bundle packs.
const BUNDLE: &str = "bundle";

/// The files that name images.
const NAMING: &[&str] = &[".ebextensions/instance.json", "Dockerrun.aws.json"];

/// The bundle with the images that the values name, and with the number of the account in the ARN of its role.
pub(super) fn filled(
    deployment: &BeanstalkDeployment,
    artifacts: &ArtifactSet,
    values: &DeployValues,
    session: &AwsSession,
) -> Result<ArtifactSet, DeployFailure> {
    let account = deployment.account_placeholder.as_ref().map(|stands| BundlePlaceholder {
        key: EXECUTION_ROLE,
        stands,
        value: &session.account,
    });
    let region = deployment.region_placeholder.as_ref().map(|stands| BundlePlaceholder {
        key: LOG_REGION,
        stands,
        value: &session.region,
    });
    let places: Vec<BundlePlaceholder<'_>> = account.into_iter().chain(region).collect();
    let given = DeployValues { parameters: split(deployment, values).0, ..DeployValues::default() };
    let chosen = choose(&deployment.images, &given, &[])?;
    let failed = |error: String| DeployFailure::failed(format!("cannot fill the bundle: {error}"));
    let mut tree = artifacts.below(BUNDLE);
    for path in NAMING {
        let Some(file) = tree.remove(path) else { continue };
        let named = fill(&String::from_utf8_lossy(&file.bytes), &chosen);
        let bytes = places.iter().fold(named, |text, place| place.fill(&text)).into_bytes();
        let filled = Artifact { mode: file.mode, bytes };
        tree.add(path, filled).map_err(|error| failed(error.to_string()))?;
    }
    Ok(tree)
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

/// What stands in the value of a key, and what takes its place.
struct BundlePlaceholder<'a> {
    key: &'static str,
    stands: &'a str,
    value: &'a str,
}

impl BundlePlaceholder<'_> {
    /// The text with the value. The writer of the bundle puts each key on a line of its own.
    fn fill(&self, text: &str) -> String {
        let fill = |line: &str| match line.trim_start().starts_with(self.key) {
            true => line.replace(self.stands, self.value),
            false => line.to_owned(),
        };
        text.split_inclusive('\n').map(fill).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_filled_in_the_arn_of_the_role_alone() {
        let text = "{\n  \"executionRoleArn\": \"arn:aws:iam::${AccountId}:role/r\",\n  \"value\": \"${AccountId}\"\n}\n";
        let place = BundlePlaceholder { key: EXECUTION_ROLE, stands: "${AccountId}", value: "123456789012" };
        let filled = place.fill(text);
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
