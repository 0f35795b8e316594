//! The status of a stack's services, for `status`.
//!
//! In: the ids of the stacks and the services that a deployment names. Out: one [`ServiceStatus`] each, in the same order.

use super::api_calls::{self, ApiTrouble};
use super::rollout::ServiceRollout;
use super::service_board::TaskArn;
use super::{target_health, tasks};
use crate::deploy::ServiceStatus;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use aws_sdk_ecs::primitives::{DateTime, DateTimeFormat};
use aws_sdk_ecs::types::{Service, Task};
use std::collections::{BTreeMap, BTreeSet};
use tranship_targets::StackService;

/// Reads the status. Warns about what cannot be read, and leaves it out.
pub(in crate::deploy::cloudformation) async fn standing(
    session: &AwsSession,
    stacks: &[&str],
    services: &[StackService],
    progress: &mut dyn DeployProgress,
) -> Vec<ServiceStatus> {
    if services.is_empty() {
        return Vec::new();
    }
    let known = async {
        let arns = arns(session, stacks).await?;
        let found = described(session, arns.values()).await?;
        Ok((arns, found))
    };
    let (arns, mut found) = match known.await {
        Ok(known) => known,
        Err(ApiTrouble { reason, .. }) => {
            progress.warn(&format!("cannot read the status of services: {reason}"));
            return Vec::new();
        }
    };
    let named = services.iter().map(|it| {
        let arn = arns.get(&it.logical_id);
        let service = arn.and_then(|arn| found.remove(&arn.text));
        let groups = service.as_ref().map(target_health::groups).unwrap_or_default();
        ((judge(&it.name, service.as_ref()), arn), groups)
    });
    let (named, groups): (Vec<_>, Vec<_>) = named.unzip();
    let (mut told, arns): (Vec<ServiceStatus>, Vec<Option<&TaskArn>>) = named.into_iter().unzip();
    if let Err(trouble) = add_targets(session, &mut told, &groups).await {
        progress.warn(&format!("cannot read the health of targets: {}", trouble.reason));
    }
    if let Err(trouble) = add_images(session, &mut told, &arns).await {
        progress.warn(&format!("cannot read which images run: {}", trouble.reason));
    }
    if let Err(trouble) = add_reasons(session, &mut told, &arns).await {
        progress.warn(&format!("cannot read stopped tasks: {}", trouble.reason));
    }
    told
}

/// The ARNs of the stacks' services, by logical id.
pub(super) async fn arns(
    session: &AwsSession,
    stacks: &[&str],
) -> Result<BTreeMap<String, TaskArn>, ApiTrouble> {
    let services = api_calls::resources(session, stacks, "AWS::ECS::Service").await?;
    Ok(services.into_iter().filter_map(|(id, arn)| Some((id, TaskArn::read(&arn)?))).collect())
}

/// The services of these ARNs, by ARN.
pub(super) async fn described(
    session: &AwsSession,
    arns: impl Iterator<Item = &TaskArn>,
) -> Result<BTreeMap<String, Service>, ApiTrouble> {
    let mut clusters: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for arn in arns {
        clusters.entry(&arn.cluster).or_default().push(arn.text.clone());
    }
    let (ecs, mut found) = (session.ecs(), BTreeMap::new());
    for (cluster, arns) in clusters {
        let services = api_calls::services(&ecs, cluster, &arns).await?;
        found.extend(services.into_iter().map(|it| (it.service_arn().unwrap_or_default().to_owned(), it)));
    }
    Ok(found)
}

/// The status of a service; `MISSING` if ECS does not know it.
fn judge(name: &str, service: Option<&Service>) -> ServiceStatus {
    let rollout = service.and_then(ServiceRollout::of);
    let state = match (&rollout, service) {
        (Some(rollout), _) => rollout.state.clone(),
        (None, Some(service)) => service.status().unwrap_or("UNKNOWN").to_owned(),
        (None, None) => "MISSING".to_owned(),
    };
    ServiceStatus {
        name: name.to_owned(),
        rollout: state,
        running: service.map_or(0, Service::running_count),
        desired: service.map_or(0, Service::desired_count),
        pending: service.map_or(0, Service::pending_count),
        reason: rollout.and_then(|rollout| rollout.reason),
        since: service.and_then(since),
        image: None,
        digest: None,
        targets: None,
    }
}

/// Adds what the load balancer says: a call for each target group.
async fn add_targets(
    session: &AwsSession,
    told: &mut [ServiceStatus],
    groups: &[Vec<String>],
) -> Result<(), ApiTrouble> {
    for (status, groups) in told.iter_mut().zip(groups).filter(|(_, groups)| !groups.is_empty()) {
        status.targets = target_health::health(session, groups).await?;
    }
    Ok(())
}

/// When its newest deployment began.
fn since(service: &Service) -> Option<String> {
    let newest = service.deployments().iter().find(|it| it.status() == Some("PRIMARY"))?;
    DateTime::from_secs(newest.created_at()?.secs()).fmt(DateTimeFormat::DateTime).ok()
}

