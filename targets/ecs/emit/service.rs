//! ECS services: a task kept running, deployed with a circuit breaker that rolls back.

use super::super::plan::{AwsvpcNetwork, EcsPlan, EcsServicePlan, TaskRun};
use super::{TracedResource, cluster, cluster_id};
use tranship_cloudformation::{PropertyMap, Resource, Template, TemplateValue, list, props};

/// Adds every service.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for service in &plan.services {
        let resource = resource(plan, service).depends_on_all(&service.after).traced(&service.from);
        template.add(&service.id(), resource);
    }
}

fn resource(plan: &EcsPlan, service: &EcsServicePlan) -> Resource {
    let deployment = props! {
        "MinimumHealthyPercent" => service.replacement.min,
        "MaximumPercent" => service.replacement.max,
        "DeploymentCircuitBreaker" => props! { "Enable" => true, "Rollback" => true },
    };
    let balancers = service.targets.iter().map(|target| {
        props! {
            "ContainerName" => target.container.as_str(),
            "ContainerPort" => target.port,
            "TargetGroupArn" => target.id.reference(),
        }
    });
    let registries = service.registry.iter().map(|id| props! { "RegistryArn" => id.arn() });
    let properties = PropertyMap::new()
        .with("Cluster", cluster_id().reference())
        .with("TaskDefinition", service.run.task_definition.reference())
        .with_some("SchedulingStrategy", service.daemon.then_some("DAEMON"))
        .with_some("DesiredCount", service.desired)
        // ECS refuses a capacity provider strategy for a daemon, the default of the cluster included.
        .with_some("LaunchType", service.daemon.then_some(plan.capacity.launch_type))
        .with_some(
            "CapacityProviderStrategy",
            (!service.daemon).then(|| cluster::strategy(&service.run.strategy)),
        )
        .with_some("PlatformVersion", plan.capacity.platform_version)
        .with("DeploymentConfiguration", deployment)
        .with_some("HealthCheckGracePeriodSeconds", service.grace)
        .with_some("NetworkConfiguration", network(&service.run))
        // ECS leaves a list as it is that an update does not name, so an empty list is written, too.
        .with("LoadBalancers", balancers.collect::<TemplateValue>())
        .with("ServiceRegistries", registries.collect::<TemplateValue>())
        .with("EnableECSManagedTags", true)
        .with("PropagateTags", "SERVICE");
    Resource::new("AWS::ECS::Service", properties)
}

/// `NetworkConfiguration` of a task with an interface of its own.
pub(super) fn network(run: &TaskRun) -> Option<PropertyMap> {
    let configuration = |network: &AwsvpcNetwork| {
        let public_ip = network.assign_public_ip.map(|yes| if yes { "ENABLED" } else { "DISABLED" });
        props! {
            "AwsvpcConfiguration" => props! {
                "AssignPublicIp" => ?public_ip,
                "Subnets" => &network.subnets,
                "SecurityGroups" => list![network.security_group.att("GroupId")],
            },
        }
    };
    run.network.as_ref().map(configuration)
}
