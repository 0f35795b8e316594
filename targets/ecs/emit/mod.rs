//! An ECS plan -> a CloudFormation template. Mechanical: every decision is in the plan, so nothing can fail.
//!
//! In: an [`EcsPlan`] and the policy it was made with. Out: a [`Template`], in the order in which a reader
//! meets things: what the tasks run on and in, what they keep, the tasks, what runs them, what is open.

mod balancer;
mod cluster;
mod container;
mod data;
mod discovery;
mod files;
mod jobs;
mod network;
mod scaling;
mod service;
mod task;
#[cfg(test)]
mod tests;
mod vpc;

use super::plan::{Compute, EcsPlan};
use tranship_cloudformation::{LogicalId, Resource, Role, Template, Value, props};

/// The template of a plan.
pub fn emit(plan: &EcsPlan, compute: &dyn Compute) -> Template {
    let mut template = Template::new(plan.description.as_str());
    for parameter in &plan.parameters {
        template.add_parameter(&parameter.id, parameter.parameter.clone());
    }
    cluster::emit(plan, &mut template);
    for (id, resource) in &plan.own {
        template.add(id, resource.clone());
    }
    vpc::emit(plan, &mut template);
    network::emit(plan, &mut template);
    discovery::emit(plan, &mut template);
    data::emit(plan, &mut template);
    files::emit(plan, &mut template);
    task::emit(plan, compute.limits(), &mut template);
    balancer::emit(plan, &mut template);
    jobs::emit(plan, &mut template);
    service::emit(plan, &mut template);
    scaling::emit(plan, &mut template);
    tag(plan, &mut template);
    template
}

/// Resource types whose `Tags` is a list of keys and values.
const TAGGED: &[&str] = &[
    "AWS::EC2::SecurityGroup",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBSubnetGroup",
    "AWS::SecretsManager::Secret",
    "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "AWS::ServiceDiscovery::Service",
];

fn tag(plan: &EcsPlan, template: &mut Template) {
    if plan.tags.is_empty() {
        return;
    }
    let tags: Value =
        plan.tags.iter().map(|(name, value)| props! { "Key" => name.as_str(), "Value" => value }).collect();
    for resource in template.resources.values_mut().filter(|it| TAGGED.contains(&it.kind.as_str())) {
        resource.properties.set("Tags", tags.clone());
    }
    for resource in template.resources.values_mut().filter(|it| it.kind == "AWS::EFS::FileSystem") {
        resource.properties.set("FileSystemTags", tags.clone());
    }
}

/// The cluster's id.
fn cluster_id() -> LogicalId {
    LogicalId::only(Role::Cluster)
}

/// Adds the key paths that a thing comes from.
trait Traced {
    fn traced(self, paths: &[String]) -> Self;
}

impl Traced for Resource {
    fn traced(self, paths: &[String]) -> Self {
        self.comments(paths.iter().cloned())
    }
}
