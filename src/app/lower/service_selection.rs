//! Which services are deployed, which are skipped, which a managed database replaces, which a plug-in provides.

use super::LoweringContext;
use crate::document::ComposeService;
use crate::settings::{DatabaseSetting, unknown_service};
use crate::{BehaviourEffect, ManifestName, Settings};
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::suggest;

/// The services of the manifest by what becomes of them.
#[derive(Debug)]
pub(super) struct ServiceSelection<'a> {
    /// Those that run.
    pub(super) deployed: Vec<&'a ComposeService>,
    /// Those that a managed database replaces.
    pub(super) replaced: Vec<&'a ComposeService>,
    /// Those that a plug-in of Docker Compose provides.
    pub(super) provided: Vec<&'a ComposeService>,
    /// Those that are never deployed.
    pub(super) skipped: BTreeSet<ManifestName>,
}

/// Sorts the services and claims all leaves of those that do not run.
pub(super) fn select<'a>(cx: &mut LoweringContext<'a>, settings: &Settings) -> ServiceSelection<'a> {
    let skipped = skipped(cx, settings);
    let mut selection =
        ServiceSelection { deployed: Vec::new(), replaced: Vec::new(), provided: Vec::new(), skipped };
    for service in cx.document.services.values() {
        let database = cx.settings.service(&service.name).and_then(|settings| settings.database.as_ref());
        if selection.skipped.contains(&service.name) {
            cx.ledger.ignored(&service.node, "the service is skipped", BehaviourEffect::Equivalent);
        } else if matches!(database, Some(DatabaseSetting::Managed(_))) {
            selection.replaced.push(service);
        } else if service.provider.is_some() {
            selection.provided.push(service);
        } else {
            selection.deployed.push(service);
        }
    }
    selection
}

/// The names in `skip`, of the environment and of the top together.
fn skipped(cx: &mut LoweringContext<'_>, settings: &Settings) -> BTreeSet<ManifestName> {
    let mut skipped = BTreeSet::new();
    for listed in &settings.skip {
        let name = &listed.value;
        let services = || cx.document.services.keys().map(|name| &**name);
        let known = services().any(|known| known == *name);
        if !known && !cx.manifest.inactive.iter().any(|inactive| **inactive == **name) {
            let diagnostic = unknown_service(name, "skip").at(listed.origin);
            let near = suggest::closest(name, services()).map(|near| format!("did you mean `{near}`?"));
            let diagnostic = match near {
                Some(help) => diagnostic.help(help),
                None => diagnostic.help("remove it, or correct the name"),
            };
            cx.diagnostics.push(diagnostic);
        }
        skipped.insert(name.as_str().into());
    }
    skipped
}
