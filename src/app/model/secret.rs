//! Values that must not appear in an artifact.

use super::ManifestName;
use crate::At;
use crate::Text;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// What a secret is known by: unique in the application, `app/STRIPE_KEY` or the name under `secrets`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId(ManifestName);

impl SecretId {
    /// The id of a secret of this name.
    pub fn new(name: impl Into<ManifestName>) -> Self {
        SecretId(name.into())
    }

    /// As people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for SecretId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SecretId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that must not appear in an artifact.
#[derive(Debug, Clone)]
pub struct ApplicationSecret {
    /// What it is known by.
    pub name: SecretId,
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
