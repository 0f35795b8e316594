//! What CloudFormation calls to create, read, update, tag and delete a resource, by its type.
//!
//! In: a resource type. Out: the actions that the role of the operation needs, and on what. Sources: the permissions
//! that the handlers of each type declare (CloudFormation registry, `DescribeType`) and the Service Authorization
//! Reference, both as of 2026-11. Reads are part of it: a handler that cannot read what it made fails.

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

/// What CloudFormation needs for a resource type; `None` for a type that the table does not have.
pub fn actions_of(resource_type: &str) -> Option<&'static [ActionGrant]> {
    // A custom resource is a call of its function.
    let resource_type = if resource_type.starts_with("Custom::") { CUSTOM } else { resource_type };
    TABLE.iter().find(|(name, _)| *name == resource_type).map(|(_, grants)| *grants)
}

/// The service-linked roles that services of a first deployment make for themselves.
pub const SERVICE_LINKED_ROLES: ActionGrant = ActionGrant {
    actions: &["iam:CreateServiceLinkedRole"],
    scope: GrantScope::Global("iam", "role/aws-service-role/*"),
    passed_to: &[],
};

const CUSTOM: &str = "AWS::CloudFormation::CustomResource";
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

const SECURITY_GROUP_RULES: &[ActionGrant] = &[everything(&[
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
])];

