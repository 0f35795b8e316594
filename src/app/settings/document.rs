//! Every `x-tranship` of a manifest, read once, and what of it holds for the environment chosen.
//!
//! In: the resolved tree and the names that are known. Out: a [`SettingsDocument`]; from it the list of
//! environments, and [`Settings`] with the defaults at the top beneath. Invariant: every mistake in every
//! environment is reported, whichever is chosen.

use super::KEY;
use super::delivery::{ComposedImage, DeliverySummary, TestService};
use super::environment::{EnvironmentLayer, NetworkSetting, Settings, TopLevel};
use super::reader::{SettingReader, late_bound_entries};
use super::service::ServiceSettings;
use super::value::SettingValue;
use super::volume::VolumeSettings;
use crate::rules;
use crate::{At, EnvironmentChoice, EnvironmentSummary, ManifestName};
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::ImageReference;
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, RuleRegistry, suggest};
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::yaml::{MappingEntry, Node, NodeId};

/// The names that settings may hold and that other crates declare.
#[derive(Debug)]
pub struct KnownNames {
    /// The diagnostics.
    pub rules: RuleRegistry,
    /// The targets.
    pub targets: Vec<&'static str>,
}

/// What was chosen to compile for.
#[derive(Debug, Clone, Default)]
pub struct ChosenEnvironment {
    /// The environment's name; none for `--target T`.
    pub name: Option<String>,
    /// Where it is declared, else where `x-tranship` stands.
    pub origin: Origin,
    /// The target's name.
    pub target: String,
    /// Other environments that name the same discovery namespace and may be in the same VPC.
    pub same_namespace: Vec<String>,
}

/// An environment as it is declared.
pub(super) struct DeclaredEnvironment {
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) node: NodeId,
    layer: Option<EnvironmentLayer>,
    /// Whether it or the top has a target, even one that does not exist.
    names_target: bool,
}

/// Every setting of a manifest.
pub(crate) struct SettingsDocument {
    origin: Origin,
    top: Option<TopLevel>,
    pub(super) environments: Vec<DeclaredEnvironment>,
    services: BTreeMap<ManifestName, ServiceSettings>,
    volumes: BTreeMap<ManifestName, VolumeSettings>,
    /// Late-bound variables that stand where they cannot.
    pub(crate) late_refused: BTreeSet<ManifestName>,
    pub(super) empty: Vec<NodeId>,
}

impl SettingsDocument {
    /// Reads every `x-tranship`, and reports what is wrong.
    pub(crate) fn read(
        manifest: &Manifest,
        sources: &Sources,
        known: &KnownNames,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let node = manifest.root.get(KEY);
        let mut reader = SettingReader::new(manifest, sources, known, diagnostics);
        let top = node.and_then(|node| TopLevel::read(node, &mut reader));
        let services = read_each(manifest, "services", &mut reader);
        let volumes = read_each(manifest, "volumes", &mut reader);
        let environments = declared(node, top.as_ref());
        let mut document = SettingsDocument {
            origin: node.map(|node| node.origin).unwrap_or_default(),
            top,
            environments,
            services,
            volumes,
            late_refused: BTreeSet::new(),
            empty: Vec::new(),
        };
        for one in document.environments.iter().filter(|one| one.is_valid() && !one.names_target) {
            reader.without_target(&one.name, one.origin);
        }
        document.late_refused = reader.late_refused;
        document.empty = reader.empty;
        document
    }

    /// What holds for a choice; nothing where the manifest has no such environment, or it has no target.
    pub(crate) fn choose(&self, choice: &EnvironmentChoice) -> Option<(ChosenEnvironment, Settings)> {
        let defaults = self.defaults().cloned().unwrap_or_default();
        match choice {
            EnvironmentChoice::Target(target) => {
                let (origin, target) = (self.origin, target.clone());
                Some((ChosenEnvironment { origin, target, ..ChosenEnvironment::default() }, defaults))
            }
            EnvironmentChoice::Environment(name) => {
                let one = self.environments.iter().find(|one| one.name == *name)?;
                let target = self.target_of(one)?.value.as_str().to_owned();
                let settings = self.settings_of(one)?;
                let same_namespace = self.same_namespace(name, &settings);
                let (name, origin) = (Some(name.clone()), one.origin);
                Some((ChosenEnvironment { name, origin, target, same_namespace }, settings))
            }
        }
    }

    /// The settings of an environment, over the defaults at the top.
    fn settings_of(&self, one: &DeclaredEnvironment) -> Option<Settings> {
        let own = one.layer.as_ref()?.settings.clone();
        Some(super::value::SettingGroup::over(own, self.defaults().cloned().unwrap_or_default()))
    }

