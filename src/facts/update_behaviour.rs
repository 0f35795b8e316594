//! What an update of a property does to its resource: in place, with an interruption, or by a replacement.
//!
//! Sources: the `createOnlyProperties` of the CloudFormation registry schemas for us-east-1, as cfn-lint 1.58.0 bundles them
//! (October 2026), of the types that templates have, at their top level; for databases, "Settings for DB instances" of the
//! Amazon RDS User Guide, and `Engine`, which the registry calls conditional. Read in November 2026.

/// What CloudFormation does to a resource when one of its properties changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateBehaviour {
    /// It is changed while it works.
    InPlace,
    /// It is changed, and does not answer for a while.
    Interrupted,
    /// Another one takes its place.
    Replaced,
}

/// Properties that only a new resource can have.
const CREATE_ONLY: &[(&str, &[&str])] = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", &["ResourceId", "ScalableDimension", "ServiceNamespace"]),
    (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        &["PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"],
    ),
    ("AWS::AutoScaling::AutoScalingGroup", &["AutoScalingGroupName", "InstanceId"]),
    ("AWS::EC2::EIP", &["Address", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"]),
    ("AWS::EC2::LaunchTemplate", &["LaunchTemplateName"]),
    (
        "AWS::EC2::NatGateway",
        &["AllocationId", "AvailabilityMode", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId"],
    ),
    (
        "AWS::EC2::Route",
        &["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "RouteTableId"],
    ),
    ("AWS::EC2::RouteTable", &["VpcId"]),
    ("AWS::EC2::SecurityGroup", &["GroupDescription", "GroupName", "VpcId"]),
    (
        "AWS::EC2::SecurityGroupEgress",
        &[
            "CidrIp",
            "CidrIpv6",
            "DestinationPrefixListId",
            "DestinationSecurityGroupId",
            "FromPort",
            "GroupId",
            "IpProtocol",
            "ToPort",
        ],
    ),
    (
        "AWS::EC2::SecurityGroupIngress",
        &[
            "CidrIp",
            "CidrIpv6",
            "FromPort",
            "GroupId",
            "GroupName",
            "IpProtocol",
            "SourcePrefixListId",
            "SourceSecurityGroupId",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
            "ToPort",
        ],
    ),
    (
        "AWS::EC2::Subnet",
        &[
            "AvailabilityZone",
            "AvailabilityZoneId",
            "CidrBlock",
            "Ipv4IpamPoolId",
            "Ipv4NetmaskLength",
            "Ipv6IpamPoolId",
            "Ipv6Native",
            "Ipv6NetmaskLength",
            "OutpostArn",
            "VpcId",
        ],
    ),
    ("AWS::EC2::SubnetRouteTableAssociation", &["RouteTableId", "SubnetId"]),
    ("AWS::EC2::VPC", &["CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"]),
    ("AWS::EC2::VPCGatewayAttachment", &["VpcId"]),
    ("AWS::ECS::CapacityProvider", &["ClusterName", "Name"]),
    ("AWS::ECS::Cluster", &["ClusterName"]),
    ("AWS::ECS::ClusterCapacityProviderAssociations", &["Cluster"]),
    ("AWS::ECS::Service", &["Cluster", "LaunchType", "Role", "SchedulingStrategy", "ServiceName"]),
    (
        "AWS::ECS::TaskDefinition",
        &[
            "ContainerDefinitions",
            "Cpu",
            "EnableFaultInjection",
            "EphemeralStorage",
            "ExecutionRoleArn",
            "Family",
            "InferenceAccelerators",
            "IpcMode",
            "Memory",
            "NetworkMode",
            "PidMode",
            "PlacementConstraints",
            "ProxyConfiguration",
            "RequiresCompatibilities",
            "RuntimePlatform",
            "TaskRoleArn",
            "Volumes",
        ],
    ),
    ("AWS::EFS::AccessPoint", &["ClientToken", "FileSystemId", "PosixUser", "RootDirectory"]),
    ("AWS::EFS::FileSystem", &["AvailabilityZoneName", "Encrypted", "KmsKeyId", "PerformanceMode"]),
    ("AWS::EFS::MountTarget", &["FileSystemId", "IpAddress", "IpAddressType", "Ipv6Address", "SubnetId"]),
    ("AWS::ElasticLoadBalancingV2::Listener", &["LoadBalancerArn"]),
    ("AWS::ElasticLoadBalancingV2::ListenerCertificate", &["ListenerArn"]),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", &["ListenerArn"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Name", "Scheme", "Type"]),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        &["IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"],
    ),
    ("AWS::IAM::InstanceProfile", &["InstanceProfileName", "Path"]),
    ("AWS::IAM::Role", &["Path", "RoleName"]),
    ("AWS::Lambda::Function", &["FunctionName", "PackageType", "TenancyConfig"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    (
        "AWS::RDS::DBInstance",
        &[
            "BackupTarget",
            "CharacterSetName",
            "CustomIAMInstanceProfile",
            "DBClusterIdentifier",
            "DBInstanceIdentifier",
            "DBName",
            "DBSubnetGroupName",
            "DBSystemId",
            "Engine",
            "KmsKeyId",
            "MasterUsername",
            "NcharCharacterSetName",
            "SourceRegion",
            "StorageEncrypted",
            "Timezone",
        ],
    ),
    ("AWS::RDS::DBSubnetGroup", &["DBSubnetGroupName"]),
    ("AWS::Route53::RecordSet", &["HostedZoneId", "HostedZoneName"]),
    ("AWS::Scheduler::Schedule", &["Name"]),
    ("AWS::SecretsManager::Secret", &["Name"]),
    ("AWS::SecretsManager::SecretTargetAttachment", &["SecretId"]),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", &["Name", "Vpc"]),
    ("AWS::ServiceDiscovery::Service", &["HealthCheckCustomConfig", "Name", "NamespaceId", "Type"]),
];

/// Properties whose change interrupts the resource.
const INTERRUPTING: &[(&str, &[&str])] =
    &[("AWS::RDS::DBInstance", &["DBInstanceClass", "EngineVersion", "StorageType"])];

/// Resource types whose data cannot be recreated. Replacing one loses or orphans its data.
pub const DATA_STORES: &[&str] = &[
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::KMS::Key",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
];

/// What a change of a top-level property does to a resource of this type.
pub fn update_behaviour(kind: &str, property: &str) -> UpdateBehaviour {
    let has = |table: &[(&str, &[&str])]| {
        table.iter().any(|(known, properties)| *known == kind && properties.contains(&property))
    };
    match (has(CREATE_ONLY), has(INTERRUPTING)) {
        (true, _) => UpdateBehaviour::Replaced,
        (false, true) => UpdateBehaviour::Interrupted,
        (false, false) => UpdateBehaviour::InPlace,
    }
}

#[cfg(test)]
mod tests {
    use super::UpdateBehaviour::{InPlace, Interrupted, Replaced};
    use super::*;

    #[test]
    fn each_property_does_what_its_page_says() {
        for (kind, property, behaviour) in [
            ("AWS::RDS::DBInstance", "Engine", Replaced),
            ("AWS::RDS::DBInstance", "DBName", Replaced),
            ("AWS::RDS::DBInstance", "DBInstanceClass", Interrupted),
            ("AWS::RDS::DBInstance", "EngineVersion", Interrupted),
            ("AWS::RDS::DBInstance", "AllocatedStorage", InPlace),
            ("AWS::ECS::TaskDefinition", "ContainerDefinitions", Replaced),
            ("AWS::ECS::TaskDefinition", "Tags", InPlace),
            ("AWS::ECS::Service", "Cluster", Replaced),
            ("AWS::ECS::Service", "DesiredCount", InPlace),
            ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme", Replaced),
            ("AWS::ElasticLoadBalancingV2::TargetGroup", "Port", Replaced),
            ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckPath", InPlace),
            ("AWS::EFS::AccessPoint", "PosixUser", Replaced),
            ("AWS::Unknown::Type", "Name", InPlace),
        ] {
            assert_eq!(update_behaviour(kind, property), behaviour, "{kind} {property}");
        }
    }

    #[test]
    fn types_stand_once_and_in_order() {
        assert!(CREATE_ONLY.is_sorted_by(|a, b| a.0 < b.0));
        assert!(DATA_STORES.is_sorted());
    }
}
