//! The cluster.

use super::super::plan::{CapacityStrategyItem, EcsPlan};
use super::cluster_id;
use tranship_cloudformation::{Resource, Template, TemplateValue, list, props};

/// Adds the cluster.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let insights = props! { "Name" => "containerInsights", "Value" => "enabled" };
    let mut properties = props! { "ClusterSettings" => list![insights] };
    let providers = &plan.capacity.cluster_providers;
    if !providers.is_empty() {
        properties.set("CapacityProviders", providers.iter().copied().collect::<TemplateValue>());
        properties.set("DefaultCapacityProviderStrategy", strategy(&plan.capacity.strategy));
    }
    template.add(&cluster_id(), Resource::new("AWS::ECS::Cluster", properties).comment("name"));
}

/// A capacity provider strategy, of the cluster, of a service or of a schedule.
pub(super) fn strategy(items: &[CapacityStrategyItem]) -> TemplateValue {
    items
        .iter()
        .map(|item| {
            props! { "CapacityProvider" => &item.provider, "Weight" => item.weight }
        })
        .collect()
}
