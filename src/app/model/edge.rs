//! Who talks to whom inside the application.

use super::{ManifestName, PortSpec};
use tranship_frontend::source::Origin;

/// Who talks to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceEdge {
    /// The service that connects.
    pub from: ManifestName,
    /// The service or database connected to: the service itself, where its copies reach each other.
    pub to: ManifestName,
    /// The port; nothing where none could be found, and a warning said so.
    pub port: Option<PortSpec>,
    /// What says so: a value, a `depends_on`, a link.
    pub origin: Origin,
}
