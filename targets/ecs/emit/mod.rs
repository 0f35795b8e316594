//! An ECS plan -> a CloudFormation template. Mechanical: every decision is in the plan, so nothing can fail.
//!
//! In: an [`EcsPlan`]. Out: a [`Template`], in the order in which a reader meets things: what the tasks run on and
//! in, what they keep, the tasks, what runs them, what is open.

mod cluster;
mod container;
mod databases;
mod discovery;
mod file_systems;
mod jobs;
mod load_balancer;
mod machines;
mod scaling;
mod secrets;
mod security_groups;
mod service;
mod task;
#[cfg(test)]
mod tests;
mod user_data;
mod vpc;

pub(super) use container::LOG_PREFIX;

use super::plan::{EcsPlan, ParameterPlan};
use tranship_cloudformation::{LogicalId, Resource, ResourceRole, Template, TemplateValue, props};

/// The resources and outputs of a plan.
pub(super) fn emit(plan: &EcsPlan) -> Template {
    let mut template = Template::new(plan.stack.description.as_str());
    cluster::emit(plan, &mut template);
    machines::emit(plan, &mut template);
    vpc::emit(plan, &mut template);
    security_groups::emit(plan, &mut template);
    discovery::emit(plan, &mut template);
    databases::emit(plan, &mut template);
    secrets::emit(plan, &mut template);
    file_systems::emit(plan, &mut template);
    task::emit(plan, &mut template);
    load_balancer::emit(plan, &mut template);
    jobs::emit(plan, &mut template);
    service::emit(plan, &mut template);
    scaling::emit(plan, &mut template);
    tag(plan, &mut template);
    template
}

/// The template with the parameters that its resources refer to.
pub(super) fn with_parameters(mut template: Template, parameters: &[ParameterPlan]) -> Template {
    for parameter in parameters {
        template.add_parameter(&parameter.id, parameter.parameter.clone());
    }
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
    if plan.stack.tags.is_empty() {
        return;
    }
    let tags = plan.stack.tags.iter();
    let tags: TemplateValue =
        tags.map(|(name, value)| props! { "Key" => name.as_str(), "Value" => value }).collect();
    for resource in template.resources.values_mut().filter(|it| TAGGED.contains(&it.kind.as_ref())) {
        resource.properties.set("Tags", tags.clone());
    }
    for resource in template.resources.values_mut().filter(|it| it.kind == "AWS::EFS::FileSystem") {
        resource.properties.set("FileSystemTags", tags.clone());
    }
}

/// The cluster's id.
fn cluster_id() -> LogicalId {
    LogicalId::only(ResourceRole::Cluster)
}

/// Key paths that a resource lists. What all services share comes from all of them, and there may be as many such resources.
const TRACED: usize = 24;

/// Adds the key paths that a thing comes from.
trait TracedResource {
    fn traced(self, paths: &[String]) -> Self;
}

impl TracedResource for Resource {
    fn traced(self, paths: &[String]) -> Self {
        let rest = paths.len().saturating_sub(TRACED);
        let rest = (rest > 0).then(|| format!("and {rest} more"));
        self.comments(paths.iter().take(TRACED).cloned().chain(rest))
    }
}
