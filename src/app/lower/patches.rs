//! The changes to what a target emits, in the order in which they are made: the environment's, then those of services in
//! the order of the manifest.

use super::LoweringContext;
use crate::settings::Settings;
use crate::{AppService, ArtifactPatch, ManagedDatabase, ManifestName};
use indexmap::IndexMap;

/// Every change of the environment and of what is deployed.
pub(super) fn collect(
    cx: &LoweringContext<'_>,
    settings: &Settings,
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
) -> Vec<ArtifactPatch> {
    let own = settings.patch.iter().map(|change| ArtifactPatch { service: None, change: change.clone() });
    let names = cx.document.services.keys();
    let deployed = names.filter(|name| services.contains_key(*name) || databases.contains_key(*name));
    let of_services = deployed.flat_map(|name| {
        let changes = cx.settings.service(name).map(|settings| &settings.patch);
        let patch = |change: &_| ArtifactPatch { service: Some(name.clone()), change: Clone::clone(change) };
        changes.into_iter().flatten().map(patch).collect::<Vec<_>>()
    });
    own.chain(of_services).collect()
}
