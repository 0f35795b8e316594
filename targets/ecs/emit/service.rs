//! ECS services: a task kept running, deployed with a circuit breaker that rolls back.

use super::super::plan::{EcsPlan, NetworkMode, Service, Task};
use super::{Traced, cluster, cluster_id};
use tranship_cloudformation::{LogicalId, Map, Resource, Role, Template, Value, list, props};

/// Adds every service.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for service in &plan.services {
        let Some(task) = plan.task(&service.name) else { continue };
        let resource = resource(plan, service, task)
            .depends_on_all(&plan.capacity.after)
            .depends_on_all(&task.after)
            .depends_on_all(&service.after)
            .depends_on_all(&listeners(plan, service))
            .traced(&service.from);
        template.add(&service.id(), resource);
    }
}

fn resource(plan: &EcsPlan, service: &Service, task: &Task) -> Resource {
    let deployment = props! {
        "MinimumHealthyPercent" => service.min_percent,
        "MaximumPercent" => service.max_percent,
        "DeploymentCircuitBreaker" => props! { "Enable" => true, "Rollback" => true },
    };
    let balancers = service.targets.iter().map(|target| {
        props! {
            "ContainerName" => target.container.as_str(),
            "ContainerPort" => target.port,
            "TargetGroupArn" => target.id.reference(),
        }
    });
    let registry = service
        .discovered
        .then(|| list![props! { "RegistryArn" => LogicalId::of(&service.name, Role::Discovery).arn() }]);
    let properties = Map::new()
        .with("Cluster", cluster_id().reference())
        .with("TaskDefinition", task.id().reference())
        .with_some("DesiredCount", service.desired)
        .with("CapacityProviderStrategy", cluster::strategy(&plan.capacity.strategy))
        .with_some("PlatformVersion", plan.capacity.platform_version)
        .with("DeploymentConfiguration", deployment)
        .with_some("HealthCheckGracePeriodSeconds", service.grace)
        .with_some("NetworkConfiguration", network(plan, task))
        .with_list("LoadBalancers", balancers)
        .with_some("ServiceRegistries", registry)
        .with("EnableECSManagedTags", true)
        .with("PropagateTags", "SERVICE");
    Resource::new("AWS::ECS::Service", properties)
}

/// `NetworkConfiguration` of a task with an interface of its own.
pub(super) fn network(plan: &EcsPlan, task: &Task) -> Option<Map> {
    let public_ip = plan.capacity.public_ip.map(|yes| if yes { "ENABLED" } else { "DISABLED" });
    (task.mode == NetworkMode::AwsVpc).then(|| {
        props! {
            "AwsvpcConfiguration" => props! {
                "AssignPublicIp" => ?public_ip,
                "Subnets" => &task.subnets,
                "SecurityGroups" => security_groups(task),
            },
        }
    })
}

/// The security groups of a task with an interface of its own.
pub(super) fn security_groups(task: &Task) -> Value {
    list![task.group.att("GroupId")]
}

/// ECS refuses a target group that no listener uses yet.
fn listeners(plan: &EcsPlan, service: &Service) -> Vec<LogicalId> {
    let listeners = plan.load_balancer.iter().flat_map(|balancer| &balancer.listeners);
    let of = |target: &LogicalId| service.targets.iter().any(|it| it.id == *target);
    let mut found = Vec::new();
    for listener in listeners {
        if matches!(&listener.default, super::super::plan::DefaultAction::Forward(target) if of(target)) {
            found.push(listener.id.clone());
        }
        found.extend(listener.rules.iter().filter(|rule| of(&rule.target)).map(|rule| rule.id.clone()));
    }
    found
}
