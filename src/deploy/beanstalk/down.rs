//! Terminates an environment.
//!
//! In: an environment. Out: [`DeployOutcome`]. Invariant: the application, its versions and its secrets stay; the
//! environment's database is handled according to its deletion policy.

use super::database;
use super::environment::{self, find};
use super::{follow, role};
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, confirm_by_name};
use aws_sdk_elasticbeanstalk::operation::RequestId;
use tranship_targets::BeanstalkDeployment;

/// Terminates the environment.
pub(in crate::deploy) async fn down(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    environment: &str,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let Some(mut found) = find(session, deployment).await? else {
        progress.message(&format!("no environment {}: nothing to do", deployment.environment));
        return Ok(DeployOutcome { changed: false, outputs: Vec::new() });
    };
    super::own(session, &found, options).await?;
    if !found.is_ready() {
        progress.message(&format!("{} is {}: waiting for it to finish", found.name, found.status));
        found = follow::to_rest(session, &found, None, options.timeout, progress).await?;
        if !found.is_ready() {
            return Ok(DeployOutcome { changed: true, outputs: Vec::new() });
        }
    }
    let settings = environment::settings(session, &found).await?;
    let name = &found.name;
    progress.warn(&format!(
        "the environment {name} will be terminated, with its instances and its load balancer"
    ));
    match database::deletion_policy(&settings) {
        None => {}
        Some("Retain") => progress.warn("its database will be kept, detached from the environment"),
        Some("Snapshot") => progress.warn("its database will be deleted; a snapshot is kept"),
        Some(_) if options.delete_data.iter().any(|name| name == "database") => {
            progress.warn("its database will be deleted with all its data");
        }
        Some(_) => {
            return Err(DeployFailure::usage(format!(
                "this would delete the database of {name} with all its data"
            ))
            .help("allow it with `--delete-data database`, or deploy with a snapshot policy first"));
        }
    }
    confirm_by_name(session, options, environment).await?;
    let call = session.beanstalk().terminate_environment().environment_id(&found.id);
    session.underway(format!("the termination of the environment {name}"));
    let request = match call.send().await {
        Ok(asked) => asked.request_id().map(str::to_owned),
        // The answer to an earlier attempt was lost.
        Err(error) if environment::by_id(session, &found.id).await.is_ok_and(|it| it.is_going()) => {
            drop(error);
            None
        }
        Err(error) => return Err(sdk(&format!("terminate the environment {name}"), error)),
    };
    let end = follow::to_rest(session, &found, request, options.timeout, progress).await?;
    session.settled();
    if end.status == "Terminated" {
        role::remove(session, deployment, options, progress).await?;
        progress.message(&format!("the application {} and its versions are kept", found.application));
        return Ok(DeployOutcome { changed: true, outputs: Vec::new() });
    }
    Err(DeployFailure::failed(format!("the environment {name} was not terminated: it is {}", end.status)))
}
