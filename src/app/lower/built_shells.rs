//! Images that are built: whether they have a shell, as far as their Dockerfile shows it.
//!
//! In: services with `build` that mount volumes. Out: `built_with_shell` of each. A volume that starts empty is filled from the
//! image by its own shell, so nothing else asks. Invariant: a Dockerfile that cannot be read says nothing; the build says why.

use super::LoweringContext;
use crate::{AppService, ImageBuild, ManifestName, MountSource};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use tranship_facts::{ImageDetails, ImageReference};
use tranship_images::FinalStage;

/// Reads the Dockerfiles.
pub(super) fn find(cx: &LoweringContext<'_>, services: &mut IndexMap<ManifestName, AppService>) {
    for service in services.values_mut() {
        let container = &mut service.container;
        let is_volume =
            |source: &MountSource| matches!(source, MountSource::Volume(_) | MountSource::Anonymous);
        if let Some(build) = &container.build
            && container.mounts.iter().any(|mount| is_volume(&mount.source))
        {
            container.built_with_shell = shows_shell(cx, &build.value);
        }
    }
}

fn shows_shell(cx: &LoweringContext<'_>, build: &ImageBuild) -> bool {
    let Some(text) = dockerfile(cx, build) else { return false };
    let known = |(name, value): (&ManifestName, &crate::At<Option<crate::Text>>)| {
        let value = value.value.as_ref()?.literal()?;
        Some((name.to_string(), value.to_string()))
    };
    let arguments: BTreeMap<String, String> = build.args.iter().filter_map(known).collect();
    let target = build.target.as_ref().map(|target| target.value.as_str());
    let Some(stage) = FinalStage::read(&text, target, &arguments) else { return false };
    let of_base = || {
        let reference = ImageReference::parse(stage.base.as_deref()?);
        ImageDetails::find(&reference)?.has_shell(reference.tag)
    };
    stage.runs_shell || of_base() == Some(true)
}

/// The text of the Dockerfile; nothing for one in a repository.
fn dockerfile(cx: &LoweringContext<'_>, build: &ImageBuild) -> Option<String> {
    if let Some(inline) = &build.dockerfile_inline {
        return Some(inline.value.clone());
    }
    let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.value.as_str());
    let bytes = cx.world.read(&build.folder()?.join(name)).ok()?;
    String::from_utf8(bytes).ok()
}
