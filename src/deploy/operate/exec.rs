//! Opens a session in a container that runs, by ECS Exec.
//!
//! In: a service and a command. Out: an [`ExecSession`], which the plugin of Session Manager takes. Source: Amazon ECS Developer Guide,
//! "Monitor Amazon ECS containers with ECS Exec".

use super::stack_inside::{StackInside, cluster_of};
use super::stack_only;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::{DeployOptions, run};
use aws_sdk_ecs::types::Task;
use serde_json::json;
use tranship_targets::TargetDeployment;

/// A session that the plugin of Session Manager opens.
#[derive(Clone, PartialEq, Eq)]
pub struct ExecSession {
    /// The arguments of the plugin. They hold the token of the session, and are shown nowhere.
    pub arguments: Vec<String>,
    /// The id of the task.
    pub task: String,
}

/// Opens a session in the newest task of a service.
///
/// # Errors
/// The service does not run, or ECS Exec is off for it. See [`FailureKind`](crate::deploy::FailureKind) for the others.
pub fn exec(
    deployment: &TargetDeployment,
    service: &str,
    container: Option<&str>,
    command: &str,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<ExecSession, DeployFailure> {
    let stack = stack_only(deployment, "a session in a container", |it| {
        it.exec(container.unwrap_or(service), command)
    })?;
    run(deployment, options, progress, async |session, _| {
        let inside = StackInside::open(session, stack).await?;
        let arn = inside.services().find(|(name, _)| *name == service).map(|(_, arn)| arn.to_owned());
        let arn = arn.ok_or_else(|| {
            let mut names: Vec<&str> = inside.services().map(|(name, _)| name).collect();
            names.sort_unstable();
            DeployFailure::usage(format!("the stack has no service `{service}`"))
                .help(format!("its services: {}", names.join(", ")))
        })?;
        let cluster = cluster_of(&arn).unwrap_or_default();
        let name = arn.rsplit('/').next().unwrap_or_default();
        let found = session.ecs().list_tasks().cluster(&cluster).service_name(name).send().await;
        let found = found.map_err(|error| sdk(&format!("list the tasks of {service}"), error))?;
        let mut tasks = Vec::new();
        if !found.task_arns().is_empty() {
            let call = session.ecs().describe_tasks().cluster(&cluster);
            let answer = call.set_tasks(Some(found.task_arns().to_vec())).send().await;
            tasks = answer.map_err(|error| sdk("look at the tasks", error))?.tasks.unwrap_or_default();
        }
        let task = newest(&tasks, service)?;
        let container = container.unwrap_or(service);
        let call = session.ecs_changes().execute_command().cluster(&cluster).interactive(true);
        let call = call.task(task.task_arn().unwrap_or_default()).container(container).command(command);
        let answer =
            call.send().await.map_err(|error| sdk(&format!("open a session in {service}"), error))?;
        let opened = answer.session().ok_or_else(|| DeployFailure::failed("ECS opened no session"))?;
        let id = task.task_arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();
        let runtime = task.containers().iter().find(|it| it.name() == Some(container));
        let runtime = runtime.and_then(|it| it.runtime_id()).unwrap_or_default();
        let opened = json!({
            "SessionId": opened.session_id(), "StreamUrl": opened.stream_url(), "TokenValue": opened.token_value(),
        });
        let target = json!({ "Target": format!("ecs:{cluster}_{id}_{runtime}") });
        let end = format!("https://ssm.{}.{}", session.region, session.domain());
        let arguments = [&opened.to_string(), &session.region, "StartSession", "", &target.to_string(), &end];
        Ok(ExecSession { arguments: arguments.map(str::to_owned).to_vec(), task: id })
    })
}

/// The newest task that runs and takes commands.
fn newest<'a>(tasks: &'a [Task], service: &str) -> Result<&'a Task, DeployFailure> {
    let running = tasks.iter().filter(|task| task.last_status() == Some("RUNNING"));
    let key = |task: &&Task| task.started_at().or(task.created_at()).map(|time| time.as_nanos());
    let Some(task) = running.clone().filter(|task| task.enable_execute_command()).max_by_key(key) else {
        return Err(match running.count() {
            0 => DeployFailure::failed(format!("no task of {service} is running"))
                .help("`tranship status ENV` says why"),
            _ => DeployFailure::failed(format!("ECS Exec is off for {service}"))
                .help("set `exec: true` for the environment under `x-tranship`, and deploy")
                .help(format!(
                    "if it is set, the tasks are older: `tranship deploy ENV --force --service {service}` starts new ones"
                )),
        });
    };
    Ok(task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::primitives::DateTime;

    #[test]
    fn the_newest_task_that_takes_commands_is_chosen() {
        let task = |id: &str, status: &str, on: bool, at: i64| {
            let task = Task::builder().task_arn(id).last_status(status).enable_execute_command(on);
            task.started_at(DateTime::from_secs(at)).build()
        };
        let tasks = [
            task("old", "RUNNING", true, 1),
            task("new", "RUNNING", true, 2),
            task("off", "RUNNING", false, 3),
            task("gone", "STOPPED", true, 4),
        ];
        assert_eq!(newest(&tasks, "app").unwrap().task_arn(), Some("new"));
        assert_eq!(newest(&tasks[2..], "app").unwrap_err().message, "ECS Exec is off for app");
        assert_eq!(newest(&tasks[3..], "app").unwrap_err().message, "no task of app is running");
    }
}
