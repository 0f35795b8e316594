//! Quotas and ranges of application and network load balancers.
//!
//! Source: Elastic Load Balancing, "Quotas for your Application Load Balancers", "Quotas for your Network Load Balancers" and
//! API Reference, `CreateRule`, `CreateTargetGroup`, `LoadBalancerAttribute`, `ListenerAttribute`, `TargetGroupAttribute`;
//! November 2026.

use super::ServiceQuota;
use crate::ValueRange;

/// The port on which a load balancer serves HTTP.
pub const HTTP_PORT: u16 = 80;

/// The port on which a load balancer serves HTTPS.
pub const HTTPS_PORT: u16 = 443;

/// The policy that AWS recommends for the ciphers of HTTPS listeners (Elastic Load Balancing, "Security policies for your
/// Application Load Balancer").
pub const SSL_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

/// Priorities of a listener's rules; the lowest that fits is taken.
pub const RULE_PRIORITIES: ValueRange<u32> = ValueRange { least: 1, most: 50_000 };

/// Rules of a load balancer, default rules not counted.
pub const RULES_PER_BALANCER: ServiceQuota = ServiceQuota { what: "rules of a load balancer", most: 100 };

/// Values that the conditions of one rule hold together.
pub const CONDITION_VALUES_PER_RULE: ServiceQuota =
    ServiceQuota { what: "values of a rule's conditions", most: 5 };

/// Characters of a host name or path pattern.
pub const CONDITION_CHARACTERS: ServiceQuota = ServiceQuota { what: "characters of a condition", most: 128 };

/// Seconds that a target is drained.
pub const DEREGISTRATION_DELAY: ValueRange<u64> = ValueRange { least: 0, most: 3_600 };

/// Seconds between the health checks of a target.
pub const HEALTH_CHECK_INTERVAL: ValueRange<u32> = ValueRange { least: 5, most: 300 };

/// Seconds until the health check of a target has failed.
pub const HEALTH_CHECK_TIMEOUT: ValueRange<u32> = ValueRange { least: 2, most: 120 };

/// Checks in a row until a target is healthy, or unhealthy.
pub const HEALTH_CHECK_THRESHOLD: ValueRange<u32> = ValueRange { least: 2, most: 10 };

/// Seconds that an idle connection to an application load balancer lives.
pub const IDLE_TIMEOUT: ValueRange<u32> = ValueRange { least: 1, most: 4_000 };

/// Seconds of `idle_timeout` where nothing sets it.
pub const USUAL_IDLE_TIMEOUT: u32 = 60;

/// Seconds that an idle TCP connection to a network load balancer lives. Those of TLS and UDP are fixed.
pub const TCP_IDLE_TIMEOUT: ValueRange<u32> = ValueRange { least: 60, most: 6_000 };

/// Seconds that an idle TCP connection to a network load balancer lives where nothing sets it.
pub const USUAL_TCP_IDLE_TIMEOUT: u32 = 350;

/// Seconds in which a new target is given more and more requests.
pub const SLOW_START: ValueRange<u32> = ValueRange { least: 30, most: 900 };

/// Listeners of a load balancer.
pub const LISTENERS_PER_BALANCER: ServiceQuota =
    ServiceQuota { what: "listeners of a load balancer", most: 50 };
