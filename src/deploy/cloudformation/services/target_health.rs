//! Whether the load balancer reaches the tasks of a service.
//!
//! In: the target groups of a service. Out: [`TargetCounts`]: how many targets are healthy, and why the others are not. The states
//! and reasons are those of the Elastic Load Balancing API Reference, "TargetHealth"; November 2026.

use super::api_calls::{ApiTrouble, trouble};
use crate::deploy::TargetCounts;
use crate::deploy::session::AwsSession;
use aws_sdk_ecs::types::Service;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
};

/// The target groups of a service.
pub(super) fn groups(service: &Service) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for group in service.load_balancers().iter().filter_map(|it| it.target_group_arn()) {
        if !found.iter().any(|known| known == group) {
            found.push(group.to_owned());
        }
    }
    found
}

/// The health of the targets in these groups: one call for each group.
pub(super) async fn health(
    session: &AwsSession,
    groups: &[String],
) -> Result<Option<TargetCounts>, ApiTrouble> {
    let (client, mut found) = (session.load_balancing(), Vec::new());
    for group in groups {
        match client.describe_target_health().target_group_arn(group).send().await {
            Ok(answer) => found.extend(answer.target_health_descriptions.unwrap_or_default()),
            // A rollback has deleted it in the meantime.
            Err(error) if error.code() == Some("TargetGroupNotFound") => {}
            Err(error) => return Err(trouble(error)),
        }
    }
    Ok(of(&found))
}

/// Counts targets; `None` if there are none. One that is about to leave does not count.
fn of(found: &[TargetHealthDescription]) -> Option<TargetCounts> {
    let mut health = TargetCounts::default();
    for target in found.iter().filter_map(TargetHealthDescription::target_health) {
        match target.state() {
            Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => continue,
            Some(TargetHealthStateEnum::Healthy) => health.healthy += 1,
            Some(TargetHealthStateEnum::Unhealthy) => health.unhealthy += 1,
            _ => {}
        }
        health.total += 1;
        if target.state() == Some(&TargetHealthStateEnum::Unhealthy) && health.cause.is_none() {
            health.cause = cause(target.description(), target.reason());
        }
    }
    (health.total > 0).then_some(health)
}

/// Why a target is unhealthy; with the code where the description does not say what failed.
fn cause(description: Option<&str>, reason: Option<&TargetHealthReasonEnum>) -> Option<String> {
    match (description, reason) {
        (Some(text), Some(TargetHealthReasonEnum::FailedHealthChecks)) => {
            Some(format!("{text} ({})", TargetHealthReasonEnum::FailedHealthChecks.as_str()))
        }
        (Some(text), _) => Some(text.to_owned()),
        (None, code) => code.map(|code| code.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::LoadBalancer;
    use aws_sdk_elasticloadbalancingv2::types::TargetHealth as Described;

    fn target(
        state: TargetHealthStateEnum,
        reason: Option<TargetHealthReasonEnum>,
        text: Option<&str>,
    ) -> TargetHealthDescription {
        let health = Described::builder().state(state).set_reason(reason);
        let health = health.set_description(text.map(str::to_owned)).build();
        TargetHealthDescription::builder().target_health(health).build()
    }

    #[test]
    fn targets_are_counted_by_their_state_and_the_first_cause_is_told() {
        use TargetHealthReasonEnum::{
            FailedHealthChecks, RegistrationInProgress, ResponseCodeMismatch, Timeout,
        };
        use TargetHealthStateEnum::{Draining, Healthy, Initial, Unhealthy, UnhealthyDraining};
        let told = |found: &[TargetHealthDescription]| of(found).map(|health| health.to_string());
        let well = || target(Healthy, None, None);
        let new =
            || target(Initial, Some(RegistrationInProgress), Some("Target registration is in progress"));
        let codes = "Health checks failed with these codes: [404]";
        let ill = || target(Unhealthy, Some(ResponseCodeMismatch), Some(codes));
        assert_eq!(told(&[well(), well()]).as_deref(), Some("2/2 targets healthy"));
        assert_eq!(told(&[new(), well()]).as_deref(), Some("1/2 targets healthy"));
        let silent = target(Unhealthy, Some(Timeout), None);
        assert_eq!(
            told(&[well(), ill(), silent.clone()]).as_deref(),
            Some("1/3 targets healthy: Health checks failed with these codes: [404]")
        );
        assert_eq!(told(&[silent, ill()]).as_deref(), Some("0/2 targets healthy: Target.Timeout"));
        assert_eq!(
            of(&[ill(), new(), well()]),
            Some(TargetCounts { healthy: 1, unhealthy: 1, total: 3, cause: Some(codes.into()) })
        );
        let refused = target(Unhealthy, Some(FailedHealthChecks), Some("Health checks failed"));
        let told_of_refused = told(&[refused]);
        assert_eq!(
            told_of_refused.as_deref(),
            Some("0/1 targets healthy: Health checks failed (Target.FailedHealthChecks)")
        );
        let leaving = [target(Draining, None, Some("going")), target(UnhealthyDraining, None, Some("going"))];
        assert_eq!(of(&leaving), None);
        assert_eq!(told(&[leaving.as_slice(), &[well()]].concat()).as_deref(), Some("1/1 targets healthy"));
    }

    #[test]
    fn a_group_is_asked_for_once() {
        let behind = |arn: &str| LoadBalancer::builder().target_group_arn(arn).build();
        let classic = LoadBalancer::builder().load_balancer_name("old").build();
        let service = Service::builder().set_load_balancers(Some(vec![
            behind("arn:a"),
            classic,
            behind("arn:b"),
            behind("arn:a"),
        ]));
        assert_eq!(groups(&service.build()), ["arn:a", "arn:b"]);
    }
}
