//! What happens to data when a stack is deleted, written into its template.
//!
//! In: the running template and the names of resources that may be lost. Out: [`ProtectionRelease`], with the template to
//! apply first if it differs from the running one. The template becomes JSON: CloudFormation accepts both
//! formats, with the same meaning.

use super::template::{self, plain};
use serde_json::Value;
use tranship_facts::DATA_STORES;

/// What happens to a resource that keeps data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceFate {
    /// Retained, outside of any stack.
    Kept,
    /// Deleted; a snapshot is kept.
    Snapshot,
    /// Deleted with all its data.
    Lost,
}

/// What a deletion does.
#[derive(Debug, PartialEq)]
pub(super) struct ProtectionRelease {
    /// The number of resources that the stack declares.
    pub(super) resources: usize,
    /// The data stores.
    pub(super) stores: Vec<ReleasedStore>,
    /// Logical ids of Auto Scaling groups, whose instances may have scale-in protection.
    pub(super) groups: Vec<String>,
    /// The template to apply before the deletion, if it differs from the running one.
    pub(super) template: Option<String>,
}

/// A data store of a stack that is deleted.
#[derive(Debug, PartialEq)]
pub(super) struct ReleasedStore {
    /// Its logical id.
    pub(super) id: String,
    /// Its type.
    pub(super) kind: String,
    /// What happens to its data.
    pub(super) fate: ResourceFate,
}

/// Decides from a template. `lost` holds the logical ids of resources that may be lost.
pub(super) fn release(template: &str, lost: &[String]) -> Result<ProtectionRelease, serde_yaml::Error> {
    let mut document = template::read(template)?;
    let (mut stores, mut groups) = (Vec::new(), Vec::new());
    let mut changed = false;
    let resources = document.get_mut("Resources").and_then(Value::as_object_mut);
    let count = resources.as_ref().map_or(0, |resources| resources.len());
    for (name, resource) in resources.into_iter().flatten() {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        changed |= unprotect(&kind, resource);
        if kind == "AWS::AutoScaling::AutoScalingGroup" {
            groups.push(name.clone());
        }
        if DATA_STORES.contains(&kind.as_str()) {
            let fate = fate(&kind, resource, lost.contains(name));
            if !retains_created(resource) || fate != ResourceFate::Kept {
                changed |= set(resource, &["DeletionPolicy"], policy(fate).into());
            }
            stores.push(ReleasedStore { id: name.clone(), kind, fate });
        }
    }
    Ok(ProtectionRelease {
        resources: count,
        stores,
        groups,
        template: changed.then(|| document.to_string()),
    })
}

/// The template without what prevents a deletion; nothing where it has none. A first creation that fails is rolled back,
/// and what is protected could not be deleted then.
pub(super) fn unprotected(template: &str) -> Result<Option<String>, serde_yaml::Error> {
    let mut document = template::read(template)?;
    let resources = document.get_mut("Resources").and_then(Value::as_object_mut);
    let mut changed = false;
    for (_, resource) in resources.into_iter().flatten() {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        changed |= unprotect(&kind, resource);
    }
    Ok(changed.then(|| document.to_string()))
}

/// The template's own policy wins where it retains something.
fn fate(kind: &str, resource: &Value, lost: bool) -> ResourceFate {
    match (lost, resource.get("DeletionPolicy").and_then(Value::as_str)) {
        (true, _) => ResourceFate::Lost,
        (false, Some("Snapshot")) => ResourceFate::Snapshot,
        (false, Some("Retain" | "RetainExceptOnCreate")) => ResourceFate::Kept,
        // A retained database would block the deletion of its subnet group and security group. A snapshot does not.
        (false, _) if kind.starts_with("AWS::RDS::") => ResourceFate::Snapshot,
        (false, _) => ResourceFate::Kept,
    }
}

/// Whether the resource is retained as soon as it was created.
fn retains_created(resource: &Value) -> bool {
    resource.get("DeletionPolicy").and_then(Value::as_str) == Some("RetainExceptOnCreate")
}

