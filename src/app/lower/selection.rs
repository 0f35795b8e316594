//! Which services are deployed, which are skipped, which a managed database replaces.

use super::Lowering;
use crate::settings::{DatabaseSetting, unknown_service};
use crate::{Name, Settings};
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::suggest;
use tranship_frontend::yaml::{Entry, Node};

/// The services of the manifest by what becomes of them.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    /// Those that run.
    pub(super) deployed: Vec<&'a Entry>,
    /// Those that a managed database replaces.
    pub(super) replaced: Vec<&'a Entry>,
    /// Those that are never deployed.
    pub(super) skipped: BTreeSet<Name>,
}

/// Sorts the services and claims all leaves of those that do not run.
pub(super) fn select<'a>(cx: &mut Lowering<'a>, settings: &Settings) -> Selection<'a> {
    let skipped = skipped(cx, settings);
    let mut selection = Selection { deployed: Vec::new(), replaced: Vec::new(), skipped };
    let manifest = cx.manifest;
    for entry in manifest.root.get("services").and_then(Node::as_mapping).into_iter().flatten() {
        let database = cx.document.service(&entry.key.text).and_then(|settings| settings.database.as_ref());
        if selection.skipped.contains(&entry.key.text) {
            cx.ledger.ignored(&entry.value, "the service is skipped", false);
        } else if matches!(database, Some(DatabaseSetting::Managed(_))) {
            selection.replaced.push(entry);
        } else {
            selection.deployed.push(entry);
        }
    }
    selection
}

/// The names in `skip`, of the environment and of the top together.
fn skipped(cx: &mut Lowering<'_>, settings: &Settings) -> BTreeSet<Name> {
    let mut skipped = BTreeSet::new();
    for listed in &settings.skip {
        let name = &listed.value;
        let services = || cx.manifest.services().map(|(name, _)| &**name);
        let known = services().any(|known| known == *name);
        if !known && !cx.manifest.inactive.iter().any(|inactive| **inactive == **name) {
            let diagnostic = unknown_service(name, "skip").at(listed.origin);
            let near = suggest::closest(name, services()).map(|near| format!("did you mean `{near}`?"));
            let diagnostic = match near {
                Some(help) => diagnostic.help(help),
                None => diagnostic.help("remove it, or name a service of the manifest"),
            };
            cx.diagnostics.push(diagnostic);
        }
        skipped.insert(name.as_str().into());
    }
    skipped
}
