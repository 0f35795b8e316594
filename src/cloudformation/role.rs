//! The role of a logical id, which gives its last words: `App` + `TaskDefinition`.
//!
//! One closed table, because an id is only unambiguous against a known set of endings: a name is hashed if
//! it ends in words that would turn one role into another (`instance` + `SecurityGroup` next to a plain
//! `InstanceSecurityGroup`). Add roles freely; renaming one replaces its resources in every deployed stack.

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// The role of a logical id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ResourceRole {
            $($(#[$doc])* $role,)*
        }

        impl ResourceRole {
            /// Every role.
            pub const ALL: &[ResourceRole] = &[$(ResourceRole::$role,)*];

            /// The words at the end of an id.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(ResourceRole::$role => stringify!($role),)*
                }
            }
        }
    };
}

roles! {
    /// An access point of a file system.
    AccessPoint,
    /// An Auto Scaling group.
    AutoScalingGroup,
    /// A capacity provider.
    CapacityProvider,
    /// The capacity providers of a cluster.
    CapacityProviderAssociations,
    /// The ARN of a certificate: a parameter.
    CertificateArn,
    /// An ECS cluster.
    Cluster,
    /// The user name and password of a database: a secret.
    Credentials,
    /// A database instance.
    Database,
    /// A discovery service of Cloud Map.
    Discovery,
    /// A DNS record of Route 53.
    DnsRecord,
    /// An egress rule.
    Egress,
    /// A host and port to connect to: an output.
    Endpoint,
    /// An Elastic IP address for a NAT gateway.
    ElasticIp,
    /// The role with which the ECS agent pulls images, writes logs and reads secrets.
    ExecutionRole,
    /// A file system.
    FileSystem,
    /// A Lambda function.
    Function,
    /// The role of a Lambda function.
    FunctionRole,
    /// A condition: a certificate is set.
    HasCertificate,
    /// A TLS listener.
    HttpsListener,
    /// An image: a parameter.
    Image,
    /// An ingress rule.
    Ingress,
    /// The AMI of the instances: a parameter.
    InstanceImage,
    /// The AMI of instances with an Arm processor: a parameter.
    InstanceImageArm,
    /// The AMI of instances with GPUs: a parameter.
    InstanceImageGpu,
    /// An instance profile.
    InstanceProfile,
    /// The role of the instances.
    InstanceRole,
    /// The security group of the instances.
    InstanceSecurityGroup,
    /// The instance type: a parameter.
    InstanceType,
    /// An internet gateway.
    InternetGateway,
    /// The attachment of an internet gateway to its VPC.
    InternetGatewayAttachment,
    /// A launch template.
    LaunchTemplate,
    /// A listener.
    Listener,
    /// A further certificate of a listener.
    ListenerCertificate,
    /// A listener rule.
    ListenerRule,
    /// A load balancer.
    LoadBalancer,
    /// The DNS name of a load balancer: an output.
    LoadBalancerDnsName,
    /// The hosted zone of the DNS name of a load balancer: an output.
    LoadBalancerHostedZoneId,
    /// The security group of the load balancer.
    LoadBalancerSecurityGroup,
    /// A log group.
    LogGroup,
    /// The maximum number of instances: a parameter.
    MaxInstances,
    /// The minimum number of instances: a parameter.
    MinInstances,
    /// A mount target of a file system.
    MountTarget,
    /// A DNS namespace.
    Namespace,
    /// A NAT gateway for private subnets.
    NatGateway,
    /// A database parameter group.
    ParameterGroup,
    /// A policy document attached to a role.
    Policy,
    /// Private subnets: a parameter.
    PrivateSubnets,
    /// Public subnets: a parameter.
    PublicSubnets,
    /// A listener that redirects to TLS. Templates have it no more; its words go on deciding which names get a hash.
    RedirectListener,
    /// A route of a route table.
    Route,
    /// A route table.
    RouteTable,
    /// The association of a route table with a subnet.
    RouteTableAssociation,
    /// A task that runs to completion: a custom resource.
    Run,
    /// The command that runs a task once: an output.
    RunCommand,
    /// A scalable target.
    ScalableTarget,
    /// A scaling policy.
    ScalingPolicy,
    /// A schedule.
    Schedule,
    /// The role of a schedule.
    ScheduleRole,
    /// A secret.
    Secret,
    /// The attachment of a secret to a database.
    SecretAttachment,
    /// The value of a secret: a NoEcho parameter.
    SecretValue,
    /// A security group.
    SecurityGroup,
    /// An ECS service.
    Service,
    /// An ECS service whose tasks have the network of their instance.
    ServiceOnInstance,
    /// The role of a managed service.
    ServiceRole,
    /// The log group of sessions in containers.
    SessionLog,
    /// A nested stack.
    Stack,
    /// A subnet.
    Subnet,
    /// A database subnet group.
    SubnetGroup,
    /// A target group.
    TargetGroup,
    /// A task definition.
    TaskDefinition,
    /// The role that a container assumes.
    TaskRole,
    /// The function that runs tasks to completion.
    TaskRunner,
    /// The log group of that function.
    TaskRunnerLogGroup,
    /// The permissions of that function.
    TaskRunnerPolicy,
    /// The role of that function.
    TaskRunnerRole,
    /// A URL: an output.
    Url,
    /// A VPC.
    Vpc,
    /// A VPC id: a parameter.
    VpcId,
}

/// The words that turn one role into another: `Https` in `HttpsListener`, because there is a `Listener`. Growing this list
/// changes ids of names that end in the new words: a decision, not an accident.
const LEADS: &[&str] = &["Https", "Instance", "LoadBalancer", "Redirect", "Scaling", "TaskRunner"];

impl ResourceRole {
    /// Whether a name that ends in these words could be read as the start of a longer role.
    pub(super) fn absorbs(stem: &str) -> bool {
        LEADS.iter().any(|lead| stem.ends_with(lead))
    }

    /// Whether a string ends in a role's words.
    pub(super) fn ends(text: &str) -> bool {
        ResourceRole::ALL.iter().any(|role| text.ends_with(role.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_leading_words_are_those_of_the_roles() {
        let roles = || ResourceRole::ALL.iter().map(|role| role.as_str());
        let leads = roles().flat_map(|short| roles().filter_map(move |long| long.strip_suffix(short)));
        let leads: BTreeSet<&str> = leads.filter(|lead| !lead.is_empty()).collect();
        assert_eq!(leads.into_iter().collect::<Vec<_>>(), LEADS);
    }

    #[test]
    fn roles_are_words_and_never_look_like_a_hash() {
        for role in ResourceRole::ALL {
            let text = role.as_str();
            assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
            assert!(text.chars().all(|c| c.is_ascii_alphabetic()) && text.len() <= 60, "{text}");
            let hexes = text.as_bytes().windows(8);
            assert!(hexes.into_iter().all(|run| !run.iter().all(|b| matches!(b, b'a'..=b'f'))), "{text}");
        }
    }
}
