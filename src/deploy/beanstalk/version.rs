//! Applications and their versions.
//!
//! In: a bundle and its location. Out: a processed version. A version's label is a hash of the bundle's
//! content, so the same content is the same version.

use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use aws_sdk_elasticbeanstalk::Client;
use aws_sdk_elasticbeanstalk::error::ProvideErrorMetadata;
use aws_sdk_elasticbeanstalk::types::{ApplicationVersionStatus, S3Location};
use std::time::Duration;
use tranship_artifact::ArtifactSet;

/// Elastic Beanstalk processes a bundle's configuration files within seconds.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What the labels of our versions begin with.
pub(super) const MADE_BY_US: &str = "tranship-";

/// The label for a bundle's content; at most 100 characters.
pub(super) fn label(content: &ArtifactSet) -> String {
    let hash = content.content_hash();
    format!("{MADE_BY_US}{}", hash.get(..16).unwrap_or(&hash))
}

/// Creates the application unless it exists.
pub(super) async fn application(session: &AwsSession, name: &str) -> Result<(), DeployFailure> {
    let client = session.beanstalk();
    let found = client.describe_applications().application_names(name).send().await;
    let found = found.map_err(|error| sdk(&format!("check for the application {name}"), error))?;
    if !found.applications().is_empty() {
        return Ok(());
    }
    match client.create_application().application_name(name).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.message().is_some_and(|text| text.contains("already exists")) => Ok(()),
        Err(error) => Err(sdk(&format!("create the application {name}"), error)),
    }
}

/// Creates the version unless it exists, and waits until it is processed. A version that failed processing is
/// created again.
pub(super) async fn ensure(
    session: &AwsSession,
    application: &str,
    label: &str,
    bucket: &str,
    key: &str,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let client = session.beanstalk();
    let mut status = find(&client, application, label).await?;
    if status == Some(ApplicationVersionStatus::Failed) {
        let call = client.delete_application_version().application_name(application).version_label(label);
        call.send().await.map_err(|error| sdk("delete the version that failed processing", error))?;
        status = None;
    }
    if status.is_none() {
        progress.message(&format!("creating version {label}"));
        create(&client, application, label, bucket, key).await?;
    }
    processed(&client, application, label).await
}

async fn create(
    client: &Client,
    application: &str,
    label: &str,
    bucket: &str,
    key: &str,
) -> Result<(), DeployFailure> {
    let source = S3Location::builder().s3_bucket(bucket).s3_key(key).build();
    let call = client.create_application_version().application_name(application).version_label(label);
    match call.source_bundle(source).process(true).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.message().is_some_and(|text| text.contains("already exists")) => Ok(()),
        Err(error) => Err(sdk(&format!("create the version {label}"), error)),
    }
}

async fn find(
    client: &Client,
    application: &str,
    label: &str,
) -> Result<Option<ApplicationVersionStatus>, DeployFailure> {
    let call = client.describe_application_versions().application_name(application).version_labels(label);
    let found = call.send().await.map_err(|error| sdk(&format!("check for the version {label}"), error))?;
    let status = |version: &aws_sdk_elasticbeanstalk::types::ApplicationVersionDescription| {
        version.status().cloned().unwrap_or(ApplicationVersionStatus::Unprocessed)
    };
    Ok(found.application_versions().first().map(status))
}

async fn processed(client: &Client, application: &str, label: &str) -> Result<(), DeployFailure> {
    let mut pace = PollingPace::new(PATIENCE);
    loop {
        match find(client, application, label).await? {
            Some(ApplicationVersionStatus::Processed | ApplicationVersionStatus::Unprocessed) => {
                return Ok(());
            }
            Some(ApplicationVersionStatus::Failed) => {
                return Err(DeployFailure::failed(format!(
                    "Elastic Beanstalk cannot process the version {label}"
                ))
                .help(
                    "a .ebextensions/*.config file in the bundle was rejected: see the application's events",
                ));
            }
            None => return Err(DeployFailure::failed(format!("the version {label} no longer exists"))),
            Some(_) => {}
        }
        if !pace.wait().await {
            return Err(DeployFailure::new(
                FailureKind::TimedOut,
                format!("the version {label} was not processed in time"),
            ));
        }
    }
}
