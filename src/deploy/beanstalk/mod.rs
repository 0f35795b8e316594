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
mod prune;
mod review;
mod role;
mod rollback;
mod secrets;
mod version;

use self::environment::{EnvironmentRequest, EnvironmentUpdate, OptionChange, RunningEnvironment};
use super::bucket::ArtifactBucket;
use super::failure::DeployFailure;
use super::progress::{DeployProgress, PlannedChange, ResourceAction};
use super::session::AwsSession;
use super::{DeployOptions, DeployOutcome, DeploymentStatus, ForcedTasks, confirm, late_values};
use tempfile::NamedTempFile;
use tranship_artifact::ArtifactSet;
use tranship_frontend::secrets::is_secret_name;
use tranship_targets::BeanstalkDeployment;

pub(super) use self::down::down;
pub(super) use self::review::review;
pub(super) use self::rollback::{cancel, rollback};

/// Attempts to update an environment that others update too.
const UPDATES: usize = 3;

/// Deploys.
pub(super) async fn deploy(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    if matches!(options.force, ForcedTasks::Services(_)) {
        return Err(DeployFailure::usage("an Elastic Beanstalk environment is deployed as a whole")
            .help("use `--force` without `--service`"));
    }
    let bundle = images::filled(deployment, artifacts, &options.values, session)?;
    let label = version::label(&bundle);
    let running = settle(session, deployment, options, progress).await?;
    let shown = options.variables.iter().filter(|(name, _)| !is_secret_name(name));
    late_values::settled(shown, &options.sources).iter().for_each(|line| progress.message(line));
    let secrets = secrets::plan(session, deployment, running.as_ref(), options).await?;
    let same = !secrets.iter().any(secrets::EnvironmentSecret::is_new) && options.force == ForcedTasks::None;
    if let Some(running) = running.as_ref().filter(|it| same && it.serves(&label)) {
        adopt(session, Some(running), options, progress).await?;
        progress.message(&format!("{} is up to date: no changes", deployment.environment));
        return Ok(DeployOutcome { changed: false, outputs: running.outputs() });
    }
    let planned =
        review::of(session, deployment, running.as_ref(), &bundle, artifacts, options, progress).await?;
    crate::deploy::review::check(options, &planned.plan)?;
    let stack = platform::resolve(session, deployment, running.as_ref(), progress).await?;
    progress.review(&planned.subject, &planned.diff);
    progress.changes(&changes(deployment, running.as_ref(), &label, &stack));
    confirm(session, options, "deploy this version?").await?;

    adopt(session, running.as_ref(), options, progress).await?;
    role::ensure(session, deployment, artifacts, options, progress).await?;
    secrets::store(session, &secrets, progress).await?;
    let settings: Vec<OptionChange> =
        secrets.iter().filter_map(secrets::EnvironmentSecret::setting).collect();
    version::application(session, &deployment.application).await?;
    let bucket = ArtifactBucket::open(session, progress).await?;
    let packed = packed(&bundle)?;
    let prefix = format!("bundles/{}", deployment.application);
    let key = bucket.put_file(&prefix, packed.path(), ".zip", progress).await?;
    version::ensure(session, &deployment.application, &label, bucket.name(), &key, progress).await?;
    let what = format!("the deployment of the environment {}", deployment.environment);
    let request = match &running {
        None => {
            session.underway(what);
            environment::create(session, deployment, &label, &stack, settings, &options.mark).await?
        }
        Some(running) => {
            set_options(session, running, settings, options, progress).await?;
            session.underway(what);
            update(session, running, EnvironmentUpdate::Version(label.clone()), options, progress).await?
        }
    };
    if options.detach {
        session.settled();
        progress.message(&format!(
            "the deployment of the environment {} continues at AWS; `tranship status ENV` and `tranship events ENV` show it, and `tranship deploy ENV` follows it",
            deployment.environment
        ));
        return Ok(DeployOutcome { changed: true, outputs: Vec::new() });
    }
    let end = follow::deployment(session, &request, &label, options.timeout, progress).await?;
    session.settled();
    prune::versions(session, deployment, &label, progress).await;
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

/// Requests an update. If one is under way, it is followed first: it is ours, and its answer was lost, or another's.
async fn update(
    session: &AwsSession,
    running: &RunningEnvironment,
    change: EnvironmentUpdate,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<EnvironmentRequest, DeployFailure> {
    for _ in 0..UPDATES {
        if let Some(request) = environment::update(session, running, change.clone()).await? {
            return Ok(request);
        }
        progress.message(&format!("{} is being updated: waiting for it to finish", running.name));
        let end = follow::to_rest(session, running, None, options.timeout, progress).await?;
        if matches!(&change, EnvironmentUpdate::Version(label) if end.serves(label)) {
            return Ok(EnvironmentRequest { environment: end.id, id: None });
        }
    }
    session.settled();
    Err(DeployFailure::failed(format!(
        "other updates of the environment {} come first, again and again",
        running.name
    ))
    .help("run the same command again"))
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
    session.underway(format!("the settings update of the environment {}", running.name));
    let change = EnvironmentUpdate::Settings(settings);
    let request = update(session, running, change, options, progress).await?;
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
    if let Some(found) = &found {
        own(session, found, options).await?;
    }
    let Some(busy) = found.as_ref().filter(|environment| !environment.is_ready()) else { return Ok(found) };
    progress.message(&format!("{} is {}: waiting for it to finish", busy.name, busy.status));
    session.underway(format!("the current update of the environment {}", busy.name));
    follow::to_rest(session, busy, None, options.timeout, progress).await?;
    session.settled();
    environment::find(session, deployment).await
}

/// Refuses an environment of another project.
async fn own(
    session: &AwsSession,
    found: &RunningEnvironment,
    options: &DeployOptions,
) -> Result<(), DeployFailure> {
    let tags = environment::tags(session, found).await?;
    options.mark.check(&format!("the environment {}", found.name), &tags, options.adopt)?;
    Ok(())
}

/// Marks an environment that is taken over. It then accepts no other change for a while.
async fn adopt(
    session: &AwsSession,
    running: Option<&RunningEnvironment>,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let Some(running) = running.filter(|_| options.adopt) else { return Ok(()) };
    if options.mark.objection(&environment::tags(session, running).await?).is_some() {
        progress.message(&format!("taking over the environment {}", running.name));
        environment::mark(session, running, &options.mark).await?;
    }
    Ok(())
}

/// What AWS says of the environment now, and whether it is being changed.
pub(super) async fn look(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
) -> Result<(String, bool), DeployFailure> {
    let name = &deployment.environment;
    Ok(match environment::find(session, deployment).await? {
        Some(found) => (
            format!(
                "the environment {name} is {} now, with {}",
                found.status,
                found.version.as_deref().unwrap_or("no version")
            ),
            !found.is_ready(),
        ),
        None => (format!("there is no environment {name} now"), false),
    })
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
        return Ok(DeploymentStatus::absent(subject));
    };
    let mut facts = vec![
        ("health".to_owned(), found.health.clone()),
        ("version".to_owned(), found.version.clone().unwrap_or_default()),
        ("platform".to_owned(), found.platform.clone()),
        ("changed".to_owned(), found.changed.clone()),
    ];
    if found.health != "Green" {
        let causes = follow::causes(session, &found).await;
        facts.extend(causes.into_iter().map(|cause| ("cause".to_owned(), cause)));
    }
    facts.extend(found.outputs());
    Ok(DeploymentStatus {
        subject,
        healthy: found.is_well(),
        state: Some(found.status),
        facts,
        variables: Vec::new(),
        services: Vec::new(),
        drift: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_environment_is_added_and_another_version_changes_it() {
        let deployment =
            BeanstalkDeployment { environment: "shop-prod".into(), ..BeanstalkDeployment::default() };
        let told = |running: Option<&RunningEnvironment>| {
            let all = changes(&deployment, running, "v2", "Docker 4");
            assert_eq!(all.len(), 1);
            (all[0].action, all[0].name.clone(), all[0].detail.clone(), all[0].data_at_risk)
        };
        let name = "shop-prod".to_owned();
        assert_eq!(told(None), (ResourceAction::Add, name.clone(), "version v2 on Docker 4".into(), false));
        let running = environment::tests_environment(Some("v1"));
        assert_eq!(
            told(Some(&running)),
            (ResourceAction::Modify, name.clone(), "version v1 -> v2".into(), false)
        );
        let none = environment::tests_environment(None);
        assert_eq!(told(Some(&none)).2, "version none -> v2");
    }

    #[test]
    fn a_bundle_is_packed_into_a_file() {
        let mut bundle = ArtifactSet::new();
        bundle.text("Dockerrun.aws.json", "{}".to_owned()).unwrap();
        let packed = packed(&bundle).unwrap();
        let bytes = std::fs::read(packed.path()).unwrap();
        let read = tranship_artifact::bundle::unzip(&bytes).unwrap();
        assert_eq!(read.get("Dockerrun.aws.json").map(|file| file.bytes.as_slice()), Some(&b"{}"[..]));
    }
}
