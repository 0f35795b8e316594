//! Images that only the machine of a developer has: in a registry on it, or in its own store.
//!
//! In: the services. Out: one warning. Invariant: an image that is built is pushed elsewhere by the deployment.

use super::{LoweringContext, shown_text};
use crate::rules;
use crate::{AppService, ContainerImage, ManifestName};
use indexmap::IndexMap;
use tranship_facts::ImageReference;
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;

/// Reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let found: Vec<(&ManifestName, String, Origin)> = services
        .values()
        .filter(|service| service.container.build.is_none())
        .filter_map(|service| {
            let ContainerImage::Named(image) = &service.container.image else { return None };
            let text = shown_text(image);
            let registry = ImageReference::parse(&text).registry.filter(|host| is_local(host));
            let why = match registry {
                Some(host) => format!("`{text}` of `{}` (registry `{host}`)", service.name),
                None if service.container.never_pulled => {
                    format!("`{text}` of `{}` (`pull_policy: never`)", service.name)
                }
                None => return None,
            };
            Some((&service.name, why, image.origin))
        })
        .collect();
    let Some((first, ..)) = found.first() else { return };
    let shown: Vec<&str> = found.iter().map(|(_, why, _)| why.as_str()).collect();
    let message = format!("only your machine has the image {}", listed(&shown));
    let diagnostic = Diagnostic::new(&rules::app::LOCAL_IMAGE, message).service(&***first);
    let placed = found.iter().fold(diagnostic, |one, (.., origin)| one.at(*origin));
    cx.diagnostics.push(placed.help("push the image to a registry that AWS reaches, such as Amazon ECR, and name it there; or add `build`"));
}

/// Whether a registry is on the machine itself, or has a name that only its network knows.
fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_machine = matches!(name, "localhost" | "0.0.0.0" | "[::1]" | "host.docker.internal");
    is_machine
        || name.starts_with("127.")
        || name.ends_with(".localhost")
        || name.ends_with(".local")
        || !name.contains(['.', ':'])
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn registries_of_a_machine() {
        for (host, is) in [
            ("localhost:5000", true),
            ("localhost", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("registry:5000", true),
            ("box.local:5000", true),
            ("registry.example.com", false),
            ("registry.example.com:5000", false),
            ("10.0.0.5:5000", false),
            ("ghcr.io", false),
        ] {
            assert_eq!(is_local(host), is, "{host}");
        }
    }
}
