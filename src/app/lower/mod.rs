//! Lowering: the resolved manifest to the application it means in one environment.
//!
//! In: a sealed [`Manifest`] and what was chosen. Out: an [`Application`]; claims in the [`Ledger`] for
//! the leaves that mean the same on every target. One file a concern: it works on
//! the [`ComposeDocument`], never on the tree: [`service_roles`], [`environment_wiring`], [`service_edges`], [`public_ports`], [`task_groups`], [`named_volumes`]). Invariant:
//! no tree makes it panic, and every error is told, not the first.

mod address_scan;
mod aws_keys;
mod bare_names;
mod bind_mounts;
mod built_shells;
mod command_end;
mod command_secrets;
mod command_wiring;
mod connection_variables;
mod database_tls;
mod database_wiring;
mod declared_secrets;
mod environment_wiring;
mod existing_databases;
mod existing_secrets;
mod external_addresses;
mod external_volumes;
mod flat_text;
mod foreign_tools;
mod health_paths;
pub(crate) mod host_address;
mod host_directory;
mod host_reaches;
mod image_accounts;
mod image_platforms;
mod inside_ports;
mod job_inference;
mod kept_data;
mod legal_names;
mod listening_ports;
mod local_images;
mod log_services;
mod machine_hosts;
mod managed_databases;
mod memory_limits;
mod named_volumes;
mod names_in_files;
mod own_checks;
mod patches;
mod port_protocols;
mod provided_services;
mod public_defaults;
mod public_lines;
mod public_ports;
mod secret_groups;
mod secret_parts;
mod secret_places;
mod secret_pool;
mod secret_wiring;
mod service_assembly;
mod service_edges;
mod service_egress;
mod service_roles;
mod service_selection;
mod shared_claims;
mod shell_words;
mod start_hooks;
mod task_groups;
#[cfg(test)]
mod tests;
mod unset_variables;
mod usual_sizes;
mod variable_names;
mod written_hosts;

use super::document::{self, ComposeDocument, LateBoundNames, ReadFindings, TreeLeaf};
use super::settings::{self, ChosenEnvironment, KnownNames, Settings, SettingsDocument};
use super::{
    AppService, Application, At, EnvironmentChoice, KnownSecrets, LateBound, LateBoundVariable, Ledger,
    ManifestName, ResourceTag, SecretSource, Text,
};
use crate::rules;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, suggest};
use tranship_frontend::source::{Sources, Span};
use tranship_frontend::world::World;
use tranship_images::{ContentDigest, ImageLock};

pub(crate) use self::flat_text::shown as shown_text;

/// What a manifest is lowered with.
#[derive(Debug, Clone, Copy)]
pub struct LoweringInput<'a> {
    /// The resolved manifest.
    pub manifest: &'a Manifest,
    /// What to lower it for.
    pub choice: &'a EnvironmentChoice,
    /// The names that settings may hold and that other crates declare.
    pub known: &'a KnownNames,
    /// The project's files, to see what bind mounts find.
    pub world: &'a dyn World,
    /// What the application is needed for.
    pub purpose: LoweringPurpose,
    /// What is known of images: the project's lock file.
    pub lock: &'a ImageLock,
    /// Digests that references have now, where that was asked: they stand over those of the lock file.
    pub pins: &'a BTreeMap<String, ContentDigest>,
}

/// What the application is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoweringPurpose {
    /// To write or deploy it: everything that it needs has a value.
    Deploy,
    /// To find what is deployed: an image whose tag nobody gave is no obstacle.
    Identify,
}

/// What every step of lowering has at hand.
struct LoweringContext<'a> {
    manifest: &'a Manifest,
    /// The files of the machine.
    world: &'a dyn World,
    purpose: LoweringPurpose,
    lock: &'a ImageLock,
    pins: &'a BTreeMap<String, ContentDigest>,
    /// What the manifest says, in types.
    document: &'a ComposeDocument,
    /// Every scalar of the manifest.
    leaves: &'a [TreeLeaf],
    /// Every `x-tranship` of the manifest.
    settings: &'a SettingsDocument,
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    ledger: &'a mut Ledger,
    /// What is secret wherever it stands.
    secrets: KnownSecrets,
    /// Variables that become parameters, and where `late_bound` names them.
    late: &'a LateBoundNames,
    /// Those that some text holds.
    late_used: IndexMap<ManifestName, LateBound>,
    /// Those that stand where they cannot.
    late_refused: BTreeSet<ManifestName>,
}

