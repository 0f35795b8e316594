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
