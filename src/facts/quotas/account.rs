//! Quotas of an account that an application as a whole may use up.
//!
//! Source: Amazon VPC quotas; IAM and AWS STS quotas; "Quotas for your Application Load Balancers"; Amazon ECS endpoints and
//! quotas; AWS Cloud Map service quotas; CloudFormation quotas; Amazon EFS quotas; Amazon RDS quotas; November 2026. The
//! names are those of the console of Service Quotas.

/// A quota of an account in a region, or of one thing that an application has once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountQuota {
    /// The service that has it.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is counted, in the plural.
    pub what: &'static str,
    /// The default.
    pub most: usize,
    /// Whether AWS raises it.
    pub adjustable: bool,
}

impl AccountQuota {
    /// Whether so many are more than the default.
    pub fn is_exceeded_by(self, count: usize) -> bool {
        count > self.most
    }
}

macro_rules! quotas {
    ($($(#[$doc:meta])* $id:ident: $service:literal, $name:literal, $what:literal, $most:literal, $adjustable:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $id: AccountQuota = AccountQuota {
                service: $service, name: $name, what: $what, most: $most, adjustable: $adjustable,
            };
        )*

        /// All of them.
        pub const ACCOUNT_QUOTAS: &[AccountQuota] = &[$($id,)*];
    };
}

quotas! {
    /// Security groups.
    SECURITY_GROUPS: "Amazon VPC", "VPC security groups per Region", "security groups", 2_500, true;
    /// Rules of one security group in one direction.
    SECURITY_GROUP_RULES: "Amazon VPC", "Inbound or outbound rules per security group", "rules in one direction", 60, true;
    /// IAM roles, of all regions.
    ROLES: "IAM", "Roles per account", "IAM roles", 1_000, true;
    /// Target groups.
    TARGET_GROUPS: "Elastic Load Balancing", "Target Groups per Region", "target groups", 3_000, true;
    /// Target groups of one application load balancer.
    TARGET_GROUPS_PER_BALANCER: "Elastic Load Balancing", "Target Groups per Application Load Balancer", "target groups", 100, false;
    /// Services of a cluster.
    SERVICES_PER_CLUSTER: "Amazon ECS", "Services per cluster", "ECS services", 5_000, true;
    /// Services of a namespace of Service Connect.
    CONNECTED_SERVICES: "Amazon ECS", "Services per namespace", "services of Service Connect", 300, true;
    /// Tasks that are registered in a namespace of Cloud Map.
    DISCOVERED_INSTANCES: "AWS Cloud Map", "Instances per namespace", "tasks that others find by name", 2_000, true;
    /// CloudFormation stacks.
    STACKS: "CloudFormation", "Stack count", "stacks", 2_000, true;
    /// File systems of EFS.
    FILE_SYSTEMS: "Amazon EFS", "File systems per account", "file systems", 1_000, true;
    /// Database instances of RDS.
    DATABASES: "Amazon RDS", "DB instances", "database instances", 40, true;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_a_name_of_its_own_and_is_inclusive() {
        let names: BTreeSet<(&str, &str)> = ACCOUNT_QUOTAS.iter().map(|it| (it.service, it.name)).collect();
        assert_eq!(names.len(), ACCOUNT_QUOTAS.len());
        assert_eq!([2_500, 2_501].map(|count| SECURITY_GROUPS.is_exceeded_by(count)), [false, true]);
    }

    #[test]
    fn the_figures_are_those_of_the_source() {
        let most: Vec<usize> = ACCOUNT_QUOTAS.iter().map(|it| it.most).collect();
        assert_eq!(most, [2_500, 60, 1_000, 3_000, 100, 5_000, 300, 2_000, 2_000, 1_000, 40]);
        let fixed: Vec<&str> = ACCOUNT_QUOTAS.iter().filter(|it| !it.adjustable).map(|it| it.name).collect();
        assert_eq!(fixed, ["Target Groups per Application Load Balancer"]);
    }
}
