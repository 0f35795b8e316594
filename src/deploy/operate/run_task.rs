//! Runs a one-off task of a service or a job, and waits for its end.
//!
//! In: a [`TaskRequest`]. Out: [`FinishedTask`], with its log lines on the way. The task has the task definition, network, variables
//! and secrets that the stack gives the service or the job; an interruption leaves it running.

use super::logs::LogReader;
use super::stack_inside::{StackInside, described};
use super::{shell_words, stack_only};
use crate::deploy::clock::milliseconds;
use crate::deploy::cloudformation::task_token;
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, run};
use crate::operation::log_lines::{LogMerger, LogSelection};
use crate::operation::task_place::{TaskPlace, place_in_command, place_of_job};
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride, LaunchType,
    LogDriver, NetworkConfiguration, Service, Task, TaskDefinition, TaskOverride,
};
use std::time::Duration;
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_targets::TargetDeployment;

/// The delay between two looks at the task.
const PAUSE: Duration = Duration::from_secs(2);

/// How much earlier than our own clock the first line may be, in milliseconds.
const SLACK: i64 = 60_000;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct TaskRequest {
    /// A service or a job.
    pub name: String,
    /// The command instead of that of the manifest; empty for the same.
    pub command: Vec<String>,
}

/// A task that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedTask {
    /// The exit code of its container.
    pub code: i32,
}

