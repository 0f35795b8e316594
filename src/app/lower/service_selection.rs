//! Which services are deployed, which are skipped, which a managed database replaces.

use super::Lowering;
use crate::document::ComposeService;
use crate::extension::{KEY, names_listed};
use crate::rules;
use crate::{Name, Settings};
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::{Diagnostic, suggest};

/// The services of the manifest by what becomes of them.
#[derive(Debug)]
pub(super) struct ServiceSelection<'a> {
    /// Those that run.
    pub(super) deployed: Vec<&'a ComposeService>,
    /// Those that a managed database replaces.
    pub(super) replaced: Vec<&'a ComposeService>,
    /// Those that are never deployed.
    pub(super) skipped: BTreeSet<Name>,
}

/// Sorts the services and claims all leaves of those that do not run.
pub(super) fn select<'a>(cx: &mut Lowering<'a>, settings: &Settings) -> ServiceSelection<'a> {
    let skipped = skipped(cx, settings);
    let mut selection = ServiceSelection { deployed: Vec::new(), replaced: Vec::new(), skipped };
    let manifest = cx.manifest;
    for service in cx.document.services.values() {
        let database = manifest.root.at(&["services", &service.name, KEY, "database"]);
        let database = database.filter(|node| node.as_bool() != Some(false));
        if selection.skipped.contains(&service.name) {
            cx.ledger.ignored(&service.node, "the service is skipped", false);
        } else if database.is_some() {
            selection.replaced.push(service);
        } else {
            selection.deployed.push(service);
        }
    }
    selection
}

/// The names in `skip`, of the environment and of the top together.
fn skipped(cx: &mut Lowering<'_>, settings: &Settings) -> BTreeSet<Name> {
    let top = cx.manifest.root.get(KEY);
    let environment = settings.environment.as_deref().and_then(|name| top?.at(&["environments", name]));
    let layers = [top, environment].into_iter().flatten();
    let mut skipped = BTreeSet::new();
    for (name, node) in layers.flat_map(|layer| names_listed(layer.get("skip"))) {
        let services = || cx.document.services.keys().map(|name| &**name);
        let known = services().any(|known| known == name);
        if !known && !cx.manifest.inactive.iter().any(|inactive| **inactive == *name) {
            let diagnostic = unknown(&name, "skip").at(node.origin);
            let near = suggest::closest(&name, services()).map(|near| format!("did you mean `{near}`?"));
            let diagnostic = match near {
                Some(help) => diagnostic.help(help),
                None => diagnostic.help("remove it, or name a service of the manifest"),
            };
            cx.diagnostics.push(diagnostic);
        }
        skipped.insert(name.into());
    }
    skipped
}

/// A setting that names no service of the manifest.
pub(super) fn unknown(name: &str, setting: &str) -> Diagnostic {
    Diagnostic::new(
        &rules::tranship::UNKNOWN_SERVICE,
        format!("`{setting}` names `{name}`, and the manifest has no service of that name"),
    )
}
