//! Log retention of CloudWatch Logs.
//!
//! Source: the CloudFormation registry, `AWS::Logs::LogGroup`, `RetentionInDays`, October 2026.

/// Days that CloudWatch Logs can keep logs.
pub const RETENTION_DAYS: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// Days that logs are kept where no one says how long.
pub const USUAL_RETENTION_DAYS: u32 = 7;

/// Whether logs can be kept for so many days.
pub fn is_retention(days: u32) -> bool {
    RETENTION_DAYS.contains(&days)
}

/// The next longer retention, or the longest of all.
pub fn next_retention(days: u32) -> u32 {
    let longer = RETENTION_DAYS.iter().find(|legal| **legal > days);
    longer.or(RETENTION_DAYS.last()).copied().unwrap_or(USUAL_RETENTION_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention() {
        for (days, legal, next) in [(7, true, 14), (8, false, 14), (1000, false, 1096), (9999, false, 3653)] {
            assert_eq!((is_retention(days), next_retention(days)), (legal, next), "{days}");
        }
        assert!(is_retention(USUAL_RETENTION_DAYS));
    }
}
