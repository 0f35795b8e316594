//! The solution stack of an environment: the newest of its branch for a new one; unchanged for a running one.
//!
//! In: how the branch calls its solution stacks. Out: a full name. Versions change monthly, so
//! AWS is asked: <https://docs.aws.amazon.com/elasticbeanstalk/latest/platforms/platforms-supported.html>.

use super::environment::RunningEnvironment;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use tranship_targets::{BeanstalkDeployment, SolutionStackNames};

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
    let Some(newest) = newest(answer.solution_stacks(), &deployment.solution_stacks) else {
        return Err(DeployFailure::failed(format!(
            "no platform of the branch {branch} in {}",
            session.region
        )));
    };
    let Some(running) = running else { return Ok(newest.to_owned()) };
    if deployment.solution_stacks.version(&running.platform).is_none() {
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

fn newest<'a>(stacks: &'a [String], names: &SolutionStackNames) -> Option<&'a str> {
    let found = stacks.iter().filter_map(|name| Some((names.version(name)?, name.as_str())));
    found.max().map(|(_, name)| name)
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
        let branch = SolutionStackNames { prefix: "64bit Amazon Linux 2023 v", suffix: " running ECS" };
        assert_eq!(newest(&stacks, &branch), Some("64bit Amazon Linux 2023 v4.7.10 running ECS"));
        assert_eq!(newest(&stacks, &SolutionStackNames { suffix: " running Java", ..branch }), None);
    }
}
