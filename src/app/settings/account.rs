//! The account of `x-tranship` that no target has to give: what chose the environment, defaults that it
//! replaces, other environments, and what the declarations say that the target does not use.

use super::KEY;
use super::declaration::{SettingDeclaration, SettingForm, SettingLayering};
use super::document::{ChosenEnvironment, SettingsDocument};
use super::environment::{EnvironmentLayer, TopLevel};
use super::service::ServiceSettings;
use super::value::SettingValue;
use super::volume::VolumeSettings;
use crate::rules;
use crate::{Application, BehaviourEffect, Ledger};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, Severity, listed};
use tranship_frontend::yaml::{MappingEntry, Node, NodeId, NodeValue};

/// Settles the leaves below `x-tranship` that mean the same on every target, or nothing on this one.
pub(crate) fn account(
    manifest: &Manifest,
    document: &SettingsDocument,
    application: &Application,
    ledger: &mut Ledger,
    diagnostics: &mut Diagnostics,
) {
    let chosen = &application.environment;
    for node in &document.empty {
        ledger.decided(node, "nothing is set");
    }
    let shared = if document.is_only_for(&chosen.target) { Severity::Warning } else { Severity::Note };
    let mut walk = AccountWalk {
        manifest,
        target: &chosen.target,
        ledger,
        replaced: BTreeSet::new(),
        unused: IndexMap::new(),
    };
    let environment = walk.environment(chosen, document);
    if let Some(node) = environment {
        walk.keys(node, EnvironmentLayer::FORM, SettingStanding { owner: None, severity: Severity::Warning });
    }
    if let Some(top) = manifest.root.get(KEY) {
        walk.overridden(top, environment);
        walk.keys(top, TopLevel::FORM, SettingStanding { owner: None, severity: shared });
    }
    for name in application.services.keys() {
        walk.owned("services", name, ServiceSettings::FORM, shared);
    }
    for name in application.volumes.keys() {
        walk.owned("volumes", name, VolumeSettings::FORM, shared);
    }
    let unused = walk.unused;
    unused.into_values().for_each(|one| diagnostics.push(one.diagnostic(&chosen.target)));
}

/// Where a setting stands.
#[derive(Clone, Copy)]
struct SettingStanding<'a> {
    /// The service or volume that it belongs to.
    owner: Option<&'a str>,
    /// How loud it is that the target does not use it.
    severity: Severity,
}

/// A setting that the target does not use, in all the places that have it.
struct UnusedSetting {
    key: String,
    owners: Vec<String>,
    nodes: Vec<(NodeId, tranship_frontend::source::Origin)>,
    path: String,
    targets: &'static [&'static str],
    severity: Severity,
}

struct AccountWalk<'a> {
    manifest: &'a Manifest,
    target: &'a str,
    ledger: &'a mut Ledger,
    /// Defaults at the top that the environment replaces.
    replaced: BTreeSet<NodeId>,
    unused: IndexMap<(bool, String), UnusedSetting>,
}

