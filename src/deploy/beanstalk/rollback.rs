//! Goes back to an earlier application version of an environment, and aborts an update that is in progress.
//!
//! In: the environment, the versions of its application. Out: the environment with that version. Without the manifest.

use super::environment::{self, EnvironmentUpdate, RunningEnvironment};
use super::version::MADE_BY_US;
use super::{follow, own, update};
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, RollbackRequest, confirm};
use aws_sdk_elasticbeanstalk::types::ApplicationVersionDescription;
use tranship_targets::BeanstalkDeployment;

async fn present(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
) -> Result<RunningEnvironment, DeployFailure> {
    let found = environment::find(session, deployment).await?;
    found.ok_or_else(|| session.not_deployed(&format!("environment {}", deployment.environment)))
}

/// Goes back.
pub(in crate::deploy) async fn rollback(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    request: &RollbackRequest,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let running = present(session, deployment).await?;
    own(session, &running, options).await?;
    if !running.is_ready() {
        return Err(DeployFailure::failed(format!("the environment {} is {}", running.name, running.status))
            .help("stop a running update with `tranship cancel ENV`, or wait for its end"));
    }
    let (client, mut found, mut token) = (session.beanstalk(), Vec::new(), None);
    loop {
        let call = client.describe_application_versions().application_name(&deployment.application);
        let page = call.set_next_token(token).send().await;
        let page = page.map_err(|error| sdk("list the versions", error))?;
        token = page.next_token().map(str::to_owned);
        found.extend(page.application_versions.unwrap_or_default());
        if token.is_none() {
            break;
        }
    }
    let label =
        previous(&found, running.version.as_deref(), request.version.as_deref()).ok_or_else(|| {
            let labels: Vec<&str> = found.iter().filter_map(|it| it.version_label()).collect();
            DeployFailure::usage("there is no such earlier version").help(format!(
                "versions of {}: {}",
                deployment.application,
                labels.join(", ")
            ))
        })?;
    progress.message(&format!(
        "going back from {} to {label}",
        running.version.as_deref().unwrap_or("no version")
    ));
    progress.warn("jobs of that version run again. What migrations did to a database is not undone");
    confirm(session, options, "deploy this version?").await?;
    session.underway(format!("the rollback of the environment {}", running.name));
    let change = EnvironmentUpdate::Version(label.clone());
    let request = update(session, &running, change, options, progress).await?;
    let end = follow::deployment(session, &request, &label, options.timeout, progress).await?;
    session.settled();
    Ok(DeployOutcome { changed: true, outputs: end.outputs() })
}

/// The version before the one that runs, of those that we made; or the one that is named.
fn previous(
    all: &[ApplicationVersionDescription],
    running: Option<&str>,
    wanted: Option<&str>,
) -> Option<String> {
    let label = |it: &ApplicationVersionDescription| it.version_label().map(str::to_owned);
    if let Some(wanted) = wanted {
        return all.iter().filter_map(label).find(|label| label == wanted);
    }
    let time = |it: &&ApplicationVersionDescription| it.date_created().map(|time| time.as_nanos());
    let now = all.iter().find(|it| it.version_label() == running).as_ref().and_then(time);
    let ours = all.iter().filter(|it| {
        it.version_label().is_some_and(|label| label.starts_with(MADE_BY_US) && Some(label) != running)
    });
    let earlier = ours.clone().filter(|it| now.is_none() || time(it) < now).max_by_key(time);
    earlier.and_then(label)
}

/// Aborts an update that is in progress.
pub(in crate::deploy) async fn cancel(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let running = present(session, deployment).await?;
    own(session, &running, options).await?;
    if running.is_ready() {
        progress.message(&format!("nothing is in progress: the environment {} is Ready", running.name));
        return Ok(DeployOutcome { changed: false, outputs: Vec::new() });
    }
    if !running.is_abortable {
        return Err(not_abortable(&running.name, &running.status));
    }
    confirm(session, options, "abort this update, and go back to the version before?").await?;
    let aborted = session.beanstalk().abort_environment_update().environment_id(&running.id).send().await;
    aborted.map_err(|error| sdk("abort the update", error))?;
    session.underway(format!("the abort of the update of the environment {}", running.name));
    let end = follow::to_rest(session, &running, None, options.timeout, progress).await?;
    session.settled();
    progress.message(&format!("{} runs {}", end.name, end.version.as_deref().unwrap_or("no version")));
    Ok(DeployOutcome { changed: true, outputs: end.outputs() })
}

fn not_abortable(name: &str, status: &str) -> DeployFailure {
    let failure =
        DeployFailure::failed(format!("the environment {name} is {status}, which cannot be cancelled"));
    match status {
        "Launching" => failure.help("`tranship down ENV` deletes what is being created"),
        _ => failure.help("`tranship events ENV` shows what it does; wait for its end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_elasticbeanstalk::primitives::DateTime;

    #[test]
    fn a_launch_is_deleted_and_anything_else_waited_for() {
        let launch = not_abortable("shop-dev", "Launching");
        assert_eq!(launch.message, "the environment shop-dev is Launching, which cannot be cancelled");
        assert_eq!(launch.help, ["`tranship down ENV` deletes what is being created"]);
        assert!(not_abortable("shop-dev", "Terminating").help[0].contains("tranship events ENV"));
    }

    #[test]
    fn the_version_before_the_one_that_runs_is_chosen() {
        let version = |label: &str, at| {
            let it = ApplicationVersionDescription::builder().version_label(label);
            it.date_created(DateTime::from_secs(at)).build()
        };
        let all = [
            version("tranship-c", 3),
            version("tranship-a", 1),
            version("by-hand", 2),
            version("tranship-d", 4),
        ];
        let chosen = |running, wanted| previous(&all, running, wanted);
        assert_eq!(chosen(Some("tranship-d"), None).as_deref(), Some("tranship-c"));
        assert_eq!(chosen(Some("tranship-c"), None).as_deref(), Some("tranship-a"));
        assert_eq!(chosen(Some("tranship-a"), None), None);
        assert_eq!(chosen(Some("gone"), None).as_deref(), Some("tranship-d"));
        assert_eq!(chosen(Some("tranship-d"), Some("by-hand")).as_deref(), Some("by-hand"));
        assert_eq!(chosen(Some("tranship-d"), Some("nothing")), None);
    }
}