    /// The other environments that name the namespace of these settings, unless their network is known to be another.
    fn same_namespace(&self, name: &str, settings: &Settings) -> Vec<String> {
        let Some(namespace) = settings.namespace() else { return Vec::new() };
        let meets = |other: &&DeclaredEnvironment| {
            let on_ecs =
                self.target_of(other).is_some_and(|target| super::ECS.contains(&target.value.as_str()));
            let own = self.settings_of(other).filter(|_| on_ecs && other.name != name);
            own.is_some_and(|own| {
                own.namespace().is_some_and(|it| it.value == namespace.value)
                    && may_be_one_network(settings.network.as_ref(), own.network.as_ref())
            })
        };
        self.environments.iter().filter(meets).map(|other| other.name.clone()).collect()
    }

    /// What a service says.
    pub(crate) fn service(&self, name: &str) -> Option<&ServiceSettings> {
        self.services.get(name)
    }

    /// What a volume says.
    pub(crate) fn volume(&self, name: &str) -> Option<&VolumeSettings> {
        self.volumes.get(name)
    }

    /// The variables that become parameters, and where they are named.
    pub(crate) fn late_bound(&self) -> BTreeMap<ManifestName, Origin> {
        let listed = self.top.iter().flat_map(|top| &top.own.late_bound);
        listed.map(|name| (name.value.as_str().into(), name.origin)).collect()
    }

    /// Whether the manifest is compiled for one target only, as far as it says.
    pub(super) fn is_only_for(&self, target: &str) -> bool {
        let named = self.defaults().and_then(|top| top.target.as_ref());
        let mut targets: Vec<_> = self.environments.iter().filter_map(|one| self.target_of(one)).collect();
        if targets.is_empty() {
            targets.extend(named);
        }
        !targets.is_empty() && targets.iter().all(|one| one.value.as_str() == target)
    }

    fn defaults(&self) -> Option<&Settings> {
        self.top.as_ref().map(|top| &top.settings)
    }

    fn target_of<'a>(&'a self, one: &'a DeclaredEnvironment) -> Option<&'a At<super::TargetName>> {
        let own = one.layer.as_ref().and_then(|layer| layer.settings.target.as_ref());
        own.or_else(|| self.defaults()?.target.as_ref())
    }
}

/// Whether two networks may be in one VPC: those that only the deployment names may be.
fn may_be_one_network(one: Option<&NetworkSetting>, other: Option<&NetworkSetting>) -> bool {
    match (one, other) {
        (Some(NetworkSetting::New(_)), _) | (_, Some(NetworkSetting::New(_))) => false,
        (Some(NetworkSetting::Existing(one)), Some(NetworkSetting::Existing(other))) => {
            one.vpc.value == other.vpc.value
        }
        _ => true,
    }
}

impl DeclaredEnvironment {
    /// Whether it is a mapping, so that a setting of it can be missing.
    fn is_valid(&self) -> bool {
        self.layer.is_some()
    }
}

/// The environments in order, each with what was read of it.
fn declared(node: Option<&Node>, top: Option<&TopLevel>) -> Vec<DeclaredEnvironment> {
    let read = top.and_then(|top| top.own.environments.as_ref());
    let entries = node.and_then(|node| node.get("environments")).and_then(Node::as_mapping);
    let environment = |entry: &MappingEntry| DeclaredEnvironment {
        name: entry.key.text.to_string(),
        origin: entry.key.origin,
        node: entry.value.id,
        layer: read.and_then(|read| read.0.get(&entry.key.text)).cloned(),
        names_target: [Some(&entry.value), node]
            .into_iter()
            .flatten()
            .any(|node| node.get("target").is_some()),
    };
    entries.into_iter().flatten().map(environment).collect()
}

/// The settings of each entry of a section of the manifest that has some.
fn read_each<T: SettingValue>(
    manifest: &Manifest,
    section: &str,
    reader: &mut SettingReader<'_>,
) -> BTreeMap<ManifestName, T> {
    let entries = manifest.root.get(section).and_then(Node::as_mapping).into_iter().flatten();
    let read = entries.filter_map(|entry| {
        let settings = T::read(entry.value.get(KEY)?, reader)?;
        Some((entry.key.text.clone(), settings))
    });
    read.collect()
}

