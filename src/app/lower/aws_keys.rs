//! Keys of AWS in the environment of a container, which has a role for that on AWS.
//!
//! In: the services with their values. Out: one warning that names the variables. Invariant: pure, and silent about an
//! application without such variables.

use super::LoweringContext;
use crate::{AppService, ManifestName, rules};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// The variables that the SDKs of AWS read before they ask for the rights of the role
/// (AWS SDKs and Tools Reference Guide, "Standardized credential providers").
const KEYS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let mut origins = Vec::new();
    let mut told: Vec<&AppService> = Vec::new();
    for service in services.values() {
        let set = |name: &&str| service.container.environment.get(*name).and_then(|it| it.set());
        let found: Vec<_> = KEYS.iter().filter_map(set).collect();
        if !found.is_empty() {
            told.push(service);
            origins.extend(found.iter().map(|variable| variable.origin));
        }
    }
    let Some(first) = told.first() else { return };
    let names: Vec<String> = told.iter().map(|service| format!("`{}`", service.name)).collect();
    let (takes, its) = if told.len() == 1 { ("takes", "its") } else { ("take", "their") };
    let message = format!(
        "{} {takes} keys of AWS from the environment instead of the rights of {its} role",
        listed(&names)
    );
    let diagnostic = Diagnostic::new(&rules::app::AWS_KEYS, message).service(&*first.name);
    let placed = origins.iter().fold(diagnostic, |diagnostic, origin| diagnostic.at(*origin));
    cx.diagnostics.push(placed.help(
        "leave the variables out in a Compose file of the environment (`files`), and list what the application may do in `x-tranship.permissions`",
    ));
}
