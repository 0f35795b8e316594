//! Polling delays, and the timestamp that names a change set.
//!
//! In: the time waited so far. Out: the next delay, between half a second and five seconds, with jitter so that
//! parallel deployments do not poll in step.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep};

const FIRST: Duration = Duration::from_millis(400);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits longer each time nothing has happened, up to a deadline.
#[derive(Debug)]
pub(super) struct PollingPace {
    next: Duration,
    deadline: Instant,
}

impl PollingPace {
    /// Starts now and lasts for `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        PollingPace { next: FIRST, deadline: Instant::now() + limit }
    }

    /// Something happened: poll again soon.
    pub(super) fn hurry(&mut self) {
        self.next = FIRST;
    }

    /// Waits. Returns false at the deadline.
    pub(super) async fn wait(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        sleep(jitter(self.next)).await;
        self.next = (self.next * 5 / 4).min(LONGEST);
        true
    }
}

/// Between 75 % and 125 % of a duration.
pub(super) fn jitter(duration: Duration) -> Duration {
    let part = u32::try_from(milliseconds() % 51).unwrap_or(0);
    duration * (75 + part) / 100
}

/// Milliseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "deploying needs the time; compiling never gets here")]
pub(super) fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocking<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn a_delay_is_between_three_and_five_quarters_of_itself() {
        for _ in 0..100 {
            let delay = jitter(Duration::from_secs(100));
            assert!((75..=125).contains(&delay.as_secs()), "{delay:?}");
        }
        assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn a_pace_slows_down_until_something_happens_and_ends_at_its_deadline() {
        let mut pace = PollingPace::new(Duration::from_secs(60));
        pace.next = Duration::from_millis(4);
        assert!(blocking(pace.wait()));
        assert_eq!(pace.next, Duration::from_millis(5));
        pace.hurry();
        assert_eq!(pace.next, FIRST);
        let mut over = PollingPace { next: Duration::from_millis(4), deadline: Instant::now() };
        assert!(!blocking(over.wait()));
        assert_eq!(over.next, Duration::from_millis(4), "it did not wait");
    }

    /// 2026 is after the first second of 2025 and before 2200, in milliseconds since 1970.
    #[test]
    fn the_time_is_in_milliseconds() {
        assert!((1_735_689_600_000..7_258_118_400_000).contains(&milliseconds()), "{}", milliseconds());
    }
}
