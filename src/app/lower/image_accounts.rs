//! Images in the Amazon ECR of an account: if it is another one, it must allow the pull.
//!
//! In: the services that are deployed. Out: one note that names the accounts and the images. The account that is
//! deployed to is not known when compiling.

use super::LoweringContext;
use crate::rules;
use crate::{AppService, ContainerImage, ManifestName, TextPiece};
use indexmap::IndexMap;
use tranship_facts::ImageReference;
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;

/// Reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let mut found: IndexMap<String, Vec<(&ManifestName, Origin)>> = IndexMap::new();
    for service in services.values() {
        if let Some((account, origin)) = account(&service.container.image) {
            found.entry(account).or_default().push((&service.name, origin));
        }
    }
    if !found.is_empty() {
        cx.diagnostics.push(diagnostic(&found));
    }
}

/// The account in the image's name.
fn account(image: &ContainerImage) -> Option<(String, Origin)> {
    let ContainerImage::Named(text) = image else { return None };
    let TextPiece::Literal(start) = &text.segments.first()?.piece else { return None };
    Some((ImageReference::parse(start).ecr()?.account.to_owned(), text.origin))
}

fn diagnostic(found: &IndexMap<String, Vec<(&ManifestName, Origin)>>) -> Diagnostic {
    let accounts: Vec<String> = found.keys().map(|account| format!("account {account}")).collect();
    let services = found.values().flatten();
    let names: Vec<String> = services.clone().map(|(name, _)| format!("`{name}`")).collect();
    let (image, is) = if names.len() == 1 { ("the image", "is") } else { ("the images", "are") };
    let message =
        format!("{image} of {} {is} in the Amazon ECR of {}", listed(&names), accounts.join(" and "));
    let diagnostic = Diagnostic::new(&rules::app::IMAGE_ACCOUNT, message);
    services
        .fold(diagnostic, |diagnostic, (_, origin)| diagnostic.at(*origin))
        .help("to deploy to another account, allow it to pull the image: `aws ecr set-repository-policy`")
}
