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

/// A service that a file of a container names as a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHost {
    /// Whose file.
    pub service: ManifestName,
    /// The file: its path in the project, or the name of the config.
    pub path: String,
    /// The name in it.
    pub host: String,
    /// The service or managed database that it means under Docker Compose.
    pub to: ManifestName,
    /// Where the file is mounted.
    pub origin: Origin,
}
