//! Whether images are made for the processor that runs them, where the lock file says what they are made for.

use super::LoweringContext;
use crate::rules;
use crate::{AppService, ContainerImage, ManifestName, Settings};
use indexmap::IndexMap;
use tranship_facts::{ImagePlatform, ProcessorArchitecture};
use tranship_frontend::diagnostic::Diagnostic;

/// Refuses images that could not start.
pub(super) fn check(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    settings: &Settings,
) {
    for service in services.values() {
        let (facts, container) = (service.container.image_facts(), &service.container);
        let ContainerImage::Named(image) = &container.image else { continue };
        let made: Vec<ProcessorArchitecture> =
            facts.platforms().iter().filter_map(|text| ImagePlatform::parse(text).processor()).collect();
        let wanted = match &container.platform {
            Some(platform) => ImagePlatform::parse(platform.peek()).processor(),
            // The type of the instances decides.
            None if settings.instance_type.is_some() => None,
            None => Some(ProcessorArchitecture::X86),
        };
        let Some(wanted) = wanted.filter(|wanted| !facts.platforms().is_empty() && !made.contains(wanted))
        else {
            continue;
        };
        let message = format!(
            "the image of `{}` is not available for `{}`, only for {}",
            service.name,
            platform_of(wanted),
            shown(facts.platforms())
        );
        let origin = container.platform.as_ref().map_or(image.origin, |platform| platform.origin);
        let help = match made.first() {
            Some(other) => format!("set `platform: {}`", platform_of(*other)),
            None => "use an image for Linux on x86-64 or Arm".to_owned(),
        };
        cx.diagnostics.push(
            Diagnostic::new(&rules::app::IMAGE_PLATFORM, message)
                .at(origin)
                .service(&*service.name)
                .note("this comes from `tranship.lock`; `tranship lock` updates it")
                .help(help),
        );
    }
}

fn platform_of(processor: ProcessorArchitecture) -> &'static str {
    match processor {
        ProcessorArchitecture::X86 => "linux/amd64",
        ProcessorArchitecture::Arm => "linux/arm64",
    }
}

fn shown(platforms: &[String]) -> String {
    platforms.iter().map(|platform| format!("`{platform}`")).collect::<Vec<_>>().join(", ")
}
