//! The scalars of the tree, whatever they mean: for what is asked of every text alike.
//!
//! In: a sealed [`Manifest`]. Out: its leaves, with their key paths; which of them stand in artifacts as they are
//! written. Invariant: each leaf comes once, in the order of the tree.

use super::scalar;
use crate::{At, ManifestName};
use std::sync::Arc;
use tranship_frontend::compose::{KeyPath, Manifest, PathSegment};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::{Node, NodeValue};

/// A scalar.
#[derive(Debug)]
pub(crate) struct TreeLeaf {
    /// Where it stands.
    pub(crate) path: KeyPath,
    /// Where the key above it was written.
    pub(crate) key_origin: Origin,
    /// Its text.
    pub(crate) value: At<Arc<str>>,
}

/// Keys of a service whose texts are wired, or that say where secrets are.
const WIRED: &[&str] =
    &["environment", "env_file", "command", "entrypoint", "secrets", "configs", "depends_on", "profiles"];

/// Settings whose values are places of secrets, or names of rules and variables.
const PLACES_OF_SECRETS: &[&str] = &["secrets", "accept", "late_bound"];

/// Keys below which every key is a name that the user chose.
const NAMED: &[&str] = &["labels", "logging", "args", "annotations", "x-tranship", "tags"];

impl TreeLeaf {
    /// Every scalar of a manifest.
    pub(crate) fn all(manifest: &Manifest) -> Vec<TreeLeaf> {
        let mut leaves = Vec::new();
        collect(&manifest.root, Origin::NOWHERE, &mut Vec::new(), &mut leaves);
        leaves
    }

    /// The last key above it: the name of a variable, a label, an option.
    pub(crate) fn name(&self) -> &str {
        match self.path.0.last() {
            Some(PathSegment::Key(key)) if !self.names_a_secret() => key,
            _ => "",
        }
    }

    /// `x-tranship.registries.ghcr.io.secret`: the value is where a secret is. A token there is still one by its form.
    fn names_a_secret(&self) -> bool {
        if !self.is_below("x-tranship") {
            return false;
        }
        let keys: Vec<&str> = self.keys().collect();
        matches!(
            keys.as_slice(),
            ["x-tranship", .., "registries", _, "secret"]
                | [.., "x-tranship", "database", "existing", "secret" | "key"]
        )
    }

    /// The name, where it is one that the user chose.
    pub(crate) fn chosen_name(&self) -> &str {
        let named = self.keys().any(|key| NAMED.contains(&key)) && !self.is_place_of_secret();
        if named { self.name() } else { "" }
    }

    /// The service that it belongs to.
    pub(crate) fn service(&self) -> Option<ManifestName> {
        match self.path.0.as_slice() {
            [PathSegment::Key(section), PathSegment::Key(service), ..] if **section == *"services" => {
                Some(service.clone())
            }
            _ => None,
        }
    }

    /// Whether one of the keys above it is this one.
    pub(crate) fn is_below(&self, key: &str) -> bool {
        self.keys().any(|known| known == key)
    }

    /// Whether artifacts hold it as it is written: what is neither wired nor another tool's.
    pub(crate) fn is_plain(&self) -> bool {
        let keys: Vec<&str> = self.keys().collect();
        match keys.as_slice() {
            ["services", _, key, rest @ ..] => {
                let foreign = key.starts_with("x-") && *key != "x-tranship";
                let wired = WIRED.contains(key)
                    || matches!((*key, rest), ("healthcheck", ["test", ..]) | ("build", ["secrets", ..]));
                let about_secrets = *key == "x-tranship" && says_where(rest) && !self.is_place_of_secret();
                let path = matches!((*key, rest), ("secrets" | "configs", ["target"]));
                path || !(foreign || wired || about_secrets)
            }
            ["x-tranship", rest @ ..] => !says_where(rest),
            // The name of the project is in every artifact, and that of a secret says where it is kept.
            ["name"] | ["secrets", _, "name"] | ["configs" | "secrets", _, "file"] => true,
            _ => false,
        }
    }

    /// Whether it names the project, a host or a container: artifacts hold names as they are.
    pub(crate) fn is_name(&self) -> bool {
        let mut keys = self.keys();
        let key = match keys.next() {
            Some("name") => return keys.next().is_none(),
            Some("services") => keys.nth(1),
            _ => None,
        };
        matches!(key, Some("hostname" | "container_name" | "domainname")) && keys.next().is_none()
    }

    /// Whether it says where a secret is kept, as `x-tranship.secrets` of a service does.
    pub(crate) fn is_place_of_secret(&self) -> bool {
        let mut keys = self.keys();
        keys.next() == Some("services") && keys.nth(1) == Some("x-tranship") && keys.next() == Some("secrets")
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.path.0.iter().filter_map(|step| match step {
            PathSegment::Key(key) => Some(&**key),
            PathSegment::Index(_) => None,
        })
    }
}

fn says_where(keys: &[&str]) -> bool {
    keys.iter().any(|key| PLACES_OF_SECRETS.contains(key))
}

fn collect(node: &Node, key_origin: Origin, path: &mut Vec<PathSegment>, leaves: &mut Vec<TreeLeaf>) {
    match &node.value {
        NodeValue::Mapping(mapping) => {
            for entry in mapping {
                path.push(PathSegment::Key(entry.key.text.clone()));
                collect(&entry.value, entry.key.origin, path, leaves);
                path.pop();
            }
        }
        NodeValue::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(PathSegment::Index(index));
                collect(item, key_origin, path, leaves);
                path.pop();
            }
        }
        _ => {
            let value = At::of(node, scalar(node).unwrap_or_default());
            leaves.push(TreeLeaf { path: KeyPath(path.clone()), key_origin, value });
        }
    }
}