/// Each type and what it needs.
const TABLE: &[(&str, &[ActionGrant])] = &[
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &[everything(&[
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:ListTagsForResource",
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:TagResource",
            "application-autoscaling:UntagResource",
        ])],
    ),
    (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        &[everything(&[
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:PutScalingPolicy",
        ])],
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            everything(&[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:RunInstances",
            ]),
            regional(
                "autoscaling",
                "autoScalingGroup:*:autoScalingGroupName/{stack}*",
                &[
                    "autoscaling:CreateAutoScalingGroup",
                    "autoscaling:CreateOrUpdateTags",
                    "autoscaling:DeleteAutoScalingGroup",
                    "autoscaling:DeleteTags",
                    "autoscaling:DisableMetricsCollection",
                    "autoscaling:EnableMetricsCollection",
                    "autoscaling:ResumeProcesses",
                    "autoscaling:SuspendProcesses",
                    "autoscaling:TerminateInstanceInAutoScalingGroup",
                    "autoscaling:UpdateAutoScalingGroup",
                ],
            ),
            passing(&["ec2.amazonaws.com"]),
        ],
    ),
    (CUSTOM, &[regional("lambda", "function:{stack}*", &["lambda:InvokeFunction"])]),
    (
        "AWS::EC2::EIP",
        &[everything(&[
            "ec2:AllocateAddress",
            "ec2:CreateTags",
            "ec2:DescribeAddresses",
            "ec2:ReleaseAddress",
        ])],
    ),
    (
        "AWS::EC2::InternetGateway",
        &[everything(&[
            "ec2:CreateInternetGateway",
            "ec2:CreateTags",
            "ec2:DeleteInternetGateway",
            "ec2:DeleteTags",
            "ec2:DescribeInternetGateways",
        ])],
    ),
    (
        "AWS::EC2::LaunchTemplate",
        &[everything(&[
            "ec2:CreateLaunchTemplate",
            "ec2:CreateLaunchTemplateVersion",
            "ec2:CreateTags",
            "ec2:DeleteLaunchTemplate",
            "ec2:DeleteTags",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeLaunchTemplates",
            "ec2:GetLaunchTemplateData",
            "ssm:GetParameters",
        ])],
    ),
    (
        "AWS::EC2::NatGateway",
        &[everything(&[
            "ec2:CreateNatGateway",
            "ec2:CreateTags",
            "ec2:DeleteNatGateway",
            "ec2:DeleteTags",
            "ec2:DescribeNatGateways",
        ])],
    ),
    (
        "AWS::EC2::Route",
        &[everything(&["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables", "ec2:ReplaceRoute"])],
    ),
    (
        "AWS::EC2::RouteTable",
        &[everything(&[
            "ec2:CreateRouteTable",
            "ec2:CreateTags",
            "ec2:DeleteRouteTable",
            "ec2:DeleteTags",
            "ec2:DescribeRouteTables",
        ])],
    ),
    (
        "AWS::EC2::SecurityGroup",
        &[everything(&[
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteTags",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ])],
    ),
    ("AWS::EC2::SecurityGroupEgress", SECURITY_GROUP_RULES),
    ("AWS::EC2::SecurityGroupIngress", SECURITY_GROUP_RULES),
    (
        "AWS::EC2::Subnet",
        &[everything(&[
            "ec2:CreateSubnet",
            "ec2:CreateTags",
            "ec2:DeleteSubnet",
            "ec2:DeleteTags",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeSubnets",
            "ec2:ModifySubnetAttribute",
        ])],
    ),
    (
        "AWS::EC2::SubnetRouteTableAssociation",
        &[everything(&[
            "ec2:AssociateRouteTable",
            "ec2:DescribeRouteTables",
            "ec2:DisassociateRouteTable",
            "ec2:ReplaceRouteTableAssociation",
        ])],
    ),
    (
        "AWS::EC2::VPC",
        &[everything(&[
            "ec2:CreateTags",
            "ec2:CreateVpc",
            "ec2:DeleteTags",
            "ec2:DeleteVpc",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcs",
            "ec2:ModifyVpcAttribute",
        ])],
    ),
    (
        "AWS::EC2::VPCGatewayAttachment",
        &[everything(&[
            "ec2:AttachInternetGateway",
            "ec2:DescribeInternetGateways",
            "ec2:DetachInternetGateway",
        ])],
    ),
    (
        "AWS::ECS::CapacityProvider",
        &[
            everything(&["autoscaling:DescribeAutoScalingGroups"]),
            regional(
                "autoscaling",
                "autoScalingGroup:*:autoScalingGroupName/{stack}*",
                &[
                    "autoscaling:CreateOrUpdateTags",
                    "autoscaling:DeletePolicy",
                    "autoscaling:PutScalingPolicy",
                    "autoscaling:SetInstanceProtection",
                    "autoscaling:UpdateAutoScalingGroup",
                ],
            ),
            regional(
                "ecs",
                "capacity-provider/{stack}*",
                &[
                    "ecs:CreateCapacityProvider",
                    "ecs:DeleteCapacityProvider",
                    "ecs:DescribeCapacityProviders",
                    "ecs:ListTagsForResource",
                    "ecs:TagResource",
                    "ecs:UntagResource",
                    "ecs:UpdateCapacityProvider",
                ],
            ),
        ],
    ),
    (
        "AWS::ECS::Cluster",
        &[
            everything(&["ecs:CreateCluster"]),
            regional(
                "ecs",
                "cluster/{stack}*",
                &[
                    "ecs:DeleteCluster",
                    "ecs:DescribeClusters",
                    "ecs:ListTagsForResource",
                    "ecs:PutClusterCapacityProviders",
                    "ecs:TagResource",
                    "ecs:UntagResource",
                    "ecs:UpdateCluster",
                    "ecs:UpdateClusterSettings",
                ],
            ),
        ],
    ),
    (
        "AWS::ECS::ClusterCapacityProviderAssociations",
        &[
            everything(&["ecs:DescribeCapacityProviders"]),
            regional("ecs", "cluster/{stack}*", &["ecs:DescribeClusters", "ecs:PutClusterCapacityProviders"]),
        ],
    ),
    (
        "AWS::ECS::Service",
        &[
            regional(
                "ecs",
                "service/{stack}*/*",
                &[
                    "ecs:CreateService",
                    "ecs:DeleteService",
                    "ecs:DescribeServices",
                    "ecs:ListTagsForResource",
                    "ecs:TagResource",
                    "ecs:UntagResource",
                    "ecs:UpdateService",
                ],
            ),
            everything(&[
                "ecs:DescribeServiceDeployments",
                "ecs:ListServiceDeployments",
                "servicediscovery:GetNamespace",
            ]),
        ],
    ),
    (
        "AWS::ECS::TaskDefinition",
        &[
            everything(&[
                "ecs:DeregisterTaskDefinition",
                "ecs:DescribeTaskDefinition",
                "ecs:ListTagsForResource",
                "ecs:RegisterTaskDefinition",
            ]),
            regional("ecs", "task-definition/*", &["ecs:TagResource", "ecs:UntagResource"]),
            passing(&["ecs-tasks.amazonaws.com"]),
        ],
    ),
    (
        "AWS::EFS::AccessPoint",
        &[everything(&[
            "elasticfilesystem:CreateAccessPoint",
            "elasticfilesystem:DeleteAccessPoint",
            "elasticfilesystem:DescribeAccessPoints",
            "elasticfilesystem:ListTagsForResource",
            "elasticfilesystem:TagResource",
            "elasticfilesystem:UntagResource",
        ])],
    ),
    (
        "AWS::EFS::FileSystem",
        &[everything(&[
            "elasticfilesystem:CreateFileSystem",
            "elasticfilesystem:DeleteFileSystem",
            "elasticfilesystem:DescribeBackupPolicy",
            "elasticfilesystem:DescribeFileSystemPolicy",
            "elasticfilesystem:DescribeFileSystems",
            "elasticfilesystem:DescribeLifecycleConfiguration",
            "elasticfilesystem:DescribeReplicationConfigurations",
            "elasticfilesystem:ListTagsForResource",
            "elasticfilesystem:PutBackupPolicy",
            "elasticfilesystem:PutLifecycleConfiguration",
            "elasticfilesystem:TagResource",
            "elasticfilesystem:UntagResource",
            "elasticfilesystem:UpdateFileSystem",
            "kms:CreateGrant",
            "kms:DescribeKey",
            "kms:GenerateDataKeyWithoutPlaintext",
        ])],
    ),
    (
        "AWS::EFS::MountTarget",
        &[everything(&[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaceAttribute",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:ModifyNetworkInterfaceAttribute",
            "elasticfilesystem:CreateMountTarget",
            "elasticfilesystem:DeleteMountTarget",
            "elasticfilesystem:DescribeMountTargetSecurityGroups",
            "elasticfilesystem:DescribeMountTargets",
            "elasticfilesystem:ModifyMountTargetSecurityGroups",
        ])],
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        &[everything(&[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:DescribeListenerAttributes",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyListenerAttributes",
            "elasticloadbalancing:RemoveTags",
        ])],
    ),
    (
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        &[everything(&[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:DeleteRule",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetRulePriorities",
        ])],
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        &[everything(&[
            "ec2:DescribeInternetGateways",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:DescribeCapacityReservation",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetSubnets",
        ])],
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        &[everything(&[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RemoveTags",
        ])],
    ),
    (
        "AWS::IAM::InstanceProfile",
        &[
            global(
                "instance-profile/{stack}*",
                &[
                    "iam:AddRoleToInstanceProfile",
                    "iam:CreateInstanceProfile",
                    "iam:DeleteInstanceProfile",
                    "iam:GetInstanceProfile",
                    "iam:RemoveRoleFromInstanceProfile",
                    "iam:TagInstanceProfile",
                    "iam:UntagInstanceProfile",
                ],
            ),
            passing(&["ec2.amazonaws.com"]),
        ],
    ),
    (
        "AWS::IAM::Policy",
        &[global("role/{stack}*", &["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"])],
    ),
    (
        "AWS::IAM::Role",
        &[global(
            "role/{stack}*",
            &[
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
        )],
    ),
    (
        "AWS::Lambda::Function",
        &[
            regional(
                "lambda",
                "function:{stack}*",
                &[
                    "lambda:CreateFunction",
                    "lambda:DeleteFunction",
                    "lambda:GetFunction",
                    "lambda:GetFunctionCodeSigningConfig",
                    "lambda:GetFunctionRecursionConfig",
                    "lambda:GetRuntimeManagementConfig",
                    "lambda:ListTags",
                    "lambda:TagResource",
                    "lambda:UntagResource",
                    "lambda:UpdateFunctionCode",
                    "lambda:UpdateFunctionConfiguration",
                ],
            ),
            passing(&["lambda.amazonaws.com"]),
        ],
    ),
    (
        "AWS::Logs::LogGroup",
        &[
            everything(&["logs:DescribeLogGroups"]),
            regional(
                "logs",
                "log-group:/{stack}*",
                &[
                    "logs:CreateLogGroup",
                    "logs:DeleteLogGroup",
                    "logs:DeleteRetentionPolicy",
                    "logs:DescribeIndexPolicies",
                    "logs:GetDataProtectionPolicy",
                    "logs:ListTagsForResource",
                    "logs:PutRetentionPolicy",
                    "logs:TagResource",
                    "logs:UntagResource",
                ],
            ),
        ],
    ),
    (
        "AWS::RDS::DBInstance",
        &[
            everything(&[
                "ec2:DescribeSecurityGroups",
                "kms:CreateGrant",
                "kms:DescribeKey",
                "rds:AddTagsToResource",
                "rds:CreateDBInstance",
                "rds:CreateDBSnapshot",
                "rds:DeleteDBInstance",
                "rds:DescribeDBInstances",
                "rds:DescribeDBSnapshots",
                "rds:ListTagsForResource",
                "rds:ModifyDBInstance",
                "rds:RebootDBInstance",
                "rds:RemoveTagsFromResource",
            ]),
            // The template refers to the password by a dynamic reference.
            everything(&["secretsmanager:GetSecretValue"]),
        ],
    ),
    (
        "AWS::RDS::DBSubnetGroup",
        &[
            everything(&["ec2:DescribeSubnets", "rds:DescribeDBSubnetGroups"]),
            regional(
                "rds",
                "subgrp:{stack}*",
                &[
                    "rds:AddTagsToResource",
                    "rds:CreateDBSubnetGroup",
                    "rds:DeleteDBSubnetGroup",
                    "rds:ListTagsForResource",
                    "rds:ModifyDBSubnetGroup",
                    "rds:RemoveTagsFromResource",
                ],
            ),
        ],
    ),
    (
        "AWS::Scheduler::Schedule",
        &[
            regional(
                "scheduler",
                "schedule/default/{stack}*",
                &[
                    "scheduler:CreateSchedule",
                    "scheduler:DeleteSchedule",
                    "scheduler:GetSchedule",
                    "scheduler:UpdateSchedule",
                ],
            ),
            passing(&["scheduler.amazonaws.com"]),
        ],
    ),
    (
        "AWS::SecretsManager::Secret",
        &[everything(&[
            "secretsmanager:CreateSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetRandomPassword",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
            "secretsmanager:UpdateSecret",
        ])],
    ),
    (
        "AWS::SecretsManager::SecretTargetAttachment",
        &[everything(&[
            "rds:DescribeDBInstances",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
        ])],
    ),
    (
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        &[everything(&[
            "ec2:DescribeRegions",
            "ec2:DescribeVpcs",
            "route53:AssociateVPCWithHostedZone",
            "route53:ChangeResourceRecordSets",
            "route53:CreateHostedZone",
            "route53:DeleteHostedZone",
            "route53:GetHostedZone",
            "route53:ListHostedZonesByName",
            "servicediscovery:CreatePrivateDnsNamespace",
            "servicediscovery:DeleteNamespace",
            "servicediscovery:GetNamespace",
            "servicediscovery:GetOperation",
            "servicediscovery:ListTagsForResource",
            "servicediscovery:TagResource",
            "servicediscovery:UntagResource",
            "servicediscovery:UpdatePrivateDnsNamespace",
        ])],
    ),
    (
        "AWS::ServiceDiscovery::Service",
        &[everything(&[
            "route53:ChangeResourceRecordSets",
            "route53:CreateHealthCheck",
            "route53:DeleteHealthCheck",
            "route53:GetHostedZone",
            "servicediscovery:CreateService",
            "servicediscovery:DeleteService",
            "servicediscovery:GetOperation",
            "servicediscovery:GetService",
            "servicediscovery:ListTagsForResource",
            "servicediscovery:TagResource",
            "servicediscovery:UntagResource",
            "servicediscovery:UpdateService",
        ])],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_actions_once_and_in_order() {
        for (name, grants) in TABLE {
            assert!(!grants.is_empty(), "{name}");
            for grant in *grants {
                assert!(grant.actions.is_sorted_by(|one, next| one < next), "{name}: {:?}", grant.actions);
                let is_action = |action: &&str| {
                    action.split_once(':').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
                };
                assert!(grant.actions.iter().all(is_action), "{name}");
            }
        }
        assert!(TABLE.is_sorted_by(|one, next| one.0 < next.0), "the types are in order");
    }

    #[test]
    fn only_a_passed_role_names_services_and_it_always_does() {
        for (name, grants) in TABLE {
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
