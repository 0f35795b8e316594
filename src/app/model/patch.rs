//! Changes to what a target emits.

use super::ManifestName;
use crate::At;
use crate::settings::PatchSettings;

/// A change, and whose it is.
#[derive(Debug, Clone)]
pub struct ArtifactPatch {
    /// The service whose `x-tranship` has it; nothing for one of the environment.
    pub service: Option<ManifestName>,
    /// The change.
    pub change: At<PatchSettings>,
}
