//! What a logical id stands for, said as the last words of the id: `App` + `TaskDefinition`.
//!
//! One closed table, because an id is only unambiguous against a known set of endings: a name is hashed when
//! it ends in words that would turn one role into another (`instance` + `SecurityGroup` beside a lone
//! `InstanceSecurityGroup`). Add roles freely; renaming one replaces its resources in every deployed stack.

use std::collections::BTreeSet;
use std::sync::LazyLock;

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// What a logical id stands for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Role {
            $($(#[$doc])* $role,)*
        }

        impl Role {
            /// Every role.
            pub const ALL: &[Role] = &[$(Role::$role,)*];

            /// The words as they end an id.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Role::$role => stringify!($role),)*
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
    /// The user and the password of a database: a secret.
    Credentials,
    /// A database instance.
    Database,
    /// A discovery service of Cloud Map.
    Discovery,
    /// An egress rule.
    Egress,
    /// A host and port to connect to: an output.
    Endpoint,
    /// An address for a NAT gateway.
    ElasticIp,
    /// A role of which the ECS agent pulls, logs and reads secrets.
    ExecutionRole,
    /// A file system.
    FileSystem,
    /// A Lambda function.
    Function,
    /// A role of a Lambda function.
    FunctionRole,
    /// A condition: a certificate is given.
    HasCertificate,
    /// A listener with TLS.
    HttpsListener,
    /// An image: a parameter.
    Image,
    /// An ingress rule.
    Ingress,
    /// The machine image of the instances: a parameter.
    InstanceImage,
    /// An instance profile.
    InstanceProfile,
    /// The role of the instances.
    InstanceRole,
    /// The security group of the instances.
    InstanceSecurityGroup,
    /// The type of the instances: a parameter.
    InstanceType,
    /// A gateway between a network and the internet.
    InternetGateway,
    /// What ties an internet gateway to its network.
    InternetGatewayAttachment,
    /// A launch template.
    LaunchTemplate,
    /// A listener.
    Listener,
    /// A rule of a listener.
    ListenerRule,
    /// A load balancer.
    LoadBalancer,
    /// The security group of the load balancer.
    LoadBalancerSecurityGroup,
    /// A log group.
    LogGroup,
    /// The largest number of instances: a parameter.
    MaxInstances,
    /// The smallest number of instances: a parameter.
    MinInstances,
    /// A mount target of a file system.
    MountTarget,
    /// A DNS namespace.
    Namespace,
    /// A gateway for private subnets.
    NatGateway,
    /// A set of database parameters.
    ParameterGroup,
    /// A policy document attached to a role.
    Policy,
    /// Private subnets: a parameter.
    PrivateSubnets,
    /// Public subnets: a parameter.
    PublicSubnets,
    /// A listener that redirects to TLS.
    RedirectListener,
    /// A route of a route table.
    Route,
    /// A route table.
    RouteTable,
    /// What ties a route table to a subnet.
    RouteTableAssociation,
    /// A run of a task to its end: a custom resource.
    Run,
    /// What scaling changes.
    ScalableTarget,
    /// A scaling policy.
    ScalingPolicy,
    /// A schedule.
    Schedule,
    /// A role of a schedule.
    ScheduleRole,
    /// A secret.
    Secret,
    /// What ties a secret to a database.
    SecretAttachment,
    /// The value of a secret: a NoEcho parameter.
    SecretValue,
    /// A security group.
    SecurityGroup,
    /// An ECS service.
    Service,
    /// A subnet.
    Subnet,
    /// Subnets of a database.
    SubnetGroup,
    /// A target group.
    TargetGroup,
    /// A task definition.
    TaskDefinition,
    /// The role a container acts as.
    TaskRole,
    /// The function that runs tasks to their end.
    TaskRunner,
    /// The log group of that function.
    TaskRunnerLogGroup,
    /// What that function may do.
    TaskRunnerPolicy,
    /// The role of that function.
    TaskRunnerRole,
    /// A URL: an output.
    Url,
    /// A virtual network.
    Vpc,
    /// The id of a virtual network: a parameter.
    VpcId,
}

/// The words that turn one role into another: `Https` of `HttpsListener`, since there is a `Listener`.
static LEADS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let pairs =
        Role::ALL.iter().flat_map(|short| Role::ALL.iter().map(move |long| (short.as_str(), long.as_str())));
    pairs.filter_map(|(short, long)| long.strip_suffix(short)).filter(|lead| !lead.is_empty()).collect()
});

impl Role {
    /// Whether a name that ends in these words could be read as the beginning of a longer role.
    pub(super) fn absorbs(stem: &str) -> bool {
        LEADS.iter().any(|lead| stem.ends_with(lead))
    }

    /// Whether this text ends in a role's words.
    pub(super) fn ends(text: &str) -> bool {
        Role::ALL.iter().any(|role| text.ends_with(role.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Growing this set changes ids of names that end in the new words: a decision, not an accident.
    #[test]
    fn the_leading_words_are_known() {
        let expected = ["Https", "Instance", "LoadBalancer", "Redirect", "Scaling", "TaskRunner"];
        assert_eq!(LEADS.iter().copied().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn roles_are_words_and_never_look_like_a_hash() {
        for role in Role::ALL {
            let text = role.as_str();
            assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
            assert!(text.chars().all(|c| c.is_ascii_alphabetic()) && text.len() <= 60, "{text}");
            let hexes = text.as_bytes().windows(8);
            assert!(hexes.into_iter().all(|run| !run.iter().all(|b| matches!(b, b'a'..=b'f'))), "{text}");
        }
    }
}
