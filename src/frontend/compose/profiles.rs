//! Selects the active services: by profile, by name with dependencies, and the resources they use.
//!
//! In: the typed tree of all services. Out: the tree with only the active ones. Source: compose-go's
//! `Project.WithProfiles`, `WithServicesEnabled`, `WithSelectedServices` and `WithoutUnnecessaryResources`.

use super::{LoadContext, ProjectContext};
use crate::diagnostic::rules::{compose as rules, project as rule};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Origin;
use crate::yaml::{Mapping, MappingEntry, Node};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The inactive services.
#[derive(Debug, Default)]
pub(super) struct InactiveServices {
    entries: Vec<MappingEntry>,
}

/// Removes services whose profiles are all inactive.
pub(super) fn divide(root: &mut Node, profiles: &[String]) -> InactiveServices {
    let mut inactive = InactiveServices::default();
    if let Some(services) = services(root) {
        let all = std::mem::take(services);
        for entry in all {
            if has_profile(&entry.value, profiles) {
                services.insert(entry.key, entry.value);
            } else {
                inactive.entries.push(entry);
            }
        }
    }
    inactive
}

/// Every profile that a service names.
pub(super) fn named(root: &Node) -> BTreeSet<Arc<str>> {
    let services = root.get("services").and_then(Node::as_mapping).into_iter().flatten();
    services.flat_map(|entry| profiles_of(&entry.value)).map(Arc::from).collect()
}

fn services(root: &mut Node) -> Option<&mut Mapping> {
    root.as_mapping_mut()?.get_mut("services")?.as_mapping_mut()
}

fn profiles_of(service: &Node) -> impl Iterator<Item = &str> {
    let profiles = service.get("profiles").and_then(Node::as_sequence).unwrap_or_default();
    profiles.iter().filter_map(Node::as_str)
}

/// A service without profiles is always active; `*` activates all.
fn has_profile(service: &Node, active: &[String]) -> bool {
    let mut own = profiles_of(service).peekable();
    own.peek().is_none()
        || active.iter().any(|profile| profile == "*")
        || own.any(|own| active.iter().any(|profile| profile == own))
}

impl InactiveServices {
    /// Their names.
    pub(super) fn inactive(&self) -> Vec<Arc<str>> {
        self.entries.iter().map(|entry| entry.key.text.clone()).collect()
    }

    /// Keeps the services that the options name and their dependencies, and activates their profiles.
    pub(super) fn select(&mut self, root: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
        if cx.options.services.is_empty() {
            return;
        }
        self.enable(root, project, &cx.options.services);
        let Some(services) = services(root) else { return };
        let wanted = needed(services, &cx.options.services.clone(), cx);
        let all = std::mem::take(services);
        for mut entry in all {
            if wanted.contains(&entry.key.text) {
                prune_dependencies(&mut entry.value, &wanted);
                services.insert(entry.key, entry.value);
            } else {
                self.entries.push(entry);
            }
        }
    }

    /// Restores services that share a profile with the named ones.
    fn enable(&mut self, root: &mut Node, project: &ProjectContext, names: &[String]) {
        let mut active = project.profiles.clone();
        for entry in self.entries.iter().filter(|entry| names.iter().any(|name| **name == *entry.key.text)) {
            active.extend(profiles_of(&entry.value).map(str::to_owned));
        }
        let Some(services) = services(root) else { return };
        for entry in std::mem::take(&mut self.entries) {
            if has_profile(&entry.value, &active) {
                services.insert(entry.key, entry.value);
            } else {
                self.entries.push(entry);
            }
        }
    }
}

/// The named services and everything they need through `depends_on`.
fn needed(services: &Mapping, names: &[String], cx: &mut LoadContext<'_>) -> BTreeSet<Arc<str>> {
    let mut wanted = BTreeSet::new();
    let mut open: Vec<Arc<str>> = Vec::new();
    for name in names {
        match services.entry(name) {
            Some(entry) => open.push(entry.key.text.clone()),
            None => {
                let known = services.iter().map(|entry| &*entry.key.text);
                let help = match suggest::closest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "correct the name".to_owned(),
                };
                let message = format!("unknown service `{name}`");
                cx.report(Diagnostic::new(&rule::NO_SUCH_SERVICE, message).service(name.as_str()).help(help));
            }
        }
    }
    while let Some(name) = open.pop() {
        if let Some(service) = services.get(&name)
            && wanted.insert(name)
        {
            let dependencies = service.get("depends_on").and_then(Node::as_mapping);
            open.extend(dependencies.into_iter().flatten().map(|entry| entry.key.text.clone()));
        }
    }
    wanted
}