/// Adds the images of the newest tasks: two calls for a hundred tasks, however many services there are.
async fn add_images(
    session: &AwsSession,
    told: &mut [ServiceStatus],
    arns: &[Option<&TaskArn>],
) -> Result<(), ApiTrouble> {
    let clusters: BTreeSet<&str> = arns.iter().flatten().map(|arn| arn.cluster.as_str()).collect();
    let ecs = session.ecs();
    for cluster in clusters {
        let running = api_calls::running(&ecs, cluster).await?;
        let tasks = api_calls::tasks(&ecs, cluster, &running).await?;
        for (status, arn) in told.iter_mut().zip(arns) {
            let Some(arn) = arn.filter(|arn| arn.cluster == cluster) else { continue };
            (status.image, status.digest) = image(&tasks, arn.name(), &status.name);
        }
    }
    Ok(())
}

/// The image of the newest task of a service, with its digest.
fn image(tasks: &[Task], service: &str, container: &str) -> (Option<String>, Option<String>) {
    let own = tasks.iter().filter(|task| tasks::belongs_to(task, service));
    let newest = own.max_by_key(|task| task.created_at().map(DateTime::secs));
    let found = newest.and_then(|task| task.containers().iter().find(|it| it.name() == Some(container)));
    let text = |value: Option<&str>| value.filter(|it| !it.is_empty()).map(str::to_owned);
    (found.and_then(|it| text(it.image())), found.and_then(|it| text(it.image_digest())))
}

/// Adds why the last task stopped, for services with too few tasks.
async fn add_reasons(
    session: &AwsSession,
    told: &mut [ServiceStatus],
    arns: &[Option<&TaskArn>],
) -> Result<(), ApiTrouble> {
    let short = |status: &ServiceStatus| status.running < status.desired;
    let wanting = told.iter().zip(arns).filter(|(status, _)| short(status)).filter_map(|(_, arn)| *arn);
    let clusters: BTreeSet<String> = wanting.map(|arn| arn.cluster.clone()).collect();
    let ecs = session.ecs();
    for cluster in clusters {
        let stopped = api_calls::stopped(&ecs, &cluster).await?;
        let tasks = api_calls::tasks(&ecs, &cluster, &stopped).await?;
        for (status, arn) in told.iter_mut().zip(arns) {
            if let Some(arn) = arn.filter(|arn| short(status) && arn.cluster == cluster) {
                status.reason = last(&tasks, arn.name()).map(tasks::story).or(status.reason.take());
            }
        }
    }
    Ok(())
}

/// The most recently failed task of a service.
fn last<'a>(tasks: &'a [Task], service: &str) -> Option<&'a Task> {
    let failed = tasks.iter().filter(|task| tasks::is_failure(task, service, 0));
    failed.max_by_key(|task| task.stopped_at().map(|time| (time.secs(), time.subsec_nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::{Container, Deployment, DeploymentRolloutState};

    #[test]
    fn a_service_is_well_where_all_its_tasks_run_and_its_rollout_did_not_fail() {
        use DeploymentRolloutState::{Completed, Failed, InProgress};
        for (status, state, running, told, healthy) in [
            ("ACTIVE", Completed, 2, "COMPLETED", true),
            ("ACTIVE", InProgress, 2, "IN_PROGRESS", true),
            ("ACTIVE", Completed, 1, "COMPLETED", false),
            ("ACTIVE", Failed, 2, "FAILED", false),
            ("INACTIVE", Completed, 2, "INACTIVE", false),
        ] {
            let primary = Deployment::builder().status("PRIMARY").rollout_state(state).build();
            let service = Service::builder().status(status).running_count(running).desired_count(2);
            let found = judge("app", Some(&service.deployments(primary).build()));
            assert_eq!((found.rollout.as_str(), found.is_healthy()), (told, healthy));
        }
        let missing = judge("app", None);
        assert_eq!((missing.rollout.as_str(), missing.is_healthy()), ("MISSING", false));
    }

    #[test]
    fn the_image_is_that_of_the_newest_task_and_the_time_that_of_the_newest_deployment() {
        let task = |service: &str, at: i64, digest: &str| {
            let container = Container::builder().name("app").image("shop:41").image_digest(digest).build();
            let task =
                Task::builder().group(format!("service:{service}")).created_at(DateTime::from_secs(at));
            task.containers(container).build()
        };
        let tasks = [
            task("app", 1, "sha256:a"),
            task("app", 3, "sha256:b"),
            task("other", 4, "sha256:c"),
            task("app", 2, ""),
        ];
        assert_eq!(image(&tasks, "app", "app"), (Some("shop:41".into()), Some("sha256:b".into())));
        assert_eq!(image(&tasks, "app", "proxy"), (None, None));
        assert_eq!(image(&tasks, "none", "app"), (None, None));
        assert_eq!(image(&tasks[3..], "app", "app"), (Some("shop:41".into()), None));
        let deployment = |status: &str, at| {
            Deployment::builder().status(status).created_at(DateTime::from_secs(at)).build()
        };
        let service =
            Service::builder().deployments(deployment("ACTIVE", 9)).deployments(deployment("PRIMARY", 5));
        assert_eq!(since(&service.build()).as_deref(), Some("1970-01-01T00:00:05Z"));
    }

    #[test]
    fn the_last_task_of_a_service_is_its_own() {
        let task = |service: &str, at: i64| {
            let stopped = Task::builder().last_status("STOPPED").group(format!("service:{service}"));
            stopped.created_at(DateTime::from_secs(at)).stopped_at(DateTime::from_secs(at)).build()
        };
        let tasks = [task("app", 10), task("app", 30), task("worker", 40), task("app", 20)];
        let found = last(&tasks, "app").and_then(|task| task.stopped_at().map(DateTime::secs));
        assert_eq!(found, Some(30));
        assert!(last(&tasks, "db").is_none());
    }
}
