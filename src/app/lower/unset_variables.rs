//! Variables that the manifest passes on from the shell, and that are not set there.
//!
//! In: the services that are deployed. Out: one warning that names them all. Compose leaves such a variable
//! out of the container; on AWS it is out for good, so the user must see it before the deployment.

use super::LoweringContext;
use crate::rules;
use crate::{AppService, BehaviourEffect, EnvironmentVariable, ManifestName};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Claims and reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let mut unset: IndexMap<&ManifestName, Vec<(&ManifestName, &EnvironmentVariable)>> = IndexMap::new();
    for service in services.values() {
        for (name, variable) in service.container.environment.iter().filter(|(_, one)| one.value.is_none()) {
            let reason = "the variable is not set at compile time";
            cx.ledger.ignored(&variable.node, reason, BehaviourEffect::ChangesBehaviour);
            cx.ledger.reported(&variable.node);
            unset.entry(name).or_default().push((&service.name, variable));
        }
    }
    if !unset.is_empty() {
        cx.diagnostics.push(diagnostic(&unset));
    }
}

fn diagnostic(unset: &IndexMap<&ManifestName, Vec<(&ManifestName, &EnvironmentVariable)>>) -> Diagnostic {
    let names: Vec<String> = unset.iter().map(|(name, takers)| one(name, takers)).collect();
    let (are, them) = if unset.len() == 1 { ("is", "it") } else { ("are", "them") };
    let message = format!("{} {are} not set, so no container gets {them}", listed(&names));
    let takers = unset.values().flatten();
    let diagnostic = Diagnostic::new(&rules::app::UNSET_VARIABLE, message);
    takers.fold(diagnostic, |diagnostic, (_, variable)| diagnostic.at(variable.origin)).help(
        "set them in the shell or in `.env`, give them a value in the manifest, or name them in `late_bound`",
    )
}

fn one(name: &ManifestName, takers: &[(&ManifestName, &EnvironmentVariable)]) -> String {
    let services: Vec<String> = takers.iter().map(|(service, _)| format!("`{service}`")).collect();
    format!("`{name}` of {}", services.join(" and "))
}
