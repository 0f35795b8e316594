//! New tasks for services whose task definition stays: a secret has another value, or the user wants them.
//!
//! In: the services and why. Out: rollouts that are complete, or the failure of one. Invariant: the stack is not touched,
//! so a rollout that fails leaves the service as CloudFormation knows it.

use super::api_calls::{self, ApiTrouble};
use super::service_board::TaskArn;
use super::{ServiceWatch, service_status};
use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};
use aws_sdk_ecs::types::{Deployment, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tranship_targets::StackService;

/// A service that gets new tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deploy::cloudformation) struct NewTasks {
    /// The logical id of the service.
    pub(in crate::deploy::cloudformation) id: String,
    /// Its name in the manifest.
    pub(in crate::deploy::cloudformation) name: String,
    /// Why: completes "new tasks:".
    pub(in crate::deploy::cloudformation) why: String,
    /// Whether they are on their way already.
    pub(in crate::deploy::cloudformation) started: bool,
}

/// A service and its newest deployment.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::deploy::cloudformation) struct RunningService {
    arn: TaskArn,
    /// The id of its newest deployment.
    pub(in crate::deploy::cloudformation) deployment: String,
    /// When that began, in seconds since 1970.
    pub(in crate::deploy::cloudformation) began: f64,
    /// Whether that has not ended yet.
    pub(in crate::deploy::cloudformation) in_progress: bool,
}

#[cfg(test)]
impl RunningService {
    /// A service without an address, for tests.
    pub(in crate::deploy::cloudformation) fn tests_service(
        deployment: &str,
        began: f64,
        in_progress: bool,
    ) -> Self {
        let arn = TaskArn { cluster: String::new(), text: String::new() };
        RunningService { arn, deployment: deployment.to_owned(), began, in_progress }
    }
}

/// The services of a stack that ECS knows, by logical id.
pub(in crate::deploy::cloudformation) async fn running(
    session: &AwsSession,
    stack: &str,
) -> Result<BTreeMap<String, RunningService>, ApiTrouble> {
    let arns = service_status::arns(session, &[stack]).await?;
    let found = service_status::described(session, arns.values()).await?;
    let read = |(id, arn): (String, TaskArn)| Some((id, read(found.get(&arn.text)?, arn)?));
    Ok(arns.into_iter().filter_map(read).collect())
}

fn read(service: &Service, arn: TaskArn) -> Option<RunningService> {
    let newest = newest(service)?;
    Some(RunningService {
        arn,
        deployment: newest.id()?.to_owned(),
        began: newest.created_at().map_or(0.0, |time| time.as_secs_f64()),
        in_progress: state(newest) == "IN_PROGRESS",
    })
}

fn newest(service: &Service) -> Option<&Deployment> {
    service.deployments().iter().find(|it| it.status() == Some("PRIMARY"))
}

/// A service whose deployments have no state is not rolled out by ECS.
fn state(deployment: &Deployment) -> &str {
    deployment.rollout_state().map_or("COMPLETED", |state| state.as_str())
}

/// When each of these secrets of a stack got its current value, by logical id.
pub(in crate::deploy::cloudformation) async fn since(
    session: &AwsSession,
    stack: &str,
    wanted: &BTreeSet<&str>,
) -> Result<BTreeMap<String, f64>, ApiTrouble> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let arns = api_calls::resources(session, &[stack], "AWS::SecretsManager::Secret").await?;
    let (client, mut found) = (session.secrets(), BTreeMap::new());
    for (id, arn) in arns.into_iter().filter(|(id, _)| wanted.contains(id.as_str())) {
        if let Some(since) = api_calls::current_since(&client, &arn).await? {
            found.insert(id, since);
        }
    }
    Ok(found)
}

/// Starts new tasks for these services, and follows them until the old ones are gone.
pub(in crate::deploy::cloudformation) async fn roll(
    session: &AwsSession,
    wanted: &[NewTasks],
    running: &BTreeMap<String, RunningService>,
    services: &[StackService],
    limit: Duration,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let watch = ServiceWatch::new(session, services);
    let mut open = BTreeMap::new();
    for NewTasks { id, name, why, started } in wanted {
        let Some(service) = running.get(id) else {
            return Err(DeployFailure::failed(format!(
                "service {name} is not running: it gets no new tasks"
            )));
        };
        let deployment = if *started {
            progress.message(&format!("new tasks for {name} are on their way"));
            service.deployment.clone()
        } else {
            progress.message(&format!("new tasks for {name}: {why}"));
            session.underway(format!("the rollout of the service {name}"));
            start(session, name, &service.arn).await?
        };
        watch.note(&event(id, &service.arn, ResourceStatus::UpdateInProgress));
        open.insert(id.clone(), (name.clone(), service.arn.clone(), deployment));
    }
    let names: Vec<&str> = open.values().map(|(name, ..)| name.as_str()).collect();
    session.underway(format!("the rollout of {}", names.join(", ")));
    let end = tokio::select! {
        end = to_the_end(session, open, limit, &watch, progress) => end,
        never = watch.run() => match never {},
    };
    if end.is_err() {
        watch.finish().await;
    }
    watch.report(progress);
    end.map_err(|failure| watch.add_trouble(failure))
}

