//! Quotas: how many, how long, how large. One module a service.

pub mod account;
pub mod beanstalk;
pub mod cloudwatch_logs;
pub mod ecs;
pub mod load_balancing;
pub mod vpc;

/// The most that a service allows of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceQuota {
    /// What is counted, in the plural.
    pub what: &'static str,
    /// How many are allowed.
    pub most: usize,
}

impl ServiceQuota {
    /// Whether so many are too many.
    pub fn is_exceeded_by(self, count: usize) -> bool {
        count > self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_inclusive() {
        let quota = ecs::CONTAINERS_PER_TASK;
        assert_eq!([10, 11].map(|count| quota.is_exceeded_by(count)), [false, true]);
    }
}
