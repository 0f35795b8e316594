//! Addresses outside of the application that its values name.

use super::PortSpec;
use crate::Text;
use tranship_frontend::source::Origin;

/// A host outside of the application that a service connects to.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalAddress {
    /// The host's name or address, or the late-bound variable that says it.
    pub host: Text,
    /// The port, and what is spoken on it.
    pub port: PortSpec,
    /// The value that names it.
    pub origin: Origin,
}
