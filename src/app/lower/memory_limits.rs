//! Limits of memory that end their container.
//!
//! In: the services. Out: one diagnostic for all. Under Docker Compose the kernel kills such a container too, but who starts a
//! few containers on a laptop rarely gets there.

use super::LoweringContext;
use super::usual_sizes::told;
use crate::rules;
use crate::{AppService, ManifestName};
use indexmap::IndexMap;
use tranship_facts::MIB;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Bytes with which next to no program starts.
const TINY: u64 = 16 * MIB;

/// Reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let mut diagnostic = None;
    let mut limits = Vec::new();
    for service in services.values() {
        let Some(limit) = &service.resources.memory_limit else { continue };
        let Some(why) = too_small(service, limit.value) else { continue };
        limits.push(format!("`{}` {why}", service.name));
        let known = diagnostic.take();
        let fresh = || Diagnostic::new(&rules::app::MEMORY_LIMIT, String::new()).service(&*service.name);
        diagnostic = Some(known.unwrap_or_else(fresh).at(limit.origin));
    }
    let Some(mut diagnostic) = diagnostic else { return };
    diagnostic.message = format!("the kernel ends a container at its memory limit: {}", listed(&limits));
    cx.diagnostics.push(diagnostic.help("raise the limit, with a unit: `mem_limit: 512m`"));
}

/// Why a limit does not suffice, if it does not.
fn too_small(service: &AppService, limit: u64) -> Option<String> {
    if limit < TINY {
        return Some(format!("has {limit} bytes"));
    }
    let told = told(service).filter(|mib| u64::from(*mib) * MIB > limit)?;
    Some(format!("has {} MiB, and its program is configured to use {told} MiB", limit / MIB))
}