/// Lowers a manifest to the application it means. After an error it is what could be made: it serves to find further
/// errors, and for nothing else.
pub fn lower(
    given: &LoweringInput<'_>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
    ledger: &mut Ledger,
) -> Option<Application> {
    let LoweringInput { manifest, choice, known, world, purpose, lock, pins } = *given;
    let errors = diagnostics.error_count();
    let settings = &SettingsDocument::read(manifest, sources, known, diagnostics);
    let chosen = settings.choose(choice);
    if let Some((_, chosen)) = &chosen {
        chosen.check_accepted(known, diagnostics);
    }
    let late = &settings.late_bound();
    let document = &ComposeDocument::read(manifest, sources, world, late);
    let leaves = &TreeLeaf::all(manifest);
    let ordinary = || secret_parts::ordinary_words(document, leaves, &manifest.name);
    let secrets = KnownSecrets::of(leaves, sources, late, ordinary);
    let (late_used, late_refused) = (IndexMap::new(), settings.late_refused.clone());
    let mut cx = LoweringContext {
        manifest,
        world,
        purpose,
        lock,
        pins,
        document,
        leaves,
        settings,
        sources,
        diagnostics,
        ledger,
        secrets,
        late,
        late_used,
        late_refused,
    };
    let application = chosen.and_then(|(environment, settings)| cx.application(environment, settings));
    let empty = |one: &Application| one.services.is_empty() && one.databases.is_empty();
    if application.as_ref().is_some_and(empty) && cx.diagnostics.error_count() == errors {
        cx.report_empty(application.as_ref());
    }
    application
}

/// A variable that became a secret is no parameter any more.
fn keep_open(application: &mut Application) {
    let derived = application.secrets.values().filter_map(|secret| match &secret.source {
        SecretSource::Derived(text) | SecretSource::Content(text) => Some(text),
        SecretSource::External(existing) => Some(&existing.location),
        _ => None,
    });
    let tags = application.tags.iter().map(|tag| &tag.value);
    let texts = application.services.values().flat_map(AppService::texts).chain(derived).chain(tags);
    let open: BTreeSet<ManifestName> =
        texts.flat_map(Text::variables).map(|variable| variable.name.clone()).collect();
    application.late_bound.retain(|name, _| open.contains(name));
}

