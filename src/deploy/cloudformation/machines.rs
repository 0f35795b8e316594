//! Takes the scale-in protection off the instances of a stack's groups, so that the groups can be deleted.
//!
//! In: the logical ids of Auto Scaling groups. Out: nothing. ECS managed termination protection sets it on each
//! instance, and turning that off leaves it set (aws/containers-roadmap#2862).

use super::stack::is_absent;
use crate::deploy::failure::{Failure, sdk};
use crate::deploy::progress::Progress;
use crate::deploy::session::Session;

/// SetInstanceProtection takes 50 instances at most.
const BATCH: usize = 50;

/// Takes it off every instance of these groups.
pub(super) async fn unprotect(
    session: &Session,
    stack: &str,
    groups: &[String],
    progress: &mut dyn Progress,
) -> Result<(), Failure> {
    let scaling = session.scaling();
    for group in groups {
        let Some(name) = physical(session, stack, group).await? else { continue };
        let call = scaling.describe_auto_scaling_groups().auto_scaling_group_names(&name).send().await;
        let found = call.map_err(|error| sdk(&format!("look at the instances of {group}"), error))?;
        let instances = found.auto_scaling_groups().iter().flat_map(|group| group.instances());
        let protected: Vec<String> = instances
            .filter(|instance| instance.protected_from_scale_in() == Some(true))
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect();
        for batch in protected.chunks(BATCH) {
            progress.say(&format!("unprotecting {} instances of {group}", batch.len()));
            let call = scaling
                .set_instance_protection()
                .auto_scaling_group_name(&name)
                .protected_from_scale_in(false);
            let set = call.set_instance_ids(Some(batch.to_vec())).send().await;
            set.map_err(|error| sdk(&format!("unprotect the instances of {group}"), error))?;
        }
    }
    Ok(())
}

/// The name that a resource has outside of its stack; nothing where it was never made.
pub(super) async fn physical(session: &Session, stack: &str, name: &str) -> Result<Option<String>, Failure> {
    let call =
        session.cloudformation().describe_stack_resources().stack_name(stack).logical_resource_id(name);
    let found = match call.send().await {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(sdk(&format!("look for {name}"), error)),
    };
    Ok(found.stack_resources().first().and_then(|it| it.physical_resource_id()).map(str::to_owned))
}