/// The id of the deployment that begins.
async fn start(session: &AwsSession, name: &str, arn: &TaskArn) -> Result<String, DeployFailure> {
    let call = session.ecs_changes().update_service().cluster(&arn.cluster).service(&arn.text);
    let answer = call.force_new_deployment(true).send().await;
    let answer = answer.map_err(|error| sdk(&format!("start new tasks for the service {name}"), error))?;
    let begun = answer.service().and_then(newest).and_then(Deployment::id);
    Ok(begun.unwrap_or_default().to_owned())
}

/// What CloudFormation would say: the services are watched as during an update of the stack.
fn event(id: &str, arn: &TaskArn, status: ResourceStatus) -> StackEvent {
    let event = StackEvent::builder().logical_resource_id(id).resource_type("AWS::ECS::Service");
    let now = i64::try_from(crate::deploy::clock::milliseconds() / 1000).unwrap_or_default();
    let time = aws_sdk_cloudformation::primitives::DateTime::from_secs(now);
    event.physical_resource_id(&arn.text).resource_status(status).timestamp(time).build()
}

async fn to_the_end(
    session: &AwsSession,
    mut open: BTreeMap<String, (String, TaskArn, String)>,
    limit: Duration,
    watch: &ServiceWatch<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let mut pace = PollingPace::new(session.time_left(limit));
    while !open.is_empty() {
        let found = service_status::described(session, open.values().map(|(_, arn, _)| arn)).await;
        watch.report(progress);
        match found {
            Ok(found) => {
                for (id, (name, arn, deployment)) in open.clone() {
                    match outcome(found.get(&arn.text), &deployment) {
                        RolloutOutcome::Complete => {
                            watch.note(&event(&id, &arn, ResourceStatus::UpdateComplete));
                            open.remove(&id);
                        }
                        RolloutOutcome::Failed(reason) => {
                            watch.note(&event(&id, &arn, ResourceStatus::UpdateFailed));
                            session.settled();
                            return Err(failed(&name, &reason));
                        }
                        RolloutOutcome::InProgress => {}
                    }
                }
            }
            Err(trouble) if trouble.denied || trouble.credentials => {
                return Err(trouble.failure("follow the new tasks"));
            }
            // What fails for a moment is asked again.
            Err(_) => {}
        }
        if !open.is_empty() && !pace.wait().await {
            return Err(session.left(FailureKind::TimedOut));
        }
    }
    session.settled();
    Ok(())
}

fn failed(name: &str, reason: &str) -> DeployFailure {
    DeployFailure::failed(format!("service {name}: the new tasks failed: {reason}"))
        .help("ECS keeps or restores the tasks of before; the stack and its secrets stay as they are now")
}

/// How far a rollout is.
#[derive(Debug, PartialEq, Eq)]
enum RolloutOutcome {
    InProgress,
    Complete,
    Failed(String),
}

/// What became of a deployment.
fn outcome(service: Option<&Service>, deployment: &str) -> RolloutOutcome {
    let Some(service) = service else {
        return RolloutOutcome::Failed("the service no longer exists".to_owned());
    };
    let ours = service.deployments().iter().find(|it| it.id() == Some(deployment));
    let Some(ours) = ours else {
        return RolloutOutcome::Failed("another deployment took its place".to_owned());
    };
    match state(ours) {
        "COMPLETED" => RolloutOutcome::Complete,
        "FAILED" => {
            let reason = ours.rollout_state_reason().unwrap_or("no reason given");
            RolloutOutcome::Failed(reason.to_owned())
        }
        _ => RolloutOutcome::InProgress,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::primitives::DateTime;
    use aws_sdk_ecs::types::DeploymentRolloutState;

    fn deployment(id: &str, status: &str, state: DeploymentRolloutState) -> Deployment {
        let it = Deployment::builder().id(id).status(status).rollout_state(state);
        it.rollout_state_reason("the breaker").created_at(DateTime::from_secs(7)).build()
    }

    fn service(deployments: Vec<Deployment>) -> Service {
        Service::builder().set_deployments(Some(deployments)).build()
    }

    #[test]
    fn a_rollout_is_judged_by_its_own_deployment() {
        use DeploymentRolloutState::{Completed, Failed, InProgress};
        for (deployments, told) in [
            (vec![deployment("new", "PRIMARY", InProgress)], RolloutOutcome::InProgress),
            (vec![deployment("new", "PRIMARY", Completed)], RolloutOutcome::Complete),
            (
                vec![deployment("old", "PRIMARY", Completed), deployment("new", "ACTIVE", Failed)],
                RolloutOutcome::Failed("the breaker".into()),
            ),
            (
                vec![deployment("other", "PRIMARY", InProgress)],
                RolloutOutcome::Failed("another deployment took its place".into()),
            ),
        ] {
            assert_eq!(outcome(Some(&service(deployments)), "new"), told);
        }
        assert!(matches!(outcome(None, "new"), RolloutOutcome::Failed(_)));
    }

    #[test]
    fn the_newest_deployment_is_what_runs() {
        use DeploymentRolloutState::{Completed, InProgress};
        let arn = TaskArn::read("arn:aws:ecs:us-east-1:1:service/c/s").unwrap();
        let both =
            service(vec![deployment("old", "ACTIVE", Completed), deployment("new", "PRIMARY", InProgress)]);
        let found = read(&both, arn.clone()).unwrap();
        assert_eq!((found.deployment.as_str(), found.began, found.in_progress), ("new", 7.0, true));
        let rest = read(&service(vec![deployment("old", "PRIMARY", Completed)]), arn).unwrap();
        assert!(!rest.in_progress);
    }
}
