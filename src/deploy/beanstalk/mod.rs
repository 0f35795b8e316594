//! Deploys an Elastic Beanstalk environment: upload, application version, create or update, then wait until
//! it is Ready with that version.
//!
//! In: a [`BeanstalkDeployment`] and its bundle. Out: [`DeployOutcome`]. Invariant: each step first checks what
//! exists, and a version is named after its content, so that nothing is created twice.

mod database;
mod down;
mod environment;
mod follow;
mod images;
mod platform;
mod role;
mod secrets;
mod version;

use self::environment::{EnvironmentUpdate, OptionChange, RunningEnvironment};
use super::bucket::ArtifactBucket;
use super::failure::DeployFailure;
use super::progress::{DeployProgress, PlannedChange, ResourceAction};
use super::session::AwsSession;
use super::{DeployOptions, DeployOutcome, DeploymentStatus, confirm};
use tempfile::NamedTempFile;
use tranship_artifact::ArtifactSet;
use tranship_targets::BeanstalkDeployment;

pub(super) use self::down::down;

/// Deploys.
pub(super) async fn deploy(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let bundle = images::filled(deployment, artifacts, &options.values, session)?;
    let label = version::label(&bundle);
    let running = settle(session, deployment, options, progress).await?;
    let secrets = secrets::plan(session, deployment, running.as_ref(), options).await?;
    let same = !secrets.iter().any(secrets::EnvironmentSecret::is_new);
    if let Some(running) = running.as_ref().filter(|it| same && it.serves(&label)) {
        progress.message(&format!("{} is up to date: no changes", deployment.environment));
        return Ok(DeployOutcome { changed: false, outputs: running.outputs() });
    }
    let stack = platform::resolve(session, deployment, running.as_ref(), progress).await?;
    progress.changes(&changes(deployment, running.as_ref(), &label, &stack));
    confirm(options, "deploy this version?").await?;

    role::ensure(session, deployment, artifacts, options, progress).await?;
    secrets::store(session, &secrets, progress).await?;
    let settings: Vec<OptionChange> =
        secrets.iter().filter_map(secrets::EnvironmentSecret::setting).collect();
    version::application(session, &deployment.application).await?;
    let bucket = ArtifactBucket::open(session, progress).await?;
    let packed = packed(&bundle)?;
    let prefix = format!("bundles/{}", deployment.application);
    let key = bucket.put_file(&prefix, packed.path(), ".zip").await?;
    version::ensure(session, &deployment.application, &label, bucket.name(), &key, progress).await?;
    let request = match &running {
        None => environment::create(session, deployment, &label, &stack, settings).await?,
        Some(running) => {
            set_options(session, running, settings, options, progress).await?;
            environment::update(session, running, EnvironmentUpdate::Version(label.clone())).await?
        }
    };
    session.underway(format!("the deployment of the environment {}", deployment.environment));
    let end = follow::deployment(session, &request, &label, options.timeout, progress).await?;
    session.settled();
    Ok(DeployOutcome { changed: true, outputs: end.outputs() })
}

/// The bundle as a file that is deleted after use.
fn packed(bundle: &ArtifactSet) -> Result<NamedTempFile, DeployFailure> {
    let write = || {
        let mut file = NamedTempFile::new()?;
        tranship_artifact::bundle::write(bundle.entries(), file.as_file_mut())?;
        Ok::<_, tranship_artifact::bundle::BundleError>(file)
    };
    write().map_err(|error| DeployFailure::failed(format!("cannot write the bundle: {error}")))
}

/// Sets the options that only the API can set, before deploying the version that may need them.
async fn set_options(
    session: &AwsSession,
    running: &RunningEnvironment,
    settings: Vec<OptionChange>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    if settings.is_empty() {
        return Ok(());
    }
    let request = environment::update(session, running, EnvironmentUpdate::Settings(settings)).await?;
    session.underway(format!("the settings update of the environment {}", running.name));
    follow::settings(session, &request, options.timeout, progress).await?;
    session.settled();
    Ok(())
}

/// The environment in a stable state; `None` if it is yet to be created.
async fn settle(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Option<RunningEnvironment>, DeployFailure> {
    let found = environment::find(session, deployment).await?;
    let Some(busy) = found.as_ref().filter(|environment| !environment.is_ready()) else { return Ok(found) };
    progress.message(&format!("{} is {}: waiting for it to finish", busy.name, busy.status));
    session.underway(format!("the current update of the environment {}", busy.name));
    follow::to_rest(session, busy, None, options.timeout, progress).await?;
    session.settled();
    environment::find(session, deployment).await
}

fn changes(
    deployment: &BeanstalkDeployment,
    running: Option<&RunningEnvironment>,
    label: &str,
    stack: &str,
) -> Vec<PlannedChange> {
    let change = |action, name: &str, kind: &str, detail: String| PlannedChange {
        action,
        name: name.to_owned(),
        kind: kind.to_owned(),
        detail,
        data_at_risk: false,
    };
    match running {
        None => vec![change(
            ResourceAction::Add,
            &deployment.environment,
            "environment",
            format!("version {label} on {stack}"),
        )],
        Some(running) => vec![change(
            ResourceAction::Modify,
            &deployment.environment,
            "environment",
            format!("version {} -> {label}", running.version.as_deref().unwrap_or("none")),
        )],
    }
}

/// The status of the environment.
pub(super) async fn status(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
) -> Result<DeploymentStatus, DeployFailure> {
    let subject = format!("environment {}", deployment.environment);
    let Some(found) = environment::find(session, deployment).await? else {
        return Ok(DeploymentStatus {
            subject,
            state: None,
            healthy: false,
            facts: Vec::new(),
            services: Vec::new(),
        });
    };
    let mut facts = vec![
        ("health".to_owned(), found.health.clone()),
        ("version".to_owned(), found.version.clone().unwrap_or_default()),
        ("platform".to_owned(), found.platform.clone()),
        ("changed".to_owned(), found.changed.clone()),
    ];
    facts.extend(found.outputs());
    Ok(DeploymentStatus {
        subject,
        healthy: found.is_well(),
        state: Some(found.status),
        facts,
        services: Vec::new(),
    })
}