impl<'a> AccountWalk<'a> {
    /// Claims the other environments; the node of the chosen one.
    fn environment(&mut self, chosen: &ChosenEnvironment, document: &SettingsDocument) -> Option<&'a Node> {
        for one in &document.environments {
            if chosen.name.as_ref() != Some(&one.name) {
                self.ledger.ignored(&one.node, "belongs to another environment", BehaviourEffect::Equivalent);
            }
        }
        self.manifest.root.at(&[KEY, "environments", chosen.name.as_deref()?])
    }

    /// Claims the defaults at the top that the environment replaces.
    fn overridden(&mut self, top: &Node, environment: Option<&Node>) {
        let declarations: Vec<&SettingDeclaration> =
            EnvironmentLayer::FORM.tables().into_iter().flatten().collect();
        for one in declarations.iter().filter(|one| one.layering == SettingLayering::Replaces) {
            let replaced = environment.and_then(|node| node.get(one.key)).and(top.get(one.key));
            if let Some(node) = replaced {
                self.ledger.ignored(node, "the environment overrides it", BehaviourEffect::Equivalent);
                self.replaced.insert(node.id);
            }
        }
    }

    /// The settings of a service or volume.
    fn owned(&mut self, section: &str, name: &str, form: &'static SettingForm, severity: Severity) {
        if let Some(node) = self.manifest.root.at(&[section, name, KEY]) {
            self.keys(node, form, SettingStanding { owner: Some(name), severity });
        }
    }

    /// The keys of `x-tranship` in one place.
    fn keys(&mut self, node: &Node, form: &'static SettingForm, standing: SettingStanding<'_>) {
        for (entry, declaration) in declared(node, form) {
            if self.replaced.contains(&entry.value.id) {
                continue;
            }
            if !declaration.targets.ignores(self.target)
                && let Some(became) = declaration.targets.compiled()
            {
                self.ledger.decided(&entry.value, became);
            }
            self.key(entry, declaration, declaration.key.to_owned(), standing);
        }
    }

    /// A key and those below it: what the target does not use is ignored, from the outermost.
    fn key(
        &mut self,
        entry: &MappingEntry,
        declaration: &SettingDeclaration,
        key: String,
        standing: SettingStanding<'_>,
    ) {
        match declaration.targets.names() {
            Some(targets) if declaration.targets.ignores(self.target) => {
                self.ignore(&entry.value, key, targets, standing);
            }
            _ => {
                for item in items(&entry.value) {
                    for (inner, declaration) in declared(item, declaration.form) {
                        self.key(inner, declaration, format!("{key}.{}", declaration.key), standing);
                    }
                }
            }
        }
    }

    fn ignore(
        &mut self,
        node: &Node,
        key: String,
        targets: &'static [&'static str],
        standing: SettingStanding<'_>,
    ) {
        let reason = format!("used by {} only", targets.join(" and "));
        self.ledger.ignored(
            node,
            reason,
            BehaviourEffect::changed_if(standing.severity == Severity::Warning),
        );
        let slot = (standing.owner.is_none() && standing.severity == Severity::Warning, key.clone());
        let path = self.manifest.nodes.path(node.id).to_string();
        let severity = standing.severity;
        let one = self.unused.entry(slot).or_insert_with(|| UnusedSetting {
            key,
            owners: Vec::new(),
            nodes: Vec::new(),
            path,
            targets,
            severity,
        });
        one.owners.extend(standing.owner.map(|owner| format!("`{owner}`")));
        let leaves = self.manifest.nodes.leaves_of(node.id);
        one.nodes.extend(leaves.map(|leaf| (leaf, self.manifest.nodes.origin(leaf))));
    }
}

impl UnusedSetting {
    fn diagnostic(mut self, target: &str) -> Diagnostic {
        self.owners.dedup();
        let of = if self.owners.is_empty() { String::new() } else { format!(" of {}", listed(&self.owners)) };
        let targets: Vec<String> = self.targets.iter().map(|name| format!("`{name}`")).collect();
        let verb = if targets.len() == 1 { "uses" } else { "use" };
        let users = targets.join(" and ");
        let message = format!("`{}`{of} has no effect on `{target}`: only {users} {verb} it", self.key);
        let places = self.nodes.iter().map(|(_, origin)| *origin);
        places
            .fold(Diagnostic::new(&rules::tranship::UNUSED_SETTING, message), Diagnostic::at)
            .severity(self.severity)
            .key(self.path)
            .target(target)
            .help("remove it, or move it to the environments whose target uses it")
    }
}

/// The entries of a mapping that are declared, with their declarations.
fn declared<'n>(
    node: &'n Node,
    form: &'static SettingForm,
) -> impl Iterator<Item = (&'n MappingEntry, &'static SettingDeclaration)> {
    let declarations: Vec<&SettingDeclaration> = form.tables().into_iter().flatten().collect();
    node.as_mapping().into_iter().flatten().filter_map(move |entry| {
        let found = declarations.iter().find(|one| one.key == &*entry.key.text)?;
        Some((entry, *found))
    })
}

/// The items of a list, or the one value.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        NodeValue::Sequence(items) => items,
        _ => std::slice::from_ref(node),
    }
}
