//! Lowering: the resolved manifest to the application it means in one environment.
//!
//! In: a sealed [`Manifest`] and what was chosen. Out: an [`Application`]; claims in the [`Ledger`] for
//! the leaves that mean the same on every target. One file a concern: reading ([`read`], [`services`],
//! [`mounts`]), then inference ([`jobs`], [`wiring`], [`edges`], [`exposure`], [`volumes`]). Invariant:
//! no tree makes it panic, and every error is told, not the first.

mod claims;
mod commands;
mod databases;
mod directory;
mod edges;
mod exposure;
mod flat;
mod jobs;
mod mounts;
mod names;
mod pool;
mod read;
mod scan;
mod secrets;
mod selection;
mod services;
#[cfg(test)]
mod tests;
mod volumes;
mod wiring;

use super::settings::{self, ChosenEnvironment, KnownNames, Settings, SettingsDocument};
use super::{
    Application, EnvironmentChoice, LateBound, Ledger, Name, ResourceTag, SecretSource, Service, Text,
};
use crate::rules;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, suggest};
use tranship_frontend::source::{Origin, Sources, Span};
use tranship_frontend::yaml::Mapping;

/// What every step of lowering has at hand.
struct Lowering<'a> {
    manifest: &'a Manifest,
    /// Every `x-tranship` of the manifest.
    document: &'a SettingsDocument,
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    ledger: &'a mut Ledger,
    /// Variables that become parameters, and where `late_bound` names them.
    late: BTreeMap<Name, Origin>,
    /// Those that some text holds.
    late_used: IndexMap<Name, LateBound>,
    /// Those that stand where they cannot.
    late_used_fixed: BTreeSet<Name>,
}

/// Lowers a manifest to the application it means. Nothing when an error was reported.
pub fn lower(
    manifest: &Manifest,
    choice: &EnvironmentChoice,
    known: &KnownNames,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
    ledger: &mut Ledger,
) -> Option<Application> {
    let errors = diagnostics.error_count();
    let document = &SettingsDocument::read(manifest, sources, known, diagnostics);
    let chosen = document.choose(choice);
    if let Some((_, settings)) = &chosen {
        settings.check_accepted(known, diagnostics);
    }
    let (late, late_used, late_used_fixed) =
        (document.late_bound(), IndexMap::new(), document.late_refused.clone());
    let mut cx =
        Lowering { manifest, document, sources, diagnostics, ledger, late, late_used, late_used_fixed };
    let application = chosen.map(|(environment, settings)| cx.application(environment, settings));
    let empty = |one: &Application| one.services.is_empty() && one.databases.is_empty();
    if application.as_ref().is_some_and(empty) && cx.diagnostics.error_count() == errors {
        cx.tell_nothing(application.as_ref());
    }
    application.filter(|_| diagnostics.error_count() == errors)
}

/// A variable that became a secret is no parameter any more.
fn keep_open(application: &mut Application) {
    let derived = application.secrets.values().filter_map(|secret| match &secret.source {
        SecretSource::Derived(text) | SecretSource::Content(text) | SecretSource::External(text) => {
            Some(text)
        }
        _ => None,
    });
    let tags = application.tags.iter().map(|tag| &tag.value);
    let texts = application.services.values().flat_map(Service::texts).chain(derived).chain(tags);
    let open: BTreeSet<Name> =
        texts.flat_map(Text::variables).map(|variable| variable.name.clone()).collect();
    application.late_bound.retain(|name, _| open.contains(name));
}

impl Lowering<'_> {
    fn application(&mut self, environment: ChosenEnvironment, settings: Settings) -> Application {
        let selection = selection::select(self, &settings);
        let mut databases = databases::read(self, &selection);
        let mut services: IndexMap<Name, Service> = IndexMap::new();
        for entry in &selection.deployed {
            services.insert(entry.key.text.clone(), self.service(entry));
        }
        jobs::assign(self, &mut services, &selection, &databases);
        let directory = directory::Directory::new(self, &services, &databases, &selection);
        let mut secrets = secrets::declared(self, &services, &databases);
        let reaches = wiring::wire(self, &mut services, &mut databases, &directory, &mut secrets);
        let edges = edges::edges(self, &services, &databases, &directory, reaches);
        let endpoints = exposure::endpoints(self, &services, &edges);
        let volumes = volumes::volumes(self, &services);
        claims::claim(self, &services);
        let tags = self.tags(&settings);
        self.tell_unused();
        let mut application = Application {
            name: self.manifest.name.clone(),
            environment,
            settings,
            tags,
            services,
            volumes,
            databases,
            secrets,
            edges,
            endpoints,
            late_bound: std::mem::take(&mut self.late_used),
        };
        keep_open(&mut application);
        settings::account(self.manifest, self.document, &application, self.ledger, self.diagnostics);
        application
    }

    /// The tags of every resource.
    fn tags(&mut self, settings: &Settings) -> Vec<ResourceTag> {
        let tags = settings.tags.iter().flat_map(|tags| &tags.0);
        tags.map(|(name, text)| ResourceTag { name: name.clone(), value: self.open_text(&text.0) }).collect()
    }

    /// Nothing is left that could be deployed.
    fn tell_nothing(&mut self, application: Option<&Application>) {
        let services = self.manifest.root.get("services");
        if let Some(empty) = services.filter(|node| node.as_mapping().is_none_or(Mapping::is_empty)) {
            self.ledger.rejected(empty, "there is nothing to deploy");
        }
        let skip = application.and_then(|one| one.settings.skip.first()).map(|name| name.origin);
        let written = skip
            .or_else(|| services.map(|node| node.origin))
            .filter(|origin| self.sources.is_written(*origin));
        let first = self.manifest.files.first();
        let start = first.map(|file| self.sources.read_at(Span::new(*file, 0, 0)));
        let origin = written.or(start).unwrap_or_default();
        let told =
            Diagnostic::new(&rules::app::NOTHING_TO_DEPLOY, "no service of the manifest is left to deploy")
                .at(origin)
                .help("add a service, take one out of `skip`, or activate a profile with `--profile`");
        self.diagnostics.push(told);
    }

    /// Variables of `late_bound` that nothing deployed holds.
    fn tell_unused(&mut self) {
        for (name, origin) in &self.late {
            let used = self.late_used.contains_key(name) || self.late_used_fixed.contains(name);
            if used || self.manifest.variables.contains_key(name) {
                continue;
            }
            let diagnostic = Diagnostic::new(
                &rules::tranship::UNUSED_VARIABLE,
                format!("`late_bound` names `{name}`, but no value holds `${{{name}}}`"),
            )
            .at(*origin);
            let known = self.manifest.variables.keys().map(|known| &**known);
            self.diagnostics.push(match suggest::closest(name, known) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => {
                    diagnostic.help(format!("use it where its value differs, as in `image: app:${{{name}}}`"))
                }
            });
        }
    }
}
