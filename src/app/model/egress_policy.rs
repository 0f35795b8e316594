//! What a service may reach outside of the application.

use crate::{At, EgressDestination};

/// What a service may reach outside of the application.
#[derive(Debug, Clone, Default)]
pub enum EgressPolicy {
    /// Everything, as under Docker Compose, because `x-tranship` says so or nothing at all.
    #[default]
    Open,
    /// HTTPS, HTTP, DNS, what its values name, and these.
    Declared(Vec<At<EgressDestination>>),
}

/// The policy of a service, and whether the service itself says so.
#[derive(Debug, Clone, Default)]
pub struct ServiceEgress {
    /// The policy.
    pub policy: EgressPolicy,
    /// The service's own setting; nothing where that of the environment or the default holds.
    pub own: Option<At<()>>,
}

impl ServiceEgress {
    /// Whether the service may reach everything.
    pub fn is_open(&self) -> bool {
        matches!(self.policy, EgressPolicy::Open)
    }

    /// What `allow` lists.
    pub fn allowed(&self) -> &[At<EgressDestination>] {
        match &self.policy {
            EgressPolicy::Open => &[],
            EgressPolicy::Declared(allowed) => allowed,
        }
    }
}
