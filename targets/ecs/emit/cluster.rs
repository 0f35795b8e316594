//! The cluster.

use super::super::plan::{EcsPlan, Strategy};
use super::cluster_id;
use tranship_cloudformation::{Map, Resource, Template, Value, list, props};

/// Adds the cluster. Providers that AWS has for everyone stand on it; those of the stack refer to the cluster
/// themselves, so the compute policy ties them to it.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let own = plan.capacity.providers.iter().any(|provider| provider.as_str().is_none());
    let insights = props! { "Name" => "containerInsights", "Value" => "enabled" };
    let mut properties = props! { "ClusterSettings" => list![insights] };
    if !own && !plan.capacity.providers.is_empty() {
        properties.set("CapacityProviders", plan.capacity.providers.clone());
        properties.set("DefaultCapacityProviderStrategy", strategy(&plan.capacity.strategy));
    }
    template.add(&cluster_id(), Resource::new("AWS::ECS::Cluster", properties).comment("name"));
}

/// A capacity provider strategy, of the cluster, of a service or of a schedule.
pub(super) fn strategy(items: &[Strategy]) -> Value {
    items
        .iter()
        .map(|item| {
            Map::new()
                .with("CapacityProvider", &item.provider)
                .with_some("Base", (item.base > 0).then_some(item.base))
                .with("Weight", item.weight)
        })
        .collect()
}