fn policy(fate: ResourceFate) -> &'static str {
    match fate {
        ResourceFate::Kept => "Retain",
        ResourceFate::Snapshot => "Snapshot",
        ResourceFate::Lost => "Delete",
    }
}

/// A property that prevents a resource from being deleted.
struct DeletionProtection {
    /// The type of the resource.
    kind: &'static str,
    /// Where its property is.
    path: &'static [&'static str],
    protecting: &'static str,
    open: &'static str,
}

const PROTECTIONS: &[DeletionProtection] = &[
    DeletionProtection {
        kind: "AWS::AutoScaling::AutoScalingGroup",
        path: &["Properties", "NewInstancesProtectedFromScaleIn"],
        protecting: "true",
        open: "false",
    },
    DeletionProtection {
        kind: "AWS::ECS::CapacityProvider",
        path: &["Properties", "AutoScalingGroupProvider", "ManagedTerminationProtection"],
        protecting: "ENABLED",
        open: "DISABLED",
    },
    DeletionProtection {
        kind: "AWS::RDS::DBCluster",
        path: &["Properties", "DeletionProtection"],
        protecting: "true",
        open: "false",
    },
    DeletionProtection {
        kind: "AWS::RDS::DBInstance",
        path: &["Properties", "DeletionProtection"],
        protecting: "true",
        open: "false",
    },
];

fn unprotect(kind: &str, resource: &mut Value) -> bool {
    let mut changed = unprotect_load_balancer(kind, resource);
    for protection in PROTECTIONS.iter().filter(|protection| protection.kind == kind) {
        let found = protection.path.iter().try_fold(&*resource, |value, key| value.get(key));
        if found.is_some_and(|value| plain(value) == protection.protecting) {
            changed |= set(resource, protection.path, protection.open.into());
        }
    }
    changed
}

fn unprotect_load_balancer(kind: &str, resource: &mut Value) -> bool {
    let attributes = resource.pointer_mut("/Properties/LoadBalancerAttributes").and_then(Value::as_array_mut);
    let Some(attributes) = attributes.filter(|_| kind == "AWS::ElasticLoadBalancingV2::LoadBalancer") else {
        return false;
    };
    let protects = |item: &&mut Value| {
        item.get("Key").and_then(Value::as_str) == Some("deletion_protection.enabled")
            && item.get("Value").is_some_and(|value| plain(value) == "true")
    };
    match attributes.iter_mut().find(protects) {
        Some(item) => set(item, &["Value"], "false".into()),
        None => false,
    }
}

