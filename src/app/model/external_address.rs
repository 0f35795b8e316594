//! Addresses outside of the application that its values name.

use super::PortSpec;
use crate::Text;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A host outside of the application that a service connects to.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalAddress {
    /// The host's name or address, or the late-bound variable that says it.
    pub host: Text,
    /// The port, and what carries it; nothing where no value says it.
    pub port: Option<PortSpec>,
    /// The variable, the argument or the image that names it.
    pub node: NodeId,
    /// The value that names it.
    pub origin: Origin,
}