/// Runs a task until it ends.
///
/// # Errors
/// It cannot be started, or it ended before its container did. See [`FailureKind`] for the others.
pub fn run_task(
    deployment: &TargetDeployment,
    request: &TaskRequest,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<FinishedTask, DeployFailure> {
    let stack =
        stack_only(deployment, "a one-off task", |it| it.run(&request.name, &shell_words(&request.command)))?;
    run(deployment, options, progress, async |session, progress| {
        let inside = StackInside::open(session, stack).await?;
        let (id, definition) =
            inside.task_definition(&request.name).ok_or_else(|| unknown(&inside, request))?;
        let definition = described(session, definition).await?;
        let begun = i64::try_from(milliseconds()).unwrap_or(i64::MAX).saturating_sub(SLACK);
        let task = start(session, &inside, &id, &definition, request).await?;
        let arn = task.task_arn().unwrap_or_default().to_owned();
        let task_id = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let cluster = inside.cluster()?;
        progress.message(&format!("started the task {task_id} of {}", request.name));
        let (name, region) = (&request.name, &session.region);
        let advice = vec![
            format!("`tranship logs ENV {name} --follow` shows what it writes"),
            format!("`aws ecs stop-task --region {region} --cluster {cluster} --task {task_id}` stops it"),
        ];
        session.underway_alone(format!("the task {task_id} of {name}"), advice);
        let mut reader = reader(session, &definition, request);
        let mut state = String::new();
        let limit = tokio::time::Instant::now() + session.time_left(options.timeout);
        loop {
            let task = look(session, &cluster, &arn).await?;
            let ended = task.last_status() == Some("STOPPED");
            let now = task.last_status().unwrap_or_default();
            if let Some(said) = arrived(&state, now) {
                progress.message(said);
            }
            now.clone_into(&mut state);
            if let Some(reader) = &mut reader {
                let lines = reader.read(begun).await?;
                lines.iter().filter(|it| it.stream.ends_with(&task_id)).for_each(|it| progress.log(it));
            }
            if ended {
                session.settled();
                return finished(&task, &request.name);
            }
            if tokio::time::Instant::now() >= limit {
                return Err(session.left(FailureKind::TimedOut));
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
}

/// What to say when a task comes into a state: pulling an image takes a while, in which nothing else is heard.
fn arrived(before: &str, now: &str) -> Option<&'static str> {
    match now {
        now if now == before => None,
        "PROVISIONING" => Some("waiting for a place to run"),
        "PENDING" => Some("pulling images and starting containers"),
        "RUNNING" => Some("the task is running"),
        _ => None,
    }
}

fn unknown(inside: &StackInside, request: &TaskRequest) -> DeployFailure {
    DeployFailure::usage(format!("the stack has no service or job `{}` with a task of its own", request.name))
        .help(format!("services and jobs: {}", inside.runnable().join(", ")))
}

/// Starts the task where the stack runs the service or the job.
async fn start(
    session: &AwsSession,
    inside: &StackInside,
    id: &str,
    definition: &TaskDefinition,
    request: &TaskRequest,
) -> Result<Task, DeployFailure> {
    let mut call = session
        .ecs_changes()
        .run_task()
        .cluster(inside.cluster()?)
        .task_definition(definition.task_definition_arn().unwrap_or_default())
        .started_by("tranship-run")
        .client_token(task_token(session));
    match inside.service(session, &request.name).await? {
        Some(service) => {
            let (strategy, launch_type) = capacity(&service);
            call = call.set_network_configuration(service.network_configuration);
            call = call.set_capacity_provider_strategy(strategy).set_launch_type(launch_type);
        }
        None => {
            let place = place(session, inside, id, &request.name).await?;
            call = call.set_network_configuration(network(&place));
            call = call.set_capacity_provider_strategy(strategy(&place));
        }
    }
    if !request.command.is_empty() {
        let container = ContainerOverride::builder().name(&request.name);
        let container = container.set_command(Some(request.command.clone())).build();
        call = call.overrides(TaskOverride::builder().container_overrides(container).build());
    }
    let answer = call.send().await.map_err(|error| sdk(&format!("run {}", request.name), error))?;
    if let Some(task) = answer.tasks().first() {
        return Ok(task.clone());
    }
    let reason = answer.failures().first().and_then(|it| it.reason().or(it.detail()));
    let reason = reason.unwrap_or("no reason given");
    Err(DeployFailure::failed(format!("ECS did not start the task of {}: {reason}", request.name)))
}

/// Where the stack runs a job.
async fn place(
    session: &AwsSession,
    inside: &StackInside,
    id: &str,
    name: &str,
) -> Result<TaskPlace, DeployFailure> {
    let output = LogicalId::of(name, ResourceRole::RunCommand).to_string();
    let outputs = inside.application.outputs();
    if let Some((_, command)) = outputs.iter().find(|(key, _)| *key == output) {
        return Ok(place_in_command(command));
    }
    let template = inside.template_of(session, id).await?;
    Ok(place_of_job(&template, id, &inside.names_for(id)).unwrap_or_default())
}

fn network(place: &TaskPlace) -> Option<NetworkConfiguration> {
    if place.subnets.is_empty() {
        return None;
    }
    let public = if place.public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(place.subnets.clone()))
        .set_security_groups(Some(place.security_groups.clone()))
        .assign_public_ip(public)
        .build()
        .ok()?;
    Some(NetworkConfiguration::builder().awsvpc_configuration(network).build())
}

/// What a service runs on: capacity providers, or else a launch type. ECS refuses a task that names both.
fn capacity(service: &Service) -> (Option<Vec<CapacityProviderStrategyItem>>, Option<LaunchType>) {
    match service.capacity_provider_strategy() {
        [] => (None, service.launch_type().cloned()),
        strategy => (Some(strategy.to_vec()), None),
    }
}

fn strategy(place: &TaskPlace) -> Option<Vec<CapacityProviderStrategyItem>> {
    let item = |(provider, weight): &(String, i32)| {
        CapacityProviderStrategyItem::builder().capacity_provider(provider).weight(*weight).build().ok()
    };
    Some(place.strategy.iter().filter_map(item).collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

/// Reads the log of the task; `None` if it does not go to CloudWatch Logs.
fn reader<'a>(
    session: &'a AwsSession,
    definition: &TaskDefinition,
    request: &TaskRequest,
) -> Option<LogReader<'a>> {
    let own = definition.container_definitions().iter().find(|it| it.name() == Some(&request.name))?;
    let log = own.log_configuration().filter(|log| *log.log_driver() == LogDriver::Awslogs)?;
    let group = log.options()?.get("awslogs-group")?.clone();
    let names = [request.name.clone()].into();
    let selection = LogSelection { names, ..LogSelection::default() };
    Some(LogReader {
        session,
        groups: vec![group],
        root: "ecs",
        selection,
        merger: LogMerger::default(),
        calls: 0,
    })
}

async fn look(session: &AwsSession, cluster: &str, arn: &str) -> Result<Task, DeployFailure> {
    let found = session.ecs().describe_tasks().cluster(cluster).tasks(arn).send().await;
    let found = found.map_err(|error| sdk("look at the task", error))?;
    let task = found.tasks.and_then(|all| all.into_iter().next());
    task.ok_or_else(|| DeployFailure::failed("the task no longer exists"))
}

/// The exit code of the container that the task was started for.
fn finished(task: &Task, name: &str) -> Result<FinishedTask, DeployFailure> {
    let own = task.containers().iter().find(|it| it.name() == Some(name));
    if let Some(code) = own.and_then(|it| it.exit_code()) {
        return Ok(FinishedTask { code });
    }
    let reason = own.and_then(|it| it.reason()).filter(|reason| !reason.is_empty()).or(task.stopped_reason());
    let reason = reason.unwrap_or("no reason given");
    Err(DeployFailure::failed(format!("the task of {name} ended before its container: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::Container;

    #[test]
    fn the_code_is_that_of_the_container_that_was_asked_for() {
        let container =
            |name: &str, code: Option<i32>| Container::builder().name(name).set_exit_code(code).build();
        let task = |code| {
            let all = vec![container("proxy", Some(0)), container("migrate", code)];
            Task::builder().stopped_reason("Task failed to start").set_containers(Some(all)).build()
        };
        assert_eq!(finished(&task(Some(3)), "migrate"), Ok(FinishedTask { code: 3 }));
        let failure = finished(&task(None), "migrate").unwrap_err();
        assert_eq!(failure.message, "the task of migrate ended before its container: Task failed to start");
    }

    #[test]
    fn each_state_is_told_once() {
        let states =
            ["PROVISIONING", "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "RUNNING", "STOPPED"];
        let mut before = "";
        let mut told = Vec::new();
        for now in states {
            told.extend(arrived(before, now));
            before = now;
        }
        assert_eq!(
            told,
            ["waiting for a place to run", "pulling images and starting containers", "the task is running"]
        );
    }

    #[test]
    fn a_task_of_a_service_runs_on_what_the_service_runs_on() {
        let item = |provider: &str, weight| {
            CapacityProviderStrategyItem::builder()
                .capacity_provider(provider)
                .weight(weight)
                .build()
                .unwrap()
        };
        let service = Service::builder().launch_type(LaunchType::Ec2);
        assert_eq!(capacity(&service.clone().build()), (None, Some(LaunchType::Ec2)));
        let none = service.clone().set_capacity_provider_strategy(Some(Vec::new())).build();
        assert_eq!(capacity(&none), (None, Some(LaunchType::Ec2)), "as ECS answers where there is none");
        let all = vec![item("FARGATE_SPOT", 3), item("FARGATE", 1)];
        let service = service.set_capacity_provider_strategy(Some(all.clone())).build();
        assert_eq!(capacity(&service), (Some(all), None));
        assert_eq!(capacity(&Service::builder().build()), (None, None));
    }

    #[test]
    fn a_task_has_the_network_and_the_capacity_of_its_place() {
        let place = TaskPlace {
            subnets: vec!["subnet-1".into()],
            security_groups: vec!["sg-1".into()],
            public_ip: true,
            strategy: vec![("FARGATE".into(), 2)],
        };
        let found = network(&place).unwrap();
        let found = found.awsvpc_configuration().unwrap();
        assert_eq!(
            (found.subnets(), found.security_groups()),
            (&place.subnets[..], &place.security_groups[..])
        );
        assert_eq!(found.assign_public_ip(), Some(&AssignPublicIp::Enabled));
        let capacity = strategy(&place).unwrap();
        assert_eq!((capacity[0].capacity_provider(), capacity[0].weight()), ("FARGATE", 2));
        assert!(network(&TaskPlace::default()).is_none() && strategy(&TaskPlace::default()).is_none());
    }
}
