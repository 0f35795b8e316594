//! Compares two bundles of Elastic Beanstalk.
//!
//! In: the files of the bundle that runs and of the one that would. Out: a [`DeploymentDiff`]: containers by their keys,
//! option settings by name, other files by their path.

use super::consequence::ChangeConsequence;
use super::labels;
use super::manifest_lines::ManifestLines;
use super::{ChangeAction, DeploymentDiff, DocumentSecrets, ValueDifference};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use tranship_artifact::diff::{ArtifactDifference, diff};

/// The files of a bundle, by path.
pub(super) type BundleFiles = BTreeMap<String, Vec<u8>>;

/// Namespaces whose values nobody may read.
pub(super) const SECRETS: &str = "aws:elasticbeanstalk:application:environmentsecrets";

/// The namespace of the variables of the environment.
pub(super) const VARIABLES: &str = "aws:elasticbeanstalk:application:environment";

/// Compares what is deployed with what would be.
pub fn compare_bundles(
    old: Option<&BundleFiles>,
    new: &BundleFiles,
    environment: &str,
    manifest: &ManifestLines,
) -> DeploymentDiff {
    let mut found = DeploymentDiff { is_first: old.is_none(), ..DeploymentDiff::default() };
    let whole = format!("environment {environment}").trim_end().to_owned();
    let Some(old) = old else {
        let mut created = change(ChangeAction::Add, "resources", whole.clone());
        created.resources = vec![environment.to_owned()];
        found.push(created);
        return found;
    };
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        match (old.get(path), new.get(path)) {
            (Some(before), Some(after)) => {
                let secrets = DocumentSecrets::of(path, [before.as_slice(), after.as_slice()]);
                for difference in diff(path, before, after) {
                    take(&mut found, path, &whole, secrets.masked(difference), manifest);
                }
            }
            (None, Some(_)) => found.push(change(ChangeAction::Add, path, whole.clone())),
            (Some(_), None) => found.push(change(ChangeAction::Remove, path, whole.clone())),
            (None, None) => {}
        }
    }
    found.sort();
    found
}

/// A new version of an environment starts new containers.
fn change(action: ChangeAction, label: &str, subject: String) -> ValueDifference {
    ValueDifference {
        action,
        label: label.to_owned(),
        subjects: vec![subject],
        old: None,
        new: None,
        secret: false,
        cause: None,
        consequence: if label == "resources" { ChangeConsequence::None } else { ChangeConsequence::NewTasks },
        detail: String::new(),
        resources: Vec::new(),
    }
}

fn take(
    found: &mut DeploymentDiff,
    file: &str,
    whole: &str,
    difference: ArtifactDifference,
    manifest: &ManifestLines,
) {
    let (action, path, old, new) = match difference {
        ArtifactDifference::Added(path, new) => (ChangeAction::Add, path, None, Some(new)),
        ArtifactDifference::Removed(path, old) => (ChangeAction::Remove, path, Some(old), None),
        ArtifactDifference::Changed(path, old, new) => (ChangeAction::Change, path, Some(old), Some(new)),
        ArtifactDifference::Lines(path, _) | ArtifactDifference::Order(path) => {
            (ChangeAction::Change, path, None, None)
        }
        ArtifactDifference::Form(_) => return found.others.push(format!("{file}: its form")),
        ArtifactDifference::Binary(..) => (ChangeAction::Change, String::new(), None, None),
    };
    let parts = labels::parts(&path);
    let words: Vec<&str> = parts.iter().map(String::as_str).collect();
    let mut made = match words.as_slice() {
        ["containerDefinitions" | "services", container, ..] => {
            let name = (*container).to_owned();
            let inner: Vec<String> = std::iter::once("ContainerDefinitions".to_owned())
                .chain(parts.iter().skip(1).cloned())
                .collect();
            let label = labels::label("", &inner);
            let mut made = change(action, &label.text, format!("service {name}"));
            made.secret = label.secret;
            let key = label.key.map(|key| format!("services.{name}.{key}"));
            let exact = key.and_then(|key| manifest.of(&key));
            made.cause = exact.or_else(|| manifest.of(&format!("services.{name}")));
            made
        }
        ["option_settings", namespace, option, ..] => {
            let mut made = match *namespace {
                VARIABLES => change(action, &format!("environment {option}"), whole.to_owned()),
                other => change(action, &format!("{other} {option}"), whole.to_owned()),
            };
            made.secret = *namespace == SECRETS || tranship_frontend::secrets::is_secret_name(option);
            made
        }
        ["Resources", id, ..] => {
            let label = format!("{id} {}", parts.iter().skip(3).cloned().collect::<Vec<_>>().join("."));
            let mut made = change(action, label.trim_end(), whole.to_owned());
            made.resources = vec![(*id).to_owned()];
            made.secret = label_is_secret(&parts);
            made
        }
        _ => change(action, format!("{file} {}", parts.join(".")).trim_end(), whole.to_owned()),
    };
    let text = |value: Option<Json>| value.filter(|_| !made.secret).map(|value| shown(&value));
    (made.old, made.new) = (text(old), text(new));
    found.push(made);
}

fn label_is_secret(parts: &[String]) -> bool {
    labels::label("", parts.get(3..).unwrap_or_default()).secret
}

/// A value on one line.
fn shown(value: &Json) -> String {
    let value = value.get("value").or(value.get("Value")).unwrap_or(value);
    labels::short_image(&super::content::plain(value))
}
