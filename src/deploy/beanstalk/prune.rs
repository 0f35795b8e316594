//! Deletes old application versions, with their bundles.
//!
//! The rule: of the versions that Tranship made for the application, the newest [`KEPT`] stay, and so does every version
//! that an environment runs. Elastic Beanstalk allows 1000 versions in a region, for all applications together. Versions that
//! others made are left alone. Never fails a deployment: what cannot be deleted now is deleted by the next one.

use super::environment;
use super::version::MADE_BY_US;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use aws_sdk_elasticbeanstalk::types::ApplicationVersionDescription;
use std::collections::BTreeSet;
use tranship_targets::BeanstalkDeployment;

/// Versions to go back to.
pub(super) const KEPT: usize = 50;

/// Deletes what the rule says.
pub(super) async fn versions(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    current: &str,
    progress: &mut dyn DeployProgress,
) {
    if let Err(reason) = delete(session, deployment, current, progress).await {
        progress.warn(&format!("old versions are kept for now: {reason}"));
    }
}

async fn delete(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    current: &str,
    progress: &mut dyn DeployProgress,
) -> Result<(), String> {
    let (client, application) = (session.beanstalk(), &deployment.application);
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let call = client.describe_application_versions().application_name(application);
        let page = call.set_next_token(token).send().await;
        let page = page.map_err(|error| crate::deploy::failure::reason(&error))?;
        token = page.next_token().map(str::to_owned);
        found.extend(page.application_versions.unwrap_or_default());
        if token.is_none() {
            break;
        }
    }
    if found.len() <= KEPT {
        return Ok(());
    }
    let mut used = environment::versions(session, application).await.map_err(|failure| failure.message)?;
    used.insert(current.to_owned());
    let old = outdated(found, &used);
    if !old.is_empty() {
        progress.message(&format!("deleting {} old versions: the newest {KEPT} are kept", old.len()));
    }
    for label in old {
        let call = client.delete_application_version().application_name(application).version_label(label);
        let deleted = call.delete_source_bundle(true).send().await;
        deleted.map_err(|error| crate::deploy::failure::reason(&error))?;
    }
    Ok(())
}

/// The labels of the versions to delete.
fn outdated(mut found: Vec<ApplicationVersionDescription>, used: &BTreeSet<String>) -> Vec<String> {
    let ours = |it: &ApplicationVersionDescription| {
        it.version_label().is_some_and(|label| label.starts_with(MADE_BY_US))
    };
    found.retain(ours);
    found.sort_by_key(|it| std::cmp::Reverse(it.date_created().map(|time| time.as_nanos())));
    let labels = found.into_iter().skip(KEPT).filter_map(|it| it.version_label);
    labels.filter(|label| !used.contains(label)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_elasticbeanstalk::primitives::DateTime;

    #[test]
    fn the_newest_stay_and_so_does_what_runs_and_what_is_anothers() {
        let version = |label: String, at: i64| {
            let it = ApplicationVersionDescription::builder().version_label(label);
            it.date_created(DateTime::from_secs(at)).build()
        };
        let mut all: Vec<_> = (0..60).map(|number| version(format!("tranship-{number}"), number)).collect();
        all.push(version("release-1".into(), -1));
        let used = BTreeSet::from(["tranship-3".to_owned()]);
        let wanted: Vec<String> =
            (0..10).rev().filter(|it| *it != 3).map(|number| format!("tranship-{number}")).collect();
        assert_eq!(outdated(all, &used), wanted);
    }
}
