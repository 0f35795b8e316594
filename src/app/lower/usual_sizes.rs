//! Sizes that nobody set: what is known to need more than the smallest task gets it.
//!
//! In: services without a limit and without a reservation. Out: their [`UsualSize`], from the known images, the
//! variables and the command, and one diagnostic for all. Invariant: what the manifest says is never changed.

use super::LoweringContext;
use super::command_end::command_words;
use super::flat_text::FlatText;
use super::service_edges::known;
use crate::rules;
use crate::{AppService, ManifestName, ResourceRequests, ServiceRole, UsualSize};
use indexmap::IndexMap;
use tranship_facts::memory_settings::needed_mib;
use tranship_facts::{MemoryHunger, UsualMemory};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Gives every such service its size. A managed database has a class of its own.
pub(super) fn assign(cx: &mut LoweringContext<'_>, services: &mut IndexMap<ManifestName, AppService>) {
    for service in services.values_mut() {
        let keeps_running = matches!(service.role, ServiceRole::Service | ServiceRole::Sidecar { .. });
        if keeps_running && !is_sized(&service.resources) {
            service.usual_size = usual(service);
        }
    }
    report(cx, services);
}

fn is_sized(resources: &ResourceRequests) -> bool {
    resources.cpu_limit.is_some()
        || resources.cpu_reservation.is_some()
        || resources.memory_limit.is_some()
        || resources.memory_reservation.is_some()
}

fn usual(service: &AppService) -> Option<UsualSize> {
    let image = known(&service.container).and_then(|image| image.usual_memory());
    let memory = image.or_else(|| is_java(service).then(|| UsualMemory::of(MemoryHunger::Jvm)));
    let said = told(service);
    let least = memory.map(|memory| memory.mib);
    let mib = said.into_iter().chain(least).max()?;
    // A small heap fits into the smallest task.
    (mib > SMALLEST || least.is_some()).then_some(UsualSize { cpu: UsualMemory::CPU, memory: mib })
}

/// MiB that a variable or the command tells the program to use, with what it needs besides.
pub(super) fn told(service: &AppService) -> Option<u32> {
    texts(service).filter_map(|text| needed_mib(&text)).max()
}

/// MiB of the smallest task.
const SMALLEST: u32 = 512;

/// Its values and its command.
fn texts(service: &AppService) -> impl Iterator<Item = String> {
    let values = service.container.environment.values().filter_map(|variant| variant.value.as_ref());
    values.map(|text| FlatText::of(text).text).chain([command_words(&service.container).join(" ")])
}

/// Whether a Java virtual machine runs in it: it is named, or given options.
fn is_java(service: &AppService) -> bool {
    const OPTIONS: &[&str] = &[
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "_JAVA_OPTIONS",
        "JAVA_OPTS",
        "JAVA_OPTIONS",
        "JVM_OPTS",
        "CATALINA_OPTS",
        "SPRING_PROFILES_ACTIVE",
        "SPRING_CONFIG_IMPORT",
        "SPRING_DATASOURCE_URL",
    ];
    let named = command_words(&service.container).iter().any(|word| word.rsplit('/').next() == Some("java"));
    named || service.container.environment.keys().any(|variable| OPTIONS.contains(&&**variable))
}

/// One line for all.
fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let sized = || services.values().filter_map(|service| Some((service, service.usual_size?)));
    let Some((first, _)) = sized().next() else { return };
    let sizes: Vec<String> =
        sized().map(|(service, size)| format!("`{}` ({} MiB)", service.name, size.memory)).collect();
    let message = match sizes.as_slice() {
        [one] => {
            format!("{one} sets no size, and is known to need more than the smallest task provides")
        }
        sizes => format!(
            "{} set no size, and are known to need more than the smallest task provides",
            listed(sizes)
        ),
    };
    let diagnostic = Diagnostic::new(&rules::app::USUAL_SIZE, message).service(&*first.name);
    let placed = sized().fold(diagnostic, |one, (service, _)| one.at(service.origin));
    cx.diagnostics.push(
        placed.help(
            "set it: `deploy: { resources: { limits: { cpus: \"0.5\", memory: 1g } } }`, or `mem_limit`",
        ),
    );
}
