//! The IAM actions with which CloudFormation makes, reads, changes and deletes a resource, by its type.
//!
//! Source: the handlers' permissions in the schemas of the CloudFormation registry and the Service Authorization
//! Reference, November 2026. CloudFormation acts with the rights of its caller unless it is given a role.

/// What a type of resource needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ResourceActions {
    /// The type: `AWS::ECS::Service`.
    kind: &'static str,
    /// IAM actions, with the service: `ecs:CreateService`.
    actions: &'static [&'static str],
}

macro_rules! actions {
    ($($kind:literal: $($action:literal)+;)+) => {
        &[$(ResourceActions { kind: $kind, actions: &[$($action),+] }),+]
    };
}

#[rustfmt::skip]
static RESOURCES: &[ResourceActions] = actions! {
    "AWS::ApplicationAutoScaling::ScalableTarget":
        "application-autoscaling:DeregisterScalableTarget" "application-autoscaling:DescribeScalableTargets"
        "application-autoscaling:ListTagsForResource" "application-autoscaling:RegisterScalableTarget"
        "application-autoscaling:TagResource" "application-autoscaling:UntagResource" "cloudwatch:DescribeAlarms"
        "ecs:DescribeServices" "ecs:UpdateService";
    "AWS::ApplicationAutoScaling::ScalingPolicy":
        "application-autoscaling:DeleteScalingPolicy" "application-autoscaling:DescribeScalingPolicies"
        "application-autoscaling:PutScalingPolicy" "cloudwatch:DeleteAlarms" "cloudwatch:DescribeAlarms"
        "cloudwatch:PutMetricAlarm";
    "AWS::AutoScaling::AutoScalingGroup":
        "autoscaling:CreateAutoScalingGroup" "autoscaling:CreateOrUpdateTags" "autoscaling:DeleteAutoScalingGroup"
        "autoscaling:DeleteTags" "autoscaling:DescribeAutoScalingGroups" "autoscaling:DescribeAutoScalingInstances"
        "autoscaling:DescribeScalingActivities" "autoscaling:DescribeScheduledActions"
        "autoscaling:DisableMetricsCollection" "autoscaling:EnableMetricsCollection" "autoscaling:PutScalingPolicy"
        "autoscaling:ResumeProcesses" "autoscaling:SetInstanceProtection" "autoscaling:SuspendProcesses"
        "autoscaling:TerminateInstanceInAutoScalingGroup" "autoscaling:UpdateAutoScalingGroup"
        "ec2:DescribeImages" "ec2:DescribeInstances" "ec2:DescribeLaunchTemplateVersions" "ec2:DescribeSubnets"
        "ec2:RunInstances";
    "AWS::EC2::EIP":
        "ec2:AllocateAddress" "ec2:CreateTags" "ec2:DeleteTags" "ec2:DescribeAddresses" "ec2:DisassociateAddress"
        "ec2:ReleaseAddress";
    "AWS::EC2::InternetGateway":
        "ec2:CreateInternetGateway" "ec2:CreateTags" "ec2:DeleteInternetGateway" "ec2:DeleteTags"
        "ec2:DescribeInternetGateways";
    "AWS::EC2::LaunchTemplate":
        "ec2:CreateLaunchTemplate" "ec2:CreateLaunchTemplateVersion" "ec2:CreateTags" "ec2:DeleteLaunchTemplate"
        "ec2:DeleteTags" "ec2:DescribeLaunchTemplateVersions" "ec2:DescribeLaunchTemplates" "ec2:ModifyLaunchTemplate";
    "AWS::EC2::NatGateway":
        "ec2:CreateNatGateway" "ec2:CreateTags" "ec2:DeleteNatGateway" "ec2:DeleteTags" "ec2:DescribeNatGateways";
    "AWS::EC2::Route":
        "ec2:CreateRoute" "ec2:DeleteRoute" "ec2:DescribeRouteTables" "ec2:ReplaceRoute";
    "AWS::EC2::RouteTable":
        "ec2:CreateRouteTable" "ec2:CreateTags" "ec2:DeleteRouteTable" "ec2:DeleteTags" "ec2:DescribeRouteTables";
    "AWS::EC2::SecurityGroup":
        "ec2:AuthorizeSecurityGroupEgress" "ec2:AuthorizeSecurityGroupIngress" "ec2:CreateSecurityGroup" "ec2:CreateTags"
        "ec2:DeleteSecurityGroup" "ec2:DeleteTags" "ec2:DescribeSecurityGroups" "ec2:RevokeSecurityGroupEgress"
        "ec2:RevokeSecurityGroupIngress";
    "AWS::EC2::SecurityGroupEgress":
        "ec2:AuthorizeSecurityGroupEgress" "ec2:DescribeSecurityGroupRules" "ec2:ModifySecurityGroupRules"
        "ec2:RevokeSecurityGroupEgress" "ec2:UpdateSecurityGroupRuleDescriptionsEgress";
    "AWS::EC2::SecurityGroupIngress":
        "ec2:AuthorizeSecurityGroupIngress" "ec2:DescribeSecurityGroupRules" "ec2:ModifySecurityGroupRules"
        "ec2:RevokeSecurityGroupIngress" "ec2:UpdateSecurityGroupRuleDescriptionsIngress";
    "AWS::EC2::Subnet":
        "ec2:CreateSubnet" "ec2:CreateTags" "ec2:DeleteSubnet" "ec2:DeleteTags" "ec2:DescribeSubnets"
        "ec2:ModifySubnetAttribute";
    "AWS::EC2::SubnetRouteTableAssociation":
        "ec2:AssociateRouteTable" "ec2:DescribeRouteTables" "ec2:DisassociateRouteTable" "ec2:ReplaceRouteTableAssociation";
    "AWS::EC2::VPC":
        "ec2:CreateTags" "ec2:CreateVpc" "ec2:DeleteTags" "ec2:DeleteVpc" "ec2:DescribeNetworkAcls"
        "ec2:DescribeSecurityGroups" "ec2:DescribeVpcAttribute" "ec2:DescribeVpcs" "ec2:ModifyVpcAttribute";
    "AWS::EC2::VPCGatewayAttachment":
        "ec2:AttachInternetGateway" "ec2:DescribeInternetGateways" "ec2:DetachInternetGateway";
    "AWS::ECS::CapacityProvider":
        "autoscaling:CreateOrUpdateTags" "autoscaling:DescribeAutoScalingGroups" "ecs:CreateCapacityProvider"
        "ecs:DeleteCapacityProvider" "ecs:DescribeCapacityProviders" "ecs:TagResource" "ecs:UntagResource"
        "ecs:UpdateCapacityProvider";
    "AWS::ECS::Cluster":
        "ecs:CreateCluster" "ecs:DeleteCluster" "ecs:DescribeClusters" "ecs:PutClusterCapacityProviders" "ecs:TagResource"
        "ecs:UntagResource" "ecs:UpdateCluster" "ecs:UpdateClusterSettings";
    "AWS::ECS::ClusterCapacityProviderAssociations":
        "ecs:DescribeClusters" "ecs:PutClusterCapacityProviders";
    "AWS::ECS::Service":
        "ecs:CreateService" "ecs:DeleteService" "ecs:DescribeServices" "ecs:ListTagsForResource" "ecs:TagResource"
        "ecs:UntagResource" "ecs:UpdateService" "servicediscovery:GetNamespace";
    "AWS::ECS::TaskDefinition":
        "ecs:DeregisterTaskDefinition" "ecs:DescribeTaskDefinition" "ecs:RegisterTaskDefinition" "ecs:TagResource"
        "ecs:UntagResource";
    "AWS::EFS::AccessPoint":
        "elasticfilesystem:CreateAccessPoint" "elasticfilesystem:DeleteAccessPoint"
        "elasticfilesystem:DescribeAccessPoints" "elasticfilesystem:ListTagsForResource" "elasticfilesystem:TagResource"
        "elasticfilesystem:UntagResource";
    "AWS::EFS::FileSystem":
        "elasticfilesystem:CreateFileSystem" "elasticfilesystem:DeleteFileSystem"
        "elasticfilesystem:DescribeBackupPolicy" "elasticfilesystem:DescribeFileSystemPolicy"
        "elasticfilesystem:DescribeFileSystemProtection" "elasticfilesystem:DescribeFileSystems"
        "elasticfilesystem:DescribeLifecycleConfiguration" "elasticfilesystem:DescribeReplicationConfigurations"
        "elasticfilesystem:PutBackupPolicy" "elasticfilesystem:PutFileSystemPolicy"
        "elasticfilesystem:DeleteFileSystemPolicy" "elasticfilesystem:PutLifecycleConfiguration"
        "elasticfilesystem:TagResource" "elasticfilesystem:UntagResource" "elasticfilesystem:UpdateFileSystem"
        "kms:CreateGrant" "kms:Decrypt" "kms:DescribeKey" "kms:GenerateDataKeyWithoutPlaintext";
    "AWS::EFS::MountTarget":
        "ec2:CreateNetworkInterface" "ec2:DeleteNetworkInterface" "ec2:DescribeNetworkInterfaceAttribute"
        "ec2:DescribeNetworkInterfaces" "ec2:DescribeSecurityGroups" "ec2:DescribeSubnets"
        "ec2:ModifyNetworkInterfaceAttribute" "elasticfilesystem:CreateMountTarget" "elasticfilesystem:DeleteMountTarget"
        "elasticfilesystem:DescribeMountTargetSecurityGroups" "elasticfilesystem:DescribeMountTargets"
        "elasticfilesystem:ModifyMountTargetSecurityGroups";
    "AWS::ElasticLoadBalancingV2::Listener":
        "elasticloadbalancing:AddTags" "elasticloadbalancing:CreateListener" "elasticloadbalancing:DeleteListener"
        "elasticloadbalancing:DescribeListenerAttributes" "elasticloadbalancing:DescribeListeners"
        "elasticloadbalancing:DescribeTags" "elasticloadbalancing:ModifyListener"
        "elasticloadbalancing:ModifyListenerAttributes" "elasticloadbalancing:RemoveTags";
    "AWS::ElasticLoadBalancingV2::ListenerRule":
        "elasticloadbalancing:AddTags" "elasticloadbalancing:CreateRule" "elasticloadbalancing:DeleteRule"
        "elasticloadbalancing:DescribeRules" "elasticloadbalancing:DescribeTags" "elasticloadbalancing:ModifyRule"
        "elasticloadbalancing:RemoveTags" "elasticloadbalancing:SetRulePriorities";
    "AWS::ElasticLoadBalancingV2::LoadBalancer":
        "ec2:DescribeAccountAttributes" "ec2:DescribeAddresses" "ec2:DescribeInternetGateways"
        "ec2:DescribeSecurityGroups" "ec2:DescribeSubnets" "ec2:DescribeVpcs" "elasticloadbalancing:AddTags"
        "elasticloadbalancing:CreateLoadBalancer" "elasticloadbalancing:DeleteLoadBalancer"
        "elasticloadbalancing:DescribeLoadBalancerAttributes" "elasticloadbalancing:DescribeLoadBalancers"
        "elasticloadbalancing:DescribeTags" "elasticloadbalancing:ModifyLoadBalancerAttributes"
        "elasticloadbalancing:RemoveTags" "elasticloadbalancing:SetIpAddressType"
        "elasticloadbalancing:SetSecurityGroups" "elasticloadbalancing:SetSubnets";
    "AWS::ElasticLoadBalancingV2::TargetGroup":
        "elasticloadbalancing:AddTags" "elasticloadbalancing:CreateTargetGroup" "elasticloadbalancing:DeleteTargetGroup"
        "elasticloadbalancing:DescribeTags" "elasticloadbalancing:DescribeTargetGroupAttributes"
        "elasticloadbalancing:DescribeTargetGroups" "elasticloadbalancing:DescribeTargetHealth"
        "elasticloadbalancing:ModifyTargetGroup" "elasticloadbalancing:ModifyTargetGroupAttributes"
        "elasticloadbalancing:RemoveTags";
    "AWS::IAM::InstanceProfile":
        "iam:AddRoleToInstanceProfile" "iam:CreateInstanceProfile" "iam:DeleteInstanceProfile" "iam:GetInstanceProfile"
        "iam:RemoveRoleFromInstanceProfile" "iam:TagInstanceProfile" "iam:UntagInstanceProfile";
    "AWS::IAM::Policy":
        "iam:DeleteRolePolicy" "iam:GetRolePolicy" "iam:PutRolePolicy";
    "AWS::IAM::Role":
        "iam:AttachRolePolicy" "iam:CreateRole" "iam:DeleteRole" "iam:DeleteRolePolicy" "iam:DetachRolePolicy" "iam:GetRole"
        "iam:GetRolePolicy" "iam:ListAttachedRolePolicies" "iam:ListRolePolicies" "iam:PutRolePolicy" "iam:TagRole"
        "iam:UntagRole" "iam:UpdateAssumeRolePolicy" "iam:UpdateRole" "iam:UpdateRoleDescription";
    "AWS::Lambda::Function":
        "lambda:CreateFunction" "lambda:DeleteFunction" "lambda:GetFunction" "lambda:GetFunctionConfiguration"
        "lambda:GetRuntimeManagementConfig" "lambda:InvokeFunction" "lambda:ListTags" "lambda:PutFunctionConcurrency"
        "lambda:TagResource" "lambda:UntagResource" "lambda:UpdateFunctionCode" "lambda:UpdateFunctionConfiguration";
    "AWS::Logs::LogGroup":
        "logs:CreateLogGroup" "logs:DeleteLogGroup" "logs:DeleteRetentionPolicy" "logs:DescribeIndexPolicies"
        "logs:DescribeLogGroups" "logs:GetDataProtectionPolicy" "logs:ListTagsForResource" "logs:PutRetentionPolicy"
        "logs:TagResource" "logs:UntagResource";
    "AWS::RDS::DBInstance":
        "ec2:DescribeAccountAttributes" "ec2:DescribeAvailabilityZones" "ec2:DescribeSecurityGroups" "ec2:DescribeSubnets"
        "ec2:DescribeVpcs" "kms:CreateGrant" "kms:DescribeKey" "rds:AddTagsToResource" "rds:CreateDBInstance"
        "rds:CreateDBSnapshot" "rds:DeleteDBInstance" "rds:DescribeDBInstances" "rds:DescribeDBSnapshots"
        "rds:DescribeEvents" "rds:ListTagsForResource" "rds:ModifyDBInstance" "rds:RebootDBInstance"
        "rds:RemoveTagsFromResource" "rds:RestoreDBInstanceFromDBSnapshot" "secretsmanager:CreateSecret"
        "secretsmanager:TagResource";
    "AWS::RDS::DBSubnetGroup":
        "ec2:DescribeSubnets" "rds:AddTagsToResource" "rds:CreateDBSubnetGroup" "rds:DeleteDBSubnetGroup"
        "rds:DescribeDBSubnetGroups" "rds:ListTagsForResource" "rds:ModifyDBSubnetGroup" "rds:RemoveTagsFromResource";
    "AWS::Scheduler::Schedule":
        "scheduler:CreateSchedule" "scheduler:DeleteSchedule" "scheduler:GetSchedule" "scheduler:UpdateSchedule";
    "AWS::SecretsManager::Secret":
        "secretsmanager:CreateSecret" "secretsmanager:DeleteSecret" "secretsmanager:DescribeSecret"
        "secretsmanager:GetRandomPassword" "secretsmanager:GetSecretValue" "secretsmanager:PutSecretValue"
        "secretsmanager:TagResource" "secretsmanager:UntagResource" "secretsmanager:UpdateSecret";
    "AWS::SecretsManager::SecretTargetAttachment":
        "rds:DescribeDBInstances" "secretsmanager:GetSecretValue" "secretsmanager:PutSecretValue";
    "AWS::ServiceDiscovery::PrivateDnsNamespace":
        "ec2:DescribeRegions" "ec2:DescribeVpcs" "route53:AssociateVPCWithHostedZone" "route53:ChangeTagsForResource"
        "route53:CreateHostedZone" "route53:DeleteHostedZone" "route53:GetHostedZone" "route53:ListHostedZonesByName"
        "servicediscovery:CreatePrivateDnsNamespace" "servicediscovery:DeleteNamespace" "servicediscovery:GetNamespace"
        "servicediscovery:GetOperation" "servicediscovery:ListTagsForResource" "servicediscovery:TagResource"
        "servicediscovery:UntagResource" "servicediscovery:UpdatePrivateDnsNamespace";
    "AWS::ServiceDiscovery::Service":
        "route53:ChangeResourceRecordSets" "route53:GetHostedZone" "servicediscovery:CreateService"
        "servicediscovery:DeleteService" "servicediscovery:GetOperation" "servicediscovery:GetService"
        "servicediscovery:ListTagsForResource" "servicediscovery:TagResource" "servicediscovery:UntagResource"
        "servicediscovery:UpdateService";
    "AWS::SSM::Parameter":
        "ssm:AddTagsToResource" "ssm:DeleteParameter" "ssm:GetParameters" "ssm:ListTagsForResource" "ssm:PutParameter"
        "ssm:RemoveTagsFromResource";
};

