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

/// A name of the Compose network that a container uses as it is: where it stands, nothing is rewritten with certainty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenHost {
    /// Who uses it.
    pub service: ManifestName,
    /// Where it stands.
    pub place: HostPlace,
    /// The name.
    pub host: ManifestName,
    /// The service or managed database that it means under Docker Compose.
    pub to: ManifestName,
    /// What says so.
    pub origin: Origin,
}

/// Where a name stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPlace {
    /// In a file that the container gets: its path in the project, or the name of the config.
    File(String),
    /// In the value of a variable.
    Variable(ManifestName),
    /// In the entrypoint or the command.
    Command,
    /// In the health check.
    HealthCheck,
    /// Inside the image, if anywhere: `depends_on` names the service, and no value does.
    Image,
}
