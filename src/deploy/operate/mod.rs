//! Looks inside what is deployed: logs, one-off tasks, a command in a container, events, the status as it changes.
//!
//! In: a [`TargetDeployment`]. Out: lines, a task's exit code, a session. Invariants: nothing but a task that the user asks for is
//! started, and nothing is changed or deleted; what containers wrote is masked like everything that others wrote.

mod events;
mod exec;
mod logs;
mod run_task;
mod stack_inside;
mod watch;

pub use self::events::{PastEvent, events, follow_events};
pub use self::exec::{ExecSession, exec};
pub use self::logs::{LogRequest, logs};
pub use self::run_task::{FinishedTask, TaskRequest, run_task};
pub use self::watch::{StatusRounds, watch};

use super::failure::DeployFailure;
use tranship_targets::TargetDeployment;

/// What only ECS can do.
fn stack_only<'a>(
    deployment: &'a TargetDeployment,
    what: &str,
) -> Result<&'a tranship_targets::StackDeployment, DeployFailure> {
    match deployment {
        TargetDeployment::Stack(stack) => Ok(stack),
        TargetDeployment::Beanstalk(environment) => Err(DeployFailure::usage(format!(
            "{what} is not possible on Elastic Beanstalk, whose instances run all containers"
        ))
        .help(format!(
            "open a shell on an instance with `eb ssh {}` and use `docker exec`",
            environment.environment
        ))),
    }
}
