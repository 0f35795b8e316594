//! What a change does to what runs.
//!
//! In: a resource, its property, and the template around it. Out: a [`ChangeConsequence`] and what is to be known besides.
//! The behaviour of properties is a table of `tranship_facts`.

use super::content::{StackContent, refers_to};
use serde_json::Value as Json;
use tranship_facts::{DATA_STORES, UpdateBehaviour, update_behaviour};

/// What a change does to what runs, the harmless first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeConsequence {
    /// Nothing that runs is touched.
    #[default]
    None,
    /// New tasks take the place of the old ones, without an interruption.
    NewTasks,
    /// Another resource takes the place of the old one.
    Replaced,
    /// It does not answer for a while.
    Outage,
    /// Data is lost, or left behind.
    DataLost,
}

impl ChangeConsequence {
    /// As a word of the JSON document.
    pub fn name(self) -> &'static str {
        match self {
            ChangeConsequence::None => "none",
            ChangeConsequence::NewTasks => "new-tasks",
            ChangeConsequence::Replaced => "replaced",
            ChangeConsequence::Outage => "outage",
            ChangeConsequence::DataLost => "data-lost",
        }
    }

    /// In words; empty where nothing happens.
    pub fn words(self) -> &'static str {
        match self {
            ChangeConsequence::None => "",
            ChangeConsequence::NewTasks => "new tasks",
            ChangeConsequence::Replaced => "replaced",
            ChangeConsequence::Outage => "brief outage",
            ChangeConsequence::DataLost => "data lost",
        }
    }
}

/// Properties of a service whose change starts new tasks. Source: "UpdateService" of the Amazon ECS API Reference, what
/// triggers a new deployment; November 2026.
const NEW_DEPLOYMENT: &[&str] = &[
    "CapacityProviderStrategy",
    "ForceNewDeployment",
    "LoadBalancers",
    "NetworkConfiguration",
    "PlatformVersion",
    "ServiceConnectConfiguration",
    "ServiceRegistries",
    "TaskDefinition",
    "VolumeConfigurations",
];

/// Whether a service takes commands in its containers.
pub(super) const EXEC: &str = "EnableExecuteCommand";

/// What has a service start new tasks although nothing else of it changes.
pub(super) const FORCED: &str = "ForceNewDeployment";

/// What a change of a property does.
pub(super) fn of_property(content: &StackContent, id: &str, property: &str) -> (ChangeConsequence, String) {
    let kind = content.kind(id);
    if kind == "AWS::ECS::TaskDefinition" {
        return of_task(content, id, property);
    }
    // The template has the service start new tasks along with it.
    let properties = content.resource(id).and_then(|resource| resource.get("Properties"));
    let forced = property == EXEC && properties.is_some_and(|all| all.get(FORCED).is_some());
    if kind == "AWS::ECS::Service" && (forced || NEW_DEPLOYMENT.contains(&property)) {
        return of_service(content, id);
    }
    match update_behaviour(kind, property) {
        UpdateBehaviour::Replaced if DATA_STORES.contains(&kind) => (
            ChangeConsequence::DataLost,
            kept(content, id, "UpdateReplacePolicy", "replaced by an empty one"),
        ),
        UpdateBehaviour::Replaced => (ChangeConsequence::Replaced, replaced(kind).to_owned()),
        UpdateBehaviour::Interrupted => (ChangeConsequence::Outage, "the database restarts".to_owned()),
        UpdateBehaviour::InPlace => (ChangeConsequence::None, String::new()),
    }
}

/// What the removal of a resource does.
pub(super) fn of_removal(content: &StackContent, id: &str) -> (ChangeConsequence, String) {
    let kind = content.kind(id);
    if DATA_STORES.contains(&kind) {
        let policy = content.resource(id).and_then(|it| it.get("DeletionPolicy")).and_then(Json::as_str);
        let what =
            if matches!(policy, Some("Retain" | "RetainExceptOnCreate")) { "removed" } else { "deleted" };
        return (ChangeConsequence::DataLost, kept(content, id, "DeletionPolicy", what));
    }
    match kind {
        "AWS::ECS::Service" => (ChangeConsequence::Outage, "its tasks stop for good".to_owned()),
        _ => (ChangeConsequence::None, String::new()),
    }
}

/// What becomes of the data of a resource that goes.
fn kept(content: &StackContent, id: &str, policy: &str, what: &str) -> String {
    let policy = content.resource(id).and_then(|it| it.get(policy)).and_then(Json::as_str);
    match policy {
        Some("Retain" | "RetainExceptOnCreate") => {
            format!("{what}; the old one is kept, outside of the stack")
        }
        Some("Snapshot") => format!("{what}; a snapshot of the old one is kept"),
        _ => format!("{what}; the old data is deleted"),
    }
}

fn replaced(kind: &str) -> &'static str {
    match kind {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => "the load balancer gets another address",
        "AWS::ServiceDiscovery::PrivateDnsNamespace" => "the names of services are registered anew",
        _ => "",
    }
}

/// Every service that uses the task definition starts new tasks.
fn of_task(content: &StackContent, id: &str, property: &str) -> (ChangeConsequence, String) {
    if update_behaviour("AWS::ECS::TaskDefinition", property) != UpdateBehaviour::Replaced {
        return (ChangeConsequence::None, String::new());
    }
    let services = content.resources().filter(|(_, it)| is_service(it) && refers_to(it, id));
    let found = services.map(|(service, _)| of_service(content, service));
    found.max_by_key(|(consequence, _)| *consequence).unwrap_or_default()
}

fn is_service(resource: &Json) -> bool {
    resource.get("Type").and_then(Json::as_str) == Some("AWS::ECS::Service")
}

/// New tasks, or none for a moment where the old one must stop first.
fn of_service(content: &StackContent, id: &str) -> (ChangeConsequence, String) {
    let rollout = |name: &str| {
        let configuration = content.resource(id)?.get("Properties")?.get("DeploymentConfiguration")?;
        configuration.get(name)?.as_u64()
    };
    let stops_first = rollout("MinimumHealthyPercent").is_some_and(|percent| percent < 100)
        && rollout("MaximumPercent").is_some_and(|percent| percent <= 100);
    match stops_first {
        true => (ChangeConsequence::Outage, "the old task stops before the new one starts".to_owned()),
        false => (ChangeConsequence::NewTasks, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_replacement_does_is_said_where_somebody_notices() {
        assert_eq!(
            replaced("AWS::ElasticLoadBalancingV2::LoadBalancer"),
            "the load balancer gets another address"
        );
        assert_eq!(
            replaced("AWS::ServiceDiscovery::PrivateDnsNamespace"),
            "the names of services are registered anew"
        );
        assert_eq!(replaced("AWS::IAM::Role"), "");
    }
}
