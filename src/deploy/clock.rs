//! Waiting between two looks at AWS, and the time that names a change set.
//!
//! In: how long has been waited. Out: the next wait, between half a second and five, with jitter so that
//! several deployments do not ask in step.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep};

const FIRST: Duration = Duration::from_millis(400);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits longer each time nothing has happened, and knows when the time is up.
#[derive(Debug)]
pub(super) struct Pace {
    next: Duration,
    deadline: Instant,
}

impl Pace {
    /// Starts now and lasts for `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Pace { next: FIRST, deadline: Instant::now() + limit }
    }

    /// Something happened: look again soon.
    pub(super) fn hurry(&mut self) {
        self.next = FIRST;
    }

    /// Waits. False when the time is up.
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
#[allow(clippy::disallowed_methods, reason = "deploying happens in time; compiling does not come here")]
pub(super) fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
