//! Names under which services are found.

use tranship_app::ManifestName;

/// The private DNS namespace.
#[derive(Debug, Clone)]
pub struct NamespacePlan {
    /// `services.example.org`.
    pub name: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// Services that are found by name, in the manifest's order.
    pub services: Vec<DiscoveredService>,
}

/// A discovery service.
#[derive(Debug, Clone)]
pub struct DiscoveredService {
    /// The Compose service.
    pub service: ManifestName,
    /// Its label in the namespace.
    pub label: String,
    /// Key paths it comes from.
    pub from: Vec<String>,
}
