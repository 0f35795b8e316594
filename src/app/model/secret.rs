//! Values that must not appear in an artifact.

use super::Name;
use crate::At;
use crate::Text;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A value that must not appear in an artifact.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Unique in the application: `app/STRIPE_KEY`, or the name under `secrets`.
    pub name: Name,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Where it was found.
    pub origin: Origin,
    /// The node of the value, if it stands in the manifest.
    pub node: NodeId,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// A literal of the manifest: never emitted, given again at deployment.
    Given,
    /// Put together at deployment from text and other secrets: a connection URL.
    Derived(Text),
    /// Exists on AWS already, by name or ARN.
    External(Text),
    /// A file beside the manifest, read at deployment: its path, and whether it is no secret but a config.
    File(At<String>),
    /// `environment: NAME`: read from the deployer's environment.
    Environment(At<String>),
    /// `content` of a config.
    Content(Text),
}
