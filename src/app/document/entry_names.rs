//! The names that a user chose for entries of the sections of a Compose file.

use tranship_frontend::compose::Manifest;
use tranship_frontend::yaml::{MappingKey, Node};

/// Sections whose keys are names that the user chose, and that artifacts are full of.
const NAMED_SECTIONS: [&str; 5] = ["services", "volumes", "networks", "configs", "secrets"];

/// Every chosen name with its section, in the order of the manifest's sections.
pub(crate) fn entry_names(manifest: &Manifest) -> impl Iterator<Item = (&'static str, &MappingKey)> {
    NAMED_SECTIONS.into_iter().flat_map(|section| {
        let entries = manifest.root.get(section).and_then(Node::as_mapping).into_iter().flatten();
        entries.map(move |entry| (section, &entry.key))
    })
}
