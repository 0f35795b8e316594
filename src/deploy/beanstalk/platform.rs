//! The solution stack of an environment: the newest of its branch for a new one; unchanged for a running one.
//!
//! In: the prefix and suffix of the branch's solution stack names. Out: a full name. Versions change monthly, so
//! AWS is asked: <https://docs.aws.amazon.com/elasticbeanstalk/latest/platforms/platforms-supported.html>.

use super::environment::RunningEnvironment;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use tranship_targets::BeanstalkDeployment;

/// The solution stack to deploy to.
pub(super) async fn resolve(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    running: Option<&RunningEnvironment>,
    progress: &mut dyn DeployProgress,
) -> Result<String, DeployFailure> {
    let answer = session.beanstalk().list_available_solution_stacks().send().await;
    let answer = answer.map_err(|error| sdk("list the platforms", error))?;
    let branch = &deployment.platform_branch;
    let Some(newest) = newest(answer.solution_stacks(), &deployment.solution_stack) else {
        return Err(DeployFailure::failed(format!(
            "no platform of the branch {branch} in {}",
            session.region
        )));
    };
    let Some(running) = running else { return Ok(newest.to_owned()) };
    if version(&running.platform, &deployment.solution_stack).is_none() {
        return Err(DeployFailure::failed(format!(
            "{} runs on {}, not on {branch}",
            running.name, running.platform
        ))
        .help(
            "the platform of an environment cannot change: pin the old one with `platform`, or set `stack` to the name of a new environment, deploy it, and swap the addresses of the two (`aws elasticbeanstalk swap-environment-cnames`)",
        ));
    }
    if running.is_worker != deployment.is_worker {
        let tier = if running.is_worker { "worker" } else { "web" };
        return Err(DeployFailure::failed(format!("{} is of the tier `{tier}`", running.name)).help(
            "the tier of an environment cannot change: set `tier` to what it is, or set `stack` to the name of a new environment",
        ));
    }
    if running.platform != newest {
        progress.message(&format!("{} stays on {}; {newest} is available", running.name, running.platform));
    }
    Ok(running.platform.clone())
}

fn newest<'a>(stacks: &'a [String], (start, end): &(String, String)) -> Option<&'a str> {
    let ends = (start.clone(), end.clone());
    let found = stacks.iter().filter_map(|name| Some((version(name, &ends)?, name.as_str())));
    found.max().map(|(_, name)| name)
}

/// The version number between the prefix and suffix of a solution stack name.
fn version(name: &str, (start, end): &(String, String)) -> Option<Vec<u64>> {
    let middle = name.strip_prefix(start.as_str())?.strip_suffix(end.as_str())?;
    middle.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_branch_is_the_highest_number_not_the_last_word() {
        let stacks = [
            "64bit Amazon Linux 2023 v4.7.8 running ECS",
            "64bit Amazon Linux 2023 v4.7.10 running ECS",
            "64bit Amazon Linux 2023 v4.13.10 running Docker",
            "64bit Amazon Linux 2 v3.9.9 running ECS",
        ]
        .map(str::to_owned);
        let branch = ("64bit Amazon Linux 2023 v".to_owned(), " running ECS".to_owned());
        assert_eq!(newest(&stacks, &branch), Some("64bit Amazon Linux 2023 v4.7.10 running ECS"));
        assert_eq!(newest(&stacks, &(branch.0, " running Java".to_owned())), None);
    }
}
