//! The names of change sets: when, where and by whom each was made.
//!
//! In: the session, the clock, the process. Out: `tranship-TIME-MACHINE-PROCESS-WHO`, which is also the token of the
//! operation, so that its events name who began it. A plan that somebody still reviews is told from one that a killed run
//! left behind.

use crate::deploy::bucket;
use std::fmt;

/// The first word of our names.
const PREFIX: &str = "tranship";

/// The longest name of a person or a role.
const WIDTH: usize = 40;

/// A plan that nobody can still be reviewing: a day, in milliseconds.
const STALE: u128 = 24 * 60 * 60 * 1000;

/// A name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlanName {
    /// When it was made, in milliseconds since 1970.
    at: u128,
    /// The machine, as a short hash.
    machine: String,
    /// The process on that machine.
    process: u32,
    /// Who made it.
    pub(super) who: String,
}

impl PlanName {
    /// The name of a plan that is made now.
    pub(super) fn now(who: &str) -> Self {
        let legal = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let who: String = who.chars().map(legal).take(WIDTH).collect();
        PlanName {
            at: crate::deploy::clock::milliseconds(),
            machine: machine(),
            process: std::process::id(),
            who,
        }
    }

    /// Takes a name apart; `None` if it is not one of ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        if parts.next() != Some(PREFIX) {
            return None;
        }
        let at = parts.next()?.parse().ok()?;
        let machine = parts.next().unwrap_or_default().to_owned();
        let process = parts.next().and_then(|part| part.parse().ok()).unwrap_or_default();
        Some(PlanName { at, machine, process, who: parts.next().unwrap_or_default().to_owned() })
    }

    /// Whether a killed run left it behind, or so long ago that nobody reviews it.
    pub(super) fn is_left_behind(&self) -> bool {
        let here = self.machine == machine();
        self.is_old(crate::deploy::clock::milliseconds())
            || here && (self.process == std::process::id() || !is_alive(self.process))
    }

    /// A name without a machine is of an earlier version, which knew no better.
    fn is_old(&self, now: u128) -> bool {
        self.machine.is_empty() || now.saturating_sub(self.at) > STALE
    }

    /// `by alice, 5 minutes ago`.
    pub(super) fn told(&self) -> String {
        let minutes = crate::deploy::clock::milliseconds().saturating_sub(self.at) / 60_000;
        format!("by {}, {minutes} minutes ago", self.who)
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}-{}-{}-{}-{}", self.at, self.machine, self.process, self.who)
    }
}

/// This machine since it was started. Where it cannot be told, no plan counts as made here.
fn machine() -> String {
    let read = |path: &str| std::fs::read(path).unwrap_or_default();
    let names = [read("/proc/sys/kernel/hostname"), read("/proc/sys/kernel/random/boot_id")].concat();
    let seed = if names.is_empty() { std::process::id().to_string().into_bytes() } else { names };
    bucket::hash(&seed).chars().take(8).collect()
}

/// Whether a process of this machine runs.
fn is_alive(process: u32) -> bool {
    std::path::Path::new("/proc").join(process.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_is_a_legal_one() {
        let name = PlanName::now("assumed-role/ops/alice@example.org");
        let text = name.to_string();
        assert_eq!(PlanName::read(&text), Some(name.clone()));
        assert_eq!(name.who, "assumed-role-ops-alice-example-org");
        assert!(
            text.chars().all(|it| it.is_ascii_alphanumeric() || it == '-') && text.len() <= 128,
            "{text}"
        );
        assert_eq!(PlanName::now(&"x".repeat(200)).who.len(), WIDTH);
        assert_eq!(PlanName::read("release-1-2-3-4"), None);
        assert_eq!(PlanName::read("tranship-x"), None);
    }

    #[test]
    fn what_a_killed_run_left_is_told_from_what_is_reviewed() {
        let now = PlanName::now("alice");
        assert!(now.is_left_behind(), "this very process makes one at a time");
        let elsewhere = PlanName { machine: "00000000".into(), ..now.clone() };
        assert!(!elsewhere.is_left_behind(), "a colleague may be looking at it");
        assert!(PlanName { at: now.at - STALE - 1000, ..elsewhere.clone() }.is_left_behind());
        assert!(!PlanName { at: now.at - STALE + 60_000, ..elsewhere }.is_left_behind());
        // Process 1 always runs; no process has the highest number.
        assert!(!PlanName { process: 1, ..now.clone() }.is_left_behind());
        assert!(PlanName { process: u32::MAX, ..now }.is_left_behind());
        assert!(PlanName::read("tranship-1701000000000").unwrap().is_left_behind(), "of an earlier version");
    }

    #[test]
    fn the_age_is_told_in_minutes() {
        let mut name = PlanName::now("alice");
        name.at -= 5 * 60_000;
        assert_eq!(name.told(), "by alice, 5 minutes ago");
    }
}
