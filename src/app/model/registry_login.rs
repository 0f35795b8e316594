//! Which login of the settings an image is pulled with.

use crate::settings::RegistryLogin;
use crate::{Application, ContainerImage, Text, TextPiece};
use tranship_facts::ImageReference;
use tranship_facts::image_reference::canonical_registry;

impl Application {
    /// The registry of an image and its login, where the settings have one. The registry must be known now: that of an
    /// image which is built, or whose name begins with a late-bound variable, is not.
    pub fn registry_login(&self, image: &ContainerImage) -> Option<(&str, &RegistryLogin)> {
        let ContainerImage::Named(text) = image else { return None };
        self.login_of(registry_host(text)?)
    }

    /// The login of the registry that `publish` pushes to, where the settings have one. Amazon ECR needs none.
    pub fn publish_login(&self) -> Option<(&str, &RegistryLogin)> {
        let registry = self.settings.registry.as_ref()?;
        self.login_of(ImageReference::parse(registry.peek().as_str()).registry_host())
    }

    fn login_of(&self, host: &str) -> Option<(&str, &RegistryLogin)> {
        let logins = &self.settings.registries.as_ref()?.0;
        let same = |(name, _): &(&std::sync::Arc<str>, &RegistryLogin)| canonical_registry(name) == host;
        logins.iter().find(same).map(|(name, login)| (&**name, login))
    }
}

/// The host of the registry, where the beginning of the name settles it.
fn registry_host(text: &Text) -> Option<&str> {
    let first = text.segments.first()?;
    let TextPiece::Literal(start) = &first.piece else { return None };
    let whole = text.segments.len() == 1 || start.contains(['/', ':', '@']);
    whole.then(|| ImageReference::parse(start).registry_host())
}
