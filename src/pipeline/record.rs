//! After the build: the version file, the template configurations with its values, and bundles that name their images.
//!
//! In: the artifacts of every environment and the files of the pipeline, as they were written. Out: the files to write,
//! by their paths. Invariant: what a configuration asks of the version file is in it, or there is an error.

use super::stack_configuration::{VERSION_FILE, version_key};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a build knows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildRecord {
    /// The version: commit and number of the build.
    pub version: String,
    /// The commit.
    pub commit: String,
    /// The account of the credentials, for bundles that name it.
    pub account: Option<String>,
    /// The region of the build, for bundles that name it.
    pub region: Option<String>,
}

/// Why a build cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A file is no JSON object of the expected form.
    #[error("{0} is not a file of parameters")]
    Malformed(String),
    /// A configuration asks for a value that the build does not have.
    #[error("{file} needs `{key}`, and the build has no value for it")]
    Missing {
        /// The configuration.
        file: String,
        /// The key of the version file.
        key: String,
    },
}

/// The files that name images in a bundle.
const NAMING: [&str; 2] = ["bundle/.ebextensions/instance.json", "bundle/Dockerrun.aws.json"];

/// The files of a recorded build, by their paths in the directory of the artifacts. `files` are those that were written
/// before, by the same paths; `environments` the names of the environments.
///
/// # Errors
/// A file has another form, or asks for what the build does not have.
pub fn record(
    build: &BuildRecord,
    environments: &[&str],
    files: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, RecordError> {
    let mut version = Map::new();
    for (key, value) in [("Version", &build.version), ("Commit", &build.commit)] {
        version.insert(key.to_owned(), value.as_str().into());
    }
    let mut made = BTreeMap::new();
    for environment in environments {
        let mut known = Map::new();
        for file in ["parameters.json", "images.json"] {
            known.extend(parameters(&format!("{environment}/{file}"), files)?);
        }
        for file in NAMING.map(|file| format!("{environment}/{file}")) {
            if let Some(text) = files.get(&file) {
                made.insert(file, filled(text, &known, build));
            }
        }
        version.extend(known.into_iter().map(|(name, value)| (version_key(environment, &name), value)));
    }
    for environment in environments {
        let file = format!("pipeline/{environment}.json");
        let Some(text) = files.get(&file) else { continue };
        let malformed = || RecordError::Malformed(file.clone());
        let mut configuration: Value = serde_json::from_str(text).map_err(|_| malformed())?;
        let parameters =
            configuration.get_mut("Parameters").and_then(Value::as_object_mut).ok_or_else(malformed)?;
        for value in parameters.values_mut() {
            if let Some(key) = value.pointer("/Fn::GetParam/2").and_then(Value::as_str) {
                let missing = || RecordError::Missing { file: file.clone(), key: key.to_owned() };
                *value = version.get(key).cloned().ok_or_else(missing)?;
            }
        }
        made.insert(file, format!("{configuration:#}\n"));
    }
    version.sort_keys();
    made.insert(VERSION_FILE.to_owned(), format!("{:#}\n", json!(version)));
    Ok(made)
}

/// The parameters of a file; none where it does not exist.
fn parameters(path: &str, files: &BTreeMap<String, String>) -> Result<Map<String, Value>, RecordError> {
    let Some(text) = files.get(path) else { return Ok(Map::new()) };
    let malformed = || RecordError::Malformed(path.to_owned());
    let mut file: Value = serde_json::from_str(text).map_err(|_| malformed())?;
    match file.get_mut("Parameters").map(Value::take) {
        Some(Value::Object(parameters)) => Ok(parameters),
        _ => Err(malformed()),
    }
}

/// A file of a bundle with its images, the account and the region: only the values of their own keys are filled.
fn filled(text: &str, images: &Map<String, Value>, build: &BuildRecord) -> String {
    let places = [
        ("\"executionRoleArn\":", "${AccountId}", &build.account),
        ("\"awslogs-region\":", "${Region}", &build.region),
    ];
    let line = |line: &str| {
        let start = line.trim_start();
        let mut line = line.to_owned();
        for (key, placeholder, value) in &places {
            if let Some(value) = value.as_ref().filter(|_| start.starts_with(key)) {
                line = line.replace(placeholder, value);
            }
        }
        if start.starts_with("\"image\":") {
            for (name, value) in images {
                line = line.replace(&format!("\"${{{name}}}\""), &value.to_string());
            }
        }
        line
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn build() -> BuildRecord {
        BuildRecord {
            version: "0a1b2c3.17".to_owned(),
            commit: "0a1b2c3d".to_owned(),
            account: Some("111122223333".to_owned()),
            region: Some("eu-west-1".to_owned()),
        }
    }

    #[test]
    fn values_of_the_build_reach_the_version_file_and_the_configurations() {
        let files = files(&[
            ("prod/parameters.json", r#"{"Parameters": {"AppVersion": "1", "WebImage": "old"}}"#),
            ("prod/images.json", r#"{"Parameters": {"WebImage": "r/web@sha256:1"}, "Images": {}}"#),
            (
                "pipeline/prod.json",
                r#"{"Parameters": {"WebImage": {"Fn::GetParam": ["Build", "version.json", "prod.WebImage"]}, "VpcId": "vpc-1"}}"#,
            ),
        ]);
        let made = record(&build(), &["dev", "prod"], &files).unwrap();
        let version: Value = serde_json::from_str(&made["version.json"]).unwrap();
        let expected = json!({
            "Commit": "0a1b2c3d", "Version": "0a1b2c3.17",
            "prod.AppVersion": "1", "prod.WebImage": "r/web@sha256:1",
        });
        assert_eq!(version, expected);
        let prod: Value = serde_json::from_str(&made["pipeline/prod.json"]).unwrap();
        assert_eq!(prod, json!({ "Parameters": { "WebImage": "r/web@sha256:1", "VpcId": "vpc-1" } }));
        assert_eq!(made.len(), 2);
    }

    #[test]
    fn a_bundle_names_its_images_its_account_and_its_region_and_nothing_else_changes() {
        let dockerrun = "{\n  \"executionRoleArn\": \"arn:aws:iam::${AccountId}:role/x\",\n  \"image\": \"${WebImage}\",\n  \"awslogs-region\": \"${Region}\",\n  \"command\": \"${WebImage} ${AccountId}\"\n}\n";
        let files = files(&[
            ("dev/images.json", r#"{"Parameters": {"WebImage": "r/web@sha256:2"}}"#),
            ("dev/bundle/Dockerrun.aws.json", dockerrun),
        ]);
        let made = record(&build(), &["dev"], &files).unwrap();
        assert_eq!(
            made["dev/bundle/Dockerrun.aws.json"],
            "{\n  \"executionRoleArn\": \"arn:aws:iam::111122223333:role/x\",\n  \"image\": \"r/web@sha256:2\",\n  \"awslogs-region\": \"eu-west-1\",\n  \"command\": \"${WebImage} ${AccountId}\"\n}\n"
        );
    }

    #[test]
    fn what_the_build_does_not_have_is_an_error() {
        let asked =
            r#"{"Parameters": {"WebImage": {"Fn::GetParam": ["Build", "version.json", "prod.WebImage"]}}}"#;
        let missing = record(&build(), &["prod"], &files(&[("pipeline/prod.json", asked)]));
        let error = missing.unwrap_err().to_string();
        assert_eq!(error, "pipeline/prod.json needs `prod.WebImage`, and the build has no value for it");
        for path in ["prod/parameters.json", "prod/images.json", "pipeline/prod.json"] {
            let error = record(&build(), &["prod"], &files(&[(path, "[]")])).unwrap_err();
            assert_eq!(error, RecordError::Malformed(path.to_owned()));
        }
    }
}
