//! Compares an environment with the bundle that would be deployed.
//!
//! In: the environment, the bundle of a compile. Out: a [`DeploymentReview`]. What runs is read from the source bundle of its
//! version.

use super::environment::{self, RunningEnvironment};
use super::{images, own, version};
use crate::deploy::DeployOptions;
use crate::deploy::bucket;
use crate::deploy::failure::{DeployFailure, reason, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::review::DeploymentReview;
use crate::deploy::session::AwsSession;
use crate::operation::difference::{
    ChangeAction, ChangeConsequence, DeploymentDiff, ManifestLines, OverriddenOption, ValueDifference,
    compare_bundles, overridden,
};
use crate::operation::plan_file::SavedPlan;
use std::collections::{BTreeMap, BTreeSet};
use tranship_artifact::{ArtifactEntry, ArtifactSet, bundle};
use tranship_targets::BeanstalkDeployment;

/// Files above this size are compared by their hash, in bytes.
const LARGE: u64 = 1024 * 1024;

/// Compares the artifacts with the environment.
pub(in crate::deploy) async fn review(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentReview, DeployFailure> {
    let running = environment::find(session, deployment).await?;
    if let Some(running) = &running {
        own(session, running, options).await?;
    }
    let new = images::filled(deployment, artifacts, &options.values, session)?;
    of(session, deployment, running.as_ref(), &new, artifacts, options, progress).await
}

/// Compares a bundle with the environment.
pub(super) async fn of(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    running: Option<&RunningEnvironment>,
    new: &ArtifactSet,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentReview, DeployFailure> {
    let label = version::label(new);
    let subject = format!("environment {}", deployment.environment);
    let serves = running.is_some_and(|running| running.version.as_deref() == Some(&label));
    let mut diff = match running {
        Some(running) if serves => {
            let overridden = elsewhere(session, running, new, new, progress).await;
            DeploymentDiff { overridden, ..DeploymentDiff::default() }
        }
        Some(running) => match earlier(session, deployment, running).await {
            Ok(old) => {
                let overridden = elsewhere(session, running, &old, new, progress).await;
                DeploymentDiff { overridden, ..compared(Some(&old), new, artifacts, deployment) }
            }
            Err(failure) => {
                progress.warn(&format!(
                    "the bundle that runs cannot be read, so its values are not compared: {}",
                    failure.message
                ));
                versions(running, &label, &subject)
            }
        },
        None => compared(None, new, artifacts, deployment),
    };
    let secrets: BTreeSet<String> = options.values.secrets.keys().cloned().collect();
    if !diff.is_first {
        diff.changes.extend(secrets.iter().map(|name| secret(name, &subject)));
    }
    let state = running.map(|it| {
        bucket::hash([&it.id, &it.changed, it.version.as_deref().unwrap_or_default()].join("\n").as_bytes())
    });
    let plan = SavedPlan {
        schema: SavedPlan::schema(),
        environment: options.mark.environment.clone(),
        subject: subject.clone(),
        account: session.account.clone(),
        region: session.region.clone(),
        deployed: state,
        artifacts: label,
        parameters: options.values.parameters.clone(),
        secrets,
        diff: serde_json::Value::Null,
    };
    Ok(DeploymentReview { subject, diff, plan })
}

/// The options that were set outside of the bundle and win over it. A review can do without them.
async fn elsewhere(
    session: &AwsSession,
    running: &RunningEnvironment,
    old: &ArtifactSet,
    new: &ArtifactSet,
    progress: &mut dyn DeployProgress,
) -> Vec<OverriddenOption> {
    let settings = match environment::settings(session, running).await {
        Ok(settings) => settings,
        Err(failure) => {
            progress.warn(&format!("options that were set elsewhere are not known: {}", failure.message));
            return Vec::new();
        }
    };
    let named = settings.iter().filter_map(|it| {
        let name = (it.namespace()?.to_owned(), it.option_name()?.to_owned());
        Some((name, it.value()?.to_owned()))
    });
    overridden(&files(old), &files(new), &named.collect())
}

fn compared(
    old: Option<&ArtifactSet>,
    new: &ArtifactSet,
    artifacts: &ArtifactSet,
    deployment: &BeanstalkDeployment,
) -> DeploymentDiff {
    let report = artifacts.get(crate::compile::REPORT).map(|file| file.bytes.as_slice());
    let (old, new) = (old.map(files), files(new));
    compare_bundles(old.as_ref(), &new, &deployment.environment, &ManifestLines::read(report))
}

/// The files, the large ones as their hash.
fn files(set: &ArtifactSet) -> BTreeMap<String, Vec<u8>> {
    let content = |entry: ArtifactEntry<'_>| match entry.size() > LARGE {
        true => format!("{} bytes, sha256 {}\n", entry.size(), entry.sha256()).into_bytes(),
        false => entry.bytes().unwrap_or_default(),
    };
    set.entries().map(|(path, entry)| (path.to_owned(), content(entry))).collect()
}

/// The bundle of the version that runs.
async fn earlier(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    running: &RunningEnvironment,
) -> Result<ArtifactSet, DeployFailure> {
    let label = running.version.as_deref().ok_or_else(|| DeployFailure::failed("it runs no version"))?;
    let client = session.beanstalk();
    let call = client.describe_application_versions().application_name(&deployment.application);
    let found = call.version_labels(label).send().await;
    let found = found.map_err(|error| sdk(&format!("find the version {label}"), error))?;
    let source = found.application_versions().first().and_then(|it| it.source_bundle());
    let place = source.and_then(|it| Some((it.s3_bucket()?, it.s3_key()?)));
    let (bucket, key) =
        place.ok_or_else(|| DeployFailure::failed(format!("the version {label} has no bundle")))?;
    let object = session.s3().get_object().bucket(bucket).key(key).send().await;
    let object = object.map_err(|error| DeployFailure::failed(reason(&error)))?;
    let bytes = object.body.collect().await.map_err(|error| DeployFailure::failed(error.to_string()))?;
    bundle::unzip(&bytes.into_bytes()).map_err(|error| DeployFailure::failed(error.to_string()))
}

fn change(label: &str, subject: &str) -> ValueDifference {
    ValueDifference {
        action: ChangeAction::Change,
        label: label.to_owned(),
        subjects: vec![subject.to_owned()],
        old: None,
        new: None,
        secret: false,
        cause: None,
        consequence: ChangeConsequence::NewTasks,
        detail: String::new(),
        resources: Vec::new(),
    }
}

fn versions(running: &RunningEnvironment, label: &str, subject: &str) -> DeploymentDiff {
    let made = ValueDifference {
        old: Some(running.version.clone().unwrap_or_else(|| "none".to_owned())),
        new: Some(label.to_owned()),
        ..change("version", subject)
    };
    DeploymentDiff { changes: vec![made], ..DeploymentDiff::default() }
}

fn secret(name: &str, subject: &str) -> ValueDifference {
    ValueDifference { secret: true, ..change(&format!("secret {name}"), subject) }
}
