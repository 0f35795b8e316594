//! ECS services: a task kept running, deployed with a circuit breaker that rolls back.

use super::super::plan::{AwsvpcNetwork, ConnectEntry, EcsPlan, EcsServicePlan, TaskPlan, TaskRun, names};
use super::{TracedResource, cluster, cluster_id};
use tranship_cloudformation::{
    LogicalId, PropertyMap, PseudoParameter, Resource, ResourceRole, Template, TemplateValue, list, props,
};

/// The prefix of the log streams of proxies.
const PROXY_LOG_PREFIX: &str = "service-connect";

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
        .with("ServiceConnectConfiguration", connect(service))
        .with_some("ForceNewDeployment", new_deployment(service, plan.stack.exec.is_some()))
        // Written out where it is off, too: a service keeps what an update leaves out.
        .with("EnableExecuteCommand", plan.stack.exec.is_some())
        .with("EnableECSManagedTags", true)
        .with("PropagateTags", "SERVICE");
    Resource::new("AWS::ECS::Service", properties)
}

/// `ServiceConnectConfiguration`. Amazon ECS keeps what is left out, so a service without it says so.
fn connect(service: &EcsServicePlan) -> PropertyMap {
    let Some(connect) = &service.connect else { return props! { "Enabled" => false } };
    let log = props! {
        "LogDriver" => "awslogs",
        "Options" => props! {
            "awslogs-group" => TaskPlan::log_group_of(&service.name).reference(),
            "awslogs-region" => PseudoParameter::Region,
            "awslogs-stream-prefix" => PROXY_LOG_PREFIX,
        },
    };
    PropertyMap::new()
        .with("Enabled", true)
        .with("Namespace", LogicalId::only(ResourceRole::Namespace).arn())
        .with_list("Services", connect.entries.iter().map(connect_entry))
        .with("LogConfiguration", log)
}

/// One port. No connection of Docker Compose ends because it is idle or takes long, so none does here.
fn connect_entry(entry: &ConnectEntry) -> PropertyMap {
    let answers = entry.protocol.app_protocol().map(|_| 0);
    props! {
        "PortName" => entry.port_name(),
        "DiscoveryName" => entry.discovery.as_str(),
        "ClientAliases" => list![props! { "DnsName" => &*entry.alias, "Port" => entry.port }],
        "Timeout" => props! { "IdleTimeoutSeconds" => 0, "PerRequestTimeoutSeconds" => ?answers },
    }
}

/// Tasks find what existed when their deployment began, so other names need a new one. So do sessions: a task takes commands only if
/// they were on when it started, and turning them on starts none (`UpdateService`, `enableExecuteCommand`).
fn new_deployment(service: &EcsServicePlan, exec: bool) -> Option<PropertyMap> {
    let names = service.connect.iter().flat_map(|connect| &connect.found).map(String::as_str);
    let found: Vec<&str> = names.chain(exec.then_some(SESSIONS)).collect();
    (!found.is_empty()).then(|| {
        props! {
            "EnableForceNewDeployment" => true,
            "ForceNewDeploymentNonce" => names::hash(&found.join(" ")),
        }
    })
}

/// What stands for sessions among the names of services: none begins with a slash.
const SESSIONS: &str = "/exec";

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