/// The actions for a type of resource; nothing for a type that the table lacks.
pub fn resource_actions(kind: &str) -> Option<&'static [&'static str]> {
    RESOURCES.iter().find(|row| row.kind == kind).map(|row| row.actions)
}

/// The types of the table.
pub fn resource_types() -> impl Iterator<Item = &'static str> {
    RESOURCES.iter().map(|row| row.kind)
}

/// Services that make a role of their own in an account that never used them, with the type that first needs it.
/// Source: IAM User Guide, "AWS services that work with IAM", and the pages of the services on their roles.
pub const SERVICE_LINKED_ROLES: &[(&str, &str)] = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", "ecs.application-autoscaling.amazonaws.com"),
    ("AWS::AutoScaling::AutoScalingGroup", "autoscaling.amazonaws.com"),
    ("AWS::ECS::Cluster", "ecs.amazonaws.com"),
    ("AWS::EFS::FileSystem", "elasticfilesystem.amazonaws.com"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing.amazonaws.com"),
    ("AWS::RDS::DBInstance", "rds.amazonaws.com"),
    ("AWS::ElasticBeanstalk::Environment", "elasticbeanstalk.amazonaws.com"),
    ("AWS::ElasticBeanstalk::Environment", "managedupdates.elasticbeanstalk.amazonaws.com"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_names_its_service_and_every_type_has_some() {
        for row in RESOURCES {
            assert!(row.kind.starts_with("AWS::") && !row.actions.is_empty(), "{}", row.kind);
            for action in row.actions {
                let (service, name) = action.split_once(':').unwrap();
                assert!(
                    service.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-'),
                    "{action}"
                );
                assert!(name.starts_with(|first: char| first.is_ascii_uppercase()), "{action}");
            }
        }
    }

    #[test]
    fn types_are_found_by_name() {
        assert!(resource_actions("AWS::ECS::Service").unwrap().contains(&"ecs:CreateService"));
        assert_eq!(resource_actions("AWS::Nothing::AtAll"), None);
        let mut types: Vec<&str> = resource_types().collect();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), RESOURCES.len(), "no type twice");
    }
}
