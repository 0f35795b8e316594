//! The cluster.

use super::super::plan::{CapacityStrategyItem, EcsPlan, ExecPlan, SessionLog};
use super::cluster_id;
use tranship_cloudformation::{
    DeletionPolicy, FnSub, LogicalId, PropertyMap, PseudoParameter, Resource, ResourceRole, Template,
    TemplateValue, list, props,
};

/// Adds the cluster.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let insights = props! { "Name" => "containerInsights", "Value" => "enabled" };
    let mut properties = props! { "ClusterSettings" => list![insights] };
    let providers = &plan.capacity.cluster_providers;
    if !providers.is_empty() {
        properties.set("CapacityProviders", providers.iter().copied().collect::<TemplateValue>());
        properties.set("DefaultCapacityProviderStrategy", strategy(&plan.capacity.strategy));
    }
    if let Some(exec) = &plan.stack.exec {
        properties.set("Configuration", props! { "ExecuteCommandConfiguration" => sessions(exec) });
        if let SessionLog::Group { key } = &exec.log {
            let group = session_log(key.as_deref(), plan.stack.log_retention);
            template.add(&LogicalId::only(ResourceRole::SessionLog), group);
        }
    }
    template.add(&cluster_id(), Resource::new("AWS::ECS::Cluster", properties).comment("name"));
}

/// Every bucket is encrypted, so that its encryption can be asked for; a log group only where a key is given.
fn sessions(exec: &ExecPlan) -> PropertyMap {
    let properties = PropertyMap::new().with_some("KmsKeyId", exec.kms_key.as_deref());
    match &exec.log {
        SessionLog::Service => properties.with("Logging", "DEFAULT"),
        SessionLog::Nowhere => properties.with("Logging", "NONE"),
        SessionLog::Group { key } => properties.with("Logging", "OVERRIDE").with(
            "LogConfiguration",
            PropertyMap::new()
                .with("CloudWatchLogGroupName", LogicalId::only(ResourceRole::SessionLog).reference())
                .with("CloudWatchEncryptionEnabled", key.is_some()),
        ),
        SessionLog::Bucket { name, prefix, .. } => properties.with("Logging", "OVERRIDE").with(
            "LogConfiguration",
            PropertyMap::new()
                .with("S3BucketName", name.as_str())
                .with_some("S3KeyPrefix", prefix.as_deref())
                .with("S3EncryptionEnabled", true),
        ),
    }
}

fn session_log(key: Option<&str>, days: u32) -> Resource {
    let name = FnSub::text("/").pseudo(PseudoParameter::StackName).then("/exec");
    let properties = PropertyMap::new()
        .with("LogGroupName", name)
        .with("RetentionInDays", days)
        .with_some("KmsKeyId", key);
    Resource::new("AWS::Logs::LogGroup", properties).policy(DeletionPolicy::Delete).comment("x-tranship.exec")
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
