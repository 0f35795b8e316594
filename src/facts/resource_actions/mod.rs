//! What CloudFormation calls to create, read, update, tag and delete a resource, by its type.
//!
//! In: a resource type. Out: the actions that the role of the operation needs, and on what. Sources: the permissions
//! that the handlers of each type declare (CloudFormation registry, `DescribeType`) and the Service Authorization
//! Reference, both as of 2026-11. Reads are part of it: a handler that cannot read what it made fails.

mod network_table;
mod table;

use table::CUSTOM;

/// What a grant of actions is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantScope {
    /// Everything: the actions have no resource-level permissions, or the resource has an id that AWS chooses.
    Everything,
    /// A resource of the stack's own region and account, by its service and the rest of its ARN. `{stack}` is what
    /// CloudFormation begins generated names with.
    Regional(&'static str, &'static str),
    /// A resource of the account in no region: IAM.
    Global(&'static str, &'static str),
}

/// Actions on something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionGrant {
    /// `ecs:CreateCluster`.
    pub actions: &'static [&'static str],
    /// On what.
    pub scope: GrantScope,
    /// The services that a role may be passed to, for `iam:PassRole`.
    pub passed_to: &'static [&'static str],
}

/// Letters of a stack's name that generated names surely begin with: the longest of them have 64, and CloudFormation
/// cuts the stack's name to make room for the logical id and 13 letters of its own.
pub const STACK_PREFIX: usize = 20;

type ActionRow = (&'static str, &'static [ActionGrant]);

fn rows() -> impl Iterator<Item = &'static ActionRow> {
    network_table::ROWS.iter().chain(table::ROWS)
}

/// The types of the tables.
pub fn resource_types() -> impl Iterator<Item = &'static str> {
    rows().map(|(name, _)| *name)
}

/// Services that make a role of their own in an account that never used them, with the type that first needs it.
/// Source: IAM User Guide, "AWS services that work with IAM", and the pages of the services on their roles.
pub const LINKED_SERVICES: &[(&str, &str)] = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", "ecs.application-autoscaling.amazonaws.com"),
    ("AWS::AutoScaling::AutoScalingGroup", "autoscaling.amazonaws.com"),
    ("AWS::ECS::Cluster", "ecs.amazonaws.com"),
    ("AWS::EFS::FileSystem", "elasticfilesystem.amazonaws.com"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing.amazonaws.com"),
    ("AWS::RDS::DBInstance", "rds.amazonaws.com"),
    ("AWS::ElasticBeanstalk::Environment", "elasticbeanstalk.amazonaws.com"),
    ("AWS::ElasticBeanstalk::Environment", "managedupdates.elasticbeanstalk.amazonaws.com"),
];

/// What CloudFormation needs for a resource type; `None` for a type that the table does not have.
pub fn actions_of(resource_type: &str) -> Option<&'static [ActionGrant]> {
    // A custom resource is a call of its function.
    let resource_type = if resource_type.starts_with("Custom::") { CUSTOM } else { resource_type };
    rows().find(|(name, _)| *name == resource_type).map(|(_, grants)| *grants)
}

/// The service-linked roles that services of a first deployment make for themselves.
pub const SERVICE_LINKED_ROLES: ActionGrant = ActionGrant {
    actions: &["iam:CreateServiceLinkedRole"],
    scope: GrantScope::Global("iam", "role/aws-service-role/*"),
    passed_to: &[],
};

/// Roles of the stack's own.
const OWN_ROLES: GrantScope = GrantScope::Global("iam", "role/{stack}*");

const fn everything(actions: &'static [&'static str]) -> ActionGrant {
    ActionGrant { actions, scope: GrantScope::Everything, passed_to: &[] }
}

const fn regional(
    service: &'static str,
    rest: &'static str,
    actions: &'static [&'static str],
) -> ActionGrant {
    ActionGrant { actions, scope: GrantScope::Regional(service, rest), passed_to: &[] }
}

const fn global(rest: &'static str, actions: &'static [&'static str]) -> ActionGrant {
    ActionGrant { actions, scope: GrantScope::Global("iam", rest), passed_to: &[] }
}

const fn passing(services: &'static [&'static str]) -> ActionGrant {
    ActionGrant { actions: &["iam:PassRole"], scope: OWN_ROLES, passed_to: services }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_actions_once_and_in_order() {
        for (name, grants) in rows() {
            assert!(!grants.is_empty(), "{name}");
            for grant in *grants {
                assert!(grant.actions.is_sorted_by(|one, next| one < next), "{name}: {:?}", grant.actions);
                let is_action = |action: &&str| {
                    action.split_once(':').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
                };
                assert!(grant.actions.iter().all(is_action), "{name}");
            }
        }
        for table in [network_table::ROWS, table::ROWS] {
            assert!(table.is_sorted_by(|one, next| one.0 < next.0), "the types are in order");
        }
    }

    #[test]
    fn only_a_passed_role_names_services_and_it_always_does() {
        for (name, grants) in rows() {
            for grant in *grants {
                assert_eq!(grant.actions == ["iam:PassRole"], !grant.passed_to.is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn values_from_the_source() {
        let actions = |kind: &str| -> Vec<&str> {
            actions_of(kind).unwrap_or_default().iter().flat_map(|grant| grant.actions).copied().collect()
        };
        assert!(actions("AWS::ECS::Cluster").contains(&"ecs:CreateCluster"));
        assert_eq!(actions("Custom::TaskRun"), ["lambda:InvokeFunction"]);
        assert_eq!(actions_of("AWS::Any::Thing"), None);
        let roles = actions_of("AWS::IAM::Role").unwrap_or_default();
        assert_eq!(roles.iter().map(|grant| grant.scope).collect::<Vec<_>>(), [OWN_ROLES]);
    }
}