impl LoweringContext<'_> {
    fn application(&mut self, environment: ChosenEnvironment, settings: Settings) -> Option<Application> {
        let selection = service_selection::select(self, &settings);
        let mut databases = managed_databases::read(self, &selection);
        let mut services: IndexMap<ManifestName, AppService> =
            IndexMap::with_capacity(selection.deployed.len());
        for given in &selection.deployed {
            services.insert(given.name.clone(), self.assemble(given));
        }
        provided_services::report(self, &selection, &services);
        let folders = bind_mounts::decide(self, &mut services);
        built_shells::find(self, &mut services);
        let mut directory = host_directory::HostDirectory::new(
            self.document,
            &services,
            &databases,
            &selection,
            &self.manifest.inactive,
        );
        let reached = job_inference::reached_by_name(&services, &databases, &directory);
        start_hooks::expand(self, &mut services, &selection.deployed);
        directory.add_steps(&services);
        service_roles::assign(self, &mut services, &selection, &databases, &reached);
        service_egress::assign(self, &mut services, &settings);
        usual_sizes::assign(self, &mut services);
        memory_limits::report(self, &services);
        external_addresses::resolve(self, &mut services, &directory);
        log_services::resolve(self, &mut services);
        let mut secrets = declared_secrets::declared(self, &services, &databases);
        let (mut written_hosts, mut reaches) =
            environment_wiring::wire(self, &mut services, &mut databases, &directory, &mut secrets);
        let (in_files, by_files) = names_in_files::find(self, &services, &databases, &secrets, &directory);
        written_hosts.extend(in_files);
        reaches.extend(by_files);
        let (mut edges, in_images) = service_edges::edges(self, &services, &databases, &directory, reaches);
        written_hosts.extend(in_images);
        let database_access =
            existing_databases::settle(self, &mut services, &mut databases, &mut secrets, &mut edges);
        unset_variables::report(self, &services);
        aws_keys::report(self, &services);
        database_tls::report(self, &services, &databases, &secrets);
        machine_hosts::report(self, &services);
        foreign_tools::report(self, &services);
        image_accounts::report(self, &services);
        let door = public_ports::FrontDoor::of(&environment.target, settings.https.is_some());
        let mut endpoints = public_ports::endpoints(self, &services, &edges, door);
        health_paths::infer(&services, &mut endpoints);
        image_platforms::check(self, &services, &settings);
        local_images::report(self, &services);
        legal_names::check(self, &selection);
        secret_places::refuse(self, &selection);
        let tags = self.tags(&settings);
        self.report_unused();
        let on_ecs = settings::is_on_ecs(&environment.target);
        let tasks = task_groups::form(self, &services, &edges, &secrets)?;
        let volumes = named_volumes::volumes(
            self,
            &services,
            &tasks,
            (&folders, settings.volume_storage.as_ref(), on_ecs),
        );
        kept_data::report(self, &settings, &services, &volumes);
        shared_claims::claim(self, &services, &tasks);
        let patches = patches::collect(self, &settings, &services, &databases);
        let mut application = Application {
            patches,
            name: self.manifest.name.clone(),
            environment,
            settings,
            tags,
            services,
            tasks,
            volumes,
            databases,
            database_access,
            written_hosts,
            secrets,
            edges,
            endpoints,
            late_bound: std::mem::take(&mut self.late_used),
            known_secrets: self.secrets.clone(),
            secret_files: declared_secrets::files(self.document),
        };
        keep_open(&mut application);
        settings::account(self.manifest, self.settings, &application, self.ledger, self.diagnostics);
        Some(application)
    }

    /// The tags of every resource.
    fn tags(&mut self, settings: &Settings) -> Vec<ResourceTag> {
        let tags = settings.tags.iter().flat_map(|tags| &tags.0);
        tags.map(|(name, text)| ResourceTag { name: name.clone(), value: self.open_text(&text.0) }).collect()
    }

    /// Reports and claims what reading a value found, since the value is used.
    fn adopt(&mut self, findings: &ReadFindings) {
        findings.diagnostics.iter().for_each(|found| self.diagnostics.push(found.clone()));
        self.ledger.adopt(&findings.claims);
        findings.late_used.iter().for_each(|variable| self.use_late(variable));
        self.late_refused.extend(findings.late_refused.iter().cloned());
    }

    /// Notes that a late-bound variable is used.
    fn use_late(&mut self, variable: &LateBoundVariable) {
        let value = self.manifest.variables.get(&variable.name).cloned().flatten();
        let origin = self.late.get(&variable.name).copied().unwrap_or_default();
        let entry = self.late_used.entry(variable.name.clone());
        let bound = entry.or_insert_with(|| LateBound { variable: variable.clone(), value, origin });
        if bound.variable.fallback.is_none() {
            bound.variable.fallback.clone_from(&variable.fallback);
        }
    }

    /// A text of the settings in pieces: late-bound variables stay open.
    fn open_text(&mut self, whole: &At<Arc<str>>) -> Text {
        let text = document::open_text(whole, self.sources, self.late);
        text.variables().for_each(|variable| self.use_late(variable));
        text
    }

    /// A text that must be known now.
    fn known(&mut self, text: &Text) -> Option<At<String>> {
        if let Some(variable) = text.variables().next() {
            self.late_refused.insert(variable.name.clone());
            let (node, origin) = (text.node, text.origin);
            let path = self.manifest.nodes.path(node).to_string();
            let refused = settings::late_bound_structure(&path, origin, &variable.name);
            self.diagnostics.push(refused);
        }
        let value = text.literal()?.to_string();
        Some(At { value, node: text.node, origin: text.origin })
    }

    /// Nothing is left that could be deployed.
    fn report_empty(&mut self, application: Option<&Application>) {
        let services = self.document.services_section.as_ref();
        if let Some(empty) = services.filter(|_| self.document.services.is_empty()) {
            self.ledger.rejected(empty, "there is nothing to deploy");
        }
        let skip = application.and_then(|one| one.settings.skip.first()).map(|name| name.origin);
        let origin = skip.or(services.map(|section| section.origin));
        let written = origin.filter(|origin| self.sources.is_written(*origin));
        let first = self.manifest.files.first();
        let start = first.map(|file| self.sources.read_at(Span::new(*file, 0, 0)));
        let origin = written.or(start).unwrap_or_default();
        let diagnostic = Diagnostic::new(&rules::app::NOTHING_TO_DEPLOY, "no service to deploy")
            .at(origin)
            .help("add a service, remove one from `skip`, or activate a profile with `--profile`");
        self.diagnostics.push(diagnostic);
    }

    /// Variables of `late_bound` that nothing deployed holds.
    fn report_unused(&mut self) {
        for (name, origin) in self.late {
            let used = self.late_used.contains_key(name) || self.late_refused.contains(name);
            if used || self.manifest.variables.contains_key(name) {
                continue;
            }
            let diagnostic = Diagnostic::new(
                &rules::tranship::UNUSED_VARIABLE,
                format!("`late_bound` names `{name}`, but no value uses `${{{name}}}`"),
            )
            .at(*origin);
            let known = self.manifest.variables.keys().map(|known| &**known);
            self.diagnostics.push(match suggest::closest(name, known) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("use it in a value, such as `image: app:${{{name}}}`")),
            });
        }
    }
}
