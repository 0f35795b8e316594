//! Removes scale-in protection from the instances of a stack's groups, so that the groups can be deleted.
//!
//! In: the logical ids of Auto Scaling groups. Out: nothing. ECS managed termination protection sets it on each
//! instance, and turning that off leaves it set (aws/containers-roadmap#2862). Invariant: instances leaving
//! their group are left alone. Instances still starting are waited for: they would block the deletion forever.

use super::stack::is_absent;
use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::Instance;
use std::time::Duration;

/// SetInstanceProtection takes at most 50 instances:
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html>.
const BATCH: usize = 50;

/// How long an instance may take to come into service.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Removes protection from every instance of these groups.
pub(super) async fn unprotect(
    session: &AwsSession,
    stack: &str,
    groups: &[String],
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    for group in groups {
        if let Some(name) = physical(session, stack, group).await? {
            unprotect_group(session, group, &name, progress).await?;
        }
    }
    Ok(())
}

/// `group` is the logical id, `name` the physical one.
async fn unprotect_group(
    session: &AwsSession,
    group: &str,
    name: &str,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let (mut pace, mut told) = (PollingPace::new(PATIENCE), false);
    loop {
        let found = protected(session, group, name).await?;
        let mut refused = None;
        for batch in found.ready.chunks(BATCH) {
            progress
                .message(&format!("removing scale-in protection from {} instances of {group}", batch.len()));
            refused = set(session, group, name, batch).await?.or(refused);
        }
        if refused.is_none() && found.starting == 0 {
            return Ok(());
        }
        if found.starting > 0 && !told {
            progress.message(&format!(
                "waiting for {} instances of {group} to come into service",
                found.starting
            ));
            told = true;
        }
        if !pace.wait().await {
            return refused.map_or_else(|| Err(starting(group, found.starting)), Err);
        }
    }
}

fn starting(group: &str, count: usize) -> DeployFailure {
    DeployFailure::failed(format!("{count} protected instances of {group} did not come into service in time"))
        .help("their group cannot be deleted until they do or are terminated; nothing was deleted")
}

/// The protected instances of a group.
#[derive(Debug, Default, PartialEq)]
struct ProtectedInstances {
    /// The ids of instances whose protection can be removed.
    ready: Vec<String>,
    /// The number of instances not in service yet.
    starting: usize,
}

async fn protected(
    session: &AwsSession,
    group: &str,
    name: &str,
) -> Result<ProtectedInstances, DeployFailure> {
    // A group is always described with all its instances: pages split groups, not instances.
    let call = session.scaling().describe_auto_scaling_groups().auto_scaling_group_names(name).send().await;
    let found = call.map_err(|error| sdk(&format!("read the instances of {group}"), error))?;
    Ok(sort(found.auto_scaling_groups().iter().flat_map(|group| group.instances())))
}

/// The service rejects instances that are "not in InService or EnteringStandby or Standby".
fn sort<'a>(instances: impl Iterator<Item = &'a Instance>) -> ProtectedInstances {
    let mut protected = ProtectedInstances::default();
    for instance in instances.filter(|it| it.protected_from_scale_in() == Some(true)) {
        let state = instance.lifecycle_state().map_or("", |state| state.as_str());
        match state.split(':').next().unwrap_or_default() {
            "InService" | "EnteringStandby" | "Standby" => {
                protected.ready.extend(instance.instance_id().map(str::to_owned));
            }
            "Terminating" | "Terminated" | "Detaching" | "Detached" | "Quarantined" | "Warmed" => {}
            _ => protected.starting += 1,
        }
    }
    protected
}

/// Unprotects a batch. Returns the error if an instance of the batch has changed state in the meantime.
async fn set(
    session: &AwsSession,
    group: &str,
    name: &str,
    batch: &[String],
) -> Result<Option<DeployFailure>, DeployFailure> {
    let call = session.scaling().set_instance_protection().auto_scaling_group_name(name);
    let call = call.set_instance_ids(Some(batch.to_vec())).protected_from_scale_in(false);
    let Err(error) = call.send().await else { return Ok(None) };
    let changed = error.code() == Some("ValidationError");
    let failure = sdk(&format!("remove scale-in protection from the instances of {group}"), error);
    if changed { Ok(Some(failure)) } else { Err(failure) }
}

/// The physical id of a resource; `None` if it was never created.
pub(super) async fn physical(
    session: &AwsSession,
    stack: &str,
    name: &str,
) -> Result<Option<String>, DeployFailure> {
    let call =
        session.cloudformation().describe_stack_resources().stack_name(stack).logical_resource_id(name);
    let found = match call.send().await {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(sdk(&format!("look up {name}"), error)),
    };
    Ok(found.stack_resources().first().and_then(|it| it.physical_resource_id()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::LifecycleState;

    #[test]
    fn an_instance_is_unprotected_where_the_service_takes_it() {
        for state in LifecycleState::values() {
            let instance = Instance::builder()
                .instance_id("i-1")
                .lifecycle_state((*state).into())
                .protected_from_scale_in(true);
            let found = sort([instance.build()].iter());
            let expected = match *state {
                "InService" | "EnteringStandby" | "Standby" => (1, 0),
                state if state.starts_with("Pending") || state.contains("RootVolume") => (0, 1),
                _ => (0, 0),
            };
            assert_eq!((found.ready.len(), found.starting), expected, "{state}");
        }
    }
}