/// The environments that a manifest declares, in order. What is wrong with its settings is reported.
pub fn environments(
    manifest: &Manifest,
    sources: &Sources,
    known: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Vec<EnvironmentSummary> {
    SettingsDocument::read(manifest, sources, known, diagnostics).summaries()
}

/// What a delivery pipeline needs to know of a manifest. What is wrong with its settings is reported.
pub fn delivery(
    manifest: &Manifest,
    sources: &Sources,
    known: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> DeliverySummary {
    let document = SettingsDocument::read(manifest, sources, known, diagnostics);
    let pipeline = document.top.as_ref().and_then(|top| top.own.pipeline.clone()).unwrap_or_default();
    let services = manifest.root.get("services").and_then(Node::as_mapping).into_iter().flatten();
    // The resolved manifest is sorted. Tests run as they were written: those of a unit before those of the whole.
    let mut services: Vec<&MappingEntry> = services.collect();
    services.sort_by_key(|entry| sources.place(entry.key.origin));
    let test = |name: String| {
        let asked = document.service(&name)?.test.as_ref().filter(|test| *test.peek())?;
        Some(TestService { deployed_in: document.deploying(&name), origin: asked.origin, name })
    };
    let tests = services.iter().filter_map(|entry| test(entry.key.text.to_string()));
    DeliverySummary {
        project: manifest.name.to_string(),
        pipeline,
        environments: document.summaries(),
        tests: tests.collect(),
        composed: composed(manifest),
        late_bound: late_bound_names(&manifest.root).into_iter().collect(),
    }
}

/// The images that a registry has under a name with a late-bound variable, and that the manifest says how to build.
fn composed(manifest: &Manifest) -> Vec<ComposedImage> {
    let services = manifest.root.get("services").and_then(Node::as_mapping).into_iter().flatten();
    let mut found: Vec<ComposedImage> = Vec::new();
    for entry in services.filter(|entry| entry.value.get("build").is_some()) {
        let image = entry.value.get("image").and_then(Node::as_str).unwrap_or_default();
        let named = image.contains("${") && ImageReference::parse(image).registry.is_some();
        if named && !found.iter().any(|known| known.name == image) {
            found.push(ComposedImage { service: entry.key.text.to_string(), name: image.to_owned() });
        }
    }
    found
}

impl SettingsDocument {
    /// The environments, in the order of the manifest.
    fn summaries(&self) -> Vec<EnvironmentSummary> {
        let environment = |one: &DeclaredEnvironment| {
            let settings = self.settings_of(one).unwrap_or_default();
            EnvironmentSummary {
                name: one.name.clone(),
                target: self.target_of(one).map(|target| target.clone().map(|name| name.as_str().to_owned())),
                files: one.layer.as_ref().map(|layer| layer.own.files.clone()).unwrap_or_default(),
                origin: one.origin,
                protected: settings.is_protected(),
                account: settings.account.as_ref().map(|account| account.peek().to_string()),
            }
        };
        self.environments.iter().map(environment).collect()
    }

    /// The environments that do not skip a service.
    fn deploying(&self, service: &str) -> Vec<String> {
        let skips = |one: &&DeclaredEnvironment| {
            let settings = self.settings_of(one).unwrap_or_default();
            settings.skip.iter().any(|name| name.value == service)
        };
        self.environments.iter().filter(|one| !skips(one)).map(|one| one.name.clone()).collect()
    }
}

/// The variables that `x-tranship.late_bound` of a file's root names.
pub fn late_bound_names(root: &Node) -> BTreeSet<String> {
    late_bound_entries(root).map(|(name, _)| name.to_string()).collect()
}

impl Settings {
    /// Whether a diagnostic is not shown.
    pub fn accepts(&self, rule: &str) -> bool {
        self.accept.iter().any(|name| name.value == rule)
    }

    /// Reports the names in `accept` that no diagnostic has.
    pub(crate) fn check_accepted(&self, known: &KnownNames, diagnostics: &mut Diagnostics) {
        for name in self.accept.iter().filter(|name| known.rules.find(&name.value).is_none()) {
            let diagnostic = Diagnostic::new(
                &rules::tranship::UNKNOWN_RULE,
                format!("`accept` names an unknown diagnostic, `{}`", name.value),
            )
            .at(name.origin);
            let near = suggest::closest(&name.value, known.rules.iter().map(|rule| rule.name));
            diagnostics.push(match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("use the name in the diagnostic's first line"),
            });
        }
    }
}

/// A setting that names no service of the manifest.
pub(crate) fn unknown_service(name: &str, setting: &str) -> Diagnostic {
    Diagnostic::new(
        &rules::tranship::UNKNOWN_SERVICE,
        format!("`{setting}` names an unknown service, `{name}`"),
    )
}
