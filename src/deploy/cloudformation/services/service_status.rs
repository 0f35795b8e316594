//! The status of a stack's services, for `status`.
//!
//! In: the stack's id and the services that a deployment names. Out: one [`ServiceStatus`] each, in the same order.

use super::api_calls::{self, ApiTrouble};
use super::rollout::ServiceRollout;
use super::service_board::TaskArn;
use super::tasks;
use crate::deploy::ServiceStatus;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use aws_sdk_ecs::types::{Service, Task};
use std::collections::{BTreeMap, BTreeSet};
use tranship_targets::StackService;

/// Reads the status. Warns about what cannot be read, and leaves it out.
pub(in crate::deploy::cloudformation) async fn standing(
    session: &AwsSession,
    stack: &str,
    services: &[StackService],
    progress: &mut dyn DeployProgress,
) -> Vec<ServiceStatus> {
    if services.is_empty() {
        return Vec::new();
    }
    let known = async {
        let arns = arns(session, stack).await?;
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
        (judge(&it.name, service.as_ref()), arn)
    });
    let (mut told, arns): (Vec<ServiceStatus>, Vec<Option<&TaskArn>>) = named.unzip();
    if let Err(trouble) = add_reasons(session, &mut told, &arns).await {
        progress.warn(&format!("cannot read stopped tasks: {}", trouble.reason));
    }
    told
}

/// The ARNs of the stack's services, by logical id.
pub(super) async fn arns(session: &AwsSession, stack: &str) -> Result<BTreeMap<String, TaskArn>, ApiTrouble> {
    let services = api_calls::resources(session, stack, "AWS::ECS::Service").await?;
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
    }
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
    use aws_sdk_ecs::primitives::DateTime;
    use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState};

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
