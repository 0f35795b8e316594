//! Quotas of Amazon VPC.
//!
//! Source: Amazon VPC User Guide, "Amazon VPC quotas", November 2026.

use super::ServiceQuota;

/// Inbound rules of a security group; as many again may be outbound.
pub const RULES_PER_SECURITY_GROUP: ServiceQuota =
    ServiceQuota { what: "rules of a security group in one direction", most: 60 };

/// Security groups of a network interface.
pub const SECURITY_GROUPS_PER_INTERFACE: ServiceQuota =
    ServiceQuota { what: "security groups of a network interface", most: 5 };