/// Sets a value at a path. Returns false if it already had that value.
fn set(value: &mut Value, path: &[&str], to: Value) -> bool {
    let Some((key, rest)) = path.split_first() else { return false };
    let Some(object) = value.as_object_mut() else { return false };
    if !rest.is_empty() {
        return object.get_mut(*key).is_some_and(|inner| set(inner, rest, to));
    }
    object.insert((*key).to_owned(), to.clone()) != Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEMPLATE: &str = "
Resources:
  Files:
    Type: AWS::EFS::FileSystem
    DeletionPolicy: Delete
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    Properties:
      DeletionProtection: true
      DBInstanceIdentifier: !Sub '${AWS::StackName}-db'
      VPCSecurityGroups: [!GetAtt Group.GroupId]
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      LoadBalancerAttributes:
        - { Key: deletion_protection.enabled, Value: 'true' }
";

    fn names(release: &ProtectionRelease) -> Vec<(&str, ResourceFate)> {
        release.stores.iter().map(|store| (store.id.as_str(), store.fate)).collect()
    }

    #[test]
    fn what_keeps_data_is_kept_unless_it_is_named() {
        let release = release(TEMPLATE, &[]).unwrap();
        assert_eq!(release.resources, 3);
        assert_eq!(names(&release), [("Files", ResourceFate::Kept), ("Database", ResourceFate::Snapshot)]);
        let lost = super::release(TEMPLATE, &["Database".to_owned()]).unwrap();
        assert_eq!(names(&lost), [("Files", ResourceFate::Kept), ("Database", ResourceFate::Lost)]);
    }

    #[test]
    fn protections_are_taken_off_and_the_rest_means_the_same() {
        let template = release(TEMPLATE, &[]).unwrap().template.unwrap();
        let document: Value = serde_json::from_str(&template).unwrap();
        let database = &document["Resources"]["Database"];
        assert_eq!(database["Properties"]["DeletionProtection"], "false");
        assert_eq!(database["DeletionPolicy"], "Snapshot");
        assert_eq!(
            database["Properties"]["VPCSecurityGroups"],
            json!([{"Fn::GetAtt": ["Group", "GroupId"]}])
        );
        let balancer = &document["Resources"]["Balancer"]["Properties"];
        assert_eq!(balancer["LoadBalancerAttributes"][0]["Value"], "false");
        assert_eq!(document["Resources"]["Files"]["DeletionPolicy"], "Retain");
    }

    #[test]
    fn a_first_creation_protects_nothing_and_is_the_same_otherwise() {
        let open = unprotected(TEMPLATE).unwrap().unwrap();
        let (open, whole): (Value, Value) =
            (serde_json::from_str(&open).unwrap(), template::read(TEMPLATE).unwrap());
        let database = |it: &Value| it["Resources"]["Database"]["Properties"]["DeletionProtection"].clone();
        assert_eq!((database(&open), database(&whole)), ("false".into(), true.into()));
        let balancer = &open["Resources"]["Balancer"]["Properties"]["LoadBalancerAttributes"][0]["Value"];
        assert_eq!(balancer, "false");
        assert_eq!(open["Resources"]["Files"], whole["Resources"]["Files"], "policies stay as they are");
        assert_eq!(unprotected(&open.to_string()).unwrap(), None);
    }

    #[test]
    fn a_template_that_says_so_already_is_left_alone() {
        let template = "Resources: { Files: { Type: 'AWS::EFS::FileSystem', DeletionPolicy: Retain } }";
        assert_eq!(release(template, &[]).unwrap().template, None);
    }

    /// What is retained as soon as it was created needs no update before the deletion, unless it may be lost.
    #[test]
    fn what_is_retained_once_created_is_kept() {
        let template =
            "Resources: { Files: { Type: 'AWS::EFS::FileSystem', DeletionPolicy: RetainExceptOnCreate } }";
        let kept = release(template, &[]).unwrap();
        assert_eq!((names(&kept), &kept.template), (vec![("Files", ResourceFate::Kept)], &None));
        let lost = release(template, &["Files".to_owned()]).unwrap();
        assert!(lost.template.unwrap().contains(r#""DeletionPolicy":"Delete""#));
    }

    /// One change is enough, whatever follows it.
    #[test]
    fn a_template_is_new_where_one_thing_changes() {
        let changed = |text: &str| release(text, &[]).unwrap().template.is_some();
        let rest = "  Topic: { Type: 'AWS::SNS::Topic' }\n  Queue: { Type: 'AWS::SQS::Queue' }\n";
        let protected = "  Balancer: { Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', Properties: { LoadBalancerAttributes: [{ Key: deletion_protection.enabled, Value: 'true' }] } }\n";
        assert!(changed(&format!("Resources:\n{protected}{rest}")));
        let files = "  Files: { Type: 'AWS::EFS::FileSystem', DeletionPolicy: Delete }\n";
        assert!(changed(&format!("Resources:\n{files}{rest}")));
        assert!(!changed(&format!("Resources:\n{rest}")));
        let kept = "  Files: { Type: 'AWS::EFS::FileSystem', DeletionPolicy: Retain }\n";
        assert!(!changed(&format!("Resources:\n{kept}{rest}")));
    }
}