fn prune_dependencies(service: &mut Node, wanted: &BTreeSet<Arc<str>>) {
    let Some(service) = service.as_mapping_mut() else { return };
    let Some(dependencies) = service.get_mut("depends_on").and_then(Node::as_mapping_mut) else { return };
    dependencies.retain(|entry| wanted.contains(&entry.key.text));
    if dependencies.is_empty() {
        service.remove("depends_on");
    }
}

/// Drops networks, volumes, secrets, configs and models that no active service uses.
pub(super) fn drop_unused(root: &mut Node, cx: &mut LoadContext<'_>) {
    let mut used = UsedResources::default();
    let active = root.get("services").and_then(Node::as_mapping);
    for entry in active.into_iter().flatten() {
        used.collect(&entry.value);
    }
    let Some(root) = root.as_mapping_mut() else { return };
    for (room, names) in [
        ("networks", &used.networks),
        ("volumes", &used.volumes),
        ("secrets", &used.secrets),
        ("configs", &used.configs),
        ("models", &used.models),
    ] {
        let Some(resources) = root.get_mut(room).and_then(Node::as_mapping_mut) else { continue };
        for entry in resources.iter().filter(|entry| !names.contains(&entry.key.text)) {
            unused(room, entry, cx);
        }
        resources.retain(|entry| names.contains(&entry.key.text));
        if resources.is_empty() {
            root.remove(room);
        }
    }
}

/// Says that a resource is left out, at the place of each of its leaves.
fn unused(room: &str, entry: &MappingEntry, cx: &mut LoadContext<'_>) {
    let written = entry.value.leaf_origins().into_iter().filter(|origin| cx.sources.is_written(*origin));
    let places: Vec<Origin> = written.collect();
    if places.is_empty() {
        return;
    }
    let path = format!("{room}.{}", entry.key.text);
    let message = format!("`{path}` has no effect: no active service uses it");
    let placed = places.into_iter().fold(Diagnostic::new(&rules::UNUSED_RESOURCE, message), Diagnostic::at);
    cx.report(placed.key(path).help("remove it, or name it in a service"));
}

#[derive(Default)]
struct UsedResources {
    networks: BTreeSet<Arc<str>>,
    volumes: BTreeSet<Arc<str>>,
    secrets: BTreeSet<Arc<str>>,
    configs: BTreeSet<Arc<str>>,
    models: BTreeSet<Arc<str>>,
}

impl UsedResources {
    fn collect(&mut self, service: &Node) {
        let keys = |key: &str| {
            let mapping = service.get(key).and_then(Node::as_mapping);
            mapping.into_iter().flatten().map(|entry| entry.key.text.clone())
        };
        self.networks.extend(keys("networks"));
        self.models.extend(keys("models"));
        let mounts = service.get("volumes").and_then(Node::as_sequence).unwrap_or_default();
        let named = mounts.iter().filter(|mount| mount.get("type").and_then(Node::as_str) == Some("volume"));
        self.volumes.extend(sources(named));
        self.secrets
            .extend(sources(service.get("secrets").into_iter().filter_map(Node::as_sequence).flatten()));
        let building = service.at(&["build", "secrets"]).and_then(Node::as_sequence).unwrap_or_default();
        self.secrets.extend(sources(building.iter()));
        self.configs
            .extend(sources(service.get("configs").into_iter().filter_map(Node::as_sequence).flatten()));
    }
}

fn sources<'a>(uses: impl Iterator<Item = &'a Node>) -> impl Iterator<Item = Arc<str>> {
    uses.filter_map(|one| one.get("source").and_then(Node::as_str)).map(Arc::from)
}
