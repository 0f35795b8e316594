//! Automatic scaling of services: a target to scale, and a policy a metric.

use super::super::plan::{EcsPlan, EcsServicePlan, ScalingPlan};
use super::{TracedResource, cluster_id};
use tranship_cloudformation::{FnSub, LogicalId, Resource, ResourceRole, Template, props};

/// Adds what scales the services that say so.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for service in &plan.services {
        let Some(scaling) = &service.scaling else { continue };
        let target = LogicalId::of(&service.name, ResourceRole::ScalableTarget);
        template.add(&target, scalable_target(service, scaling).traced(&service.from));
        let metrics = [
            ("cpu", "ECSServiceAverageCPUUtilization", scaling.cpu),
            ("memory", "ECSServiceAverageMemoryUtilization", scaling.memory),
        ];
        for (name, metric, percent) in metrics {
            let Some(percent) = percent else { continue };
            let id = LogicalId::of_parts(&[&service.name, name], ResourceRole::ScalingPolicy);
            template.add(&id, policy(&target, name, metric, percent).traced(&service.from));
        }
    }
}

fn scalable_target(service: &EcsServicePlan, scaling: &ScalingPlan) -> Resource {
    let resource = FnSub::text("service/").reference(&cluster_id()).then("/").att(&service.id(), "Name");
    Resource::new(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        props! {
            "ServiceNamespace" => "ecs",
            "ScalableDimension" => "ecs:service:DesiredCount",
            "ResourceId" => resource,
            "MinCapacity" => scaling.min,
            "MaxCapacity" => scaling.max,
        },
    )
}

fn policy(target: &LogicalId, name: &str, metric: &str, percent: u32) -> Resource {
    Resource::new(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        props! {
            "PolicyName" => name,
            "PolicyType" => "TargetTrackingScaling",
            "ScalingTargetId" => target.reference(),
            "TargetTrackingScalingPolicyConfiguration" => props! {
                "PredefinedMetricSpecification" => props! { "PredefinedMetricType" => metric },
                "TargetValue" => percent,
            },
        },
    )
}
